"""Statements that reach a database, and faults that strike them by rule.

A rule is a dictionary. Which statements it is for: `account`, `host`, `user` and `sql` (a regular expression that is
searched for, whatever the case). Which of those it strikes: `statements` (their numbers, from 1) and `times` (how often
at most). What happens: `fault` and its arguments, see FAULTS.
"""

import re
import threading
import time

#: Each fault and the arguments it takes.
FAULTS = {
    "cut": (),
    "lose_answer": ("seconds",),
    "delay": ("seconds", "when"),
    "error": ("code", "sqlstate", "message"),
}
_SELECTORS = ("account", "host", "user", "sql", "statements", "times", "fault")


class Statements:
    """The record of statements, and the rules in force with how often each has matched and struck."""

    def __init__(self):
        self._lock = threading.Lock()
        self._rules, self._record, self._number = [], [], 0

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

    def arrived(self, endpoint, user, sql):
        """Notes a statement; returns its entry in the record, whose `took_effect` and `answered` the caller sets, and the
        rule that strikes it, or None."""
        with self._lock:
            self._number += 1
            entry = {"number": self._number, "time": round(time.time(), 3), "account": endpoint.account}
            entry |= {"host": endpoint.host, "user": user, "sql": sql, "took_effect": False, "answered": False}
            entry["fault"] = None
            self._record.append(entry)
            rule = self._strike(entry)
            if rule:
                entry["fault"] = rule["fault"]
            return entry, rule

    def record(self, account=None):
        """Every statement, oldest first."""
        with self._lock:
            return [dict(e) for e in self._record if account in (None, e["account"])]

    def forget(self, account=None):
        """Clears the record of an account, or of all."""
        with self._lock:
            self._record = [e for e in self._record if account and e["account"] != account]

    def _strike(self, entry):
        for rule in self._rules:
            if not _matches(rule, entry):
                continue
            rule["matched"] += 1
            if rule["matched"] not in rule.get("statements", [rule["matched"]]):
                continue
            if rule["struck"] >= rule.get("times", rule["struck"] + 1):
                continue
            rule["struck"] += 1
            return dict(rule)
        return None


def _matches(rule, entry):
    if any(rule.get(name, entry[name]) != entry[name] for name in ("account", "host", "user")):
        return False
    return re.search(rule.get("sql", ""), entry["sql"], re.IGNORECASE | re.DOTALL) is not None


def _check(rule):
    fault = rule.get("fault")
    if fault not in FAULTS:
        raise ValueError(f"fault must be one of {', '.join(FAULTS)}")
    unknown = set(rule) - set(_SELECTORS) - set(FAULTS[fault])
    if unknown:
        raise ValueError(f"a rule with fault {fault} takes no {', '.join(sorted(unknown))}")
    lacks_error = fault == "error" and not {"code", "sqlstate"} & set(rule)
    if lacks_error or (fault == "delay" and "seconds" not in rule):
        raise ValueError(f"the fault {fault} lacks an argument: it takes {', '.join(FAULTS[fault])}")
    if rule.get("when", "before") not in ("before", "after"):
        raise ValueError("when must be before or after")
    try:
        re.compile(rule.get("sql", ""))
    except re.error as error:
        raise ValueError(f"sql is no regular expression: {error}") from error
