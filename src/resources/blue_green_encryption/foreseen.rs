//! What a plan can tell: what an update goes on with, and what a create would be refused for.

use tf_provider::diagnostic::{Context as _, Diagnostic, Result};
use tf_provider::schema::{Handle, Plan, Val};

use crate::aws::rds::blue_green::{COMPLETED, FAILED, INVALID, PROVISIONING, SWITCHING};
use crate::aws::rds::encryption::UNENCRYPTED;
use crate::aws::rds::{Kind, Rds, Source};
use crate::parts::kms::storage_key::StorageKey;
use crate::parts::rds::database::Target;
use crate::parts::rds::encryption::facts::Facts;
use crate::parts::rds::encryption::paths::{self, BLUE_GREEN, Way};
use crate::parts::rds::encryption::refuse_member;
use crate::resources::blue_green_encryption::{BlueGreenEncryption, diagnostics};
use crate::world::{self, Ctx};

type This = BlueGreenEncryption;

/// What an update goes on with.
///
/// # Errors
/// A switchover is to be undone.
pub(super) fn progress(cx: &Ctx, plan: &mut Plan<'_, This>) -> Result<()> {
    let Some(prior) = plan.prior().filter(|_| !plan.is_destroy()) else { return Ok(()) };
    let status = prior.get(This::status).known().unwrap_or_default();
    let is_deleted = prior.get(This::old_environment_deleted) == Val::Known(true);
    let has_target = matches!(prior.get(This::target_resource_id), Val::Known(_));
    let is_replaced = plan.changed(This::blue_green_deployment_name)
        || plan.changed(This::kms_key_arn)
        || plan.changed(This::db_instance_identifier)
        || plan.changed(This::db_cluster_identifier);
    let may_switch = plan.get(This::switchover) != Val::Known(false);
    if !may_switch && !is_replaced && [COMPLETED, SWITCHING].contains(&status.as_str()) {
        return Err(world::refuse_plan(diagnostics::one_way(&status)));
    }
    let is_completed = status == COMPLETED;
    let switches = may_switch && !is_completed;
    if !switches && status == INVALID {
        cx.warn(diagnostics::invalid_at_plan());
    }
    if switches && status == FAILED {
        cx.warn(diagnostics::switched_again());
    }
    if switches || [PROVISIONING, SWITCHING].contains(&status.as_str()) {
        plan.forget(This::status);
        plan.forget(This::status_details);
        plan.forget(This::source_arn);
        plan.forget(This::target_arn);
        plan.forget(This::members);
        plan.forget(This::tasks);
        if !has_target {
            plan.forget(This::target_resource_id);
            plan.forget(This::storage_encryption_type);
        }
    }
    if switches || status == SWITCHING {
        plan.forget(This::resource_id);
        plan.forget(This::old_environment_deleted);
    }
    let may_delete = plan.get(This::delete_old_environment) != Val::Known(false);
    if is_completed && may_delete && !is_deleted {
        plan.forget(This::old_environment_deleted);
        plan.forget(This::members);
    }
    Ok(())
}

/// Sets what is known before the create, and reports what the create would report.
///
/// # Errors
/// The create would fail.
pub(super) async fn check(cx: &Ctx, plan: &mut Plan<'_, This>) -> Result<()> {
    if plan.is_destroy() {
        return Ok(());
    }
    if !cx.is_known() {
        plan.forget(This::tags_all);
        return Ok(());
    }
    let reaches = world::may_plan(cx, false).await?;
    match plan.get(This::tags) {
        Val::Unknown => plan.forget(This::tags_all),
        given => {
            let all = cx.tags().all(given.known().as_ref(), &[]).map_err(|error| error.at(This::tags))?;
            plan.set(This::tags_all, all);
        }
    }
    let Val::Known(region) = plan.get(This::region) else { return Ok(()) };
    if !plan.is_create() {
        return Ok(());
    }
    let key = plan.get(This::kms_key_arn).known();
    if let Some(key) = &key {
        storage_key(key).foresee(cx, &region, reaches).await?;
    }
    if !reaches {
        return Ok(());
    }
    let (kind, identifier, at) = match (plan.get(This::db_instance_identifier), plan.get(This::db_cluster_identifier)) {
        (Val::Known(identifier), _) => (Kind::Instance, identifier, This::db_instance_identifier),
        (_, Val::Known(identifier)) => (Kind::Cluster, identifier, This::db_cluster_identifier),
        _ => return Ok(()),
    };
    let rds = cx.aws()?.rds(Some(&region)).await?;
    let name = plan.get(This::blue_green_deployment_name).known();
    let found = world::unless_unreached(cx, rds.source(kind, &identifier).await);
    match found.context("Cannot look up the database", &identifier).map_err(|error| error.at(at))? {
        Some(Some(source)) => check_source(cx, &rds, source, (key.as_deref(), name.as_deref()), at).await,
        Some(None) => {
            let target = Target { kind, identifier, region: Some(region) };
            cx.warn(target.missing_at_plan(cx).await?.at(at));
            Ok(())
        }
        None => Ok(()),
    }
}

/// Refuses a database that RDS would refuse.
async fn check_source(
    cx: &Ctx,
    rds: &Rds,
    source: Source,
    (key, name): (Option<&str>, Option<&str>),
    at: Handle<This, Option<String>>,
) -> Result<()> {
    let refuse = |error: Diagnostic| world::refuse_plan(error.at(at));
    refuse_member(&source.database).map_err(refuse)?;
    let (identifier, encryption) = (source.database.identifier.clone(), source.database.encryption.clone());
    if key.is_some() && source.kms_key_id.as_deref() == key {
        // An interrupted create may have switched over already: the next one finds the deployment, and adopts or refuses it.
        if let Some(name) = name
            && matches!(rds.deployment(name).await, Ok(Some(_)))
        {
            return Ok(());
        }
        let error = diagnostics::encrypted_with_the_key(&identifier);
        return Err(world::refuse_plan(error.at(This::kms_key_arn)));
    }
    let mut facts = facts(rds, source).await;
    // One of this name is in the way of the resource, not of the database. Others may be deleted before.
    if let Ok(deployments) = &mut facts.deployments {
        deployments.retain(|found| Some(found.name.as_str()) != name);
        if let Some(other) = deployments.first() {
            cx.warn(diagnostics::deployed_already(&identifier, &other.name).at(at));
        }
        deployments.clear();
    }
    let mut ways = paths::all(&facts);
    let Some(index) = ways.iter().position(|way| way.name == BLUE_GREEN) else { return Ok(()) };
    let own = ways.remove(index);
    if !own.blocked_by.is_empty() {
        return Err(refuse(diagnostics::blocked(&identifier, &own.blocked_by, &open(&ways))));
    }
    if !own.unknown.is_empty() {
        cx.warn(diagnostics::unchecked(&identifier, &own.unknown).at(at));
    }
    if encryption != UNENCRYPTED {
        cx.warn(diagnostics::encrypted_already(&identifier, &encryption).at(at));
    }
    Ok(())
}

/// The ways other than this one that are open for a database, or may be.
pub(super) async fn open_ways(rds: &Rds, source: Source) -> Vec<String> {
    let facts = facts(rds, source).await;
    open(&paths::all(&facts).into_iter().filter(|way| way.name != BLUE_GREEN).collect::<Vec<_>>())
}

fn open(ways: &[Way]) -> Vec<String> {
    let open = ways.iter().filter(|way| way.blocked_by.is_empty());
    open.map(|way| format!("\"{}\" ({})", way.name, way.status())).collect()
}

/// What decides which ways are open. A status that passes is waited for.
async fn facts(rds: &Rds, source: Source) -> Facts {
    let relatives = rds.relatives(&source).await.map_err(|error| error.reason());
    let mut facts = Facts::read(rds, source, relatives, None).await;
    if !facts.source.database.is_stuck() {
        "available".clone_into(&mut facts.source.database.status);
    }
    facts
}

/// The key of the green environment.
pub(super) fn storage_key(arn: &str) -> StorageKey<'_> {
    StorageKey { arn, at: This::kms_key_arn.path(), purpose: "to encrypt the green environment" }
}
