"""Readers of Aurora, read replicas and read-only endpoints of proxies: nobody writes there."""

from itertools import count

import pg8000.exceptions
import pymysql
import pytest

from .conftest import addresses
from .test_mysql_statements import Database, run
from .test_postgres_statements import Session

_NAMES = count(1)
#: Statements for PostgreSQL and the end of the words in which a standby refuses them.
REFUSED = {
    "create role {name}": "cannot execute CREATE ROLE in a read-only transaction",
    "insert into {table} values (1)": "cannot execute INSERT in a read-only transaction",
    "begin; create table {name} (n int)": "cannot execute CREATE TABLE in a read-only transaction",
    "begin read write": "cannot set transaction read-write mode during recovery",
    "start transaction isolation level serializable, read write": "cannot set transaction read-write mode",
    "set transaction_read_only = off": "cannot set transaction read-write mode during recovery",
    "set session transaction read write": "cannot set transaction read-write mode during recovery",
}
#: Settings that a standby takes and that change nothing there.
WITHOUT_EFFECT = [
    "set default_transaction_read_only = off",
    "SET SESSION default_transaction_read_only TO 'off'; SET statement_timeout = 0",
    "set session characteristics as transaction isolation level read committed, read write",
    "reset default_transaction_read_only",
    "discard all",
]


@pytest.fixture
def session(account):
    return Session(account)


@pytest.fixture
def maria(account):
    return Database(account)


def cluster(account, engine, members=2):
    """The hosts of a new cluster by their roles, with those of its members."""
    made = account.control(
        "POST", "clusters", account=account.id, identifier="au", engine=engine, members=members
    )
    found = account.client("rds").describe_db_instances()["DBInstances"]
    hosts = {i["DBInstanceIdentifier"]: i["Endpoint"]["Address"] for i in found}
    return {"cluster": made["host"], "reader": made["reader_host"]} | hosts


def at(database, host):
    """A connection to another host."""
    if isinstance(database, Database):
        database.address = addresses(database.account.facts)[host]
    else:
        database.host = host
    return database.connect()


def pg_refusal(connection, sql):
    with pytest.raises(pg8000.exceptions.DatabaseError) as caught:
        connection.run(sql)
    return caught.value.args[0]


@pytest.mark.parametrize("statement", REFUSED)
def test_standby_of_postgresql_refuses_to_write(session, statement):
    hosts = cluster(session.account, "aurora-postgresql")
    sql = statement.format(table=session.table, name=f"made_{next(_NAMES)}_{session.account.id}")
    for host in "reader", "au-instance-2":
        connection = at(session, hosts[host])
        assert connection.run("show transaction_read_only") == [["on"]]
        refusal = pg_refusal(connection, sql)
        assert refusal["M"].startswith(REFUSED[statement]), refusal
        assert refusal["C"] == ("25006" if "execute" in refusal["M"] else "0A000")
    for host in "cluster", "au-instance-1":
        connection = at(session, hosts[host])
        connection.run(sql.replace(" made", f" {host[:2]}_made"))
        connection.run("rollback")


@pytest.mark.parametrize("statement", WITHOUT_EFFECT)
@pytest.mark.parametrize("prepared", [False, True])
def test_settings_do_not_make_a_writer(session, statement, prepared):
    connection = at(session, cluster(session.account, "aurora-postgresql")["reader"])
    if prepared:
        for part in statement.split(";"):
            connection.prepare(part).run()
    else:
        connection.run(statement)
    assert pg_refusal(connection, f"create role made_{session.account.id}")["C"] == "25006"
    sent = [entry["sql"] for entry in session.record()]
    assert statement.split(";")[0] in " ".join(sent), "the record has what the client sent"


def test_writer_that_is_alone_is_behind_the_reader_endpoint(session):
    connection = at(session, cluster(session.account, "aurora-postgresql", 1)["reader"])
    connection.run(f"insert into {session.table} values (1)")
    assert session.rows() == [1]


def test_read_replica_until_it_is_promoted(session):
    rds = session.account.client("rds")
    who = {"DBInstanceIdentifier": "replica"}
    made = rds.create_db_instance_read_replica(SourceDBInstanceIdentifier="orders", **who)["DBInstance"]
    connection = at(session, made["Endpoint"]["Address"])
    assert pg_refusal(connection, f"insert into {session.table} values (1)")["C"] == "25006"
    for _ in range(3):
        rds.describe_db_instances(**who)
    rds.promote_read_replica(**who)
    connection = at(session, made["Endpoint"]["Address"])
    connection.run(f"insert into {session.table} values (1)")


def test_read_only_endpoint_of_a_proxy(session):
    account = session.account
    cluster(account, "aurora-postgresql")
    proxy = account.control(
        "POST", "proxies", account=account.id, name="front", target="au", kind="cluster", endpoints={"ro": "READ_ONLY"}
    )
    at(session, proxy["host"]).run(f"insert into {session.table} values (1)")
    assert pg_refusal(at(session, proxy["endpoints"]["ro"]), f"delete from {session.table}")["C"] == "25006"


@pytest.mark.parametrize("engine, product", [("aurora-mysql", "MySQL"), ("mysql", "MySQL"), ("mariadb", "MariaDB")])
@pytest.mark.parametrize(
    "statement",
    [
        "CREATE USER {name} IDENTIFIED BY 'long-enough'",
        "/* why */ grant select on *.* to {name}",
        "SELECT 1; DROP USER IF EXISTS {name}",
        "EXECUTE IMMEDIATE 'CREATE USER {name}'",
        "insert into {table} values (1)",
        "ALTER USER {name} ACCOUNT LOCK",
    ],
)
def test_reader_of_mysql_refuses_to_write(account, maria, engine, product, statement):
    if engine == "aurora-mysql":
        host = cluster(account, engine)["reader"]
    else:
        source = maria if engine == "mysql" else None
        if source is None:
            account.instance("source", engine=engine)
        wanted = {"DBInstanceIdentifier": "replica", "SourceDBInstanceIdentifier": "orders" if source else "source"}
        made = account.client("rds").create_db_instance_read_replica(**wanted)["DBInstance"]
        host = made["Endpoint"]["Address"]
    connection = at(maria, host)
    sql = statement.format(table=maria.table, name=f"made_{next(_NAMES)}")
    with pytest.raises(pymysql.err.Error) as caught:
        run(connection, sql)
    text = f"The {product} server is running with the --read-only option so it cannot execute this statement"
    assert caught.value.args == (1290, text)
    assert run(connection, "/* create user */ select 'drop; insert'")
    assert maria.rows() == 0


def test_reader_of_mysql_has_temporary_tables_and_the_writer_writes(account, maria):
    hosts = cluster(account, "aurora-mysql")
    run(at(maria, hosts["au-instance-2"]), "CREATE TEMPORARY TABLE mine (n INT)")
    run(at(maria, hosts["cluster"]), maria.insert())
    assert maria.rows() == 1
