"""DMS: how far a task has come with each table, and loading one again."""

from stage.database.migration_tables import COMPLETED, ERRORED

from . import before
from .dms_state import filtered, find, invalid_state, not_found, page, region_of

_LARGEST_PAGE = 500


@before("dms", "DescribeTableStatistics")
def describe_statistics(aws, call):
    """All tables of a task, by schema and name; none before it has started."""
    task = find(region_of(aws, call).tasks, call.parameters["ReplicationTaskArn"], "Replication task")
    tables, more = shown_tables(call, task.journal)
    return {"ReplicationTaskArn": task.arn, "TableStatistics": tables, **more}


def shown_tables(call, journal):
    """The part of the tables that a call asks for, and the marker of the next."""
    filters = {
        "schema-name": lambda one: one.schema,
        "table-name": lambda one: one.table,
        "table-state": lambda one: one.state,
        "validation-state": lambda one: one.validation,
    }
    tables = sorted(list(journal.tables.values()), key=lambda one: (one.schema, one.table))
    shown, more = page(call, filtered(call, tables, filters), _LARGEST_PAGE)
    return [one.shown() for one in shown], more


@before("dms", "ReloadTables")
def reload_tables(aws, call):
    """While the task runs, and not while it is still loading them."""
    task = find(region_of(aws, call).tasks, call.parameters["ReplicationTaskArn"], "Replication task")
    reload_tables_of(task, call.parameters)
    return {"ReplicationTaskArn": task.arn}


def reload_tables_of(task, parameters):
    if task.status != "running":
        raise invalid_state(f"Replication Task {task.arn} must be in running state to reload tables.")
    validates_only = parameters.get("ReloadOption", "data-reload") == "validate-only"
    if validates_only and not task.settings["ValidationSettings"]["EnableValidation"]:
        raise invalid_state("Tables can't be validated again because validation is not enabled for the task.")
    places = [(one["SchemaName"], one["TableName"]) for one in parameters["TablesToReload"]]
    for place in places:
        progress = task.journal.tables.get(place)
        if progress is None:
            raise not_found(f"Table {'.'.join(place)} is not in the replication task.")
        if progress.state not in (COMPLETED, ERRORED):
            raise invalid_state(f"Table {'.'.join(place)} can't be reloaded in the state {progress.state}.")
    task.run.reload(places, validates_only)
