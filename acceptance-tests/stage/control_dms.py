"""The part of the control that is about DMS: whole migrations in one request, and what goes wrong with them."""

import json

from stage.database.migration_tables import ERRORED
from stage.overlay.dms_endpoints import connect, make_endpoint
from stage.overlay.dms_instances import make_instance
from stage.overlay.dms_state import region_named
from stage.overlay.dms_tasks import abandon, make_task

_REGION = "us-east-1"
_CLASS = "dms.t3.micro"
_ALL = {
    "rule-type": "selection",
    "rule-id": "1",
    "rule-name": "1",
    "rule-action": "include",
    "object-locator": {"schema-name": "public", "table-name": "%"},
}


class DmsControl:
    """Handlers for `Control`; what is refused raises ValueError."""

    def __init__(self, aws):
        self._aws = aws
        self.routes = {
            ("POST", "replication-tasks"): self.create_task,
            ("DELETE", "replication-tasks"): self.forget,
            ("POST", "task-failures"): self.fail,
            ("POST", "task-states"): self.hold,
            ("POST", "table-states"): self.set_table,
        }

    def create_task(
        self,
        account,
        identifier,
        source,
        target,
        engine="postgres",
        kind="full-load-and-cdc",
        mappings=None,
        settings=None,
        attributes="",
        ssl_mode="require",
        region=_REGION,
    ):
        """A task that is ready, on a replication instance of its own, between two endpoints that have been tested.
        `source` and `target` have `host`, `port`, `user`, `password` and `database`."""
        ends = {}
        with self._aws.lock:
            found = region_named(self._aws, account, region)
            instance = {"ReplicationInstanceIdentifier": identifier, "ReplicationInstanceClass": _CLASS}
            instance = make_instance(found, instance)
            for kind_of_end, end in (("source", source), ("target", target)):
                given = {"EndpointIdentifier": f"{identifier}-{kind_of_end}", "EndpointType": kind_of_end}
                given |= {
                    "EngineName": engine,
                    "SslMode": ssl_mode,
                    "ServerName": end["host"],
                    "Port": int(end["port"]),
                }
                given |= {"Username": end["user"], "Password": end["password"], "DatabaseName": end.get("database")}
                given["ExtraConnectionAttributes"] = end.get("attributes", attributes)
                ends[kind_of_end] = make_endpoint(found, {name: value for name, value in given.items() if value})
                connect(found, instance, ends[kind_of_end])
            task = make_task(
                found,
                {
                    "ReplicationTaskIdentifier": identifier,
                    "SourceEndpointArn": ends["source"].arn,
                    "TargetEndpointArn": ends["target"].arn,
                    "ReplicationInstanceArn": instance.arn,
                    "MigrationType": kind,
                    "TableMappings": json.dumps(mappings or {"rules": [_ALL]}),
                    "ReplicationTaskSettings": json.dumps(settings or {}),
                },
            )
        return {
            "arn": task.arn,
            "instance_arn": instance.arn,
            "source_arn": ends["source"].arn,
            "target_arn": ends["target"].arn,
        }

    def forget(self, account):
        """Ends and removes all there is of DMS in an account, with what it keeps at its sources."""
        with self._aws.lock:
            abandon(self._aws, account)
        return {}

    def fail(self, account, task, message, region=_REGION):
        """A task, by its identifier, fails with a message: at once if it runs, otherwise when it is started next."""
        with self._aws.lock:
            found = self._task(account, task, region)
            if found.run and found.run.is_running:
                found.run.fail(message)
            else:
                found.failure_to_come = message
        return {}

    def hold(self, account, task, status=None, looks=None, paused=None, region=_REGION):
        """A task shows a status, for so many looks or until it is given none; or it does nothing while it is paused."""
        with self._aws.lock:
            found = self._task(account, task, region)
            if paused is not None:
                if not (found.run and found.run.is_running):
                    raise ValueError(f"the task {task} does not run")
                found.run.pause(bool(paused))
            else:
                found.held = [status, looks and int(looks)] if status else None
        return {}

    def set_table(
        self, account, task, table, schema="public", state=ERRORED, validation=None, failed=0, region=_REGION
    ):
        """A table of a task has a state, or with `validation` that of its comparison, and so many rows that differ."""
        with self._aws.lock:
            progress = self._task(account, task, region).journal.tables.get((schema, table))
            if progress is None:
                raise ValueError(f"the task {task} has no table {schema}.{table}")
            if validation:
                progress.validation, progress.failed = validation, int(failed)
            else:
                progress.end(state)
        return {}

    def _task(self, account, task, region):
        tasks = region_named(self._aws, account, region).migrations
        found = next((one for one in tasks if one.identifier == task.lower()), None)
        if found is None:
            raise ValueError(f"there is no task {task}")
        return found
