"""Images of a PostgreSQL that runs: the files, and the write-ahead log that makes them those of one moment."""

from .clients import Session
from .hosting import literal
from .images import Image, copy_files

#: What the slots of servers begin with that follow another: they are not for a copy.
FOLLOWER = "rds_follower_"
#: Of the data directory, what belongs to the process that runs there.
_OF_THE_PROCESS = ("postmaster.pid", "postmaster.opts")
_EMPTIED = ("pg_dynshmem/", "pg_notify/", "pg_serial/", "pg_snapshots/", "pg_stat_tmp/", "pg_subtrans/")
_LOG = "pg_wal/"


def take(command, data, programs, folder, others=(), account="", with_slots=True):
    """An image of the data directory of the server that `command`, a psql, reaches, without the databases of the roles
    `others`, nor those that have the number of another account than `account` in their names. Replication slots, unless
    they are not wanted, and subscriptions are in it; as after any crash, unlogged tables will be empty."""
    owners = ", ".join(map(literal, others)) or "NULL"
    elsewhere = f"datname ~ '[0-9]{{12}}' AND strpos(datname, {literal(account)}) = 0"
    owned = f"FROM pg_database d JOIN pg_roles r ON r.oid = d.datdba WHERE r.rolname IN ({owners}) OR {elsewhere}"
    with Session(command) as session:
        left_out = session.ask(f"SELECT datname {owned}")
        folders = tuple(f"base/{oid}" for oid in session.ask(f"SELECT d.oid {owned}"))
        of_others = f"database IN (SELECT datname {owned}) OR starts_with(slot_name, {literal(FOLLOWER)})"
        slots = session.ask(f"SELECT slot_name FROM pg_replication_slots WHERE {of_others}")
        unwanted = {*folders, *_OF_THE_PROCESS, *(f"pg_replslot/{slot}" for slot in slots)}
        emptied = (_LOG, *_EMPTIED) if with_slots else (_LOG, "pg_replslot/", *_EMPTIED)
        session.ask("SELECT pg_backup_start('image', true)")
        copy_files(data, folder, lambda path: path not in unwanted and not path.startswith(emptied))
        label = session.ask("SELECT labelfile FROM pg_backup_stop(false)")
        copy_files(data / "pg_wal", folder / "pg_wal")
    (folder / "backup_label").write_text("\n".join(label) + "\n")
    return Image(folder, programs, left_out)
