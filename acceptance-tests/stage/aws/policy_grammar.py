"""The grammar that IAM and others enforce when a policy is written. Meaning is policy.py's business."""

import json
import re

_OPERATORS = {
    name + suffix
    for kind, tests in {
        "String": ("Equals", "NotEquals", "EqualsIgnoreCase", "NotEqualsIgnoreCase", "Like", "NotLike"),
        "Numeric": ("Equals", "NotEquals", "LessThan", "LessThanEquals", "GreaterThan", "GreaterThanEquals"),
        "Date": ("Equals", "NotEquals", "LessThan", "LessThanEquals", "GreaterThan", "GreaterThanEquals"),
        "Arn": ("Equals", "NotEquals", "Like", "NotLike"),
        "Bool": ("",),
        "Binary": ("Equals",),
        "IpAddress": ("",),
        "NotIpAddress": ("",),
    }.items()
    for name in (kind + test for test in tests)
    for suffix in ("", "IfExists")
} | {"Null"}
_TOP = {"Version", "Id", "Statement"}
_STATEMENT = {"Sid", "Effect", "Principal", "NotPrincipal", "Action", "NotAction"}
_STATEMENT |= {"Resource", "NotResource", "Condition"}
_SYNTAX = "Syntax errors in policy."
_VENDOR = "Actions/Conditions must be prefaced by a vendor, e.g., iam, sdb, ec2, etc."


def fault(text, kind):
    """Why a policy may not be written, or None. `kind` is identity, trust or resource."""
    try:
        document = json.loads(text, object_pairs_hook=_without_duplicates)
    except ValueError as error:
        return f"This policy contains invalid Json ({error})"
    if not isinstance(document, dict) or set(document) - _TOP:
        return _SYNTAX
    if document.get("Version", "2008-10-17") not in ("2012-10-17", "2008-10-17"):
        return "The policy must contain a valid version string"
    statements = as_list(document.get("Statement", []))
    if not statements:
        return f"{_SYNTAX} There is no Statement."
    if not all(isinstance(s, dict) for s in statements):
        return _SYNTAX
    sids = [s["Sid"] for s in statements if s.get("Sid")]
    if len(set(map(str, sids))) != len(sids):
        return "Statement IDs (SID) in a single policy must be unique."
    return next(filter(None, (_statement_fault(s, kind) for s in statements)), None)


def as_list(value):
    """A policy's "one or many" as many."""
    return value if isinstance(value, list) else [value]


def _without_duplicates(pairs):
    names = [name for name, _ in pairs]
    if len(set(names)) != len(names):
        raise ValueError("a key is given twice")
    return dict(pairs)


def _statement_fault(statement, kind):
    if set(statement) - _STATEMENT:
        return _SYNTAX
    if statement.get("Effect") not in ("Allow", "Deny"):
        return f"{_SYNTAX} Effect must be Allow or Deny."
    sid = statement.get("Sid", "")
    if not isinstance(sid, str) or (kind != "resource" and not re.fullmatch(r"[A-Za-z0-9]*", sid)):
        return f"Statement IDs (SID) must be alpha-numeric: {sid}"
    return _action_fault(statement) or _element_fault(statement, kind) or _condition_fault(statement)


def _action_fault(statement):
    if ("Action" in statement) == ("NotAction" in statement):
        return "Policy statement must contain actions."
    actions = as_list(statement.get("Action", statement.get("NotAction")))
    if not actions:
        return "Policy statement must contain actions."
    if not all(isinstance(a, str) for a in actions):
        return _SYNTAX
    if not all(a == "*" or re.fullmatch(r"[A-Za-z0-9-]+:[A-Za-z0-9*?-]+", a) for a in actions):
        return _VENDOR
    return None


def _element_fault(statement, kind):
    principal = "Principal" in statement or "NotPrincipal" in statement
    resource = "Resource" in statement or "NotResource" in statement
    if kind == "identity" and principal:
        return "Policy document should not specify a principal."
    if kind != "identity" and not principal:
        return "Missing required field Principal"
    if kind == "trust" and resource:
        return "Has prohibited field Resource"
    if kind != "trust" and not resource:
        return "Policy statement must contain resources."
    resources = as_list(statement.get("Resource", statement.get("NotResource", [])))
    if resource and not resources:
        return "Policy statement must contain resources."
    return next(filter(None, map(_resource_fault, resources)), None)


def _resource_fault(resource):
    if not isinstance(resource, str):
        return _SYNTAX
    if resource == "*":
        return None
    parts = resource.split(":", 5)
    if len(parts) < 6 or parts[0] != "arn":
        return f'Resource {resource} must be in ARN format or "*".'
    if "$" not in parts[1] and not re.fullmatch(r"aws(-cn|-us-gov|-iso[a-z-]*|-eusc)?|\*", parts[1]):
        return f'Partition "{parts[1]}" is not valid for resource "{resource}".'
    if re.search(r"[*?]", parts[2]):
        return f'Vendor {parts[2]} is not valid for resource "{resource}".'
    return None


def _condition_fault(statement):
    conditions = statement.get("Condition", {})
    if not isinstance(conditions, dict):
        return _SYNTAX
    for operator, tests in conditions.items():
        quantifier, _, name = operator.rpartition(":")
        if name not in _OPERATORS or quantifier not in ("", "ForAllValues", "ForAnyValue"):
            return f"Invalid Condition type : {operator}."
        if not isinstance(tests, dict) or not all(":" in key for key in tests):
            return _VENDOR
    return None
