"""Faults that strike statements on their way to PostgreSQL, and the record of statements."""

import io
import os
import signal
import socket
import ssl
import subprocess
import threading
import time

import pg8000.native
import pytest
from pg8000.exceptions import DatabaseError, InterfaceError

from stage.database import postgres_messages

from .conftest import addresses

_LOST = (InterfaceError, OSError)


class Session:
    """A connection as the master, and a table of its own."""

    def __init__(self, account, version=None):
        self.account, self.host = account, account.instance(version=version)["host"]
        facts = account.facts
        self.password = (facts["newer_postgres"] if version else facts["database"])["master_password"]
        self.table = f"t_{account.id}"
        self.connection = self.connect()
        self.connection.run(f"create table {self.table} (id int)")
        account.control("DELETE", "statements", account=account.id)

    def connect(self):
        facts = self.account.facts
        address = addresses(facts)[self.host]
        context = ssl.create_default_context(cafile=facts["database"]["certificate"])
        context.check_hostname = False
        server = {"host": address, "database": "app", "ssl_context": context, "timeout": 20}
        return pg8000.native.Connection(facts["database"]["master_user"], password=self.password, **server)

    def insert(self, number, extended=False, connection=None):
        connection = connection or self.connection
        if extended:
            return connection.run(f"insert into {self.table} values (:n)", n=number)
        return connection.run(f"insert into {self.table} values ({number})")

    def rows(self):
        output = self.account.control("POST", "sql", sql=f"select id from {self.table} order by id")["output"]
        return [int(line) for line in output.split()]

    def rules(self, *rules):
        wanted = [{"account": self.account.id, **rule} for rule in rules]
        self.account.control("POST", "statement-rules", rules=wanted)

    def record(self):
        return self.account.control("GET", "statements", account=self.account.id)["statements"]


@pytest.fixture
def session(account):
    return Session(account)


both = pytest.mark.parametrize("extended", [False, True], ids=["simple", "extended"])


@both
def test_record(session, extended):
    session.insert(1, extended)
    with pytest.raises(DatabaseError, match="22012"):
        session.connection.run("select 1/:zero" if extended else "select 1/0", **({"zero": 0} if extended else {}))
    good, bad = session.record()
    assert good["sql"].startswith(f"insert into {session.table} values (") and good["took_effect"] is True
    assert (good["user"], good["host"], good["fault"]) == ("pgadmin", session.host, None)
    assert bad["number"] > good["number"] and bad["session"] == good["session"] and bad["took_effect"] is False
    session.account.control("DELETE", "statements", account=session.account.id)
    assert session.record() == []


@both
def test_cut_before_the_statement(session, extended):
    session.rules({"sql": "^insert", "statements": [2], "fault": "cut"})
    session.insert(1, extended)
    with pytest.raises(_LOST):
        session.insert(2, extended)
    assert session.rows() == [1]
    assert [(e["took_effect"], e["fault"]) for e in session.record()] == [(True, None), (False, "cut")]
    session.insert(3, extended, session.connect())
    assert session.rows() == [1, 3]


@both
def test_answer_that_is_lost(session, extended):
    session.rules({"sql": "insert", "times": 1, "fault": "lose_answer"})
    with pytest.raises(_LOST):
        session.insert(1, extended)
    assert session.rows() == [1]
    assert [(e["took_effect"], e["fault"]) for e in session.record()] == [(True, "lose_answer")]


def test_answer_that_is_lost_within_a_transaction(session):
    session.rules({"sql": "insert", "fault": "lose_answer"})
    session.connection.run("begin")
    with pytest.raises(_LOST):
        session.insert(1)
    deadline = time.monotonic() + 10
    open_ones = "select 1 from pg_stat_activity where state like 'idle in transaction%'"
    while session.account.control("POST", "sql", sql=open_ones)["output"]:
        assert time.monotonic() < deadline
    assert session.rows() == []


def test_answer_to_the_commit_that_is_lost(session):
    session.rules({"sql": "commit", "fault": "lose_answer"})
    session.connection.run("begin")
    session.insert(1)
    with pytest.raises(_LOST):
        session.connection.run("commit")
    assert session.rows() == [1]


@both
def test_error_outside_a_transaction(session, extended):
    session.rules({"sql": "insert", "times": 1, "fault": "error", "sqlstate": "25006", "message": "read-only"})
    with pytest.raises(DatabaseError) as caught:
        session.insert(1, extended)
    assert (caught.value.args[0]["C"], caught.value.args[0]["M"]) == ("25006", "read-only")
    session.insert(2, extended)
    assert session.rows() == [2]
    assert [(e["took_effect"], e["fault"]) for e in session.record()] == [(False, "error"), (True, None)]


@both
def test_error_within_a_transaction(session, extended):
    session.rules({"sql": "insert", "statements": [2], "fault": "error", "sqlstate": "40P01", "message": "deadlock"})
    session.connection.run("begin")
    session.insert(1, extended)
    with pytest.raises(DatabaseError, match="40P01"):
        session.insert(2, extended)
    with pytest.raises(DatabaseError, match="25P02"):
        session.insert(3, extended)
    session.connection.run("rollback")
    session.insert(4, extended)
    assert session.rows() == [4]


def test_prepared_statement_is_counted_each_time(session):
    prepared = session.connection.prepare(f"insert into {session.table} values (:n)")
    session.rules({"sql": "insert", "statements": [2], "fault": "error", "sqlstate": "55P03"})
    prepared.run(n=1)
    with pytest.raises(DatabaseError, match="55P03"):
        prepared.run(n=2)
    prepared.run(n=3)
    assert session.rows() == [1, 3]


@pytest.mark.parametrize("when", ["before", "after"])
@both
def test_client_that_is_killed_in_the_middle(session, when, extended):
    session.rules({"sql": "insert", "fault": "delay", "seconds": 1, "when": when})
    thread = threading.Thread(target=lambda: pytest.raises(_LOST, session.insert, 1, extended))
    thread.start()
    deadline = time.monotonic() + 10
    while not session.record() or session.record()[0]["took_effect"] is not (when == "after"):
        assert time.monotonic() < deadline
    assert session.rows() == ([1] if when == "after" else [])
    session.connection._usock.shutdown(2)
    thread.join(20)
    while not session.record()[0]["took_effect"]:
        assert time.monotonic() < deadline
    assert session.rows() == [1]


def simple(sql):
    """The message of a simple query."""
    return postgres_messages.message(b"Q", sql.encode() + b"\0")


def gone(session, *messages, after=0):
    """Sends messages, takes the client away and waits until the server has ended its session."""
    [[backend]] = session.connection.run("select pg_backend_pid()")
    session.connection._usock.sendall(b"".join(messages))
    time.sleep(after)
    session.connection._usock.shutdown(socket.SHUT_RDWR)
    session.connection._usock.close()
    wanted = f"select 1 from pg_stat_activity where pid = {backend}"
    deadline = time.monotonic() + 8
    while session.account.control("POST", "sql", sql=wanted)["output"]:
        assert time.monotonic() < deadline, "the server's session is still there"
        time.sleep(0.05)


def test_lost_answer_that_nobody_waits_for_ends_the_session(session):
    session.rules({"sql": "pg_sleep", "fault": "lose_answer", "seconds": 1})
    session.connection.run("begin")
    gone(session, simple("select pg_sleep(0.5)"), after=0.2)


def test_cut_of_a_client_that_is_gone_ends_the_session(session):
    session.rules({"sql": "99", "fault": "delay", "seconds": 0.5}, {"sql": "77", "fault": "cut"})
    session.connection.run("begin")
    gone(session, simple(f"insert into {session.table} values (99)"), simple("select 77"))
    assert [(e["took_effect"], e["fault"]) for e in session.record()[-2:]] == [(True, "delay"), (False, "cut")]


def test_delay_is_as_long_as_asked(session):
    session.rules({"sql": "select 7", "fault": "delay", "seconds": 0.5})
    began = time.monotonic()
    assert session.connection.run("select 7") == [[7]]
    assert time.monotonic() - began >= 0.5


def test_copy_is_one_statement(session):
    lines = iter([b"1\n", b"2\n"])
    session.connection.run(f"copy {session.table} from stdin", stream=lines)
    session.insert(3, extended=True)
    assert session.rows() == [1, 2, 3]
    assert [e["took_effect"] for e in session.record()] == [True, True]


def messages(*wanted):
    """Messages by kind and body."""
    return b"".join(postgres_messages.message(kind, body) for kind, body in wanted)


def execution(sql):
    """A statement to be parsed, bound and executed."""
    portal = (b"B", b"\0\0\0\0\0\0\0\0"), (b"E", b"\0\0\0\0\0")
    return messages((b"P", b"\0" + sql.encode() + b"\0\0\0"), *portal)


def answers(session, sent, until=b"Z"):
    """What the front answers to bytes, up to a kind of message or the end of the connection."""
    session.connection._usock.sendall(sent)
    found = []
    while not found or found[-1][0] != until:
        head = session.connection._sock.read(5)
        if not head:
            break
        found.append((head[:1], session.connection._sock.read(int.from_bytes(head[1:], "big") - 4)))
    return found


def test_copy_whose_answer_is_lost(session):
    session.rules({"sql": "^copy", "fault": "lose_answer"})
    with pytest.raises(_LOST) as caught:
        session.connection.run(f"copy {session.table} from stdin", stream=iter([b"1\n"]))
    assert not isinstance(caught.value.__cause__ or caught.value, TimeoutError)
    assert session.rows() == [1]


@pytest.mark.parametrize("way", ["from stdin", "to stdout"])
def test_copy_whose_answer_is_late(session, way):
    session.insert(1)
    session.rules({"sql": "^copy", "fault": "delay", "when": "after", "seconds": 0.5})
    began, stream = time.monotonic(), io.BytesIO() if way == "to stdout" else iter([b"2\n"])
    session.connection.run(f"copy {session.table} {way}", stream=stream)
    assert 0.5 <= time.monotonic() - began < 5
    assert session.rows() == ([1] if way == "to stdout" else [1, 2])


@pytest.mark.parametrize("fault", ["delay", "lose_answer"])
def test_stream_whose_beginning_is_late_or_lost(session, fault):
    more = {"when": "after"} if fault == "delay" else {}
    session.rules({"sql": "^START_REPLICATION", "fault": fault, "seconds": 0.5, **more})
    name, account = f"slot_{session.account.id}", session.account
    account.control("POST", "database-users", name=name, iam=False, password="secret", roles=["rds_replication"])
    account.control("POST", "parameter-groups", account=account.id, name="logical", family="postgres15")
    account.control("POST", "parameters", account=account.id, group="logical", values={"rds.logical_replication": "1"})
    session.host = account.instance("publisher", parameter_group="logical")["host"]
    environment = os.environ | account.facts["environment"] | {"PGPASSWORD": "secret"}
    command = ["pg_recvlogical", "-d", f"host={session.host} dbname=app user={name}", "--slot", name, "--no-loop"]
    subprocess.run([*command, "--create-slot", "-P", "test_decoding"], env=environment, check=True, timeout=20)
    began, pipe = time.monotonic(), subprocess.PIPE
    stream = subprocess.Popen([*command, "--start", "-f", "-"], env=environment, stdout=pipe, stderr=pipe, text=True)
    try:
        if fault == "lose_answer":
            assert "could not send replication command" in stream.communicate(timeout=10)[1]
            assert 0.5 <= time.monotonic() - began
        else:
            account.control("POST", "sql", sql=f"insert into {session.table} values (42)", database="app")
            while "id[integer]:42" not in (line := stream.stdout.readline()):
                assert line and time.monotonic() < began + 10
    finally:
        stream.kill()
        stream.communicate()
    [entry] = [e for e in session.record() if e["sql"].startswith("START_REPLICATION")]
    assert entry["took_effect"] and entry["fault"] == fault
    free = f"select pg_terminate_backend(active_pid) from pg_replication_slots where slot_name = '{name}' and active"
    deadline = time.monotonic() + 10
    while account.control("POST", "sql", sql=free)["output"]:
        assert time.monotonic() < deadline
    account.control("POST", "sql", sql=f"select pg_drop_replication_slot('{name}')")


def test_injected_error_does_not_hide_an_earlier_one(session):
    session.rules({"sql": "77", "fault": "error", "sqlstate": "40P01"})
    sent = execution("select 1/0") + execution("select 77") + messages((b"S", b""))
    [error] = [body for kind, body in answers(session, sent) if kind == b"E"]
    assert b"C22012\0" in error
    assert [(e["sql"], e["took_effect"], e["answered"]) for e in session.record()] == [
        ("select 1/0", False, True),
        ("select 77", False, True),
    ]
    assert b"C40P01\0" in dict(answers(session, execution("select 77") + messages((b"S", b""))))[b"E"]


def test_error_rule_for_mysql_strikes_all_the_same(session):
    session.rules({"sql": "insert", "fault": "error", "code": 1205})
    with pytest.raises(DatabaseError, match="XX000"):
        session.insert(1)


def test_logical_decoding_is_refused_whatever_rule_strikes(session):
    session.rules({"sql": "decoding", "fault": "delay", "seconds": 0})
    with pytest.raises(DatabaseError, match="logical decoding requires"):
        session.connection.run("select pg_create_logical_replication_slot('x', 'test_decoding')")


def test_statement_that_its_client_cancels(session):
    server = f"host={session.host} user=pgadmin dbname=app"
    environment = os.environ | session.account.facts["environment"] | {"PGPASSWORD": session.password}
    command = ["psql", server, "-XAtc", "select pg_sleep(20)"]
    psql = subprocess.Popen(command, env=environment, stderr=subprocess.PIPE, text=True)
    deadline = time.monotonic() + 10
    while not session.record():
        assert time.monotonic() < deadline
    time.sleep(0.2)
    psql.send_signal(signal.SIGINT)
    assert "canceling statement due to user request" in psql.communicate(timeout=10)[1]
    [entry] = session.record()
    assert entry["answered"] and not entry["took_effect"]


def test_rules_select_by_login_and_tell_how_often(session):
    control = session.account.control
    second = {"host": session.host, "sql": "INSERT", "fault": "delay", "seconds": 0}
    session.rules({"user": "another", "fault": "cut"}, {"application": "another", "fault": "cut"}, second)
    session.insert(1)
    rules = [r for r in control("GET", "statement-rules")["rules"] if r["account"] == session.account.id]
    assert [(r["matched"], r["struck"]) for r in rules] == [(0, 0), (0, 0), (1, 1)]
    control("DELETE", "statement-rules", account=session.account.id)
    assert session.account.id not in {r["account"] for r in control("GET", "statement-rules")["rules"]}
    with pytest.raises(ValueError, match="fault must be one of"):
        session.rules({"fault": "explode"})
