//! Diagnostics of `rdsauth_db_secret`.

use tf_provider::diagnostic::Diagnostic;

use crate::arn::Arn;
use crate::attributes::tags;
use crate::aws::secrets::Description;
use crate::resources::db_secret::DbSecret;

/// The key is the AWS managed key, which some services cannot use.
pub(super) fn key_of_aws() -> Diagnostic {
    Diagnostic::warning(
        "Secret uses the AWS managed key",
        "The secret will be encrypted with the AWS managed key \"aws/secretsmanager\". Its key policy cannot be \
         changed, and principals of other accounts cannot use it. The data loader of Aurora Limitless Database, for \
         example, needs a customer managed key. Set \"kms_key_id\".",
    )
    .at(DbSecret::kms_key_id)
}

/// The key cannot be used in the secret's region.
pub(super) fn key_elsewhere(key: &str, region: &str) -> Diagnostic {
    let detail = format!(
        "Secrets Manager in region \"{region}\" can use only keys of that region, and \"{key}\" is in \
         another region. Use a key of region \"{region}\", or change \"region\"."
    );
    Diagnostic::error("Key is in another region", detail).at(DbSecret::kms_key_id)
}

/// The current value was written outside of Terraform.
pub(super) fn changed_value(found: &Description) -> Diagnostic {
    let by = if found.is_rotated { " Rotation is enabled for the secret and may have changed it." } else { "" };
    Diagnostic::warning(
        "Value of the secret was changed",
        format!(
            "The current value of the secret \"{}\" is not the one that the last apply wrote.{by}\n\nIf the new \
             value is intended, do nothing. To write the value of the configuration again, increase \
             \"password_wo_version\".",
            found.name
        ),
    )
}

/// A create took a deleted secret back.
pub(super) fn restored(name: &str) -> Diagnostic {
    let detail = format!(
        "The secret \"{name}\" was scheduled for deletion and has been restored. Its value is set to that of \
         the configuration."
    );
    Diagnostic::warning("Secret was restored", detail)
}

/// The name belongs to a deleted secret; `outcome` says what follows from that.
pub(super) fn in_recovery(found: &Description, outcome: &str) -> Diagnostic {
    let Description { arn, name, .. } = found;
    let creator = match tags::mark(&found.tags) {
        Some(_) => "It was created by a resource of this provider, possibly by this one before it was destroyed.",
        None => "It has no tag of this provider, so it was not created by this provider.",
    };
    let region = arn.parse().map_or_else(|_| String::new(), |arn: Arn| format!(" --region {}", arn.region));
    Diagnostic::error(
        "Name belongs to a secret scheduled for deletion",
        format!(
            "The secret \"{name}\" is scheduled for deletion, and its name cannot be used again until the recovery \
             window ends. {creator} {outcome}\n\nTo restore it and write this value into it, set \"restore_deleted\" \
             to true. To restore it as it was and manage it here:\n  aws secretsmanager restore-secret --secret-id \
             '{arn}'{region}\n  terraform import ADDRESS '{arn}'\n\nTo delete it permanently, with its value:\n  aws \
             secretsmanager delete-secret --secret-id '{arn}'{region} --force-delete-without-recovery\n\nOr change \
             \"name\"."
        ),
    )
    .at(DbSecret::name)
}

/// The secret was deleted outside of Terraform.
pub(super) fn secret_missing(id: &str) -> Diagnostic {
    let place = id.parse().map(|arn: Arn| format!(" in {}", arn.place()));
    let place = place.unwrap_or_default();
    let detail = format!(
        "The secret \"{id}\" does not exist any more{place}. It was deleted outside of Terraform after the \
         plan was created.\n\nRun \"terraform apply\" again to create it again."
    );
    Diagnostic::error("Secret not found", detail)
}
