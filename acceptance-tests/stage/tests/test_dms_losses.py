"""DMS: what is lost on the way, and what stands in it."""

from .dms import NOTHING, Task, both, create, loaded, prepared, selection, servers, until  # noqa: F401

ROWS = "SELECT * FROM items ORDER BY id"


def test_preparation_of_tables(both):
    source, target = both
    create(both, "CREATE TABLE orders (id int PRIMARY KEY, item int REFERENCES items)")
    target.run("INSERT INTO items VALUES (9, 'old')")
    rules = {"rules": [selection("items")]}
    for mode, state in (("TRUNCATE_BEFORE_LOAD", "Table error"), ("DROP_AND_CREATE", "Table error")):
        task = Task(
            source, target, identifier=mode.replace("_", "-"), kind="full-load", mappings=rules, settings=prepared(mode)
        )
        assert loaded(task)["items"]["TableState"] == state, mode
        assert target.sql("SELECT id FROM items") == "9", "nothing of it has been taken away"
    assert task.look()["ReplicationTaskStats"]["TablesErrored"] == 1
    target.run("DROP TABLE orders")
    task.start("reload-target")
    task.wait("stopped")
    assert target.sql(ROWS) == source.sql(ROWS)
    assert target.sql("SELECT count(*) FROM pg_index WHERE indrelid = 'items'::regclass") == "1"


def test_foreign_keys_of_the_target_count_while_it_loads(both):
    source, target = both
    create(both, "CREATE TABLE orders (id int PRIMARY KEY, item int REFERENCES items)")
    source.run("INSERT INTO orders VALUES (1, 1)")
    tables = loaded(Task(source, target, identifier="a", kind="full-load", settings=NOTHING))
    assert (tables["items"]["TableState"], tables["orders"]["TableState"]) == ("Table completed", "Table error")
    target.run("TRUNCATE items, orders")
    one = prepared("DO_NOTHING", MaxFullLoadSubTasks=1)
    tables = loaded(Task(source, target, identifier="b", kind="full-load", settings=one))
    assert {table["TableState"] for table in tables.values()} == {"Table completed"}, "parents come first by chance"


def test_foreign_keys_and_triggers_count_for_changes(both):
    source, target = both
    create(both, "CREATE TABLE orders (id int PRIMARY KEY, item int)")
    target.run(
        "ALTER TABLE orders ADD FOREIGN KEY (item) REFERENCES items; CREATE TABLE fired (n int); "
        "CREATE FUNCTION fire() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN INSERT INTO fired VALUES (1); "
        "RETURN new; END $$; "
        "CREATE TRIGGER t AFTER INSERT ON orders FOR EACH ROW EXECUTE FUNCTION fire()"
    )
    task = Task(source, target, settings=NOTHING)
    task.start()
    task.table("orders", TableState="Table completed")
    source.run("INSERT INTO orders VALUES (1, 99), (2, 1)")
    table = task.table("orders", Inserts=2, AppliedInserts=1)
    assert table["TableState"] == "Table completed"
    assert target.sql("SELECT id FROM orders") == "2" and target.sql("SELECT count(*) FROM fired") == "1"
    noted = target.sql('SELECT "TABLE_NAME", "ERROR" FROM awsdms_apply_exceptions')
    assert noted.startswith("orders|ERROR: insert or update on table") and "violates foreign key constraint" in noted


def test_session_replication_role_takes_them_away(both):
    source, target = both
    create(both, "CREATE TABLE orders (id int PRIMARY KEY, item int)")
    target.run("ALTER TABLE orders ADD FOREIGN KEY (item) REFERENCES items")
    script = "afterConnectScript=SET session_replication_role='replica'"
    task = Task(source, target, settings=NOTHING, attributes=script)
    task.start()
    task.table("orders", TableState="Table completed")
    source.run("INSERT INTO orders VALUES (1, 99)")
    task.table("orders", AppliedInserts=1)


def test_error_behaviour(both):
    source, target = both
    target.run("ALTER TABLE items ADD CHECK (id < 100)")
    for policy, status, state in (
        ("SUSPEND_TABLE", "running", "Table error"),
        ("STOP_TASK", "failed", "Table completed"),
    ):
        source.run("DELETE FROM items WHERE id > 99")
        target.run("TRUNCATE items")
        behavior = NOTHING | {"ErrorBehavior": {"ApplyErrorInsertPolicy": policy}}
        task = Task(source, target, identifier=policy.replace("_", "-"), settings=behavior)
        task.start()
        task.table(TableState="Table completed")
        source.run(f"INSERT INTO items VALUES ({100 + len(policy)})")
        task.table(TableState=state, Inserts=1)
        task.wait(status)


def test_changes_that_hit_nothing_are_noted(both):
    source, target = both
    task = Task(source, target, settings=NOTHING)
    task.start()
    task.table(TableState="Table completed")
    target.run("DELETE FROM items WHERE id < 3; INSERT INTO items VALUES (5, 'own')")
    source.run(
        "UPDATE items SET name = 'x' WHERE id = 1; DELETE FROM items WHERE id = 2; "
        "INSERT INTO items VALUES (5, 'five'), (6, 'six')"
    )
    table = task.table(Inserts=2, Updates=1, Deletes=1, AppliedInserts=1)
    assert (table["AppliedUpdates"], table["AppliedDeletes"]) == (0, 0)
    assert target.sql("SELECT string_agg(name, ',' ORDER BY id) FROM items WHERE id > 4") == "own,six"
    assert target.sql("SELECT count(*) FROM awsdms_apply_exceptions") == "2", "deletions of nothing are ignored"


def test_tables_without_primary_key(both):
    source, target = both
    create(both, "CREATE TABLE loose (n int, v text)")
    source.run("INSERT INTO loose VALUES (1, 'a'), (2, 'b')")
    task = Task(source, target, settings=NOTHING | {"ValidationSettings": {"EnableValidation": True}})
    task.start()
    task.table("loose", TableState="Table completed", ValidationState="No primary key")
    source.run("UPDATE loose SET v = 'c' WHERE n = 1; DELETE FROM loose WHERE n = 2; INSERT INTO loose VALUES (3, 'd')")
    table = task.table("loose", AppliedInserts=1)
    assert (table["Updates"], table["Deletes"], table["ValidationState"]) == (0, 0, "No primary key")
    assert target.sql("SELECT string_agg(v, '' ORDER BY n) FROM loose") == "abd"


def test_changes_that_are_lost(both):
    source, target = both
    task = Task(source, target, settings=NOTHING)
    task.start()
    task.table(TableState="Table completed")
    source.run("UPDATE items SET id = 20 WHERE id = 2; UPDATE items SET name = 'x' WHERE id = 1")
    task.table(AppliedUpdates=1)
    assert target.sql("SELECT string_agg(id::text, ',' ORDER BY id) FROM items") == "1,2,3"
    source.run("TRUNCATE items; INSERT INTO items VALUES (50, 'after')")
    task.table(AppliedInserts=1)
    assert target.sql("SELECT count(*) FROM items") == "4"


def test_numbers_and_large_objects_lose(both):
    source, target = both
    create(both, "CREATE TABLE lossy (id int PRIMARY KEY, n numeric, bounded numeric(20,8), t text, v varchar(3000))")
    row = "1.123456789, 1.12345678, repeat('x', 2000), repeat('v', 2000)"
    source.run(f"INSERT INTO lossy VALUES (1, {row})")
    settings = NOTHING | {"TargetMetadata": {"LobMaxSize": 1}}
    task = Task(source, target, settings=settings)
    task.start()
    task.table("lossy", TableState="Table completed")
    source.run(f"INSERT INTO lossy VALUES (2, {row})")
    task.table("lossy", AppliedInserts=1)
    shown = target.sql("SELECT DISTINCT n, bounded, length(t), length(v) FROM lossy")
    assert shown == "1.123457|1.12345678|1024|2000"


def test_partitions_beside_their_parents(both):
    source, target = both
    source.run(
        "CREATE TABLE whole (id int PRIMARY KEY) PARTITION BY RANGE (id); CREATE TABLE part PARTITION OF whole DEFAULT"
    )
    source.run("INSERT INTO whole VALUES (1), (2)")
    target.run(
        "CREATE TABLE whole (id int PRIMARY KEY) PARTITION BY RANGE (id); CREATE TABLE part PARTITION OF whole DEFAULT"
    )
    tables = loaded(Task(source, target, kind="full-load", settings=NOTHING))
    assert {tables[name]["TableState"] for name in ("whole", "part")} == {"Table completed", "Table error"}


def test_tables_that_are_made_have_no_more_than_a_key(both):
    source, target = both
    source.run(
        "CREATE TABLE made (id serial PRIMARY KEY, ok boolean NOT NULL DEFAULT true, n numeric, v varchar(5) UNIQUE)"
    )
    source.run("INSERT INTO made (n) VALUES (1.5)")
    loaded(Task(source, target, kind="full-load", mappings={"rules": [selection("made")]}))
    column = "column_name || ' ' || data_type || ' ' || is_nullable || coalesce(column_default, '')"
    columns = f"SELECT string_agg({column}, ',' ORDER BY ordinal_position) FROM information_schema.columns"
    columns += " WHERE table_name = 'made'"
    expected = "id integer NO,ok character varying NO,n numeric YES,v character varying YES"
    assert target.sql(columns) == expected
    assert target.sql("SELECT id, ok, n FROM made") == "1|true|1.500000"
    assert target.sql("SELECT count(*) FROM pg_indexes WHERE tablename = 'made'") == "1"
