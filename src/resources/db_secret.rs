//! `rdsauth_db_secret`: a user name and a password in Secrets Manager, as the services of AWS expect them.
//!
//! The value is never read back. The current one is identified by the id of its version, which is generated from the
//! non-secret parts of the value and the version before: so an interrupted write can be distinguished from one by
//! others.

mod creation;
mod diagnostics;
mod rekey;

use serde_json::{Value, json};
use tf_provider::diagnostic::{Context as _, Diagnostic, Result, Severity};
use tf_provider::schema::{
    Check, Computed, Map, Partial, Plan, Resource, Secret, Val, View, Wait, check, computed, optional, required,
};

use crate::arn::{self, Arn};
use crate::attributes::checks;
use crate::attributes::key_id::{self, KeyId};
use crate::attributes::tags::{self, Changes, Given};
use crate::aws::lag;
use crate::aws::secrets::{Description, Secrets, version_id};
use crate::ownership::{self, Owned};
use crate::records::claims::{self, Creator, Subject};
use crate::resources::db_secret::creation::Look;
use crate::world::{self, Ctx, World};

tf_provider::model! {
    /// Manages a Secrets Manager secret with the user name and the password of a database user, in the format that RDS
    /// Proxy, AWS DMS and the data loading utility of Aurora Limitless Database expect. Use it instead of
    /// `aws_secretsmanager_secret` with `aws_secretsmanager_secret_version`, which reads the password in every refresh,
    /// even with `secret_string_wo`: this resource never reads it and keeps it out of plan and state.
    ///
    /// The value is the JSON object `{"username": …, "password": …}` with the pairs of `extra`, see [JSON structure of
    /// AWS Secrets Manager
    /// secrets](https://docs.aws.amazon.com/secretsmanager/latest/userguide/reference_secret_json_structure.html). The
    /// value is written and never read. It is written again when `username`, `extra`, `password_wo_version` or
    /// `kms_key_id` changes; the last because Secrets Manager does not always encrypt the existing value with a new
    /// key.
    ///
    /// ~> **Note:** A secret of the same name that already exists is not changed: the error names the command that
    /// imports it. A secret of the same name that is scheduled for deletion blocks the name, for instance for
    /// `recovery_window_in_days` after a destroy of this resource. Plan and apply show how to restore it or to delete
    /// it permanently; see `restore_deleted`.
    ///
    /// ~> **Note:** Without `kms_key_id` the secret is encrypted with the AWS managed key `aws/secretsmanager`, which
    /// principals of other accounts and the data loading utility cannot use.
    ///
    /// -> To keep the password out of the state of other resources too, generate it with an ephemeral resource, as in
    /// the second example.
    ///
    /// ## Drift Detection
    ///
    /// A plan detects changes made outside of Terraform to `description`, `kms_key_id` and the tags, and the next apply
    /// corrects them. If another value was made current, for instance by rotation, the plan warns of it and
    /// `version_id` shows the change. The value is not overwritten: increase `password_wo_version` to write the
    /// configured value again. A secret that was deleted or scheduled for deletion is removed from the state, and the
    /// next plan creates it; while the name is blocked by the deletion, that needs `restore_deleted`.
    ///
    /// ## Destroy
    ///
    /// The secret is scheduled for
    /// [deletion](https://docs.aws.amazon.com/secretsmanager/latest/userguide/manage_delete-secret.html) and can be
    /// restored for `recovery_window_in_days`. With `0` it is deleted at once, and destroy waits until the name is free
    /// again.
    ///
    /// ## Required Permissions
    ///
    /// - Create, read and destroy: `secretsmanager:DescribeSecret`, `secretsmanager:CreateSecret`,
    ///   `secretsmanager:TagResource` and `secretsmanager:DeleteSecret`.
    /// - In-place updates: also `secretsmanager:UntagResource`, `secretsmanager:UpdateSecret` and
    ///   `secretsmanager:PutSecretValue`.
    /// - To restore a deleted secret: also `secretsmanager:RestoreSecret`.
    /// - `kms_key_id`: also `kms:GenerateDataKey` and `kms:Decrypt` on the key.
    /// - Optional: `secretsmanager:ListSecrets`, with which a refresh reads many secrets in one request.
    ///
    /// Permission to read the value (`GetSecretValue`) is not needed.
    ///
    /// ## Migrating from hashicorp/aws
    ///
    /// Remove the secret and its version from the state and import the secret. The first apply after the import writes
    /// the configured value, since the existing one is not read:
    ///
    /// ```terraform
    /// removed {
    ///   from = aws_secretsmanager_secret.source
    ///
    ///   lifecycle {
    ///     destroy = false
    ///   }
    /// }
    ///
    /// removed {
    ///   from = aws_secretsmanager_secret_version.source
    ///
    ///   lifecycle {
    ///     destroy = false
    ///   }
    /// }
    ///
    /// import {
    ///   to = rdsauth_db_secret.source
    ///   id = "source_DB_secret"
    /// }
    /// ```
    pub struct DbSecret {
        /// Name of the secret. Services refer to it by its ARN, in which a hyphen and six random characters follow the
        /// name.
        name: String = required().replace().identity().check(name()),
        /// Region of the secret. Defaults to the provider's region.
        region: Computed<String> = optional().replace().identity().check(checks::region()),
        /// Description of the secret.
        description: Option<String> = optional().check(check::length(0..=2048)),
        /// ARN, ID or alias of the KMS key that encrypts the secret. Defaults to the AWS managed key
        /// `aws/secretsmanager`.
        kms_key_id: Option<KeyId> = optional().check(check::length(1..=2048)),
        /// Name of the database user.
        username: String = required().check(check::length(1..=usize::MAX)),
        /// Password of the database user. Write-only: sent to Secrets Manager, never stored in state or plan. Change
        /// `password_wo_version` to send it again.
        password_wo: Secret<String> = required().write_only().check(check::length(1..=usize::MAX)),
        /// Version of the password. Any other number writes `password_wo` again.
        password_wo_version: i64 = required().check(check::between(1..=i64::MAX)),
        /// Further pairs of the value that are not secret, such as `engine`, `host`, `port` and `dbname`.
        extra: Option<Map<String>> = optional().check(check::keys(extra_key())),
        /// Days for which the secret can be restored after destroy: `0` to delete it immediately, or 7 to 30.
        recovery_window_in_days: i64 = optional().or(7).check(check::between(0..=30)),
        /// Whether to restore a secret of the same name that is scheduled for deletion, whoever created it, and write
        /// the configured value into it.
        restore_deleted: bool = optional().or(false),
        /// Tags of the secret. Tags with the same key in the provider's `default_tags` are overridden.
        tags: Option<Given> = optional().check(tags::keys()).each(tags::value()),
        /// ARN of the secret.
        id: Computed<String> = computed().follows(|of| of.get(Self::arn)),
        /// All tags of the secret, including the provider's `default_tags`.
        tags_all: Computed<Map<String>> = computed().keep(),
        /// ARN of the secret, including the random characters.
        arn: Computed<String> = computed().keep(),
        /// Version ID of the current value.
        version_id: Computed<Option<String>> = computed().keep(),
        /// Time of the last change of the secret.
        last_changed: Computed<Option<String>> = computed().keep(),
    }
    timeouts { create: "5m", read: "2m", update: "5m", delete: "5m" }
}

/// How many random characters follow the name in an ARN.
const RANDOM: usize = 6;

/// A deletion without a recovery window continues after its answer, and the name is in use until it ends.
const GONE: Wait<Option<Description>> = Wait {
    what: "the secret to be gone",
    done: Option::is_none,
    failed: |_| false,
    seen: |_| "it still exists".to_owned(),
    pauses: lag::SECRET,
};

impl Resource<World> for DbSecret {
    const TYPE: &'static str = "db_secret";
    const SUBCATEGORY: &'static str = "Secrets and keys";

    async fn create(cx: &Ctx, plan: Self) -> Result<Self> {
        let secrets = plan.service(cx).await?;
        let wanted = plan.wanted_tags(cx)?;
        let claim = ownership::begin(cx, &plan).await?;
        let earlier = match claim.has_earlier() {
            true => plan.read_secret(&secrets, &plan.name).await?,
            false => None,
        };
        let found = match earlier {
            Some(found) => Look::Found(found),
            None => {
                claim.note(cx, None, None);
                plan.create_secret(&secrets, &wanted, &claim).await?
            }
        };
        let (arn, version) = match found {
            Look::Made(arn) => (arn, plan.version(Some(&claim.mark()))),
            Look::Found(found) => plan.adopt(cx, &secrets, found, &wanted, &claim).await?,
        };
        claim.created(cx);
        plan.finish(cx, &secrets, arn, Some(version)).await
    }

    async fn read(cx: &Ctx, state: Self) -> Result<Option<Self>> {
        ownership::record_state(cx, &state);
        let secrets = state.service(cx).await?;
        if let Some(listed) = secrets.listed(state.secret_id()).await
            && !listed.is_deleted
            && let unchanged = state.clone().with(cx, listed)?
            && ownership::differ_only_in(&unchanged, &state, &[])
        {
            return Ok(Some(unchanged)); // Changes come from a description, as the list lags behind.
        }
        let Some(found) = state.read_secret(&secrets, state.secret_id()).await? else { return Ok(None) };
        if found.is_deleted {
            if !state.restore_deleted {
                let error = diagnostics::in_recovery(&found, "An apply that creates it again fails.");
                cx.warn(Diagnostic { severity: Severity::Warning, ..error });
            }
            return Ok(None);
        }
        if let Computed::Known(Some(known)) = &state.version_id
            && found.current.as_ref() != Some(known)
        {
            cx.warn(diagnostics::changed_value(&found));
        }
        Ok(Some(state.with(cx, found)?))
    }

    async fn update(cx: &Ctx, plan: Self, state: Self) -> Result<Self> {
        let (secrets, id) = (plan.service(cx).await?, state.secret_id());
        let other_key = !key_id::same(plan.key(), state.key());
        if plan.description != state.description && !other_key {
            plan.describe(&secrets, id).await?;
        }
        let before = match &state.tags_all {
            Computed::Known(tags) => tags,
            Computed::Unknown => &Map::new(), // No tags at all, after an import.
        };
        write_tags(&secrets, id, &Changes::between(before, &plan.wanted_tags(cx)?)).await?;
        let mut version = None;
        if other_key || plan.known() != state.known() {
            let found = plan.read_secret(&secrets, id).await?.ok_or_else(|| diagnostics::secret_missing(id))?;
            let written = if other_key {
                plan.change_key(&secrets, &found).await
            } else {
                plan.write(&secrets, &found, None).await
            };
            version = Some(written?);
        }
        plan.finish(cx, &secrets, id.to_owned(), version).await
    }

    async fn delete(cx: &Ctx, state: Self) -> Result<()> {
        let Some(deletion) = ownership::delete(cx, &state).await? else { return Ok(()) };
        let (secrets, id) = (state.service(cx).await?, state.secret_id());
        let days = Some(state.recovery_window_in_days).filter(|days| *days > 0);
        match secrets.delete(id, days).await {
            Ok(()) => {}
            Err(error) if error.is_not_found() => return deletion.done(),
            // It may be deleted already, by an attempt whose answer was lost.
            Err(error) => match state.read_secret(&secrets, id).await? {
                None => return deletion.done(),
                Some(found) if found.is_deleted && days.is_some() => return deletion.done(),
                Some(_) => return Err(error).context("Cannot delete the secret", id),
            },
        }
        if days.is_none() {
            cx.wait(&GONE, || secrets.describe(id)).await.context("Cannot delete the secret", id)?;
        }
        deletion.done()
    }

    fn check(config: &View<'_, Self>) -> Vec<Diagnostic> {
        let days = config.get(Self::recovery_window_in_days).known().filter(|days| (1..7).contains(days));
        let days = days.map(|days| {
            let detail = format!("\"recovery_window_in_days\" must be 0, or from 7 to 30, not {days}.");
            Diagnostic::error("Recovery window too short", detail).at(Self::recovery_window_in_days)
        });
        let name = config.get(Self::name).known().filter(|name| without_random(name).is_some());
        let name = name.map(|name| {
            let detail = format!(
                "\"{name}\" ends with a hyphen and {RANDOM} characters, like the ARN of a secret. Secrets Manager \
                 may return the wrong secret for a partial ARN. Choose a name with another ending.",
            );
            Diagnostic::warning("Name looks like the end of an ARN", detail).at(Self::name)
        });
        days.into_iter().chain(name).collect()
    }

    /// The tags are known before they are written, and so is whether there will be another version.
    async fn plan(cx: &Ctx, plan: &mut Plan<'_, Self>) -> Result<()> {
        let Some(config) = plan.config() else {
            ownership::warn_if_exists(cx, plan).await;
            return Ok(());
        };
        let region_is_open = !config.is_set(Self::region);
        let key = config.get(Self::kms_key_id);
        let is_known = key != Val::Unknown;
        let key = key.known().map(|key| key.0);
        if is_known && key_id::same(key.as_deref(), None) && (plan.is_create() || plan.changed(Self::kms_key_id)) {
            cx.warn(diagnostics::key_of_aws());
        }
        if cx.is_known() {
            world::may_plan(cx, false).await?;
            if region_is_open
                && plan.get(Self::region) == Val::Unknown
                && let Ok(region) = cx.aws()?.region(None).await
            {
                plan.set(Self::region, region);
            }
        }
        if let (Val::Known(region), Some(key)) = (plan.get(Self::region), key)
            && key.parse().is_ok_and(|arn: Arn| arn.region != region)
        {
            return Err(diagnostics::key_elsewhere(&key, &region));
        }
        ownership::warn_if_exists(cx, plan).await;
        let all = match plan.get(Self::tags) {
            Val::Unknown => None,
            _ if !cx.is_known() => None,
            tags => Some(cx.tags().all(tags.known().as_ref(), &[]).map_err(|error| error.at(Self::tags))?),
        };
        match all {
            Some(all) => plan.set(Self::tags_all, all),
            None => plan.forget(Self::tags_all),
        }
        let value = plan.changed(Self::username)
            || plan.changed(Self::extra)
            || plan.changed(Self::password_wo_version)
            || rekey::is_planned(plan);
        if value {
            plan.forget(Self::version_id);
        }
        if value || plan.changed(Self::description) || plan.changed(Self::kms_key_id) || plan.changed(Self::tags_all) {
            plan.forget(Self::last_changed);
        }
        Ok(())
    }

    /// An ARN, or a name, and `@REGION` behind it if that is not the provider's.
    fn import(id: &str) -> Result<Partial<Self>> {
        if !id.contains(':') {
            let (name, region) = arn::split_region(id);
            let named = Partial::default().with(Self::name, name);
            return Ok(ownership::in_region(named, region, Self::region));
        }
        let malformed = |detail: String| Diagnostic::error("Malformed import id", detail);
        let arn: Arn = id.parse().map_err(|error: crate::arn::ArnError| malformed(error.to_string()))?;
        let name = Some(&arn).filter(|arn| arn.service == "secretsmanager");
        let name = name.and_then(|arn| without_random(arn.resource.strip_prefix("secret:")?)).ok_or_else(|| {
            malformed(format!(
                "\"{id}\" is not the whole ARN of a secret, which ends with a hyphen and {RANDOM} characters."
            ))
        })?;
        Ok(Partial::default()
            .with(Self::name, name)
            .with(Self::region, Computed::Known(arn.region.clone()))
            .with(Self::arn, Computed::Known(id.to_owned())))
    }
}

impl Owned for DbSecret {
    fn subject(of: &View<'_, Self>) -> Option<Subject> {
        let (name, region) = (of.get(Self::name).known()?, of.get(Self::region).known());
        Some(Subject {
            kind: Self::TYPE,
            key: format!("{}/{name}", region.as_deref().unwrap_or_default()),
            noun: "Secret",
            what: format!("secret \"{name}\""),
            found: claims::EXISTS,
            arguments: "\"name\"",
            import_id: name,
            region,
            at: Self::name.path(),
        })
    }

    async fn existing(cx: &Ctx, planned: &View<'_, Self>) -> Result<Option<Creator>> {
        let Some(name) = planned.get(Self::name).known() else { return Ok(None) };
        let secrets = cx.aws()?.secrets(planned.get(Self::region).known().as_deref()).await?;
        let Some(found) = secrets.describe(&name).await? else { return Ok(None) };
        if !found.is_deleted {
            return Ok(Some(Creator::of(tags::mark(&found.tags))));
        }
        if planned.get(Self::restore_deleted) == Val::Known(false) {
            let error = diagnostics::in_recovery(&found, "The apply will fail.");
            cx.warn(Diagnostic { severity: Severity::Warning, ..error });
        }
        Ok(None)
    }
}

impl DbSecret {
    /// Secrets Manager in the secret's region, which is known from here on.
    async fn service(&self, cx: &Ctx) -> Result<Secrets> {
        let own = match &self.region {
            Computed::Known(region) => Some(region.as_str()),
            Computed::Unknown => None,
        };
        cx.aws()?.secrets(own).await.map_err(|error| Diagnostic::from(error).at(Self::region))
    }

    /// The id of the secret for Secrets Manager; only the name after an import by name.
    fn secret_id(&self) -> &str {
        match &self.arn {
            Computed::Known(arn) => arn,
            Computed::Unknown => &self.name,
        }
    }

    fn key(&self) -> Option<&str> {
        self.kms_key_id.as_ref().map(|key| key.0.as_str())
    }

    /// The non-secret parts of the value, and a number for the rest.
    fn known(&self) -> Value {
        let extra = self.extra.clone().unwrap_or_default();
        json!({ "username": self.username, "extra": extra, "password_wo_version": self.password_wo_version })
    }

    /// The version that this value has if it follows another.
    fn version(&self, follows: Option<&str>) -> String {
        version_id(follows, &self.known())
    }

    fn value(&self) -> Secret<String> {
        let mut value = json!(self.extra.clone().unwrap_or_default());
        value["username"] = json!(self.username);
        value["password"] = json!(self.password_wo.expose());
        Secret::new(value.to_string())
    }

    /// The same as the secret is described.
    fn with(mut self, cx: &Ctx, found: Description) -> Result<Self> {
        let seen = cx.tags().seen(&found.tags, self.tags.as_ref(), &[]);
        self.tags = cx.tags().own(&seen, self.tags.as_ref(), &[]);
        self.tags_all = seen.into();
        self.description.clone_from(&found.description);
        if !key_id::same(self.key(), found.kms_key_id.as_deref()) {
            self.kms_key_id = found.kms_key_id.clone().map(KeyId::from);
        }
        self.version_id = found.current.clone().into();
        self.last_changed = found.changed_at().into();
        let arn: Arn = found.arn.parse().map_err(|error: crate::arn::ArnError| Diagnostic::bug(error))?;
        self.region = arn.region.into();
        self.name = found.name;
        self.arn = found.arn.into();
        Ok(self)
    }

    async fn read_secret(&self, secrets: &Secrets, id: &str) -> Result<Option<Description>> {
        secrets.describe(id).await.context("Cannot read the secret", id)
    }

    fn wanted_tags(&self, cx: &Ctx) -> Result<Map<String>> {
        cx.tags().all(self.tags.as_ref(), &[]).map_err(|error| error.at(Self::tags))
    }

    fn is_described_as(&self, found: &Description) -> bool {
        let description = self.description.as_deref().filter(|text| !text.is_empty());
        description == found.description.as_deref() && key_id::same(self.key(), found.kms_key_id.as_deref())
    }

    async fn describe(&self, secrets: &Secrets, id: &str) -> Result<()> {
        let written = secrets.update(id, self.description.as_deref(), self.key()).await;
        written.map_err(|error| self.refused("Cannot change the secret", error))
    }

    /// Writes the value and returns its version. An interrupted write of the same value is repeated, which Secrets
    /// Manager ignores; if it had another password, this one becomes the next version. `first` is the version with
    /// which an interrupted create of this resource has begun.
    async fn write(&self, secrets: &Secrets, found: &Description, first: Option<String>) -> Result<String> {
        let refused = |error| self.refused("Cannot write the value of the secret", error);
        let value = self.value();
        let began = first.filter(|first| found.current.as_ref() == Some(first));
        let written = began.unwrap_or_else(|| self.version(found.previous.as_deref()));
        if found.current.as_ref() == Some(&written) {
            match secrets.put(&found.arn, &written, value.expose()).await {
                Err(error) if error.is_already_exists() => {}
                answer => return answer.map(|()| written).map_err(refused),
            }
        }
        let next = self.version(found.current.as_deref());
        secrets.put(&found.arn, &next, value.expose()).await.map_err(refused)?;
        Ok(next)
    }

    /// Completes the object once all is written.
    async fn finish(mut self, cx: &Ctx, secrets: &Secrets, arn: String, version: Option<String>) -> Result<Self> {
        self.tags_all = self.wanted_tags(cx)?.into();
        if let Some(version) = version {
            self.version_id = Some(version).into();
        }
        let parsed: Arn = arn.parse().map_err(|error: crate::arn::ArnError| Diagnostic::bug(error))?;
        self.region = parsed.region.into();
        self.arn = arn.into();
        cx.save(&self);
        let id = self.secret_id();
        let found = cx.find(&lag::SECRET_UNSEEN, || self.read_secret(secrets, id)).await?;
        let found = found.ok_or_else(|| diagnostics::secret_missing(id))?;
        self.last_changed = found.changed_at().into();
        Ok(self)
    }

    fn refused(&self, what: &str, error: crate::aws::Error) -> Diagnostic {
        let is_key = error.is_key_unusable() || self.key().is_some_and(|key| error.to_string().contains(key));
        let error = Err::<(), _>(error).context(what, &self.name).err();
        let error = error.unwrap_or_else(|| Diagnostic::bug("an error was none"));
        if is_key { error.at(Self::kms_key_id) } else { error }
    }
}

/// A text without the hyphen and the random characters at its end, if it ends so.
fn without_random(text: &str) -> Option<&str> {
    let (name, random) = text.rsplit_once('-')?;
    let fits = random.len() == RANDOM && random.chars().all(|c| c.is_ascii_alphanumeric()) && !name.is_empty();
    fits.then_some(name)
}

fn name() -> Check {
    Check::text("must be 1 to 512 letters, digits or characters of `/_+=.@-`", |name| {
        let fits = |c: char| c.is_ascii_alphanumeric() || "/_+=.@-".contains(c);
        (1..=512).contains(&name.len()) && name.chars().all(fits)
    })
}

fn extra_key() -> Check {
    Check::text("must be neither empty nor `username` nor `password`", |key| {
        !["", "username", "password"].contains(&key)
    })
}

async fn write_tags(secrets: &Secrets, id: &str, changes: &Changes) -> Result<()> {
    if !changes.removed.is_empty() {
        secrets.untag(id, &changes.removed).await.context("Cannot untag the secret", id)?;
    }
    if !changes.set.is_empty() {
        secrets.tag(id, &changes.set).await.context("Cannot tag the secret", id)?;
    }
    Ok(())
}
