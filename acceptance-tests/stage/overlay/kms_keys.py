"""KMS keys: how a call names one, what their states allow, and what AWS shows of them."""

import base64
import json
import re
import time
from dataclasses import replace

from moto.kms import models
from moto.kms.models import Key, KmsBackend
from moto.kms.utils import RESERVED_ALIASES, _deserialize_ciphertext_blob

from stage.aws import moto_backend, principals
from stage.aws.errors import AwsError
from stage.aws.wire import partition_of

from . import before

_KEY_ID = re.compile(r"(mrk-[0-9a-f]{32}|[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12})", re.IGNORECASE)
#: What one can do only with a key that is enabled.
_USES = re.compile(r"(Encrypt|Decrypt|ReEncrypt|Generate|Sign|Verify|Derive|GetPublicKey|CreateGrant|.*KeyRotation)\w*")
#: What one can do with a key unless it waits for its deletion.
_CHANGES = re.compile(r"(Tag|Untag|Update|Put|Enable|Disable|Schedule|CreateAlias|UpdateAlias)\w*")
_KEY_OPERATIONS = [
    *("DescribeKey", "EnableKey", "DisableKey", "ScheduleKeyDeletion", "CancelKeyDeletion", "UpdateKeyDescription"),
    *("GetKeyPolicy", "PutKeyPolicy", "ListKeyPolicies", "TagResource", "UntagResource", "ListResourceTags"),
    *("EnableKeyRotation", "DisableKeyRotation", "GetKeyRotationStatus", "RotateKeyOnDemand", "ListKeyRotations"),
    *("CreateGrant", "ListGrants", "RevokeGrant", "CreateAlias", "Encrypt", "Decrypt", "ReEncrypt", "GenerateDataKey"),
    *("GenerateDataKeyWithoutPlaintext", "Sign", "Verify", "GenerateMac", "VerifyMac", "GetPublicKey"),
]
_NEEDED_USAGE = {
    "ENCRYPT_DECRYPT": ("Encrypt", "Decrypt", "ReEncrypt", "GenerateDataKey", "GenerateDataKeyWithoutPlaintext"),
    "SIGN_VERIFY": ("Sign", "Verify"),
    "GENERATE_VERIFY_MAC": ("GenerateMac", "VerifyMac"),
}
_READS = re.compile(r"(GetKeyRotationStatus|ListKeyRotations)")


@before("kms", *_KEY_OPERATIONS)
def key_exists_and_its_state_allows_it(_aws, call):
    """The key of a call must exist, and its state and usage must fit."""
    for _, key in keys_used(call):
        check_state(call.operation, key)
        if key.account_id != call.account and call.account.isdigit():
            call.identity = replace(call.identity, account=key.account_id)
        needed = next((u for u, operations in _NEEDED_USAGE.items() if call.operation in operations), key.key_usage)
        if key.key_usage != needed:
            message = f"{key.arn} key usage is {key.key_usage} which is not valid for {call.operation}."
            raise AwsError("InvalidKeyUsageException", message)


def find_key(call, name, aliases=False):
    """The key that a call names: an id, an ARN or, where AWS takes them, an alias."""
    alias = name.startswith("alias/") or ":alias/" in name
    if alias and not aliases:
        if name.startswith("arn:"):
            raise AwsError("InvalidArnException", "Key Aliases are not supported for this operation.")
        raise AwsError("NotFoundException", f"Invalid keyId '{name}'")
    arn = name if name.startswith("arn:") else arn_of(call, name if alias else f"key/{name}")
    parts = arn.split(":", 5)
    if len(parts) != 6 or parts[2] != "kms":
        raise AwsError("InvalidArnException", f"Invalid arn {name}")
    if parts[3] != call.region:
        raise AwsError("NotFoundException", f"Invalid arn {parts[3]}")
    if not alias and not _KEY_ID.fullmatch(parts[5].removeprefix("key/")):
        raise AwsError("NotFoundException", f"Invalid keyId '{name}'")
    key = key_or_none(call, arn)
    if key is None:
        said = f"Alias {arn} is not found." if alias else f"Key '{arn}' does not exist"
        raise AwsError("NotFoundException", said)
    return key


def key_or_none(call, arn):
    """The key with this ARN, its own or an alias's."""
    _, _, _, region, account, resource = arn.split(":", 5)
    return key_in(call.account if account == _home(call) else account, region, resource)


def key_in(account, region, resource):
    """The key of an account and region that `key/ID` or `alias/NAME` means, or None. A predefined alias makes its key
    when it is first looked for."""
    backend = moto_backend.kms(account, region)
    if not resource.startswith("alias/"):
        return backend.keys.get(resource.removeprefix("key/"))
    found = next((key for key in backend.keys.values() if resource in key.aliases), None)
    return found or (managed_key(backend, resource) if resource in RESERVED_ALIASES else None)


def keys_used(call):
    """The keys that a call is about, as (parameter, key). What is encrypted under no key here is left out."""
    parameters = call.parameters
    aliases = _takes_aliases(call.operation)
    for name in ("KeyId", "TargetKeyId", "SourceKeyId", "DestinationKeyId"):
        if name in parameters and call.operation != "ListAliases":
            yield name, find_key(call, parameters[name], aliases)
    if call.operation in ("Decrypt", "ReEncrypt") and not {"KeyId", "SourceKeyId"} & set(parameters):
        key = key_of_ciphertext(call, parameters["CiphertextBlob"])
        if key:
            yield "CiphertextBlob", key


def key_of_ciphertext(call, blob):
    """The key under which something is encrypted, or None."""
    try:
        key_id = _deserialize_ciphertext_blob(base64.b64decode(blob)).key_id
    except Exception:  # moto says no more than that either
        return None
    return moto_backend.kms(call.account, call.region).keys.get(key_id)


def check_state(operation, key):
    """Refuses what the state of a key does not allow."""
    state = key.key_state
    if operation == "CancelKeyDeletion":
        if state != "PendingDeletion":
            raise AwsError("KMSInvalidStateException", f"{key.arn} is not pending deletion.")
        return
    use = _USES.fullmatch(operation) and not _READS.fullmatch(operation)
    if state == "PendingDeletion" and (use or _CHANGES.fullmatch(operation)):
        raise AwsError("KMSInvalidStateException", f"{key.arn} is pending deletion.")
    if state == "PendingImport" and (use or operation in ("EnableKey", "DisableKey")):
        raise AwsError("KMSInvalidStateException", f"{key.arn} is pending import.")
    if state == "Disabled" and use:
        raise AwsError("DisabledException", f"{key.arn} is disabled.")


def metadata(key):
    """A key's metadata, as DescribeKey has them."""
    shown = key.to_dict()["KeyMetadata"]
    return {name: value for name, value in shown.items() if value not in (None, [])}


def managed_key(backend, alias):
    """The AWS-managed key behind a predefined alias."""
    key = backend.create_key(None, "ENCRYPT_DECRYPT", "SYMMETRIC_DEFAULT", "", None)
    service = alias.removeprefix("alias/aws/")
    key.key_manager = "AWS"
    key.description = f"Default key that protects my {service} data when no other key is defined"
    key.key_rotation_status = True
    via = {"kms:CallerAccount": key.account_id, "kms:ViaService": f"{service}.{key.region}.amazonaws.com"}
    key.policy = json.dumps(
        {
            "Version": "2012-10-17",
            "Id": f"auto-{service}-1",
            "Statement": [
                {
                    "Sid": f"Allow access through {service} for all principals in the account that may use it",
                    "Effect": "Allow",
                    "Principal": {"AWS": "*"},
                    "Action": [
                        f"kms:{a}" for a in ("Encrypt", "Decrypt", "ReEncrypt*", "GenerateDataKey*", "DescribeKey")
                    ]
                    + ["kms:CreateGrant"],
                    "Resource": "*",
                    "Condition": {"StringEquals": via},
                },
                {
                    "Sid": "Allow direct access to key metadata to the account",
                    "Effect": "Allow",
                    "Principal": {"AWS": principals.root(key.account_id, partition_of(key.region))},
                    "Action": ["kms:Describe*", "kms:Get*", "kms:List*", "kms:RevokeGrant"],
                    "Resource": "*",
                },
            ],
        }
    )
    add_alias(backend, alias, key)
    return key


def add_alias(backend, name, key):
    """Makes an alias."""
    alias = backend.create_alias(key.id, name)
    alias.stage_created = alias.stage_updated = time.time()


def arn_of(call, resource):
    """The ARN of a KMS resource of the caller's account and region."""
    return f"arn:{call.partition}:kms:{call.region}:{_home(call)}:{resource}"


def page(call, items, default=100):
    """One page of a list, and what AWS says about the next."""
    limit, marker = call.parameters.get("Limit", default), call.parameters.get("Marker", "0")
    if not marker.isdigit():
        raise AwsError("InvalidMarkerException", "The marker is not valid.")
    end = int(marker) + limit
    more = {"NextMarker": str(end)} if end < len(items) else {}
    return items[int(marker) : end], {"Truncated": bool(more), **more}


def _home(call):
    """The caller's account, also while a stale read looks into its shadow."""
    return call.identity.arn.split(":")[4]


def _takes_aliases(operation):
    return operation == "DescribeKey" or re.match(
        "(Encrypt|Decrypt|ReEncrypt|Generate|Sign|Verify|Derive|GetP)", operation
    )


# === what moto's objects show ===

# moto makes an RSA key, which takes a while, for symmetric keys too.
_generate = models.generate_private_key
models.generate_private_key = lambda spec: None if spec == "SYMMETRIC_DEFAULT" else _generate(spec)

# The id of a multi-Region key has one hyphen at AWS, and more at moto.
_new_id = models.generate_key_id
models.generate_key_id = lambda multi_region=False: (
    "mrk-" + _new_id().replace("-", "") if multi_region else _new_id()
)

Key.policy = principals.bound("stage_policy", lambda key: partition_of(key.region))
KmsBackend.get_key_id_from_alias = lambda self, alias: next(
    (key.id for key in self.keys.values() if alias in key.aliases), None
)
