"""What a policy means: does a set of documents allow an action on a resource?"""

import ipaddress
import json
import re
from dataclasses import dataclass, field
from datetime import UTC, datetime

from .policy_grammar import as_list

ALLOW, DENY, SILENT = "allow", "deny", "silent"

_VARIABLE = re.compile(r"\$\{([^}]+)\}")
_LITERALS = {"*": "*", "?": "?", "$": "$"}


@dataclass(frozen=True)
class Question:
    """May the caller do `action` on `resource`? A resource of None stands for one the stage cannot name: every
    Resource element covers it. `context` holds the condition keys, lower case, and their value or values."""

    action: str
    resource: str | None
    context: dict = field(default_factory=dict)


@dataclass(frozen=True)
class Permissions:
    """The policies that bear on a caller. Of the optional sets, None means that there is no such limit."""

    granted: list
    session: list | None = None
    boundary: list | None = None

    def allow(self, question):
        """Whether every layer allows it and none denies it."""
        layers = [layer for layer in (self.granted, self.session, self.boundary) if layer is not None]
        return all(decide(layer, question) == ALLOW for layer in layers)

    def within_limits(self, question):
        """Whether session policies and the boundary allow it: what others grant in their policies is bound by them."""
        layers = [layer for layer in (self.session, self.boundary) if layer is not None]
        return all(decide(layer, question) == ALLOW for layer in layers)

    def deny(self, question):
        """Whether a layer denies it in so many words."""
        layers = [layer for layer in (self.granted, self.session, self.boundary) if layer is not None]
        return any(decide(layer, question) == DENY for layer in layers)


#: The policies of somebody who may do everything.
EVERYTHING = Permissions([{"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": "*", "Resource": "*"}}])


def document(text):
    """A policy as a dictionary, from its text or from itself."""
    return json.loads(text) if isinstance(text, str) else text


def decide(documents, question, covers=None):
    """ALLOW, DENY or SILENT: an explicit denial wins over everything. `covers` is one more test that a statement
    must pass, such as naming the right principal."""
    answer = SILENT
    for policy in documents:
        for statement in as_list(policy.get("Statement", [])):
            if not _applies(statement, question) or (covers and not covers(statement)):
                continue
            if statement["Effect"] == "Deny":
                return DENY
            answer = ALLOW
    return answer


def _applies(statement, question):
    context = question.context
    if "Action" in statement:
        if not any(_like(a.lower(), question.action.lower()) for a in as_list(statement["Action"])):
            return False
    elif any(_like(a.lower(), question.action.lower()) for a in as_list(statement["NotAction"])):
        return False
    if question.resource is not None and not _covers_resource(statement, question.resource, context):
        return False
    return all(
        _condition(operator, key, as_list(values), context)
        for operator, tests in statement.get("Condition", {}).items()
        for key, values in tests.items()
    )


def _covers_resource(statement, resource, context):
    if "Resource" in statement:
        return any(like(r, resource, context) for r in as_list(statement["Resource"]))
    if "NotResource" in statement:
        return not any(like(r, resource, context) for r in as_list(statement["NotResource"]))
    return True


def like(pattern, text, context=None):
    """Whether a text fits a pattern with `*`, `?` and policy variables. A variable without a value fits nothing."""
    expression, last = "", 0
    for variable in _VARIABLE.finditer(pattern):
        value = _variable(variable.group(1), context or {})
        if value is None:
            return False
        expression += _glob(pattern[last : variable.start()]) + re.escape(value)
        last = variable.end()
    return re.fullmatch(expression + _glob(pattern[last:]), text, re.DOTALL) is not None


def _variable(name, context):
    name, _, default = name.partition(",")
    if name in _LITERALS:
        return _LITERALS[name]
    value = context.get(name.strip().lower(), default.strip(" '") or None)
    return value if isinstance(value, str) else None


def _glob(pattern):
    return "".join({"*": ".*", "?": "."}.get(c, re.escape(c)) for c in pattern)


def _like(pattern, text):
    return re.fullmatch(_glob(pattern), text, re.DOTALL) is not None


def _condition(operator, key, wanted, context):
    quantifier, _, name = operator.rpartition(":")
    values = context.get(key.lower())
    if name == "Null":
        return (values is None) == (str(wanted[0]).lower() == "true")
    if_exists = name.endswith("IfExists")
    name = name.removesuffix("IfExists")
    if values is None:
        return if_exists or quantifier == "ForAllValues" or ("Not" in name and not quantifier)
    negated = "Not" in name
    test = _TESTS[name.replace("Not", "")]
    wanted = [str(w).lower() if isinstance(w, bool) else str(w) for w in wanted]

    def holds(value):
        return any(_safely(test, value, w, context) for w in wanted) != negated

    every = all if quantifier == "ForAllValues" or (negated and not quantifier) else any
    return every(holds(value) for value in as_list(values))


def _safely(test, value, wanted, context):
    try:
        return test(value, wanted, context)
    except ValueError:
        return False


def _moment(text):
    if text.isdigit():
        return datetime.fromtimestamp(int(text), UTC)
    moment = datetime.fromisoformat(text.replace("Z", "+00:00"))
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _literally(wanted, context):
    return _VARIABLE.sub(lambda found: _variable(found.group(1), context) or found.group(0), wanted)


_TESTS = {
    "StringEquals": lambda value, wanted, context: value == _literally(wanted, context),
    "StringEqualsIgnoreCase": lambda value, wanted, context: value.lower() == _literally(wanted, context).lower(),
    "StringLike": lambda value, wanted, context: like(wanted, value, context),
    "ArnEquals": lambda value, wanted, context: like(wanted, value, context),
    "ArnLike": lambda value, wanted, context: like(wanted, value, context),
    "Bool": lambda value, wanted, _: value.lower() == wanted.lower(),
    "BinaryEquals": lambda value, wanted, _: value == wanted,
    "IpAddress": lambda value, wanted, _: ipaddress.ip_address(value) in ipaddress.ip_network(wanted, False),
}
for _kind, _value in (("Numeric", float), ("Date", _moment)):
    for _test, _compare in (
        ("Equals", lambda a, b: a == b),
        ("LessThan", lambda a, b: a < b),
        ("LessThanEquals", lambda a, b: a <= b),
        ("GreaterThan", lambda a, b: a > b),
        ("GreaterThanEquals", lambda a, b: a >= b),
    ):
        _TESTS[_kind + _test] = lambda value, wanted, _, c=_compare, v=_value: c(v(value), v(wanted))
