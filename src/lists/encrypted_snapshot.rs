//! `rdsauth_encrypted_snapshot`: the encrypted manual snapshots of DB instances in a region.

use tf_provider::diagnostic::{Context as _, Result};
use tf_provider::schema::{List, Listing, Map, Set, check, optional};

use crate::attributes::checks;
use crate::aws::rds::snapshots::Snapshot;
use crate::parts;
use crate::resources::encrypted_snapshot::EncryptedSnapshot;
use crate::world::{Ctx, World};

tf_provider::model! {
    /// Finds the manual snapshots of DB instances in a region that are encrypted with a KMS key, whoever created them.
    ///
    /// What a snapshot is a copy of is not known: set `db_instance_identifier` or `source_db_snapshot_identifier` in the
    /// generated configuration. The import then records it, and changes nothing in AWS.
    ///
    /// ## Required Permissions
    ///
    /// `rds:DescribeDBSnapshots` on all snapshots of the account. `include_resource` sends no further requests.
    pub struct EncryptedSnapshotList {
        /// Region to search. Defaults to the provider's region.
        region: Option<String> = optional().check(checks::region()),
        /// Identifier of the DB instance whose snapshots to find, which need not exist any more. Defaults to all.
        db_instance_identifier: Option<String> = optional().check(checks::db_identifier()),
        /// Database engines of the snapshots to find. Defaults to all.
        engines: Option<Set<String>> = optional().check(check::size(1..=usize::MAX)),
        /// ARN of the KMS key that encrypts the snapshots to find. Defaults to all keys.
        kms_key_arn: Option<String> = optional().check(checks::key_arn()),
        /// Tags that a snapshot must have, all of them.
        tags: Option<Map<String>> = optional(),
    }
    timeouts { list: "5m" }
}

impl List<World> for EncryptedSnapshotList {
    type Resource = EncryptedSnapshot;

    async fn list(cx: &Ctx, config: Self, listing: &Listing<EncryptedSnapshot>) -> Result<()> {
        let (rds, region) = parts::rds::in_region_of(cx, config.region.as_deref(), Self::region).await?;
        let found = rds.manual_snapshots(config.db_instance_identifier.as_deref()).await;
        for found in found.context("Cannot list the snapshots", &region)? {
            if config.selects(&found) {
                let title = format!("{} ({}, {})", found.identifier, found.instance, found.status);
                listing.add_object(title, &EncryptedSnapshot::imported(cx, &found)?).await;
            }
        }
        Ok(())
    }
}

impl EncryptedSnapshotList {
    fn selects(&self, found: &Snapshot) -> bool {
        let is_of = |key: &String| found.key.as_ref() == Some(key);
        let has = |(key, value): (&String, &String)| found.tags.get(key) == Some(value);
        found.key.is_some()
            && found.is_encrypted()
            && self.engines.as_ref().is_none_or(|engines| engines.contains(&found.engine))
            && self.kms_key_arn.as_ref().is_none_or(is_of)
            && self.tags.iter().flatten().all(has)
    }
}
