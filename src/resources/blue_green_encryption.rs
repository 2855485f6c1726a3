//! `rdsauth_blue_green_encryption`: a blue/green deployment whose green environment is encrypted with a KMS key.
//!
//! Provisioning takes hours, and the switchover minutes of downtime, which only the argument `switchover` begins. Whatever
//! run finds the deployment goes on with it. A wait that is cut off leaves a resource that is not tainted, and an update
//! ends the wait; so does a switchover that AWS has undone, since the green environment is still good.

mod diagnostics;
mod foreseen;
mod removal;
mod steps;

use tf_provider::diagnostic::{Context as _, Diagnostic, Result};
use tf_provider::schema::{Computed, Map, Partial, Plan, Resource, Val, View, check, computed, optional, required};

use crate::arn::{self, Arn};
use crate::attributes::checks;
use crate::attributes::tags::{self, Given};
use crate::aws::rds::Rds;
use crate::aws::rds::blue_green::{COMPLETED, DELETING, Deployment, Pair, Part};
use crate::ownership::{self, Owned};
use crate::parts;
use crate::parts::rds::switchover::{self, part};
use crate::records::claims::{self, Creator, Subject};
use crate::world::{Ctx, World};

tf_provider::model! {
    /// Encrypts an existing DB instance or Aurora DB cluster, or gives it another KMS key, with a blue/green deployment:
    /// RDS creates an encrypted copy that follows the database, and a switchover exchanges the two. Use it instead of
    /// the blue/green update of `aws_db_instance`, which cannot change the key and does not support clusters.
    ///
    /// The storage of a database cannot be encrypted in place. A [blue/green
    /// deployment](https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/blue-green-deployments-overview.html) needs the
    /// shortest downtime of all ways to an encrypted database, usually less than a minute, and keeps the identifier and
    /// the endpoint. The data source [`rdsauth_encryption_plan`](../data-sources/encryption_plan.md) shows the other ways.
    ///
    /// First apply it without `switchover`: the green environment is created, which takes hours, and production is not
    /// touched. Test the green environment. Then set `switchover` to `true` and apply again.
    ///
    /// ~> **Note:** After the switchover, the production database has another resource ID, which `rds-db:connect` policies
    /// name. Allow `source_resource_id` and `target_resource_id` before the switchover, as in the second example, or
    /// database users are locked out.
    ///
    /// ~> **Note:** If `aws_db_instance` manages the DB instance, its state has the resource ID of the old one. After the
    /// switchover, and before you apply another plan of it, remove it from the state with `terraform state rm`, import the
    /// identifier again, and set `aws_db_instance.storage_encrypted` to `true` and `aws_db_instance.kms_key_id` to the key:
    /// otherwise it renames or replaces a database. `aws_rds_cluster` follows the identifier, and needs the two arguments
    /// only.
    ///
    /// ~> **Note:** A switchover cannot be undone. The old environment is kept under the name `…-old1`, receives no further
    /// changes, and costs as much as before until it is deleted.
    ///
    /// ~> **Note:** The production database needs the key for as long as it exists, also after this resource has been
    /// destroyed. If the same configuration manages the key, set `prevent_destroy` for it, as in the first example.
    ///
    /// ~> **Note:** RDS accepts a KMS key for a blue/green deployment since September 2026, and may refuse it in some regions
    /// or for some versions. Before a switchover, the provider checks that the green environment is encrypted with the key.
    ///
    /// -> If the timeout or an interruption ends an apply, the apply ends with a warning and the resource is not tainted:
    /// provisioning or the switchover goes on in AWS, and the next apply waits for it. Other resources that need the
    /// switchover should check `status` in a `postcondition`.
    ///
    /// ## What the plan checks
    ///
    /// A plan that creates the deployment fails if something is known that RDS refuses, and lists the other ways that are
    /// open: an engine other than PostgreSQL, MySQL and MariaDB, Multi-AZ DB clusters, read replicas as the source,
    /// cascading and cross-region read replicas, automated backups that are off, a password of the master user that RDS
    /// manages in Secrets Manager, RDS Proxies, zero-ETL integrations, an event scheduler that is on, dedicated log volumes
    /// of some DB instances only, and in Aurora replication that is off. It also fails if the key cannot be used, or is the
    /// one that encrypts the database already. Whether the database is a publisher or subscriber of logical replication
    /// is shown by [`rdsauth_encryption_plan`](../data-sources/encryption_plan.md) with a `database_connection`.
    ///
    /// ## Drift Detection
    ///
    /// A plan detects changes made outside of Terraform to the tags, and the next apply corrects them. It detects a
    /// switchover: the plan then fails until `switchover` is `true`. A deployment that was deleted before its switchover is
    /// created again. One that was deleted after its switchover has served its purpose: the resource stays as long as the
    /// production database is the one that was the green environment.
    ///
    /// ## Destroy
    ///
    /// Before the switchover, the deployment and its green environment are deleted, also if that has deletion protection,
    /// which it has from the blue environment. After the switchover, only the deployment is deleted, and the old
    /// environment if `delete_old_environment` is `true`. The database that is in production is never deleted.
    ///
    /// ## Required Permissions
    ///
    /// - Create, read and destroy: `rds:DescribeBlueGreenDeployments`, `rds:DescribeDBInstances`,
    ///   `rds:CreateBlueGreenDeployment`, `rds:AddTagsToResource` and `rds:DeleteBlueGreenDeployment`.
    /// - `db_instance_identifier`: also `rds:CreateDBInstanceReadReplica`, and to destroy the green environment
    ///   `rds:DeleteDBInstance`, with deletion protection `rds:ModifyDBInstance`.
    /// - `db_cluster_identifier`: also `rds:DescribeDBClusters`, `rds:CreateDBCluster`, `rds:CreateDBInstance`,
    ///   `rds:CreateDBClusterEndpoint`, and to destroy the green environment `rds:DeleteDBCluster`, `rds:DeleteDBInstance`
    ///   and `rds:DeleteDBClusterEndpoint`, with deletion protection `rds:ModifyDBCluster` and `rds:ModifyDBInstance`.
    /// - `switchover`: also `rds:SwitchoverBlueGreenDeployment`, for a DB instance `rds:ModifyDBInstance` and
    ///   `rds:PromoteReadReplica`, for a DB cluster `rds:ModifyDBCluster` and `rds:PromoteReadReplicaDBCluster`.
    /// - `delete_old_environment`: also `rds:DeleteDBInstance`, for a DB cluster `rds:DeleteDBCluster`, and for the final
    ///   snapshot `rds:CreateDBSnapshot` or `rds:CreateDBClusterSnapshot`.
    /// - Changed tags: also `rds:RemoveTagsFromResource`.
    /// - `kms_key_arn`: `kms:DescribeKey` and `kms:CreateGrant` on the key. The plan of a create checks both, the latter
    ///   with a dry run that creates no grant.
    /// - Checks of the plan: `rds:DescribeDBProxies`, `rds:DescribeDBProxyTargets`, `rds:DescribeIntegrations`, and for a DB
    ///   instance `rds:DescribeDBParameters`, for a DB cluster `rds:DescribeDBClusterParameters`. Each of them can be
    ///   missing: the plan then warns of what it could not check.
    pub struct BlueGreenEncryption {
        /// Name of the blue/green deployment, which no other one in the account and region may have.
        blue_green_deployment_name: String = required().replace().identity().check(checks::deployment_name()),
        /// Region of the database and of the key. Defaults to the provider's region.
        region: Computed<String> = optional().replace().identity().check(checks::region()),
        /// Identifier of a DB instance that is not a member of a DB cluster. Its read replicas in the same region are
        /// encrypted as well.
        db_instance_identifier: Option<String> = optional().replace().check(checks::db_identifier()),
        /// Identifier of an Aurora DB cluster.
        db_cluster_identifier: Option<String> = optional().replace().check(checks::db_identifier()),
        /// ARN of the KMS key that encrypts the green environment. It must be a symmetric encryption key in `region`.
        kms_key_arn: String = required().replace().check(checks::key_arn()),
        /// Whether to switch over, so that the green environment becomes the production database. If a switchover fails,
        /// RDS undoes it, and the next apply tries it again. It cannot be set back to `false` after the switchover.
        switchover: bool = optional().or(false),
        /// Seconds after which RDS undoes a switchover that has not ended: 30 to 3600.
        switchover_timeout: i64 = optional().or(300).check(check::between(30..=3600)),
        /// Whether to delete the old environment once the switchover has completed: all DB instances, and the DB cluster,
        /// that were in production before. Requires `final_snapshot_identifier`, or `skip_final_snapshot` set to `true`.
        delete_old_environment: bool = optional().or(false),
        /// Whether to delete the old environment without a final snapshot.
        skip_final_snapshot: bool = optional().or(false),
        /// Identifier of the final snapshot of the old environment.
        final_snapshot_identifier: Option<String> = optional().check(checks::snapshot()),
        /// Tags of the blue/green deployment. Tags with the same key in the provider's `default_tags` are overridden.
        tags: Option<Given> = optional().check(tags::keys()).each(tags::value()),
        /// Name of the blue/green deployment.
        id: Computed<String> = computed().follows(ownership::import_id),
        /// All tags of the blue/green deployment, including the provider's `default_tags`.
        tags_all: Computed<Map<String>> = computed(),
        /// Resource ID of the blue/green deployment, such as `bgd-abcdefghijklmnop`.
        blue_green_deployment_identifier: Computed<String> = computed().keep(),
        /// ARN of the blue/green deployment.
        arn: Computed<String> = computed().keep(),
        /// Status of the blue/green deployment: `PROVISIONING`, `AVAILABLE`, `SWITCHOVER_IN_PROGRESS`,
        /// `SWITCHOVER_COMPLETED`, `SWITCHOVER_FAILED` or `INVALID_CONFIGURATION`.
        status: Computed<String> = computed().keep(),
        /// What RDS says about the status. Null if it says nothing.
        status_details: Computed<Option<String>> = computed().keep(),
        /// ARN of the blue database, which is in production; after the switchover, of the old one.
        source_arn: Computed<String> = computed().keep(),
        /// ARN of the green database; after the switchover, of the one in production. Null until it exists.
        target_arn: Computed<Option<String>> = computed().keep(),
        /// Resource ID of the database that is in production before the switchover, which it keeps.
        source_resource_id: Computed<Option<String>> = computed().keep(),
        /// Resource ID of the green database, which is in production after the switchover. Null until it exists.
        target_resource_id: Computed<Option<String>> = computed().keep(),
        /// Resource ID of the database that is in production now.
        resource_id: Computed<Option<String>> = computed().keep(),
        /// Encryption of the green database as RDS reports it: `sse-kms` for a KMS key. Null until it exists.
        storage_encryption_type: Computed<Option<String>> = computed().keep(),
        /// Databases in the deployment: the DB instance and its read replicas, or the DB cluster and its members.
        /// `source_arn` and `target_arn` are as above, as are `source_resource_id` and `target_resource_id`; `status` is
        /// that of the switchover, such as `AVAILABLE` or `MISSING_SOURCE`.
        members: Computed<Vec<Member>> = computed().keep(),
        /// What RDS does to create the green environment: `name` and `status` (`PENDING`, `IN_PROGRESS`, `COMPLETED` or
        /// `FAILED`).
        tasks: Computed<Vec<Task>> = computed().keep(),
        /// Whether the old environment does not exist any more.
        old_environment_deleted: Computed<bool> = computed().keep(),
    }
    rules { exactly_one_of(db_instance_identifier, db_cluster_identifier) }
    timeouts { create: "24h", read: "5m", update: "24h", delete: "4h" }
}

tf_provider::model! {
    /// A database of the blue environment and its counterpart in the green one.
    pub struct Member {
        /// ARN of the database in the blue environment; after the switchover, of the old one.
        source_arn: Option<String> = computed(),
        /// ARN of the database in the green environment; after the switchover, of the one in production.
        target_arn: Option<String> = computed(),
        /// Resource ID of the database that is in production before the switchover.
        source_resource_id: Option<String> = computed(),
        /// Resource ID of the database that is in production after the switchover.
        target_resource_id: Option<String> = computed(),
        /// Status in the switchover.
        status: String = computed(),
    }
}

tf_provider::model! {
    /// A task of RDS.
    pub struct Task {
        /// Name, such as `CREATING_READ_REPLICA_OF_SOURCE`.
        name: String = computed(),
        /// Status: `PENDING`, `IN_PROGRESS`, `COMPLETED` or `FAILED`.
        status: String = computed(),
    }
}

impl Resource<World> for BlueGreenEncryption {
    const TYPE: &'static str = "blue_green_encryption";
    const SUBCATEGORY: &'static str = "Encryption";

    async fn create(cx: &Ctx, mut plan: Self) -> Result<Self> {
        let rds = plan.rds(cx).await?;
        let mut claim = ownership::begin(cx, &plan).await?;
        let deployment = match plan.earlier(cx, &rds, &mut claim).await? {
            Some(found) => found,
            None => plan.begin(cx, &rds, &claim).await?,
        };
        claim.created(cx);
        plan.go_on(cx, &rds, deployment, steps::By::Create).await?;
        Ok(plan)
    }

    async fn read(cx: &Ctx, mut state: Self) -> Result<Option<Self>> {
        ownership::record_state(cx, &state);
        let rds = state.rds(cx).await?;
        let (name, doing) = (state.blue_green_deployment_name.clone(), "Cannot read the blue/green deployment");
        let look = || async { Ok(rds.deployment(&name).await?.filter(|found| found.status != DELETING)) };
        let found = ownership::find(cx, look).await.context(doing, &name)?;
        let Some(found) = found else { return state.without_deployment(&rds).await.context(doing, &name) };
        let mark = tags::mark(&found.tags).map(String::as_str);
        let parts = rds.parts(&found.arns()).await.context(doing, &name)?;
        if cx.is_import() {
            claims::keep_creation_id(cx, Self::TYPE, mark);
            state.adopt(&found, &parts)?;
        } else if claims::is_of_another(cx, Self::TYPE, mark) {
            cx.warn(claims::recreated(&ownership::subject(&state)?));
            return Ok(None);
        }
        state.switchover |= found.status == COMPLETED;
        let seen = cx.tags().seen(&found.tags, state.tags.as_ref(), &[]);
        state.tags = cx.tags().own(&seen, state.tags.as_ref(), &[]);
        state.tags_all = seen.into();
        state.fill(&found, Some(&parts))?;
        Ok(Some(state))
    }

    /// Ends a wait that was cut off, switches over, and deletes the old environment.
    async fn update(cx: &Ctx, mut plan: Self, state: Self) -> Result<Self> {
        let (rds, name) = (state.rds(cx).await?, &state.blue_green_deployment_name);
        let planned = plan.clone();
        plan.keep_progress(&state);
        let look = || async { Ok(rds.deployment(name).await?) };
        match ownership::find(cx, look).await.context("Cannot read the blue/green deployment", name)? {
            Some(found) if found.status != DELETING => plan.go_on(cx, &rds, found, steps::By::Update).await?,
            _ if *state.status.get()? == COMPLETED => plan.remove_old_environment(cx, &rds, steps::By::Update).await?,
            _ => return Err(switchover::gone(name, diagnostics::IF_GONE)),
        }
        plan.keep_to(planned);
        Ok(plan)
    }

    async fn delete(cx: &Ctx, state: Self) -> Result<()> {
        let Some(deletion) = ownership::delete(cx, &state).await? else { return Ok(()) };
        state.remove(cx).await?;
        deletion.done()
    }

    fn check(config: &View<'_, Self>) -> Vec<Diagnostic> {
        let deletes = config.get(Self::delete_old_environment);
        let skips = config.get(Self::skip_final_snapshot);
        let snapshot = config.get(Self::final_snapshot_identifier);
        let has_no_consent = !matches!(skips, Val::Known(true) | Val::Unknown) && snapshot == Val::Null;
        let contradicts = skips == Val::Known(true) && config.is_set(Self::final_snapshot_identifier);
        let found = [
            (deletes == Val::Known(true) && has_no_consent).then(diagnostics::no_final_snapshot),
            contradicts.then(diagnostics::final_snapshot_and_none),
        ];
        found.into_iter().flatten().collect()
    }

    async fn plan(cx: &Ctx, plan: &mut Plan<'_, Self>) -> Result<()> {
        ownership::plan_region(cx, plan, Self::region).await;
        ownership::warn_if_exists(cx, plan).await;
        foreseen::progress(cx, plan)?;
        foreseen::check(cx, plan).await
    }

    /// The name, and `@REGION` behind it if that is not the provider's.
    fn import(id: &str) -> Result<Partial<Self>> {
        ownership::named(id, "a blue/green deployment", Self::blue_green_deployment_name, Self::region)
    }
}

impl Owned for BlueGreenEncryption {
    fn subject(of: &View<'_, Self>) -> Option<Subject> {
        let words = ["Blue/green deployment", "blue/green deployment", "\"blue_green_deployment_name\""];
        ownership::regional(of, words, Self::blue_green_deployment_name, Self::region)
    }

    async fn existing(cx: &Ctx, planned: &View<'_, Self>) -> Result<Option<Creator>> {
        let Some(name) = planned.get(Self::blue_green_deployment_name).known() else { return Ok(None) };
        let rds = cx.aws()?.rds(planned.get(Self::region).known().as_deref()).await?;
        let found = rds.deployment(&name).await?.filter(|found| found.status != DELETING);
        Ok(found.map(|found| Creator::of(tags::mark(&found.tags))))
    }
}

impl BlueGreenEncryption {
    /// RDS in the region of the database.
    async fn rds(&self, cx: &Ctx) -> Result<Rds> {
        parts::rds::in_region(cx, &self.region, Self::region).await
    }

    /// What an import finds of the arguments.
    fn adopt(&mut self, found: &Deployment, parts: &[Part]) -> Result<()> {
        let target = part(parts, found.target.as_deref());
        let key = target.and_then(|target| target.key.clone());
        let Some(key) = key else { return Err(diagnostics::not_encrypted(&found.name, target)) };
        let production = if found.status == COMPLETED { found.target.as_deref() } else { Some(found.source.as_str()) };
        match production.and_then(arn::database_in) {
            Some((identifier, true)) => self.db_cluster_identifier = Some(identifier),
            Some((identifier, false)) => self.db_instance_identifier = Some(identifier),
            None => return Err(Diagnostic::bug("a blue/green deployment has no database in production")),
        }
        self.kms_key_arn = key;
        Ok(())
    }

    /// The state after the deployment was deleted outside of Terraform: it stays if the switchover has completed and the
    /// production database is the one that was green.
    async fn without_deployment(mut self, rds: &Rds) -> Result<Option<Self>> {
        let (Computed::Known(status), Computed::Known(Some(target))) = (&self.status, &self.target_arn) else {
            return Ok(None);
        };
        if status != COMPLETED {
            return Ok(None);
        }
        let arns = self.old_arns().into_iter().chain([target.clone()]).collect::<Vec<_>>();
        let parts = rds.parts(&arns.iter().map(String::as_str).collect::<Vec<_>>()).await?;
        let is_it = part(&parts, Some(target))
            .is_some_and(|target| self.target_resource_id == Computed::Known(Some(target.resource_id.clone())));
        self.old_environment_deleted = parts.iter().all(|part| part.arn == *target).into();
        Ok(is_it.then_some(self))
    }

    /// The ARNs of the old environment after a switchover, the database itself last.
    fn old_arns(&self) -> Vec<String> {
        let main = self.source_arn.get().ok().cloned();
        let members = self.members.get().ok().cloned().unwrap_or_default().into_iter();
        let others = members.filter_map(|member| member.source_arn).filter(|arn| Some(arn) != main.as_ref());
        others.collect::<Vec<_>>().into_iter().chain(main.clone()).collect()
    }

    /// Copies what is seen of the deployment, and of its databases if they were looked up. What does not exist any more
    /// is known from before.
    fn fill(&mut self, found: &Deployment, parts: Option<&[Part]>) -> Result<()> {
        let source: Arn = found.source.parse().map_err(|error: arn::ArnError| Diagnostic::bug(error))?;
        let known = parts.unwrap_or_default();
        let id = |arn: Option<&str>| part(known, arn).map(|part| part.resource_id.clone());
        let before = |id: &Computed<Option<String>>| id.get().ok().cloned().flatten();
        let is_completed = found.status == COMPLETED;
        // Names change hands, IDs do not: what is known stays.
        let source_id = before(&self.source_resource_id).or(id(Some(&found.source)));
        let target_id = before(&self.target_resource_id).or(id(found.target.as_deref()));
        let earlier = self.members.get().ok().cloned().unwrap_or_default();
        let member = |pair: &Pair| {
            let (source, target) = (id(pair.source.as_deref()), id(pair.target.as_deref()));
            let same = earlier.iter().find(|member| {
                source.is_some() && member.source_resource_id == source
                    || target.is_some() && member.target_resource_id == target
                    || member.source_arn == pair.source && member.target_arn == pair.target
            });
            Member {
                source_arn: pair.source.clone(),
                target_arn: pair.target.clone(),
                source_resource_id: same.and_then(|member| member.source_resource_id.clone()).or(source),
                target_resource_id: same.and_then(|member| member.target_resource_id.clone()).or(target),
                status: pair.status.clone(),
            }
        };
        self.members = found.pairs.iter().map(member).collect::<Vec<_>>().into();
        let task = |(name, status): &(String, String)| Task { name: name.clone(), status: status.clone() };
        self.tasks = found.tasks.iter().map(task).collect::<Vec<_>>().into();
        self.arn = arn::deployment_arn(&source, &found.id).to_string().into();
        self.region = source.region.into();
        self.blue_green_deployment_identifier = found.id.clone().into();
        self.status = found.status.clone().into();
        self.status_details = found.details.clone().into();
        self.source_arn = found.source.clone().into();
        self.target_arn = found.target.clone().into();
        self.resource_id = if is_completed { target_id.clone() } else { source_id.clone() }.into();
        self.source_resource_id = source_id.into();
        self.target_resource_id = target_id.into();
        if let Some(target) = part(known, found.target.as_deref()) {
            self.storage_encryption_type = Some(target.encryption.clone()).into();
        } else if self.storage_encryption_type == Computed::Unknown {
            self.storage_encryption_type = None.into();
        }
        if parts.is_some() {
            let is_old =
                |arn: &str| found.source == arn || found.pairs.iter().any(|pair| pair.source.as_deref() == Some(arn));
            self.old_environment_deleted = (is_completed && !known.iter().any(|part| is_old(&part.arn))).into();
        } else if self.old_environment_deleted == Computed::Unknown {
            self.old_environment_deleted = false.into();
        }
        Ok(())
    }

    /// Begins an update with what the state knows.
    fn keep_progress(&mut self, state: &Self) {
        self.status = state.status.clone();
        self.status_details = state.status_details.clone();
        self.source_arn = state.source_arn.clone();
        self.target_arn = state.target_arn.clone();
        self.source_resource_id = state.source_resource_id.clone();
        self.target_resource_id = state.target_resource_id.clone();
        self.resource_id = state.resource_id.clone();
        self.storage_encryption_type = state.storage_encryption_type.clone();
        self.members = state.members.clone();
        self.tasks = state.tasks.clone();
        self.old_environment_deleted = state.old_environment_deleted.clone();
    }

    /// Returns to what a plan has promised; a later change is shown by the next refresh.
    fn keep_to(&mut self, planned: Self) {
        self.region.keep_to(planned.region);
        self.status.keep_to(planned.status);
        self.status_details.keep_to(planned.status_details);
        self.source_arn.keep_to(planned.source_arn);
        self.target_arn.keep_to(planned.target_arn);
        self.source_resource_id.keep_to(planned.source_resource_id);
        self.target_resource_id.keep_to(planned.target_resource_id);
        self.resource_id.keep_to(planned.resource_id);
        self.storage_encryption_type.keep_to(planned.storage_encryption_type);
        self.members.keep_to(planned.members);
        self.tasks.keep_to(planned.tasks);
        self.old_environment_deleted.keep_to(planned.old_environment_deleted);
        self.tags_all.keep_to(planned.tags_all);
    }

    fn all_tags(&self, cx: &Ctx) -> Result<Map<String>> {
        cx.tags().all(self.tags.as_ref(), &[]).map_err(|error| error.at(Self::tags))
    }
}
