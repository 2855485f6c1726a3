"""RDS: how parameters come into force in instances, Aurora clusters and Multi-AZ DB clusters."""

import pytest

from .conftest import refused

STATIC, DYNAMIC = "rds.logical_replication", "rds.iam_auth_for_replication"


class Rds:
    """An account's RDS with a parameter group `tuned` that has no value yet."""

    def __init__(self, account, kind="instance", family="postgres15"):
        self.account, self.api, self.kind = account, account.client("rds"), kind
        self.control("parameter-groups", name="tuned", family=family)

    def control(self, path, **more):
        return self.account.control("POST", path, **{"account": self.account.id, "kind": self.kind, **more})

    def seed(self, kind="instance", identifier="orders", **more):
        wanted = {"account": self.account.id, "identifier": identifier, **more}
        return self.account.control("POST", f"{kind}s", **wanted)

    def set(self, name, value, method):
        parameters = [{"ParameterName": name, "ParameterValue": value, "ApplyMethod": method}]
        if self.kind == "cluster":
            self.api.modify_db_cluster_parameter_group(DBClusterParameterGroupName="tuned", Parameters=parameters)
        else:
            self.api.modify_db_parameter_group(DBParameterGroupName="tuned", Parameters=parameters)

    def instance(self, name="orders"):
        return self.api.describe_db_instances(DBInstanceIdentifier=name)["DBInstances"][0]

    def cluster(self, name="orders"):
        return self.api.describe_db_clusters(DBClusterIdentifier=name)["DBClusters"][0]

    def observe(self, name="orders"):
        """Status, group and status of the parameters of an instance."""
        found = self.instance(name)
        (group,) = found["DBParameterGroups"]
        return found["DBInstanceStatus"], group["DBParameterGroupName"], group["ParameterApplyStatus"]

    def members(self, name="orders"):
        """Status of the cluster and status of the cluster's parameters in each member."""
        found = self.cluster(name)
        return found["Status"], [m["DBClusterParameterGroupStatus"] for m in found["DBClusterMembers"]]

    def effective(self, identifier="orders", kind=None):
        wanted = {"account": self.account.id, "kind": kind or self.kind, "identifier": identifier}
        return self.account.control("GET", "parameters", **wanted)["effective"]


def test_default_group_of_an_instance(account):
    rds = Rds(account)
    for name, engine in (("pg", "postgres"), ("my", "mysql"), ("maria", "mariadb"), ("ora", "oracle-ee")):
        version = {"version": "19.0.0"} if engine == "oracle-ee" else {}
        rds.seed(identifier=name, engine=engine, iam=False, **version)
    shown = [rds.observe(name)[1] for name in ("pg", "my", "maria", "ora")]
    assert shown == ["default.postgres15", "default.mysql8.0", "default.mariadb10.11", "default.oracle-ee-19"]


@pytest.mark.parametrize(
    "engine, group",
    [
        *(("aurora-postgresql", "default.aurora-postgresql15"), ("aurora-mysql", "default.aurora-mysql8.0")),
        *(("postgres", "default.postgres15"), ("mysql", "default.mysql8.0")),
    ],
)
def test_default_group_of_a_cluster(account, engine, group):
    rds = Rds(account)
    rds.seed("cluster", engine=engine)
    found = rds.cluster()
    assert found["DBClusterParameterGroup"] == group and found["Status"] == "available"
    assert "ScalingConfigurationInfo" not in found


def test_dynamic_change_is_applied_after_some_looks(account):
    rds = Rds(account)
    rds.seed(parameter_group="tuned")
    assert rds.observe() == ("available", "tuned", "in-sync")
    rds.set(DYNAMIC, "1", "immediate")
    assert [rds.observe()[2] for _ in range(2)] == ["applying", "applying"]
    assert rds.observe()[2] == "in-sync" and rds.effective() == {DYNAMIC: "1"}


def test_dynamic_change_is_not_in_force_while_it_is_applied(account):
    rds = Rds(account)
    rds.seed(parameter_group="tuned")
    account.control("POST", "transitions", account=account.id, applying=1)
    rds.set(DYNAMIC, "1", "immediate")
    assert rds.effective() == {}
    assert rds.observe()[2] == "applying"
    assert rds.effective() == {DYNAMIC: "1"}


def test_status_lags_behind_a_change(account):
    rds = Rds(account)
    rds.seed(parameter_group="tuned")
    account.control("POST", "transitions", account=account.id, lagging=2, applying=1)
    rds.set(STATIC, "1", "pending-reboot")
    assert [rds.observe()[2] for _ in range(3)] == ["in-sync", "in-sync", "pending-reboot"]
    rds.set(DYNAMIC, "1", "immediate")
    assert [rds.observe()[2] for _ in range(4)] == [*2 * ["pending-reboot"], "applying", "pending-reboot"]
    assert rds.effective() == {DYNAMIC: "1"}


def test_dynamic_change_may_wait_for_a_reboot(account):
    rds = Rds(account)
    rds.seed(parameter_group="tuned")
    rds.set(DYNAMIC, "1", "pending-reboot")
    assert rds.observe()[2] == "pending-reboot" and rds.effective() == {}


def test_static_change_waits_for_a_reboot(account):
    rds = Rds(account)
    rds.seed(parameter_group="tuned")
    rds.set(STATIC, "1", "pending-reboot")
    assert [rds.observe() for _ in range(4)] == 4 * [("available", "tuned", "pending-reboot")]
    assert rds.effective() == {}
    answer = rds.api.reboot_db_instance(DBInstanceIdentifier="orders")["DBInstance"]
    assert answer["DBInstanceStatus"] == "rebooting"
    looks = [rds.observe() for _ in range(3)]
    assert [status for status, _, _ in looks] == ["rebooting", "rebooting", "available"]
    assert looks[2] == ("available", "tuned", "in-sync") and rds.effective() == {STATIC: "1"}


def test_reboot_that_begins_late(account):
    rds, who = Rds(account), {"DBInstanceIdentifier": "orders"}
    rds.seed(parameter_group="tuned")
    rds.set(STATIC, "1", "pending-reboot")
    account.control("POST", "transitions", account=account.id, queued=2, rebooting=1)
    assert rds.api.reboot_db_instance(**who)["DBInstance"]["DBInstanceStatus"] == "available"
    refused("InvalidDBInstanceState", rds.api.reboot_db_instance, **who)
    looks = [rds.observe()[::2] for _ in range(4)]
    assert looks[:2] == 2 * [("available", "pending-reboot")]
    assert looks[2:] == [("rebooting", "pending-reboot"), ("available", "in-sync")]


def test_failing_over_applies_nothing(account):
    rds = Rds(account)
    account.control("POST", "transitions", account=account.id, rebooting=0)
    rds.seed(parameter_group="tuned")
    rds.set(STATIC, "1", "pending-reboot")
    failover = {"DBInstanceIdentifier": "orders", "ForceFailover": True}
    refused("InvalidParameterCombination", rds.api.reboot_db_instance, **failover)
    rds.api.modify_db_instance(DBInstanceIdentifier="orders", MultiAZ=True, ApplyImmediately=True)
    rds.api.reboot_db_instance(**failover)
    assert rds.observe()[2] == "pending-reboot"


def test_same_value_again_is_no_change(account):
    rds = Rds(account)
    account.control("POST", "parameters", account=account.id, group="tuned", values={STATIC: "1"})
    rds.seed(parameter_group="tuned")
    rds.set(STATIC, "1", "pending-reboot")
    assert rds.observe()[2] == "in-sync"


def test_reset_takes_the_way_of_a_change(account):
    rds = Rds(account)
    account.control("POST", "parameters", account=account.id, group="tuned", values={STATIC: "1", DYNAMIC: "1"})
    rds.seed(parameter_group="tuned")
    rds.api.reset_db_parameter_group(DBParameterGroupName="tuned", ResetAllParameters=True)
    assert [rds.observe()[2] for _ in range(3)] == ["applying", "applying", "pending-reboot"]
    assert rds.effective() == {STATIC: "1"}


def test_shared_group_reaches_every_instance(account):
    rds = Rds(account)
    for name in ("a", "b"):
        rds.seed(identifier=name, parameter_group="tuned")
    rds.seed(identifier="c")
    rds.set(STATIC, "1", "pending-reboot")
    assert [rds.observe(name)[2] for name in "abc"] == ["pending-reboot", "pending-reboot", "in-sync"]


def test_new_group_is_named_at_once_and_waits_for_a_reboot(account):
    rds = Rds(account)
    account.control("POST", "parameters", account=account.id, group="tuned", values={DYNAMIC: "1"})
    rds.seed()
    rds.api.modify_db_instance(DBInstanceIdentifier="orders", DBParameterGroupName="tuned")
    looks = [rds.observe() for _ in range(3)]
    assert looks == [*2 * [("modifying", "tuned", "pending-reboot")], ("available", "tuned", "pending-reboot")]
    assert rds.effective() == {}
    account.control("POST", "reboot", account=account.id, identifier="orders")
    assert rds.observe() == ("available", "tuned", "in-sync") and rds.effective() == {DYNAMIC: "1"}


def test_dynamic_change_after_a_new_group_needs_no_reboot(account):
    rds = Rds(account)
    account.control("POST", "transitions", account=account.id, busy=0, applying=0)
    rds.seed()
    rds.api.modify_db_instance(DBInstanceIdentifier="orders", DBParameterGroupName="tuned")
    rds.set(DYNAMIC, "1", "immediate")
    assert rds.effective() == {DYNAMIC: "1"} and rds.observe()[2] == "pending-reboot"


@pytest.mark.parametrize("kind", ["instance", "cluster"])
def test_groups_that_do_not_fit(account, kind):
    engine = {"instance": "postgres", "cluster": "aurora-postgresql"}[kind]
    rds = Rds(account, kind, f"{engine}16")
    rds.seed(kind, engine=engine)
    modify = getattr(rds.api, f"modify_db_{kind}")
    who = {f"DB{kind.title()}Identifier": "orders"}
    group = "DBClusterParameterGroupName" if kind == "cluster" else "DBParameterGroupName"
    message = refused("InvalidParameterCombination", modify, **who, **{group: "tuned"})
    assert f"DBParameterGroupFamily {engine}15" in message
    absent = "DBClusterParameterGroupNotFound" if kind == "cluster" else "DBParameterGroupNotFound"
    refused(absent, modify, **who, **{group: "none"})
    create = {"Engine": engine, "MasterUsername": "pgadmin", "MasterUserPassword": "long-enough", group: "tuned"}
    create |= {"EngineVersion": "15.14"} | ({"DBInstanceClass": "db.t4g.micro"} if kind == "instance" else {})
    refused(
        "InvalidParameterCombination", getattr(rds.api, f"create_db_{kind}"), **create, **{next(iter(who)): "new"}
    )


@pytest.mark.parametrize("kind", ["instance", "cluster"])
def test_group_in_use_stays(account, kind):
    rds = Rds(account, kind, "postgres15" if kind == "instance" else "aurora-postgresql15")
    rds.seed(kind, parameter_group="tuned")
    verb = "delete_db_cluster_parameter_group" if kind == "cluster" else "delete_db_parameter_group"
    key = "DBClusterParameterGroupName" if kind == "cluster" else "DBParameterGroupName"
    message = refused("InvalidDBParameterGroupState", getattr(rds.api, verb), **{key: "tuned"})
    assert message.startswith(f"One or more database {kind}s are still members of this parameter group tuned")


def test_static_change_of_an_aurora_cluster(account):
    rds = Rds(account, "cluster", "aurora-postgresql15")
    rds.seed("cluster", parameter_group="tuned", members=2)
    assert rds.members() == ("available", ["in-sync", "in-sync"])
    rds.set(STATIC, "1", "pending-reboot")
    assert rds.members() == ("available", ["pending-reboot", "pending-reboot"])
    assert rds.observe("orders-instance-1")[2] == "in-sync", "the instance's own group has not changed"
    refused("InvalidParameterCombination", rds.api.reboot_db_cluster, DBClusterIdentifier="orders")
    account.control("POST", "transitions", account=account.id, rebooting=0)
    rds.api.reboot_db_instance(DBInstanceIdentifier="orders-instance-1")
    assert rds.members() == ("available", ["in-sync", "pending-reboot"])
    assert rds.effective() == {STATIC: "1"}, "the writer's"
    assert rds.effective("orders-instance-2", "instance") == {}


def test_dynamic_change_of_an_aurora_cluster(account):
    rds = Rds(account, "cluster", "aurora-postgresql15")
    rds.seed("cluster", parameter_group="tuned", members=1)
    rds.set(DYNAMIC, "1", "immediate")
    looks = [rds.members() for _ in range(3)]
    assert looks == [*2 * [("available", ["applying"])], ("available", ["in-sync"])]
    assert rds.effective() == {DYNAMIC: "1"}


def test_new_group_of_a_cluster(account):
    rds = Rds(account, "cluster", "aurora-postgresql15")
    rds.seed("cluster", members=1)
    rds.api.modify_db_cluster(DBClusterIdentifier="orders", DBClusterParameterGroupName="tuned")
    assert rds.cluster()["DBClusterParameterGroup"] == "tuned"
    looks = [rds.members() for _ in range(2)]
    assert looks == [("modifying", ["pending-reboot"]), ("available", ["pending-reboot"])]


def test_own_group_of_a_member_goes_before_its_clusters(account):
    rds = Rds(account, "instance", "aurora-postgresql15")
    wanted = {"account": account.id, "name": "whole", "family": "aurora-postgresql15", "kind": "cluster"}
    account.control("POST", "parameter-groups", **wanted, values={"statement_timeout": 1, "lock_timeout": 1})
    account.control("POST", "parameters", account=account.id, group="tuned", values={"statement_timeout": 2})
    rds.seed("cluster", identifier="whole", parameter_group="whole")
    rds.seed(identifier="part", engine="aurora-postgresql", cluster="whole", parameter_group="tuned")
    assert rds.effective("part") == {"statement_timeout": "2", "lock_timeout": "1"}


def test_multi_az_cluster(account):
    rds = Rds(account, "cluster")
    made = rds.seed("cluster", engine="postgres", parameter_group="tuned", version="15.14")
    assert made["members"] == [f"orders-instance-{n}" for n in (1, 2, 3)]
    found = rds.cluster()
    assert found["MultiAZ"] and [m["IsClusterWriter"] for m in found["DBClusterMembers"]] == [True, False, False]
    rds.set(STATIC, "1", "pending-reboot")
    assert rds.members() == ("available", 3 * ["pending-reboot"])
    answer = rds.api.reboot_db_cluster(DBClusterIdentifier="orders")["DBCluster"]
    assert answer["Status"] == "rebooting" and rds.observe("orders-instance-2")[0] == "rebooting"
    refused("InvalidDBClusterStateFault", rds.api.reboot_db_cluster, DBClusterIdentifier="orders")
    looks = [rds.members() for _ in range(3)]
    assert looks[:2] == 2 * [("rebooting", 3 * ["pending-reboot"])]
    assert looks[2] == ("available", 3 * ["in-sync"]) and rds.effective() == {STATIC: "1"}


def test_iam_authentication_of_a_multi_az_cluster(account):
    rds = Rds(account)
    rds.seed("cluster", engine="postgres", iam=False)
    account.control("POST", "transitions", account=account.id, busy=1)
    who = {"DBClusterIdentifier": "orders"}
    changed = rds.api.modify_db_cluster(**who, EnableIAMDatabaseAuthentication=True, ApplyImmediately=True)["DBCluster"]
    assert changed["Status"] == "configuring-iam-database-auth"
    assert rds.cluster()["PendingModifiedValues"] == {"IAMDatabaseAuthenticationEnabled": True}
    assert rds.cluster()["IAMDatabaseAuthenticationEnabled"] is True
    assert rds.instance("orders-instance-3")["IAMDatabaseAuthenticationEnabled"] is True


def test_members_of_a_multi_az_cluster_are_its_own(account):
    rds = Rds(account)
    rds.seed("cluster", engine="postgres")
    member = {"DBInstanceIdentifier": "orders-instance-1"}
    refused("InvalidParameterCombination", rds.api.modify_db_instance, **member, DBParameterGroupName="tuned")
    message = refused(
        "InvalidParameterCombination", rds.api.modify_db_instance, **member, EnableIAMDatabaseAuthentication=False
    )
    assert message == (
        "The specified DB Instance is a member of a cluster. Modify IAM database authentication for the DB Cluster "
        "using the ModifyDbCluster API"
    )
    refused("InvalidParameterCombination", rds.api.delete_db_instance, **member, SkipFinalSnapshot=True)
    new = {"DBInstanceIdentifier": "more", "DBInstanceClass": "db.m6gd.large", "Engine": "postgres"}
    refused("InvalidParameterCombination", rds.api.create_db_instance, **new, DBClusterIdentifier="orders")


def test_multi_az_cluster_is_made_and_deleted_with_its_members(account):
    rds = Rds(account, "cluster")
    wanted = {
        **{"DBClusterIdentifier": "orders", "Engine": "postgres", "EngineVersion": "15.14", "StorageType": "gp3"},
        **{"MasterUsername": "pgadmin", "MasterUserPassword": "long-enough", "EnableIAMDatabaseAuthentication": True},
        **{"DBClusterInstanceClass": "db.m6gd.large", "AllocatedStorage": 100},
    }
    for missing in ("DBClusterInstanceClass", "AllocatedStorage", "StorageType"):
        fewer = {name: value for name, value in wanted.items() if name != missing}
        refused("InvalidParameterCombination", rds.api.create_db_cluster, **fewer)
    refused("InvalidParameterCombination", rds.api.create_db_cluster, **wanted | {"EngineVersion": "12.22"})
    made = rds.api.create_db_cluster(**wanted, DBClusterParameterGroupName="tuned")["DBCluster"]
    assert (made["Status"], made["DBClusterParameterGroup"], made["AllocatedStorage"]) == ("creating", "tuned", 100)
    assert len(made["DBClusterMembers"]) == 3
    assert rds.observe("orders-instance-1") == ("creating", "default.postgres15", "in-sync")
    assert rds.instance("orders-instance-2")["DBInstanceClass"] == "db.m6gd.large"
    rds.api.delete_db_cluster(DBClusterIdentifier="orders", SkipFinalSnapshot=True)
    refused("DBInstanceNotFound", rds.api.describe_db_instances, DBInstanceIdentifier="orders-instance-1")


def test_class_of_an_aurora_cluster_is_its_members(account):
    refused(
        "InvalidParameterCombination",
        account.client("rds").create_db_cluster,
        **{"DBClusterIdentifier": "orders", "Engine": "aurora-postgresql", "MasterUsername": "pgadmin"},
        **{"MasterUserPassword": "long-enough", "DBClusterInstanceClass": "db.m6gd.large"},
    )


def test_restored_copy_has_a_default_group(account):
    rds = Rds(account)
    rds.seed(parameter_group="tuned")
    account.control("POST", "transitions", account=account.id, busy=0)
    rds.api.create_db_snapshot(DBInstanceIdentifier="orders", DBSnapshotIdentifier="before")
    restore = rds.api.restore_db_instance_from_db_snapshot
    for name, group in (("plain", {}), ("asked", {"DBParameterGroupName": "tuned"})):
        restore(DBInstanceIdentifier=name, DBSnapshotIdentifier="before", **group)
    assert [rds.observe(name)[1] for name in ("plain", "asked")] == ["default.postgres15", "tuned"]
    more = {"DBInstanceIdentifier": "more", "DBSnapshotIdentifier": "before", "DBParameterGroupName": "none"}
    refused("DBParameterGroupNotFound", restore, **more)
