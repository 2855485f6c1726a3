"""Rules by which faults strike, and how often each has struck.

A rule is a dictionary: which events it is for, which of those it strikes (their numbers, from 1, and `times`, how often
at most), and what happens, `fault` and its arguments.
"""

import re
import threading


class Rules:
    """The rules in force, each with the counts `matched` and `struck`.

    `faults` has the arguments of each fault, `selectors` the fields that say which events a rule is for, and `pattern`
    is the one of them that is a regular expression. The field `numbered` holds the numbers of the events to strike.
    """

    def __init__(self, faults, selectors, pattern, numbered):
        self._faults, self._pattern, self._numbered = faults, pattern, numbered
        self._fields = {*selectors, pattern, numbered, "times", "fault"}
        self._lock = threading.Lock()
        self._rules = []

    def add(self, rules):
        """Puts rules in force, after those already there; refuses ill-formed ones with ValueError."""
        for rule in rules:
            self._check(rule)
        with self._lock:
            self._rules += [dict(rule, matched=0, struck=0) for rule in rules]

    def clear(self, account=None):
        """Takes out the rules of one account, or all."""
        with self._lock:
            self._rules = [r for r in self._rules if account and r.get("account") != account]

    def all(self):
        """A copy of the rules in force."""
        with self._lock:
            return [dict(rule) for rule in self._rules]

    def strike(self, is_for):
        """The rule that strikes an event, or None; counts. The first that strikes wins."""
        with self._lock:
            for rule in filter(is_for, self._rules):
                rule["matched"] += 1
                if rule["matched"] in rule.get(self._numbered, [rule["matched"]]) and not worn_out(rule):
                    rule["struck"] += 1
                    return dict(rule)
        return None

    def _check(self, rule):
        fault = rule.get("fault")
        if fault not in self._faults:
            raise ValueError(f"fault must be one of {', '.join(self._faults)}")
        arguments = self._faults[fault]
        unknown = set(rule) - self._fields - set(arguments)
        if unknown:
            raise ValueError(f"a rule with fault {fault} takes no {', '.join(sorted(unknown))}")
        lacks_error = fault == "error" and not {"code", "sqlstate"} & set(rule)
        if lacks_error or (fault == "delay" and "seconds" not in rule):
            raise ValueError(f"the fault {fault} lacks an argument: it takes {', '.join(arguments)}")
        if rule.get("when", "before") not in ("before", "after"):
            raise ValueError("when must be before or after")
        try:
            re.compile(rule.get(self._pattern, ""))
        except re.error as error:
            raise ValueError(f"{self._pattern} is no regular expression: {error}") from error


def worn_out(rule):
    """Whether a rule has struck as often as it may."""
    return rule["struck"] >= rule.get("times", rule["struck"] + 1)
