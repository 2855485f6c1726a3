//! What checks need to know, and the permissions to read it.

/// A part of the [facts](crate::posture::Facts).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Source {
    /// DB instances.
    Instances,
    /// DB clusters.
    Clusters,
    /// Manual snapshots of DB instances and DB clusters.
    Snapshots,
    /// With whom snapshots are shared: one call for each snapshot that can be, up to a limit.
    Sharing,
    /// Parameters: one call for each parameter group.
    Parameters,
    /// KMS keys: one call for each key.
    Keys,
    /// Whether keys rotate: one call for each customer managed key.
    Rotation,
    /// The policies of keys: one call for each customer managed key.
    KeyPolicies,
    /// RDS Proxies.
    Proxies,
    /// Event subscriptions.
    Subscriptions,
    /// Global clusters.
    GlobalClusters,
    /// DB subnet groups, and their tags with one call for each.
    SubnetGroups,
    /// Versions of engines: one call for each version in use.
    Versions,
    /// Major versions of engines.
    MajorVersions,
    /// Recommendations of RDS.
    Recommendations,
    /// Maintenance actions that are pending.
    Maintenance,
    /// Exports of snapshots to S3.
    Exports,
    /// Inline policies and customer managed policies of the account.
    Policies,
    /// IAM roles: one call for each role.
    Roles,
    /// Secrets: one call for each secret.
    Secrets,
    /// The resource policies of secrets: one call for each secret.
    SecretPolicies,
    /// The security groups of databases.
    SecurityGroups,
    /// The prefix lists in their rules: one call for each prefix list.
    PrefixLists,
    /// The route tables of the VPCs of DB instances.
    Routes,
    /// Interface endpoints of the API of RDS.
    Endpoints,
    /// Users and replication slots of a database to which there is a connection.
    Users,
}

impl Source {
    /// All of them.
    pub const ALL: [Self; 26] = [
        Self::Instances,
        Self::Clusters,
        Self::Snapshots,
        Self::Sharing,
        Self::Parameters,
        Self::Keys,
        Self::Rotation,
        Self::KeyPolicies,
        Self::Proxies,
        Self::Subscriptions,
        Self::GlobalClusters,
        Self::SubnetGroups,
        Self::Versions,
        Self::MajorVersions,
        Self::Recommendations,
        Self::Maintenance,
        Self::Exports,
        Self::Policies,
        Self::Roles,
        Self::Secrets,
        Self::SecretPolicies,
        Self::SecurityGroups,
        Self::PrefixLists,
        Self::Routes,
        Self::Endpoints,
        Self::Users,
    ];

    /// The actions that read it.
    pub fn actions(self) -> &'static [&'static str] {
        match self {
            Self::Instances => &["rds:DescribeDBInstances"],
            Self::Clusters => &["rds:DescribeDBClusters"],
            Self::Snapshots => &["rds:DescribeDBSnapshots", "rds:DescribeDBClusterSnapshots"],
            Self::Sharing => &["rds:DescribeDBSnapshotAttributes", "rds:DescribeDBClusterSnapshotAttributes"],
            Self::Parameters => &["rds:DescribeDBParameters", "rds:DescribeDBClusterParameters"],
            Self::Keys => &["kms:DescribeKey"],
            Self::Rotation => &["kms:GetKeyRotationStatus"],
            Self::KeyPolicies => &["kms:GetKeyPolicy"],
            Self::Proxies => &["rds:DescribeDBProxies"],
            Self::Subscriptions => &["rds:DescribeEventSubscriptions"],
            Self::GlobalClusters => &["rds:DescribeGlobalClusters"],
            Self::SubnetGroups => &["rds:DescribeDBSubnetGroups", "rds:ListTagsForResource"],
            Self::Versions => &["rds:DescribeDBEngineVersions"],
            Self::MajorVersions => &["rds:DescribeDBMajorEngineVersions"],
            Self::Recommendations => &["rds:DescribeDBRecommendations"],
            Self::Maintenance => &["rds:DescribePendingMaintenanceActions"],
            Self::Exports => &["rds:DescribeExportTasks"],
            Self::Policies => &["iam:GetAccountAuthorizationDetails"],
            Self::Roles => &["iam:GetRole"],
            Self::Secrets => &["secretsmanager:DescribeSecret"],
            Self::SecretPolicies => &["secretsmanager:GetResourcePolicy"],
            Self::SecurityGroups => &["ec2:DescribeSecurityGroups"],
            Self::PrefixLists => &["ec2:GetManagedPrefixListEntries"],
            Self::Routes => &["ec2:DescribeRouteTables"],
            Self::Endpoints => &["ec2:DescribeVpcEndpoints"],
            Self::Users => &[],
        }
    }
}
