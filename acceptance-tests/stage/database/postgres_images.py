"""Images of a PostgreSQL that runs: the files, and the write-ahead log that makes them those of one moment."""

import subprocess

from .clients import environment
from .hosting import literal
from .images import Image, copy_files

_DONE = "done with this statement"
#: Of the data directory, what belongs to the process that runs there.
_OF_THE_PROCESS = ("postmaster.pid", "postmaster.opts")
_EMPTIED = ("pg_dynshmem/", "pg_notify/", "pg_serial/", "pg_snapshots/", "pg_stat_tmp/", "pg_subtrans/")
_LOG = "pg_wal/"


def take(command, data, programs, folder, others):
    """An image of the data directory of the server that `command`, a psql, reaches, without the databases of the roles
    `others`. Replication slots and subscriptions are in it; as after any crash, unlogged tables will be empty."""
    owners = ", ".join(map(literal, others)) or "NULL"
    owned = f"FROM pg_database d JOIN pg_roles r ON r.oid = d.datdba WHERE r.rolname IN ({owners})"
    with _Session(command) as session:
        left_out = session.ask(f"SELECT datname {owned}")
        folders = tuple(f"base/{oid}" for oid in session.ask(f"SELECT d.oid {owned}"))
        slots = session.ask(f"SELECT slot_name FROM pg_replication_slots WHERE database IN (SELECT datname {owned})")
        unwanted = {*folders, *_OF_THE_PROCESS, *(f"pg_replslot/{slot}" for slot in slots)}
        session.ask("SELECT pg_backup_start('image', true)")
        copy_files(data, folder, lambda path: path not in unwanted and not path.startswith((_LOG, *_EMPTIED)))
        label = session.ask("SELECT labelfile FROM pg_backup_stop(false)")
        copy_files(data / "pg_wal", folder / "pg_wal")
    (folder / "backup_label").write_text("\n".join(label) + "\n")
    return Image(folder, programs, left_out)


class _Session:
    """A psql that stays open between statements, as a backup needs it."""

    def __init__(self, command):
        self._psql = subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env=environment(),
            encoding="utf-8",
        )

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self._psql.stdin.close()
        self._psql.wait()
        self._psql.stdout.close(), self._psql.stderr.close()

    def ask(self, sql):
        """The lines of an answer; ValueError with the complaint of the server."""
        self._psql.stdin.write(f"{sql};\n\\echo {_DONE}\n")
        self._psql.stdin.flush()
        lines = []
        for line in self._psql.stdout:
            if line.rstrip("\n") == _DONE:
                return [line for line in lines if line]
            lines.append(line.rstrip("\n"))
        raise ValueError(self._psql.stderr.read().strip())
