"""DMS: replication tasks, which migrate real rows between real databases."""

import json
import threading
from dataclasses import dataclass, field
from datetime import UTC, datetime

from stage.aws.errors import AwsError
from stage.database.migration import Migration, engine_of
from stage.database.migration_order import BOTH, CDC, FRESH, FULL_LOAD, RELOADED, Journal, Order
from stage.database.migration_tables import ABSENT, COMPLETED, ERRORED, LOADING, RELOADING

from . import before, unlocked
from .dms_endpoints import Endpoint
from .dms_places import PLAYED, place_of
from .dms_settings import completed, mappings
from .dms_state import Passing, Resource, filtered, find, invalid_combination, invalid_state, invalid_value, page
from .dms_state import region_of, require_new, tags_of

_WORDS = "Replication task"
_RUNNING = ("starting", "running", "stopping")
_MODIFIABLE = ("ready", "stopped", "failed")
_LOG_ONLY = {"Logging"}


@dataclass
class Task(Resource):
    """A replication task. `settings` are whole, `selection` is what its table mappings say."""

    source: Endpoint = None
    target: Endpoint = None
    instance_arn: str = ""
    kind: str = FULL_LOAD
    table_mappings: str = ""
    selection: object = None
    settings: dict = None
    positions: dict = field(default_factory=dict)
    task_data: str = None
    journal: Journal = field(default_factory=Journal)
    run: Migration = None
    held: list = None
    failure_to_come: str = None

    @property
    def status(self):
        """What a look shows."""
        if self.held:
            return self.held[0]
        if self.passing:
            return self.passing.status
        if self.run is None:
            return self.settled
        if self.run.is_running:
            return "running"
        return "failed" if self.run.failure else "stopped"

    @property
    def is_busy(self):
        """Whether it runs, or is about to, or is not through with it."""
        return self.status in _RUNNING

    def checkpoint(self, position):
        """A position at the source in words."""
        return engine_of(self.run.order.source).checkpoint(position)

    def look(self):
        """One look has shown the status; the next may show another."""
        if self.held and self.held[1] is not None:
            self.held[1] -= 1
            if self.held[1] <= 0:
                self.held = None
        super().look()

    def shown(self, with_settings=True):
        """What DescribeReplicationTasks shows."""
        journal, run = self.journal, self.run
        shown = {
            "ReplicationTaskIdentifier": self.identifier,
            "SourceEndpointArn": self.source.arn,
            "TargetEndpointArn": self.target.arn,
            "ReplicationInstanceArn": self.instance_arn,
            "MigrationType": self.kind,
            "TableMappings": self.table_mappings,
            "Status": self.status,
            "ReplicationTaskCreationDate": self.made,
            "ReplicationTaskArn": self.arn,
        }
        if with_settings:
            shown["ReplicationTaskSettings"] = json.dumps(self.settings)
        else:
            del shown["TableMappings"]
        shown |= {name: value for name, value in self.positions.items() if value}
        if self.task_data:
            shown["TaskData"] = self.task_data
        if journal.fresh:
            shown["ReplicationTaskStartDate"] = journal.began
            shown["ReplicationTaskStats"] = statistics(journal, self.kind)
        if run and not run.is_running and self.status in ("stopped", "failed"):
            shown["StopReason"] = f"Stop Reason {run.reason}"
            if run.failure:
                shown["LastFailureMessage"] = _failure(run)
        if journal.position:
            shown["RecoveryCheckpoint"] = f"checkpoint:V1#1#{self.checkpoint(journal.position)}#0#0#*#0#0"
        return shown


def _failure(run):
    level = "FATAL" if run.reason == "FATAL_ERROR" else "RECOVERABLE"
    return f"Last Error {run.failure} Stop Reason {run.reason} Error Level {level}"


def statistics(journal, kind):
    """What a task shows of all its tables together."""
    states = [progress.state for progress in journal.tables.values() if progress.state != ABSENT]
    loaded, errored = states.count(COMPLETED), states.count(ERRORED)
    loading = states.count(LOADING) + states.count(RELOADING)
    share = 100 if journal.loaded or kind == CDC else 100 * loaded // max(1, len(states))
    until = journal.ended or datetime.now(UTC)
    shown = {
        "FullLoadProgressPercent": share if kind != CDC else 0,
        "ElapsedTimeMillis": int((until - journal.began).total_seconds() * 1000),
        "TablesLoaded": loaded if kind != CDC else 0,
        "TablesLoading": loading,
        "TablesQueued": len(states) - loaded - errored - loading,
        "TablesErrored": errored,
        "FreshStartDate": journal.fresh,
        "StartDate": journal.began,
    }
    dates = {
        "StopDate": journal.ended,
        "FullLoadStartDate": journal.load_began,
        "FullLoadFinishDate": journal.load_ended,
    }
    return shown | {name: date for name, date in dates.items() if date}


@before("dms", "CreateReplicationTask")
def create_task(aws, call):
    """One that is `creating` for some looks."""
    task = make_task(region_of(aws, call), call.parameters)
    answer = {"ReplicationTask": task.shown() | {"Status": "creating"}}
    task.pass_through(Passing("creating", aws.transition_of(call.account)["busy"]))
    return answer


def make_task(region, parameters):
    """A task that is ready."""
    identifier = parameters["ReplicationTaskIdentifier"].lower()
    require_new(region.tasks, _WORDS, identifier)
    instance = find(region.instances, parameters["ReplicationInstanceArn"], "Replication instance")
    if instance.status != "available":
        raise invalid_state(f"Replication instance {instance.arn} is not in available state.")
    arn = region.arn("task", parameters.get("ResourceIdentifier"))
    task = Task(arn, identifier, tags_of(parameters), "ready")
    task.source, task.target = ends_of(region, parameters)
    task.instance_arn = instance.arn
    describe(task, parameters)
    task.settings = completed(parameters.get("ReplicationTaskSettings"))
    region.tasks[arn] = task
    return task


def ends_of(region, parameters):
    """The two endpoints of a migration."""
    source, target = (
        find(region.endpoints, parameters[f"{which}EndpointArn"], "Endpoint") for which in ("Source", "Target")
    )
    for endpoint, kind in ((source, "source"), (target, "target")):
        if endpoint.parameters["EndpointType"] != kind:
            raise invalid_value(f"The endpoint {endpoint.arn} is not a {kind} endpoint.")
    families = [PLAYED.get(endpoint.parameters["EngineName"]) for endpoint in (source, target)]
    if families[0] is None or families[0] != families[1]:
        names = [endpoint.parameters["EngineName"] for endpoint in (source, target)]
        raise AwsError("StageNotImplemented", f"migrations from {names[0]} to {names[1]} are not played", 501)
    return source, target


@unlocked("dms", "DescribeReplicationTasks")
def await_loads(aws, call):
    """So that the number of looks does not depend on the speed of the machine, if the account wants that."""
    if not aws.transition_of(call.account)["awaited"]:
        return
    with aws.lock:
        tasks = region_of(aws, call).migrations
        loads = [task for task in tasks if task.run and task.kind == FULL_LOAD]
        runs = [task.run for task in loads if not (task.passing and task.passing.looks)]
    for run in runs:
        run.await_end()


@before("dms", "DescribeReplicationTasks")
def describe_tasks(aws, call):
    """All of them, or those that fit."""
    filters = {
        "replication-task-arn": lambda one: one.arn,
        "replication-task-id": lambda one: one.identifier,
        "migration-type": lambda one: one.kind,
        "replication-instance-arn": lambda one: one.instance_arn,
    }
    tasks = list(region_of(aws, call).tasks.values())
    for one in call.parameters.get("Filters", []):
        if one["Name"] == "endpoint-arn":
            tasks = [task for task in tasks if {task.source.arn, task.target.arn} & set(one["Values"])]
    filters["endpoint-arn"] = lambda one: next(iter(_wanted_endpoints(call) & {one.source.arn, one.target.arn}), None)
    found = filtered(call, tasks, filters, "Tasks")
    for one in found:
        one.settle()
    found = [one for one in found if one.arn in region_of(aws, call).tasks]
    shown, more = page(call, found)
    whole = not call.parameters.get("WithoutSettings", False)
    answer = {"ReplicationTasks": [one.shown(whole) for one in shown], **more}
    for one in shown:
        one.look()
    return answer


def _wanted_endpoints(call):
    wanted = (one["Values"] for one in call.parameters.get("Filters", []) if one["Name"] == "endpoint-arn")
    return {arn for values in wanted for arn in values}


@before("dms", "ModifyReplicationTask")
def modify_task(aws, call):
    """Not while it runs, but for what it logs."""
    region, parameters = region_of(aws, call), call.parameters
    task = _task(region, call)
    given = parameters.keys() - {"ReplicationTaskArn"}
    if task.status not in _MODIFIABLE:
        settings = json.loads(parameters.get("ReplicationTaskSettings") or "{}")
        if not (task.status == "running" and given == {"ReplicationTaskSettings"} and settings.keys() <= _LOG_ONLY):
            message = "Replication Task, excluding logging severity task settings, cannot be modified while it is "
            raise invalid_state(f"{message}{task.status} state")
    name = parameters.get("ReplicationTaskIdentifier", task.identifier).lower()
    if name != task.identifier:
        require_new(region.tasks, _WORDS, name)
    settings = completed(parameters.get("ReplicationTaskSettings"), task.settings)
    describe(task, parameters)
    task.identifier, task.settings = name, settings
    answer = {"ReplicationTask": task.shown() | {"Status": "modifying"}}
    task.pass_through(Passing("modifying", aws.transition_of(call.account)["busy"]))
    return answer


@before("dms", "StartReplicationTask")
def start_task(aws, call):
    """Begins to migrate at once; it is `starting` for some looks."""
    region, parameters = region_of(aws, call), call.parameters
    task, start = _task(region, call), parameters["StartReplicationTaskType"]
    if task.status not in _MODIFIABLE:
        raise invalid_state("Replication Task cannot be started, invalid state")
    require_start(task, start)
    for endpoint in (task.source, task.target):
        connection = region.connections.get((task.instance_arn, endpoint.arn))
        if connection is None or connection.status != "successful":
            message = (
                f"Test connection for replication instance {task.instance_arn} and endpoint {endpoint.arn} should be"
            )
            raise invalid_state(f"{message} successful for starting the replication task")
    if parameters.get("CdcStartTime") and parameters.get("CdcStartPosition"):
        raise invalid_combination("CdcStartTime and CdcStartPosition can't be specified together.")
    _position(task, parameters)
    launch(aws, region, task, start)
    answer = {"ReplicationTask": task.shown() | {"Status": "starting"}}
    task.pass_through(Passing("starting", aws.transition_of(call.account)["busy"]))
    return answer


def require_start(task, start):
    """Refuses a kind of start that does not fit what has been done."""
    if start == FRESH and task.journal.fresh:
        message = "Start Type : START_REPLICATION, valid only for tasks running for the first time"
        raise invalid_combination(message)
    if start != FRESH and not task.journal.fresh:
        words = start.replace("-", "_").upper()
        raise invalid_combination(f"Start Type : {words}, not valid for tasks running for the first time")
    if start == RELOADED and task.kind == CDC:
        raise invalid_combination("Start Type : RELOAD_TARGET, not valid for tasks with the migration type cdc")


def launch(aws, region, task, start):
    """Lets the migration of a task run."""
    task.journal.fresh = task.journal.fresh or datetime.now(UTC)
    order = Order(
        name=task.arn.rpartition(":")[2],
        kind=task.kind,
        start=start,
        source=place_of(aws, region, task.source),
        target=place_of(aws, region, task.target),
        settings=task.settings,
        rank=task.selection.rank,
        renamed=task.selection.renamed,
        named=task.selection.named(),
        journal=task.journal,
        position=task.positions.get("CdcStartPosition"),
    )
    task.run = Migration(order)
    if task.failure_to_come:
        task.run.fail(task.failure_to_come)
        task.failure_to_come = None
    task.run.start()


@before("dms", "StopReplicationTask")
def stop_task(aws, call):
    """What has been read is written; then it stops."""
    task = _task(region_of(aws, call), call)
    if task.status != "running":
        raise invalid_state(f"Replication Task {task.arn} is currently not running. Current state is {task.status}")
    run = task.run
    run.stop()
    answer = {"ReplicationTask": task.shown() | {"Status": "stopping"}}
    looks = aws.transition_of(call.account)["busy"]
    task.pass_through(Passing("stopping", looks, lambda: run.is_running))
    return answer


@before("dms", "DeleteReplicationTask")
def delete_task(aws, call):
    """Not while it runs. Its slot goes, as far as the source can be reached."""
    region = region_of(aws, call)
    task = _task(region, call)
    if task.status not in _MODIFIABLE:
        raise invalid_state(f"Replication Task {task.arn} cannot be deleted while it is in {task.status} state")
    answer = {"ReplicationTask": task.shown() | {"Status": "deleting"}}
    forget(aws, region, task, region.tasks)
    return answer


def forget(aws, region, task, among):
    """Lets a task go from `among` those that there are."""
    place, journal = place_of(aws, region, task.source), task.journal
    thread = threading.Thread(target=engine_of(place).forget, args=(place, journal), daemon=True)
    thread.start()
    looks = aws.transition_of(region.account)["busy"]
    task.pass_through(Passing("deleting", looks, thread.is_alive, lambda: among.pop(task.arn, None)))


def abandon(aws, account):
    """Ends all migrations of an account, and all that they keep at their sources, and forgets its DMS."""
    for place in [place for place in aws.dms if place[0] == account]:
        region = aws.dms.pop(place)
        for task in region.migrations:
            if task.run:
                task.run.stop()
            source = task.run.order.source if task.run else place_of(aws, region, task.source)
            engine_of(source).forget_as_owner(source, task.journal)


def _task(region, call):
    return find(region.tasks, call.parameters["ReplicationTaskArn"], _WORDS)


def describe(task, parameters):
    """What a call says of a task."""
    if "TableMappings" in parameters:
        task.selection = mappings(parameters["TableMappings"])
        task.table_mappings = parameters["TableMappings"]
    task.kind = parameters.get("MigrationType", task.kind)
    task.task_data = parameters.get("TaskData", task.task_data)
    if parameters.get("CdcStartTime") and parameters.get("CdcStartPosition"):
        raise invalid_combination("CdcStartTime and CdcStartPosition can't be specified together.")
    _position(task, parameters)


def _position(task, parameters):
    for name in ("CdcStopPosition", "CdcStartTime"):
        if parameters.get(name):
            raise AwsError("StageNotImplemented", f"{name} is not played", 501)
    if position := parameters.get("CdcStartPosition"):
        if task.kind == BOTH or task.kind == FULL_LOAD:
            raise invalid_combination("CdcStartPosition is valid only for tasks with the migration type cdc.")
        task.positions["CdcStartPosition"] = position
