//! The settings of a DB cluster and its members as arguments of the requests that carry them over.
//!
//! The settings come as texts, as the tables give them: they are kept in a state, and the original may be gone by the time
//! they are needed.

use std::str::FromStr;

use aws_sdk_rds::operation::create_db_instance::builders::CreateDBInstanceFluentBuilder as Create;
use aws_sdk_rds::operation::modify_db_cluster::builders::ModifyDBClusterFluentBuilder as Modify;
use aws_sdk_rds::operation::restore_db_cluster_from_snapshot::builders::RestoreDBClusterFromSnapshotFluentBuilder as Restore;
use aws_sdk_rds::types::{
    DatabaseInsightsMode, DbClusterAssociatedRole, ScalingConfiguration, ServerlessV2ScalingConfiguration,
};

/// Adds a setting of a DB cluster to the request that restores it. Those that it does not carry leave it as it is.
pub(in crate::aws::rds) fn restore_argument(request: Restore, name: &str, value: &str) -> Restore {
    match name {
        "engine_version" => request.engine_version(value),
        "engine_mode" => request.engine_mode(value),
        "availability_zones" => request.set_availability_zones(Some(words(value))),
        "db_subnet_group_name" => request.db_subnet_group_name(value),
        "vpc_security_group_ids" => request.set_vpc_security_group_ids(Some(words(value))),
        "publicly_accessible" => request.set_publicly_accessible(parsed(value)),
        "network_type" => request.network_type(value),
        "vpc_networking_enabled" => request.set_enable_vpc_networking(parsed(value)),
        "internet_access_gateway_enabled" => request.set_enable_internet_access_gateway(parsed(value)),
        "db_cluster_parameter_group_name" => request.db_cluster_parameter_group_name(value),
        "option_group_name" => request.option_group_name(value),
        "storage_type" => request.storage_type(value),
        "db_cluster_instance_class" => request.db_cluster_instance_class(value),
        "iops" => request.set_iops(parsed(value)),
        "iam_database_authentication_enabled" => request.set_enable_iam_database_authentication(parsed(value)),
        "backtrack_window" => request.set_backtrack_window(parsed(value)),
        "enabled_cloudwatch_logs_exports" => request.set_enable_cloudwatch_logs_exports(Some(words(value))),
        "scaling_configuration" => request.set_scaling_configuration(scaling(value)),
        "serverless_v2_scaling_configuration" => request.set_serverless_v2_scaling_configuration(scaling_v2(value)),
        "deletion_protection" => request.set_deletion_protection(parsed(value)),
        "copy_tags_to_snapshot" => request.set_copy_tags_to_snapshot(parsed(value)),
        "domain" => pairs(value)
            .into_iter()
            .fold(request, |request, (domain, role)| request.domain(domain).set_domain_iam_role_name(role)),
        "preferred_backup_window" => request.preferred_backup_window(value),
        "monitoring_interval" => request.set_monitoring_interval(parsed(value)),
        "monitoring_role_arn" => request.monitoring_role_arn(value),
        "performance_insights_enabled" => request.set_enable_performance_insights(parsed(value)),
        "performance_insights_kms_key_id" => request.performance_insights_kms_key_id(value),
        "performance_insights_retention_period" => request.set_performance_insights_retention_period(parsed(value)),
        "engine_lifecycle_support" => request.engine_lifecycle_support(value),
        "associated_roles" => {
            let role = DbClusterAssociatedRole::builder;
            let role = |(arn, feature)| role().role_arn(arn).set_feature_name(feature).build().ok();
            request.set_associated_roles(Some(pairs(value).into_iter().filter_map(role).collect()))
        }
        "port" => request.set_port(parsed(value)),
        "backup_retention_period" => request.set_backup_retention_period(parsed(value)),
        _ => request,
    }
}

/// The same for the request that modifies it afterwards.
pub(in crate::aws::rds) fn modify_argument(request: Modify, name: &str, value: &str) -> Modify {
    match name {
        "preferred_maintenance_window" => request.preferred_maintenance_window(value),
        "auto_minor_version_upgrade" => request.set_auto_minor_version_upgrade(parsed(value)),
        "database_insights_mode" => request.database_insights_mode(DatabaseInsightsMode::from(value)),
        "performance_insights_enabled" => request.set_enable_performance_insights(parsed(value)),
        "performance_insights_kms_key_id" => request.performance_insights_kms_key_id(value),
        "performance_insights_retention_period" => request.set_performance_insights_retention_period(parsed(value)),
        "local_write_forwarding" => request.enable_local_write_forwarding(true),
        "ca_certificate_identifier" => request.ca_certificate_identifier(value),
        "master_user_secret" => request.manage_master_user_password(true),
        "master_user_secret_kms_key_id" => request.master_user_secret_kms_key_id(value),
        _ => request,
    }
}

/// The same for the request that creates a member of an Aurora cluster.
pub(in crate::aws::rds) fn member_argument(request: Create, name: &str, value: &str) -> Create {
    match name {
        "db_instance_class" => request.db_instance_class(value),
        "promotion_tier" => request.set_promotion_tier(parsed(value)),
        "availability_zone" => request.availability_zone(value),
        "db_parameter_group_name" => request.db_parameter_group_name(value),
        "publicly_accessible" => request.set_publicly_accessible(parsed(value)),
        "ca_certificate_identifier" => request.ca_certificate_identifier(value),
        "auto_minor_version_upgrade" => request.set_auto_minor_version_upgrade(parsed(value)),
        "preferred_maintenance_window" => request.preferred_maintenance_window(value),
        "monitoring_interval" => request.set_monitoring_interval(parsed(value)),
        "monitoring_role_arn" => request.monitoring_role_arn(value),
        "performance_insights_enabled" => request.set_enable_performance_insights(parsed(value)),
        "performance_insights_kms_key_id" => request.performance_insights_kms_key_id(value),
        "performance_insights_retention_period" => request.set_performance_insights_retention_period(parsed(value)),
        _ => request,
    }
}

/// The values of a list.
pub(super) fn words(value: &str) -> Vec<String> {
    value.split(", ").filter(|word| !word.is_empty()).map(str::to_owned).collect()
}

/// The values of a list, each with what is in parentheses behind it.
pub(super) fn pairs(value: &str) -> Vec<(String, Option<String>)> {
    let pair = |word: String| match word.strip_suffix(')').and_then(|word| word.split_once(" (")) {
        Some((one, other)) => (one.to_owned(), Some(other.to_owned())),
        None => (word, None),
    };
    words(value).into_iter().map(pair).collect()
}

pub(super) fn parsed<T: FromStr>(value: &str) -> Option<T> {
    value.parse().ok()
}

fn scaling(value: &str) -> Option<ScalingConfiguration> {
    let (min, max) = value.strip_suffix(" ACU")?.split_once(" to ")?;
    let scaling = ScalingConfiguration::builder().set_min_capacity(parsed(min)).set_max_capacity(parsed(max));
    Some(scaling.build())
}

fn scaling_v2(value: &str) -> Option<ServerlessV2ScalingConfiguration> {
    let (capacity, pause) = value.split_once(" ACU")?;
    let (min, max) = capacity.split_once(" to ")?;
    let seconds = pause.strip_prefix(", pause after ").and_then(|pause| pause.strip_suffix(" seconds"));
    let scaling =
        ServerlessV2ScalingConfiguration::builder().set_min_capacity(parsed(min)).set_max_capacity(parsed(max));
    Some(scaling.set_seconds_until_auto_pause(seconds.and_then(parsed)).build())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::aws::rds::carry_over::cluster::NOT_CARRIED;
    use crate::aws::rds::carry_over::{CLUSTER, MEMBER, Row};
    use crate::aws::testing::{Server, result};

    /// A value of each setting, where not any text will do.
    fn sample(name: &str) -> &'static str {
        match name {
            "scaling_configuration" => "2 to 8 ACU",
            "serverless_v2_scaling_configuration" => "0 to 4.5 ACU, pause after 300 seconds",
            name if name.contains("enabled") && !name.contains("logs") => "true",
            "publicly_accessible" | "deletion_protection" | "copy_tags_to_snapshot" | "auto_minor_version_upgrade" => {
                "true"
            }
            "iops" | "backtrack_window" | "monitoring_interval" | "performance_insights_retention_period" => "60",
            "promotion_tier" | "global_write_forwarding" => {
                if name == "promotion_tier" {
                    "3"
                } else {
                    "true"
                }
            }
            _ => "one (two)",
        }
    }

    fn arguments<T>(rows: &[Row<T>], operation: &str) -> Vec<(&'static str, &'static str)> {
        let prefix = format!("{operation}.");
        rows.iter().filter_map(|row| Some((row.name, row.carried_by.strip_prefix(&prefix)?))).collect()
    }

    #[tokio::test]
    async fn each_argument_of_the_tables_is_in_its_request() {
        let server = Server::start([result("RestoreDBClusterFromSnapshot", "")]).await;
        let clients = server.clients();
        let client = clients.rds(None).await.unwrap().0.clone();
        let mut checked = 0;
        let tables = [
            ("RestoreDBClusterFromSnapshot", arguments(CLUSTER, "RestoreDBClusterFromSnapshot")),
            ("ModifyDBCluster", arguments(CLUSTER, "ModifyDBCluster")),
            ("CreateDBInstance", arguments(MEMBER, "CreateDBInstance")),
        ];
        for (operation, arguments) in tables {
            for (name, argument) in
                arguments.into_iter().filter(|(name, _)| *name != "tags" && !NOT_CARRIED.contains(name))
            {
                let value = sample(name);
                match operation {
                    "RestoreDBClusterFromSnapshot" => {
                        _ = restore_argument(client.restore_db_cluster_from_snapshot(), name, value).send().await;
                    }
                    "ModifyDBCluster" => _ = modify_argument(client.modify_db_cluster(), name, value).send().await,
                    _ => _ = member_argument(client.create_db_instance(), name, value).send().await,
                }
                let seen = server.seen();
                let body = &seen.last().unwrap().body;
                let is_there = body.contains(&format!("&{argument}=")) || body.contains(&format!("&{argument}."));
                assert!(body.contains(&format!("Action={operation}")) && is_there, "{name}: {body}");
                checked += 1;
            }
        }
        assert!(checked > 45, "{checked}");
    }

    #[test]
    fn texts_are_read_as_they_are_written() {
        assert_eq!(
            pairs("arn:a (s3Import), arn:b"),
            [("arn:a".to_owned(), Some("s3Import".to_owned())), ("arn:b".to_owned(), None)]
        );
        let v2 = scaling_v2("0 to 4.5 ACU, pause after 300 seconds").unwrap();
        assert_eq!((v2.min_capacity, v2.max_capacity, v2.seconds_until_auto_pause), (Some(0.0), Some(4.5), Some(300)));
        assert_eq!(scaling_v2("0.5 to 2 ACU").unwrap().seconds_until_auto_pause, None);
        assert_eq!(scaling("2 to 8 ACU").unwrap().max_capacity, Some(8));
        assert_eq!((words("a, b"), words("")), (vec!["a".to_owned(), "b".to_owned()], vec![]));
    }
}
