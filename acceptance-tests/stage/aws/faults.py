"""Faults by rule: throttling, server errors, resets, lost answers, delays, stale reads.

A rule is a dictionary. Which calls it is for: `service`, `operation` (a regular expression), `account`, `parameters`
(name to value). Which of those it strikes: `calls` (their numbers, from 1) and `times` (how often at most). What
happens: `fault` and its arguments, see FAULTS.
"""

import re
import threading

from .errors import AwsError

#: Each fault and the arguments it takes.
FAULTS = {
    "throttle": (),
    "error": ("code", "message", "status"),
    "http": ("status",),
    "reset": ("seconds",),
    "lose_answer": ("seconds",),
    "delay": ("seconds", "when"),
    "stale": (),
}
_SELECTORS = ("service", "operation", "account", "parameters", "calls", "times", "fault")
_THROTTLING = {
    "iam": ("Throttling", 400),
    "sts": ("Throttling", 400),
    "rds": ("Throttling", 400),
    "ec2": ("RequestLimitExceeded", 503),
}


class Faults:
    """The rules in force and how often each has matched and struck."""

    def __init__(self):
        self._lock = threading.Lock()
        self._rules = []

    def add(self, rules):
        """Puts rules in force, after those already there; refuses ill-formed ones with ValueError."""
        for rule in rules:
            _check(rule)
        with self._lock:
            self._rules += [dict(rule, matched=0, struck=0) for rule in rules]

    def clear(self, account=None):
        """Takes out the rules of one account, or all."""
        with self._lock:
            self._rules = [r for r in self._rules if account and r.get("account") != account]

    def rules(self):
        """The rules in force, each with the counts `matched` and `struck`."""
        with self._lock:
            return [dict(rule) for rule in self._rules]

    def strike(self, call, stale_possible):
        """The rule that strikes this call, or None; counts. The first that strikes wins."""
        with self._lock:
            for rule in self._rules:
                if not _matches(rule, call) or (rule["fault"] == "stale" and not stale_possible):
                    continue
                rule["matched"] += 1
                if rule["matched"] not in rule.get("calls", [rule["matched"]]):
                    continue
                if rule["struck"] >= rule.get("times", rule["struck"] + 1):
                    continue
                rule["struck"] += 1
                return dict(rule)
        return None

    def awaits_staleness(self, call):
        """Whether a rule wants reads of this account and service to be stale after this write."""
        with self._lock:
            return any(
                rule["fault"] == "stale"
                and rule.get("service", call.service) == call.service
                and rule.get("account", call.account) == call.account
                and rule["struck"] < rule.get("times", rule["struck"] + 1)
                for rule in self._rules
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


def _check(rule):
    fault = rule.get("fault")
    if fault not in FAULTS:
        raise ValueError(f"fault must be one of {', '.join(FAULTS)}")
    unknown = set(rule) - set(_SELECTORS) - set(FAULTS[fault])
    if unknown:
        raise ValueError(f"a rule with fault {fault} takes no {', '.join(sorted(unknown))}")
    if (fault == "error" and "code" not in rule) or (fault == "delay" and "seconds" not in rule):
        raise ValueError(f"the fault {fault} lacks an argument: it takes {', '.join(FAULTS[fault])}")
    re.compile(rule.get("operation", ""))
