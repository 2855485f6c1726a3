"""Both ends of a migration from PostgreSQL to PostgreSQL, with what DMS loses on the way."""

import io
import time
import uuid
from contextlib import closing, suppress
from decimal import ROUND_HALF_UP, Decimal, InvalidOperation

from .hosting import identifier, literal
from .migration_capture import Capture, mark
from .migration_decoding import UNCHANGED
from .migration_places import PostgresSession, Refused, Unreachable
from .migration_tables import Column, Table

#: What DMS makes of a number without precision.
_NUMBER, _DIGITS = "numeric(28,6)", Decimal("0.000001")
_LOBS = ("text", "bytea", "json", "jsonb", "xml", "character varying")
_LOCKED = "55P03"
#: How it refuses a row that is there already.
DUPLICATE = "23505"
_EXISTS = "42P07"
_AUDIT = "awsdms_ddl_audit"
_ATTEMPTS, _PAUSE = 20, 0.05  # seconds

_TABLES = """
SELECT n.nspname, c.relname, a.attname, format_type(a.atttypid, a.atttypmod), a.attnotnull,
  coalesce(array_position(i.indkey::int2[], a.attnum), -1)
FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
LEFT JOIN pg_index i ON i.indrelid = c.oid AND i.indisprimary
WHERE c.relkind IN ('r', 'p') AND n.nspname NOT LIKE 'pg\\_%' AND n.nspname <> 'information_schema'
  AND c.relname NOT LIKE 'awsdms\\_%' AND has_table_privilege(c.oid, 'SELECT')
ORDER BY 1, 2, a.attnum
"""
_DDL = """
CREATE TABLE IF NOT EXISTS {schema}.awsdms_ddl_audit (
  c_key bigserial PRIMARY KEY, c_time timestamp, c_user varchar(64), c_txn varchar(16), c_tag varchar(24),
  c_oid integer, c_name varchar(64), c_schema varchar(64), c_ddlqry text);
GRANT ALL ON {schema}.awsdms_ddl_audit TO PUBLIC;
CREATE OR REPLACE FUNCTION {schema}.awsdms_intercept_ddl() RETURNS event_trigger LANGUAGE plpgsql SECURITY DEFINER AS $$
BEGIN
  IF tg_tag IN ('CREATE TABLE', 'ALTER TABLE', 'DROP TABLE', 'CREATE TABLE AS') THEN
    INSERT INTO {schema}.awsdms_ddl_audit VALUES (DEFAULT, current_timestamp, current_user, txid_current()::varchar,
      tg_tag, 0, '', current_schema, current_query());
    DELETE FROM {schema}.awsdms_ddl_audit;
  END IF;
END $$;
"""
_DDL_TRIGGER = """
CREATE EVENT TRIGGER awsdms_intercept_ddl ON ddl_command_end EXECUTE PROCEDURE {schema}.awsdms_intercept_ddl();
UPDATE pg_event_trigger SET evtowner = {user}::regrole WHERE evtname = 'awsdms_intercept_ddl';
"""


def checkpoint(position):
    """A position in the log as PostgreSQL writes it."""
    return f"{position >> 32:X}/{position & 0xFFFFFFFF:X}"


def ddl_of(change):
    """The statement that a change notes, and the schema in which it was given, if it changed a table; None for other
    changes."""
    if change.table != _AUDIT:
        return None
    return (change.new["c_ddlqry"], change.new["c_schema"]) if change.kind == "INSERT" else ("", "")


def forget(place, journal):
    """Removes what a migration keeps at its source, if that can be done."""
    if journal.slot and not place.slot:
        with suppress(Refused, Unreachable), closing(PostgresSession(place)) as session:
            _await_end(session, journal.slot)
            session.run(f"SELECT pg_drop_replication_slot({literal(journal.slot)})")


def _await_end(session, slot):
    """Waits until the connection that used a slot has ended, which the server notices a little later."""
    active = f"SELECT 1 FROM pg_replication_slots WHERE slot_name = {literal(slot)} AND active"
    for _ in range(_ATTEMPTS):
        if not session.run(active):
            return
        time.sleep(_PAUSE)


def forget_as_owner(place, journal):
    """The same, whoever uses it, and if the server is still there."""
    if not journal.slot or place.slot or place.owner_runs is None:
        return
    which = f"FROM pg_replication_slots WHERE slot_name = {literal(journal.slot)}"
    for _ in range(_ATTEMPTS):
        try:
            place.owner_runs(f"SELECT pg_terminate_backend(active_pid) {which} AND active", "postgres")
            place.owner_runs(f"SELECT pg_drop_replication_slot(slot_name) {which}", "postgres")
            return
        except RuntimeError:  # the server has ended
            return
        except ValueError:
            time.sleep(_PAUSE)


class Source:
    """The database that is read."""

    def __init__(self, place, settings):
        self._place, self._settings = place, settings
        self.session = PostgresSession(place)
        self.capture = None

    def tables(self):
        """All tables that there are, and that the user may read."""
        found = {}
        for schema, name, *column in self.session.run(_TABLES):
            found.setdefault((schema, name), []).append(column)
        return [_table(place, columns) for place, columns in found.items()]

    def _intercept_ddl(self):
        """Notes changes of tables from now on, if the user may let that be."""
        if not self._place.captures_ddl:
            return
        schema = identifier(self._place.ddl_schema)
        with suppress(Refused):
            self.session.run(_DDL.format(schema=schema))
            if self.session.run("SELECT 1 FROM pg_event_trigger WHERE evtname = 'awsdms_intercept_ddl'"):
                return
            # On RDS members of rds_superuser may make event triggers, which a plain server leaves to superusers: made
            # by one, and given to the user.
            if self._place.owner_runs and self._is_superuser():
                user = literal(self.session.run("SELECT quote_ident(current_user)")[0][0])
                self._place.owner_runs(_DDL_TRIGGER.format(schema=schema, user=user), self._place.database)

    def _is_superuser(self):
        return self.session.run("SELECT pg_has_role(current_user, 'rds_superuser', 'MEMBER')")[0][0]

    def open_changes(self, journal, name):
        """The connection for changes, from the slot that there is or a new one; the name of a snapshot of what was
        before, if it is new."""
        if self._place.slot or journal.slot:
            journal.slot = journal.slot or self._place.slot
            _await_end(self.session, journal.slot)
            self.capture = Capture(self._place, journal.slot)
            return None
        self._intercept_ddl()
        oid = int(self.session.run("SELECT oid FROM pg_database WHERE datname = current_database()")[0][0])
        slot = f"{name[:16].lower()}_{oid:08}_{uuid.uuid4()}".replace("-", "_")
        self.capture = Capture(self._place, slot)
        _, snapshot = self.capture.create()
        journal.slot = slot
        return snapshot

    def begin_again(self, journal):
        """The slot goes, unless it is the user's own."""
        if journal.slot and not self._place.slot:
            slot, journal.slot = journal.slot, None
            _await_end(self.session, slot)
            if self.session.run(f"SELECT 1 FROM pg_replication_slots WHERE slot_name = {literal(slot)}"):
                self.session.run(f"SELECT pg_drop_replication_slot({literal(slot)})")

    def learn(self, tables):
        """Takes note of the columns of tables, of which the changes tell themselves."""

    def mark(self, name):
        """Lets the changes have a mark that shows once all up to now have been read."""
        mark(self.session, name)

    def begin_load(self, snapshot):
        """From here to `end_load` the tables are read as they were at a snapshot, or all at the same moment."""
        self.session.begin("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
        if snapshot:
            self.session.run(f"SET TRANSACTION SNAPSHOT {literal(snapshot)}")

    def end_load(self):
        """Ends what `begin_load` began."""
        self.session.run("COMMIT")

    def read(self, table):
        """The rows of a table in PostgreSQL's own format."""
        columns = ", ".join(lossy(self._settings, one) for one in table.columns)
        stream = io.BytesIO()
        self.session.run(f"COPY (SELECT {columns} FROM {_name(table.place)}) TO STDOUT", stream)
        stream.seek(0)
        return stream

    def rows(self, table):
        """The rows of a table by key, as DMS would write them."""
        return _rows(self.session, table, table.place, lambda one: lossy(self._settings, one))

    def close(self):
        """Ends the sessions."""
        if self.capture:
            self.capture.close()
        self.session.close()


class Target:
    """The database that is written."""

    def __init__(self, place, settings):
        self._place, self._settings = place, settings
        self.session = self._connect()
        control = settings["ControlTablesSettings"]["ControlSchema"] or "public"
        self._control = identifier(control)

    def _connect(self):
        return PostgresSession(self._place)

    def begin_changes(self):
        """What the endpoint wants done before changes are written."""
        if self._place.after_connect:
            self.session.run(self._place.after_connect)

    def make_control_tables(self, validates):
        """The tables in which DMS notes what went wrong."""
        columns = (
            '"TASK_NAME" varchar(128) NOT NULL, "TABLE_OWNER" varchar(128) NOT NULL, "TABLE_NAME" varchar(128) NOT NULL'
        )
        made = {
            "awsdms_apply_exceptions": f'{columns}, "ERROR_TIME" timestamp NOT NULL, "STATEMENT" text, "ERROR" text'
        }
        wanted = self._settings["ControlTablesSettings"]
        if wanted["StatusTableEnabled"]:
            made["awsdms_status"] = f'{columns}, "TASK_STATUS" varchar(32), "STATUS_TIME" timestamp'
        if wanted["HistoryTableEnabled"]:
            made["awsdms_history"] = f'{columns}, "TIMESLOT" timestamp'
        if wanted["SuspendedTablesTableEnabled"]:
            made["awsdms_suspended_tables"] = f'{columns}, "SUSPEND_REASON" varchar(32), "SUSPEND_TIMESTAMP" timestamp'
        if validates:
            failures = f'{columns}, "FAILURE_TIME" timestamp NOT NULL, "KEY_TYPE" varchar(128), "KEY" varchar(8000)'
            made["awsdms_validation_failures_v1"] = failures + ', "FAILURE_TYPE" varchar(128), "DETAILS" varchar(8000)'
        there = self.session.run(f"SELECT tablename FROM pg_tables WHERE schemaname = {literal(self.control_schema)}")
        for name in made.keys() - {one for (one,) in there}:
            try:
                self.session.run(f"CREATE TABLE {self._control}.{name} ({made[name]})")
            except Refused as error:  # another task has made it since
                if error.state not in (DUPLICATE, _EXISTS):
                    raise

    @property
    def control_schema(self):
        """Where these tables are."""
        return self._control[1:-1].replace('""', '"')

    def note(self, kind, task, table, *values):
        """A line in one of these tables."""
        texts = [task, *table.target, *values]
        at = "now()::timestamp"
        written = [literal(text) for text in texts[:3]] + [at] + [literal(text) for text in texts[3:]]
        if kind == "awsdms_suspended_tables":
            written = [literal(text) for text in texts] + [at]
        self.session.run(f"INSERT INTO {self._control}.{kind} VALUES ({', '.join(written)})")

    def prepare(self, table, mode):
        """Makes a table ready to be loaded."""
        name = _name(table.target)
        there = self.session.run(f"SELECT to_regclass({literal(name)}) IS NOT NULL")[0][0]
        if there and mode == "TRUNCATE_BEFORE_LOAD":
            self.session.run(f"TRUNCATE TABLE {name}")
        if there and mode == "DROP_AND_CREATE":
            self.session.run(f"DROP TABLE {name}")
        if not there or mode == "DROP_AND_CREATE":
            self.session.run(f"CREATE SCHEMA IF NOT EXISTS {identifier(table.target[0])}")
            columns = [f"{identifier(one.name)} {self._type(one)}{' NOT NULL' * one.required}" for one in table.columns]
            if table.key:
                columns.append(f"PRIMARY KEY ({', '.join(map(identifier, table.key))})")
            self.session.run(f"CREATE TABLE {name} ({', '.join(columns)})")

    def _type(self, column):
        if column.is_unbounded:
            return _NUMBER
        if column.type == "boolean" and not self._place.maps_booleans:
            return "varchar(5)"
        return column.type

    def load(self, table, stream, in_the_way):
        """Writes rows in a transaction of its own, which the caller ends. `in_the_way` ends what others have open, and
        is asked to if this one waits for a lock."""
        columns = ", ".join(identifier(one.name) for one in table.columns)
        sql = f"COPY {_name(table.target)} ({columns}) FROM STDIN"
        session = self._connect()
        try:
            session.begin("SET LOCAL lock_timeout = '1s'")
            try:
                session.run(sql, stream)
            except Refused as error:
                if error.state != _LOCKED:
                    raise
                session.run("ROLLBACK")
                in_the_way()
                stream.seek(0)
                session.begin()
                session.run(sql, stream)
        except BaseException:
            session.close()
            raise
        return session, session.rows

    def write(self, statements, one_by_one, failed):
        """Writes the changes of a transaction, each a statement with what it is of. If one fails, all are written again
        one by one: `failed` is told what went wrong with which, and what cannot be written is left out."""
        done = []
        try:
            self.session.begin()
            for change, sql in statements:
                if one_by_one:
                    self.session.run("SAVEPOINT row")
                try:
                    self.session.run(sql)
                except Refused as error:
                    if not one_by_one:
                        raise
                    self.session.run("ROLLBACK TO SAVEPOINT row")
                    failed(change, sql, error)
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
        new = {name: self._convert(table, name, value) for name, value in change.new.items() if value is not UNCHANGED}
        name = _name(table.target)
        if change.kind == "INSERT":
            columns, values = ", ".join(map(identifier, new)), ", ".join(map(_literal, new.values()))
            return f"INSERT INTO {name} ({columns}) VALUES ({values})"
        key = {one: (change.old or change.new).get(one) for one in table.key}
        if not table.key or None in key.values():
            return None
        if change.kind == "UPDATE" and any(change.new.get(one) not in (value, UNCHANGED) for one, value in key.items()):
            return None
        where = " AND ".join(f"{identifier(one)} = {_literal(value)}" for one, value in key.items())
        if change.kind == "DELETE":
            return f"DELETE FROM {name} WHERE {where}"
        values = ", ".join(f"{identifier(one)} = {_literal(value)}" for one, value in new.items() if one not in key)
        return f"UPDATE {name} SET {values} WHERE {where}" if values else None

    def _convert(self, table, name, value):
        column = table.column(name)
        if value is None or column is None:
            return value
        if column.is_unbounded:
            with suppress(InvalidOperation):
                number = Decimal(value)
                return str(number.quantize(_DIGITS, ROUND_HALF_UP)) if number.is_finite() else value
        if column.is_lob:
            most = lob_limit(self._settings)
            if most == 0:
                return None
            return value[: 2 + 2 * most if column.type == "bytea" else most] if most else value
        return value

    def rows(self, table):
        """The rows of a table by key."""
        return _rows(self.session, table, table.target, lambda one: f"{identifier(one.name)}::text")

    def alter(self, sql, _schema):
        """Carries out a change of a table that was noted at the source."""
        self.session.run(sql)

    def close(self):
        """Ends the session."""
        self.session.close()


def lob_limit(settings):
    """How many characters of a large object are migrated; 0 if none, None if all."""
    wanted = settings["TargetMetadata"]
    if not wanted["SupportLobs"]:
        return 0
    return wanted["LobMaxSize"] * 1024 if wanted["LimitedSizeLobMode"] and wanted["LobMaxSize"] else None


def lossy(settings, column):
    """A column as DMS reads it, as a text."""
    name = identifier(column.name)
    if column.is_unbounded:
        return f"CASE WHEN {name} = 'NaN' THEN {name}::text ELSE round({name}, 6)::text END"
    if column.is_lob and (most := lob_limit(settings)) is not None:
        if not most:
            return "NULL::text"
        return f"substring({name} FROM 1 FOR {most})::text" if column.type == "bytea" else f"left({name}::text, {most})"
    return f"{name}::text"


def _table(place, columns):
    key = sorted((position, name) for name, _, _, position in columns if position >= 0)
    made = tuple(
        Column(name, kind, required, is_lob=kind in _LOBS, is_unbounded=kind == "numeric")
        for name, kind, required, _ in columns
    )
    return Table(*place, made, tuple(name for _, name in key), place)


def _rows(session, table, place, written):
    key = ", ".join(f"{identifier(name)}::text" for name in table.key)
    rest = ", ".join(written(one) for one in table.columns)
    count = len(table.key)
    return {tuple(row[:count]): tuple(row[count:]) for row in session.run(f"SELECT {key}, {rest} FROM {_name(place)}")}


def _name(place):
    return ".".join(map(identifier, place))


def _literal(value):
    return "NULL" if value is None else literal(value)
