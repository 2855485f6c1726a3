//! An instance or cluster, as far as logins and parameters need to know it.

use aws_sdk_rds::types::{DbCluster, DbClusterMember, DbInstance};

use crate::aws::error::Error;
use crate::aws::rds::Kind;

/// An instance or cluster, as far as logins need to know it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Database {
    /// Which of the two.
    pub kind: Kind,
    /// The identifier a person gave it.
    pub identifier: String,
    /// Its ARN, which holds region and account.
    pub arn: String,
    /// The resource id, `db-…` or `cluster-…`, which IAM compares in `rds-db:connect`, for a member of a cluster that of
    /// [its cluster](Rds::cluster_of). It stays when the identifier changes.
    pub resource_id: String,
    /// The host; absent while it is being created.
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
    /// Whether IAM authentication is on.
    pub iam_enabled: bool,
    /// What IAM authentication will be, once a change that waits is applied.
    pub iam_pending: Option<bool>,
    /// Its parameter group: an instance's own one, or that of a cluster.
    pub group: String,
    /// How far it is with the parameters of the group: `in-sync`, `applying`, `failed-to-apply`, `pending-reboot`. Of a
    /// cluster, how far the member is that is furthest behind. It lags behind a change.
    pub group_status: String,
    /// The instances that are members of a cluster, the writer first, and how far each is with the parameters.
    pub members: Vec<(String, String)>,
}

/// The status of a database that has all parameters of its group in force.
pub const IN_SYNC: &str = "in-sync";

/// The status of a database that is taking parameters that need no reboot. It hides that others need one.
pub const APPLYING: &str = "applying";

/// Statuses out of which a database comes only by somebody's hand, and what that has to do.
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
    /// What RDS tells of an instance.
    ///
    /// # Errors
    /// The answer lacks what every instance has.
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
            iam_enabled: instance.iam_database_authentication_enabled.unwrap_or(false),
            iam_pending: instance.pending_modified_values.and_then(|v| v.iam_database_authentication_enabled),
            group,
            group_status,
            members: Vec::new(),
        })
    }

    /// What RDS tells of a cluster.
    ///
    /// # Errors
    /// The answer lacks what every cluster has.
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
            iam_enabled: cluster.iam_database_authentication_enabled.unwrap_or(false),
            iam_pending: cluster.pending_modified_values.and_then(|v| v.iam_database_authentication_enabled),
            group: cluster.db_cluster_parameter_group.unwrap_or_default(),
            group_status: furthest_behind.cloned().unwrap_or_else(|| IN_SYNC.to_owned()),
            members,
        })
    }

    /// The same as logins to it see it: those to a member of a cluster depend on the cluster's setting and resource id.
    #[must_use]
    pub fn as_seen_by_logins(self, cluster: Option<Self>) -> Self {
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

    /// Whether it works and takes changes.
    pub fn is_operational(&self) -> bool {
        // While storage is optimized, which takes hours, all but the storage can be changed.
        ["available", "storage-optimization"].contains(&self.status.as_str())
    }

    /// Whether it does not become operational by itself.
    pub fn is_stuck(&self) -> bool {
        self.advice().is_some()
    }

    /// What to do with a database that is stuck.
    pub fn advice(&self) -> Option<&'static str> {
        let failed = self.status.ends_with("-failed").then_some("see the events of the database");
        STUCK.iter().find(|(status, _)| self.status.starts_with(status)).map(|(_, advice)| *advice).or(failed)
    }
}

/// How far behind a status is. Only a reboot ends the last, whatever else is under way.
fn lag(status: &str) -> u8 {
    match status {
        IN_SYNC => 0,
        APPLYING => 1,
        "pending-reboot" => 3,
        _ => 2,
    }
}
