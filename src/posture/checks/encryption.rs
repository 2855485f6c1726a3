//! Encryption at rest.

use crate::aws::kms::Key;
use crate::aws::rds::encryption::UNENCRYPTED;
use crate::aws::rds::inventory::{Profile, SavedState};
use crate::policy::Document;
use crate::posture::check::{
    Answer, BASE, Check, Judge, Scope, Severity, Topic, failed, holds, passed, without_meaning,
};
use crate::posture::facts::{self, Facts};
use crate::posture::sources::Source;

const KMS_PAGE: &str = "https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/Overview.Encryption.Keys.html";

pub(crate) const CHECKS: &[Check] = &[
    Check {
        id: "instance_storage_encrypted",
        controls: &["RDS.3"],
        also: &["CIS 2.2.1", "CKV_AWS_16", "AWS-0080"],
        title: "The storage of the DB instance is encrypted",
        severity: Severity::Medium,
        topic: Topic::DataProtection,
        sources: &[Source::Instances],
        judge: Judge::Database(Scope::Standalone, &[], |_, database| storage(&database.encryption)),
        remediation: "Storage cannot be encrypted in place: see the paths of rdsauth_encryption_plan.",
        ..BASE
    },
    Check {
        id: "cluster_storage_encrypted",
        controls: &["RDS.27"],
        also: &["CKV_AWS_96", "AWS-0079"],
        title: "The storage of the DB cluster is encrypted",
        severity: Severity::Medium,
        topic: Topic::DataProtection,
        sources: &[Source::Clusters],
        judge: Judge::Database(Scope::Cluster, &[], |_, database| storage(&database.encryption)),
        remediation: "Storage cannot be encrypted in place: see the paths of rdsauth_encryption_plan.",
        ..BASE
    },
    Check {
        id: "snapshot_encrypted",
        controls: &["RDS.4"],
        also: &["CKV_AWS_146"],
        title: "The snapshot is encrypted",
        severity: Severity::Medium,
        topic: Topic::DataProtection,
        sources: &[Source::Snapshots],
        judge: Judge::Snapshot(None, |_, snapshot| storage(&snapshot.encryption)),
        remediation: "Copy it with a key, for example with rdsauth_encrypted_snapshot, and delete the original.",
        ..BASE
    },
    Check {
        id: "storage_customer_managed_key",
        also: &["CKV_AWS_327"],
        title: "The storage is encrypted with a customer managed key",
        severity: Severity::Low,
        topic: Topic::DataProtection,
        sources: &[Source::Instances, Source::Clusters, Source::Keys],
        judge: Judge::Database(Scope::Deciding, &[], customer_managed),
        remediation: "Restore it from a snapshot that was copied with kms_key_id: see rdsauth_encryption_plan.",
        page: KMS_PAGE,
        ..BASE
    },
    Check {
        id: "snapshot_customer_managed_key",
        title: "The snapshot is encrypted with a customer managed key, without which it cannot be shared",
        severity: Severity::Informational,
        topic: Topic::DataProtection,
        sources: &[Source::Snapshots, Source::Keys],
        judge: Judge::Snapshot(None, snapshot_key),
        remediation: "Copy it with a customer managed key, for example with rdsauth_encrypted_snapshot.",
        page: KMS_PAGE,
        ..BASE
    },
    Check {
        id: "storage_key_usable",
        controls: &["KMS.3"],
        title: "The key of the storage is enabled and not scheduled for deletion",
        severity: Severity::Critical,
        topic: Topic::DataProtection,
        sources: &[Source::Instances, Source::Clusters, Source::Keys],
        judge: Judge::Database(Scope::Deciding, &[], |facts, database| {
            with_key(facts, database, |key| {
                holds(key.is_enabled(), format!("The state of {} is {}.", key.arn, key.state))
            })
        }),
        remediation: "aws kms cancel-key-deletion, then aws kms enable-key: without the key the data is lost.",
        ..BASE
    },
    Check {
        id: "storage_key_rotates",
        controls: &["KMS.4"],
        title: "The customer managed key of the storage rotates",
        severity: Severity::Medium,
        topic: Topic::DataProtection,
        sources: &[Source::Instances, Source::Clusters, Source::Keys, Source::Rotation],
        judge: Judge::Database(Scope::Deciding, &[], |facts, database| with_own_key(facts, database, rotates)),
        remediation: "Set enable_key_rotation of aws_kms_key.",
        ..BASE
    },
    Check {
        id: "storage_key_policy_private",
        controls: &["KMS.5"],
        title: "The policy of the storage's key names no public or deleted principal",
        severity: Severity::Critical,
        topic: Topic::DataProtection,
        sources: &[Source::Instances, Source::Clusters, Source::Keys, Source::KeyPolicies],
        judge: Judge::Database(Scope::Deciding, &[], |facts, database| with_own_key(facts, database, is_private)),
        remediation: "Name the principals, or add a condition on kms:CallerAccount or aws:PrincipalOrgID.",
        ..BASE
    },
    Check {
        id: "performance_insights_customer_managed_key",
        also: &["CKV_AWS_354", "AWS-0078"],
        title: "Performance Insights is encrypted with a customer managed key",
        severity: Severity::Low,
        topic: Topic::DataProtection,
        sources: &[Source::Instances, Source::Keys],
        judge: Judge::Database(Scope::Instance, &[], insights_key),
        remediation: "Set performance_insights_kms_key_id. It cannot be changed once Performance Insights is on.",
        page: "https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/USER_PerfInsights.access-control.cmk-policy.html",
        ..BASE
    },
    Check {
        id: "replica_encrypted_like_source",
        also: &["CKV_AWS_245"],
        title: "The read replica is encrypted no weaker than its source",
        severity: Severity::Medium,
        topic: Topic::DataProtection,
        sources: &[Source::Instances, Source::Clusters],
        judge: Judge::Database(Scope::Deciding, &[], like_source),
        remediation: "Create the replica again with kms_key_id.",
        page: "https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/Overview.Encryption.html",
        ..BASE
    },
    Check {
        id: "exports_encrypted",
        title: "Exports to S3 are encrypted with a customer managed key",
        severity: Severity::Low,
        topic: Topic::DataProtection,
        sources: &[Source::Exports, Source::Keys],
        judge: Judge::Region(exports),
        remediation: "Set kms_key_id of aws_rds_export_task to a customer managed key.",
        page: "https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/USER_ExportSnapshot.html",
        ..BASE
    },
];

/// `StorageEncryptionType` decides: with a key that AWS owns, the older `StorageEncrypted` is false.
fn storage(encryption: &str) -> Answer {
    holds(encryption != UNENCRYPTED, format!("StorageEncryptionType is {encryption}."))
}

/// The type of encryption, from the weakest.
fn rank(encryption: &str) -> usize {
    [UNENCRYPTED, "sse-rds"].iter().position(|weaker| *weaker == encryption).unwrap_or(2)
}

/// What a key is, in words.
fn owner(key: &Key) -> String {
    match key.is_customer_managed {
        true => format!("{} is a customer managed key.", key.arn),
        false => format!("{} is an AWS managed key.", key.arn),
    }
}

fn is_customer_managed(facts: &Facts, encryption: &str, id: Option<&str>) -> Answer {
    if encryption == UNENCRYPTED {
        return without_meaning("The storage is not encrypted.");
    }
    let Some(id) = id.filter(|_| encryption == "sse-kms") else {
        return failed("StorageEncryptionType is sse-rds: the key is one that AWS owns.");
    };
    match facts.key(id)? {
        Some(key) => holds(key.is_customer_managed, owner(key)),
        None => failed(format!("{id} does not exist.")),
    }
}

fn customer_managed(facts: &Facts, database: &Profile) -> Answer {
    is_customer_managed(facts, &database.encryption, database.key.as_deref())
}

fn snapshot_key(facts: &Facts, snapshot: &SavedState) -> Answer {
    is_customer_managed(facts, &snapshot.encryption, snapshot.key.as_deref())
}

/// A decision about the key of a storage.
fn with_key(facts: &Facts, database: &Profile, decide: impl FnOnce(&Key) -> Answer) -> Answer {
    let Some(id) = &database.key else {
        return without_meaning("No KMS key of the account encrypts the storage.");
    };
    match facts.key(id)? {
        Some(key) => decide(key),
        None => failed(format!("{id} does not exist.")),
    }
}

/// A decision about the key of a storage, if it is a customer managed one.
fn with_own_key(facts: &Facts, database: &Profile, decide: fn(&Facts, &Key) -> Answer) -> Answer {
    with_key(facts, database, |key| match key.is_customer_managed {
        true => decide(facts, key),
        false => without_meaning(owner(key)),
    })
}

fn rotates(facts: &Facts, key: &Key) -> Answer {
    if !key.has_own_material() {
        return without_meaning(format!("{} has imported key material, which KMS does not rotate.", key.arn));
    }
    match *facts::of(&facts.rotation, &key.arn)? {
        true => passed(format!("{} rotates.", key.arn)),
        false => failed(format!("{} does not rotate.", key.arn)),
    }
}

fn is_private(facts: &Facts, key: &Key) -> Answer {
    let Some(text) = facts::of(&facts.key_policies, &key.arn)? else {
        return failed(format!("{} does not exist.", key.arn));
    };
    let policy: Document = text.parse().map_err(|error| format!("The policy of {}: {error}", key.arn))?;
    match (&policy.public_statements()[..], &policy.stale_statements()[..]) {
        ([], []) => passed(format!("The policy of {} names principals that exist.", key.arn)),
        ([], stale) => failed(format!("Deleted principals in the policy of {}: {}.", key.arn, stale.join(", "))),
        (public, _) => failed(format!("Open to anybody in the policy of {}: {}.", key.arn, public.join(", "))),
    }
}

fn insights_key(facts: &Facts, database: &Profile) -> Answer {
    if !database.has_insights {
        return without_meaning("Performance Insights is off.");
    }
    let Some(id) = &database.insights_key else { return Err("RDS does not tell the key.".to_owned()) };
    match facts.key(id)? {
        Some(key) => holds(key.is_customer_managed, owner(key)),
        None => failed(format!("{id} does not exist.")),
    }
}

fn like_source(facts: &Facts, database: &Profile) -> Answer {
    let Some(source) = &database.replica_of else { return without_meaning("It is no read replica.") };
    let is_it = |other: &&Profile| other.identifier == *source || other.arn == *source;
    let Some(found) = facts.databases().find(is_it) else {
        return Err(format!("Its source \"{source}\" is not among the databases that were read."));
    };
    let evidence =
        format!("StorageEncryptionType is {}, that of \"{source}\" {}.", database.encryption, found.encryption);
    holds(rank(&database.encryption) >= rank(&found.encryption), evidence)
}

fn exports(facts: &Facts) -> Answer {
    let exports = facts.exports.as_ref().map_err(Clone::clone)?;
    if exports.is_empty() {
        return without_meaning("There are no exports.");
    }
    let mut weak = Vec::new();
    for export in exports {
        let key = match &export.key {
            Some(id) => facts.key(id)?,
            None => None,
        };
        if !key.is_some_and(|key| key.is_customer_managed) {
            weak.push(export.identifier.as_str());
        }
    }
    match weak[..] {
        [] => passed(format!("All of {} exports are.", exports.len())),
        _ => failed(format!("They are not: {}.", weak.join(", "))),
    }
}
