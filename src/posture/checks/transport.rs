//! Encryption in transit: what is applied, not only configured.

use jiff::SignedDuration;

use crate::aws::rds::inventory::Profile;
use crate::posture::check::{
    Answer, BASE, Check, Judge, Scope, Severity, Topic, failed, holds, passed, without_meaning,
};
use crate::posture::checks::words::{POSTGRES, is_on, means_on, numbers};
use crate::posture::facts::Facts;
use crate::posture::sources::Source;

const FORCE_SSL: &str = "rds.force_ssl";
const SECURE_TRANSPORT: &str = "require_secure_transport";
const MINIMUM: &str = "ssl_min_protocol_version";
const VERSIONS: &str = "tls_version";

/// The parameters that these checks read.
pub(crate) const PARAMETERS: &[&str] = &[FORCE_SSL, SECURE_TRANSPORT, MINIMUM, VERSIONS];

const OF_INSTANCE: &[Source] = &[Source::Instances, Source::Parameters];

pub(crate) const CHECKS: &[Check] = &[
    Check {
        id: "postgresql_tls_required",
        controls: &["RDS.38"],
        also: &["CKV2_AWS_69"],
        title: "The DB instance of PostgreSQL requires TLS",
        severity: Severity::Medium,
        topic: Topic::DataProtection,
        sources: OF_INSTANCE,
        judge: Judge::Database(Scope::Standalone, &["postgres"], tls_required),
        remediation: "Set the parameter rds.force_ssl to 1, for example with rdsauth_parameter.",
        ..BASE
    },
    Check {
        id: "mysql_tls_required",
        controls: &["RDS.39"],
        also: &["CKV2_AWS_69"],
        title: "The DB instance of MySQL requires TLS",
        severity: Severity::Medium,
        topic: Topic::DataProtection,
        sources: OF_INSTANCE,
        judge: Judge::Database(Scope::Standalone, &["mysql"], tls_required),
        remediation: "Set the parameter require_secure_transport to 1, for example with rdsauth_parameter.",
        ..BASE
    },
    Check {
        id: "sqlserver_tls_required",
        controls: &["RDS.41"],
        also: &["CKV2_AWS_69"],
        title: "The DB instance of SQL Server requires TLS",
        severity: Severity::Medium,
        topic: Topic::DataProtection,
        sources: OF_INSTANCE,
        judge: Judge::Database(Scope::Standalone, &["sqlserver-"], tls_required),
        remediation: "Set the parameter rds.force_ssl to 1 and reboot the DB instance.",
        ..BASE
    },
    Check {
        id: "mariadb_tls_required",
        controls: &["RDS.44"],
        also: &["CKV2_AWS_69"],
        title: "The DB instance of MariaDB requires TLS",
        severity: Severity::Medium,
        topic: Topic::DataProtection,
        sources: OF_INSTANCE,
        judge: Judge::Database(Scope::Standalone, &["mariadb"], |facts, database| {
            match numbers(&database.engine_version) < (10, 5) {
                true => without_meaning("MariaDB has the parameter since version 10.5."),
                false => tls_required(facts, database),
            }
        }),
        remediation: "Set the parameter require_secure_transport to 1, for example with rdsauth_parameter.",
        ..BASE
    },
    Check {
        id: "cluster_tls_required",
        title: "The DB cluster requires TLS",
        severity: Severity::Medium,
        topic: Topic::DataProtection,
        sources: &[Source::Clusters, Source::Parameters],
        judge: Judge::Database(
            Scope::Cluster,
            &["postgres", "aurora-postgresql", "mysql", "aurora-mysql"],
            tls_required,
        ),
        remediation: "Set rds.force_ssl to 1 (PostgreSQL) or require_secure_transport to ON (MySQL) in the DB cluster \
                      parameter group.",
        page: "https://docs.aws.amazon.com/AmazonRDS/latest/AuroraUserGuide/UsingWithRDS.SSL.html",
        ..BASE
    },
    Check {
        id: "proxy_tls_required",
        controls: &["RDS.43"],
        title: "The RDS Proxy requires TLS",
        severity: Severity::Medium,
        topic: Topic::DataProtection,
        sources: &[Source::Proxies],
        judge: Judge::Proxy(|_, proxy| is_on("RequireTLS", proxy.requires_tls)),
        remediation: "Set require_tls of aws_db_proxy.",
        ..BASE
    },
    Check {
        id: "minimum_tls_version",
        title: "TLS 1.0 and 1.1 are refused",
        severity: Severity::Medium,
        topic: Topic::DataProtection,
        sources: &[Source::Instances, Source::Clusters, Source::Parameters],
        judge: Judge::Database(
            Scope::Deciding,
            &["postgres", "aurora-postgresql", "mysql", "aurora-mysql", "mariadb"],
            minimum_version,
        ),
        remediation: "Set ssl_min_protocol_version to TLSv1.2 (PostgreSQL) or tls_version to TLSv1.2,TLSv1.3 (MySQL).",
        page: "https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/UsingWithRDS.SSL.html",
        ..BASE
    },
    Check {
        id: "certificate_valid",
        also: &["CKV_AWS_211"],
        title: "The certificate of the database is valid for 90 more days",
        severity: Severity::High,
        topic: Topic::DataProtection,
        sources: &[Source::Instances],
        judge: Judge::Database(Scope::Instance, &[], certificate),
        remediation: "Set ca_cert_identifier to rds-ca-rsa2048-g1 or another authority of today.",
        page: "https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/UsingWithRDS.SSL-certificate-rotation.html",
        ..BASE
    },
];

/// Whether the server refuses connections without TLS now: the value, and that it has been applied.
fn tls_required(facts: &Facts, database: &Profile) -> Answer {
    let name = if is_forced(database) { FORCE_SSL } else { SECURE_TRANSPORT };
    let group = database.groups.first();
    let value = match facts.parameter(database, name)? {
        Some(value) => value,
        None => default(database).ok_or_else(|| format!("Neither the parameter group nor AWS tells {name}."))?,
    };
    let evidence = format!("{name} is {value} in \"{}\".", group.map(|group| group.name.as_str()).unwrap_or_default());
    if !means_on(value) {
        return failed(evidence);
    }
    match group.map(|group| &group.statuses[..]).unwrap_or_default() {
        [] => passed(evidence),
        statuses => failed(format!("{evidence} It may not be applied: {}.", statuses.join(", "))),
    }
}

fn is_forced(database: &Profile) -> bool {
    POSTGRES.contains(&database.engine.as_str()) || database.engine.starts_with("sqlserver-")
}

/// What applies if nobody sets it, as far as it is documented.
fn default(database: &Profile) -> Option<&'static str> {
    let (major, minor) = numbers(&database.engine_version);
    match database.engine.as_str() {
        "postgres" => Some(if major >= 15 { "1" } else { "0" }),
        "aurora-postgresql" => Some(if major >= 17 { "1" } else { "0" }),
        "mysql" if (major, minor) <= (8, 0) => Some("0"),
        "aurora-mysql" => Some("OFF"),
        "mariadb" if (major, minor) < (11, 8) => Some("0"),
        engine if engine.starts_with("sqlserver-") => Some("0"),
        _ => None,
    }
}

fn minimum_version(facts: &Facts, database: &Profile) -> Answer {
    let is_postgres = POSTGRES.contains(&database.engine.as_str());
    let name = if is_postgres { MINIMUM } else { VERSIONS };
    let old = |version: &str| ["tlsv1", "tlsv1.0", "tlsv1.1"].contains(&version.trim().to_ascii_lowercase().as_str());
    match facts.parameter(database, name)?.filter(|value| !value.is_empty()) {
        Some(value) => holds(!value.split(',').any(old), format!("{name} is {value}.")),
        // The default of PostgreSQL since version 12.
        None if is_postgres && numbers(&database.engine_version).0 >= 12 => passed(format!("{name} is TLSv1.2.")),
        None if database.engine == "mysql" && numbers(&database.engine_version) > (8, 0) => {
            passed("MySQL has no older versions of TLS since version 8.0.28.")
        }
        None => Err(format!("Neither the parameter group nor AWS tells {name}.")),
    }
}

fn certificate(facts: &Facts, database: &Profile) -> Answer {
    let authority = database.authority.as_deref().unwrap_or("unknown");
    if authority == "rds-ca-2019" {
        return failed("The certificate authority is rds-ca-2019, which has expired.");
    }
    let Some(ends) = database.certificate_ends else {
        return Err("RDS does not tell when the certificate ends.".to_owned());
    };
    let evidence = format!("The certificate of {authority} ends on {}.", day(ends));
    holds(ends.duration_since(facts.now) >= SignedDuration::from_hours(90 * 24), evidence)
}

/// The day of a time, in UTC.
fn day(time: jiff::Timestamp) -> String {
    time.to_string().chars().take(10).collect()
}
