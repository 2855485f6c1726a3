//! Diagnostics about a key and its alias.

use jiff::Timestamp;
use tf_provider::diagnostic::Diagnostic;

use crate::arn;
use crate::aws::kms::Key;
use crate::resources::kms_key::KmsKey;

/// The region of a key, for commands that do not take it from the ARN.
fn region_of(key_arn: &str) -> String {
    arn::key_arn(key_arn).map(|arn| arn.region).unwrap_or_default()
}

pub(super) fn alias_in_use(alias: &str, key: &Key) -> Diagnostic {
    let detail = format!(
        "The alias \"{alias}\" already belongs to another key, \"{}\". It was not changed.\n\nChoose another \
         \"alias\", or import the key:\n  terraform import ADDRESS '{alias}@{}'",
        key.arn,
        region_of(&key.arn)
    );
    Diagnostic::error("Alias already exists", detail).at(KmsKey::alias)
}

pub(super) fn pending_deletion(key: &Key, alias: &str) -> Diagnostic {
    let (arn, region) = (&key.arn, region_of(&key.arn));
    let detail = format!(
        "The key \"{arn}\" with the alias \"{alias}\" is in state \"{}\". It cannot be used, and data that is \
         encrypted with it cannot be decrypted once it is deleted.\n\nTo keep it, cancel its deletion:\n  aws kms \
         cancel-key-deletion --key-id '{arn}' --region {region}\n  aws kms enable-key --key-id '{arn}' --region \
         {region}\nThen apply again; if the key \
         is no longer in the state, import it:\n  terraform import ADDRESS '{alias}@{region}'\n\nTo create another key \
         with this alias, delete the alias first:\n  aws kms delete-alias --alias-name '{alias}' --region {region}",
        key.state
    );
    Diagnostic::error("Key scheduled for deletion", detail)
}

pub(super) fn not_usable(key: &Key) -> Diagnostic {
    let detail = format!(
        "The key \"{}\", whose key material has the origin {}, is in state \"{}\". Data that is encrypted with it \
         cannot be decrypted. Import its key material again, or connect its custom key store; Terraform cannot do \
         this.",
        key.arn, key.origin, key.state
    );
    Diagnostic::warning("Key cannot be used", detail)
}

pub(super) fn policy_of_before(key: &Key) -> Diagnostic {
    let detail = format!(
        "The key \"{}\" keeps the key policy that the interrupted apply set. If \"administrators\" has changed since \
         then, change the key policy as well:\n  aws kms put-key-policy --key-id '{}' --policy file://policy.json",
        key.arn, key.arn
    );
    Diagnostic::warning("Existing key policy was kept", detail).at(KmsKey::administrators)
}

pub(super) fn going(arn: &str, date: Timestamp) -> Diagnostic {
    let region = region_of(arn);
    let detail = format!(
        "The key \"{arn}\" can no longer be used, and KMS deletes it on {date}. Data that is encrypted with it \
         cannot be decrypted after that.\n\nUntil then, you can cancel the deletion:\n  aws kms cancel-key-deletion \
         --key-id '{arn}' --region {region}\n  aws kms enable-key --key-id '{arn}' --region {region}"
    );
    Diagnostic::warning("Key scheduled for deletion", detail)
}

pub(super) fn without_effect() -> Diagnostic {
    let detail = "The key policy is set at creation only and not managed afterwards. To change the administrators, \
                  change the key policy, for example with \"aws kms put-key-policy\".";
    Diagnostic::warning("Change has no effect", detail).at(KmsKey::administrators)
}
