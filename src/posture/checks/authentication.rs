//! Database authentication, and the master user.

use crate::aws::rds::inventory::Profile;
use crate::posture::check::{
    Answer, BASE, Check, Judge, Scope, Severity, Topic, failed, holds, passed, without_meaning,
};
use crate::posture::checks::words::{IAM, POSTGRES, exports, is_serverless_v1, means_on, numbers, serverless_v1};
use crate::posture::facts::Facts;
use crate::posture::sources::Source;

const ENCRYPTION: &str = "password_encryption";
const ACCEPTED: &str = "rds.accepted_password_auth_method";
const PLUGIN: &str = "default_authentication_plugin";
const POLICY: &str = "authentication_policy";
const REPLICATION: &str = "rds.iam_auth_for_replication";
const LOGICAL: &str = "rds.logical_replication";

/// The parameters that these checks read.
pub(crate) const PARAMETERS: &[&str] = &[ENCRYPTION, ACCEPTED, PLUGIN, POLICY, REPLICATION, LOGICAL];

const WITH_PARAMETERS: &[Source] = &[Source::Instances, Source::Clusters, Source::Parameters];

pub(crate) const CHECKS: &[Check] = &[
    Check {
        id: "instance_iam_authentication",
        controls: &["RDS.10"],
        also: &["CKV_AWS_161", "AWS-0176"],
        title: "IAM database authentication of the DB instance is enabled",
        severity: Severity::Medium,
        topic: Topic::Authentication,
        sources: &[Source::Instances],
        judge: Judge::Database(Scope::Standalone, &["postgres", "mysql", "mariadb"], |_, it| iam(it)),
        remediation: "Enable it, for example with rdsauth_iam_authentication.",
        ..BASE
    },
    Check {
        id: "cluster_iam_authentication",
        controls: &["RDS.12"],
        also: &["CKV_AWS_162"],
        title: "IAM database authentication of the DB cluster is enabled",
        severity: Severity::Medium,
        topic: Topic::Authentication,
        sources: &[Source::Clusters],
        judge: Judge::Database(Scope::Cluster, IAM, |_, database| match is_serverless_v1(database) {
            true => serverless_v1(),
            false => iam(database),
        }),
        remediation: "Enable it, for example with rdsauth_iam_authentication.",
        ..BASE
    },
    Check {
        id: "iam_authentication_errors_exported",
        title: "Failed logins with IAM database authentication are exported to CloudWatch Logs",
        severity: Severity::Low,
        topic: Topic::Authentication,
        sources: &[Source::Instances, Source::Clusters],
        judge: Judge::Database(Scope::Deciding, IAM, |_, database| match database.iam_enabled {
            true => exports(database, &["iam-db-auth-error"]),
            false => without_meaning("IAM database authentication is disabled."),
        }),
        remediation: "Add iam-db-auth-error to enabled_cloudwatch_logs_exports.",
        page: "https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/UsingWithRDS.IAMDBAuth.Troubleshooting.html",
        ..BASE
    },
    Check {
        id: "postgresql_scram_required",
        title: "Passwords of PostgreSQL are stored and accepted as SCRAM only",
        severity: Severity::Medium,
        topic: Topic::Authentication,
        sources: WITH_PARAMETERS,
        judge: Judge::Database(Scope::Deciding, POSTGRES, scram),
        remediation: "Set password_encryption to scram-sha-256 and rds.accepted_password_auth_method to scram.",
        page: "https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/PostgreSQL_Password_Encryption_configuration.html",
        ..BASE
    },
    Check {
        id: "mysql_native_password_not_default",
        title: "New users of MySQL do not get mysql_native_password",
        severity: Severity::Medium,
        topic: Topic::Authentication,
        sources: WITH_PARAMETERS,
        judge: Judge::Database(Scope::Deciding, &["mysql", "aurora-mysql"], native_password),
        remediation: "Set default_authentication_plugin (8.0) or authentication_policy (8.4) to caching_sha2_password.",
        page: "https://dev.mysql.com/doc/refman/8.4/en/native-pluggable-authentication.html",
        ..BASE
    },
    Check {
        id: "replication_iam_authentication",
        title: "Users of PostgreSQL need IAM database authentication for logical replication as well",
        severity: Severity::Informational,
        topic: Topic::Authentication,
        sources: WITH_PARAMETERS,
        judge: Judge::Database(Scope::Deciding, POSTGRES, replication),
        remediation: "Set rds.iam_auth_for_replication to 1, for example with rdsauth_replication_iam_auth.",
        page: "https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/UsingWithRDS.IAMDBAuth.html",
        ..BASE
    },
    Check {
        id: "proxy_iam_required",
        title: "Clients of the RDS Proxy must log in with IAM database authentication",
        severity: Severity::Medium,
        topic: Topic::Authentication,
        sources: &[Source::Proxies],
        judge: Judge::Proxy(|_, proxy| match proxy.requires_iam {
            true => passed("IAMAuth is REQUIRED, or DefaultAuthScheme IAM_AUTH."),
            false => failed("A client can log in with a password: IAMAuth is not REQUIRED for each secret."),
        }),
        remediation: "Set iam_auth of each auth block of aws_db_proxy to REQUIRED.",
        page: "https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/rds-proxy-setup.html",
        ..BASE
    },
    Check {
        id: "cluster_master_username",
        controls: &["RDS.24"],
        title: "The master user of the DB cluster has no default name",
        severity: Severity::Medium,
        topic: Topic::MasterUser,
        sources: &[Source::Clusters],
        judge: Judge::Database(Scope::Cluster, &[], |_, database| username(database)),
        remediation: "The name cannot be changed: set master_username when the cluster is created again.",
        ..BASE
    },
    Check {
        id: "instance_master_username",
        controls: &["RDS.25"],
        title: "The master user of the DB instance has no default name",
        severity: Severity::Medium,
        topic: Topic::MasterUser,
        sources: &[Source::Instances],
        judge: Judge::Database(Scope::Standalone, &[], |_, database| username(database)),
        remediation: "The name cannot be changed: set username when the instance is created again.",
        ..BASE
    },
    Check {
        id: "master_password_managed",
        title: "Secrets Manager manages the password of the master user",
        severity: Severity::Medium,
        topic: Topic::Passwords,
        sources: &[Source::Instances, Source::Clusters],
        judge: Judge::Database(Scope::Deciding, &[], master_secret),
        remediation: "Set manage_master_user_password.",
        page: "https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/rds-secrets-manager.html",
        ..BASE
    },
    Check {
        id: "master_secret_customer_managed_key",
        title: "The secret of the master user is encrypted with a customer managed key",
        severity: Severity::Low,
        topic: Topic::Passwords,
        sources: &[Source::Instances, Source::Clusters, Source::Keys],
        judge: Judge::Database(Scope::Deciding, &[], master_key),
        remediation: "Set master_user_secret_kms_key_id when Secrets Manager begins to manage the password.",
        page: "https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/rds-secrets-manager.html",
        ..BASE
    },
];

/// Enabled, and not about to be disabled.
fn iam(database: &Profile) -> Answer {
    match (database.iam_enabled, database.iam_pending) {
        (true, Some(false)) => failed("Disabling IAM database authentication is a pending modification."),
        (true, _) => passed("IAMDatabaseAuthenticationEnabled is true."),
        (false, Some(true)) => failed("Enabling IAM database authentication is a pending modification."),
        (false, _) => failed("IAMDatabaseAuthenticationEnabled is false."),
    }
}

fn scram(facts: &Facts, database: &Profile) -> Answer {
    let since = if numbers(&database.engine_version).0 >= 14 { "scram-sha-256" } else { "md5" };
    let stored = facts.parameter(database, ENCRYPTION)?.unwrap_or(since);
    let accepted = facts.parameter(database, ACCEPTED)?.unwrap_or("md5+scram");
    holds(
        stored == "scram-sha-256" && accepted == "scram",
        format!("{ENCRYPTION} is {stored}, {ACCEPTED} is {accepted}."),
    )
}

fn native_password(facts: &Facts, database: &Profile) -> Answer {
    let name = if numbers(&database.engine_version) >= (8, 4) { POLICY } else { PLUGIN };
    match facts.parameter(database, name)?.filter(|value| !value.is_empty()) {
        Some(value) => holds(!value.contains("mysql_native_password"), format!("{name} is {value}.")),
        None if name == POLICY => passed("MySQL has other defaults since version 8.4."),
        None => Err(format!("Neither the parameter group nor AWS tells {name}.")),
    }
}

fn replication(facts: &Facts, database: &Profile) -> Answer {
    let Some(value) = facts.parameter(database, REPLICATION)? else {
        return without_meaning(format!("This version has no {REPLICATION}."));
    };
    match facts.parameter(database, LOGICAL)? {
        Some(logical) if means_on(logical) => holds(means_on(value), format!("{REPLICATION} is {value}.")),
        _ => without_meaning("Logical replication is off."),
    }
}

fn username(database: &Profile) -> Answer {
    match database.master_username.as_str() {
        "" => Err("RDS does not tell the master user.".to_owned()),
        name => holds(!["admin", "postgres"].contains(&name), format!("MasterUsername is {name}.")),
    }
}

fn master_secret(_: &Facts, database: &Profile) -> Answer {
    if database.replica_of.is_some() {
        return without_meaning("A read replica has the users of its source.");
    }
    match &database.master_secret {
        None => failed("RDS manages no secret of the master user."),
        Some(secret) => {
            let evidence = format!("The status of {} is {}.", secret.arn, secret.status);
            holds(["active", "rotating"].contains(&secret.status.as_str()), evidence)
        }
    }
}

fn master_key(facts: &Facts, database: &Profile) -> Answer {
    let Some(secret) = &database.master_secret else {
        return without_meaning("RDS manages no secret of the master user.");
    };
    let Some(id) = &secret.key else {
        return failed(format!("{} has the AWS managed key of Secrets Manager.", secret.arn));
    };
    match facts.key(id)? {
        Some(key) if key.is_customer_managed => passed(format!("{} has the key {}.", secret.arn, key.arn)),
        Some(key) => failed(format!("{} has {}, which is an AWS managed key.", secret.arn, key.arn)),
        None => failed(format!("{} has the key {id}, which does not exist.", secret.arn)),
    }
}
