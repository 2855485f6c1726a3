//! Sentences and comparisons that several checks have in common.

use crate::aws::rds::inventory::Profile;
use crate::posture::check::{Answer, holds, without_meaning};

/// PostgreSQL, on instances and in clusters.
pub(crate) const POSTGRES: &[&str] = &["postgres", "aurora-postgresql"];

/// All engines that support IAM database authentication.
pub(crate) const IAM: &[&str] = &["postgres", "mysql", "mariadb", "aurora-postgresql", "aurora-mysql"];

/// A number in the description of a database, such as `BackupRetentionPeriod is 7.`
pub(crate) fn at_least(name: &str, value: i32, least: i32) -> Answer {
    holds(value >= least, format!("{name} is {value}."))
}

/// A switch in the description of a database.
pub(crate) fn is_on(name: &str, value: bool) -> Answer {
    holds(value, format!("{name} is {value}."))
}

/// Whether all of some logs are exported to CloudWatch Logs.
pub(crate) fn exports(database: &Profile, wanted: &[&str]) -> Answer {
    let missing: Vec<_> = wanted.iter().filter(|log| !database.logs.iter().any(|own| own == *log)).copied().collect();
    let own = if database.logs.is_empty() { "none".to_owned() } else { database.logs.join(", ") };
    match missing[..] {
        [] => holds(true, format!("EnabledCloudwatchLogsExports: {own}.")),
        _ => holds(false, format!("EnabledCloudwatchLogsExports: {own}. Missing: {}.", missing.join(", "))),
    }
}

/// The numbers of a version, such as 16 and 4.
pub(crate) fn numbers(version: &str) -> (u32, u32) {
    let mut parts = version.split('.').map(|part| part.parse().unwrap_or_default());
    (parts.next().unwrap_or_default(), parts.next().unwrap_or_default())
}

/// Aurora Serverless v1, of which AWS decides almost everything.
pub(crate) fn is_serverless_v1(database: &Profile) -> bool {
    database.engine_mode == "serverless"
}

/// Why a check has no meaning there.
pub(crate) fn serverless_v1() -> Answer {
    without_meaning("It does not exist in Aurora Serverless v1.")
}

/// Whether the text of a parameter means that it is on: DB parameter groups say 1, DB cluster parameter groups ON.
pub(crate) fn means_on(value: &str) -> bool {
    ["1", "on", "true"].contains(&value.to_ascii_lowercase().as_str())
}
