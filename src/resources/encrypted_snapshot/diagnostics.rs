//! Diagnostics of `rdsauth_encrypted_snapshot`.

use tf_provider::diagnostic::Diagnostic;

use crate::aws::Error;
use crate::aws::rds::Database;
use crate::aws::rds::snapshots::Snapshot;
use crate::resources::encrypted_snapshot::EncryptedSnapshot;

// === The source ===

pub(super) fn source_elsewhere(source: &str, region: &str) -> Diagnostic {
    let detail = format!(
        "The DB snapshot \"{source}\" is not in region \"{region}\". Copy it to that region first, for example with \
         aws_db_snapshot_copy of hashicorp/aws, or change \"region\" and \"kms_key_arn\"."
    );
    Diagnostic::error("Source is in another region", detail).at(EncryptedSnapshot::source_db_snapshot_identifier)
}

pub(super) fn of_a_cluster(instance: &str, cluster: &str) -> Diagnostic {
    let detail = format!(
        "The DB instance \"{instance}\" is a member of the DB cluster \"{cluster}\", and AWS does not encrypt a \
         snapshot of a cluster by copying it.\n\nTo encrypt the cluster, create a DB cluster snapshot of \"{cluster}\" \
         and restore it with a KMS key: rdsauth_encrypted_cluster_restore, or snapshot_identifier with kms_key_id in \
         aws_rds_cluster."
    );
    Diagnostic::error("DB instance is a member of a cluster", detail).at(EncryptedSnapshot::db_instance_identifier)
}

pub(super) fn instance_missing(instance: &str, place: &str) -> Diagnostic {
    let detail = format!(
        "There is no DB instance \"{instance}\" in {place}. Nothing was changed.\n\nIf the same configuration creates \
         the DB instance, refer to that resource, or add it to \"depends_on\". Otherwise check the identifier, \
         \"region\" and the account of the credentials."
    );
    Diagnostic::error("DB instance not found", detail).at(EncryptedSnapshot::db_instance_identifier)
}

pub(super) fn source_missing(source: &str, place: &str) -> Diagnostic {
    let detail = format!(
        "There is no DB snapshot \"{source}\" in {place}. Nothing was changed.\n\nCheck the identifier, \"region\" and \
         the account of the credentials. A DB cluster snapshot cannot be encrypted by a copy: restore it with a KMS \
         key. A snapshot of another account must be shared with this one, and be given by its ARN."
    );
    Diagnostic::error("Source snapshot not found", detail).at(EncryptedSnapshot::source_db_snapshot_identifier)
}

pub(super) fn source_missing_at_plan(source: &str, place: &str) -> Diagnostic {
    let detail = format!(
        "There is no DB snapshot \"{source}\" in {place}. The apply fails unless it is created earlier in the same \
         apply.\n\nIf it should exist, check the identifier, \"region\" and the account of the credentials. A DB \
         cluster snapshot cannot be encrypted by a copy: restore it with a KMS key."
    );
    Diagnostic::warning("Source snapshot not found", detail).at(EncryptedSnapshot::source_db_snapshot_identifier)
}

pub(super) fn encrypted_already(source: &str, encryption: &str) -> Diagnostic {
    let detail = format!(
        "The storage encryption type of \"{source}\" is \"{encryption}\". The apply copies it all the same, and \
         encrypts the copy with the key in \"kms_key_arn\".\n\nTo change the key of a database, this is what you want. \
         Otherwise remove this resource."
    );
    Diagnostic::warning("Source is encrypted already", detail)
}

pub(super) fn of_another_instance(copy: &Snapshot, instance: &str) -> Diagnostic {
    let detail = format!(
        "The imported DB snapshot \"{}\" is one of the DB instance \"{}\", not of \"{instance}\". Nothing was \
         changed.\n\nCorrect \"db_instance_identifier\", or import another snapshot.",
        copy.identifier, copy.instance
    );
    Diagnostic::error("Snapshot is of another DB instance", detail).at(EncryptedSnapshot::db_instance_identifier)
}

/// RDS refuses a snapshot of an instance whose status does not change by itself.
pub(super) fn stuck(error: Error, found: &Database) -> Diagnostic {
    let mut told = Diagnostic::from(error);
    let advice = found.advice().map(|advice| format!("; {advice}")).unwrap_or_default();
    told.detail.push_str(&format!("\n\nThe status of the DB instance is \"{}\"{advice}.", found.status));
    told
}

// === The arguments ===

pub(super) fn nothing_to_delete() -> Diagnostic {
    let detail = "There is an intermediate snapshot only with \"db_instance_identifier\". The snapshot in \
                  \"source_db_snapshot_identifier\" is never deleted.";
    Diagnostic::error("No intermediate snapshot to delete", detail).at(EncryptedSnapshot::delete_intermediate_snapshot)
}

pub(super) fn copy_of_itself() -> Diagnostic {
    let detail = "\"db_snapshot_identifier\" is the identifier of the encrypted copy, and must differ from that of its \
                  source.";
    Diagnostic::error("Snapshot cannot be a copy of itself", detail).at(EncryptedSnapshot::db_snapshot_identifier)
}

pub(super) fn without_effect() -> Diagnostic {
    let detail = "Tags are copied when the snapshot is created, and not afterwards. To have them on an existing \
                  snapshot, write them in \"tags\".";
    Diagnostic::warning("Change has no effect", detail).at(EncryptedSnapshot::copy_tags)
}

// === The snapshots ===

pub(super) fn intermediate_exists(found: &Snapshot, copy: &str) -> Diagnostic {
    let detail = format!(
        "The intermediate snapshot of \"{copy}\" would be called \"{}\", and there is a DB snapshot with this \
         identifier: created outside of Terraform, by another configuration, or by an interrupted apply in another \
         directory or on another machine. Nothing was changed.\n\nChange \"db_snapshot_identifier\". Or, if the \
         snapshot is not needed, delete it:\n  aws rds delete-db-snapshot --db-snapshot-identifier '{}'\nOr copy it: \
         write it in \"source_db_snapshot_identifier\" in place of \"db_instance_identifier\".",
        found.identifier, found.identifier
    );
    Diagnostic::error("Intermediate snapshot already exists", detail).at(EncryptedSnapshot::db_snapshot_identifier)
}

pub(super) fn late(identifier: &str, why: &Diagnostic) -> Diagnostic {
    let detail = format!(
        "\"{identifier}\": {}\n\nWhat has begun goes on in AWS, and the resource is not tainted: the next \"terraform \
         apply\" waits for it again. Until \"status\" is \"available\", the snapshot cannot be used.",
        why.detail
    );
    Diagnostic::warning("Encrypted snapshot is not available yet", detail)
}

pub(super) fn intermediate_left(why: Diagnostic) -> Diagnostic {
    let detail = format!(
        "{}\n\nThe encrypted copy is available. The next \"terraform apply\" deletes the intermediate snapshot.",
        why.detail
    );
    Diagnostic::warning("Intermediate snapshot was not deleted", detail)
}

pub(super) fn gone(identifier: &str) -> Diagnostic {
    let detail = format!(
        "The DB snapshot \"{identifier}\" does not exist any more. It was deleted outside of Terraform.\n\nRun \
         \"terraform apply\" again to create it again."
    );
    Diagnostic::error("Snapshot not found", detail)
}

pub(super) fn not_encrypted(found: &Snapshot) -> Diagnostic {
    let detail = format!(
        "The storage encryption type of the DB snapshot \"{}\" is \"{}\". This resource manages encrypted snapshots \
         only.\n\nTo have an encrypted copy of it, write it in \"source_db_snapshot_identifier\".",
        found.identifier, found.encryption
    );
    Diagnostic::error("Snapshot is not encrypted", detail)
}

pub(super) fn will_be_replaced(status: &str) -> Diagnostic {
    let detail = format!(
        "The status of the encrypted copy is \"{status}\", so it will not be available. The apply deletes it and \
         creates it again. The events of the DB snapshot in the RDS console may show the cause."
    );
    Diagnostic::warning("Encrypted snapshot has failed", detail)
}

/// An error of RDS, with advice where its code says what helps.
pub(super) fn refused(error: Error) -> Diagnostic {
    let advice = if error.is_limit_exceeded() {
        "The quota of manual DB snapshots of the account, or of copies at the same time, is used up. Delete snapshots \
         that are not needed, or request an increase in the Service Quotas console. The create of this resource needs \
         two snapshots for a time with \"db_instance_identifier\", and one with \"source_db_snapshot_identifier\"."
    } else if error.is_key_unusable() {
        "RDS needs \"kms:DescribeKey\" and \"kms:CreateGrant\" of the caller on the key in \"kms_key_arn\" and on the \
         key of an encrypted source. Allow both in the key policy, or in an IAM policy if the key policy delegates to \
         the account, and check that both keys are enabled. A snapshot that is encrypted with the AWS managed key \
         \"aws/rds\" cannot be copied by another account."
    } else if error.is_unsupported() {
        "If the DB instance uses an option that is permanent, such as transparent data encryption, set \
         \"option_group_name\" to an option group that has the option."
    } else {
        ""
    };
    let mut told = Diagnostic::from(error);
    if !advice.is_empty() {
        told.detail.push_str(&format!("\n\n{advice}"));
    }
    told
}

/// After an error, core would replace what exists.
pub(super) fn with_intermediate(error: Diagnostic) -> Diagnostic {
    let detail = format!(
        "{}\n\nThe intermediate snapshot exists, and the resource is tainted: the next apply would create both snapshots \
         again. To go on with the intermediate snapshot, correct the cause and run \"terraform untaint ADDRESS\" before \
         the next apply.",
        error.detail
    );
    Diagnostic { detail, ..error }
}
