"""DMS: rows that are really migrated, and the ends that a migration has."""

import time

from .dms import NOTHING, End, Task, both, create, loaded, prepared, selection, servers, until  # noqa: F401
from .test_masters import newer

ROWS = "SELECT * FROM items ORDER BY id"


def test_full_load(both):
    source, target = both
    task = Task(source, target, kind="full-load", settings=NOTHING)
    assert task.look()["Status"] == "ready" and task.tables() == {}
    assert task.start()["Status"] == "starting"
    done = task.wait("stopped", "failed")
    assert done["StopReason"] == "Stop Reason FULL_LOAD_ONLY_FINISHED", done
    stats = done["ReplicationTaskStats"]
    assert (stats["FullLoadProgressPercent"], stats["TablesLoaded"], stats["TablesErrored"]) == (100, 1, 0)
    assert target.sql(ROWS) == source.sql(ROWS) != ""
    table = task.tables()["items"]
    assert (table["FullLoadRows"], table["TableState"], table["ValidationState"]) == (
        3,
        "Table completed",
        "Not enabled",
    )


def test_changes_follow(both):
    source, target = both
    task = Task(source, target, settings=NOTHING)
    task.start()
    task.table(TableState="Table completed")
    source.run(
        "INSERT INTO items VALUES (4, 'four'); UPDATE items SET name = 'zwei' WHERE id = 2; "
        "DELETE FROM items WHERE id = 1"
    )
    table = task.table(AppliedInserts=1, AppliedUpdates=1, AppliedDeletes=1)
    assert (table["Inserts"], table["Updates"], table["Deletes"], table["FullLoadRows"]) == (1, 1, 1, 3)
    assert target.sql(ROWS) == source.sql(ROWS) and "zwei" in target.sql(ROWS)
    assert task.look()["Status"] == "running"
    stopped = task.stop()
    assert stopped["StopReason"] == "Stop Reason NORMAL"


def test_values_of_all_kinds_follow(both):
    source, target = both
    create(
        both,
        'CREATE TABLE "Odd ""names" (id int PRIMARY KEY, "a b" text, c character varying(9), d timestamptz, e int[], '
        "f text[], g boolean, h bytea, i jsonb, j numeric(9,2), k bit(3), l double precision, m uuid, n interval)",
    )
    values = (
        "'it''s [x]: ''null'' \\ \"q\"', NULL, '2026-01-02 03:04:05+00', '{1,2}', '{\"a b\",NULL,\"c\\\"d\"}', "
        "true, '\\x00ff', "
        "'{\"a\": [1, null]}', 1234.50, B'101', 1e-7, '00000000-0000-0000-0000-000000000001', '1 day 02:00'"
    )
    source.run(f'INSERT INTO "Odd ""names" VALUES (1, {values})')
    task = Task(source, target, settings=NOTHING)
    task.start()
    name = 'Odd "names'
    task.table(name, TableState="Table completed")
    source.run(
        f'INSERT INTO "Odd ""names" VALUES (2, {values}); '
        'UPDATE "Odd ""names" SET "a b" = E\'two\\nlines\' WHERE id = 1'
    )
    task.table(name, AppliedInserts=1, AppliedUpdates=1)
    rows = 'SELECT * FROM "Odd ""names" ORDER BY id'
    assert target.sql(rows) == source.sql(rows) != ""


def test_rows_that_change_while_it_loads_are_there_once(both):
    source, target = both
    create(both, "CREATE TABLE busy (id int PRIMARY KEY, n int)")
    source.run("INSERT INTO busy SELECT g, 0 FROM generate_series(1, 2000) g")
    task = Task(source, target, settings=NOTHING | {"ValidationSettings": {"EnableValidation": True}})
    task.start()
    for n in range(10):
        source.run(
            f"UPDATE busy SET n = {n} WHERE id % 10 = {n}; INSERT INTO busy VALUES ({3000 + n}, 1); "
            f"DELETE FROM busy WHERE id = {n + 1}"
        )
    rows = "SELECT count(*), sum(n), sum(id) FROM busy"
    until(lambda: target.sql(rows), lambda shown: shown == source.sql(rows))
    task.table("busy", ValidationState="Validated", ValidationPendingRecords=0)
    task.table("items", ValidationState="Validated")


def test_selection_and_names(both):
    source, target = both
    source.run(
        "CREATE TABLE kept (id int PRIMARY KEY); CREATE TABLE kept_not (id int PRIMARY KEY); "
        "INSERT INTO kept VALUES (7)"
    )
    rename = {
        "rule-type": "transformation",
        "rule-id": "9",
        "rule-name": "9",
        "rule-action": "rename",
        "value": "moved",
    }
    rename |= {"rule-target": "schema", "object-locator": {"schema-name": "public"}}
    rules = [selection("kept%"), selection("kept_not", "exclude", 2), rename]
    tables = loaded(Task(source, target, kind="full-load", mappings={"rules": rules}))
    assert list(tables) == ["kept"]
    assert target.sql("SELECT id FROM moved.kept") == "7"


def test_nothing_selected_fails(both):
    task = Task(*both, mappings={"rules": [selection("none")]})
    task.start()
    assert "No tables were found at task initialization" in task.wait("failed")["LastFailureMessage"]


def test_named_table_that_does_not_exist(both):
    source, target = both
    rules = [selection("items"), selection("ghosts", number=2)]
    tables = loaded(Task(source, target, kind="full-load", settings=NOTHING, mappings={"rules": rules}))
    assert {name: table["TableState"] for name, table in tables.items()} == {
        "ghosts": "Table does not exist",
        "items": "Table completed",
    }


def test_stops_after_the_full_load(both):
    source, target = both
    settings = prepared("DO_NOTHING", StopTaskCachedChangesNotApplied=True)
    task = Task(source, target, settings=settings)
    task.start()
    assert task.wait("stopped")["StopReason"] == "Stop Reason STOPPED_AFTER_FULL_LOAD"
    source.run("INSERT INTO items VALUES (4, 'four')")
    task.start("resume-processing")
    task.table(AppliedInserts=1, FullLoadRows=3)
    assert target.sql(ROWS) == source.sql(ROWS)


def test_stops_after_cached_changes(both):
    source, target = both
    settings = prepared("DO_NOTHING", StopTaskCachedChangesApplied=True)
    task = Task(source, target, settings=settings)
    task.start()
    assert task.wait("stopped")["StopReason"] == "Stop Reason STOPPED_AFTER_CACHED_EVENTS"
    task.start("resume-processing")
    source.run("DELETE FROM items WHERE id = 1")
    task.table(AppliedDeletes=1)
    assert task.look()["Status"] == "running"


def test_changes_wait_while_the_task_is_stopped_or_paused(both):
    source, target = both
    task = Task(source, target, settings=NOTHING)
    task.start()
    task.table(TableState="Table completed")
    task.state(paused=True)
    source.run("INSERT INTO items VALUES (4, 'four')")
    time.sleep(0.7)
    assert (task.tables()["items"]["Inserts"], task.look()["Status"]) == (0, "running")
    task.state(paused=False)
    task.table(AppliedInserts=1)
    task.stop()
    source.run("INSERT INTO items VALUES (5, 'five'); UPDATE items SET name = 'neu' WHERE id = 4")
    task.start("resume-processing")
    task.table(AppliedInserts=2, AppliedUpdates=1)
    assert target.sql(ROWS) == source.sql(ROWS)
    task.stop()
    target.run("TRUNCATE items")
    task.start("reload-target")
    task.table(TableState="Table completed", FullLoadRows=5, AppliedInserts=0)
    assert target.sql(ROWS) == source.sql(ROWS)


def test_slot_is_confirmed_when_all_is_written(both):
    source, target = both
    task = Task(source, target, settings=NOTHING)
    task.start()
    task.table(TableState="Table completed")
    source.run("INSERT INTO items VALUES (4, 'four')")
    fence = source.sql("SELECT pg_current_wal_lsn()")
    drained = f"SELECT confirmed_flush_lsn >= '{fence}' FROM pg_replication_slots WHERE database = current_database()"
    until(lambda: source.sql(drained), lambda shown: shown == "t")
    assert target.sql("SELECT count(*) FROM items") == "4"
    assert "0/" in task.look()["RecoveryCheckpoint"]


def test_source_without_logical_replication(both):
    task = Task(*both[::-1])
    task.start()
    assert "logical decoding requires wal_level >= logical" in task.wait("failed")["LastFailureMessage"]


def test_changes_only_from_a_slot_of_ones_own(both):
    source, target = both
    position = source.sql("SELECT lsn FROM pg_create_logical_replication_slot('own', 'test_decoding')")
    source.run("INSERT INTO items VALUES (4, 'four')")
    task = Task(source, target, kind="cdc", attributes="slotName=own;pluginName=test_decoding")
    task.start(CdcStartPosition=position)
    task.table(AppliedInserts=1, FullLoadRows=0)
    assert target.sql("SELECT id FROM items") == "4"
    task.stop()
    task.api.delete_replication_task(ReplicationTaskArn=task.arn)
    until(
        lambda: source.sql("SELECT count(*) FROM pg_replication_slots WHERE slot_name = 'own' AND NOT active"),
        lambda shown: shown == "1",
    )
    source.sql("SELECT pg_drop_replication_slot('own')")


def test_changes_of_tables(both):
    source, target = both
    task = Task(source, target, settings=NOTHING)
    task.start()
    task.table(TableState="Table completed")
    source.run("ALTER TABLE items ADD COLUMN price numeric(9,2); INSERT INTO items VALUES (4, 'four', 1.5)")
    table = task.table(AppliedInserts=1, Ddls=1, AppliedDdls=1)
    assert table["TableState"] == "Table completed" and target.sql("SELECT price FROM items WHERE id = 4") == "1.50"
    assert source.sql("SELECT evtname FROM pg_event_trigger") == "awsdms_intercept_ddl"
    assert source.sql("SELECT count(*) FROM awsdms_ddl_audit") == "0"


def test_changes_of_tables_are_not_captured_if_so_wanted(both):
    source, target = both
    task = Task(source, target, settings=NOTHING, attributes="captureDdls=false")
    task.start()
    task.table(TableState="Table completed")
    assert source.sql("SELECT count(*) FROM pg_event_trigger") == "0"
    source.run("ALTER TABLE items ADD COLUMN price int; INSERT INTO items VALUES (4, 'four', 1)")
    table = task.table(Inserts=1)
    assert (table["Ddls"], table["AppliedInserts"]) == (0, 0)
    assert "price" in until(lambda: target.sql('SELECT "ERROR" FROM awsdms_apply_exceptions'), bool)


def test_validation_finds_what_differs(both):
    source, target = both
    settings = NOTHING | {"ValidationSettings": {"EnableValidation": True}}
    task = Task(source, target, settings=settings)
    task.start()
    task.table(ValidationState="Validated")
    target.run("UPDATE items SET name = 'wrong' WHERE id = 1; DELETE FROM items WHERE id = 3")
    tables = [{"SchemaName": "public", "TableName": "items"}]
    task.api.reload_tables(ReplicationTaskArn=task.arn, TablesToReload=tables, ReloadOption="validate-only")
    task.table(ValidationState="Mismatched records", ValidationFailedRecords=2, ValidationPendingRecords=0)
    failures = 'SELECT string_agg("FAILURE_TYPE", \',\' ORDER BY "FAILURE_TYPE") FROM awsdms_validation_failures_v1'
    assert target.sql(failures) == "MISSING_TARGET,RECORD_DIFF"
    target.run("TRUNCATE items")
    task.api.reload_tables(ReplicationTaskArn=task.arn, TablesToReload=tables)
    table = task.table(ValidationState="Validated", TableState="Table completed")
    assert table["FullLoadReloaded"] and table["ValidationFailedRecords"] == 0
    assert target.sql(ROWS) == source.sql(ROWS)


def test_validation_after_a_full_load_only(both):
    source, target = both
    target.run("INSERT INTO items VALUES (9, 'more')")
    settings = NOTHING | {"ValidationSettings": {"EnableValidation": True}}
    table = loaded(Task(source, target, kind="full-load", settings=settings))["items"]
    assert (table["ValidationState"], table["ValidationFailedRecords"]) == ("Mismatched records", 1)


def test_source_that_is_lost_is_tried_again(both):
    source, target = both
    account = source.account
    task = Task(source, target, settings=NOTHING | {"ErrorBehavior": {"RecoverableErrorInterval": 0}})
    task.start()
    task.table(TableState="Table completed")
    account.control("POST", "reboot", account=account.id, identifier="source")
    source.run("INSERT INTO items VALUES (4, 'four')")
    task.table(AppliedInserts=1, FullLoadRows=3)
    assert task.look()["Status"] == "running"


def test_source_that_is_lost_for_good(both):
    source, target = both
    account = source.account
    task = Task(source, target, settings=NOTHING | {"ErrorBehavior": {"RecoverableErrorCount": 0}})
    task.start()
    task.table(TableState="Table completed")
    account.control("POST", "reboot", account=account.id, identifier="source")
    assert task.wait("failed")["StopReason"] == "Stop Reason RECOVERABLE_ERROR"


def test_plain_user_sees_and_writes_what_he_may(both):
    source, target = both
    account = source.account
    name = "mover"
    for end in both:
        made = {"name": name, "iam": False, "password": "secret", "endpoint": end.made["host"]}
        account.control("POST", "database-users", **made, roles=["rds_replication"])
        end.user, end.password = name, "secret"
    source.sql(
        f"CREATE TABLE hidden (id int PRIMARY KEY); GRANT SELECT ON items TO {name}; "
        f"GRANT USAGE ON SCHEMA public TO {name}"
    )
    task = Task(source, target, settings=NOTHING)
    task.start()
    assert "permission denied for schema public" in task.wait("failed")["LastFailureMessage"]
    target.sql(f"GRANT ALL ON SCHEMA public TO {name}; GRANT SELECT, INSERT ON items TO {name}")
    task.start("reload-target")
    task.table(TableState="Table completed")
    assert list(task.tables()) == ["items"]
    assert source.sql("SELECT count(*) FROM pg_event_trigger") == "0", "only members of rds_superuser may make one"


def test_migrations_go_with_their_account(both):
    source, target = both
    task = Task(source, target, settings=NOTHING)
    task.start()
    task.table(TableState="Table completed")
    source.account.control("DELETE", "replication-tasks", account=source.account.id)
    assert task.api.describe_replication_tasks()["ReplicationTasks"] == []
    left = "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'AWS DMS'"
    until(lambda: [end.sql(left) for end in both], lambda shown: shown == ["0", "0"])
    assert source.sql("SELECT count(*) FROM pg_replication_slots") == "0"


def test_databases_that_go_end_their_migrations(account):
    account.control("POST", "transitions", account=account.id, busy=0)
    source, target = End(account, "source"), End(account, "target")
    source.run("CREATE TABLE items (id int PRIMARY KEY)")
    task = Task(source, target, kind="full-load")
    task.start()
    task.wait("stopped")
    account.control("DELETE", "databases", account=account.id)
    assert task.api.describe_replication_tasks()["ReplicationTasks"] == []


@newer
def test_newer_postgres(account):
    account.control("POST", "transitions", account=account.id, busy=0)
    account.control("POST", "parameter-groups", account=account.id, name="logical", family="postgres17")
    values = {"rds.logical_replication": "1"}
    account.control("POST", "parameters", account=account.id, group="logical", values=values)
    source = End(account, "source", parameter_group="logical", version="17.6")
    target = End(account, "target", version="17.6")
    account.control("POST", "reboot", account=account.id, identifier="source")
    create((source, target), "CREATE TABLE items (id int PRIMARY KEY, name text)")
    source.run("INSERT INTO items VALUES (1, 'one')")
    task = Task(source, target, settings=NOTHING | {"ValidationSettings": {"EnableValidation": True}})
    task.start()
    task.table(TableState="Table completed", ValidationState="Validated")
    source.run("UPDATE items SET name = 'eins'; INSERT INTO items VALUES (2, 'two')")
    source.run("ALTER TABLE items ADD COLUMN n int")
    task.table(AppliedInserts=1, AppliedUpdates=1, AppliedDdls=1)
    assert target.sql(ROWS) == source.sql(ROWS)


def test_instances_of_the_api_by_their_masters(account):
    account.control("POST", "transitions", account=account.id, busy=0)
    account.control("POST", "parameter-groups", account=account.id, name="logical", family="postgres15")
    values = {"rds.logical_replication": "1"}
    account.control("POST", "parameters", account=account.id, group="logical", values=values)
    places = {}
    for name in ("source", "target"):
        user, database = f"boss_{name}_{account.id}", f"db_{name}_{account.id}"
        made = {"DBInstanceIdentifier": name, "Engine": "postgres", "DBInstanceClass": "db.t4g.micro"}
        made |= {
            "DBName": database,
            "MasterUsername": user,
            "MasterUserPassword": "correct horse",
            "AllocatedStorage": 20,
        }
        account.client("rds").create_db_instance(**made, DBParameterGroupName="logical")
        account.control("POST", "reboot", account=account.id, identifier=name)
        found = account.client("rds").describe_db_instances(DBInstanceIdentifier=name)["DBInstances"][0]
        places[name] = {"host": found["Endpoint"]["Address"], "port": found["Endpoint"]["Port"], "user": user}
        places[name] |= {"password": "correct horse", "database": database}

    class Common:
        """A database of the common server."""

        def __init__(self, name):
            self.account, self.name = account, name

        def place(self):
            return places[self.name]

        def sql(self, text):
            made = {"sql": text, "endpoint": places[self.name]["host"], "database": places[self.name]["database"]}
            return account.control("POST", "sql", **made)["output"]

    source, target = Common("source"), Common("target")
    task = Task(source, target)
    task.start()
    task.wait("failed")  # there is no table yet, but there are the master and the database
    boss = places["source"]["user"]
    source.sql(f"SET ROLE {boss}; CREATE TABLE items (id int PRIMARY KEY); INSERT INTO items VALUES (1)")
    task.start("reload-target")
    task.table(TableState="Table completed", FullLoadRows=1)
    source.sql("INSERT INTO items VALUES (2)")
    task.table(AppliedInserts=1)
    assert target.sql("SELECT string_agg(id::text, ',' ORDER BY id) FROM items") == "1,2"
    account.control("DELETE", "databases", account=account.id)
    left = f"SELECT count(*) FROM pg_replication_slots WHERE database = '{places['source']['database']}'"
    assert account.control("POST", "sql", sql=left)["output"] == "0"
