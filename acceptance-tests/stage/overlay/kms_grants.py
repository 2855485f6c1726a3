"""KMS: grants."""

import secrets
import time

from stage.aws import moto_backend, principals
from stage.aws.errors import AwsError
from stage.aws.wire import partition_of

from . import before
from .kms_keys import find_key, page


@before("kms", "CreateGrant")
def create_grant(_aws, call):
    """A grant; with a name, the same grant for the same parameters."""
    parameters, key = call.parameters, find_key(call, call.parameters["KeyId"])
    if ("GranteePrincipal" in parameters) == ("GranteeServicePrincipal" in parameters):
        message = "You must specify either GranteePrincipal or GranteeServicePrincipal, but not both."
        raise AwsError("ValidationException", message)
    names = [parameters[n] for n in ("GranteePrincipal", "RetiringPrincipal") if n in parameters]
    for name in names:
        if not name.startswith("arn:") or not principals.is_known(name, "kms"):
            raise AwsError("InvalidArnException", f"ARN does not refer to a valid principal: {name}")
    if parameters.get("DryRun"):
        message = "The request would have succeeded, but the DryRun option is set."
        raise AwsError("DryRunOperationException", message, 412)
    asked = _asked(parameters)
    same = (g for g in key.grants.values() if parameters.get("Name") and g.stage_asked == asked)
    grant = next(same, None) or _new(key, parameters, asked, names)
    return {"GrantId": grant.id, "GrantToken": secrets.token_urlsafe(160)}


@before("kms", "ListGrants")
def list_grants(_aws, call):
    """The grants of a key, in pages, perhaps only those of a grantee."""
    key, parameters = find_key(call, call.parameters["KeyId"]), call.parameters
    shown = [_shown(grant, key) for grant in key.grants.values()]
    filters = {n: parameters[n] for n in ("GrantId", "GranteePrincipal", "GranteeServicePrincipal") if n in parameters}
    found, more = page(call, [s for s in shown if filters.items() <= _strings(s).items()], default=50)
    return {"Grants": found, **more}


@before("kms", "ListRetirableGrants")
def list_retirable_grants(_aws, call):
    """The grants of all keys that somebody may retire."""
    keys = moto_backend.kms(call.account, call.region).keys.values()
    shown = [_shown(grant, key) for key in keys for grant in key.grants.values()]
    wanted = call.parameters["RetiringPrincipal"]
    found, more = page(call, [s for s in shown if s.get("RetiringPrincipal") == wanted], default=50)
    return {"Grants": found, **more}


@before("kms", "RevokeGrant", "RetireGrant")
def revoke_grant(_aws, call):
    """The grant must exist."""
    if "KeyId" not in call.parameters:
        raise AwsError("StageNotImplemented", "grants are retired by key and id here, not by token", 501)
    key, grant = find_key(call, call.parameters["KeyId"]), call.parameters.get("GrantId")
    if key.grants.pop(grant, None) is None:
        raise AwsError("NotFoundException", f"Grant ID {grant} not found")
    return {}


def principal_of(grant):
    """The grantee as AWS shows it: a deleted one by its unique id."""
    return principals.shown(grant.grantee_principal, grant.stage_ids) if grant.grantee_principal else None


def _new(key, parameters, asked, names):
    grant = key.add_grant(
        parameters.get("Name", ""),
        parameters.get("GranteePrincipal"),
        parameters["Operations"],
        parameters.get("Constraints"),
        parameters.get("RetiringPrincipal"),
    )
    key.grants.pop(grant.id)
    grant.id = secrets.token_hex(32)
    grant.stage_asked, grant.stage_created = asked, int(time.time())
    grant.stage_ids = principals.unique_ids(names)
    grant.stage_service = parameters.get("GranteeServicePrincipal")
    key.grants[grant.id] = grant
    return grant


def _asked(parameters):
    left_out = ("KeyId", "GrantTokens", "DryRun", "Operations")
    return {n: v for n, v in parameters.items() if n not in left_out} | {"Operations": set(parameters["Operations"])}


def _shown(grant, key):
    retiring = grant.retiring_principal and principals.shown(grant.retiring_principal, grant.stage_ids)
    shown = {
        "KeyId": key.arn,
        "GrantId": grant.id,
        "Name": grant.name,
        "CreationDate": grant.stage_created,
        "GranteePrincipal": principal_of(grant),
        "GranteeServicePrincipal": grant.stage_service,
        "RetiringPrincipal": retiring,
        "IssuingAccount": principals.root(key.account_id, partition_of(key.region)),
        "Operations": grant.operations,
        "Constraints": grant.constraints,
    }
    return {name: value for name, value in shown.items() if value is not None}


def _strings(shown):
    return {name: value for name, value in shown.items() if isinstance(value, str)}
