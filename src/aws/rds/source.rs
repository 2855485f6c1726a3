//! A database as the source of an encrypted copy: how it is encrypted, and what a copy needs to be given.

use aws_sdk_rds::types::{DbCluster, DbInstance, Filter, Tag};
use tf_provider::schema::Map;

use crate::aws::error::Error;
use crate::aws::rds::carry_over::{CLUSTER, INSTANCE, KEPT, MEMBER, Setting, lost};
use crate::aws::rds::database::{self, Database};
use crate::aws::rds::encryption::UNENCRYPTED;
use crate::aws::rds::{Kind, Rds};

/// A DB instance or DB cluster that is to be encrypted, or to get another key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Source {
    /// Its properties as a database.
    pub database: Database,
    /// The ARN of the KMS key.
    pub kms_key_id: Option<String>,
    /// Its storage in GiB, which Aurora does not tell.
    pub allocated_storage: Option<i32>,
    /// For how many days automated backups are kept; none are made if 0.
    pub backup_retention_period: i32,
    /// Its VPC, which is not known of clusters.
    pub vpc_id: Option<String>,
    /// The DB instance or DB cluster that it is a read replica of.
    pub replica_of: Option<String>,
    /// The identifiers of its read replicas; the ARNs of those in other regions.
    pub replicas: Vec<String>,
    /// The secret in which RDS manages the password of the master user.
    pub master_user_secret_arn: Option<String>,
    /// Whether it has a dedicated log volume.
    pub has_dedicated_log_volume: bool,
    /// The global database that it is a member of.
    pub global_cluster: Option<String>,
    /// Whether it is a cluster of Aurora Serverless v1.
    pub is_serverless_v1: bool,
    /// Whether it is a cluster of Aurora Limitless Database.
    pub is_limitless: bool,
    /// Whether it is a cluster with custom endpoints.
    pub has_custom_endpoints: bool,
    /// Whether deletion protection is on.
    pub is_protected: bool,
    /// Its tags.
    pub tags: Map<String>,
    /// What a restore without arguments would lose.
    pub settings: Vec<Setting>,
    /// What a restore of a DB instance would take from the snapshot, and what can be given to it.
    pub kept: Vec<Setting>,
}

/// A DB instance that belongs to a source: a member of the cluster, or a read replica in the same region.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Relative {
    /// Its identifier.
    pub identifier: String,
    /// Its ARN.
    pub arn: String,
    /// Its resource ID.
    pub resource_id: String,
    /// `available` and so on.
    pub status: String,
    /// Its tags.
    pub tags: Map<String>,
    /// Its VPC.
    pub vpc_id: Option<String>,
    /// Whether it has read replicas itself.
    pub has_replicas: bool,
    /// Whether it has a dedicated log volume.
    pub has_dedicated_log_volume: bool,
    /// What has to be given when it is created again as a member of a cluster.
    pub settings: Vec<Setting>,
}

impl Rds {
    /// The DB instance or DB cluster of an identifier, as a source. Needs `rds:DescribeDBInstances` or
    /// `rds:DescribeDBClusters`.
    ///
    /// # Errors
    /// Any but its absence.
    pub async fn source(&self, kind: Kind, identifier: &str) -> Result<Option<Source>, Error> {
        match kind {
            Kind::Instance => self.describe_instance(identifier).await?.map(Source::of_instance).transpose(),
            Kind::Cluster => self.describe_cluster(identifier).await?.map(Source::of_cluster).transpose(),
        }
    }

    /// The same, by its resource ID if it has got another identifier since. The one that has its identifier now, if there
    /// is none of its resource ID any more. Needs `rds:DescribeDBInstances` or `rds:DescribeDBClusters` of all then.
    ///
    /// # Errors
    /// Any but its absence.
    pub async fn source_or_renamed(
        &self,
        kind: Kind,
        identifier: &str,
        resource_id: Option<&str>,
    ) -> Result<Option<Source>, Error> {
        let found = self.source(kind, identifier).await?;
        let Some(id) = resource_id.filter(|id| found.as_ref().is_none_or(|found| found.database.resource_id != **id))
        else {
            return Ok(found);
        };
        let renamed = match kind {
            Kind::Instance => self.instance_with_id(id).await?.map(Source::of_instance).transpose()?,
            Kind::Cluster => self.cluster_with_id(id).await?.map(Source::of_cluster).transpose()?,
        };
        Ok(renamed.or(found))
    }

    /// The DB instances that belong to a source, in one call: the members of a cluster, or the read replicas in the same
    /// region of an instance. Needs `rds:DescribeDBInstances`.
    ///
    /// # Errors
    /// Any.
    pub async fn relatives(&self, source: &Source) -> Result<Vec<Relative>, Error> {
        let Database { kind, identifier, .. } = &source.database;
        let filter = match kind {
            Kind::Cluster => Filter::builder().name("db-cluster-id").values(identifier),
            Kind::Instance if source.local_replicas().next().is_none() => return Ok(Vec::new()),
            Kind::Instance => {
                let names = source.local_replicas().map(str::to_owned).collect();
                Filter::builder().name("db-instance-id").set_values(Some(names))
            }
        };
        let mut found = self.describe_instances(Some(filter.build())).await?;
        found.sort_by(|a, b| a.db_instance_identifier.cmp(&b.db_instance_identifier));
        // RDS itself creates the members of a Multi-AZ DB cluster.
        let is_created = *kind == Kind::Cluster && !source.database.is_multi_az_cluster();
        Ok(found.into_iter().map(|instance| Relative::of(&instance, is_created)).collect())
    }
}

impl Source {
    pub(super) fn of_instance(instance: DbInstance) -> Result<Self, Error> {
        let identifier = instance.db_instance_identifier().unwrap_or_default();
        let settings = lost(INSTANCE, identifier, &instance);
        let replicas = instance.read_replica_db_instance_identifiers().iter();
        let replicas = replicas.chain(instance.read_replica_db_cluster_identifiers()).cloned().collect();
        Ok(Self {
            kms_key_id: instance.kms_key_id.clone(),
            allocated_storage: instance.allocated_storage,
            backup_retention_period: instance.backup_retention_period.unwrap_or_default(),
            vpc_id: vpc(&instance),
            replica_of: instance
                .read_replica_source_db_instance_identifier()
                .or(instance.read_replica_source_db_cluster_identifier())
                .map(str::to_owned),
            replicas,
            master_user_secret_arn: instance.master_user_secret().and_then(|secret| secret.secret_arn.clone()),
            has_dedicated_log_volume: instance.dedicated_log_volume.unwrap_or_default(),
            global_cluster: None,
            is_serverless_v1: false,
            is_limitless: false,
            has_custom_endpoints: false,
            is_protected: instance.deletion_protection.unwrap_or_default(),
            kept: lost(KEPT, identifier, &instance),
            tags: tag_map(instance.tag_list()),
            settings,
            database: Database::of_instance(instance)?,
        })
    }

    pub(super) fn of_cluster(cluster: DbCluster) -> Result<Self, Error> {
        let identifier = cluster.db_cluster_identifier().unwrap_or_default();
        let settings = lost(CLUSTER, identifier, &cluster);
        let is_limitless = cluster.limitless_database().and_then(|it| it.status()).map(|status| status.as_str());
        Ok(Self {
            kms_key_id: cluster.kms_key_id.clone(),
            allocated_storage: cluster.allocated_storage.filter(|size| *size > 1),
            backup_retention_period: cluster.backup_retention_period.unwrap_or_default(),
            vpc_id: None,
            replica_of: cluster.replication_source_identifier.clone().filter(|source| !source.is_empty()),
            replicas: cluster.read_replica_identifiers().to_vec(),
            master_user_secret_arn: cluster.master_user_secret().and_then(|secret| secret.secret_arn.clone()),
            has_dedicated_log_volume: false,
            global_cluster: cluster.global_cluster_identifier.clone().filter(|global| !global.is_empty()),
            is_serverless_v1: cluster.engine_mode() == Some("serverless"),
            is_limitless: is_limitless.is_some_and(|status| status != "disabled"),
            has_custom_endpoints: !cluster.custom_endpoints().is_empty(),
            is_protected: cluster.deletion_protection.unwrap_or_default(),
            kept: Vec::new(),
            tags: tag_map(cluster.tag_list()),
            settings,
            database: Database::of_cluster(cluster)?,
        })
    }

    /// Whether its storage is encrypted, with whatever key.
    pub fn is_encrypted(&self) -> bool {
        self.database.encryption != UNENCRYPTED
    }

    /// Its read replicas in the same region.
    pub fn local_replicas(&self) -> impl Iterator<Item = &str> {
        self.replicas.iter().map(String::as_str).filter(|replica| !replica.contains(':'))
    }

    /// Its read replicas in other regions, by ARN.
    pub fn remote_replicas(&self) -> impl Iterator<Item = &str> {
        self.replicas.iter().map(String::as_str).filter(|replica| replica.contains(':'))
    }
}

impl Relative {
    /// Whether it is running and accepts changes.
    pub fn is_operational(&self) -> bool {
        database::is_operational(&self.status)
    }

    /// Whether it does not become operational by itself.
    pub fn is_stuck(&self) -> bool {
        database::advice(&self.status).is_some()
    }

    fn of(instance: &DbInstance, is_created: bool) -> Self {
        let identifier = instance.db_instance_identifier.clone().unwrap_or_default();
        Self {
            arn: instance.db_instance_arn.clone().unwrap_or_default(),
            resource_id: instance.dbi_resource_id.clone().unwrap_or_default(),
            status: instance.db_instance_status.clone().unwrap_or_default(),
            tags: tag_map(instance.tag_list()),
            vpc_id: vpc(instance),
            has_replicas: !instance.read_replica_db_instance_identifiers().is_empty(),
            has_dedicated_log_volume: instance.dedicated_log_volume.unwrap_or_default(),
            settings: if is_created { lost(MEMBER, &identifier, instance) } else { Vec::new() },
            identifier,
        }
    }
}

fn tag_map(tags: &[Tag]) -> Map<String> {
    let pairs = tags.iter().filter_map(|tag| Some((tag.key.clone()?, tag.value.clone().unwrap_or_default())));
    pairs.collect()
}

fn vpc(instance: &DbInstance) -> Option<String> {
    instance.db_subnet_group()?.vpc_id.clone()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::aws::testing::{Answer, Server, result};

    fn instance(more: &str) -> Answer {
        result(
            "DescribeDBInstances",
            &format!(
                "<DBInstances><DBInstance><DBInstanceIdentifier>orders</DBInstanceIdentifier>\
                 <DBInstanceArn>arn:aws:rds:eu-west-1:123456789012:db:orders</DBInstanceArn>\
                 <DbiResourceId>db-ABC</DbiResourceId><Engine>postgres</Engine>{more}</DBInstance></DBInstances>"
            ),
        )
    }

    async fn read(more: &str) -> Source {
        let server = Server::start([instance(more)]).await;
        server.clients().rds(None).await.unwrap().source(Kind::Instance, "orders").await.unwrap().unwrap()
    }

    #[tokio::test]
    async fn encrypted_is_what_the_type_says() {
        for (more, kind, is_encrypted) in [
            ("<StorageEncryptionType>none</StorageEncryptionType>", "none", false),
            ("<StorageEncryptionType>sse-kms</StorageEncryptionType>", "sse-kms", true),
            // The key is AWS's own, and the older property still says false.
            (
                "<StorageEncrypted>false</StorageEncrypted><StorageEncryptionType>sse-rds</StorageEncryptionType>",
                "sse-rds",
                true,
            ),
            ("<StorageEncrypted>true</StorageEncrypted>", "sse-kms", true),
            ("<StorageEncrypted>false</StorageEncrypted>", "none", false),
            ("", "none", false),
        ] {
            let source = read(more).await;
            assert_eq!((source.database.encryption.as_str(), source.is_encrypted()), (kind, is_encrypted), "{more}");
        }
    }

    /// What a restore would lose of an instance that has these properties, with the API argument.
    async fn losses(more: &str) -> Vec<(&'static str, String, &'static str)> {
        let settings = read(more).await.settings.into_iter();
        settings.map(|one| (one.name, one.value, one.carried_by)).collect()
    }

    #[tokio::test]
    async fn only_what_differs_from_a_restore_is_lost() {
        let defaults = "<MultiAZ>false</MultiAZ><StorageType>gp3</StorageType><MonitoringInterval>0</MonitoringInterval>\
            <DBParameterGroups><DBParameterGroup><DBParameterGroupName>default.postgres16</DBParameterGroupName>\
            </DBParameterGroup></DBParameterGroups><DeletionProtection>false</DeletionProtection>\
            <DatabaseInsightsMode>standard</DatabaseInsightsMode><NetworkType>IPV4</NetworkType>\
            <ActivityStreamStatus>stopped</ActivityStreamStatus><PendingModifiedValues></PendingModifiedValues>\
            <EngineLifecycleSupport>open-source-rds-extended-support</EngineLifecycleSupport>";
        assert_eq!(losses(defaults).await, []);
        let own = "<DeletionProtection>true</DeletionProtection><MonitoringInterval>60</MonitoringInterval>\
            <AssociatedRoles><DBInstanceRole><RoleArn>arn:aws:iam::1:role/s3</RoleArn><FeatureName>s3Import</FeatureName>\
            </DBInstanceRole></AssociatedRoles><TagList><Tag><Key>aws:cloudformation:x</Key></Tag><Tag><Key>team</Key></Tag>\
            </TagList><PendingModifiedValues><AllocatedStorage>200</AllocatedStorage></PendingModifiedValues>";
        let told = losses(own).await;
        let text = |name: &str| told.iter().find(|one| one.0 == name).map(|one| (one.1.as_str(), one.2));
        assert_eq!(text("deletion_protection"), Some(("true", "RestoreDBInstanceFromDBSnapshot.DeletionProtection")));
        assert_eq!(text("monitoring_interval"), Some(("60", "ModifyDBInstance.MonitoringInterval")));
        assert_eq!(text("associated_roles"), Some(("arn:aws:iam::1:role/s3 (s3Import)", "AddRoleToDBInstance")));
        assert_eq!(text("tags"), Some(("team", "RestoreDBInstanceFromDBSnapshot.Tags")));
        assert_eq!(text("pending_modified_values"), Some(("allocated_storage", "none")));
        assert_eq!(told.len(), 5, "{told:?}");
    }

    #[tokio::test]
    async fn replicas_of_other_regions_are_arns() {
        let replicas = "<ReadReplicaDBInstanceIdentifiers>\
            <ReadReplicaDBInstanceIdentifier>near</ReadReplicaDBInstanceIdentifier>\
            <ReadReplicaDBInstanceIdentifier>arn:aws:rds:us-east-1:123456789012:db:far</ReadReplicaDBInstanceIdentifier>\
            </ReadReplicaDBInstanceIdentifiers>";
        let source = read(replicas).await;
        assert_eq!(source.local_replicas().collect::<Vec<_>>(), ["near"]);
        assert_eq!(source.remote_replicas().collect::<Vec<_>>(), ["arn:aws:rds:us-east-1:123456789012:db:far"]);
    }
}
