//! Replication tasks: read, created, changed, started, stopped, deleted and tagged.

use serde_json::{Value, json};
use tf_provider::schema::Map;

use crate::aws::dms::Dms;
use crate::aws::dms::request::{Object, SERVICE, filtered, number, text};
use crate::aws::error::Error;

/// A replication task.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Task {
    /// Its identifier, which a person gave it.
    pub id: String,
    /// Its ARN.
    pub arn: String,
    /// `running` and so on.
    pub status: String,
    /// Why it was stopped, without the words "Stop Reason".
    pub stop_reason: Option<String>,
    /// What DMS says about its last failure.
    pub last_failure: Option<String>,
    /// `full-load` and so on.
    pub migration_type: String,
    /// The ARN of the replication instance.
    pub instance: String,
    /// The ARN of the source endpoint.
    pub source: String,
    /// The ARN of the target endpoint.
    pub target: String,
    /// The table mappings, in JSON. None in what was read without settings.
    pub mappings: Option<String>,
    /// The settings, in JSON, the same.
    pub settings: Option<String>,
    /// What it has done, if it was started.
    pub stats: Stats,
}

/// What a task has done.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Stats {
    /// Percent of the full load.
    pub progress: i64,
    /// Tables whose full load is complete.
    pub loaded: i64,
    /// Tables whose full load goes on.
    pub loading: i64,
    /// Tables whose full load has not begun.
    pub queued: i64,
    /// Tables with an error.
    pub errored: i64,
    /// When it was started last, by a start or a resume: seconds as DMS writes them.
    pub started: Option<String>,
    /// When its full load was complete.
    pub full_load_finished: Option<String>,
}

/// What a task is made of.
#[derive(Clone, Copy, Debug)]
pub struct Definition<'a> {
    /// Its identifier.
    pub id: &'a str,
    /// The ARN of the replication instance.
    pub instance: &'a str,
    /// The ARN of the source endpoint.
    pub source: &'a str,
    /// The ARN of the target endpoint.
    pub target: &'a str,
    /// `full-load` and so on.
    pub migration_type: &'a str,
    /// The table mappings, in JSON.
    pub mappings: &'a str,
    /// The settings, in JSON.
    pub settings: &'a str,
    /// Its tags.
    pub tags: &'a Map<String>,
}

/// The type of a task that loads no rows.
const ONLY_CHANGES: &str = "cdc";

/// Reasons to stop that the type of a task or its settings ask for.
const ASKED_FOR: [&str; 5] = [
    "FULL_LOAD_ONLY_FINISHED",
    "STOPPED_AFTER_FULL_LOAD",
    "STOPPED_AFTER_CACHED_EVENTS",
    "STOPPED_AT_SERVER_TIME",
    "STOPPED_AT_COMMIT_TIME",
];

/// The most tasks that DMS gives at a time.
const PAGE: u32 = 100;

/// What DMS begins each reason with.
const REASON: &str = "Stop Reason ";

impl Dms {
    /// The task of this identifier. Needs `dms:DescribeReplicationTasks`.
    ///
    /// # Errors
    /// Any but its absence.
    pub async fn task(&self, id: &str) -> Result<Option<Task>, Error> {
        Ok(self.tasks("replication-task-id", &[id], false).await?.into_iter().find(|task| task.id == id))
    }

    /// The same by its ARN, without mappings and settings. Needs `dms:DescribeReplicationTasks`.
    ///
    /// # Errors
    /// Any but its absence.
    pub async fn task_status(&self, arn: &str) -> Result<Option<Task>, Error> {
        Ok(self.tasks("replication-task-arn", &[arn], true).await?.into_iter().find(|task| task.arn == arn))
    }

    async fn tasks(&self, by: &str, values: &[&str], is_short: bool) -> Result<Vec<Task>, Error> {
        let mut input = filtered(&[(by, values)]);
        if is_short {
            input.insert("WithoutSettings".to_owned(), true.into());
        }
        let found = self.0.all("DescribeReplicationTasks", input, ("ReplicationTasks", PAGE), task).await;
        found.or_else(|error| if error.is_not_found() { Ok(Vec::new()) } else { Err(error) })
    }

    /// The tasks that use one of some endpoints, without mappings and settings. Needs `dms:DescribeReplicationTasks`.
    ///
    /// # Errors
    /// Any.
    pub async fn tasks_of(&self, endpoints: &[&str]) -> Result<Vec<Task>, Error> {
        self.tasks("endpoint-arn", endpoints, true).await
    }

    /// Creates a task. Needs `dms:CreateReplicationTask` and `dms:AddTagsToResource`.
    ///
    /// # Errors
    /// Any; there is a task of this identifier.
    pub async fn create_task(&self, new: Definition<'_>) -> Result<Task, Error> {
        const OPERATION: &str = "CreateReplicationTask";
        let input = json!({
            "ReplicationTaskIdentifier": new.id,
            "ReplicationInstanceArn": new.instance,
            "SourceEndpointArn": new.source,
            "TargetEndpointArn": new.target,
            "MigrationType": new.migration_type,
            "TableMappings": new.mappings,
            "ReplicationTaskSettings": new.settings,
            "Tags": to_list(new.tags),
        });
        let answer = self.0.send(OPERATION, &input).await?;
        let made = answer.get("ReplicationTask").and_then(Value::as_object).and_then(task);
        made.ok_or_else(|| Error::incomplete(SERVICE, OPERATION, "ReplicationTask"))
    }

    /// Changes the mappings or the settings of a task that does not run. Needs `dms:ModifyReplicationTask`.
    ///
    /// # Errors
    /// Any; the task runs.
    pub async fn modify_task(&self, arn: &str, mappings: Option<&str>, settings: Option<&str>) -> Result<(), Error> {
        let mut input = json!({ "ReplicationTaskArn": arn });
        for (name, value) in [("TableMappings", mappings), ("ReplicationTaskSettings", settings)] {
            if let Some(value) = value {
                input[name] = value.into();
            }
        }
        self.0.send("ModifyReplicationTask", &input).await.map(drop)
    }

    /// Starts a task: `start-replication` the first time, then `resume-processing` or `reload-target`. Needs
    /// `dms:StartReplicationTask`.
    ///
    /// # Errors
    /// Any; the task runs, or was started before.
    pub async fn start_task(&self, arn: &str, kind: &str) -> Result<(), Error> {
        let input = json!({ "ReplicationTaskArn": arn, "StartReplicationTaskType": kind });
        self.0.send("StartReplicationTask", &input).await.map(drop)
    }

    /// Stops a task that runs. Needs `dms:StopReplicationTask`.
    ///
    /// # Errors
    /// Any; the task does not run.
    pub async fn stop_task(&self, arn: &str) -> Result<(), Error> {
        self.0.send("StopReplicationTask", &json!({ "ReplicationTaskArn": arn })).await.map(drop)
    }

    /// Deletes a task that does not run; nothing happens if there is none. Needs `dms:DeleteReplicationTask`.
    ///
    /// # Errors
    /// Any but its absence.
    pub async fn delete_task(&self, arn: &str) -> Result<(), Error> {
        match self.0.send("DeleteReplicationTask", &json!({ "ReplicationTaskArn": arn })).await {
            Err(error) if !error.is_not_found() => Err(error),
            _ => Ok(()),
        }
    }

    /// The tags of a task; nothing if it does not exist. Needs `dms:ListTagsForResource`.
    ///
    /// # Errors
    /// Any but its absence.
    pub async fn task_tags(&self, arn: &str) -> Result<Option<Map<String>>, Error> {
        const OPERATION: &str = "ListTagsForResource";
        let answer = match self.0.send(OPERATION, &json!({ "ResourceArn": arn })).await {
            Err(error) if error.is_not_found() => return Ok(None),
            answer => answer?,
        };
        let list = answer.get("TagList").and_then(Value::as_array);
        let list = list.ok_or_else(|| Error::incomplete(SERVICE, OPERATION, "TagList"))?;
        let tag = |tag: &Value| {
            let tag = tag.as_object()?;
            Some((text(tag, "Key")?, text(tag, "Value").unwrap_or_default()))
        };
        Ok(Some(list.iter().filter_map(tag).collect()))
    }

    /// Sets tags. Needs `dms:AddTagsToResource`.
    ///
    /// # Errors
    /// Any.
    pub async fn tag_task(&self, arn: &str, set: &Map<String>) -> Result<(), Error> {
        self.0.send("AddTagsToResource", &json!({ "ResourceArn": arn, "Tags": to_list(set) })).await.map(drop)
    }

    /// Removes tags. Needs `dms:RemoveTagsFromResource`.
    ///
    /// # Errors
    /// Any.
    pub async fn untag_task(&self, arn: &str, keys: &[String]) -> Result<(), Error> {
        self.0.send("RemoveTagsFromResource", &json!({ "ResourceArn": arn, "TagKeys": keys })).await.map(drop)
    }
}

impl Task {
    /// Whether it runs, or is about to.
    pub fn is_active(&self) -> bool {
        ["starting", "running"].contains(&self.status.as_str())
    }

    /// Whether DMS changes it, so that it accepts no request.
    pub fn is_busy(&self) -> bool {
        ["creating", "modifying", "starting", "stopping", "moving", "testing"].contains(&self.status.as_str())
    }

    /// Whether it has ended as its type or its settings say.
    pub fn is_finished(&self) -> bool {
        self.status == "stopped" && self.stop_reason.as_ref().is_some_and(|reason| ASKED_FOR.contains(&reason.as_str()))
    }

    /// Whether it begins with a full load.
    pub fn loads(&self) -> bool {
        self.migration_type != ONLY_CHANGES
    }

    /// Whether its full load is complete.
    pub fn is_loaded(&self) -> bool {
        let stats = &self.stats;
        let is_over = stats.progress >= 100 || stats.full_load_finished.is_some();
        !self.loads() || is_over && stats.loading + stats.queued == 0
    }
}

fn task(found: &Object) -> Option<Task> {
    let own = |name: &str| text(found, name).unwrap_or_default();
    let reason = text(found, "StopReason").filter(|reason| !reason.is_empty());
    let stats = found.get("ReplicationTaskStats").and_then(Value::as_object);
    Some(Task {
        id: text(found, "ReplicationTaskIdentifier")?,
        arn: text(found, "ReplicationTaskArn")?,
        status: own("Status").to_ascii_lowercase(),
        stop_reason: reason.map(|reason| reason.trim_start_matches(REASON).trim().to_owned()),
        last_failure: text(found, "LastFailureMessage").filter(|message| !message.is_empty()),
        migration_type: own("MigrationType"),
        instance: own("ReplicationInstanceArn"),
        source: own("SourceEndpointArn"),
        target: own("TargetEndpointArn"),
        mappings: text(found, "TableMappings"),
        settings: text(found, "ReplicationTaskSettings"),
        stats: stats.map(read_stats).unwrap_or_default(),
    })
}

fn read_stats(found: &Object) -> Stats {
    let date = |name: &str| found.get(name).filter(|date| !date.is_null()).map(ToString::to_string);
    Stats {
        progress: number(found, "FullLoadProgressPercent"),
        loaded: number(found, "TablesLoaded"),
        loading: number(found, "TablesLoading"),
        queued: number(found, "TablesQueued"),
        errored: number(found, "TablesErrored"),
        started: date("StartDate"),
        full_load_finished: date("FullLoadFinishDate"),
    }
}

fn to_list(tags: &Map<String>) -> Value {
    tags.iter().map(|(key, value)| json!({ "Key": key, "Value": value })).collect()
}
