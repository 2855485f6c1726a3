"""RDS: Multi-AZ DB clusters, which make and keep their own members."""

from moto.rds.models import DBCluster

from stage.aws.errors import AwsError
from stage.catalogue.engines import CLUSTER_FAMILIES, DEFAULT_VERSIONS, family_of

from . import after, before
from .rds_state import MULTI_AZ_ENGINES, Change, backend_of, cluster_of, find, is_multi_az_cluster, named

_CLASS = "db.m6gd.large"
_MEMBERS = 3
_REQUIRED = ("DBClusterInstanceClass", "AllocatedStorage")


def add_members(backend, cluster, instance_class=None, count=0):
    """Members of a cluster: three of a Multi-AZ DB cluster, as many as asked for of Aurora."""
    if is_multi_az_cluster(cluster) and not cluster.db_cluster_instance_class:
        cluster.db_cluster_instance_class = instance_class or _CLASS
        cluster.storage_type, cluster.iops, cluster.allocated_storage = "io1", 1000, 100
    for number in range(_MEMBERS if is_multi_az_cluster(cluster) else int(count)):
        member = backend.create_db_instance(
            {
                "db_instance_identifier": f"{cluster.db_cluster_identifier}-instance-{number + 1}",
                "db_cluster_identifier": cluster.db_cluster_identifier,
                "db_instance_class": instance_class or _CLASS,
                "engine": cluster.engine,
                "availability_zone": f"{cluster.region}{'abc'[number % 3]}",
                "vpc_security_group_ids": cluster.vpc_security_group_ids,
            }
        )
        member.port = cluster.port


@before("rds", "CreateDBCluster", "RestoreDBClusterFromSnapshot")
def multi_az_cluster_is_whole(_aws, call):
    """A Multi-AZ DB cluster needs a class and storage, which a restored one has; a cluster of Aurora has neither."""
    parameters, engine = call.parameters, call.parameters["Engine"]
    if engine not in MULTI_AZ_ENGINES:
        if "DBClusterInstanceClass" in parameters:
            message = "DBClusterInstanceClass isn't supported for DB engine " + engine
            raise AwsError("InvalidParameterCombination", message)
        return
    for name in _REQUIRED if call.operation == "CreateDBCluster" else _REQUIRED[:1]:
        if name not in parameters:
            message = f"The parameter {name} must be provided for Multi-AZ DB clusters."
            raise AwsError("InvalidParameterCombination", message)
    if call.operation != "CreateDBCluster":
        return
    if parameters.get("StorageType", "io1") != "gp3" and "Iops" not in parameters:
        raise AwsError("InvalidParameterCombination", "The parameter Iops must be provided for the storage type.")
    if family_of(engine, parameters.get("EngineVersion") or DEFAULT_VERSIONS[engine]) not in CLUSTER_FAMILIES:
        message = f"Multi-AZ DB clusters aren't supported for {engine} {parameters['EngineVersion']}."
        raise AwsError("InvalidParameterCombination", message)


@before("rds", "CreateDBInstance", "DeleteDBInstance")
def multi_az_cluster_keeps_its_members(_aws, call):
    """Nobody else adds or removes members of a Multi-AZ DB cluster."""
    if call.operation == "CreateDBInstance":
        cluster = named(backend_of(call).clusters, call.parameters.get("DBClusterIdentifier") or "")
    else:
        cluster = cluster_of(find(call, call.parameters))
    if cluster and is_multi_az_cluster(cluster):
        message = f"DB cluster {cluster.db_cluster_identifier} is a Multi-AZ DB cluster: its DB instances are its own."
        raise AwsError("InvalidParameterCombination", message)


@before("rds", "DeleteDBCluster")
def members_go_with_the_cluster(_aws, call):
    """A Multi-AZ DB cluster takes its members with it, and the snapshots that moto makes of each."""
    cluster, backend = find(call, call.parameters), backend_of(call)
    if is_multi_az_cluster(cluster) and not cluster.deletion_protection:
        for member in cluster.members:
            name = backend.databases.pop(member.db_instance_identifier).db_instance_identifier
            for key in [key for key in backend.database_snapshots if key.startswith(f"rds:{name}-")]:
                del backend.database_snapshots[key]


@after("rds", "CreateDBCluster", "RestoreDBClusterFromSnapshot")
def create_members(aws, call):
    """The members of a new Multi-AZ DB cluster are creating with it."""
    cluster = find(call, call.parameters)
    if is_multi_az_cluster(cluster):
        add_members(backend_of(call), cluster, call.parameters["DBClusterInstanceClass"])
        for member in cluster.members:
            member.stage_change = Change(status="creating", busy=aws.transition_of(call.account)["busy"])


@before("rds", "EnableHttpEndpoint")
def enable_data_api(_aws, call):
    """moto knows the RDS Data API of clusters only as an argument that Aurora Serverless v1 takes."""
    name = call.parameters["ResourceArn"]
    cluster = named(backend_of(call).clusters, name)
    if cluster is None:
        raise AwsError("ResourceNotFoundException", f"DBCluster {name} not found.", 404)
    if is_multi_az_cluster(cluster):
        raise AwsError("InvalidResourceStateFault", "The Data API isn't supported for this DB cluster.")
    cluster.__dict__["stage_data_api"] = True
    return {"ResourceArn": cluster.arn, "HttpEndpointEnabled": True}


DBCluster.http_endpoint_enabled = property(lambda self: bool(self.__dict__.get("stage_data_api")))
