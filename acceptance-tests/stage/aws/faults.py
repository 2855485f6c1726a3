"""Faults by rule: throttling, server errors, resets, lost answers, delays, stale reads.

A rule is a dictionary. Which calls it is for: `service`, `operation` (a regular expression), `account`, `parameters`
(name to value). Which of those it strikes: `calls` (their numbers, from 1) and `times` (how often at most). What
happens: `fault` and its arguments, see FAULTS.
"""

import re

from ..rules import FIELDS, NUMBER, SECONDS, TEXT, WHEN, Rules, worn_out
from .errors import AwsError

#: Each fault and the arguments it takes, with their kinds.
FAULTS = {
    "throttle": {},
    "error": {"code": TEXT, "message": TEXT, "status": NUMBER},
    "http": {"status": NUMBER},
    "reset": {"seconds": SECONDS},
    "lose_answer": {"seconds": SECONDS},
    "delay": {"seconds": SECONDS, "when": WHEN},
    "stale": {},
}
_SELECTORS = {"service": TEXT, "account": TEXT, "parameters": FIELDS}
_THROTTLING = {
    "iam": ("Throttling", 400),
    "sts": ("Throttling", 400),
    "rds": ("Throttling", 400),
    "ec2": ("RequestLimitExceeded", 503),
}


class Faults:
    """The rules in force for calls."""

    def __init__(self):
        self.rules = Rules(FAULTS, _SELECTORS, pattern="operation", numbered="calls")

    def strike(self, call, stale_possible):
        """The rule that strikes this call, or None."""
        return self.rules.strike(
            lambda rule: _matches(rule, call) and (stale_possible or rule["fault"] != "stale")
        )

    def awaits_staleness(self, call):
        """Whether a rule wants reads of this account and service to be stale after this write."""
        return any(
            rule["fault"] == "stale"
            and rule.get("service", call.service) == call.service
            and rule.get("account", call.account) == call.account
            and not worn_out(rule)
            for rule in self.rules.all()
        )


def refusal(rule, service):
    """The error answer that a throttle or error rule gives."""
    if rule["fault"] == "throttle":
        code, status = _THROTTLING.get(service, ("ThrottlingException", 400))
        return AwsError(code, "Rate exceeded", status)
    return AwsError(rule["code"], rule.get("message", "Injected by the stage"), rule.get("status", 400))


def _matches(rule, call):
    if rule.get("service", call.service) != call.service or rule.get("account", call.account) != call.account:
        return False
    if not re.fullmatch(rule.get("operation", ".*"), call.operation):
        return False
    return all(call.parameters.get(name) == value for name, value in rule.get("parameters", {}).items())
