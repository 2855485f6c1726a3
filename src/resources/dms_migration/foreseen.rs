//! What a plan can tell: what an update changes, and what a create would be refused for.

use tf_provider::diagnostic::{Context as _, Diagnostic, Result, Severity};
use tf_provider::schema::{Plan, Val};

use crate::resources::dms_migration::{DmsMigration, diagnostics, progress};
use crate::world::{self, Ctx};

type This = DmsMigration;

/// What an update goes on with.
pub(super) fn progress(cx: &Ctx, plan: &mut Plan<'_, This>) {
    let Some(prior) = plan.prior().filter(|_| !plan.is_destroy()) else { return };
    let is_reached = prior.get(This::reached) == Val::Known(true);
    let is_started = plan.get(This::start) != Val::Known(false);
    let waits = is_started && !is_reached && plan.get(This::wait_for) != Val::Known(progress::NOTHING.to_owned());
    let is_changed = plan.changed(This::compute_config)
        || plan.changed(This::include)
        || plan.changed(This::exclude)
        || plan.changed(This::table_mapping_rules)
        || plan.changed(This::table_preparation)
        || plan.changed(This::lob_mode)
        || plan.changed(This::lob_max_size)
        || plan.changed(This::validation_enabled)
        || plan.changed(This::error_policy)
        || plan.changed(This::settings)
        || plan.changed(This::start)
        || plan.changed(This::wait_for)
        || plan.changed(This::max_errored_tables)
        || plan.changed(This::max_validation_failures)
        || plan.changed(This::allow_unvalidated_tables)
        || plan.changed(This::reload_trigger);
    let has_run =
        !matches!(prior.get(This::status), Val::Known(status) if ["ready", "created"].contains(&status.as_str()));
    if is_started && has_run && plan.changed(This::reload_trigger) {
        let name = plan.get(This::replication_task_id).known().unwrap_or_default();
        let preparation = plan.get(This::table_preparation).known().unwrap_or_default();
        cx.warn(diagnostics::loads_again(&name, &preparation));
    }
    if waits || is_changed {
        plan.forget(This::reached);
        plan.forget(This::status);
        plan.forget(This::stop_reason);
        plan.forget(This::full_load_progress);
        plan.forget(This::tables_loaded);
        plan.forget(This::tables_waiting);
        plan.forget(This::tables_errored);
        plan.forget(This::tables_validated);
        plan.forget(This::validation_failures);
    }
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
    let is_create = plan.is_create();
    let is_about_ends = is_create || plan.changed(This::source_connection) || plan.changed(This::target_connection);
    let planned = plan.planned().filter(|_| is_about_ends && reaches).and_then(|planned| planned.decode());
    let Some(planned) = planned else { return Ok(()) };
    let Val::Known(region) = plan.get(This::region) else { return Ok(()) };
    let dms = cx.aws()?.dms(Some(&region)).await?;
    let looked = match is_create {
        true => planned.complaints_about_ends(&dms).await,
        false => planned.complaints_about_endpoints(&dms).await,
    };
    let looked = world::unless_unreached(cx, looked);
    for complaint in looked.context("Cannot look up the endpoints", &planned.replication_task_id)?.unwrap_or_default() {
        match complaint.is_missing {
            true => cx.warn(Diagnostic { severity: Severity::Warning, ..complaint.why }),
            false => return Err(world::refuse_plan(complaint.why)),
        }
    }
    Ok(())
}
