//! `rdsauth_kms_key`: a key of KMS to encrypt and decrypt with, and its alias.
//!
//! It owns the key, its alias, rotation and tags; of the policy, only the first one. A key whose create was interrupted
//! before the alias was created is found by its mark, since KMS creates another key for each request.

mod alias;
mod creation;
mod diagnostics;
mod orphans;

use tf_provider::diagnostic::{Context as _, Diagnostic, Result, Severity};
use tf_provider::schema::{
    Computed, Map, Partial, Plan, Resource, Set, Val, View, check, computed, optional, required,
};

use crate::arn;
use crate::attributes::checks;
use crate::attributes::tags::{self, Changes, Given};
use crate::aws::kms::{Key, Kms, Rotation};
use crate::aws::{Error, lag};
use crate::ownership::{self, Owned};
use crate::records::claims::{self, Creator, Subject};
use crate::resources::kms_key::alias::drop_alias;
use crate::resources::kms_key::creation::creator;
use crate::world::{self, Ctx, World};

tf_provider::model! {
    /// Manages a symmetric customer managed KMS key with its alias, rotation and tags. Use it instead of `aws_kms_key`
    /// when several resources or configurations add statements to the key policy, for example with
    /// `rdsauth_kms_key_user`: the key policy is set at creation only and never overwritten.
    ///
    /// The key has the key spec `SYMMETRIC_DEFAULT` and the key usage `ENCRYPT_DECRYPT`, as the encryption of RDS
    /// storage and of secrets needs it. Its initial [key
    /// policy](https://docs.aws.amazon.com/kms/latest/developerguide/key-policies.html) lets IAM policies of the
    /// account control access to the key, as the default key policy does, and lets the `administrators` administer it.
    ///
    /// ~> **Note:** Destroying this resource schedules the key for
    /// [deletion](https://docs.aws.amazon.com/kms/latest/developerguide/deleting-keys.html). From that moment nothing
    /// that is encrypted with the key can be decrypted, including the storage and the snapshots of databases. Set
    /// `prevent_destroy` on keys that protect data.
    ///
    /// ~> **Note:** An alias that already exists is not changed: the error names the command that imports the key.
    ///
    /// -> A key that an interrupted apply has created, but not yet given its alias, is found by its tag
    /// `rdsauth:creation-id` and completed by the next apply in the same working directory. It keeps the key policy
    /// that it was created with.
    ///
    /// ## Drift Detection
    ///
    /// A plan detects changes made outside of Terraform to the alias, `description`, `enabled`, the rotation and the
    /// tags, and the next apply corrects them: a deleted alias is created again, and one that points to another key
    /// (`alias_target_arn`) is pointed back. A key that was scheduled for deletion is removed from the state, with a
    /// warning that shows how to cancel the deletion. The key policy is not managed after creation and is not drift.
    ///
    /// ## Destroy
    ///
    /// The alias is deleted at once, unless it points to another key by now. The key is scheduled for deletion after
    /// `deletion_window_in_days`; until then the deletion can be cancelled, and a warning shows the date and the
    /// commands.
    ///
    /// ## Required Permissions
    ///
    /// - Create, read and destroy: `kms:DescribeKey`, `kms:CreateKey`, `kms:TagResource`, `kms:CreateAlias`,
    ///   `kms:ListResourceTags`, `kms:GetKeyRotationStatus`, `kms:DeleteAlias` and `kms:ScheduleKeyDeletion`.
    /// - In-place updates: also `kms:UpdateAlias`, `kms:UpdateKeyDescription`, `kms:EnableKey`, `kms:DisableKey`,
    ///   `kms:EnableKeyRotation`, `kms:DisableKeyRotation` and `kms:UntagResource`.
    /// - `administrators`: also `kms:PutKeyPolicy`, which KMS requires of a caller that passes a key policy,
    ///   `sts:GetCallerIdentity`, and `iam:GetRole` or `iam:GetUser`, to tell a principal that KMS does not know yet
    ///   from one that does not exist.
    /// - To find the key of an interrupted apply: `kms:ListKeys` and `kms:ListAliases`. Import by ID also needs
    ///   `kms:ListAliases`.
    ///
    /// ## Migrating from hashicorp/aws
    ///
    /// Remove an `aws_kms_key` and its `aws_kms_alias` from the state and import the key. It keeps its key policy, so
    /// leave `administrators` out:
    ///
    /// ```terraform
    /// removed {
    ///   from = aws_kms_key.limitless
    ///
    ///   lifecycle {
    ///     destroy = false
    ///   }
    /// }
    ///
    /// removed {
    ///   from = aws_kms_alias.limitless
    ///
    ///   lifecycle {
    ///     destroy = false
    ///   }
    /// }
    ///
    /// import {
    ///   to = rdsauth_kms_key.limitless
    ///   id = "alias/limitless"
    /// }
    /// ```
    ///
    /// A symmetric encryption key of any origin can be imported, and so can a [multi-Region
    /// key](https://docs.aws.amazon.com/kms/latest/developerguide/multi-region-keys-overview.html). Only key material
    /// that KMS has generated is rotated; a replica key is rotated with its primary key.
    pub struct KmsKey {
        /// Name of the [alias](https://docs.aws.amazon.com/kms/latest/developerguide/kms-alias.html) of the key, such
        /// as `alias/orders`. Another alias is an in-place update: it is created before the old one is deleted.
        alias: String = required().check(checks::alias()),
        /// Region of the key. Defaults to the provider's region.
        region: Option<String> = optional().replace().check(checks::region()),
        /// Description of the key.
        description: Option<String> = optional().check(check::length(1..=8192)),
        /// Whether the key can be used.
        enabled: bool = optional().or(true),
        /// Whether KMS [rotates the key
        /// material](https://docs.aws.amazon.com/kms/latest/developerguide/rotate-keys.html) automatically. Earlier key
        /// material is kept for decryption. It cannot be changed while the key is disabled.
        key_rotation_enabled: bool = optional().or(false),
        /// Days between automatic rotations.
        rotation_period_in_days: i64 = optional().or(365).check(check::between(90..=2560)),
        /// ARNs of IAM roles and users that the initial key policy allows to administer the key. Used at creation only:
        /// it is not read back, and a later change has no effect.
        administrators: Option<Set<String>> =
            optional().check(check::size(1..=usize::MAX)).each(checks::principal_arn()),
        /// Days between destroy and the deletion of the key.
        deletion_window_in_days: i64 = optional().or(30).check(check::between(7..=30)),
        /// Tags of the key. Tags with the same key in the provider's `default_tags` are overridden.
        tags: Option<Given> = optional().check(tags::keys()).each(tags::value()),
        /// ID of the key.
        id: Computed<String> = computed().follows(|of| of.get(Self::key_id)),
        /// All tags of the key, including the provider's `default_tags`.
        tags_all: Computed<Map<String>> = computed(),
        /// ARN of the key.
        arn: Computed<String> = computed().keep().identity(),
        /// ID of the key.
        key_id: Computed<String> = computed().keep(),
        /// ARN of the key that the alias points to. Empty if the alias does not exist.
        alias_target_arn: Computed<String> = computed(),
    }
    timeouts { create: "5m", read: "2m", update: "5m", delete: "5m" }
}

/// KMS deletes no key in fewer days.
const SHORTEST_WINDOW: i64 = 7;

impl Resource<World> for KmsKey {
    const TYPE: &'static str = "kms_key";
    const SUBCATEGORY: &'static str = "Encryption";

    async fn create(cx: &Ctx, plan: Self) -> Result<Self> {
        let kms = plan.kms(cx).await?;
        let mut claim = ownership::begin(cx, &plan).await?;
        let (key, is_new) = match plan.earlier(&kms, &mut claim).await? {
            Some(key) => {
                claim.warn_adopted(cx);
                if plan.administrators.is_some() {
                    cx.warn(diagnostics::policy_of_before(&key));
                }
                (key, false)
            }
            None => (plan.create_key(cx, &kms, &claim).await?, true),
        };
        claim.note(cx, None, Some(&key.arn));
        claim.created(cx);
        let mut created = plan.clone();
        (created.arn, created.key_id) = (key.arn.clone().into(), key.id.clone().into());
        created.alias_target_arn = String::new().into();
        created.tags_all = all_tags(cx, plan.tags.as_ref())?.into();
        (created.enabled, created.key_rotation_enabled) = (true, false);
        cx.save(&created);
        if !is_new {
            created.refresh(cx, &kms, &key).await?;
        }
        let (named, target) = (plan.alias.clone(), key.arn.clone());
        let applied = plan.apply_settings(cx, &kms, created).await;
        // Another caller may have created the alias since the read. The key has not been used yet.
        if applied.is_err()
            && is_new
            && let Ok(Some(there)) = kms.key(&named).await
            && there.arn != target
            && kms.schedule_deletion(&target, SHORTEST_WINDOW).await.is_ok()
        {
            cx.discard();
            return Err(claim.refuse(&creator(&kms, &there).await));
        }
        applied
    }

    async fn read(cx: &Ctx, mut state: Self) -> Result<Option<Self>> {
        ownership::record_state(cx, &state);
        let kms = state.kms(cx).await?;
        let doing = "Cannot read the key";
        let Some(key) = state.find(&kms).await.context(doing, state.subject())? else { return Ok(None) };
        if key.is_pending_deletion() {
            let error = diagnostics::pending_deletion(&key, &state.alias);
            cx.warn(Diagnostic { severity: Severity::Warning, ..error });
            return Ok(None);
        }
        if cx.is_import() {
            state.describe(cx, &kms, &key).await?;
        }
        if !key.is_enabled() && !key.is_disabled() {
            cx.warn(diagnostics::not_usable(&key));
        }
        state.refresh(cx, &kms, &key).await?;
        Ok(Some(state))
    }

    async fn update(cx: &Ctx, plan: Self, state: Self) -> Result<Self> {
        plan.apply_settings(cx, &state.kms(cx).await?, state).await
    }

    /// The alias is deleted first: once the deletion of the key is scheduled, the alias would be forgotten.
    async fn delete(cx: &Ctx, state: Self) -> Result<()> {
        let Some(deletion) = ownership::delete(cx, &state).await? else { return Ok(()) };
        let (kms, arn) = (state.kms(cx).await?, state.arn.get()?);
        let doing = "Cannot delete the key";
        if !state.alias.is_empty() {
            drop_alias(&kms, &state.alias, arn).await.context(doing, arn)?;
        }
        let date = kms.schedule_deletion(arn, state.deletion_window_in_days).await.context(doing, arn)?;
        if let Some(date) = date {
            cx.warn(diagnostics::going(arn, date));
        }
        deletion.done()
    }

    async fn plan(cx: &Ctx, plan: &mut Plan<'_, Self>) -> Result<()> {
        ownership::warn_if_exists(cx, plan).await;
        let Some(planned) = plan.planned() else { return Ok(()) };
        if let (false, Val::Known(arn)) = (plan.is_create(), planned.get(Self::arn)) {
            plan.set(Self::alias_target_arn, arn);
        }
        let is_update = !plan.is_create();
        let stays_disabled = plan.get(Self::enabled) == Val::Known(false) && !plan.changed(Self::enabled);
        if is_update && plan.changed(Self::administrators) {
            cx.warn(diagnostics::without_effect());
        }
        if is_update && stays_disabled && plan.changed(Self::key_rotation_enabled) {
            let detail = "KMS changes the rotation of enabled keys only. Set \"enabled\" to true, or leave the rotation \
                          unchanged.";
            return Err(world::refuse_plan(
                Diagnostic::error("Key is disabled", detail).at(Self::key_rotation_enabled),
            ));
        }
        if !cx.is_known() {
            return Ok(());
        }
        world::may_plan(cx, false).await?;
        match plan.get(Self::tags) {
            Val::Unknown => {}
            tags => plan.set(Self::tags_all, all_tags(cx, tags.known().as_ref())?),
        }
        Ok(())
    }

    /// An ARN, or an alias or ID, and `@REGION` behind it if that is not the provider's.
    fn import(id: &str) -> Result<Partial<Self>> {
        if arn::key_arn(id).is_ok() {
            return Ok(Partial::default().with(Self::arn, id.to_owned()));
        }
        let (name, region) = arn::split_region(id);
        let in_region = Partial::default().with(Self::region, region.map(str::to_owned));
        if name.starts_with("alias/") && !name.contains('@') {
            return Ok(in_region.with(Self::alias, name));
        }
        let is_id = |c: char| c.is_ascii_alphanumeric() || c == '-';
        if !name.is_empty() && name.chars().all(is_id) {
            return Ok(in_region.with(Self::key_id, name.to_owned()));
        }
        let detail = format!(
            "\"{id}\" is neither an alias such as alias/orders, nor the ID or the ARN of a key. If the region is not \
             the provider's, append @REGION to an alias or ID, as in alias/orders@eu-west-1."
        );
        Err(Diagnostic::error("Malformed import id", detail))
    }
}

impl Owned for KmsKey {
    fn subject(of: &View<'_, Self>) -> Option<Subject> {
        let (alias, region) = (of.get(Self::alias).known()?, of.get(Self::region).known());
        Some(Subject {
            kind: Self::TYPE,
            key: format!("{}/{alias}", region.as_deref().unwrap_or_default()),
            noun: "Alias",
            what: format!("key with the alias \"{alias}\""),
            found: claims::EXISTS,
            arguments: "\"alias\"",
            import_id: alias,
            region,
            at: Self::alias.path(),
        })
    }

    async fn existing(cx: &Ctx, planned: &View<'_, Self>) -> Result<Option<Creator>> {
        let Some(alias) = planned.get(Self::alias).known() else { return Ok(None) };
        let kms = cx.aws()?.kms(planned.get(Self::region).known().as_deref()).await?;
        let Some(key) = kms.key(&alias).await? else { return Ok(None) };
        if key.is_pending_deletion() {
            let error = diagnostics::pending_deletion(&key, &alias).at(Self::alias);
            cx.warn(Diagnostic { severity: Severity::Warning, ..error });
            return Ok(None);
        }
        Ok(Some(creator(&kms, &key).await))
    }
}

impl KmsKey {
    async fn kms(&self, cx: &Ctx) -> Result<Kms> {
        let of_arn = self.arn.get().ok().and_then(|arn| arn::key_arn(arn).ok()).map(|arn| arn.region);
        let region = of_arn.as_deref().or(self.region.as_deref());
        cx.aws()?.kms(region).await.map_err(|error| Diagnostic::from(error).at(Self::region))
    }

    /// The object of an error.
    fn subject(&self) -> &str {
        [&self.arn, &self.key_id].into_iter().find_map(|known| known.get().ok()).unwrap_or(&self.alias)
    }

    fn rotation(&self) -> Option<Rotation> {
        self.key_rotation_enabled.then_some(Rotation(self.rotation_period_in_days))
    }

    /// Updates the key from its present to its wanted settings. While it is disabled, its rotation cannot be changed.
    async fn apply_settings(mut self, cx: &Ctx, kms: &Kms, is: Self) -> Result<Self> {
        let (arn, doing) = (is.arn.get()?.clone(), "Cannot change the key");
        self.lead_alias(cx, kms, &is, &arn).await?;
        if self.enabled && !is.enabled {
            kms.enable(&arn, true).await.context(doing, &arn).map_err(|error| error.at(Self::enabled))?;
        }
        if self.rotation() != is.rotation() {
            let rotate = || kms.rotate(&arn, self.rotation());
            let rotated = cx.until(&lag::KEY_UNKNOWN, rotate).await.context(doing, &arn);
            rotated.map_err(|error| error.at(Self::key_rotation_enabled))?;
        }
        if self.description != is.description {
            let described = kms.describe(&arn, self.description.as_deref().unwrap_or_default()).await;
            described.context(doing, &arn).map_err(|error| error.at(Self::description))?;
        }
        let wanted = all_tags(cx, self.tags.as_ref())?;
        let changes = Changes::between(is.tags_all.get()?, &wanted);
        if !changes.removed.is_empty() {
            kms.untag(&arn, &changes.removed).await.context(doing, &arn).map_err(|error| error.at(Self::tags))?;
        }
        if !changes.set.is_empty() {
            kms.tag(&arn, &changes.set).await.context(doing, &arn).map_err(|error| error.at(Self::tags))?;
        }
        if !self.enabled && is.enabled {
            kms.enable(&arn, false).await.context(doing, &arn).map_err(|error| error.at(Self::enabled))?;
        }
        if self.alias != is.alias && !is.alias.is_empty() {
            drop_alias(kms, &is.alias, &arn).await.context(doing, &arn)?;
        }
        (self.tags_all, self.alias_target_arn) = (wanted.into(), arn.into());
        (self.arn, self.key_id) = (is.arn, is.key_id);
        Ok(self)
    }

    /// The key, and where its alias leads.
    async fn find(&mut self, kms: &Kms) -> Result<Option<Key>, Error> {
        let named = if self.alias.is_empty() { None } else { kms.key(&self.alias).await? };
        let target = named.as_ref().map(|key| key.arn.clone()).unwrap_or_default();
        let known = self.arn.get().or_else(|_| self.key_id.get()).ok().cloned();
        self.alias_target_arn = target.clone().into();
        match known {
            Some(known) if known != target => kms.key(&known).await,
            _ => Ok(named),
        }
    }

    /// Fills in what an import has to find out.
    async fn describe(&mut self, cx: &Ctx, kms: &Kms, key: &Key) -> Result<()> {
        if let Some(why) = unfit(key) {
            let detail = format!("This resource cannot manage the key \"{}\": {why}", key.arn);
            return Err(Diagnostic::error("Key cannot be imported", detail));
        }
        if self.alias.is_empty() {
            let found = kms.aliases(Some(&key.id)).await.context("Cannot read the key's aliases", &key.arn)?;
            self.alias = found.into_iter().map(|alias| alias.name).min().unwrap_or_default();
            self.alias_target_arn = if self.alias.is_empty() { String::new() } else { key.arn.clone() }.into();
        }
        let region = arn::key_arn(&key.arn).map(|arn| arn.region).ok();
        let default = cx.aws()?.region(None).await.ok();
        self.region = region.filter(|region| Some(region) != default.as_ref());
        Ok(())
    }

    /// Copies the settings of the key.
    async fn refresh(&mut self, cx: &Ctx, kms: &Kms, key: &Key) -> Result<()> {
        let doing = "Cannot read the key";
        (self.arn, self.key_id) = (key.arn.clone().into(), key.id.clone().into());
        self.description = key.description.clone();
        self.enabled = !key.is_disabled();
        let rotation = match key.has_own_material() {
            true => kms.rotation(&key.id).await.context(doing, &key.arn)?,
            false => None,
        };
        self.key_rotation_enabled = rotation.is_some();
        self.rotation_period_in_days = rotation.map_or(self.rotation_period_in_days, |Rotation(days)| days);
        let tags = kms.tags(&key.id).await.context(doing, &key.arn)?;
        let seen = cx.tags().seen(&tags, self.tags.as_ref(), &[]);
        self.tags = cx.tags().own(&seen, self.tags.as_ref(), &[]);
        self.tags_all = seen.into();
        Ok(())
    }
}

/// Why a key is not one for this resource, if it is not.
fn unfit(key: &Key) -> Option<String> {
    if !key.is_customer_managed {
        return Some("it is an AWS managed key.".to_owned());
    }
    if key.spec != "SYMMETRIC_DEFAULT" || key.usage != "ENCRYPT_DECRYPT" {
        let wanted = "only keys with SYMMETRIC_DEFAULT and ENCRYPT_DECRYPT are supported.";
        return Some(format!("its spec is {} and its usage {}, and {wanted}", key.spec, key.usage));
    }
    let usable = key.is_enabled() || key.is_disabled() || key.is_pending_deletion();
    (!usable).then(|| format!("its state is {}.", key.state))
}

fn all_tags(cx: &Ctx, own: Option<&Given>) -> Result<Map<String>> {
    cx.tags().all(own, &[]).map_err(|error| error.at(KmsKey::tags))
}
