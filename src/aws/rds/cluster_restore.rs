//! DB clusters that are restored from a snapshot, with their members.

use tf_provider::schema::Map;

use crate::arn;
use crate::aws::error::Error;
use crate::aws::rds::carry_over::{member_argument, modify_argument, restore_argument};
use crate::aws::rds::snapshots::Snapshot;
use crate::aws::rds::source::Source;
use crate::aws::rds::tags::to_sdk;
use crate::aws::rds::{Rds, encryption, present};

/// A DB cluster to restore.
#[derive(Clone, Copy, Debug)]
pub struct NewCluster<'a> {
    /// Its identifier.
    pub identifier: &'a str,
    /// The identifier or the ARN of the DB cluster snapshot.
    pub snapshot: &'a str,
    /// The engine, which is that of the snapshot.
    pub engine: &'a str,
    /// The ARN of the key that encrypts it.
    pub key: &'a str,
    /// Its tags. RDS copies those of the original only if there are none.
    pub tags: &'a Map<String>,
}

/// A member of an Aurora cluster to create.
#[derive(Clone, Copy, Debug)]
pub struct NewMember<'a> {
    /// Its identifier.
    pub identifier: &'a str,
    /// The cluster.
    pub cluster: &'a str,
    /// The engine of the cluster.
    pub engine: &'a str,
    /// Its tags.
    pub tags: &'a Map<String>,
}

/// The name of a setting, as in [`Setting`](crate::aws::rds::Setting), and its value.
pub type Argument<'a> = (&'a str, &'a str);

impl Rds {
    /// The DB cluster snapshot of an identifier, or of the ARN of one that another account shares. Needs
    /// `rds:DescribeDBClusterSnapshots`.
    ///
    /// # Errors
    /// Any but its absence.
    pub async fn cluster_snapshot(&self, identifier: &str) -> Result<Option<Snapshot>, Error> {
        const OPERATION: &str = "DescribeDBClusterSnapshots";
        let request = self.0.describe_db_cluster_snapshots().db_cluster_snapshot_identifier(identifier);
        let request = if arn::is_meant(identifier) { request.include_shared(true) } else { request };
        let answer = present(request.send().await.map_err(|e| Error::sdk("rds", OPERATION, &e)))?;
        let found = answer.and_then(|answer| answer.db_cluster_snapshots.unwrap_or_default().into_iter().next());
        let required = |value: Option<String>, what| value.ok_or_else(|| Error::incomplete("rds", OPERATION, what));
        let read = |found: aws_sdk_rds::types::DbClusterSnapshot| {
            let tags = found.tag_list.unwrap_or_default().into_iter();
            Ok(Snapshot {
                identifier: required(found.db_cluster_snapshot_identifier, "identifier")?,
                arn: required(found.db_cluster_snapshot_arn, "ARN")?,
                instance: found.db_cluster_identifier.unwrap_or_default(),
                engine: required(found.engine, "engine")?,
                engine_version: found.engine_version.unwrap_or_default(),
                allocated_storage: found.allocated_storage.unwrap_or_default().into(),
                status: found.status.unwrap_or_default(),
                progress: found.percent_progress,
                encryption: encryption::encryption(found.storage_encryption_type.as_ref(), found.storage_encrypted),
                key: found.kms_key_id,
                tags: tags.filter_map(|tag| Some((tag.key?, tag.value.unwrap_or_default()))).collect(),
                ..Snapshot::default()
            })
        };
        found.map(read).transpose()
    }

    /// Restores a DB cluster, encrypted with a key; it has no members yet. The answer comes long before it is available.
    /// Needs `rds:RestoreDBClusterFromSnapshot`, and `rds:AddTagsToResource` for the tags; on the key `kms:DescribeKey` and
    /// `kms:CreateGrant`; `iam:PassRole` for the roles.
    ///
    /// # Errors
    /// Any; a snapshot that is not available is an [invalid state](Error::is_invalid_state).
    pub async fn restore_cluster(&self, new: NewCluster<'_>, arguments: &[Argument<'_>]) -> Result<Source, Error> {
        let request = self.0.restore_db_cluster_from_snapshot().db_cluster_identifier(new.identifier);
        let request = request.snapshot_identifier(new.snapshot).engine(new.engine).kms_key_id(new.key);
        let request = arguments.iter().fold(request, |request, (name, value)| restore_argument(request, name, value));
        let answer = request.set_tags(Some(to_sdk(new.tags))).send().await;
        let answer = answer.map_err(|e| Error::sdk("rds", "RestoreDBClusterFromSnapshot", &e))?;
        let made = answer.db_cluster;
        Source::of_cluster(made.ok_or_else(|| Error::incomplete("rds", "RestoreDBClusterFromSnapshot", "cluster"))?)
    }

    /// Requests what the restore of a DB cluster does not take, immediately. The answer comes before the changes. Needs
    /// `rds:ModifyDBCluster`.
    ///
    /// # Errors
    /// Any; a cluster that is busy is an [invalid state](Error::is_invalid_state).
    pub async fn modify_cluster(&self, identifier: &str, arguments: &[Argument<'_>]) -> Result<(), Error> {
        let request = self.0.modify_db_cluster().db_cluster_identifier(identifier).apply_immediately(true);
        let request = arguments.iter().fold(request, |request, (name, value)| modify_argument(request, name, value));
        request.send().await.map(drop).map_err(|e| Error::sdk("rds", "ModifyDBCluster", &e))
    }

    /// Enables the RDS Data API of a DB cluster. Needs `rds:EnableHttpEndpoint`.
    ///
    /// # Errors
    /// Any.
    pub async fn enable_http_endpoint(&self, arn: &str) -> Result<(), Error> {
        let answer = self.0.enable_http_endpoint().resource_arn(arn).send().await;
        answer.map(drop).map_err(|e| Error::sdk("rds", "EnableHttpEndpoint", &e))
    }

    /// Creates a member of an Aurora cluster; the first one becomes the writer. The answer comes long before it is
    /// available. Needs `rds:CreateDBInstance`, and `rds:AddTagsToResource` for the tags; `iam:PassRole` for a role.
    ///
    /// # Errors
    /// Any; a cluster that is busy is an [invalid state](Error::is_invalid_state).
    pub async fn create_member(&self, new: NewMember<'_>, arguments: &[Argument<'_>]) -> Result<(), Error> {
        let request = self.0.create_db_instance().db_instance_identifier(new.identifier);
        let request = request.db_cluster_identifier(new.cluster).engine(new.engine).set_tags(Some(to_sdk(new.tags)));
        let request = arguments.iter().fold(request, |request, (name, value)| member_argument(request, name, value));
        request.send().await.map(drop).map_err(|e| Error::sdk("rds", "CreateDBInstance", &e))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::aws::testing::{Answer, Server, fault, result};

    const KEY: &str = "arn:aws:kms:eu-west-1:123456789012:key/k";

    fn cluster(operation: &str) -> Answer {
        let inner = "<DBCluster><DBClusterIdentifier>shop</DBClusterIdentifier>\
             <DBClusterArn>arn:aws:rds:eu-west-1:123456789012:cluster:shop</DBClusterArn>\
             <DbClusterResourceId>cluster-ABC</DbClusterResourceId><Engine>aurora-mysql</Engine>\
             <Status>creating</Status><StorageEncryptionType>sse-kms</StorageEncryptionType></DBCluster>";
        result(operation, inner)
    }

    #[tokio::test]
    async fn a_snapshot_of_a_cluster_is_read() {
        let answer = "<DBClusterSnapshots><DBClusterSnapshot>\
             <DBClusterSnapshotIdentifier>before</DBClusterSnapshotIdentifier>\
             <DBClusterSnapshotArn>arn:aws:rds:eu-west-1:123456789012:cluster-snapshot:before</DBClusterSnapshotArn>\
             <DBClusterIdentifier>shop</DBClusterIdentifier><Engine>aurora-mysql</Engine><Status>available</Status>\
             <StorageEncrypted>false</StorageEncrypted></DBClusterSnapshot></DBClusterSnapshots>";
        let server = Server::start([result("DescribeDBClusterSnapshots", answer)]).await;
        let rds = server.clients().rds(None).await.unwrap();
        let found = rds.cluster_snapshot("before").await.unwrap().unwrap();
        assert_eq!(
            (found.instance.as_str(), found.engine.as_str(), found.is_encrypted()),
            ("shop", "aurora-mysql", false)
        );
        assert!(found.is_available());
        let shared = "arn:aws:rds:eu-west-1:210987654321:cluster-snapshot:theirs";
        rds.cluster_snapshot(shared).await.unwrap();
        let shown: Vec<_> =
            server.seen().iter().map(|seen| seen.parameter("IncludeShared").map(str::to_owned)).collect();
        assert_eq!(shown, [None, Some("true".to_owned())]);
    }

    #[tokio::test]
    async fn a_restore_has_key_tags_and_settings() {
        let server = Server::start([cluster("RestoreDBClusterFromSnapshot")]).await;
        let rds = server.clients().rds(None).await.unwrap();
        let tags = Map::from([("team".to_owned(), "data".to_owned())]);
        let new =
            NewCluster { identifier: "shop", snapshot: "before", engine: "aurora-mysql", key: "alias/k", tags: &tags };
        let made = rds.restore_cluster(new, &[("port", "3307"), ("master_user_secret", "arn")]).await.unwrap();
        assert_eq!((made.database.status.as_str(), made.is_encrypted()), ("creating", true));
        let seen = &server.seen()[0];
        for (name, value) in [
            ("DBClusterIdentifier", "shop"),
            ("SnapshotIdentifier", "before"),
            ("KmsKeyId", "alias%2Fk"),
            ("Tags.Tag.1.Key", "team"),
            ("Port", "3307"),
        ] {
            assert_eq!(seen.parameter(name), Some(value));
        }
        assert_eq!(seen.parameter("ManageMasterUserPassword"), None, "only a modification can");
    }

    #[tokio::test]
    async fn faults_are_told_apart() {
        for (code, fits) in [
            ("DBClusterAlreadyExistsFault", Error::is_already_exists as fn(&Error) -> bool),
            ("InvalidDBClusterSnapshotStateFault", Error::is_invalid_state),
            ("DBClusterQuotaExceededFault", Error::is_limit_exceeded),
            ("KMSKeyNotAccessibleFault", Error::is_key_unusable),
            ("DBClusterSnapshotNotFoundFault", Error::is_not_found),
        ] {
            let server = Server::start([fault(400, code, "x")]).await;
            let rds = server.clients().rds(None).await.unwrap();
            let new = NewCluster { identifier: "a", snapshot: "b", engine: "postgres", key: KEY, tags: &Map::new() };
            assert!(fits(&rds.restore_cluster(new, &[]).await.unwrap_err()), "{code}");
        }
    }
}
