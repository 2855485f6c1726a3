"""Open sessions of instances and clusters that are restarted, stopped or deleted."""

import pg8000.exceptions
import pymysql
import pytest

from .test_mysql_statements import Database, run
from .test_postgres_statements import Session

_LOST = (pg8000.exceptions.InterfaceError, pymysql.err.OperationalError, OSError)


class Postgres(Session):
    """An instance with PostgreSQL."""

    def ask(self, connection):
        return connection.run("select 1")


class MySql(Database):
    """An instance with MariaDB."""

    def ask(self, connection):
        return run(connection, "select 1")


@pytest.fixture(params=[Postgres, MySql])
def open_one(request, account):
    """An instance, and a session that works."""
    database = request.param(account)
    session = database.connect()
    database.ask(session)
    return database, session


def seen(account, looks):
    """The status of the instance after some looks."""
    for _ in range(looks):
        shown = account.client("rds").describe_db_instances(DBInstanceIdentifier="orders")
    return shown["DBInstances"][0]["DBInstanceStatus"]


def test_reboot_ends_sessions(open_one, account):
    database, session = open_one
    account.client("rds").reboot_db_instance(DBInstanceIdentifier="orders")
    with pytest.raises(_LOST):
        database.ask(session)
    session = database.connect()
    database.ask(session)
    account.control("POST", "reboot", account=account.id, identifier="orders")
    with pytest.raises(_LOST):
        database.ask(session)


def test_stopped_instance_lets_nobody_in(open_one, account):
    database, session = open_one
    account.client("rds").stop_db_instance(DBInstanceIdentifier="orders")
    with pytest.raises(_LOST):
        database.ask(session)
    with pytest.raises(_LOST):
        database.connect()
    assert seen(account, 4) == "stopped"
    with pytest.raises(_LOST):
        database.connect()
    account.client("rds").start_db_instance(DBInstanceIdentifier="orders")
    assert seen(account, 4) == "available"
    database.ask(database.connect())


def test_deleted_instance_ends_sessions(open_one, account):
    database, session = open_one
    account.client("rds").delete_db_instance(DBInstanceIdentifier="orders", SkipFinalSnapshot=True)
    with pytest.raises(_LOST):
        database.ask(session)


def test_cluster_stops_with_its_members(account):
    cluster = account.control("POST", "clusters", account=account.id, identifier="au", members=1)
    database = Postgres(account)
    own = database.connect()
    member = account.client("rds").describe_db_instances(DBInstanceIdentifier="au-instance-1")["DBInstances"][0]
    sessions = []
    for host in (cluster["host"], cluster["reader_host"], member["Endpoint"]["Address"]):
        database.host = host
        sessions.append(database.connect())
    account.client("rds").stop_db_cluster(DBClusterIdentifier="au")
    for session in sessions:
        with pytest.raises(_LOST):
            database.ask(session)
    with pytest.raises(_LOST):
        database.connect()
    database.ask(own)
