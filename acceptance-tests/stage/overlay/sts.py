"""STS: who one is, and who may become whom."""

import re
from datetime import UTC, datetime

from stage.aws import identity, moto_backend
from stage.aws.errors import AwsError, access_denied
from stage.aws.policy import ALLOW, Question, decide, document
from stage.aws.policy_grammar import as_list
from stage.aws.principals import means

from . import before

_CHAINED = 3600
_ARN = re.compile("arn:[^:]+:[^:]+:[^:]*:[^:]*:.+")
_ROLE = re.compile(r"arn:[a-z-]+:iam::\d{12}:role/.+")


@before("sts", "GetCallerIdentity")
def get_caller_identity(_aws, call):
    """The caller as the stage knows it."""
    caller = call.identity
    return {"UserId": caller.user_id, "Account": caller.account, "Arn": caller.arn}


@before("sts", "AssumeRole")
def assume_role(aws, call):
    """A session of a role, if the trust policy and the caller's own policies allow it."""
    parameters, caller = call.parameters, call.identity
    arn = parameters["RoleArn"]
    tags = {tag["Key"]: tag["Value"] for tag in parameters.get("Tags", [])}
    transitive = parameters.get("TransitiveTagKeys", [])
    _check_arn(arn)
    _check_tags(caller, parameters.get("Tags", []), transitive)
    role = find_role(arn)
    refusal = access_denied(f"User: {caller.arn} is not authorized to perform: sts:AssumeRole on resource: {arn}")
    actions = ["sts:AssumeRole"] + ["sts:TagSession"] * bool(tags or caller.transitive_tags)
    more = {"sts:rolesessionname": parameters["RoleSessionName"]}
    if "ExternalId" in parameters:
        more["sts:externalid"] = parameters["ExternalId"]
    more |= {f"aws:requesttag/{name.lower()}": value for name, value in tags.items()}
    more |= {"aws:tagkeys": list(tags)} if tags else {}
    more |= {"sts:transitivetagkeys": transitive} if transitive else {}
    if not role or not all(_may_assume(call, role, action, more) for action in actions):
        raise refusal
    seconds = parameters.get("DurationSeconds", 3600)
    _check_duration(caller, role, seconds)
    policies = list(filter(None, [parameters.get("Policy"), *_session_policies(call, role)]))
    inherited = caller.transitive_tags | {name: tags[name] for name in transitive}
    tags = caller.transitive_tags | tags
    key, session = aws.identities.mint(role, parameters["RoleSessionName"], seconds, policies, tags, inherited)
    return {
        "Credentials": credentials(key, session),
        "AssumedRoleUser": {"AssumedRoleId": session.user_id, "Arn": session.arn},
    } | ({"PackedPolicySize": 6} if policies else {})


@before("sts", "GetSessionToken", "GetFederationToken", "AssumeRoleWithWebIdentity", "AssumeRoleWithSAML")
def not_played(_aws, call):
    """moto would hand out keys that nobody knows."""
    raise AwsError("StageNotImplemented", f"sts:{call.operation} is not played", 501)


def find_role(arn):
    """The role with this ARN in whatever account, or None."""
    parts = arn.split(":")
    if len(parts) != 6 or not parts[4].isdigit():
        return None
    backend = moto_backend.iam(parts[4], parts[1])
    return next((role for role in backend.roles.values() if role.arn == arn), None)


def service_may_assume(role, service):
    """Whether a role trusts an AWS service, such as rds.amazonaws.com."""

    def names_service(statement):
        principal = statement.get("Principal")
        return isinstance(principal, dict) and service in as_list(principal.get("Service", []))

    question = Question("sts:AssumeRole", None, {"aws:sourceaccount": role.account_id})
    return decide([document(role.assume_role_policy_document)], question, names_service) == ALLOW


def credentials(key, session):
    """A session's keys in the form in which STS answers."""
    expires = datetime.fromtimestamp(int(session.expires), UTC)
    return {
        "AccessKeyId": key,
        "SecretAccessKey": session.secret,
        "SessionToken": session.token,
        "Expiration": expires,
    }


def _may_assume(call, role, action, more):
    caller = call.identity
    question = Question(action, role.arn, identity.context(caller, call.region, **more))
    trust = [document(role.assume_role_policy_document)]
    trusted = decide(trust, question, lambda s: means(s, caller))
    own = identity.permissions(caller)
    if trusted != ALLOW or own.deny(question):
        return False
    named = decide(trust, question, lambda s: means(s, caller, *2 * [s["Effect"] == "Deny"]))
    same_account = caller.account == role.account_id
    return (named == ALLOW and same_account) or own.allow(question)


def _check_arn(arn):
    if not _ARN.fullmatch(arn):
        raise AwsError("ValidationError", f"{arn} is invalid")
    if not _ROLE.fullmatch(arn):
        raise AwsError("ValidationError", "Request ARN is invalid")


def _check_tags(caller, tags, transitive):
    """Keys are the same whatever their case. What a chain of sessions hands on stays as it is."""
    names = {tag["Key"].lower() for tag in tags}
    if len(names) < len(tags):
        message = "Duplicate tag keys found. Please note that Tag keys are case insensitive."
    elif names & {name.lower() for name in caller.transitive_tags}:
        message = (
            "One of the specified transitive tag keys can't be set because it conflicts with a transitive tag key "
            "from the calling session."
        )
    elif not set(transitive) <= {tag["Key"] for tag in tags}:
        message = "The specified transitive tag key must be included in the requested tags."
    else:
        return
    raise AwsError("InvalidParameterValue", message)


def _check_duration(caller, role, seconds):
    if caller.kind == "role" and seconds > _CHAINED:
        raise AwsError(
            "ValidationError",
            "The requested DurationSeconds exceeds the 1 hour session limit for roles assumed by role chaining.",
        )
    if seconds > int(role.max_session_duration or 3600):
        raise AwsError(
            "ValidationError", "The requested DurationSeconds exceeds the MaxSessionDuration set for this role."
        )


def _session_policies(call, role):
    backend = moto_backend.iam(role.account_id, role.partition)
    for entry in call.parameters.get("PolicyArns", []):
        policy = backend.managed_policies.get(entry["arn"])
        if policy is None:
            raise AwsError("MalformedPolicyDocument", f"The policy {entry['arn']} does not exist")
        yield next(v.document for v in policy.versions if v.version_id == policy.default_version_id)
