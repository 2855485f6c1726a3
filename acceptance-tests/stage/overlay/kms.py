"""KMS: keys, their policies, tags and rotation."""

import json
from datetime import UTC, datetime, timedelta

from stage.aws import moto_backend, principals
from stage.aws.errors import AwsError
from stage.aws.policy import document

from . import before, kms_access
from .kms_keys import find_key, key_of_ciphertext, keys_used, metadata, page

#: Bytes of a key policy.
POLICY_QUOTA = 32768
#: Tags of a key.
TAG_QUOTA = 50


@before("kms", "CreateKey")
def create_key(aws, call):
    """A key with what AWS sets unless told otherwise."""
    parameters = call.parameters
    spec = parameters.get("KeySpec") or parameters.get("CustomerMasterKeySpec") or "SYMMETRIC_DEFAULT"
    usage, origin = parameters.get("KeyUsage"), parameters.get("Origin", "AWS_KMS")
    if not usage and spec != "SYMMETRIC_DEFAULT":
        message = "You must specify a KeyUsage value for all KMS keys except for symmetric encryption keys."
        raise AwsError("ValidationException", message)
    usage = usage or "ENCRYPT_DECRYPT"
    if (usage == "SIGN_VERIFY" and spec.startswith(("SYMM", "HMAC"))) or (
        usage == "ENCRYPT_DECRYPT" and spec.startswith(("ECC", "HMAC", "ML_"))
    ):
        raise AwsError("ValidationException", f"KeyUsage {usage} is not compatible with KeySpec {spec}")
    if origin not in ("AWS_KMS", "EXTERNAL") or "CustomKeyStoreId" in parameters:
        raise AwsError("StageNotImplemented", "custom key stores are not played", 501)
    tags = parameters.get("Tags", [])
    _check_tags(tags)
    backend = moto_backend.kms(call.account, call.region)
    arguments = (None, usage, spec, parameters.get("Description"), tags, parameters.get("MultiRegion", False), origin)
    key = backend.create_key(*arguments)
    try:
        if "Policy" in parameters:
            _check_policy(call, key)
            key.policy = parameters["Policy"]
    except AwsError:
        del backend.keys[key.id]
        raise
    if origin == "EXTERNAL":
        key.key_state, key.enabled = "PendingImport", False
    return {"KeyMetadata": metadata(key)}


@before("kms", "DescribeKey")
def describe_key(_aws, call):
    """A key's metadata."""
    return {"KeyMetadata": metadata(_key(call))}


@before("kms", "ListKeys")
def list_keys(_aws, call):
    """All keys, in pages."""
    keys = sorted(moto_backend.kms(call.account, call.region).keys.values(), key=lambda key: key.id)
    found, more = page(call, keys)
    return {"Keys": [{"KeyId": key.id, "KeyArn": key.arn} for key in found], **more}


@before("kms", "UpdateKeyDescription")
def update_description(_aws, call):
    """Another description."""
    _key(call).description = call.parameters["Description"]
    return {}


@before("kms", "EnableKey", "DisableKey")
def enable_or_disable(_aws, call):
    """The key is Enabled or Disabled afterwards."""
    key = _key(call)
    key.enabled = call.operation == "EnableKey"
    key.key_state = "Enabled" if key.enabled else "Disabled"
    return {}


@before("kms", "ScheduleKeyDeletion")
def schedule_deletion(_aws, call):
    """The key waits 7 to 30 days for its deletion."""
    key, days = _key(call), call.parameters.get("PendingWindowInDays", 30)
    if not 7 <= days <= 30:
        bound = "greater than or equal to 7" if days < 7 else "less than or equal to 30"
        message = (
            f"Value '{days}' at 'pendingWindowInDays' failed to satisfy constraint: Member must have value {bound}"
        )
        raise AwsError("ValidationException", f"1 validation error detected: {message}")
    key.enabled, key.key_state = False, "PendingDeletion"
    key.deletion_date = datetime.now(UTC).replace(tzinfo=None) + timedelta(days=days)
    shown = metadata(key)
    return {
        "KeyId": key.arn,
        "DeletionDate": shown["DeletionDate"],
        "KeyState": key.key_state,
        "PendingWindowInDays": days,
    }


@before("kms", "CancelKeyDeletion")
def cancel_deletion(_aws, call):
    """The key is Disabled afterwards."""
    key = _key(call)
    key.key_state, key.deletion_date = "Disabled", None
    return {"KeyId": key.arn}


@before("kms", "GetKeyPolicy", "PutKeyPolicy")
def policy_is_the_default_one(_aws, call):
    """A key has one policy."""
    if call.parameters.get("PolicyName", "default") != "default":
        raise AwsError("NotFoundException", "No such policy exists")


@before("kms", "GetKeyPolicy")
def get_policy(_aws, call):
    """The policy in AWS's own layout."""
    return {"Policy": laid_out(json.loads(_key(call).policy)), "PolicyName": "default"}


@before("kms", "PutKeyPolicy")
def put_policy(_aws, call):
    """Another policy in place of the old one."""
    key = _key(call)
    _check_policy(call, key)
    key.policy = call.parameters["Policy"]
    return {}


@before("kms", "ListKeyPolicies")
def list_policies(_aws, _call):
    """There is only the one."""
    return {"PolicyNames": ["default"], "Truncated": False}


@before("kms", "TagResource")
def tag(_aws, call):
    """New tags and new values; AWS's own keys and too many tags are refused."""
    key, tagger, tags = _key(call), moto_backend.kms(call.account, call.region).tagger, call.parameters["Tags"]
    _check_tags(tags)
    if len(tagger.get_tag_dict_for_resource(key.id) | {t["TagKey"]: t["TagValue"] for t in tags}) > TAG_QUOTA:
        raise AwsError("TagException", "Too many tags")
    tagger.tag_resource(key.id, tags)
    return {}


@before("kms", "UntagResource")
def untag(_aws, call):
    """Without these tags, whether it had them or not."""
    tagger = moto_backend.kms(call.account, call.region).tagger
    tagger.untag_resource_using_names(_key(call).id, call.parameters["TagKeys"])
    return {}


@before("kms", "ListResourceTags")
def list_tags(_aws, call):
    """Tags in pages of 50."""
    key = _key(call)
    tags = moto_backend.kms(call.account, call.region).tagger.get_tag_dict_for_resource(key.id)
    found, more = page(call, sorted(tags.items()), default=50)
    return {"Tags": [{"TagKey": name, "TagValue": value} for name, value in found], **more}


@before("kms", "EnableKeyRotation", "DisableKeyRotation")
def rotate(_aws, call):
    """Rotation with its period, 365 days unless given. Only symmetric keys of KMS's own material rotate."""
    key = _key(call)
    if key.key_spec != "SYMMETRIC_DEFAULT":
        raise AwsError("UnsupportedOperationException", f"{key.arn} key spec is {key.key_spec} which does not rotate.")
    if key.origin != "AWS_KMS":
        message = f"{key.arn} origin is {key.origin} which is not valid for this operation."
        raise AwsError("UnsupportedOperationException", message)
    key.key_rotation_status = call.operation == "EnableKeyRotation"
    if key.key_rotation_status:
        days = call.parameters.get("RotationPeriodInDays", 365)
        key.stage_rotation = (days, datetime.now(UTC) + timedelta(days=days))
    return {}


@before("kms", "GetKeyRotationStatus")
def rotation_status(_aws, call):
    """Whether and when the key rotates. A key that waits for its deletion does not."""
    key = _key(call)
    enabled = key.key_rotation_status and key.key_state != "PendingDeletion"
    answer = {"KeyId": key.id, "KeyRotationEnabled": enabled}
    if enabled:
        days, following = key.__dict__.get("stage_rotation") or (365, datetime.now(UTC) + timedelta(days=365))
        answer |= {"RotationPeriodInDays": days, "NextRotationDate": following}
    return answer


@before("kms", "Decrypt")
def key_of_the_ciphertext(_aws, call):
    """A key that is named must be the one that was used."""
    if "KeyId" in call.parameters:
        used = key_of_ciphertext(call, call.parameters["CiphertextBlob"])
        if used and used is not find_key(call, call.parameters["KeyId"], aliases=True):
            message = "The key ID in the request does not identify a CMK that can perform this operation."
            raise AwsError("IncorrectKeyException", message)


def laid_out(value, indent=0):
    """JSON as KMS lays out policies."""
    inner = "  " * (indent + 1)
    if isinstance(value, dict) and value:
        members = (f"{inner}{json.dumps(name)} : {laid_out(item, indent + 1)}" for name, item in value.items())
        return "{\n" + ",\n".join(members) + "\n" + "  " * indent + "}"
    if isinstance(value, list) and value:
        return "[ " + ", ".join(laid_out(item, indent) for item in value) + " ]"
    return json.dumps(value)


def _key(call):
    return next(key for _, key in keys_used(call))


def _check_policy(call, key):
    """The policy of a call: its size, its principals, and that the caller could still change it."""
    text = call.parameters["Policy"]
    if len(text.encode()) > POLICY_QUOTA:
        message = f"The key policy is longer than {POLICY_QUOTA} bytes."
        raise AwsError("LimitExceededException", message)
    if next(principals.unknown(document(text), "kms"), None):
        message = "Policy contains a statement with one or more invalid principals."
        raise AwsError("MalformedPolicyDocumentException", message)
    if call.parameters.get("BypassPolicyLockoutSafetyCheck"):
        return
    if kms_access.refusal(call.identity, "kms:PutKeyPolicy", key, policy=text):
        message = "The new key policy will not allow you to update the key policy in the future."
        raise AwsError("MalformedPolicyDocumentException", message)


def _check_tags(tags):
    names = [tag["TagKey"] for tag in tags]
    if len(set(names)) != len(names):
        raise AwsError("TagException", "Duplicate tag keys")
    if len(names) > TAG_QUOTA:
        raise AwsError("TagException", "Too many tags")
    if any(name.lower().startswith("aws:") for name in names):
        raise AwsError("TagException", "Tags beginning with aws: are reserved")
