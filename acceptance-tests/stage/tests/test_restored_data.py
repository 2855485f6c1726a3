"""Snapshots with the data of real servers, and restored instances that have it behind an endpoint of their own."""

import json
import time
from pathlib import Path

import pytest
from botocore.exceptions import HTTPClientError

from .conftest import addresses, allow
from .test_login import Client
from .test_mariadb import MySqlClient
from .test_masters import newer

_WORKERS = "max_logical_replication_workers"
PASSWORD = "correct horse battery"
MADE = {"AllocatedStorage": 20, "DBInstanceClass": "db.t4g.micro", "VpcSecurityGroupIds": ["sg-0123456789abcdef0"]}


class Data(Client):
    """A PostgreSQL instance with a server of its own, its snapshots and what is restored from them."""

    engine, version, refusal = "postgres", None, "password authentication failed"

    def __init__(self, account):
        self.account, self.rds = account, account.client("rds")
        account.control("POST", "transitions", account=account.id, busy=0)
        self.instance = self.make("orders", own_server=True)

    def make(self, name, **more):
        return self.account.instance(name, engine=self.engine, version=self.version, **more)

    def sql(self, text, at=None, database="app"):
        fields = {"sql": text, "database": database, "endpoint": at or self.instance["host"]}
        return self.account.control("POST", "sql", **fields)["output"]

    def snapshot(self, name="before", of="orders"):
        return self.rds.create_db_snapshot(DBInstanceIdentifier=of, DBSnapshotIdentifier=name)["DBSnapshot"]

    def restore(self, source="before", name="restored", **more):
        names = {"DBInstanceIdentifier": name, "DBSnapshotIdentifier": source}
        return self.rds.restore_db_instance_from_db_snapshot(**names, **more)["DBInstance"]["Endpoint"]["Address"]

    def log_in(self, host, password=None, user=None):
        """Who the master is at an endpoint."""
        facts = self.account.facts["database"]
        database = {"dbname": "postgres"} if user else {}
        return self.psql(password or facts["master_password"], user=user or facts["master_user"], host=host, **database)

    def write(self, host):
        """Whether the master can write at an endpoint."""
        facts = self.account.facts["database"]
        statements = "create table w (); drop table w"
        answer = self.psql(facts["master_password"], user=facts["master_user"], host=host, sql=statements)
        assert answer == "" or "read-only transaction" in answer, answer
        return answer == ""


    def copies(self):
        """The copies of data that the stage keeps."""
        return set(Path(self.account.facts["database"]["certificate"]).parent.glob("image*"))


class NewerData(Data):
    """The same with the newer PostgreSQL."""

    version = "17.6"


class MySqlData(Data, MySqlClient):
    """The same with MariaDB."""

    engine, refusal = "mariadb", "Access denied"

    @property
    def master(self):
        """The master of the server."""
        return self.account.facts["mysql"]

    def log_in(self, host, password=None, user=None):
        """Who the master is at an endpoint."""
        password = password or self.account.facts["mysql"]["master_password"]
        return self.mariadb(password, user=user or "admin", host=host).removesuffix("@%")

    def write(self, host):
        """Whether the master can write at an endpoint."""
        answer = self.as_master("create table app.w (id int); drop table app.w", host=host)
        assert answer == "" or "read-only" in answer, answer
        return answer == ""


KINDS = [Data, pytest.param(NewerData, marks=newer), MySqlData]


@pytest.fixture
def data(account):
    return Data(account)


@pytest.mark.parametrize("kind", KINDS)
def test_restored_instance_has_the_data_of_the_snapshot(account, kind):
    data = kind(account)
    data.sql("create table item (id int primary key, word varchar(9))")
    data.sql("insert into item values (1, 'before'), (2, 'before')")
    data.snapshot()
    data.sql("insert into item values (3, 'after'); update item set word = 'after' where id = 1")
    host = data.restore()
    assert host != data.instance["host"]
    count = "select count(*), min(word), max(word) from item"
    assert words(data.sql(count, at=host)) == ["2", "before", "before"]
    data.sql("delete from item", at=host)
    assert words(data.sql(count)) == ["3", "after", "before"], "the source is another server"
    other = data.restore(name="second")
    assert words(data.sql(count, at=other)) == ["2", "before", "before"], "each restore has a server of its own"
    expected = "admin" if kind is MySqlData else "pgadmin"
    assert data.log_in(host) == data.log_in(data.instance["host"]) == expected


def words(answer):
    """The columns of a row, as either client prints it."""
    return answer.replace("|", "\t").split("\t")


@pytest.mark.parametrize("kind", KINDS)
def test_copies_have_the_data_too_even_when_the_source_is_gone(account, kind):
    data = kind(account)
    data.sql("create table item (id int)"), data.sql("insert into item values (1)")
    data.snapshot()
    names = {"SourceDBSnapshotIdentifier": "before", "TargetDBSnapshotIdentifier": "copy"}
    data.rds.copy_db_snapshot(**names, KmsKeyId=account.client("kms").create_key()["KeyMetadata"]["Arn"])
    data.rds.delete_db_snapshot(DBSnapshotIdentifier="before")
    data.sql("drop table item")
    data.rds.delete_db_instance(DBInstanceIdentifier="orders", FinalDBSnapshotIdentifier="last")
    assert data.sql("select count(*) from item", at=data.restore("copy")) == "1"
    tables = "select count(*) from information_schema.tables where table_name = 'item'"
    assert data.sql(tables, at=data.restore("last", "end")) == "0", "the final snapshot is of the end"


@pytest.mark.parametrize("kind", [Data, MySqlData])
def test_masters_and_their_passwords(account, kind):
    """On the shared server: an instance that the API has created."""
    data, name = kind(account), f"boss_{account.id}"
    wanted = {"Engine": data.engine, "MasterUsername": name, "MasterUserPassword": PASSWORD, **MADE}
    data.rds.create_db_instance(DBInstanceIdentifier="made", **wanted)
    data.snapshot(of="made")
    data.rds.modify_db_instance(DBInstanceIdentifier="made", MasterUserPassword="another word", ApplyImmediately=True)
    data.rds.delete_db_instance(DBInstanceIdentifier="made", SkipFinalSnapshot=True)
    host = data.restore()
    assert data.log_in(host, PASSWORD, user=name) == name
    assert data.refusal in data.log_in(host, "another word", user=name), "what was set later is lost"


def test_password_of_a_managed_master_is_in_the_snapshot(account):
    data, name = Data(account), f"boss_{account.id}"
    wanted = {"Engine": "postgres", "MasterUsername": name, "ManageMasterUserPassword": True, **MADE}
    made = data.rds.create_db_instance(DBInstanceIdentifier="made", **wanted)["DBInstance"]
    secret = account.client("secretsmanager").get_secret_value(SecretId=made["MasterUserSecret"]["SecretArn"])
    data.snapshot(of="made")
    password = json.loads(secret["SecretString"])["password"]
    assert data.psql(password, user=name, host=data.restore(), dbname="postgres") == name


def test_snapshot_is_of_a_moment(data):
    """Sequences are as they were, unlogged tables empty, what was not committed is not there."""
    data.sql("create sequence s; select nextval('s') from generate_series(1, 5)")
    data.sql("create unlogged table quick (id int); insert into quick values (1)")
    data.sql("create table kept (id serial primary key); insert into kept default values")
    data.snapshot()
    data.sql("select nextval('s') from generate_series(1, 100)")
    host = data.restore()
    assert data.sql("select last_value, is_called from s", at=host) == "5|t"
    assert data.sql("select count(*) from quick", at=host) == "0", "as after any crash"
    assert data.sql("select count(*), max(id) from kept", at=host) == "1|1"
    assert data.sql("select relpersistence from pg_class where relname = 'quick'", at=host) == "u"
    assert data.sql("select count(*) from quick") == "1"


def test_slots_and_subscriptions_are_carried(data):
    data.sql("create table item (id int primary key); create publication p for all tables")
    data.sql("select pg_create_logical_replication_slot('left_behind', 'test_decoding')")
    data.sql("insert into item values (1)")
    data.sql("create subscription sub connection 'host=127.0.0.1 port=1' publication p with (connect = false)")
    data.snapshot()
    data.sql("insert into item values (2)")
    host = data.restore()
    slot = "select slot_name, plugin, wal_status from pg_replication_slots"
    assert data.sql(slot, at=host) == "left_behind|test_decoding|reserved"
    assert data.sql("select subname from pg_subscription", at=host) == "sub"
    assert data.sql("select pubname from pg_publication", at=host) == "p"
    changes = "select count(*) from pg_logical_slot_get_changes('left_behind', null, null) where data like 'table%'"
    assert data.sql(changes, at=host) == "1", "what the slot has kept is there, too"
    assert data.sql(changes) == "2"


def test_parameters_of_the_group_act_on_the_restored_server(data):
    """What a copy would do at once can be kept from happening by its group, until a restart with another."""
    group = {"account": data.account.id, "family": "postgres15"}
    data.account.control("POST", "parameter-groups", **group, name="wanted")
    data.account.control("POST", "parameter-groups", **group, name="quiet", values={_WORKERS: "0"})
    data.snapshot()
    host = data.restore(DBParameterGroupName="quiet")
    workers = f"show {_WORKERS}"
    assert (data.sql(workers), data.sql(workers, at=host)) == ("4", "0")
    data.sql("create table kept (id int)", at=host)
    names = {"DBInstanceIdentifier": "restored", "DBParameterGroupName": "wanted", "ApplyImmediately": True}
    data.rds.modify_db_instance(**names)
    assert data.sql(workers, at=host) == "0", "the parameter is static"
    data.account.control("POST", "reboot", account=data.account.id, identifier="restored")
    assert data.sql(workers, at=host) == "4"
    assert data.sql("select count(*) from kept", at=host) == "0"
    assert data.log_in(host) == "pgadmin"


def test_events_run_where_the_group_lets_them(account):
    data = MySqlData(account)
    group = {"account": account.id, "family": "mariadb10.11"}
    account.control("POST", "parameter-groups", **group, name="wanted", values={"event_scheduler": "ON"})
    data.sql("create table tick (id int); create event e on schedule every 1 second do insert into app.tick values (1)")
    assert data.sql("select @@event_scheduler") == "OFF"
    data.snapshot()
    host = data.restore(DBParameterGroupName="wanted")
    waiting(lambda: data.sql("select count(*) > 0 from tick", at=host) == "1")
    other = data.restore(name="quiet")
    assert data.sql("select @@event_scheduler, count(*) from tick", at=other) == "OFF\t0"
    names = {"DBInstanceIdentifier": "quiet", "DBParameterGroupName": "wanted", "ApplyImmediately": True}
    data.rds.modify_db_instance(**names)
    data.rds.reboot_db_instance(DBInstanceIdentifier="quiet")
    data.rds.describe_db_instances(DBInstanceIdentifier="quiet")
    data.rds.describe_db_instances(DBInstanceIdentifier="quiet")
    assert data.sql("select @@event_scheduler", at=other) == "ON"
    assert data.log_in(other) == "admin"


def waiting(condition):
    """Waits until something is so."""
    deadline = time.monotonic() + 20
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.1)


def test_inherited_subscription_takes_the_slot_of_its_publisher(data):
    """Unless the group of the copy has no workers for it."""
    group = {"account": data.account.id, "family": "postgres15"}
    data.account.control("POST", "parameter-groups", **group, name="logical", values={"rds.logical_replication": "1"})
    data.account.control("POST", "parameter-groups", **group, name="quiet", values={_WORKERS: "0"})
    publisher = data.make("publisher", own_server=True, parameter_group="logical")["host"]
    user = {"name": "feed", "iam": False, "password": "word", "roles": ["rds_replication"], "endpoint": publisher}
    data.account.control("POST", "database-users", **user)
    data.sql("create table item (id int primary key); create publication p for all tables", at=publisher)
    data.sql("select pg_create_logical_replication_slot('feed', 'pgoutput')", at=publisher)
    data.sql("create table item (id int primary key)")
    source = f"host={addresses(data.account.facts)[publisher]} user=feed password=word dbname=app sslmode=require"
    data.sql(f"create subscription feed connection '{source}' publication p with (connect = false)")
    data.sql("alter subscription feed enable")

    def takes(expected):
        active = "select active from pg_replication_slots"
        waiting(lambda: data.sql(active, at=publisher) == expected)

    takes("t")
    data.snapshot()
    data.sql("alter subscription feed disable")
    takes("f")
    quiet = data.restore(name="calm", DBParameterGroupName="quiet")
    assert data.sql("select subenabled from pg_subscription", at=quiet) == "t"
    launcher = "select count(*) from pg_stat_activity where backend_type like 'logical replication%'"
    assert data.sql(launcher, at=quiet) == "0"
    assert data.sql(launcher, at=data.restore()) != "0"
    takes("t")


def test_masters_may_use_the_functions_of_slots(data):
    """As members of rds_replication; the instance has to have logical replication."""
    account = data.account
    group = {"account": account.id, "family": "postgres15", "values": {"rds.logical_replication": "1"}}
    account.control("POST", "parameter-groups", **group, name="logical")
    data.snapshot()
    host = data.restore(DBParameterGroupName="logical")
    master = account.facts["database"]
    say = {"user": master["master_user"], "host": host, "dbname": "app"}
    make = "select slot_name from pg_create_logical_replication_slot('own', 'pgoutput')"
    assert data.psql(master["master_password"], **say, sql=make) == "own"
    assert data.psql(master["master_password"], **say, sql="select pg_drop_replication_slot('own')") == ""
    attribute = "select rolreplication from pg_roles where rolname = 'pgadmin'"
    waiting(lambda: data.sql(attribute, at=host) == "f")


def test_tokens_get_into_restored_instances(data):
    account = data.account
    user = f"app_{account.id}"
    endpoint = data.instance["host"]
    account.control("POST", "database-users", name=user, endpoint=endpoint)
    data.snapshot()
    host = data.restore(EnableIAMDatabaseAuthentication=True)
    plain = data.restore(name="plain")
    shown = data.rds.describe_db_instances(DBInstanceIdentifier="restored")["DBInstances"][0]
    policy = allow("rds-db:connect", data.database_user(shown["DbiResourceId"], user))
    data.keys = account.session(account.role(policies={"connect": policy}))
    assert data.psql(data.token(user=user, host=host), user=user, host=host) == user
    data.user = user
    data.refused("IAM authentication is off", data.token(user=user, host=plain), user=user, host=plain)
    data.refused("may not rds-db:connect", data.token(user=user), user=user)


def test_databases_of_others_are_left_out(account, other_account):
    """Instances that the API creates share a server; a snapshot is of one of them."""
    data, names = Data(account), []
    for owner in account, other_account:
        name = f"boss_{owner.id}"
        wanted = {"Engine": "postgres", "MasterUsername": name, "MasterUserPassword": PASSWORD, **MADE}
        rds = owner.client("rds")
        owner.control("POST", "transitions", account=owner.id, busy=0)
        made = rds.create_db_instance(DBInstanceIdentifier="made", DBName=f"shop_{owner.id}", **wanted)["DBInstance"]
        at = {"host": made["Endpoint"]["Address"], "dbname": f"shop_{owner.id}"}
        assert data.psql(PASSWORD, user=name, **at) == name
        names.append(f"shop_{owner.id}")
        slot = f"select 1 from pg_create_logical_replication_slot('slot_{owner.id}', 'pgoutput')"
        data.sql(slot, at=made["Endpoint"]["Address"], database=f"shop_{owner.id}")
    data.snapshot(of="made")
    host = data.restore()
    there = data.sql("select datname from pg_database", at=host).split()
    assert names[0] in there and names[1] not in there
    slots = data.sql("select slot_name from pg_replication_slots", at=host).split()
    assert slots == [f"slot_{account.id}"]
    for owner in account, other_account:
        data.sql(f"select pg_drop_replication_slot('slot_{owner.id}')", at=made["Endpoint"]["Address"])


def test_databases_of_other_accounts_are_left_out(account, other_account):
    """So that images of a server that accounts share do not grow with the tests that have run."""
    data, names = Data(account), [f"{name}_{owner.id}" for owner in (account, other_account) for name in ("shop", "größe")]
    for name in names:
        data.sql(f'CREATE DATABASE "{name}"', at=data.instance["host"])
    slot = f"select 1 from pg_create_logical_replication_slot('slot_{other_account.id}', 'pgoutput')"
    data.sql(slot, at=data.instance["host"], database=names[2])
    data.snapshot()
    host = data.restore()
    there = data.sql("select datname from pg_database", at=host).split()
    assert [name in there for name in names] == [True, True, False, False]
    assert data.sql("select count(*) from pg_replication_slots", at=host) == "0"
    data.sql(f"select pg_drop_replication_slot('slot_{other_account.id}')", at=data.instance["host"], database=names[2])


def test_replica_of_a_restored_instance_leads_to_the_same_server(data):
    data.sql("create table item (id int)")
    data.snapshot()
    host = data.restore()
    names = {"DBInstanceIdentifier": "replica", "SourceDBInstanceIdentifier": "restored"}
    replica = data.rds.create_db_instance_read_replica(**names)["DBInstance"]["Endpoint"]["Address"]
    data.sql("insert into item values (1)", at=host)
    assert data.sql("select count(*) from item", at=replica) == "1"


def test_promoted_replica_has_data_of_its_own(data):
    data.sql("create table item (id int)")
    names = {"DBInstanceIdentifier": "replica", "SourceDBInstanceIdentifier": "orders"}
    host = data.rds.create_db_instance_read_replica(**names)["DBInstance"]["Endpoint"]["Address"]
    assert data.write(host) is False
    data.sql("insert into item values (1)")
    promoted = data.rds.promote_read_replica(DBInstanceIdentifier="replica")["DBInstance"]
    assert "ReadReplicaSourceDBInstanceIdentifier" not in promoted
    assert data.write(host) is True
    data.sql("insert into item values (2)")
    assert data.sql("select count(*) from item", at=host) == "1"
    source = data.rds.describe_db_instances(DBInstanceIdentifier="orders")["DBInstances"][0]
    assert source["ReadReplicaDBInstanceIdentifiers"] == []


def test_stale_reads_and_lost_answers(data):
    """Faults are the same for what has data behind it."""
    account = data.account
    data.sql("create table item (id int)")
    account.rules({"service": "rds", "operation": "DescribeDBSnapshots", "fault": "stale", "times": 1})
    data.snapshot()
    assert data.rds.describe_db_snapshots(SnapshotType="manual")["DBSnapshots"] == []
    assert len(data.rds.describe_db_snapshots(SnapshotType="manual")["DBSnapshots"]) == 1
    account.rules({"service": "rds", "operation": "RestoreDBInstanceFromDBSnapshot", "fault": "lose_answer"})
    with pytest.raises(HTTPClientError):
        data.restore()
    shown = data.rds.describe_db_instances(DBInstanceIdentifier="restored")["DBInstances"][0]
    assert data.sql("select count(*) from item", at=shown["Endpoint"]["Address"]) == "0"
    call = account.calls(operation="RestoreDBInstanceFromDBSnapshot")[-1]
    assert (call["fault"], call["took_effect"], call["status"]) == ("lose_answer", True, "reset")


def test_restore_to_now(data):
    data.sql("create table item (id int)")
    names = {"SourceDBInstanceIdentifier": "orders", "TargetDBInstanceIdentifier": "past"}
    made = data.rds.restore_db_instance_to_point_in_time(**names, UseLatestRestorableTime=True)["DBInstance"]
    data.sql("drop table item")
    assert data.sql("select count(*) from item", at=made["Endpoint"]["Address"]) == "0"


def test_renamed_instance_keeps_its_server(data):
    data.sql("create table item (id int)")
    names = {"DBInstanceIdentifier": "orders", "NewDBInstanceIdentifier": "renamed", "ApplyImmediately": True}
    data.rds.modify_db_instance(**names)
    renamed = data.rds.describe_db_instances(DBInstanceIdentifier="renamed")["DBInstances"][0]["Endpoint"]["Address"]
    assert data.instance["host"] not in addresses(data.account.facts)
    assert data.sql("select count(*) from item", at=renamed) == "0"


def test_control_knows_endpoints(data):
    with pytest.raises(ValueError, match="there is no endpoint none"):
        data.sql("select 1", at="none")


def test_the_data_goes_with_the_snapshot(data):
    before = data.copies()
    data.snapshot()
    data.snapshot("again")
    assert len(data.copies() - before) == 2
    data.rds.delete_db_snapshot(DBSnapshotIdentifier="again")
    assert len(data.copies() - before) == 1
    data.account.control("DELETE", "databases", account=data.account.id)
    assert data.copies() <= before
    assert data.rds.describe_db_instances()["DBInstances"] == []


def test_servers_share_no_temporary_tables(account):
    """A MariaDB that starts removes those that it finds."""
    account.control("POST", "transitions", account=account.id, busy=0)
    hosts = [account.instance(name, engine="mariadb", own_server=True)["host"] for name in ("one", "two")]
    sql = {"sql": "SELECT @@tmpdir", "database": "mysql"}
    folders = {account.control("POST", "sql", endpoint=host, **sql)["output"] for host in hosts}
    assert len(folders) == 2


def test_data_stays_while_an_instance_is_renamed(data):
    data.sql("CREATE TABLE later (id int)")
    data.account.control("POST", "transitions", account=data.account.id, renaming=1)
    data.rds.modify_db_instance(DBInstanceIdentifier="orders", NewDBInstanceIdentifier="store", ApplyImmediately=True)

    def renamed():
        found = data.rds.describe_db_instances()["DBInstances"]
        return [one["Endpoint"]["Address"] for one in found if one["DBInstanceIdentifier"] == "store"]

    waiting(renamed)
    assert data.sql("SELECT count(*) FROM later", at=renamed()[0]) == "0"
