"""RDS: resource ids, endpoint names, and IAM authentication that takes effect when AWS says so."""

import hashlib
import random
import string
from dataclasses import dataclass

from moto.rds.models import DBCluster, DBInstance, DBInstanceClustered

from stage.aws import moto_backend
from stage.aws.errors import AwsError

from . import after, before

_FLAG = "EnableIAMDatabaseAuthentication"
_SHOWN = "IAMDatabaseAuthenticationEnabled"
_CONFIGURING = "configuring-iam-database-auth"
_ENGINES = ("postgres", "mysql", "mariadb", "aurora-postgresql", "aurora-mysql")


@dataclass
class Change:
    """What is under way on an instance or cluster. A deferred change waits for the maintenance window."""

    wanted: bool | None = None
    deferred: bool = False
    status: str = "available"
    busy: int = 0
    lingering: int = 0

    @property
    def due(self):
        """Whether it takes effect now."""
        return not (self.deferred or self.busy or self.lingering)

    def look(self):
        """One look at the database brings the change one step nearer."""
        if self.busy:
            self.busy -= 1
        elif self.lingering:
            self.lingering -= 1


def change_of(database):
    """The change under way on an instance or cluster of moto's; one without effect if there is none."""
    return database.__dict__.get("stage_change") or Change()


def iam_enabled(database):
    """Whether IAM authentication is in force; for a member of a cluster, the cluster's."""
    owner = database.cluster if isinstance(database, DBInstanceClustered) else database
    return bool(owner.__dict__.get("stage_iam_enabled", False))


def host_suffix(account, region):
    """The part of a host name that AWS gives an account in a region, with the domain behind it."""
    digest = hashlib.sha256(f"{account}/{region}".encode()).digest()
    letters = string.ascii_lowercase + string.digits
    domain = "amazonaws.com.cn" if region.startswith("cn-") else "amazonaws.com"
    name = "c" + "".join(letters[byte % len(letters)] for byte in digest[:11])
    return f"{name}.{region}.rds.{domain}"


def maintain(account, region):
    """The maintenance window: deferred changes take effect."""
    backend = moto_backend.rds(account, region)
    for database in [*backend.databases.values(), *backend.clusters.values()]:
        if change_of(database).deferred:
            _settle(database)


@before("rds", "CreateDBInstance", "CreateDBCluster", "ModifyDBInstance", "ModifyDBCluster")
def iam_authentication_is_possible(_aws, call):
    """Not every engine has it, and a member takes it from its cluster."""
    if _FLAG not in call.parameters:
        return
    database = _find(call, call.parameters) if call.operation.startswith("Modify") else None
    engine = database.engine if database else call.parameters.get("Engine")
    if isinstance(database, DBInstanceClustered) or (call.parameters.get("DBClusterIdentifier") and _is_instance(call)):
        message = "IAM database authentication of a cluster member is set on the DB cluster."
        raise AwsError("InvalidParameterCombination", message)
    if engine not in _ENGINES and call.parameters[_FLAG]:
        message = "IAM Database Authentication is not supported for this configuration."
        raise AwsError("InvalidParameterCombination", message)


@before("rds", "CreateDBInstance", "CreateDBCluster")
def keep_flag(_aws, call):
    """moto must not know the flag: it applies it at once, and refuses it for some clusters."""
    call.stage_flag = call.parameters.get(_FLAG, False)
    call.drop(_FLAG)


@after("rds", "CreateDBInstance", "CreateDBCluster")
def create(aws, call):
    """A new database is creating for a while; its IAM flag is as asked."""
    database = _find(call, call.parameters)
    database.stage_iam_enabled = call.stage_flag
    database.stage_change = Change(status="creating", busy=aws.transition_of(call.account)["busy"])
    _follow(aws, call)
    return _shown(call, database)


@before("rds", "ModifyDBInstance", "ModifyDBCluster")
def begin_modification(_aws, call):
    """Only an available database can be modified; moto is not told of the IAM flag."""
    database = _find(call, call.parameters)
    change = change_of(database)
    if change.busy:
        code = "InvalidDBInstanceState" if _is_instance(call) else "InvalidDBClusterStateFault"
        raise AwsError(code, f"The database is not in available state: it is {change.status}.")
    call.stage_flag, call.stage_database = call.parameters.get(_FLAG), database
    call.drop(_FLAG)


@after("rds", "ModifyDBInstance", "ModifyDBCluster")
def modify(aws, call):
    """The IAM flag becomes pending, at once or until the maintenance window."""
    database, wanted = call.stage_database, call.stage_flag
    if wanted is not None:
        if wanted == iam_enabled(database):
            database.stage_change = Change()
        elif call.parameters.get("ApplyImmediately"):
            polls = aws.transition_of(call.account)
            database.stage_change = Change(wanted, False, _CONFIGURING, polls["busy"], polls["lingering"])
        else:
            database.stage_change = Change(wanted, deferred=True)
    elif call.parameters.get("ApplyImmediately") and change_of(database).deferred:
        _settle(database)  # whatever is pending is applied with it
    _follow(aws, call)
    answer = _shown(call, database)
    if change_of(database).due:
        _settle(database)
    return answer


@before("rds", "DescribeDBClusters")
def clusters_in_pages(_aws, call):
    """moto gives all clusters at once."""
    parameters = call.parameters
    if "DBClusterIdentifier" in parameters:
        return None
    filters = {f["Name"]: f["Values"] for f in parameters.get("Filters", [])}
    clusters = moto_backend.rds(call.account, call.region).describe_db_clusters(filters=filters)
    start = int(parameters.get("Marker", 0))
    end = start + parameters.get("MaxRecords", 100)
    more = {"Marker": str(end)} if end < len(clusters) else {}
    return {"DBClusters": clusters[start:end], **more}


@after("rds", "DescribeDBInstances", "DescribeDBClusters")
def look(_aws, call):
    """Each look brings a change one step nearer."""
    backend = moto_backend.rds(call.account, call.region)
    databases = backend.databases if _is_instance(call) else backend.clusters
    name = call.parameters.get("DBInstanceIdentifier") or call.parameters.get("DBClusterIdentifier")
    for database in [_find(call, call.parameters)] if name else databases.values():
        change = change_of(database)
        change.look()
        if change.due:
            _settle(database)


@after("rds", "RestoreDBInstanceFromDBSnapshot", "RestoreDBClusterFromSnapshot", "CreateDBInstanceReadReplica")
def restore(aws, call):
    """A copy has its own resource id, and IAM authentication only if asked for."""
    database = _find(call, call.parameters)
    database.stage_iam_enabled = call.parameters.get(_FLAG, False)
    _follow(aws, call)
    return _shown(call, database)


@after("rds", "DeleteDBInstance", "DeleteDBCluster")
def delete(aws, call):
    """The endpoints go with the database."""
    _follow(aws, call)


@before("rds", "DeleteDBInstance")
def final_snapshot_is_decided(_aws, call):
    """Deleting an instance asks for a final snapshot, or for none in so many words."""
    parameters = call.parameters
    standalone = not isinstance(_find(call, parameters), DBInstanceClustered)
    if standalone and not parameters.get("SkipFinalSnapshot") and not parameters.get("FinalDBSnapshotIdentifier"):
        message = "FinalDBSnapshotIdentifier is required unless SkipFinalSnapshot is specified."
        raise AwsError("InvalidParameterCombination", message)


def _settle(database):
    change = change_of(database)
    if change.wanted is not None:
        database.stage_iam_enabled = change.wanted
    database.stage_change = Change()


def _follow(aws, call):
    if aws.databases:
        aws.databases.follow(call.account, call.region, moto_backend.rds(call.account, call.region))


def _is_instance(call):
    return "DBInstance" in call.operation


def _shown(call, database):
    return {"DBInstance" if _is_instance(call) else "DBCluster": database}


def _find(call, parameters):
    backend = moto_backend.rds(call.account, call.region)
    if _is_instance(call):
        name = parameters.get("NewDBInstanceIdentifier") or parameters["DBInstanceIdentifier"]
        return (
            _named(backend.databases, name)
            or _named(backend.databases, parameters["DBInstanceIdentifier"])
            or _absent(call)
        )
    name = parameters.get("NewDBClusterIdentifier") or parameters["DBClusterIdentifier"]
    return (
        _named(backend.clusters, name) or _named(backend.clusters, parameters["DBClusterIdentifier"]) or _absent(call)
    )


def _named(databases, name):
    return next((d for key, d in databases.items() if key.lower() == name.rpartition(":")[2].lower()), None)


def _absent(call):
    if _is_instance(call):
        raise AwsError("DBInstanceNotFound", f"DBInstance {call.parameters['DBInstanceIdentifier']} not found.", 404)
    raise AwsError("DBClusterNotFoundFault", f"DBCluster {call.parameters['DBClusterIdentifier']} not found.", 404)


# === what moto's objects show ===


def _resource_id(prefix, kept):
    def get(self):
        if kept not in self.__dict__:
            letters = random.SystemRandom().choices(string.ascii_uppercase + string.digits, k=26)
            self.__dict__[kept] = f"{prefix}-{''.join(letters)}"
        return self.__dict__[kept]

    return property(get, lambda self, value: None)


def _status(self):
    change = change_of(self)
    return change.status if change.busy else self.__dict__.get("_status", "available")


def _set_status(self, value):
    self.__dict__["_status"] = "available" if value == "creating" else value


def _pending(self):
    wanted = change_of(self).wanted
    return {} if wanted is None else {_SHOWN: wanted}


for _model in (DBInstance, DBCluster):
    _model.status = property(_status, _set_status)
    _model.pending_modified_values = property(_pending)
    _model.iam_database_authentication_enabled = property(iam_enabled)

DBInstance.dbi_resource_id = _resource_id("db", "stage_resource_id")
DBCluster.db_cluster_resource_id = _resource_id("cluster", "stage_resource_id")
DBInstance.address = property(lambda self: f"{self.db_instance_identifier}.{host_suffix(self.account_id, self.region)}")
DBCluster.endpoint = property(
    lambda self: f"{self.db_cluster_identifier}.cluster-{host_suffix(self.account_id, self.region)}"
)
DBCluster.reader_endpoint = property(
    lambda self: f"{self.db_cluster_identifier}.cluster-ro-{host_suffix(self.account_id, self.region)}"
)
