"""The tables of a migration, and how far it has come with each."""

from dataclasses import dataclass, field, replace
from datetime import UTC, datetime

NOT_ENABLED, NO_KEY, PENDING = "Not enabled", "No primary key", "Pending records"
VALIDATED, MISMATCHED, FAILED = "Validated", "Mismatched records", "Table error"

BEFORE, LOADING, COMPLETED = "Before load", "Full load", "Table completed"
ERRORED, RELOADING, ABSENT = "Table error", "Table is being reloaded", "Table does not exist"

_KINDS = {"INSERT": "Inserts", "UPDATE": "Updates", "DELETE": "Deletes"}


@dataclass(frozen=True)
class Column:
    """A column: its type in words, whether it is a large object or a number without bounds, and its character set, if
    MySQL has one for it."""

    name: str
    type: str
    required: bool = False
    is_lob: bool = False
    is_unbounded: bool = False
    charset: str = ""


@dataclass(frozen=True)
class Table:
    """A table as it is at the source, and its names at the target."""

    schema: str
    name: str
    columns: tuple
    key: tuple
    target: tuple = ("", "")

    @property
    def place(self):
        """By what its progress is kept."""
        return self.schema, self.name

    def at(self, target):
        """The same table with these names at the target."""
        return replace(self, target=target)

    def column(self, name):
        """A column by name; None if it is new."""
        return next((one for one in self.columns if one.name == name), None)


@dataclass
class Progress:
    """How far a migration has come with a table."""

    schema: str
    table: str
    state: str = BEFORE
    captured: dict = field(default_factory=lambda: dict.fromkeys([*_KINDS.values(), "Ddls"], 0))
    applied: dict = field(default_factory=lambda: dict.fromkeys([*_KINDS.values(), "Ddls"], 0))
    rows: int = 0
    errors: int = 0
    began: datetime = None
    ended: datetime = None
    reloaded: bool = False
    updated: datetime = None
    validation: str = NOT_ENABLED
    pending: int = 0
    failed: int = 0
    suspended: int = 0
    stale: bool = True
    attempts: int = 0

    def count(self, change, applied):
        """Notes a change that was read, or written."""
        counters = self.applied if applied else self.captured
        counters[_KINDS.get(change, change)] += 1
        self.updated = datetime.now(UTC)

    def load(self, state):
        """Notes the beginning of a load."""
        self.state, self.began, self.ended, self.rows = state, datetime.now(UTC), None, 0

    def end(self, state):
        """Notes its end."""
        self.state, self.ended = state, datetime.now(UTC)
        self.updated = self.ended

    def shown(self):
        """What DescribeTableStatistics shows."""
        return {
            "SchemaName": self.schema,
            "TableName": self.table,
            **self.captured,
            **{f"Applied{name}": count for name, count in self.applied.items()},
            "FullLoadRows": self.rows,
            "FullLoadCondtnlChkFailedRows": 0,
            "FullLoadErrorRows": self.errors,
            "FullLoadReloaded": self.reloaded,
            "TableState": self.state,
            "ValidationPendingRecords": self.pending,
            "ValidationFailedRecords": self.failed,
            "ValidationSuspendedRecords": self.suspended,
            "ValidationState": self.validation,
            "ResyncState": "Not enabled",
        } | {
            name: value
            for name, value in (
                ("FullLoadStartTime", self.began),
                ("FullLoadEndTime", self.ended),
                ("LastUpdateTime", self.updated),
            )
            if value
        }
