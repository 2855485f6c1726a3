"""Secrets Manager: the KMS keys that protect values. The caller must be allowed to use them through this service."""

from stage.aws.errors import AwsError

from . import kms_access
from .kms_keys import check_state, find_key, key_in

_ENCRYPTION = (
    "Secrets Manager can't encrypt the protected secret text using the provided KMS key. "
    "Check that the KMS key is available, enabled, and not in an invalid state."
)
_DECRYPTION = "Secrets Manager can't decrypt the protected secret text using the provided KMS key."
_ABROAD = (
    "You can't access a secret from a different AWS account if you encrypt the secret with the default KMS service key."
)
#: Secrets Manager tries out a key with this in place of a version's id.
_TRIAL = "RequestToValidateKeyAccess"


def key_for(call, name):
    """The key that a call names for a secret; None for the account's aws/secretsmanager."""
    if not name:
        return None
    try:
        key = find_key(call, name, aliases=True)
    except AwsError as error:
        message = f"The operation failed because of an invalid KMS key: {error.message}"
        raise AwsError("InvalidParameterException", message) from error
    return None if key.key_manager == "AWS" else key


def check_writable(call, key, secret):
    """Refuses a key that the caller may not use, or nobody can."""
    if key is None:
        _check_home(call, secret)
        return
    _check_access(call, key, secret, _TRIAL, "kms:GenerateDataKey", "kms:Decrypt")
    if not _works(key):
        raise AwsError("EncryptionFailure", _ENCRYPTION)


def check_readable(call, secret, version):
    """Refuses a version whose key the caller may not use, or nobody can."""
    arn = version.get("stage_key")
    if arn is None:
        _check_home(call, secret)
        return
    key = _key(arn)
    if key is None:
        raise AwsError("DecryptionFailure", _DECRYPTION)
    _check_access(call, key, secret, version["version_id"], "kms:Decrypt")
    if not _works(key):
        raise AwsError("DecryptionFailure", _DECRYPTION)


def encrypt(version, key):
    """Notes the key of a version's value."""
    if version:
        version["stage_key"] = key.arn if key else None


def reencrypt(call, secret, key):
    """Moves the values in use to another key, unless the caller may not do that: then they stay."""
    for version in secret.versions.values():
        old = _key(version.get("stage_key"))
        more = _conditions(call, secret, version["version_id"])
        steps = [(old, "kms:Decrypt"), (key, "kms:Encrypt")]
        if version["version_stages"] and not any(
            k and (not _works(k) or kms_access.refusal(call.identity, action, k, more, grantable=True))
            for k, action in steps
        ):
            encrypt(version, key)


def _check_home(call, secret):
    """The account's own aws/secretsmanager cannot be shared."""
    if call.identity.arn.split(":")[4] != secret.account_id:
        raise AwsError("InvalidRequestException", _ABROAD)


def _check_access(call, key, secret, version_id, *actions):
    more = _conditions(call, secret, version_id)
    if any(kms_access.refusal(call.identity, action, key, more, grantable=True) for action in actions):
        raise AwsError("AccessDeniedException", "Access to KMS is not allowed")


def _conditions(call, secret, version_id):
    context = kms_access.encryption_context({"SecretARN": secret.arn, "SecretVersionId": version_id})
    return {"kms:viaservice": f"secretsmanager.{call.region}.amazonaws.com"} | context


def _key(arn):
    if arn is None:
        return None
    _, _, _, region, account, resource = arn.split(":", 5)
    return key_in(account, region, resource)


def _works(key):
    try:
        check_state("Decrypt", key)
    except AwsError:
        return False
    return key.key_usage == "ENCRYPT_DECRYPT" and key.key_spec == "SYMMETRIC_DEFAULT"
