"""RDS: what can be done to a database in which status, versions, logs, and IAM authentication that some lack."""

import pytest

from .conftest import refused

FLAG = {"EnableIAMDatabaseAuthentication": True}


def seed(account, kind="instance", **more):
    """A database `orders`."""
    return account.control("POST", f"{kind}s", account=account.id, identifier="orders", **more)


@pytest.mark.parametrize(
    "status", ["stopped", "starting", "failed", "inaccessible-encryption-credentials", "backing-up", "upgrading"]
)
def test_statuses_that_allow_no_change(account, status):
    seed(account, iam=False, status=status)
    seed(account, "cluster", iam=False, status=status)
    rds = account.client("rds")
    assert rds.describe_db_instances()["DBInstances"][0]["DBInstanceStatus"] == status
    assert rds.describe_db_clusters()["DBClusters"][0]["Status"] == status
    message = refused("InvalidDBInstanceState", rds.modify_db_instance, DBInstanceIdentifier="orders", **FLAG)
    assert message == "Database instance is not in available state."
    message = refused("InvalidDBClusterStateFault", rds.modify_db_cluster, DBClusterIdentifier="orders", **FLAG)
    assert message == f"Db Cluster is not available for modification with status {status}"
    refused("InvalidDBInstanceState", rds.reboot_db_instance, DBInstanceIdentifier="orders")


def test_optimizing_storage_allows_a_change(account):
    seed(account, iam=False, status="storage-optimization")
    account.control("POST", "transitions", account=account.id, busy=1)
    rds, who = account.client("rds"), {"DBInstanceIdentifier": "orders"}
    changed = rds.modify_db_instance(**who, **FLAG, ApplyImmediately=True)["DBInstance"]
    assert changed["DBInstanceStatus"] == "configuring-iam-database-auth"
    rds.describe_db_instances(**who)
    found = rds.describe_db_instances(**who)["DBInstances"][0]
    assert found["DBInstanceStatus"] == "storage-optimization" and found["IAMDatabaseAuthenticationEnabled"]


def test_status_for_some_looks(account):
    seed(account)
    account.control("POST", "status", account=account.id, identifier="orders", status="backing-up", looks=2)
    rds = account.client("rds")
    looks = [rds.describe_db_instances()["DBInstances"][0]["DBInstanceStatus"] for _ in range(3)]
    assert looks == ["backing-up", "backing-up", "available"]
    account.control("POST", "status", account=account.id, identifier="orders", status="failed")
    assert rds.describe_db_instances()["DBInstances"][0]["DBInstanceStatus"] == "failed"
    with pytest.raises(ValueError, match="there is no cluster orders"):
        account.control("POST", "status", account=account.id, identifier="orders", status="failed", kind="cluster")


@pytest.mark.parametrize("kind", ["instance", "cluster"])
def test_stopping_and_starting_take_a_while(account, kind):
    seed(account, kind)
    rds, who = account.client("rds"), {f"DB{kind.title()}Identifier": "orders"}

    def status(found):
        return found.get("DBInstanceStatus") or found["Status"]

    for verb, under_way, done in (("stop", "stopping", "stopped"), ("start", "starting", "available")):
        answer = getattr(rds, f"{verb}_db_{kind}")(**who)[f"DB{kind.title()}"]
        look = getattr(rds, f"describe_db_{kind}s")
        looks = [status(look(**who)[f"DB{kind.title()}s"][0]) for _ in range(3)]
        assert [status(answer), *looks] == [under_way, under_way, under_way, done]


@pytest.mark.parametrize(
    "more",
    [
        {"engine": "oracle-ee", "version": "19.0.0"},
        {"engine": "mysql", "version": "5.6.51"},
        {"engine": "mariadb", "version": "10.5.20"},
    ],
)
def test_instances_without_iam_authentication(account, more):
    seed(account, iam=False, **more)
    modify = account.client("rds").modify_db_instance
    message = refused("InvalidParameterCombination", modify, DBInstanceIdentifier="orders", **FLAG)
    assert message == "IAM Database Authentication is not supported for this configuration."


def test_small_members_of_aurora_mysql_have_no_iam_authentication(account):
    seed(account, "cluster", engine="aurora-mysql", iam=False, members=1, instance_class="db.t3.small")
    modify = account.client("rds").modify_db_cluster
    refused("InvalidParameterCombination", modify, DBClusterIdentifier="orders", **FLAG)


@pytest.mark.parametrize(
    "engine, kind, types",
    [
        *(("postgres", "instance", ["iam-db-auth-error", "postgresql"]), ("mysql", "instance", ["error", "slowquery"])),
        ("aurora-postgresql", "cluster", ["iam-db-auth-error", "postgresql"]),
    ],
)
def test_logs_that_go_to_cloudwatch(account, engine, kind, types):
    seed(account, kind, engine=engine)
    rds, who = account.client("rds"), {f"DB{kind.title()}Identifier": "orders"}

    def modify(**change):
        call = getattr(rds, f"modify_db_{kind}")
        return call(**who, CloudwatchLogsExportConfiguration=change)[f"DB{kind.title()}"]

    assert modify(EnableLogTypes=types)["EnabledCloudwatchLogsExports"] == types
    assert modify(EnableLogTypes=types[:1])["EnabledCloudwatchLogsExports"] == types
    assert modify(DisableLogTypes=types[:1])["EnabledCloudwatchLogsExports"] == types[1:]
    found = getattr(rds, f"describe_db_{kind}s")(**who)[f"DB{kind.title()}s"][0]
    assert found["EnabledCloudwatchLogsExports"] == types[1:]
    message = refused("InvalidParameterCombination", modify, EnableLogTypes=["alert"])
    assert message.startswith(f"You cannot use the log types 'alert' with engine version {engine} ")


def new(account, **more):
    """Parameters of a new instance."""
    wanted = {"DBInstanceIdentifier": "new", "DBInstanceClass": "db.t4g.micro", "Engine": "postgres"}
    return wanted | {"AllocatedStorage": 20, "MasterUsername": "pgadmin", "MasterUserPassword": "long-enough"} | more


@pytest.mark.parametrize("asked, taken", [("16.4", "16.4"), ("16", "16.14"), (None, "15.14")])
def test_version_of_a_new_instance(account, asked, taken):
    wanted = new(account, **({"EngineVersion": asked} if asked else {}))
    made = account.client("rds").create_db_instance(**wanted)["DBInstance"]
    assert made["EngineVersion"] == taken
    assert made["DBParameterGroups"][0]["DBParameterGroupName"] == f"default.postgres{taken[:2]}"


def test_new_instances_that_are_refused(account):
    create = account.client("rds").create_db_instance
    message = refused("InvalidParameterCombination", create, **new(account, EngineVersion="15.99"))
    assert message == "Cannot find version 15.99 for postgres"
    refused("InvalidParameterValue", create, **new(account, MasterUserPassword="short"))


@pytest.mark.parametrize("kind, engine", [("instance", "postgres"), ("cluster", "aurora-postgresql")])
def test_upgrades(account, kind, engine):
    seed(account, kind, engine=engine, version="15.14")
    modify, who = getattr(account.client("rds"), f"modify_db_{kind}"), {f"DB{kind.title()}Identifier": "orders"}
    for version in ("15.13", "14.18", "15.99"):
        message = refused("InvalidParameterCombination", modify, **who, EngineVersion=version)
        assert message == f"Cannot upgrade {engine} from 15.14 to {version}"
    refused("InvalidParameterCombination", modify, **who, EngineVersion="16.9")
    wanted = {"EngineVersion": "16.9", "AllowMajorVersionUpgrade": True, "ApplyImmediately": True}
    assert modify(**who, **wanted)[f"DB{kind.title()}"]["EngineVersion"] == "16.9"


def test_versions_of_an_engine(account):
    rds = account.client("rds")

    def versions(**wanted):
        return rds.describe_db_engine_versions(**wanted)["DBEngineVersions"]

    (found,) = versions(Engine="postgres", EngineVersion="16.4")
    assert (found["DBParameterGroupFamily"], found["MajorEngineVersion"]) == ("postgres16", "16")
    assert "iam-db-auth-error" in found["ExportableLogTypes"]
    assert {"EngineVersion": "17.4", "IsMajorVersionUpgrade": True}.items() <= found["ValidUpgradeTarget"][-7].items()
    assert versions(Engine="postgres", EngineVersion="99") == []
    assert {v["DBParameterGroupFamily"] for v in versions(Engine="mysql", EngineVersion="8.4")} == {"mysql8.4"}
    assert {v["Engine"] for v in versions(DBParameterGroupFamily="aurora-mysql8.0")} == {"aurora-mysql"}
    (limitless,) = versions(Engine="aurora-postgresql", EngineVersion="16.4-limitless")
    assert limitless["SupportsLimitlessDatabase"] is True
    assert [v["EngineVersion"] for v in versions(Engine="mysql", DefaultOnly=True)] == ["8.0.43"]
    first = rds.describe_db_engine_versions(Engine="postgres")
    assert len(first["DBEngineVersions"]) == 100 and versions(Engine="postgres", Marker=first["Marker"])
    refused("InvalidParameterValue", versions, Engine="dbase")


@pytest.mark.parametrize(
    "engine, version, name, supported",
    [
        *(("postgres", "16.4", "db.t4g.micro", True), ("mariadb", "10.11.6", "db.t3.micro", True)),
        *(("aurora-mysql", "8.0.mysql_aurora.3.10.0", c, c != "db.t3.small") for c in ("db.t3.small", "db.r6g.large")),
        ("oracle-ee", None, "db.m5.large", False),
    ],
)
def test_what_can_be_ordered(account, engine, version, name, supported):
    wanted = {"Engine": engine, "DBInstanceClass": name} | ({"EngineVersion": version} if version else {})
    wanted["MaxRecords"] = 1000
    found = account.client("rds").describe_orderable_db_instance_options(**wanted)["OrderableDBInstanceOptions"]
    assert {o["SupportsIAMDatabaseAuthentication"] for o in found} == {supported}
    nothing = account.client("rds").describe_orderable_db_instance_options(**wanted | {"DBInstanceClass": "db.x"})
    assert nothing["OrderableDBInstanceOptions"] == []
