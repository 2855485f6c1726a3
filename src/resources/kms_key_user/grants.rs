//! The mode in which the resource is a grant.

use jiff::Timestamp;
use tf_provider::diagnostic::{Context as _, Diagnostic, Result};
use tf_provider::schema::Failed;

use crate::aws::kms::{Grant, Key, Kms};
use crate::aws::{self, lag};
use crate::parts::kms::key_policy::Age;
use crate::policy::edit::is_unique_id;
use crate::records::claims::{Claim, Creator};
use crate::resources::kms_key_user::{KmsKeyUser, content, statements};
use crate::world::Ctx;

impl KmsKeyUser {
    /// Creates the grant, or adopts the one that an interrupted create has left; returns its id.
    pub(super) async fn give_grant(&self, cx: &Ctx, kms: &Kms, key: &Key, claim: &Claim<'_>) -> Result<String> {
        let ours = self.grants(kms).await?;
        let sid = self.sid.get()?;
        let is_earlier = |grant: &&Grant| claim.has_claimed_content(&content(&statements(grant, sid)));
        let (left, wanted) = (ours.iter().find(is_earlier), content(&self.wanted()?));
        let is_free = ours.is_empty() || claim.was_deleted_here();
        if left.is_some() || is_free && key.is_enabled() {
            claim.note(cx, Some(&wanted), None);
        }
        match left {
            Some(grant) if self.is_given_by(grant) => {
                claim.warn_adopted(cx);
                Ok(grant.id.clone())
            }
            Some(_) => {
                claim.warn_adopted(cx);
                self.replace_grant(cx, kms).await
            }
            None if is_free && key.is_enabled() => self.create_grant(cx, kms).await,
            None if ours.is_empty() => {
                let detail = format!(
                    "The key \"{}\" is in state \"{}\", and KMS creates grants only for enabled keys.\n\nEnable the \
                     key, or set \"mode\" to \"key_policy\", which also works for disabled keys.",
                    key.arn, key.state
                );
                Err(Diagnostic::error("Key is not enabled", detail).at(Self::kms_key_arn))
            }
            None => Err(claim.refuse(&Creator::Unknown)),
        }
    }

    /// Creates the new grant before the old one is revoked, so that the principal is never without access. But a grant
    /// to a deleted principal is revoked first: it is of no use, and KMS could return it for the new one.
    pub(super) async fn replace_grant(&self, cx: &Ctx, kms: &Kms) -> Result<String> {
        let (dead, ours): (Vec<_>, Vec<_>) =
            self.grants(kms).await?.into_iter().partition(|grant| is_unique_id(&grant.grantee));
        self.revoke(kms, &dead).await?;
        let id = match ours.iter().find(|grant| self.is_given_by(grant)) {
            Some(grant) => grant.id.clone(), // An update that was cut off.
            None => self.create_grant(cx, kms).await?,
        };
        let old: Vec<_> = ours.into_iter().filter(|grant| grant.id != id).collect();
        self.revoke(kms, &old).await?;
        Ok(id)
    }

    /// Revokes these grants.
    pub(super) async fn revoke(&self, kms: &Kms, grants: &[Grant]) -> Result<()> {
        for grant in grants {
            let revoked = kms.revoke_grant(&self.kms_key_arn, &grant.id).await;
            revoked.context("Cannot revoke the grant", &self.kms_key_arn)?;
        }
        Ok(())
    }

    async fn create_grant(&self, cx: &Ctx, kms: &Kms) -> Result<String> {
        let (name, operations, begin) = (self.sid.get()?, self.permissions().operations(), Timestamp::now());
        let create = || async {
            match kms.create_grant(&self.kms_key_arn, name, &self.principal_arn, &operations).await {
                Err(error) if error.is_invalid_arn() => Err(self.refused(cx, error, begin).await),
                Err(error) if error.is_not_found() => {
                    let passes = Timestamp::now().duration_since(begin) < lag::KEY_UNSEEN;
                    Err(Failed { passes, why: error.into() })
                }
                answer => answer.map_err(Failed::finally),
            }
        };
        let made = cx.until(&lag::NEW_GRANTEE, create).await.context("Cannot create the grant", &self.kms_key_arn);
        made.map_err(|error| error.at(Self::kms_key_arn))
    }

    async fn refused(&self, cx: &Ctx, error: aws::Error, begin: Timestamp) -> Failed {
        let Ok(principal) = self.principal_arn.parse() else { return Failed::finally(error) };
        let age = Age::of(cx, &principal).await;
        Failed { passes: age.may_pass(begin), why: age.explain(error, &principal).at(Self::principal_arn) }
    }

    fn is_given_by(&self, grant: &Grant) -> bool {
        grant.grantee == self.principal_arn && same_operations(&grant.operations, &self.permissions().operations())
    }

    /// The grant with the known id, or else one with the name.
    pub(super) async fn grant(&self, kms: &Kms) -> Result<Option<Grant>> {
        if let Some(id) = self.grant_id.get()? {
            let found = kms.grants(&self.kms_key_arn, Some(id)).await;
            let found = found.context("Cannot read the grant", &self.kms_key_arn)?;
            if let Some(grant) = found.into_iter().flatten().find(|grant| grant.id == *id) {
                return Ok(Some(grant));
            }
        }
        Ok(self.grants(kms).await?.into_iter().next())
    }

    /// The grants of this name to this principal, of which there are several only while one replaces another.
    pub(super) async fn grants(&self, kms: &Kms) -> Result<Vec<Grant>> {
        Ok(self.grants_of_key(kms).await?.unwrap_or_default())
    }

    /// The same; nothing if the key does not exist.
    pub(super) async fn grants_of_key(&self, kms: &Kms) -> Result<Option<Vec<Grant>>> {
        let name = self.sid.get()?;
        let is_ours = |grant: &Grant| {
            let grantee = grant.grantee == self.principal_arn || is_unique_id(&grant.grantee);
            grantee && grant.name.as_ref() == Some(name) && !grant.is_constrained
        };
        Ok(self.all_grants(kms).await?.map(|all| all.into_iter().filter(is_ours).collect()))
    }

    /// All grants of the key; nothing if it does not exist.
    pub(super) async fn all_grants(&self, kms: &Kms) -> Result<Option<Vec<Grant>>> {
        kms.grants(&self.kms_key_arn, None).await.context("Cannot read the key's grants", &self.kms_key_arn)
    }
}

/// Whether two lists are the same, in whatever order.
pub(super) fn same_operations(a: &[String], b: &[String]) -> bool {
    a.len() == b.len() && a.iter().all(|operation| b.contains(operation))
}
