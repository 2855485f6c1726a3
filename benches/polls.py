"""The looks at a migration of many tables, measured on the stage: calls of each from the start until all rows are validated."""

from remote import Failure, Stage, run

TABLES, CALLS = 500, 3
ACCOUNT = "123456789012"
LOOK, START = "DescribeReplicationTasks", "StartReplicationTask"
SCHEMA = "DO $$ BEGIN FOR n IN 1..%d LOOP EXECUTE format('CREATE TABLE t%%s (id int PRIMARY KEY)', n); END LOOP; END $$;"
ROWS = "DO $$ BEGIN FOR n IN 1..%d LOOP EXECUTE format('INSERT INTO t%%s VALUES (1)', n); END LOOP; END $$;"
CONFIGURATION = """
resource "rdsauth_dms_migration" "it" {
  replication_task_id      = "orders"
  replication_instance_arn = "%(instance_arn)s"
  source_endpoint_arn      = "%(source_arn)s"
  target_endpoint_arn      = "%(target_arn)s"
  migration_type           = "full-load"
  wait_for                 = "validated"
  include {
    schema = "public"
  }
}
output "tables" {
  value = tostring(rdsauth_dms_migration.it.tables_validated)
}
"""


def polls(bench):
    """The calls between two looks at the status, when there are most of them."""
    with Stage(bench.folder, databases=True) as stage:
        ends = {side: end(stage, side) for side in ("source", "target")}
        made = stage.ask("POST", "replication-tasks", account=ACCOUNT, identifier="seed", kind="full-load", **ends)
        workspace = bench.workspace("polls", bench.required + CONFIGURATION % made)
        stage.calls(ACCOUNT)
        said = run([bench.terraform, "apply", "-auto-approve", "-no-color"], cwd=workspace, env={**bench.env, **stage.env(ACCOUNT)})
        calls = stage.ask("GET", "calls", account=ACCOUNT)["calls"]
    if 'tables = "%d"' % TABLES not in said:
        raise Failure("not all tables were migrated:\n%s" % said)
    looks = looks_of([call["operation"] for call in calls])
    most = max(map(len, looks))
    title = "one of %d looks at a migration of %d tables" % (len(looks), TABLES)
    return [(title, "%d calls" % most, "", "", "%d calls" % CALLS, most <= CALLS)]


def looks_of(operations):
    """The calls of each look after the start, each of which begins with the status."""
    looks = []
    for operation in operations[operations.index(START) + 1 :]:
        if operation == LOOK:
            looks.append([])
        looks[-1].append(operation)
    return looks


def end(stage, side):
    """A database with the tables, which has rows if it is the source, as an endpoint has it."""
    instance = stage.ask("POST", "instances", account=ACCOUNT, identifier=side, engine="postgres", own_server=True)
    sql = "SET ROLE pgadmin; " + SCHEMA % TABLES + (ROWS % TABLES if side == "source" else "")
    stage.ask("POST", "sql", endpoint=instance["host"], database="app", sql=sql)
    login = {"user": stage.described["database"]["master_user"], "password": stage.described["database"]["master_password"]}
    return {"host": instance["host"], "port": instance["port"], "database": "app", **login}
