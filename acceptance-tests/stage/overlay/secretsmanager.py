"""Secrets Manager: secrets and their versions, deletion, tags, and the KMS keys that protect them."""

import base64
import re
import time

from moto.secretsmanager.models import FakeSecret

from stage.aws import moto_backend, principals
from stage.aws.errors import AwsError
from stage.aws.wire import partition_of

from . import before
from .secretsmanager_keys import check_readable, check_writable, encrypt, key_for, reencrypt

#: Tags of a secret.
TAG_QUOTA = 50

_NAME = re.compile(r"[A-Za-z0-9/_+=.@!-]+")
_FULL_ARN = re.compile(r".*-[A-Za-z0-9]{6}")
_WRITES = ("PutSecretValue", "UpdateSecret", "TagResource", "UntagResource", "PutResourcePolicy")
_OTHERS = ("UpdateSecretVersionStage", "RotateSecret", "CancelRotateSecret", "ReplicateSecretToRegions")
_MARKED = "You can't perform this operation on the secret because it was marked for deletion."


def find_secret(call, name):
    """The secret that a call names, by name, ARN or ARN without its ending, or None."""
    if not name.startswith("arn:"):
        secrets = moto_backend.secretsmanager(call.account, call.region).secrets
        return next((s for s in dict.values(secrets) if s.name == name), None)
    parts = name.split(":")
    if len(parts) != 7 or parts[3] != call.region:
        return None
    account = call.account if parts[4] == call.identity.arn.split(":")[4] else parts[4]
    secrets = dict.values(moto_backend.secretsmanager(account, call.region).secrets)
    full = _FULL_ARN.fullmatch(name)
    return next((s for s in secrets if s.arn == name or (not full and s.arn[:-7] == name)), None)


def _now():
    """The time as the service keeps it, in milliseconds, so that all answers tell the same."""
    return round(time.time(), 3)


def make(account, region, name, description="", tags=None):
    """A secret without a value. Its ARN ends in six characters of chance."""
    now = _now()
    about = {"description": description, "tags": tags, "last_changed_date": now, "created_date": now}
    secret = FakeSecret(account, region, name, {}, "", **about)
    moto_backend.secretsmanager(account, region).secrets[name] = secret
    return secret


def add_version(secret, version_id, value, stages=("AWSCURRENT",)):
    """A new version; its labels leave the versions that had them. `value` is like a call's SecretString or
    SecretBinary, by the name that moto gives it."""
    stages = list(stages) if secret.versions else list({*stages, "AWSCURRENT"})
    for other in secret.versions.values():
        labels = [label for label in other["version_stages"] if label not in stages]
        if "AWSCURRENT" in stages:
            labels = [label for label in labels if label != "AWSPREVIOUS"]
            labels += ["AWSPREVIOUS"] * ("AWSCURRENT" in other["version_stages"])
        other["version_stages"] = labels
    version = {"version_id": version_id, "version_stages": stages, "createdate": time.time(), **value}
    secret.versions[version_id] = version
    if "AWSCURRENT" in stages:
        secret.default_version_id = version_id
    secret.last_changed_date = _now()
    return version


@before("secretsmanager", *_WRITES, *_OTHERS, "DeleteSecret", "RestoreSecret", "DescribeSecret", "GetSecretValue")
@before("secretsmanager", "GetResourcePolicy", "DeleteResourcePolicy", "ListSecretVersionIds")
def secret_exists(_aws, call):
    """The secret must exist, and must not be marked for deletion if it is to be used."""
    name = call.parameters["SecretId"]
    if not name.startswith("arn:"):
        _check_name(name)
    secret = find_secret(call, name)
    if secret is None and not (call.operation == "DeleteSecret" and call.parameters.get("ForceDeleteWithoutRecovery")):
        raise AwsError("ResourceNotFoundException", "Secrets Manager can't find the specified secret.")
    if secret and secret.deleted_date and call.operation in (*_WRITES, *_OTHERS, "GetSecretValue"):
        raise AwsError("InvalidRequestException", _MARKED)


@before("secretsmanager", "CreateSecret")
def create_secret(_aws, call):
    """A secret, with or without a value. The same token and value once more are the same secret."""
    parameters, name = call.parameters, call.parameters["Name"]
    _check_name(name)
    _check_tags(parameters.get("Tags", []))
    if parameters.get("AddReplicaRegions"):
        raise AwsError("StageNotImplemented", "replicas of secrets are not played", 501)
    token, value = _token(parameters), _value(parameters)
    secret = find_secret(call, name)
    if secret and secret.deleted_date:
        message = "You can't create this secret because a secret with this name is already scheduled for deletion."
        raise AwsError("InvalidRequestException", message)
    if secret:
        version = secret.versions.get(token)
        if not version or _differs(version, value):
            message = f"The operation failed because the secret {name} already exists."
            raise AwsError("ResourceExistsException", message)
        return _short(secret, version)
    key = key_for(call, parameters.get("KmsKeyId"))
    secret = make(call.account, call.region, name, parameters.get("Description", ""), parameters.get("Tags"))
    try:
        check_writable(call, key, secret)
    except AwsError:
        moto_backend.secretsmanager(call.account, call.region).secrets.pop(name)
        raise
    secret.kms_key_id = parameters.get("KmsKeyId") if key else None
    version = add_version(secret, token, value) if value else None
    encrypt(version, key)
    return _short(secret, version)


@before("secretsmanager", "PutSecretValue", "UpdateSecret")
def write_secret(_aws, call):
    """A new version, unless the token says that it has been written before; another description or key."""
    parameters = call.parameters
    put, secret = call.operation == "PutSecretValue", find_secret(call, parameters["SecretId"])
    token, value = _token(parameters), _value(parameters)
    if put and not value:
        raise AwsError("InvalidRequestException", "You must provide either SecretString or SecretBinary.")
    version = secret.versions.get(token) if value else None
    if version and _differs(version, value):
        message = f"You can't use ClientRequestToken {token} because that value is already in use for a version of "
        raise AwsError("ResourceExistsException", f"{message}secret {secret.arn}.")
    key = key_for(call, parameters.get("KmsKeyId", secret.kms_key_id))
    if (value and not version) or "KmsKeyId" in parameters:
        check_writable(call, key, secret)
    if value and not version:
        version = add_version(secret, token, value, parameters.get("VersionStages", ["AWSCURRENT"]))
        encrypt(version, key)
    if "KmsKeyId" in parameters:
        secret.kms_key_id = parameters["KmsKeyId"] if key else None
        reencrypt(call, secret, key)
    if not put:
        secret.description = parameters.get("Description", secret.description)
        secret.last_changed_date = _now()
    return _short(secret, version) | ({"VersionStages": version["version_stages"]} if put else {})


@before("secretsmanager", "GetSecretValue")
def get_value(_aws, call):
    """The value of a version, by id or label."""
    parameters, secret = call.parameters, find_secret(call, call.parameters["SecretId"])
    wanted, label = parameters.get("VersionId"), parameters.get("VersionStage")
    if wanted:
        version = secret.versions.get(wanted)
        told = f"VersionId: {wanted}"
    else:
        label = label or "AWSCURRENT"
        version = next((v for v in secret.versions.values() if label in v["version_stages"]), None)
        told = f"staging label: {label}"
    if version is None:
        message = f"Secrets Manager can't find the specified secret value for {told}"
        raise AwsError("ResourceNotFoundException", message)
    if label and label not in version["version_stages"]:
        message = "You provided a VersionStage that is not associated to the provided VersionId."
        raise AwsError("InvalidRequestException", message)
    check_readable(call, secret, version)
    found = {"ARN": secret.arn, "Name": secret.name, "VersionId": version["version_id"]}
    found |= {"VersionStages": version["version_stages"], "CreatedDate": version["createdate"]}
    if "secret_string" in version:
        return found | {"SecretString": version["secret_string"]}
    return found | {"SecretBinary": base64.b64decode(version["secret_binary"])}


@before("secretsmanager", "DescribeSecret")
def describe(_aws, call):
    """What is known of a secret, without its value; versions without a label are gone."""
    secret = find_secret(call, call.parameters["SecretId"])
    shown = {name: value for name, value in secret.to_dict().items() if value not in (None, "", [])}
    shown.pop("SecretVersionsToStages", None)
    stages = {version_id: version["version_stages"] for version_id, version in secret.versions.items()}
    labelled = {version_id: labels for version_id, labels in stages.items() if labels}
    return shown | ({"VersionIdsToStages": labelled} if labelled else {})


@before("secretsmanager", "DeleteSecret")
def delete_secret(_aws, call):
    """Marked for deletion, or deleted at once, which may also be asked for a secret that does not exist."""
    parameters = call.parameters
    days, force = parameters.get("RecoveryWindowInDays"), parameters.get("ForceDeleteWithoutRecovery")
    if days is not None and force:
        message = "You can't use ForceDeleteWithoutRecovery in conjunction with RecoveryWindowInDays."
        raise AwsError("InvalidParameterException", message)
    if days is not None and not 7 <= days <= 30:
        message = "The RecoveryWindowInDays value must be between 7 and 30 days (inclusive)."
        raise AwsError("InvalidParameterException", message)
    secret, name = find_secret(call, parameters["SecretId"]), parameters["SecretId"]
    if secret is None:
        prefix = f"arn:{call.partition}:secretsmanager:{call.region}:{call.account}:secret:"
        arn = name if name.startswith("arn:") else f"{prefix}{name}"
        return {"ARN": arn, "Name": name.removeprefix(prefix), "DeletionDate": time.time()}
    if secret.deleted_date and not force:
        message = "You can't perform this operation on the secret because it was already scheduled for deletion."
        raise AwsError("InvalidRequestException", message)
    date = time.time() + (0 if force else (days or 30) * 86400)
    if force:
        dict.pop(moto_backend.secretsmanager(secret.account_id, call.region).secrets, secret.name)
    else:
        secret.deleted_date, secret.last_changed_date = date, _now()
    return {"ARN": secret.arn, "Name": secret.name, "DeletionDate": date}


@before("secretsmanager", "RestoreSecret")
def restore_secret(_aws, call):
    """No longer marked for deletion."""
    secret = find_secret(call, call.parameters["SecretId"])
    secret.deleted_date, secret.last_changed_date = None, _now()
    return {"ARN": secret.arn, "Name": secret.name}


@before("secretsmanager", "TagResource", "UntagResource")
def tag(_aws, call):
    """New tags and new values, or fewer tags."""
    parameters, secret = call.parameters, find_secret(call, call.parameters["SecretId"])
    tags = {tag["Key"]: tag["Value"] for tag in secret.tags or []}
    if call.operation == "TagResource":
        _check_tags(parameters["Tags"])
        tags |= {tag["Key"]: tag.get("Value", "") for tag in parameters["Tags"]}
        if len(tags) > TAG_QUOTA:
            raise AwsError("InvalidParameterException", f"A secret has at most {TAG_QUOTA} tags.")
    else:
        tags = {name: value for name, value in tags.items() if name not in parameters["TagKeys"]}
    secret.tags = [{"Key": name, "Value": value} for name, value in tags.items()]
    secret.last_changed_date = _now()
    return {}


@before("secretsmanager", "BatchGetSecretValue")
def not_played(_aws, _call):
    """moto would ask neither policies nor keys."""
    raise AwsError("StageNotImplemented", "secretsmanager:BatchGetSecretValue is not played", 501)


def _token(parameters):
    if not parameters.get("ClientRequestToken"):
        message = "You must provide a ClientRequestToken value. We recommend a UUID-type value."
        raise AwsError("InvalidRequestException", message)
    return parameters["ClientRequestToken"]


def _value(parameters):
    names = {"SecretString": "secret_string", "SecretBinary": "secret_binary"}
    value = {kept: parameters[name] for name, kept in names.items() if name in parameters}
    if len(value) > 1:
        message = "You can't specify both a binary secret value and a string secret value in the same secret."
        raise AwsError("InvalidParameterException", message)
    return value


def _differs(version, value):
    return any(version.get(kept) != value.get(kept) for kept in ("secret_string", "secret_binary"))


def _short(secret, version):
    return {"ARN": secret.arn, "Name": secret.name} | ({"VersionId": version["version_id"]} if version else {})


def _check_name(name):
    if not _NAME.fullmatch(name):
        message = "Must be a valid name containing alphanumeric characters, or any of the following: -/_+=.@!"
        raise AwsError("ValidationException", f"Invalid name. {message}")


def _check_tags(tags):
    names = [tag["Key"] for tag in tags]
    if len(set(names)) != len(names):
        raise AwsError("InvalidParameterException", "Duplicate tag keys.")
    if len(names) > TAG_QUOTA:
        raise AwsError("InvalidParameterException", f"A secret has at most {TAG_QUOTA} tags.")
    if any(name.lower().startswith("aws:") for name in names):
        message = "aws: prefixed tag key names are not allowed for external use."
        raise AwsError("InvalidParameterException", message)


FakeSecret.policy = principals.bound("stage_policy", lambda secret: partition_of(secret.region))
