"""RDS Proxy: proxies, their endpoints and the databases behind them."""

import secrets
from dataclasses import dataclass, field
from datetime import UTC, datetime

from moto.ec2.models import ec2_backends
from moto.rds.models import DBProxy

from stage.aws.errors import AwsError

from . import after, before
from .rds_state import Change, backend_of, begin, change_of, follow, host_suffix, named, page, progress

_PORTS = {"POSTGRESQL": 5432, "MYSQL": 3306, "SQLSERVER": 1433}
#: The family of each engine that the stage plays, in the words of proxies.
FAMILIES = {"postgres": "POSTGRESQL", "aurora-postgresql": "POSTGRESQL"}
FAMILIES |= {"mysql": "MYSQL", "mariadb": "MYSQL", "aurora-mysql": "MYSQL"}
_DEFAULT = "default"


@dataclass
class ProxyEndpoint:
    """One endpoint of a proxy: its default one, or one that was made for it."""

    proxy: DBProxy
    name: str
    role: str = "READ_WRITE"
    made: datetime = None
    unique_id: str = None
    tags: dict = field(default_factory=dict)

    @property
    def arn(self):
        """Its ARN."""
        arn = self.proxy.arn.replace(":db-proxy:", ":db-proxy-endpoint:")
        return arn.replace(self.proxy.unique_id, self.unique_id)

    @property
    def host(self):
        """Its host name."""
        suffix = f"proxy-{host_suffix(self.proxy.account_id, self.proxy.region)}"
        return f"{self.proxy.db_proxy_name}.{suffix}" if self.is_default else f"{self.name}.endpoint.{suffix}"

    @property
    def is_default(self):
        """Whether it came with the proxy."""
        return self.name == _DEFAULT

    def shown(self):
        """As DescribeDBProxyEndpoints shows it."""
        proxy = self.proxy
        return {
            "DBProxyEndpointName": self.name,
            "DBProxyEndpointArn": self.arn,
            "DBProxyName": proxy.db_proxy_name,
            "Status": proxy.status,
            "VpcId": proxy.vpc_id,
            "VpcSecurityGroupIds": proxy.vpc_security_group_ids,
            "VpcSubnetIds": proxy.vpc_subnet_ids,
            "Endpoint": self.host,
            "CreatedDate": self.made,
            "TargetRole": self.role,
            "IsDefault": self.is_default,
        }


def endpoints_of(proxy):
    """The endpoints of a proxy, its default one first."""
    kept = proxy.__dict__.setdefault("stage_endpoints", {})
    return list((kept or _add_endpoint(proxy, _DEFAULT)).values())


def add_endpoint(proxy, name, role="READ_WRITE"):
    """Another endpoint of a proxy."""
    endpoints_of(proxy)
    return _add_endpoint(proxy, name, role)[name]


def add_target(proxy, kind, name):
    """Puts an `instance` or a `cluster` behind a proxy."""
    proxy.__dict__.setdefault("stage_targets", []).append((kind, name))


def seed(backend, name, family, auth, role_arn, require_tls):
    """A proxy in the default VPC that is available at once."""
    ec2 = ec2_backends[backend.account_id][backend.region_name]
    ids = [subnet.id for subnet in ec2.describe_subnets() if subnet.vpc_id == ec2.default_vpc.id]
    return backend.create_db_proxy(name, family, auth, role_arn, ids, None, require_tls, None, None, [])


@before("rds", "CreateDBProxy")
def proxy_is_possible(_aws, call):
    """It authenticates somehow, and in a way that its engines have."""
    parameters = call.parameters
    scheme, auth = parameters.get("DefaultAuthScheme", "NONE"), parameters.get("Auth", [])
    if not auth and scheme == "NONE":
        raise AwsError("InvalidParameterCombination", "Auth must be provided unless DefaultAuthScheme is IAM_AUTH.")
    if any(a.get("IAMAuth") == "ENABLED" for a in auth) and parameters["EngineFamily"] != "SQLSERVER":
        raise AwsError("InvalidParameterValue", "IAMAuth ENABLED is only supported for the engine family SQLSERVER.")
    if not auth:
        call.body += b"&Auth.member.1.AuthScheme=SECRETS"  # moto insists on one


@after("rds", "CreateDBProxy")
def create(aws, call):
    """A new proxy is creating for a while."""
    proxy = _proxy(call)
    proxy.default_auth_scheme = call.parameters.get("DefaultAuthScheme", "NONE")
    if "Auth" not in call.parameters:
        proxy.auth = []
    begin(proxy, Change(status="creating", busy=aws.transition_of(call.account)["busy"]))
    follow(aws, call)
    return {"DBProxy": proxy}


@before("rds", "DescribeDBProxies")
def describe(_aws, call):
    """One proxy by name, or page after page."""
    proxies = [_proxy(call)] if "DBProxyName" in call.parameters else list(backend_of(call).db_proxies.values())
    shown, more = page(call, proxies)
    return {"DBProxies": shown, **more}


@after("rds", "DescribeDBProxies")
def observe(_aws, call):
    """Each look brings what is under way one step nearer."""
    for proxy in [_proxy(call)] if "DBProxyName" in call.parameters else backend_of(call).db_proxies.values():
        progress(proxy)


@before("rds", "DeleteDBProxy", "DescribeDBProxyTargetGroups", "ModifyDBProxyTargetGroup")
def proxy_exists(_aws, call):
    """moto fails without one."""
    _proxy(call)


@after("rds", "DeleteDBProxy")
def delete(aws, call):
    """The endpoints go with the proxy."""
    follow(aws, call)


@before("rds", "RegisterDBProxyTargets")
def register(_aws, call):
    """One instance or cluster of the proxy's engine family."""
    proxy, backend, wanted = _proxy(call), backend_of(call), []
    for kind, known in (("Instance", backend.databases), ("Cluster", backend.clusters)):
        for name in call.parameters.get(f"DB{kind}Identifiers", []):
            database = named(known, name)
            if database is None:
                code = "DBInstanceNotFound" if kind == "Instance" else "DBClusterNotFoundFault"
                raise AwsError(code, f"DB{kind} {name} not found.", 404)
            if FAMILIES.get(database.engine) != proxy.engine_family:
                message = f"DB{kind} {name} is not of the engine family {proxy.engine_family}."
                raise AwsError("InvalidParameterCombination", message)
            wanted.append((kind.lower(), database.resource_id))
    if _targets(proxy):
        message = "The proxy is already associated with a target."
        raise AwsError("DBProxyTargetAlreadyRegisteredFault", message)
    for kind, name in wanted:
        add_target(proxy, kind, name)
    return {"DBProxyTargets": _shown_targets(backend, proxy, "REGISTERING")}


@before("rds", "DeregisterDBProxyTargets")
def deregister(_aws, call):
    """Only what is registered can go."""
    proxy = _proxy(call)
    for kind in ("Instance", "Cluster"):
        for name in call.parameters.get(f"DB{kind}Identifiers", []):
            if (kind.lower(), name.lower()) not in _targets(proxy):
                message = f"The target {name} isn't registered with the proxy."
                raise AwsError("DBProxyTargetNotFoundFault", message, 404)
            proxy.stage_targets.remove((kind.lower(), name.lower()))
    return {}


@before("rds", "DescribeDBProxyTargets")
def describe_targets(_aws, call):
    """The instance, or the cluster together with its members."""
    shown, more = page(call, _shown_targets(backend_of(call), _proxy(call), "AVAILABLE"))
    return {"Targets": shown, **more}


@before("rds", "DescribeDBProxyEndpoints")
def describe_endpoints(_aws, call):
    """All of an account, those of a proxy, or one by name."""
    parameters = call.parameters
    proxies = [_proxy(call)] if "DBProxyName" in parameters else backend_of(call).db_proxies.values()
    wanted = parameters.get("DBProxyEndpointName")
    found = [e for p in proxies for e in endpoints_of(p) if wanted in (None, e.name)]
    if wanted and not found:
        raise _no_endpoint(wanted)
    shown, more = page(call, found)
    return {"DBProxyEndpoints": [endpoint.shown() for endpoint in shown], **more}


@before("rds", "CreateDBProxyEndpoint")
def create_endpoint(aws, call):
    """Its name is unique in the account and region."""
    proxy, name = _proxy(call), call.parameters["DBProxyEndpointName"]
    if any(e.name == name for p in backend_of(call).db_proxies.values() for e in endpoints_of(p)):
        message = f"Cannot create the DBProxyEndpoint because one with the name {name} already exists."
        raise AwsError("DBProxyEndpointAlreadyExistsFault", message)
    endpoint = add_endpoint(proxy, name, call.parameters.get("TargetRole", "READ_WRITE"))
    endpoint.tags = {tag["Key"]: tag.get("Value", "") for tag in call.parameters.get("Tags", [])}
    follow(aws, call)
    return {"DBProxyEndpoint": endpoint.shown()}


@before("rds", "DeleteDBProxyEndpoint")
def delete_endpoint(aws, call):
    """The default one stays."""
    name = call.parameters["DBProxyEndpointName"]
    for proxy in backend_of(call).db_proxies.values():
        if name != _DEFAULT and any(e.name == name for e in endpoints_of(proxy)):
            gone = proxy.stage_endpoints.pop(name)
            follow(aws, call)
            return {"DBProxyEndpoint": gone.shown() | {"Status": "deleting"}}
    raise _no_endpoint(name)


@before("rds", "ListTagsForResource", "AddTagsToResource", "RemoveTagsFromResource")
def tags_of_endpoints(_aws, call):
    """moto knows no endpoints."""
    arn, proxies = call.parameters["ResourceName"], backend_of(call).db_proxies.values()
    if ":db-proxy-endpoint:" not in arn:
        return None
    endpoint = next((e for p in proxies for e in endpoints_of(p) if e.arn == arn), None)
    if endpoint is None:
        raise _no_endpoint(arn)
    for tag in call.parameters.get("Tags", []):
        endpoint.tags[tag["Key"]] = tag.get("Value", "")
    for key in call.parameters.get("TagKeys", []):
        endpoint.tags.pop(key, None)
    if call.operation != "ListTagsForResource":
        return {}
    return {"TagList": [{"Key": key, "Value": value} for key, value in endpoint.tags.items()]}


def requires_iam(proxy):
    """Whether clients of a proxy authenticate with IAM."""
    scheme = proxy.__dict__.get("default_auth_scheme")
    return scheme == "IAM_AUTH" or any(dict(a).get("IAMAuth") in ("REQUIRED", "ENABLED") for a in proxy.auth)


def _add_endpoint(proxy, name, role="READ_WRITE"):
    unique_id = f"prx-endpoint-{secrets.token_hex(9)[:17]}"
    proxy.stage_endpoints[name] = ProxyEndpoint(proxy, name, role, datetime.now(UTC), unique_id)
    return proxy.stage_endpoints


def _proxy(call):
    name = call.parameters["DBProxyName"]
    proxy = named(backend_of(call).db_proxies, name)
    if proxy is None:
        message = f"The specified proxy name {name} doesn't correspond to a proxy owned by your account in this Region."
        raise AwsError("DBProxyNotFoundFault", message, 404)
    return proxy


def _no_endpoint(name):
    return AwsError("DBProxyEndpointNotFoundFault", f"The DB proxy endpoint {name} doesn't exist.", 404)


def _targets(proxy):
    return proxy.__dict__.get("stage_targets", [])


def _shown_targets(backend, proxy, state):
    shown, health = [], {"TargetHealth": {"State": state}}
    for kind, name in _targets(proxy):
        database = named(backend.databases if kind == "instance" else backend.clusters, name)
        if database is None:
            unavailable = {"State": "UNAVAILABLE", "Reason": "UNREACHABLE"}
            shown.append({"RdsResourceId": name, "Type": "RDS_INSTANCE", "TargetHealth": unavailable})
        elif kind == "instance":
            shown.append(_shown_instance(database, "READ_WRITE") | health)
        else:
            cluster = {"RdsResourceId": name, "Type": "TRACKED_CLUSTER", "Port": database.port}
            shown.append(cluster | {"Endpoint": database.endpoint})
            for member in database.members:
                role = "READ_WRITE" if member.is_cluster_writer else "READ_ONLY"
                shown.append(_shown_instance(member, role) | {"TrackedClusterId": name} | health)
    return shown


def _shown_instance(instance, role):
    shown = {"RdsResourceId": instance.db_instance_identifier, "Type": "RDS_INSTANCE", "Role": role}
    return shown | {"Endpoint": instance.address, "Port": instance.port}


# === what moto's objects show ===


def _unique_id(self):
    return self.__dict__.setdefault("stage_unique_id", f"prx-{secrets.token_hex(9)[:17]}")


DBProxy.unique_id = property(_unique_id, lambda self, value: None)
DBProxy.endpoint = property(lambda self: endpoints_of(self)[0].host, lambda self, value: None)
DBProxy.port = property(
    lambda self: self.__dict__.get("stage_port", _PORTS[self.engine_family]),
    lambda self, value: self.__dict__.update(stage_port=value),
)
DBProxy.status = property(
    lambda self: change_of(self).status if change_of(self).busy else "available", lambda self, value: None
)
