//! What a check is.

use std::fmt;

use crate::aws::rds::Kind;
use crate::aws::rds::inventory::{Gateway, GlobalCluster, Profile, SavedState, SubnetGroup};
use crate::aws::secrets::Upkeep;
use crate::posture::facts::{Facts, Seen};
use crate::posture::sources::Source;
use crate::sql::{mysql, postgres};

/// A check of the security posture.
#[derive(Clone, Copy, Debug)]
pub struct Check {
    /// The name, which does not change.
    pub id: &'static str,
    /// The controls of AWS Security Hub that it evaluates.
    pub controls: &'static [&'static str],
    /// What it is called elsewhere: CIS AWS Foundations Benchmark 5.0, Checkov, Trivy.
    pub also: &'static [&'static str],
    /// What holds if it passes.
    pub title: &'static str,
    /// How bad it is if it fails.
    pub severity: Severity,
    /// What it belongs to.
    pub topic: Topic,
    /// What it is read from.
    pub sources: &'static [Source],
    /// What it is about, and how it is decided.
    pub judge: Judge,
    /// What to do if it fails: an argument of `hashicorp/aws` or of this provider, or a command.
    pub remediation: &'static str,
    /// The page that says why; that of the control if there is one.
    pub page: &'static str,
}

/// How bad it is if a check fails.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    /// Good to know.
    Informational,
    /// Low.
    Low,
    /// Medium.
    Medium,
    /// High.
    High,
    /// Critical.
    Critical,
}

/// The topics of the security of Amazon RDS and Aurora, as AWS's guides divide it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Topic {
    /// Database authentication.
    Authentication,
    /// Password management with Secrets Manager.
    Passwords,
    /// Data protection.
    DataProtection,
    /// Identity and access management.
    Identity,
    /// Logging and monitoring.
    Logging,
    /// Compliance validation.
    Compliance,
    /// Resilience.
    Resilience,
    /// Infrastructure security.
    Infrastructure,
    /// APIs of the database service.
    Api,
    /// Best practices.
    BestPractices,
    /// Privileges of the master user.
    MasterUser,
    /// Service-linked and other roles of the service.
    ServiceRoles,
    /// The VPC.
    Vpc,
}

/// What a check found.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Status {
    /// It holds.
    Passed,
    /// It does not.
    Failed,
    /// It could not be found out.
    Unknown,
    /// It has no meaning there.
    NotApplicable,
    /// It does not hold, and the user has a reason.
    Acknowledged,
}

/// The decision of a check about one thing, with what was seen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// It holds.
    Passed(String),
    /// It does not.
    Failed(String),
    /// It has no meaning there.
    NotApplicable(String),
}

/// A decision, or the reason why there is none.
pub type Answer = Seen<Verdict>;

/// Which databases a check is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scope {
    /// DB instances that are not members of a cluster.
    Standalone,
    /// All DB instances.
    Instance,
    /// DB clusters.
    Cluster,
    /// DB clusters, and DB instances that are not members of one: whatever decides for itself.
    Deciding,
}

/// What a check is about, and how it decides.
#[derive(Clone, Copy, Debug)]
pub enum Judge {
    /// Databases of some engines; of all if there are none. `sqlserver-` means all that begin so.
    Database(Scope, &'static [&'static str], fn(&Facts, &Profile) -> Answer),
    /// Snapshots, all or those of DB instances or DB clusters.
    Snapshot(Option<Kind>, fn(&Facts, &SavedState) -> Answer),
    /// RDS Proxies.
    Proxy(fn(&Facts, &Gateway) -> Answer),
    /// Global clusters.
    Global(fn(&Facts, &GlobalCluster) -> Answer),
    /// DB subnet groups.
    SubnetGroup(fn(&Facts, &SubnetGroup) -> Answer),
    /// Secrets.
    Secret(fn(&Facts, &Upkeep) -> Answer),
    /// The database to which there is a connection, if it is PostgreSQL.
    Postgres(fn(&Profile, &postgres::security::Security) -> Answer),
    /// The database to which there is a connection, if it is MySQL or MariaDB.
    Mysql(fn(&Profile, &mysql::security::Security) -> Answer),
    /// The account in a region.
    Region(fn(&Facts) -> Answer),
}

/// What the rows of the tables have in common.
pub(crate) const BASE: Check = Check {
    id: "",
    controls: &[],
    also: &[],
    title: "",
    severity: Severity::Low,
    topic: Topic::BestPractices,
    sources: &[],
    judge: Judge::Region(|_| Err(String::new())),
    remediation: "",
    page: "",
};

impl Check {
    /// Whether it is meant by its name, or by a control that it evaluates.
    pub fn is_named(&self, name: &str) -> bool {
        self.id == name || self.controls.contains(&name)
    }

    /// The page that says why.
    pub fn source(&self) -> String {
        let Some((service, number)) = self.controls.first().and_then(|control| control.split_once('.')) else {
            return self.page.to_owned();
        };
        let service = service.to_ascii_lowercase();
        format!("https://docs.aws.amazon.com/securityhub/latest/userguide/{service}-controls.html#{service}-{number}")
    }

    /// Whether it is about the account in a region rather than about a database, a proxy or a secret.
    pub fn is_of_region(&self) -> bool {
        matches!(self.judge, Judge::Region(_) | Judge::Global(_) | Judge::SubnetGroup(_))
    }
}

impl Severity {
    /// All of them, the least first.
    pub const ALL: [Self; 5] = [Self::Informational, Self::Low, Self::Medium, Self::High, Self::Critical];

    /// Its name.
    pub fn name(self) -> &'static str {
        match self {
            Self::Informational => "informational",
            Self::Low => "low",
            Self::Medium => "medium",
            Self::High => "high",
            Self::Critical => "critical",
        }
    }

    /// The one of a name.
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|severity| severity.name() == name)
    }
}

impl Topic {
    /// Its name.
    pub fn name(self) -> &'static str {
        match self {
            Self::Authentication => "Database authentication",
            Self::Passwords => "Password management",
            Self::DataProtection => "Data protection",
            Self::Identity => "Identity and access management",
            Self::Logging => "Logging and monitoring",
            Self::Compliance => "Compliance validation",
            Self::Resilience => "Resilience",
            Self::Infrastructure => "Infrastructure security",
            Self::Api => "APIs",
            Self::BestPractices => "Best practices",
            Self::MasterUser => "Master user",
            Self::ServiceRoles => "Roles of the service",
            Self::Vpc => "VPC",
        }
    }
}

impl Status {
    /// All of them.
    pub const ALL: [Self; 5] = [Self::Passed, Self::Failed, Self::Unknown, Self::NotApplicable, Self::Acknowledged];

    /// Its name.
    pub fn name(self) -> &'static str {
        match self {
            Self::Passed => "passed",
            Self::Failed => "failed",
            Self::Unknown => "unknown",
            Self::NotApplicable => "not_applicable",
            Self::Acknowledged => "acknowledged",
        }
    }
}

impl Judge {
    /// Whether it has an answer about a database, or why it has none; nothing if it is not about such databases.
    pub(crate) fn applies(&self, database: &Profile) -> Option<Result<(), String>> {
        let Self::Database(scope, engines, _) = self else { return None };
        let is_about = match scope {
            Scope::Standalone | Scope::Instance => database.kind == Kind::Instance,
            Scope::Cluster => database.kind == Kind::Cluster,
            Scope::Deciding => true,
        };
        if !is_about {
            return None;
        }
        if let (Some(cluster), Scope::Standalone | Scope::Deciding) = (&database.cluster, scope) {
            return Some(Err(format!("The DB cluster \"{cluster}\" decides.")));
        }
        let is_it = |engine: &&str| match engine.ends_with('-') {
            true => database.engine.starts_with(*engine),
            false => database.engine == *engine,
        };
        match engines.is_empty() || engines.iter().any(is_it) {
            true => Some(Ok(())),
            false => Some(Err(format!("The engine is {}.", database.engine))),
        }
    }
}

impl Scope {
    /// Whether it has DB instances.
    pub(crate) fn has_instances(self) -> bool {
        self != Self::Cluster
    }

    /// Whether it has DB clusters.
    pub(crate) fn has_clusters(self) -> bool {
        matches!(self, Self::Cluster | Self::Deciding)
    }

    /// Which databases, in words.
    fn words(self) -> &'static str {
        match self {
            Self::Standalone => "DB instances that are not members of a DB cluster",
            Self::Instance => "DB instances",
            Self::Cluster => "DB clusters",
            Self::Deciding => "DB clusters, and DB instances that are not members of one",
        }
    }
}

impl fmt::Display for Judge {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Database(scope, [], _) => f.write_str(scope.words()),
            Self::Database(scope, engines, _) => {
                let engines: Vec<_> =
                    engines.iter().map(|engine| format!("`{}`", engine.trim_end_matches('-'))).collect();
                write!(f, "{}: {}", scope.words(), engines.join(", "))
            }
            Self::Snapshot(None, _) => f.write_str("Manual snapshots"),
            Self::Snapshot(Some(kind), _) => write!(f, "Manual snapshots of DB {kind}s"),
            Self::Proxy(_) => f.write_str("RDS Proxies"),
            Self::Global(_) => f.write_str("Global clusters"),
            Self::SubnetGroup(_) => f.write_str("DB subnet groups"),
            Self::Secret(_) => f.write_str("Secrets in `secret_arns`"),
            Self::Postgres(_) => f.write_str("The database of `database_connection`, if its engine is PostgreSQL"),
            Self::Mysql(_) => f.write_str("The database of `database_connection`, if its engine is MySQL or MariaDB"),
            Self::Region(_) => f.write_str("Account and Region"),
        }
    }
}

/// It holds, or does not, by what was seen.
pub(crate) fn holds(is_good: bool, evidence: impl Into<String>) -> Answer {
    Ok(if is_good { Verdict::Passed(evidence.into()) } else { Verdict::Failed(evidence.into()) })
}

/// It holds.
pub(crate) fn passed(evidence: impl Into<String>) -> Answer {
    Ok(Verdict::Passed(evidence.into()))
}

/// It does not hold.
pub(crate) fn failed(evidence: impl Into<String>) -> Answer {
    Ok(Verdict::Failed(evidence.into()))
}

/// It has no meaning there.
pub(crate) fn without_meaning(why: impl Into<String>) -> Answer {
    Ok(Verdict::NotApplicable(why.into()))
}
