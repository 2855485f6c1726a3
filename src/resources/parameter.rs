//! `rdsauth_parameter`: one parameter of a parameter group that is managed elsewhere.
//!
//! It owns the value while it exists, and restores the previous one. The parameter is found by group and name, and its
//! previous value by a note on the group, so an interrupted create is completed by the next one.

use tf_provider::diagnostic::{Context as _, Diagnostic, Result};
use tf_provider::schema::{Computed, Handle, Partial, Plan, Resource, Val, View, check, computed, optional, required};

use crate::arn;
use crate::attributes::checks;
use crate::aws::rds::Rds;
use crate::aws::rds::parameters::{Group, Method, Parameter as Found, Setting};
use crate::ownership::{self, Owned};
use crate::parts::rds::database;
use crate::parts::rds::parameter_group::{self, Effect, NotNoted, Notes, Owner};
use crate::records::claims::{self, Claim, Creator, Subject};
use crate::records::previous::Previous;
use crate::world::{self, Ctx, Promise, World};

tf_provider::model! {
    /// Sets one parameter of a DB parameter group or DB cluster parameter group that is managed elsewhere, and waits until the
    /// databases that use the group apply it. Use it instead of a `parameter` block of `aws_db_parameter_group` or
    /// `aws_rds_cluster_parameter_group` when the group belongs to another configuration: all other parameters are left alone.
    ///
    /// The plan checks name and value against what RDS says about the parameter, and names all databases that use the group.
    /// A static parameter takes effect in a database only after its next reboot, which this resource does not perform; see
    /// [Parameter groups for Amazon RDS](https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/USER_WorkingWithParamGroups.html).
    ///
    /// ~> **Note:** A default parameter group, such as `default.postgres16`, cannot be changed: the database needs a custom
    /// one.
    ///
    /// ~> **Note:** If `hashicorp/aws` manages the group, add `ignore_changes = [parameter]` to the `lifecycle` block of its
    /// resource, and `ignore_tags { key_prefixes = ["rdsauth:"] }` to its provider block. Otherwise each configuration
    /// reverts what the other one sets.
    ///
    /// ## Previous Value
    ///
    /// With `on_destroy = "restore"` the previous value is stored in the tag `rdsauth:previous:NAME` of the group until the
    /// resource is destroyed, so that it survives an interrupted apply and a lost state. A group can have 50 tags. With the
    /// other values of `on_destroy` there is no tag, and after an interrupted create, `previous_value` is the value that the
    /// next apply found.
    ///
    /// ## Drift Detection
    ///
    /// A plan detects when the value was changed or reset outside of Terraform, and the next apply sets it again. The reset
    /// shows as a change of `source`.
    ///
    /// ## Destroy
    ///
    /// Only this parameter is changed: `on_destroy` decides whether its previous value is restored, it is reset to the default
    /// of the engine, or it is left as it is.
    ///
    /// ## Required Permissions
    ///
    /// - DB parameter groups: `rds:DescribeDBParameters`, `rds:DescribeDBParameterGroups`, `rds:ModifyDBParameterGroup`,
    ///   `rds:ResetDBParameterGroup` and `rds:DescribeDBInstances`.
    /// - DB cluster parameter groups: `rds:DescribeDBClusterParameters`, `rds:DescribeDBClusterParameterGroups`,
    ///   `rds:ModifyDBClusterParameterGroup`, `rds:ResetDBClusterParameterGroup` and `rds:DescribeDBClusters`.
    /// - With `on_destroy = "restore"`: `rds:ListTagsForResource`, `rds:AddTagsToResource` and
    ///   `rds:RemoveTagsFromResource`.
    ///
    /// ## Migrating from hashicorp/aws
    ///
    /// Remove the `parameter` block, add `ignore_changes` as above, and import the parameter, in one apply. As the value stays
    /// the same, nothing is changed in the group.
    pub struct Parameter {
        /// Name of the DB parameter group.
        db_parameter_group_name: Option<String> = optional().replace().identity().check(checks::parameter_group()),
        /// Name of the DB cluster parameter group, of Aurora or of a Multi-AZ DB cluster.
        db_cluster_parameter_group_name: Option<String> =
            optional().replace().identity().check(checks::parameter_group()),
        /// Name of the parameter.
        name: String = required().replace().identity().check(check::length(1..=255)),
        /// Region of the group. Defaults to the provider's region.
        region: Computed<String> = optional().replace().identity().check(checks::region()),
        /// Value of the parameter, as RDS returns it: `1` and not `on`.
        value: String = required(),
        /// When the change is applied: `immediate`, or `pending-reboot` with the next reboot of each database. Defaults to
        /// `immediate` for dynamic parameters and to `pending-reboot` for static ones.
        apply_method: Computed<String> = optional().check(check::one_of(&["immediate", "pending-reboot"])),
        /// What to do with the parameter when the resource is destroyed: `restore` sets the previous value, `reset` sets the
        /// default of the engine, `leave` changes nothing.
        on_destroy: String = optional().or("restore").check(check::one_of(&["restore", "reset", "leave"])),
        /// Import ID: kind and name of the parameter group, and name of the parameter.
        id: Computed<String> = computed().follows(ownership::import_id),
        /// Source of the value. Any value but `user` means that the parameter was reset.
        source: Computed<String> = computed().derived(|_| Val::Known("user".to_owned())),
        /// Value before the resource was created. Null if it was the default of the engine.
        previous_value: Computed<Option<String>> = computed().keep(),
        /// Source of the previous value: `user`, `system` or `engine-default`.
        previous_source: Computed<String> = computed().keep(),
        /// Whether the parameter is `dynamic`, or `static` and requires a reboot.
        apply_type: Computed<String> = computed().keep(),
        /// Data type of the value, such as `boolean` or `integer`.
        data_type: Computed<String> = computed().keep(),
        /// Allowed values, as lists and ranges. Null if RDS does not name any.
        allowed_values: Computed<Option<String>> = computed().keep(),
        /// ARN of the parameter group.
        parameter_group_arn: Computed<String> = computed().keep(),
    }
    rules { exactly_one_of(db_parameter_group_name, db_cluster_parameter_group_name) }
    timeouts { create: "30m", read: "5m", update: "30m", delete: "30m" }
}

impl Resource<World> for Parameter {
    const TYPE: &'static str = "parameter";
    const SUBCATEGORY: &'static str = "Parameters";

    async fn create(cx: &Ctx, mut plan: Self) -> Result<Self> {
        let claim = ownership::begin(cx, &plan).await?;
        let (group, rds) = plan.group(cx).await?;
        let found = plan.find(cx, &rds, &group).await?;
        let arn = plan.arn(cx, &rds, &group).await?;
        claim.note(cx, None, None);
        let previous = match plan.restores() {
            true => {
                let _turn = ownership::create_lock(cx, &format!("{arn} {}", plan.name)).await?;
                let notes = Notes::read(&rds, &arn).await.context(CANNOT_SET, &plan.name)?;
                let owner = Owner { mark: Some(&claim.mark()), is_own: &|mark| claim.owns_mark(Some(mark)) };
                if notes.mark(&plan.name).is_some_and(|mark| claim.owns_mark(Some(&mark))) {
                    claim.warn_adopted(cx);
                }
                match notes.previous(&found, &plan.value, owner).await {
                    Ok(previous) => previous,
                    Err(NotNoted::Managed(mark)) => return Err(claim.refuse(&Creator::Mark(mark))),
                    Err(NotNoted::Failed(error)) => return Err(error).context(CANNOT_SET, &plan.name),
                }
            }
            false => Previous::of(&found),
        };
        plan.remember(previous);
        plan.describe(cx, &found).await?;
        plan.write(cx, (&group, &rds), &found, None, Some(&claim)).await?;
        Ok(plan)
    }

    async fn read(cx: &Ctx, mut state: Self) -> Result<Option<Self>> {
        ownership::record_state(cx, &state);
        let (group, rds) = state.group(cx).await?;
        let listed = rds.listed_parameters(&group, &[&state.name]).await;
        let found = match listed.into_iter().flatten().next() {
            Some(listed) => listed,
            None => match parameter_group::find(&rds, &group, &state.name).await {
                Ok(parameter_group::Found::Parameter(found)) => found,
                Ok(_) => return Ok(None),
                Err(error) => return Err(error).context("Cannot read the parameter", &state.name),
            },
        };
        if cx.is_import() {
            let arn = state.arn(cx, &rds, &group).await?;
            let notes = Notes::read(&rds, &arn).await?;
            claims::keep_creation_id(cx, Self::TYPE, notes.mark(&state.name).as_deref());
            state.recall(&notes, &found);
        }
        state.fill(cx, &found).await?;
        Ok(Some(state))
    }

    async fn update(cx: &Ctx, mut plan: Self, state: Self) -> Result<Self> {
        let (group, rds) = plan.group(cx).await?;
        let found = plan.find(cx, &rds, &group).await?;
        let arn = state.parameter_group_arn.get()?;
        if plan.restores() && !state.restores() {
            plan.ensure_unmanaged(cx, &rds, arn).await?;
        }
        if plan.restores() && (!state.restores() || plan.value != state.value) {
            let mark = state.mark(cx, &rds, arn).await.context(CANNOT_SET, &plan.name)?;
            let previous = state.previous()?;
            let noted = parameter_group::note(&rds, arn, &plan.name, &previous, &plan.value, mark.as_deref()).await;
            noted.context(CANNOT_SET, &plan.name)?;
        }
        plan.write(cx, (&group, &rds), &found, Some(&state), None).await?;
        if state.restores() && !plan.restores() {
            parameter_group::forget(&rds, arn, &plan.name).await.context(CANNOT_SET, &plan.name)?;
        }
        plan.describe(cx, &found).await?;
        Ok(plan)
    }

    async fn delete(cx: &Ctx, state: Self) -> Result<()> {
        if state.on_destroy == "leave" {
            return Ok(());
        }
        let Some(deletion) = ownership::delete(cx, &state).await? else { return Ok(()) };
        let (group, rds) = state.group(cx).await?;
        let (previous, arn) = match state.restores() {
            true => (Some(state.previous()?), Some(state.parameter_group_arn.get()?.as_str())),
            false => (None, None),
        };
        let back = parameter_group::restore_previous(cx, &rds, &group, arn, &[(&state.name, previous)]).await;
        back.context("Cannot restore the parameter", &state.name)?;
        deletion.done()
    }

    async fn plan(cx: &Ctx, plan: &mut Plan<'_, Self>) -> Result<()> {
        let to_look = ownership::object_to_look_up(cx, plan);
        let moves = plan.changed(Self::name)
            || plan.changed(Self::db_parameter_group_name)
            || plan.changed(Self::db_cluster_parameter_group_name)
            || plan.changed(Self::region);
        let prior = plan.prior().and_then(|prior| prior.decode());
        if let Some(prior) = prior.as_ref().filter(|_| moves || plan.is_destroy()) {
            prior.warn_of_end(cx).await?;
        }
        let prior = prior.filter(|_| !moves);
        // A replacement is planned once more, as a create, but core does not show the warnings of that.
        let has_method = plan.config().is_none_or(|config| config.is_set(Self::apply_method));
        if moves && !has_method {
            plan.forget(Self::apply_method); // It was that of the other parameter.
        }
        let changes = plan.is_create()
            || moves
            || plan.changed(Self::value)
            || plan.changed(Self::source)
            || plan.changed(Self::apply_method);
        let wanted = plan.planned().and_then(|planned| planned.decode());
        if let (Some(wanted), Some(prior)) = (&wanted, &prior)
            && (plan.changed(Self::value) || plan.changed(Self::on_destroy))
            && let Ok(previous) = prior.previous()
        {
            wanted.warn_if_not_noted(cx, &previous);
        }
        let Some(wanted) = wanted.filter(|_| changes && cx.is_known()) else { return Ok(()) };
        if !world::may_plan(cx, false).await? {
            return Ok(());
        }
        let (group, rds) = wanted.group(cx).await?;
        let found = world::unless_unreached(cx, parameter_group::find(&rds, &group, &wanted.name).await);
        let found = match found.context("Cannot read the parameter", &wanted.name)? {
            None => return Ok(()),
            Some(parameter_group::Found::Parameter(found)) => found,
            Some(parameter_group::Found::NoParameter) => {
                let error = parameter_group::no_parameter(&rds, &group, &wanted.name).await.at(Self::name);
                return Err(world::refuse_plan(error));
            }
            Some(parameter_group::Found::NoGroup) => {
                let detail = format!(
                    "There is no {group} in {}, so the plan cannot check whether \"{}\" can be \"{}\". The apply \
                     fails unless the group is created earlier in the same apply.",
                    world::place(cx, group_region(&wanted.region)).await?,
                    wanted.name,
                    wanted.value
                );
                cx.warn(Diagnostic::warning("Value not checked", detail).at(wanted.names_group()));
                return Ok(());
            }
        };
        wanted.judge(&found).map_err(world::refuse_plan)?;
        if let Some(subject) = to_look.filter(|_| wanted.restores() && found.is_set())
            && let Ok(Some(arn)) = rds.group_arn(&group).await
        {
            parameter_group::warn_managed(cx, &rds, &arn, &wanted.name, &subject).await;
        }
        let region = cx.aws()?.region(group_region(&wanted.region)).await?;
        cx.promise(Promise::Parameter {
            region: region.clone(),
            group: group.to_string(),
            name: wanted.name.clone(),
            value: wanted.value.clone(),
        });
        plan.set(Self::region, region);
        if !has_method {
            plan.set(Self::apply_method, wanted.method(&found).as_str().to_owned());
        }
        plan.set(Self::apply_type, apply_type(&found));
        plan.set(Self::data_type, found.data_type.clone());
        if prior.is_none() {
            wanted.warn_if_not_noted(cx, &Previous::of(&found));
        }
        if !wanted.is_in(&found) {
            let effect = effect(wanted.method(&found) == Method::PendingReboot);
            parameter_group::warn(cx, &rds, &group, None, effect, Self::value.path()).await?;
        }
        Ok(())
    }

    /// `db-parameter-group/GROUP/NAME` or `db-cluster-parameter-group/GROUP/NAME`, and `@REGION` behind it if that is
    /// not the provider's.
    fn import(id: &str) -> Result<Partial<Self>> {
        let (path, region) = arn::split_region(id);
        let parts: Vec<&str> = path.split('/').collect();
        let (handle, group, name) = match parts[..] {
            ["db-parameter-group", group, name] => (Self::db_parameter_group_name, group, name),
            ["db-cluster-parameter-group", group, name] => (Self::db_cluster_parameter_group_name, group, name),
            _ => (Self::db_parameter_group_name, "", ""),
        };
        if group.is_empty() || name.is_empty() || name.contains('@') {
            return Err(Diagnostic::error(
                "Malformed import id",
                format!(
                    "\"{id}\" is not of the form db-parameter-group/GROUP/NAME or \
                     db-cluster-parameter-group/GROUP/NAME, such as db-parameter-group/orders-pg16/rds.force_ssl. If \
                     the region is not the provider's, append @REGION."
                ),
            ));
        }
        let named = Partial::default().with(handle, group.to_owned()).with(Self::name, name);
        Ok(match region {
            Some(region) => named.with(Self::region, region.to_owned()),
            None => named,
        })
    }
}

const CANNOT_SET: &str = "Cannot set the parameter";

impl Owned for Parameter {
    fn subject(of: &View<'_, Self>) -> Option<Subject> {
        let (name, region) = (of.get(Self::name).known()?, of.get(Self::region).known());
        let (kind, group) = match (of.get(Self::db_parameter_group_name), of.get(Self::db_cluster_parameter_group_name))
        {
            (Val::Known(group), Val::Null) => ("db-parameter-group", group),
            (Val::Null, Val::Known(group)) => ("db-cluster-parameter-group", group),
            _ => return None,
        };
        Some(Subject {
            kind: Self::TYPE,
            key: format!("{}/{kind}/{group}/{name}", region.as_deref().unwrap_or_default()),
            noun: "Parameter",
            what: format!("parameter \"{name}\" of the group \"{group}\""),
            found: claims::IS_MANAGED,
            arguments: "\"name\"",
            import_id: format!("{kind}/{group}/{name}"),
            region,
            at: Self::name.path(),
        })
    }
}

impl Parameter {
    async fn group(&self, cx: &Ctx) -> Result<(Group, Rds)> {
        let rds = cx.aws()?.rds(group_region(&self.region)).await?;
        let (instances, clusters) = (&self.db_parameter_group_name, &self.db_cluster_parameter_group_name);
        let (kind, name) = database::which(instances.as_deref(), clusters.as_deref())?;
        Ok((Group { kind, name: name.to_owned() }, rds))
    }

    /// The attribute that names the group.
    fn names_group(&self) -> Handle<Self, Option<String>> {
        match self.db_parameter_group_name {
            Some(_) => Self::db_parameter_group_name,
            None => Self::db_cluster_parameter_group_name,
        }
    }

    async fn find(&self, cx: &Ctx, rds: &Rds, group: &Group) -> Result<Found> {
        let found = parameter_group::parameter(cx, rds, group, &self.name, group_region(&self.region)).await;
        let found = found.context(CANNOT_SET, &self.name).map_err(|error| error.at(self.names_group()))?;
        self.judge(&found)?;
        Ok(found)
    }

    fn judge(&self, found: &Found) -> Result<()> {
        let at = [Self::name.path(), Self::value.path(), Self::apply_method.path()];
        parameter_group::judge(found, &self.value, self.method(found), at)
    }

    async fn arn(&mut self, cx: &Ctx, rds: &Rds, group: &Group) -> Result<String> {
        let arn = rds.group_arn(group).await.context(CANNOT_SET, &self.name)?;
        let Some(arn) = arn else {
            let error = parameter_group::no_group(cx, group, group_region(&self.region)).await;
            return Err(error.at(self.names_group()));
        };
        self.parameter_group_arn = arn.clone().into();
        Ok(arn)
    }

    /// The mark of this resource in its note. Terraform drops the private state if a provider is killed in the middle
    /// of an update; then the mark is read from the note itself.
    async fn mark(&self, cx: &Ctx, rds: &Rds, arn: &str) -> Result<Option<String>> {
        if claims::own_mark(cx, Self::TYPE).is_none() {
            let notes = Notes::read(rds, arn).await?;
            claims::keep_creation_id(cx, Self::TYPE, notes.mark(&self.name).as_deref());
        }
        Ok(claims::own_mark(cx, Self::TYPE))
    }

    /// Another resource may have noted a previous value while this one did not. Without the own mark, which Terraform
    /// drops if a provider is killed in the middle of an update, the note may be the own one.
    async fn ensure_unmanaged(&self, cx: &Ctx, rds: &Rds, arn: &str) -> Result<()> {
        let Some(own) = claims::own_mark(cx, Self::TYPE) else { return Ok(()) };
        let notes = Notes::read(rds, arn).await.context(CANNOT_SET, &self.name)?;
        match notes.mark(&self.name) {
            Some(mark) if mark != own => Err(is_managed(&self.name, &mark)),
            _ => Ok(()),
        }
    }

    /// Warns of the databases that have the group, if it is left and that changes the parameter.
    async fn warn_of_end(&self, cx: &Ctx) -> Result<()> {
        let previous = self.restores().then(|| self.previous()).transpose()?;
        let is_set = self.source.get()? == "user";
        let changes =
            self.on_destroy != "leave" && !parameter_group::is_restored(Some(&self.value), is_set, previous.as_ref());
        if changes && cx.is_known() && world::may_plan(cx, false).await? {
            let (group, rds) = self.group(cx).await?;
            let effect = effect(self.apply_type.get()? == "static");
            parameter_group::warn(cx, &rds, &group, None, effect, Self::on_destroy.path()).await?;
        }
        Ok(())
    }

    /// Warns if the previous value of the parameter cannot be noted although it will be restored.
    fn warn_if_not_noted(&self, cx: &Ctx, previous: &Previous) {
        let fits = parameter_group::fits(&self.name, previous, &self.value);
        if let Some(error) = fits.err().filter(|_| self.restores()) {
            let detail = format!("The apply will fail before any change. {}", error.detail);
            cx.warn(Diagnostic::warning(error.summary, detail).at(Self::on_destroy));
        }
    }

    fn restores(&self) -> bool {
        self.on_destroy == "restore"
    }

    fn method(&self, found: &Found) -> Method {
        match &self.apply_method {
            Computed::Known(method) => Method::parse(method).unwrap_or(found.method()),
            Computed::Unknown => found.method(),
        }
    }

    /// Whether the group has it as wanted.
    fn is_in(&self, found: &Found) -> bool {
        found.is_set() && found.value.as_ref() == Some(&self.value)
    }

    /// Writes the value if necessary, and waits until the databases have applied it. If AWS refuses, its note is
    /// undone.
    async fn write(
        &self,
        cx: &Ctx,
        (group, rds): (&Group, &Rds),
        found: &Found,
        prior: Option<&Self>,
        claim: Option<&Claim<'_>>,
    ) -> Result<()> {
        let method = self.method(found);
        let sooner = prior.is_some_and(|prior| prior.apply_method != self.apply_method) && method == Method::Immediate;
        if sooner || !self.is_in(found) {
            let setting = Setting { name: self.name.clone(), value: Some(self.value.clone()), method };
            let written = parameter_group::write(cx, rds, group, &[setting]).await;
            if written.as_ref().is_err_and(|error| error.is_refused) && self.restores() {
                let arn = self.parameter_group_arn.get()?;
                let undone = match prior.filter(|prior| prior.restores()) {
                    Some(prior) => {
                        let (previous, mark) = (prior.previous()?, prior.mark(cx, rds, arn).await?);
                        parameter_group::note(rds, arn, &self.name, &previous, &prior.value, mark.as_deref()).await
                    }
                    None => parameter_group::forget(rds, arn, &self.name).await,
                };
                parameter_group::log_undo_failure(undone);
            }
            written.context(CANNOT_SET, &self.name).map_err(|error| error.at(Self::value))?;
        }
        claim.iter().for_each(|claim| claim.created(cx));
        cx.save(self);
        if method == Method::Immediate {
            parameter_group::followed(cx, rds, group).await.context(CANNOT_SET, &self.name)?;
        }
        Ok(())
    }

    fn previous(&self) -> Result<Previous> {
        Ok(Previous { value: self.previous_value.get()?.clone(), source: self.previous_source.get()?.clone() })
    }

    /// A parameter as an import reads it.
    ///
    /// # Errors
    /// The provider's configuration is not known yet.
    pub async fn imported(cx: &Ctx, named: Partial<Self>, notes: &Notes<'_>, found: &Found) -> Result<Self> {
        let mut imported = named.decode()?;
        imported.recall(notes, found);
        imported.fill(cx, found).await?;
        Ok(imported)
    }

    fn recall(&mut self, notes: &Notes<'_>, found: &Found) {
        self.remember(notes.recall(found));
        self.apply_method = found.method().as_str().to_owned().into();
    }

    async fn fill(&mut self, cx: &Ctx, found: &Found) -> Result<()> {
        self.value = found.value.clone().unwrap_or_default();
        self.source = found.source.clone().into();
        self.describe(cx, found).await
    }

    fn remember(&mut self, previous: Previous) {
        self.previous_value = previous.value.into();
        self.previous_source = previous.source.into();
    }

    async fn describe(&mut self, cx: &Ctx, found: &Found) -> Result<()> {
        self.region = cx.aws()?.region(group_region(&self.region)).await?.into();
        if self.apply_method == Computed::Unknown {
            self.apply_method = found.method().as_str().to_owned().into();
        }
        self.apply_type = apply_type(found).into();
        self.data_type = found.data_type.clone().into();
        self.allowed_values = found.allowed.clone().into();
        Ok(())
    }
}

fn is_managed(name: &str, mark: &str) -> Diagnostic {
    let detail = format!(
        "Another resource (\"{mark}\") has stored the previous value of \"{name}\" in a tag of the parameter group, and \
         restores it when it is destroyed. Nothing was changed.\n\nRemove one of the two resources, or leave \
         \"on_destroy\" as it was."
    );
    Diagnostic::error("Parameter is already managed", detail).at(Parameter::on_destroy)
}

fn effect(reboot: bool) -> Effect {
    if reboot { Effect::AfterReboot } else { Effect::AtOnce }
}

fn apply_type(found: &Found) -> String {
    if found.is_dynamic { "dynamic".to_owned() } else { "static".to_owned() }
}

fn group_region(region: &Computed<String>) -> Option<&str> {
    match region {
        Computed::Known(region) => Some(region),
        Computed::Unknown => None,
    }
}
