//! Diagnostics of `rdsauth_blue_green_encryption`.

use tf_provider::diagnostic::Diagnostic;

use crate::aws::Error;
use crate::aws::rds::Database;
use crate::aws::rds::blue_green::{COMPLETED, Part};
use crate::resources::blue_green_encryption::BlueGreenEncryption;

// === The arguments ===

pub(super) fn no_final_snapshot() -> Diagnostic {
    let detail = "\"delete_old_environment\" deletes the databases that were in production before the switchover. Write \
                  \"final_snapshot_identifier\", or set \"skip_final_snapshot\" to true.";
    Diagnostic::error("Missing required argument", detail).at(BlueGreenEncryption::final_snapshot_identifier)
}

pub(super) fn final_snapshot_and_none() -> Diagnostic {
    let detail = "\"final_snapshot_identifier\" asks for a final snapshot, and \"skip_final_snapshot\" for none. Remove one \
                  of them.";
    Diagnostic::error("Conflicting arguments", detail).at(BlueGreenEncryption::skip_final_snapshot)
}

pub(super) fn one_way(status: &str) -> Diagnostic {
    let detail = match status {
        COMPLETED => {
            "The switchover has completed: the green environment is the production database, and receives all \
                      writes. The old environment does not follow it."
        }
        _ => "The switchover is in progress.",
    };
    let detail = format!(
        "{detail}\n\nSet \"switchover\" to true. To return to the old environment, rename both databases by hand; what was \
         written since the switchover is then lost. To encrypt the database with another key, change \
         \"blue_green_deployment_name\" and \"kms_key_arn\"."
    );
    Diagnostic::error("Switchover cannot be undone", detail).at(BlueGreenEncryption::switchover)
}

// === The database ===

pub(super) fn blocked(identifier: &str, blocked_by: &[String], others: &[String]) -> Diagnostic {
    let detail = format!(
        "RDS would refuse a blue/green deployment of \"{identifier}\":\n{}\n\n{}",
        list(blocked_by),
        other_ways(others)
    );
    Diagnostic::error("Blue/green deployment is not possible", detail)
}

pub(super) fn unchecked(identifier: &str, unknown: &[String]) -> Diagnostic {
    let detail = format!(
        "RDS may refuse a blue/green deployment of \"{identifier}\", since not everything could be checked:\n{}",
        list(unknown)
    );
    Diagnostic::warning("Blue/green deployment may not be possible", detail)
}

pub(super) fn deployed_already(identifier: &str, other: &str) -> Diagnostic {
    let detail = format!(
        "\"{identifier}\" is in the blue/green deployment \"{other}\", and can be in one only. The apply fails unless that is \
         deleted earlier in the same apply. Switch it over or delete it."
    );
    Diagnostic::warning("Database is in a blue/green deployment", detail)
}

pub(super) fn encrypted_with_the_key(identifier: &str) -> Diagnostic {
    let detail = format!(
        "\"{identifier}\" is encrypted with the key in \"kms_key_arn\", so there is nothing to do.\n\nRemove this resource. If \
         it was removed from the state after its switchover, it is not needed any more."
    );
    Diagnostic::error("Database is encrypted with this key already", detail)
}

pub(super) fn encrypted_already(identifier: &str, encryption: &str) -> Diagnostic {
    let detail = format!(
        "The storage encryption type of \"{identifier}\" is \"{encryption}\". The apply gives it another key.\n\nTo change the \
         key of a database, this is what you want. Otherwise remove this resource."
    );
    Diagnostic::warning("Database is encrypted already", detail)
}

/// RDS refuses a deployment of a database whose status does not change by itself.
pub(super) fn stuck(error: Error, found: &Database) -> Diagnostic {
    let mut told = Diagnostic::from(error);
    let advice = found.advice().map(|advice| format!("; {advice}")).unwrap_or_default();
    told.detail.push_str(&format!("\n\nThe status of the database is \"{}\"{advice}.", found.status));
    told
}

/// An error of RDS, with advice where its code says what helps.
pub(super) fn refused(error: Error, others: &[String]) -> Diagnostic {
    let (is_limit, is_key, is_unsupported) =
        (error.is_limit_exceeded(), error.is_key_unusable(), error.is_unsupported());
    let mut told = Diagnostic::from(error);
    if is_limit {
        told.detail.push_str(
            "\n\nThe green environment needs as many DB instances and as much storage as the blue one. Delete databases \
             that are not needed, or request an increase in the Service Quotas console.",
        );
    }
    if is_key {
        told.detail.push_str(
            "\n\nRDS needs \"kms:DescribeKey\" and \"kms:CreateGrant\" of the caller on the key. Allow both in the key policy, \
             or in an IAM policy if the key policy delegates to the account, and check that the key is enabled.",
        );
    }
    if is_key || is_unsupported {
        told.detail.push_str(&format!("\n\n{}", other_ways(others)));
    }
    told
}

fn other_ways(others: &[String]) -> String {
    match others {
        [] => "No other way is open: see the data source rdsauth_encryption_plan.".to_owned(),
        others => format!(
            "Correct that, or take another way: {}. The data source rdsauth_encryption_plan describes them.",
            others.join(", ")
        ),
    }
}

fn list(reasons: &[String]) -> String {
    reasons.iter().map(|reason| format!("  - {reason}")).collect::<Vec<_>>().join("\n")
}

// === The green environment ===

pub(super) fn late(name: &str, status: &str, why: &Diagnostic) -> Diagnostic {
    let detail = format!(
        "\"{name}\": {}\n\nThe status is \"{status}\". What has begun goes on in AWS, and the resource is not tainted: the \
         next \"terraform apply\" waits for it again.",
        why.detail
    );
    Diagnostic::warning("Blue/green deployment is not finished yet", detail)
}

/// What to do if the deployment does not exist any more.
pub(super) const IF_GONE: &str = "Run \"terraform apply\" again to create it again.";

/// What to do if the green environment is not fit for a switchover.
pub(super) fn if_invalid(is_create: bool) -> &'static str {
    match is_create {
        true => {
            "The resource is tainted: the next apply deletes the green environment and creates it again. If the cause can be \
             corrected in the green environment, do so and run \"terraform untaint ADDRESS\"."
        }
        false => {
            "Production is unchanged. Correct the cause in the green environment, or create it again with \"terraform apply \
             -replace=ADDRESS\"."
        }
    }
}

pub(super) fn invalid_at_plan() -> Diagnostic {
    let detail = "The status of the blue/green deployment is \"INVALID_CONFIGURATION\", so it cannot be switched over. Correct \
                  the cause in the green environment, or create it again with \"terraform apply -replace=ADDRESS\".";
    Diagnostic::warning("Green environment is invalid", detail)
}

pub(super) fn not_encrypted(name: &str, target: Option<&Part>) -> Diagnostic {
    let detail = match target {
        Some(target) => format!(
            "The green database \"{}\" of the blue/green deployment \"{name}\" has no KMS key: its storage encryption type is \
             \"{}\". This resource manages deployments that encrypt with a KMS key only.",
            target.identifier, target.encryption
        ),
        None => format!(
            "The blue/green deployment \"{name}\" has no green database yet. Import it once its status is \"AVAILABLE\"."
        ),
    };
    Diagnostic::error("Green environment is not encrypted", detail)
}

// === The switchover ===

/// What comes after a switchover that RDS has undone.
pub(super) const IF_UNDONE: &str =
    "The next \"terraform apply\" tries again; set \"switchover\" to false to prevent that.";

/// What to do if RDS does not accept another switchover.
pub(super) const IF_REFUSED: &str = "Create the deployment again with \"terraform apply -replace=ADDRESS\", or set \
                                     \"switchover\" to false.";

pub(super) fn switched_again() -> Diagnostic {
    let detail = "The last switchover failed and was undone. The apply tries it again, with the same downtime. Set \
                  \"switchover\" to false to prevent that.";
    Diagnostic::warning("Switchover will be tried again", detail).at(BlueGreenEncryption::switchover)
}

// === The old environment ===

pub(super) fn old_environment_stays(arns: &[String]) -> Diagnostic {
    let detail = format!(
        "The databases that were in production before the switchover are not deleted, and cost as much as before:\n{}\n\n\
         They may accept writes again. Delete them when they are not needed any more.",
        list(arns)
    );
    Diagnostic::warning("Old environment is kept", detail)
}

pub(super) fn old_environment_left(why: Diagnostic) -> Diagnostic {
    let detail = format!(
        "{}\n\nThe switchover has completed. The next \"terraform apply\" deletes the old environment.",
        why.detail
    );
    Diagnostic { detail, ..Diagnostic::warning("Old environment was not deleted", String::new()) }
        .at(BlueGreenEncryption::delete_old_environment)
}

pub(super) fn old_is_protected(old: &Part) -> Diagnostic {
    let (kind, identifier) = (old.kind, &old.identifier);
    let detail = format!(
        "The DB {kind} \"{identifier}\" of the old environment has deletion protection. Nothing of it was deleted.\n\nTurn the \
         protection off:\n  aws rds modify-db-{kind} --db-{kind}-identifier '{identifier}' --no-deletion-protection \
         --apply-immediately\nOr set \"delete_old_environment\" to false."
    );
    Diagnostic::error("Old environment is protected", detail).at(BlueGreenEncryption::delete_old_environment)
}

pub(super) fn not_in_production(target: &str) -> Diagnostic {
    let detail = format!(
        "\"{target}\" is not the database any more that became the production database with the switchover: it was deleted, \
         renamed or restored since. The old environment is not deleted, since it may be needed.\n\nSet \
         \"delete_old_environment\" to false, and delete the old environment by hand when it is not needed."
    );
    Diagnostic::error("Production database has changed", detail).at(BlueGreenEncryption::delete_old_environment)
}

pub(super) fn not_the_old_one(old: &Part) -> Diagnostic {
    let detail = format!(
        "The DB {} \"{}\" has the resource ID \"{}\", which no database had that was in production before the switchover. \
         Nothing of the old environment was deleted.\n\nSet \"delete_old_environment\" to false, and delete the old \
         environment by hand.",
        old.kind, old.identifier, old.resource_id
    );
    Diagnostic::error("Old environment has changed", detail).at(BlueGreenEncryption::delete_old_environment)
}
