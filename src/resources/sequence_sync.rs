//! `rdsauth_sequence_sync`: sequences of a copied database that hand out none of the source's values.
//!
//! It creates no object: it raises sequences of the target, never lowers them, and leaves them as they are in the end.
//! Raising twice is raising once, so an interrupted run is completed by the next. Where the sequences were before is in
//! the claim of a create, since only that knows.

mod diagnostics;
mod sides;
mod synchronization;

use tf_provider::diagnostic::{Diagnostic, Result};
use tf_provider::schema::{
    Computed, Plan, Resource, Set, TIMEOUTS, Val, View, block, check, computed, optional, required,
};
use tf_provider::value::Number;

use crate::ownership::{self, Owned};
use crate::parts::db::connection::{self, DatabaseConnection, Engine, Place};
use crate::records::claims::{self, Subject};
use crate::records::sequences::{self as noted, Entry};
use crate::world::{Ctx, World};

pub use self::synchronization::Synchronization;

tf_provider::model! {
    /// Raises the sequences, identity columns and `AUTO_INCREMENT` counters of a copied database above those of its
    /// source. Use it in a cutover, after the last write at the source and before the first at the copy: neither [AWS
    /// DMS](https://docs.aws.amazon.com/dms/latest/userguide/CHAP_Source.PostgreSQL.html) nor the logical replication of
    /// PostgreSQL copies the values of sequences, and the first inserts into the copy would fail or reuse values.
    ///
    /// In PostgreSQL, one resource is about the database that `source_connection` and `target_connection` lead to. It
    /// covers all sequences, those of `serial` and identity columns included. In MySQL and MariaDB, it covers the
    /// `AUTO_INCREMENT` counters of the tables in all databases and the sequences of MariaDB. Sequences are matched by
    /// schema and name. Those of the system, of extensions, and schemas, tables and sequences whose name begins with
    /// "awsdms_" are left out.
    ///
    /// A sequence of the target is set to the last value of the source plus `margin` steps, in the direction of its
    /// increment, unless it is there already. It is never lowered. A sequence that was never used at the source stays at
    /// its start.
    ///
    /// ~> **Note:** The apply fails while the source can still be written to, since the next insert there would use a
    /// value that the target hands out, too. In PostgreSQL that is so while the sessions of a user who can log in and
    /// connect to the database are not read-only by default, which `ALTER DATABASE … SET default_transaction_read_only =
    /// on` makes them, except for users with a setting of their own. In MySQL and MariaDB it is so while an account
    /// that is not locked has privileges to write to one of `schemas`, other than the connecting one, unless the DB
    /// parameter read_only is on. `rdsauth_write_fence` stops the writes in all engines.
    ///
    /// ~> **Note:** A session of PostgreSQL that is open at the target and has values of a sequence with `CACHE` in its
    /// memory uses them up first, whatever the sequence is set to. A warning names such sequences. Connect to the target
    /// anew after the apply.
    ///
    /// -> **Note:** A sequence with `CYCLE` is raised to its bound at most, since it continues at the other end by
    /// itself. Any other that would be raised beyond its bound, or beyond the type of its `AUTO_INCREMENT` column, is
    /// an error, and nothing is changed.
    ///
    /// ## Drift Detection
    ///
    /// A plan compares source and target. If a sequence of the source is ahead of that of the target, or has none there,
    /// it is listed in `behind`, and the next apply raises it. That the target goes on is no drift. If one of the databases
    /// cannot be reached, such as a source that was deleted after the cutover, the refresh warns and the state stays as
    /// it is.
    ///
    /// ## Destroy
    ///
    /// Nothing is changed: the sequences stay as they are, and a warning says so. Lowered, they would hand out values that
    /// are in use.
    ///
    /// ## Required Permissions
    ///
    /// ### IAM
    ///
    /// `rds-db:connect` for logins with `auth = "iam"`, or `secretsmanager:GetSecretValue` with `auth = "secret"`, and
    /// `kms:Decrypt` if the secret is encrypted with a customer managed key.
    ///
    /// ### Database
    ///
    /// In PostgreSQL, at the source `USAGE` on the schemas and `SELECT` on the sequences; at the target `USAGE` on the
    /// schemas, and `SELECT` and `UPDATE` on the sequences.
    ///
    /// In MySQL and MariaDB, at the source `SELECT` on the tables, and on the database `mysql` unless
    /// `allow_writable_source` is `true`; at the target `SELECT` and `ALTER` on the tables, and `SELECT`, `INSERT` and
    /// `ALTER` on the sequences of MariaDB. `ALTER TABLE` waits for transactions that use the table.
    pub struct SequenceSync {
        /// Database engine of both databases, as in `aws_db_instance`.
        engine: String = required()
            .replace()
            .check(check::one_of(&ENGINES)),
        /// Schemas to synchronize; in MySQL and MariaDB, databases. Defaults to all but those of the system and of AWS DMS.
        schemas: Option<Set<String>> = optional().replace().each(check::length(1..=64)),
        /// Number of values to leave free above the last one of the source, in steps of the sequence.
        margin: i64 = optional().or(1000).check(check::between(0..=1_000_000_000)),
        /// Whether to synchronize although the source can still be written to. If it goes on by more than `margin` values,
        /// the next plan shows an update.
        allow_writable_source: bool = optional().or(false),
        /// Endpoints of the source and the target, databases, and schemas.
        id: Computed<String> = computed().follows(ownership::import_id),
        /// Sequences as of the last apply, by schema and name.
        sequences: Computed<Vec<SyncedSequence>> = computed(),
        /// Those of `sequences` that this resource has raised.
        changed: Computed<Vec<SyncedSequence>> = computed().follows(Self::raised),
        /// Sequences of the source that are ahead of the target, or missing there, as `SCHEMA.NAME`. The next apply raises
        /// the former.
        behind: Computed<Vec<String>> = computed(),
        /// Connection to the database that was copied, and how to authenticate.
        source_connection: DatabaseConnection = block().min(1),
        /// Connection to the copy, and how to authenticate.
        target_connection: DatabaseConnection = block().min(1),
    }
    timeouts { create: "10m", read: "2m", update: "10m", delete: "1m" }
}

tf_provider::model! {
    /// A sequence of the target.
    pub struct SyncedSequence {
        /// Name of the schema; in MySQL and MariaDB, of the database.
        schema: String = computed(),
        /// Name of the sequence, or of the table with the `AUTO_INCREMENT` column.
        name: String = computed(),
        /// Last value that was used, or reserved by a cache, before this resource raised the sequence. Null if it was not
        /// used before.
        previous_value: Option<Number> = computed(),
        /// Last value that counts as used after the last apply; the next one is one step further. Null if the sequence
        /// was not used before.
        value: Option<Number> = computed(),
    }
}

/// The engines whose sequences can be synchronized.
pub const ENGINES: [&str; 5] = ["postgres", "aurora-postgresql", "mysql", "mariadb", "aurora-mysql"];

impl Resource<World> for SequenceSync {
    const TYPE: &'static str = "sequence_sync";
    const SUBCATEGORY: &'static str = "Encryption";

    async fn create(cx: &Ctx, mut plan: Self) -> Result<Self> {
        let claim = ownership::begin(cx, &plan).await?;
        let earlier: Vec<Entry> = claim.objects().filter_map(noted::parse).flatten().collect();
        let note = |positions: &[Entry]| claim.note(cx, None, Some(&noted::text(positions)));
        plan.synchronize(cx, earlier, note).await?;
        claim.created(cx);
        Ok(plan)
    }

    async fn read(cx: &Ctx, mut state: Self) -> Result<Option<Self>> {
        ownership::record_state(cx, &state);
        if !connection::is_skipped(cx)
            && let Some(behind) = state.synchronization().look(cx).await?
        {
            state.behind = behind.into();
        }
        Ok(Some(state))
    }

    async fn update(cx: &Ctx, mut plan: Self, state: Self) -> Result<Self> {
        let same_places = plan.places() == state.places();
        let is_level = state.behind.get()?.is_empty();
        if same_places && is_level && ownership::differ_only_in(&plan, &state, &of_state()) {
            return Ok(Self { sequences: state.sequences, changed: state.changed, behind: state.behind, ..plan });
        }
        let before = match same_places {
            true => state.sequences.get()?.iter().map(SyncedSequence::before).collect(),
            false => Vec::new(),
        };
        plan.synchronize(cx, before, |_| ()).await?;
        Ok(plan)
    }

    async fn delete(cx: &Ctx, state: Self) -> Result<()> {
        let Some(deletion) = ownership::delete(cx, &state).await? else { return Ok(()) };
        cx.warn(diagnostics::left(&state.title()));
        deletion.done()
    }

    fn check(config: &View<'_, Self>) -> Vec<Diagnostic> {
        let blocks = [config.block(Self::source_connection), config.block(Self::target_connection)];
        check_places(config.get(Self::engine), blocks)
    }

    /// The databases are compared by the refresh before, and by the apply.
    async fn plan(cx: &Ctx, plan: &mut Plan<'_, Self>) -> Result<()> {
        ownership::object_to_look_up(cx, plan);
        if plan.is_destroy() {
            return Ok(());
        }
        let key = |view: View<'_, Self>| Self::subject(&view).map(|subject| subject.key);
        let is_elsewhere = match (plan.prior().and_then(key), plan.planned().and_then(key)) {
            (Some(prior), Some(planned)) => prior != planned,
            _ => true,
        };
        let is_behind = plan.prior().is_some_and(|prior| prior.get(Self::behind) != Val::Known(Vec::new()));
        if is_elsewhere || is_behind {
            plan.forget(Self::sequences);
        } else if plan.changes().all(|name| of_state().contains(&name)) {
            plan.retain(Self::sequences);
        }
        plan.set(Self::behind, Vec::new());
        Ok(())
    }
}

impl Owned for SequenceSync {
    fn subject(of: &View<'_, Self>) -> Option<Subject> {
        let engine = Engine::of(&of.get(Self::engine).known()?)?;
        let place = |handle| whole_place(&of.block(handle)?, engine);
        let (source, target) = (place(Self::source_connection)?, place(Self::target_connection)?);
        let schemas = match of.get(Self::schemas) {
            Val::Unknown => return None,
            Val::Null => String::new(),
            Val::Known(schemas) => {
                let mut schemas: Vec<_> = schemas.iter().cloned().collect();
                schemas.sort_unstable();
                format!(" {}", schemas.join(","))
            }
        };
        let id = format!("{source} {target}{schemas}");
        Some(Subject {
            kind: Self::TYPE,
            noun: "Sequence synchronization",
            what: format!("synchronization of the sequences of {target} with those of {source}"),
            found: claims::IS_MANAGED,
            arguments: "\"source_connection\", \"target_connection\" and \"schemas\"",
            import_id: id.clone(),
            region: None,
            key: id,
            at: Self::target_connection.path(),
        })
    }
}

/// What is wrong with the blocks for the source and the target.
pub fn check_places(engine: Val<String>, blocks: [Option<View<'_, DatabaseConnection>>; 2]) -> Vec<Diagnostic> {
    let mut complaints: Vec<_> = blocks.iter().flatten().flat_map(DatabaseConnection::check).collect();
    let engine = engine.known().and_then(|engine| Engine::of(&engine));
    if let ([Some(source), Some(target)], Some(engine)) = (&blocks, engine)
        && let (Some(from), Some(to)) = (whole_place(source, engine), whole_place(target, engine))
        && from == to
    {
        complaints.push(diagnostics::same_place(&from).at(diagnostics::host_of(SequenceSync::target_connection)));
    }
    complaints
}

/// Host, port and database that a block leads to; nothing as long as they are not known. Databases are not part of the
/// place in MySQL and MariaDB, where a session sees all.
fn whole_place(block: &View<'_, DatabaseConnection>, engine: Engine) -> Option<String> {
    let place = Place::planned(block, engine)?;
    let database = match block.get(DatabaseConnection::database) {
        Val::Unknown => return None,
        Val::Known(name) => Some(name),
        Val::Null => engine.database(),
    };
    let database = database.filter(|_| engine == Engine::Postgres).map(|name| format!("/{name}"));
    Some(format!("{place}{}", database.unwrap_or_default()))
}

/// Attributes of which a change needs no look at the databases, as long as those are the same.
fn of_state() -> [&'static str; 8] {
    type It = SequenceSync;
    [
        It::allow_writable_source.name(),
        It::source_connection.name(),
        It::target_connection.name(),
        It::id.name(),
        It::sequences.name(),
        It::changed.name(),
        It::behind.name(),
        TIMEOUTS,
    ]
}

impl SequenceSync {
    fn raised(of: &View<'_, Self>) -> Val<Vec<SyncedSequence>> {
        match of.get(Self::sequences) {
            Val::Known(all) => Val::Known(all.into_iter().filter(SyncedSequence::is_raised).collect()),
            Val::Unknown => Val::Unknown,
            Val::Null => Val::Null,
        }
    }

    fn places(&self) -> Option<[Place; 2]> {
        let engine = Engine::of(&self.engine)?;
        Some([Place::of(&self.source_connection, engine), Place::of(&self.target_connection, engine)])
    }

    fn title(&self) -> String {
        match self.places() {
            Some([_, target]) => target.to_string(),
            None => self.target_connection.host.clone(),
        }
    }

    fn synchronization(&self) -> Synchronization<'_> {
        Synchronization {
            engine: &self.engine,
            schemas: self.schemas.as_deref(),
            margin: self.margin,
            allow_writable_source: self.allow_writable_source,
            source_connection: &self.source_connection,
            target_connection: &self.target_connection,
        }
    }

    /// Raises the sequences of the target, and describes them.
    async fn synchronize(&mut self, cx: &Ctx, before: Vec<Entry>, note: impl FnOnce(&[Entry])) -> Result<()> {
        self.sequences = self.synchronization().synchronize(cx, before, note).await?.into();
        self.behind = Vec::new().into();
        Ok(())
    }
}

impl SyncedSequence {
    /// Whether it was raised since it was first seen.
    pub fn is_raised(&self) -> bool {
        self.value != self.previous_value
    }

    fn before(&self) -> Entry {
        (self.schema.clone(), self.name.clone(), self.previous_value.as_ref().map(ToString::to_string))
    }
}
