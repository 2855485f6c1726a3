"""Whether the rows of a migration are the same at both ends."""

import json
from itertools import count

from .migration_order import FULL_LOAD
from .migration_tables import COMPLETED, FAILED, MISMATCHED, NO_KEY, PENDING, VALIDATED

_NUMBERS = count(1)


class Validation:
    """Compares the tables that have changed since they were last compared. Rows that differ are compared again once all
    that the source had done by then has been written: only then are they failures."""

    def __init__(self, source, target, migration):
        self._source, self._target, self._migration = source, target, migration
        self._suspects, self._waiting = {}, {}
        self._follows = migration.order.kind != FULL_LOAD

    @property
    def is_due(self):
        """Whether there is something to compare."""
        return any(self._due(*one) for one in self._migration.tables)

    def work(self):
        """Compares what is due; whether something is left."""
        for table, progress in self._migration.tables:
            if self._due(table, progress):
                self._compare(table, progress)
        return self.is_due

    def passed(self, mark):
        """A mark has come by."""
        self._waiting = {place: waits for place, waits in self._waiting.items() if waits != mark}

    def _due(self, table, progress):
        return progress.stale and progress.state == COMPLETED and table.place not in self._waiting

    def _compare(self, table, progress):
        if not table.key:
            progress.validation, progress.stale = NO_KEY, False
            return
        progress.stale = False
        expected, found = self._source.rows(table), self._target.rows(table)
        differing = {key: (expected.get(key), found.get(key)) for key in expected.keys() | found.keys()}
        differing = {key: rows for key, rows in differing.items() if rows[0] != rows[1]}
        progress.pending = progress.failed = 0
        if not differing:
            progress.validation = VALIDATED
            self._suspects.pop(table.place, None)
        elif self._suspects.get(table.place) == differing:
            self._fail(table, progress, differing)
        else:
            self._suspects[table.place] = differing
            progress.validation, progress.pending, progress.stale = PENDING, len(differing), True
            if self._follows:
                mark = f"validation {id(self)} {next(_NUMBERS)}"
                self._waiting[table.place] = mark
                self._source.mark(mark)

    def _fail(self, table, progress, differing):
        order = self._migration.order
        most = order.settings["ValidationSettings"]["TableFailureMaxCount"]
        progress.validation = FAILED if len(differing) > most else MISMATCHED
        progress.failed = len(differing)
        for key, (expected, found) in differing.items():
            kind = "RECORD_DIFF" if expected and found else "MISSING_TARGET" if expected else "MISSING_SOURCE"
            text = json.dumps({"key": list(key)})
            self._target.note("awsdms_validation_failures_v1", order.name, table, "Row", text, kind, "")
