//! The creation of a secret, and the adoption of what an interrupted one has left.

use tf_provider::diagnostic::{Context as _, Result};
use tf_provider::schema::Map;

use crate::attributes::tags::{self, Changes};
use crate::aws::secrets::{Description, New, Secrets};
use crate::records::claims::{Claim, Creator};
use crate::resources::db_secret::{DbSecret, diagnostics, write_tags};
use crate::world::Ctx;

impl DbSecret {
    /// Creates the secret, or finds one that did not exist a moment ago: perhaps this one, and only the answer was
    /// lost.
    pub(super) async fn create_secret(
        &self,
        secrets: &Secrets,
        wanted: &Map<String>,
        claim: &Claim<'_>,
    ) -> Result<Look> {
        let value = self.value();
        let new = New {
            name: &self.name,
            description: self.description.as_deref(),
            kms_key_id: self.key(),
            tags: &tags::marked(wanted, claim.mark()),
            version: &self.version(Some(&claim.mark())),
            value: value.expose(),
        };
        match secrets.create(new).await {
            Ok(arn) => Ok(Look::Made(arn)),
            Err(error) => match secrets.describe(&self.name).await {
                Ok(Some(found)) => Ok(Look::Found(found)),
                _ => Err(self.refused("Cannot create the secret", error)),
            },
        }
    }

    /// Adopts an existing secret if a claim allows it; returns its ARN and current version. A secret that an earlier
    /// run has restored carries no mark yet: the claim names it.
    pub(super) async fn adopt(
        &self,
        cx: &Ctx,
        secrets: &Secrets,
        found: Description,
        wanted: &Map<String>,
        claim: &Claim<'_>,
    ) -> Result<(String, String)> {
        let mark = tags::mark(&found.tags);
        let is_ours = claim.owns_mark(mark.map(String::as_str)) || claim.objects().any(|object| object == found.arn);
        match found.is_deleted {
            true if is_ours || claim.was_deleted_here() || self.restore_deleted => {
                claim.note(cx, None, Some(&found.arn));
                secrets.restore(&found.arn).await.context("Cannot restore the secret", &self.name)?;
                cx.warn(diagnostics::restored(&self.name));
            }
            true => {
                claim.withdraw();
                return Err(diagnostics::in_recovery(&found, "Nothing was changed."));
            }
            false if is_ours => {
                claim.note(cx, None, Some(&found.arn));
                claim.warn_adopted(cx);
            }
            false => return Err(claim.refuse(&Creator::of(mark))),
        }
        let mut changes = Changes::between(&cx.tags().seen(&found.tags, self.tags.as_ref(), &[]), wanted);
        if mark != Some(&claim.mark()) {
            changes.set = tags::marked(&changes.set, claim.mark());
        }
        write_tags(secrets, &found.arn, &changes).await?;
        if !self.is_described_as(&found) {
            self.describe(secrets, &found.arn).await?;
        }
        let first = self.version(Some(&claim.mark()));
        let version = self.write(secrets, &found, Some(first)).await?;
        Ok((found.arn, version))
    }
}

/// The result of a read, or of an attempt to create the secret.
pub(super) enum Look {
    /// It was created, and this is its ARN.
    Made(String),
    /// It is there.
    Found(Description),
}
