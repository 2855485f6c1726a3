"""RDS: custom endpoints of Aurora clusters, which moto does not have. Their names lead nowhere."""

from moto.rds.models import DBCluster

from stage.aws.errors import AwsError

from . import after, before
from .rds_state import MULTI_AZ_ENGINES, backend_of, host_suffix, named, page

_TYPES = ("READER", "WRITER", "ANY")
_FILTERS = {
    "db-cluster-endpoint-type": "EndpointType",
    "db-cluster-endpoint-custom-type": "CustomEndpointType",
    "db-cluster-endpoint-id": "DBClusterEndpointIdentifier",
    "db-cluster-endpoint-status": "Status",
}


@before("rds", "CreateDBClusterEndpoint")
def create(aws, call):
    """One of an available cluster of Aurora, with members that it has."""
    parameters, endpoints = call.parameters, custom_endpoints(backend_of(call))
    name, cluster = parameters["DBClusterEndpointIdentifier"].lower(), _cluster(call)
    if name in endpoints:
        message = f"DB cluster endpoint already exists: {name}"
        raise AwsError("DBClusterEndpointAlreadyExistsFault", message)
    if cluster.engine in MULTI_AZ_ENGINES:
        raise AwsError("InvalidParameterCombination", f"Custom endpoints aren't supported for {cluster.engine}.")
    if cluster.status != "available":
        message = f"DB cluster {cluster.db_cluster_identifier} is not in available state."
        raise AwsError("InvalidDBClusterStateFault", message)
    if parameters["EndpointType"] not in _TYPES:
        raise AwsError("InvalidParameterValue", f"Invalid endpoint type {parameters['EndpointType']}")
    static, excluded = parameters.get("StaticMembers", []), parameters.get("ExcludedMembers", [])
    if static and excluded:
        message = "You can't specify both StaticMembers and ExcludedMembers."
        raise AwsError("InvalidParameterCombination", message)
    members = [member.db_instance_identifier for member in cluster.members]
    for member in (*static, *excluded):
        if member not in members:
            raise AwsError("DBInstanceNotFound", f"DBInstance {member} not found.", 404)
    place = f"{cluster.region}:{cluster.account_id}"
    host = f"{name}.cluster-custom-{host_suffix(cluster.account_id, cluster.region)}"
    endpoints[name] = {
        "DBClusterEndpointIdentifier": name,
        "DBClusterIdentifier": cluster.db_cluster_identifier,
        "DBClusterEndpointResourceIdentifier": f"cluster-endpoint-{name.upper()}",
        "Endpoint": host,
        "Status": "available",
        "EndpointType": "CUSTOM",
        "CustomEndpointType": parameters["EndpointType"],
        "StaticMembers": static,
        "ExcludedMembers": excluded,
        "DBClusterEndpointArn": f"{cluster.arn.split(':rds:')[0]}:rds:{place}:cluster-endpoint:{name}",
        "stage_tags": {tag["Key"]: tag["Value"] for tag in parameters.get("Tags", [])},
        "stage_looks": aws.transition_of(call.account)["busy"],
    }
    return _shown(endpoints[name])


@before("rds", "DescribeDBClusterEndpoints")
def describe(_aws, call):
    """The endpoints of one cluster or of all, the cluster's own among them; each look brings new ones nearer."""
    backend, parameters = backend_of(call), call.parameters
    clusters = [_cluster(call)] if parameters.get("DBClusterIdentifier") else list(backend.clusters.values())
    names = [cluster.db_cluster_identifier for cluster in clusters]
    found = [endpoint for cluster in clusters for endpoint in _own(cluster)]
    for endpoint in custom_endpoints(backend).values():
        if endpoint["DBClusterIdentifier"] in names:
            endpoint["stage_looks"] -= bool(endpoint["stage_looks"])
            found.append(_shown(endpoint))
    name = parameters.get("DBClusterEndpointIdentifier")
    if name:
        found = [one for one in found if one.get("DBClusterEndpointIdentifier") == name.lower()]
        if not found:
            raise AwsError("DBClusterEndpointNotFoundFault", f"DBClusterEndpoint {name} not found.", 404)
    for wanted in parameters.get("Filters", []):
        if wanted["Name"] not in _FILTERS:
            raise AwsError("InvalidParameterValue", f"Unrecognized filter name: {wanted['Name']}")
        values = [value.lower() for value in wanted["Values"]]
        found = [one for one in found if one.get(_FILTERS[wanted["Name"]], "").lower() in values]
    shown, more = page(call, found)
    return {"DBClusterEndpoints": shown, **more}


@before("rds", "DeleteDBClusterEndpoint")
def delete(_aws, call):
    """A custom endpoint is gone at once."""
    name, endpoints = call.parameters["DBClusterEndpointIdentifier"].lower(), custom_endpoints(backend_of(call))
    if name not in endpoints:
        raise AwsError("DBClusterEndpointNotFoundFault", f"DBClusterEndpoint {name} not found.", 404)
    return _shown(endpoints.pop(name)) | {"Status": "deleting"}


@after("rds", "DeleteDBCluster")
def go_with_the_cluster(_aws, call):
    """A cluster takes its custom endpoints with it."""
    endpoints = custom_endpoints(backend_of(call))
    for name in [name for name, one in endpoints.items() if _is_of(one, call.parameters["DBClusterIdentifier"])]:
        del endpoints[name]


def custom_endpoints(backend):
    """The custom endpoints of an account in a region, by name."""
    return backend.__dict__.setdefault("stage_cluster_endpoints", {})


def _cluster(call):
    name = call.parameters["DBClusterIdentifier"]
    cluster = named(backend_of(call).clusters, name)
    if cluster is None:
        raise AwsError("DBClusterNotFoundFault", f"DBCluster {name} not found.", 404)
    return cluster


def _own(cluster):
    own = {"DBClusterIdentifier": cluster.db_cluster_identifier, "Status": "available"}
    yield {**own, "EndpointType": "WRITER", "Endpoint": cluster.endpoint}
    yield {**own, "EndpointType": "READER", "Endpoint": cluster.reader_endpoint}


def _shown(endpoint):
    shown = {name: value for name, value in endpoint.items() if not name.startswith("stage_")}
    return shown | {"Status": "creating" if endpoint["stage_looks"] else "available"}


def _is_of(endpoint, cluster):
    return endpoint["DBClusterIdentifier"].lower() == cluster.lower()


def _hosts(self):
    mine = custom_endpoints(self.backend).values()
    return [one["Endpoint"] for one in mine if _is_of(one, self.db_cluster_identifier)]


DBCluster.custom_endpoints = property(_hosts)
