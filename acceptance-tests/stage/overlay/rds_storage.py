"""RDS: the storage of clusters."""

from moto.rds.models import DBCluster, DBInstanceClustered

from stage.aws.errors import AwsError

from . import before
from .rds_state import MULTI_AZ_ENGINES, find

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


DBCluster.storage_type = property(_shown, lambda self, value: self.__dict__.__setitem__("storage_type", value))
DBCluster.default_allocated_storage = staticmethod(_allocated)
DBInstanceClustered.storage_type = property(_of_member, lambda self, value: None)
