"""RDS: what AWS refuses about snapshots and in which words, what snapshots show, and how they are found."""

import pytest

from .conftest import allow, refused
from .test_rds_snapshots import ABSENT, CLUSTER, INACCESSIBLE, Rds

CREATE_GRANT = {"Bool": {"kms:GrantIsForAWSResource": "true"}}


@pytest.fixture
def rds(account):
    return Rds(account)


def test_snapshot_of_what_has_none(rds):
    assert refused("DBInstanceNotFound", rds.snapshot, of="none") == "DBInstance not found: none"
    rds.cluster()
    rds.api.create_db_instance(
        DBInstanceIdentifier="orders-1", DBClusterIdentifier="orders", DBInstanceClass="db.r6g.large", **CLUSTER
    )
    message = refused("InvalidParameterValue", rds.snapshot, of="orders-1")
    assert message.startswith("The specified instance is a member of a cluster and a snapshot cannot be created")
    refused("DBClusterNotFoundFault", rds.cluster_snapshot, of="none")


def test_snapshots_that_are_not_there(rds):
    rds.instance(), rds.snapshot()
    assert refused("DBSnapshotNotFound", rds.copy, source="none") == "DBSnapshot not found: none"
    assert refused("DBSnapshotNotFound", rds.restore, source="none") == "DBSnapshot not found: none"
    describe = rds.api.describe_db_snapshots
    assert refused("DBSnapshotNotFound", describe, DBSnapshotIdentifier="none") == "DBSnapshot none not found."
    assert describe(DBInstanceIdentifier="none")["DBSnapshots"] == []
    refused("DBSnapshotNotFound", rds.api.delete_db_snapshot, DBSnapshotIdentifier="none")
    message = refused("DBClusterSnapshotNotFoundFault", rds.restore_cluster, source="none")
    assert message == "DBClusterSnapshot not found: none"
    describe = rds.api.describe_db_cluster_snapshots
    refused("DBClusterSnapshotNotFoundFault", describe, DBClusterSnapshotIdentifier="none")


def test_names_of_snapshots(rds):
    rds.instance(), rds.snapshot(), rds.snapshot("other")
    taken = "Cannot create the snapshot because a snapshot with the identifier before already exists."
    assert refused("DBSnapshotAlreadyExists", rds.snapshot) == taken
    assert refused("DBSnapshotAlreadyExists", rds.copy, "before", "other") == taken
    message = refused("InvalidParameterValue", rds.snapshot, "two--hyphens")
    assert message.startswith("The parameter DBSnapshotIdentifier is not a valid identifier. Identifiers must begin")


def test_quota_of_manual_snapshots(rds):
    rds.account.control("POST", "quotas", account=rds.account.id, snapshots=2)
    rds.instance(), rds.cluster(), rds.snapshot(), rds.copy()
    for call in rds.snapshot, rds.copy:
        assert refused("SnapshotQuotaExceeded", call, "third") == "Cannot create more than 2 manual snapshots"
    assert rds.cluster_snapshot() and rds.copy_of_cluster(), "snapshots of clusters are counted for themselves"
    refused("SnapshotQuotaExceeded", rds.copy_of_cluster, "third")
    rds.api.delete_db_snapshot(DBSnapshotIdentifier="copy")
    assert rds.snapshot("third")
    with pytest.raises(ValueError, match="no quota of things"):
        rds.account.control("POST", "quotas", account=rds.account.id, things=1)


def test_what_a_snapshot_shows(rds):
    made = rds.instance(StorageEncrypted=True, StorageType="gp3", EnableIAMDatabaseAuthentication=True)
    rds.busy(4)
    rds.api.describe_db_instances()
    snapshot = rds.snapshot()
    assert (snapshot["Status"], snapshot["PercentProgress"], snapshot["SnapshotType"]) == ("creating", 0, "manual")
    assert "SnapshotCreateTime" not in snapshot
    same = ("StorageType", "LicenseModel", "AvailabilityZone", "AllocatedStorage", "Engine", "EngineVersion")
    same += ("KmsKeyId", "MasterUsername", "DbiResourceId", "InstanceCreateTime", "BackupRetentionPeriod")
    assert {n: snapshot[n] for n in same} == {n: made[n] for n in same}
    assert snapshot["IAMDatabaseAuthenticationEnabled"] and snapshot["Port"] == made["Endpoint"]["Port"]
    assert snapshot["OptionGroupName"] == made["OptionGroupMemberships"][0]["OptionGroupName"]
    seen = [rds.api.describe_db_snapshots(DBSnapshotIdentifier="before")["DBSnapshots"][0] for _ in range(5)]
    assert [s["PercentProgress"] for s in seen] == [0, 25, 50, 75, 100]
    assert [s["Status"] for s in seen] == 4 * ["creating"] + ["available"]
    assert "SnapshotCreateTime" in seen[4] and "SnapshotCreateTime" not in seen[3]


def test_instance_is_backing_up_meanwhile(rds):
    rds.instance()
    rds.account.control("POST", "transitions", account=rds.account.id, backing=2)
    rds.snapshot()
    change = {"DBInstanceIdentifier": "orders", "ApplyImmediately": True, "BackupRetentionPeriod": 2}
    refused("InvalidDBInstanceState", rds.api.modify_db_instance, **change)
    refused("InvalidDBInstanceState", rds.snapshot, "second")
    seen = [rds.api.describe_db_instances()["DBInstances"][0]["DBInstanceStatus"] for _ in range(3)]
    assert seen == ["backing-up", "backing-up", "available"]
    assert rds.snapshot("second")


def test_final_snapshot_takes_a_while(rds):
    rds.instance()
    rds.busy(1)
    rds.api.delete_db_instance(DBInstanceIdentifier="orders", FinalDBSnapshotIdentifier="last")
    seen = [rds.api.describe_db_snapshots(DBSnapshotIdentifier="last")["DBSnapshots"][0]["Status"] for _ in range(2)]
    assert seen == ["creating", "available"]


def test_deleted_snapshots(rds):
    rds.instance(), rds.cluster(), rds.snapshot(), rds.cluster_snapshot()
    delete, delete_of_cluster = rds.api.delete_db_snapshot, rds.api.delete_db_cluster_snapshot
    assert delete(DBSnapshotIdentifier="before")["DBSnapshot"]["Status"] == "deleted"
    assert delete_of_cluster(DBClusterSnapshotIdentifier="before")["DBClusterSnapshot"]["Status"] == "deleted"
    refused("DBSnapshotNotFound", rds.api.describe_db_snapshots, DBSnapshotIdentifier="before")
    automated = rds.api.describe_db_snapshots(SnapshotType="automated")["DBSnapshots"][0]["DBSnapshotIdentifier"]
    message = refused("InvalidDBSnapshotState", delete, DBSnapshotIdentifier=automated)
    assert message == "automated snapshots cannot be deleted."
    automated = rds.api.describe_db_cluster_snapshots()["DBClusterSnapshots"][0]["DBClusterSnapshotIdentifier"]
    message = refused(
        "InvalidDBClusterSnapshotStateFault", delete_of_cluster, DBClusterSnapshotIdentifier=automated
    )
    assert message == "Only manual snapshots may be deleted."


def test_snapshots_are_found(rds):
    made, other = rds.instance(), rds.instance("other", Engine="mysql")
    rds.snapshot("a"), rds.snapshot("b"), rds.snapshot("c", "other")

    def found(**wanted):
        filters = [{"Name": name.replace("_", "-"), "Values": values} for name, values in wanted.items()]
        shown = rds.api.describe_db_snapshots(SnapshotType="manual", Filters=filters)["DBSnapshots"]
        return sorted(s["DBSnapshotIdentifier"] for s in shown)

    assert found() == ["a", "b", "c"]
    assert found(db_instance_id=["orders"]) == found(db_instance_id=[made["DBInstanceArn"]]) == ["a", "b"]
    assert found(db_snapshot_id=["a", "c"]) == ["a", "c"]
    assert found(db_snapshot_id=["a", "c"], engine=["mysql"]) == ["c"]
    assert found(dbi_resource_id=[other["DbiResourceId"]]) == ["c"]
    assert found(snapshot_type=["manual"]) == ["a", "b", "c"]
    assert "automated" in {s["SnapshotType"] for s in rds.api.describe_db_snapshots()["DBSnapshots"]}
    message = refused("InvalidParameterValue", found, colour=["red"])
    assert message == "Unrecognized filter name: colour"
    by_id = rds.api.describe_db_snapshots(DbiResourceId=made["DbiResourceId"], SnapshotType="manual")["DBSnapshots"]
    assert [s["DBSnapshotIdentifier"] for s in by_id] == ["a", "b"]
    arn = by_id[0]["DBSnapshotArn"]
    assert rds.api.describe_db_snapshots(DBSnapshotIdentifier=arn)["DBSnapshots"][0]["DBSnapshotIdentifier"] == "a"


def test_snapshots_come_in_pages(rds):
    rds.account.instance("orders", engine="oracle-ee", version="19.0.0.0")
    for number in range(21):
        rds.snapshot(f"s{number}")
    first = rds.api.describe_db_snapshots(SnapshotType="manual", MaxRecords=20)
    assert len(first["DBSnapshots"]) == 20
    rest = rds.api.describe_db_snapshots(SnapshotType="manual", Marker=first["Marker"])
    assert len(rest["DBSnapshots"]) == 1 and "Marker" not in rest


def test_tags_of_snapshots_and_copies(rds):
    tags, own = [{"Key": "team", "Value": "a"}], [{"Key": "own", "Value": "b"}]
    rds.instance(Tags=tags, CopyTagsToSnapshot=True), rds.instance("plain", Tags=tags)
    assert rds.snapshot()["TagList"] == tags and rds.snapshot("none", "plain")["TagList"] == []
    given = {"DBInstanceIdentifier": "orders", "DBSnapshotIdentifier": "own", "Tags": own}
    assert rds.api.create_db_snapshot(**given)["DBSnapshot"]["TagList"] == own
    assert rds.copy("plain-copy")["TagList"] == tags, "the instance copies its tags, as moto has verified"
    assert rds.copy("own-copy", "own", CopyTags=True)["TagList"] == own
    assert rds.copy("other-copy", "own", CopyTags=True, Tags=tags)["TagList"] == tags
    arn = rds.api.describe_db_snapshots(DBSnapshotIdentifier="own")["DBSnapshots"][0]["DBSnapshotArn"]
    rds.api.add_tags_to_resource(ResourceName=arn, Tags=tags)
    assert rds.api.list_tags_for_resource(ResourceName=arn)["TagList"] == own + tags


def test_keys_of_copies_and_what_is_said_of_them(rds):
    rds.instance(), rds.snapshot()
    key = rds.key()
    rds.kms.create_alias(AliasName="alias/own", TargetKeyId=key)
    assert rds.copy("by-alias", KmsKeyId="alias/own")["KmsKeyId"] == key
    for name in ABSENT, key.replace("us-east-1", "eu-west-1"):
        message = refused(INACCESSIBLE, rds.copy, KmsKeyId=name)
        assert message.startswith(f"The target KMS key [{name}] does not exist, is not enabled or you do not have")
    rds.kms.disable_key(KeyId=key)
    message = refused(INACCESSIBLE, rds.copy, source="by-alias")
    assert message.startswith(f"The source snapshot KMS key [{key}] does not exist, is not enabled or you do not")


def test_copies_need_the_keys_of_source_and_target(account, rds):
    source, target = rds.key(), rds.key()
    rds.instance(StorageEncrypted=True, KmsKeyId=source), rds.snapshot()
    user = account.control("POST", "access-keys", account=account.id, user="jane", policies={"r": allow("rds:*", "*")})
    client = account.client("rds", user)

    def jane(*keys):
        document = allow("kms:CreateGrant", list(keys), Condition=CREATE_GRANT)
        account.control("POST", "policies", account=account.id, owner="user/jane", name="k", document=document)
        return client

    names = {"SourceDBSnapshotIdentifier": "before", "TargetDBSnapshotIdentifier": "copy", "KmsKeyId": target}
    assert refused(INACCESSIBLE, jane(source).copy_db_snapshot, **names).startswith("The target KMS key")
    assert refused(INACCESSIBLE, jane(target).copy_db_snapshot, **names).startswith("The source snapshot KMS key")
    restored = {"DBInstanceIdentifier": "restored", "DBSnapshotIdentifier": "before"}
    refused(INACCESSIBLE, jane(target).restore_db_instance_from_db_snapshot, **restored)
    both = jane(source, target)
    assert both.copy_db_snapshot(**names)["DBSnapshot"]["KmsKeyId"] == target
    assert both.restore_db_instance_from_db_snapshot(**restored)["DBInstance"]["KmsKeyId"] == source


def test_copies_in_another_region(account, rds):
    key, there = rds.key(), account.client("rds", region="eu-west-1")
    rds.instance(StorageEncrypted=True, KmsKeyId=key), rds.cluster()
    arn = rds.snapshot()["DBSnapshotArn"]
    rds.busy(2)
    names = {"SourceDBSnapshotIdentifier": arn, "TargetDBSnapshotIdentifier": "copy"}
    message = refused("InvalidParameterValue", there.copy_db_snapshot, **names)
    assert message == "Must specify new KMS key for cross region encrypted snapshot copy."
    refused(INACCESSIBLE, there.copy_db_snapshot, **names, KmsKeyId=key)
    local = account.client("kms", region="eu-west-1").create_key()["KeyMetadata"]["Arn"]
    copy = there.copy_db_snapshot(**names, KmsKeyId=local)["DBSnapshot"]
    assert (copy["Status"], copy["KmsKeyId"], copy["SourceRegion"]) == ("pending", local, "us-east-1")
    assert copy["SourceDBSnapshotIdentifier"] == arn
    assert not {"AvailabilityZone", "VpcId", "OptionGroupName"} & copy.keys()
    account.control("POST", "quotas", account=account.id, copies=1)
    names["TargetDBSnapshotIdentifier"] = "second"
    message = refused("SnapshotQuotaExceeded", there.copy_db_snapshot, **names, KmsKeyId=local)
    assert message == "Cannot copy more than 1 snapshots across regions"
    seen = [there.describe_db_snapshots(DBSnapshotIdentifier="copy")["DBSnapshots"][0]["Status"] for _ in range(3)]
    assert seen == ["pending", "copying", "available"]
    assert there.copy_db_snapshot(**names, KmsKeyId=local)["DBSnapshot"]["Status"] == "pending"


def test_encryption_type(account, rds):
    key = rds.key()
    assert rds.instance("plain")["StorageEncryptionType"] == "none"
    assert rds.instance("locked", StorageEncrypted=True, KmsKeyId=key)["StorageEncryptionType"] == "sse-kms"
    assert rds.snapshot(of="plain")["StorageEncryptionType"] == "none"
    assert rds.copy(KmsKeyId=key)["StorageEncryptionType"] == "sse-kms"
    assert rds.restore(source="copy")["StorageEncryptionType"] == "sse-kms"
    made = account.instance("seeded", key=key)["identifier"]
    shown = rds.api.describe_db_instances(DBInstanceIdentifier=made)["DBInstances"][0]
    assert (shown["StorageEncryptionType"], shown["KmsKeyId"]) == ("sse-kms", key)


def test_encryption_type_of_clusters(account, rds):
    key = rds.key()

    def shown(name):
        cluster = rds.api.describe_db_clusters(DBClusterIdentifier=name)["DBClusters"][0]
        return cluster["StorageEncrypted"], cluster["StorageEncryptionType"]

    rds.cluster("new"), rds.cluster("locked", StorageEncrypted=True, KmsKeyId=key)
    for name, more in ("old", {}), ("owned", {"owned_key": True}), ("under-key", {"key": key}):
        account.control("POST", "clusters", account=account.id, identifier=name, members=1, **more)
    assert shown("new") == shown("owned") == (False, "sse-rds")
    assert shown("locked") == shown("under-key") == (True, "sse-kms")
    assert shown("old") == (False, "none")
    member = rds.api.describe_db_instances(DBInstanceIdentifier="owned-instance-1")["DBInstances"][0]
    assert member["StorageEncryptionType"] == "sse-rds"
    for name, wanted in ("old", "none"), ("owned", "sse-rds"), ("locked", "sse-kms"):
        assert rds.cluster_snapshot(f"of-{name}", name)["StorageEncryptionType"] == wanted
    rds.restore_cluster("again", "of-old"), rds.restore_cluster("encrypted", "of-old", KmsKeyId=key)
    assert shown("again") == (False, "sse-rds"), "a new cluster of Aurora is never without encryption"
    assert shown("encrypted") == (True, "sse-kms")
