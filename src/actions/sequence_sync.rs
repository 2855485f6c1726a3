//! `rdsauth_sequence_sync`: raises the sequences of a copied database once.

use tf_provider::diagnostic::{Diagnostic, Result};
use tf_provider::schema::{Action, Set, View, block, check, optional, required};

use crate::parts::db::connection::DatabaseConnection;
use crate::resources::sequence_sync::{ENGINES, Synchronization, check_places};
use crate::world::{Ctx, World};

tf_provider::model! {
    /// Raises the sequences, identity columns and `AUTO_INCREMENT` counters of a copied database above those of its source,
    /// once, as the resource `rdsauth_sequence_sync` does with each apply. Use it in a cutover, after the last write at the
    /// source and before the first at the copy.
    ///
    /// The page of the resource says which sequences are covered, when the action fails, and which privileges it needs. Use
    /// the resource where actions are not available, or to see whether the source has gone on since.
    ///
    /// ## Required Permissions
    ///
    /// Those of the resource.
    pub struct SequenceSyncAction {
        /// Database engine of both databases, as in `aws_db_instance`.
        engine: String = required().check(check::one_of(&ENGINES)),
        /// Schemas to synchronize; in MySQL and MariaDB, databases. Defaults to all but those of the system and of AWS DMS.
        schemas: Option<Set<String>> = optional().each(check::length(1..=64)),
        /// Number of values to leave free above the last one of the source, in steps of the sequence.
        margin: i64 = optional().or(1000).check(check::between(0..=1_000_000_000)),
        /// Whether to synchronize although the source can still be written to.
        allow_writable_source: bool = optional().or(false),
        /// Connection to the database that was copied, and how to authenticate.
        source_connection: DatabaseConnection = block().min(1),
        /// Connection to the copy, and how to authenticate.
        target_connection: DatabaseConnection = block().min(1),
    }
    timeouts { invoke: "10m" }
}

impl Action<World> for SequenceSyncAction {
    const TYPE: &'static str = "sequence_sync";
    const SUBCATEGORY: &'static str = "Encryption";

    async fn invoke(cx: &Ctx, config: Self) -> Result<()> {
        let synchronization = Synchronization {
            engine: &config.engine,
            schemas: config.schemas.as_deref(),
            margin: config.margin,
            allow_writable_source: config.allow_writable_source,
            source_connection: &config.source_connection,
            target_connection: &config.target_connection,
        };
        let synced = synchronization.synchronize(cx, Vec::new(), |_| ()).await?;
        let raised = synced.iter().filter(|one| one.is_raised()).map(|one| format!("{}.{}", one.schema, one.name));
        let raised: Vec<_> = raised.collect();
        match raised.is_empty() {
            true => cx.progress("All sequences of the copy are above those of the source already."),
            false => cx.progress(format!("Raised {}.", raised.join(", "))),
        }
        Ok(())
    }

    fn check(config: &View<'_, Self>) -> Vec<Diagnostic> {
        let blocks = [config.block(Self::source_connection), config.block(Self::target_connection)];
        check_places(config.get(Self::engine), blocks)
    }
}
