//! Versions, upgrades, and what waits to be applied.

use crate::aws::rds::inventory::Profile;
use crate::posture::check::{
    Answer, BASE, Check, Judge, Scope, Severity, Topic, failed, holds, passed, without_meaning,
};
use crate::posture::checks::words::{is_on, is_serverless_v1, serverless_v1};
use crate::posture::facts::{self, Facts, version_key};
use crate::posture::sources::Source;

pub(crate) const CHECKS: &[Check] = &[
    Check {
        id: "instance_auto_minor_version_upgrade",
        controls: &["RDS.13"],
        also: &["CIS 2.2.2", "CKV_AWS_226"],
        title: "Minor versions of the DB instance are installed automatically",
        severity: Severity::High,
        topic: Topic::BestPractices,
        sources: &[Source::Instances],
        judge: Judge::Database(Scope::Instance, &[], |_, database| {
            is_on("AutoMinorVersionUpgrade", database.upgrades_itself.unwrap_or_default())
        }),
        remediation: "Set auto_minor_version_upgrade.",
        ..BASE
    },
    Check {
        id: "cluster_auto_minor_version_upgrade",
        controls: &["RDS.35"],
        title: "Minor versions of the DB cluster are installed automatically",
        severity: Severity::Medium,
        topic: Topic::BestPractices,
        sources: &[Source::Clusters, Source::Instances],
        judge: Judge::Database(Scope::Cluster, &[], cluster_upgrades),
        remediation: "Set auto_minor_version_upgrade, in Aurora that of each aws_rds_cluster_instance.",
        ..BASE
    },
    Check {
        id: "global_cluster_version_supported",
        controls: &["RDS.51"],
        title: "The global cluster of Aurora MySQL has a version that AWS supports",
        severity: Severity::High,
        topic: Topic::BestPractices,
        sources: &[Source::GlobalClusters, Source::Versions],
        judge: Judge::Global(|facts, cluster| match cluster.engine.as_str() {
            "aurora-mysql" => offered(facts, &cluster.engine, &cluster.engine_version),
            engine => without_meaning(format!("The engine is {engine}.")),
        }),
        remediation: "Set engine_version of aws_rds_global_cluster.",
        ..BASE
    },
    Check {
        id: "engine_version_supported",
        title: "The engine's version is not deprecated and in standard support",
        severity: Severity::High,
        topic: Topic::BestPractices,
        sources: &[Source::Instances, Source::Clusters, Source::Versions, Source::MajorVersions],
        judge: Judge::Database(Scope::Deciding, &[], supported),
        remediation: "Set engine_version; between major versions with a blue/green deployment.",
        page: "https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/extended-support.html",
        ..BASE
    },
    Check {
        id: "no_extended_support",
        title: "The database does not go over to RDS Extended Support, which has to be paid for",
        topic: Topic::BestPractices,
        sources: &[Source::Instances, Source::Clusters],
        judge: Judge::Database(
            Scope::Deciding,
            &["postgres", "mysql", "aurora-postgresql", "aurora-mysql"],
            extended_support,
        ),
        remediation: "Set engine_lifecycle_support to open-source-rds-extended-support-disabled.",
        page: "https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/extended-support.html",
        ..BASE
    },
    Check {
        id: "nothing_pending",
        title: "No modification that concerns security, and no reboot, is pending",
        severity: Severity::Medium,
        topic: Topic::BestPractices,
        sources: &[Source::Instances],
        judge: Judge::Database(Scope::Instance, &[], |_, database| pending(database)),
        remediation: "Apply it immediately, or reboot the DB instance.",
        page: "https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/USER_ModifyInstance.ApplyImmediately.html",
        ..BASE
    },
    Check {
        id: "nothing_pending_in_cluster",
        title: "No modification of the DB cluster that concerns security, and no reboot, is pending",
        severity: Severity::Medium,
        topic: Topic::BestPractices,
        sources: &[Source::Clusters],
        judge: Judge::Database(Scope::Cluster, &[], |_, database| pending(database)),
        remediation: "Apply it immediately, or reboot the members of the DB cluster.",
        page: "https://docs.aws.amazon.com/AmazonRDS/latest/AuroraUserGuide/Aurora.Modifying.html",
        ..BASE
    },
    Check {
        id: "no_pending_maintenance",
        title: "No maintenance action, such as an update of the operating system or a certificate, is pending",
        topic: Topic::BestPractices,
        sources: &[Source::Instances, Source::Clusters, Source::Maintenance],
        judge: Judge::Database(Scope::Deciding, &[], maintenance),
        remediation: "aws rds apply-pending-maintenance-action, or wait for the maintenance window.",
        page: "https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/USER_UpgradeDBInstance.Maintenance.html",
        ..BASE
    },
    Check {
        id: "no_open_security_recommendations",
        title: "RDS has no open recommendation of the category security",
        severity: Severity::Informational,
        topic: Topic::BestPractices,
        sources: &[Source::Recommendations],
        judge: Judge::Region(recommendations),
        remediation: "See the recommendations in the RDS console, or aws rds describe-db-recommendations.",
        page: "https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/monitoring-recommendations.html",
        ..BASE
    },
];

/// Aurora installs versions by the settings of the members, even if the cluster has a setting of its own.
fn cluster_upgrades(facts: &Facts, database: &Profile) -> Answer {
    if is_serverless_v1(database) {
        return serverless_v1();
    }
    if !database.is_aurora() {
        return is_on("AutoMinorVersionUpgrade", database.upgrades_itself.unwrap_or_default());
    }
    let all = facts.instances.as_ref().map_err(Clone::clone)?;
    let members: Vec<_> = all.iter().filter(|one| one.cluster.as_ref() == Some(&database.identifier)).collect();
    let off: Vec<_> = members.iter().filter(|one| one.upgrades_itself != Some(true)).collect();
    match (members.len(), off.len(), database.upgrades_itself) {
        (0, _, Some(own)) => is_on("AutoMinorVersionUpgrade", own),
        (0, _, None) => without_meaning("It has no members."),
        (_, 0, _) => passed("AutoMinorVersionUpgrade of all members is true."),
        _ => {
            let off: Vec<_> = off.iter().map(|one| one.identifier.as_str()).collect();
            failed(format!("AutoMinorVersionUpgrade is false: {}.", off.join(", ")))
        }
    }
}

/// Whether AWS still offers a version.
fn offered(facts: &Facts, engine: &str, version: &str) -> Answer {
    match facts::of(&facts.versions, &version_key(engine, version))? {
        None => failed(format!("AWS does not offer {engine} {version} any more.")),
        Some(found) => {
            let status = found.status.as_deref().unwrap_or("available");
            holds(status != "deprecated", format!("The status of {engine} {version} is {status}."))
        }
    }
}

fn supported(facts: &Facts, database: &Profile) -> Answer {
    let Profile { engine, engine_version: version, .. } = database;
    let offered = offered(facts, engine, version)?;
    let majors = facts.major_versions.as_ref().map_err(Clone::clone)?;
    let is_it = |major: &str| version == major || version.strip_prefix(major).is_some_and(|rest| rest.starts_with('.'));
    let ends = majors.iter().find(|one| one.engine == *engine && is_it(&one.version));
    match ends.and_then(|major| major.standard_support_ends).filter(|end| *end < facts.now) {
        Some(end) => failed(format!("Standard support of {engine} {version} has ended at {end}.")),
        None => Ok(offered),
    }
}

fn extended_support(_: &Facts, database: &Profile) -> Answer {
    match database.lifecycle_support.as_deref() {
        Some(support) => {
            holds(support != "open-source-rds-extended-support", format!("EngineLifecycleSupport is {support}."))
        }
        None => Err("RDS does not tell EngineLifecycleSupport.".to_owned()),
    }
}

fn pending(database: &Profile) -> Answer {
    let mut waiting: Vec<String> = database.pending.iter().map(|name| (*name).to_owned()).collect();
    for group in &database.groups {
        waiting.extend(group.statuses.iter().map(|status| format!("parameters of \"{}\" ({status})", group.name)));
    }
    match &waiting[..] {
        [] => passed("Nothing is."),
        _ => failed(format!("Pending: {}.", waiting.join(", "))),
    }
}

/// Those of a database and of the members of a cluster.
fn maintenance(facts: &Facts, database: &Profile) -> Answer {
    let all = facts.maintenance.as_ref().map_err(Clone::clone)?;
    let is_member = |arn: &str| database.members.iter().any(|member| arn.ends_with(&format!(":db:{member}")));
    let own = all.iter().filter(|one| one.arn == database.arn || is_member(&one.arn));
    let pending: Vec<_> = own.map(|one| format!("{} of {}", one.actions.join(", "), one.arn)).collect();
    match &pending[..] {
        [] => passed("None is."),
        _ => failed(format!("Pending: {}.", pending.join("; "))),
    }
}

fn recommendations(facts: &Facts) -> Answer {
    let all = facts.recommendations.as_ref().map_err(Clone::clone)?;
    let is_open = |status: &str| ["active", "pending"].contains(&status);
    let open = all.iter().filter(|one| one.category == "security" && is_open(&one.status));
    let open: Vec<_> = open.map(|one| format!("{} of {}", one.kind, one.arn)).collect();
    match &open[..] {
        [] => passed("There is none."),
        _ => failed(format!("{}.", open.join(", "))),
    }
}
