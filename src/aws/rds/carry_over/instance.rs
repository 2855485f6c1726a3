//! The settings of a DB instance.

use aws_sdk_rds::types::{DbInstance, PendingModifiedValues};

use crate::aws::rds::carry_over::{
    NONE, Row, any, except, is_provisioned, list, on, own_group, positive, roles, tag_keys, unless_off,
};

const OFF: &str = "Off without the argument.";
const RANDOM: &str = "RDS chooses one without the argument.";
const AS_BEFORE: &str = "As in the snapshot without the argument.";
const AFTERWARDS: &str = "The restore has no such argument. Set it once the restored DB instance is available.";

/// What a restore leaves out, in the order of its arguments; then what a modification or another call carries over.
pub(in crate::aws::rds) const INSTANCE: &[Row<DbInstance>] = &[
    Row::new(
        "multi_az",
        "RestoreDBInstanceFromDBSnapshot.MultiAZ",
        "Single-AZ without the argument. Not together with an Availability Zone.",
        |i| on(i.multi_az),
    ),
    Row::new("availability_zone", "RestoreDBInstanceFromDBSnapshot.AvailabilityZone", RANDOM, |i| {
        any(i.availability_zone().filter(|_| i.multi_az != Some(true)))
    }),
    Row::new("secondary_availability_zone", NONE, "RDS chooses the Availability Zone of the standby.", |i| {
        any(i.secondary_availability_zone())
    }),
    Row::new(
        "db_subnet_group_name",
        "RestoreDBInstanceFromDBSnapshot.DBSubnetGroupName",
        "The default subnet group, in the default VPC, without the argument.",
        |i| own_group(i.db_subnet_group().and_then(|group| group.db_subnet_group_name())),
    ),
    Row::new(
        "vpc_security_group_ids",
        "RestoreDBInstanceFromDBSnapshot.VpcSecurityGroupIds",
        "The VPC's default security group without the argument.",
        |i| list(i.vpc_security_groups().iter().filter_map(|group| group.vpc_security_group_id())),
    ),
    Row::new(
        "publicly_accessible",
        "RestoreDBInstanceFromDBSnapshot.PubliclyAccessible",
        "Depends on the subnet group without the argument.",
        |i| any(i.publicly_accessible.as_ref()),
    ),
    Row::new(
        "network_type",
        "RestoreDBInstanceFromDBSnapshot.NetworkType",
        "Depends on the subnet group without the argument.",
        |i| except(i.network_type(), "IPV4"),
    ),
    Row::new("customer_owned_ip_enabled", "RestoreDBInstanceFromDBSnapshot.EnableCustomerOwnedIp", OFF, |i| {
        on(i.customer_owned_ip_enabled)
    }),
    Row::new(
        "backup_target",
        "RestoreDBInstanceFromDBSnapshot.BackupTarget",
        "The region without the argument.",
        |i| except(i.backup_target(), "region"),
    ),
    Row::new(
        "db_parameter_group_name",
        "RestoreDBInstanceFromDBSnapshot.DBParameterGroupName",
        "The engine's default parameter group without the argument. The copy applies all values of the group, also those \
         that wait for a reboot of the original.",
        |i| own_group(i.db_parameter_groups().first().and_then(|group| group.db_parameter_group_name())),
    ),
    Row::new(
        "option_group_name",
        "RestoreDBInstanceFromDBSnapshot.OptionGroupName",
        "The default option group without the argument, unless the group has a permanent option.",
        |i| own_group(i.option_group_memberships().first().and_then(|group| group.option_group_name())),
    ),
    Row::new(
        "storage_type",
        "RestoreDBInstanceFromDBSnapshot.StorageType",
        "gp3 without the argument, or io1 if Iops is given. io1 and io2 need Iops as well.",
        |i| except(i.storage_type(), "gp3"),
    ),
    Row::new(
        "storage_throughput",
        "RestoreDBInstanceFromDBSnapshot.StorageThroughput",
        "Not documented whether it is kept without the argument.",
        |i| positive(i.storage_throughput).filter(|_| is_provisioned(i.storage_type(), i.allocated_storage)),
    ),
    Row::new("dedicated_log_volume", "RestoreDBInstanceFromDBSnapshot.DedicatedLogVolume", OFF, |i| {
        on(i.dedicated_log_volume)
    }),
    Row::new(
        "additional_storage_volumes",
        "RestoreDBInstanceFromDBSnapshot.AdditionalStorageVolumes",
        "As in the snapshot without the argument; to be given if they shall change.",
        |i| list(i.additional_storage_volumes().iter().filter_map(|volume| volume.volume_name())),
    ),
    Row::new(
        "iam_database_authentication_enabled",
        "RestoreDBInstanceFromDBSnapshot.EnableIAMDatabaseAuthentication",
        OFF,
        |i| on(i.iam_database_authentication_enabled),
    ),
    Row::new(
        "enabled_cloudwatch_logs_exports",
        "RestoreDBInstanceFromDBSnapshot.EnableCloudwatchLogsExports",
        "No logs are exported without the argument. Log groups have the identifier in their names.",
        |i| list(i.enabled_cloudwatch_logs_exports()),
    ),
    Row::new("deletion_protection", "RestoreDBInstanceFromDBSnapshot.DeletionProtection", OFF, |i| {
        on(i.deletion_protection)
    }),
    Row::new(
        "ca_certificate_identifier",
        "RestoreDBInstanceFromDBSnapshot.CACertificateIdentifier",
        "The default of the account in the region without the argument.",
        |i| any(i.ca_certificate_identifier()),
    ),
    Row::new(
        "auto_minor_version_upgrade",
        "RestoreDBInstanceFromDBSnapshot.AutoMinorVersionUpgrade",
        "Not documented without the argument.",
        |i| any(i.auto_minor_version_upgrade.as_ref()),
    ),
    Row::new("copy_tags_to_snapshot", "RestoreDBInstanceFromDBSnapshot.CopyTagsToSnapshot", OFF, |i| {
        on(i.copy_tags_to_snapshot)
    }),
    Row::new(
        "tags",
        "RestoreDBInstanceFromDBSnapshot.Tags",
        "Those that the original had at the time of the snapshot without the argument. With it, only those that are given.",
        |i| tag_keys(i.tag_list()),
    ),
    Row::new("preferred_backup_window", "RestoreDBInstanceFromDBSnapshot.PreferredBackupWindow", RANDOM, |i| {
        any(i.preferred_backup_window())
    }),
    Row::new(
        "processor_features",
        "RestoreDBInstanceFromDBSnapshot.ProcessorFeatures",
        "Those of the DB instance class without the argument.",
        |i| {
            let features = i.processor_features().iter();
            list(features.filter_map(|feature| Some(format!("{}={}", feature.name()?, feature.value()?))))
        },
    ),
    Row::new(
        "tde_credential_arn",
        "RestoreDBInstanceFromDBSnapshot.TdeCredentialArn",
        "Needs TdeCredentialPassword as well.",
        |i| any(i.tde_credential_arn()),
    ),
    Row::new(
        "domain",
        "RestoreDBInstanceFromDBSnapshot.Domain",
        "Not joined without the argument. Needs DomainIAMRoleName, or DomainFqdn, DomainOu, DomainAuthSecretArn and \
         DomainDnsIps for a self-managed Active Directory.",
        |i| {
            let domains = i.domain_memberships().iter();
            roles(domains.map(|domain| (domain.domain().or(domain.fqdn()), domain.iam_role_name())))
        },
    ),
    Row::new(
        "custom_iam_instance_profile",
        "RestoreDBInstanceFromDBSnapshot.CustomIamInstanceProfile",
        "Required for RDS Custom.",
        |i| any(i.custom_iam_instance_profile()),
    ),
    Row::new(
        "engine_lifecycle_support",
        "RestoreDBInstanceFromDBSnapshot.EngineLifecycleSupport",
        "Enrolled in RDS Extended Support, which is charged, without the argument.",
        |i| except(i.engine_lifecycle_support(), "open-source-rds-extended-support"),
    ),
    Row::new(
        "db_capacity_reservation_identifier",
        "RestoreDBInstanceFromDBSnapshot.DBCapacityReservationIdentifier",
        "No reservation is used without the argument.",
        |i| any(i.db_capacity_reservation_identifier()),
    ),
    Row::new("max_allocated_storage", "ModifyDBInstance.MaxAllocatedStorage", AFTERWARDS, |i| {
        positive(i.max_allocated_storage)
    }),
    Row::new("preferred_maintenance_window", "ModifyDBInstance.PreferredMaintenanceWindow", AFTERWARDS, |i| {
        any(i.preferred_maintenance_window())
    }),
    Row::new("monitoring_interval", "ModifyDBInstance.MonitoringInterval", AFTERWARDS, |i| {
        positive(i.monitoring_interval)
    }),
    Row::new("monitoring_role_arn", "ModifyDBInstance.MonitoringRoleArn", AFTERWARDS, |i| any(i.monitoring_role_arn())),
    Row::new("database_insights_mode", "ModifyDBInstance.DatabaseInsightsMode", AFTERWARDS, |i| {
        unless_off(i.database_insights_mode().map(|mode| mode.as_str()))
    }),
    Row::new("performance_insights_enabled", "ModifyDBInstance.EnablePerformanceInsights", AFTERWARDS, |i| {
        on(i.performance_insights_enabled)
    }),
    Row::new(
        "performance_insights_kms_key_id",
        "ModifyDBInstance.PerformanceInsightsKMSKeyId",
        "Set it together with EnablePerformanceInsights; it cannot be changed later.",
        |i| any(i.performance_insights_kms_key_id()),
    ),
    Row::new(
        "performance_insights_retention_period",
        "ModifyDBInstance.PerformanceInsightsRetentionPeriod",
        AFTERWARDS,
        |i| positive(i.performance_insights_retention_period),
    ),
    Row::new(
        "master_user_secret",
        "ModifyDBInstance.ManageMasterUserPassword",
        "The restored DB instance has the password of the snapshot. RDS creates a new secret with another ARN.",
        |i| any(i.master_user_secret().and_then(|secret| secret.secret_arn())),
    ),
    Row::new(
        "master_user_secret_kms_key_id",
        "ModifyDBInstance.MasterUserSecretKmsKeyId",
        "Set it together with ManageMasterUserPassword.",
        |i| any(i.master_user_secret().and_then(|secret| secret.kms_key_id())),
    ),
    Row::new("aws_backup_recovery_point_arn", "ModifyDBInstance.AwsBackupRecoveryPointArn", AFTERWARDS, |i| {
        any(i.aws_backup_recovery_point_arn())
    }),
    Row::new(
        "associated_roles",
        "AddRoleToDBInstance",
        "One call for each role, with FeatureName. Wait until the role is ACTIVE.",
        |i| roles(i.associated_roles().iter().map(|role| (role.role_arn(), role.feature_name()))),
    ),
    Row::new(
        "read_replicas",
        "CreateDBInstanceReadReplica",
        "One call for each replica, once the restored DB instance has a backup.",
        |i| {
            let replicas = i.read_replica_db_instance_identifiers().iter();
            list(replicas.chain(i.read_replica_db_cluster_identifiers()))
        },
    ),
    Row::new(
        "automated_backups_replications",
        "StartDBInstanceAutomatedBackupsReplication",
        "Sent to the other region, with a KMS key of that region.",
        |i| {
            let replications = i.db_instance_automated_backups_replications().iter();
            list(replications.filter_map(|one| one.db_instance_automated_backups_arn()))
        },
    ),
    Row::new("activity_stream_status", "StartActivityStream", "It gets a new Kinesis data stream.", |i| {
        unless_off(i.activity_stream_status().map(|status| status.as_str()))
    }),
    Row::new(
        "pending_modified_values",
        NONE,
        "Apply the pending modification before the snapshot, or to the restored DB instance.",
        |i| i.pending_modified_values().and_then(pending),
    ),
];

/// What a restore takes from the snapshot, and what can be given to it all the same.
pub(in crate::aws::rds) const KEPT: &[Row<DbInstance>] = &[
    Row::new("db_instance_class", "RestoreDBInstanceFromDBSnapshot.DBInstanceClass", AS_BEFORE, |i| {
        any(i.db_instance_class())
    }),
    Row::new("allocated_storage", "RestoreDBInstanceFromDBSnapshot.AllocatedStorage", AS_BEFORE, |i| {
        positive(i.allocated_storage)
    }),
    Row::new("iops", "RestoreDBInstanceFromDBSnapshot.Iops", "As in the snapshot. Decides the storage type.", |i| {
        positive(i.iops).filter(|_| is_provisioned(i.storage_type(), i.allocated_storage))
    }),
    Row::new("port", "RestoreDBInstanceFromDBSnapshot.Port", AS_BEFORE, |i| {
        any(i.endpoint().and_then(|endpoint| endpoint.port()).as_ref())
    }),
    Row::new("backup_retention_period", "RestoreDBInstanceFromDBSnapshot.BackupRetentionPeriod", AS_BEFORE, |i| {
        any(i.backup_retention_period.as_ref())
    }),
];

/// The names of pending modifications.
fn pending(values: &PendingModifiedValues) -> Option<String> {
    let named = [
        ("allocated_storage", values.allocated_storage.is_some()),
        ("backup_retention_period", values.backup_retention_period.is_some()),
        ("ca_certificate_identifier", values.ca_certificate_identifier.is_some()),
        ("db_instance_class", values.db_instance_class.is_some()),
        ("db_instance_identifier", values.db_instance_identifier.is_some()),
        ("db_subnet_group_name", values.db_subnet_group_name.is_some()),
        ("dedicated_log_volume", values.dedicated_log_volume.is_some()),
        ("engine_version", values.engine_version.is_some()),
        ("iam_database_authentication_enabled", values.iam_database_authentication_enabled.is_some()),
        ("iops", values.iops.is_some()),
        ("license_model", values.license_model.is_some()),
        ("master_user_password", values.master_user_password.is_some()),
        ("multi_az", values.multi_az.is_some()),
        ("port", values.port.is_some()),
        ("storage_throughput", values.storage_throughput.is_some()),
        ("storage_type", values.storage_type.is_some()),
    ];
    let others = *values != PendingModifiedValues::builder().build();
    list(named.into_iter().filter(|(_, is_there)| *is_there).map(|(name, _)| name))
        .or_else(|| others.then(|| "others".to_owned()))
}
