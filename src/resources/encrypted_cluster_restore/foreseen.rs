//! What a plan can tell of a create: whether key, snapshot and original fit; and what an update goes on with.

use tf_provider::diagnostic::{Context as _, Result};
use tf_provider::schema::{Computed, Handle, Plan, Val, View};

use crate::arn;
use crate::attributes::tags;
use crate::aws::rds::snapshots::Snapshot;
use crate::aws::rds::{Database, Kind, Rds, Source};
use crate::parts::kms::storage_key::StorageKey;
use crate::resources::encrypted_cluster_restore::removal::is_allowed;
use crate::resources::encrypted_cluster_restore::{EncryptedClusterRestore, diagnostics};
use crate::world::{self, Ctx};

type This = EncryptedClusterRestore;

/// Engines of DB clusters whose snapshots can be restored here. Those of DocumentDB and Neptune are in the same lists.
const ENGINES: [&str; 4] = ["aurora-postgresql", "aurora-mysql", "postgres", "mysql"];

/// What an update goes on with, and what only a replacement changes.
pub(super) fn progress(cx: &Ctx, plan: &mut Plan<'_, This>) {
    let Some(prior) = plan.prior().filter(|_| !plan.is_destroy()) else { return };
    // After an import it is not known what it was restored from.
    let is_known = |source: Handle<This, String>| prior.get(source).known().is_some_and(|it| !it.is_empty());
    let sources = [This::snapshot_identifier, This::source_cluster_identifier];
    let sources = sources.map(|source| (source, is_known(source) && plan.changed(source)));
    let was_restored = is_known(This::snapshot_identifier);
    let is_complete = prior.get(This::complete) == Val::Known(true);
    for (source, is_other) in sources {
        if is_other {
            plan.replace(source);
        }
    }
    if !is_complete {
        for handle in [This::endpoint, This::reader_endpoint, This::master_user_secret_arn] {
            plan.forget(handle);
        }
        for handle in [This::status, This::engine_version, This::storage_encryption_type] {
            plan.forget(handle);
        }
        plan.forget(This::port);
        plan.forget(This::complete);
        plan.forget(This::members);
        plan.forget(This::custom_endpoints);
        plan.forget(This::differences);
        plan.forget(This::quieted);
    } else if was_restored {
        if plan.changed(This::overrides) {
            cx.warn(diagnostics::without_effect().at(This::overrides));
        }
        if plan.changed(This::member_identifiers) {
            cx.warn(diagnostics::without_effect().at(This::member_identifiers));
        }
    }
}

/// Sets what is known before the create, and reports what the create would report.
///
/// # Errors
/// The create or the delete would fail.
pub(super) async fn check(cx: &Ctx, plan: &mut Plan<'_, This>) -> Result<()> {
    if plan.is_destroy() {
        return plan.prior().map_or(Ok(()), |prior| check_consent(&prior));
    }
    if plan.config().is_none() {
        return Ok(());
    }
    if !cx.is_known() {
        plan.forget(This::tags_all);
        return Ok(());
    }
    let reaches = world::may_plan(cx, false).await?;
    let copied = plan.prior().and_then(|prior| prior.get(This::copied_tags).known());
    match (copied, plan.get(This::tags)) {
        (Some(copied), Val::Null | Val::Known(_)) => {
            let tags = plan.get(This::tags).known();
            let all = tags::with_copied(cx.tags(), tags.as_ref(), &copied);
            plan.set(This::tags_all, all.map_err(|error| error.at(This::tags))?);
        }
        _ => plan.forget(This::tags_all),
    }
    let Val::Known(region) = plan.get(This::region) else { return Ok(()) };
    if !plan.is_create() {
        return Ok(());
    }
    if let Val::Known(key) = plan.get(This::kms_key_arn) {
        storage_key(&key).foresee(cx, &region, reaches).await?;
    }
    let (snapshot, source) =
        (plan.get(This::snapshot_identifier).known(), plan.get(This::source_cluster_identifier).known());
    if let Some(given) = &snapshot
        && arn::cluster_snapshot_arn(given).is_ok_and(|(given, _)| given.region != region)
    {
        return Err(world::refuse_plan(diagnostics::snapshot_elsewhere(given, &region)));
    }
    if !reaches {
        return Ok(());
    }
    let rds = cx.aws()?.rds(Some(&region)).await?;
    let mut restored = None;
    if let Some(given) = snapshot {
        let found = world::unless_unreached(cx, rds.cluster_snapshot(&given).await);
        match found.context("Cannot read the snapshot", &given).map_err(|error| error.at(This::snapshot_identifier))? {
            Some(Some(found)) => {
                check_snapshot(&found).map_err(world::refuse_plan)?;
                restored = Some(found);
            }
            Some(None) => {
                let place = world::place(cx, Some(&region)).await?;
                let missing = diagnostics::snapshot_missing(&given, &place, is_of_instance(&rds, &given).await);
                cx.warn(diagnostics::at_plan(missing));
            }
            None => {}
        }
    }
    if let Some(source) = source {
        let found = world::unless_unreached(cx, rds.source(Kind::Cluster, &source).await);
        match found.context("Cannot read the DB cluster", &source).map_err(|e| e.at(This::source_cluster_identifier))? {
            Some(Some(found)) => check_engines(restored.as_ref(), &found).map_err(world::refuse_plan)?,
            Some(None) => {
                let place = world::place(cx, Some(&region)).await?;
                cx.warn(diagnostics::at_plan(diagnostics::source_missing(&source, &place)));
            }
            None => {}
        }
    }
    Ok(())
}

/// Refuses a destroy that the delete would refuse.
fn check_consent(prior: &View<'_, This>) -> Result<()> {
    let is = |flag: Handle<This, bool>| prior.get(flag) == Val::Known(true);
    let has_snapshot = prior.is_set(This::final_snapshot_identifier);
    match is_allowed(is(This::allow_delete), has_snapshot, is(This::skip_final_snapshot)) {
        true => Ok(()),
        false => {
            let id = prior.get(This::cluster_identifier).known().unwrap_or_default();
            Err(diagnostics::without_consent(&id, is(This::allow_delete)))
        }
    }
}

/// The key of the DB cluster.
pub(super) fn storage_key(arn: &str) -> StorageKey<'_> {
    let purpose = "to encrypt the DB cluster; without them the apply fails";
    StorageKey { arn, at: This::kms_key_arn.path(), purpose }
}

/// Whether the snapshot that was not found is one of a DB instance. Only for advice, so errors count as no.
pub(super) async fn is_of_instance(rds: &Rds, given: &str) -> bool {
    matches!(rds.snapshot(given).await, Ok(Some(_)))
}

/// Refuses a snapshot of another service, or one that has failed.
///
/// # Errors
/// It is one.
pub(super) fn check_snapshot(found: &Snapshot) -> Result<()> {
    if !ENGINES.contains(&found.engine.as_str()) {
        return Err(diagnostics::engine_not_supported(found));
    }
    match found.has_failed() {
        true => Err(diagnostics::snapshot_failed(found)),
        false => Ok(()),
    }
}

/// Refuses an original with another engine than the snapshot.
///
/// # Errors
/// It is one.
fn check_engines(snapshot: Option<&Snapshot>, source: &Source) -> Result<()> {
    match snapshot {
        Some(snapshot) if snapshot.engine != source.database.engine => {
            let Database { identifier, engine, .. } = &source.database;
            Err(diagnostics::other_engine(snapshot, identifier, engine))
        }
        _ => Ok(()),
    }
}

impl EncryptedClusterRestore {
    /// The name by which RDS finds the snapshot: one of this account has no need of its ARN.
    pub(super) async fn snapshot(&self, cx: &Ctx) -> Result<String> {
        let given = self.snapshot_identifier.clone();
        let Ok((arn, name)) = arn::cluster_snapshot_arn(&given) else { return Ok(given) };
        let own = cx.aws()?.account_id().await?;
        Ok(if own.is_some_and(|own| own == arn.account) { name } else { given })
    }

    pub(super) async fn place(&self, cx: &Ctx) -> Result<String> {
        let region = match &self.region {
            Computed::Known(region) => Some(region.as_str()),
            Computed::Unknown => None,
        };
        world::place(cx, region).await
    }
}
