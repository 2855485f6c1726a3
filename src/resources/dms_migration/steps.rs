//! The steps from two endpoints to a migration. Each goes on from what exists already.

use std::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, Ordering::Relaxed};
use std::time::Duration;

use tf_provider::diagnostic::{Context as _, Diagnostic, Result};
use tf_provider::schema::{Computed, Ended, Failed, Wait};
use tokio::time::Instant;

use crate::attributes::tags;
use crate::aws::dms::{Changes, Definition, Dms, LOADING, Table, Task};
use crate::aws::lag;
use crate::ownership::{self, Asked, Seen};
use crate::records::claims::{Claim, Creator};
use crate::resources::dms_migration::progress::{self, Verdict};
use crate::resources::dms_migration::{DELETING, DmsMigration, ONLY_LOAD, diagnostics};
use crate::world::Ctx;

/// What every error of a create is about.
const CREATING: &str = "Cannot create the replication task";

const STARTING: &str = "Cannot start the replication task";

const CHANGING: &str = "Cannot change the replication task";

/// The kinds of a start: the first one, one that goes on, and one that loads everything again.
const START: &str = "start-replication";
const RESUME: &str = "resume-processing";
const RELOAD: &str = "reload-target";

/// That changes are still to be applied.
const NOT_CALM: u64 = 0;

/// One look at a task that something is under way on, and what it means.
struct Look {
    seen: Seen<Task>,
    tables: Vec<Table>,
    verdict: Verdict,
    told: String,
}

/// A task that what was waited for has come about on, or why it was not waited for any longer.
enum Waited<T> {
    Over(T),
    Late(Option<Box<Task>>, Diagnostic),
}

const REACHED: Wait<Look> = Wait {
    what: "the migration",
    done: |look| !matches!((&look.seen, &look.verdict), (Seen::Found(_), Verdict::Going) | (Seen::Gone, _)),
    failed: |look| match &look.seen {
        Seen::Found(found) => found.status == DELETING,
        Seen::Gone => true,
        Seen::Unclear(_) => false,
    },
    seen: |look| match &look.seen {
        Seen::Found(_) => look.told.clone(),
        Seen::Gone => "the replication task does not exist any more".to_owned(),
        Seen::Unclear(_) => "its status is not known".to_owned(),
    },
    pauses: lag::TASK,
};

/// While DMS changes a task.
const SETTLED: Wait<Seen<Task>> = Wait {
    what: "the replication task to accept changes",
    done: |seen| match seen {
        Seen::Found(found) => !found.is_busy() && found.status != DELETING,
        Seen::Gone => false,
        Seen::Unclear(_) => true,
    },
    failed: |seen| match seen {
        Seen::Found(found) => found.status == DELETING,
        Seen::Gone => true,
        Seen::Unclear(_) => false,
    },
    seen: |seen| match seen {
        Seen::Found(found) => format!("its status is \"{}\"", found.status),
        Seen::Gone => "it does not exist any more".to_owned(),
        Seen::Unclear(_) => "its status is not known".to_owned(),
    },
    pauses: lag::TASK,
};

const STARTED: Wait<Asked> = Asked::accepted("the replication task to accept a start", lag::TASK);

const STOPPED: Wait<Asked> = Asked::accepted("the replication task to accept a stop", lag::TASK);

impl DmsMigration {
    /// The task that an interrupted create has left. One between other ends, which the configuration had then, is deleted.
    pub(super) async fn earlier(&self, cx: &Ctx, dms: &Dms, claim: &mut Claim<'_>) -> Result<Option<Task>> {
        let name = &self.replication_task_id;
        let Some(found) = dms.task(name, self.among()).await.context(CREATING, name)? else { return Ok(None) };
        if found.status == DELETING {
            self.wait_until_gone(cx, dms, &found.arn).await.context(CREATING, name)?;
            return Ok(None);
        }
        let tags = dms.task_tags(&found.arn).await.context(CREATING, name)?.unwrap_or_default();
        let mark = tags::mark(&tags);
        if !claim.owns_mark(mark.map(String::as_str)) {
            return Err(claim.refuse(&Creator::of(mark)));
        }
        mark.into_iter().for_each(|mark| claim.resume(mark));
        let own = [&self.source_endpoint_arn, &self.target_endpoint_arn, &self.migration_type];
        if own == [&found.source, &found.target, &found.migration_type] && !self.runs_elsewhere(&found) {
            claim.warn_adopted(cx);
            let seen = cx.tags().seen(&tags, self.tags.as_ref(), &[]);
            self.write_tags(dms, &found.arn, &tags::Changes::between(&seen, &self.all_tags(cx)?)).await?;
            return Ok(Some(found));
        }
        self.remove_task(cx, dms, &found.arn).await.context(CREATING, name)?;
        Ok(None)
    }

    /// Creates the task.
    ///
    /// # Errors
    /// The ends do not exist or cannot be used, or AWS refused something.
    pub(super) async fn begin(&self, cx: &Ctx, dms: &Dms, claim: &Claim<'_>) -> Result<Task> {
        let name = &self.replication_task_id;
        self.check_ends(cx, dms, CREATING).await?;
        if self.start {
            self.test_connections(cx, dms, CREATING).await?;
        }
        let tags = tags::marked(&self.all_tags(cx)?, claim.mark());
        let (mappings, settings) = (self.wanted_mappings().to_string(), self.wanted_settings().to_string());
        let runs_on = self.wanted_runs_on();
        let new = Definition {
            id: name,
            runs_on: &runs_on,
            source: &self.source_endpoint_arn,
            target: &self.target_endpoint_arn,
            migration_type: &self.migration_type,
            mappings: &mappings,
            settings: &settings,
            tags: &tags,
        };
        claim.note(cx, None, None);
        let made = cx.until(&lag::TASK_BUSY, || async {
            match dms.create_task(new).await {
                Ok(made) => Ok(Ok(made)),
                // Perhaps the answer to an earlier attempt was lost.
                Err(error) if error.is_already_exists() => {
                    let Some(found) = dms.task(name, self.among()).await.map_err(Failed::finally)? else {
                        return Err(Failed::for_now(error));
                    };
                    let tags = dms.task_tags(&found.arn).await.map_err(Failed::finally)?.unwrap_or_default();
                    match tags::mark(&tags) {
                        Some(mark) if *mark == claim.mark() => Ok(Ok(found)),
                        mark => Ok(Err(claim.refuse(&Creator::of(mark)))),
                    }
                }
                Err(error) if error.is_invalid_state() => Err(Failed::for_now(error)),
                Err(error) => Err(Failed::finally(diagnostics::refused(error))),
            }
        });
        made.await.context(CREATING, name)?
    }

    /// Goes on from a task, and describes it at the end. It is no error if a wait is cut off once the task is as the
    /// configuration says. `before` is the state of an update.
    ///
    /// # Errors
    /// The task has failed or has reached a limit for errors, or AWS refused something.
    pub(super) async fn go_on(&mut self, cx: &Ctx, dms: &Dms, found: Task, before: Option<&Self>) -> Result<()> {
        let (name, arn) = (self.replication_task_id.clone(), found.arn.clone());
        self.tags_all = self.all_tags(cx)?.into();
        // As long as it has not begun, an error must not lose that everything is to be loaded again.
        let trigger = self.reload_trigger.clone();
        let reloads = before.is_some_and(|before| before.reload_trigger != trigger);
        before.into_iter().for_each(|before| self.reload_trigger.clone_from(&before.reload_trigger));
        self.fill(&found, None)?;
        cx.save(&*self);
        if let Some(before) = before {
            let changes = tags::Changes::between(before.tags_all.get()?, self.tags_all.get()?);
            self.write_tags(dms, &arn, &changes).await?;
        }
        let mut task = found.clone();
        if found.is_busy() {
            match self.settled(cx, dms, &arn).await.context(CHANGING, &name)? {
                Waited::Over(settled) => task = settled,
                Waited::Late(seen, why) if before.is_none() => return self.leave(cx, seen.as_deref(), &why),
                Waited::Late(_, why) => return Err(why).context(CHANGING, &name),
            }
        }
        let mappings = found.mappings.as_ref().filter(|found| !self.has_mappings(found));
        let settings = found.settings.as_ref().filter(|found| !self.has_settings(found));
        let changes = Changes {
            mappings: mappings.map(|_| self.wanted_mappings().to_string()),
            settings: settings.map(|_| self.wanted_settings().to_string()),
            runs_on: (!self.has_capacity(&found)).then(|| self.wanted_runs_on()),
        };
        let modifies = changes.mappings.is_some() || changes.settings.is_some() || changes.runs_on.is_some();
        if task.is_active() && (modifies || reloads || !self.start) {
            task = self.stop(cx, dms, &arn).await?;
        }
        if modifies {
            let modified = cx.until(&lag::TASK_BUSY, || async {
                match dms.modify_task(&arn, &changes).await {
                    // DMS Serverless takes back the capacity some time after a stop.
                    Err(error) if error.is_invalid_state() => match self.settled(cx, dms, &arn).await {
                        Ok(Waited::Over(_)) => Err(Failed::for_now(error)),
                        Ok(Waited::Late(_, why)) | Err(why) => Err(Failed::finally(why)),
                    },
                    answer => answer.map_err(Failed::finally),
                }
            });
            modified.await.context(CHANGING, &name)?;
            match self.settled(cx, dms, &arn).await.context(CHANGING, &name)? {
                Waited::Over(settled) => task = settled,
                Waited::Late(_, why) => return Err(why).context(CHANGING, &name),
            }
        }
        let kind = match task.was_started() {
            _ if !self.start || task.is_active() => None,
            false => Some(START),
            true if reloads => Some(RELOAD),
            true if task.is_finished() && (!modifies || self.migration_type == ONLY_LOAD) => None,
            true => Some(self.again(&task)),
        };
        if let Some(kind) = kind {
            self.reached = false.into();
            self.test_connections(cx, dms, STARTING).await?;
            match cx
                .wait_or_late(&STARTED, || self.ask_to_start(cx, dms, &task, kind))
                .await
                .context(STARTING, &name)?
            {
                Ended::Done(Asked::Unclear(why)) | Ended::Late(_, why) if reloads => return Err(why),
                Ended::Done(Asked::Unclear(why)) | Ended::Late(_, why) => return self.leave(cx, None, &why),
                Ended::Done(_) => {}
            }
        }
        self.reload_trigger = trigger;
        cx.save(&*self);
        if !self.start || (kind.is_none() && self.reached == Computed::Known(true)) {
            self.reached = (self.reached == Computed::Known(true)).into();
            return self.fill(&task, None);
        }
        self.await_end(cx, dms, &task, kind).await
    }

    /// The kind of a start that goes on. DMS Serverless does not go on with a full load.
    fn again(&self, task: &Task) -> &'static str {
        if task.is_serverless() && self.migration_type == ONLY_LOAD { RELOAD } else { RESUME }
    }

    /// Waits for what `wait_for` names.
    async fn await_end(&mut self, cx: &Ctx, dms: &Dms, task: &Task, kind: Option<&str>) -> Result<()> {
        let waited = self.waited(cx, dms, task, kind).await.context("Cannot wait for the migration", &task.id)?;
        match waited {
            Waited::Late(seen, why) => self.leave(cx, seen.as_deref(), &why),
            Waited::Over((seen, tables, verdict)) => {
                let has_tables = !tables.is_empty() || !self.validation_enabled || self.wait_for == progress::NOTHING;
                let tables = if has_tables { tables } else { dms.tables(&task.arn).await.unwrap_or_default() };
                self.fill(&seen, Some(&tables))?;
                match verdict {
                    Verdict::Failed(why) => {
                        cx.save(&*self);
                        Err(self.test_that_failed(dms, &seen).await.unwrap_or(*why))
                    }
                    Verdict::Reached | Verdict::Going => {
                        self.reached = true.into();
                        Ok(())
                    }
                }
            }
        }
    }

    /// Leaves what is under way to the next apply.
    fn leave(&mut self, cx: &Ctx, seen: Option<&Task>, why: &Diagnostic) -> Result<()> {
        seen.into_iter().try_for_each(|seen| self.fill(seen, None))?;
        self.reached = false.into();
        cx.warn(diagnostics::late(&self.replication_task_id, self.status.get()?, why));
        Ok(())
    }

    /// Looks at a task until it has reached what is waited for, or cannot any more. If it was just started, what an earlier
    /// run has counted may still show.
    async fn waited(
        &self,
        cx: &Ctx,
        dms: &Dms,
        before: &Task,
        kind: Option<&str>,
    ) -> Result<Waited<(Task, Vec<Table>, Verdict)>> {
        let (idle, has_loaded, has_started) = (AtomicU32::new(0), AtomicBool::new(false), AtomicBool::new(false));
        // Since when, in milliseconds, all changes are applied.
        let (begun, calm) = (Instant::now(), AtomicU64::new(NOT_CALM));
        let look = || async {
            let seen = self.look(cx, dms, &before.arn).await?;
            let Seen::Found(task) = &seen else {
                return Ok::<_, Diagnostic>(Look {
                    seen,
                    tables: Vec::new(),
                    verdict: Verdict::Going,
                    told: String::new(),
                });
            };
            if !task.is_loaded() {
                has_loaded.store(true, Relaxed);
            }
            let is_counted = kind != Some(RELOAD)
                || has_loaded.load(Relaxed)
                || !task.is_active()
                || task.stats.full_load_finished != before.stats.full_load_finished;
            if task.is_starting() {
                has_started.store(true, Relaxed);
            }
            let is_shown = kind.is_none()
                || task.stats.started != before.stats.started
                || has_started.load(Relaxed) && task.status == "failed"
                || idle.fetch_add(1, Relaxed) >= lag::START_SHOWN;
            let has_begun = is_shown && is_counted;
            let tables = match self.tables_of(cx, dms, task).await? {
                Some(tables) if has_begun => tables,
                tables => {
                    let told = self.describe(task, tables.as_deref().unwrap_or_default());
                    return Ok(Look { seen, tables: Vec::new(), verdict: Verdict::Going, told });
                }
            };
            let mut verdict = self.judge(task, &tables);
            match &verdict {
                Verdict::Reached if self.wait_for == progress::CAUGHT_UP && task.is_active() => {
                    let now = u64::try_from(begun.elapsed().as_millis()).unwrap_or(u64::MAX).saturating_add(1);
                    let since =
                        calm.compare_exchange(NOT_CALM, now, Relaxed, Relaxed).map_or_else(|since| since, |_| now);
                    if Duration::from_millis(now - since) < lag::CHANGES_COUNTED {
                        verdict = Verdict::Going;
                    }
                }
                Verdict::Reached | Verdict::Failed(_) => {}
                Verdict::Going => calm.store(NOT_CALM, Relaxed),
            }
            let told = self.describe(task, &tables);
            Ok(Look { seen, tables, verdict, told })
        };
        Ok(match cx.wait_or_late(&REACHED, look).await? {
            Ended::Done(Look { seen: Seen::Found(task), tables, verdict, .. }) => {
                Waited::Over((*task, tables, verdict))
            }
            Ended::Done(Look { seen: Seen::Unclear(why), .. }) => Waited::Late(None, why),
            Ended::Late(Look { seen: Seen::Found(task), .. }, why) => Waited::Late(Some(task), why),
            Ended::Late(_, why) => Waited::Late(None, why),
            Ended::Done(Look { seen: Seen::Gone, .. }) => return Err(diagnostics::gone(&before.id)),
        })
    }

    /// The tables that a look needs: all if they decide, otherwise those that are being loaded. Nothing if DMS does not
    /// answer.
    async fn tables_of(&self, cx: &Ctx, dms: &Dms, task: &Task) -> Result<Option<Vec<Table>>> {
        let looked = if self.needs_tables(task) || !task.is_active() && !task.is_finished() && !task.is_busy() {
            cx.wait_for("the statistics of the tables", dms.tables(&task.arn)).await
        } else if task.stats.loading > 0 {
            cx.wait_for("the statistics of the tables", dms.tables_in(&task.arn, LOADING)).await
        } else {
            return Ok(Some(Vec::new()));
        };
        match looked {
            Ok(Ok(tables)) => Ok(Some(tables)),
            Ok(Err(error)) if !error.leaves_open() => Err(error.into()),
            Ok(Err(_)) | Err(_) => Ok(None),
        }
    }

    /// One request to start. If there is no answer, the status tells whether the task has begun.
    async fn ask_to_start(&self, cx: &Ctx, dms: &Dms, before: &Task, kind: &str) -> Result<Asked> {
        let started = async {
            match dms.start_task(&before.arn, kind).await {
                // It was started before, although nothing shows that.
                Err(error) if error.is_unsupported() && kind == START => {
                    dms.start_task(&before.arn, self.again(before)).await
                }
                answer => answer,
            }
        };
        let error = match cx.wait_for("the answer to StartReplicationTask", started).await {
            Ok(Ok(())) => return Ok(Asked::Begun),
            Ok(Err(error)) => error,
            Err(_) => return Ok(Asked::Busy("DMS has not answered".to_owned())),
        };
        if !error.leaves_open() && !error.is_invalid_state() {
            return Err(error.into());
        }
        match self.look(cx, dms, &before.arn).await? {
            Seen::Found(now) if now.is_active() || now.stats.started != before.stats.started => Ok(Asked::Begun),
            // DMS refuses it for another reason than what it does at the moment.
            Seen::Found(now) if error.is_invalid_state() && !now.is_busy() => Err(error.into()),
            Seen::Found(now) => Ok(Asked::Busy(format!("its status is \"{}\", and DMS answered: {error}", now.status))),
            Seen::Gone => Err(diagnostics::gone(&before.id)),
            Seen::Unclear(why) => Ok(Asked::Unclear(why)),
        }
    }

    /// Stops a task, and waits until it has stopped.
    pub(super) async fn stop(&self, cx: &Ctx, dms: &Dms, arn: &str) -> Result<Task> {
        let (doing, name) = ("Cannot stop the replication task", &self.replication_task_id);
        let ask = || async {
            let error = match dms.stop_task(arn).await {
                Ok(()) => return Ok(Asked::Begun),
                Err(error) if error.leaves_open() || error.is_invalid_state() => error,
                Err(error) => return Err(Diagnostic::from(error)),
            };
            match self.look(cx, dms, arn).await? {
                Seen::Found(now) if now.is_active() => {
                    Ok(Asked::Busy(format!("its status is \"{}\", and DMS answered: {error}", now.status)))
                }
                Seen::Found(_) => Ok(Asked::Begun),
                Seen::Gone => Err(diagnostics::gone(name)),
                Seen::Unclear(why) => Err(why),
            }
        };
        cx.wait(&STOPPED, ask).await.context(doing, name)?;
        match self.settled(cx, dms, arn).await.context(doing, name)? {
            Waited::Over(task) => Ok(task),
            Waited::Late(_, why) => Err(why).context(doing, name),
        }
    }

    /// Waits until DMS accepts changes of the task.
    async fn settled(&self, cx: &Ctx, dms: &Dms, arn: &str) -> Result<Waited<Task>> {
        Ok(match cx.wait_or_late(&SETTLED, || self.look(cx, dms, arn)).await? {
            Ended::Done(Seen::Found(task)) => Waited::Over(*task),
            Ended::Late(Seen::Found(task), why) => Waited::Late(Some(task), why),
            Ended::Done(Seen::Unclear(why)) | Ended::Late(_, why) => Waited::Late(None, why),
            Ended::Done(Seen::Gone) => return Err(diagnostics::gone(&self.replication_task_id)),
        })
    }

    /// One look at the task.
    async fn look(&self, cx: &Ctx, dms: &Dms, arn: &str) -> Result<Seen<Task>> {
        ownership::look(cx, "the status of the replication task", || dms.task_status(arn)).await
    }

    async fn write_tags(&self, dms: &Dms, arn: &str, changes: &tags::Changes) -> Result<()> {
        let name = &self.replication_task_id;
        let at = |error: Diagnostic| error.at(Self::tags);
        if !changes.removed.is_empty() {
            let removed = dms.untag_task(arn, &changes.removed).await;
            removed.context("Cannot untag the replication task", name).map_err(at)?;
        }
        if !changes.set.is_empty() {
            dms.tag_task(arn, &changes.set).await.context("Cannot tag the replication task", name).map_err(at)?;
        }
        Ok(())
    }
}
