"""DMS: rows that are really migrated, and what is lost on the way."""

from .dms import NOTHING, Task, both  # noqa: F401

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
    assert (table["FullLoadRows"], table["TableState"], table["ValidationState"]) == (3, "Table completed", "Not enabled")


def test_changes_follow(both):
    source, target = both
    task = Task(source, target, settings=NOTHING)
    task.start()
    task.table(TableState="Table completed")
    source.run("INSERT INTO items VALUES (4, 'four'); UPDATE items SET name = 'zwei' WHERE id = 2; DELETE FROM items WHERE id = 1")
    table = task.table(AppliedInserts=1, AppliedUpdates=1, AppliedDeletes=1)
    assert (table["Inserts"], table["Updates"], table["Deletes"], table["FullLoadRows"]) == (1, 1, 1, 3)
    assert target.sql(ROWS) == source.sql(ROWS) and "zwei" in target.sql(ROWS)
    assert task.look()["Status"] == "running"
    stopped = task.stop()
    assert stopped["StopReason"] == "Stop Reason NORMAL"
