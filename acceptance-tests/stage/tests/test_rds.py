"""RDS: identifiers, endpoints, and an IAM flag that takes its time."""

import re

import pytest

from .conftest import refused

KINDS = ["instance", "cluster"]


class Database:
    """An instance or cluster seen through the API."""

    def __init__(self, account, kind, iam=False):
        self.rds, self.kind = account.client("rds"), kind
        self.who = {f"DB{kind.title()}Identifier": "orders"}
        account.control("POST", f"{kind}s", account=account.id, identifier="orders", iam=iam)

    def modify(self, **more):
        return getattr(self.rds, f"modify_db_{self.kind}")(**self.who, **more)[f"DB{self.kind.title()}"]

    def describe(self):
        return getattr(self.rds, f"describe_db_{self.kind}s")(**self.who)[f"DB{self.kind.title()}s"][0]

    def observe(self):
        """Status, flag and pending flag."""
        return state(self.describe())


def state(found):
    status = found.get("DBInstanceStatus") or found["Status"]
    pending = found.get("PendingModifiedValues", {}).get("IAMDatabaseAuthenticationEnabled")
    return status, found["IAMDatabaseAuthenticationEnabled"], pending


@pytest.mark.parametrize("kind", KINDS)
def test_change_at_once_is_busy_then_lingers_then_holds(account, kind):
    database, flag = Database(account, kind), {"EnableIAMDatabaseAuthentication": True}
    busy = ("configuring-iam-database-auth", False, True)
    assert state(database.modify(ApplyImmediately=True, **flag)) == busy
    looks = [database.observe() for _ in range(4)]
    assert looks == [busy, busy, ("available", False, True), ("available", True, None)]


def test_record_keeps_the_flag(account):
    Database(account, "instance").modify(EnableIAMDatabaseAuthentication=True)
    (call,) = account.calls(operation="ModifyDBInstance")
    assert call["parameters"] == {"DBInstanceIdentifier": "orders", "EnableIAMDatabaseAuthentication": True}


@pytest.mark.parametrize("kind", KINDS)
def test_flag_can_be_taken_away(account, kind):
    database = Database(account, kind, iam=True)
    account.control("POST", "transitions", account=account.id, busy=0)
    database.modify(ApplyImmediately=True, EnableIAMDatabaseAuthentication=False)
    assert database.observe() == ("available", False, None)


@pytest.mark.parametrize("kind", KINDS)
def test_deferred_change_waits_for_the_maintenance_window(account, kind):
    database = Database(account, kind)
    database.modify(EnableIAMDatabaseAuthentication=True)
    assert [database.observe() for _ in range(5)] == 5 * [("available", False, True)]
    account.control("POST", "maintenance", account=account.id)
    assert database.observe() == ("available", True, None)


@pytest.mark.parametrize("kind", KINDS)
def test_deferred_change_comes_with_the_next_immediate_one(account, kind):
    database = Database(account, kind)
    database.modify(EnableIAMDatabaseAuthentication=True)
    database.modify(ApplyImmediately=True, BackupRetentionPeriod=3)
    assert database.observe() == ("available", True, None)


@pytest.mark.parametrize("kind", KINDS)
def test_deferred_change_can_be_taken_back(account, kind):
    database = Database(account, kind)
    database.modify(EnableIAMDatabaseAuthentication=True)
    database.modify(EnableIAMDatabaseAuthentication=False)
    assert database.observe() == ("available", False, None)


@pytest.mark.parametrize(
    "kind, code", [("instance", "InvalidDBInstanceState"), ("cluster", "InvalidDBClusterStateFault")]
)
def test_no_second_change_while_busy(account, kind, code):
    database = Database(account, kind)
    database.modify(ApplyImmediately=True, EnableIAMDatabaseAuthentication=True)
    refused(code, database.modify, BackupRetentionPeriod=3)


@pytest.mark.parametrize("kind", KINDS)
def test_other_changes_leave_the_flag_alone(account, kind):
    database = Database(account, kind, iam=True)
    database.modify(ApplyImmediately=True, BackupRetentionPeriod=3)
    assert database.observe() == ("available", True, None)


def test_new_instance_is_creating_for_a_while(account):
    rds = account.client("rds")
    made = rds.create_db_instance(
        DBInstanceIdentifier="new",
        DBInstanceClass="db.t4g.micro",
        Engine="postgres",
        EngineVersion="15.14",
        AllocatedStorage=20,
        MasterUsername="pgadmin",
        MasterUserPassword="long-enough",
        EnableIAMDatabaseAuthentication=True,
    )["DBInstance"]
    looks = [rds.describe_db_instances(DBInstanceIdentifier="new")["DBInstances"][0] for _ in range(3)]
    assert [state(i) for i in (made, *looks)] == 3 * [("creating", True, None)] + [("available", True, None)]


def test_identifiers_are_unique_and_of_the_right_form(account, other_account):
    found = [account.instance("a"), account.instance("b"), other_account.instance("a")]
    ids = [i["resource_id"] for i in found]
    assert len(set(ids)) == 3 and all(re.fullmatch("db-[A-Z0-9]{26}", i) for i in ids)
    seen = account.client("rds").describe_db_instances(DBInstanceIdentifier="a")["DBInstances"][0]
    assert seen["DbiResourceId"] == ids[0]
    cluster = account.control("POST", "clusters", account=account.id, identifier="c")
    assert re.fullmatch("cluster-[A-Z0-9]{26}", cluster["resource_id"])
    renamed = account.client("rds").modify_db_instance(DBInstanceIdentifier="a", NewDBInstanceIdentifier="z")[
        "DBInstance"
    ]
    assert renamed["DbiResourceId"] == ids[0]
    assert renamed["Endpoint"]["Address"] == found[0]["host"].replace("a.", "z.", 1)


def test_endpoints_have_the_real_form(account):
    host = account.instance("orders")["host"]
    assert re.fullmatch(r"orders\.c[a-z0-9]{11}\.us-east-1\.rds\.amazonaws\.com", host)
    suffix = host.removeprefix("orders.")
    assert account.instance("sales")["host"] == f"sales.{suffix}", "an account has one suffix in a region"
    assert account.instance("orders", region="eu-west-1")["host"] != host
    cluster = account.control("POST", "clusters", account=account.id, identifier="au")
    assert (cluster["host"], cluster["reader_host"]) == (f"au.cluster-{suffix}", f"au.cluster-ro-{suffix}")


def test_members_take_the_flag_from_their_cluster(account):
    cluster = Database(account, "cluster", iam=True)
    account.instance("member", engine="aurora-postgresql", cluster="orders")
    found = cluster.rds.describe_db_instances(DBInstanceIdentifier="member")["DBInstances"][0]
    assert found["IAMDatabaseAuthenticationEnabled"] is True and found["DBClusterIdentifier"] == "orders"
    refused(
        "InvalidParameterCombination",
        cluster.rds.modify_db_instance,
        DBInstanceIdentifier="member",
        EnableIAMDatabaseAuthentication=False,
    )


def test_engines_without_iam_authentication(account):
    account.control(
        "POST", "instances", account=account.id, identifier="ora", engine="oracle-ee", iam=False, version="19"
    )
    rds = account.client("rds")
    refused(
        "InvalidParameterCombination",
        rds.modify_db_instance,
        DBInstanceIdentifier="ora",
        EnableIAMDatabaseAuthentication=True,
    )


def test_restored_copy_is_another_database(account):
    source, rds = account.instance("orders"), account.client("rds")
    account.control("POST", "transitions", account=account.id, busy=0)
    rds.create_db_snapshot(DBInstanceIdentifier="orders", DBSnapshotIdentifier="before")
    who = {"DBSnapshotIdentifier": "before"}
    for name, wanted in (("plain", {}), ("asked", {"EnableIAMDatabaseAuthentication": True})):
        copy = rds.restore_db_instance_from_db_snapshot(DBInstanceIdentifier=name, **who, **wanted)["DBInstance"]
        assert copy["DbiResourceId"] != source["resource_id"]
        assert copy["IAMDatabaseAuthenticationEnabled"] is bool(wanted)


def test_what_is_missing(account):
    rds = account.client("rds")
    refused("DBInstanceNotFound", rds.describe_db_instances, DBInstanceIdentifier="none")
    refused("DBInstanceNotFound", rds.modify_db_instance, DBInstanceIdentifier="none", ApplyImmediately=True)
    refused("DBClusterNotFoundFault", rds.describe_db_clusters, DBClusterIdentifier="none")
    refused("DBClusterNotFoundFault", rds.modify_db_cluster, DBClusterIdentifier="none", ApplyImmediately=True)


def test_instances_come_in_pages(account):
    for number in range(21):
        account.instance(f"i{number}", engine="mysql")
    rds = account.client("rds")
    first = rds.describe_db_instances(MaxRecords=20)
    assert len(first["DBInstances"]) == 20
    assert len(rds.describe_db_instances(Marker=first["Marker"])["DBInstances"]) == 1


def test_clusters_come_in_pages(account):
    for number in range(21):
        account.control("POST", "clusters", account=account.id, identifier=f"c{number}", engine="aurora-mysql")
    rds = account.client("rds")
    first = rds.describe_db_clusters(MaxRecords=20)
    assert len(first["DBClusters"]) == 20
    assert len(rds.describe_db_clusters(Marker=first["Marker"])["DBClusters"]) == 1
    only = rds.describe_db_clusters(Filters=[{"Name": "db-cluster-id", "Values": ["c7"]}])["DBClusters"]
    assert [c["DBClusterIdentifier"] for c in only] == ["c7"]


def test_identifiers_ignore_case_and_take_arns(account):
    made = account.instance("orders")
    rds = account.client("rds")
    for name in ("ORDERS", made["arn"]):
        assert (
            rds.describe_db_instances(DBInstanceIdentifier=name)["DBInstances"][0]["DBInstanceIdentifier"] == "orders"
        )


def test_names_change_hands_only_when_they_are_free(account):
    first, second = account.instance("orders"), account.instance("other")
    for name in ("a", "b"):
        account.control("POST", "clusters", account=account.id, identifier=name)
    rds = account.client("rds")

    def rename(old, new):
        names = {"DBInstanceIdentifier": old, "NewDBInstanceIdentifier": new}
        return rds.modify_db_instance(**names, ApplyImmediately=True)["DBInstance"]

    assert refused("DBInstanceAlreadyExists", rename, "orders", "OTHER") == "DB Instance already exists"
    names = {"DBClusterIdentifier": "a", "NewDBClusterIdentifier": "b", "ApplyImmediately": True}
    refused("DBClusterAlreadyExistsFault", rds.modify_db_cluster, **names)
    rename("orders", "old"), rename("other", "orders")
    ids = {i["DBInstanceIdentifier"]: i["DbiResourceId"] for i in rds.describe_db_instances()["DBInstances"]}
    assert ids == {"old": first["resource_id"], "orders": second["resource_id"]}


def test_a_rename_takes_a_while(account):
    made = account.instance("orders")
    account.control("POST", "clusters", account=account.id, identifier="ledger")
    account.instance("member", engine="aurora-postgresql", cluster="ledger")
    account.control("POST", "transitions", account=account.id, renaming=1)
    rds = account.client("rds")
    names = {"DBInstanceIdentifier": "orders", "NewDBInstanceIdentifier": "old", "ApplyImmediately": True}
    shown = rds.modify_db_instance(**names)["DBInstance"]
    assert (shown["DBInstanceIdentifier"], shown["DBInstanceStatus"]) == ("orders", "renaming")
    refused("InvalidDBInstanceState", rds.modify_db_instance, **names)

    def look():
        wanted = [{"Name": "db-instance-id", "Values": ["orders", "old"]}]
        found = rds.describe_db_instances(Filters=wanted)["DBInstances"]
        return [(i["DBInstanceIdentifier"], i["DBInstanceStatus"]) for i in found]

    assert [look() for _ in range(4)][-3:] == [[], [("old", "rebooting")], [("old", "available")]]
    assert rds.describe_db_instances(DBInstanceIdentifier="old")["DBInstances"][0]["DbiResourceId"] == made["resource_id"]
    refused("DBInstanceNotFound", rds.describe_db_instances, DBInstanceIdentifier="orders")

    rds.modify_db_cluster(DBClusterIdentifier="ledger", NewDBClusterIdentifier="books", ApplyImmediately=True)
    for _ in range(4):
        found = rds.describe_db_clusters()["DBClusters"]
    assert [(c["DBClusterIdentifier"], c["Status"]) for c in found] == [("books", "available")]
    member = rds.describe_db_instances(DBInstanceIdentifier="member")["DBInstances"][0]
    assert member["DBClusterIdentifier"] == "books"


def test_deleting_asks_for_a_decision_about_the_last_snapshot(account):
    account.instance("orders")
    rds = account.client("rds")
    refused("InvalidParameterCombination", rds.delete_db_instance, DBInstanceIdentifier="orders")
    rds.delete_db_instance(DBInstanceIdentifier="orders", SkipFinalSnapshot=True)
    refused("DBInstanceNotFound", rds.describe_db_instances, DBInstanceIdentifier="orders")
