"""RDS: blue/green deployments: a green copy that follows the blue database, under a key of its own if one is named, and
a switchover in which the two exchange their names."""

from moto.rds.models import BlueGreenDeployment, BlueGreenDeploymentTask, DBCluster, RDSBackend, SwitchoverDetails

from stage.aws import identity
from stage.aws.errors import AwsError
from stage.catalogue import engines

from . import after, before
from .rds_encryption import encrypt
from .rds_keys import accessible
from .rds_models import become_another
from .rds_renames import all_like, name_of, rename
from .rds_settings import SETTINGS
from .rds_state import MULTI_AZ_ENGINES, Change, backend_of, begin, change_of, cluster_of, disconnect, follow, named
from .rds_state import progress

_ENGINES = ("postgres", "mysql", "mariadb", "aurora-postgresql", "aurora-mysql")
_MONITORING = ("monitoring_interval", "monitoring_role_arn")
_TASKS = ("CREATING_READ_REPLICA_OF_SOURCE", "CONFIGURE_BACKUPS")
#: What a caller must be allowed beside the operation itself, of an instance and of a cluster.
_NEEDS = {
    "CreateBlueGreenDeployment": (
        ["CreateDBInstanceReadReplica"],
        ["CreateDBCluster", "CreateDBInstance", "CreateDBClusterEndpoint"],
    ),
    "SwitchoverBlueGreenDeployment": (
        ["ModifyDBInstance", "PromoteReadReplica"],
        ["ModifyDBCluster", "PromoteReadReplicaDBCluster"],
    ),
    "DeleteBlueGreenDeployment": (
        ["DeleteDBInstance"],
        ["DeleteDBCluster", "DeleteDBInstance", "DeleteDBClusterEndpoint"],
    ),
}
#: What a green read replica has as the blue one, and not as its source.
_OF_REPLICAS = (
    *("availability_zone", "multi_az", "publicly_accessible", "db_parameter_group_name", "vpc_security_group_ids"),
    *("storage_type", "iops", "allocated_storage", "tags", "deletion_protection", "preferred_maintenance_window"),
)
_PATIENCE = 20  # seconds of a switchover, in which a request waits
_USUAL_TIMEOUT = 300
_FAILED = "SWITCHOVER_FAILED"


@before("rds", "CreateBlueGreenDeployment")
def deployment_is_possible(_aws, call):
    """The source exists, is available, and is of a kind that can be deployed; keys are of resources in it."""
    parameters, source = call.parameters, _source(call)
    is_cluster, arn = isinstance(source, DBCluster), parameters["Source"]
    unsupported = "SourceClusterNotSupportedFault" if is_cluster else "SourceDatabaseNotSupportedFault"
    if source.engine not in _ENGINES or cluster_of(source) or (is_cluster and source.engine in MULTI_AZ_ENGINES):
        raise AwsError(unsupported, f"The source {arn} isn't supported for blue/green deployments.")
    if source.__dict__.get("master_user_secret"):
        message = f"The source {arn} has a master user password that RDS manages in AWS Secrets Manager."
        raise AwsError(unsupported, message)
    if source.status != "available":
        code = "InvalidDBClusterStateFault" if is_cluster else "InvalidDBInstanceState"
        raise AwsError(code, f"The source {arn} is not in available state.")
    if not is_cluster and source.is_replica:
        raise AwsError(unsupported, f"The source {arn} is a read replica, which isn't supported for blue/green deployments.")
    _require_simple_replicas(backend_of(call), source, unsupported)
    version = parameters.get("TargetEngineVersion")
    if version and engines.family_of(source.engine, version) != engines.family_of(source.engine, source.engine_version):
        raise AwsError("StageNotImplemented", "upgrades to another major version are not played", 501)
    _require_permissions(call, source)
    call.stage_source, call.stage_keys = source, _keys(call, source)


@after("rds", "CreateBlueGreenDeployment")
def begin_deployment(aws, call):
    """Green is as blue, but for what the call names, and follows it. Creating it takes a while."""
    backend, blue = backend_of(call), call.stage_source
    names = (d for d in backend.blue_green_deployments.values())
    deployment = next(d for d in names if d.blue_green_deployment_name == call.parameters["BlueGreenDeploymentName"])
    green = _find(backend, deployment.__dict__["_target"])
    replicas = [(old, _copy_replica(deployment, old, green)) for old in _replicas(backend, blue)]
    deployment.stage_pairs = [(blue, green), *zip(_members(blue), _members(green), strict=True), *replicas]
    for old, new in deployment.stage_pairs:
        _resemble(new, old)
        if key := call.stage_keys.get(old.arn):
            encrypt(new, key)
    if aws.databases and (own := aws.databases.follower_of(blue)):
        for one in (green, *(new for _, new in replicas)):
            one.stage_server = own
    green.stage_read_only = True
    looks = aws.transition_of(call.account)["busy"]
    for _, new in deployment.stage_pairs:
        new.stage_change = Change(status="creating", busy=looks)
    follow(aws, call)
    begin(deployment, Change(status="PROVISIONING", busy=looks, finish=_provisioned))
    return {"BlueGreenDeployment": deployment}


@before("rds", "SwitchoverBlueGreenDeployment")
def begin_switchover(aws, call):
    """Blue takes no writes any more; once green has caught up, it has blue's name."""
    deployment = _deployment(call)
    pairs = deployment.stage_pairs
    _require_permissions(call, pairs[0][0])
    if deployment.status != "AVAILABLE" or any(one.status != "available" for pair in pairs for one in pair):
        raise _invalid_state(deployment)
    timeout = call.parameters.get("SwitchoverTimeout", _USUAL_TIMEOUT)
    if not 30 <= timeout <= 3600:
        raise AwsError("InvalidParameterValue", "SwitchoverTimeout must be from 30 to 3600 seconds.")
    blue = pairs[0][0]
    blue.stage_read_only = True
    disconnect(aws, blue)
    looks = aws.transition_of(call.account)["switching"]
    change = Change(status="SWITCHOVER_IN_PROGRESS", busy=looks)
    change.finish = lambda one: _switch(aws, call, one, min(timeout, _PATIENCE))
    begin(deployment, change)
    return {"BlueGreenDeployment": deployment}


@before("rds", "DeleteBlueGreenDeployment")
def deployment_can_be_deleted(_aws, call):
    """Not while it changes something; after a switchover, the old database is not the deployment's to delete."""
    deployment = call.stage_deployment = _deployment(call)
    if deployment.status in ("PROVISIONING", "SWITCHOVER_IN_PROGRESS"):
        raise _invalid_state(deployment)
    if deployment.status == "SWITCHOVER_COMPLETED" and call.parameters.get("DeleteTarget"):
        message = "DeleteTarget can't be specified for a blue/green deployment whose switchover is completed."
        raise AwsError("InvalidParameterCombination", message)


@before("rds", "DeleteBlueGreenDeployment")
def green_can_be_deleted(_aws, call):
    """Not if it has deletion protection, as it has if blue had."""
    if call.parameters.get("DeleteTarget"):
        greens = [green for _, green in call.stage_deployment.stage_pairs if cluster_of(green) is None]
        green, *replicas = greens
        _require_permissions(call, green)
        if any(one.deletion_protection for one in greens if _exists(one)):
            kind = "Cluster" if isinstance(green, DBCluster) else "DB Instance"
            message = f"Cannot delete protected {kind}, please disable deletion protection and try again."
            raise AwsError("InvalidParameterCombination", message)
        for replica in filter(_exists, replicas):
            _drop_replica(replica)
        if not _exists(green):
            call.put("DeleteTarget", False)  # moto looks for it


@after("rds", "DeleteBlueGreenDeployment")
def deployment_is_deleted(aws, call):
    """A green database that is kept stands for itself, and an old one takes writes again."""
    blue, green = call.stage_deployment.stage_pairs[0]
    if aws.databases and not call.parameters.get("DeleteTarget") and _exists(green):
        aws.databases.take_over(green, _PATIENCE)
    blue.stage_read_only = green.stage_read_only = False
    follow(aws, call)


@before("rds", "DescribeBlueGreenDeployments")
def deployment_exists(_aws, call):
    """moto has a status of its own for what is not there."""
    if "BlueGreenDeploymentIdentifier" in call.parameters:
        _deployment(call)


@after("rds", "DescribeBlueGreenDeployments")
def observe_deployments(_aws, call):
    """Each look brings what is under way one step nearer."""
    named_one = call.parameters.get("BlueGreenDeploymentIdentifier")
    for deployment in [_deployment(call)] if named_one else list(backend_of(call).blue_green_deployments.values()):
        progress(deployment)


def _require_permissions(call, database):
    for operation in _NEEDS[call.operation][isinstance(database, DBCluster)]:
        identity.check(call, f"rds:{operation}", database.arn)


def _source(call):
    arn, backend = call.parameters["Source"], backend_of(call)
    found = _find(backend, arn)
    if found is None and ":cluster:" in arn:
        raise AwsError("DBClusterNotFoundFault", f"DBCluster {arn} not found.", 404)
    if found is None:
        raise AwsError("DBInstanceNotFound", f"DBInstance {arn} not found.", 404)
    return found


def _find(backend, arn):
    return named(backend.clusters if ":cluster:" in arn else backend.databases, arn)


def _deployment(call):
    name = call.parameters["BlueGreenDeploymentIdentifier"]
    found = backend_of(call).blue_green_deployments.get(name)
    if found is None:
        raise AwsError("BlueGreenDeploymentNotFoundFault", f"BlueGreenDeployment {name} not found.", 404)
    return found


def _keys(call, source):
    """The keys of the green resources by the ARN of the blue ones. Replicas have entries of their own: RDS replicates
    between databases that are both encrypted, or neither is."""
    wanted = call.parameters.get("TargetResourceConfigurations", [])
    arns, replicas = [entry["SourceArn"] for entry in wanted], _replicas(backend_of(call), source)
    if len(set(arns)) < len(arns):
        message = "The same SourceArn is specified in more than one entry of TargetResourceConfigurations."
        raise AwsError("InvalidParameterCombination", message)
    keyed = [source.arn, *(replica.arn for replica in replicas)]
    strange = next((arn for arn in arns if arn not in keyed), None)
    if strange:
        message = f"{strange} in TargetResourceConfigurations isn't a resource of the blue environment that has a key."
        raise AwsError("InvalidParameterValue", message)
    keys = {e["SourceArn"]: accessible(call, e["TargetKmsKeyId"]).arn for e in wanted if e.get("TargetKmsKeyId")}
    bare = next((arn for arn in keyed if arn not in keys), None)
    if keys and bare and not source.storage_encrypted:
        message = f"TargetResourceConfigurations must include an entry with TargetKmsKeyId for {bare}."
        raise AwsError("InvalidParameterCombination", message)
    return keys


def _replicas(backend, database):
    """The read replicas of an instance in its region."""
    names = getattr(database, "replicas", []) if not isinstance(database, DBCluster) else []
    return [backend.databases[name] for name in sorted(names) if name in backend.databases]


def _require_simple_replicas(backend, source, unsupported):
    if isinstance(source, DBCluster):
        return
    if any(":" in name for name in source.replicas):
        raise AwsError(unsupported, f"The source {source.arn} has a cross-Region read replica.")
    for replica in _replicas(backend, source):
        if replica.replicas:
            raise AwsError(unsupported, f"The source {source.arn} has cascading read replicas.")
        if replica.status != "available":
            raise AwsError("InvalidDBInstanceState", f"The read replica {replica.arn} is not in available state.")


def _copy_replica(deployment, blue, source):
    """A read replica of green as blue has one."""
    backend = deployment.backend
    name = deployment._generate_green_id(blue.db_instance_identifier)
    copy = {"db_instance_identifier": name, "source_db_instance_identifier": source.db_instance_identifier}
    green = backend.create_db_instance_read_replica(copy | {"db_instance_class": blue.db_instance_class})
    become_another(green)
    for attribute in _OF_REPLICAS:
        setattr(green, attribute, getattr(blue, attribute))
    return green


def _drop_replica(replica):
    """Deletes a read replica; its source knows it no more."""
    source = named(all_like(replica), replica.source_db_instance_identifier)
    if source:
        source.replicas = [name for name in source.replicas if name != replica.db_instance_identifier]
    del all_like(replica)[replica.db_instance_identifier]


def _resemble(green, blue):
    """What moto does not give to a green database."""
    green.stage_iam_enabled = blue.__dict__.get("stage_iam_enabled", False)
    green.stage_owned_by_aws = blue.__dict__.get("stage_owned_by_aws", False)
    for attribute in [attribute for attribute, _ in SETTINGS.values()] + list(_MONITORING):
        if hasattr(blue, attribute):
            setattr(green, attribute, getattr(blue, attribute))
    if not isinstance(blue, DBCluster):
        green.deletion_protection = blue.deletion_protection


def _members(database):
    if not isinstance(database, DBCluster):
        return []
    return sorted(database.members, key=lambda member: member.db_instance_identifier)


def _provisioned(deployment):
    for _, green in deployment.stage_pairs:
        green.stage_change = Change()


def _switch(aws, call, deployment, patience):
    blue, green = deployment.stage_pairs[0]
    failure = deployment.__dict__.pop("stage_failure", None)
    if not failure and aws.databases and not aws.databases.take_over(green, patience):
        failure = "Switchover from the blue environment to the green environment has exceeded the timeout."
    if failure:
        blue.stage_read_only = False
        deployment.status, deployment.status_details = deployment.__dict__.pop("stage_undone", _FAILED), failure
        return
    green.stage_read_only = False
    for old, new in deployment.stage_pairs:
        name = name_of(old)
        rename(old, _unused(old, name))
        rename(new, name)
    for side in zip(*deployment.stage_pairs, strict=True):
        _reattach(side)
    deployment.source, deployment.target = blue.arn, green.arn
    deployment.status, deployment.status_details = "SWITCHOVER_COMPLETED", "Switchover completed"
    follow(aws, call)


def _unused(database, name):
    number = 1
    while f"{name}-old{number}" in all_like(database):
        number += 1
    return f"{name}-old{number}"


def _reattach(side):
    """Sources and read replicas know each other by name."""
    source, *others = side
    replicas = [one for one in others if not isinstance(source, DBCluster) and _exists(one)]
    if not isinstance(source, DBCluster):
        source.replicas = [replica.db_instance_identifier for replica in replicas]
    for replica in replicas:
        replica.source_db_instance_identifier = source.db_instance_identifier


def _invalid_state(deployment):
    message = f"BlueGreenDeployment {deployment.blue_green_deployment_identifier} is in status {deployment.status}."
    return AwsError("InvalidBlueGreenDeploymentStateFault", message)


def _exists(database):
    return all_like(database).get(name_of(database)) is database


def _status(self):
    change = change_of(self)
    status = change.status if change.busy else self.__dict__["_status"]
    is_incomplete = not all(_exists(green) for _, green in self.__dict__.get("stage_pairs", ()))
    return "INVALID_CONFIGURATION" if status == "AVAILABLE" and is_incomplete else status


def _target(self):
    """The green database shows once it has been created."""
    return None if self.status == "PROVISIONING" else self.__dict__["_target"]


def _details(self):
    has_green = self.status != "PROVISIONING"
    return [
        SwitchoverDetails(blue.arn, green.arn if has_green else None, _status_of(self, blue, green))
        for blue, green in self.stage_pairs
    ]


def _status_of(deployment, blue, green):
    if not _exists(blue):
        return "MISSING_SOURCE"
    return deployment.status if _exists(green) else "MISSING_TARGET"


def _tasks(self):
    states = ("IN_PROGRESS", "PENDING") if self.status == "PROVISIONING" else 2 * ("COMPLETED",)
    return [BlueGreenDeploymentTask(name, status) for name, status in zip(_TASKS, states, strict=True)]


BlueGreenDeployment.status = property(_status, lambda self, value: self.__dict__.__setitem__("_status", value))
BlueGreenDeployment.switchover_details = property(
    lambda self: _details(self) if "stage_pairs" in self.__dict__ else [], lambda self, value: None
)
def _find_tagged(self, arn):
    # moto does not know that deployments have tags.
    _, _, name = arn.partition(":deployment:")
    return self.blue_green_deployments.get(name) if name else _find_other(self, arn)


_find_other, RDSBackend._get_resource_for_tagging = RDSBackend._get_resource_for_tagging, _find_tagged
BlueGreenDeployment.resource_type = "deployment"
BlueGreenDeployment.target = property(_target, lambda self, value: self.__dict__.__setitem__("_target", value))
BlueGreenDeployment.tasks = property(_tasks, lambda self, value: None)
