//! DB instances and DB clusters, in one form.

use aws_sdk_rds::types::{
    CertificateDetails, ClusterPendingModifiedValues, DbCluster, DbInstance, MasterUserSecret, PendingModifiedValues,
    VpcSecurityGroupMembership,
};
use jiff::Timestamp;
use tf_provider::schema::Map;

use crate::aws::error::Error;
use crate::aws::rds::encryption::encryption;
use crate::aws::rds::inventory::{Choice, tags, timestamp};
use crate::aws::rds::{IN_SYNC, Kind, Rds};

/// A DB instance or DB cluster, with the properties that matter for its security.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Profile {
    /// Which of the two.
    pub kind: Kind,
    /// The identifier.
    pub identifier: String,
    /// The ARN.
    pub arn: String,
    /// The resource ID, which policies for `rds-db:connect` name.
    pub resource_id: String,
    /// `postgres`, `aurora-mysql` and so on.
    pub engine: String,
    /// The engine's version.
    pub engine_version: String,
    /// `serverless` for Aurora Serverless v1.
    pub engine_mode: String,
    /// The cluster that a DB instance is a member of.
    pub cluster: Option<String>,
    /// The DB instances that are members of a cluster.
    pub members: Vec<String>,
    /// What a read replica replicates.
    pub replica_of: Option<String>,
    /// The port.
    pub port: Option<i32>,
    /// The name of the master user.
    pub master_username: String,
    /// The secret that RDS manages for the master user.
    pub master_secret: Option<ManagedSecret>,
    /// `none`, `sse-kms` or `sse-rds`.
    pub encryption: String,
    /// The ARN of the key of the storage.
    pub key: Option<String>,
    /// Whether it has a public IP address, if it can have one.
    pub is_public: Option<bool>,
    /// The VPC of a DB instance.
    pub vpc: Option<String>,
    /// The subnets of the DB subnet group of a DB instance.
    pub subnets: Vec<String>,
    /// The IDs of the VPC security groups.
    pub security_groups: Vec<String>,
    /// Whether an Aurora cluster is in a VPC; nothing if AWS does not say.
    pub has_vpc_networking: Option<bool>,
    /// Whether an Aurora cluster is reached through the internet access gateway.
    pub has_internet_gateway: bool,
    /// Whether the RDS Data API is enabled.
    pub has_data_api: bool,
    /// Whether it has a standby, or a cluster members in several zones.
    pub is_multi_az: bool,
    /// Whether it accepts IAM database authentication.
    pub iam_enabled: bool,
    /// The pending value of it.
    pub iam_pending: Option<bool>,
    /// Whether it cannot be deleted.
    pub is_protected: bool,
    /// For how many days backups are kept.
    pub backup_days: i32,
    /// Whether backups are replicated to another region.
    pub has_remote_backups: bool,
    /// The latest time to which it can be restored.
    pub restorable: Option<Timestamp>,
    /// For how many seconds an Aurora cluster can be rewound.
    pub backtrack_window: i64,
    /// The global cluster that a cluster belongs to.
    pub global_cluster: Option<String>,
    /// Whether minor versions are installed automatically; nothing if AWS does not say.
    pub upgrades_itself: Option<bool>,
    /// Whether snapshots get its tags.
    pub copies_tags: bool,
    /// The logs that are exported to CloudWatch Logs.
    pub logs: Vec<String>,
    /// The interval of Enhanced Monitoring in seconds; 0 is off.
    pub monitoring_interval: i32,
    /// The role of Enhanced Monitoring.
    pub monitoring_role: Option<String>,
    /// Whether Performance Insights is on.
    pub has_insights: bool,
    /// The key of Performance Insights.
    pub insights_key: Option<String>,
    /// The database activity stream.
    pub stream: Option<Stream>,
    /// The certificate authority of its certificate.
    pub authority: Option<String>,
    /// When its certificate ends.
    pub certificate_ends: Option<Timestamp>,
    /// The parameter groups, each with the parameter status.
    pub groups: Vec<Group>,
    /// The IAM roles that it uses.
    pub roles: Vec<Attached>,
    /// The names of the settings that wait for a modification to be applied.
    pub pending: Vec<&'static str>,
    /// `open-source-rds-extended-support` and so on.
    pub lifecycle_support: Option<String>,
    /// The tags.
    pub tags: Map<String>,
}

/// A secret that RDS manages.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ManagedSecret {
    /// The ARN.
    pub arn: String,
    /// `active`, `creating`, `rotating` or `impaired`.
    pub status: String,
    /// The ARN of its key.
    pub key: Option<String>,
}

/// A database activity stream.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Stream {
    /// `started`, `stopped` and so on.
    pub status: String,
    /// The ARN of its key.
    pub key: Option<String>,
    /// `locked` if nobody can change its policy.
    pub policy_status: Option<String>,
}

/// A parameter group of a database.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Group {
    /// The name.
    pub name: String,
    /// `in-sync`, `pending-reboot` and so on; for a cluster that of each member that is not in sync.
    pub statuses: Vec<String>,
}

/// An IAM role that a database uses.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Attached {
    /// The ARN.
    pub arn: String,
    /// `ACTIVE`, `PENDING` or `INVALID`.
    pub status: String,
}

impl Rds {
    /// DB instances, a page of them a call. Needs `rds:DescribeDBInstances`.
    ///
    /// # Errors
    /// Any.
    pub async fn instance_profiles(&self, choice: Choice<'_>) -> Result<Vec<Profile>, Error> {
        if choice.is_empty() {
            return Ok(Vec::new());
        }
        let request = self.0.describe_db_instances().max_records(100).set_filters(choice.filters("db-instance-id"));
        let all = request.into_paginator().items().send().collect::<Result<Vec<_>, _>>().await;
        let all = all.map_err(|e| Error::sdk("rds", "DescribeDBInstances", &e))?;
        // Neptune and DocumentDB answer as well.
        Ok(all.into_iter().map(Profile::of_instance).filter(Profile::is_rds).collect())
    }

    /// DB clusters, a page of them a call. Needs `rds:DescribeDBClusters`.
    ///
    /// # Errors
    /// Any.
    pub async fn cluster_profiles(&self, choice: Choice<'_>) -> Result<Vec<Profile>, Error> {
        if choice.is_empty() {
            return Ok(Vec::new());
        }
        let request = self.0.describe_db_clusters().max_records(100).set_filters(choice.filters("db-cluster-id"));
        let all = request.into_paginator().items().send().collect::<Result<Vec<_>, _>>().await;
        let all = all.map_err(|e| Error::sdk("rds", "DescribeDBClusters", &e))?;
        Ok(all.into_iter().map(Profile::of_cluster).filter(Profile::is_rds).collect())
    }
}

impl Profile {
    /// Whether it is not of another service with the same API.
    fn is_rds(&self) -> bool {
        !["neptune", "docdb"].contains(&self.engine.as_str())
    }

    /// Whether it is a cluster of Aurora or a member of one.
    pub fn is_aurora(&self) -> bool {
        self.engine.starts_with("aurora")
    }

    fn of_instance(found: DbInstance) -> Self {
        let (authority, certificate_ends) = certificate(found.certificate_details);
        let groups = found.db_parameter_groups.unwrap_or_default().into_iter().filter_map(|group| {
            let status = group.parameter_apply_status.filter(|status| status != IN_SYNC);
            Some(Group { name: group.db_parameter_group_name?, statuses: status.into_iter().collect() })
        });
        let roles = found.associated_roles.unwrap_or_default().into_iter();
        let pending = found.pending_modified_values.unwrap_or_else(|| PendingModifiedValues::builder().build());
        let (vpc, subnets) = found.db_subnet_group.map(|group| (group.vpc_id, group.subnets)).unwrap_or_default();
        let subnets = subnets.into_iter().flatten().filter_map(|subnet| subnet.subnet_identifier).collect();
        Self {
            kind: Kind::Instance,
            identifier: found.db_instance_identifier.unwrap_or_default(),
            arn: found.db_instance_arn.unwrap_or_default(),
            resource_id: found.dbi_resource_id.unwrap_or_default(),
            engine: found.engine.unwrap_or_default(),
            engine_version: found.engine_version.unwrap_or_default(),
            engine_mode: String::new(),
            cluster: found.db_cluster_identifier.filter(|cluster| !cluster.is_empty()),
            members: Vec::new(),
            replica_of: found
                .read_replica_source_db_instance_identifier
                .or(found.read_replica_source_db_cluster_identifier)
                .filter(|source| !source.is_empty()),
            port: found.endpoint.and_then(|endpoint| endpoint.port).or(found.db_instance_port).filter(|port| *port > 0),
            master_username: found.master_username.unwrap_or_default(),
            master_secret: secret(found.master_user_secret),
            encryption: encryption(found.storage_encryption_type.as_ref(), found.storage_encrypted),
            key: found.kms_key_id,
            is_public: Some(found.publicly_accessible.unwrap_or_default()),
            vpc,
            subnets,
            security_groups: security_groups(found.vpc_security_groups),
            has_vpc_networking: None,
            has_internet_gateway: false,
            has_data_api: false,
            is_multi_az: found.multi_az.unwrap_or_default(),
            iam_enabled: found.iam_database_authentication_enabled.unwrap_or_default(),
            iam_pending: pending.iam_database_authentication_enabled,
            is_protected: found.deletion_protection.unwrap_or_default(),
            backup_days: found.backup_retention_period.unwrap_or_default(),
            has_remote_backups: found.db_instance_automated_backups_replications.is_some_and(|list| !list.is_empty()),
            restorable: timestamp(found.latest_restorable_time),
            backtrack_window: 0,
            global_cluster: None,
            upgrades_itself: found.auto_minor_version_upgrade,
            copies_tags: found.copy_tags_to_snapshot.unwrap_or_default(),
            logs: found.enabled_cloudwatch_logs_exports.unwrap_or_default(),
            monitoring_interval: found.monitoring_interval.unwrap_or_default(),
            monitoring_role: found.monitoring_role_arn,
            has_insights: found.performance_insights_enabled.unwrap_or_default(),
            insights_key: found.performance_insights_kms_key_id,
            stream: found.activity_stream_status.map(|status| Stream {
                status: status.as_str().to_owned(),
                key: found.activity_stream_kms_key_id,
                policy_status: found.activity_stream_policy_status.map(|status| status.as_str().to_owned()),
            }),
            authority: authority.or(found.ca_certificate_identifier),
            certificate_ends,
            groups: groups.collect(),
            roles: roles.filter_map(|role| attached(role.role_arn, role.status)).collect(),
            pending: pending_of_instance(&pending),
            lifecycle_support: found.engine_lifecycle_support,
            tags: tags(found.tag_list),
        }
    }

    fn of_cluster(found: DbCluster) -> Self {
        let (authority, certificate_ends) = certificate(found.certificate_details);
        let members = found.db_cluster_members.unwrap_or_default();
        let status = members.iter().filter_map(|member| member.db_cluster_parameter_group_status.clone());
        let statuses = status.filter(|status| status != IN_SYNC).collect();
        let groups = found.db_cluster_parameter_group.map(|name| Group { name, statuses });
        let pending = found.pending_modified_values.unwrap_or_else(|| ClusterPendingModifiedValues::builder().build());
        let roles = found.associated_roles.unwrap_or_default().into_iter();
        Self {
            kind: Kind::Cluster,
            identifier: found.db_cluster_identifier.unwrap_or_default(),
            arn: found.db_cluster_arn.unwrap_or_default(),
            resource_id: found.db_cluster_resource_id.unwrap_or_default(),
            engine: found.engine.unwrap_or_default(),
            engine_version: found.engine_version.unwrap_or_default(),
            engine_mode: found.engine_mode.unwrap_or_default(),
            cluster: None,
            members: members.into_iter().filter_map(|member| member.db_instance_identifier).collect(),
            replica_of: found.replication_source_identifier.filter(|source| !source.is_empty()),
            port: found.port,
            master_username: found.master_username.unwrap_or_default(),
            master_secret: secret(found.master_user_secret),
            encryption: encryption(found.storage_encryption_type.as_ref(), found.storage_encrypted),
            key: found.kms_key_id,
            is_public: found.publicly_accessible,
            vpc: None,
            subnets: Vec::new(),
            security_groups: security_groups(found.vpc_security_groups),
            has_vpc_networking: found.vpc_networking_enabled,
            has_internet_gateway: found.internet_access_gateway_enabled.unwrap_or_default(),
            has_data_api: found.http_endpoint_enabled.unwrap_or_default(),
            is_multi_az: found.multi_az.unwrap_or_default(),
            iam_enabled: found.iam_database_authentication_enabled.unwrap_or_default(),
            iam_pending: pending.iam_database_authentication_enabled,
            is_protected: found.deletion_protection.unwrap_or_default(),
            backup_days: found.backup_retention_period.unwrap_or_default(),
            has_remote_backups: false,
            restorable: timestamp(found.latest_restorable_time),
            backtrack_window: found.backtrack_window.unwrap_or_default(),
            global_cluster: found.global_cluster_identifier.filter(|global| !global.is_empty()),
            upgrades_itself: found.auto_minor_version_upgrade,
            copies_tags: found.copy_tags_to_snapshot.unwrap_or_default(),
            logs: found.enabled_cloudwatch_logs_exports.unwrap_or_default(),
            monitoring_interval: found.monitoring_interval.unwrap_or_default(),
            monitoring_role: found.monitoring_role_arn,
            has_insights: found.performance_insights_enabled.unwrap_or_default(),
            insights_key: found.performance_insights_kms_key_id,
            stream: found.activity_stream_status.map(|status| Stream {
                status: status.as_str().to_owned(),
                key: found.activity_stream_kms_key_id,
                policy_status: None,
            }),
            authority,
            certificate_ends,
            groups: groups.into_iter().collect(),
            roles: roles.filter_map(|role| attached(role.role_arn, role.status)).collect(),
            pending: pending_of_cluster(&pending),
            lifecycle_support: found.engine_lifecycle_support,
            tags: tags(found.tag_list),
        }
    }
}

fn certificate(details: Option<CertificateDetails>) -> (Option<String>, Option<Timestamp>) {
    details.map(|details| (details.ca_identifier, timestamp(details.valid_till))).unwrap_or_default()
}

fn secret(found: Option<MasterUserSecret>) -> Option<ManagedSecret> {
    let found = found?;
    Some(ManagedSecret {
        arn: found.secret_arn?,
        status: found.secret_status.unwrap_or_default(),
        key: found.kms_key_id,
    })
}

fn security_groups(found: Option<Vec<VpcSecurityGroupMembership>>) -> Vec<String> {
    found.into_iter().flatten().filter_map(|group| group.vpc_security_group_id).collect()
}

fn attached(arn: Option<String>, status: Option<String>) -> Option<Attached> {
    Some(Attached { arn: arn?, status: status.unwrap_or_default() })
}

/// The settings whose modification is pending, as far as they concern security, by the names of `hashicorp/aws`.
fn pending_of_instance(pending: &PendingModifiedValues) -> Vec<&'static str> {
    let all = [
        (pending.master_user_password.is_some(), "password"),
        (pending.port.is_some(), "port"),
        (pending.backup_retention_period.is_some(), "backup_retention_period"),
        (pending.multi_az.is_some(), "multi_az"),
        (pending.engine_version.is_some(), "engine_version"),
        (pending.ca_certificate_identifier.is_some(), "ca_cert_identifier"),
        (pending.db_subnet_group_name.is_some(), "db_subnet_group_name"),
        (pending.pending_cloudwatch_logs_exports.is_some(), "enabled_cloudwatch_logs_exports"),
        (pending.iam_database_authentication_enabled.is_some(), "iam_database_authentication_enabled"),
    ];
    all.into_iter().filter_map(|(is_pending, name)| is_pending.then_some(name)).collect()
}

/// The same for a cluster.
fn pending_of_cluster(pending: &ClusterPendingModifiedValues) -> Vec<&'static str> {
    let all = [
        (pending.master_user_password.is_some(), "master_password"),
        (pending.backup_retention_period.is_some(), "backup_retention_period"),
        (pending.engine_version.is_some(), "engine_version"),
        (pending.certificate_details.is_some(), "ca_certificate_identifier"),
        (pending.pending_cloudwatch_logs_exports.is_some(), "enabled_cloudwatch_logs_exports"),
        (pending.iam_database_authentication_enabled.is_some(), "iam_database_authentication_enabled"),
    ];
    all.into_iter().filter_map(|(is_pending, name)| is_pending.then_some(name)).collect()
}
