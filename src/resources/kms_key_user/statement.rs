//! The mode in which the resource is a statement of the key policy.

use std::sync::atomic::{AtomicBool, Ordering};

use tf_provider::diagnostic::{Context as _, Diagnostic, Result};
use tf_provider::value::Path;

use crate::aws;
use crate::aws::kms::Kms;
use crate::parts::kms::key_policy::{Change, Fault, Outcome, Verdict, same};
use crate::policy::{Document, PolicyError, Statement};
use crate::records::claims::{Claim, Creator};
use crate::resources::kms_key_user::{KmsKeyUser, PRUNE, content};
use crate::world::{self, Ctx};

impl KmsKeyUser {
    /// KMS accepts a policy only from the key's own account.
    pub(super) async fn check_account(&self, cx: &Ctx) -> Result<()> {
        let at = |error: Diagnostic| error.at(Self::kms_key_arn);
        if !world::may_plan(cx, true).await.map_err(at)? {
            return Ok(());
        }
        let (own, key) = (cx.aws()?.account_id().await?, self.arn()?);
        match own.filter(|own| *own != key.account) {
            None => Ok(()),
            Some(own) => Err(at(Diagnostic::error(
                "Key of another account",
                format!(
                    "The key belongs to account {}, and the credentials to account {own}. A key policy can be \
                     changed only with credentials of the key's account.\n\nUse a provider with credentials of \
                     account {}, or set \"mode\" to \"grant\".",
                    key.account, key.account
                ),
            ))),
        }
    }

    /// Writes the statement, or adopts the one that an interrupted create has left.
    pub(super) async fn write_statement(&self, cx: &Ctx, kms: &Kms, claim: &Claim<'_>) -> Result<()> {
        let wanted = self.wanted()?;
        let (is_noted, is_adopted) = (AtomicBool::new(false), AtomicBool::new(false));
        let judge = |there: &[Statement]| {
            let is_earlier = !there.is_empty() && claim.has_claimed_content(&content(there));
            let is_own = is_noted.load(Ordering::Relaxed) && same(there, &wanted);
            if !there.is_empty() && !is_earlier && !is_own && !claim.was_deleted_here() {
                return Err(claim.refuse(&Creator::Unknown));
            }
            is_adopted.fetch_or(is_earlier, Ordering::Relaxed);
            if same(there, &wanted) {
                return Ok(Verdict::Leave);
            }
            claim.note(cx, Some(&content(&wanted)), None);
            is_noted.store(true, Ordering::Relaxed);
            Ok(Verdict::Write)
        };
        let change = Change { is_new_key: true, ..self.change(wanted.clone())? };
        if change.apply(cx, kms, judge).await? == Outcome::NoKey {
            return Err(self.no_key());
        }
        if is_adopted.into_inner() {
            claim.warn_adopted(cx);
        }
        Ok(())
    }

    /// The change of the key policy that leads to these statements.
    pub(super) fn change(&self, statements: Vec<Statement>) -> Result<Change> {
        Ok(Change {
            key: self.arn()?,
            sids: self.sids()?,
            statements,
            principal: self.principal_arn.parse().ok(),
            prune: self.stale_principals == PRUNE,
            is_new_key: false,
            blame,
        })
    }

    /// The key policy; nothing if the key does not exist.
    pub(super) async fn policy(&self, kms: &Kms) -> Result<Option<Document>> {
        self.parse(kms.policy(&self.kms_key_arn).await)
    }

    /// The same for a refresh, which may be one of many of the key.
    pub(super) async fn refreshed_policy(&self, kms: &Kms) -> Result<Option<Document>> {
        self.parse(kms.shared_policy(&self.kms_key_arn).await)
    }

    fn parse(&self, policy: Result<Option<String>, aws::Error>) -> Result<Option<Document>> {
        let policy = policy.context("Cannot read the key's policy", &self.kms_key_arn)?;
        let parsed: Result<_, PolicyError> = policy.map(|policy| policy.parse()).transpose();
        parsed.map_err(|error| Diagnostic::error("Cannot parse the key policy", error.to_string()))
    }
}

fn blame(fault: Fault) -> Path {
    match fault {
        Fault::Key => KmsKeyUser::kms_key_arn.path(),
        Fault::Principal => KmsKeyUser::principal_arn.path(),
        Fault::Stale => KmsKeyUser::stale_principals.path(),
    }
}
