//! The alias of a key.

use tf_provider::diagnostic::{Context as _, Diagnostic, Result};

use crate::aws::kms::{Key, Kms};
use crate::aws::{Error, lag};
use crate::resources::kms_key::{KmsKey, diagnostics};
use crate::world::{self, Ctx};

impl KmsKey {
    /// Points the alias to the key. One that was changed to point elsewhere is pointed back; a new one must be free.
    pub(super) async fn lead_alias(&self, cx: &Ctx, kms: &Kms, is: &Self, arn: &str) -> Result<()> {
        let (is_renamed, target) = (self.alias != is.alias, is.alias_target_arn.get()?);
        let at = |error: Diagnostic| error.at(Self::alias);
        let doing = "Cannot set the alias of the key";
        if !is_renamed && !target.is_empty() {
            if target == arn {
                return Ok(());
            }
            return kms.update_alias(&self.alias, arn).await.context(doing, arn).map_err(at);
        }
        let created = cx.until(&lag::KEY_UNKNOWN, || async {
            match kms.create_alias(&self.alias, arn).await {
                Err(error) if error.is_already_exists() => Ok(false),
                answer => answer.map(|()| true),
            }
        });
        if created.await.context(doing, arn).map_err(at)? {
            return Ok(());
        }
        // Perhaps the answer to an earlier attempt was lost; the alias may take a moment to become visible.
        match cx.find(&lag::ALIAS_UNSEEN, || find_by_alias(kms, &self.alias)).await.map_err(at)? {
            Some(there) if there.arn == arn => Ok(()),
            Some(there) => Err(diagnostics::alias_in_use(&self.alias, &there)),
            None => {
                let detail = format!(
                    "CreateAlias answered that the alias \"{}\" already exists, but DescribeKey finds no key for it in \
                     {}. Run \"terraform apply\" again in a minute.",
                    self.alias,
                    world::place(cx, self.region.as_deref()).await?
                );
                Err(at(Diagnostic::error("Alias not found", detail)))
            }
        }
    }
}

pub(super) async fn find_by_alias(kms: &Kms, alias: &str) -> Result<Option<Key>> {
    kms.key(alias).await.context("Cannot look up the alias", alias).map_err(|error| error.at(KmsKey::alias))
}

/// Deletes the alias, unless it was changed to point elsewhere.
pub(super) async fn drop_alias(kms: &Kms, alias: &str, arn: &str) -> Result<(), Error> {
    match kms.key(alias).await? {
        Some(there) if there.arn == arn => kms.delete_alias(alias).await,
        _ => Ok(()),
    }
}
