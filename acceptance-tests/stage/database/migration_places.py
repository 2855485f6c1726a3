"""Databases at the two ends of a migration, reached as DMS reaches them: over the network, with what an endpoint says."""

import socket
import ssl
import time
from collections.abc import Callable
from contextlib import closing, suppress
from dataclasses import dataclass

import pg8000.native
from pg8000.exceptions import DatabaseError, InterfaceError

from .hosting import literal

#: What a session of a migration calls itself.
APPLICATION = "AWS DMS"

_PATIENCE = 10  # seconds until a connection is there
_ATTEMPTS, _PAUSE = 20, 0.05  # seconds


class Unreachable(Exception):
    """Nobody answers, or the connection is lost: it may be there again later."""


class Refused(Exception):
    """The database refuses a login or a statement; `state` is its SQLSTATE or number."""

    def __init__(self, message, state=None):
        super().__init__(message)
        self.state = state


@dataclass
class Place:
    """One end of a migration. `credentials` are asked for at each login, and `address_of` for the address of the host."""

    family: str
    host: str
    port: int
    database: str
    ssl_mode: str
    certificate: str | None
    credentials: Callable
    address_of: Callable
    after_connect: str | None = None
    slot: str | None = None
    captures_ddl: bool = True
    ddl_schema: str = "public"
    maps_booleans: bool = False
    owner_runs: Callable | None = None

    def context(self):
        """The TLS context of this end; None if it is to be reached without TLS."""
        if self.ssl_mode == "none":
            return None
        context = ssl.create_default_context(cadata=self.certificate)
        context.check_hostname = self.ssl_mode == "verify-full"
        if self.ssl_mode == "require":
            context.verify_mode = ssl.CERT_NONE
        return context

    def connect(self):
        """A connection to the host. Unreachable if there is none."""
        address = self.address_of(self.host)
        if address is None:
            raise Unreachable(f'could not translate host name "{self.host}" to address: Name or service not known')
        try:
            connected = socket.create_connection((address, self.port), _PATIENCE)
        except OSError as error:
            raise Unreachable(f'connection to server at "{self.host}", port {self.port} failed: {error}') from error
        connected.settimeout(None)
        return connected


    def try_out(self):
        """Logs in and out again. Refused or Unreachable if that fails."""
        PostgresSession(self).close()


    def drop_slot(self, slot):
        """Removes a replication slot if that can be done."""
        with suppress(Refused, Unreachable):
            session = PostgresSession(self)
            with closing(session):
                session.run(f"SELECT pg_drop_replication_slot({literal(slot)})")

    def drop_slot_as_owner(self, slot):
        """The same, whoever uses the slot, and if the server is still there."""
        which = f"FROM pg_replication_slots WHERE slot_name = {literal(slot)}"
        for _ in range(_ATTEMPTS):
            try:
                self.owner_runs(f"SELECT pg_terminate_backend(active_pid) {which} AND active", "postgres")
                self.owner_runs(f"SELECT pg_drop_replication_slot(slot_name) {which}", "postgres")
                return
            except (ValueError, AttributeError, RuntimeError):
                time.sleep(_PAUSE)


class PostgresSession:
    """A session in PostgreSQL; `replicates`: one for replication."""

    def __init__(self, place, replicates=False):
        user, password = place.credentials()
        context = place.context()
        options = {"application_name": APPLICATION, "ssl_context": False if context is None else context}
        options |= {"replication": "database"} if replicates else {}
        self.user = user
        try:
            self._connection = pg8000.native.Connection(
                user, host=place.host, database=place.database, password=password, sock=place.connect(), **options
            )
        except (DatabaseError, InterfaceError, OSError) as error:
            raise told(error, at_login=True) from error

    @property
    def rows(self):
        """How many rows the last statement was about."""
        return self._connection.row_count

    def run(self, sql, stream=None):
        """The rows of an answer. Refused or Unreachable if there is none."""
        try:
            return self._connection.run(sql, stream=stream)
        except (DatabaseError, InterfaceError, OSError) as error:
            raise told(error) from error

    def begin(self, *sql):
        """Begins a transaction, with further statements in it."""
        for one in ("BEGIN", *sql):
            self.run(one)

    def socket(self):
        """The socket, for what is no plain statement."""
        return self._connection._usock

    def close(self):
        """Ends the session, whatever it is at."""
        try:
            self._connection.close()
        except (InterfaceError, OSError, ValueError, AttributeError):
            pass


def told(error, at_login=False):
    """What went wrong, from an exception of the client."""
    if isinstance(error, DatabaseError) and isinstance(error.args[0], dict):
        fields = error.args[0]
        message = f"{fields.get('S', 'ERROR')}: {fields.get('M', '')}"
        # Whoever shuts down or is told to end says so; the connection is lost then.
        if fields.get("C", "")[:3] == "57P" or fields.get("C", "")[:2] == "08":
            return Unreachable(message)
        return Refused(message, fields.get("C"))
    if at_login and isinstance(error, ssl.SSLError):
        return Refused(f"SSL error: {error}")
    return Unreachable(str(error) or type(error).__name__)
