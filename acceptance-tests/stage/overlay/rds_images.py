"""RDS: the data in snapshots, and restored databases, which have a server of their own with it."""

from stage.database.images import OwnServer

from . import after, before
from .rds_snapshots import snapshots_of, source_of
from .rds_state import backend_of, find, follow, is_instance, named

_FINAL = "FinalDBSnapshotIdentifier"
_OF_THE_PAST = ("RestoreDBInstanceToPointInTime", "RestoreDBClusterToPointInTime")


@after("rds", "CreateDBSnapshot", "CreateDBClusterSnapshot")
def snapshot_has_the_data(aws, call):
    """A snapshot has the data of this moment, not of the one at which it is available."""
    kind, parameters, backend = call.operation.removeprefix("Create"), call.parameters, backend_of(call)
    of_cluster = kind == "DBClusterSnapshot"
    databases = backend.clusters if of_cluster else backend.databases
    database = named(databases, parameters["DBClusterIdentifier" if of_cluster else "DBInstanceIdentifier"])
    snapshots_of(backend, of_cluster)[parameters[f"{kind}Identifier"]].stage_image = _image(aws, database)


@after("rds", "CopyDBSnapshot", "CopyDBClusterSnapshot")
def copy_has_the_data(_aws, call):
    """The data of a snapshot does not change."""
    kind = call.operation.removeprefix("Copy")
    copies = snapshots_of(backend_of(call), kind == "DBClusterSnapshot")
    copies[call.parameters[f"Target{kind}Identifier"]].stage_image = image_of(source_of(call))


@before("rds", "DeleteDBInstance", "DeleteDBCluster")
def final_snapshot_needs_the_data(aws, call):
    """The data goes with the database."""
    call.stage_image = _image(aws, find(call, call.parameters)) if call.parameters.get(_FINAL) else None


@after("rds", "DeleteDBInstance", "DeleteDBCluster")
def final_snapshot_has_the_data(_aws, call):
    """As other snapshots have it."""
    if call.stage_image:
        snapshots = snapshots_of(backend_of(call), not is_instance(call))
        snapshots[call.parameters[_FINAL]].stage_image = call.stage_image


@after("rds", "RestoreDBInstanceFromDBSnapshot", "RestoreDBClusterFromSnapshot")
def restored_database_has_the_data(_aws, call):
    """Behind a restored database is another server than behind its source."""
    if image := image_of(source_of(call)):
        find(call, call.parameters).stage_server = OwnServer(image)


@after("rds", *_OF_THE_PAST)
def database_of_the_past_has_the_data(aws, call):
    """The stage knows only the present: whatever time is asked for, the data is that of now."""
    target = call.parameters.get("TargetDBInstanceIdentifier")
    database = find(call, {"DBInstanceIdentifier": target} if target else call.parameters)
    if image := _image(aws, source_of(call)):
        database.stage_server = OwnServer(image)


@after("rds", "PromoteReadReplica")
def promoted_replica_has_data_of_its_own(aws, call):
    """From now on it is no replica, and has the data that its source has now."""
    backend = backend_of(call)
    database = named(backend.databases, call.parameters["DBInstanceIdentifier"])
    if source := named(backend.databases, database.source_db_instance_identifier or ""):
        source.replicas = [name for name in source.replicas if name != database.db_instance_identifier]
    database.source_db_instance_identifier = None
    if image := _image(aws, database):
        database.stage_server = OwnServer(image)
    follow(aws, call)
    return {"DBInstance": database}


def image_of(snapshot):
    """The data of a snapshot; None for automated ones, of which there is none."""
    return snapshot.__dict__.get("stage_image")


def _image(aws, database):
    return aws.databases.photograph(database) if aws.databases else None
