//! A task is stopped before it is deleted.

use tf_provider::diagnostic::{Context as _, Diagnostic, Result};
use tf_provider::schema::{Failed, Resource as _, Wait};

use crate::attributes::tags;
use crate::aws::dms::{Dms, Task};
use crate::aws::lag;
use crate::ownership;
use crate::records::claims;
use crate::resources::dms_migration::{DELETING, DmsMigration};
use crate::world::Ctx;

/// What every error of a destroy is about.
pub(super) const DOING: &str = "Cannot delete the replication task";

const GONE: Wait<Option<Task>> = Wait {
    what: "the replication task to be gone",
    done: Option::is_none,
    failed: |_| false,
    seen: |found| found.as_ref().map_or_else(String::new, |found| format!("its status is \"{}\"", found.status)),
    pauses: lag::TASK,
};

impl DmsMigration {
    /// Destroys the task, unless another create has made it.
    pub(super) async fn remove(&self, cx: &Ctx) -> Result<()> {
        let (dms, name) = (self.dms(cx).await?, &self.replication_task_id);
        let found = dms.task(name, self.among()).await.context(DOING, name)?;
        let tags = match &found {
            Some(found) => dms.task_tags(&found.arn).await.context(DOING, name)?,
            None => None,
        };
        if tags.is_some_and(|tags| claims::is_of_another(cx, Self::TYPE, tags::mark(&tags).map(String::as_str))) {
            cx.warn(claims::recreated(&ownership::subject(self)?));
            return Ok(());
        }
        // Before the task is deleted: a destroy that is cut off after that has nothing in the state to go on with.
        if let Some(cleanup) = self.foresee_cleanup(cx, &dms, found.as_ref()).await? {
            if let Some(running) = found.as_ref().filter(|found| found.is_active()) {
                self.stop(cx, &dms, &running.arn).await?;
            }
            self.clean_up(cx, &cleanup).await?;
        }
        if let Some(found) = &found {
            self.remove_task(cx, &dms, &found.arn).await.context(DOING, name)?;
        }
        self.drop_slots(cx).await
    }

    /// Stops and deletes a task, and waits until it is gone. DMS accepts neither while it changes the task.
    pub(super) async fn remove_task(&self, cx: &Ctx, dms: &Dms, arn: &str) -> Result<()> {
        let deleted = cx.until(&lag::TASK_BUSY, || async {
            let Some(task) = dms.task_status(arn).await.map_err(Failed::finally)? else { return Ok(()) };
            let now = || Diagnostic::error("Task is busy", format!("Its status is \"{}\".", task.status));
            let asked = match task.status.as_str() {
                DELETING => return Ok(()),
                "running" => dms.stop_task(arn).await,
                _ if task.is_preparing() => dms.stop_task(arn).await,
                _ if task.is_busy() || task.is_active() => return Err(Failed::for_now(now())),
                _ => match dms.delete_task(arn).await {
                    Ok(()) => return Ok(()),
                    refused => refused,
                },
            };
            match asked {
                Ok(()) => Err(Failed::for_now(now())),
                Err(error) if error.is_invalid_state() => Err(Failed::for_now(error)),
                Err(error) => Err(Failed::finally(error)),
            }
        });
        deleted.await?;
        self.wait_until_gone(cx, dms, arn).await
    }

    pub(super) async fn wait_until_gone(&self, cx: &Ctx, dms: &Dms, arn: &str) -> Result<()> {
        cx.wait(&GONE, || dms.task_status(arn)).await.map(drop)
    }
}
