"""What AWS refuses about the form of a request: botocore's models, and the grammar of policies."""

import regex
from botocore.validate import ParamValidator

from . import policy_grammar
from .errors import AwsError
from .wire import IAM_REGIONS

#: Operations that write a policy: the parameter that holds it and the kind of policy it must be.
POLICIES = {
    ("iam", "CreateRole"): ("AssumeRolePolicyDocument", "trust"),
    ("iam", "UpdateAssumeRolePolicy"): ("PolicyDocument", "trust"),
    ("iam", "PutRolePolicy"): ("PolicyDocument", "identity"),
    ("iam", "PutUserPolicy"): ("PolicyDocument", "identity"),
    ("iam", "PutGroupPolicy"): ("PolicyDocument", "identity"),
    ("iam", "CreatePolicy"): ("PolicyDocument", "identity"),
    ("iam", "CreatePolicyVersion"): ("PolicyDocument", "identity"),
    ("sts", "AssumeRole"): ("Policy", "identity"),
    ("kms", "CreateKey"): ("Policy", "resource"),
    ("kms", "PutKeyPolicy"): ("Policy", "resource"),
    ("secretsmanager", "PutResourcePolicy"): ("ResourcePolicy", "resource"),
}
_INVALID = {"iam": "ValidationError", "sts": "ValidationError"}
_INVALID |= {"rds": "InvalidParameterValue", "ec2": "InvalidParameterValue"}


def check(call):
    """Refuses a call that the service's model or the grammar of policies does not allow."""
    if call.service == "iam" and call.region != IAM_REGIONS[call.partition]:
        raise AwsError("SignatureDoesNotMatch", "Credential should be scoped to a valid region.", 403)
    shape = call.model.input_shape
    if shape is not None:
        report = ParamValidator().validate(call.parameters, shape)
        call.violations += [line.strip() for line in report.generate_report().splitlines()]
        _constraints(shape, call.parameters, "", call.violations)
    if call.violations:
        missing = call.service == "rds" and any("Missing required" in v for v in call.violations)
        code = "MissingParameter" if missing else _INVALID.get(call.service, "ValidationException")
        count, noun = len(call.violations), "error" if len(call.violations) == 1 else "errors"
        raise AwsError(code, f"{count} validation {noun} detected: {'; '.join(call.violations)}")
    _check_policy(call)


def _check_policy(call):
    name, kind = POLICIES.get((call.service, call.operation), (None, None))
    document = call.parameters.get(name)
    reason = policy_grammar.fault(document, kind) if isinstance(document, str) else None
    if reason:
        suffix = "" if call.service in ("iam", "sts") else "Exception"
        raise AwsError(f"MalformedPolicyDocument{suffix}", reason)


def _constraints(shape, value, path, violations):
    """What botocore's own validator leaves out: maxima, patterns and enumerations."""
    kind, rules = shape.type_name, shape.metadata
    if kind == "structure":
        for name, member in value.items() if isinstance(value, dict) else ():
            if name in shape.members and member is not None:
                _constraints(shape.members[name], member, f"{path}.{name}".lstrip("."), violations)
    elif kind == "list":
        if len(value) > rules.get("max", len(value)):
            violations.append(_violation(value, path, f"have length less than or equal to {rules['max']}"))
        for index, item in enumerate(value):
            _constraints(shape.member, item, f"{path}[{index}]", violations)
    elif kind == "map":
        for key, item in value.items():
            _constraints(shape.key, key, f"{path} key", violations)
            _constraints(shape.value, item, f"{path}.{key}", violations)
    elif kind == "string" and isinstance(value, str):
        if len(value) > rules.get("max", len(value)):
            violations.append(_violation(value, path, f"have length less than or equal to {rules['max']}"))
        if rules.get("enum") and value not in rules["enum"]:
            violations.append(_violation(value, path, f"satisfy enum value set: [{', '.join(rules['enum'])}]"))
        if rules.get("pattern") and not _matches(rules["pattern"], value):
            pattern = f"satisfy regular expression pattern: {rules['pattern']}"
            violations.append(_violation(value, path, pattern))
    elif kind in ("integer", "long") and value > rules.get("max", value):
        violations.append(_violation(value, path, f"have value less than or equal to {rules['max']}"))


def _violation(value, path, constraint):
    """AWS's own sentence."""
    name = path[:1].lower() + path[1:]
    return f"Value '{value}' at '{name}' failed to satisfy constraint: Member must {constraint}"


def _matches(pattern, value):
    try:
        return regex.fullmatch(pattern, value, regex.DOTALL)
    except regex.error:  # a few of botocore's patterns are Java's and mean nothing here
        return True
