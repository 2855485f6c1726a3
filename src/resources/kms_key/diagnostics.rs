//! Diagnostics about a key and its alias.

use jiff::Timestamp;
use tf_provider::diagnostic::Diagnostic;

use crate::aws::kms::Key;
use crate::resources::kms_key::KmsKey;

pub(super) fn alias_in_use(alias: &str, key: &Key) -> Diagnostic {
    let detail = format!(
        "\"{alias}\" leads to the key \"{}\" already, which is another one. Nothing was changed.\n\nChoose another alias.",
        key.arn
    );
    Diagnostic::error("Alias is taken", detail).at(KmsKey::alias)
}

pub(super) fn pending_deletion(key: &Key, alias: &str) -> Diagnostic {
    let arn = &key.arn;
    let detail = format!(
        "The key \"{arn}\" of the alias \"{alias}\" is in state \"{}\": nobody can use it, and what is encrypted with it \
         will be lost with it.\n\nTo keep it, cancel its deletion:\n  aws kms cancel-key-deletion --key-id '{arn}'\n  aws \
         kms enable-key --key-id '{arn}'\nThen apply again; if the state no longer has it, import it:\n  terraform import \
         ADDRESS '{alias}'\n\nTo create another key by this alias, free it first:\n  aws kms delete-alias --alias-name \
         '{alias}'",
        key.state
    );
    Diagnostic::error("Key scheduled for deletion", detail)
}

pub(super) fn not_usable(key: &Key) -> Diagnostic {
    let detail = format!(
        "The key \"{}\", whose key material has the origin {}, is in state \"{}\": what is encrypted with it cannot be read \
         now. Import its key material again, or connect its key store; Terraform cannot.",
        key.arn, key.origin, key.state
    );
    Diagnostic::warning("Key cannot be used", detail)
}

pub(super) fn policy_of_before(key: &Key) -> Diagnostic {
    let detail = format!(
        "The policy of the key \"{}\" is the one that the interrupted run has given it. If \"administrators\" was changed \
         since then, change the policy as well.",
        key.arn
    );
    Diagnostic::warning("Existing key policy was kept", detail).at(KmsKey::administrators)
}

pub(super) fn going(arn: &str, date: Timestamp) -> Diagnostic {
    let detail = format!(
        "From now on nobody can use the key \"{arn}\", and on {date} KMS deletes it. What is encrypted with it is lost \
         then.\n\nUntil then the deletion can be cancelled:\n  aws kms cancel-key-deletion --key-id '{arn}'\n  aws kms \
         enable-key --key-id '{arn}'"
    );
    Diagnostic::warning("Key scheduled for deletion", detail)
}

pub(super) fn without_effect() -> Diagnostic {
    let detail = "The policy of a key is set when the key is made, and not taken over afterwards. To let others \
                  administer the key, change its policy.";
    Diagnostic::warning("Change has no effect", detail).at(KmsKey::administrators)
}
