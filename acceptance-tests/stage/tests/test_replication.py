"""Replication connections: who has to show a token and who a password, by the parameters of the instance."""

import os
import signal
import subprocess
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from stage.database import hosting

from .test_login import Client
from .test_masters import Owner
from .test_postgres_statements import Session

_LOGICAL, _TOKENS = "rds.logical_replication", "rds.iam_auth_for_replication"


class Replicator(Client):
    """A user in rds_iam with a password, at an instance with a parameter group of its own."""

    family, version, engine = "postgres15", None, "postgres"

    def __init__(self, account):
        super().__init__(account, self.engine)
        account.control("POST", "parameter-groups", account=account.id, name="logical", family=self.family)
        self.instance = account.instance("publisher", parameter_group="logical", version=self.version)
        self.account.control("POST", "policies", account=account.id, owner="role/app", name="all", document=_ALL)
        self.sql(f'alter role "{self.user}" password \'secret\'; grant rds_replication to "{self.user}"')

    def sql(self, text):
        return self.account.control("POST", "sql", sql=text, engine=self.engine)["output"]

    def set(self, **values):
        """Puts parameters in force, as after a reboot."""
        named = {"logical": _LOGICAL, "tokens": _TOKENS}
        group = {"account": self.account.id, "group": "logical"}
        self.account.control("POST", "parameters", **group, values={named[n]: v for n, v in values.items()})
        self.account.control("POST", "reboot", account=self.account.id, identifier="publisher")

    def replication(self, password, **options):
        """What psql answers to IDENTIFY_SYSTEM over a replication connection."""
        server = {"host": self.instance["host"], "dbname": "app", "user": self.user, "replication": "database"}
        command = ["psql", " ".join(f"{k}='{v}'" for k, v in (server | options).items()), "-XAtc", "IDENTIFY_SYSTEM"]
        environment = {"PATH": os.environ["PATH"], **self.account.facts["environment"], "PGPASSWORD": password}
        done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=20)
        return "in" if done.returncode == 0 and done.stdout.strip().endswith("|app") else done.stderr.strip()

    def receive(self, password, *arguments):
        """pg_recvlogical on a slot of the user's."""
        server = f"host={self.instance['host']} dbname=app user={self.user}"
        command = ["pg_recvlogical", "-d", server, "--slot", self.user, *arguments]
        environment = {"PATH": os.environ["PATH"], **self.account.facts["environment"], "PGPASSWORD": password}
        pipe = subprocess.PIPE
        return subprocess.Popen(command, env=environment, stdout=pipe, stderr=pipe, text=True)


_ALL = {
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Allow", "Action": "rds-db:connect", "Resource": "*"}],
}


@pytest.fixture
def replicator(account):
    return Replicator(account)


def test_password_unless_the_instance_asks_for_tokens(replicator):
    token = replicator.token()
    for values in ({"logical": "0", "tokens": "0"}, {"logical": "1", "tokens": None}, {"logical": "0", "tokens": "1"}):
        replicator.set(**values)
        assert replicator.replication("secret") == "in"
        assert "password authentication failed" in replicator.replication(token)
        assert "LDAP authentication failed" in replicator.psql("secret"), "other connections need a token as ever"
        assert replicator.psql(token) == replicator.user


def test_token_if_the_instance_asks_for_tokens(replicator):
    replicator.set(logical="1", tokens="1")
    assert replicator.replication(replicator.token()) == "in"
    assert "LDAP authentication failed" in replicator.replication("secret")
    assert replicator.account.control("GET", "logins", account=replicator.account.id)["logins"][0]["accepted"]


def test_parameter_that_is_not_in_force_yet_changes_nothing(replicator):
    group = {"account": replicator.account.id, "group": "logical"}
    replicator.account.control("POST", "parameters", **group, values={_LOGICAL: "1", _TOKENS: "1"})
    assert replicator.replication("secret") == "in"


def test_members_of_a_member_and_users_outside_rds_iam(replicator):
    group, nested, outsider = (f"{word}_{replicator.user}" for word in ("group", "nested", "outsider"))
    replicator.sql(f"create role {group} in role rds_iam, rds_replication")
    made = {"password": "secret", "iam": False}
    replicator.account.control("POST", "database-users", name=nested, roles=[group], **made)
    replicator.account.control("POST", "database-users", name=outsider, replication=True, **made)
    replicator.set(logical="1", tokens="1")
    token = replicator.token(user=nested)
    assert replicator.replication(token, user=nested) == "in"
    assert "LDAP authentication failed" in replicator.replication("secret", user=nested)
    assert replicator.replication("secret", user=outsider) == "in"
    replicator.set(tokens="0")
    assert replicator.replication("secret", user=nested) == "in"
    assert "password authentication failed" in replicator.replication(token, user=nested)
    assert replicator.replication("secret", user=outsider) == "in"


def test_iam_authentication_that_is_off_brings_the_password_back(replicator, account):
    replicator.set(logical="1", tokens="1")
    account.client("rds").modify_db_instance(
        DBInstanceIdentifier="publisher", ApplyImmediately=True, EnableIAMDatabaseAuthentication=False
    )
    for _ in range(4):
        account.client("rds").describe_db_instances()
    assert replicator.replication("secret") == "in"


def test_attribute_is_lent_for_the_login_only(replicator):
    attribute = f"select rolreplication from pg_roles where rolname = '{replicator.user}'"
    assert replicator.replication("secret") == "in"
    assert replicator.sql(attribute) == "f"
    assert "password authentication failed" in replicator.replication("wrong")
    assert replicator.sql(attribute) == "f"
    replicator.sql(f'revoke rds_replication from "{replicator.user}"')
    assert "must be superuser or replication role" in replicator.replication("secret")
    replicator.sql(f'alter role "{replicator.user}" replication')
    assert replicator.replication("secret") == "in"
    assert replicator.sql(attribute) == "t"


def test_role_that_another_transaction_changes(replicator, account, other_account):
    """Nobody else waits for it, and what was lent is taken back as soon as that is possible."""
    attribute = f"select rolreplication from pg_roles where rolname = '{replicator.user}'"
    session, owner = Session(other_account), Owner(account)
    owner.create(MasterUsername=f"boss_{account.id}")
    change = f'alter role "{replicator.user}" connection limit 5'
    session.connection.run("begin")
    session.connection.run(change)
    with ThreadPoolExecutor(1) as pool:
        login = pool.submit(replicator.replication, "secret")
        time.sleep(0.7)
        began = time.monotonic()
        assert owner.psql("correct horse battery", user=f"boss_{account.id}", dbname="postgres") == f"boss_{account.id}"
        assert time.monotonic() - began < 1.2
        assert "the stage: " in login.result() and "lock timeout" in login.result()
    session.connection.run("rollback")
    assert replicator.replication("secret") == "in"
    assert replicator.sql(attribute) == "f"


def test_role_that_cannot_be_changed_back_at_once(monkeypatch):
    class Server:
        """Another transaction has the role, twice; then it is free."""

        ran, refusals = [], ["canceling statement due to lock timeout", "no answer within 30 seconds"]

        def run(self, sql):
            self.ran.append(sql)
            if "NOREPLICATION" in sql and self.refusals:
                raise ValueError(self.refusals.pop())
            return "1"

    monkeypatch.setattr(hosting, "_AGAIN", 0.1)
    lender = hosting.Hosting(Server())
    assert lender.lend_replication("jane")
    lender.take_replication_back("jane")
    assert lender.lend_replication("jane"), "lent still, and in use again"
    time.sleep(0.3)
    assert sum("NOREPLICATION" in sql for sql in Server.ran) == 1, "not while it is in use"
    lender.take_replication_back("jane")
    until = time.monotonic() + 5
    while sum("NOREPLICATION" in sql for sql in Server.ran) < 3:
        assert time.monotonic() < until
        time.sleep(0.05)


def test_physical_replication_and_proxies_are_refused(replicator, account):
    for spelling in ("true", "on", "yes", "1"):
        assert "no pg_hba.conf entry for replication" in replicator.replication("secret", replication=spelling)
    proxy = account.control("POST", "proxies", account=account.id, name="front", target="publisher")
    assert "RDS Proxy doesn't support" in replicator.replication("secret", host=proxy["host"])


def test_stream_with_a_token(replicator):
    replicator.set(logical="1", tokens="1")
    token, table = replicator.token(), f"stream_of_{replicator.user}"
    replicator.sql(f"create table {table} (id int)")
    done = replicator.receive(token, "--create-slot", "-P", "test_decoding")
    assert done.communicate(timeout=30)[1] == "" and done.returncode == 0
    replicator.sql(f"insert into {table} values (42)")
    stream = replicator.receive(token, "--start", "-f", "-", "--no-loop")
    until = time.monotonic() + 20
    while "id[integer]:42" not in (line := stream.stdout.readline()):
        assert line and time.monotonic() < until
    stream.send_signal(signal.SIGINT)
    stream.communicate(timeout=20)
    done = replicator.receive(token, "--drop-slot")
    assert done.communicate(timeout=30)[1] == "" and done.returncode == 0
    assert replicator.sql(f"select count(*) from pg_replication_slots where slot_name = '{replicator.user}'") == "0"


def test_slots_need_logical_replication(replicator):
    replicator.set(logical="0", tokens="0")
    done = replicator.receive("secret", "--create-slot", "-P", "test_decoding")
    assert "logical decoding requires wal_level >= logical" in done.communicate(timeout=30)[1]
    assert replicator.sql(f"select count(*) from pg_replication_slots where slot_name = '{replicator.user}'") == "0"
