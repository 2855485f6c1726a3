//! `rdsauth_parameter`: the parameters that were set in a parameter group.

use tf_provider::diagnostic::{Context as _, Result};
use tf_provider::schema::{List, Listing, Partial, Set, check, optional};

use crate::attributes::checks;
use crate::aws::rds::Kind;
use crate::aws::rds::parameters::{Group, Parameter as Found};
use crate::parts::{self, rds::database, rds::parameter_group::Notes};
use crate::resources::parameter::Parameter;
use crate::world::{Ctx, World};

tf_provider::model! {
    /// Finds the parameters of a DB parameter group or DB cluster parameter group that were set, and not those that have the
    /// default of the engine.
    ///
    /// ## Required Permissions
    ///
    /// `rds:DescribeDBParameters` for a DB parameter group, `rds:DescribeDBClusterParameters` for a DB cluster parameter
    /// group. With `include_resource` also `rds:DescribeDBParameterGroups` or `rds:DescribeDBClusterParameterGroups`, and
    /// `rds:ListTagsForResource`.
    pub struct ParameterList {
        /// Name of the DB parameter group.
        db_parameter_group_name: Option<String> = optional().check(checks::parameter_group()),
        /// Name of the DB cluster parameter group.
        db_cluster_parameter_group_name: Option<String> = optional().check(checks::parameter_group()),
        /// Names of parameters to find. Defaults to all.
        names: Option<Set<String>> = optional().check(check::size(1..=usize::MAX)),
        /// How the parameters to find are applied: `dynamic`, or `static` with a reboot. Defaults to both.
        apply_type: Option<String> = optional().check(check::one_of(&[DYNAMIC, STATIC])),
        /// Region of the group. Defaults to the provider's region.
        region: Option<String> = optional().check(checks::region()),
    }
    rules { exactly_one_of(db_parameter_group_name, db_cluster_parameter_group_name) }
    timeouts { list: "2m" }
}

const DYNAMIC: &str = "dynamic";
const STATIC: &str = "static";

impl List<World> for ParameterList {
    type Resource = Parameter;

    async fn list(cx: &Ctx, config: Self, listing: &Listing<Parameter>) -> Result<()> {
        let (instances, clusters) = (&config.db_parameter_group_name, &config.db_cluster_parameter_group_name);
        let (kind, name) = database::which(instances.as_deref(), clusters.as_deref())?;
        let (handle, at) = match kind {
            Kind::Instance => (Parameter::db_parameter_group_name, Self::db_parameter_group_name),
            Kind::Cluster => (Parameter::db_cluster_parameter_group_name, Self::db_cluster_parameter_group_name),
        };
        let (rds, region) = parts::rds::in_region_of(cx, config.region.as_deref(), Self::region).await?;
        let group = Group { kind, name: name.to_owned() };
        let found = rds.parameters_set(&group).await.context("Cannot list the parameters", name);
        let found = found.map_err(|error| error.at(at))?;
        // Without them each object is read by itself, which says why that fails.
        let arn = match listing.wants_objects() {
            true => rds.group_arn(&group).await.ok().flatten(),
            false => None,
        };
        let noted = match &arn {
            Some(arn) => Notes::read(&rds, arn).await.ok().map(|notes| (arn, notes)),
            None => None,
        };
        for parameter in found.iter().filter(|parameter| config.selects(parameter)) {
            let title = format!("{} = {}", parameter.name, parameter.value.as_deref().unwrap_or_default());
            let known = Partial::default().with(handle, name.to_owned()).with(Parameter::name, parameter.name.clone());
            let known = known.with(Parameter::region, region.clone());
            match &noted {
                Some((arn, notes)) => {
                    let known = known.with(Parameter::parameter_group_arn, (*arn).clone());
                    listing.add_object(title, &Parameter::imported(cx, known, notes, parameter).await?).await;
                }
                None => listing.add(title, known).await,
            }
        }
        Ok(())
    }
}

impl ParameterList {
    fn selects(&self, found: &Found) -> bool {
        let apply_type = if found.is_dynamic { DYNAMIC } else { STATIC };
        self.names.as_ref().is_none_or(|names| names.contains(&found.name))
            && self.apply_type.as_ref().is_none_or(|wanted| wanted == apply_type)
    }
}
