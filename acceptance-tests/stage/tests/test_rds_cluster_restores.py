"""RDS: DB clusters restored from a snapshot: what they have lost, which data they have, and their members."""

import pytest

from .conftest import refused
from .test_rds_snapshots import Rds
from .test_restored_data import Data, MySqlData, words

#: Settings of a source, none of which is the default.
SETTINGS = {
    "DeletionProtection": True,
    "CopyTagsToSnapshot": True,
    "EnableIAMDatabaseAuthentication": True,
    "EnableCloudwatchLogsExports": ["postgresql"],
    "BackupRetentionPeriod": 7,
    "PreferredBackupWindow": "23:10-23:40",
    "StorageType": "aurora-iopt1",
    "Port": 5433,
    "VpcSecurityGroupIds": ["sg-0123456789abcdef0"],
    "DBClusterParameterGroupName": "strict",
    "EngineVersion": "15.10",
    "NetworkType": "DUAL",
    "ServerlessV2ScalingConfiguration": {"MinCapacity": 1.0, "MaxCapacity": 4.0},
}
SHOWN = {"EnableIAMDatabaseAuthentication": "IAMDatabaseAuthenticationEnabled"}
SHOWN |= {"EnableCloudwatchLogsExports": "EnabledCloudwatchLogsExports"}
SHOWN |= {"DBClusterParameterGroupName": "DBClusterParameterGroup"}
MEMBER = {"DBInstanceClass": "db.r6g.large", "Engine": "aurora-postgresql"}


@pytest.fixture
def rds(account):
    return Rds(account)


def described(rds, name="restored"):
    return rds.api.describe_db_clusters(DBClusterIdentifier=name)["DBClusters"][0]


def shown(cluster):
    """The settings that a cluster shows, by the parameters that set them; None for what it does not show."""
    found = {name: cluster.get(SHOWN.get(name, name)) for name in SETTINGS}
    found["VpcSecurityGroupIds"] = [group["VpcSecurityGroupId"] for group in cluster["VpcSecurityGroups"]]
    return found


def source(rds):
    group = {"name": "strict", "family": "aurora-postgresql15", "kind": "cluster"}
    rds.account.control("POST", "parameter-groups", account=rds.account.id, **group)
    rds.cluster(Tags=[{"Key": "team", "Value": "a"}], **SETTINGS)
    rds.cluster_snapshot()


def test_settings_of_the_source_are_lost(rds):
    source(rds)
    assert shown(described(rds, "orders")) == SETTINGS
    rds.restore_cluster()
    restored = shown(described(rds))
    kept = {"BackupRetentionPeriod", "Port"}
    assert {name for name in SETTINGS if restored[name] == SETTINGS[name]} == kept
    assert restored["EngineVersion"] == "15.14", "the Region's default, not the source's"
    assert restored["DBClusterParameterGroupName"] == "default.aurora-postgresql15"
    assert described(rds)["TagList"] == [{"Key": "team", "Value": "a"}]
    assert described(rds)["DBClusterMembers"] == []


def test_settings_that_are_named_are_kept(rds):
    source(rds)
    role = {"RoleArn": "arn:aws:iam::111122223333:role/s3", "FeatureName": "s3Import"}
    rds.restore_cluster(**SETTINGS, AssociatedRoles=[role])
    assert shown(described(rds)) == SETTINGS
    assert [(r["RoleArn"], r["FeatureName"]) for r in described(rds)["AssociatedRoles"]] == [tuple(role.values())]


def test_restores_of_clusters_that_are_refused(rds):
    rds.cluster(EngineVersion="15.10"), rds.cluster_snapshot()
    assert refused("DBClusterAlreadyExistsFault", rds.restore_cluster, "orders") == "DB Cluster already exists"
    refused("DBClusterAlreadyExistsFault", rds.cluster, "orders")
    refused("InvalidParameterCombination", rds.restore_cluster, Engine="aurora-mysql")
    refused("InvalidParameterCombination", rds.restore_cluster, EngineVersion="15.9")
    refused("InvalidParameterCombination", rds.restore_cluster, EngineVersion="99")
    refused("StageNotImplemented", rds.restore_cluster, EngineVersion="16.4")
    refused("DBClusterParameterGroupNotFound", rds.restore_cluster, DBClusterParameterGroupName="none")
    rds.account.control("POST", "quotas", account=rds.account.id, clusters=1)
    for call in rds.restore_cluster, rds.cluster:
        assert refused("DBClusterQuotaExceededFault", call, "second") == "DB Cluster quota exceeded"


def test_members_have_no_encryption_of_their_own(rds):
    rds.cluster()
    member = {**MEMBER, "DBInstanceIdentifier": "orders-1", "DBClusterIdentifier": "orders"}
    for more in {"StorageEncrypted": True}, {"KmsKeyId": rds.key()}:
        message = refused("InvalidParameterCombination", rds.api.create_db_instance, **member, **more)
        assert message.endswith("Set storage encryption for the DB Cluster.")


def test_cluster_snapshots_are_found_and_come_in_pages(rds):
    rds.cluster(), rds.cluster("other", Engine="aurora-mysql")
    for number in range(20):
        rds.cluster_snapshot(f"s{number}")
    rds.cluster_snapshot("last", "other")

    def found(**wanted):
        return rds.api.describe_db_cluster_snapshots(SnapshotType="manual", **wanted)

    first = found(MaxRecords=20)
    assert len(first["DBClusterSnapshots"]) == 20
    rest = found(Marker=first["Marker"])["DBClusterSnapshots"]
    assert [s["DBClusterSnapshotIdentifier"] for s in rest] == ["last"]
    filters = [{"Name": "engine", "Values": ["aurora-mysql"]}]
    assert len(found(Filters=filters)["DBClusterSnapshots"]) == 1
    refused("InvalidParameterValue", found, Filters=[{"Name": "colour", "Values": ["red"]}])


class ClusterData(Data):
    """An Aurora PostgreSQL cluster with a server of its own and one member."""

    engine = "aurora-postgresql"

    def make(self, name, **more):
        wanted = {"account": self.account.id, "identifier": name, "engine": self.engine, "members": 1, **more}
        return self.account.control("POST", "clusters", **wanted)

    def snapshot(self, name="before", of="orders"):
        names = {"DBClusterIdentifier": of, "DBClusterSnapshotIdentifier": name}
        return self.rds.create_db_cluster_snapshot(**names)["DBClusterSnapshot"]

    def restore(self, source="before", name="restored", **more):
        names = {"DBClusterIdentifier": name, "SnapshotIdentifier": source, "Engine": self.engine}
        return self.rds.restore_db_cluster_from_snapshot(**names, **more)["DBCluster"]["Endpoint"]

    def add_member(self, cluster="restored"):
        member = {"DBInstanceClass": "db.r6g.large", "Engine": self.engine, "DBClusterIdentifier": cluster}
        made = self.rds.create_db_instance(DBInstanceIdentifier=f"{cluster}-1", **member)
        return made["DBInstance"]["Endpoint"]["Address"]


class MySqlClusterData(MySqlData, ClusterData):
    """The same with Aurora MySQL."""

    engine = "aurora-mysql"


@pytest.mark.parametrize("kind", [ClusterData, MySqlClusterData])
def test_restored_cluster_has_the_data_of_the_snapshot(account, kind):
    data, key = kind(account), account.client("kms").create_key()["KeyMetadata"]["Arn"]
    data.sql("create table item (id int primary key)"), data.sql("insert into item values (1)")
    data.snapshot()
    names = {"SourceDBClusterSnapshotIdentifier": "before", "TargetDBClusterSnapshotIdentifier": "copy"}
    refused("InvalidParameterCombination", data.rds.copy_db_cluster_snapshot, **names, KmsKeyId=key)
    data.rds.copy_db_cluster_snapshot(**names)
    data.sql("insert into item values (2)")
    host = data.restore("copy", KmsKeyId=key)
    member = data.add_member()
    count = "select count(*), max(id) from item"
    assert [words(data.sql(count, at=at)) for at in (host, member)] == 2 * [["1", "1"]]
    data.sql("insert into item values (3)", at=host)
    assert words(data.sql(count, at=member)) == ["2", "3"], "a member has the data of its cluster"
    assert words(data.sql(count)) == ["2", "2"]
    shown = data.rds.describe_db_clusters(DBClusterIdentifier="restored")["DBClusters"][0]
    assert (shown["StorageEncrypted"], shown["KmsKeyId"]) == (True, key)


def test_final_snapshot_of_a_cluster(account):
    data = ClusterData(account)
    data.sql("create table item (id int)")
    data.rds.delete_db_instance(DBInstanceIdentifier=data.instance["members"][0])
    data.rds.delete_db_cluster(DBClusterIdentifier="orders", FinalDBSnapshotIdentifier="last")
    assert data.sql("select count(*) from item", at=data.restore("last")) == "0"


def test_multi_az_cluster_is_restored_with_its_members(account, rds):
    account.control("POST", "clusters", account=account.id, identifier="orders", engine="postgres")
    rds.cluster_snapshot()
    restore = {"Engine": "postgres", "KmsKeyId": rds.key()}
    refused("InvalidParameterCombination", rds.restore_cluster, **restore)
    made = rds.restore_cluster(**restore, DBClusterInstanceClass="db.m6gd.large")
    assert len(made["DBClusterMembers"]) == 3 and made["StorageEncryptionType"] == "sse-kms"


@pytest.mark.parametrize("engine", ["aurora-postgresql", "postgres"])
def test_a_deleted_cluster_can_be_restored_again_at_once(account, rds, engine):
    account.control("POST", "clusters", account=account.id, identifier="orders", engine=engine)
    rds.cluster_snapshot()
    size = {} if engine.startswith("aurora") else {"DBClusterInstanceClass": "db.m6gd.large"}
    for _ in range(2):
        made = rds.restore_cluster(Engine=engine, **size)
        assert len(made["DBClusterMembers"]) == (3 if size else 0)
        rds.api.delete_db_cluster(DBClusterIdentifier="restored", SkipFinalSnapshot=True)
    kinds = {s["SnapshotType"] for s in rds.api.describe_db_cluster_snapshots()["DBClusterSnapshots"]}
    assert "manual" in kinds
