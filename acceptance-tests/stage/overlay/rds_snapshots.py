"""RDS: DB snapshots and DB cluster snapshots: what may have one, what may be copied, and how long that takes."""

from moto.rds.models import DBClusterSnapshot, DBSnapshot

from stage.aws import moto_backend
from stage.aws.errors import AwsError

from . import after, before
from .rds_state import Change, backend_of, begin, change_of, cluster_of, named, page, progress

_CREATING = ("CreateDBSnapshot", "CreateDBClusterSnapshot", "CopyDBSnapshot", "CopyDBClusterSnapshot")
_OF_INSTANCES = ("CopyDBSnapshot", "RestoreDBInstanceFromDBSnapshot", "DeleteDBSnapshot")
_OF_CLUSTERS = ("CopyDBClusterSnapshot", "RestoreDBClusterFromSnapshot", "DeleteDBClusterSnapshot")
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
#: What a snapshot of an instance keeps of it, beyond what moto keeps.
_KEPT = (
    *("storage_type", "iops", "storage_throughput", "license_model", "option_group_name", "availability_zone"),
    *("backup_retention_period", "preferred_backup_window"),
)
#: Where a copy in another region shows its source: that of an instance's snapshot, and that of a cluster's.
_SHOWN_SOURCE = ("source_db_snapshot_identifier", "source_db_cluster_snapshot_arn")
#: What a copy in another region does not show.
_OF_THE_REGION = ("option_group_name", "availability_zone")


def source_of(call):
    """The snapshot or database that a call copies, in whatever region; None if there is none."""
    for parameter, kind in _SOURCES:
        if name := call.parameters.get(parameter):
            # A snapshot's name may hold a colon.
            region, name = (name.split(":", 6)[3], name.split(":", 6)[-1]) if name.startswith("arn:") else (None, name)
            return getattr(moto_backend.rds(call.account, region or call.region), kind).get(name)
    return None


def snapshots_of(backend, of_clusters):
    """The snapshots of instances, or those of clusters, of an account and region."""
    return backend.cluster_snapshots if of_clusters else backend.database_snapshots


def comes_from_another_region(call):
    """Whether a copy is one of a snapshot in another region."""
    source = source_of(call)
    return source is not None and source.region != call.region


@before("rds", "CreateDBSnapshot", "CreateDBClusterSnapshot")
def database_is_available(_aws, call):
    """Only an available DB instance or cluster can have a snapshot created; a member of a cluster has none."""
    of_cluster = call.operation == "CreateDBClusterSnapshot"
    name = call.parameters["DBClusterIdentifier" if of_cluster else "DBInstanceIdentifier"]
    database = named(backend_of(call).clusters if of_cluster else backend_of(call).databases, name)
    if database is None and of_cluster:
        return
    if database is None:
        raise AwsError("DBInstanceNotFound", f"DBInstance not found: {name}", 404)
    if cluster_of(database):
        message = (
            "The specified instance is a member of a cluster and a snapshot cannot be created directly. Please use the "
            "CreateDBClusterSnapshot API instead."
        )
        raise AwsError("InvalidParameterValue", message)
    if database.status in _READY:
        return
    code, kind = ("InvalidDBClusterStateFault", "cluster") if of_cluster else ("InvalidDBInstanceState", "instance")
    message = f"Cannot create a snapshot because the database {kind} {name} is not currently in the available state."
    raise AwsError(code, message)


@before("rds", *_OF_INSTANCES, *_OF_CLUSTERS)
def snapshot_is_available(_aws, call):
    """The snapshot exists and is no longer being created."""
    snapshot, of_clusters = source_of(call), call.operation in _OF_CLUSTERS
    if snapshot is None:
        name = next(call.parameters[parameter] for parameter, _ in _SOURCES if parameter in call.parameters)
        code = "DBClusterSnapshotNotFoundFault" if of_clusters else "DBSnapshotNotFound"
        raise AwsError(code, f"{'DBClusterSnapshot' if of_clusters else 'DBSnapshot'} not found: {name}", 404)
    if snapshot.status != "available":
        raise _invalid_state(of_clusters, f"The snapshot isn't in the available state: it is {snapshot.status}.")


@before("rds", *_CREATING)
def snapshot_is_within_quotas(aws, call):
    """Manual snapshots are limited in number, and so are copies from other regions that are on their way."""
    quotas, snapshots = aws.quota_of(call.account), snapshots_of(backend_of(call), "Cluster" in call.operation)
    manual = [snapshot for snapshot in snapshots.values() if snapshot.snapshot_type == "manual"]
    if len(manual) >= quotas["snapshots"]:
        raise AwsError("SnapshotQuotaExceeded", f"Cannot create more than {quotas['snapshots']} manual snapshots")
    if not call.operation.startswith("Copy") or not comes_from_another_region(call):
        return
    coming = [s for s in manual if s.__dict__.get("source_region") and s.status != "available"]
    if len(coming) >= quotas["copies"]:
        raise AwsError("SnapshotQuotaExceeded", f"Cannot copy more than {quotas['copies']} snapshots across regions")


@before("rds", "CopyDBSnapshot", "CopyDBClusterSnapshot")
def tags_can_be_copied(_aws, call):
    """Tags of AWS itself stay with the source, and a copy that should have them fails."""
    copied = source_of(call).tags if call.parameters.get("CopyTags") and not call.parameters.get("Tags") else []
    if any(tag["Key"].startswith("aws:") for tag in copied):
        raise AwsError("InvalidParameterValue", "Tag keys cannot start with the reserved prefix of aws:")


@before("rds", "DeleteDBSnapshot", "DeleteDBClusterSnapshot")
def only_manual_snapshots_are_deleted(_aws, call):
    """Automated snapshots go with their instance or cluster."""
    call.stage_snapshot = source_of(call)
    if call.stage_snapshot.snapshot_type == "manual":
        return
    of_clusters = call.operation == "DeleteDBClusterSnapshot"
    raise _invalid_state(
        of_clusters, "Only manual snapshots may be deleted." if of_clusters else "automated snapshots cannot be deleted."
    )


@after("rds", "DeleteDBSnapshot", "DeleteDBClusterSnapshot")
def snapshot_is_deleted(_aws, call):
    """The answer shows what the snapshot has become."""
    call.stage_snapshot.status = "deleted"
    return {call.operation.removeprefix("Delete"): call.stage_snapshot}


@after("rds", *_CREATING)
def begin_snapshot(aws, call):
    """A snapshot is creating for a while; a copy from another region is pending at first."""
    of_cluster, copy = "Cluster" in call.operation, call.operation.startswith("Copy")
    kind = "DBClusterSnapshot" if of_cluster else "DBSnapshot"
    name = call.parameters[f"{'Target' if copy else ''}{kind}Identifier"]
    snapshot = snapshots_of(backend_of(call), of_cluster)[name]
    crossing = copy and comes_from_another_region(call)
    _begin(aws, call, snapshot, "pending" if crossing else "creating")
    looks = aws.transition_of(call.account)["backing"]
    if looks and call.operation == "CreateDBSnapshot":
        begin(named(backend_of(call).databases, snapshot.db_instance_identifier), Change(status="backing-up", busy=looks))
    if copy and call.parameters.get("OptionGroupName"):
        snapshot.option_group_name = call.parameters["OptionGroupName"]
    if crossing:
        source = source_of(call)
        snapshot.source_region = source.region
        setattr(snapshot, _SHOWN_SOURCE[of_cluster], source.arn)
        for name in _OF_THE_REGION:
            snapshot.__dict__.pop(name, None)
    return {kind: snapshot}


@after("rds", "DeleteDBInstance", "DeleteDBCluster")
def begin_final_snapshot(aws, call):
    """The snapshot that a deletion takes is creating for a while, too."""
    name, of_cluster = call.parameters.get("FinalDBSnapshotIdentifier"), call.operation == "DeleteDBCluster"
    snapshot = snapshots_of(backend_of(call), of_cluster).get(name) if name else None
    if snapshot is not None:
        _begin(aws, call, snapshot, "creating")


@before("rds", "DescribeDBSnapshots", "DescribeDBClusterSnapshots")
def snapshots_in_pages(_aws, call):
    """moto gives all snapshots at once, knows no resource ID, and has words of its own for what is not there."""
    wanted, backend, of_clusters = call.parameters, backend_of(call), call.operation == "DescribeDBClusterSnapshots"
    filters = {f["Name"]: f["Values"] for f in wanted.get("Filters", [])}
    known = DBClusterSnapshot.SUPPORTED_FILTERS if of_clusters else DBSnapshot.SUPPORTED_FILTERS
    unknown = next((name for name in filters if name not in known), None)
    if unknown:
        raise AwsError("InvalidParameterValue", f"Unrecognized filter name: {unknown}")
    kind, source = ("DBClusterSnapshot", "DBCluster") if of_clusters else ("DBSnapshot", "DBInstance")
    name, of = wanted.get(f"{kind}Identifier"), wanted.get(f"{source}Identifier")
    if name and not source_of(call) and not of:
        code = "DBClusterSnapshotNotFoundFault" if of_clusters else "DBSnapshotNotFound"
        raise AwsError(code, f"{kind} {name} not found.", 404)
    name = name.split(":", 6)[-1] if name and name.startswith("arn:") else name
    describe = backend.describe_db_cluster_snapshots if of_clusters else backend.describe_db_snapshots
    found = describe(of, name, wanted.get("SnapshotType"), filters or None)
    resource = "DbClusterResourceId" if of_clusters else "DbiResourceId"
    if resource in wanted:
        shown = "db_cluster_resource_id" if of_clusters else "dbi_resource_id"
        found = [snapshot for snapshot in found if getattr(snapshot, shown) == wanted[resource]]
    shown, more = page(call, found)
    return {f"{kind}s": shown, **more}


@after("rds", "DescribeDBSnapshots", "DescribeDBClusterSnapshots")
def observe_snapshots(_aws, call):
    """Each look brings it one step nearer."""
    of_cluster = call.operation == "DescribeDBClusterSnapshots"
    name = call.parameters.get("DBClusterSnapshotIdentifier" if of_cluster else "DBSnapshotIdentifier")
    for snapshot in [source_of(call)] if name else list(snapshots_of(backend_of(call), of_cluster).values()):
        if snapshot is None:
            continue
        progress(snapshot)
        if change_of(snapshot).status == "pending":
            change_of(snapshot).status = "copying"


def _invalid_state(of_clusters, message):
    return AwsError("InvalidDBClusterSnapshotStateFault" if of_clusters else "InvalidDBSnapshotState", message)


def _begin(aws, call, snapshot, status):
    of_cluster = isinstance(snapshot, DBClusterSnapshot)
    database = snapshot.cluster if of_cluster else snapshot.database
    # moto was not told of it.
    snapshot.iam_database_authentication_enabled = bool(database.__dict__.get("stage_iam_enabled", False))
    looks = snapshot.stage_looks = aws.transition_of(call.account)["busy"]
    snapshot.stage_change = Change(status=status, busy=looks)
    if of_cluster:
        return
    for name in _KEPT:
        setattr(snapshot, name, getattr(database, name, None))
    snapshot.processor_features, snapshot.snapshot_target = [], "region"
    snapshot.vpc_id = getattr(database.__dict__.get("db_subnet_group"), "vpc_id", None)


def _status(self):
    change = change_of(self)
    return change.status if change.busy else self.__dict__["_status"]


def _set_status(self, value):
    self.__dict__["_status"] = value


def _progress(self):
    left, looks = change_of(self).busy, self.__dict__.get("stage_looks", 0)
    return 100 * (looks - left) // looks if left and looks else 0 if left else 100


def _created(self):
    return None if change_of(self).busy else self.created


for _model in (DBSnapshot, DBClusterSnapshot):
    _model.status = property(_status, _set_status)
    _model.percent_progress = property(_progress, lambda self, value: None)
    _model.snapshot_create_time = property(_created)
DBClusterSnapshot.db_cluster_resource_id = property(lambda self: self.cluster.db_cluster_resource_id)
