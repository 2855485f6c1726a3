//! What a plan tells, and what a create refuses before it changes anything.

use tf_provider::diagnostic::{Context as _, Diagnostic, Result, Severity};
use tf_provider::schema::{Plan, Val};

use crate::aws::rds::encryption::UNENCRYPTED;
use crate::aws::rds::{Database, Rds};
use crate::ownership;
use crate::records::claims::Creator;
use crate::resources::endpoint_swap::places::{Places, Position};
use crate::resources::endpoint_swap::{EndpointSwap, LOOKING, diagnostics};
use crate::world::{self, Ctx};

type This = EndpointSwap;

/// The identifier of the retired database, unless the configuration names one.
pub(super) fn plan_retired(plan: &mut Plan<'_, This>) {
    let is_open = plan.config().is_some_and(|config| !config.is_set(This::retired_identifier));
    if !is_open || plan.get(This::retired_identifier) != Val::Unknown {
        return;
    }
    if let Some(name) = name_of(plan) {
        plan.set(This::retired_identifier, default_retired(&name));
    }
}

/// The identifier that the old database gets by default.
pub(super) fn default_retired(name: &str) -> String {
    format!("{name}-old")
}

/// Reports what a create would report, and sets what is known before.
pub(super) async fn foresee(cx: &Ctx, plan: &mut Plan<'_, This>) -> Result<()> {
    let to_look_up = ownership::object_to_look_up(cx, plan);
    if plan.is_destroy() {
        return Ok(());
    }
    if let Some(prior) = plan.prior() {
        if prior.get(This::swapped) == Val::Known(false) {
            name_of(plan).into_iter().for_each(|name| cx.warn(diagnostics::not_complete(&name)));
            plan.forget(This::swapped);
            plan.forget(This::host);
            plan.forget(This::port);
        }
        return Ok(());
    }
    if !cx.is_known() || !world::may_plan(cx, false).await? {
        return Ok(());
    }
    let Some(planned) = plan.planned().and_then(|planned| planned.decode()) else { return Ok(()) };
    let Ok([name, ..]) = planned.names() else { return Ok(()) };
    let rds = planned.rds(cx).await?;
    let found = world::unless_unreached(cx, planned.places(&rds).await).context(LOOKING, &name);
    let Some(places) = found.map_err(|error| error.at(planned.name()))? else { return Ok(()) };
    let Some((old, new)) = places.pair() else {
        let place = world::place(cx, planned.region.get().ok().map(String::as_str)).await?;
        let error = diagnostics::misplaced(planned.database()?.0, &places, &place);
        // Another resource of the same apply may create, rename or delete it before.
        cx.warn(Diagnostic { severity: Severity::Warning, ..error });
        return Ok(());
    };
    match (places.position(), to_look_up) {
        (Position::After, Some(subject)) => cx.claims().warn_exists(cx, &subject, &Creator::Unknown),
        (Position::After, None) => {}
        (_, to_look_up) => {
            planned.check(&rds, &places).await.map_err(world::refuse_plan)?;
            if to_look_up.is_some() {
                warn_of_policies(cx, old, new).await?;
            }
        }
    }
    if !places.is_settled() {
        return Ok(());
    }
    plan.set(This::resource_id, new.resource_id.clone());
    plan.set(This::retired_resource_id, old.resource_id.clone());
    if let Some(host) = places.name().and_then(|named| named.host.clone()) {
        plan.set(This::host, host);
    }
    if let Some(port) = new.port {
        plan.set(This::port, port);
    }
    Ok(())
}

/// Warns of policies that allow the old database and not its replacement. Once the swap has come between its renames it
/// is the same: the next apply completes it.
async fn warn_of_policies(cx: &Ctx, old: &Database, new: &Database) -> Result<()> {
    if !old.iam_enabled {
        return Ok(()); // No policy decides who logs in.
    }
    let clients = cx.aws()?;
    let found = async { clients.iam().await?.mentions_without(&old.resource_id, &new.resource_id).await };
    match found.await {
        Ok(found) if found.found.is_empty() && found.is_complete => {}
        Ok(found) if found.found.is_empty() => {
            cx.warn(diagnostics::policies_not_read("The account has more policies than are looked at.", old, new));
        }
        Ok(found) => cx.warn(diagnostics::locks_out(&found, old, new)),
        Err(error) => cx.warn(diagnostics::policies_not_read(&error.reason(), old, new)),
    }
    Ok(())
}

impl EndpointSwap {
    /// Refuses databases that cannot or must not be exchanged.
    pub(super) async fn check(&self, rds: &Rds, places: &Places) -> Result<()> {
        let Some((old, new)) = places.pair() else { return Ok(()) };
        self.fits(old, new)?;
        if places.position() != Position::Before {
            return Ok(());
        }
        for (found, at) in [(old, self.name()), (new, Self::replacement_identifier.path())] {
            let deployments = rds.blue_green_deployments_of(&found.arn).await;
            let deployments = deployments.context("Cannot look up blue/green deployments", &found.identifier)?;
            if let Some(deployment) = deployments.first() {
                return Err(diagnostics::in_deployment(found, deployment).at(at));
            }
        }
        Ok(())
    }

    fn fits(&self, old: &Database, new: &Database) -> Result<()> {
        for (found, at) in [(old, self.name()), (new, Self::replacement_identifier.path())] {
            if let Some(cluster) = &found.cluster_identifier {
                return Err(diagnostics::member(found, cluster).at(at));
            }
        }
        if old.engine != new.engine {
            return Err(diagnostics::other_engine(old, new));
        }
        if self.require_encryption && new.encryption == UNENCRYPTED {
            return Err(diagnostics::not_encrypted(new));
        }
        Ok(())
    }
}

/// The identifier that applications use, if it is known.
pub(super) fn name_of(plan: &Plan<'_, This>) -> Option<String> {
    let instance = plan.get(This::db_instance_identifier).known();
    instance.or_else(|| plan.get(This::db_cluster_identifier).known())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::aws::rds::tests::database;
    use tf_provider::schema::Computed;

    fn swap(require_encryption: bool) -> EndpointSwap {
        EndpointSwap {
            db_instance_identifier: Some("orders".to_owned()),
            db_cluster_identifier: None,
            replacement_identifier: "orders-encrypted".to_owned(),
            retired_identifier: "orders-old".to_owned().into(),
            region: Computed::Unknown,
            require_encryption,
            swap_back_on_destroy: false,
            id: Computed::Unknown,
            swapped: Computed::Unknown,
            resource_id: Computed::Unknown,
            retired_resource_id: Computed::Unknown,
            host: Computed::Unknown,
            port: Computed::Unknown,
            storage_encryption_type: Computed::Unknown,
            follow_up: Computed::Unknown,
        }
    }

    #[test]
    fn what_must_not_be_exchanged_is_refused() {
        let old = database("orders", "db-A");
        let plain = database("orders-encrypted", "db-B");
        let new = Database { encryption: "sse-kms".to_owned(), ..plain.clone() };
        assert_eq!(swap(true).fits(&old, &new), Ok(()));
        assert_eq!(swap(false).fits(&old, &plain), Ok(()));
        let refusal = |old: &Database, new: &Database| swap(true).fits(old, new).unwrap_err().summary;
        assert_eq!(refusal(&old, &plain), "Replacement is not encrypted");
        let mysql = Database { engine: "mysql".to_owned(), ..new.clone() };
        assert_eq!(refusal(&old, &mysql), "Engines differ");
        let member = Database { cluster_identifier: Some("ledger".to_owned()), ..new.clone() };
        assert_eq!(refusal(&old, &member), "DB instance is a member of a DB cluster");
        assert_eq!(refusal(&member, &new), "DB instance is a member of a DB cluster");
    }
}
