//! Diagnostics of `rdsauth_db_secret`.

use tf_provider::diagnostic::Diagnostic;

use crate::arn::Arn;
use crate::attributes::tags;
use crate::aws::secrets::Description;
use crate::resources::db_secret::DbSecret;

/// The key is the AWS managed key, which some services cannot use.
pub(super) fn key_of_aws() -> Diagnostic {
    Diagnostic::warning(
        "Secret is not bound to a key of yours",
        "The key \"aws/secretsmanager\" of AWS will encrypt the secret. Principals of other accounts cannot use it, and \
         no policy can grant it: the role of a data loader of Aurora Limitless, for one, needs a customer-managed key. \
         Set \"kms_key_id\".",
    )
    .at(DbSecret::kms_key_id)
}

/// The key cannot be used in the secret's region.
pub(super) fn key_elsewhere(key: &str, region: &str) -> Diagnostic {
    let detail =
        format!("Secrets Manager of {region} can only use keys of {region}, and \"{key}\" is another region's.");
    Diagnostic::error("Key is in another region", detail).at(DbSecret::kms_key_id)
}

/// The current value was written outside of Terraform.
pub(super) fn changed_value(found: &Description) -> Diagnostic {
    let by = if found.is_rotated { " The secret is rotated, which may be why." } else { "" };
    Diagnostic::warning(
        "Value of the secret was changed",
        format!(
            "The value in force of the secret \"{}\" is not the one that the last apply put there.{by}\n\nIf it is as it \
             should be, nothing needs to be done. To put the value of the configuration in force again, raise \
             \"password_wo_version\".",
            found.name
        ),
    )
}

/// A create took a deleted secret back.
pub(super) fn restored(name: &str) -> Diagnostic {
    let detail =
        format!("The secret \"{name}\" was deleted, and is restored. Its value becomes that of the configuration.");
    Diagnostic::warning("Secret was restored", detail)
}

/// The name belongs to a deleted secret; `outcome` says what follows from that.
pub(super) fn in_recovery(found: &Description, outcome: &str) -> Diagnostic {
    let Description { arn, name, .. } = found;
    let creator = match tags::mark(&found.tags) {
        Some(_) => "A resource of this provider had created it, perhaps this one before it was destroyed.",
        None => "It carries no mark of this provider, so it was created by other means.",
    };
    let region = arn.parse().map_or_else(|_| String::new(), |arn: Arn| format!(" --region {}", arn.region));
    Diagnostic::error(
        "Name belongs to a deleted secret",
        format!(
            "The secret \"{name}\" is scheduled for deletion, and its name is taken until its recovery window has ended. \
             {creator} {outcome}\n\n\
             To restore it and write this value into it, set \"restore_deleted\" to true. To restore it as it was and \
             manage it here:\n  aws secretsmanager restore-secret --secret-id '{arn}'{region}\n  terraform import \
             ADDRESS '{arn}'\n\n\
             To delete it for good, with its value:\n  aws secretsmanager delete-secret --secret-id '{arn}'{region} \
             --force-delete-without-recovery\n\n\
             Or change \"name\"."
        ),
    )
    .at(DbSecret::name)
}

/// The secret was deleted outside of Terraform.
pub(super) fn secret_missing(id: &str) -> Diagnostic {
    let detail =
        format!("There is no secret \"{id}\" any more. Run \"terraform plan\" again to see what is to be done.");
    Diagnostic::error("Secret not found", detail)
}
