//! The users and replication slots in a database to which there is a connection.

use crate::aws::rds::inventory::Profile;
use crate::posture::check::{Answer, BASE, Check, Judge, Severity, Topic, failed, holds, passed, without_meaning};
use crate::posture::sources::Source;
use crate::sql::mysql;
use crate::sql::postgres::security::{Login, Security};

const LOGIN_PAGE: &str =
    "https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/UsingWithRDS.IAMDBAuth.DBAccounts.html";

const SOURCES: &[Source] = &[Source::Instances, Source::Clusters, Source::Users];

pub(crate) const CHECKS: &[Check] = &[
    Check {
        id: "database_users_use_iam",
        title: "All users of PostgreSQL but the master user log in with IAM database authentication",
        severity: Severity::Medium,
        topic: Topic::Authentication,
        sources: SOURCES,
        judge: Judge::Postgres(|database, contents| {
            let is_it = |login: &&Login| !login.has_iam && login.name != database.master_username;
            none_of(contents, is_it, "These users are not in rds_iam")
        }),
        remediation: "Grant rds_iam, for example with rdsauth_postgresql_iam_user.",
        page: LOGIN_PAGE,
        ..BASE
    },
    Check {
        id: "iam_users_not_superusers",
        title: "No user of PostgreSQL with IAM database authentication is in rds_superuser",
        severity: Severity::Medium,
        topic: Topic::MasterUser,
        sources: SOURCES,
        judge: Judge::Postgres(|_, contents| {
            none_of(
                contents,
                |login| login.has_iam && login.is_superuser,
                "These users are in rds_iam and rds_superuser",
            )
        }),
        remediation: "REVOKE rds_superuser FROM the user, and grant what it needs.",
        page: "https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/UsingWithRDS.MasterAccounts.html",
        ..BASE
    },
    Check {
        id: "replication_slots_active",
        title: "No inactive replication slot of PostgreSQL holds back the write-ahead log without a limit",
        severity: Severity::Medium,
        topic: Topic::Resilience,
        sources: SOURCES,
        judge: Judge::Postgres(slots),
        remediation: "SELECT pg_drop_replication_slot(…), or set max_slot_wal_keep_size.",
        page: "https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/PostgreSQL.Concepts.General.FeatureSupport.LogicalReplication.html",
        ..BASE
    },
    Check {
        id: "mysql_users_use_iam",
        title: "All users of MySQL and MariaDB but the master user log in with IAM database authentication",
        severity: Severity::Medium,
        topic: Topic::Authentication,
        sources: SOURCES,
        judge: Judge::Mysql(|database, contents| {
            let is_it = |login: &&mysql::security::Login| !login.has_iam && login.name != database.master_username;
            no_account(contents, is_it, "These have another plugin than AWSAuthenticationPlugin")
        }),
        remediation: "ALTER USER … IDENTIFIED WITH AWSAuthenticationPlugin AS 'RDS', for example with rdsauth_mysql_iam_user.",
        page: LOGIN_PAGE,
        ..BASE
    },
    Check {
        id: "mysql_native_password_unused",
        title: "No user of MySQL logs in with the plugin mysql_native_password, which hashes with SHA-1",
        severity: Severity::Medium,
        topic: Topic::Authentication,
        sources: SOURCES,
        judge: Judge::Mysql(|_, contents| match contents.is_mariadb {
            true => without_meaning("MariaDB has no caching_sha2_password."),
            false => no_account(
                contents,
                |login| ["mysql_native_password", "mysql_old_password"].contains(&login.plugin.as_str()),
                "These do",
            ),
        }),
        remediation: "ALTER USER … IDENTIFIED WITH caching_sha2_password, or WITH AWSAuthenticationPlugin AS 'RDS'.",
        page: "https://dev.mysql.com/doc/refman/8.0/en/native-pluggable-authentication.html",
        ..BASE
    },
    Check {
        id: "mysql_users_have_passwords",
        title: "No user of MySQL and MariaDB logs in without a password",
        severity: Severity::Critical,
        topic: Topic::Authentication,
        sources: SOURCES,
        judge: Judge::Mysql(|_, contents| no_account(contents, |login| login.lacks_password, "These have none")),
        remediation: "ALTER USER … IDENTIFIED WITH AWSAuthenticationPlugin AS 'RDS', or DROP USER.",
        page: "https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/CHAP_MySQL.CommonDBATasks.html",
        ..BASE
    },
    Check {
        id: "mysql_iam_users_not_administrators",
        title: "No user of MySQL and MariaDB with IAM database authentication has privileges of the master user",
        severity: Severity::Medium,
        topic: Topic::MasterUser,
        sources: SOURCES,
        judge: Judge::Mysql(|_, contents| {
            no_account(
                contents,
                |login| login.has_iam && login.is_administrator,
                "These have CREATE USER, SUPER or GRANT OPTION on *.*, or rds_superuser_role",
            )
        }),
        remediation: "REVOKE these privileges, and grant what the user needs.",
        page: "https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/UsingWithRDS.MasterAccounts.html",
        ..BASE
    },
];

/// Fails with the names of the accounts of a kind.
fn no_account(
    contents: &mysql::security::Security,
    is_it: impl Fn(&&mysql::security::Login) -> bool,
    what: &str,
) -> Answer {
    let found = contents.logins.iter().filter(is_it).map(|login| format!("'{}'@'{}'", login.name, login.host));
    let found: Vec<_> = found.collect();
    match found[..] {
        [] => passed(format!("None of {} accounts does.", contents.logins.len())),
        _ => failed(format!("{what}: {}.", found.join(", "))),
    }
}

/// Fails with the names of the users of a kind.
fn none_of(contents: &Security, is_it: impl Fn(&&Login) -> bool, what: &str) -> Answer {
    let found: Vec<_> = contents.logins.iter().filter(is_it).map(|login| login.name.as_str()).collect();
    match found[..] {
        [] => passed(format!("None of {} users is.", contents.logins.len())),
        _ => failed(format!("{what}: {}.", found.join(", "))),
    }
}

fn slots(_: &Profile, contents: &Security) -> Answer {
    let Security { inactive_slots: slots, slot_limit: limit, .. } = contents;
    match slots[..] {
        [] => passed("All replication slots are active."),
        _ => holds(limit != "-1", format!("Inactive: {}. max_slot_wal_keep_size is {limit}.", slots.join(", "))),
    }
}
