//! Logs, monitoring and notifications.

use crate::aws::rds::inventory::Profile;
use crate::posture::check::{
    Answer, BASE, Check, Judge, Scope, Severity, Topic, failed, holds, passed, without_meaning,
};
use crate::posture::checks::words::{POSTGRES, exports, is_on, is_serverless_v1, means_on, serverless_v1};
use crate::posture::facts::Facts;
use crate::posture::sources::Source;

const AUDIT: &str = "server_audit_logging";
const LIBRARIES: &str = "shared_preload_libraries";
const CONNECTIONS: &str = "log_connections";
const STATEMENT: &str = "log_statement";

/// The parameters that these checks read.
pub(crate) const PARAMETERS: &[&str] = &[AUDIT, LIBRARIES, CONNECTIONS, STATEMENT];

const REMEDY: &str = "Set enabled_cloudwatch_logs_exports.";
const SUBSCRIBE: &str = "Add an aws_db_event_subscription for all of its type.";

pub(crate) const CHECKS: &[Check] = &[
    Check {
        id: "enhanced_monitoring",
        controls: &["RDS.6"],
        also: &["CKV_AWS_118"],
        title: "Enhanced Monitoring of the DB instance is on",
        severity: Severity::Low,
        topic: Topic::Logging,
        sources: &[Source::Instances],
        judge: Judge::Database(Scope::Instance, &[], |_, database| {
            let has_role = database.monitoring_role.is_some();
            let evidence = format!("MonitoringInterval is {}.", database.monitoring_interval);
            holds(database.monitoring_interval > 0 && has_role, evidence)
        }),
        remediation: "Set monitoring_interval and monitoring_role_arn.",
        ..BASE
    },
    Check {
        id: "instance_logs_exported",
        controls: &["RDS.9"],
        also: &["CKV_AWS_129"],
        title: "The logs of the DB instance are exported to CloudWatch Logs",
        severity: Severity::Medium,
        topic: Topic::Logging,
        sources: &[Source::Instances],
        judge: Judge::Database(Scope::Standalone, &[], instance_logs),
        remediation: REMEDY,
        ..BASE
    },
    Check {
        id: "postgresql_logs_exported",
        controls: &["RDS.36"],
        title: "The logs of the DB instance of PostgreSQL are exported to CloudWatch Logs",
        severity: Severity::Medium,
        topic: Topic::Logging,
        sources: &[Source::Instances],
        judge: Judge::Database(Scope::Standalone, &["postgres"], |_, it| exports(it, &["postgresql"])),
        remediation: REMEDY,
        ..BASE
    },
    Check {
        id: "aurora_postgresql_logs_exported",
        controls: &["RDS.37"],
        also: &["CKV_AWS_324"],
        title: "The logs of the DB cluster of Aurora PostgreSQL are exported to CloudWatch Logs",
        severity: Severity::Medium,
        topic: Topic::Logging,
        sources: &[Source::Clusters],
        judge: Judge::Database(Scope::Cluster, &["aurora-postgresql"], |_, it| exports(it, &["postgresql"])),
        remediation: REMEDY,
        ..BASE
    },
    Check {
        id: "aurora_mysql_audit_exported",
        controls: &["RDS.34"],
        also: &["CKV_AWS_325"],
        title: "The audit log of the DB cluster of Aurora MySQL is exported to CloudWatch Logs",
        severity: Severity::Medium,
        topic: Topic::Logging,
        sources: &[Source::Clusters],
        judge: Judge::Database(Scope::Cluster, &["aurora-mysql"], |_, it| exports(it, &["audit"])),
        remediation: REMEDY,
        ..BASE
    },
    Check {
        id: "aurora_mysql_audit_logging",
        controls: &["RDS.45"],
        title: "The DB cluster of Aurora MySQL writes an audit log",
        severity: Severity::Medium,
        topic: Topic::Logging,
        sources: &[Source::Clusters, Source::Parameters],
        judge: Judge::Database(Scope::Cluster, &["aurora-mysql"], |facts, database| {
            let value = facts.parameter(database, AUDIT)?.unwrap_or("0");
            holds(means_on(value), format!("{AUDIT} is {value}."))
        }),
        remediation: "Set the parameter server_audit_logging to 1, for example with rdsauth_parameter.",
        ..BASE
    },
    Check {
        id: "sqlserver_logs_exported",
        controls: &["RDS.40"],
        title: "The logs of the DB instance of SQL Server are exported to CloudWatch Logs",
        severity: Severity::Medium,
        topic: Topic::Logging,
        sources: &[Source::Instances],
        judge: Judge::Database(Scope::Standalone, &["sqlserver-"], |_, it| exports(it, &["agent", "error"])),
        remediation: REMEDY,
        ..BASE
    },
    Check {
        id: "mariadb_logs_exported",
        controls: &["RDS.42"],
        title: "The logs of the DB instance of MariaDB are exported to CloudWatch Logs",
        severity: Severity::Medium,
        topic: Topic::Logging,
        sources: &[Source::Instances],
        judge: Judge::Database(Scope::Standalone, &["mariadb"], |_, database| {
            exports(database, &["audit", "error", "general", "slowquery"])
        }),
        remediation: REMEDY,
        ..BASE
    },
    Check {
        id: "performance_insights",
        also: &["CKV_AWS_353", "AWS-0133"],
        title: "Performance Insights is on",
        severity: Severity::Low,
        topic: Topic::Logging,
        sources: &[Source::Instances],
        judge: Judge::Database(Scope::Instance, &[], |_, database| {
            is_on("PerformanceInsightsEnabled", database.has_insights)
        }),
        remediation: "Set performance_insights_enabled, or database_insights_mode.",
        page: "https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/USER_PerfInsights.html",
        ..BASE
    },
    Check {
        id: "activity_stream",
        title: "A database activity stream is on, and its policy is locked",
        severity: Severity::Informational,
        topic: Topic::Logging,
        sources: &[Source::Instances, Source::Clusters],
        judge: Judge::Database(
            Scope::Deciding,
            &["aurora-mysql", "aurora-postgresql", "oracle-", "sqlserver-"],
            activity_stream,
        ),
        remediation: "Add an aws_rds_cluster_activity_stream.",
        page: "https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/DBActivityStreams.html",
        ..BASE
    },
    Check {
        id: "postgresql_audit",
        also: &["CKV2_AWS_30"],
        title: "PostgreSQL logs connections, changes of the schema, and audits with pgaudit",
        severity: Severity::Low,
        topic: Topic::Logging,
        sources: &[Source::Instances, Source::Clusters, Source::Parameters],
        judge: Judge::Database(Scope::Deciding, POSTGRES, pgaudit),
        remediation: "Add pgaudit to shared_preload_libraries, set log_connections to 1 and log_statement to ddl.",
        page: "https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/Appendix.PostgreSQL.CommonDBATasks.pgaudit.html",
        ..BASE
    },
    Check {
        id: "cluster_events_notified",
        controls: &["RDS.19"],
        title: "There is an event subscription for critical events of DB clusters",
        topic: Topic::Logging,
        sources: &[Source::Subscriptions],
        judge: Judge::Region(|facts| subscribed(facts, "db-cluster", &["maintenance", "failure"])),
        remediation: SUBSCRIBE,
        ..BASE
    },
    Check {
        id: "instance_events_notified",
        controls: &["RDS.20"],
        title: "There is an event subscription for critical events of DB instances",
        topic: Topic::Logging,
        sources: &[Source::Subscriptions],
        judge: Judge::Region(|facts| {
            subscribed(facts, "db-instance", &["maintenance", "configuration change", "failure"])
        }),
        remediation: SUBSCRIBE,
        ..BASE
    },
    Check {
        id: "parameter_group_events_notified",
        controls: &["RDS.21"],
        title: "There is an event subscription for events of DB parameter groups",
        topic: Topic::Logging,
        sources: &[Source::Subscriptions],
        judge: Judge::Region(|facts| subscribed(facts, "db-parameter-group", &["configuration change"])),
        remediation: SUBSCRIBE,
        ..BASE
    },
    Check {
        id: "security_group_events_notified",
        controls: &["RDS.22"],
        title: "There is an event subscription for events of DB security groups",
        topic: Topic::Logging,
        sources: &[Source::Subscriptions],
        judge: Judge::Region(|facts| subscribed(facts, "db-security-group", &["configuration change", "failure"])),
        remediation: SUBSCRIBE,
        ..BASE
    },
];

/// Engines with a control of their own are judged by that alone, so that one setting is not two findings.
fn instance_logs(_: &Facts, database: &Profile) -> Answer {
    let own = |control: &str| without_meaning(format!("{control} judges it."));
    match database.engine.as_str() {
        "postgres" => own("RDS.36"),
        "mariadb" => own("RDS.42"),
        engine if engine.starts_with("sqlserver-") => own("RDS.40"),
        "mysql" => exports(database, &["audit", "error", "general", "slowquery"]),
        engine if engine.starts_with("oracle-") => exports(database, &["alert", "audit", "trace", "listener"]),
        engine if engine.starts_with("db2-") => exports(database, &["diag.log", "notify.log"]),
        engine => without_meaning(format!("RDS exports no logs of {engine}.")),
    }
}

fn activity_stream(_: &Facts, database: &Profile) -> Answer {
    if is_serverless_v1(database) {
        return serverless_v1();
    }
    let Some(stream) = &database.stream else { return failed("There is none.") };
    let locked = stream.policy_status.as_deref().is_none_or(|status| status == "locked");
    let policy = stream.policy_status.as_deref().map(|status| format!(", its policy is {status}")).unwrap_or_default();
    holds(stream.status == "started" && locked, format!("ActivityStreamStatus is {}{policy}.", stream.status))
}

fn pgaudit(facts: &Facts, database: &Profile) -> Answer {
    let libraries = facts.parameter(database, LIBRARIES)?.unwrap_or_default();
    let connections = facts.parameter(database, CONNECTIONS)?.unwrap_or("0");
    let statement = facts.parameter(database, STATEMENT)?.unwrap_or("none");
    let has_it = libraries.split(',').any(|library| library.trim() == "pgaudit");
    let logs = !["0", "off", ""].contains(&connections) && ["ddl", "mod", "all"].contains(&statement);
    let evidence =
        format!("{LIBRARIES} is \"{libraries}\", {CONNECTIONS} is {connections}, {STATEMENT} is {statement}.");
    holds(has_it && logs, evidence)
}

/// A subscription that is enabled, for all of a type, with all of these categories.
fn subscribed(facts: &Facts, kind: &str, categories: &[&str]) -> Answer {
    let all = facts.subscriptions.as_ref().map_err(Clone::clone)?;
    let fits = all.iter().find(|one| {
        let has = |category: &&str| one.categories.is_empty() || one.categories.iter().any(|own| own == category);
        let is_of_kind = one.source_type.as_deref().is_none_or(|own| own == kind);
        one.is_enabled && is_of_kind && one.sources.is_empty() && categories.iter().all(has)
    });
    match fits {
        Some(one) => passed(format!("\"{}\" is.", one.name)),
        None => failed(format!(
            "None of {} subscriptions is enabled for all of type {kind} with the categories {}.",
            all.len(),
            categories.join(", ")
        )),
    }
}
