"""Statements that reach a database, and faults that strike them by rule.

A rule is a dictionary. Which statements it is for: `account`, `host`, `user`, `application` and `sql` (a regular
expression that is searched for, whatever the case). Which of those it strikes: `statements` (their numbers, from 1) and `times` (how often
at most). What happens: `fault` and its arguments, see FAULTS.
"""

import re
import threading
import time
from dataclasses import dataclass

from ..rules import NUMBER, SECONDS, STATE, TEXT, WHEN, Rules

#: Each fault and the arguments it takes, with their kinds.
FAULTS = {
    "cut": {},
    "lose_answer": {"seconds": SECONDS},
    "delay": {"seconds": SECONDS, "when": WHEN},
    "error": {"code": NUMBER, "sqlstate": STATE, "message": TEXT},
}
_SELECTORS = {"account": TEXT, "host": TEXT, "user": TEXT, "application": TEXT}


@dataclass
class Session:
    """A connection: its number, who uses it, and which program that claims to be."""

    number: int
    user: str
    application: str


class Statements:
    """The record of statements, and the rules in force for them."""

    def __init__(self):
        self.rules = Rules(FAULTS, _SELECTORS, pattern="sql", numbered="statements")
        self._lock = threading.Lock()
        self._record, self._number, self._sessions = [], 0, 0

    def session(self, user, application):
        """A new session."""
        with self._lock:
            self._sessions += 1
            return Session(self._sessions, user, application)

    def arrived(self, endpoint, session, sql):
        """Notes a statement; returns its entry in the record, whose `took_effect` and `answered` the caller sets, and the
        rule that strikes it, or None."""
        with self._lock:
            self._number += 1
            entry = {"number": self._number, "time": round(time.time(), 3), "account": endpoint.account}
            entry |= {"host": endpoint.host, "session": session.number, "application": session.application}
            entry |= {"user": session.user, "sql": sql, "took_effect": False, "answered": False, "fault": None}
            self._record.append(entry)
            rule = self.rules.strike(lambda rule: _matches(rule, entry))
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


def _matches(rule, entry):
    if any(rule.get(name, entry[name]) != entry[name] for name in _SELECTORS):
        return False
    return re.search(rule.get("sql", ""), entry["sql"], re.IGNORECASE | re.DOTALL) is not None
