"""RDS: the KMS keys that protect databases, snapshots and the passwords of masters."""

import json
import secrets

from moto.rds.models import DBCluster, DBInstance, MasterUserSecret

from stage.aws.errors import AwsError

from . import after, before, kms_access
from .kms_keys import find_key, key_in
from .rds_encryption import encrypt
from .rds_snapshots import comes_from_another_region, snapshots_of, source_of
from .rds_state import backend_of, find
from .secretsmanager_keys import encrypt as encrypt_version

# The keys that protect what is encrypted under no other.
_ALIAS, _ALIAS_OF_SECRETS = "alias/aws/rds", "alias/aws/secretsmanager"
_NEW = ("CreateDBInstance", "CreateDBCluster")
_COPIES = ("CopyDBSnapshot", "CopyDBClusterSnapshot", "RestoreDBClusterFromSnapshot", "RestoreDBClusterToPointInTime")
_SOURCES = ("RestoreDBInstanceFromDBSnapshot", "CreateDBInstanceReadReplica", "RestoreDBInstanceToPointInTime")
_OF_MASTERS = "MasterUserSecretKmsKeyId"
_UNUSABLE = "does not exist, is not enabled or you do not have permissions to access it."
# What moto notes where no key is named.
_DEFAULT = "default_kms_key_id"


@before("rds", *_NEW, *_COPIES, "ModifyDBInstance", "ModifyDBCluster", "CreateDBInstanceReadReplica")
def keys_are_accessible(_aws, call):
    """A key that is named must be there and enabled, and the caller must be allowed to let RDS use it."""
    for name in ("KmsKeyId", _OF_MASTERS, "PerformanceInsightsKMSKeyId"):
        if call.parameters.get(name):
            call.put(name, accessible(call, call.parameters[name]).arn)


@before("rds", *_COPIES, *_SOURCES)
def keys_of_sources_work(_aws, call):
    """What is encrypted can be read only with its key."""
    source = source_of(call)
    arn = source and source.kms_key_id
    if arn and not _usable(call, _key(arn)):
        raise AwsError("KMSKeyNotAccessibleFault", f"The source snapshot KMS key [{arn}] {_UNUSABLE}")


@before("rds", "CopyDBSnapshot", "CopyDBClusterSnapshot")
def copy_in_another_region_needs_a_key(_aws, call):
    """The key of an encrypted snapshot is of its region."""
    source = source_of(call)
    if source.kms_key_id and comes_from_another_region(call) and not call.parameters.get("KmsKeyId"):
        message = "Must specify new KMS key for cross region encrypted snapshot copy."
        raise AwsError("InvalidParameterValue", message)


@before("rds", "CreateDBInstanceReadReplica", "RestoreDBClusterToPointInTime")
def copies_of_databases_are_as_encrypted_as_they(_aws, call):
    """No replica, clone or earlier state of what is not encrypted is."""
    source = source_of(call)
    if source and call.parameters.get("KmsKeyId") and not source.storage_encrypted:
        message = "KmsKeyId can't be specified because the source isn't encrypted."
        raise AwsError("InvalidParameterCombination", message)


@before("rds", "CopyDBClusterSnapshot")
def copy_of_a_cluster_snapshot_is_as_encrypted_as_it(_aws, call):
    """Of Aurora, only a restore encrypts what was not encrypted."""
    source = source_of(call)
    if source and call.parameters.get("KmsKeyId") and not source.storage_encrypted:
        message = "KmsKeyId can't be specified for a copy of a DB cluster snapshot that isn't encrypted."
        raise AwsError("InvalidParameterCombination", message)


@after("rds", "CopyDBSnapshot")
def copy_keeps_the_key_of_its_source(_aws, call):
    """moto looks at the instance in place of the snapshot that is copied."""
    backend, source = backend_of(call), source_of(call)
    copy = backend.database_snapshots[call.parameters["TargetDBSnapshotIdentifier"]]
    if not call.parameters.get("KmsKeyId"):
        copy.kms_key_id, copy.encrypted = source.kms_key_id, source.encrypted
        copy.storage_encrypted = source.storage_encrypted
    return {"DBSnapshot": copy}


@after("rds", "CreateDBSnapshot", "CreateDBClusterSnapshot")
def snapshot_has_the_password_itself(_aws, call):
    """What is restored has the master's password as it was, in no secret."""
    of_cluster = call.operation == "CreateDBClusterSnapshot"
    kind = "DBClusterSnapshotIdentifier" if of_cluster else "DBSnapshotIdentifier"
    snapshot = snapshots_of(backend_of(call), of_cluster)[call.parameters[kind]]
    # moto keeps a copy of what the snapshot is of.
    database = snapshot.cluster if of_cluster else snapshot.database
    if password := managed_password(database):
        del database.__dict__["master_user_secret"]
        database.manage_master_user_password, database.__dict__["_master_user_password"] = False, password


@after("rds", "RestoreDBClusterFromSnapshot", "RestoreDBClusterToPointInTime")
def restored_cluster_is_encrypted(_aws, call):
    """A cluster that is restored under a key is encrypted, whatever the source was."""
    if call.parameters.get("KmsKeyId"):
        encrypt(find(call, call.parameters), call.parameters["KmsKeyId"])


def managed_password(database):
    """The password of a master that RDS manages, from its secret; None if it does not."""
    managed = database.__dict__.get("master_user_secret")
    if managed is None:
        return None
    return json.loads(managed.secret.versions[managed.secret.default_version_id]["secret_string"])["password"]


def accessible(call, name):
    """The key that a call names, if RDS may use it for the caller."""
    which = "The target KMS key" if call.operation == "CopyDBSnapshot" else "Specified KMS key"
    refusal = AwsError("KMSKeyNotAccessibleFault", f"{which} [{name}] {_UNUSABLE}")
    try:
        key = find_key(call, name, aliases=True)
    except AwsError as error:
        raise refusal from error
    if not _usable(call, key):
        raise refusal
    return key


def _usable(call, key):
    """Whether a key works, and the caller may let RDS use it."""
    if not _works(key) or key.key_manager == "AWS":
        return _works(key)
    via = {"kms:viaservice": f"rds.{call.region}.amazonaws.com", "kms:grantisforawsresource": "true"}
    return not kms_access.refusal(call.identity, "kms:CreateGrant", key, via, grantable=True)


def _works(key):
    symmetric = key is not None and key.key_spec == "SYMMETRIC_DEFAULT" and key.key_usage == "ENCRYPT_DECRYPT"
    return symmetric and key.key_state == "Enabled"


def _key(arn):
    _, _, _, region, account, resource = arn.split(":", 5)
    return key_in(account, region, resource)


def _secret(self, arn):
    secret = _create_secret(self, arn)
    key = _key(arn) if arn else None
    for version in secret.versions.values():
        encrypt_version(version, key)
    secret.kms_key_id = arn
    return secret


def _credentials(self):
    words = {"username": self.resource.master_username, "password": secrets.token_urlsafe(21)}
    return json.dumps(words)


def _key_of_secret(self):
    arn, backend = self.secret.kms_key_id, self.resource.backend
    return arn or key_in(backend.account_id, backend.region_name, _ALIAS_OF_SECRETS).arn


def _kept(name):
    def get(self):
        arn = self.__dict__.get(name)
        if arn != _DEFAULT:
            return arn
        backend = self.backend
        return key_in(backend.account_id, backend.region_name, _ALIAS).arn if self.storage_encrypted else None

    return property(get, lambda self, value: self.__dict__.__setitem__(name, value))


def _copied(self):
    # moto looks for a password where RDS manages it.
    self.__dict__.setdefault("_master_user_password", None)
    return _get_cfg(self)


_get_cfg, DBCluster.get_cfg = DBCluster.get_cfg, _copied
# Under these names moto copies them to what is restored.
DBInstance.kms_key_id, DBCluster.kms_key_id = _kept("_kms_key_id"), _kept("kms_key_id")
_create_secret = MasterUserSecret._create_secret
MasterUserSecret._create_secret, MasterUserSecret._generate_secret_string = _secret, _credentials
MasterUserSecret.kms_key_id = property(_key_of_secret)
