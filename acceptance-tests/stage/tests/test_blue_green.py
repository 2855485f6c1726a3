"""RDS: blue/green deployments: a green database that follows the blue one, and takes its name."""

import time

import pytest

from .conftest import allow, refused
from .test_rds_cluster_restores import ClusterData, MySqlClusterData
from .test_rds_snapshots import INACCESSIBLE, Rds
from .test_restored_data import Data, MySqlData, words

OLD = "orders-old1"


class Deployments:
    """The blue/green deployments of an account."""

    def __init__(self, account):
        self.account, self.rds = account, account.client("rds")

    def create(self, source, keys=(), **more):
        configurations = [{"SourceArn": arn, "TargetKmsKeyId": key} for arn, key in keys]
        more |= {"TargetResourceConfigurations": configurations} if configurations else {}
        made = self.rds.create_blue_green_deployment(BlueGreenDeploymentName="bg", Source=source, **more)
        return made["BlueGreenDeployment"]

    def look(self, deployment):
        name = deployment["BlueGreenDeploymentIdentifier"]
        found = self.rds.describe_blue_green_deployments(BlueGreenDeploymentIdentifier=name)
        return found["BlueGreenDeployments"][0]

    def switch(self, deployment, **more):
        name = deployment["BlueGreenDeploymentIdentifier"]
        made = self.rds.switchover_blue_green_deployment(BlueGreenDeploymentIdentifier=name, **more)
        return made["BlueGreenDeployment"]

    def delete(self, deployment, **more):
        name = deployment["BlueGreenDeploymentIdentifier"]
        return self.rds.delete_blue_green_deployment(BlueGreenDeploymentIdentifier=name, **more)["BlueGreenDeployment"]

    def instance(self, name):
        return self.rds.describe_db_instances(DBInstanceIdentifier=name)["DBInstances"][0]

    def cluster(self, name):
        return self.rds.describe_db_clusters(DBClusterIdentifier=name)["DBClusters"][0]


@pytest.fixture
def bg(account):
    account.control("POST", "transitions", account=account.id, busy=0, switching=0)
    return Deployments(account)


@pytest.fixture
def key(account):
    return account.client("kms").create_key()["KeyMetadata"]["Arn"]


def name_of(arn):
    return arn.rpartition(":")[2]


def test_states_of_a_deployment(account, bg, key):
    blue = account.instance("orders")
    account.control("POST", "transitions", account=account.id, busy=2, switching=2)
    made = bg.create(blue["arn"], [(blue["arn"], key)])
    assert (made["Status"], made["Source"]) == ("PROVISIONING", blue["arn"])
    assert [(t["Name"], t["Status"]) for t in made["Tasks"]] == [
        ("CREATING_READ_REPLICA_OF_SOURCE", "IN_PROGRESS"),
        ("CONFIGURE_BACKUPS", "PENDING"),
    ]
    refused("InvalidBlueGreenDeploymentStateFault", bg.switch, made)
    refused("InvalidBlueGreenDeploymentStateFault", bg.delete, made)
    assert [bg.look(made)["Status"] for _ in range(3)] == ["PROVISIONING", "PROVISIONING", "AVAILABLE"]
    assert {t["Status"] for t in bg.look(made)["Tasks"]} == {"COMPLETED"}
    assert "Target" not in made and "TargetMember" not in made["SwitchoverDetails"][0], "green shows once it exists"
    green = bg.instance(name_of(bg.look(made)["Target"]))
    assert green["DBInstanceIdentifier"].startswith("orders-green-") and green["DBInstanceStatus"] == "available"
    assert bg.switch(made)["Status"] == "SWITCHOVER_IN_PROGRESS"
    refused("InvalidBlueGreenDeploymentStateFault", bg.switch, made)
    assert bg.instance("orders")["DbiResourceId"] == blue["resource_id"], "it has the name until the end"
    looks = [bg.look(made) for _ in range(3)]
    assert [d["Status"] for d in looks] == 2 * ["SWITCHOVER_IN_PROGRESS"] + ["SWITCHOVER_COMPLETED"]
    assert looks[2]["Source"] == blue["arn"].replace("orders", OLD) and looks[2]["Target"] == blue["arn"]
    detail = {"SourceMember": looks[2]["Source"], "TargetMember": blue["arn"], "Status": "SWITCHOVER_COMPLETED"}
    assert looks[2]["SwitchoverDetails"] == [detail]
    assert bg.instance("orders")["DbiResourceId"] == green["DbiResourceId"] != blue["resource_id"]
    assert bg.instance(OLD)["DbiResourceId"] == blue["resource_id"]


def test_green_is_encrypted_and_otherwise_as_blue(account, bg, key):
    account.control("POST", "parameter-groups", account=account.id, name="strict", family="postgres15")
    blue = Rds(account).instance(
        EnableIAMDatabaseAuthentication=True,
        DBParameterGroupName="strict",
        DatabaseInsightsMode="advanced",
        MonitoringInterval=60,
        MonitoringRoleArn="arn:aws:iam::111122223333:role/monitoring",
        Tags=[{"Key": "team", "Value": "a"}],
    )
    account.client("kms").create_alias(AliasName="alias/own", TargetKeyId=key)
    made = bg.create(blue["DBInstanceArn"], [(blue["DBInstanceArn"], "alias/own")])
    green = bg.instance(name_of(made["Target"]))
    assert (green["StorageEncrypted"], green["StorageEncryptionType"], green["KmsKeyId"]) == (True, "sse-kms", key)
    assert blue["StorageEncryptionType"] == "none"
    same = ("Engine", "EngineVersion", "IAMDatabaseAuthenticationEnabled", "DatabaseInsightsMode", "TagList")
    same += ("MonitoringInterval", "MonitoringRoleArn", "MasterUsername", "AllocatedStorage", "StorageType", "DBInstanceClass")
    assert {n: green[n] for n in same} == {n: blue[n] for n in same}
    assert green["DBParameterGroups"][0]["DBParameterGroupName"] == "strict"


def test_read_replicas_have_green_ones_with_keys_of_their_own(account, bg, key):
    blue, rds = account.instance("orders"), bg.rds
    for name in ("reports", "audit"):
        rds.create_db_instance_read_replica(DBInstanceIdentifier=name, SourceDBInstanceIdentifier="orders")
    olds = {name: bg.instance(name) for name in ("orders", "audit", "reports")}
    arns = [old["DBInstanceArn"] for old in olds.values()]
    refused("InvalidParameterCombination", bg.create, blue["arn"], [(blue["arn"], key)])
    refused("InvalidParameterCombination", bg.create, blue["arn"], [(arn, key) for arn in arns[1:]])
    refused("SourceDatabaseNotSupportedFault", bg.create, arns[1], [(arns[1], key)])
    second = account.client("kms").create_key()["KeyMetadata"]["Arn"]
    made = bg.create(blue["arn"], [(arns[0], key), (arns[1], key), (arns[2], second)])
    details = made["SwitchoverDetails"]
    assert [d["SourceMember"] for d in details] == arns
    greens = [bg.instance(name_of(d["TargetMember"])) for d in details]
    assert [green["KmsKeyId"] for green in greens] == [key, key, second]
    assert greens[0]["ReadReplicaDBInstanceIdentifiers"] == [green["DBInstanceIdentifier"] for green in greens[1:]]
    assert greens[1]["ReadReplicaSourceDBInstanceIdentifier"] == greens[0]["DBInstanceIdentifier"]
    ids = {one["DbiResourceId"] for one in [*greens, *olds.values()]}
    assert len(ids) == 6
    bg.switch(made)
    assert bg.look(made)["Status"] == "SWITCHOVER_COMPLETED"
    for old, green in zip(olds, greens, strict=True):
        assert bg.instance(old)["DbiResourceId"] == green["DbiResourceId"]
        assert bg.instance(f"{old}-old1")["DbiResourceId"] == olds[old]["DbiResourceId"]
    assert bg.instance("orders")["ReadReplicaDBInstanceIdentifiers"] == ["audit", "reports"]
    assert bg.instance(OLD)["ReadReplicaDBInstanceIdentifiers"] == ["audit-old1", "reports-old1"]
    assert bg.instance("audit-old1")["ReadReplicaSourceDBInstanceIdentifier"] == OLD
    rds.delete_db_instance(DBInstanceIdentifier="audit-old1", SkipFinalSnapshot=True)
    assert bg.instance(OLD)["ReadReplicaDBInstanceIdentifiers"] == ["reports-old1"]


def test_a_deployment_takes_its_green_replicas_with_it(account, bg):
    blue = account.instance("orders")
    bg.rds.create_db_instance_read_replica(DBInstanceIdentifier="reports", SourceDBInstanceIdentifier="orders")
    bg.delete(bg.create(blue["arn"]), DeleteTarget=True)
    assert [d["DBInstanceIdentifier"] for d in bg.rds.describe_db_instances()["DBInstances"]] == ["orders", "reports"]
    bg.rds.create_db_instance_read_replica(DBInstanceIdentifier="second", SourceDBInstanceIdentifier="reports")
    refused("SourceDatabaseNotSupportedFault", bg.create, blue["arn"])


def test_deployments_that_are_refused(account, bg, key):
    blue = account.instance("orders")
    arn, other = blue["arn"], account.instance("other")["arn"]
    refused("DBInstanceNotFound", bg.create, arn.replace("orders", "none"))
    refused("DBClusterNotFoundFault", bg.create, arn.replace(":db:", ":cluster:"))
    refused("InvalidParameterCombination", bg.create, arn, [(arn, key), (arn, key)])
    refused("InvalidParameterValue", bg.create, arn, [(other, key)])
    refused(INACCESSIBLE, bg.create, arn, [(arn, key.replace("us-east-1", "eu-west-1"))])
    account.client("kms").disable_key(KeyId=key)
    refused(INACCESSIBLE, bg.create, arn, [(arn, key)])
    oracle = account.instance("oracle", engine="oracle-ee", version="19.0.0.0")["arn"]
    refused("SourceDatabaseNotSupportedFault", bg.create, oracle)
    multi = account.control("POST", "clusters", account=account.id, identifier="multi", engine="postgres")
    refused("SourceClusterNotSupportedFault", bg.create, multi["arn"])
    refused("SourceDatabaseNotSupportedFault", bg.create, bg.instance("multi-instance-1")["DBInstanceArn"])
    managed = Rds(account).instance("managed", ManageMasterUserPassword=True)["DBInstanceArn"]
    refused("SourceDatabaseNotSupportedFault", bg.create, managed)
    account.control("POST", "status", account=account.id, identifier="orders", status="modifying")
    refused("InvalidDBInstanceState", bg.create, arn)
    account.control("POST", "status", account=account.id, identifier="orders", status="available")
    made = bg.create(arn)
    refused("BlueGreenDeploymentAlreadyExistsFault", bg.create, other)
    for seconds in 29, 3601:
        refused("InvalidParameterValue", bg.switch, made, SwitchoverTimeout=seconds)
    absent = {"BlueGreenDeploymentIdentifier": "bgd-none"}
    for call in bg.look, bg.switch, bg.delete:
        refused("BlueGreenDeploymentNotFoundFault", call, absent)


@pytest.mark.parametrize("kind", [Data, MySqlData])
def test_green_follows_blue_and_takes_its_name(account, bg, key, kind):
    data = kind(account)
    blue = data.instance["host"]
    data.sql("create table item (id int primary key)"), data.sql("insert into item values (1)")
    made = bg.create(data.instance["arn"], [(data.instance["arn"], key)])
    green = bg.instance(name_of(made["Target"]))
    at = green["Endpoint"]["Address"]
    data.sql("insert into item values (2)"), data.sql("create table later (id int)")
    until(lambda: words(data.sql("select count(*), max(id) from item", at=at)) == ["2", "2"])
    until(lambda: tables(data, at) == "1")
    assert data.write(at) is False, "green takes no writes"
    assert data.write(blue) is True
    data.sql("insert into item values (3)")
    bg.switch(made)
    assert bg.look(made)["Status"] == "SWITCHOVER_COMPLETED"
    assert bg.instance("orders")["DbiResourceId"] == green["DbiResourceId"]
    assert words(data.sql("select count(*), max(id) from item", at=blue)) == ["3", "3"], "nothing is lost"
    old = bg.instance(OLD)["Endpoint"]["Address"]
    assert data.write(blue) is True, "the production name takes writes"
    assert data.write(old) is False, "the old database takes none"
    data.sql("insert into item values (4)", at=blue)
    assert words(data.sql("select max(id) from item", at=old)) == ["3"]
    refused("InvalidParameterCombination", bg.delete, made, DeleteTarget=True)
    assert bg.delete(made)["Status"] == "DELETING"
    assert data.write(old) is True, "until the deployment is deleted"
    assert bg.instance(OLD)["StorageEncryptionType"] == "none"


def tables(data, at):
    """How many tables `later` there are."""
    return data.sql("select count(*) from information_schema.tables where table_name = 'later'", at=at)


def until(is_true):
    """Waits for what comes soon, unless the machine is very busy."""
    deadline = time.monotonic() + 60
    while not is_true():
        assert time.monotonic() < deadline, "it does not come"


@pytest.mark.parametrize("kind", [ClusterData, MySqlClusterData])
def test_clusters_with_their_members(account, bg, key, kind):
    data = kind(account)
    data.sql("create table item (id int primary key)"), data.sql("insert into item values (1)")
    member = bg.instance(data.instance["members"][0])
    refused("InvalidParameterValue", bg.create, data.instance["arn"], [(member["DBInstanceArn"], key)])
    made = bg.create(data.instance["arn"], [(data.instance["arn"], key)])
    green = bg.cluster(name_of(made["Target"]))
    assert (green["StorageEncryptionType"], green["KmsKeyId"]) == ("sse-kms", key)
    data.sql("insert into item values (2)")
    until(lambda: words(data.sql("select count(*) from item", at=green["Endpoint"])) == ["2"])
    bg.switch(made)
    assert len(bg.look(made)["SwitchoverDetails"]) == 2
    assert bg.cluster("orders")["DbClusterResourceId"] == green["DbClusterResourceId"]
    assert bg.cluster(OLD)["DbClusterResourceId"] == data.instance["resource_id"]
    for name, cluster in ("orders-instance-1", "orders"), ("orders-instance-1-old1", OLD):
        assert bg.instance(name)["DBClusterIdentifier"] == cluster
        assert [m["DBInstanceIdentifier"] for m in bg.cluster(cluster)["DBClusterMembers"]] == [name]
    writer = bg.instance("orders-instance-1")["Endpoint"]["Address"]
    for at in data.instance["host"], writer:
        assert words(data.sql("select count(*) from item", at=at)) == ["2"]
        assert data.write(at) is True
    assert data.write(bg.cluster(OLD)["Endpoint"]) is False


def test_stale_reads_during_a_switchover(account, bg):
    made = bg.create(account.instance("orders")["arn"])
    account.control("POST", "transitions", account=account.id, switching=1)
    operation = "DescribeBlueGreenDeployments"
    account.rules({"service": "rds", "operation": operation, "fault": "stale", "writes": "Switchover.*", "times": 1})
    bg.switch(made)
    assert [bg.look(made)["Status"] for _ in range(3)] == ["AVAILABLE", "SWITCHOVER_IN_PROGRESS", "SWITCHOVER_COMPLETED"]


def test_switchover_that_fails_is_undone(account, bg):
    data = Data(account)
    made = bg.create(data.instance["arn"])
    failing = {"account": account.id, "deployment": made["BlueGreenDeploymentIdentifier"], "details": "too much lag"}
    account.control("POST", "switchovers", **failing)
    account.control("POST", "transitions", account=account.id, switching=1)
    bg.switch(made)
    assert data.write(data.instance["host"]) is False, "blue takes no writes meanwhile"
    bg.look(made)
    shown = bg.look(made)
    assert (shown["Status"], shown["StatusDetails"]) == ("SWITCHOVER_FAILED", "too much lag")
    assert bg.instance("orders")["DbiResourceId"] == data.instance["resource_id"]
    assert data.write(data.instance["host"]) is True
    with pytest.raises(ValueError, match="there is no blue/green deployment none"):
        account.control("POST", "switchovers", **failing | {"deployment": "none"})


def test_deployments_are_deleted_with_green_or_without(account, bg):
    data = Data(account)
    data.sql("create table item (id int)")
    slots = "select count(*) from pg_replication_slots"
    made = bg.create(data.instance["arn"])
    assert data.sql(slots) == "1", "the log is kept for green"
    bg.delete(made, DeleteTarget=True)
    refused("DBInstanceNotFound", bg.instance, name_of(made["Target"]))
    assert data.sql(slots) == "0"
    made = bg.create(data.instance["arn"])
    bg.delete(made)
    green = bg.instance(name_of(made["Target"]))["Endpoint"]["Address"]
    data.sql("insert into item values (1)")
    assert data.write(green) is True and data.sql("select count(*) from item", at=green) == "0"
    assert data.sql(slots) == "0"


def test_a_switchover_that_is_undone_can_be_tried_again(account, bg):
    made = bg.create(account.instance("orders")["arn"])
    failing = {"account": account.id, "deployment": made["BlueGreenDeploymentIdentifier"], "details": "too much lag"}
    account.control("POST", "switchovers", **failing, status="AVAILABLE")
    bg.switch(made)
    assert bg.look(made)["Status"] == "AVAILABLE"
    bg.switch(made)
    assert bg.look(made)["Status"] == "SWITCHOVER_COMPLETED"


def test_protected_green_is_not_deleted(account, bg):
    blue = Rds(account).instance(DeletionProtection=True)
    made = bg.create(blue["DBInstanceArn"])
    refused("InvalidParameterCombination", bg.delete, made, DeleteTarget=True)
    green = name_of(made["Target"])
    bg.rds.modify_db_instance(DBInstanceIdentifier=green, DeletionProtection=False, ApplyImmediately=True)
    bg.delete(made, DeleteTarget=True)
    refused("DBInstanceNotFound", bg.instance, green)


def test_permissions_beside_those_of_the_operation(account, bg):
    blue = account.instance("orders")["arn"]
    role = account.role(policies={"all": allow("rds:*BlueGreenDeployment*", "*")})
    limited = Deployments(account)
    limited.rds = account.client("rds", account.session(role))
    refused("AccessDenied", limited.create, blue)
    made = bg.create(blue)
    refused("AccessDenied", limited.switch, made)
    refused("AccessDenied", limited.delete, made, DeleteTarget=True)
    assert limited.delete(made)["Status"] == "DELETING", "green is kept"


def test_tags_of_a_deployment(account, bg):
    made = bg.create(account.instance("orders")["arn"], Tags=[{"Key": "team", "Value": "a"}])
    arn = account.instance("other")["arn"].replace("db:other", f"deployment:{made['BlueGreenDeploymentIdentifier']}")
    bg.rds.add_tags_to_resource(ResourceName=arn, Tags=[{"Key": "owner", "Value": "b"}])
    bg.rds.remove_tags_from_resource(ResourceName=arn, TagKeys=["team"])
    assert bg.look(made)["TagList"] == [{"Key": "owner", "Value": "b"}]
    assert bg.rds.list_tags_for_resource(ResourceName=arn)["TagList"] == [{"Key": "owner", "Value": "b"}]
    refused("BlueGreenDeploymentNotFoundFault", bg.rds.list_tags_for_resource, ResourceName=arn + "x")


def test_members_that_are_gone(account, bg):
    made = bg.create(account.instance("orders")["arn"])
    bg.rds.delete_db_instance(DBInstanceIdentifier=name_of(made["Target"]), SkipFinalSnapshot=True)
    shown = bg.look(made)
    assert shown["Status"] == "INVALID_CONFIGURATION"
    assert [d["Status"] for d in shown["SwitchoverDetails"]] == ["MISSING_TARGET"]
    refused("InvalidBlueGreenDeploymentStateFault", bg.switch, made)
    assert bg.delete(made, DeleteTarget=True)["Status"] == "DELETING"


def test_members_of_a_renamed_cluster(account, bg):
    account.control("POST", "clusters", account=account.id, identifier="orders", members=1)
    names = {"DBClusterIdentifier": "orders", "NewDBClusterIdentifier": "renamed", "ApplyImmediately": True}
    bg.rds.modify_db_cluster(**names)
    assert [m["DBInstanceIdentifier"] for m in bg.cluster("renamed")["DBClusterMembers"]] == ["orders-instance-1"]
    assert bg.instance("orders-instance-1")["DBClusterIdentifier"] == "renamed"
