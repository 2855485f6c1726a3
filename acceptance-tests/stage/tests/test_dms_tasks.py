"""DMS: the states of replication tasks, what is refused in which, settings and mappings."""

import json

import pytest

from .conftest import allow, refused
from .dms import NOTHING, Dms, Task, both, selection, servers, until  # noqa: F401

_MODIFY = "Replication Task, excluding logging severity task settings, cannot be modified while it is running state"
_NOT_STARTED = "Replication Task cannot be started, invalid state"


@pytest.fixture
def task(both):  # noqa: F811
    return Task(*both, settings=NOTHING)


@pytest.fixture
def account(both):  # noqa: F811
    return both[0].account


def test_states_of_a_task(account, both):  # noqa: F811
    source, target = both
    task = Task(source, target, settings=NOTHING)
    account.control("POST", "transitions", account=account.id, busy=2)
    made = {name: task.look()[name] for name in ("SourceEndpointArn", "TargetEndpointArn", "ReplicationInstanceArn")}
    mappings = json.dumps({"rules": [selection()]})
    made |= {"MigrationType": "full-load", "TableMappings": mappings, "ReplicationTaskIdentifier": "Second"}
    second = task.api.create_replication_task(**made)["ReplicationTask"]
    assert (second["Status"], second["ReplicationTaskIdentifier"]) == ("creating", "second")
    arn = {"ReplicationTaskArn": second["ReplicationTaskArn"]}
    refused("ResourceAlreadyExistsFault", task.api.create_replication_task, **made)
    start = {**arn, "StartReplicationTaskType": "start-replication"}
    assert refused("InvalidResourceStateFault", task.api.start_replication_task, **start) == _NOT_STARTED
    task.arn = second["ReplicationTaskArn"]
    assert [task.look()["Status"] for _ in range(3)] == ["creating", "creating", "ready"]
    assert task.start()["Status"] == "starting"
    refused("InvalidResourceStateFault", task.api.stop_replication_task, **arn)
    assert [task.look()["Status"] for _ in range(2)] == ["starting", "starting"]
    task.wait("stopped", "failed")
    changed = task.api.modify_replication_task(**arn, MigrationType="full-load-and-cdc")["ReplicationTask"]
    assert (changed["Status"], changed["MigrationType"]) == ("modifying", "full-load-and-cdc")
    task.wait("stopped")
    assert task.api.delete_replication_task(**arn)["ReplicationTask"]["Status"] == "deleting"
    looks = [task.look()["Status"] for _ in range(2)]
    assert looks == ["deleting", "deleting"]
    refused("ResourceNotFoundFault", task.look)


def test_start_types(task):
    for kind in ("resume-processing", "reload-target"):
        refused("InvalidParameterCombinationException", task.start, kind)
    task.start()
    task.table(TableState="Table completed")
    refused("InvalidResourceStateFault", task.start)
    task.stop()
    message = refused("InvalidParameterCombinationException", task.start)
    assert message == "Start Type : START_REPLICATION, valid only for tasks running for the first time"
    task.start("resume-processing")
    task.wait("running")


def test_only_tested_endpoints_are_migrated(account, task):
    instance, source = task.made["instance_arn"], task.made["source_arn"]
    task.api.delete_connection(ReplicationInstanceArn=instance, EndpointArn=source)
    message = refused("InvalidResourceStateFault", task.start)
    assert message == (
        f"Test connection for replication instance {instance} and endpoint {source} should be successful for "
        f"starting the "
        "replication task"
    )


def test_what_is_refused_while_it_runs(task):
    task.start()
    task.wait("running")
    arn = {"ReplicationTaskArn": task.arn}
    assert refused("InvalidResourceStateFault", task.api.modify_replication_task, **arn, TaskData="x") == _MODIFY
    logging = json.dumps({"Logging": {"EnableLogging": True}})
    task.api.modify_replication_task(**arn, ReplicationTaskSettings=logging)
    task.wait("running")
    refused("InvalidResourceStateFault", task.api.delete_replication_task, **arn)
    refused("InvalidResourceStateFault", task.api.modify_endpoint, EndpointArn=task.made["source_arn"], Port=1)
    refused("InvalidResourceStateFault", task.api.delete_endpoint, EndpointArn=task.made["source_arn"])
    instance = {"ReplicationInstanceArn": task.made["instance_arn"]}
    refused("InvalidResourceStateFault", task.api.delete_replication_instance, **instance)
    task.stop()
    message = refused("InvalidResourceStateFault", task.api.stop_replication_task, **arn)
    assert "not running" in message


def test_slot_lives_until_the_task_is_deleted(task):
    slots = "SELECT count(*), coalesce(bool_or(active), false) FROM pg_replication_slots WHERE plugin = 'test_decoding'"
    task.start()
    task.table(TableState="Table completed")
    until(lambda: task.source.sql(slots), lambda shown: shown == "1|t")
    task.stop()
    assert task.source.sql(slots) == "1|f"
    task.api.delete_replication_task(ReplicationTaskArn=task.arn)
    until(lambda: task.source.sql(slots), lambda shown: shown == "0|f")


def test_settings_come_back_whole(both):  # noqa: F811
    task = Task(*both, settings={"ValidationSettings": {"EnableValidation": True}})
    settings = json.loads(task.look()["ReplicationTaskSettings"])
    assert settings["ValidationSettings"]["EnableValidation"] and settings["ValidationSettings"]["ThreadCount"] == 5
    assert settings["FullLoadSettings"]["TargetTablePrepMode"] == "DROP_AND_CREATE"
    assert settings["Logging"]["CloudWatchLogGroup"] is None and len(settings["Logging"]["LogComponents"]) > 10
    assert "historyTimeslotInMinutes" in settings["ControlTablesSettings"]
    brief = task.look(WithoutSettings=True)
    assert "ReplicationTaskSettings" not in brief and "TableMappings" not in brief
    text = json.dumps({"FullLoadSettings": {"CommitRate": 5}})
    task.api.modify_replication_task(ReplicationTaskArn=task.arn, ReplicationTaskSettings=text)
    settings = json.loads(task.wait("ready")["ReplicationTaskSettings"])
    assert settings["FullLoadSettings"]["CommitRate"] == 5 and settings["ValidationSettings"]["EnableValidation"]


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"FullLoadSetings": {}}, "FullLoadSetings"),
        ({"FullLoadSettings": {"TargetTablePrepMod": "DO_NOTHING"}}, "TargetTablePrepMod"),
        ({"FullLoadSettings": {"TargetTablePrepMode": "NOTHING"}}, "must be one of"),
        ({"FullLoadSettings": {"CommitRate": "5"}}, "wrong type"),
        ({"FullLoadSettings": {"MaxFullLoadSubTasks": 50}}, "between"),
        ({"Logging": {"CloudWatchLogGroup": "x"}}, "CloudWatchLogGroup or CloudWatchLogStream cannot be set on create"),
        ({"Logging": {"EnableLogContext": True}}, "EnableLogContext"),
        ({"TargetMetadata": {"FullLobMode": True}}, "LimitedSizeLobMode"),
    ],
)
def test_settings_that_are_refused(both, settings, words):  # noqa: F811
    with pytest.raises(ValueError, match="Exception") as caught:
        Task(*both, settings=settings)
    assert words in str(caught.value)


@pytest.mark.parametrize(
    "mappings",
    [
        "no JSON",
        '{"rules": []}',
        json.dumps({"rules": [selection(action="exclude")]}),
        json.dumps({"rules": [selection(), selection()]}),
        json.dumps({"rules": [selection() | {"rule-action": "take"}]}),
        json.dumps({"rules": [{"rule-type": "selection"}]}),
    ],
)
def test_mappings_that_are_refused(task, mappings):
    arn = {"ReplicationTaskArn": task.arn}
    refused("InvalidParameterValueException", task.api.modify_replication_task, **arn, TableMappings=mappings)


def test_filters_and_pages(account, task):
    api, wanted = task.api, task.look()
    for name, value in (
        ("replication-task-id", "move"),
        ("migration-type", "full-load-and-cdc"),
        ("endpoint-arn", task.made["target_arn"]),
        ("replication-instance-arn", task.made["instance_arn"]),
    ):
        assert Dms(account).tasks(Filters=[{"Name": name, "Values": [value]}]) == [wanted]
        message = refused(
            "ResourceNotFoundFault", api.describe_replication_tasks, Filters=[{"Name": name, "Values": ["x"]}]
        )
        assert message == "No Tasks found matching provided filters"
    refused("InvalidParameterValueException", api.describe_replication_tasks, MaxRecords=101)
    refused(
        "InvalidParameterValueException", api.describe_table_statistics, ReplicationTaskArn=task.arn, MaxRecords=501
    )


def test_statistics_by_pages_and_filters(both):  # noqa: F811
    source, target = both
    source.run("".join(f"CREATE TABLE t{n} (id int PRIMARY KEY);" for n in range(25)))
    task = Task(source, target, kind="full-load")
    task.start()
    task.wait("stopped")
    arn = {"ReplicationTaskArn": task.arn, "MaxRecords": 20}
    first = task.api.describe_table_statistics(**arn)
    second = task.api.describe_table_statistics(**arn, Marker=first["Marker"])
    assert [len(one["TableStatistics"]) for one in (first, second)] == [20, 6] and "Marker" not in second
    named = [{"Name": "table-name", "Values": ["t3"]}]
    assert list(task.tables(Filters=named)) == ["t3"]
    errored = [{"Name": "table-state", "Values": ["Table error"]}]
    assert task.tables(Filters=errored) == {}


def test_permissions_are_for_one_task(account, task):
    role = account.role("mover", policies={"one": allow("dms:DescribeTableStatistics", task.arn)})
    api = account.client("dms", account.session(role))
    assert api.describe_table_statistics(ReplicationTaskArn=task.arn)["TableStatistics"] == []
    start = {"ReplicationTaskArn": task.arn, "StartReplicationTaskType": "start-replication"}
    message = refused("AccessDeniedException", api.start_replication_task, **start)
    assert f"not authorized to perform: dms:StartReplicationTask on resource: {task.arn}" in message
    refused("AccessDeniedException", api.describe_replication_tasks)


def test_failures_and_states_of_the_control(account, task):
    task.fails("the disk is full")
    task.start()
    failed = task.wait("failed")
    assert failed["StopReason"] == "Stop Reason FATAL_ERROR" and "the disk is full" in failed["LastFailureMessage"]
    refused("InvalidParameterCombinationException", task.start)
    task.start("reload-target")
    task.table(TableState="Table completed")
    task.fails("broken")
    assert "broken" in task.wait("failed")["LastFailureMessage"]
    task.state(status="moving", looks=2)
    assert [task.look()["Status"] for _ in range(3)] == ["moving", "moving", "failed"]
    made = {"account": account.id, "task": "move", "table": "items"}
    account.control("POST", "table-states", **made)
    assert task.tables()["items"]["TableState"] == "Table error"
    account.control("POST", "table-states", **made, validation="Mismatched records", failed=3)
    shown = task.tables()["items"]
    assert (shown["ValidationState"], shown["ValidationFailedRecords"]) == ("Mismatched records", 3)
