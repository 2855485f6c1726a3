//! Manual snapshots of DB instances: made, copied, read, and deleted.

use aws_sdk_rds::types::DbSnapshot;
use aws_smithy_types::date_time::Format;
use tf_provider::schema::Map;

use crate::arn;
use crate::aws::error::Error;
use crate::aws::rds::encryption::{UNENCRYPTED, encryption};
use crate::aws::rds::tags::{self, to_sdk};
use crate::aws::rds::{Rds, present};

/// A snapshot of a DB instance or DB cluster.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Snapshot {
    /// The identifier.
    pub identifier: String,
    /// Its ARN, which contains region and account.
    pub arn: String,
    /// The DB instance or DB cluster that it is of, which may not exist any more.
    pub instance: String,
    /// `postgres`, `mysql` and so on.
    pub engine: String,
    /// The engine's version.
    pub engine_version: String,
    /// The size of the storage in GiB.
    pub allocated_storage: i64,
    /// `available`, `creating` and so on.
    pub status: String,
    /// How much of the data has been transferred, in percent.
    pub progress: Option<i32>,
    /// `none`, `sse-kms` or `sse-rds`.
    pub encryption: String,
    /// The ARN of the key, if it is encrypted with one.
    pub key: Option<String>,
    /// The option group.
    pub option_group: Option<String>,
    /// When it was made, in RFC 3339; none while it is being made.
    pub created: Option<String>,
    /// Its tags.
    pub tags: Map<String>,
}

/// A copy to make.
#[derive(Clone, Copy, Debug)]
pub struct NewCopy<'a> {
    /// The identifier of the snapshot to copy, or the ARN of one that another account shares.
    pub source: &'a str,
    /// The identifier of the copy.
    pub identifier: &'a str,
    /// The ARN of the key that encrypts the copy.
    pub key: &'a str,
    /// The option group of the copy; AWS chooses one if none is given.
    pub option_group: Option<&'a str>,
    /// The tags of the copy. AWS copies those of the source only if there are none.
    pub tags: &'a Map<String>,
}

/// A snapshot that can be copied and restored.
const AVAILABLE: &str = "available";

/// Statuses that a snapshot does not leave any more.
const FAILED: [&str; 5] = ["failed", "deleting", "deleted", "incompatible-restore", "incompatible-parameters"];

impl Rds {
    /// The snapshot of an identifier, or of the ARN of one that another account shares. Needs
    /// `rds:DescribeDBSnapshots`.
    ///
    /// # Errors
    /// Any but its absence.
    pub async fn snapshot(&self, identifier: &str) -> Result<Option<Snapshot>, Error> {
        let request = self.0.describe_db_snapshots().db_snapshot_identifier(identifier);
        let request = if arn::is_meant(identifier) { request.include_shared(true) } else { request };
        let answer = request.send().await.map_err(|e| Error::sdk("rds", "DescribeDBSnapshots", &e));
        let found = present(answer)?.and_then(|answer| answer.db_snapshots.unwrap_or_default().into_iter().next());
        found.map(|found| Snapshot::read("DescribeDBSnapshots", found)).transpose()
    }

    /// The manual snapshots of a DB instance, or of all of the account in the region. Needs `rds:DescribeDBSnapshots` of
    /// all.
    ///
    /// # Errors
    /// Any.
    pub async fn manual_snapshots(&self, instance: Option<&str>) -> Result<Vec<Snapshot>, Error> {
        let request = self.0.describe_db_snapshots().snapshot_type("manual");
        let request = request.set_db_instance_identifier(instance.map(str::to_owned));
        let all = request.into_paginator().items().send().collect::<Result<Vec<_>, _>>().await;
        let all = all.map_err(|e| Error::sdk("rds", "DescribeDBSnapshots", &e))?;
        all.into_iter().map(|found| Snapshot::read("DescribeDBSnapshots", found)).collect()
    }

    /// Makes a snapshot of a DB instance; the answer comes long before it is available. Needs `rds:CreateDBSnapshot`,
    /// and `rds:AddTagsToResource` for the tags.
    ///
    /// # Errors
    /// Any; an instance that is busy is an [invalid state](Error::is_invalid_state).
    pub async fn create_snapshot(
        &self,
        instance: &str,
        identifier: &str,
        tags: &Map<String>,
    ) -> Result<Snapshot, Error> {
        let request = self.0.create_db_snapshot().db_instance_identifier(instance).db_snapshot_identifier(identifier);
        let answer = request.set_tags(Some(to_sdk(tags))).send().await;
        let answer = answer.map_err(|e| Error::sdk("rds", "CreateDBSnapshot", &e))?;
        let made = answer.db_snapshot.ok_or_else(|| Error::incomplete("rds", "CreateDBSnapshot", "snapshot"))?;
        Snapshot::read("CreateDBSnapshot", made)
    }

    /// Copies a snapshot; the answer comes long before the copy is available. Needs `rds:CopyDBSnapshot`, and
    /// `rds:AddTagsToResource` for the tags; on the key `kms:DescribeKey` and `kms:CreateGrant`.
    ///
    /// # Errors
    /// Any; a source that is not available is an [invalid state](Error::is_invalid_state).
    pub async fn copy_snapshot(&self, new: NewCopy<'_>) -> Result<Snapshot, Error> {
        let request = self.0.copy_db_snapshot().source_db_snapshot_identifier(new.source);
        let request = request.target_db_snapshot_identifier(new.identifier).kms_key_id(new.key);
        let request = request.set_option_group_name(new.option_group.map(str::to_owned));
        let answer = request.set_tags(Some(to_sdk(new.tags))).send().await;
        let answer = answer.map_err(|e| Error::sdk("rds", "CopyDBSnapshot", &e))?;
        let made = answer.db_snapshot.ok_or_else(|| Error::incomplete("rds", "CopyDBSnapshot", "snapshot"))?;
        Snapshot::read("CopyDBSnapshot", made)
    }

    /// Deletes a snapshot; one that is being copied to is not copied any further. Succeeds if it does not exist. Needs
    /// `rds:DeleteDBSnapshot`.
    ///
    /// # Errors
    /// Any other; a snapshot that is busy is an [invalid state](Error::is_invalid_state).
    pub async fn delete_snapshot(&self, identifier: &str) -> Result<(), Error> {
        let answer = self.0.delete_db_snapshot().db_snapshot_identifier(identifier).send().await;
        present(answer.map_err(|e| Error::sdk("rds", "DeleteDBSnapshot", &e))).map(drop)
    }
}

impl Snapshot {
    /// Whether it can be copied and restored.
    pub fn is_available(&self) -> bool {
        self.status == AVAILABLE
    }

    /// Whether it will never be available.
    pub fn has_failed(&self) -> bool {
        has_failed(&self.status)
    }

    /// Whether it is encrypted, with whatever key.
    pub fn is_encrypted(&self) -> bool {
        self.encryption != UNENCRYPTED
    }

    fn read(operation: &'static str, found: DbSnapshot) -> Result<Self, Error> {
        let required = |value: Option<String>, what| value.ok_or_else(|| Error::incomplete("rds", operation, what));
        Ok(Self {
            identifier: required(found.db_snapshot_identifier, "identifier")?,
            arn: required(found.db_snapshot_arn, "ARN")?,
            instance: found.db_instance_identifier.unwrap_or_default(),
            engine: required(found.engine, "engine")?,
            engine_version: found.engine_version.unwrap_or_default(),
            allocated_storage: found.allocated_storage.unwrap_or_default().into(),
            status: found.status.unwrap_or_default(),
            progress: found.percent_progress,
            encryption: encryption(found.storage_encryption_type.as_ref(), found.encrypted),
            key: found.kms_key_id,
            option_group: found.option_group_name,
            created: found.snapshot_create_time.and_then(|time| time.fmt(Format::DateTime).ok()),
            tags: tags::read(found.tag_list),
        })
    }
}

/// Whether a snapshot with this status will never be available.
pub fn has_failed(status: &str) -> bool {
    FAILED.contains(&status)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::aws::testing::{Answer, Server, fault, result};

    const KEY: &str = "arn:aws:kms:eu-west-1:123456789012:key/k";

    fn snapshot(operation: &str, more: &str) -> Answer {
        let inner = format!(
            "<DBSnapshot><DBSnapshotIdentifier>orders-1</DBSnapshotIdentifier>\
             <DBSnapshotArn>arn:aws:rds:eu-west-1:123456789012:snapshot:orders-1</DBSnapshotArn>\
             <DBInstanceIdentifier>orders</DBInstanceIdentifier><Engine>postgres</Engine>\
             <EngineVersion>16.4</EngineVersion><AllocatedStorage>20</AllocatedStorage>{more}</DBSnapshot>"
        );
        let is_list = operation == "DescribeDBSnapshots";
        result(operation, &if is_list { format!("<DBSnapshots>{inner}</DBSnapshots>") } else { inner })
    }

    #[tokio::test]
    async fn the_properties_of_a_snapshot_are_read() {
        let more = format!(
            "<Status>available</Status><PercentProgress>100</PercentProgress><Encrypted>true</Encrypted>\
             <StorageEncryptionType>sse-kms</StorageEncryptionType><KmsKeyId>{KEY}</KmsKeyId>\
             <OptionGroupName>default:postgres-16</OptionGroupName>\
             <SnapshotCreateTime>2026-11-01T10:20:30.123Z</SnapshotCreateTime>\
             <TagList><Tag><Key>team</Key><Value>data</Value></Tag></TagList>"
        );
        let server = Server::start([snapshot("DescribeDBSnapshots", &more)]).await;
        let rds = server.clients().rds(None).await.unwrap();
        let found = rds.snapshot("orders-1").await.unwrap().unwrap();
        assert_eq!(
            found,
            Snapshot {
                identifier: "orders-1".to_owned(),
                arn: "arn:aws:rds:eu-west-1:123456789012:snapshot:orders-1".to_owned(),
                instance: "orders".to_owned(),
                engine: "postgres".to_owned(),
                engine_version: "16.4".to_owned(),
                allocated_storage: 20,
                status: "available".to_owned(),
                progress: Some(100),
                encryption: "sse-kms".to_owned(),
                key: Some(KEY.to_owned()),
                option_group: Some("default:postgres-16".to_owned()),
                created: Some("2026-11-01T10:20:30.123Z".to_owned()),
                tags: [("team".to_owned(), "data".to_owned())].into(),
            }
        );
        assert!(found.is_available() && found.is_encrypted() && !found.has_failed());
    }

    #[tokio::test]
    async fn the_type_of_encryption_goes_before_the_flag() {
        for (more, want) in [
            ("<Encrypted>false</Encrypted>", "none"),
            ("<Encrypted>true</Encrypted>", "sse-kms"),
            ("<Encrypted>false</Encrypted><StorageEncryptionType>sse-rds</StorageEncryptionType>", "sse-rds"),
            ("<Encrypted>true</Encrypted><StorageEncryptionType>none</StorageEncryptionType>", "none"),
            ("<StorageEncryptionType>sse-later</StorageEncryptionType>", "sse-later"),
        ] {
            let server = Server::start([snapshot("DescribeDBSnapshots", more)]).await;
            let rds = server.clients().rds(None).await.unwrap();
            assert_eq!(rds.snapshot("orders-1").await.unwrap().unwrap().encryption, want, "{more}");
        }
    }

    #[tokio::test]
    async fn a_snapshot_that_is_being_made_has_no_time() {
        let more = "<Status>creating</Status><PercentProgress>0</PercentProgress>";
        let server = Server::start([snapshot("CreateDBSnapshot", more), snapshot("CopyDBSnapshot", more)]).await;
        let rds = server.clients().rds(None).await.unwrap();
        let tags: Map<String> = [("team".to_owned(), "data".to_owned())].into();
        let made = rds.create_snapshot("orders", "orders-1", &tags).await.unwrap();
        assert_eq!((made.created.as_deref(), made.progress, made.is_available()), (None, Some(0), false));
        let new = NewCopy {
            source: "orders-1",
            identifier: "copy",
            key: "alias/orders",
            option_group: Some("own"),
            tags: &tags,
        };
        rds.copy_snapshot(new).await.unwrap();
        let [made, copied] = &server.seen()[..] else { panic!("two calls") };
        assert_eq!(made.parameter("DBInstanceIdentifier"), Some("orders"));
        for (name, value) in [
            ("SourceDBSnapshotIdentifier", "orders-1"),
            ("TargetDBSnapshotIdentifier", "copy"),
            ("KmsKeyId", "alias%2Forders"),
            ("OptionGroupName", "own"),
            ("Tags.Tag.1.Key", "team"),
        ] {
            assert_eq!(copied.parameter(name), Some(value));
        }
        assert_eq!(copied.parameter("CopyTags"), None);
    }

    #[tokio::test]
    async fn a_snapshot_that_another_account_shares_is_found_by_its_arn() {
        let arn = "arn:aws:rds:eu-west-1:210987654321:snapshot:theirs";
        let server = Server::start([snapshot("DescribeDBSnapshots", "")]).await;
        server.clients().rds(None).await.unwrap().snapshot(arn).await.unwrap();
        let seen = &server.seen()[0];
        assert_eq!(seen.parameter("DBSnapshotIdentifier").map(|name| name.replace("%3A", ":")).as_deref(), Some(arn));
        assert_eq!(seen.parameter("IncludeShared"), Some("true"));
    }

    #[tokio::test]
    async fn faults_are_told_apart() {
        for (code, fits) in [
            ("DBSnapshotNotFound", Error::is_not_found as fn(&Error) -> bool),
            ("DBSnapshotAlreadyExists", Error::is_already_exists),
            ("InvalidDBSnapshotState", Error::is_invalid_state),
            ("SnapshotQuotaExceeded", Error::is_limit_exceeded),
            ("KMSKeyNotAccessibleFault", Error::is_key_unusable),
        ] {
            let server = Server::start([fault(400, code, "x")]).await;
            let rds = server.clients().rds(None).await.unwrap();
            let new = NewCopy { source: "a", identifier: "b", key: KEY, option_group: None, tags: &Map::new() };
            assert!(fits(&rds.copy_snapshot(new).await.unwrap_err()), "{code}");
        }
        let server = Server::start([fault(404, "DBSnapshotNotFound", "x")]).await;
        let rds = server.clients().rds(None).await.unwrap();
        assert_eq!((rds.snapshot("a").await, rds.delete_snapshot("a").await), (Ok(None), Ok(())));
    }
}
