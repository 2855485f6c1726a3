//! Which object is missing: that of the operation, or another one that the request names.

/// The codes with which an operation reports that its own object does not exist.
pub(super) fn absence(service: &str, operation: &str) -> &'static [&'static str] {
    match (service, operation) {
        ("iam", _) => &["NoSuchEntity"],
        ("kms", _) => &["NotFoundException"],
        ("secretsmanager", _) => &["ResourceNotFoundException"],
        // What the request names besides the task is missing.
        ("dms", "CreateReplicationTask" | "TestConnection") => &[],
        ("dms", _) => &["ResourceNotFoundFault"],
        ("rds", "CreateDBSnapshot" | "DeleteDBInstance") => INSTANCE,
        ("rds", "DescribeDBInstances" | "ModifyDBInstance" | "RebootDBInstance") => INSTANCE,
        ("rds", "CreateBlueGreenDeployment") => {
            &["DBInstanceNotFound", "DBInstanceNotFoundFault", "DBClusterNotFound", "DBClusterNotFoundFault"]
        }
        ("rds", operation) if operation.contains("BlueGreenDeployment") => &["BlueGreenDeploymentNotFoundFault"],
        ("rds", "DescribeDBClusters" | "ModifyDBCluster" | "RebootDBCluster" | "DeleteDBCluster") => {
            &["DBClusterNotFound", "DBClusterNotFoundFault"]
        }
        ("rds", "DescribeDBSnapshots" | "CopyDBSnapshot" | "DeleteDBSnapshot") => {
            &["DBSnapshotNotFound", "DBSnapshotNotFoundFault"]
        }
        ("rds", "DescribeDBClusterSnapshots" | "RestoreDBClusterFromSnapshot") => {
            &["DBClusterSnapshotNotFound", "DBClusterSnapshotNotFoundFault"]
        }
        ("rds", "DescribeDBClusterEndpoints" | "DeleteDBClusterEndpoint") => {
            &["DBClusterEndpointNotFoundFault", "DBClusterNotFoundFault"]
        }
        ("rds", "DescribeDBShardGroups") => &["DBShardGroupNotFound", "DBShardGroupNotFoundFault"],
        ("rds", "DescribeDBProxies") => &["DBProxyNotFoundFault"],
        ("rds", "DescribeDBProxyEndpoints") => &["DBProxyEndpointNotFoundFault", "DBProxyNotFoundFault"],
        ("rds", "ListTagsForResource" | "AddTagsToResource" | "RemoveTagsFromResource") => TAGGED,
        ("rds", operation) if operation.contains("ParameterGroup") || operation.ends_with("Parameters") => GROUP,
        _ => &[],
    }
}

/// A missing DB instance.
const INSTANCE: &[&str] = &["DBInstanceNotFound", "DBInstanceNotFoundFault"];

/// A missing parameter group, DB instance or DB cluster.
const GROUP: &[&str] = &[
    "DBParameterGroupNotFound",
    "DBParameterGroupNotFoundFault",
    "DBClusterParameterGroupNotFound",
    "DBClusterParameterGroupNotFoundFault",
];

/// A missing object of a tag operation.
const TAGGED: &[&str] = &[
    "DBParameterGroupNotFound",
    "DBParameterGroupNotFoundFault",
    "DBClusterParameterGroupNotFound",
    "DBClusterParameterGroupNotFoundFault",
    "DBInstanceNotFound",
    "DBInstanceNotFoundFault",
    "DBClusterNotFound",
    "DBClusterNotFoundFault",
    "DBSnapshotNotFound",
    "DBSnapshotNotFoundFault",
    "DBClusterEndpointNotFoundFault",
    "BlueGreenDeploymentNotFoundFault",
];

#[cfg(test)]
mod tests {
    use crate::aws::error::{Error, Kind};

    #[test]
    fn only_the_object_of_the_operation_is_absent() {
        for (service, operation, code, want) in [
            ("iam", "GetRole", "NoSuchEntity", true),
            ("dms", "DescribeReplicationTasks", "ResourceNotFoundFault", true),
            ("dms", "CreateReplicationTask", "ResourceNotFoundFault", false),
            ("kms", "DescribeKey", "NotFoundException", true),
            ("secretsmanager", "DescribeSecret", "ResourceNotFoundException", true),
            ("rds", "DescribeDBInstances", "DBInstanceNotFound", true),
            ("rds", "DescribeDBClusters", "DBClusterNotFoundFault", true),
            ("rds", "ModifyDBParameterGroup", "DBParameterGroupNotFound", true),
            ("rds", "DescribeDBClusterParameters", "DBParameterGroupNotFound", true),
            ("rds", "ListTagsForResource", "DBInstanceNotFound", true),
            ("rds", "CreateDBSnapshot", "DBInstanceNotFound", true),
            ("rds", "CopyDBSnapshot", "DBSnapshotNotFound", true),
            ("rds", "CreateBlueGreenDeployment", "DBClusterNotFoundFault", true),
            ("rds", "CreateBlueGreenDeployment", "DBParameterGroupNotFound", false),
            ("rds", "DeleteBlueGreenDeployment", "BlueGreenDeploymentNotFoundFault", true),
            ("rds", "DescribeDBProxyEndpoints", "DBProxyEndpointNotFoundFault", true),
            ("rds", "ModifyDBInstance", "DBSubnetGroupNotFoundFault", false),
            ("rds", "ModifyDBInstance", "DBParameterGroupNotFound", false),
            ("rds", "RestoreDBInstanceFromDBSnapshot", "DBSubnetGroupNotFoundFault", false),
            ("rds", "DescribeDBInstances", "CertificateNotFoundFault", false),
            ("kms", "DescribeKey", "CustomKeyStoreNotFoundException", false),
        ] {
            let code = Some(code.into());
            let error = Error { service, operation, code, ..Error::local(Kind::Service, "") };
            assert_eq!(error.is_not_found(), want, "{error}");
        }
    }
}
