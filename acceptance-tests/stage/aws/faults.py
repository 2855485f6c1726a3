"""Faults by rule: throttling, server errors, resets, lost answers, delays, stale reads.

A rule is a dictionary. Which calls it is for: `service`, `operation` (a regular expression), `account`, `parameters`
(name to value). Which of those it strikes: `calls` (their numbers, from 1) and `times` (how often at most). What
happens: `fault` and its arguments, see FAULTS. A stale read is read from a shadow of the rule's own: a copy of what there
was before the latest write.
"""

import math
import re
import threading
from functools import partial

from ..rules import COUNT, FIELDS, NUMBER, SECONDS, TEXT, WHEN, Rules, worn_out
from .errors import AwsError
from .record import is_write

#: Each fault and the arguments it takes, with their kinds.
FAULTS = {
    "throttle": {},
    "error": {"code": TEXT, "message": TEXT, "status": NUMBER},
    "http": {"status": NUMBER},
    "reset": {"seconds": SECONDS},
    "lose_answer": {"seconds": SECONDS},
    "delay": {"seconds": SECONDS, "when": WHEN},
    "stale": {"writes": TEXT, "reads": COUNT},
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
        self.rules = Rules(FAULTS, _SELECTORS, pattern="operation", numbered="calls", patterns=("writes",))
        self._lock = threading.Lock()
        self._shadows = {}  # how many reads each is still good for

    def strike(self, call):
        """The rule that strikes this call, or None."""
        with self._lock:
            rule = self.rules.strike(partial(self._is_for, call))
            if rule and rule["fault"] == "stale":
                self._shadows[shadow_of(rule, call)] -= 1
        return rule

    def shadows_before(self, call):
        """The shadows that must be drawn before a call is carried out, because later reads are to show what there was
        before it."""
        if not is_write(call.operation):
            return []
        waiting = [rule for rule in self.rules.all() if rule["fault"] == "stale" and _is_write_for(rule, call)]
        drawn = {shadow_of(rule, call): rule.get("reads", math.inf) for rule in waiting}
        with self._lock:
            self._shadows |= drawn
        return list(drawn)

    def _is_for(self, call, rule):
        if rule["fault"] == "stale" and (is_write(call.operation) or not self._shadows.get(shadow_of(rule, call))):
            return False
        return _matches(rule, call)


def shadow_of(rule, call):
    """The account in whose name moto keeps what a stale rule shows of the account of a call."""
    place = call.partition if call.service == "iam" else call.region
    return f"shadow-{rule['id']}-of-{call.account}-{call.service}-{place}"


def refusal(rule, service):
    """The error answer that a throttle or error rule gives."""
    if rule["fault"] == "throttle":
        code, status = _THROTTLING.get(service, ("ThrottlingException", 400))
        return AwsError(code, "Rate exceeded", status)
    return AwsError(rule["code"], rule.get("message", "Injected by the stage"), rule.get("status", 400))


def _matches(rule, call):
    if not _is_of(rule, call) or not re.fullmatch(rule.get("operation", ".*"), call.operation):
        return False
    return all(call.parameters.get(name) == value for name, value in rule.get("parameters", {}).items())


def _is_write_for(rule, call):
    if worn_out(rule) or not _is_of(rule, call) or not re.fullmatch(rule.get("writes", ".*"), call.operation):
        return False
    # What the write does not name, it may concern: a role is made by a call that names it, a key is not.
    return all(call.parameters.get(name, value) == value for name, value in rule.get("parameters", {}).items())


def _is_of(rule, call):
    return rule.get("service", call.service) == call.service and rule.get("account", call.account) == call.account
