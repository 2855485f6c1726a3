"""Both ends of a migration from MySQL to MySQL, which are MariaDB here."""

from contextlib import suppress
from itertools import count

from .migration_binlog import BinaryLog
from .migration_places import MySqlSession, Refused
from .migration_tables import Column, Table

#: How it refuses a row that is there already.
DUPLICATE = 1062

_LOCKED, _NO_TABLE = 1205, 1146
_NUMBERS = count(0x44000000)
_OWN = ("mysql", "information_schema", "performance_schema", "sys")
_LOBS = ("blob", "text", "tinyblob", "tinytext", "mediumblob", "mediumtext", "longblob", "longtext")
_AT_ONCE = 200
_NOT_BY_ROW = "The binary log of the source must have the format ROW and the row image FULL for change data capture."

_TABLES = """
SELECT c.TABLE_SCHEMA, c.TABLE_NAME, c.COLUMN_NAME, c.COLUMN_TYPE, c.IS_NULLABLE,
  coalesce(k.ORDINAL_POSITION, 0), coalesce(c.CHARACTER_SET_NAME, '')
FROM information_schema.COLUMNS c
JOIN information_schema.TABLES t ON t.TABLE_SCHEMA = c.TABLE_SCHEMA AND t.TABLE_NAME = c.TABLE_NAME
LEFT JOIN information_schema.KEY_COLUMN_USAGE k ON k.TABLE_SCHEMA = c.TABLE_SCHEMA AND k.TABLE_NAME = c.TABLE_NAME
  AND k.COLUMN_NAME = c.COLUMN_NAME AND k.CONSTRAINT_NAME = 'PRIMARY'
WHERE t.TABLE_TYPE = 'BASE TABLE' AND c.TABLE_NAME NOT LIKE 'awsdms\\_%'
ORDER BY 1, 2, c.ORDINAL_POSITION
"""


def checkpoint(position):
    """A position in the binary log in words."""
    return position


def ddl_of(change):
    """A statement that changed something else than rows, and the schema in which it was given."""
    return (change.new["sql"], change.schema) if change.kind == "DDL" else None


def forget(_place, _journal):
    """Nothing is kept at the source."""


forget_as_owner = forget


class Source:
    """The database that is read."""

    def __init__(self, place, settings):
        self._place, self._settings = place, settings
        self.session = MySqlSession(place)
        self.capture = None

    def tables(self):
        """All tables that there are, and that the user may read."""
        found = {}
        for schema, name, *column in self.session.run(_TABLES):
            if schema not in _OWN:
                found.setdefault((schema, name), []).append(column)
        return [_table(place, columns) for place, columns in found.items()]

    def open_changes(self, journal, _name):
        """The connection for changes, from where the last one was or from now on."""
        parameters = self._place.parameters()
        image = parameters.get("binlog_row_image", "full").lower()
        if parameters.get("binlog_format") != "ROW" or image != "full":
            raise Refused(_NOT_BY_ROW)
        if journal.slot is None:
            journal.slot = self._position()
        self.capture = BinaryLog(MySqlSession(self._place), journal.position or journal.slot, next(_NUMBERS))

    def learn(self, tables):
        """Takes note of the columns of tables: the log has no names."""
        if self.capture:
            self.capture.learn(tables)

    def begin_again(self, journal):
        """The position is that of then."""
        journal.slot = None

    def _position(self):
        file, offset, *_ = self.session.run("SHOW MASTER STATUS")[0]
        return f"{file}:{offset}"

    def mark(self, name):
        """Lets the changes have a mark that shows once all up to now have been read."""
        self.capture.mark(self._position(), name)

    def begin_load(self, _snapshot):
        """From here to `end_load` all tables are read as they were at the same moment."""
        self.session.run("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
        self.session.run("START TRANSACTION WITH CONSISTENT SNAPSHOT")

    def end_load(self):
        """Ends what `begin_load` began."""
        self.session.run("COMMIT")

    def read(self, table):
        """The rows of a table."""
        columns = ", ".join(_lossy(self._settings, one) for one in table.columns)
        return self.session.run(f"SELECT {columns} FROM {_name(table.place)}")

    def rows(self, table):
        """The rows of a table by key, as DMS would write them."""
        return _rows(self.session, table, table.place, self._settings)

    def close(self):
        """Ends the sessions."""
        if self.capture:
            self.capture.close()
        self.session.close()


class Target:
    """The database that is written."""

    def __init__(self, place, settings):
        self._place, self._settings = place, settings
        self.session = MySqlSession(place)
        self._control = _quoted(settings["ControlTablesSettings"]["ControlSchema"] or "awsdms_control")

    def begin_changes(self):
        """What the endpoint wants done has been done with the connection."""

    def make_control_tables(self, validates):
        """The tables in which DMS notes what went wrong."""
        columns = "TASK_NAME varchar(128) NOT NULL, TABLE_OWNER varchar(128) NOT NULL, TABLE_NAME varchar(128) NOT NULL"
        made = {
            "awsdms_apply_exceptions": f"{columns}, ERROR_TIME datetime NOT NULL, STATEMENT longtext, ERROR longtext"
        }
        if self._settings["ControlTablesSettings"]["SuspendedTablesTableEnabled"]:
            made["awsdms_suspended_tables"] = f"{columns}, SUSPEND_REASON varchar(32), SUSPEND_TIMESTAMP datetime"
        if validates:
            failures = f"{columns}, FAILURE_TIME datetime NOT NULL, KEY_TYPE varchar(128), `KEY` varchar(8000)"
            made["awsdms_validation_failures_v1"] = f"{failures}, FAILURE_TYPE varchar(128), DETAILS varchar(7000)"
        self.session.run(f"CREATE DATABASE IF NOT EXISTS {self._control}")
        for name, wanted in made.items():
            self.session.run(f"CREATE TABLE IF NOT EXISTS {self._control}.{name} ({wanted})")

    def note(self, kind, task, table, *values):
        """A line in one of these tables."""
        texts = [task, *table.target, *values]
        written = [_literal(text) for text in texts[:3]] + ["now()"] + [_literal(text) for text in texts[3:]]
        if kind == "awsdms_suspended_tables":
            written = [_literal(text) for text in texts] + ["now()"]
        self.session.run(f"INSERT INTO {self._control}.{kind} VALUES ({', '.join(written)})")

    def prepare(self, table, mode):
        """Makes a table ready to be loaded."""
        name = _name(table.target)
        try:
            self.session.run(f"SELECT 1 FROM {name} LIMIT 0")
            there = True
        except Refused as error:
            if error.state not in (_NO_TABLE, 1049):
                raise
            there = False
        if there and mode == "TRUNCATE_BEFORE_LOAD":
            self.session.run(f"TRUNCATE TABLE {name}")
        if there and mode == "DROP_AND_CREATE":
            self.session.run(f"DROP TABLE {name}")
        if not there or mode == "DROP_AND_CREATE":
            self.session.run(f"CREATE DATABASE IF NOT EXISTS {_quoted(table.target[0])}")
            columns = [f"{_quoted(one.name)} {one.type}{' NOT NULL' * one.required}" for one in table.columns]
            if table.key:
                columns.append(f"PRIMARY KEY ({', '.join(map(_quoted, table.key))})")
            self.session.run(f"CREATE TABLE {name} ({', '.join(columns)})")

    def load(self, table, rows, in_the_way):
        """Writes rows in a transaction of its own, which the caller ends. `in_the_way` ends what others have open, and
        is asked to if this one waits for a lock."""
        session = MySqlSession(self._place)
        try:
            session.run("SET innodb_lock_wait_timeout = 1")
            try:
                self._insert(session, table, rows)
            except Refused as error:
                if error.state != _LOCKED:
                    raise
                session.run("ROLLBACK")
                in_the_way()
                self._insert(session, table, rows)
        except BaseException:
            session.close()
            raise
        return session, len(rows)

    @staticmethod
    def _insert(session, table, rows):
        columns = ", ".join(_quoted(one.name) for one in table.columns)
        session.begin()
        for first in range(0, len(rows), _AT_ONCE):
            values = (f"({', '.join(map(_literal, row))})" for row in rows[first : first + _AT_ONCE])
            session.run(f"INSERT INTO {_name(table.target)} ({columns}) VALUES {', '.join(values)}")

    def write(self, statements, one_by_one, failed):
        """Writes the changes of a transaction, each a statement with what it is of. If one fails, all are written again
        one by one: `failed` is told what went wrong with which, and what cannot be written is left out."""
        done = []
        try:
            self.session.begin()
            for change, sql in statements:
                try:
                    self.session.run(sql)
                except Refused as error:
                    if not one_by_one:
                        raise
                    failed(change, sql, error)  # only the statement is undone
                    continue
                if self.session.rows:
                    done.append(change)
                elif one_by_one:
                    failed(change, sql, None)
                else:
                    raise Refused("no row was changed")
            self.session.run("COMMIT")
        except Refused:
            with suppress(Refused):
                self.session.run("ROLLBACK")
            if one_by_one:
                raise
            return None
        return done

    def statement(self, table, change):
        """The SQL for a change of a table; None if DMS leaves it out, as it does where it cannot tell the row."""
        name = _name(table.target)
        new = {one: self._convert(table, one, value) for one, value in change.new.items()}
        if change.kind == "INSERT":
            columns, values = ", ".join(map(_quoted, new)), ", ".join(map(_literal, new.values()))
            return f"INSERT INTO {name} ({columns}) VALUES ({values})"
        key = {one: change.old.get(one) for one in table.key}
        if not key or None in key.values():
            return None
        if change.kind == "UPDATE" and any(change.new[one] != value for one, value in key.items()):
            return None
        where = " AND ".join(f"{_quoted(one)} = {_literal(value)}" for one, value in key.items())
        if change.kind == "DELETE":
            return f"DELETE FROM {name} WHERE {where}"
        values = ", ".join(f"{_quoted(one)} = {_literal(value)}" for one, value in new.items() if one not in key)
        return f"UPDATE {name} SET {values} WHERE {where}" if values else None

    def _convert(self, table, name, value):
        column, wanted = table.column(name), self._settings["TargetMetadata"]
        if value is None or column is None or not column.is_lob:
            return value
        if not wanted["SupportLobs"]:
            return None
        return value[: wanted["LobMaxSize"] * 1024] if wanted["LimitedSizeLobMode"] and wanted["LobMaxSize"] else value

    def rows(self, table):
        """The rows of a table by key."""
        return _rows(self.session, table, table.target, None)

    def alter(self, sql, schema):
        """Carries out a change of a table that was noted at the source."""
        if schema:
            self.session.run(f"USE {_quoted(schema)}")
        self.session.run(sql)

    def close(self):
        """Ends the session."""
        self.session.close()


def _lossy(settings, column):
    name = _quoted(column.name)
    wanted = settings and settings["TargetMetadata"]
    if not wanted or not column.is_lob:
        return name
    if not wanted["SupportLobs"]:
        return "NULL"
    most = wanted["LobMaxSize"] * 1024
    return f"substring({name}, 1, {most})" if wanted["LimitedSizeLobMode"] and most else name


def _table(place, columns):
    key = sorted((int(position), name) for name, _, _, position, _ in columns if int(position))
    made = tuple(
        Column(name, kind, nullable == "NO", is_lob=kind in _LOBS, charset=charset)
        for name, kind, nullable, _, charset in columns
    )
    return Table(*place, made, tuple(name for _, name in key), place)


def _rows(session, table, place, settings):
    key = ", ".join(map(_quoted, table.key))
    rest = ", ".join(_lossy(settings, one) for one in table.columns)
    length = len(table.key)
    return {
        tuple(row[:length]): tuple(row[length:]) for row in session.run(f"SELECT {key}, {rest} FROM {_name(place)}")
    }


def _name(place):
    return ".".join(map(_quoted, place))


def _quoted(name):
    return "`" + name.replace("`", "``") + "`"


def _literal(value):
    if value is None:
        return "NULL"
    if isinstance(value, bytes):
        return f"X'{value.hex()}'"
    escaped = value.replace("\\", "\\\\").replace("'", "''")
    return f"'{escaped}'"
