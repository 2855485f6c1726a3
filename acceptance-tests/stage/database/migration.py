"""A migration under way: the tables are loaded, then the changes follow, row by row and with what DMS loses."""

import re
import threading
import traceback
from datetime import UTC, datetime

from . import migration_mysql, migration_postgres
from .migration_order import BOTH, CDC, FULL_LOAD, RELOADED
from .migration_places import Refused, Unreachable
from .migration_tables import ABSENT, COMPLETED, ERRORED, LOADING, NO_KEY, NOT_ENABLED, PENDING, RELOADING, Progress
from .migration_validation import Validation

_ENGINES = {"postgres": migration_postgres, "mysql": migration_mysql}
_IDLE, _SOON = 10, 0.2  # seconds
_CACHED, _CONSISTENT = "cached", "consistent"
_NAME = r'(?:"[^"]+"|`[^`]+`|\w+)'
_TABLE = re.compile(
    rf"\b(ALTER|DROP|TRUNCATE)\s+(?:TABLE\s+)?(?:IF\s+EXISTS\s+)?(?:ONLY\s+)?({_NAME}(?:\.{_NAME})?)", re.IGNORECASE
)
_HANDLED = {
    "ALTER": "HandleSourceTableAltered",
    "DROP": "HandleSourceTableDropped",
    "TRUNCATE": "HandleSourceTableTruncated",
}
_NO_TABLES = (
    "No tables were found at task initialization. Either the selected table(s) or schemas(s) no longer exist or no "
    "match was found for the table selection pattern(s)."
)
_PATIENCE = 30  # seconds
_POLICIES = {
    "INSERT": "ApplyErrorInsertPolicy",
    "UPDATE": "ApplyErrorUpdatePolicy",
    "DELETE": "ApplyErrorDeletePolicy",
}


def engine_of(place):
    """What is special about the databases at the ends of a migration."""
    return _ENGINES[place.family]


class Ended(Exception):
    """The migration has come to an end that is no failure."""


class Fatal(Exception):
    """The migration cannot go on."""


class Migration:
    """One run. It works in a thread of its own, in which it waits for changes without using time."""

    def __init__(self, order):
        self._order, self._journal = order, order.journal
        self._settings, self._engine = order.settings, engine_of(order.source)
        self._condition = threading.Condition()
        self._stopping = self._paused = False
        self._begins_again = order.start == RELOADED
        self._injected = self._source = self._target = None
        self._tables, self._wanted, self._tolerant = {}, [], {}
        self.reason = self.failure = None
        self._validates = self._settings["ValidationSettings"]["EnableValidation"]
        self._thread = threading.Thread(target=self._live, daemon=True)

    def start(self):
        """Begins the work."""
        self._journal.began, self._journal.ended = datetime.now(UTC), None
        self._thread.start()

    @property
    def is_running(self):
        """Whether it has not ended yet."""
        return self.reason is None

    def stop(self):
        """Ends it as soon as what is under way has been written."""
        self._tell(_stopping=True)

    def await_end(self):
        """Waits until it has ended, for some time at most."""
        self._thread.join(_PATIENCE)

    def fail(self, message):
        """Lets it fail."""
        self._tell(_injected=message, _paused=False)

    def pause(self, paused):
        """Lets it do nothing until it may again. What the source changes waits there."""
        self._tell(_paused=paused)

    def reload(self, places, validates_only):
        """Lets tables be loaded, or only compared, once more."""
        for place in places:
            if not validates_only:
                progress = self._journal.tables[place]
                progress.load(RELOADING)
                progress.reloaded = True
        with self._condition:
            self._wanted.append((places, validates_only))
        self._tell()

    def _tell(self, **changed):
        with self._condition:
            self.__dict__.update(changed)
            self._condition.notify_all()
        source = self._source
        if source and source.capture:
            source.capture.wake()

    def _live(self):
        attempts, behavior = 0, self._settings["ErrorBehavior"]
        while True:
            reason = failure = None
            try:
                self._work()
                reason = "FULL_LOAD_ONLY_FINISHED"
            except Ended as ended:
                reason = str(ended)
            except Unreachable as error:
                attempts, most = attempts + 1, behavior["RecoverableErrorCount"]
                if self._stopping:
                    reason = "NORMAL"
                elif 0 <= most < attempts:
                    reason, failure = "RECOVERABLE_ERROR", str(error)
            except (Fatal, Refused) as error:
                reason, failure = "FATAL_ERROR", str(error)
            except Exception as error:  # a fault of the stage: the task must not look as if it ran
                traceback.print_exc()
                reason, failure = "FATAL_ERROR", f"the stage: {type(error).__name__}: {error}"
            finally:
                self._close()
            if reason:
                break
            with self._condition:
                self._condition.wait_for(lambda: self._stopping or self._injected, behavior["RecoverableErrorInterval"])
        self._journal.ended = datetime.now(UTC)
        self.failure, self.reason = failure, reason

    def _close(self):
        source, target, self._source, self._target = self._source, self._target, None, None
        for end in filter(None, (source, target)):
            end.close()

    def _work(self):
        order, journal = self._order, self._journal
        self._gate()
        self._source = source = self._engine.Source(order.source, self._settings)
        self._target = target = self._engine.Target(order.target, self._settings)
        if self._begins_again:
            self._begin_again()
            self._begins_again = False
        self._select()
        target.make_control_tables(self._validates)
        snapshot = None
        follows = order.kind != FULL_LOAD
        if follows:
            snapshot = source.open_changes(journal, order.name)
            source.learn(self._tables.values())
        if order.kind == FULL_LOAD or order.kind == BOTH and not journal.loaded:
            self._load_all(snapshot)
        for progress in journal.tables.values():
            if order.kind == CDC and progress.state not in (ERRORED, COMPLETED, ABSENT):
                progress.state = COMPLETED
        if follows:
            self._follow()
        while self._validates and self._validation.work():
            self._gate()

    def _begin_again(self):
        """Forgets all that has been done."""
        journal = self._journal
        self._source.begin_again(journal)
        journal.tables.clear()
        journal.loaded, journal.position = False, 0

    def _select(self):
        ranked = [(self._order.rank(*table.place), table) for table in self._source.tables()]
        chosen = [(rank, table) for rank, table in ranked if rank is not None]
        if not chosen and self._settings["ErrorBehavior"]["FailOnNoTablesCaptured"]:
            raise Fatal(_NO_TABLES)
        chosen.sort(key=lambda one: (-one[0], one[1].place))
        self._tables = {table.place: table.at(self._order.renamed(*table.place)) for _, table in chosen}
        for place in self._order.named:
            if place not in self._tables:
                self._journal.tables[place] = Progress(*place, ABSENT)
        for place, table in self._tables.items():
            progress = self._journal.tables.setdefault(place, Progress(*place))
            if self._validates:
                progress.stale = True
                progress.validation = PENDING if table.key else NO_KEY
            else:
                progress.validation = NOT_ENABLED
        self._validation = Validation(self._source, self._target, self)

    def _load_all(self, snapshot):
        journal = self._journal
        journal.load_began = journal.load_began or datetime.now(UTC)
        wanted = [table for place, table in self._tables.items() if journal.tables[place].state != COMPLETED]
        if snapshot is None and self._order.kind == BOTH:
            self._tolerate(wanted)
        self._load(wanted, snapshot)
        journal.loaded, journal.load_ended = True, datetime.now(UTC)
        tuning = self._settings["FullLoadSettings"]
        if self._order.kind == BOTH and tuning["StopTaskCachedChangesNotApplied"]:
            raise Ended("STOPPED_AFTER_FULL_LOAD")
        if self._order.kind == BOTH and tuning["StopTaskCachedChangesApplied"]:
            self._source.mark(f"{_CACHED} {id(self)}")

    def _load(self, tables, snapshot=None):
        """Loads tables, as many at a time as DMS does: what one of them writes, the others do not see."""
        most = max(1, self._settings["FullLoadSettings"]["MaxFullLoadSubTasks"])
        self._gate()
        self._source.begin_load(snapshot)
        try:
            for first in range(0, len(tables), most):
                self._load_together(tables[first : first + most])
        finally:
            self._source.end_load()
        if snapshot is None and self._order.kind != FULL_LOAD:
            self._source.mark(f"{_CONSISTENT} {id(self)}")

    def _load_together(self, tables):
        mode, loaded, prepared = self._settings["FullLoadSettings"]["TargetTablePrepMode"], [], []

        def finish():
            while loaded:
                progress, table, session, rows = loaded.pop(0)
                try:
                    session.run("COMMIT")
                    progress.rows = rows
                    progress.end(COMPLETED)
                    progress.stale = True
                except Refused as error:
                    self._suspend(table, error)
                finally:
                    session.close()

        try:
            for table in tables:
                self._gate()
                progress = self._journal.tables[table.place]
                progress.load(RELOADING if progress.state == RELOADING else LOADING)
                try:
                    self._target.prepare(table, mode)
                    prepared.append((progress, table))
                except Refused as error:
                    self._suspend(table, error)
            for progress, table in prepared:
                self._gate()
                if progress.state == ERRORED:
                    continue
                try:
                    session, rows = self._target.load(table, self._source.read(table), finish)
                    loaded.append((progress, table, session, rows))
                except Refused as error:
                    self._suspend(table, error)
            finish()
        finally:
            for *_, session, _ in loaded:
                session.close()

    def _suspend(self, table, error):
        """A table is left out from now on, unless the whole task is to stop."""
        progress = self._journal.tables[table.place]
        progress.errors += 1
        progress.end(ERRORED)
        if self._settings["ErrorBehavior"]["TableErrorPolicy"] == "STOP_TASK":
            raise Fatal(f"Table {'.'.join(table.place)}: {error}")
        if self._settings["ControlTablesSettings"]["SuspendedTablesTableEnabled"]:
            self._target.note("awsdms_suspended_tables", self._order.name, table, "Table error")

    def _tolerate(self, tables):
        """Until a mark comes by, changes may be of rows that have been loaded with them."""
        for table in tables:
            self._tolerant[table.place] = f"{_CONSISTENT} {id(self)}"

    def _follow(self):
        capture = self._source.capture
        position = self._journal.position
        capture.start(self._order.position if self._order.position and not position else position)
        self._target.begin_changes()
        while True:
            self._gate()
            while self._wanted:
                self._reload(*self._wanted[0])
                self._wanted.pop(0)
            busy = self._validates and self._validation.is_due
            transaction = capture.next(_SOON if busy else _IDLE)
            if transaction:
                self._gate()
                self._apply(transaction)
                capture.confirm(transaction.position)
                self._journal.position = transaction.position or self._journal.position
            elif busy:
                self._validation.work()

    def _reload(self, places, validates_only):
        tables = [self._tables[place] for place in places if place in self._tables]
        if not validates_only:
            self._tolerate(tables)
            self._load(tables)
        for table in tables:
            self._journal.tables[table.place].stale = True

    def _apply(self, transaction):
        if transaction.mark:
            self._pass(transaction.mark)
        statements = []
        for change in transaction.changes:
            ddl = self._engine.ddl_of(change)
            if ddl:
                self._write(statements)
                statements = []
                self._alter(*ddl)
                continue
            place = change.schema, change.table
            table, progress = self._tables.get(place), self._journal.tables.get(place)
            if table is None or progress.state != COMPLETED or change.kind == "TRUNCATE":
                continue
            sql = self._target.statement(table, change)
            if sql is not None:
                progress.count(change.kind, applied=False)
                statements.append(((table, progress, change), sql))
        self._write(statements)

    def _write(self, statements):
        if not statements:
            return
        done = self._target.write(statements, False, self._failed)
        if done is None:
            done = self._target.write(statements, True, self._failed)
        for _, progress, change in done:
            progress.count(change.kind, applied=True)
            progress.stale = True

    def _failed(self, what, sql, error):
        """A change could not be written. What was loaded already is no error while that may be."""
        table, progress, change = what
        if table.place in self._tolerant and (error is None or error.state == self._engine.DUPLICATE):
            progress.count(change.kind, applied=True)  # with the load
            return
        policy = self._settings["ErrorBehavior"][_POLICIES[change.kind]]
        progress.stale = True
        if policy == "IGNORE_RECORD":
            return
        self._target.note("awsdms_apply_exceptions", self._order.name, table, sql, str(error or "0 rows affected"))
        if policy == "SUSPEND_TABLE":
            self._suspend(table, error)
        elif policy == "STOP_TASK":
            raise Fatal(f"Table {'.'.join(table.place)}: {error or '0 rows affected'}")

    def _alter(self, sql, schema):
        """A table was changed at the source by a statement in a schema."""
        found = _TABLE.search(sql)
        if not found:
            return
        names = [part.strip('"`') for part in re.findall(r'"[^"]+"|`[^`]+`|\w+', found.group(2))]
        place = tuple(names) if len(names) == 2 else (schema, names[0])
        table, progress = self._tables.get(place), self._journal.tables.get(place)
        if table is None or progress.state != COMPLETED:
            return
        progress.count("Ddls", applied=False)
        if self._settings["ChangeProcessingDdlHandlingPolicy"][_HANDLED[found.group(1).upper()]]:
            try:
                self._target.alter(sql, schema)
                progress.count("Ddls", applied=True)
            except Refused as error:
                self._suspend(table, error)
        for one in self._source.tables():
            if one.place == place:
                self._tables[place] = one.at(table.target)
                self._source.learn([one])

    def _pass(self, mark):
        """All up to a mark has been written."""
        self._tolerant = {place: waits for place, waits in self._tolerant.items() if waits != mark}
        self._validation.passed(mark)
        if mark == f"{_CACHED} {id(self)}":
            raise Ended("STOPPED_AFTER_CACHED_EVENTS")

    def _gate(self):
        """Goes on only if it may."""
        with self._condition:
            self._condition.wait_for(lambda: not self._paused or self._stopping or self._injected)
        if self._injected:
            message, self._injected = self._injected, None
            raise Fatal(message)
        if self._stopping:
            raise Ended("NORMAL")

    @property
    def tables(self):
        """The selected tables, each with its progress."""
        return [(table, self._journal.tables[place]) for place, table in self._tables.items()]

    @property
    def order(self):
        """What was asked for."""
        return self._order
