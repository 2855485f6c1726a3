//! What a plan can tell of a create: whether snapshot and original fit; and what an update goes on with.

use tf_provider::diagnostic::{Context as _, Result};
use tf_provider::schema::{Handle, Plan, Val};
use tf_provider::value::Path;

use crate::arn;
use crate::attributes::tags;
use crate::aws::rds::snapshots::Snapshot;
use crate::aws::rds::{Database, Kind, Source};
use crate::parts::rds::given_snapshot;
use crate::resources::encrypted_restore::{EncryptedRestore, diagnostics};
use crate::world::{self, Ctx};

type This = EncryptedRestore;

/// Engines whose settings are carried over.
const ENGINES: [&str; 3] = ["postgres", "mysql", "mariadb"];

/// What an update goes on with, and what only a replacement changes.
pub(super) fn progress(cx: &Ctx, plan: &mut Plan<'_, This>) {
    let Some(prior) = plan.prior().filter(|_| !plan.is_destroy()) else { return };
    // After an import it is not known what it was restored from.
    let was_restored = was_restored(plan);
    let sources: [Handle<This, String>; 2] = [This::snapshot_identifier, This::source_db_instance_identifier];
    let sources = sources.map(|source| (source, was_restored && plan.changed(source)));
    let is_complete = prior.get(This::complete) == Val::Known(true);
    for (source, is_other) in sources {
        if is_other {
            plan.replace(source);
        }
    }
    if !is_complete {
        plan.forget(This::address);
        plan.forget(This::port);
        plan.forget(This::status);
        plan.forget(This::engine_version);
        plan.forget(This::master_user_secret_arn);
        plan.forget(This::complete);
        plan.forget(This::differences);
        plan.forget(This::quieted);
    } else if was_restored {
        if plan.changed(This::overrides) {
            cx.warn(diagnostics::without_effect().at(This::overrides));
        }
        if plan.changed(This::quiet) {
            cx.warn(diagnostics::without_effect().at(This::quiet));
        }
    }
}

/// Whether the state is of a restore, not of an import.
fn was_restored(plan: &Plan<'_, This>) -> bool {
    plan.prior().is_some_and(|prior| prior.get(This::snapshot_identifier).known().is_some_and(|name| !name.is_empty()))
}

/// Sets what is known before the create, and reports what the create or the delete would report.
///
/// # Errors
/// The create or the delete would fail.
pub(super) async fn check(cx: &Ctx, plan: &mut Plan<'_, This>) -> Result<()> {
    let replaces = [This::db_instance_identifier, This::snapshot_identifier, This::source_db_instance_identifier];
    let is_replaced = replaces.iter().any(|argument| plan.changed(*argument)) || plan.changed(This::region);
    if let Some(state) = plan.prior().and_then(|prior| prior.decode())
        && (plan.is_destroy() || (is_replaced && was_restored(plan)))
    {
        state.check_consent()?;
    }
    if plan.config().is_none() {
        return Ok(());
    }
    if !cx.is_known() {
        plan.forget(This::tags_all);
        return Ok(());
    }
    let reaches = world::may_plan(cx, false).await?;
    plan_tags(cx, plan)?;
    let Val::Known(region) = plan.get(This::region) else { return Ok(()) };
    if !plan.is_create() {
        return Ok(());
    }
    let snapshot = plan.get(This::snapshot_identifier).known();
    if let Some(given) = &snapshot
        && let Ok((arn, _)) = arn::snapshot_arn(given)
        && arn.region != region
    {
        return Err(world::refuse_plan(diagnostics::snapshot_elsewhere(given, &region)));
    }
    if !reaches {
        return Ok(());
    }
    let rds = cx.aws()?.rds(Some(&region)).await?;
    let mut restored = None;
    if let Some(given) = snapshot {
        let name = given_snapshot::name(cx, &given, arn::snapshot_arn).await?;
        let found = world::unless_unreached(cx, rds.snapshot(&name).await);
        match found.context("Cannot read the snapshot", &given).map_err(|error| error.at(This::snapshot_identifier))? {
            Some(Some(found)) => {
                check_snapshot(&found).map_err(world::refuse_plan)?;
                restored = Some(found);
            }
            Some(None) => {
                let place = world::place(cx, Some(&region)).await?;
                cx.warn(diagnostics::snapshot_missing_at_plan(&given, &place));
            }
            None => {}
        }
    }
    if let Some(source) = plan.get(This::source_db_instance_identifier).known() {
        let at = This::source_db_instance_identifier;
        let found = world::unless_unreached(cx, rds.source(Kind::Instance, &source).await);
        match found.context("Cannot read the DB instance", &source).map_err(|error| error.at(at))? {
            Some(Some(found)) => check_source(restored.as_ref(), &found).map_err(world::refuse_plan)?,
            Some(None) => {
                let place = world::place(cx, Some(&region)).await?;
                cx.warn(diagnostics::source_missing_at_plan(&source, &place));
            }
            None => {}
        }
    }
    Ok(())
}

/// Refuses a snapshot that cannot be restored to an encrypted DB instance.
///
/// # Errors
/// It cannot.
pub(super) fn check_snapshot(found: &Snapshot) -> Result<()> {
    if found.has_failed() {
        return Err(diagnostics::snapshot_failed(found));
    }
    if !ENGINES.contains(&found.engine.as_str()) {
        return Err(diagnostics::engine_not_supported(&found.engine).at(This::snapshot_identifier));
    }
    match found.key.is_some() && found.is_encrypted() {
        true => Ok(()),
        false => Err(diagnostics::snapshot_not_encrypted(found)),
    }
}

/// Refuses an original whose settings a restore of the snapshot cannot have.
///
/// # Errors
/// It is one.
pub(super) fn check_source(snapshot: Option<&Snapshot>, source: &Source) -> Result<()> {
    let Source { database: Database { identifier, engine, cluster_identifier, .. }, .. } = source;
    if let Some(cluster) = cluster_identifier {
        return Err(diagnostics::of_a_cluster(identifier, cluster));
    }
    match snapshot {
        Some(snapshot) if snapshot.engine != *engine => Err(diagnostics::other_engine(snapshot, engine)),
        _ => check_engine(&source.database, This::source_db_instance_identifier.path()),
    }
}

/// Refuses a DB instance of another engine, such as a member of an Aurora cluster.
///
/// # Errors
/// It is one.
pub(super) fn check_engine(found: &Database, at: Path) -> Result<()> {
    match ENGINES.contains(&found.engine.as_str()) && found.cluster_identifier.is_none() {
        true => Ok(()),
        false => Err(diagnostics::engine_not_supported(&found.engine).at(at)),
    }
}

fn plan_tags(cx: &Ctx, plan: &mut Plan<'_, This>) -> Result<()> {
    let copied = plan.prior().and_then(|prior| prior.get(This::copied_tags).known());
    match (copied, plan.get(This::tags)) {
        (Some(copied), Val::Null | Val::Known(_)) => {
            let own = plan.get(This::tags).known();
            let all = tags::with_copied(cx.tags(), own.as_ref(), &copied).map_err(|error| error.at(This::tags))?;
            plan.set(This::tags_all, all);
        }
        _ => plan.forget(This::tags_all),
    }
    Ok(())
}
