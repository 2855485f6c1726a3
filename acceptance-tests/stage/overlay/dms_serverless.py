"""DMS Serverless: replications that have no instance, and get capacity while they run."""

import json
from dataclasses import dataclass, field

from stage.aws.errors import AwsError
from stage.database.migration_order import FULL_LOAD

from . import before, unlocked
from .dms_endpoints import Trial
from .dms_instances import default_key
from .dms_settings import completed
from .dms_state import Passing, filtered, find, invalid_combination, invalid_state, invalid_value, not_found, page
from .dms_state import region_of, require_new, tags_of
from .dms_statistics import reload_tables_of, shown_tables
from .dms_tasks import Task, await_loads, describe, ends_of, forget, launch, require_start, statistics

_WORDS, _RESUMED = "Replication config", "resume-processing"
_UNITS = (1, 2, 4, 8, 16, 32, 64, 128, 192, 256, 384)
_TESTING = "testing_connection"
_BEFORE = ("initializing", "preparing_metadata_resources", _TESTING)
_AFTER = ("fetching_metadata", "calculating_capacity", "provisioning_capacity", "replication_starting")
_MODIFIABLE = ("created", "stopped", "failed")
_PROVISIONED, _DEPROVISIONED = "provisioned", "deprovisioned"
_NOT_PLAYED = ("CdcStartTime", "CdcStartPosition", "CdcStopPosition", "PremigrationAssessmentSettings")


@dataclass
class Replication(Task):
    """A configuration and its replication. `rest` are the looks until its capacity is taken back."""

    compute: dict = field(default_factory=dict)
    provisioned: str = ""
    failures: list = field(default_factory=list)
    start_kind: str = ""
    trials: list = field(default_factory=list)
    busy: int = 0
    rest: int = 0

    @property
    def status(self):
        """What a look shows."""
        return "failed" if self.failures and not (self.held or self.passing) else super().status

    @property
    def is_busy(self):
        """Whether it runs, or is about to, or is not through with it."""
        return self.status in (*_BEFORE, *_AFTER, "running", "stopping")

    @property
    def has_ended(self):
        """Whether it ran, and does not any more."""
        return self.provisioned == _PROVISIONED and self.status in ("stopped", "failed")

    @property
    def is_forgotten(self):
        """Whether its statistics went with its capacity."""
        return self.provisioned == _DEPROVISIONED

    def look(self):
        """One look has shown the status; the next may show another."""
        has_shown_the_end = self.has_ended
        super().look()
        if has_shown_the_end:
            self.rest -= 1
            if self.rest <= 0:
                self.pass_through(Passing("deprovisioning", self.busy, finish=self._deprovision))

    def _deprovision(self):
        self.provisioned = _DEPROVISIONED

    def shown(self, with_settings=True):
        """What DescribeReplications shows, which has no settings."""
        journal, run = self.journal, self.run
        shown = {
            "ReplicationConfigIdentifier": self.identifier,
            "ReplicationConfigArn": self.arn,
            "SourceEndpointArn": self.source.arn,
            "TargetEndpointArn": self.target.arn,
            "ReplicationType": self.kind,
            "Status": self.status,
            "ReplicationCreateTime": self.made,
        }
        if self.provisioned:
            units = self.compute["MaxCapacityUnits"] if self.provisioned == _PROVISIONED else 0
            shown["ProvisionData"] = {"ProvisionState": self.provisioned, "ProvisionedCapacityUnits": units}
        if self.start_kind:
            shown["StartReplicationType"] = self.start_kind
        if journal.fresh and journal.began and not self.is_forgotten:
            shown["ReplicationStats"] = statistics(journal, self.kind)
        failures = list(self.failures)
        if run and not run.is_running and not self.is_busy:
            shown["StopReason"] = f"Stop Reason {run.reason}"
            if run.failure and not failures:
                failures.append(f"Last Error {run.failure} Stop Reason {run.reason} Error Level FATAL")
        if failures and self.status == "failed":
            shown["FailureMessages"] = failures
        if run and journal.position:
            shown["RecoveryCheckpoint"] = f"checkpoint:V1#1#{self.checkpoint(journal.position)}#0#0#*#0#0"
        return shown

    def config(self):
        """What DescribeReplicationConfigs shows."""
        return {
            "ReplicationConfigIdentifier": self.identifier,
            "ReplicationConfigArn": self.arn,
            "SourceEndpointArn": self.source.arn,
            "TargetEndpointArn": self.target.arn,
            "ReplicationType": self.kind,
            "ComputeConfig": self.compute,
            "ReplicationSettings": json.dumps(self.settings),
            "TableMappings": self.table_mappings,
            "ReplicationConfigCreateTime": self.made,
        }


@before("dms", "CreateReplicationConfig")
def create_config(aws, call):
    """One that is created at once, though its replication is `creating` for some looks."""
    region, parameters = region_of(aws, call), call.parameters
    identifier = parameters["ReplicationConfigIdentifier"].lower()
    require_new(region.replications, _WORDS, identifier)
    ends = ends_of(region, parameters)
    arn = region.arn("replication-config", parameters.get("ResourceIdentifier"))
    made = Replication(arn, identifier, tags_of(parameters), "created")
    made.source, made.target = ends
    made.compute = _compute(region, parameters["ComputeConfig"], arn)
    describe(made, _of_task(parameters))
    made.settings = completed(parameters.get("ReplicationSettings"))
    region.replications[arn] = made
    made.pass_through(Passing("creating", aws.transition_of(call.account)["busy"]))
    return {"ReplicationConfig": made.config()}


@before("dms", "DescribeReplicationConfigs")
def describe_configs(aws, call):
    """All of them, or those that fit. A look at them changes nothing."""
    shown, more = _described(aws, call, "Replication Configs")
    return {"ReplicationConfigs": [one.config() for one in shown], **more}


@unlocked("dms", "DescribeReplications")
def await_trials(aws, call):
    """So that the number of looks does not depend on the speed of the machine, if the account wants that."""
    if not aws.transition_of(call.account)["awaited"]:
        return
    with aws.lock:
        replications = list(region_of(aws, call).replications.values())
        trials = [trial for one in replications for trial in one.trials]
    for trial in trials:
        trial.await_end()
    with aws.lock:
        for one in replications:
            one.settle()
    await_loads(aws, call)


@before("dms", "DescribeReplications")
def describe_replications(aws, call):
    """All of them, or those that fit."""
    for one in [*region_of(aws, call).replications.values()]:
        one.settle()
    shown, more = _described(aws, call, "Replications")
    answer = {"Replications": [one.shown() for one in shown], **more}
    for one in shown:
        one.look()
    return answer


def _described(aws, call, words):
    filters = {"replication-config-arn": lambda one: one.arn, "replication-config-id": lambda one: one.identifier}
    return page(call, filtered(call, list(region_of(aws, call).replications.values()), filters, words))


@before("dms", "ModifyReplicationConfig")
def modify_config(aws, call):
    """Neither while it runs nor while its capacity comes or goes."""
    region, parameters = region_of(aws, call), call.parameters
    one = _replication(region, call)
    _require(one, "be modified")
    changed = {"SourceEndpointArn": one.source.arn, "TargetEndpointArn": one.target.arn} | parameters
    ends = ends_of(region, changed)
    name = parameters.get("ReplicationConfigIdentifier", one.identifier).lower()
    if name != one.identifier:
        require_new(region.replications, _WORDS, name)
    compute = _compute(region, one.compute | parameters.get("ComputeConfig", {}), one.arn)
    settings = completed(parameters.get("ReplicationSettings"), one.settings)
    describe(one, _of_task(parameters))
    (one.source, one.target), one.identifier, one.compute, one.settings = ends, name, compute, settings
    one.pass_through(Passing("modifying", aws.transition_of(call.account)["busy"]))
    return {"ReplicationConfig": one.config()}


@before("dms", "ReloadReplicationTables")
def reload_replication_tables(aws, call):
    """While it runs, as tables of a task."""
    one = _replication(region_of(aws, call), call)
    reload_tables_of(one, call.parameters)
    return {"ReplicationConfigArn": one.arn}


@before("dms", "StartReplication")
def start_replication(aws, call):
    """Tests the connections, gets capacity, and begins to migrate."""
    region, parameters = region_of(aws, call), call.parameters
    one, start = _replication(region, call), parameters["StartReplicationType"]
    for name in _NOT_PLAYED:
        if parameters.get(name):
            raise AwsError("StageNotImplemented", f"{name} is not played for a replication", 501)
    _require(one, "start")
    require_start(one, start)
    if start == _RESUMED and one.kind == FULL_LOAD:
        raise invalid_combination("Start Type : RESUME_PROCESSING, not valid for full-load replications")
    one.busy, one.start_kind, one.failures = aws.transition_of(call.account)["busy"], start, []
    _pass_through_all(one, list(_BEFORE), lambda: _judge(aws, region, one, start), lambda: _trials(aws, region, one))
    return {"Replication": one.shown() | {"Status": _BEFORE[0]}}


def _pass_through_all(one, statuses, then, begin):
    """Shows one status after the other; `begin` is done with the last of them."""
    status, *rest = statuses
    if not rest:
        begin()
    finish = (lambda: _pass_through_all(one, rest, then, begin)) if rest else then
    one.pass_through(Passing(status, one.busy, lambda: any(trial.goes_on for trial in one.trials), finish))


def _trials(aws, region, one):
    one.trials = [Trial(aws, region, endpoint) for endpoint in (one.source, one.target)]


def _judge(aws, region, one, start):
    """Goes on if both ends were reached."""
    trials, one.trials = one.trials, []
    for endpoint, trial in zip((one.source, one.target), trials, strict=True):
        if trial.failure:
            words = f"Test connection failed for endpoint '{endpoint.identifier}' and replication config"
            one.failures = [f"{words} '{one.identifier}'. Failure Message: '{trial.failure}'"]
            return

    def run():
        retained = aws.transition_of(region.account)["retained"]
        one.provisioned, one.rest = _PROVISIONED, max(1, one.busy) + 1 + retained
        launch(aws, region, one, start)

    _pass_through_all(one, list(_AFTER), lambda: None, run)


@before("dms", "StopReplication")
def stop_replication(aws, call):
    """What has been read is written; then it stops."""
    one = _replication(region_of(aws, call), call)
    if one.status != "running":
        raise invalid_state(_refusal(one, "be stopped"))
    run = one.run
    run.stop()
    answer = {"Replication": one.shown() | {"Status": "stopping"}}
    one.pass_through(Passing("stopping", aws.transition_of(call.account)["busy"], lambda: run.is_running))
    return answer


@before("dms", "DeleteReplicationConfig")
def delete_config(aws, call):
    """Neither while it runs nor before its capacity was taken back."""
    region = region_of(aws, call)
    one = _replication(region, call)
    _require(one, "be deleted")
    if one.provisioned == _PROVISIONED:
        raise invalid_state(f"Replication for Replication Config: {one.identifier} is not deprovisioned yet")
    answer = {"ReplicationConfig": one.config()}
    forget(aws, region, one, region.replications)
    return answer


@before("dms", "DescribeReplicationTableStatistics")
def describe_statistics(aws, call):
    """All tables of a replication, by schema and name, until its capacity is taken back."""
    one = _replication(region_of(aws, call), call)
    if one.is_forgotten:
        return {"ReplicationConfigArn": one.arn, "ReplicationTableStatistics": []}
    tables, more = shown_tables(call, one.journal)
    return {"ReplicationConfigArn": one.arn, "ReplicationTableStatistics": tables, **more}


def _replication(region, call):
    return find(region.replications, call.parameters["ReplicationConfigArn"], _WORDS)


def _require(one, doing):
    if one.status not in _MODIFIABLE:
        raise invalid_state(_refusal(one, doing))


def _refusal(one, doing):
    return f"Replication for Replication Config: {one.identifier} is in {one.status.upper()} state and cannot {doing}"


def _of_task(parameters):
    """The same with the names that a task has for it."""
    kind = {"MigrationType": parameters["ReplicationType"]} if "ReplicationType" in parameters else {}
    return parameters | kind


def _compute(region, given, arn):
    """The capacity that a call asks for, with the choice of DMS where it says nothing."""
    most, least = given.get("MaxCapacityUnits"), given.get("MinCapacityUnits")
    wrong = next((units for units in (most, least) if units is not None and units not in _UNITS), None)
    if most is None:
        raise invalid_combination("MaxCapacityUnits must be specified.")
    if wrong is not None:
        raise invalid_value(f"Invalid value {wrong} for capacity units. Must be one of {_UNITS}.")
    if least is not None and least > most:
        raise invalid_combination("MinCapacityUnits can't be more than MaxCapacityUnits.")
    chosen = {
        "MultiAZ": False,
        "KmsKeyId": default_key(arn),
        "ReplicationSubnetGroupId": "default",
        "VpcSecurityGroupIds": ["sg-1"],
        "PreferredMaintenanceWindow": "sun:06:00-sun:06:30",
    }
    if not given.get("MultiAZ"):
        chosen["AvailabilityZone"] = f"{region.name}a"
    elif given.get("AvailabilityZone"):
        raise invalid_combination("AvailabilityZone can't be specified if MultiAZ is true.")
    group = given.get("ReplicationSubnetGroupId", "default").lower()
    if group != "default" and all(one.identifier != group for one in region.subnet_groups.values()):
        raise not_found(f"Replication Subnet group {group} not found.")
    return chosen | given
