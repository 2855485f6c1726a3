//! The settings of a member of an Aurora cluster, which a restore of the cluster does not create.

use aws_sdk_rds::types::DbInstance;

use crate::aws::rds::carry_over::{Row, any, on, own_group, positive, roles, tag_keys};

const CREATE: &str = "The members are created after the restore, one call for each.";
const OFF: &str = "Off without the argument.";
const RANDOM: &str = "RDS chooses one without the argument.";

/// What the creation of a member needs to be told. Exports of logs, Database Insights and the network type are those of the
/// cluster.
pub(in crate::aws::rds) const MEMBER: &[Row<DbInstance>] = &[
    Row::new("db_instance_class", "CreateDBInstance.DBInstanceClass", CREATE, |i| any(i.db_instance_class())),
    Row::new("promotion_tier", "CreateDBInstance.PromotionTier", "1 without the argument.", |i| {
        any(i.promotion_tier.as_ref().filter(|tier| **tier != 1))
    }),
    Row::new("availability_zone", "CreateDBInstance.AvailabilityZone", RANDOM, |i| any(i.availability_zone())),
    Row::new(
        "db_parameter_group_name",
        "CreateDBInstance.DBParameterGroupName",
        "The engine's default parameter group without the argument.",
        |i| own_group(i.db_parameter_groups().first().and_then(|group| group.db_parameter_group_name())),
    ),
    Row::new(
        "publicly_accessible",
        "CreateDBInstance.PubliclyAccessible",
        "Depends on the subnet group without the argument.",
        |i| any(i.publicly_accessible.as_ref()),
    ),
    Row::new(
        "ca_certificate_identifier",
        "CreateDBInstance.CACertificateIdentifier",
        "The default of the account in the region without the argument.",
        |i| any(i.ca_certificate_identifier()),
    ),
    Row::new(
        "auto_minor_version_upgrade",
        "CreateDBInstance.AutoMinorVersionUpgrade",
        "On without the argument.",
        |i| i.auto_minor_version_upgrade.filter(|is_on| !is_on).map(|is_on| is_on.to_string()),
    ),
    Row::new("preferred_maintenance_window", "CreateDBInstance.PreferredMaintenanceWindow", RANDOM, |i| {
        any(i.preferred_maintenance_window())
    }),
    Row::new("monitoring_interval", "CreateDBInstance.MonitoringInterval", OFF, |i| positive(i.monitoring_interval)),
    Row::new("monitoring_role_arn", "CreateDBInstance.MonitoringRoleArn", "Needed with MonitoringInterval.", |i| {
        any(i.monitoring_role_arn())
    }),
    Row::new("performance_insights_enabled", "CreateDBInstance.EnablePerformanceInsights", OFF, |i| {
        on(i.performance_insights_enabled)
    }),
    Row::new(
        "performance_insights_kms_key_id",
        "CreateDBInstance.PerformanceInsightsKMSKeyId",
        "The account's default key without the argument; it cannot be changed later.",
        |i| any(i.performance_insights_kms_key_id()),
    ),
    Row::new(
        "performance_insights_retention_period",
        "CreateDBInstance.PerformanceInsightsRetentionPeriod",
        "7 days without the argument.",
        |i| i.performance_insights_retention_period.filter(|days| *days > 7).map(|days| days.to_string()),
    ),
    Row::new("tags", "CreateDBInstance.Tags", "None without the argument.", |i| tag_keys(i.tag_list())),
    Row::new(
        "associated_roles",
        "AddRoleToDBInstance",
        "One call for each role, with FeatureName. Wait until the role is ACTIVE.",
        |i| roles(i.associated_roles().iter().map(|role| (role.role_arn(), role.feature_name()))),
    ),
];
