"""Rules by which faults strike, and how often each has struck.

A rule is a dictionary: which events it is for, which of those it strikes (their numbers, from 1, and `times`, how often
at most), and what happens, `fault` and its arguments.
"""

import re
import threading
from itertools import count
from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True)
class Kind:
    """What a field of a rule may hold, in words and as a test."""

    words: str
    fits: Callable


TEXT = Kind("a text", lambda value: isinstance(value, str))
NUMBER = Kind("an integer", lambda value: isinstance(value, int) and not isinstance(value, bool))
SECONDS = Kind("a number of seconds", lambda value: isinstance(value, float) or NUMBER.fits(value) and value >= 0)
WHEN = Kind("before or after", lambda value: value in ("before", "after"))
STATE = Kind("five digits or capitals", lambda value: TEXT.fits(value) and re.fullmatch("[0-9A-Z]{5}", value))
FIELDS = Kind("an object", lambda value: isinstance(value, dict))
COUNT = Kind("an integer from 0", lambda value: NUMBER.fits(value) and value >= 0)
_NUMBERS = Kind("a list of integers from 1", lambda value: isinstance(value, list) and all(map(_is_position, value)))


class Rules:
    """The rules in force, each with an `id` and the counts `matched` and `struck`.

    `faults` has the arguments of each fault, `selectors` the fields that say which events a rule is for, both with their
    kinds; `pattern` is a further such field, a regular expression, and `patterns` are arguments that are. The field
    `numbered` holds the numbers of the events to strike.
    """

    def __init__(self, faults, selectors, pattern, numbered, patterns=()):
        self._faults, self._patterns, self._numbered = faults, (pattern, *patterns), numbered
        self._fields = {**selectors, pattern: TEXT, numbered: _NUMBERS, "times": COUNT, "fault": TEXT}
        self._lock = threading.Lock()
        self._rules, self._ids = [], count(1)

    def add(self, rules):
        """Puts rules in force, after those already there; refuses ill-formed ones with ValueError."""
        for rule in rules:
            self._check(rule)
        with self._lock:
            self._rules += [dict(rule, id=next(self._ids), matched=0, struck=0) for rule in rules]

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
        if not FIELDS.fits(rule):
            raise ValueError("a rule is an object")
        fault = rule.get("fault")
        if not TEXT.fits(fault) or fault not in self._faults:
            raise ValueError(f"fault must be one of {', '.join(self._faults)}")
        arguments = self._faults[fault]
        unknown = set(rule) - set(self._fields) - set(arguments)
        if unknown:
            raise ValueError(f"a rule with fault {fault} takes no {', '.join(sorted(unknown))}")
        lacks_error = fault == "error" and not {"code", "sqlstate"} & set(rule)
        if lacks_error or (fault == "delay" and "seconds" not in rule):
            raise ValueError(f"the fault {fault} lacks an argument: it takes {', '.join(arguments)}")
        for name, kind in (self._fields | arguments).items():
            if name in rule and not kind.fits(rule[name]):
                raise ValueError(f"{name} must be {kind.words}")
        for name in self._patterns:
            try:
                re.compile(rule.get(name, ""))
            except re.error as error:
                raise ValueError(f"{name} is no regular expression: {error}") from error


def _is_position(value):
    return NUMBER.fits(value) and value > 0


def worn_out(rule):
    """Whether a rule has struck as often as it may."""
    return rule["struck"] >= rule.get("times", rule["struck"] + 1)
