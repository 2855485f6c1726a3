"""RDS: how parameters come into force in databases, and what restarts one."""

from dataclasses import dataclass, field, replace

from moto.rds.models import DBCluster

from stage.aws.errors import AwsError
from stage.catalogue import engines

from . import after, before
from .rds_groups import default_group_of, family_of_group, find_group, is_default, values_of
from .rds_state import backend_of, begin, change_of, cluster_of, disconnect, find, is_instance, is_multi_az_cluster
from .rds_state import named, require_modifiable, restart_server, shown

_REBOOTABLE = ("available", "storage-optimization", "incompatible-parameters")


@dataclass
class Application:
    """How a database stands to one of its parameter groups: the values that users set there and that are in force,
    those that are on their way, and whether a reboot is wanting. For as many looks as it lags, the status is what it was
    before the change."""

    effective: dict
    coming: dict = field(default_factory=dict)
    busy: int = 0
    reboot: bool = False
    lagging: int = 0
    before: str = ""

    @property
    def status(self):
        """ParameterApplyStatus, in AWS's words."""
        if self.lagging:
            return self.before
        if self.busy:
            return "applying"
        return "pending-reboot" if self.reboot else "in-sync"

    def change(self, name, value, immediate, looks, lag):
        """A parameter of the group got a value, or with None lost it."""
        self.before, self.lagging = self.status, lag
        if not immediate:
            self.reboot = True
            return
        self.coming[name] = value
        self.busy = looks
        self._arrive()

    def progress(self):
        """One look at the database."""
        if self.lagging:
            self.lagging -= 1
        elif self.busy:
            self.busy -= 1
            self._arrive()

    def restart(self, values):
        """The database starts with the values of its group."""
        self.effective, self.coming, self.busy, self.reboot, self.lagging = values, {}, 0, False, 0

    def _arrive(self):
        if not self.busy:
            merged = self.effective | self.coming
            self.effective = {name: value for name, value in merged.items() if value is not None}
            self.coming = {}


def group_name_of(database, cluster):
    """The name of the group of an instance or, with `cluster`, of a cluster."""
    name = database.parameter_group if cluster else database.db_parameter_group_name
    return name.lower() if name else default_group_of(database.engine, database.engine_version)


def application_of(database, cluster):
    """How an instance stands to its own group or, with `cluster`, how a member of a cluster, or a cluster without
    members, stands to the cluster's group."""
    kept = "stage_cluster_parameters" if cluster else "stage_parameters"
    if kept not in database.__dict__:
        database.__dict__[kept] = Application(_wanted(database, cluster))
    return database.__dict__[kept]


def bearers(cluster):
    """Who bears the parameters of a cluster: its members, or itself if it has none."""
    return cluster.members or [cluster]


def users_of(backend, name, cluster):
    """The instances or clusters that have a group."""
    databases = backend.clusters if cluster else backend.databases
    return [d for d in databases.values() if group_name_of(d, cluster) == name.lower()]


def spread(backend, group, cluster, changes, transition):
    """Carries changes of a group (name, value, immediate) to the databases that have it; the group itself must still
    be as it was."""
    for user in users_of(backend, group.name, cluster):
        for bearer in bearers(user) if cluster else [user]:
            application = application_of(bearer, cluster)
            for name, value, immediate in changes:
                application.change(name, value, immediate, transition["applying"], transition["lagging"])


def effective(database):
    """The values that users set and that are in force in an instance or cluster. An instance's own group goes
    before its cluster's."""
    if cluster_of(database):
        return application_of(database, True).effective | application_of(database, False).effective
    if isinstance(database, DBCluster):
        return application_of(database.writer or bearers(database)[0], True).effective
    return application_of(database, False).effective


def restart(database):
    """A database starts anew: the parameters of its groups are in force."""
    if isinstance(database, DBCluster):
        for bearer in bearers(database):
            application_of(bearer, True).restart(_wanted(bearer, True))
        return
    application_of(database, False).restart(_wanted(database, False))
    if cluster_of(database):
        application_of(database, True).restart(_wanted(database, True))


def _start_again(aws, database):
    restart(database)
    restart_server(aws, database)


def statuses(instance):
    """The parameter groups of an instance, as DescribeDBInstances shows them."""
    status = application_of(instance, False).status
    return [{"DBParameterGroupName": group_name_of(instance, False), "ParameterApplyStatus": status}]


@before("rds", "CreateDBInstance", "ModifyDBInstance")
def instance_group_fits(_aws, call):
    """The group exists, is of the instance's family, and is not a member's of a Multi-AZ DB cluster."""
    name = call.parameters.get("DBParameterGroupName")
    call.stage_new_group = False
    if not name:
        return
    backend = backend_of(call)
    group = find_group(backend, name, False)
    if call.operation == "ModifyDBInstance":
        instance = find(call, call.parameters)
        if cluster_of(instance) and is_multi_az_cluster(cluster_of(instance)):
            message = "The DB parameter group of a member of a Multi-AZ DB cluster can't be modified."
            raise AwsError("InvalidParameterCombination", message)
        engine, version = instance.engine, instance.engine_version
        call.stage_new_group = name.lower() != group_name_of(instance, False)
    else:
        engine = call.parameters["Engine"]
        cluster = named(backend.clusters, call.parameters.get("DBClusterIdentifier") or "")
        version = cluster.engine_version if cluster else call.parameters.get("EngineVersion")
    require_family(group, engine, version)


@before("rds", "CreateDBCluster", "ModifyDBCluster", "RestoreDBClusterFromSnapshot")
def cluster_group_fits(_aws, call):
    """The group exists and is of the cluster's family."""
    name = call.parameters.get("DBClusterParameterGroupName")
    call.stage_new_group = False
    if not name:
        return
    try:
        group = find_group(backend_of(call), name, True)
    except AwsError as error:
        raise AwsError("DBClusterParameterGroupNotFound", error.message, 404) from error
    if call.operation == "ModifyDBCluster":
        cluster = find(call, call.parameters)
        call.stage_new_group = name.lower() != group_name_of(cluster, True)
        require_family(group, cluster.engine, cluster.engine_version)
        if call.stage_new_group:
            for bearer in bearers(cluster):
                application_of(bearer, True)  # what was in force under the old group stays so until a reboot
    else:
        require_family(group, call.parameters["Engine"], call.parameters.get("EngineVersion"))


@before("rds", "ModifyDBInstance")
def remember_what_is_in_force(_aws, call):
    """What was in force under the old group stays so until a reboot."""
    if call.stage_new_group:
        application_of(find(call, call.parameters), False)


@after("rds", "ModifyDBInstance", "ModifyDBCluster")
def new_group_waits_for_a_reboot(_aws, call):
    """The name changes at once, the parameters with the next reboot."""
    if not call.stage_new_group:
        return
    database = find(call, call.parameters)
    for bearer in [database] if is_instance(call) else bearers(database):
        application = application_of(bearer, not is_instance(call))
        application.reboot = True


@before("rds", "RebootDBInstance", "RebootDBCluster")
def reboot(aws, call):
    """The database is rebooting for a while, from the call on or some looks later; then all its parameters are in force,
    unless it failed over."""
    database = find(call, call.parameters)
    require_modifiable(call, database, _REBOOTABLE)
    failover = call.parameters.get("ForceFailover", False)
    if failover and not database.multi_az:
        message = "ForceFailover can't be specified for an instance that isn't configured for Multi-AZ."
        raise AwsError("InvalidParameterCombination", message)
    looks = aws.transition_of(call.account)
    change = {"status": "rebooting", "queued": looks["queued"], "busy": looks["rebooting"]}
    change |= {"start": lambda one: disconnect(aws, one), "finish": None if failover else lambda one: _start_again(aws, one)}
    rebooted = [database]
    if not is_instance(call):
        if not is_multi_az_cluster(database):
            message = "RebootDBCluster is for Multi-AZ DB clusters. Reboot the DB instances of an Aurora DB cluster."
            raise AwsError("InvalidParameterCombination", message)
        rebooted += database.members
    for one in rebooted:
        begin(one, replace(change_of(one), **change))
    return shown(call, database)


def progress_parameters(database):
    """One look at the parameters of an instance, or at those of a cluster."""
    if isinstance(database, DBCluster):
        for bearer in bearers(database):
            application_of(bearer, True).progress()
    else:
        application_of(database, False).progress()


def _wanted(database, cluster):
    name = group_name_of((cluster_of(database) or database) if cluster else database, cluster)
    return {} if is_default(name) else values_of(find_group(database.backend, name, cluster))


def require_family(group, engine, version):
    """Refuses a group of another family than a database of the engine and version has."""
    version = version or engines.DEFAULT_VERSIONS.get(engine)
    family, wanted = family_of_group(group), engines.family_of(engine, version) if version else None
    if wanted in (None, family):
        return
    message = (
        f"The Parameter Group {group.name} with DBParameterGroupFamily {family} can't be used for this instance. "
        f"Please use a Parameter Group with DBParameterGroupFamily {wanted}"
    )
    raise AwsError("InvalidParameterCombination", message)
