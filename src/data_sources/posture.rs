//! `rdsauth_posture`: the security posture of RDS and Aurora as findings.

use std::time::Duration;

use tf_provider::diagnostic::{Diagnostic, Result};
use tf_provider::schema::{
    Check, Computed, DataSource, Map, Set, Val, View, block, check, computed, optional, required,
};
use tf_provider::value::Path;

use crate::attributes::checks;
use crate::aws::rds::Kind;
use crate::aws::rds::inventory::Profile;
use crate::parts::db::connection::DatabaseConnection;
use crate::posture::{self, Contents, Exclusion, Facts, Options, Seen, Severity, Status, Targets};
use crate::world::{self, Ctx, World};

tf_provider::model! {
    /// Checks the security of DB instances, Aurora and Multi-AZ DB clusters, snapshots and RDS Proxies, and reports each
    /// result as a finding. Use it in a `check` block or a precondition, where scanners report only after the apply.
    ///
    /// Without any identifier, all databases of the Region are checked, and what the account has around them: snapshots,
    /// proxies, event subscriptions, DB subnet groups, global clusters and IAM policies. The checks are those of [AWS
    /// Security Hub for Amazon RDS](https://docs.aws.amazon.com/securityhub/latest/userguide/rds-controls.html) and more;
    /// [all checks](../guides/security-posture-checks.md) are on a page of their own. The data source changes nothing.
    ///
    /// ~> **Note:** A check whose permission is missing, or whose API request fails, is `unknown`, with the reason in
    /// `evidence`, and never `passed`. As long as a check is unknown, `passed` is `false` unless `allow_unknown` is set.
    ///
    /// ~> **Note:** Without `database_connection`, the checks look only at what AWS reports: settings, parameters and
    /// policies.
    ///
    /// -> For many databases, list only what matters in `statuses` and `min_severity`: the findings are stored in the
    /// state.
    ///
    /// ## Required Permissions
    ///
    /// ### IAM
    ///
    /// Only what the selected `checks` need is read.
    ///
    /// * DB instances, DB clusters, snapshots, proxies: `rds:DescribeDBInstances`, `rds:DescribeDBClusters`,
    ///   `rds:DescribeDBSnapshots`, `rds:DescribeDBClusterSnapshots`, `rds:DescribeDBSnapshotAttributes`,
    ///   `rds:DescribeDBClusterSnapshotAttributes`, `rds:DescribeDBProxies`
    /// * Parameters and versions: `rds:DescribeDBParameters`, `rds:DescribeDBClusterParameters`,
    ///   `rds:DescribeDBEngineVersions`, `rds:DescribeDBMajorEngineVersions`
    /// * The Region: `rds:DescribeEventSubscriptions`, `rds:DescribeGlobalClusters`, `rds:DescribeDBSubnetGroups`,
    ///   `rds:ListTagsForResource`, `rds:DescribeDBRecommendations`, `rds:DescribePendingMaintenanceActions`,
    ///   `rds:DescribeExportTasks`
    /// * The network: `ec2:DescribeSecurityGroups`, `ec2:GetManagedPrefixListEntries`, `ec2:DescribeRouteTables`,
    ///   `ec2:DescribeVpcEndpoints`
    /// * Keys: `kms:DescribeKey`, `kms:GetKeyRotationStatus`, `kms:GetKeyPolicy`
    /// * IAM: `iam:GetAccountAuthorizationDetails`, `iam:GetRole`
    /// * For `database_connection`: `rds-db:connect` for the user that connects with `auth = "iam"`, or
    ///   `secretsmanager:GetSecretValue` with `auth = "secret"`, and `kms:Decrypt` if the secret is encrypted with a
    ///   customer managed key
    /// * For `secret_arns`: `secretsmanager:DescribeSecret`, `secretsmanager:GetResourcePolicy`
    ///
    /// ### Database
    ///
    /// Permission to connect. What is read in PostgreSQL is visible to every user; in MySQL and MariaDB, it needs `SELECT` on
    /// `mysql.*`.
    pub struct Posture {
        /// Identifiers of DB instances to check. Without any identifier, all databases of the Region are checked.
        db_instance_identifiers: Option<Set<String>> = optional().check(check::size(1..=usize::MAX)).each(check::length(1..=63)),
        /// Identifiers of DB clusters to check, with their members.
        db_cluster_identifiers: Option<Set<String>> = optional().check(check::size(1..=usize::MAX)).each(check::length(1..=63)),
        /// Names of RDS Proxies to check.
        db_proxy_names: Option<Set<String>> = optional().check(check::size(1..=usize::MAX)).each(check::length(1..=63)),
        /// ARNs of secrets of applications to check.
        secret_arns: Option<Set<String>> = optional().each(check::length(1..=2048)),
        /// Tags that a database must have to be checked, or the DB cluster of a member. Snapshots are checked if they or
        /// their databases have them. Only without identifiers.
        tags: Option<Map<String>> = optional(),
        /// Region to check. Defaults to the provider's region.
        region: Computed<String> = optional().check(checks::region()),
        /// Names of the checks to make, or of controls such as `RDS.3`. Defaults to all. Checks of the account and Region
        /// are made if no database and no proxy is named, or if they are in this list.
        checks: Option<Set<String>> = optional().check(check::size(1..=usize::MAX)).each(known_check()),
        /// Least severity of the checks to make: `informational`, `low`, `medium`, `high` or `critical`. Defaults to
        /// `low`.
        min_severity: String = optional().or("low").check(check::one_of(SEVERITIES)),
        /// Whether `passed` can be `true` although a check is unknown.
        allow_unknown: bool = optional().or(false),
        /// Statuses of the findings to list in `findings`: `passed`, `failed`, `unknown`, `not_applicable` or
        /// `acknowledged`. Defaults to `failed`, `unknown` and `acknowledged`. All are counted in `counts`.
        statuses: Option<Set<String>> = optional().each(check::one_of(STATUSES)),
        /// Keys of tags that databases, snapshots and DB subnet groups must have. Without them, any tag is enough.
        required_tag_keys: Option<Set<String>> = optional().each(check::length(1..=128)),
        /// IDs of AWS accounts with which snapshots may be shared.
        trusted_account_ids: Option<Set<String>> = optional().each(checks::account_id()),
        /// Maximum number of manual snapshots about which AWS is asked with whom they are shared, with one request for each:
        /// first those that can be public. AWS is not asked about snapshots that cannot be shared, since they are encrypted
        /// with an AWS managed key. If there are more, they are `unknown` to the checks of sharing.
        max_snapshot_reads: i64 = optional().or(MAX_SNAPSHOT_READS).check(check::between(0..=10_000)),
        /// Connection to the database, if its engine is PostgreSQL, MySQL or MariaDB, to check its users and replication
        /// slots. Only with one identifier of a DB instance or DB cluster.
        database_connection: Option<DatabaseConnection> = block(),
        /// Findings to accept for a while. They become `acknowledged`.
        exclusion: Vec<ExclusionBlock> = block(),
        /// Whether no check has failed and, unless `allow_unknown` is set, none is unknown.
        passed: Computed<bool> = computed(),
        /// Number of findings by status.
        counts: Computed<Map<i64>> = computed(),
        /// Number of failed findings by severity.
        failed_by_severity: Computed<Map<i64>> = computed(),
        /// Findings with one of the `statuses`.
        findings: Computed<Vec<PostureFinding>> = computed(),
    }
    timeouts { read: "10m" }
}

tf_provider::model! {
    /// Findings to accept for a while.
    pub struct ExclusionBlock {
        /// Name of the check or control. Defaults to all.
        check: Option<String> = optional().check(known_check()),
        /// Identifier, name or ARN of the resource. Defaults to all.
        resource: Option<String> = optional().check(check::length(1..=2048)),
        /// Reason, which is shown in `evidence`.
        reason: String = required().check(check::length(1..=1000)),
        /// Last day on which the findings are accepted, in UTC, such as `2027-01-31`.
        until: String = required().check(day()),
    }
}

tf_provider::model! {
    /// Result of a check of one resource.
    pub struct PostureFinding {
        /// Name of the check.
        check: String = computed(),
        /// Controls of AWS Security Hub that the check evaluates.
        control_ids: Vec<String> = computed(),
        /// What holds if the check passes.
        title: String = computed(),
        /// Severity: `informational`, `low`, `medium`, `high` or `critical`.
        severity: String = computed(),
        /// Status: `passed`, `failed`, `unknown`, `not_applicable` or `acknowledged`.
        status: String = computed(),
        /// Identifier or name of the resource. Null for the account and Region, or if resources could not be listed.
        resource: Option<String> = computed(),
        /// ARN of the resource.
        resource_arn: Option<String> = computed(),
        /// What was seen, or why nothing was.
        evidence: String = computed(),
        /// What to do if the check failed.
        remediation: String = computed(),
    }
}

const SEVERITIES: &[&str] = &["informational", "low", "medium", "high", "critical"];

const STATUSES: &[&str] = &["passed", "failed", "unknown", "not_applicable", "acknowledged"];

/// With the lists of a Region of 1000 DB instances, these are at most 40 requests.
const MAX_SNAPSHOT_READS: i64 = 10;

/// Nothing is locked to read who can log in.
const LOCK_TIMEOUT: Duration = Duration::from_secs(10);

/// The statuses that are listed unless others are asked for.
const LISTED: [Status; 3] = [Status::Failed, Status::Unknown, Status::Acknowledged];

impl DataSource<World> for Posture {
    const TYPE: &'static str = "posture";
    const SUBCATEGORY: &'static str = "Security posture";

    async fn read(cx: &Ctx, mut config: Self) -> Result<Self> {
        let own = match &config.region {
            Computed::Known(region) => Some(region.clone()),
            Computed::Unknown => None,
        };
        let region = own.as_deref();
        let targets = config.targets();
        let made = config.made(&targets);
        let options = Options {
            required_tags: listed(config.required_tag_keys.as_ref()),
            trusted_accounts: listed(config.trusted_account_ids.as_ref()),
        };
        let facts = posture::read(cx.aws()?, region, &targets, options, &made).await;
        let mut facts = facts.map_err(|error| Diagnostic::from(error).at(Self::region))?;
        require(cx, region, &targets, &facts).await?;
        if let (Some(connection), Some(name)) = (&config.database_connection, &targets.connected) {
            facts.contents = contents(cx, connection, &facts, name).await;
        }
        config.fill_in(&facts, &made);
        Ok(config)
    }

    fn check(config: &View<'_, Self>) -> Vec<Diagnostic> {
        let connection = config.block(Self::database_connection);
        let mut found = connection.as_ref().map(DatabaseConnection::check).unwrap_or_default();
        found.extend(connection.and_then(|_| lacks_database(config)));
        let named = [
            ("db_instance_identifiers", is_given(&config.get(Self::db_instance_identifiers))),
            ("db_cluster_identifiers", is_given(&config.get(Self::db_cluster_identifiers))),
            ("db_proxy_names", is_given(&config.get(Self::db_proxy_names))),
        ];
        let other = named.into_iter().find(|(_, is_set)| *is_set).filter(|_| is_given(&config.get(Self::tags)));
        let conflict = |(name, _): (&str, bool)| {
            let detail = format!("\"tags\" selects among all databases of the Region. Remove it, or \"{name}\".");
            Diagnostic::error("Conflicting arguments", detail).at(Self::tags)
        };
        found.extend(other.into_iter().map(conflict));
        found
    }
}

impl Posture {
    fn targets(&self) -> Targets {
        Targets {
            instances: listed(self.db_instance_identifiers.as_ref()),
            clusters: listed(self.db_cluster_identifiers.as_ref()),
            proxies: listed(self.db_proxy_names.as_ref()),
            secrets: listed(self.secret_arns.as_ref()),
            connected: self.connected(),
            tags: self.tags.clone().unwrap_or_default(),
            snapshot_reads: usize::try_from(self.max_snapshot_reads).unwrap_or_default(),
        }
    }

    /// The one database, if there is a connection to it.
    fn connected(&self) -> Option<String> {
        let named = [&self.db_instance_identifiers, &self.db_cluster_identifiers].into_iter().flatten();
        self.database_connection.as_ref().and_then(|_| named.flat_map(|names| names.iter()).next().cloned())
    }

    /// The checks to make.
    fn made(&self, targets: &Targets) -> Vec<&'static posture::Check> {
        let least = Severity::parse(&self.min_severity).unwrap_or(Severity::Low);
        let is_selected = |check: &&posture::Check| match &self.checks {
            Some(names) => names.iter().any(|name| check.is_named(name)),
            None => targets.is_region() || !check.is_of_region(),
        };
        let has_object = |check: &&posture::Check| targets.have(check);
        let checks = posture::all().filter(|check| check.severity >= least);
        checks.filter(|check| is_selected(check) && has_object(check)).collect()
    }

    /// Fills in the results.
    fn fill_in(&mut self, facts: &Facts, made: &[&'static posture::Check]) {
        let found = posture::findings(facts, made, &self.exclusions());
        let number = |is_it: &dyn Fn(&posture::Finding) -> bool| found.iter().filter(|one| is_it(one)).count() as i64;
        let counts = Status::ALL.map(|status| (status, number(&|one| one.status == status)));
        let count = |wanted| counts.iter().find(|(status, _)| *status == wanted).map_or(0, |(_, count)| *count);
        self.passed = (count(Status::Failed) == 0 && (self.allow_unknown || count(Status::Unknown) == 0)).into();
        self.counts =
            counts.iter().map(|(status, count)| (status.name().to_owned(), *count)).collect::<Map<_>>().into();
        let failed = |severity| number(&|one| one.status == Status::Failed && one.check.severity == severity);
        let by_severity = Severity::ALL.map(|severity| (severity.name().to_owned(), failed(severity)));
        self.failed_by_severity = by_severity.into_iter().collect::<Map<_>>().into();
        let is_listed = |one: &posture::Finding| match &self.statuses {
            Some(statuses) => statuses.iter().any(|status| status == one.status.name()),
            None => LISTED.contains(&one.status),
        };
        let shown: Vec<_> = found.iter().filter(|one| is_listed(one)).map(PostureFinding::of).collect();
        self.findings = shown.into();
        self.region = facts.region.clone().into();
    }

    fn exclusions(&self) -> Vec<Exclusion> {
        let exclusion = |block: &ExclusionBlock| Exclusion {
            check: block.check.clone(),
            resource: block.resource.clone(),
            reason: block.reason.clone(),
            until: block.until.clone(),
        };
        self.exclusion.iter().map(exclusion).collect()
    }
}

impl PostureFinding {
    fn of(finding: &posture::Finding) -> Self {
        let check = finding.check;
        Self {
            check: check.id.to_owned(),
            control_ids: check.controls.iter().map(|control| (*control).to_owned()).collect(),
            title: check.title.to_owned(),
            severity: check.severity.name().to_owned(),
            status: finding.status.name().to_owned(),
            resource: finding.name.clone(),
            resource_arn: finding.arn.clone(),
            evidence: finding.evidence.clone(),
            remediation: check.remediation.to_owned(),
        }
    }
}

/// An error if a connection is not to the one database that is named.
fn lacks_database(config: &View<'_, Posture>) -> Option<Diagnostic> {
    let of = [config.get(Posture::db_instance_identifiers), config.get(Posture::db_cluster_identifiers)];
    if of.iter().any(|names| matches!(names, Val::Unknown)) {
        return None;
    }
    let named: usize = of.iter().map(|names| if let Val::Known(names) = names { names.len() } else { 0 }).sum();
    (named != 1).then(|| {
        let detail = "\"database_connection\" is to one database. Name it alone in \"db_instance_identifiers\" or \
                      \"db_cluster_identifiers\".";
        Diagnostic::error("Database of the connection is not named", detail).at(Posture::database_connection)
    })
}

/// What is in the database, or why it is not known.
async fn contents(cx: &Ctx, connection: &DatabaseConnection, facts: &Facts, name: &str) -> Seen<Contents> {
    let database = facts.databases().find(|it| it.identifier == name).ok_or("RDS does not tell the engine.")?;
    match database.engine.as_str() {
        "postgres" | "aurora-postgresql" => {
            let session = connection.postgres(cx, Posture::database_connection).await.map_err(|error| error.detail)?;
            let found = session.security().await.map_err(|error| error.to_string())?;
            connection.leave_postgres(cx, session);
            Ok(Contents::Postgres(found))
        }
        "mysql" | "mariadb" | "aurora-mysql" => {
            let session = connection.mysql(cx, Posture::database_connection, LOCK_TIMEOUT).await;
            let mut session = session.map_err(|error| error.detail)?;
            let found = session.security().await.map_err(|error| error.to_string())?;
            connection.leave_mysql(cx, session, LOCK_TIMEOUT);
            Ok(Contents::Mysql(found))
        }
        engine => Err(format!("The engine is {engine}: only users of PostgreSQL, MySQL and MariaDB are checked.")),
    }
}

/// An error for each kind of target of which one does not exist.
async fn require(cx: &Ctx, region: Option<&str>, targets: &Targets, facts: &Facts) -> Result<()> {
    let has = |list: &[Profile], name: &String| list.iter().any(|one| one.identifier == *name);
    let lacks = |list: &Result<Vec<Profile>, String>, name: &&String| list.as_ref().is_ok_and(|all| !has(all, name));
    let instance = targets.instances.iter().find(|name| lacks(&facts.instances, name));
    let cluster = targets.clusters.iter().find(|name| lacks(&facts.clusters, name));
    let proxies = facts.proxies.as_ref();
    let is_absent = |name: &&String| proxies.is_ok_and(|all| !all.iter().any(|one| one.name == **name));
    let proxy = targets.proxies.iter().find(is_absent);
    let absent: [(Option<&String>, String, Path); 3] = [
        (instance, format!("DB {}", Kind::Instance), Posture::db_instance_identifiers.into()),
        (cluster, format!("DB {}", Kind::Cluster), Posture::db_cluster_identifiers.into()),
        (proxy, "RDS Proxy".to_owned(), Posture::db_proxy_names.into()),
    ];
    for (name, what, at) in absent {
        let Some(name) = name else { continue };
        let detail = format!(
            "There is no {what} \"{name}\" in {}. If the same configuration creates it, refer to that resource. \
             Otherwise check the name, \"region\" and the account of the credentials.",
            world::place(cx, region).await?
        );
        return Err(Diagnostic::error(format!("{what} not found"), detail).at(at));
    }
    Ok(())
}

/// Whether an argument has a value that is known and not null.
fn is_given<T>(value: &Val<T>) -> bool {
    matches!(value, Val::Known(_))
}

fn listed(names: Option<&Set<String>>) -> Vec<String> {
    names.into_iter().flat_map(|names| names.iter().cloned()).collect()
}

/// The name of a check or control.
fn known_check() -> Check {
    let sentence = "must be the name of a check or control, such as `not_publicly_accessible` or `RDS.2`: see \
                    [all checks](../guides/security-posture-checks.md)";
    Check::explained(sentence, |name| match posture::named(name).next() {
        Some(_) => Ok(()),
        None => {
            let names = posture::all().flat_map(|check| [check.id].into_iter().chain(check.controls.iter().copied()));
            let near = names.map(|known| (strsim::osa_distance(name, known), known)).min();
            let near = near.filter(|(distance, _)| *distance <= NEAR).map(|(_, known)| known);
            let meant = near.map(|known| format!(" Did you mean \"{known}\"?")).unwrap_or_default();
            Err(format!(
                "There is no check or control \"{name}\".{meant} The guide \"Checks of the security posture\" lists all."
            ))
        }
    })
}

/// How many letters a name may be away from the one that is meant.
const NEAR: usize = 2;

/// A day.
fn day() -> Check {
    Check::text("must be a day such as `2027-01-31`", |text| {
        text.len() == 10 && text.parse::<jiff::civil::Date>().is_ok()
    })
}
