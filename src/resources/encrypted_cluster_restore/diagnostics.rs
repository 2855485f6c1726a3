//! Diagnostics of `rdsauth_encrypted_cluster_restore`.

use tf_provider::diagnostic::{Diagnostic, Severity};

use crate::aws::Error;
use crate::aws::rds::Source;
use crate::aws::rds::encryption::UNENCRYPTED;
use crate::aws::rds::parameters::Group;
use crate::aws::rds::snapshots::Snapshot;
use crate::parts::rds::carried::Original;
use crate::resources::encrypted_cluster_restore::EncryptedClusterRestore as This;

/// An error of the create, as its plan tells it.
pub(super) fn at_plan(error: Diagnostic) -> Diagnostic {
    let detail = format!("{}\n\nThe apply fails unless this changes earlier in the same apply.", error.detail);
    Diagnostic { severity: Severity::Warning, detail, ..error }
}

// === Snapshot and original ===

pub(super) fn snapshot_elsewhere(snapshot: &str, region: &str) -> Diagnostic {
    let detail = format!(
        "The DB cluster snapshot \"{snapshot}\" is not in region \"{region}\". Copy it to that region first, or change \
         \"region\" and \"kms_key_arn\"."
    );
    Diagnostic::error("Snapshot is in another region", detail).at(This::snapshot_identifier)
}

pub(super) fn snapshot_missing(snapshot: &str, place: &str, is_of_instance: bool) -> Diagnostic {
    let advice = match is_of_instance {
        true => {
            "There is a snapshot of a DB instance with this identifier. To encrypt a DB instance, copy its snapshot with \
             rdsauth_encrypted_snapshot and restore the copy."
        }
        false => {
            "Check the identifier, \"region\" and the account of the credentials. A snapshot of another account must be \
             shared with this one, and be given by its ARN."
        }
    };
    let detail = format!("There is no DB cluster snapshot \"{snapshot}\" in {place}.\n\n{advice}");
    Diagnostic::error("Snapshot not found", detail).at(This::snapshot_identifier)
}

pub(super) fn snapshot_failed(found: &Snapshot) -> Diagnostic {
    let detail = format!(
        "The status of the DB cluster snapshot \"{}\" is \"{}\", so it cannot be restored. Create another snapshot.",
        found.identifier, found.status
    );
    Diagnostic::error("Snapshot has failed", detail).at(This::snapshot_identifier)
}

pub(super) fn engine_not_supported(found: &Snapshot) -> Diagnostic {
    let detail = format!(
        "The snapshot \"{}\" is one of the engine \"{}\". This resource restores Aurora PostgreSQL and Aurora MySQL DB \
         clusters, and Multi-AZ DB clusters of PostgreSQL and MySQL. Snapshots of Amazon DocumentDB and Amazon Neptune are \
         restored with aws_docdb_cluster and aws_neptune_cluster.",
        found.identifier, found.engine
    );
    Diagnostic::error("Engine of the snapshot is not supported", detail).at(This::snapshot_identifier)
}

pub(super) fn other_engine(snapshot: &Snapshot, source: &str, engine: &str) -> Diagnostic {
    let detail = format!(
        "The snapshot \"{}\" is one of the engine \"{}\", and the DB cluster \"{source}\" has the engine \"{engine}\". The \
         settings of one cannot be carried over to the other.\n\nCorrect \"source_cluster_identifier\" or \
         \"snapshot_identifier\".",
        snapshot.identifier, snapshot.engine
    );
    Diagnostic::error("Original has another engine", detail).at(This::source_cluster_identifier)
}

pub(super) fn source_missing(source: &str, place: &str) -> Diagnostic {
    let detail = format!(
        "There is no DB cluster \"{source}\" in {place}, so its settings cannot be read.\n\nCheck the identifier, \
         \"region\" and the account of the credentials. To restore a snapshot whose DB cluster is gone, use \
         aws_rds_cluster with \"snapshot_identifier\" and a KMS key."
    );
    Diagnostic::error("Original not found", detail).at(This::source_cluster_identifier)
}

// === The arguments ===

pub(super) fn restore_of_itself() -> Diagnostic {
    let detail = "\"cluster_identifier\" is the identifier of the restored DB cluster, and must differ from that of the \
                  original.";
    Diagnostic::error("DB cluster cannot be restored in place", detail).at(This::cluster_identifier)
}

pub(super) fn without_effect() -> Diagnostic {
    let detail = "The argument is used when the DB cluster is restored, and not afterwards. Change the DB cluster itself, \
                  or restore it again.";
    Diagnostic::warning("Change has no effect", detail)
}

pub(super) fn no_such_member(given: &str, members: &[(String, Original)]) -> Diagnostic {
    let names: Vec<_> = members.iter().map(|(_, member)| format!("\"{}\"", member.identifier)).collect();
    let detail = format!(
        "The original has no member \"{given}\" that this resource creates. Its members are: {}. The members of a Multi-AZ \
         DB cluster are created and named by RDS.",
        if names.is_empty() { "none".to_owned() } else { names.join(", ") }
    );
    Diagnostic::error("Original has no such member", detail).at(This::member_identifiers)
}

pub(super) fn bad_name(name: &str, original: &str) -> Diagnostic {
    let detail = format!(
        "The member that takes the place of \"{original}\" would be called \"{name}\", which is no valid identifier: at most \
         63 letters, digits and single hyphens. Nothing was changed.\n\nAdd to \"member_identifiers\":\n  {original} = \
         \"another-identifier\""
    );
    Diagnostic::error("Identifier of a member is not valid", detail).at(This::member_identifiers)
}

pub(super) fn name_twice(name: &str) -> Diagnostic {
    let detail =
        format!("Two members would be called \"{name}\". Nothing was changed.\n\nChange \"member_identifiers\".");
    Diagnostic::error("Two members with the same identifier", detail).at(This::member_identifiers)
}

// === What is in the way ===

pub(super) fn member_exists(name: &str, place: &str) -> Diagnostic {
    let detail = format!(
        "A member would be called \"{name}\", and there is a DB instance with this identifier in {place}, which this \
         resource has not created.\n\nDelete it if it is not needed, or give the member another identifier with \
         \"member_identifiers\"."
    );
    Diagnostic::error("DB instance already exists", detail).at(This::member_identifiers)
}

pub(super) fn endpoint_exists(name: &str, place: &str) -> Diagnostic {
    let detail = format!(
        "A custom endpoint would be called \"{name}\", and there is one with this identifier in {place}, which this resource \
         has not created.\n\nDelete it if it is not needed, or change \"cluster_identifier\"."
    );
    Diagnostic::error("Custom endpoint already exists", detail).at(This::cluster_identifier)
}

pub(super) fn other_key(found: &Source) -> Diagnostic {
    let id = &found.database.identifier;
    let detail = format!(
        "An interrupted apply has restored the DB cluster \"{id}\" with the key \"{}\". Nothing was changed.\n\nWrite this \
         key in \"kms_key_arn\" to go on. Or delete the DB cluster:\n  aws rds delete-db-cluster --db-cluster-identifier \
         '{id}' --skip-final-snapshot",
        found.kms_key_id.as_deref().unwrap_or(UNENCRYPTED)
    );
    Diagnostic::error("DB cluster has another key", detail).at(This::kms_key_arn)
}

pub(super) fn not_encrypted(found: &Source) -> Diagnostic {
    let detail = format!(
        "The storage encryption type of the DB cluster \"{}\" is \"{}\". This resource manages DB clusters that a KMS key \
         encrypts.",
        found.database.identifier, found.database.encryption
    );
    Diagnostic::error("DB cluster is not encrypted with a KMS key", detail)
}

pub(super) fn gone(id: &str) -> Diagnostic {
    let detail = format!(
        "The DB cluster \"{id}\" does not exist any more. It was deleted outside of Terraform.\n\nRun \"terraform apply\" \
         again to restore it again."
    );
    Diagnostic::error("DB cluster not found", detail)
}

// === The restore ===

pub(super) fn events_of_members(group: &Group) -> Diagnostic {
    let detail = format!(
        "The {group} sets event_scheduler, which goes before the temporary DB cluster parameter group: events would run in \
         the restored DB cluster before they are stopped.\n\nSet event_scheduler in the DB cluster parameter group \
         instead, give the members another group with \"db_parameter_group_name\" in \"overrides\", or set quiet = false."
    );
    Diagnostic::error("Members would run events", detail).at(This::quiet)
}

/// An error of RDS, with advice where its code says what helps.
pub(super) fn refused(error: Error) -> Diagnostic {
    let advice = if error.is_limit_exceeded() {
        "A quota of the account in this region is used up. Delete what is not needed, or request an increase in the Service \
         Quotas console. Original and restored DB cluster exist side by side."
    } else if error.is_key_unusable() {
        "RDS needs \"kms:DescribeKey\" and \"kms:CreateGrant\" of the caller on the key in \"kms_key_arn\" and on the key of \
         an encrypted snapshot. Allow both in the key policy, or in an IAM policy if the key policy delegates to the account, \
         and check that both keys are enabled."
    } else if error.is_unsupported() {
        "The settings are those of the original. Where RDS does not accept one any more, use \"overrides\"."
    } else {
        ""
    };
    let mut told = Diagnostic::from(error);
    if !advice.is_empty() {
        told.detail.push_str(&format!("\n\n{advice}"));
    }
    told
}

// === The deletion ===

pub(super) fn without_consent(id: &str, is_allowed: bool) -> Diagnostic {
    let missing = match is_allowed {
        true => "\"final_snapshot_identifier\" or \"skip_final_snapshot = true\"",
        false => "\"allow_delete = true\", and \"final_snapshot_identifier\" or \"skip_final_snapshot = true\"",
    };
    let detail = format!(
        "The DB cluster \"{id}\" holds data, and its state does not allow to delete it. Nothing was changed.\n\nTo delete it, \
         apply {missing} first. To keep it, remove the resource from the state:\n  terraform state rm ADDRESS"
    );
    let at = if is_allowed { This::skip_final_snapshot } else { This::allow_delete };
    Diagnostic::error("Deletion is not allowed", detail).at(at)
}

pub(super) fn protected(id: &str) -> Diagnostic {
    let detail = format!(
        "Deletion protection of the DB cluster \"{id}\" is on, as it was carried over from the original. Nothing was \
         changed.\n\nTurn it off first:\n  aws rds modify-db-cluster --db-cluster-identifier '{id}' \
         --no-deletion-protection"
    );
    Diagnostic::error("Deletion protection is on", detail)
}

pub(super) fn foreign_member(id: &str, member: &str) -> Diagnostic {
    let detail = format!(
        "The DB cluster \"{id}\" has the member \"{member}\", which this resource has not created. Nothing was \
         changed.\n\nDelete this DB instance first."
    );
    Diagnostic::error("DB cluster has members of others", detail)
}

pub(super) fn final_snapshot_exists(name: &str) -> Diagnostic {
    let detail = format!(
        "There is a DB cluster snapshot \"{name}\" already. Nothing was changed.\n\nApply another \
         \"final_snapshot_identifier\" first, or delete that snapshot."
    );
    Diagnostic::error("Final snapshot already exists", detail).at(This::final_snapshot_identifier)
}
