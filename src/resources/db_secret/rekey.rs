//! Another key for the secret.
//!
//! Secrets Manager re-encrypts the existing versions only for callers with `kms:Encrypt` on the new key, and reports
//! nothing if it does not. So the value is sent with the key, and becomes a version that is encrypted with the new key.

use serde_json::json;
use tf_provider::diagnostic::Result;
use tf_provider::schema::{Plan, Val};

use crate::attributes::key_id;
use crate::aws::secrets::{Description, Secrets, version_id};
use crate::resources::db_secret::DbSecret;

impl DbSecret {
    /// Sets description and key and writes the value, in one call; returns the version. An interrupted attempt is
    /// repeated, which Secrets Manager ignores; if it had another password, this one becomes the next version.
    pub(super) async fn change_key(&self, secrets: &Secrets, found: &Description) -> Result<String> {
        let (value, description) = (self.value(), self.description.as_deref());
        let id = |follows: Option<&str>| version_id(follows, &json!([self.known(), self.key()]));
        let update = async |version: String| {
            secrets.update_all(&found.arn, description, self.key(), &version, value.expose()).await.map(|()| version)
        };
        let repeated = id(found.previous.as_deref());
        let next = id(found.current.as_deref());
        let written = match found.current.as_ref() == Some(&repeated) {
            true => match update(repeated).await {
                Err(error) if error.is_already_exists() => update(next).await,
                answer => answer,
            },
            false => update(next).await,
        };
        written.map_err(|error| self.refused("Cannot change the key of the secret", error))
    }
}

/// Whether a plan may give the secret another key.
pub(super) fn is_planned(plan: &Plan<'_, DbSecret>) -> bool {
    let Some(prior) = plan.prior() else { return false };
    match (prior.get(DbSecret::kms_key_id), plan.get(DbSecret::kms_key_id)) {
        (Val::Unknown, _) | (_, Val::Unknown) => true,
        (before, after) => {
            let [before, after] = [before, after].map(|key| key.known().map(|key| key.0));
            !key_id::same(before.as_deref(), after.as_deref())
        }
    }
}
