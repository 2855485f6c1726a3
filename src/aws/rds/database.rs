//! A DB instance or DB cluster, with the properties that connections and parameters need.

use aws_sdk_rds::types::{DbCluster, DbClusterMember, DbInstance};
use tf_provider::schema::Map;

use crate::aws::error::Error;
use crate::aws::rds::Kind;
use crate::aws::rds::encryption::encryption;
use crate::aws::rds::tags;

/// A DB instance or DB cluster, with the properties that connections need.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Database {
    /// Which of the two.
    pub kind: Kind,
    /// The identifier a person gave it.
    pub identifier: String,
    /// Its ARN, which contains region and account.
    pub arn: String,
    /// The resource ID, `db-…` or `cluster-…`, which IAM compares in `rds-db:connect`; for a member of a cluster that
    /// of its cluster. It is kept when the identifier changes.
    pub resource_id: String,
    /// The host; none while it is being created.
    pub host: Option<String>,
    /// A cluster's reader host.
    pub reader_host: Option<String>,
    /// The port.
    pub port: Option<u16>,
    /// `postgres`, `aurora-mysql` and so on.
    pub engine: String,
    /// The engine's version.
    pub engine_version: String,
    /// `available` and so on.
    pub status: String,
    /// The cluster an instance is a member of.
    pub cluster_identifier: Option<String>,
    /// How its storage is encrypted: `none`, `sse-kms` or `sse-rds`.
    pub encryption: String,
    /// Whether IAM authentication is on.
    pub iam_enabled: bool,
    /// The pending value of IAM database authentication, while a modification is pending.
    pub iam_pending: Option<bool>,
    /// Its DB parameter group, or DB cluster parameter group.
    pub group: String,
    /// The parameter status: `in-sync`, `applying`, `failed-to-apply`, `pending-reboot`. For a cluster, that of the
    /// member that is furthest behind. It lags behind a change.
    pub group_status: String,
    /// The DB instances that are members of a cluster, the writer first, each with its parameter status.
    pub members: Vec<(String, String)>,
    /// Its tags.
    pub tags: Map<String>,
}

/// The parameter status of a database that has applied all parameters of its group.
pub const IN_SYNC: &str = "in-sync";

/// The status of a database that is taking parameters that need no reboot. It hides that others need one.
pub const APPLYING: &str = "applying";

/// Statuses that a database leaves only by a manual action, and that action.
const STUCK: [(&str, &str); 8] = [
    ("stopped", "start it first"),
    ("stopping", "start it again once it has stopped"),
    ("deleting", "it is being deleted"),
    ("storage-full", "give it more storage first"),
    ("inaccessible-encryption-credentials", "restore access to its KMS key first"),
    ("incompatible-", "correct what the events of the database report first"),
    ("restore-error", "restore it again"),
    ("failed", "restore it to a point in time, or check the events of the database"),
];

impl Database {
    /// The properties of a DB instance.
    ///
    /// # Errors
    /// The answer lacks something that every DB instance has.
    pub(super) fn of_instance(instance: DbInstance) -> Result<Self, Error> {
        let required =
            |value: Option<String>, what| value.ok_or_else(|| Error::incomplete("rds", "DescribeDBInstances", what));
        let (host, port) = instance.endpoint.map_or((None, None), |endpoint| (endpoint.address, endpoint.port));
        let group = instance.db_parameter_groups.unwrap_or_default().into_iter().next();
        let (group, group_status) =
            group.map_or((None, None), |group| (group.db_parameter_group_name, group.parameter_apply_status));
        let (group, group_status) = (group.unwrap_or_default(), group_status.unwrap_or_else(|| IN_SYNC.to_owned()));
        Ok(Self {
            kind: Kind::Instance,
            identifier: required(instance.db_instance_identifier, "identifier")?,
            arn: required(instance.db_instance_arn, "ARN")?,
            resource_id: required(instance.dbi_resource_id, "resource id")?,
            host,
            reader_host: None,
            port: port.and_then(|port| port.try_into().ok()),
            engine: required(instance.engine, "engine")?,
            engine_version: instance.engine_version.unwrap_or_default(),
            status: instance.db_instance_status.unwrap_or_default(),
            cluster_identifier: instance.db_cluster_identifier,
            encryption: encryption(instance.storage_encryption_type.as_ref(), instance.storage_encrypted),
            iam_enabled: instance.iam_database_authentication_enabled.unwrap_or(false),
            iam_pending: instance.pending_modified_values.and_then(|v| v.iam_database_authentication_enabled),
            group,
            group_status,
            members: Vec::new(),
            tags: tags::read(instance.tag_list),
        })
    }

    /// The properties of a DB cluster.
    ///
    /// # Errors
    /// The answer lacks something that every DB cluster has.
    pub(super) fn of_cluster(cluster: DbCluster) -> Result<Self, Error> {
        let required =
            |value: Option<String>, what| value.ok_or_else(|| Error::incomplete("rds", "DescribeDBClusters", what));
        let mut members = cluster.db_cluster_members.unwrap_or_default();
        members.sort_by_key(|member| !member.is_cluster_writer.unwrap_or_default());
        let status = |member: DbClusterMember| {
            let status = member.db_cluster_parameter_group_status.unwrap_or_else(|| IN_SYNC.to_owned());
            Some((member.db_instance_identifier?, status))
        };
        let members: Vec<_> = members.into_iter().filter_map(status).collect();
        let furthest_behind = members.iter().map(|(_, status)| status).max_by_key(|status| lag(status));
        Ok(Self {
            kind: Kind::Cluster,
            identifier: required(cluster.db_cluster_identifier, "identifier")?,
            arn: required(cluster.db_cluster_arn, "ARN")?,
            resource_id: required(cluster.db_cluster_resource_id, "resource id")?,
            host: cluster.endpoint,
            reader_host: cluster.reader_endpoint,
            port: cluster.port.and_then(|port| port.try_into().ok()),
            engine: required(cluster.engine, "engine")?,
            engine_version: cluster.engine_version.unwrap_or_default(),
            status: cluster.status.unwrap_or_default(),
            cluster_identifier: None,
            encryption: encryption(cluster.storage_encryption_type.as_ref(), cluster.storage_encrypted),
            iam_enabled: cluster.iam_database_authentication_enabled.unwrap_or(false),
            iam_pending: cluster.pending_modified_values.and_then(|v| v.iam_database_authentication_enabled),
            group: cluster.db_cluster_parameter_group.unwrap_or_default(),
            group_status: furthest_behind.cloned().unwrap_or_else(|| IN_SYNC.to_owned()),
            members,
            tags: tags::read(cluster.tag_list),
        })
    }

    /// The same as it applies to connections: those to a member of a cluster depend on the cluster's setting and
    /// resource ID.
    #[must_use]
    pub fn for_connections(self, cluster: Option<Self>) -> Self {
        match cluster {
            Some(Self { resource_id, iam_enabled, iam_pending, .. }) => {
                Self { resource_id, iam_enabled, iam_pending, ..self }
            }
            None => self,
        }
    }

    /// Whether it is a Multi-AZ DB cluster, which is restarted as a whole, rather than one of Aurora.
    pub fn is_multi_az_cluster(&self) -> bool {
        self.kind == Kind::Cluster && !self.engine.starts_with("aurora")
    }

    /// Whether it is running and accepts changes.
    pub fn is_operational(&self) -> bool {
        is_operational(&self.status)
    }

    /// Whether it does not become operational by itself.
    pub fn is_stuck(&self) -> bool {
        self.advice().is_some()
    }

    /// What to do with a database that is stuck.
    pub fn advice(&self) -> Option<&'static str> {
        advice(&self.status)
    }
}

/// Whether a database with this status is running and accepts changes.
pub(super) fn is_operational(status: &str) -> bool {
    // While storage is optimized, which takes hours, everything but the storage can be changed.
    ["available", "storage-optimization"].contains(&status)
}

/// What to do with a database that does not leave this status by itself.
pub(super) fn advice(status: &str) -> Option<&'static str> {
    let failed = status.ends_with("-failed").then_some("see the events of the database");
    STUCK.iter().find(|(stuck, _)| status.starts_with(stuck)).map(|(_, advice)| *advice).or(failed)
}

/// The rank of a status. Only a reboot ends the last, whatever else is in progress.
fn lag(status: &str) -> u8 {
    match status {
        IN_SYNC => 0,
        APPLYING => 1,
        "pending-reboot" => 3,
        _ => 2,
    }
}
