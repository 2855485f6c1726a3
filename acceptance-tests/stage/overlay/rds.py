"""RDS: IAM authentication that takes effect when AWS says so, and the life of instances and clusters."""

from dataclasses import replace

from stage.aws import moto_backend
from stage.aws.errors import AwsError
from stage.catalogue.engines import DEFAULT_VERSIONS, has_iam

from . import after, before
from . import rds_blue_green, rds_cluster_endpoints, rds_cluster_restores  # noqa: F401, for their rules
from . import rds_clusters, rds_encryption  # noqa: F401, for their rules
from . import rds_images, rds_keys, rds_parameter_groups  # noqa: F401, for their rules
from . import rds_proxies, rds_restores, rds_settings, rds_snapshots  # noqa: F401, for their rules
from . import rds_storage, rds_tags  # noqa: F401, for their rules
from . import rds_integrations, rds_posture  # noqa: F401, for their rules
from .rds_application import progress_parameters
from .rds_loading import load, progress_storage
from .rds_models import become_another, iam_enabled
from .rds_renames import appear, begin_renaming
from .rds_restores import settle_in
from .rds_roles import progress_roles
from .rds_state import Change, backend_of, begin, change_of, cluster_of, disconnect, find, follow, is_instance, progress
from .rds_state import named, page, require_modifiable, settle, shown
from .rds_versions import keep_logs

_FLAG = "EnableIAMDatabaseAuthentication"
_CONFIGURING = "configuring-iam-database-auth"


def maintain(account, region):
    """The maintenance window: deferred changes take effect."""
    backend = moto_backend.rds(account, region)
    for database in [*backend.databases.values(), *backend.clusters.values()]:
        if change_of(database).deferred:
            settle(database)


@before("rds", "CreateDBInstance", "CreateDBCluster", "ModifyDBInstance", "ModifyDBCluster")
def iam_authentication_is_possible(_aws, call):
    """Not every engine has it, and a member takes it from its cluster."""
    if _FLAG not in call.parameters:
        return
    database = find(call, call.parameters) if call.operation.startswith("Modify") else None
    if is_instance(call) and (call.parameters.get("DBClusterIdentifier") or (database and cluster_of(database))):
        message = (
            "The specified DB Instance is a member of a cluster. Modify IAM database authentication for the DB Cluster "
            "using the ModifyDbCluster API"
        )
        raise AwsError("InvalidParameterCombination", message)
    if call.parameters[_FLAG] and not _has_iam(call, database):
        message = "IAM Database Authentication is not supported for this configuration."
        raise AwsError("InvalidParameterCombination", message)


@before("rds", "CreateDBInstance", "CreateDBCluster", "RestoreDBClusterFromSnapshot")
def keep_flag(_aws, call):
    """moto must not know the flag: it applies it at once, and refuses it for some clusters."""
    call.stage_flag = call.parameters.get(_FLAG, False)
    call.drop(_FLAG)


@after("rds", "CreateDBInstance", "CreateDBCluster")
def create(aws, call):
    """A new database is creating for a while; its IAM flag is as asked."""
    database = find(call, call.parameters)
    _begin_to_be(aws, call, database, call.stage_flag)
    return shown(call, database)


@before("rds", "ModifyDBInstance", "ModifyDBCluster")
def new_name_is_free(_aws, call):
    """moto would let one database take the place of another."""
    kind = "Instance" if is_instance(call) else "Cluster"
    name, backend = call.parameters.get(f"NewDB{kind}Identifier"), backend_of(call)
    database = named(backend.databases if is_instance(call) else backend.clusters, name) if name else None
    if database and database is not find(call, {f"DB{kind}Identifier": call.parameters[f"DB{kind}Identifier"]}):
        code = "DBInstanceAlreadyExists" if is_instance(call) else "DBClusterAlreadyExistsFault"
        raise AwsError(code, f"DB {kind} already exists")


@before("rds", "ModifyDBInstance", "ModifyDBCluster")
def begin_modification(_aws, call):
    """Only an available database can be modified; moto is not told of the IAM flag."""
    database = find(call, call.parameters)
    require_modifiable(call, database)
    call.stage_flag, call.stage_database = call.parameters.get(_FLAG), database
    call.drop(_FLAG)
    name = f"New{'DBInstance' if is_instance(call) else 'DBCluster'}Identifier"
    call.stage_new_name = call.parameters.get(name)
    call.drop(name)  # moto would change it at once, and forget members


@after("rds", "ModifyDBInstance", "ModifyDBCluster")
def modify(aws, call):
    """The IAM flag becomes pending, at once or until the maintenance window; a new parameter group is put in place."""
    database, wanted, polls = call.stage_database, call.stage_flag, aws.transition_of(call.account)
    if wanted is not None:
        if wanted == iam_enabled(database):
            database.stage_change = Change()
        elif call.parameters.get("ApplyImmediately"):
            database.stage_change = Change(wanted, False, _CONFIGURING, polls["busy"], polls["lingering"])
        else:
            database.stage_change = Change(wanted, deferred=True)
    elif call.parameters.get("ApplyImmediately") and change_of(database).deferred:
        settle(database)  # whatever is pending is applied with it
    keep_logs(database, call.stage_logs)
    if call.stage_new_group and not change_of(database).busy:
        begin(database, replace(change_of(database), status="modifying", busy=polls["busy"]))
    if call.stage_new_name:
        begin_renaming(aws, call, database)
    follow(aws, call)
    if change_of(database).due:
        settle(database)
    return shown(call, database)


@before("rds", "DescribeDBInstances", "DescribeDBClusters")
def renamed_appear(aws, call):
    """While it is renamed, a database has neither name for a look."""
    appear(aws, call)


@before("rds", "DescribeDBClusters")
def clusters_in_pages(_aws, call):
    """moto gives all clusters at once."""
    if "DBClusterIdentifier" in call.parameters:
        return None
    filters = {f["Name"]: f["Values"] for f in call.parameters.get("Filters", [])}
    wanted = filters.pop("db-cluster-resource-id", None)  # moto has no such filter
    found = backend_of(call).describe_db_clusters(filters=filters)
    found = [cluster for cluster in found if wanted is None or cluster.db_cluster_resource_id in wanted]
    found, more = page(call, found)
    return {"DBClusters": found, **more}


@after("rds", "DescribeDBInstances", "DescribeDBClusters")
def observe(_aws, call):
    """Each look brings what is under way one step nearer."""
    backend = backend_of(call)
    databases = backend.databases if is_instance(call) else backend.clusters
    name = call.parameters.get("DBInstanceIdentifier") or call.parameters.get("DBClusterIdentifier")
    for database in [find(call, call.parameters)] if name else list(databases.values()):
        progress_storage(database)
        progress(database)
        progress_parameters(database)
        progress_roles(database)


@after("rds", "RestoreDBInstanceFromDBSnapshot", "RestoreDBClusterFromSnapshot", "CreateDBInstanceReadReplica")
def restore(aws, call):
    """A copy has its own resource id, and IAM authentication only if asked for; so with parameter groups, but that a
    replica has the one of its source."""
    database = find(call, call.parameters)
    if call.operation == "CreateDBInstanceReadReplica":
        become_another(database)
    if call.operation == "RestoreDBInstanceFromDBSnapshot":
        database.db_parameter_group_name = call.parameters.get("DBParameterGroupName")
    elif call.operation == "RestoreDBClusterFromSnapshot":
        database.stage_group = call.parameters.get("DBClusterParameterGroupName")
    _begin_to_be(aws, call, database, getattr(call, "stage_flag", None))
    load(database, aws.transition_of(call.account)["loading"])
    if call.operation == "RestoreDBInstanceFromDBSnapshot":
        settle_in(database, aws.transition_of(call.account)["settling"])
    return shown(call, database)


@after("rds", "RestoreDBInstanceToPointInTime", "RestoreDBClusterToPointInTime")
def restore_to_a_point_in_time(aws, call):
    """As from a snapshot; the copy of an instance is named otherwise in the call."""
    target = call.parameters.get("TargetDBInstanceIdentifier")
    database = find(call, {"DBInstanceIdentifier": target} if target else call.parameters)
    _begin_to_be(aws, call, database)
    load(database, aws.transition_of(call.account)["loading"])
    return shown(call, database)


@after("rds", "StopDBInstance", "StopDBCluster", "StartDBInstance", "StartDBCluster")
def stop_or_start(aws, call):
    """Stopping and starting take a while."""
    database, status = find(call, call.parameters), "stopping" if call.operation.startswith("Stop") else "starting"
    begin(database, replace(change_of(database), status=status, busy=aws.transition_of(call.account)["busy"]))
    if status == "stopping":
        disconnect(aws, database)
    return shown(call, database)


@after("rds", "DeleteDBInstance", "DeleteDBCluster")
def delete(aws, call):
    """The endpoints go with the database."""
    follow(aws, call)


@before("rds", "DeleteDBInstance")
def final_snapshot_is_decided(_aws, call):
    """Deleting an instance asks for a final snapshot, or for none in so many words."""
    parameters = call.parameters
    standalone = not cluster_of(find(call, parameters))
    if standalone and not parameters.get("SkipFinalSnapshot") and not parameters.get("FinalDBSnapshotIdentifier"):
        message = "FinalDBSnapshotIdentifier is required unless SkipFinalSnapshot is specified."
        raise AwsError("InvalidParameterCombination", message)


def _begin_to_be(aws, call, database, flag=None):
    database.stage_iam_enabled = call.parameters.get(_FLAG, False) if flag is None else flag
    database.stage_change = Change(status="creating", busy=aws.transition_of(call.account)["busy"])
    follow(aws, call)


def _has_iam(call, database):
    if database is None:
        engine = call.parameters["Engine"]
        version = call.parameters.get("EngineVersion") or DEFAULT_VERSIONS.get(engine, "0")
        return has_iam(engine, version, call.parameters.get("DBInstanceClass"))
    members = [database] if is_instance(call) else database.members
    classes = [member.db_instance_class for member in members] or [None]
    return all(has_iam(database.engine, database.engine_version, name) for name in classes)
