//! `rdsauth_encrypted_restore`: a DB instance that is restored from an encrypted snapshot, with the settings of the
//! original.
//!
//! It takes up to hours, in several calls. The DB instance carries the mark of the create, so that whichever run finds it
//! goes on with it, and the settings of the original are kept in the state, since it can disappear. Whatever happens after
//! the restore has begun, the create ends without an error, so that nothing is tainted; an update goes on.

mod diagnostics;
mod foreseen;
mod settings;
mod steps;

use tf_provider::diagnostic::{Context as _, Diagnostic, Result};
use tf_provider::schema::{
    Computed, Map, Partial, Plan, Resource, Set, Val, View, block, check, computed, optional, required,
};

use crate::arn;
use crate::attributes::checks;
use crate::attributes::tags::{self, Changes, Given, Shown};
use crate::aws::rds::{Kind, Rds, Source};
use crate::ownership::{self, Owned};
use crate::parts;
use crate::parts::db::connection::DatabaseConnection;
use crate::parts::db::quiet::{self, Quieted};
use crate::parts::rds::carried::{self, Difference, SourceSetting};
use crate::records::claims::{self, Claim, Creator, Subject};
use crate::world::{Ctx, World};

tf_provider::model! {
    /// Restores an RDS DB instance from an encrypted snapshot, with the settings of the original. Use it instead of
    /// `aws_db_instance` with `snapshot_identifier` where the new DB instance has to be like the old one, and nothing in
    /// it may act by itself before you say so.
    ///
    /// The storage of a DB instance cannot be encrypted in place. [Encrypting an existing DB
    /// instance](https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/Overview.Encryption.html) needs a restore from an
    /// encrypted snapshot, such as that of `rdsauth_encrypted_snapshot`, but a restore has defaults for most settings. This
    /// resource reads the original, passes its settings to the calls of AWS, and compares the result with it. PostgreSQL,
    /// MySQL and MariaDB are supported.
    ///
    /// ~> **Note:** The DB instance has the data of the time at which the snapshot was created. Stop what writes to the
    /// original before you create the snapshot.
    ///
    /// ~> **Note:** A restored DB instance has another resource ID. IAM policies for `rds-db:connect` must name it:
    /// `resource_id`.
    ///
    /// -> If a timeout, an interruption or an error ends an apply after the restore has begun, the apply ends with a
    /// warning and the resource is not tainted: `complete` is `false`, and the next apply goes on. Check `complete` in a
    /// `postcondition` if other resources need the DB instance.
    ///
    /// ## Carry-over
    ///
    /// The settings are those that the data source [`rdsauth_encryption_plan`](../data-sources/encryption_plan.md#carry-over)
    /// lists as carry-over, the DB instance class, the port, the backup retention period and the performance of the
    /// storage. All tags are copied, and IAM roles are associated. If RDS manages the password of the original's master
    /// user, it also manages that of the restored DB instance, in a new secret.
    ///
    /// Not carried over are read replicas, automated backups in other regions, activity streams, the recovery point of AWS
    /// Backup, pending modifications, a self-managed directory, and what names the DB instance elsewhere, such as alarms
    /// and proxies. `differences` lists what differs.
    ///
    /// ## What Acts by Itself
    ///
    /// A restored database has the enabled subscriptions, logical replication slots, pg_cron jobs and events of its source.
    /// As soon as it runs, a subscription would take the changes that are meant for the source, and jobs would run twice.
    /// With `quiet`, which is the default, the DB instance is restored with a temporary parameter group in which these do
    /// not act. Then they are stopped in each database, and `quieted` lists them. Only after that does the DB instance get
    /// its own parameter group, with a reboot.
    ///
    /// | `kind` | Held back by | What is done |
    /// | --- | --- | --- |
    /// | `"subscription"` | max_logical_replication_workers | Disabled, and parted from the slot of its publisher, so that dropping it does not drop that slot. |
    /// | `"replication_slot"` | | A logical slot is dropped, since it would keep the write-ahead log for a consumer that never comes. |
    /// | `"cron_job"` | cron.max_running_jobs or cron.launch_active_jobs | A job of pg_cron is set to inactive. |
    /// | `"event"` | event_scheduler | Disabled. Its definer is kept if the user may name another one; otherwise a warning tells. |
    /// | `"replication_source"` | | Replication from a server outside of RDS is stopped if it runs. |
    ///
    /// `start_sql` has the statements that start each again. Run them once the original does not act any more: two
    /// subscribers of one slot take changes from each other. The user of the connection must be allowed to stop all of
    /// this, as the master user is who owns it. What cannot be stopped keeps the temporary parameter group in place, and
    /// the next apply tries again. What other extensions start by themselves, such as pglogical, is not stopped.
    ///
    /// The temporary parameter group has the name of the DB instance and `-rdsauth-quiet` behind it.
    ///
    /// ## Drift Detection
    ///
    /// A plan detects changes made outside of Terraform to the tags, and the next apply corrects them. A DB instance that
    /// was deleted is restored again. One that was renamed, for example by [`rdsauth_endpoint_swap`](endpoint_swap.md), is
    /// found by its resource ID, and `db_instance_identifier` stays as it was. Changes of settings are shown in `differences`, and are not corrected.
    ///
    /// ## Destroy
    ///
    /// A destroy deletes the DB instance with its data. The plan of a destroy fails unless the state has `allow_delete =
    /// true` and either `final_snapshot_identifier` or `skip_final_snapshot = true`: apply these arguments first. A destroy
    /// also fails if deletion protection is on. The original and the snapshot are never deleted, and neither is a DB instance
    /// that was renamed: a warning tells that it stays. To keep the DB instance
    /// without Terraform, use a `removed` block with `destroy = false`.
    ///
    /// ## Required Permissions
    ///
    /// ### IAM
    ///
    /// - Create and read: `rds:DescribeDBInstances`, `rds:DescribeDBSnapshots`, `rds:RestoreDBInstanceFromDBSnapshot`,
    ///   `rds:AddTagsToResource`, `rds:ModifyDBInstance`, and `rds:AddRoleToDBInstance` if the original has roles.
    /// - IAM roles, enhanced monitoring and directories: `iam:PassRole` on the role.
    /// - The key of the snapshot: `kms:DescribeKey` and `kms:CreateGrant`.
    /// - `quiet`: `rds:CreateDBParameterGroup` or `rds:CopyDBParameterGroup`, `rds:DescribeDBParameters`,
    ///   `rds:DescribeDBParameterGroups`, `rds:ModifyDBParameterGroup`, `rds:DeleteDBParameterGroup`,
    ///   `rds:ListTagsForResource` and `rds:RebootDBInstance`; with `auth = "secret"` also
    ///   `secretsmanager:GetSecretValue`, and `kms:Decrypt` if the secret is encrypted with a customer managed key.
    /// - In-place updates: also `rds:RemoveTagsFromResource`.
    /// - Destroy: `rds:DeleteDBInstance`; with `final_snapshot_identifier` also `rds:CreateDBSnapshot`.
    ///
    /// ### Database
    ///
    /// With `quiet`, the master user of the original, or another user that may change subscriptions and drop logical
    /// replication slots in PostgreSQL, and that may alter events and stop replicas in MySQL and MariaDB.
    ///
    /// ## Migrating from hashicorp/aws
    ///
    /// An encrypted DB instance can be imported. Nothing is then carried over.
    pub struct EncryptedRestore {
        /// Identifier of the restored DB instance.
        db_instance_identifier: String = required().replace().identity().check(checks::db_identifier()),
        /// Region of the DB instance and the snapshot. Defaults to the provider's region.
        region: Computed<String> = optional().replace().identity().check(checks::region()),
        /// Identifier or ARN of the encrypted DB snapshot to restore. That of another account must be shared with this one
        /// and be given by its ARN. Changing this forces a new resource to be created, except after an import.
        snapshot_identifier: String = required().check(checks::source_snapshot()),
        /// Identifier of the DB instance whose settings are carried over. It can be deleted once `complete` is `true`.
        /// Changing this forces a new resource to be created, except after an import.
        source_db_instance_identifier: String = required().check(checks::db_identifier()),
        /// Whether to stop what acts by itself in the restored databases: see [What Acts by
        /// Itself](#what-acts-by-itself). Used at creation only: a later change has no effect.
        quiet: bool = optional().or(true),
        /// Whether to allow a destroy to delete the DB instance with its data.
        allow_delete: bool = optional().or(false),
        /// Identifier of the DB snapshot that a destroy creates before it deletes the DB instance.
        final_snapshot_identifier: Option<String> = optional().check(checks::snapshot()),
        /// Whether to delete the DB instance without a final snapshot.
        skip_final_snapshot: bool = optional().or(false),
        /// Tags of the DB instance. Tags with the same key of the original or in the provider's `default_tags` are
        /// overridden.
        tags: Option<Given> = optional().check(tags::keys()).each(tags::value()),
        /// Settings that are to differ from those of the original. Used at creation only: a later change has no effect.
        overrides: Option<InstanceOverrides> = block(),
        /// Login of the original's master user, which is that of the restored DB instance, for `quiet`. Connections go to
        /// the endpoint of the restored DB instance, whatever `host` is, unless `auth_host` names that endpoint. `auth`
        /// cannot be `iam`.
        database_connection: Option<DatabaseConnection> = block(),
        /// Identifier of the DB instance.
        id: Computed<String> = computed().follows(ownership::import_id),
        /// All tags of the DB instance, including the provider's `default_tags` and the copied ones.
        tags_all: Computed<Map<String>> = computed(),
        /// Tags of the original that were copied to the DB instance, without those that the provider ignores.
        copied_tags: Computed<Map<String>> = computed().keep(),
        /// ARN of the DB instance.
        arn: Computed<String> = computed().keep(),
        /// Resource ID of the DB instance, which IAM policies for `rds-db:connect` name.
        resource_id: Computed<String> = computed().keep(),
        /// DNS name of the DB instance. Null as long as there is none.
        address: Computed<Option<String>> = computed().keep(),
        /// Port of the database. Null as long as there is no `address`.
        port: Computed<Option<i64>> = computed().keep(),
        /// Database engine, such as `postgres`.
        engine: Computed<String> = computed().keep(),
        /// Version of the database engine.
        engine_version: Computed<String> = computed().keep(),
        /// Status of the DB instance, such as `creating` or `available`.
        status: Computed<String> = computed().keep(),
        /// Whether everything has been carried over. If `false`, the next apply goes on.
        complete: Computed<bool> = computed().keep(),
        /// Encryption of the DB instance as RDS reports it: `sse-kms` for a KMS key.
        storage_encryption_type: Computed<String> = computed().keep(),
        /// ARN of the KMS key that encrypts the storage, which is that of the snapshot.
        kms_key_arn: Computed<Option<String>> = computed().keep(),
        /// ARN of the secret in which RDS manages the password of the master user. Null if there is none.
        master_user_secret_arn: Computed<Option<String>> = computed().keep(),
        /// Settings of the original as they were read at creation. Empty after an import.
        source_settings: Computed<Vec<SourceSetting>> = computed().keep(),
        /// Settings in which the DB instance differs from the original or from `overrides`. Empty after an import.
        differences: Computed<Vec<Difference>> = computed().keep(),
        /// What would have acted by itself and was stopped. Empty with `quiet = false` and after an import.
        quieted: Computed<Vec<Quieted>> = computed().keep(),
    }
    rules { conflicts(final_snapshot_identifier, skip_final_snapshot) }
    timeouts { create: "6h", read: "5m", update: "6h", delete: "2h" }
}

tf_provider::model! {
    /// Settings that are to differ from those of the original.
    pub struct InstanceOverrides {
        /// DB instance class.
        instance_class: Option<String> = optional().check(check::length(1..=63)),
        /// Name of the DB subnet group. The Availability Zone is then chosen by RDS.
        db_subnet_group_name: Option<String> = optional().check(check::length(1..=255)),
        /// IDs of the VPC security groups.
        vpc_security_group_ids: Option<Set<String>> = optional().check(check::size(1..=usize::MAX)).each(check::length(1..=255)),
        /// Name of the DB parameter group.
        parameter_group_name: Option<String> = optional().check(check::length(1..=255)),
        /// Port of the database.
        port: Option<i64> = optional().check(check::between(1150..=65535)),
        /// Whether there is a standby in another Availability Zone.
        multi_az: Option<bool> = optional(),
        /// Whether the DB instance is publicly accessible.
        publicly_accessible: Option<bool> = optional(),
        /// Number of days for which automated backups are kept.
        backup_retention_period: Option<i64> = optional().check(check::between(0..=35)),
        /// Whether deletion protection is on.
        deletion_protection: Option<bool> = optional(),
        /// Whether IAM database authentication is enabled.
        iam_database_authentication_enabled: Option<bool> = optional(),
    }
}

/// What an error of a read is about.
const READING: &str = "Cannot read the DB instance";

impl Resource<World> for EncryptedRestore {
    const TYPE: &'static str = "encrypted_restore";
    const SUBCATEGORY: &'static str = "Encryption";

    async fn create(cx: &Ctx, mut plan: Self) -> Result<Self> {
        let rds = plan.rds(cx).await?;
        let mut claim = ownership::begin(cx, &plan).await?;
        let earlier = plan.earlier(cx, &rds, &mut claim).await?;
        plan.read_original(cx, &rds).await?;
        let found = match earlier {
            Some(found) => found,
            None => plan.restore(cx, &rds, &mut claim).await?,
        };
        claim.created(cx);
        plan.quieted = quiet::noted(&claim).into();
        plan.begun(cx, &found)?;
        if let Err(why) = plan.go_on(cx, &rds, &claim.mark(), Some(&claim)).await {
            cx.warn(carried::refused(&plan.what(), why));
        }
        Ok(plan)
    }

    async fn read(cx: &Ctx, mut state: Self) -> Result<Option<Self>> {
        ownership::record_state(cx, &state);
        let rds = state.rds(cx).await?;
        let id = state.db_instance_identifier.clone();
        let Some(found) = state.present(cx, &rds).await? else { return Ok(None) };
        let mark = tags::mark(&found.tags).map(String::as_str);
        if cx.is_import() {
            foreseen::check_engine(&found.database, Self::db_instance_identifier.path())?;
            if !found.is_encrypted() {
                return Err(diagnostics::not_encrypted(&id));
            }
            claims::keep_creation_id(cx, Self::TYPE, mark);
            state.copied_tags = Map::new().into();
            state.source_settings = Vec::new().into();
            state.quieted = Vec::new().into();
            state.complete = true.into();
        } else if claims::is_of_another(cx, Self::TYPE, mark) {
            cx.warn(claims::recreated(&ownership::subject(&state)?));
            return Ok(None);
        }
        let Shown { own, all, copied } = cx.tags().shown(&found.tags, state.tags.as_ref(), &state.copied());
        (state.tags, state.tags_all, state.copied_tags) = (own, all.into(), copied.into());
        state.fill(&found)?;
        Ok(Some(state))
    }

    /// Writes the tags, and goes on with what is not complete.
    async fn update(cx: &Ctx, mut plan: Self, state: Self) -> Result<Self> {
        let (rds, id) = (state.rds(cx).await?, &state.db_instance_identifier);
        let found = state.present(cx, &rds).await?.ok_or_else(|| diagnostics::gone(id))?;
        if claims::is_of_another(cx, Self::TYPE, tags::mark(&found.tags).map(String::as_str)) {
            return Err(diagnostics::recreated(id));
        }
        plan.copied_tags = state.copied().into();
        plan.source_settings = state.source_settings.clone();
        plan.quieted = state.quieted.clone();
        plan.write_tags(cx, &rds, &found).await.context("Cannot update the tags of the DB instance", id)?;
        if *state.complete.get()? {
            return Ok(plan);
        }
        let mark = claims::own_mark(cx, Self::TYPE)
            .ok_or_else(|| Diagnostic::bug("an unfinished restore has no creation ID"))?;
        plan.begun(cx, &found)?;
        plan.go_on(cx, &rds, &mark, None).await?;
        Ok(plan)
    }

    async fn delete(cx: &Ctx, state: Self) -> Result<()> {
        state.check_consent()?;
        let Some(deletion) = ownership::delete(cx, &state).await? else { return Ok(()) };
        let rds = state.rds(cx).await?;
        match state.remove(cx, &rds).await? {
            true => deletion.done(),
            false => Ok(()),
        }
    }

    fn check(config: &View<'_, Self>) -> Vec<Diagnostic> {
        let mut complaints = quiet::complaints(config, Self::quiet, Self::database_connection);
        let new = config.get(Self::db_instance_identifier);
        if matches!(new, Val::Known(_)) && new == config.get(Self::source_db_instance_identifier) {
            complaints.push(diagnostics::restore_of_itself());
        }
        complaints
    }

    async fn plan(cx: &Ctx, plan: &mut Plan<'_, Self>) -> Result<()> {
        ownership::plan_region(cx, plan, Self::region).await;
        ownership::warn_if_exists(cx, plan).await;
        foreseen::progress(cx, plan);
        foreseen::check(cx, plan).await
    }

    /// An ARN, or an identifier, and `@REGION` behind it if that is not the provider's.
    fn import(id: &str) -> Result<Partial<Self>> {
        ownership::named_by(id, "a DB instance", arn::instance_arn, Self::db_instance_identifier, Self::region)
    }
}

impl Owned for EncryptedRestore {
    fn subject(of: &View<'_, Self>) -> Option<Subject> {
        let words = ["DB instance", "DB instance", "\"db_instance_identifier\""];
        ownership::regional(of, words, Self::db_instance_identifier, Self::region)
    }

    async fn existing(cx: &Ctx, planned: &View<'_, Self>) -> Result<Option<Creator>> {
        let Some(name) = planned.get(Self::db_instance_identifier).known() else { return Ok(None) };
        let rds = cx.aws()?.rds(planned.get(Self::region).known().as_deref()).await?;
        Ok(rds.source(Kind::Instance, &name).await?.map(|found| Creator::of(tags::mark(&found.tags))))
    }
}

impl EncryptedRestore {
    /// RDS in the region of the DB instance.
    async fn rds(&self, cx: &Ctx) -> Result<Rds> {
        parts::rds::in_region(cx, &self.region, Self::region).await
    }

    /// The DB instance of the state, whatever it is called now.
    async fn present(&self, cx: &Ctx, rds: &Rds) -> Result<Option<Source>> {
        let (id, known) = (&self.db_instance_identifier, self.resource_id.get().ok().map(String::as_str));
        let look = || async { Ok(rds.source_or_renamed(Kind::Instance, id, known).await?) };
        ownership::find(cx, look).await.context(READING, id)
    }

    /// The DB instance that an interrupted create has left.
    async fn earlier(&self, cx: &Ctx, rds: &Rds, claim: &mut Claim<'_>) -> Result<Option<Source>> {
        let id = &self.db_instance_identifier;
        let Some(found) = rds.source(Kind::Instance, id).await.context(steps::DOING, id)? else { return Ok(None) };
        let mark = tags::mark(&found.tags);
        if !claim.owns_mark(mark.map(String::as_str)) {
            return Err(claim.refuse(&Creator::of(mark)));
        }
        mark.into_iter().for_each(|mark| claim.resume(mark));
        claim.warn_adopted(cx);
        Ok(Some(found))
    }

    /// Refuses to delete the data without consent.
    fn check_consent(&self) -> Result<()> {
        let has_answer = self.final_snapshot_identifier.is_some() || self.skip_final_snapshot;
        match self.allow_delete && has_answer {
            true => Ok(()),
            false => Err(diagnostics::no_consent(&self.db_instance_identifier, self.allow_delete)),
        }
    }

    /// What is restored, in words.
    fn what(&self) -> String {
        format!("DB instance \"{}\"", self.db_instance_identifier)
    }

    fn copied(&self) -> Map<String> {
        self.copied_tags.get().ok().cloned().unwrap_or_default()
    }

    /// The tags of the DB instance: its own tags and the default ones override the copied ones.
    fn all_tags(&self, cx: &Ctx) -> Result<Map<String>> {
        let all = tags::with_copied(cx.tags(), self.tags.as_ref(), &self.copied());
        all.map_err(|error| error.at(Self::tags))
    }

    /// The tags with which it is created: all of the original's, also those that the provider ignores.
    fn created_tags(&self, cx: &Ctx) -> Result<Map<String>> {
        let all = tags::with_copied(cx.tags(), self.tags.as_ref(), &self.wanted().tags);
        all.map_err(|error| error.at(Self::tags))
    }

    async fn write_tags(&self, cx: &Ctx, rds: &Rds, found: &Source) -> Result<()> {
        let copied = self.copied();
        let shown = cx.tags().seen(&found.tags, self.tags.as_ref(), &tags::not_overridden(&copied, &[]));
        let Changes { set, removed } = Changes::between(&shown, &self.all_tags(cx)?);
        let arn = &found.database.arn;
        for (key, value) in set {
            rds.set_tag(arn, &key, &value).await?;
        }
        for key in removed {
            rds.remove_tag(arn, &key).await?;
        }
        Ok(())
    }

    /// Copies what is seen of the DB instance.
    fn fill(&mut self, found: &Source) -> Result<()> {
        let database = &found.database;
        let (arn, _) = arn::instance_arn(&database.arn).map_err(Diagnostic::bug)?;
        self.region = arn.region.into();
        self.arn = database.arn.clone().into();
        self.resource_id = database.resource_id.clone().into();
        self.address = database.host.clone().into();
        self.port = database.host.as_ref().and(database.port).map(i64::from).into();
        self.engine = database.engine.clone().into();
        self.engine_version = database.engine_version.clone().into();
        self.status = database.status.clone().into();
        self.storage_encryption_type = database.encryption.clone().into();
        self.kms_key_arn = found.kms_key_id.clone().into();
        self.master_user_secret_arn = found.master_user_secret_arn.clone().into();
        self.differences = self.differences_of(found).into();
        Ok(())
    }
}
