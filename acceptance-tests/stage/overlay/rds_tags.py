"""RDS: tags, of what there is."""

from stage.aws.errors import AwsError

from . import before
from .rds_cluster_endpoints import custom_endpoints
from .rds_groups import find_group
from .rds_state import backend_of

#: Tags of a resource.
TAG_QUOTA = 50

_RESERVED = ("aws:", "rds:")
_GROUPS = {"pg": False, "cluster-pg": True}
#: What AWS says of each kind of resource that is not there, by the kind in its ARN.
_NOT_FOUND = {
    "db": ("DBInstanceNotFound", "DBInstance {} not found."),
    "cluster": ("DBClusterNotFoundFault", "DBCluster {} not found."),
    "snapshot": ("DBSnapshotNotFound", "DBSnapshot {} not found."),
    "cluster-snapshot": ("DBClusterSnapshotNotFoundFault", "DBClusterSnapshot {} not found."),
    "cluster-endpoint": ("DBClusterEndpointNotFoundFault", "DBClusterEndpoint {} not found."),
    "subgrp": ("DBSubnetGroupNotFoundFault", "DB subnet group '{}' does not exist."),
    "og": ("OptionGroupNotFoundFault", "Specified OptionGroupName: {} not found."),
    "secgrp": ("DBSecurityGroupNotFound", "DB security group {} not found."),
    "es": ("SubscriptionNotFound", "Subscription {} not found."),
    "db-proxy": ("DBProxyNotFoundFault", "DBProxy {} not found."),
    "deployment": ("BlueGreenDeploymentNotFoundFault", "BlueGreenDeployment {} not found."),
    "shard-group": ("DBShardGroupNotFound", "DBShardGroup {} not found."),
}


@before("rds", "ListTagsForResource", "AddTagsToResource", "RemoveTagsFromResource")
def resource_exists(_aws, call):
    """The resource is one of this account and region; what has a name is found whatever its case."""
    arn = call.parameters["ResourceName"]
    parts = arn.split(":", 6)
    if len(parts) != 7 or parts[2] != "rds":
        raise AwsError("InvalidParameterValue", f"Invalid resource name: {arn}")
    # A stale read is of an account that has a name of its own.
    if parts[3] != call.region or (call.account.isdigit() and parts[4] != call.account):
        message = "The specified resource name does not match an RDS resource in this region."
        raise AwsError("InvalidParameterValue", message)
    kind, name = parts[5], parts[6]
    resource = _find(backend_of(call), kind, name)
    if resource is None and kind in _NOT_FOUND:
        code, words = _NOT_FOUND[kind]
        raise AwsError(code, words.format(name), 404)
    if kind == "cluster-endpoint":
        return _tags_of_endpoint(call, resource)
    if call.operation == "AddTagsToResource":
        there = [] if resource is None else [tag["Key"] for tag in resource.get_tags()]
        _check(call.parameters["Tags"], there)
    return None


@before(
    "rds",
    *("CreateDBInstance", "CreateDBCluster", "CreateDBParameterGroup", "CreateDBClusterParameterGroup"),
    *("CreateDBSnapshot", "CreateDBClusterSnapshot", "CopyDBSnapshot", "CopyDBClusterSnapshot", "CreateDBProxy"),
    "CreateBlueGreenDeployment",
    *("CreateDBInstanceReadReplica", "RestoreDBInstanceFromDBSnapshot", "RestoreDBClusterFromSnapshot"),
    "CreateDBClusterEndpoint",
)
def tags_are_allowed(_aws, call):
    """What is made with tags may have as many as any."""
    _check(call.parameters.get("Tags", []), [])


def _tags_of_endpoint(call, endpoint):
    """moto has no custom endpoints."""
    tags, parameters = endpoint["stage_tags"], call.parameters
    if call.operation == "ListTagsForResource":
        return {"TagList": [{"Key": key, "Value": value} for key, value in tags.items()]}
    if call.operation == "AddTagsToResource":
        _check(parameters["Tags"], tags)
        tags |= {tag["Key"]: tag["Value"] for tag in parameters["Tags"]}
    for key in parameters.get("TagKeys", []):
        tags.pop(key, None)
    return {}


def _find(backend, kind, name):
    if kind == "cluster-endpoint":
        return custom_endpoints(backend).get(name.lower())
    if kind in _GROUPS:
        return find_group(backend, name, _GROUPS[kind])
    if kind == "deployment":
        return backend.blue_green_deployments.get(name)
    if kind == "db-proxy":
        return next((proxy for proxy in backend.db_proxies.values() if proxy.unique_id == name), None)
    for model, resources in backend.resource_map.items():
        if getattr(model, "resource_type", None) == kind:
            return next((found for key, found in resources.items() if key.lower() == name.lower()), None)
    return None


def _check(tags, there):
    keys = [tag.get("Key", "") for tag in tags]
    reserved = next((key for key in keys if key.lower().startswith(_RESERVED)), None)
    if reserved:
        raise AwsError("InvalidParameterValue", f"Tag keys cannot start with the reserved prefix of {reserved}")
    if len(set(keys)) < len(keys):
        raise AwsError("InvalidParameterValue", "Duplicate tag keys.")
    if len({*keys, *there}) > TAG_QUOTA:
        raise AwsError("InvalidParameterValue", f"A resource can have at most {TAG_QUOTA} tags.")
