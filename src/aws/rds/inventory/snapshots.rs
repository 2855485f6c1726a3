//! Manual snapshots of DB instances and DB clusters, in one form.

use tf_provider::schema::Map;

use crate::aws::error::Error;
use crate::aws::rds::encryption::encryption;
use crate::aws::rds::inventory::{Choice, tags};
use crate::aws::rds::{Kind, Rds};

/// A manual snapshot, with the properties that matter for its security.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SavedState {
    /// Whether it is of a DB instance or a DB cluster.
    pub kind: Kind,
    /// The identifier.
    pub identifier: String,
    /// The ARN.
    pub arn: String,
    /// The identifier of the DB instance or DB cluster, which may not exist any more.
    pub database: String,
    /// `none`, `sse-kms` or `sse-rds`.
    pub encryption: String,
    /// The ARN of its key.
    pub key: Option<String>,
    /// The tags.
    pub tags: Map<String>,
}

impl Rds {
    /// Manual snapshots of DB instances, a page of them a call. Needs `rds:DescribeDBSnapshots`.
    ///
    /// # Errors
    /// Any.
    pub async fn instance_snapshots(&self, choice: Choice<'_>) -> Result<Vec<SavedState>, Error> {
        if choice.is_empty() {
            return Ok(Vec::new());
        }
        let request = self.0.describe_db_snapshots().snapshot_type(MANUAL).max_records(100);
        let request = request.set_filters(choice.filters("db-instance-id"));
        let all = request.into_paginator().items().send().collect::<Result<Vec<_>, _>>().await;
        let all = all.map_err(|e| Error::sdk("rds", "DescribeDBSnapshots", &e))?;
        let snapshot = |found: aws_sdk_rds::types::DbSnapshot| SavedState {
            kind: Kind::Instance,
            identifier: found.db_snapshot_identifier.unwrap_or_default(),
            arn: found.db_snapshot_arn.unwrap_or_default(),
            database: found.db_instance_identifier.unwrap_or_default(),
            encryption: encryption(found.storage_encryption_type.as_ref(), found.encrypted),
            key: found.kms_key_id,
            tags: tags(found.tag_list),
        };
        Ok(all.into_iter().map(snapshot).collect())
    }

    /// Manual snapshots of DB clusters, a page of them a call. Needs `rds:DescribeDBClusterSnapshots`.
    ///
    /// # Errors
    /// Any.
    pub async fn cluster_snapshots(&self, choice: Choice<'_>) -> Result<Vec<SavedState>, Error> {
        if choice.is_empty() {
            return Ok(Vec::new());
        }
        let request = self.0.describe_db_cluster_snapshots().snapshot_type(MANUAL).max_records(100);
        let request = request.set_filters(choice.filters("db-cluster-id"));
        let all = request.into_paginator().items().send().collect::<Result<Vec<_>, _>>().await;
        let all = all.map_err(|e| Error::sdk("rds", "DescribeDBClusterSnapshots", &e))?;
        let snapshot = |found: aws_sdk_rds::types::DbClusterSnapshot| SavedState {
            kind: Kind::Cluster,
            identifier: found.db_cluster_snapshot_identifier.unwrap_or_default(),
            arn: found.db_cluster_snapshot_arn.unwrap_or_default(),
            database: found.db_cluster_identifier.unwrap_or_default(),
            encryption: encryption(found.storage_encryption_type.as_ref(), found.storage_encrypted),
            key: found.kms_key_id,
            tags: tags(found.tag_list),
        };
        Ok(all.into_iter().map(snapshot).collect())
    }

    /// The accounts that may restore a manual snapshot; `all` means everybody. Needs
    /// `rds:DescribeDBSnapshotAttributes` or `rds:DescribeDBClusterSnapshotAttributes`.
    ///
    /// # Errors
    /// Any.
    pub async fn shared_with(&self, kind: Kind, snapshot: &str) -> Result<Vec<String>, Error> {
        match kind {
            Kind::Instance => {
                let answer = self.0.describe_db_snapshot_attributes().db_snapshot_identifier(snapshot).send().await;
                let answer = answer.map_err(|e| Error::sdk("rds", "DescribeDBSnapshotAttributes", &e))?;
                let found = answer.db_snapshot_attributes_result.and_then(|result| result.db_snapshot_attributes);
                let restore = found.unwrap_or_default().into_iter().find(|one| one.attribute_name() == Some(RESTORE));
                Ok(restore.and_then(|one| one.attribute_values).unwrap_or_default())
            }
            Kind::Cluster => {
                let request = self.0.describe_db_cluster_snapshot_attributes();
                let answer = request.db_cluster_snapshot_identifier(snapshot).send().await;
                let answer = answer.map_err(|e| Error::sdk("rds", "DescribeDBClusterSnapshotAttributes", &e))?;
                let found =
                    answer.db_cluster_snapshot_attributes_result.and_then(|it| it.db_cluster_snapshot_attributes);
                let restore = found.unwrap_or_default().into_iter().find(|one| one.attribute_name() == Some(RESTORE));
                Ok(restore.and_then(|one| one.attribute_values).unwrap_or_default())
            }
        }
    }
}

const MANUAL: &str = "manual";

/// The attribute of a snapshot that says who may restore it.
const RESTORE: &str = "restore";
