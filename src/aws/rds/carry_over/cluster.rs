//! The settings of an Aurora or Multi-AZ DB cluster.

use aws_sdk_rds::types::{ClusterPendingModifiedValues, DbCluster};

use crate::aws::rds::carry_over::{
    NONE, Row, any, except, is_provisioned, list, on, own_group, positive, roles, tag_keys, unless_off,
};

const OFF: &str = "Off without the argument.";
const RANDOM: &str = "RDS chooses one without the argument.";
const AFTERWARDS: &str = "The restore has no such argument. Set it once the restored DB cluster is available.";
const OF_MULTI_AZ: &str = "Required for a Multi-AZ DB cluster.";

/// Settings that a modification could carry over, but that are bound to what the copy does not have: shard groups, a
/// recovery point, a global database.
pub(super) const NOT_CARRIED: [&str; 3] =
    ["limitless_database", "aws_backup_recovery_point_arn", "global_write_forwarding"];

/// What a restore leaves out, in the order of its arguments; then what a modification or another call carries over.
pub(in crate::aws::rds) const CLUSTER: &[Row<DbCluster>] = &[
    Row::new(
        "engine_version",
        "RestoreDBClusterFromSnapshot.EngineVersion",
        "The region's default version of the engine without the argument.",
        |c| any(c.engine_version()),
    ),
    Row::new("engine_mode", "RestoreDBClusterFromSnapshot.EngineMode", "Provisioned without the argument.", |c| {
        except(c.engine_mode(), "provisioned")
    }),
    Row::new("availability_zones", "RestoreDBClusterFromSnapshot.AvailabilityZones", RANDOM, |c| {
        list(c.availability_zones().iter().filter(|_| !is_multi_az(c)))
    }),
    Row::new(
        "db_subnet_group_name",
        "RestoreDBClusterFromSnapshot.DBSubnetGroupName",
        "The default subnet group, in the default VPC, without the argument.",
        |c| own_group(c.db_subnet_group()),
    ),
    Row::new(
        "vpc_security_group_ids",
        "RestoreDBClusterFromSnapshot.VpcSecurityGroupIds",
        "The VPC's default security group without the argument.",
        |c| list(c.vpc_security_groups().iter().filter_map(|group| group.vpc_security_group_id())),
    ),
    Row::new(
        "publicly_accessible",
        "RestoreDBClusterFromSnapshot.PubliclyAccessible",
        "Multi-AZ DB clusters only. Depends on the subnet group without the argument.",
        |c| any(c.publicly_accessible.as_ref().filter(|_| is_multi_az(c))),
    ),
    Row::new(
        "network_type",
        "RestoreDBClusterFromSnapshot.NetworkType",
        "Depends on the subnet group without the argument.",
        |c| except(c.network_type(), "IPV4"),
    ),
    Row::new(
        "vpc_networking_enabled",
        "RestoreDBClusterFromSnapshot.EnableVPCNetworking",
        "On without the argument.",
        |c| c.vpc_networking_enabled.filter(|is_on| !is_on).map(|is_on| is_on.to_string()),
    ),
    Row::new("internet_access_gateway_enabled", "RestoreDBClusterFromSnapshot.EnableInternetAccessGateway", OFF, |c| {
        on(c.internet_access_gateway_enabled)
    }),
    Row::new(
        "db_cluster_parameter_group_name",
        "RestoreDBClusterFromSnapshot.DBClusterParameterGroupName",
        "The engine's default parameter group without the argument. The copy applies all values of the group, also those \
         that wait for a reboot of the original.",
        |c| own_group(c.db_cluster_parameter_group()),
    ),
    Row::new(
        "option_group_name",
        "RestoreDBClusterFromSnapshot.OptionGroupName",
        "The default option group without the argument.",
        |c| own_group(c.db_cluster_option_group_memberships().first().and_then(|g| g.db_cluster_option_group_name())),
    ),
    Row::new(
        "storage_type",
        "RestoreDBClusterFromSnapshot.StorageType",
        "Aurora Standard without the argument; a Multi-AZ DB cluster needs it.",
        |c| except(c.storage_type(), "aurora"),
    ),
    Row::new("db_cluster_instance_class", "RestoreDBClusterFromSnapshot.DBClusterInstanceClass", OF_MULTI_AZ, |c| {
        any(c.db_cluster_instance_class().filter(|_| is_multi_az(c)))
    }),
    Row::new("iops", "RestoreDBClusterFromSnapshot.Iops", "Needed with the storage types io1 and io2.", |c| {
        positive(c.iops).filter(|_| is_multi_az(c) && is_provisioned(c.storage_type(), c.allocated_storage))
    }),
    Row::new(
        "iam_database_authentication_enabled",
        "RestoreDBClusterFromSnapshot.EnableIAMDatabaseAuthentication",
        OFF,
        |c| on(c.iam_database_authentication_enabled),
    ),
    Row::new("backtrack_window", "RestoreDBClusterFromSnapshot.BacktrackWindow", "0 without the argument.", |c| {
        positive(c.backtrack_window)
    }),
    Row::new(
        "enabled_cloudwatch_logs_exports",
        "RestoreDBClusterFromSnapshot.EnableCloudwatchLogsExports",
        "No logs are exported without the argument. Log groups have the identifier in their names.",
        |c| list(c.enabled_cloudwatch_logs_exports()),
    ),
    Row::new(
        "scaling_configuration",
        "RestoreDBClusterFromSnapshot.ScalingConfiguration",
        "Defaults of Aurora Serverless v1 without the argument.",
        |c| {
            let scaling = c.scaling_configuration_info()?;
            Some(format!("{} to {} ACU", scaling.min_capacity?, scaling.max_capacity?))
        },
    ),
    Row::new(
        "serverless_v2_scaling_configuration",
        "RestoreDBClusterFromSnapshot.ServerlessV2ScalingConfiguration",
        "Required for members of the class db.serverless.",
        |c| {
            let scaling = c.serverless_v2_scaling_configuration()?;
            let capacity = format!("{} to {} ACU", scaling.min_capacity?, scaling.max_capacity?);
            let pause = scaling.seconds_until_auto_pause.map(|seconds| format!(", pause after {seconds} seconds"));
            Some(capacity + &pause.unwrap_or_default())
        },
    ),
    Row::new("deletion_protection", "RestoreDBClusterFromSnapshot.DeletionProtection", OFF, |c| {
        on(c.deletion_protection)
    }),
    Row::new("copy_tags_to_snapshot", "RestoreDBClusterFromSnapshot.CopyTagsToSnapshot", OFF, |c| {
        on(c.copy_tags_to_snapshot)
    }),
    Row::new("tags", "RestoreDBClusterFromSnapshot.Tags", "Not documented without the argument: give all.", |c| {
        tag_keys(c.tag_list())
    }),
    Row::new(
        "domain",
        "RestoreDBClusterFromSnapshot.Domain",
        "Not joined without the argument. Needs DomainIAMRoleName as well.",
        |c| roles(c.domain_memberships().iter().map(|domain| (domain.domain(), domain.iam_role_name()))),
    ),
    Row::new("preferred_backup_window", "RestoreDBClusterFromSnapshot.PreferredBackupWindow", RANDOM, |c| {
        any(c.preferred_backup_window())
    }),
    Row::new("monitoring_interval", "RestoreDBClusterFromSnapshot.MonitoringInterval", OFF, |c| {
        positive(c.monitoring_interval)
    }),
    Row::new(
        "monitoring_role_arn",
        "RestoreDBClusterFromSnapshot.MonitoringRoleArn",
        "Needed with MonitoringInterval.",
        |c| any(c.monitoring_role_arn()),
    ),
    Row::new("performance_insights_enabled", "RestoreDBClusterFromSnapshot.EnablePerformanceInsights", OFF, |c| {
        on(c.performance_insights_enabled)
    }),
    Row::new(
        "performance_insights_kms_key_id",
        "RestoreDBClusterFromSnapshot.PerformanceInsightsKMSKeyId",
        "The account's default key without the argument; it cannot be changed later.",
        |c| any(c.performance_insights_kms_key_id()),
    ),
    Row::new(
        "performance_insights_retention_period",
        "RestoreDBClusterFromSnapshot.PerformanceInsightsRetentionPeriod",
        "7 days without the argument.",
        |c| c.performance_insights_retention_period.filter(|days| *days > 7).map(|days| days.to_string()),
    ),
    Row::new(
        "engine_lifecycle_support",
        "RestoreDBClusterFromSnapshot.EngineLifecycleSupport",
        "Enrolled in RDS Extended Support, which is charged, without the argument.",
        |c| except(c.engine_lifecycle_support(), "open-source-rds-extended-support"),
    ),
    Row::new(
        "associated_roles",
        "RestoreDBClusterFromSnapshot.AssociatedRoles",
        "None without the argument. AddRoleToDBCluster afterwards does the same.",
        |c| roles(c.associated_roles().iter().map(|role| (role.role_arn(), role.feature_name()))),
    ),
    Row::new("preferred_maintenance_window", "ModifyDBCluster.PreferredMaintenanceWindow", AFTERWARDS, |c| {
        any(c.preferred_maintenance_window())
    }),
    Row::new("auto_minor_version_upgrade", "ModifyDBCluster.AutoMinorVersionUpgrade", AFTERWARDS, |c| {
        any(c.auto_minor_version_upgrade.as_ref().filter(|_| is_multi_az(c)))
    }),
    Row::new("database_insights_mode", "ModifyDBCluster.DatabaseInsightsMode", AFTERWARDS, |c| {
        unless_off(c.database_insights_mode().map(|mode| mode.as_str()))
    }),
    Row::new("http_endpoint_enabled", "EnableHttpEndpoint", "Off until the call.", |c| on(c.http_endpoint_enabled)),
    Row::new("global_write_forwarding", "ModifyDBCluster.EnableGlobalWriteForwarding", AFTERWARDS, |c| {
        on(c.global_write_forwarding_requested)
    }),
    Row::new("local_write_forwarding", "ModifyDBCluster.EnableLocalWriteForwarding", AFTERWARDS, |c| {
        unless_off(c.local_write_forwarding_status().map(|status| status.as_str()))
    }),
    Row::new(
        "limitless_database",
        "ModifyDBCluster.EnableLimitlessDatabase",
        "Shard groups are created with CreateDBShardGroup.",
        |c| unless_off(c.limitless_database().and_then(|it| it.status()).map(|status| status.as_str())),
    ),
    Row::new("ca_certificate_identifier", "ModifyDBCluster.CACertificateIdentifier", AFTERWARDS, |c| {
        any(c.certificate_details().and_then(|details| details.ca_identifier()))
    }),
    Row::new(
        "master_user_secret",
        "ModifyDBCluster.ManageMasterUserPassword",
        "The restored DB cluster has the password of the snapshot. RDS creates a new secret with another ARN.",
        |c| any(c.master_user_secret().and_then(|secret| secret.secret_arn())),
    ),
    Row::new(
        "master_user_secret_kms_key_id",
        "ModifyDBCluster.MasterUserSecretKmsKeyId",
        "Set it together with ManageMasterUserPassword.",
        |c| any(c.master_user_secret().and_then(|secret| secret.kms_key_id())),
    ),
    Row::new("aws_backup_recovery_point_arn", "ModifyDBCluster.AwsBackupRecoveryPointArn", AFTERWARDS, |c| {
        any(c.aws_backup_recovery_point_arn())
    }),
    Row::new(
        "custom_endpoints",
        "CreateDBClusterEndpoint",
        "One call for each endpoint, with its type and members.",
        |c| list(c.custom_endpoints()),
    ),
    Row::new(
        "global_cluster_identifier",
        "CreateGlobalCluster.SourceDBClusterIdentifier",
        "Remove the original from the global database first, with RemoveFromGlobalCluster.",
        |c| any(c.global_cluster_identifier()),
    ),
    Row::new(
        "read_replicas",
        "CreateDBCluster.ReplicationSourceIdentifier",
        "One call for each replica cluster, in its region, with a KMS key of that region.",
        |c| list(c.read_replica_identifiers()),
    ),
    Row::new("activity_stream_status", "StartActivityStream", "It gets a new Kinesis data stream.", |c| {
        unless_off(c.activity_stream_status().map(|status| status.as_str()))
    }),
    Row::new(
        "pending_modified_values",
        NONE,
        "Apply the pending modification before the snapshot, or to the restored DB cluster.",
        |c| c.pending_modified_values().and_then(pending),
    ),
];

/// Whether this is a Multi-AZ DB cluster, whose members RDS creates itself.
fn is_multi_az(cluster: &DbCluster) -> bool {
    cluster.engine().is_some_and(|engine| !engine.starts_with("aurora"))
}

/// The names of pending modifications.
fn pending(values: &ClusterPendingModifiedValues) -> Option<String> {
    let named = [
        ("allocated_storage", values.allocated_storage.is_some()),
        ("backup_retention_period", values.backup_retention_period.is_some()),
        ("certificate_details", values.certificate_details.is_some()),
        ("db_cluster_identifier", values.db_cluster_identifier.is_some()),
        ("engine_version", values.engine_version.is_some()),
        ("iam_database_authentication_enabled", values.iam_database_authentication_enabled.is_some()),
        ("iops", values.iops.is_some()),
        ("master_user_password", values.master_user_password.is_some()),
        ("storage_type", values.storage_type.is_some()),
    ];
    let others = *values != ClusterPendingModifiedValues::builder().build();
    list(named.into_iter().filter(|(_, is_there)| *is_there).map(|(name, _)| name))
        .or_else(|| others.then(|| "others".to_owned()))
}
