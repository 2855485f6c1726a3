//! `rdsauth_replication_iam_auth`: IAM authentication for logical replication from a PostgreSQL database.
//!
//! It owns one parameter of the database's group, two if configured so, and restores the previous values. All other
//! requirements are checked before the first write.

mod lookup;
mod previous;

use tf_provider::diagnostic::{Context as _, Diagnostic, Result, Severity};
use tf_provider::schema::{
    Computed, Handle, Partial, Plan, Resource, Set, Val, View, block, check, computed, optional,
};

use crate::attributes::checks;
use crate::aws::rds::parameters::{Group, Method, Parameter, Setting};
use crate::aws::rds::{Kind, Rds};
use crate::ownership::{self, Owned};
use crate::parts::db::connection::DatabaseConnection;
use crate::parts::db::replication_impact::Consent;
use crate::parts::rds::database::{self, Switch, Target};
use crate::parts::rds::parameter_group::{self, Effect};
use crate::records::claims::{self, Claim, Creator, Subject};
use crate::records::previous::Previous;
use crate::resources::replication_iam_auth::lookup::{Found, Supplied, is_set, refuse};
use crate::resources::replication_iam_auth::previous::retain_previous;
use crate::world::{self, Ctx, World};

tf_provider::model! {
    /// Lets database users of RDS for PostgreSQL, Aurora PostgreSQL or a Multi-AZ DB cluster (version 11 or later) open logical
    /// replication connections with IAM database authentication. Use it instead of a `parameter` block of
    /// `aws_db_parameter_group` or `aws_rds_cluster_parameter_group` to see beforehand which users would be locked out.
    ///
    /// It sets `rds.iam_auth_for_replication` to `1` in the parameter group of the database, without a reboot, as described
    /// for [RDS for
    /// PostgreSQL](https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/PostgreSQL.Concepts.General.FeatureSupport.IAMLogicalReplication.html)
    /// and [Aurora
    /// PostgreSQL](https://docs.aws.amazon.com/AmazonRDS/latest/AuroraUserGuide/AuroraPostgreSQL.Replication.Logical.IAM-auth.html).
    /// Two things must be applied before: IAM database authentication and the static parameter `rds.logical_replication`. This
    /// resource can manage both. If one is missing, the plan warns, because another resource of the same apply may supply it; an apply
    /// fails before it changes anything.
    ///
    /// ~> **Note:** Members of `rds_iam` that can open replication connections, as members of `rds_replication` or with the
    /// attribute `REPLICATION`, *must* use IAM database authentication for them from then on. Memberships count directly or
    /// through other roles. With a `database_connection` the plan names these users, as the data source
    /// `rdsauth_replication_iam_impact` does at any time.
    ///
    /// -> **Note:** The change applies to all databases that use the parameter group, and the plan names them. Default parameter
    /// groups cannot be changed; the database needs a custom one.
    ///
    /// ## Drift Detection
    ///
    /// A plan detects when a parameter was changed or reset outside of Terraform, when IAM database authentication or logical
    /// replication was turned off, and when the database uses another parameter group. The next apply corrects what this
    /// resource manages.
    ///
    /// ## Destroy
    ///
    /// `on_destroy` decides what becomes of the parameters. With `restore`, their previous values are stored in tags of the
    /// group until then, as with `rdsauth_parameter`. IAM database authentication stays on, and nothing is rebooted.
    ///
    /// ## Required Permissions
    ///
    /// ### IAM
    ///
    /// - DB instances: `rds:DescribeDBInstances`, `rds:DescribeDBParameters`, `rds:ModifyDBParameterGroup` and
    ///   `rds:ResetDBParameterGroup`.
    /// - DB clusters: `rds:DescribeDBClusters`, `rds:DescribeDBClusterParameters`, `rds:ModifyDBClusterParameterGroup` and
    ///   `rds:ResetDBClusterParameterGroup`.
    /// - With `on_destroy = "restore"`: `rds:ListTagsForResource`, `rds:AddTagsToResource` and
    ///   `rds:RemoveTagsFromResource`. An import needs `rds:ListTagsForResource`.
    /// - With `manage_iam_authentication`: `rds:ModifyDBInstance`, or for a DB cluster `rds:ModifyDBCluster` with
    ///   `rds:ModifyDBInstance` on its members.
    /// - With `reboot = "if_required"`: `rds:RebootDBInstance`, with `rds:DescribeDBInstances` for the members of an Aurora
    ///   cluster, or for a Multi-AZ DB cluster `rds:RebootDBCluster` with `rds:RebootDBInstance` on its members.
    /// - With a `database_connection`: `rds-db:connect` for its user if `auth = "iam"`, or `secretsmanager:GetSecretValue` if
    ///   `auth = "secret"`, and `kms:Decrypt` if the secret is encrypted with a customer managed key. Without them, the
    ///   affected users are not looked up: with `impact = "warn"` there is a warning, with `impact = "block"` the apply fails.
    ///
    /// ### Database
    ///
    /// The user of `database_connection` must be able to connect, and needs no other privileges.
    pub struct ReplicationIamAuth {
        /// Identifier of a DB instance that is not a member of a DB cluster.
        db_instance_identifier: Option<String> = optional().replace().identity().check(checks::db_identifier()),
        /// Identifier of an Aurora or Multi-AZ DB cluster.
        db_cluster_identifier: Option<String> = optional().replace().identity().check(checks::db_identifier()),
        /// Region of the database. Defaults to the provider's region.
        region: Computed<String> = optional().replace().identity().check(checks::region()),
        /// Whether to enable IAM database authentication if it is disabled.
        manage_iam_authentication: bool = optional().or(false),
        /// Whether to set `rds.logical_replication` to 1 in the same parameter group. It requires a reboot, which
        /// `reboot` must allow.
        manage_logical_replication: bool = optional().or(false),
        /// Whether to allow a reboot if `rds.logical_replication` is pending one: `never` or `if_required`. In an
        /// Aurora cluster, each member that needs it is rebooted, the writer first.
        reboot: String = optional().or("never").check(check::one_of(&["never", "if_required"])),
        /// What to do with the parameters that were set when the resource is destroyed: `restore` sets their previous
        /// values, `reset` resets them to the default of the engine, `leave` does not change them. Nothing is
        /// rebooted.
        on_destroy: String = optional().or("restore").check(check::one_of(&["restore", "reset", "leave"])),
        /// What to do when users not listed in `acknowledged_users` would have to use IAM database authentication for
        /// replication: `block` fails the plan and checks again before the apply changes anything, `warn` warns, `ignore`
        /// does not check. A plan that only corrects drift warns, and its apply fails, so that `terraform destroy` works.
        /// Without a `database_connection` there is no check. With `skip_plan_connections` in the `database_connection`
        /// block of the provider, only the apply checks.
        impact: String = optional().or("warn").check(check::one_of(&["block", "warn", "ignore"])),
        /// Names of database users that may have to use IAM database authentication for replication.
        acknowledged_users: Val<Set<String>> = optional(),
        /// Connection to the database, to look up the affected users. It can name any database of the server. Use the
        /// writer endpoint. If the database cannot be reached, the plan continues with a warning.
        database_connection: Option<Val<DatabaseConnection>> = block(),
        /// Import ID: `instance/` or `cluster/` and the identifier.
        id: Computed<String> = computed().follows(ownership::import_id),
        /// Whether the parameter is set in the parameter group of the database.
        iam_auth_for_replication: Computed<bool> = computed().derived(|_| Val::Known(true)),
        /// Whether IAM database authentication is enabled.
        iam_authentication: Computed<bool> = computed().derived(|_| Val::Known(true)),
        /// Whether logical replication is applied.
        logical_replication: Computed<bool> = computed().derived(|_| Val::Known(true)),
        /// Name of the DB parameter group or DB cluster parameter group.
        parameter_group_name: Computed<String> = computed(),
        /// ARN of the parameter group.
        parameter_group_arn: Computed<String> = computed(),
        /// Value of `rds.iam_auth_for_replication` before the resource was created. Null if the parameter had the
        /// default of the engine.
        previous_value: Computed<Option<String>> = computed(),
        /// Source of the previous value: `user`, `system` or `engine-default`.
        previous_source: Computed<String> = computed(),
        /// Value of `rds.logical_replication` before the resource was created. Null unless it is managed here.
        previous_logical_replication: Computed<Option<String>> = computed(),
        /// Source of that value. Null unless it is managed here.
        previous_logical_replication_source: Computed<Option<String>> = computed(),
    }
    rules { exactly_one_of(db_instance_identifier, db_cluster_identifier) }
    timeouts { create: "60m", read: "5m", update: "60m", delete: "60m" }
}

/// The parameter this is about.
const REPLICATION: &str = "rds.iam_auth_for_replication";

/// The parameter it rests on.
const LOGICAL: &str = "rds.logical_replication";

/// The wanted value of both.
const ON: &str = "1";

/// Why a change came to no end.
enum Stopped {
    /// Another resource manages a parameter.
    Managed(Diagnostic),
    /// Anything else.
    Failed(Diagnostic),
}

impl<E: Into<Diagnostic>> From<E> for Stopped {
    fn from(error: E) -> Self {
        Self::Failed(error.into())
    }
}

const CANNOT: &str = "Cannot enable IAM authentication for replication";

impl Resource<World> for ReplicationIamAuth {
    const TYPE: &'static str = "replication_iam_auth";
    const SUBCATEGORY: &'static str = "IAM database authentication";

    async fn create(cx: &Ctx, mut plan: Self) -> Result<Self> {
        let claim = ownership::begin(cx, &plan).await?;
        claim.note(cx, None, None);
        let converged = plan.converge(cx, None, Some(&claim)).await;
        plan.report(converged)?;
        Ok(plan)
    }

    async fn read(cx: &Ctx, mut state: Self) -> Result<Option<Self>> {
        ownership::record_state(cx, &state);
        let target = state.target()?;
        let rds = target.rds(cx).await?;
        let Some(database) = target.refresh(cx).await? else { return Ok(None) };
        let was_in_force = state.logical_replication == Computed::Known(true);
        let found =
            Found::refreshed(&rds, database, was_in_force).await.context("Cannot read the parameters", &target)?;
        if cx.is_import() {
            state.recall(cx, &rds, &found).await.context("Cannot read the parameters", &target)?;
        }
        let same_group = state.parameter_group_name.get()? == &found.group.name;
        state.iam_auth_for_replication = (same_group && found.replication_is_on()).into();
        state.iam_authentication = IMMEDIATELY.agrees(&found.database).into();
        state.logical_replication = found.logical_is_in_force().into();
        state.region = cx.aws()?.region(target.region.as_deref()).await?.into();
        Ok(Some(state))
    }

    async fn update(cx: &Ctx, mut plan: Self, state: Self) -> Result<Self> {
        let converged = plan.converge(cx, Some(&state), None).await;
        plan.report(converged)?;
        Ok(plan)
    }

    async fn delete(cx: &Ctx, state: Self) -> Result<()> {
        if state.on_destroy == "leave" {
            return Ok(());
        }
        let Some(deletion) = ownership::delete(cx, &state).await? else { return Ok(()) };
        let target = state.target()?;
        let back = state.restore_previous(cx, &target.rds(cx).await?).await;
        back.context("Cannot restore the parameters", &target)?;
        deletion.done()
    }

    fn check(config: &View<'_, Self>) -> Vec<Diagnostic> {
        let manages = config.get(Self::manage_logical_replication) == Val::Known(true);
        let never = config.get(Self::reboot) == Val::Known("never".to_owned());
        let consent = (manages && never).then(|| {
            let detail = "A change of \"rds.logical_replication\" is applied at a reboot, so \
                          \"manage_logical_replication\" requires reboot = \"if_required\".";
            Diagnostic::error("Reboot is not allowed", detail).at(Self::manage_logical_replication)
        });
        let blocks = config.get(Self::impact) == Val::Known("block".to_owned());
        let blind = (blocks && !config.is_set(Self::database_connection)).then(|| {
            let detail =
                "impact = \"block\" checks the users of the database and requires a \"database_connection\" block.";
            Diagnostic::error("Missing database_connection", detail).at(Self::impact)
        });
        let connection = config.block(Self::database_connection).map(|block| DatabaseConnection::check(&block));
        consent.into_iter().chain(blind).chain(connection.into_iter().flatten()).collect()
    }

    async fn plan(cx: &Ctx, plan: &mut Plan<'_, Self>) -> Result<()> {
        let to_look = ownership::object_to_look_up(cx, plan);
        let moves = plan.changed(Self::db_instance_identifier)
            || plan.changed(Self::db_cluster_identifier)
            || plan.changed(Self::region);
        let prior = plan.prior().and_then(|prior| prior.decode()).filter(|_| cx.is_known());
        if let Some(prior) = prior.as_ref().filter(|_| moves || plan.is_destroy()) {
            prior.warn_of_end(cx).await?;
        }
        let differs =
            plan.planned().zip(plan.prior()).is_some_and(|(planned, prior)| planned.decode() != prior.decode());
        let wanted = plan.planned().and_then(|planned| planned.decode());
        let Some(wanted) = wanted.filter(|_| cx.is_known() && (plan.is_create() || differs)) else { return Ok(()) };
        let target = wanted.target()?;
        let Some(database) = target.at_plan(cx, wanted.name().path()).await? else { return Ok(()) };
        refuse(&database).map_err(|error| world::refuse_plan(error.at(wanted.name())))?;
        let rds = target.rds(cx).await?;
        let region = cx.aws()?.region(target.region.as_deref()).await?;
        plan.set(Self::region, region.clone());
        let was_in_force = plan.prior().is_some_and(|prior| prior.get(Self::logical_replication) == Val::Known(true));
        let found = Found::read(&rds, database, was_in_force).await.context("Cannot read the parameters", &target)?;
        let prior = prior.filter(|_| !moves);
        if let Some(prior) = &prior {
            if prior.parameter_group_name == Computed::Known(found.group.name.clone()) {
                retain_previous(plan);
            } else {
                prior.warn_of_end(cx).await?;
            }
        }
        let is_set = found.replication.as_ref().is_some_and(Parameter::is_set);
        if let Some(subject) = to_look.filter(|_| wanted.restores() && is_set) {
            let arn = found.group.arn(&found.database)?;
            parameter_group::warn_managed(cx, &rds, &arn, REPLICATION, &subject).await;
        }
        let missing = found.missing(&wanted, Supplied::of(cx, &found, region));
        if !missing.is_empty() {
            let detail = format!(
                "{}\n\nThe apply fails before it changes anything unless these changes are made earlier in the same \
                 apply.",
                missing.join("\n\n")
            );
            cx.warn(Diagnostic::warning("Prerequisites are missing", detail).at(wanted.name()));
        }
        if wanted.reboots(&found) {
            let detail = format!("\"{target}\" is rebooted to apply \"{LOGICAL}\".");
            cx.warn(Diagnostic::warning("Database will be rebooted", detail).at(Self::reboot));
        }
        if let Some(consent) = wanted.consent().filter(|_| !found.is_in_force()) {
            let is_drift = prior.as_ref().is_some_and(|prior| wanted.asks_as(prior));
            match consent.plan(cx).await {
                Err(error) if is_drift => cx.warn(blocks_apply(error)),
                verdict => verdict.map_err(world::refuse_plan)?,
            }
        }
        let changes = !found.replication_is_on() || (wanted.manage_logical_replication && !found.logical_is_on());
        if changes && !found.group.is_default() {
            let is_static = wanted.manage_logical_replication && !found.logical_is_on();
            let (own, at) = (Some(target.identifier.as_str()), wanted.name().path());
            parameter_group::warn(cx, &rds, &found.group, own, effect(is_static), at).await?;
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

const IMMEDIATELY: Switch = Switch { on: true, immediately: true };

impl Owned for ReplicationIamAuth {
    fn subject(of: &View<'_, Self>) -> Option<Subject> {
        let names = [Self::db_instance_identifier, Self::db_cluster_identifier];
        database::subject(of, names, Self::region, (Self::TYPE, "IAM authentication for replication"))
    }
}

impl ReplicationIamAuth {
    /// The errors and warnings at the end of a change.
    fn report(&self, converged: Result<(), Stopped>) -> Result<()> {
        match converged {
            Ok(()) => Ok(()),
            Err(Stopped::Managed(error)) => Err(error),
            Err(Stopped::Failed(error)) => {
                Err::<(), _>(error).context(CANNOT, self.target()?).map_err(|error| error.at(self.name()))
            }
        }
    }

    /// The complaint that another resource manages a parameter.
    fn managed(&self, name: &str, mark: String, claim: Option<&Claim<'_>>) -> Diagnostic {
        let creator = Creator::Mark(mark);
        let subject =
            ownership::subject(self).map(|subject| Subject { what: format!("parameter \"{name}\""), ..subject });
        match (claim, subject) {
            (Some(claim), _) => claim.refuse(&creator),
            (None, Ok(subject)) => claims::exists(&subject, &creator),
            (None, Err(error)) => error,
        }
    }

    fn target(&self) -> Result<Target> {
        let (instance, cluster) = (self.db_instance_identifier.as_deref(), self.db_cluster_identifier.as_deref());
        Target::new(instance, cluster, &self.region)
    }

    /// The attribute that names the database.
    fn name(&self) -> Handle<Self, Option<String>> {
        if self.db_instance_identifier.is_some() { Self::db_instance_identifier } else { Self::db_cluster_identifier }
    }

    /// The settings for affected users; nothing as long as they are not known, or if the check is skipped.
    fn consent(&self) -> Option<Consent<'_>> {
        let acknowledged = match &self.acknowledged_users {
            Val::Known(names) => Some(names),
            Val::Null => None,
            Val::Unknown => return None,
        };
        let Some(Val::Known(connection)) = &self.database_connection else { return None };
        let at = [Self::database_connection.path(), Self::acknowledged_users.path()];
        let consent = Consent { connection, acknowledged, blocks: self.impact == "block", at };
        (self.impact != "ignore").then_some(consent)
    }

    fn restores(&self) -> bool {
        self.on_destroy == "restore"
    }

    /// Whether the configuration wants what it did before, so that a plan only corrects drift.
    fn asks_as(&self, prior: &Self) -> bool {
        let asked = |of: &Self| {
            let managed = (of.manage_iam_authentication, of.manage_logical_replication, of.reboot.clone());
            (managed, of.impact.clone(), of.acknowledged_users.clone(), of.database_connection.clone())
        };
        asked(self) == asked(prior)
    }

    /// From what exists to what is wanted, whether nothing, some or all of it has been done.
    async fn converge(&mut self, cx: &Ctx, prior: Option<&Self>, claim: Option<&Claim<'_>>) -> Result<(), Stopped> {
        let target = self.target()?;
        let rds = target.rds(cx).await?;
        let database = target.wait_until_steady(cx, &rds).await?;
        refuse(&database)?;
        let was_in_force = prior.is_some_and(|prior| prior.logical_replication == Computed::Known(true));
        let found = Found::read(&rds, database, was_in_force).await?;
        let missing = found.missing(self, Supplied::default());
        if !missing.is_empty() {
            let what = missing.join("\n\n");
            let detail = format!("Prerequisites are missing. Nothing was changed.\n\n{what}");
            return Err(Diagnostic::error("", detail).into());
        }
        if let Some(consent) = self.consent().filter(|_| !found.is_in_force()) {
            consent.apply(cx).await?;
        }
        let prior = self.leave_other_group(cx, &rds, &found, prior).await?;
        let turn = ownership::create_lock(cx, &found.group.arn(&found.database)?).await?;
        self.remember(cx, &rds, &found, prior, claim).await?;
        drop(turn);
        let settings = self.settings(&found);
        if !settings.is_empty() {
            let written = parameter_group::write(cx, &rds, &found.group, &settings).await;
            if written.as_ref().is_err_and(|error| error.is_refused) && prior.is_none() && self.restores() {
                for setting in &settings {
                    let forgotten = parameter_group::forget(&rds, self.parameter_group_arn.get()?, &setting.name).await;
                    parameter_group::log_undo_failure(forgotten);
                }
            }
            written?;
        }
        claim.iter().for_each(|claim| claim.created(cx));
        self.region = cx.aws()?.region(target.region.as_deref()).await?.into();
        cx.save(self);
        if self.manage_iam_authentication {
            target.switch_iam(cx, &rds, IMMEDIATELY, || {}).await?;
        }
        if prior.is_none() || !settings.is_empty() {
            parameter_group::followed(cx, &rds, &found.group).await?;
        }
        if self.reboots(&found) {
            target.reboot(cx, &rds, settings.iter().any(|setting| setting.name == LOGICAL)).await?;
        }
        Ok(())
    }

    /// What was written into a group that the database no longer uses is restored.
    async fn leave_other_group<'a>(
        &self,
        cx: &Ctx,
        rds: &Rds,
        found: &Found,
        prior: Option<&'a Self>,
    ) -> Result<Option<&'a Self>> {
        match prior {
            Some(prior) if prior.parameter_group_name.get()? != &found.group.name => {
                if prior.on_destroy != "leave" {
                    prior.restore_previous(cx, rds).await?;
                }
                Ok(None)
            }
            prior => Ok(prior),
        }
    }

    /// Warns of the other databases that have the group, if it is left and that changes a parameter.
    async fn warn_of_end(&self, cx: &Ctx) -> Result<()> {
        let before = Previous { value: Some(ON.to_owned()), source: "user".to_owned() };
        let changes = |name: &str| {
            let was_on = self.restores() && self.previous(name)? == Some(before.clone());
            Ok::<_, Diagnostic>(self.on_destroy != "leave" && !was_on)
        };
        let is_static = self.manage_logical_replication && changes(LOGICAL)?;
        if (is_static || changes(REPLICATION)?) && world::may_plan(cx, false).await? {
            let target = self.target()?;
            let group = Group { kind: target.kind, name: self.parameter_group_name.get()?.clone() };
            let (rds, own, at) = (target.rds(cx).await?, Some(target.identifier.as_str()), Self::on_destroy.path());
            parameter_group::warn(cx, &rds, &group, own, effect(is_static), at).await?;
        }
        Ok(())
    }

    /// The settings still to be written.
    fn settings(&self, found: &Found) -> Vec<Setting> {
        let setting = |name: &str, method| Setting { name: name.to_owned(), value: Some(ON.to_owned()), method };
        let replication = (!is_set(found.replication.as_ref())).then(|| setting(REPLICATION, Method::Immediate));
        let logical = self.manage_logical_replication && !is_set(found.logical.as_ref());
        replication.into_iter().chain(logical.then(|| setting(LOGICAL, Method::PendingReboot))).collect()
    }

    fn reboots(&self, found: &Found) -> bool {
        self.reboot == "if_required" && !found.logical_is_in_force()
    }
}

/// Errors that block the correction of drift become warnings: they must not end the plan, since a destroy makes it as
/// well.
fn blocks_apply(error: Diagnostic) -> Diagnostic {
    let detail = format!(
        "{}\n\nThe apply fails before it changes anything. This is not an error of the plan, because the plan only \
         corrects drift, and \"terraform destroy\" runs it as well.",
        error.detail
    );
    Diagnostic { severity: Severity::Warning, detail, ..error }
}

/// When databases that share the group, and are not rebooted here, apply a change.
fn effect(is_static: bool) -> Effect {
    if is_static { Effect::Both } else { Effect::AtOnce }
}
