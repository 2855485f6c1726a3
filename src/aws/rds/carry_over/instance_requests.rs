//! The settings of a DB instance as arguments of the requests that carry them over, from texts as the tables give them.

use aws_sdk_rds::operation::modify_db_instance::builders::ModifyDBInstanceFluentBuilder as Modify;
use aws_sdk_rds::operation::restore_db_instance_from_db_snapshot::builders::RestoreDBInstanceFromDBSnapshotFluentBuilder as Restore;
use aws_sdk_rds::types::{DatabaseInsightsMode, ProcessorFeature};

use crate::aws::rds::carry_over::requests::{pairs, parsed, words};

/// Adds a setting of a DB instance to the request that restores it. Those that it does not carry leave it as it is.
pub(in crate::aws::rds) fn restore_argument(request: Restore, name: &str, value: &str) -> Restore {
    match name {
        "db_instance_class" => request.db_instance_class(value),
        "allocated_storage" => request.set_allocated_storage(parsed(value)),
        "iops" => request.set_iops(parsed(value)),
        "port" => request.set_port(parsed(value)),
        "backup_retention_period" => request.set_backup_retention_period(parsed(value)),
        "multi_az" => request.set_multi_az(parsed(value)),
        "availability_zone" => request.availability_zone(value),
        "db_subnet_group_name" => request.db_subnet_group_name(value),
        "vpc_security_group_ids" => request.set_vpc_security_group_ids(Some(words(value))),
        "publicly_accessible" => request.set_publicly_accessible(parsed(value)),
        "network_type" => request.network_type(value),
        "customer_owned_ip_enabled" => request.set_enable_customer_owned_ip(parsed(value)),
        "backup_target" => request.backup_target(value),
        "db_parameter_group_name" => request.db_parameter_group_name(value),
        "option_group_name" => request.option_group_name(value),
        "storage_type" => request.storage_type(value),
        "storage_throughput" => request.set_storage_throughput(parsed(value)),
        "dedicated_log_volume" => request.set_dedicated_log_volume(parsed(value)),
        "iam_database_authentication_enabled" => request.set_enable_iam_database_authentication(parsed(value)),
        "enabled_cloudwatch_logs_exports" => request.set_enable_cloudwatch_logs_exports(Some(words(value))),
        "deletion_protection" => request.set_deletion_protection(parsed(value)),
        "ca_certificate_identifier" => request.ca_certificate_identifier(value),
        "auto_minor_version_upgrade" => request.set_auto_minor_version_upgrade(parsed(value)),
        "copy_tags_to_snapshot" => request.set_copy_tags_to_snapshot(parsed(value)),
        "preferred_backup_window" => request.preferred_backup_window(value),
        "processor_features" => {
            words(value).iter().filter_map(|word| feature(word)).fold(request, Restore::processor_features)
        }
        // A self-managed directory needs more than RDS tells.
        "domain" => pairs(value)
            .into_iter()
            .filter(|(_, role)| role.is_some())
            .fold(request, |request, (domain, role)| request.domain(domain).set_domain_iam_role_name(role)),
        "engine_lifecycle_support" => request.engine_lifecycle_support(value),
        "db_capacity_reservation_identifier" => request.db_capacity_reservation_identifier(value),
        _ => request,
    }
}

/// The same for the request that modifies it afterwards.
pub(in crate::aws::rds) fn modify_argument(request: Modify, name: &str, value: &str) -> Modify {
    match name {
        "max_allocated_storage" => request.set_max_allocated_storage(parsed(value)),
        "preferred_maintenance_window" => request.preferred_maintenance_window(value),
        "monitoring_interval" => request.set_monitoring_interval(parsed(value)),
        "monitoring_role_arn" => request.monitoring_role_arn(value),
        "database_insights_mode" => request.database_insights_mode(DatabaseInsightsMode::from(value)),
        "performance_insights_enabled" => request.set_enable_performance_insights(parsed(value)),
        "performance_insights_kms_key_id" => request.performance_insights_kms_key_id(value),
        "performance_insights_retention_period" => request.set_performance_insights_retention_period(parsed(value)),
        "master_user_secret" => request.manage_master_user_password(true),
        "master_user_secret_kms_key_id" => request.master_user_secret_kms_key_id(value),
        _ => request,
    }
}

/// `NAME=VALUE`.
fn feature(word: &str) -> Option<ProcessorFeature> {
    let (name, value) = word.split_once('=')?;
    Some(ProcessorFeature::builder().name(name).value(value).build())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::aws::rds::carry_over::{INSTANCE, KEPT};
    use crate::aws::testing::{Server, result};

    /// A value of each setting, where not any text will do.
    fn sample(name: &str) -> &'static str {
        match name {
            "processor_features" => "coreCount=2, threadsPerCore=1",
            "auto_minor_version_upgrade" | "copy_tags_to_snapshot" | "dedicated_log_volume" | "deletion_protection" => {
                "true"
            }
            "multi_az" | "publicly_accessible" => "true",
            name if name.ends_with("_enabled") => "true",
            name if name.ends_with("storage") || name.ends_with("period") || name.ends_with("interval") => "60",
            "iops" | "port" | "storage_throughput" => "60",
            _ => "one (two)",
        }
    }

    /// Arguments that these requests do not take from the tables: tags are given apart, and the others are for engines that
    /// are not restored here, or belong to AWS Backup.
    const ELSEWHERE: [&str; 5] = [
        "tags",
        "additional_storage_volumes",
        "tde_credential_arn",
        "custom_iam_instance_profile",
        "aws_backup_recovery_point_arn",
    ];

    #[tokio::test]
    async fn each_argument_of_the_tables_is_in_its_request() {
        let server = Server::start([result("RestoreDBInstanceFromDBSnapshot", "")]).await;
        let clients = server.clients();
        let client = clients.rds(None).await.unwrap().0.clone();
        let mut checked = 0;
        for row in INSTANCE.iter().chain(KEPT).filter(|row| !ELSEWHERE.contains(&row.name)) {
            let Some((operation, argument)) = row.carried_by.split_once('.') else { continue };
            let value = sample(row.name);
            match operation {
                "ModifyDBInstance" => _ = modify_argument(client.modify_db_instance(), row.name, value).send().await,
                _ => {
                    let request = client.restore_db_instance_from_db_snapshot();
                    _ = restore_argument(request, row.name, value).send().await;
                }
            }
            let seen = server.seen();
            let body = &seen.last().unwrap().body;
            let is_there = body.contains(&format!("&{argument}=")) || body.contains(&format!("&{argument}."));
            assert!(body.contains(&format!("Action={operation}")) && is_there, "{}: {body}", row.name);
            checked += 1;
        }
        assert!(checked > 35, "{checked}");
    }
}
