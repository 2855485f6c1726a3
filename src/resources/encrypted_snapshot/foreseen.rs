//! What a plan can tell of a create: whether the key can be used, and whether the source can be encrypted by a copy.

use tf_provider::diagnostic::{Context as _, Result};
use tf_provider::schema::{Handle, Plan, Val};

use crate::arn;
use crate::aws::rds::encryption::UNENCRYPTED;
use crate::aws::rds::snapshots;
use crate::aws::rds::{Database, Kind};
use crate::parts::kms::storage_key::StorageKey;
use crate::parts::rds::database::Target;
use crate::parts::rds::given_snapshot;
use crate::resources::encrypted_snapshot::{
    AWAITING_SOURCE, EncryptedSnapshot, all_tags, diagnostics, intermediate_of,
};
use crate::world::{self, Ctx};

type This = EncryptedSnapshot;

/// What an update goes on with, and what only a replacement changes.
pub(super) fn progress(cx: &Ctx, plan: &mut Plan<'_, This>) {
    let Some(prior) = plan.prior().filter(|_| !plan.is_destroy()) else { return };
    // After an import it is not known what it is a copy of.
    let sources: [Handle<This, Option<String>>; 2] =
        [This::db_instance_identifier, This::source_db_snapshot_identifier];
    let sources = sources.map(|source| (source, prior.get(source) != Val::Null && plan.changed(source)));
    let status = prior.get(This::status).known().unwrap_or_default();
    let group_is_set = plan.config().is_some_and(|config| config.is_set(This::option_group_name));
    let group_was_set = matches!(prior.get(This::option_group_name), Val::Known(_)) && status != AWAITING_SOURCE;
    let prior_intermediate = prior.get(This::intermediate_db_snapshot_identifier);
    for (source, is_other) in sources {
        if is_other {
            plan.replace(source);
        }
    }
    if group_is_set && group_was_set && plan.changed(This::option_group_name) {
        plan.replace(This::option_group_name);
    }
    if snapshots::has_failed(&status) {
        cx.warn(diagnostics::will_be_replaced(&status));
        plan.forget(This::status);
        plan.replace(This::status);
    } else if status != "available" {
        plan.forget(This::status);
        plan.forget(This::storage_encryption_type);
        plan.forget(This::snapshot_create_time);
        if !group_is_set {
            plan.forget(This::option_group_name); // AWS chooses it.
        }
    }
    let is_left = matches!(prior_intermediate, Val::Known(_));
    if is_left && plan.get(This::delete_intermediate_snapshot) != Val::Known(false) {
        plan.forget(This::intermediate_db_snapshot_identifier);
    }
    if plan.changed(This::copy_tags) && status != AWAITING_SOURCE {
        cx.warn(diagnostics::without_effect());
    }
}

/// Sets what is known before the create, and reports what the create would report.
///
/// # Errors
/// The create would fail.
pub(super) async fn check(cx: &Ctx, plan: &mut Plan<'_, This>) -> Result<()> {
    if plan.config().is_none() {
        return Ok(());
    }
    if !cx.is_known() {
        plan.forget(This::tags_all);
        return Ok(());
    }
    let reaches = world::may_plan(cx, false).await?;
    plan_tags(cx, plan)?;
    plan_intermediate(plan);
    let Val::Known(region) = plan.get(This::region) else { return Ok(()) };
    if !plan.is_create() {
        return Ok(());
    }
    let (key, source) = (plan.get(This::kms_key_arn).known(), plan.get(This::source_db_snapshot_identifier).known());
    if let Some(source) = &source
        && arn::snapshot_arn(source).is_ok_and(|(source, _)| source.region != region)
    {
        return Err(world::refuse_plan(diagnostics::source_elsewhere(source, &region)));
    }
    if let Some(key) = &key {
        storage_key(key).foresee(cx, &region, reaches).await?;
    }
    if !reaches {
        return Ok(());
    }
    if let Val::Known(identifier) = plan.get(This::db_instance_identifier) {
        let target = Target { kind: Kind::Instance, identifier, region: Some(region) };
        if let Some(found) = target.at_plan(cx, This::db_instance_identifier).await? {
            refuse_member(&found).map_err(world::refuse_plan)?;
            warn_of_encryption(cx, &found.identifier, &found.encryption, This::db_instance_identifier);
        }
    } else if let Some(source) = source {
        let rds = cx.aws()?.rds(Some(&region)).await?;
        let name = given_snapshot::name(cx, &source, arn::snapshot_arn).await?;
        let found = world::unless_unreached(cx, rds.snapshot(&name).await);
        match found.context("Cannot read the source snapshot", &source)? {
            Some(Some(found)) => {
                let (key, at) = (found.encryption, This::source_db_snapshot_identifier);
                warn_of_encryption(cx, &source, &key, at);
            }
            Some(None) => {
                let place = world::place(cx, Some(&region)).await?;
                cx.warn(diagnostics::source_missing_at_plan(&source, &place));
            }
            None => {}
        }
    }
    Ok(())
}

/// The key of the copy.
pub(super) fn storage_key(arn: &str) -> StorageKey<'_> {
    let purpose = "to encrypt a copy; without them the apply fails after the intermediate snapshot has been created";
    StorageKey { arn, at: This::kms_key_arn.path(), purpose }
}

/// Refuses a member of a cluster, whose snapshots are those of the cluster.
///
/// # Errors
/// It is one.
pub(super) fn refuse_member(found: &Database) -> Result<()> {
    match &found.cluster_identifier {
        Some(cluster) => Err(diagnostics::of_a_cluster(&found.identifier, cluster)),
        None => Ok(()),
    }
}

fn warn_of_encryption(cx: &Ctx, source: &str, encryption: &str, at: Handle<This, Option<String>>) {
    if encryption != UNENCRYPTED {
        cx.warn(diagnostics::encrypted_already(source, encryption).at(at));
    }
}

/// The name of the intermediate snapshot, if the create leaves one.
fn plan_intermediate(plan: &mut Plan<'_, This>) {
    let instance = plan.get(This::db_instance_identifier);
    match (instance, plan.get(This::delete_intermediate_snapshot), plan.get(This::db_snapshot_identifier)) {
        _ if !plan.is_create() => {}
        (Val::Null, ..) => plan.clear(This::intermediate_db_snapshot_identifier),
        (Val::Known(_), Val::Known(false), Val::Known(copy)) => {
            plan.set(This::intermediate_db_snapshot_identifier, intermediate_of(&copy));
        }
        _ => {}
    }
}

fn plan_tags(cx: &Ctx, plan: &mut Plan<'_, This>) -> Result<()> {
    let copies = plan.get(This::copy_tags) != Val::Known(false);
    let copied = match plan.prior() {
        None => (!copies).then(Default::default),
        Some(prior) => {
            let is_begun = prior.get(This::status) == Val::Known(AWAITING_SOURCE.to_owned());
            prior.get(This::copied_tags).known().filter(|_| !(is_begun && copies))
        }
    };
    match (copied, plan.get(This::tags)) {
        (Some(copied), Val::Null | Val::Known(_)) => {
            let tags = plan.get(This::tags).known();
            plan.set(This::tags_all, all_tags(cx, tags.as_ref(), &copied)?);
            plan.set(This::copied_tags, copied);
        }
        (Some(copied), Val::Unknown) => {
            plan.forget(This::tags_all);
            plan.set(This::copied_tags, copied);
        }
        (None, _) => {
            plan.forget(This::tags_all);
            plan.forget(This::copied_tags);
        }
    }
    Ok(())
}
