"""RDS: what is under way on a database, and how the other rules find one."""

import hashlib
import string
from collections.abc import Callable
from dataclasses import dataclass

from moto.rds.models import DBInstanceClustered

from stage.aws import moto_backend
from stage.aws.errors import AwsError

#: Engines of Multi-AZ DB clusters; the other clusters are Aurora's.
MULTI_AZ_ENGINES = ("postgres", "mysql")

_MODIFIABLE = ("available", "storage-optimization", "storage-full", "incompatible-parameters")
_PAGE = 100


@dataclass
class Change:
    """What is under way on an instance or cluster. A deferred change waits for the maintenance window. For as many looks
    as it is `queued`, nothing shows of it; then `start` is done to the database, and once it is no longer busy `finish`."""

    wanted: bool | None = None
    deferred: bool = False
    status: str = "available"
    busy: int = 0
    lingering: int = 0
    queued: int = 0
    start: Callable | None = None
    finish: Callable | None = None

    @property
    def due(self):
        """Whether it takes effect now."""
        return not (self.deferred or self.queued or self.busy or self.lingering)

    def progress(self):
        """One look at the database brings the change one step nearer."""
        if self.queued:
            self.queued -= 1
        elif self.busy:
            self.busy -= 1
        elif self.lingering:
            self.lingering -= 1


def change_of(database):
    """The change under way on an instance or cluster of moto's; one without effect if there is none."""
    return database.__dict__.get("stage_change") or Change()


def begin(database, change):
    """Puts a change under way, or carries it out if it takes no look."""
    database.stage_change = change
    advance(database)


def progress(database):
    """One look at a database."""
    change_of(database).progress()
    advance(database)


def advance(database):
    """Carries out what is due."""
    change = change_of(database)
    if change.start and not change.queued:
        start, change.start = change.start, None
        start(database)
    if change.finish and not (change.queued or change.busy):
        finish, change.finish = change.finish, None
        finish(database)
    if change_of(database) is change and change.due:  # what has finished may have begun something else
        settle(database)


def settle(database):
    """The change under way takes effect."""
    wanted = change_of(database).wanted
    if wanted is not None:
        database.stage_iam_enabled = wanted
    database.stage_change = Change()


def require_modifiable(call, database, states=_MODIFIABLE):
    """Refuses what AWS does not do to a database in its present status."""
    if database.status in states and not change_of(database).queued:
        return
    if is_instance(call):
        raise AwsError("InvalidDBInstanceState", "Database instance is not in available state.")
    message = f"Db Cluster is not available for modification with status {database.status}"
    raise AwsError("InvalidDBClusterStateFault", message)


def is_multi_az_cluster(cluster):
    """Whether a cluster is a Multi-AZ DB cluster, not one of Aurora."""
    return cluster.engine in MULTI_AZ_ENGINES


def cluster_of(database):
    """The cluster that an instance is a member of, or None."""
    return database.cluster if isinstance(database, DBInstanceClustered) else None


def host_suffix(account, region):
    """The part of a host name that AWS gives an account in a region, with the domain behind it."""
    digest = hashlib.sha256(f"{account}/{region}".encode()).digest()
    letters = string.ascii_lowercase + string.digits
    domain = "amazonaws.com.cn" if region.startswith("cn-") else "amazonaws.com"
    name = "c" + "".join(letters[byte % len(letters)] for byte in digest[:11])
    return f"{name}.{region}.rds.{domain}"


def backend_of(call):
    """moto's RDS that a call is about."""
    return moto_backend.rds(call.account, call.region)


def follow(aws, call):
    """Makes the endpoints those of what RDS now knows."""
    if aws.databases:
        aws.databases.follow(call.account, call.region, backend_of(call))


def disconnect(aws, database):
    """Ends the sessions of an instance, or of a cluster and its members."""
    if aws.databases:
        aws.databases.disconnect(database)


def restart_server(aws, database):
    """Lets the server of an instance or cluster, if it has one of its own, have the parameters that are in force."""
    if aws.databases:
        aws.databases.restart(database)


def is_instance(call):
    """Whether an operation is about an instance, not a cluster."""
    return "DBInstance" in call.operation


def shown(call, database):
    """The output of an operation on one instance or cluster."""
    return {"DBInstance" if is_instance(call) else "DBCluster": database}


def find(call, parameters):
    """The instance or cluster that a call names, by its new name or its old one."""
    databases = backend_of(call).databases if is_instance(call) else backend_of(call).clusters
    kind = "DBInstanceIdentifier" if is_instance(call) else "DBClusterIdentifier"
    for name in filter(None, (parameters.get(f"New{kind}"), parameters[kind])):
        found = named(databases, name)
        if found:
            return found
    if is_instance(call):
        raise AwsError("DBInstanceNotFound", f"DBInstance {call.parameters[kind]} not found.", 404)
    raise AwsError("DBClusterNotFoundFault", f"DBCluster {call.parameters[kind]} not found.", 404)


def named(databases, name):
    """The one of moto's databases with a name or ARN, or None."""
    return next((d for key, d in databases.items() if key.lower() == name.rpartition(":")[2].lower()), None)


def page(call, found, most=_PAGE):
    """The part of a list that a call asks for, and the marker of the next; `most`: how much it may ask for."""
    size = call.parameters.get("MaxRecords", _PAGE)
    if not 20 <= size <= most:
        raise AwsError("InvalidParameterValue", f"Invalid value {size} for MaxRecords. Must be between 20 and {most}")
    marker = call.parameters.get("Marker") or "0"
    if not marker.isdigit():
        raise AwsError("InvalidParameterValue", "The parameter Marker is not valid.")
    start = int(marker)
    more = {"Marker": str(start + size)} if start + size < len(found) else {}
    return found[start : start + size], more
