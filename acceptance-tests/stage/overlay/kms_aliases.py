"""KMS: aliases."""

import time

from moto.kms.utils import RESERVED_ALIASES

from stage.aws import moto_backend
from stage.aws.errors import AwsError

from . import before
from .kms_keys import add_alias, arn_of, check_state, find_key, page


@before("kms", "CreateAlias", "UpdateAlias", "DeleteAlias")
def alias_name_is_allowed(_aws, call):
    """Names begin with alias/, and alias/aws/ is AWS's own."""
    name = call.parameters["AliasName"]
    if not name.startswith("alias/"):
        guide = "https://docs.aws.amazon.com/kms/latest/developerguide/kms-alias.html"
        message = f'Alias must start with the prefix "alias/". Please see {guide}'
        raise AwsError("ValidationException", message)
    if name.startswith("alias/aws/"):
        raise AwsError("NotAuthorizedException", "")
    if ":" in name:
        raise AwsError("InvalidAliasNameException", f"{name} contains invalid characters for an alias")


@before("kms", "CreateAlias")
def create_alias(_aws, call):
    """An alias is new in its account and region."""
    name = call.parameters["AliasName"]
    if _find(call, name):
        raise AwsError("AlreadyExistsException", f"An alias with the name {arn_of(call, name)} already exists")
    key = find_key(call, call.parameters["TargetKeyId"])
    add_alias(moto_backend.kms(call.account, call.region), name, key)
    return {}


@before("kms", "UpdateAlias")
def update_alias(_aws, call):
    """Another key for an alias: of the same kind, and not one that waits for its deletion."""
    name = call.parameters["AliasName"]
    owner, key = _owner(call, name), find_key(call, call.parameters["TargetKeyId"])
    check_state(call.operation, key)
    if (owner.key_usage, owner.key_spec) != (key.key_usage, key.key_spec):
        message = f"Alias {arn_of(call, name)} cannot be changed to a key of another type."
        raise AwsError("ValidationException", message)
    alias = owner.aliases.pop(name)
    alias.target_key_id, alias.stage_updated = key.id, time.time()
    key.aliases[name] = alias
    return {}


@before("kms", "DeleteAlias")
def delete_alias(_aws, call):
    """The key stays."""
    name = call.parameters["AliasName"]
    del _owner(call, name).aliases[name]
    return {}


@before("kms", "ListAliases")
def list_aliases(_aws, call):
    """All aliases or those of a key. Predefined ones have a target only once they have been used."""
    backend, wanted = moto_backend.kms(call.account, call.region), call.parameters.get("KeyId")
    keys = [find_key(call, wanted)] if wanted else backend.keys.values()
    aliases = {name: _shown(alias) for key in keys for name, alias in key.aliases.items()}
    for name in () if wanted else set(RESERVED_ALIASES) - set(aliases):
        aliases[name] = {"AliasName": name, "AliasArn": arn_of(call, name)}
    found, more = page(call, [aliases[name] for name in sorted(aliases)], default=50)
    return {"Aliases": found, **more}


def _shown(alias):
    return {
        "AliasName": alias.alias_name,
        "AliasArn": alias.alias_arn,
        "TargetKeyId": alias.target_key_id,
        "CreationDate": alias.stage_created,
        "LastUpdatedDate": alias.stage_updated,
    }


def _find(call, name):
    keys = moto_backend.kms(call.account, call.region).keys.values()
    return next((key for key in keys if name in key.aliases), None)


def _owner(call, name):
    owner = _find(call, name)
    if owner is None:
        raise AwsError("NotFoundException", f"Alias {arn_of(call, name)} is not found.")
    return owner
