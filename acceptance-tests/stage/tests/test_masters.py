"""Databases of instances that are made through RDS's API: their masters, passwords and first databases."""

import pytest

from stage.database.postgres import newer_programs

from .conftest import allow
from .test_login import Client

newer = pytest.mark.skipif(newer_programs() is None, reason="scripts/postgres-17 unpacks a newer PostgreSQL")
_PASSWORD = "correct horse battery"


class Owner(Client):
    """Makes instances through the API and logs in."""

    def __init__(self, account):
        self.account, self.rds = account, account.client("rds")
        account.control("POST", "transitions", account=account.id, busy=0)

    def create(self, name="made", **more):
        parameters = {"DBInstanceClass": "db.t4g.micro", "Engine": "postgres", "AllocatedStorage": 20}
        parameters |= {"MasterUserPassword": _PASSWORD, "VpcSecurityGroupIds": ["sg-0123456789abcdef0"]}
        return self.use(self.rds.create_db_instance(DBInstanceIdentifier=name, **parameters | more)["DBInstance"])

    def use(self, database):
        self.instance = {"host": database["Endpoint"]["Address"], "port": database["Endpoint"]["Port"]}
        return database

    def sql(self, text, **more):
        return self.account.control("POST", "sql", sql=text, **more)["output"]


@pytest.fixture
def owner(account):
    return Owner(account)


def test_master_of_an_instance_logs_in(owner):
    name = f"boss_{owner.account.id}"
    owner.create(MasterUsername=name, DBName=f"shop_{owner.account.id}")
    assert owner.psql(_PASSWORD, user=name, dbname=f"shop_{owner.account.id}") == name
    assert f'password authentication failed for user "{name}"' in owner.psql("wrong", user=name)
    assert owner.sql(f"select rolsuper, rolcreaterole from pg_roles where rolname = '{name}'") == "f|t"
    owner.sql(f"set role {name}; create table mine (id int)", database=f"shop_{owner.account.id}")


def test_each_instance_has_a_password_of_its_own(owner):
    first = owner.create("first", MasterUsername="postgres")
    owner.create("second", MasterUsername="postgres", MasterUserPassword="another password")
    assert owner.psql("another password", user="postgres") == "postgres"
    assert "authentication failed" in owner.psql(_PASSWORD, user="postgres")
    owner.use(first)
    assert owner.psql(_PASSWORD, user="postgres") == "postgres"
    owner.rds.modify_db_instance(DBInstanceIdentifier="first", MasterUserPassword="changed word", ApplyImmediately=True)
    assert owner.psql("changed word", user="postgres") == "postgres"
    owner.create("third", MasterUsername="pgadmin")
    assert owner.psql(_PASSWORD, user="pgadmin") == "pgadmin"


def test_master_in_rds_iam_needs_a_token(owner):
    name = f"trapped_{owner.account.id}"
    owner.create(MasterUsername=name, EnableIAMDatabaseAuthentication=True)
    assert owner.psql(_PASSWORD, user=name) == name
    owner.sql(f"grant rds_iam to {name}")
    assert "authentication failed" in owner.psql(_PASSWORD, user=name)
    owner.keys = owner.account.credentials
    assert owner.psql(owner.token(user=name), user=name) == name


@pytest.mark.parametrize("version", [None, pytest.param("17.6", marks=newer)])
def test_replication_as_a_master_in_rds_iam(owner, version):
    name, more = f"copying_{owner.account.id}", {"EngineVersion": version} if version else {}
    family = f"postgres{(version or '15').partition('.')[0]}"
    owner.account.control("POST", "parameter-groups", account=owner.account.id, name="logical", family=family)
    made = {"MasterUsername": name, "EnableIAMDatabaseAuthentication": True, "DBParameterGroupName": "logical"}
    owner.create(**made, **more)
    stream = {"user": name, "dbname": "postgres", "replication": "database"}
    assert owner.psql(_PASSWORD, **stream) == name
    if version is None:  # the newer server has all masters in rds_iam
        owner.sql(f"grant rds_iam to {name}")
        assert "authentication failed" in owner.psql(_PASSWORD, user=name), "other connections need a token"
    assert owner.psql(_PASSWORD, **stream) == name
    assert f'password authentication failed for user "{name}"' in owner.psql("wrong", **stream)
    values = {"rds.logical_replication": "1", "rds.iam_auth_for_replication": "1"}
    owner.account.control("POST", "parameters", account=owner.account.id, group="logical", values=values)
    owner.account.control("POST", "reboot", account=owner.account.id, identifier="made")
    owner.keys = owner.account.credentials
    if version is None:
        assert "authentication failed" in owner.psql(_PASSWORD, **stream)
        assert owner.psql(owner.token(user=name), **stream) == name


def test_users_of_an_instance_that_was_made_through_the_api(owner):
    owner.create(MasterUsername="postgres", DBName=f"users_{owner.account.id}", EnableIAMDatabaseAuthentication=True)
    user = owner.account.control("POST", "database-users", name=f"of_{owner.account.id}")["name"]
    role = owner.account.role(policies={"connect": allow("rds-db:connect", "*")})
    owner.keys = owner.account.session(role)
    assert owner.psql(owner.token(user=user), user=user, dbname=f"users_{owner.account.id}") == user
    assert "authentication failed" in owner.psql(_PASSWORD, user=user)


def test_cluster_and_its_members(owner):
    name = f"chief_{owner.account.id}"
    cluster = owner.rds.create_db_cluster(
        DBClusterIdentifier="au",
        Engine="aurora-postgresql",
        MasterUsername=name,
        MasterUserPassword=_PASSWORD,
        DatabaseName=f"fleet_{owner.account.id}",
    )["DBCluster"]
    member = {"DBInstanceClass": "db.r6g.large", "Engine": "aurora-postgresql", "DBClusterIdentifier": "au"}
    writer = owner.rds.create_db_instance(DBInstanceIdentifier="au-1", **member)["DBInstance"]
    for host in (cluster["Endpoint"], cluster["ReaderEndpoint"], writer["Endpoint"]["Address"]):
        owner.instance = {"host": host, "port": cluster["Port"]}
        assert owner.psql(_PASSWORD, user=name, dbname=f"fleet_{owner.account.id}") == name


def test_copies_have_the_master_of_their_source(owner):
    name = f"copied_{owner.account.id}"
    owner.create("source", MasterUsername=name)
    owner.rds.create_db_snapshot(DBInstanceIdentifier="source", DBSnapshotIdentifier="snap")
    restored = owner.rds.restore_db_instance_from_db_snapshot(
        DBInstanceIdentifier="restored", DBSnapshotIdentifier="snap"
    )["DBInstance"]
    replica = owner.rds.create_db_instance_read_replica(
        DBInstanceIdentifier="replica", SourceDBInstanceIdentifier="source"
    )["DBInstance"]
    past = owner.rds.restore_db_instance_to_point_in_time(
        SourceDBInstanceIdentifier="source", TargetDBInstanceIdentifier="past", UseLatestRestorableTime=True
    )["DBInstance"]
    for copy in (restored, replica, past):
        owner.use(copy)
        assert owner.psql(_PASSWORD, user=name) == name, copy["DBInstanceIdentifier"]


def test_copy_of_a_seeded_instance_has_the_servers_master(owner):
    owner.account.instance("source")
    owner.use(
        owner.rds.restore_db_instance_to_point_in_time(
            SourceDBInstanceIdentifier="source", TargetDBInstanceIdentifier="past", UseLatestRestorableTime=True
        )["DBInstance"]
    )
    database = owner.account.facts["database"]
    assert owner.psql(database["master_password"], user=database["master_user"]) == database["master_user"]
