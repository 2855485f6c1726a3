"""RDS: StorageEncryptionType, which says what StorageEncrypted does not: whether an AWS-owned key encrypts."""

from moto.rds.models import DBCluster, DBClusterSnapshot, DBInstance, DBInstanceClustered, DBSnapshot

from . import after
from .rds_state import MULTI_AZ_ENGINES, find

NONE, OWNED_BY_AWS, KMS = "none", "sse-rds", "sse-kms"


def encrypt(database, key):
    """Encrypts an instance or cluster under a KMS key, by ARN, as it was when it was created."""
    database.storage_encrypted, database.kms_key_id = True, key


@after("rds", "CreateDBCluster", "RestoreDBClusterFromSnapshot", "RestoreDBClusterToPointInTime")
def new_clusters_of_aurora_are_encrypted(_aws, call):
    """Since 2026 no cluster of Aurora is created without encryption: without a KMS key, a key of AWS encrypts it."""
    cluster = find(call, call.parameters)
    cluster.stage_owned_by_aws = cluster.engine not in MULTI_AZ_ENGINES


def _of_instance(self):
    if isinstance(self, DBInstanceClustered):
        return self.cluster.storage_encryption_type
    return KMS if self.storage_encrypted else NONE


def _of_cluster(self):
    if self.storage_encrypted:
        return KMS
    return OWNED_BY_AWS if self.__dict__.get("stage_owned_by_aws") else NONE


def _of_cluster_snapshot(self):
    return KMS if self.storage_encrypted else self.cluster.storage_encryption_type


DBInstance.storage_encryption_type = property(_of_instance)
DBCluster.storage_encryption_type = property(_of_cluster)
DBSnapshot.storage_encryption_type = property(lambda self: KMS if self.encrypted else NONE)
DBClusterSnapshot.storage_encryption_type = property(_of_cluster_snapshot)
