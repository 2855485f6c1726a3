"""Secrets Manager: resource policies, and who may do what with a secret."""

from stage.aws import identity, principals
from stage.aws.errors import AwsError, denied
from stage.aws.policy import ALLOW, DENY, Question, decide, document
from stage.aws.policy_grammar import as_list
from stage.aws.principals import means, means_account

from . import access, before
from .secretsmanager import find_secret


@access("secretsmanager")
def authorize(call):
    """Refuses a call that the caller's policies and the secret's do not allow."""
    parameters, actions = call.parameters, [f"secretsmanager:{call.operation}"]
    if call.operation == "CreateSecret" and parameters.get("Tags"):
        actions.append("secretsmanager:TagResource")
    secret = find_secret(call, parameters["SecretId"]) if "SecretId" in parameters else None
    for action in actions:
        if secret is None:
            identity.check(call, action, _arn(call), _conditions(call))
        elif reason := _refusal(call, action, secret):
            raise denied(call, action, secret.arn, reason)


@before("secretsmanager", "PutResourcePolicy")
def put_policy(_aws, call):
    """A policy names who exists and, if asked for, does not open the secret to everybody."""
    policy, secret = document(call.parameters["ResourcePolicy"]), find_secret(call, call.parameters["SecretId"])
    if next(principals.unknown(policy, "secretsmanager"), None):
        message = "This resource policy contains an unsupported principal."
        raise AwsError("MalformedPolicyDocumentException", message)
    if call.parameters.get("BlockPublicPolicy") and any(map(_is_public, as_list(policy["Statement"]))):
        message = "You can't attach this policy, because it allows broad access to the secret."
        raise AwsError("PublicPolicyException", message)
    secret.policy = call.parameters["ResourcePolicy"]
    return {"ARN": secret.arn, "Name": secret.name}


@before("secretsmanager", "GetResourcePolicy", "DeleteResourcePolicy")
def get_or_delete_policy(_aws, call):
    """The policy, if there is one."""
    secret = find_secret(call, call.parameters["SecretId"])
    answer = {"ARN": secret.arn, "Name": secret.name}
    if call.operation == "DeleteResourcePolicy":
        secret.policy = None
    elif secret.policy:
        answer["ResourcePolicy"] = secret.policy
    return answer


def _refusal(call, action, secret):
    caller = call.identity
    question = Question(action, secret.arn, identity.context(caller, call.region, **_conditions(call, secret)))
    own, policies = identity.permissions(caller), [document(secret.policy)] if secret.policy else []
    direct = decide(policies, question, lambda s: means(s, caller, account=s["Effect"] == "Deny"))
    if direct == DENY:
        return "with an explicit deny in a resource-based policy"
    if own.deny(question):
        return "with an explicit deny in an identity-based policy"
    at_home = caller.account == secret.account_id
    if direct == ALLOW and at_home and own.within_limits(question):
        return None
    partition = caller.arn.split(":")[1]
    shared = decide(policies, question, lambda s: means_account(s, caller.account, partition))
    if not at_home and ALLOW not in (direct, shared):
        return f"because no resource-based policy allows the {action} action"
    return None if own.allow(question) else f"because no identity-based policy allows the {action} action"


def _conditions(call, secret=None):
    parameters = call.parameters
    asked = {tag["Key"]: tag.get("Value", "") for tag in parameters.get("Tags", [])}
    more = {f"aws:requesttag/{name.lower()}": value for name, value in asked.items()}
    more |= {"aws:tagkeys": [*asked, *parameters.get("TagKeys", [])]} if asked or "TagKeys" in parameters else {}
    names = {"secretsmanager:name": "Name", "secretsmanager:kmskeyid": "KmsKeyId"}
    names |= {"secretsmanager:versionid": "VersionId", "secretsmanager:versionstage": "VersionStage"}
    more |= {key: parameters[name] for key, name in names.items() if name in parameters}
    if secret:
        more["secretsmanager:secretid"] = secret.arn
        for tag in secret.tags or []:
            name = tag["Key"].lower()
            more |= {f"{of}:resourcetag/{name}": tag["Value"] for of in ("aws", "secretsmanager")}
    return more


def _arn(call):
    """The ARN of a secret that does not exist (yet), as policies name it."""
    name = call.parameters.get("Name") or call.parameters.get("SecretId")
    if name is None or name.startswith("arn:"):
        return name
    return f"arn:{call.partition}:secretsmanager:{call.region}:{call.account}:secret:{name}-AbCdEf"


def _is_public(statement):
    principal = statement.get("Principal")
    names = as_list(principal.get("AWS", [])) if isinstance(principal, dict) else [principal]
    return statement["Effect"] == "Allow" and "*" in names and not statement.get("Condition")
