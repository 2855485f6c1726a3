"""Statements to MariaDB: the record, and faults that strike them."""

import asyncio
import struct
import subprocess
import sys
import time
from contextlib import suppress
from itertools import count

import pymysql
import pytest
from pymysql.constants import COMMAND

from stage.database import mysql_packets
from stage.database.statements import Statements

from .conftest import addresses

_TABLES = count(1)
_CONNECTION_LOST, _GONE = 2013, (2006, 2013)


class Database:
    """An instance, and connections to it as the master."""

    def __init__(self, account, **instance):
        self.account = account
        self.instance = account.instance(engine="mysql", **instance)
        self.address = addresses(account.facts)[self.instance["host"]]
        self.table = f"t{next(_TABLES)}"
        self.owner(f"CREATE OR REPLACE TABLE {self.table} (n INT)")

    def owner(self, sql):
        return self.account.control("POST", "sql", engine="mysql", sql=sql)["output"]

    def connect(self, **more):
        master = self.account.facts["mysql"]
        ca = self.account.facts["environment"]["PGSSLROOTCERT"]
        return pymysql.connect(
            host=self.address,
            port=self.instance["port"],
            user=master["master_user"],
            password=master["master_password"],
            database=master["database"],
            ssl={"ca": ca, "check_hostname": False},
            **{"autocommit": True, **more},
        )

    def rules(self, *rules):
        mine = [{"account": self.account.id, **rule} for rule in rules]
        return self.account.control("POST", "statement-rules", rules=mine)

    def record(self, part):
        all_of_them = self.account.control("GET", "statements", account=self.account.id)["statements"]
        return [e for e in all_of_them if part in e["sql"]]

    def rows(self):
        return int(self.owner(f"SELECT count(*) FROM {self.table}"))

    def insert(self, n=1):
        return f"INSERT INTO {self.table} VALUES ({n})"


@pytest.fixture
def database(account):
    return Database(account)


def run(connection, sql):
    with connection.cursor() as cursor:
        cursor.execute(sql)
        return cursor.fetchall()


def lost(connection, sql):
    with pytest.raises(pymysql.err.OperationalError) as caught:
        run(connection, sql)
    assert caught.value.args[0] in _GONE, caught.value


def test_record_tells_sessions_apart_and_what_they_claim_to_be(database):
    one, two = (database.connect(program_name=name) for name in ("one", "é" * 200))
    for connection in (one, two, one):
        run(connection, "SELECT 'whose'")
    first, second, third = database.record("whose")
    assert first["session"] == third["session"] != second["session"]
    assert [e["application"] for e in (first, second)] == ["one", "é" * 200]


def test_login_without_attributes_names_no_application():
    login = mysql_packets.packet(1, bytes.fromhex("8da20a00") + bytes(28) + b"jane\0" + b"\4abcd" + b"native\0")
    assert mysql_packets.user_of_login(login) == "jane" and mysql_packets.application_of_login(login) == ""


def test_record(database):
    connection = database.connect()
    run(connection, database.insert())
    with pytest.raises(pymysql.err.ProgrammingError):
        run(connection, "SELECT no_such_thing FROM")
    [good], [bad] = database.record(database.insert()), database.record("no_such_thing")
    assert (good["user"], good["host"], good["fault"]) == ("admin", database.instance["host"], None)
    assert good["took_effect"] and not bad["took_effect"] and bad["number"] > good["number"]
    database.account.control("DELETE", "statements", account=database.account.id)
    assert database.record("") == []


def test_cut_before_the_statement(database):
    database.rules({"sql": "insert into", "fault": "cut", "statements": [2]})
    connection, other = database.connect(autocommit=False), database.connect()
    run(connection, database.insert())
    lost(connection, database.insert())
    assert database.rows() == 0, "what the transaction did is undone"
    run(other, database.insert())
    assert database.rows() == 1
    assert [e["took_effect"] for e in database.record("INSERT")] == [True, False, True]
    assert [e["fault"] for e in database.record("INSERT")] == [None, "cut", None]


def test_lost_answer(database):
    database.rules({"sql": "INSERT", "fault": "lose_answer", "seconds": 0.2, "times": 1})
    began = time.monotonic()
    lost(database.connect(), database.insert())
    assert time.monotonic() - began > 0.2 and database.rows() == 1
    assert database.record("INSERT")[0]["took_effect"]
    run(database.connect(), database.insert())


@pytest.mark.parametrize("when", ["before", "after"])
def test_delay(database, when):
    database.rules({"sql": "INSERT", "fault": "delay", "seconds": 0.4, "when": when})
    began = time.monotonic()
    run(database.connect(), database.insert())
    assert time.monotonic() - began > 0.4 and database.rows() == 1


@pytest.mark.parametrize(
    ("code", "state"), [(1205, "HY000"), (1213, "40001"), (1290, "HY000")], ids=["lock wait", "deadlock", "read only"]
)
def test_error(database, code, state):
    database.rules({"sql": "INSERT", "fault": "error", "code": code, "message": "not now", "times": 1})
    connection = database.connect()
    connection._execute_command(COMMAND.COM_QUERY, database.insert())
    head = connection._rfile.read(4)
    answer = connection._rfile.read(int.from_bytes(head[:3], "little"))
    connection._next_seq_id = 2
    assert answer == b"\xff" + struct.pack("<H", code) + f"#{state}not now".encode()
    assert database.rows() == 0
    [entry] = database.record("INSERT")
    assert not entry["took_effect"] and entry["answered"], "as in PostgreSQL"
    run(connection, database.insert())
    assert database.rows() == 1, "the connection goes on"


def test_rules_select_by_user_and_host(database):
    host = database.instance["host"]
    added = database.rules(
        {"user": "somebody", "fault": "cut"},
        {"host": "elsewhere", "fault": "cut"},
        {"host": host, "sql": "x", "fault": "cut"},
    )
    run(database.connect(), database.insert())
    mine = [r for r in added["rules"] if r["account"] == database.account.id]
    assert [r["matched"] for r in mine] == [0, 0, 0]
    lost(database.connect(), "SELECT 'x'")
    rules = database.account.control("GET", "statement-rules")["rules"]
    assert [r["struck"] for r in rules if r["account"] == database.account.id] == [0, 0, 1]
    database.account.control("DELETE", "statement-rules", account=database.account.id)
    run(database.connect(), "SELECT 'x'")


@pytest.mark.parametrize(
    ("rule", "complaint"),
    [
        ({"fault": "reset"}, "fault must be one of"),
        ({"fault": "cut", "seconds": 1}, "takes no seconds"),
        ({"fault": "delay"}, "lacks an argument"),
        ({"fault": "error"}, "lacks an argument"),
        ({"fault": "delay", "seconds": 1, "when": "never"}, "before or after"),
        ({"fault": "cut", "sql": "("}, "unterminated"),
    ],
)
def test_rules_that_are_refused(database, rule, complaint):
    with pytest.raises(ValueError, match=complaint):
        database.rules(rule)


@pytest.mark.parametrize(
    "rule",
    [
        {"fault": "cut", "statements": 2},
        {"fault": "cut", "statements": ["2"]},
        {"fault": "cut", "statements": [0]},
        {"fault": "cut", "times": "1"},
        {"fault": "cut", "times": True},
        {"fault": "delay", "seconds": "1"},
        {"fault": "delay", "seconds": -1},
        {"fault": "delay", "seconds": None},
        {"fault": "delay", "seconds": 1, "when": ["after"]},
        {"fault": "error", "code": "1205"},
        {"fault": "error", "sqlstate": 40001},
        {"fault": "error", "sqlstate": "4000"},
        {"fault": "error", "code": 1205, "message": 5},
        {"fault": "cut", "sql": 5},
        {"fault": "cut", "user": 5},
        {"fault": ["cut"]},
        "cut",
    ],
    ids=str,
)
def test_rules_of_other_types(rule):
    with pytest.raises(ValueError, match="must be|a rule is"):
        Statements().rules.add([rule])


def prepare(connection, sql):
    """The number of a statement without parameters and without a result."""
    connection._execute_command(COMMAND.COM_STMT_PREPARE, sql)
    return struct.unpack_from("<I", connection._read_packet().get_all_data(), 1)[0]


def execute(connection, number):
    connection._execute_command(COMMAND.COM_STMT_EXECUTE, struct.pack("<IBI", number, 0, 1))
    return connection._read_packet()


def test_prepared_statements_count_when_they_are_executed(database):
    connection = database.connect()
    first, second = (prepare(connection, database.insert(n)) for n in (1, 2))
    assert database.record("INSERT") == []
    for number in (second, first, second):
        assert execute(connection, number).is_ok_packet()
    assert [e["sql"] for e in database.record("INSERT")] == [database.insert(n) for n in (2, 1, 2)]
    database.rules({"sql": "INSERT", "fault": "error", "code": 1205, "statements": [2]})
    execute(connection, first)
    with pytest.raises(pymysql.err.OperationalError, match="Injected"):
        execute(connection, first)
    assert database.rows() == 4


def test_prepared_statement_that_names_the_plugin(account):
    database = Database(account, iam=False)
    connection = database.connect()
    number = prepare(connection, "CREATE USER nobody@'%' IDENTIFIED WITH AWSAuthenticationPlugin AS 'RDS'")
    with pytest.raises(pymysql.err.OperationalError, match="1524"):
        execute(connection, number)
    assert [(e["answered"], e["took_effect"]) for e in database.record("CREATE USER")] == [(True, False)]


def test_prepared_statement_that_is_executed_before_its_number_is_known(database):
    connection = database.connect()
    last = struct.pack("<BIBI", COMMAND.COM_STMT_EXECUTE, 0xFFFFFFFF, 0, 1)
    packets = (bytes([COMMAND.COM_STMT_PREPARE]) + database.insert(7).encode(), last)
    connection._sock.sendall(b"".join(mysql_packets.packet(0, p) for p in packets))
    deadline = time.monotonic() + 5
    while not database.record(database.insert(7)):
        assert time.monotonic() < deadline, database.record("")


def test_statement_whose_client_is_killed(database):
    connection = database.connect()
    connection._execute_command(COMMAND.COM_QUERY, f"INSERT INTO {database.table} SELECT sleep(0.5)")
    connection._force_close()
    deadline = time.monotonic() + 10
    while [e["took_effect"] for e in database.record("INSERT")] != [True]:
        assert time.monotonic() < deadline
        time.sleep(0.05)
    assert database.rows() == 1


def gone(database, connection, *commands, after=0):
    """Sends commands, takes the client away and waits until the server has ended its session."""
    wanted = f"SELECT 1 FROM information_schema.processlist WHERE id = {connection.thread_id()}"
    packets = (mysql_packets.packet(0, bytes([COMMAND.COM_QUERY]) + sql.encode()) for sql in commands)
    connection._sock.sendall(b"".join(packets))
    time.sleep(after)
    connection._force_close()
    deadline = time.monotonic() + 8
    while database.owner(wanted):
        assert time.monotonic() < deadline, "the server's session is still there"
        time.sleep(0.05)


@pytest.mark.parametrize("sleep", [0, 0.6], ids=["answered", "working"])
def test_lost_answer_that_nobody_waits_for_ends_the_session(database, sleep):
    database.rules({"sql": "INSERT", "fault": "lose_answer", "seconds": 0.6})
    connection = database.connect(autocommit=False)
    gone(database, connection, f"INSERT INTO {database.table} SELECT sleep({sleep})", after=0.2)


def test_cut_of_a_client_that_is_gone_ends_the_session(database):
    database.rules({"sql": "99", "fault": "delay", "seconds": 0.5}, {"sql": "77", "fault": "cut"})
    connection = database.connect(autocommit=False)
    run(connection, database.insert())
    gone(database, connection, database.insert(99), database.insert(77))
    assert [e["took_effect"] for e in database.record("INSERT")] == [True, True, False]


def test_cut_waits_for_what_was_sent_before(database):
    database.rules({"sql": "77", "fault": "cut"})
    connection = database.connect()
    commands = (f"INSERT INTO {database.table} SELECT sleep(0.5)", "SELECT 77")
    packets = (mysql_packets.packet(0, bytes([COMMAND.COM_QUERY]) + sql.encode()) for sql in commands)
    connection._sock.sendall(b"".join(packets))
    with suppress(OSError):
        assert connection._sock.recv(100) == b""
    deadline = time.monotonic() + 5
    while [(e["sql"], e["took_effect"]) for e in database.record("INSERT")] != [(commands[0], True)]:
        assert time.monotonic() < deadline
        time.sleep(0.05)
    assert database.rows() == 1


def test_answers_of_many_packets_and_several_statements(database):
    connection = database.connect(client_flag=pymysql.constants.CLIENT.MULTI_STATEMENTS)
    assert len(run(connection, "SELECT seq FROM seq_1_to_20000")) == 20000
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1; SELECT 2")
        assert cursor.nextset() and cursor.fetchall() == ((2,),)
    assert run(connection, f"SELECT '{'ä' * 100000}'")[0][0] == "ä" * 100000


def test_an_answer_comes_in_one_piece_as_from_a_server(database):
    connection = database.connect()
    for _ in range(20):
        connection._execute_command(COMMAND.COM_QUERY, "SELECT 'first', 2 UNION SELECT 'last', 3")
        piece = connection._sock.recv(65536)  # a record of TLS at most
        assert len(list(mysql_packets.whole_packets(piece))) == 7, piece


def test_a_delay_does_not_hold_back_what_came_before(database):
    database.rules({"sql": "'late'", "fault": "delay", "seconds": 1, "when": "after"})
    connection = database.connect()
    commands = (bytes([COMMAND.COM_QUERY]) + f"SELECT '{word}'".encode() for word in ("soon", "late"))
    connection._sock.sendall(b"".join(mysql_packets.packet(0, command) for command in commands))
    began = time.monotonic()
    assert b"soon" in connection._sock.recv(65536) and time.monotonic() - began < 0.8
    assert b"late" in connection._sock.recv(65536) and time.monotonic() - began > 0.9


def test_statements_do_not_wait_for_acknowledgements(database):
    connection = database.connect()
    began = time.monotonic()
    for _ in range(100):
        run(connection, "SELECT 1")
    assert time.monotonic() - began < 2, "40 ms each if they do"


@pytest.mark.parametrize(
    ("sql", "named"),
    [
        ("create user a identified with AWSAuthenticationPlugin as 'RDS'", True),
        ("CREATE OR REPLACE USER a\nIDENTIFIED VIA 'awsauthenticationplugin'", True),
        ("ALTER USER IF EXISTS a IDENTIFIED WITH `AWSAuthenticationPlugin` AS 'RDS'", True),
        ("GRANT SELECT ON app.* TO a@'%' IDENTIFIED VIA AWSAuthenticationPlugin USING 'RDS'", True),
        ("create user a identified /* with nothing */ with -- but\n AWSAuthenticationPlugin as 'RDS'", True),
        ("create user a identified with # this\n AWSAuthenticationPlugin as 'RDS'", True),
        ("create user a identified /*!50000 with AWSAuthenticationPlugin */ as 'RDS'", True),
        ("create user a identified /*M!100100 via AWSAuthenticationPlugin */ using 'RDS'", True),
        ("create user `/*`@'%' identified with AWSAuthenticationPlugin as '*/'", True),
        ("create user a identified via ed25519 using 'x' or AWSAuthenticationPlugin using 'RDS'", True),
        ("EXECUTE IMMEDIATE 'create user a identified with AWSAuthenticationPlugin'", True),
        ('prepare one from "create user a identified with AWSAuthenticationPlugin"', True),
        ("create user a identified by 'x' /* with AWSAuthenticationPlugin */", False),
        ("create user a identified by 'with AWSAuthenticationPlugin'", False),
        ("create table t comment 'a user identified with AWSAuthenticationPlugin'", False),
        ("select * from mysql.user where plugin = 'AWSAuthenticationPlugin'", False),
        ("create user a identified by 'x'", False),
    ],
)
def test_statements_that_name_the_plugin(sql, named):
    assert mysql_packets.names_the_plugin(sql) == named


_CHANGES = """
import ctypes, sys

library = ctypes.CDLL("libmariadb.so.3")
for name in "mysql_init", "mysql_real_connect", "mysql_store_result":
    getattr(library, name).restype = ctypes.c_void_p
library.mysql_error.restype = ctypes.c_char_p
address, port, ca, *users = sys.argv[1:]


def user():
    library.mysql_query(connection, b"SELECT current_user()")
    result = ctypes.c_void_p(library.mysql_store_result(connection))
    library.mysql_fetch_row.restype = ctypes.POINTER(ctypes.c_char_p)
    name = library.mysql_fetch_row(result)[0].decode().partition("@")[0]
    library.mysql_free_result(result)
    return name


(first, password), *others = (user.encode().split(b":") for user in users)
connection = ctypes.c_void_p(library.mysql_init(None))
library.mysql_ssl_set(connection, None, None, ca.encode(), None, None)
port = ctypes.c_uint(int(port))
if not library.mysql_real_connect(
    connection, address.encode(), first, password, None, port, None, ctypes.c_ulong(0)
):
    sys.exit(library.mysql_error(connection).decode())
print(user())
if library.mysql_reset_connection(connection):
    sys.exit("reset: " + library.mysql_error(connection).decode())
print(user())
for name, password in others:
    if library.mysql_change_user(connection, name, password, None):
        print("refused", library.mysql_error(connection).decode().split(" ")[0])
        break
    print(user())
"""


def changes(database, *users):
    """Who a connection of the C library is: at first, after a reset, and after each change of the user."""
    ca = database.account.facts["environment"]["PGSSLROOTCERT"]
    command = [sys.executable, "-c", _CHANGES, database.address, str(database.instance["port"]), ca, *users]
    done = subprocess.run(command, capture_output=True, text=True, timeout=30)
    assert done.returncode == 0, done.stderr
    return done.stdout.split("\n")[:-1], [e["user"] for e in database.record("current_user")]


def test_connection_that_is_reset_or_changes_its_user(database):
    ann, bob = f"ann_{database.account.id}", f"bob_{database.account.id}"
    for name in (ann, bob):
        database.account.control("POST", "database-users", engine="mysql", name=name, iam=False, password="secret")
    right, wrong = (f"{name}:secret" for name in (ann, bob)), (f"{ann}:secret", f"{bob}:wrong")
    assert changes(database, *right) == ([ann, ann, bob], [ann, ann, bob])
    said, record = changes(database, *wrong)
    assert said == [ann, ann, "refused Access"] and record[3:] == [ann, ann]
    master = database.account.facts["mysql"]
    said, _ = changes(database, f"{master['master_user']}:{master['master_password']}", f"{ann}:secret")
    assert said == ["admin", "admin", "refused Access"], "a limit, see README.md"


def test_message_of_several_packets():
    whole = mysql_packets.packet(0, b"a" * 0xFFFFFF) + mysql_packets.packet(1, b"b")

    async def read():
        reader = asyncio.StreamReader()
        reader.feed_data(whole)
        return await mysql_packets.read_message(reader.readexactly)

    assert asyncio.run(read()) == (whole, b"a" * 0xFFFFFF + b"b", 1)
