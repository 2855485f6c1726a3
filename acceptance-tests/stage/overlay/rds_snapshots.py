"""RDS: snapshots take a while, and are of what is available."""

from moto.rds.models import DBClusterSnapshot, DBSnapshot

from stage.aws import moto_backend
from stage.aws.errors import AwsError

from . import after, before
from .rds_state import Change, backend_of, change_of, named, progress

_CREATING = ("CreateDBSnapshot", "CreateDBClusterSnapshot", "CopyDBSnapshot", "CopyDBClusterSnapshot")
_USING = ("CopyDBSnapshot", "RestoreDBInstanceFromDBSnapshot", "DeleteDBSnapshot")
_USING_OF_CLUSTERS = ("CopyDBClusterSnapshot", "RestoreDBClusterFromSnapshot", "DeleteDBClusterSnapshot")
_READY = ("available", "storage-optimization", "storage-full")
#: Where a call names what it copies: the parameter, and where moto keeps it.
_SOURCES = (
    ("SourceDBSnapshotIdentifier", "database_snapshots"),
    ("SourceDBClusterSnapshotIdentifier", "cluster_snapshots"),
    ("SnapshotIdentifier", "cluster_snapshots"),
    ("SourceDBClusterIdentifier", "clusters"),
    ("SourceDBInstanceIdentifier", "databases"),
    ("DBSnapshotIdentifier", "database_snapshots"),
    ("DBClusterSnapshotIdentifier", "cluster_snapshots"),
)


def source_of(call):
    """The snapshot or database that a call copies, in whatever region; None if there is none: moto says so."""
    for parameter, kind in _SOURCES:
        if name := call.parameters.get(parameter):
            # A snapshot's name may hold a colon.
            region, name = (name.split(":", 6)[3], name.split(":", 6)[-1]) if name.startswith("arn:") else (None, name)
            return getattr(moto_backend.rds(call.account, region or call.region), kind).get(name)
    return None


@before("rds", "CreateDBSnapshot", "CreateDBClusterSnapshot")
def database_is_available(_aws, call):
    """What is creating or changing has no snapshots made of it."""
    of_cluster = call.operation == "CreateDBClusterSnapshot"
    name = call.parameters["DBClusterIdentifier" if of_cluster else "DBInstanceIdentifier"]
    database = named(backend_of(call).clusters if of_cluster else backend_of(call).databases, name)
    if database is None or database.status in _READY:
        return
    code, kind = ("InvalidDBClusterStateFault", "cluster") if of_cluster else ("InvalidDBInstanceState", "instance")
    message = f"Cannot create a snapshot because the database {kind} {name} is not currently in the available state."
    raise AwsError(code, message)


@before("rds", *_USING, *_USING_OF_CLUSTERS)
def snapshot_is_available(_aws, call):
    """A snapshot that is being created is of no use yet."""
    snapshot = source_of(call)
    if snapshot is not None and snapshot.status != "available":
        code = "InvalidDBClusterSnapshotStateFault" if call.operation in _USING_OF_CLUSTERS else "InvalidDBSnapshotState"
        raise AwsError(code, f"The snapshot isn't in the available state: it is {snapshot.status}.")


@after("rds", *_CREATING)
def begin_snapshot(aws, call):
    """A snapshot is creating for a while."""
    of_cluster, copy = "Cluster" in call.operation, call.operation.startswith("Copy")
    kind = "DBClusterSnapshot" if of_cluster else "DBSnapshot"
    snapshots = backend_of(call).cluster_snapshots if of_cluster else backend_of(call).database_snapshots
    snapshot = snapshots[call.parameters[f"{'Target' if copy else ''}{kind}Identifier"]]
    snapshot.stage_change = Change(status="creating", busy=aws.transition_of(call.account)["busy"])
    return {kind: snapshot}


@after("rds", "DescribeDBSnapshots", "DescribeDBClusterSnapshots")
def observe_snapshots(_aws, call):
    """Each look brings it one step nearer."""
    of_cluster = call.operation == "DescribeDBClusterSnapshots"
    snapshots = backend_of(call).cluster_snapshots if of_cluster else backend_of(call).database_snapshots
    name = call.parameters.get("DBClusterSnapshotIdentifier" if of_cluster else "DBSnapshotIdentifier")
    for snapshot in [source_of(call)] if name else snapshots.values():
        progress(snapshot)


def _status(self):
    change = change_of(self)
    return change.status if change.busy else self.__dict__["_status"]


def _set_status(self, value):
    self.__dict__["_status"] = value


def _progress(self):
    return 0 if change_of(self).busy else 100


for _model in (DBSnapshot, DBClusterSnapshot):
    _model.status = property(_status, _set_status)
    _model.percent_progress = property(_progress, lambda self, value: None)
DBClusterSnapshot.db_cluster_resource_id = property(lambda self: self.cluster.db_cluster_resource_id)
