"""DMS: rows that are migrated from MariaDB to MariaDB."""

import json

import pytest

from .conftest import Account
from .dms import NOTHING, End, Task, selection, until

ROWS = "SELECT * FROM {}.items ORDER BY id"


class MySqlEnd(End):
    """A MariaDB at one end of a migration, on a server of its own."""

    def __init__(self, account, name, **more):
        super().__init__(account, name, engine="mariadb", **more)
        self.user, self.password = "admin", account.facts["mysql"]["master_password"]

    def place(self):
        return {name: value for name, value in super().place().items() if name != "database"}

    def run(self, text):
        """What the owner of the server gets, who is not the master."""
        return self.sql(text, "mysql")


class MySqlTask(Task):
    """A task between two of them, of one database."""

    def __init__(self, source, target, **more):
        rules = {"rules": [selection(schema=source.database)]}
        super().__init__(source, target, **{"engine": "mariadb", "mappings": rules, "settings": NOTHING} | more)


@pytest.fixture(scope="module")
def servers(facts):
    account = Account(facts, "300000000901")
    account.control("POST", "transitions", account=account.id, busy=0)
    account.control("POST", "parameter-groups", account=account.id, name="rows", family="mariadb10.11")
    account.control("POST", "parameters", account=account.id, group="rows", values={"binlog_format": "ROW"})
    source, target = MySqlEnd(account, "source", parameter_group="rows"), MySqlEnd(account, "target")
    account.control("POST", "reboot", account=account.id, identifier="source")
    yield source, target
    account.control("DELETE", "databases", account=account.id)


@pytest.fixture
def both(servers, request):
    name = request.node.name.partition("[")[0][-30:]
    for end in servers:
        end.database = name
        end.run(f"CREATE DATABASE {name}; CREATE TABLE {name}.items (id int PRIMARY KEY, name text)")
    servers[0].run(f"INSERT INTO {name}.items VALUES (1, 'one'), (2, 'two'), (3, 'it''s \\\\ \"three\"')")
    yield servers
    servers[0].account.control("DELETE", "replication-tasks", account=servers[0].account.id)
    for end in servers:
        end.run(f"DROP DATABASE {name}; DROP DATABASE IF EXISTS awsdms_control")


def rows(end):
    return end.run(ROWS.format(end.database))


def test_load_and_changes(both):
    source, target = both
    task = MySqlTask(source, target, settings=NOTHING | {"ValidationSettings": {"EnableValidation": True}})
    task.start()
    task.table(TableState="Table completed", FullLoadRows=3)
    db = source.database
    source.run(
        f"START TRANSACTION; INSERT INTO {db}.items VALUES (4, 'four'); "
        f"UPDATE {db}.items SET name = 'zwei' WHERE id = 2; DELETE FROM {db}.items WHERE id = 1; COMMIT"
    )
    table = task.table(AppliedInserts=1, AppliedUpdates=1, AppliedDeletes=1, ValidationState="Validated")
    assert (table["Inserts"], table["Updates"], table["Deletes"]) == (1, 1, 1)
    assert rows(target) == rows(source) and "zwei" in rows(target)
    task.stop()
    source.run(f"INSERT INTO {db}.items VALUES (5, 'five')")
    task.start("resume-processing")
    task.table(AppliedInserts=2)
    assert rows(target) == rows(source)


_COLUMNS = """
a tinyint unsigned, b smallint, c mediumint, d bigint unsigned, e decimal(20,7), f float, g double, h char(5),
i varchar(300), j blob, k longtext, l date, m datetime(3), n timestamp(6) NULL, o time(2), p year, q enum('x','it''s'),
r set('a','b','c'), s bit(10), t binary(4), u json
"""
_VALUES = [
    "255, -32768, -8388608, 18446744073709551615, -1234567890123.4567891, 1.5, -1e-7, 'ab', repeat('ü', 290), "
    "x'00ff27', "
    "'k\\n''', '2026-02-28', '2026-02-28 23:59:59.123', '2026-02-28 23:59:59.123456', '-12:34:56.78', 2026, "
    "'it''s', 'a,c', "
    "b'1000000001', 'ab', '{\"a\": [1]}'",
    ", ".join(["NULL"] * 21),
    "0, 0, 1, 0, 0.0000001, 0, 0, '', '', '', '', '1000-01-01', '1000-01-01', '1970-01-01 00:00:01', "
    "'838:59:59', 1901, "
    "'x', '', b'0', '', 'null'",
]


def test_values_of_all_kinds(both):
    source, target = both
    for end in both:
        end.run(f"CREATE TABLE {end.database}.`odd ``name` (id int PRIMARY KEY, {_COLUMNS})")
    name = f"{source.database}.`odd ``name`"
    source.run(
        f"SET time_zone = '+00:00'; INSERT INTO {name} VALUES "
        + ", ".join(f"({n}, {v})" for n, v in enumerate(_VALUES))
    )
    task = MySqlTask(source, target)
    task.start()
    task.table("odd `name", TableState="Table completed", FullLoadRows=3)
    source.run(
        f"SET time_zone = '+00:00'; INSERT INTO {name} VALUES "
        + ", ".join(f"({n + 10}, {v})" for n, v in enumerate(_VALUES))
    )
    task.table("odd `name", AppliedInserts=3)
    columns = ", ".join(f"hex(concat({letter}))" for letter in "abcdefghijklmnopqrstu")
    shown = f"SET time_zone = '+00:00'; SELECT id, {columns} FROM {name} ORDER BY id"
    found, expected = ([line.split("\t") for line in end.run(shown).splitlines()] for end in (target, source))
    assert len(expected) == 6
    for letter, *values in zip(
        ["id", *"abcdefghijklmnopqrstu"], zip(*found, strict=True), zip(*expected, strict=True), strict=True
    ):
        assert values[0] == values[1], letter


def test_foreign_keys_count_unless_the_endpoint_says_otherwise(both):
    source, target = both
    db = source.database
    for end in both:
        end.run(f"CREATE TABLE {db}.orders (id int PRIMARY KEY, item int)")
    target.run(f"ALTER TABLE {db}.orders ADD FOREIGN KEY (item) REFERENCES {db}.items (id)")
    settings = {"FullLoadSettings": {"TargetTablePrepMode": "TRUNCATE_BEFORE_LOAD"}}
    task = MySqlTask(source, target, settings=settings, identifier="a")
    task.start()
    task.table(TableState="Table error")
    task.table("orders", TableState="Table completed")
    source.run(f"INSERT INTO {db}.orders VALUES (1, 99)")
    task.table("orders", Inserts=1, AppliedInserts=0)
    until(lambda: target.run("SELECT ERROR FROM awsdms_control.awsdms_apply_exceptions"), lambda shown: "1452" in shown)
    free = "Initstmt=SET FOREIGN_KEY_CHECKS=0"
    task = MySqlTask(source, target, settings=settings, identifier="b", attributes=free)
    task.start()
    task.table(TableState="Table completed")
    task.table("orders", TableState="Table completed", FullLoadRows=1)


def test_changes_of_tables_and_truncation(both):
    source, target = both
    task = MySqlTask(source, target)
    task.start()
    task.table(TableState="Table completed")
    db = source.database
    source.run(f"ALTER TABLE {db}.items ADD COLUMN price int; INSERT INTO {db}.items VALUES (4, 'four', 5)")
    task.table(AppliedDdls=1, AppliedInserts=1)
    assert target.run(f"SELECT price FROM {db}.items WHERE id = 4") == "5"
    source.sql("TRUNCATE TABLE items", db)
    task.table(AppliedDdls=2)
    assert rows(target) == ""


def test_binary_log_without_rows(both):
    task = MySqlTask(*both[::-1])
    task.start()
    assert "must have the format ROW" in task.wait("failed")["LastFailureMessage"]
    full = MySqlTask(*both, kind="full-load", identifier="full")
    full.start()
    full.wait("stopped")
    assert rows(both[1]) == rows(both[0])


def test_connection_of_the_master_and_of_nobody(both):
    source, _ = both
    api, made = source.account.client("dms"), MySqlTask(*both).made
    endpoint = {"EndpointIdentifier": "wrong", "EndpointType": "source", "EngineName": "mariadb", "SslMode": "require"}
    endpoint |= {
        "MySQLSettings": {"ServerName": source.made["host"], "Port": 3306, "Username": "admin", "Password": "no"}
    }
    wrong = api.create_endpoint(**endpoint)["Endpoint"]
    assert "no" not in json.dumps(wrong["MySQLSettings"]).replace("none", "")
    for arn, status in ((wrong["EndpointArn"], "failed"), (made["source_arn"], "successful")):
        api.test_connection(ReplicationInstanceArn=made["instance_arn"], EndpointArn=arn)
        wanted = [{"Name": "endpoint-arn", "Values": [arn]}]
        shown = lambda: api.describe_connections(Filters=wanted)["Connections"][0]  # noqa: B023, E731
        assert until(shown, lambda one: one["Status"] != "testing")["Status"] == status
