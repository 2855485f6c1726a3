"""RDS: DB clusters restored from a snapshot. As with instances, what the call does not name has a default."""

from stage.aws.errors import AwsError
from stage.catalogue import engines

from . import after, before
from .rds_roles import associate
from .rds_settings import windows
from .rds_snapshots import source_of
from .rds_state import MULTI_AZ_ENGINES, backend_of, find

#: What a restored cluster has if the call does not say so, whatever its source had: parameter, attribute, default.
_DEFAULTS = (
    ("DeletionProtection", "deletion_protection", False),
    ("CopyTagsToSnapshot", "copy_tags_to_snapshot", False),
    ("BacktrackWindow", "backtrack_window", 0),
    ("ServerlessV2ScalingConfiguration", "serverless_v2_scaling_configuration", None),
    ("EngineLifecycleSupport", "engine_lifecycle_support", "open-source-rds-extended-support"),
    ("NetworkType", "network_type", "IPV4"),
    ("DBSubnetGroupName", "db_subnet_group_name", "default"),
    ("PubliclyAccessible", "publicly_accessible", False),
    (None, "auto_minor_version_upgrade", True),
    (None, "enable_http_endpoint", None),
    (None, "database_insights_mode", "standard"),
)
_NEW = ("CreateDBCluster", "RestoreDBClusterFromSnapshot", "RestoreDBClusterToPointInTime")


@before("rds", *_NEW)
def cluster_is_new_and_within_the_quota(aws, call):
    """The name is free, and an account has only so many clusters."""
    clusters = backend_of(call).clusters
    if call.parameters["DBClusterIdentifier"] in clusters:
        raise AwsError("DBClusterAlreadyExistsFault", "DB Cluster already exists")
    if len(clusters) >= aws.quota_of(call.account)["clusters"]:
        raise AwsError("DBClusterQuotaExceededFault", "DB Cluster quota exceeded", 403)


@before("rds", "RestoreDBClusterFromSnapshot")
def restore_is_possible(_aws, call):
    """The engine is that of the snapshot; the version is the default one unless it is named, and none that is older."""
    parameters, source = call.parameters, source_of(call)
    engine = source.engine
    if parameters["Engine"] != engine:
        message = f"The engine {parameters['Engine']} isn't that of the snapshot, {engine}."
        raise AwsError("InvalidParameterCombination", message)
    wanted, known = engines.complete(engine, parameters.get("EngineVersion")), engines.versions(engine)
    if wanted not in known:
        raise AwsError("InvalidParameterCombination", f"Cannot find version {wanted} for {engine}")
    if source.engine_version in known and known.index(wanted) < known.index(source.engine_version):
        message = f"Cannot restore a snapshot of version {source.engine_version} to version {wanted}."
        raise AwsError("InvalidParameterCombination", message)
    if engines.family_of(engine, wanted) != engines.family_of(engine, source.engine_version):
        raise AwsError("StageNotImplemented", "a restore to another major version is not played", 501)
    call.put("EngineVersion", wanted)


@before("rds", "CreateDBInstance")
def members_are_encrypted_as_their_cluster(_aws, call):
    """The storage is the cluster's."""
    if call.parameters.get("DBClusterIdentifier") and {"StorageEncrypted", "KmsKeyId"} & call.parameters.keys():
        message = (
            "The requested DB Instance will be a member of a DB Cluster. Set storage encryption for the DB Cluster."
        )
        raise AwsError("InvalidParameterCombination", message)


@after("rds", "RestoreDBClusterFromSnapshot")
def restored_cluster_has_defaults(aws, call):
    """moto copies everything that is not given."""
    parameters, cluster = call.parameters, find(call, call.parameters)
    for parameter, attribute, default in _DEFAULTS:
        setattr(cluster, attribute, parameters.get(parameter, default))
    if cluster.engine not in MULTI_AZ_ENGINES:
        cluster.storage_type = parameters.get("StorageType", "aurora")
    cluster.vpc_security_group_ids = parameters.get("VpcSecurityGroupIds") or [_default_group(cluster)]
    cluster.enabled_cloudwatch_logs_exports = parameters.get("EnableCloudwatchLogsExports", [])
    backup, cluster.preferred_maintenance_window = windows(parameters.get("PreferredBackupWindow"))
    cluster.preferred_backup_window = backup
    cluster.tags = parameters.get("Tags") or source_of(call).cluster.tags
    for role in parameters.get("AssociatedRoles", []):
        associate(cluster, role["RoleArn"], role.get("FeatureName", ""), aws.transition_of(call.account)["busy"])


@after("rds", "DeleteDBCluster")
def automated_snapshots_go_with_the_cluster(_aws, call):
    """moto keeps them, and then refuses another cluster of the same name within the minute."""
    name, snapshots = call.parameters["DBClusterIdentifier"].lower(), backend_of(call).cluster_snapshots
    for key, snapshot in list(snapshots.items()):
        if snapshot.snapshot_type == "automated" and snapshot.cluster.db_cluster_identifier.lower() == name:
            del snapshots[key]


def _default_group(cluster):
    from moto.ec2.models import ec2_backends  # takes a while, and few need it

    backend = ec2_backends[cluster.account_id][cluster.region]
    return backend.get_default_security_group(backend.default_vpc.id).id
