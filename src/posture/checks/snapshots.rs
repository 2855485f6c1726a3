//! Snapshots and tags.

use tf_provider::schema::Map;

use crate::aws::rds::Kind;
use crate::aws::rds::inventory::SavedState;
use crate::posture::check::{Answer, BASE, Check, Judge, Scope, Severity, Topic, failed, holds, passed};
use crate::posture::checks::words::is_on;
use crate::posture::facts::{self, Facts};
use crate::posture::sources::Source;

/// What stands for everybody in the accounts that may restore a snapshot.
const EVERYBODY: &str = "all";

/// The check that asks about more snapshots than those that can be public.
pub(crate) const NOT_SHARED: &str = "snapshot_not_shared";

const TAGS: &str = "Set tags, or default_tags of the provider.";

pub(crate) const CHECKS: &[Check] = &[
    Check {
        id: "snapshot_private",
        controls: &["RDS.1"],
        also: &["CKV_AWS_302"],
        title: "The snapshot is not public",
        severity: Severity::Critical,
        topic: Topic::DataProtection,
        sources: &[Source::Snapshots, Source::Sharing],
        judge: Judge::Snapshot(None, private),
        remediation: "aws rds modify-db-snapshot-attribute --attribute-name restore --values-to-remove all",
        ..BASE
    },
    Check {
        id: NOT_SHARED,
        title: "The snapshot is shared only with trusted accounts",
        severity: Severity::High,
        topic: Topic::DataProtection,
        sources: &[Source::Snapshots, Source::Sharing],
        judge: Judge::Snapshot(None, shared),
        remediation: "aws rds modify-db-snapshot-attribute --attribute-name restore --values-to-remove ACCOUNT, or add \
                      the account to trusted_account_ids.",
        page: "https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/USER_ShareSnapshot.html",
        ..BASE
    },
    Check {
        id: "aurora_cluster_copies_tags",
        controls: &["RDS.16"],
        also: &["CKV_AWS_313"],
        title: "Snapshots of the DB cluster of Aurora get its tags",
        topic: Topic::BestPractices,
        sources: &[Source::Clusters],
        judge: Judge::Database(Scope::Cluster, &["aurora-mysql", "aurora-postgresql"], |_, database| {
            is_on("CopyTagsToSnapshot", database.copies_tags)
        }),
        remediation: "Set copy_tags_to_snapshot.",
        ..BASE
    },
    Check {
        id: "instance_copies_tags",
        controls: &["RDS.17"],
        also: &["CKV2_AWS_60"],
        title: "Snapshots of the DB instance get its tags",
        topic: Topic::BestPractices,
        sources: &[Source::Instances],
        judge: Judge::Database(Scope::Standalone, &[], |_, it| is_on("CopyTagsToSnapshot", it.copies_tags)),
        remediation: "Set copy_tags_to_snapshot.",
        ..BASE
    },
    Check {
        id: "postgresql_cluster_copies_tags",
        controls: &["RDS.47"],
        title: "Snapshots of the Multi-AZ DB cluster of PostgreSQL get its tags",
        topic: Topic::BestPractices,
        sources: &[Source::Clusters],
        judge: Judge::Database(Scope::Cluster, &["postgres"], |_, it| is_on("CopyTagsToSnapshot", it.copies_tags)),
        remediation: "Set copy_tags_to_snapshot.",
        ..BASE
    },
    Check {
        id: "mysql_cluster_copies_tags",
        controls: &["RDS.48"],
        title: "Snapshots of the Multi-AZ DB cluster of MySQL get its tags",
        topic: Topic::BestPractices,
        sources: &[Source::Clusters],
        judge: Judge::Database(Scope::Cluster, &["mysql"], |_, it| is_on("CopyTagsToSnapshot", it.copies_tags)),
        remediation: "Set copy_tags_to_snapshot.",
        ..BASE
    },
    Check {
        id: "cluster_tagged",
        controls: &["RDS.28"],
        title: "The DB cluster has tags",
        topic: Topic::Compliance,
        sources: &[Source::Clusters],
        judge: Judge::Database(Scope::Cluster, &[], |facts, database| tagged(facts, &database.tags)),
        remediation: TAGS,
        ..BASE
    },
    Check {
        id: "cluster_snapshot_tagged",
        controls: &["RDS.29"],
        title: "The snapshot of the DB cluster has tags",
        topic: Topic::Compliance,
        sources: &[Source::Snapshots],
        judge: Judge::Snapshot(Some(Kind::Cluster), |facts, snapshot| tagged(facts, &snapshot.tags)),
        remediation: TAGS,
        ..BASE
    },
    Check {
        id: "instance_tagged",
        controls: &["RDS.30"],
        title: "The DB instance has tags",
        topic: Topic::Compliance,
        sources: &[Source::Instances],
        judge: Judge::Database(Scope::Instance, &[], |facts, database| tagged(facts, &database.tags)),
        remediation: TAGS,
        ..BASE
    },
    Check {
        id: "instance_snapshot_tagged",
        controls: &["RDS.32"],
        title: "The snapshot of the DB instance has tags",
        topic: Topic::Compliance,
        sources: &[Source::Snapshots],
        judge: Judge::Snapshot(Some(Kind::Instance), |facts, snapshot| tagged(facts, &snapshot.tags)),
        remediation: TAGS,
        ..BASE
    },
    Check {
        id: "subnet_group_tagged",
        controls: &["RDS.33"],
        title: "The DB subnet group has tags",
        topic: Topic::Compliance,
        sources: &[Source::SubnetGroups],
        judge: Judge::SubnetGroup(|facts, group| has_tags(facts, facts::of(&facts.subnet_group_tags, &group.arn)?)),
        remediation: TAGS,
        ..BASE
    },
];

/// Whether AWS lets it be public: not if a KMS key encrypts it.
pub(crate) fn can_be_public(snapshot: &SavedState) -> bool {
    snapshot.encryption != "sse-kms"
}

/// Whether AWS lets it be shared at all: not if a key of KMS encrypts it that AWS manages, as `aws/rds`.
pub(crate) fn can_be_shared(facts: &Facts, snapshot: &SavedState) -> bool {
    let key = snapshot.key.as_ref().filter(|_| snapshot.encryption == "sse-kms").map(|id| facts.key(id));
    !matches!(key, Some(Ok(Some(key))) if !key.is_customer_managed)
}

/// Why it is not known with whom a snapshot is shared.
const NOT_ASKED: &str = "AWS was not asked with whom it is shared: increase \"max_snapshot_reads\".";

fn private(facts: &Facts, snapshot: &SavedState) -> Answer {
    match facts.sharing.get(&snapshot.arn) {
        Some(Ok(accounts)) if accounts.iter().any(|account| account == EVERYBODY) => {
            failed("Everybody may restore it.")
        }
        Some(Ok(accounts)) => passed(format!("{} accounts may restore it.", accounts.len())),
        Some(Err(why)) => Err(why.clone()),
        None if can_be_public(snapshot) => Err(NOT_ASKED.to_owned()),
        None => passed("A KMS key encrypts it, so that it cannot be public."),
    }
}

fn shared(facts: &Facts, snapshot: &SavedState) -> Answer {
    let accounts = match facts.sharing.get(&snapshot.arn) {
        Some(accounts) => accounts.as_ref().map_err(Clone::clone)?,
        None if can_be_shared(facts, snapshot) => return Err(NOT_ASKED.to_owned()),
        None => return passed("An AWS managed key encrypts it, so that it cannot be shared."),
    };
    let foreign: Vec<_> = accounts
        .iter()
        .filter(|account| *account != EVERYBODY && !facts.options.trusted_accounts.contains(account))
        .map(String::as_str)
        .collect();
    match foreign[..] {
        [] => passed("No other account may restore it but those that are trusted."),
        _ => failed(format!("Other accounts may restore it: {}.", foreign.join(", "))),
    }
}

fn tagged(facts: &Facts, tags: &Map<String>) -> Answer {
    has_tags(facts, &tags.keys().cloned().collect::<Vec<_>>())
}

/// All keys that are required, or if none are any that AWS has not set itself.
fn has_tags(facts: &Facts, keys: &[String]) -> Answer {
    let required = &facts.options.required_tags;
    let missing: Vec<_> = required.iter().filter(|key| !keys.contains(key)).map(String::as_str).collect();
    if !missing.is_empty() {
        return failed(format!("It has no tag {}.", missing.join(", ")));
    }
    let own: Vec<_> = keys.iter().filter(|key| !key.starts_with("aws:")).map(String::as_str).collect();
    holds(
        !own.is_empty(),
        format!("Its tags are: {}.", if own.is_empty() { "none".to_owned() } else { own.join(", ") }),
    )
}
