"""RDS: DB instances restored from a snapshot: what they show at first, and what they have lost."""

import json

import pytest

from .conftest import refused
from .test_rds_snapshots import MASTER, Rds

#: Settings of a source, none of which is the default.
SETTINGS = {
    "MultiAZ": True,
    "PubliclyAccessible": False,
    "DeletionProtection": True,
    "CopyTagsToSnapshot": True,
    "AutoMinorVersionUpgrade": False,
    "CACertificateIdentifier": "rds-ca-rsa4096-g1",
    "EnableIAMDatabaseAuthentication": True,
    "EnableCloudwatchLogsExports": ["postgresql"],
    "BackupRetentionPeriod": 7,
    "PreferredBackupWindow": "23:10-23:40",
    "PreferredMaintenanceWindow": "sun:05:05-sun:05:35",
    "MonitoringInterval": 60,
    "MonitoringRoleArn": "arn:aws:iam::111122223333:role/monitoring",
    "EnablePerformanceInsights": True,
    "PerformanceInsightsRetentionPeriod": 731,
    "DatabaseInsightsMode": "advanced",
    "EngineLifecycleSupport": "open-source-rds-extended-support-disabled",
    "NetworkType": "DUAL",
    "StorageType": "io1",
    "Iops": 1000,
    "AllocatedStorage": 100,
    "MaxAllocatedStorage": 200,
    "Port": 5433,
    "VpcSecurityGroupIds": ["sg-0123456789abcdef0"],
    "DBParameterGroupName": "strict",
    "EngineVersion": "15.10",
    "DBInstanceClass": "db.m6g.large",
}
SHOWN = {"EnableIAMDatabaseAuthentication": "IAMDatabaseAuthenticationEnabled"}
SHOWN |= {"EnableCloudwatchLogsExports": "EnabledCloudwatchLogsExports"}
SHOWN |= {"EnablePerformanceInsights": "PerformanceInsightsEnabled"}


@pytest.fixture
def rds(account):
    return Rds(account)


def shown(instance):
    """The settings that an instance shows, by the parameters that set them; None for what it does not show."""
    found = {name: instance.get(SHOWN.get(name, name)) for name in SETTINGS}
    found["Port"] = instance["Endpoint"]["Port"]
    found["VpcSecurityGroupIds"] = [group["VpcSecurityGroupId"] for group in instance["VpcSecurityGroups"]]
    found["DBParameterGroupName"] = instance["DBParameterGroups"][0]["DBParameterGroupName"]
    return found


def source(rds, **more):
    rds.account.control("POST", "parameter-groups", account=rds.account.id, name="strict", family="postgres15")
    made = rds.instance(Tags=[{"Key": "team", "Value": "a"}], **{**SETTINGS, **more})
    rds.snapshot()
    return made


def described(rds, name="restored"):
    return rds.api.describe_db_instances(DBInstanceIdentifier=name)["DBInstances"][0]


def test_settings_of_the_source_are_lost(rds):
    assert shown(source(rds)) == SETTINGS
    rds.restore()
    restored = shown(described(rds))
    kept = ("BackupRetentionPeriod", "AllocatedStorage", "Port", "EngineVersion", "DBInstanceClass")
    assert {name: restored[name] for name in kept} == {name: SETTINGS[name] for name in kept}
    kept_or_lost = {name for name in SETTINGS if restored[name] == SETTINGS[name]}
    assert kept_or_lost == set(kept), "everything else is another, or none"
    assert restored["VpcSecurityGroupIds"] and restored["DBParameterGroupName"] == "default.postgres15"
    assert (restored["StorageType"], restored["Iops"]) == ("gp3", 3000)


def test_settings_that_are_named_are_kept(rds):
    source(rds)
    later = {"EnablePerformanceInsights", "PerformanceInsightsRetentionPeriod", "DatabaseInsightsMode"}
    later |= {"MonitoringInterval", "MonitoringRoleArn", "MaxAllocatedStorage", "PreferredMaintenanceWindow"}
    never = {"EngineVersion"}
    given = {name: value for name, value in SETTINGS.items() if name not in later | never}
    rds.restore(**given)
    assert {name: value for name, value in shown(described(rds)).items() if name in given} == given
    more = {name: value for name, value in SETTINGS.items() if name in later}
    rds.api.modify_db_instance(DBInstanceIdentifier="restored", ApplyImmediately=True, **more)
    assert shown(described(rds)) == SETTINGS


def test_roles_and_replicas_are_lost(rds):
    source(rds)
    role = {"DBInstanceIdentifier": "orders", "RoleArn": "arn:aws:iam::111122223333:role/s3", "FeatureName": "s3Import"}
    rds.api.add_role_to_db_instance(**role)
    rds.api.create_db_instance_read_replica(DBInstanceIdentifier="replica", SourceDBInstanceIdentifier="orders")
    rds.snapshot("later")
    rds.restore(source="later")
    assert described(rds, "orders")["AssociatedRoles"] and described(rds, "orders")["ReadReplicaDBInstanceIdentifiers"]
    restored = described(rds)
    assert not restored.get("AssociatedRoles") and not restored.get("ReadReplicaDBInstanceIdentifiers")


def test_tags_are_those_of_the_source_or_those_of_the_call(rds):
    arn = source(rds)["DBInstanceArn"]
    rds.api.add_tags_to_resource(ResourceName=arn, Tags=[{"Key": "later", "Value": "b"}])
    rds.restore("plain"), rds.restore("tagged", Tags=[{"Key": "run", "Value": "1"}])
    assert described(rds, "plain")["TagList"] == [{"Key": "team", "Value": "a"}], "as they were in the snapshot"
    assert described(rds, "tagged")["TagList"] == [{"Key": "run", "Value": "1"}]


def test_what_an_instance_shows_while_it_is_restored(rds):
    rds.instance(StorageEncrypted=True), rds.snapshot()
    rds.busy(1)
    rds.account.control("POST", "transitions", account=rds.account.id, settling=1)
    made = rds.restore()
    assert made["DBInstanceStatus"] == "creating" and made["DbInstancePort"] == 0
    assert made["StorageEncrypted"] and made["PendingModifiedValues"] == {}
    assert [g["Status"] for g in made["OptionGroupMemberships"]] == ["pending-apply"]
    absent = {"Endpoint", "InstanceCreateTime", "AvailabilityZone", "LatestRestorableTime"}
    assert not absent & made.keys()
    looks = [described(rds) for _ in range(4)]
    assert [i["DBInstanceStatus"] for i in looks] == ["creating", "backing-up", "modifying", "available"]
    assert absent <= looks[1].keys() and not absent & looks[0].keys()
    assert looks[1]["DbInstancePort"] == looks[1]["Endpoint"]["Port"]
    assert [g["Status"] for g in looks[3]["OptionGroupMemberships"]] == ["in-sync"]


def test_changes_of_what_is_still_restored_are_refused(rds):
    rds.instance(), rds.snapshot()
    rds.account.control("POST", "transitions", account=rds.account.id, busy=1, settling=1)
    rds.restore()
    change = {"DBInstanceIdentifier": "restored", "MonitoringInterval": 0, "ApplyImmediately": True}
    for _ in ("creating", "backing-up", "modifying"):
        refused("InvalidDBInstanceState", rds.api.modify_db_instance, **change)
        described(rds)
    assert rds.api.modify_db_instance(**change)
    with pytest.raises(ValueError, match="no transition dancing"):
        rds.account.control("POST", "transitions", account=rds.account.id, dancing=1)


def test_restores_that_are_refused(rds):
    rds.instance(), rds.snapshot()
    assert refused("DBInstanceAlreadyExists", rds.restore, "orders") == "DB Instance already exists"
    message = refused("InvalidParameterValue", rds.restore, DBName="shop")
    assert message == "DBName must be null when Restoring for this Engine."
    refused("InvalidParameterCombination", rds.restore, MultiAZ=True, AvailabilityZone="us-east-1a")
    refused("InvalidParameterCombination", rds.restore, ManageMasterUserPassword=True)
    refused("InvalidParameterCombination", rds.restore, Engine="mysql")
    refused("DBParameterGroupNotFound", rds.restore, DBParameterGroupName="none")


def test_quota_of_instances(rds):
    rds.account.control("POST", "quotas", account=rds.account.id, instances=1)
    rds.instance(), rds.snapshot()
    for call in rds.restore, rds.instance:
        assert refused("InstanceQuotaExceeded", call, "second") == "DB Instance quota exceeded"


def test_restored_instance_has_the_password_of_the_snapshot_unmanaged(rds):
    made = rds.instance(ManageMasterUserPassword=True)
    rds.snapshot()
    secrets, arn = rds.account.client("secretsmanager"), made["MasterUserSecret"]["SecretArn"]
    rds.restore()
    assert "MasterUserSecret" not in described(rds)
    assert json.loads(secrets.get_secret_value(SecretId=arn)["SecretString"])["username"] == MASTER["MasterUsername"]


def test_storage_of_a_restored_instance_is_loaded_while_it_is_available(rds):
    rds.instance(), rds.snapshot()
    rds.account.control("POST", "transitions", account=rds.account.id, busy=1, loading=4)
    rds.restore()
    rds.api.create_db_instance_read_replica(DBInstanceIdentifier="replica", SourceDBInstanceIdentifier="orders")
    for name in "restored", "replica":
        looks = [described(rds, name) for _ in range(6)]
        shown = [(i.get("StorageOperationStatus"), i.get("StorageOperationPercentProgress")) for i in looks]
        assert shown == [(None, None), *(("Initializing", percent) for percent in (0, 25, 50, 75)), (None, None)]
        assert [i["DBInstanceStatus"] for i in looks] == ["creating"] + 5 * ["available"]
    assert "StorageOperationStatus" not in described(rds, "orders")


def test_the_performance_of_small_gp3_storage_is_not_chosen(rds):
    small = rds.instance("small", StorageType="gp3", AllocatedStorage=399)
    large = rds.instance("large", StorageType="gp3", AllocatedStorage=400, Iops=13000, StorageThroughput=600)
    assert (small["Iops"], small["StorageThroughput"]) == (3000, 125)
    assert (large["Iops"], large["StorageThroughput"]) == (13000, 600)
    rds.snapshot(of="small")
    for more in ({"Iops": 3000}, {"StorageThroughput": 125}):
        refused("InvalidParameterCombination", rds.instance, "other", StorageType="gp3", AllocatedStorage=20, **more)
        refused("InvalidParameterCombination", rds.api.modify_db_instance, DBInstanceIdentifier="small", **more)
        refused("InvalidParameterCombination", rds.restore, StorageType="gp3", **more)
