//! `rdsauth_iam_authentication`: IAM database authentication of a DB instance or DB cluster, turned on and applied.
//!
//! It owns one setting of a database that is managed elsewhere, and the setting survives the resource. A setting that
//! was on before is not turned off: the claim of an interrupted create says whether that create turned it on.

use std::sync::atomic::{AtomicBool, Ordering};

use tf_provider::diagnostic::{Diagnostic, Result};
use tf_provider::schema::{Computed, Handle, Partial, Plan, Resource, Val, View, computed, optional};

use crate::attributes::checks;
use crate::aws::rds::{Database, Kind};
use crate::ownership::{self, Owned};
use crate::parts::rds::database::{self, Switch, Target};
use crate::records::claims::Subject;
use crate::world::{self, Ctx, Promise, World};

tf_provider::model! {
    /// Turns on IAM database authentication for a DB instance, an Aurora DB cluster or a Multi-AZ DB cluster, and waits until
    /// it is applied. Use it instead of `iam_database_authentication_enabled` of `aws_db_instance` or `aws_rds_cluster` when
    /// the database is managed elsewhere, or when dependent resources need the setting applied.
    ///
    /// Only `EnableIAMDatabaseAuthentication` is managed; all other settings of the DB instance or DB cluster are left alone.
    /// If it already has the value of `enabled`, nothing is changed. The modification causes no downtime. If the database is
    /// not available, for example during a backup, the apply waits for it.
    ///
    /// ~> **Note:** If `hashicorp/aws` manages the database, add
    /// `ignore_changes = [iam_database_authentication_enabled]` to the `lifecycle` block of its resource. Otherwise each
    /// configuration reverts what the other one sets.
    ///
    /// -> **Note:** IAM database authentication needs [300 to 1000 MiB of extra
    /// memory](https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/UsingWithRDS.IAMDBAuth.html) for reliable connections,
    /// more than a small DB instance class such as `db.t4g.micro` may have free.
    ///
    /// ## Drift Detection
    ///
    /// A plan detects when IAM database authentication was turned off outside of Terraform, and the next apply turns it on
    /// again. A pending modification is shown in `pending`.
    ///
    /// ## Destroy
    ///
    /// By default nothing changes: IAM database authentication stays on, because turning it off locks out every user that
    /// logs in with it. With `disable_on_destroy = true` it is turned off, unless `previously_enabled` is `true`.
    ///
    /// ## Required Permissions
    ///
    /// - DB instances: `rds:DescribeDBInstances` and `rds:ModifyDBInstance`.
    /// - DB clusters: `rds:DescribeDBClusters` and `rds:ModifyDBCluster`, with `rds:ModifyDBInstance` on the members.
    /// - Optional: `rds:DescribeDBInstances` or `rds:DescribeDBClusters` on all of the region, with which a refresh reads
    ///   many in one request.
    ///
    /// ## Migrating from hashicorp/aws
    ///
    /// Add `ignore_changes` as above, and create or import this resource: as nothing has to be changed, neither modifies the
    /// database.
    pub struct IamAuthentication {
        /// Identifier of the DB instance, which must not be a member of a DB cluster.
        db_instance_identifier: Option<String> = optional().replace().identity().check(checks::db_identifier()),
        /// Identifier of the DB cluster. The setting applies to all of its members.
        db_cluster_identifier: Option<String> = optional().replace().identity().check(checks::db_identifier()),
        /// Region of the database. Defaults to the provider's region.
        region: Computed<String> = optional().replace().identity().check(checks::region()),
        /// Whether IAM database authentication is on.
        enabled: bool = optional().or(true),
        /// Whether the change is applied immediately. If `false`, it is applied during the next maintenance window and is a
        /// pending modification until then. In `aws_db_instance` the default is `false`.
        apply_immediately: bool = optional().or(true),
        /// Whether to turn IAM database authentication off when the resource is destroyed. It stays on if it was on before
        /// the resource was created.
        disable_on_destroy: bool = optional().or(false),
        /// Import ID: `instance/` or `cluster/` and the identifier.
        id: Computed<String> = computed().follows(ownership::import_id),
        /// Pending value of `enabled` while a modification is pending; otherwise null.
        pending: Computed<Option<bool>> = computed(),
        /// Whether IAM database authentication was on before the resource was created. Null after an import.
        previously_enabled: Computed<Option<bool>> = computed().keep(),
        /// Resource ID for `rds-db:connect` policies: `db-…` of a DB instance, `cluster-…` of a DB cluster.
        resource_id: Computed<String> = computed().keep(),
        /// ARN of the DB instance or DB cluster.
        arn: Computed<String> = computed().keep(),
        /// Database engine, such as `postgres` or `aurora-mysql`.
        engine: Computed<String> = computed().keep(),
        /// Version of the database engine.
        engine_version: Computed<String> = computed().keep(),
        /// DNS name of the DB instance, or of the DB cluster's writer endpoint.
        host: Computed<Option<String>> = computed().keep(),
        /// Port of the endpoint.
        port: Computed<Option<i64>> = computed().keep(),
    }
    rules { exactly_one_of(db_instance_identifier, db_cluster_identifier) }
    timeouts { create: "60m", read: "5m", update: "60m", delete: "60m" }
}

impl Resource<World> for IamAuthentication {
    const TYPE: &'static str = "iam_authentication";
    const SUBCATEGORY: &'static str = "IAM database authentication";

    async fn create(cx: &Ctx, mut plan: Self) -> Result<Self> {
        let claim = ownership::begin(cx, &plan).await?;
        let is_switched = AtomicBool::new(claim.has_earlier());
        let before = || {
            is_switched.store(true, Ordering::Relaxed);
            claim.note(cx, None, None);
        };
        let found = plan.switch(cx, plan.wanted(), before).await?;
        claim.created(cx);
        plan.previously_enabled = Some(plan.enabled != is_switched.into_inner()).into();
        plan.fill_as_planned(cx, found).await?;
        Ok(plan)
    }

    async fn read(cx: &Ctx, mut state: Self) -> Result<Option<Self>> {
        ownership::record_state(cx, &state);
        if cx.is_import() {
            state.previously_enabled = None.into();
        }
        let target = state.target()?;
        let Some(found) = target.refresh(cx).await? else { return Ok(None) };
        let is_import = state.resource_id == Computed::Unknown;
        if is_import {
            database::refuse_member(&found).map_err(|error| error.at(state.name()))?;
        }
        let will_be = found.iam_pending.filter(|_| !state.apply_immediately);
        state.enabled = will_be.unwrap_or(found.iam_enabled);
        state.fill(cx, found).await?;
        Ok(Some(state))
    }

    async fn update(cx: &Ctx, mut plan: Self, state: Self) -> Result<Self> {
        let waits = state.pending.get()?.is_some();
        if plan.wanted() == state.wanted() && !(waits && plan.apply_immediately) {
            return Ok(plan); // Nothing of the database is to change.
        }
        let found = plan.switch(cx, plan.wanted(), || {}).await?;
        plan.fill_as_planned(cx, found).await?;
        Ok(plan)
    }

    async fn delete(cx: &Ctx, state: Self) -> Result<()> {
        if !state.disable_on_destroy {
            return Ok(());
        }
        if *state.previously_enabled.get()? == Some(true) {
            cx.warn(stays_on(&state.target()?));
            return Ok(());
        }
        let Some(deletion) = ownership::delete(cx, &state).await? else { return Ok(()) };
        let off = Switch { on: false, immediately: true };
        let Err(error) = state.switch(cx, off, || {}).await else { return deletion.done() };
        let target = state.target()?;
        match target.rds(cx).await?.database(target.kind, &target.identifier).await {
            // No user logs in to it any more.
            Ok(found) if found.as_ref().is_none_or(|found| found.status == "deleting") => Ok(()),
            _ => Err(error),
        }
    }

    async fn plan(cx: &Ctx, plan: &mut Plan<'_, Self>) -> Result<()> {
        ownership::warn_if_exists(cx, plan).await;
        if let Some(warning) = lockout(plan) {
            cx.warn(warning);
        }
        let pending = plan.prior().is_some_and(|prior| matches!(prior.get(Self::pending), Val::Known(_)));
        let changes = plan.is_create() || plan.changed(Self::enabled) || plan.changed(Self::apply_immediately);
        let moves = plan.changed(Self::db_instance_identifier)
            || plan.changed(Self::db_cluster_identifier)
            || plan.changed(Self::region);
        match (pending || plan.changed(Self::enabled), plan.get(Self::apply_immediately)) {
            _ if plan.is_create() || moves => {}
            (false, _) => plan.retain(Self::pending),
            // A pending modification is applied or withdrawn now, even if the setting is as wanted.
            (true, Val::Known(true)) => plan.clear(Self::pending),
            (true, _) if changes => plan.forget(Self::pending),
            (true, _) => plan.retain(Self::pending),
        }
        let wanted = plan.planned().and_then(|planned| planned.decode());
        let Some(wanted) = wanted.filter(|_| changes || moves) else { return Ok(()) };
        if !wanted.apply_immediately {
            cx.warn(waits());
        }
        if !cx.is_known() {
            return Ok(());
        }
        let target = wanted.target()?;
        let Some(found) = target.at_plan(cx, wanted.name().path()).await? else { return Ok(()) };
        let fits = database::refuse_member(&found).and_then(|()| database::refuse_engine(&found, wanted.enabled));
        fits.map_err(|error| world::refuse_plan(error.at(wanted.name())))?;
        plan.set(Self::region, cx.aws()?.region(target.region.as_deref()).await?);
        if wanted.enabled && wanted.apply_immediately {
            cx.promise(Promise::IamAuthentication(found.arn.clone()));
        }
        plan.set(Self::resource_id, found.resource_id);
        plan.set(Self::arn, found.arn);
        plan.set(Self::engine, found.engine);
        if plan.is_create() {
            plan.set(Self::engine_version, found.engine_version);
            if wanted.apply_immediately {
                plan.clear(Self::pending);
            }
        }
        if let Some(host) = found.host {
            plan.set(Self::host, host);
        }
        if let Some(port) = found.port {
            plan.set(Self::port, port);
        }
        Ok(())
    }

    /// `instance/ID` or `cluster/ID`, and `@REGION` behind it if that is not the provider's.
    fn import(id: &str) -> Result<Partial<Self>> {
        let Target { kind, identifier, region } = Target::of_import(id)?;
        let named = match kind {
            Kind::Instance => Partial::default().with(Self::db_instance_identifier, identifier),
            Kind::Cluster => Partial::default().with(Self::db_cluster_identifier, identifier),
        };
        Ok(match region {
            Some(region) => named.with(Self::region, region),
            None => named,
        })
    }
}

impl Owned for IamAuthentication {
    fn subject(of: &View<'_, Self>) -> Option<Subject> {
        let names = [Self::db_instance_identifier, Self::db_cluster_identifier];
        database::subject(of, names, Self::region, (Self::TYPE, "IAM authentication"))
    }
}

impl IamAuthentication {
    fn target(&self) -> Result<Target> {
        let (instance, cluster) = (self.db_instance_identifier.as_deref(), self.db_cluster_identifier.as_deref());
        Target::new(instance, cluster, &self.region)
    }

    fn wanted(&self) -> Switch {
        Switch { on: self.enabled, immediately: self.apply_immediately }
    }

    /// The attribute that names the database.
    fn name(&self) -> Handle<Self, Option<String>> {
        if self.db_instance_identifier.is_some() { Self::db_instance_identifier } else { Self::db_cluster_identifier }
    }

    async fn switch(&self, cx: &Ctx, switch: Switch, before: impl Fn() + Sync) -> Result<Database> {
        let target = self.target()?;
        let rds = target.rds(cx).await?;
        target.switch_iam(cx, &rds, switch, before).await.map_err(|error| error.at(self.name()))
    }

    /// Fills in what was found after a change, except the values that the plan has promised.
    async fn fill_as_planned(&mut self, cx: &Ctx, found: Database) -> Result<()> {
        let (pending, engine_version) = (self.pending.clone(), self.engine_version.clone());
        self.fill(cx, found).await?;
        self.pending.keep_to(pending);
        self.engine_version.keep_to(engine_version);
        Ok(())
    }

    async fn fill(&mut self, cx: &Ctx, found: Database) -> Result<()> {
        let region = cx.aws()?.region(self.target()?.region.as_deref()).await?;
        self.describe(found, region);
        Ok(())
    }

    /// The setting of a database as an import reads it.
    pub fn imported(found: Database, region: String) -> Result<Self> {
        let named = match found.kind {
            Kind::Instance => Partial::default().with(Self::db_instance_identifier, found.identifier.clone()),
            Kind::Cluster => Partial::default().with(Self::db_cluster_identifier, found.identifier.clone()),
        };
        let known = named.with(Self::enabled, found.iam_enabled).with(Self::previously_enabled, None);
        let mut imported = known.decode()?;
        imported.describe(found, region);
        Ok(imported)
    }

    fn describe(&mut self, found: Database, region: String) {
        self.region = region.into();
        self.pending = found.iam_pending.into();
        self.resource_id = found.resource_id.into();
        self.arn = found.arn.into();
        self.engine = found.engine.into();
        self.engine_version = found.engine_version.into();
        self.host = found.host.into();
        self.port = found.port.map(i64::from).into();
    }
}

/// The users that a plan locks out, if any.
fn lockout(plan: &Plan<'_, IamAuthentication>) -> Option<Diagnostic> {
    let is = |view: &View<'_, IamAuthentication>, handle| view.get(handle) == Val::Known(true);
    let prior = plan.prior()?;
    let (ends, at) = match plan.planned() {
        Some(planned) => (planned.get(IamAuthentication::enabled) == Val::Known(false), IamAuthentication::enabled),
        None => {
            let ends = is(&prior, IamAuthentication::disable_on_destroy);
            let was_on = prior.get(IamAuthentication::previously_enabled) == Val::Known(true);
            (ends && !was_on, IamAuthentication::disable_on_destroy)
        }
    };
    (ends && is(&prior, IamAuthentication::enabled)).then(|| {
        Diagnostic::warning(
            "IAM database authentication will be disabled",
            "Database users that authenticate with IAM (in PostgreSQL, the members of \"rds_iam\") will no longer be \
             able to connect.",
        )
        .at(at)
    })
}

fn stays_on(target: &Target) -> Diagnostic {
    let detail = format!(
        "IAM database authentication of \"{target}\" was already enabled before this resource was created, so it was \
         not disabled, although \"disable_on_destroy\" is true."
    );
    Diagnostic::warning("IAM database authentication was left on", detail)
}

fn waits() -> Diagnostic {
    Diagnostic::warning(
        "Change is a pending modification",
        "Because \"apply_immediately\" is false, AWS applies the change in the next maintenance window of the \
         database. Until then, \"pending\" shows the new value, and users connect as before.",
    )
    .at(IamAuthentication::apply_immediately)
}
