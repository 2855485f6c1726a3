"""Readers: what lets nobody write. Behind them is the same server as behind the writer, so the fronts see to it."""

import re

from moto.rds.models import DBInstance, DBInstanceClustered

#: A setting for the session of a reader: the server itself then refuses what writes, in its own words.
SETTING = ("default_transaction_read_only", "on")

_NO_EFFECT = re.compile(
    rb"(\bSET\s+(?:SESSION\s+|LOCAL\s+)?default_transaction_read_only\s*(?:=|\bTO\b)\s*)'?(?:off|false|no|f|0)\b'?"
    rb"|(\bSET\s+SESSION\s+CHARACTERISTICS\s+AS\s+TRANSACTION\b[^;]*?\bREAD\s+)WRITE\b",
    re.IGNORECASE,
)
_READ_WRITE = re.compile(
    r"(?:^|;)\s*(?:"
    r"(?:BEGIN|START\s+TRANSACTION|SET\s+(?:LOCAL\s+|SESSION\s+)?TRANSACTION)\b[^;]*\bREAD\s+WRITE\b"
    r"|SET\s+(?:LOCAL\s+|SESSION\s+)?transaction_read_only\s*(?:=|\bTO\b)\s*'?(?:off|false|no|f|0)\b)",
    re.IGNORECASE,
)
_RECOVERY = {"sqlstate": "0A000", "message": "cannot set transaction read-write mode during recovery"}


def is_reader(database):
    """Whether an instance is a read replica, or a member of a cluster that is not its writer; in a blue/green deployment,
    whatever is not in production."""
    if getattr(database, "cluster", database).__dict__.get("stage_read_only"):
        return True
    if isinstance(database, DBInstanceClustered):
        return not database.is_cluster_writer
    return isinstance(database, DBInstance) and bool(database.is_replica)


def has_readers(cluster):
    """Whether the reader endpoint of a cluster leads to readers: it leads to a writer that is alone."""
    return len(cluster.members) != 1 or is_reader(cluster)


def held(body):
    """A statement for PostgreSQL, as bytes, in which what has no effect on a standby has none either."""
    return _NO_EFFECT.sub(lambda found: found[1] + b"on" if found[1] else found[2] + b"ONLY", body)


def refused(sql):
    """What a standby of PostgreSQL refuses and the server would do, as a rule; None for the rest."""
    return _RECOVERY if _READ_WRITE.search(sql) else None
