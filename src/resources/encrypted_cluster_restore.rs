//! `rdsauth_encrypted_cluster_restore`: a DB cluster that is restored from a snapshot, encrypted with a KMS key, with the
//! settings, members and custom endpoints of the original.
//!
//! It takes an hour or more, in many calls. The cluster carries the mark of the create, and so does everything that is
//! created for it; the names of all follow from that of the cluster. Whichever run finds them goes on with them. The settings
//! of the original are kept in the state, since it can disappear. A wait that is cut off leaves an object that is not
//! tainted, and an update goes on.

mod diagnostics;
mod foreseen;
mod members;
mod quieting;
mod removal;
mod settings;
mod steps;

use tf_provider::diagnostic::{Context as _, Diagnostic, Result};
use tf_provider::schema::{
    Computed, Map, Partial, Plan, Resource, Set, Val, View, block, check, computed, optional, required,
};

use crate::arn;
use crate::attributes::checks;
use crate::attributes::tags::{self, Given, Shown};
use crate::aws::rds::{Kind, Rds, Source};
use crate::ownership::{self, Owned};
use crate::parts;
use crate::parts::db::connection::DatabaseConnection;
use crate::parts::db::quiet::{self, Quieted};
use crate::parts::rds::carried::{self, Difference, SourceSetting};
use crate::records::claims::{self, Creator, Subject};
use crate::world::{Ctx, World};

tf_provider::model! {
    /// Restores an Aurora or Multi-AZ DB cluster from a snapshot, encrypted with a KMS key, with the settings, members and
    /// custom endpoints of the original. Use it instead of `aws_rds_cluster` with `snapshot_identifier` where the new
    /// DB cluster has to be like the old one.
    ///
    /// The storage of a DB cluster cannot be encrypted in place. [A
    /// restore](https://docs.aws.amazon.com/AmazonRDS/latest/AuroraUserGuide/Overview.Encryption.html) from a snapshot
    /// encrypts it, but has defaults for most settings and no members. This resource reads the original, passes its
    /// settings to each call, and compares the result with it.
    ///
    /// ~> **Note:** The DB cluster has the data of the time at which the snapshot was created. Stop what writes to the
    /// original before you create the snapshot.
    ///
    /// ~> **Note:** A restored DB cluster has another resource ID. IAM policies for `rds-db:connect` must name it:
    /// `resource_id`.
    ///
    /// -> If a timeout, an interruption or an error ends an apply after the restore has begun, the apply ends with a warning
    /// and the resource is not tainted: `complete` is `false`, and the next apply goes on, also on another machine. Check
    /// `complete` in a `postcondition` if other resources need the DB cluster.
    ///
    /// ## Names
    ///
    /// A member gets the identifier of the original's member, with that of the new cluster in place of that of the original:
    /// in the restore of `shop` as `shop-encrypted`, the member `shop-1` becomes `shop-encrypted-1`, and the member
    /// `reports` becomes `shop-encrypted-reports`. Custom endpoints are named likewise. `member_identifiers` overrides this.
    ///
    /// ## Carry-over
    ///
    /// The settings are [those that the data source `rdsauth_encryption_plan`
    /// lists](../data-sources/encryption_plan.md#carry-over), the backup retention period and the port. All tags of the original and of its members are
    /// copied. If RDS manages the password of the original's master user, it also manages that of the restored cluster, in a
    /// new secret.
    ///
    /// Not carried over are the membership in a global database, read replicas, write forwarding to a global database,
    /// activity streams, Aurora Limitless Database, the recovery point of AWS Backup, pending modifications, Application Auto
    /// Scaling, and what names the cluster elsewhere, such as alarms. `differences` lists what differs.
    ///
    /// ## Quiet First
    ///
    /// A restored database has the subscriptions, logical replication slots, scheduled jobs and events of its source, as
    /// they were in the snapshot. As soon as it ran, a subscription would take the slot of its publisher from the
    /// original, and jobs and events would act a second time. With `quiet = true` this cannot happen:
    ///
    /// 1. It is restored with a temporary parameter group, whose name ends in `-rdsauth-quiet`: a copy of its own group
    ///    with parameters that hold these back.
    /// 2. They are stopped, through `database_connection`, and listed in `quieted` with the statements that start them
    ///    again.
    /// 3. It gets its own parameter group and is rebooted. The temporary group is deleted.
    ///
    /// | `kind` | Held back by | What is done |
    /// | --- | --- | --- |
    /// | `"subscription"` | max_logical_replication_workers | Disabled, and parted from the slot of its publisher, so that dropping it does not drop that slot. |
    /// | `"replication_slot"` | | A logical slot is dropped, since it would keep the write-ahead log for a consumer that never comes. |
    /// | `"cron_job"` | cron.max_running_jobs or cron.launch_active_jobs | A job of pg_cron is set to inactive. |
    /// | `"event"` | event_scheduler | Disabled. Its definer is kept if the user may name another one, otherwise a warning names it. |
    /// | `"replication_source"` | | Replication from an external source is stopped if it runs. |
    ///
    /// The user must own the subscriptions, or be allowed to change them, as the master user of PostgreSQL is on RDS. What
    /// other extensions start by themselves, such as pglogical, is not stopped. If something cannot be stopped, the
    /// restored database keeps the temporary group, and the next apply tries again.
    ///
    /// ## Drift Detection
    ///
    /// A plan detects changes made outside of Terraform to the tags of the DB cluster, and the next apply corrects them. A DB
    /// cluster that was deleted is restored again. One that was renamed, for example by
    /// [`rdsauth_endpoint_swap`](endpoint_swap.md), is found by its resource ID, and `cluster_identifier` stays as it was.
    /// A destroy does not delete it then, and a warning tells that it stays. Changes of settings, members and custom endpoints are shown in
    /// `differences`, `members` and `custom_endpoints`, and are not corrected.
    ///
    /// ## Destroy
    ///
    /// A destroy deletes the DB cluster with its data, its members and its custom endpoints. It fails without a change
    /// unless the state has `allow_delete = true` and either `final_snapshot_identifier` or `skip_final_snapshot = true`:
    /// apply these arguments first. It also fails if deletion protection is on, or if the DB cluster has members that this
    /// resource has not created. The original and the snapshot are never deleted.
    ///
    /// ## Required Permissions
    ///
    /// ### IAM
    ///
    /// - Create and read: `rds:DescribeDBClusters`, `rds:DescribeDBInstances`, `rds:DescribeDBClusterEndpoints`,
    ///   `rds:DescribeDBClusterSnapshots`, `rds:ListTagsForResource`, `rds:RestoreDBClusterFromSnapshot`,
    ///   `rds:AddTagsToResource`, `rds:ModifyDBCluster`, `rds:CreateDBInstance`, `rds:CreateDBClusterEndpoint` and
    ///   `rds:EnableHttpEndpoint`; of these, only for what the original has.
    /// - `quiet`: also `rds:DescribeDBClusterParameterGroups`, `rds:DescribeDBClusterParameters`,
    ///   `rds:CopyDBClusterParameterGroup`, or for a default group `rds:CreateDBClusterParameterGroup`,
    ///   `rds:ModifyDBClusterParameterGroup`, `rds:DeleteDBClusterParameterGroup` and `rds:RebootDBInstance`, for a
    ///   Multi-AZ DB cluster `rds:RebootDBCluster`; `rds:DescribeDBParameters` if members have a group of their own; and
    ///   with `auth = "secret"` also `secretsmanager:GetSecretValue`, and `kms:Decrypt` if the secret is encrypted with a
    ///   customer managed key.
    /// - Roles, enhanced monitoring and directories: `iam:PassRole` on the role.
    /// - In-place updates: also `rds:RemoveTagsFromResource`.
    /// - Destroy: `rds:DeleteDBInstance`, `rds:DeleteDBClusterEndpoint` and `rds:DeleteDBCluster`; with
    ///   `final_snapshot_identifier` also `rds:CreateDBClusterSnapshot`.
    /// - `kms_key_arn`: `kms:DescribeKey` and `kms:CreateGrant` on the key. The plan of a create checks both, the latter
    ///   with a dry run that creates no grant.
    /// - A snapshot that is encrypted with another key: also `kms:DescribeKey` and `kms:CreateGrant` on that key.
    ///
    /// ### Database
    ///
    /// With `quiet`, the master user of the original, or another user that may change subscriptions and drop logical
    /// replication slots in PostgreSQL, and that may alter events and stop replicas in MySQL and MariaDB.
    ///
    /// ## Migrating from hashicorp/aws
    ///
    /// An encrypted DB cluster can be imported. Nothing is then carried over.
    pub struct EncryptedClusterRestore {
        /// Identifier of the restored DB cluster.
        cluster_identifier: String = required().replace().identity().check(checks::db_identifier()),
        /// Region of the DB cluster, the snapshot and the key. Defaults to the provider's region.
        region: Computed<String> = optional().replace().identity().check(checks::region()),
        /// Identifier or ARN of the DB cluster snapshot to restore. That of another account must be shared with this one and
        /// be given by its ARN. Changing this forces a new resource to be created, except after an import.
        snapshot_identifier: String = required().check(checks::source_cluster_snapshot()),
        /// Identifier of the DB cluster whose settings, members and custom endpoints are carried over. It can be deleted once
        /// `complete` is `true`. Changing this forces a new resource to be created, except after an import.
        source_cluster_identifier: String = required().check(checks::db_identifier()),
        /// ARN of the KMS key that encrypts the DB cluster. It must be a symmetric encryption key in `region`, and can be of
        /// another account.
        kms_key_arn: String = required().replace().check(checks::key_arn()),
        /// Identifiers of new members by those of the original's members. The others are named as described in
        /// [Names](#names). Used at creation only: a later change has no effect.
        member_identifiers: Option<Map<String>> = optional().each(checks::db_identifier()),
        /// Whether to allow a destroy to delete the DB cluster with its data.
        allow_delete: bool = optional().or(false),
        /// Identifier of the DB cluster snapshot that a destroy creates before it deletes the DB cluster.
        final_snapshot_identifier: Option<String> = optional().check(checks::db_identifier()),
        /// Whether to delete the DB cluster without a final snapshot.
        skip_final_snapshot: bool = optional().or(false),
        /// Tags of the DB cluster, and at creation of its members and custom endpoints. Tags with the same key of the
        /// original or in the provider's `default_tags` are overridden.
        tags: Option<Given> = optional().check(tags::keys()).each(tags::value()),
        /// Whether to stop what acts by itself in the DB cluster before it can act: see [Quiet First](#quiet-first). It then
        /// takes a `database_connection`. Used at creation only.
        quiet: bool = optional().or(true),
        /// Login of the original's master user, to stop what acts by itself. `host` is the endpoint of the original: the DB
        /// cluster is reached at its own endpoint, unless `auth_host` names that as the far end of a tunnel. `auth` cannot
        /// be `iam`. The password is that of the time of the snapshot.
        database_connection: Option<DatabaseConnection> = block(),
        /// Settings that are to differ from those of the original. Used at creation only: a later change has no effect.
        overrides: Option<Overrides> = block(),
        /// Identifier of the DB cluster.
        id: Computed<String> = computed().follows(ownership::import_id),
        /// All tags of the DB cluster, including the provider's `default_tags` and the copied ones.
        tags_all: Computed<Map<String>> = computed(),
        /// Tags of the original that were copied to the DB cluster, without those that the provider ignores.
        copied_tags: Computed<Map<String>> = computed().keep(),
        /// ARN of the DB cluster.
        arn: Computed<String> = computed().keep(),
        /// Resource ID of the DB cluster, which IAM policies for `rds-db:connect` name.
        resource_id: Computed<String> = computed().keep(),
        /// DNS name of the writer endpoint.
        endpoint: Computed<Option<String>> = computed().keep(),
        /// DNS name of the reader endpoint.
        reader_endpoint: Computed<Option<String>> = computed().keep(),
        /// Port of the database.
        port: Computed<Option<i64>> = computed().keep(),
        /// Database engine, such as `aurora-postgresql`.
        engine: Computed<String> = computed().keep(),
        /// Version of the database engine.
        engine_version: Computed<String> = computed().keep(),
        /// Status of the DB cluster, such as `creating` or `available`.
        status: Computed<String> = computed().keep(),
        /// Whether everything has been carried over. If `false`, the next apply goes on.
        complete: Computed<bool> = computed().keep(),
        /// Encryption of the DB cluster as RDS reports it: `sse-kms` for a KMS key.
        storage_encryption_type: Computed<String> = computed().keep(),
        /// ARN of the secret in which RDS manages the password of the master user. Null if there is none.
        master_user_secret_arn: Computed<Option<String>> = computed().keep(),
        /// Members of the DB cluster, by identifier.
        members: Computed<Vec<ClusterMember>> = computed().keep(),
        /// Custom endpoints of the DB cluster, by identifier.
        custom_endpoints: Computed<Vec<ClusterEndpoint>> = computed().keep(),
        /// What acted by itself in the original and was stopped in the DB cluster, with the statements that start it again:
        /// see [Quiet First](#quiet-first). Empty after an import.
        quieted: Computed<Vec<Quieted>> = computed().keep(),
        /// Settings of the original as they were read at creation. Empty after an import.
        source_settings: Computed<Vec<SourceSetting>> = computed().keep(),
        /// Settings in which the DB cluster differs from the original or from `overrides`. Empty after an import.
        differences: Computed<Vec<Difference>> = computed().keep(),
    }
    rules { conflicts(final_snapshot_identifier, skip_final_snapshot) }
    timeouts { create: "6h", read: "5m", update: "6h", delete: "2h" }
}

tf_provider::model! {
    /// Settings that are to differ from those of the original.
    pub struct Overrides {
        /// Version of the database engine, not older than that of the snapshot.
        engine_version: Option<String> = optional().check(check::length(1..=63)),
        /// Name of the DB subnet group. Availability zones are then chosen by RDS.
        db_subnet_group_name: Option<String> = optional().check(check::length(1..=255)),
        /// IDs of the VPC security groups.
        vpc_security_group_ids: Option<Set<String>> = optional().check(check::size(1..=usize::MAX)).each(check::length(1..=255)),
        /// Name of the DB cluster parameter group.
        db_cluster_parameter_group_name: Option<String> = optional().check(check::length(1..=255)),
        /// Port of the database.
        port: Option<i64> = optional().check(check::between(1150..=65535)),
        /// Number of days for which automated backups are kept.
        backup_retention_period: Option<i64> = optional().check(check::between(1..=35)),
        /// Whether deletion protection is on.
        deletion_protection: Option<bool> = optional(),
        /// Whether IAM database authentication is enabled.
        iam_database_authentication_enabled: Option<bool> = optional(),
        /// Storage type: `aurora` or `aurora-iopt1`, or that of a Multi-AZ DB cluster.
        storage_type: Option<String> = optional().check(check::length(1..=63)),
        /// Class of the DB instances: of all members of an Aurora cluster, or of a Multi-AZ DB cluster.
        instance_class: Option<String> = optional().check(check::length(1..=63)),
        /// Name of the DB parameter group of all members of an Aurora cluster.
        db_parameter_group_name: Option<String> = optional().check(check::length(1..=255)),
        /// Whether the members are publicly accessible.
        publicly_accessible: Option<bool> = optional(),
    }
}

tf_provider::model! {
    /// A member of the restored DB cluster.
    pub struct ClusterMember {
        /// Identifier of the DB instance.
        identifier: String = computed(),
        /// Identifier of the original's member that it takes the place of. Null if there is none.
        source_identifier: Option<String> = computed(),
        /// Resource ID of the DB instance.
        resource_id: String = computed(),
    }
}

tf_provider::model! {
    /// A custom endpoint of the restored DB cluster.
    pub struct ClusterEndpoint {
        /// Identifier of the custom endpoint.
        identifier: String = computed(),
        /// Identifier of the original's custom endpoint that it takes the place of. Null if there is none.
        source_identifier: Option<String> = computed(),
        /// DNS name of the custom endpoint.
        host: String = computed(),
    }
}

/// What an error of a read is about.
const READING: &str = "Cannot read the DB cluster";

impl Resource<World> for EncryptedClusterRestore {
    const TYPE: &'static str = "encrypted_cluster_restore";
    const SUBCATEGORY: &'static str = "Encryption";

    async fn create(cx: &Ctx, mut plan: Self) -> Result<Self> {
        let rds = plan.rds(cx).await?;
        let mut claim = ownership::begin(cx, &plan).await?;
        let earlier = plan.earlier(cx, &rds, &mut claim).await?;
        plan.read_original(cx, &rds).await?;
        let cluster = match earlier {
            Some(found) => found,
            None => {
                foreseen::storage_key(&plan.kms_key_arn).check(cx).await?;
                plan.check_names(cx, &rds).await?;
                let temporary = plan.guard(cx, &rds, &mut claim).await?;
                let restored = plan.restore(cx, &rds, &claim, temporary).await;
                if restored.is_err() {
                    plan.withdraw_guard(cx, &rds, &claim.mark()).await;
                }
                restored?
            }
        };
        claim.created(cx);
        plan.quieted = quiet::noted(&claim).into();
        plan.begun(cx, &cluster)?;
        if let Err(why) = plan.go_on(cx, &rds, &claim.mark(), Some(&claim)).await {
            cx.warn(carried::refused(&plan.what(), why));
        }
        Ok(plan)
    }

    async fn read(cx: &Ctx, mut state: Self) -> Result<Option<Self>> {
        ownership::record_state(cx, &state);
        let rds = state.rds(cx).await?;
        let id = state.cluster_identifier.clone();
        let Some(found) = state.present(cx, &rds).await? else { return Ok(None) };
        let mark = tags::mark(&found.tags).map(String::as_str);
        if cx.is_import() {
            if found.kms_key_id.is_none() {
                return Err(diagnostics::not_encrypted(&found));
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
        state.kms_key_arn = found.kms_key_id.clone().unwrap_or_default();
        let Shown { own, all, copied } = cx.tags().shown(&found.tags, state.tags.as_ref(), &state.copied());
        (state.tags, state.tags_all, state.copied_tags) = (own, all.into(), copied.into());
        state.fill(&found)?;
        state.fill_parts(&rds, &found).await.context(READING, &id)?;
        Ok(Some(state))
    }

    /// Goes on with what is not complete, and writes the tags.
    async fn update(cx: &Ctx, mut plan: Self, state: Self) -> Result<Self> {
        let (rds, id) = (state.rds(cx).await?, &state.cluster_identifier);
        let found = state.present(cx, &rds).await?.ok_or_else(|| diagnostics::gone(id))?;
        let planned = plan.clone();
        plan.copied_tags = state.copied().into();
        plan.source_settings = state.source_settings.clone();
        plan.quieted = state.quieted.clone();
        plan.write_tags(cx, &rds, &found).await?;
        if *state.complete.get()? {
            return Ok(plan);
        }
        let mark = claims::own_mark(cx, Self::TYPE)
            .ok_or_else(|| Diagnostic::bug("an unfinished restore has no creation ID"))?;
        plan.begun(cx, &found)?;
        plan.go_on(cx, &rds, &mark, None).await?;
        plan.region.keep_to(planned.region);
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
        let same = matches!(
            (config.get(Self::cluster_identifier), config.get(Self::source_cluster_identifier)),
            (Val::Known(new), Val::Known(source)) if new == source
        );
        let mut complaints = quiet::complaints(config, Self::quiet, Self::database_connection);
        complaints.extend(same.then(diagnostics::restore_of_itself));
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
        ownership::named_by(id, "a DB cluster", arn::cluster_arn, Self::cluster_identifier, Self::region)
    }
}

impl Owned for EncryptedClusterRestore {
    fn subject(of: &View<'_, Self>) -> Option<Subject> {
        let words = ["DB cluster", "DB cluster", "\"cluster_identifier\""];
        ownership::regional(of, words, Self::cluster_identifier, Self::region)
    }

    async fn existing(cx: &Ctx, planned: &View<'_, Self>) -> Result<Option<Creator>> {
        let Some(name) = planned.get(Self::cluster_identifier).known() else { return Ok(None) };
        let rds = cx.aws()?.rds(planned.get(Self::region).known().as_deref()).await?;
        Ok(rds.source(Kind::Cluster, &name).await?.map(|found| Creator::of(tags::mark(&found.tags))))
    }
}

impl EncryptedClusterRestore {
    /// RDS in the region of the cluster.
    async fn rds(&self, cx: &Ctx) -> Result<Rds> {
        parts::rds::in_region(cx, &self.region, Self::region).await
    }

    /// The DB cluster of the state, whatever it is called now.
    async fn present(&self, cx: &Ctx, rds: &Rds) -> Result<Option<Source>> {
        let (id, known) = (&self.cluster_identifier, self.resource_id.get().ok().map(String::as_str));
        let look = || async { Ok(rds.source_or_renamed(Kind::Cluster, id, known).await?) };
        ownership::find(cx, look).await.context(READING, id)
    }

    /// What is restored, in words.
    fn what(&self) -> String {
        format!("DB cluster \"{}\"", self.cluster_identifier)
    }

    fn copied(&self) -> Map<String> {
        self.copied_tags.get().ok().cloned().unwrap_or_default()
    }

    /// The tags of an object whose original has these: its own tags and the default ones override them.
    fn all_tags(&self, cx: &Ctx, copied: &Map<String>) -> Result<Map<String>> {
        tags::with_copied(cx.tags(), self.tags.as_ref(), copied).map_err(|error| error.at(Self::tags))
    }

    /// Copies what is seen of the cluster itself.
    fn fill(&mut self, found: &Source) -> Result<()> {
        let database = &found.database;
        let (arn, _) = arn::cluster_arn(&database.arn).map_err(Diagnostic::bug)?;
        self.region = arn.region.into();
        self.arn = database.arn.clone().into();
        self.resource_id = database.resource_id.clone().into();
        self.endpoint = database.host.clone().into();
        self.reader_endpoint = database.reader_host.clone().into();
        self.port = database.port.map(i64::from).into();
        self.engine = database.engine.clone().into();
        self.engine_version = database.engine_version.clone().into();
        self.status = database.status.clone().into();
        self.storage_encryption_type = database.encryption.clone().into();
        self.master_user_secret_arn = found.master_user_secret_arn.clone().into();
        Ok(())
    }
}
