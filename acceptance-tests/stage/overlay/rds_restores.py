"""RDS: DB instances restored from a snapshot. Most settings of the source are lost unless the call names them."""

import random
from functools import partial

from moto.rds.models import DBInstance

from stage.aws.errors import AwsError

from . import after, before
from .rds_application import require_family
from .rds_groups import find_group
from .rds_settings import SETTINGS, windows
from .rds_snapshots import source_of
from .rds_state import Change, advance, backend_of, begin, change_of, find

_PROVISIONED = ("io1", "io2")
_WITHOUT_DATABASE_NAME = ("postgres", "mysql", "mariadb")
#: What a restored instance has if the call does not say so, whatever its source had: parameter, attribute, default.
_DEFAULTS = (
    ("MultiAZ", "multi_az", False),
    ("DeletionProtection", "deletion_protection", False),
    ("CopyTagsToSnapshot", "copy_tags_to_snapshot", False),
    ("AutoMinorVersionUpgrade", "auto_minor_version_upgrade", True),
    (None, "monitoring_interval", 0),
    (None, "monitoring_role_arn", None),
)
#: What RestoreDBInstanceFromDBSnapshot does not take although instances have it.
_ONLY_LATER = (
    *("EnablePerformanceInsights", "PerformanceInsightsKMSKeyId", "PerformanceInsightsRetentionPeriod"),
    "DatabaseInsightsMode",
)
#: Statuses of a restored instance between `creating` and `available`.
_SETTLING = ("backing-up", "modifying")
#: What an instance does not show while it is being restored.
_HIDDEN = {"endpoint": None, "instance_create_time": None, "availability_zone": None, "latest_restorable_time": None}


@before(
    "rds",
    *("CreateDBInstance", "RestoreDBInstanceFromDBSnapshot", "RestoreDBInstanceToPointInTime"),
    "CreateDBInstanceReadReplica",
)
def instance_is_new_and_within_the_quota(aws, call):
    """The name is free, and an account has only so many instances."""
    name = call.parameters.get("TargetDBInstanceIdentifier") or call.parameters["DBInstanceIdentifier"]
    databases = backend_of(call).databases
    if name in databases:
        raise AwsError("DBInstanceAlreadyExists", "DB Instance already exists")
    if len(databases) >= aws.quota_of(call.account)["instances"]:
        raise AwsError("InstanceQuotaExceeded", "DB Instance quota exceeded")


@before("rds", "RestoreDBInstanceFromDBSnapshot")
def restore_is_possible(_aws, call):
    """What contradicts the snapshot or itself is refused."""
    parameters, source = call.parameters, source_of(call)
    if "DBSnapshotIdentifier" not in parameters:
        raise AwsError("StageNotImplemented", "DB instances are restored from DB snapshots only", 501)
    engine = source.engine
    if parameters.get("Engine", engine) != engine:
        message = f"The engine {parameters['Engine']} isn't that of the snapshot, {engine}."
        raise AwsError("InvalidParameterCombination", message)
    if name := parameters.get("DBParameterGroupName"):
        require_family(find_group(backend_of(call), name, False), engine, source.engine_version)
    if parameters.get("DBName") and engine in _WITHOUT_DATABASE_NAME:
        raise AwsError("InvalidParameterValue", "DBName must be null when Restoring for this Engine.")
    if parameters.get("MultiAZ") and parameters.get("AvailabilityZone"):
        message = "Requesting a specific availability zone is not valid for Multi-AZ instances."
        raise AwsError("InvalidParameterCombination", message)
    if parameters.get("ManageMasterUserPassword") or parameters.get("MasterUserSecretKmsKeyId"):
        message = f"ManageMasterUserPassword isn't supported for a restore with DB engine {engine}."
        raise AwsError("InvalidParameterCombination", message)


@after("rds", "RestoreDBInstanceFromDBSnapshot")
def restored_instance_has_defaults(_aws, call):
    """moto copies everything that is not given."""
    parameters, instance, source = call.parameters, find(call, call.parameters), source_of(call)
    for parameter, attribute, default in _DEFAULTS:
        setattr(instance, attribute, parameters.get(parameter, default))
    for parameter, (attribute, default) in SETTINGS.items():
        setattr(instance, attribute, default if parameter in _ONLY_LATER else parameters.get(parameter, default))
    _place(instance, parameters)
    _store(instance, parameters, source)
    if "OptionGroupName" not in parameters:
        major = "-".join(instance.engine_version.split(".")[:2])
        instance.option_group_name, instance.option_group_supplied = f"default:{instance.engine}-{major}", False
    backup, instance.preferred_maintenance_window = windows(parameters.get("PreferredBackupWindow"))
    instance.preferred_backup_window = backup
    if "BackupRetentionPeriod" in parameters:
        instance.backup_retention_period = parameters["BackupRetentionPeriod"]
    instance.stage_is_restored = True


def settle_in(instance, looks):
    """A restored instance is not available right after it has been created: it is in some more statuses, each for so many
    looks."""
    change = change_of(instance)
    for status in _SETTLING if looks else ():
        following = Change(status=status, busy=looks)
        change.finish = partial(begin, change=following)
        change = following
    advance(instance)


def _place(instance, parameters):
    zone = f"{instance.region}{random.choice('abc')}"
    instance.availability_zone = parameters.get("AvailabilityZone", zone)
    if "DBSubnetGroupName" not in parameters:
        instance.db_subnet_group_name = None
        instance.__dict__.pop("db_subnet_group", None)
    # The default VPC has an internet gateway; whether that of a subnet group has one, nobody here knows.
    instance.publicly_accessible = parameters.get("PubliclyAccessible", "DBSubnetGroupName" not in parameters)


def _store(instance, parameters, source):
    iops = parameters.get("Iops")
    instance.storage_type = parameters.get("StorageType") or ("io1" if iops else "gp3")
    instance.iops = iops if iops is not None or instance.storage_type not in _PROVISIONED else source.iops
    instance.storage_throughput = parameters.get("StorageThroughput")


def _is_being_restored(self):
    return bool(self.__dict__.get("stage_is_restored") and change_of(self).busy and self.status == "creating")


def _shown(name, hidden):
    shown = DBInstance.__dict__.get(name)

    def get(self):
        if _is_being_restored(self):
            return hidden
        return shown.fget(self) if shown else self.__dict__[f"_{name}"]

    return property(get, shown.fset if shown else lambda self, value: self.__dict__.__setitem__(f"_{name}", value))


def _port(self):
    return 0 if _is_being_restored(self) else self.port


def _option_groups(self):
    status = "pending-apply" if _is_being_restored(self) else "in-sync"
    return [{"OptionGroupName": self.option_group_name, "Status": status}]


for _name, _absent in _HIDDEN.items():
    setattr(DBInstance, _name, _shown(_name, _absent))
DBInstance.db_instance_port = property(_port)
DBInstance.option_group_memberships = property(_option_groups)
