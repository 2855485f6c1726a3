"""RDS: the storage of instances and clusters."""

from moto.rds.models import DBCluster, DBInstance, DBInstanceClustered

from stage.aws.errors import AwsError

from . import before
from .rds_snapshots import source_of
from .rds_state import MULTI_AZ_ENGINES, find

#: GiB from which RDS stripes gp3 storage of these engines: only then its performance can be chosen.
_STRIPED, _ENGINES = 400, ("postgres", "mysql", "mariadb")
_PERFORMANCE = ("Iops", "StorageThroughput")
#: IOPS and throughput of gp3 storage for which nothing is chosen, below that size and from it on.
_BASELINES = {True: (3000, 125), False: (12000, 500)}
_OF_AURORA = ("aurora", "aurora-iopt1")
_OF_MULTI_AZ = ("io1", "io2", "gp3")


@before("rds", "CreateDBCluster", "ModifyDBCluster", "RestoreDBClusterFromSnapshot", "RestoreDBClusterToPointInTime")
def storage_fits_the_engine(_aws, call):
    """Aurora has kinds of storage of its own."""
    wanted = call.parameters.get("StorageType")
    if not wanted or call.operation == "RestoreDBClusterToPointInTime":
        return
    engine = call.parameters.get("Engine") or find(call, call.parameters).engine
    if wanted not in (_OF_MULTI_AZ if engine in MULTI_AZ_ENGINES else _OF_AURORA):
        raise AwsError("InvalidParameterCombination", f"Invalid storage type for DB engine {engine}: {wanted}")


@before("rds", "CreateDBInstance", "ModifyDBInstance", "CreateDBCluster", "ModifyDBCluster")
def performance_can_be_chosen(_aws, call):
    """Not that of small gp3 storage."""
    before = find(call, call.parameters) if call.operation.startswith("Modify") else None
    _refuse_performance_of_small_storage(call.parameters, before)


@before("rds", "RestoreDBInstanceFromDBSnapshot", "RestoreDBClusterFromSnapshot")
def performance_of_a_copy_can_be_chosen(_aws, call):
    """Its storage is as large as that of the source."""
    source, parameters = source_of(call), call.parameters
    kind = parameters.get("StorageType") or ("io1" if parameters.get("Iops") else "gp3")
    _refuse_performance_of_small_storage({**parameters, "StorageType": kind}, source)


def _refuse_performance_of_small_storage(parameters, before):
    engine = parameters.get("Engine") or (before and before.engine)
    kind = parameters.get("StorageType") or (before and before.storage_type)
    size = parameters.get("AllocatedStorage") or (before and before.allocated_storage) or 0
    if kind == "gp3" and engine in _ENGINES and int(size) < _STRIPED and any(parameters.get(n) for n in _PERFORMANCE):
        message = f"You can't specify IOPS or storage throughput for engine {engine} and a storage size less than {_STRIPED}."
        raise AwsError("InvalidParameterCombination", message)


def _shown(self):
    """AWS does not name the ordinary storage of Aurora."""
    kept = self.__dict__["storage_type"]
    return kept if self.engine in MULTI_AZ_ENGINES or kept == "aurora-iopt1" else None


def _of_member(self):
    return self.cluster.storage_type or "aurora"


def _allocated(engine, storage_type):
    if engine in MULTI_AZ_ENGINES:
        return 100 if storage_type in ("io1", "io2") else 20
    return 0 if engine == "neptune" else 1


def _performance(index, kept):
    """AWS shows the performance of gp3 storage also where nobody has chosen it."""

    def get(self):
        shows = self.__dict__.get("_storage_type") == "gp3" and self.engine in _ENGINES
        baseline = _BASELINES[int(self.allocated_storage or 0) < _STRIPED][index] if shows else None
        return self.__dict__.get(kept) or baseline

    return property(get, lambda self, value: self.__dict__.__setitem__(kept, value))


DBInstance.iops, DBInstance.storage_throughput = _performance(0, "iops"), _performance(1, "_storage_throughput")
DBCluster.storage_type = property(_shown, lambda self, value: self.__dict__.__setitem__("storage_type", value))
DBCluster.default_allocated_storage = staticmethod(_allocated)
DBInstanceClustered.storage_type = property(_of_member, lambda self, value: None)
