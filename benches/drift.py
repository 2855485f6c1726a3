"""The comparison of two large databases, measured on the stage: wall time of a plan, and the provider's memory."""

import json
import time

from remote import Failure, Stage

TABLES = 10_000
AT_A_TIME = 200
SECONDS, MEMORY_MB = 30, 100
MB = 1_000_000
ACCOUNT = "123456789012"
PASSWORD = "not a password"

TABLE = {
    "postgres": "CREATE TABLE t%d (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, c1 int NOT NULL DEFAULT 1, c2 varchar(50), "
    'c3 text COLLATE "C", c4 timestamptz, c5 numeric(10, 2), c6 text, c7 int CHECK (c7 > 0), c8 int UNIQUE, c9 int)',
    "mariadb": "CREATE TABLE app.t%d (id bigint PRIMARY KEY AUTO_INCREMENT, c1 int NOT NULL DEFAULT 1, c2 varchar(50), "
    "c3 varchar(50) COLLATE utf8mb4_bin, c4 datetime, c5 decimal(10, 2), c6 text, c7 int CHECK (c7 > 0), c8 int UNIQUE, c9 int)",
}
INDEX = {"postgres": "CREATE INDEX ON t%d (c2, c7)", "mariadb": "CREATE INDEX i ON app.t%d (c2, c7)"}


def drift(bench):
    """A plan that compares two databases with many tables that are the same, of each engine."""
    with Stage(bench.folder, databases=True) as stage:
        return [row for engine in TABLE for row in measured(bench, stage, engine)]


def measured(bench, stage, engine):
    env = {**bench.env, **stage.env(ACCOUNT), **stage.of_clients()}
    hosts = filled(stage, engine)
    workspace = bench.workspace("drift-" + engine, bench.required + configuration(engine, hosts, stage.of_clients()["PGSSLROOTCERT"]))
    started = time.perf_counter()
    peak = bench.peak_memory(workspace, env=env) / MB
    seconds = time.perf_counter() - started
    said = (bench.folder / "memory.log").read_text()
    if 'tables = "%d"' % TABLES not in said:
        raise Failure("not all tables of %s were compared:\n%s" % (engine, said))
    title = "drift of two %s databases with %d tables" % (engine, TABLES)
    most = "%d s, %d MB" % (SECONDS, MEMORY_MB)
    return [(title, "%.1f s, %.1f MB" % (seconds, peak), "", "", most, seconds <= SECONDS and peak <= MEMORY_MB)]


def filled(stage, engine):
    """Two databases with the tables, and a user who may read both: their hosts."""
    names = ["one", "two"] if engine == "mariadb" else ["drift"]
    hosts = []
    for name in names:
        instance = stage.ask("POST", "instances", account=ACCOUNT, identifier="%s-%s" % (engine, name), engine=engine, own_server=True)
        hosts.append(instance["host"])
    for host in hosts:
        if engine == "mariadb":
            sql = "CREATE DATABASE IF NOT EXISTS app; CREATE USER reader@'%%' IDENTIFIED BY '%s'; GRANT SELECT, SHOW VIEW, TRIGGER, EVENT ON *.* TO reader@'%%'"
            database = "mysql"
        else:
            sql, database = "CREATE ROLE reader LOGIN PASSWORD '%s'", "app"
        stage.ask("POST", "sql", endpoint=host, database=database, sql=sql % PASSWORD)
        for first in range(0, TABLES, AT_A_TIME):
            numbers = range(first, first + AT_A_TIME)
            statements = [text % number for number in numbers for text in (TABLE[engine], INDEX[engine])]
            stage.ask("POST", "sql", endpoint=host, database=database, sql=";".join(statements))
    if engine == "postgres":
        stage.ask("POST", "sql", endpoint=hosts[0], database="postgres", sql="CREATE DATABASE copy TEMPLATE app")
        hosts *= 2
    return hosts


def configuration(engine, hosts, authority):
    text = 'provider "rdsauth" {\n  database_connection {\n    username       = "reader"\n    password       = "%s"\n'
    text = text % PASSWORD + "    ca_certificate = file(%s)\n  }\n}\n" % json.dumps(authority)
    text += 'data "rdsauth_schema_drift" "it" {\n  engine = "%s"\n' % engine
    for side, host, database in zip(("source", "target"), hosts, ("app", "copy")):
        text += '  %s_connection {\n    host = "%s"\n    auth = "provider"\n    statement_timeout = "10m"\n' % (side, host)
        text += '    database = "%s"\n  }\n' % database if engine == "postgres" else "  }\n"
    text += "}\n"
    return text + 'output "tables" {\n  value = tostring(data.rdsauth_schema_drift.it.compared_counts["table"])\n}\n'
