//! Replication tasks: read, created, changed, started, stopped, deleted and tagged.

use serde_json::{Value, json};
use tf_provider::schema::Map;

use crate::aws::dms::replications::{Among, Capacity, Names, REPLICATION, RunsOn, TASK};
use crate::aws::dms::request::{Object, SERVICE, filtered, number, text};
use crate::aws::dms::{Dms, unless_absent};
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
    /// What runs it.
    pub runs_on: RunsOn,
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
    /// What runs it.
    pub runs_on: &'a RunsOn,
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

/// What is to become of a task.
#[derive(Clone, Debug, Default)]
pub struct Changes {
    /// Other table mappings, in JSON.
    pub mappings: Option<String>,
    /// Other settings, in JSON.
    pub settings: Option<String>,
    /// Another capacity.
    pub runs_on: Option<RunsOn>,
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

/// What a replication of DMS Serverless goes through before it runs.
const PREPARING: [&str; 7] = [
    "initializing",
    "preparing_metadata_resources",
    "testing_connection",
    "fetching_metadata",
    "calculating_capacity",
    "provisioning_capacity",
    "replication_starting",
];

/// While DMS takes the capacity of a replication back that has stopped, and forgets what it has done.
const DEPROVISIONING: &str = "deprovisioning";

/// A task that is not ready yet.
const CREATING: &str = "creating";

/// The most tasks that DMS gives at a time.
const PAGE: u32 = 100;

/// What DMS begins each reason with.
const REASON: &str = "Stop Reason ";

impl Dms {
    /// The task of this identifier. Needs `dms:DescribeReplicationTasks`, and for DMS Serverless
    /// `dms:DescribeReplications` and `dms:DescribeReplicationConfigs`.
    ///
    /// # Errors
    /// Any but its absence.
    pub async fn task(&self, id: &str, among: Among) -> Result<Option<Task>, Error> {
        if among != Among::Serverless {
            let found = self.tasks("replication-task-id", &[id], false).await?.into_iter().find(|task| task.id == id);
            if found.is_some() || among == Among::Instances {
                return Ok(found);
            }
        }
        self.replication("replication-config-id", id, false).await
    }

    /// The same by its ARN, without mappings and settings.
    ///
    /// # Errors
    /// Any but its absence.
    pub async fn task_status(&self, arn: &str) -> Result<Option<Task>, Error> {
        if Among::of(arn) == Among::Serverless {
            return self.replication("replication-config-arn", arn, true).await;
        }
        Ok(self.tasks("replication-task-arn", &[arn], true).await?.into_iter().find(|task| task.arn == arn))
    }

    async fn tasks(&self, by: &str, values: &[&str], is_short: bool) -> Result<Vec<Task>, Error> {
        let mut input = filtered(&[(by, values)]);
        if is_short {
            input.insert("WithoutSettings".to_owned(), true.into());
        }
        let read = |found: &Object| task(found, &TASK);
        unless_absent(self.0.all("DescribeReplicationTasks", input, ("ReplicationTasks", PAGE), read).await)
    }

    /// The tasks that use one of some endpoints, without mappings and settings. Needs `dms:DescribeReplicationTasks` and
    /// `dms:DescribeReplications`.
    ///
    /// # Errors
    /// Any.
    pub async fn tasks_of(&self, endpoints: &[&str]) -> Result<Vec<Task>, Error> {
        let mut found = self.tasks("endpoint-arn", endpoints, true).await?;
        found.extend(self.replications_of(endpoints).await?);
        Ok(found)
    }

    /// Creates a task. Needs `dms:CreateReplicationTask`, or `dms:CreateReplicationConfig` for DMS Serverless, and
    /// `dms:AddTagsToResource`.
    ///
    /// # Errors
    /// Any; there is a task of this identifier.
    pub async fn create_task(&self, new: Definition<'_>) -> Result<Task, Error> {
        let names = new.runs_on.names();
        let mut input = json!({
            names.id: new.id,
            "SourceEndpointArn": new.source,
            "TargetEndpointArn": new.target,
            names.kind: new.migration_type,
            "TableMappings": new.mappings,
            names.settings: new.settings,
            "Tags": to_list(new.tags),
        });
        new.runs_on.write(&mut input);
        let answer = self.0.send(names.create, &input).await?;
        let made = answer.get(names.made).and_then(Value::as_object).and_then(|made| task(made, names));
        made.ok_or_else(|| Error::incomplete(SERVICE, names.create, names.made))
    }

    /// Changes the mappings, the settings or the capacity of a task that does not run. Needs `dms:ModifyReplicationTask`,
    /// or `dms:ModifyReplicationConfig` for DMS Serverless.
    ///
    /// # Errors
    /// Any; the task runs.
    pub async fn modify_task(&self, arn: &str, changes: &Changes) -> Result<(), Error> {
        let names = Names::of(arn);
        let mut input = json!({ names.arn: arn });
        for (name, value) in [("TableMappings", &changes.mappings), (names.settings, &changes.settings)] {
            if let Some(value) = value {
                input[name] = value.as_str().into();
            }
        }
        if let Some(runs_on) = &changes.runs_on {
            runs_on.write(&mut input);
        }
        self.0.send(names.modify, &input).await.map(drop)
    }

    /// Starts a task: `start-replication` the first time, then `resume-processing` or `reload-target`. Needs
    /// `dms:StartReplicationTask`, or `dms:StartReplication` for DMS Serverless.
    ///
    /// # Errors
    /// Any; the task runs, or was started before.
    pub async fn start_task(&self, arn: &str, kind: &str) -> Result<(), Error> {
        let names = Names::of(arn);
        self.0.send(names.start, &json!({ names.arn: arn, names.start_kind: kind })).await.map(drop)
    }

    /// Stops a task that runs. Needs `dms:StopReplicationTask`, or `dms:StopReplication` for DMS Serverless.
    ///
    /// # Errors
    /// Any; the task does not run.
    pub async fn stop_task(&self, arn: &str) -> Result<(), Error> {
        let names = Names::of(arn);
        self.0.send(names.stop, &json!({ names.arn: arn })).await.map(drop)
    }

    /// Deletes a task that does not run; nothing happens if there is none. Needs `dms:DeleteReplicationTask`, or
    /// `dms:DeleteReplicationConfig` for DMS Serverless.
    ///
    /// # Errors
    /// Any but its absence.
    pub async fn delete_task(&self, arn: &str) -> Result<(), Error> {
        let names = Names::of(arn);
        match self.0.send(names.delete, &json!({ names.arn: arn })).await {
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

impl Dms {
    /// A replication of DMS Serverless, and unless only its status is asked for, its configuration.
    async fn replication(&self, by: &str, value: &str, is_short: bool) -> Result<Option<Task>, Error> {
        let filter = filtered(&[(by, &[value])]);
        let find = |operation: &'static str, list: &'static str| {
            let found = self.0.all(operation, filter.clone(), (list, PAGE), |found| Some(found.clone()));
            async move { Ok::<_, Error>(unless_absent(found.await)?.into_iter().next()) }
        };
        let replication: Option<Object> = find("DescribeReplications", "Replications").await?;
        let config = match &replication {
            Some(_) if is_short => None,
            _ => find("DescribeReplicationConfigs", "ReplicationConfigs").await?,
        };
        let both = config.into_iter().chain(replication).reduce(|mut config, replication| {
            config.extend(replication);
            config
        });
        Ok(both.and_then(|both| task(&both, &REPLICATION)).filter(|task| task.id == value || task.arn == value))
    }

    /// Those that use one of some endpoints, by which DMS does not filter.
    async fn replications_of(&self, endpoints: &[&str]) -> Result<Vec<Task>, Error> {
        let read = |found: &Object| task(found, &REPLICATION);
        let mut found =
            unless_absent(self.0.all("DescribeReplications", Object::new(), ("Replications", PAGE), read).await)?;
        found.retain(|task| endpoints.contains(&task.source.as_str()) || endpoints.contains(&task.target.as_str()));
        Ok(found)
    }
}

impl Task {
    /// Whether it runs, or is about to.
    pub fn is_active(&self) -> bool {
        self.status == "running" || self.is_starting()
    }

    /// Whether it is about to run.
    pub fn is_starting(&self) -> bool {
        self.status == "starting" || self.is_preparing()
    }

    /// Whether DMS Serverless prepares it, which takes half an hour or more.
    pub fn is_preparing(&self) -> bool {
        PREPARING.contains(&self.status.as_str())
    }

    /// Whether DMS Serverless runs it.
    pub fn is_serverless(&self) -> bool {
        matches!(self.runs_on, RunsOn::Serverless(_))
    }

    /// Whether DMS changes it, so that it accepts no request.
    pub fn is_busy(&self) -> bool {
        [CREATING, "modifying", "stopping", "moving", "testing", DEPROVISIONING].contains(&self.status.as_str())
            || self.is_starting()
    }

    /// Whether it has ended as its type or its settings say.
    pub fn is_finished(&self) -> bool {
        self.has_stopped() && self.stop_reason.as_ref().is_some_and(|reason| ASKED_FOR.contains(&reason.as_str()))
    }

    fn has_stopped(&self) -> bool {
        ["stopped", DEPROVISIONING].contains(&self.status.as_str())
    }

    /// Whether it was started once.
    pub fn was_started(&self) -> bool {
        self.stats.started.is_some() || self.has_lost_statistics()
    }

    /// Whether DMS Serverless has forgotten what it has done, since it has taken the capacity back.
    pub fn has_lost_statistics(&self) -> bool {
        self.is_serverless() && self.has_stopped() && self.stats.started.is_none()
    }

    /// Whether it begins with a full load.
    pub fn loads(&self) -> bool {
        self.migration_type != ONLY_CHANGES
    }

    /// Whether its full load is complete.
    pub fn is_loaded(&self) -> bool {
        let stats = &self.stats;
        let is_over = stats.progress >= 100 || stats.full_load_finished.is_some();
        let is_forgotten = self.has_lost_statistics() && self.is_finished();
        !self.loads() || is_forgotten || is_over && stats.loading + stats.queued == 0
    }
}

pub(super) fn task(found: &Object, names: &'static Names) -> Option<Task> {
    let own = |name: &str| text(found, name).unwrap_or_default();
    let reason = text(found, "StopReason").filter(|reason| !reason.is_empty());
    let stats = found.get(names.stats).and_then(Value::as_object);
    let is_serverless = names.arn == REPLICATION.arn;
    let failures = found.get("FailureMessages").and_then(Value::as_array).into_iter().flatten();
    let failures: Vec<_> = failures.filter_map(Value::as_str).collect();
    let failure = text(found, "LastFailureMessage").unwrap_or_else(|| failures.join(" "));
    Some(Task {
        id: text(found, names.id)?,
        arn: text(found, names.arn)?,
        // A configuration has none as long as its replication does not show.
        status: text(found, "Status").map_or_else(|| CREATING.to_owned(), |status| status.to_ascii_lowercase()),
        stop_reason: reason.map(|reason| reason.trim_start_matches(REASON).trim().to_owned()),
        last_failure: (!failure.is_empty()).then_some(failure),
        migration_type: own(names.kind),
        runs_on: match is_serverless {
            true => RunsOn::Serverless(found.get("ComputeConfig").and_then(Value::as_object).map(Capacity::read)),
            false => RunsOn::Instance(own("ReplicationInstanceArn")),
        },
        source: own("SourceEndpointArn"),
        target: own("TargetEndpointArn"),
        mappings: text(found, "TableMappings"),
        settings: text(found, names.settings),
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
