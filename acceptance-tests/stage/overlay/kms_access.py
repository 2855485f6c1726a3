"""KMS: who may do what with a key. Its policy decides, and leaves it to IAM only if it says so; grants add to that."""

import re

from stage.aws import identity, moto_backend
from stage.aws.errors import AwsError, denied
from stage.aws.policy import ALLOW, DENY, Question, decide, document
from stage.aws.policy_grammar import as_list
from stage.aws.principals import means, means_account
from stage.aws.wire import partition_of

from . import access, kms_grants
from .kms_keys import arn_of, keys_used

#: What may be done with keys of other accounts.
_ABROAD = re.compile(
    "Encrypt|Decrypt|ReEncrypt|Generate|Sign|Verify|GetPublicKey|DescribeKey|.*Grants?$|GetKeyRotation"
)
_ACTIONS = {
    ("ReEncrypt", "CiphertextBlob"): "ReEncryptFrom",
    ("ReEncrypt", "SourceKeyId"): "ReEncryptFrom",
    ("ReEncrypt", "DestinationKeyId"): "ReEncryptTo",
}


@access("kms")
def authorize(call):
    """Refuses a call that the policies of its keys, grants and the caller's own policies do not allow together."""
    more = _conditions(call)
    try:
        used = list(keys_used(call))
    except AwsError:  # it is told once the call is allowed
        used = []
    for parameter, key in used:
        action = f"kms:{_ACTIONS.get((call.operation, parameter), call.operation)}"
        reason = refusal(call.identity, action, key, more, grantable=True)
        if key.account_id != call.account and not _ABROAD.match(call.operation):
            reason = f"because no resource-based policy allows the {action} action"
        if reason:
            raise denied(call, action, None if parameter == "CiphertextBlob" else key.arn, reason)
    if "AliasName" in call.parameters or not used:
        resource = arn_of(call, call.parameters["AliasName"]) if "AliasName" in call.parameters else None
        identity.check(call, f"kms:{call.operation}", resource, more)
    if call.operation == "CreateKey" and call.parameters.get("Tags"):
        identity.check(call, "kms:TagResource", None, more)


def refusal(caller, action, key, more=None, policy=None, grantable=False):
    """Why somebody may not do something with a key, or None. `policy` stands for the key's own, `more` are condition
    keys, `grantable` lets grants count."""
    context = identity.context(caller, key.region, **_facts(key, caller), **(more or {}))
    question, own = Question(action, key.arn, context), identity.permissions(caller)
    policies, partition = [document(policy or key.policy)], partition_of(key.region)
    direct = decide(policies, question, lambda s: means(s, caller, account=s["Effect"] == "Deny"))
    if direct == DENY:
        return "with an explicit deny in a resource-based policy"
    if own.deny(question):
        return "with an explicit deny in an identity-based policy"
    at_home = caller.account == key.account_id
    if direct == ALLOW and at_home and own.within_limits(question):
        return None
    if grantable and any(_grants(grant, caller, action, more or {}) for grant in key.grants.values()):
        return None
    delegated = decide(policies, question, lambda s: means_account(s, caller.account, partition))
    if ALLOW not in (direct, delegated):
        return f"because no resource-based policy allows the {action} action"
    return None if own.allow(question) else f"because no identity-based policy allows the {action} action"


def _grants(grant, caller, action, more):
    account = f"arn:{caller.arn.split(':')[1]}:iam::{caller.account}:root"
    if kms_grants.principal_of(grant) not in (caller.arn, caller.principal, account):
        return False
    if action.removeprefix("kms:") not in grant.operations:
        return False
    given = {n.removeprefix(_CONTEXT): v for n, v in more.items() if n.startswith(_CONTEXT)}
    wanted = grant.constraints or {}
    subset = {n.lower(): v for n, v in wanted.get("EncryptionContextSubset", {}).items()}
    equal = {n.lower(): v for n, v in wanted.get("EncryptionContextEquals", given).items()}
    return subset.items() <= given.items() and equal == given


_CONTEXT = "kms:encryptioncontext:"


def encryption_context(pairs):
    """The condition keys of an encryption context."""
    return {f"{_CONTEXT}{name.lower()}": value for name, value in pairs.items()}


def _conditions(call):
    parameters = call.parameters
    tags = {tag["TagKey"]: tag["TagValue"] for tag in parameters.get("Tags", [])}
    more = encryption_context(parameters.get("EncryptionContext", {}))
    more |= {f"aws:requesttag/{name.lower()}": value for name, value in tags.items()}
    alias = parameters.get("KeyId", "").partition("alias/")[2]
    names = {
        "kms:granteeprincipal": parameters.get("GranteePrincipal"),
        "kms:grantoperations": as_list(parameters.get("Operations", [])) or None,
        "kms:requestalias": f"alias/{alias}" if alias else None,
        "aws:tagkeys": [*tags, *parameters.get("TagKeys", [])] or None,
    }
    return more | {name: value for name, value in names.items() if value is not None}


def _facts(key, caller):
    tags = moto_backend.kms(key.account_id, key.region).tagger.get_tag_dict_for_resource(key.id)
    return {f"aws:resourcetag/{name.lower()}": value for name, value in tags.items()} | {
        "kms:calleraccount": caller.account,
        "kms:keyspec": key.key_spec,
        "kms:keyusage": key.key_usage,
        "kms:keyorigin": key.origin,
        "kms:resourcealiases": list(key.aliases),
    }
