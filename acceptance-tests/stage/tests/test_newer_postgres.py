"""The second server, whose roles follow the rules of PostgreSQL 16 and later. scripts/postgres-17 unpacks it."""

import pytest

from stage.database.postgres import newer_programs

from .test_masters import Owner
from .test_postgres_statements import Session
from .test_replication import Replicator

if newer_programs() is None:
    pytest.skip("there is no newer PostgreSQL; scripts/postgres-17 unpacks one", allow_module_level=True)

_VERSION = "17.6"


class Newer(Replicator):
    """A user with password, token and replication in the newer server."""

    family, version, engine = "postgres17", _VERSION, "postgres17"


@pytest.fixture
def newer(account):
    return Newer(account)


def test_instance_of_the_version_leads_there(newer, account):
    assert newer.sql("show server_version").startswith("17.")
    assert newer.psql(newer.token()) == newer.user
    assert "LDAP authentication failed" in newer.psql("secret")
    facts = account.facts["newer_postgres"]
    assert facts["major"] == 17
    assert newer.psql(facts["master_password"], user="pgadmin") == "pgadmin"
    newer.instance = account.instance("older")
    assert "password authentication failed" in newer.psql("secret"), "the user is not known there"


def test_replication(newer):
    newer.set(logical="1", tokens="1")
    assert newer.replication(newer.token()) == "in"
    assert "LDAP authentication failed" in newer.replication("secret")
    newer.set(tokens="0")
    assert newer.replication("secret") == "in"


def test_master_gives_what_he_has(newer, account):
    name = f"given_{account.id}"
    newer.sql(f"set role pgadmin; create role {name} login; grant rds_iam to {name}; alter role {name} replication")
    assert newer.psql(newer.token(user=name), user=name) == name
    newer.sql(f"set role pgadmin; revoke rds_iam from {name}; grant rds_replication to {name}; drop role {name}")
    newer.sql(f"create role {name}_maker createrole; grant create on schema public to {name}_maker")
    with pytest.raises(ValueError, match="permission denied to grant role"):
        newer.sql(f"set role {name}_maker; create role {name} login; grant rds_iam to {name}")


def test_own_master(account):
    owner = Owner(account)
    owner.create(MasterUsername=f"boss_{account.id}", EngineVersion=_VERSION)
    assert owner.psql("correct horse battery", user=f"boss_{account.id}") == f"boss_{account.id}"
    assert "authentication failed" in owner.psql("wrong", user=f"boss_{account.id}")


def test_statement_faults(account):
    session = Session(account, version=_VERSION)
    session.rules({"sql": "insert", "times": 1, "fault": "error", "sqlstate": "40P01"})
    with pytest.raises(Exception, match="40P01"):
        session.insert(1, extended=True)
    session.insert(2, extended=True)
    assert [(e["took_effect"], e["fault"]) for e in session.record()] == [(False, "error"), (True, None)]
