//! What is said of an encrypted restore.

use tf_provider::diagnostic::Diagnostic;

use crate::aws::rds::snapshots::Snapshot;
use crate::resources::encrypted_restore::EncryptedRestore;

// === The snapshot ===

pub(super) fn snapshot_missing(snapshot: &str, place: &str) -> Diagnostic {
    let detail = format!(
        "There is no DB snapshot \"{snapshot}\" in {place}. Nothing was changed.\n\nCheck the identifier, \"region\" and \
         the account of the credentials. A DB cluster snapshot is restored by rdsauth_encrypted_cluster_restore. A \
         snapshot of another account must be shared with this one, and be given by its ARN."
    );
    Diagnostic::error("Snapshot not found", detail).at(EncryptedRestore::snapshot_identifier)
}

pub(super) fn snapshot_missing_at_plan(snapshot: &str, place: &str) -> Diagnostic {
    let detail = format!(
        "There is no DB snapshot \"{snapshot}\" in {place}. The apply fails unless it is created earlier in the same \
         apply.\n\nIf it should exist, check the identifier, \"region\" and the account of the credentials."
    );
    Diagnostic::warning("Snapshot not found", detail).at(EncryptedRestore::snapshot_identifier)
}

pub(super) fn snapshot_elsewhere(snapshot: &str, region: &str) -> Diagnostic {
    let detail = format!(
        "The DB snapshot \"{snapshot}\" is not in region \"{region}\". Copy it to that region first, for example with \
         aws_db_snapshot_copy of hashicorp/aws, or change \"region\"."
    );
    Diagnostic::error("Snapshot is in another region", detail).at(EncryptedRestore::snapshot_identifier)
}

pub(super) fn snapshot_not_encrypted(snapshot: &Snapshot) -> Diagnostic {
    let detail = format!(
        "The storage encryption type of the DB snapshot \"{}\" is \"{}\", and so would be that of a DB instance that is \
         restored from it.\n\nCreate an encrypted copy of the snapshot with rdsauth_encrypted_snapshot, and restore that.",
        snapshot.identifier, snapshot.encryption
    );
    Diagnostic::error("Snapshot is not encrypted with a KMS key", detail).at(EncryptedRestore::snapshot_identifier)
}

pub(super) fn snapshot_failed(snapshot: &Snapshot) -> Diagnostic {
    let detail = format!(
        "The status of the DB snapshot \"{}\" is \"{}\". Nothing was changed.\n\nCreate another snapshot.",
        snapshot.identifier, snapshot.status
    );
    Diagnostic::error("Snapshot has failed", detail).at(EncryptedRestore::snapshot_identifier)
}

pub(super) fn other_engine(snapshot: &Snapshot, engine: &str) -> Diagnostic {
    let detail = format!(
        "The DB snapshot \"{}\" is one of the engine \"{}\", and the engine of the DB instance whose settings are to be \
         carried over is \"{engine}\".\n\nCorrect \"source_db_instance_identifier\" or \"snapshot_identifier\".",
        snapshot.identifier, snapshot.engine
    );
    Diagnostic::error("Engines do not match", detail).at(EncryptedRestore::source_db_instance_identifier)
}

pub(super) fn engine_not_supported(engine: &str) -> Diagnostic {
    let detail = format!(
        "The engine is \"{engine}\". The settings of PostgreSQL, MySQL and MariaDB are carried over, those of other \
         engines are not.\n\nUse aws_db_instance of hashicorp/aws with \"snapshot_identifier\"."
    );
    Diagnostic::error("Engine not supported", detail)
}

// === The original ===

pub(super) fn source_missing(source: &str, place: &str) -> Diagnostic {
    let detail = format!(
        "There is no DB instance \"{source}\" in {place}, and its settings are to be carried over. Nothing was \
         changed.\n\nCheck the identifier, \"region\" and the account of the credentials. If the DB instance does not \
         exist any more, restore the snapshot with aws_db_instance of hashicorp/aws and \"snapshot_identifier\"."
    );
    Diagnostic::error("DB instance not found", detail).at(EncryptedRestore::source_db_instance_identifier)
}

pub(super) fn source_missing_at_plan(source: &str, place: &str) -> Diagnostic {
    let detail = format!(
        "There is no DB instance \"{source}\" in {place}. The apply fails unless it is created earlier in the same \
         apply.\n\nIf it should exist, check the identifier, \"region\" and the account of the credentials."
    );
    Diagnostic::warning("DB instance not found", detail).at(EncryptedRestore::source_db_instance_identifier)
}

pub(super) fn of_a_cluster(instance: &str, cluster: &str) -> Diagnostic {
    let detail = format!(
        "The DB instance \"{instance}\" is a member of the DB cluster \"{cluster}\", whose snapshots are restored as a \
         cluster.\n\nUse rdsauth_encrypted_cluster_restore."
    );
    Diagnostic::error("DB instance is a member of a cluster", detail)
        .at(EncryptedRestore::source_db_instance_identifier)
}

pub(super) fn restore_of_itself() -> Diagnostic {
    let detail = "\"db_instance_identifier\" is the identifier of the restored DB instance, and must differ from that of \
                  the original.";
    Diagnostic::error("DB instance cannot be a restore of itself", detail).at(EncryptedRestore::db_instance_identifier)
}

// === The restore ===

pub(super) fn role_invalid(role: &str, feature: &str, status: &str) -> Diagnostic {
    let detail = format!(
        "RDS cannot assume the role \"{role}\" for \"{feature}\": its status is \"{status}\".\n\nCheck that the trust \
         policy of the role allows \"rds.amazonaws.com\" the action \"sts:AssumeRole\" for the restored DB instance, \
         whose ARN differs from that of the original."
    );
    Diagnostic::error("Role cannot be used", detail)
}

pub(super) fn gone(id: &str) -> Diagnostic {
    let detail = format!(
        "The DB instance \"{id}\" does not exist any more. Apply again: the next plan shows that it will be restored."
    );
    Diagnostic::error("DB instance not found", detail)
}

pub(super) fn recreated(id: &str) -> Diagnostic {
    let detail = format!(
        "The DB instance \"{id}\" was deleted and re-created outside of Terraform. Nothing was changed.\n\nApply again: \
         the next plan shows what becomes of it."
    );
    Diagnostic::error("DB instance was re-created", detail)
}

pub(super) fn not_encrypted(id: &str) -> Diagnostic {
    let detail = format!(
        "The storage of the DB instance \"{id}\" is not encrypted. This resource manages encrypted DB instances only: use \
         aws_db_instance of hashicorp/aws."
    );
    Diagnostic::error("DB instance is not encrypted", detail)
}

pub(super) fn without_effect() -> Diagnostic {
    let detail = "\"overrides\" and \"quiet\" are used when the DB instance is restored, and not afterwards. Change the DB \
                  instance itself.";
    Diagnostic::warning("Change has no effect", detail)
}

// === The destroy ===

pub(super) fn no_consent(id: &str, is_allowed: bool) -> Diagnostic {
    let missing = match is_allowed {
        true => "neither \"final_snapshot_identifier\" nor \"skip_final_snapshot\"",
        false => "no \"allow_delete\"",
    };
    let detail = format!(
        "The state has {missing}, so the DB instance \"{id}\" is not deleted. Nothing was changed.\n\nTo delete it with its \
         data, first apply \"allow_delete\" = true and either \"final_snapshot_identifier\" or \"skip_final_snapshot\" = \
         true. To keep it, use a removed block with destroy = false."
    );
    Diagnostic::error("Deletion is not allowed", detail).at(EncryptedRestore::allow_delete)
}

pub(super) fn protected(id: &str) -> Diagnostic {
    let detail = format!(
        "Deletion protection of the DB instance \"{id}\" is on, as it was in the original. Nothing was changed.\n\nTurn it \
         off first:\n  aws rds modify-db-instance --db-instance-identifier '{id}' --no-deletion-protection \
         --apply-immediately"
    );
    Diagnostic::error("Deletion protection is on", detail)
}
