"""RDS: snapshots and copies, the keys that protect them, storage, and masters whose password RDS manages."""

import json

import pytest

from .conftest import allow, refused
from .test_masters import Owner

INACCESSIBLE = "KMSKeyNotAccessibleFault"
ABSENT = "12345678-1234-1234-1234-123456789012"
INSTANCE = {"Engine": "postgres", "DBInstanceClass": "db.t4g.micro", "AllocatedStorage": 20}
MASTER = {"MasterUsername": "boss", "MasterUserPassword": "long-enough"}
CLUSTER = {"Engine": "aurora-postgresql"}


class Rds:
    """An account's RDS, which makes things at once unless told otherwise."""

    def __init__(self, account):
        self.account, self.api, self.kms = account, account.client("rds"), account.client("kms")
        self.busy(0)

    def busy(self, looks):
        self.account.control("POST", "transitions", account=self.account.id, busy=looks)

    def key(self):
        return self.kms.create_key()["KeyMetadata"]["Arn"]

    def own_key(self, service="rds"):
        return self.kms.describe_key(KeyId=f"alias/aws/{service}")["KeyMetadata"]["Arn"]

    def instance(self, name="orders", **more):
        wanted = {**INSTANCE, **({} if "ManageMasterUserPassword" in more else MASTER), **more}
        wanted = {"MasterUsername": "boss", **wanted}
        return self.api.create_db_instance(DBInstanceIdentifier=name, **wanted)["DBInstance"]

    def cluster(self, name="orders", **more):
        master = {"MasterUsername": "boss"} if "ManageMasterUserPassword" in more else MASTER
        return self.api.create_db_cluster(DBClusterIdentifier=name, **{**CLUSTER, **master, **more})["DBCluster"]

    def snapshot(self, name="before", of="orders"):
        return self.api.create_db_snapshot(DBInstanceIdentifier=of, DBSnapshotIdentifier=name)["DBSnapshot"]

    def cluster_snapshot(self, name="before", of="orders"):
        names = {"DBClusterIdentifier": of, "DBClusterSnapshotIdentifier": name}
        return self.api.create_db_cluster_snapshot(**names)["DBClusterSnapshot"]

    def copy(self, target="copy", source="before", **more):
        names = {"SourceDBSnapshotIdentifier": source, "TargetDBSnapshotIdentifier": target}
        return self.api.copy_db_snapshot(**names, **more)["DBSnapshot"]

    def copy_of_cluster(self, target="copy", source="before", **more):
        names = {"SourceDBClusterSnapshotIdentifier": source, "TargetDBClusterSnapshotIdentifier": target}
        return self.api.copy_db_cluster_snapshot(**names, **more)["DBClusterSnapshot"]

    def restore(self, name="restored", source="before", **more):
        names = {"DBInstanceIdentifier": name, "DBSnapshotIdentifier": source}
        return self.api.restore_db_instance_from_db_snapshot(**names, **more)["DBInstance"]

    def restore_cluster(self, name="restored", source="before", **more):
        names = {"DBClusterIdentifier": name, "SnapshotIdentifier": source, **CLUSTER}
        return self.api.restore_db_cluster_from_snapshot(**{**names, **more})["DBCluster"]


@pytest.fixture
def rds(account):
    return Rds(account)


def test_snapshots_take_a_while(rds):
    rds.instance(), rds.cluster()
    rds.busy(2)
    one, all_of_them = rds.api.describe_db_snapshots, rds.api.describe_db_cluster_snapshots
    made = rds.snapshot(), rds.cluster_snapshot()
    assert [(s["Status"], s["PercentProgress"]) for s in made] == [("creating", 0)] * 2
    refused("InvalidDBSnapshotState", rds.copy)
    refused("InvalidDBSnapshotState", rds.restore)
    refused("InvalidDBSnapshotState", rds.api.delete_db_snapshot, DBSnapshotIdentifier="before")
    refused("InvalidDBClusterSnapshotStateFault", rds.copy_of_cluster)
    refused("InvalidDBClusterSnapshotStateFault", rds.restore_cluster)
    seen = [one(DBSnapshotIdentifier="before")["DBSnapshots"][0]["Status"] for _ in range(3)]
    assert seen == ["creating", "creating", "available"]
    seen = [all_of_them(SnapshotType="manual")["DBClusterSnapshots"][0]["Status"] for _ in range(3)]
    assert seen == ["creating", "creating", "available"]
    assert (rds.copy()["Status"], rds.copy_of_cluster()["Status"]) == ("creating", "creating")
    shown = [rds.restore()["DBInstanceStatus"], rds.restore_cluster()["Status"]]
    assert shown == ["creating", "creating"]
    instances = [rds.api.describe_db_instances(DBInstanceIdentifier="restored")["DBInstances"][0] for _ in range(3)]
    assert [i["DBInstanceStatus"] for i in instances] == ["creating", "creating", "available"]
    clusters = [rds.api.describe_db_clusters(DBClusterIdentifier="restored")["DBClusters"][0] for _ in range(3)]
    assert [c["Status"] for c in clusters] == ["creating", "creating", "available"]


def test_copies_without_a_snapshot_take_a_while_too(rds):
    rds.instance(), rds.cluster()
    rds.busy(1)
    past = {"SourceDBInstanceIdentifier": "orders", "TargetDBInstanceIdentifier": "past"}
    made = rds.api.restore_db_instance_to_point_in_time(UseLatestRestorableTime=True, **past)["DBInstance"]
    replica = {"SourceDBInstanceIdentifier": "orders", "DBInstanceIdentifier": "replica"}
    made_too = rds.api.create_db_instance_read_replica(**replica)["DBInstance"]
    past = {"SourceDBClusterIdentifier": "orders", "DBClusterIdentifier": "past"}
    cluster = rds.api.restore_db_cluster_to_point_in_time(UseLatestRestorableTime=True, **past)["DBCluster"]
    assert [made["DBInstanceStatus"], made_too["DBInstanceStatus"], cluster["Status"]] == 3 * ["creating"]
    shown = rds.api.describe_db_instances()["DBInstances"]
    assert len({i["DbiResourceId"] for i in shown}) == 3, "each copy is one of its own"


def test_snapshots_are_of_what_is_available(rds):
    rds.busy(1)
    rds.instance(), rds.cluster()
    message = refused("InvalidDBInstanceState", rds.snapshot)
    assert message.endswith("the database instance orders is not currently in the available state.")
    refused("InvalidDBClusterStateFault", rds.cluster_snapshot)
    rds.api.describe_db_instances(), rds.api.describe_db_clusters()
    assert rds.snapshot() and rds.cluster_snapshot()
    refused("DBInstanceNotFound", rds.snapshot, of="none")


def test_snapshot_of_a_cluster_names_it(rds):
    made = rds.cluster()
    assert rds.cluster_snapshot()["DbClusterResourceId"] == made["DbClusterResourceId"]
    shown = rds.api.describe_db_cluster_snapshots()["DBClusterSnapshots"]
    assert {s["DbClusterResourceId"] for s in shown} == {made["DbClusterResourceId"]}
    assert rds.restore_cluster()["DbClusterResourceId"] != made["DbClusterResourceId"]


def test_default_key(rds):
    plain = rds.instance("plain"), rds.cluster("plain")
    assert not any("KmsKeyId" in made or made["StorageEncrypted"] for made in plain)
    default = rds.instance("default", StorageEncrypted=True), rds.cluster("default", StorageEncrypted=True)
    assert [made["KmsKeyId"] for made in default] == [rds.own_key()] * 2
    assert rds.snapshot(of="default")["KmsKeyId"] == rds.cluster_snapshot(of="default")["KmsKeyId"] == rds.own_key()


@pytest.mark.parametrize("kind", ["instance", "cluster"])
def test_keys_of_new_databases(rds, kind):
    create, key = getattr(rds, kind), rds.key()
    for name in ABSENT, "alias/none", "nonsense", key.replace("us-east-1", "eu-west-1"):
        message = refused(INACCESSIBLE, create, StorageEncrypted=True, KmsKeyId=name)
        assert message.startswith(f"Specified KMS key [{name}] does not exist, is not enabled")
    rds.kms.create_alias(AliasName="alias/own", TargetKeyId=key)
    for number, name in enumerate((key, key.rpartition("/")[2], "alias/own")):
        assert create(f"made-{number}", StorageEncrypted=True, KmsKeyId=name)["KmsKeyId"] == key
    rds.kms.disable_key(KeyId=key)
    refused(INACCESSIBLE, create, StorageEncrypted=True, KmsKeyId=key)
    signing = rds.kms.create_key(KeySpec="ECC_NIST_P256", KeyUsage="SIGN_VERIFY")["KeyMetadata"]["KeyId"]
    refused(INACCESSIBLE, create, StorageEncrypted=True, KmsKeyId=signing)


def test_key_that_the_caller_may_not_use(account, rds):
    key = rds.key()
    policies = {"p": allow("rds:*", "*")}
    jane = account.control("POST", "access-keys", account=account.id, user="jane", policies=policies)
    create = account.client("rds", jane).create_db_instance
    wanted = {**INSTANCE, **MASTER, "DBInstanceIdentifier": "orders", "StorageEncrypted": True, "KmsKeyId": key}
    refused(INACCESSIBLE, create, **wanted)
    policies = {"k": allow("kms:CreateGrant", key, Condition={"Bool": {"kms:GrantIsForAWSResource": "true"}})}
    account.control("POST", "access-keys", account=account.id, user="jane", policies=policies)
    assert create(**wanted)["DBInstance"]["KmsKeyId"] == key


def test_keys_of_copies(rds):
    rds.instance(), rds.snapshot()
    key, other = rds.key(), rds.key()
    assert not rds.copy("plain")["Encrypted"]
    copy = rds.copy("one", KmsKeyId=key)
    assert (copy["Encrypted"], copy["KmsKeyId"]) == (True, key)
    again = rds.copy("two", "one")
    assert (again["Encrypted"], again["KmsKeyId"]) == (True, key), "the key is that of the source"
    assert rds.copy("three", "two", KmsKeyId=other)["KmsKeyId"] == other
    restored = rds.restore(source="two")
    assert (restored["StorageEncrypted"], restored["KmsKeyId"]) == (True, key)
    refused(INACCESSIBLE, rds.copy, "four", KmsKeyId=ABSENT)
    rds.kms.disable_key(KeyId=key)
    refused(INACCESSIBLE, rds.copy, "four", KmsKeyId=key)
    assert refused(INACCESSIBLE, rds.copy, "four", "one").startswith("The source snapshot KMS key")
    refused(INACCESSIBLE, rds.restore, "more", "one")


def test_keys_of_copies_of_clusters(rds):
    rds.cluster(), rds.cluster_snapshot()
    key, other = rds.key(), rds.key()
    refused("InvalidParameterCombination", rds.copy_of_cluster, KmsKeyId=key)
    assert not rds.copy_of_cluster("plain")["StorageEncrypted"]
    refused(INACCESSIBLE, rds.restore_cluster, KmsKeyId=ABSENT)
    made = rds.restore_cluster("locked", KmsKeyId=key)
    shown = rds.api.describe_db_clusters(DBClusterIdentifier="locked")["DBClusters"][0]
    assert [(c["StorageEncrypted"], c["KmsKeyId"]) for c in (made, shown)] == 2 * [(True, key)]
    assert not rds.restore_cluster("open")["StorageEncrypted"]
    snapshot = rds.cluster_snapshot("inside", "locked")
    assert (snapshot["StorageEncrypted"], snapshot["KmsKeyId"]) == (True, key)
    assert rds.copy_of_cluster("other", "inside", KmsKeyId=other)["KmsKeyId"] == other
    past = {"UseLatestRestorableTime": True, "DBClusterIdentifier": "past", "KmsKeyId": other}
    restore = rds.api.restore_db_cluster_to_point_in_time
    refused("InvalidParameterCombination", restore, SourceDBClusterIdentifier="orders", **past)
    made = restore(SourceDBClusterIdentifier="locked", **past)["DBCluster"]
    assert (made["StorageEncrypted"], made["KmsKeyId"]) == (True, other)


def test_keys_of_replicas(rds):
    key, other = rds.key(), rds.key()
    rds.instance("plain"), rds.instance("locked", StorageEncrypted=True, KmsKeyId=key)
    create = rds.api.create_db_instance_read_replica
    refused(
        "InvalidParameterCombination",
        create,
        DBInstanceIdentifier="replica",
        SourceDBInstanceIdentifier="plain",
        KmsKeyId=other,
    )
    for name, more in (key, {}), (other, {"KmsKeyId": other}):
        number = len(rds.api.describe_db_instances()["DBInstances"])
        names = {"DBInstanceIdentifier": f"replica-{number}", "SourceDBInstanceIdentifier": "locked"}
        assert create(**names, **more)["DBInstance"]["KmsKeyId"] == name
    shown = rds.api.describe_db_instances(DBInstanceIdentifier="locked")["DBInstances"][0]
    assert shown["KmsKeyId"] == key


def test_storage_of_aurora(rds):
    assert rds.cluster("fast", StorageType="aurora-iopt1")["StorageType"] == "aurora-iopt1"
    for name, more in ("plain", {}), ("named", {"StorageType": "aurora"}):
        assert "StorageType" not in rds.cluster(name, **more)
    refused("InvalidParameterCombination", rds.cluster, "slow", StorageType="gp3")
    member = {"Engine": CLUSTER["Engine"], "DBInstanceClass": "db.r6g.large"}
    for cluster, storage in ("fast", "aurora-iopt1"), ("plain", "aurora"):
        made = rds.api.create_db_instance(DBInstanceIdentifier=f"{cluster}-1", DBClusterIdentifier=cluster, **member)
        assert made["DBInstance"]["StorageType"] == storage
    rds.cluster_snapshot(of="fast")
    assert "StorageType" not in rds.restore_cluster(), "it is not taken from the snapshot"
    assert rds.restore_cluster("again", StorageType="aurora-iopt1")["StorageType"] == "aurora-iopt1"
    rds.api.modify_db_cluster(DBClusterIdentifier="fast", StorageType="aurora", ApplyImmediately=True)
    assert "StorageType" not in rds.api.describe_db_clusters(DBClusterIdentifier="fast")["DBClusters"][0]


@pytest.mark.parametrize("kind", ["instance", "cluster"])
def test_password_that_rds_manages(account, kind):
    owner, rds = Owner(account), Rds(account)
    name, key = f"chief_{account.id}", rds.key()
    made = getattr(rds, kind)(ManageMasterUserPassword=True, MasterUsername=name, MasterUserSecretKmsKeyId=key)
    assert made["MasterUserSecret"]["KmsKeyId"] == key
    secrets, arn = account.client("secretsmanager"), made["MasterUserSecret"]["SecretArn"]
    value = json.loads(secrets.get_secret_value(SecretId=arn)["SecretString"])
    assert value["username"] == name and secrets.describe_secret(SecretId=arn)["KmsKeyId"] == key
    endpoint = made["Endpoint"] if kind == "instance" else {"Address": made["Endpoint"], "Port": made["Port"]}
    owner.instance = {"host": endpoint["Address"], "port": endpoint["Port"]}
    assert owner.psql(value["password"], user=name, dbname="postgres") == name
    assert "authentication failed" in owner.psql("another word", user=name, dbname="postgres")
    rds.kms.disable_key(KeyId=key)
    refused("DecryptionFailure", secrets.get_secret_value, SecretId=arn)
    default = getattr(rds, kind)("default", ManageMasterUserPassword=True)["MasterUserSecret"]
    assert default["KmsKeyId"] == rds.own_key("secretsmanager")
    other = json.loads(secrets.get_secret_value(SecretId=default["SecretArn"])["SecretString"])
    assert other["password"] != value["password"]


def test_copies_of_what_has_a_managed_password(rds):
    rds.instance(ManageMasterUserPassword=True), rds.cluster(ManageMasterUserPassword=True)
    rds.snapshot(), rds.cluster_snapshot()
    past = {"SourceDBInstanceIdentifier": "orders", "TargetDBInstanceIdentifier": "past"}
    rds.api.restore_db_instance_to_point_in_time(UseLatestRestorableTime=True, **past)
    assert rds.restore()["MasterUsername"] == rds.restore_cluster()["MasterUsername"] == "boss"
