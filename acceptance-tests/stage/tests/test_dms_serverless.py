"""DMS Serverless: the states of a replication, its capacity, and what is refused in which."""

import json

import pytest

from .conftest import allow, refused
from .dms import NOTHING, Task, both, selection, servers, until  # noqa: F401

_PREPARING = ("initializing", "preparing_metadata_resources", "testing_connection", "fetching_metadata")
_PREPARING += ("calculating_capacity", "provisioning_capacity", "replication_starting")


class Replication:
    """A replication between the ends of a task that is never started."""

    def __init__(self, both, kind="full-load", **more):  # noqa: F811
        self.task = Task(*both, settings=NOTHING)
        self.account, self.api = self.task.account, self.task.api
        self.source, self.target = both
        self.parameters = {
            "ReplicationConfigIdentifier": "move",
            "SourceEndpointArn": self.task.made["source_arn"],
            "TargetEndpointArn": self.task.made["target_arn"],
            "ReplicationType": kind,
            "TableMappings": json.dumps({"rules": [selection()]}),
            "ReplicationSettings": json.dumps(NOTHING),
            "ComputeConfig": {"MaxCapacityUnits": 4},
        } | more
        self.made = self.api.create_replication_config(**self.parameters)["ReplicationConfig"]
        self.arn = {"ReplicationConfigArn": self.made["ReplicationConfigArn"]}

    def transitions(self, **more):
        self.account.control("POST", "transitions", account=self.account.id, **more)

    def look(self):
        wanted = [{"Name": "replication-config-id", "Values": ["move"]}]
        return self.api.describe_replications(Filters=wanted)["Replications"][0]

    def config(self):
        wanted = [{"Name": "replication-config-arn", "Values": [self.made["ReplicationConfigArn"]]}]
        return self.api.describe_replication_configs(Filters=wanted)["ReplicationConfigs"][0]

    def start(self, kind="start-replication"):
        return self.api.start_replication(**self.arn, StartReplicationType=kind)["Replication"]

    def wait(self, *statuses, state=None):
        fits = lambda one: one["Status"] in statuses and state in (None, _state(one))  # noqa: E731
        return until(self.look, fits)

    def tables(self):
        return self.api.describe_replication_table_statistics(**self.arn)["ReplicationTableStatistics"]


def _state(one):
    return one.get("ProvisionData", {}).get("ProvisionState")


@pytest.fixture
def replication(both):  # noqa: F811
    return Replication(both)


def test_states_of_a_full_load(replication):
    replication.transitions(busy=1, awaited=1)
    assert (replication.look()["Status"], replication.made["ComputeConfig"]["MaxCapacityUnits"]) == ("created", 4)
    assert "ReplicationStats" not in replication.look() and replication.tables() == []
    replication.source.run("INSERT INTO items VALUES (7, 'seven')")
    assert replication.start()["Status"] == "initializing"
    busy = "Replication for Replication Config: move is in INITIALIZING state and cannot start"
    assert refused("InvalidResourceStateFault", replication.start) == busy
    assert [replication.look()["Status"] for _ in _PREPARING] == list(_PREPARING)
    found = replication.look()
    assert (found["Status"], found["StopReason"]) == ("stopped", "Stop Reason FULL_LOAD_ONLY_FINISHED")
    assert (found["ReplicationStats"]["TablesLoaded"], _state(found)) == (1, "provisioned")
    assert replication.tables()[0]["TableState"] == "Table completed"
    assert replication.target.run("SELECT name FROM items WHERE id = 7").endswith("seven")
    refused("InvalidResourceStateFault", replication.api.delete_replication_config, **replication.arn)
    assert [replication.look()["Status"] for _ in range(3)] == ["stopped", "deprovisioning", "stopped"]
    found = replication.look()
    assert _state(found) == "deprovisioned" and "ReplicationStats" not in found and replication.tables() == []
    assert found["StopReason"] == "Stop Reason FULL_LOAD_ONLY_FINISHED"
    refused("InvalidParameterCombinationException", replication.start, "resume-processing")
    refused("InvalidParameterCombinationException", replication.start)
    replication.start("reload-target")
    replication.wait("stopped", state="deprovisioned")
    replication.api.delete_replication_config(**replication.arn)
    assert replication.look()["Status"] == "deleting"
    refused("ResourceNotFoundFault", replication.look)
    refused("ResourceNotFoundFault", replication.config)


def test_changes_follow_until_it_is_stopped(both):  # noqa: F811
    replication = Replication(both, "full-load-and-cdc")
    refused("InvalidResourceStateFault", replication.api.stop_replication, **replication.arn)
    replication.start()
    replication.wait("running")
    for operation in (replication.api.delete_replication_config, replication.api.modify_replication_config):
        refused("InvalidResourceStateFault", operation, **replication.arn)
    endpoint = {"EndpointArn": replication.made["SourceEndpointArn"]}
    refused("InvalidResourceStateFault", replication.api.modify_endpoint, **endpoint, Port=1)
    replication.source.run("INSERT INTO items VALUES (8, 'eight')")
    until(lambda: replication.target.run("SELECT name FROM items WHERE id = 8"), lambda found: found.endswith("eight"))
    replication.api.stop_replication(**replication.arn)
    found = replication.wait("stopped", state="deprovisioned")
    assert found["StopReason"] == "Stop Reason NORMAL"
    replication.source.run("INSERT INTO items VALUES (9, 'nine')")
    replication.start("resume-processing")
    replication.wait("running")
    until(lambda: replication.target.run("SELECT name FROM items WHERE id = 9"), lambda found: found.endswith("nine"))
    replication.api.stop_replication(**replication.arn)
    replication.wait("stopped", state="deprovisioned")
    slots = "SELECT count(*) FROM pg_replication_slots WHERE plugin = 'test_decoding'"
    assert replication.source.sql(slots) == "1"
    replication.api.delete_replication_config(**replication.arn)
    until(lambda: replication.source.sql(slots), lambda shown: shown == "0")


def test_tables_are_loaded_again_while_it_runs(both):  # noqa: F811
    replication = Replication(both, kind="full-load-and-cdc")
    tables = [{"SchemaName": "public", "TableName": "items"}]
    reload = lambda: replication.api.reload_replication_tables(**replication.arn, TablesToReload=tables)  # noqa: E731
    assert "must be in running state" in refused("InvalidResourceStateFault", reload)
    replication.start()
    replication.wait("running")
    until(replication.tables, lambda found: found and found[0]["TableState"] == "Table completed")
    replication.target.run("TRUNCATE items")
    reload()
    until(lambda: replication.target.sql("SELECT count(*) FROM items"), lambda count: count != "0")


def test_a_connection_that_fails_is_told(replication):
    api, endpoint = replication.api, {"EndpointArn": replication.made["TargetEndpointArn"]}
    api.modify_endpoint(**endpoint, Password="wrong")
    replication.start()
    found = replication.wait("failed")
    identifier = api.describe_endpoints(Filters=[{"Name": "endpoint-arn", "Values": [endpoint["EndpointArn"]]}])
    identifier = identifier["Endpoints"][0]["EndpointIdentifier"]
    message = f"Test connection failed for endpoint '{identifier}' and replication config 'move'. Failure Message: '"
    assert found["FailureMessages"][0].startswith(message)
    assert "ProvisionData" not in found and "ReplicationStats" not in found
    api.modify_endpoint(**endpoint, Password=replication.target.password)
    replication.start()
    assert "FailureMessages" not in replication.wait("stopped")


def test_capacity(replication):
    compute = replication.config()["ComputeConfig"]
    assert (compute["MultiAZ"], compute["AvailabilityZone"]) == (False, "us-east-1a")
    modify = replication.api.modify_replication_config
    modify(**replication.arn, ComputeConfig={"MaxCapacityUnits": 16, "MinCapacityUnits": 2})
    assert replication.config()["ComputeConfig"] == compute | {"MaxCapacityUnits": 16, "MinCapacityUnits": 2}
    settings = json.dumps({"FullLoadSettings": {"CommitRate": 5}})
    modify(**replication.arn, ReplicationSettings=settings)
    assert json.loads(replication.config()["ReplicationSettings"])["FullLoadSettings"]["CommitRate"] == 5
    for wrong, code in (
        ({"MaxCapacityUnits": 3}, "InvalidParameterValueException"),
        ({"MinCapacityUnits": 32}, "InvalidParameterCombinationException"),
        ({"MultiAZ": True, "AvailabilityZone": "us-east-1a"}, "InvalidParameterCombinationException"),
        ({"ReplicationSubnetGroupId": "absent"}, "ResourceNotFoundFault"),
    ):
        refused(code, modify, **replication.arn, ComputeConfig=wrong)


def test_an_identifier_is_that_of_one_replication(replication):
    refused("ResourceAlreadyExistsFault", replication.api.create_replication_config, **replication.parameters)
    tags = [{"Key": "team", "Value": "data"}]
    arn = replication.made["ReplicationConfigArn"]
    replication.api.add_tags_to_resource(ResourceArn=arn, Tags=tags)
    assert replication.api.list_tags_for_resource(ResourceArn=arn)["TagList"] == tags
    wanted = [{"Name": "status", "Values": ["x"]}]
    refused("InvalidParameterValueException", replication.api.describe_replications, Filters=wanted)


def test_permissions_are_for_the_configuration(replication):
    arn = replication.made["ReplicationConfigArn"]
    account = replication.account
    role = account.role("starter", policies={"one": allow("dms:StartReplication", arn)})
    api = account.client("dms", account.session(role))
    api.start_replication(**replication.arn, StartReplicationType="start-replication")
    refused("AccessDeniedException", api.stop_replication, **replication.arn)
