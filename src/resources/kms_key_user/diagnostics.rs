//! Diagnostics of `rdsauth_kms_key_user`.

use tf_provider::diagnostic::Diagnostic;

use crate::aws::kms::Key;
use crate::resources::kms_key_user::KmsKeyUser;

impl KmsKeyUser {
    pub(super) fn changed_meanwhile(&self) -> Diagnostic {
        let detail = format!(
            "The {} of the key \"{}\" was changed outside of Terraform after the plan was created. Nothing was \
             changed.\n\nRun \"terraform plan\" again to see the current {}.",
            self.name(),
            self.kms_key_arn,
            self.kind()
        );
        Diagnostic::error("Statement changed since the plan", detail).at(Self::sid)
    }

    pub(super) fn cannot_describe(&self) -> Diagnostic {
        let detail = format!(
            "The {} of the key \"{}\" cannot be managed by this resource. It can manage only statements that allow \
             actions for one role, user or account, without conditions.",
            self.name(),
            self.kms_key_arn
        );
        Diagnostic::error("Cannot describe the statement", detail)
    }

    pub(super) fn no_key(&self) -> Diagnostic {
        Diagnostic::error("Key not found", self.where_no_key_is("")).at(Self::kms_key_arn)
    }

    pub(super) fn no_key_yet(&self) -> Diagnostic {
        let unless = " The apply fails unless it is created earlier in the same apply.";
        Diagnostic::warning("Key not found", self.where_no_key_is(unless)).at(Self::kms_key_arn)
    }

    fn where_no_key_is(&self, unless: &str) -> String {
        let place = self.arn().map(|arn| arn.place());
        format!(
            "There is no KMS key \"{}\" in {}.{unless} Check \"kms_key_arn\", and that the key has not been deleted.",
            self.kms_key_arn,
            place.unwrap_or_else(|_| "its region".to_owned())
        )
    }

    pub(super) fn statement_remains(&self) -> Diagnostic {
        let detail = format!(
            "The key \"{}\" is scheduled for deletion, and KMS does not accept policy changes for it. The {} is \
             deleted together with the key; if the deletion of the key is cancelled, it still exists.",
            self.kms_key_arn,
            self.name()
        );
        Diagnostic::warning("Statement left in the policy of a key pending deletion", detail)
    }

    fn name(&self) -> String {
        format!("{} \"{}\"", self.kind(), self.sid.get().map(String::as_str).unwrap_or_default())
    }

    fn kind(&self) -> &'static str {
        if self.is_grant() { "grant" } else { "statement" }
    }
}

pub(super) fn not_enabled(key: &Key) -> Diagnostic {
    let detail = format!(
        "The key \"{}\" is in state \"{}\". Its key policy was changed, but the key cannot be used until it is \
         enabled.",
        key.arn, key.state
    );
    Diagnostic::warning("Key is not enabled", detail).at(KmsKeyUser::kms_key_arn)
}
