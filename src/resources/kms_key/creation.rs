//! The creation of a key, and what an interrupted one has left.

use std::sync::atomic::{AtomicBool, Ordering};

use jiff::Timestamp;
use tf_provider::diagnostic::{Context as _, Diagnostic, Result};
use tf_provider::schema::{Failed, Map};

use crate::arn::{Arn, Partition};
use crate::attributes::tags;
use crate::aws::kms::{Key, Kms};
use crate::aws::{Error, lag};
use crate::parts::kms::key_policy::Age;
use crate::policy::new_key;
use crate::records::claims::{Claim, Creator};
use crate::resources::kms_key::alias::find_by_alias;
use crate::resources::kms_key::{KmsKey, all_tags, diagnostics, orphans};
use crate::world::Ctx;

impl KmsKey {
    /// The key that an earlier create has left, with or without its alias.
    pub(super) async fn earlier(&self, kms: &Kms, claim: &mut Claim<'_>) -> Result<Option<Key>> {
        let doing = "Cannot create the key";
        if let Some(key) = find_by_alias(kms, &self.alias).await? {
            let tags =
                if claim.has_earlier() { kms.tags(&key.id).await.context(doing, &self.alias)? } else { Map::new() };
            let mark = tags::mark(&tags);
            if key.is_pending_deletion() {
                claim.withdraw();
                return Err(diagnostics::pending_deletion(&key, &self.alias).at(Self::alias));
            }
            if !claim.owns_mark(mark.map(String::as_str)) {
                return Err(claim.refuse(&creator(kms, &key).await));
            }
            mark.into_iter().for_each(|mark| claim.resume(mark));
            return Ok(Some(key));
        }
        for known in claim.objects() {
            if let Some(key) = kms.key(known).await.context(doing, &self.alias)?
                && !key.is_pending_deletion()
            {
                return Ok(Some(key));
            }
        }
        match claim.has_earlier() && claim.objects().next().is_none() {
            true => orphans::find_once(kms, &claim.mark()).await,
            false => Ok(None),
        }
    }

    /// Creates a key. Whether a call without an answer has created one is looked up before the next, several times,
    /// since the lists of KMS lag behind.
    pub(super) async fn create_key(&self, cx: &Ctx, kms: &Kms, claim: &Claim<'_>) -> Result<Key> {
        let tags = tags::marked(&all_tags(cx, self.tags.as_ref())?, claim.mark());
        let (policy, begin) = (self.policy(cx).await?, Timestamp::now());
        claim.note(cx, None, None);
        let is_open = AtomicBool::new(false);
        let created = cx.until(&lag::KEY_CREATED, || async {
            if is_open.load(Ordering::Relaxed)
                && let Some(key) = orphans::find(cx, kms, &claim.mark()).await?
            {
                return Ok(key);
            }
            match kms.create_key(self.description.as_deref(), policy.as_deref(), &tags).await {
                Ok(key) => Ok(key),
                Err(error) if error.is_malformed_policy() => Err(self.refused(cx, error, begin).await),
                Err(error) => {
                    let passes = error.is_transient();
                    is_open.fetch_or(passes && !error.is_throttled(), Ordering::Relaxed);
                    Err(Failed { passes, why: orphans::may_exist(error, &claim.mark()) })
                }
            }
        });
        created.await.context("Cannot create the key", &self.alias)
    }

    /// The first policy; none without administrators, since KMS gives the same by itself.
    async fn policy(&self, cx: &Ctx) -> Result<Option<String>> {
        let Some(administrators) = &self.administrators else { return Ok(None) };
        let at = |error: Diagnostic| error.at(Self::administrators);
        let clients = cx.aws()?;
        let region = clients.region(self.region.as_deref()).await?;
        let account = clients.account_id().await.map_err(|error| at(error.into()))?.ok_or_else(|| {
            let detail = "The key policy for \"administrators\" contains the account ID, which the provider does not \
                          request because \"skip_requesting_account_id\" is true.\n\nSet it to false, or remove \
                          \"administrators\".";
            at(Diagnostic::error("Missing account ID", detail))
        })?;
        let root = Arn::account_root(Partition::of_region(&region), &account).to_string();
        Ok(Some(new_key::document(&root, administrators).to_string()))
    }

    async fn refused(&self, cx: &Ctx, error: Error, begin: Timestamp) -> Failed {
        let administrators = self.administrators.iter().flat_map(|all| all.iter());
        for principal in administrators.filter_map(|text| text.parse::<Arn>().ok()) {
            let age = Age::of(cx, &principal).await;
            if age != Age::Grown {
                let why = age.explain(error, &principal).at(Self::administrators);
                return Failed { passes: age.may_pass(begin), why };
            }
        }
        Failed::finally(Diagnostic::from(error).at(Self::administrators))
    }
}

/// Who created a key, as far as this identity can find out.
pub(super) async fn creator(kms: &Kms, key: &Key) -> Creator {
    match kms.tags(&key.id).await {
        Ok(tags) => Creator::of(tags::mark(&tags)),
        Err(_) => Creator::Unknown,
    }
}
