"""Databases at the two ends of a migration, reached as DMS reaches them: over the network, as an endpoint says."""

import socket
import ssl
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass

import pg8000.native
import pymysql.connections
from pg8000.exceptions import DatabaseError, InterfaceError
from pymysql.constants import CLIENT

#: What a session of a migration calls itself.
APPLICATION = "AWS DMS"

#: Errors of a client of MySQL that has lost the server, and of a server that ends.
_LOST = {0, 1053, 2003, 2006, 2013, 2055}
_PATIENCE = 10  # seconds until a connection is there


class Unreachable(Exception):
    """Nobody answers, or the connection is lost: it may be there again later."""


class Refused(Exception):
    """The database refuses a login or a statement; `state` is its SQLSTATE or number."""

    def __init__(self, message, state=None):
        super().__init__(message)
        self.state = state


@dataclass
class Place:
    """One end of a migration. `credentials` are asked for at each login, `address_of` for the address of the host, and
    `parameters` for those in force there. `owner_runs` is there if the server is the stage's: its owner runs SQL."""

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
    parameters: Callable = dict
    first: str | None = None

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

    def log_in(self):
        """A session there."""
        return (MySqlSession if self.family == "mysql" else PostgresSession)(self)


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
        with suppress(InterfaceError, OSError, ValueError, AttributeError):
            self._connection.close()


class MySqlSession:
    """A session in MySQL or MariaDB. Values are texts, or bytes where there are no characters."""

    def __init__(self, place):
        user, password = place.credentials()
        self._connection = pymysql.connections.Connection(
            user=user, password=password or "", host=place.host, database=place.database, charset="utf8mb4",
            ssl=place.context(), ssl_disabled=place.ssl_mode == "none", client_flag=CLIENT.FOUND_ROWS, conv={},
            autocommit=True, program_name=APPLICATION, defer_connect=True,
        )  # fmt: skip
        try:
            self._connection.connect(place.connect())
        except (pymysql.MySQLError, OSError) as error:
            raise _told_by_mysql(error) from error
        self.rows = 0
        for sql in ("SET time_zone = '+00:00'", place.first, place.after_connect):
            if sql:
                self.run(sql)

    def run(self, sql):
        """The rows of an answer."""
        try:
            with self._connection.cursor() as cursor:
                self.rows = cursor.execute(sql)
                return list(cursor.fetchall())
        except (pymysql.MySQLError, OSError) as error:
            raise _told_by_mysql(error) from error

    def begin(self, *sql):
        """Begins a transaction, with further statements in it."""
        for one in ("START TRANSACTION", *sql):
            self.run(one)

    def socket(self):
        """The socket, for what is no plain statement."""
        return self._connection._sock

    def close(self):
        """Ends the session, whatever it is at."""
        self._connection._force_close()


def _told_by_mysql(error):
    number = error.args[0] if error.args else None
    message = f"ERROR {number}: {error.args[1]}" if len(error.args) > 1 else str(error)
    if isinstance(error, OSError) or not isinstance(number, int) or number in _LOST:
        return Unreachable(message)
    return Refused(message, number)


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
