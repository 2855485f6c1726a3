"""What the tests of DMS have in common: two databases, and a task between them."""

import copy
import json
import time
from itertools import count

import pytest

from .conftest import Account, trust

PATIENCE = 60  # seconds, on a busy machine
_ACCOUNTS = count(300000000001)
_NUMBERS = count(1)


def selection(name="%", action="include", number=1, schema="public", **more):
    """A selection rule."""
    where = {"schema-name": schema, "table-name": name}
    rule = {"rule-type": "selection", "rule-id": str(number), "rule-name": str(number), "rule-action": action}
    return rule | {"object-locator": where} | more


class Dms:
    """The DMS of an account, with its clients."""

    def __init__(self, account):
        self.account, self.api = account, account.client("dms")

    def role(self, service="dms.amazonaws.com"):
        self.account.role("dms-vpc-role", trust=trust({"Service": service}))

    def instance(self, identifier="mover", **more):
        made = {"ReplicationInstanceIdentifier": identifier, "ReplicationInstanceClass": "dms.t3.micro"}
        return self.api.create_replication_instance(**made, **more)["ReplicationInstance"]

    def endpoint(self, kind, place, **more):
        made = {
            "EndpointIdentifier": f"{kind}-one",
            "EndpointType": kind,
            "EngineName": "postgres",
            "SslMode": "require",
        }
        return self.api.create_endpoint(**made | place | more)["Endpoint"]

    def tasks(self, **more):
        return self.api.describe_replication_tasks(**more)["ReplicationTasks"]


class Task:
    """A task between two PostgreSQL databases, made by the control."""

    def __init__(self, source, target, **more):
        self.account, self.api, self.name = source.account, source.account.client("dms"), "move"
        self.source, self.target = source, target
        made = {"account": self.account.id, "identifier": self.name, "source": source.place(), "target": target.place()}
        self.made = self.account.control("POST", "replication-tasks", **made | more)
        self.arn = self.made["arn"]

    def look(self, **more):
        wanted = [{"Name": "replication-task-arn", "Values": [self.arn]}]
        return self.api.describe_replication_tasks(Filters=wanted, **more)["ReplicationTasks"][0]

    def start(self, kind="start-replication", **more):
        made = self.api.start_replication_task(ReplicationTaskArn=self.arn, StartReplicationTaskType=kind, **more)
        return made["ReplicationTask"]

    def stop(self):
        self.api.stop_replication_task(ReplicationTaskArn=self.arn)
        return self.wait("stopped")

    def wait(self, *statuses):
        """Looks until the task has one of the statuses."""
        return until(lambda: self.look(), lambda task: task["Status"] in statuses)

    def tables(self, **more):
        found = self.api.describe_table_statistics(ReplicationTaskArn=self.arn, **more)["TableStatistics"]
        return {table["TableName"]: table for table in found}

    def table(self, name="items", **wanted):
        """Looks at the statistics of a table until they have these values."""
        shown = lambda: self.tables().get(name, {})  # noqa: E731
        return until(shown, lambda table: all(table.get(key) == value for key, value in wanted.items()))

    def fails(self, message="broken"):
        self.account.control("POST", "task-failures", account=self.account.id, task=self.name, message=message)

    def state(self, **more):
        self.account.control("POST", "task-states", account=self.account.id, task=self.name, **more)


class End:
    """A PostgreSQL database at one end of a migration, on a server of its own."""

    def __init__(self, account, name, database="app", **more):
        self.account, self.database = account, database
        self.made = account.instance(name, own_server=True, **more)
        self.user, self.password = "pgadmin", account.facts["database"]["master_password"]

    def place(self):
        return {
            "host": self.made["host"],
            "port": self.made["port"],
            "user": self.user,
            "password": self.password,
            "database": self.database,
        }

    def named(self):
        """The same as parameters of an endpoint."""
        place = {"ServerName": self.made["host"], "Port": self.made["port"], "DatabaseName": self.database}
        return place | {"Username": self.user, "Password": self.password}

    def at(self, database):
        """Another database of the same server, which is new."""
        self.sql(f"CREATE DATABASE {database} OWNER pgadmin", "postgres")
        other = copy.copy(self)
        other.database = database
        return other

    def sql(self, text, database=None):
        """What the owner of the server gets."""
        made = {"sql": text, "endpoint": self.made["host"], "database": database or self.database}
        return self.account.control("POST", "sql", **made)["output"]

    def run(self, text):
        """What the master gets; tables that he makes are his."""
        return self.sql(f"SET ROLE pgadmin; {text}")


def until(look, fits):
    """What a look shows once it fits."""
    deadline = time.monotonic() + PATIENCE
    while not fits(found := look()):
        assert time.monotonic() < deadline, json.dumps(found, default=str, indent=1)
        time.sleep(0.05)
    return found


@pytest.fixture(scope="module")
def servers(facts):
    """The servers of source and target, which the tests of a module have in common."""
    account = Account(facts, str(next(_ACCOUNTS)))
    account.control("POST", "transitions", account=account.id, busy=0)
    account.control("POST", "parameter-groups", account=account.id, name="logical", family="postgres15")
    values = {"rds.logical_replication": "1"}
    account.control("POST", "parameters", account=account.id, group="logical", values=values)
    source, target = End(account, "source", parameter_group="logical"), End(account, "target")
    account.control("POST", "reboot", account=account.id, identifier="source")
    yield source, target
    account.control("DELETE", "databases", account=account.id)


@pytest.fixture
def both(servers):
    """Two databases, with a table of three rows at the source and an empty one at the target."""
    account, name = servers[0].account, f"migrated{next(_NUMBERS)}"
    source, target = (server.at(name) for server in servers)
    for end in (source, target):
        end.run("CREATE TABLE items (id int PRIMARY KEY, name text)")
    source.run("INSERT INTO items VALUES (1, 'one'), (2, 'two'), (3, 'it''s: \"three\" [3]')")
    yield source, target
    account.control("DELETE", "replication-tasks", account=account.id)
    account.control("POST", "transitions", account=account.id, busy=0)
    for server in servers:
        server.sql(f"DROP DATABASE {name} WITH (FORCE)", "postgres")


NOTHING = {"FullLoadSettings": {"TargetTablePrepMode": "DO_NOTHING"}}


def prepared(mode, **more):
    """Settings with a target table preparation mode."""
    return {"FullLoadSettings": {"TargetTablePrepMode": mode} | more}


def loaded(task):
    """The statistics of the tables after a full load."""
    task.start()
    done = task.wait("stopped", "failed")
    assert done["Status"] == "stopped", done
    return task.tables()


def create(ends, sql):
    """Makes the same at both ends."""
    for end in ends:
        end.run(sql)
