"""The front before PostgreSQL: who has to show what at login, and every statement seen, so that rules can strike it.

A statement that a rule lets fail is replaced by one that the server does not understand, and the server's complaint by
the rule's: so the transaction and the protocol are where they would be.
"""

import asyncio
import re
import traceback
from collections import deque
from contextlib import suppress
from dataclasses import dataclass, field

from . import postgres_messages as wire
from . import readers
from .connections import Cut, reset
from .endpoints import Relays
from .hosting import Hosting

_NONSENSE = b"refused_by_the_stage"
_PATIENCE = 300  # seconds that a delay may last at most
#: What needs wal_level = logical, which the server has for everybody.
_LOGICAL = re.compile(
    r"\s*(CREATE_REPLICATION_SLOT\b.*|START_REPLICATION\s+SLOT\s+\S+\s+)\bLOGICAL\b"
    r"|.*\bpg_create_logical_replication_slot\b",
    re.IGNORECASE | re.DOTALL,
)
#: Functions for which a plain server wants REPLICATION, and RDS membership in rds_replication.
_OF_SLOTS = re.compile(r"\bpg_(\w+_replication_slot|replication_slot_advance|logical_slot_\w+)\b", re.IGNORECASE)
_TOO_LOW = {"sqlstate": "55000", "message": "logical decoding requires wal_level >= logical"}


class PostgresFront(Relays):
    """Passes messages between endpoints and the server, in one thread."""

    def __init__(self, postgres, block, aws, statements, endpoint_of):
        super().__init__((postgres.address, postgres.port), block.without_tls)
        self._postgres, self._block, self._aws, self._endpoint_of = postgres, block, aws, endpoint_of
        self._statements, self._hosting = statements, Hosting(postgres)

    def equip(self, master):
        """Makes a master and its first database, unless they are there."""
        self._postgres.await_ready()
        self._hosting.equip(master)

    def masters(self):
        """The names of all masters that have been made here."""
        return self._hosting.masters()

    async def _talk(self, reader, writer, address, first):
        endpoint = self._endpoint_of(address)
        if first or endpoint is None:  # without TLS, or an endpoint that is gone: the server has the word
            await super()._talk(reader, writer, address, first)
            return
        login = None
        try:
            startup = await wire.read_startup(reader)
            fields = wire.startup_fields(startup)
            if fields is None:
                await super()._talk(reader, writer, address, startup)
                return
            login = await self._loop.run_in_executor(None, self._admit, endpoint, fields)
            server_side = await asyncio.open_connection(*self._server, local_addr=(login.source, 0))
            server_side[1].write(wire.with_setting(startup, *readers.SETTING) if login.is_reader else startup)
            with self._session(address, writer, server_side[1]):
                client = self._statements.session(login.user, fields.get("application_name", ""))
                await _Session((reader, writer), server_side, login, client, self._statements).run()
        except _Refused as refusal:
            writer.write(wire.message(b"E", refusal.body))
            writer.close()
        except (OSError, asyncio.IncompleteReadError):
            writer.transport.abort()
        except Exception:  # a fault of the stage: the client must not wait for ever
            traceback.print_exc()
            writer.transport.abort()
        finally:
            if login:
                await login.over()

    def _admit(self, endpoint, fields):
        """Decides how a client has to log in, and makes ready what its login needs."""
        with self._aws.lock:
            if not endpoint.is_up():
                raise ConnectionError("the instance is stopped")
            login = Login(endpoint, fields.get("user", ""), self._aws, self._hosting, endpoint.address)
            master, replication = endpoint.master(), wire.is_replication(fields)
            parameters = endpoint.parameters()
            needed = ("rds.logical_replication", "rds.iam_auth_for_replication")
            tokens = endpoint.iam_enabled() and all(_is_on(parameters, name) for name in needed)
            login.is_reader = endpoint.is_reader()
        _unless_it_fails(self._postgres.await_ready)
        if master:
            _unless_it_fails(self._hosting.equip, master)
        if replication and parameters is None:
            raise _Refused("0A000", "RDS Proxy doesn't support replication connections")
        by_password = replication and not tokens
        if master and login.user == master.name:
            login.source, login.is_master = self._block.master_address(endpoint.address, by_password), True
        elif by_password:
            login.source = self._block.passwords
        if replication:
            login.borrowed = _unless_it_fails(self._hosting.lend_replication, login.user)
        return login


@dataclass
class Login:
    """A client that the front lets through: the address from which, and what is to be done once it is in."""

    endpoint: object
    user: str
    aws: object
    hosting: object
    source: str
    is_master: bool = False
    is_reader: bool = False
    borrowed: bool = False

    async def over(self):
        """The login has succeeded or failed."""
        if self.borrowed:
            self.borrowed = False
            await asyncio.get_running_loop().run_in_executor(None, self.hosting.take_replication_back, self.user)

    def lend(self):
        """Lets a statement about slots through. Returns whether something was lent for it."""
        return _unless_it_fails(self.hosting.lend_replication, self.user)

    def is_logical(self):
        """Whether the instance has rds.logical_replication in force."""
        with self.aws.lock:
            return _is_on(self.endpoint.parameters(), "rds.logical_replication")


class _Refused(Exception):
    """A login that the front refuses itself."""

    def __init__(self, sqlstate, text):
        super().__init__(text)
        self.body = wire.error(sqlstate, text, "FATAL")


@dataclass
class _Group:
    """What the server answers together: a simple query, or all up to a Sync."""

    entries: list = field(default_factory=list)
    closed: bool = False
    failed: bool = False
    late: dict | None = None
    error: bytes | None = None
    borrowed: bool = False

    def took_effect(self):
        """Notes it in the record."""
        for entry in self.entries:
            entry["took_effect"] = True

    def answered(self):
        """Notes in the record that the server is through with it."""
        for entry in self.entries:
            entry["answered"] = True


class _Session:
    """One connection after its startup packet."""

    def __init__(self, client_side, server_side, login, client, statements):
        self._from_client, self._to_client = client_side
        self._from_server, self._to_server = server_side
        self._login, self._client, self._statements = login, client, statements
        self._groups, self._prepared, self._portals = deque(), {}, {}
        self._is_ready = self._copied = False

    async def run(self):
        """Passes on until the server has nothing more to say: what the client did not wait for is done nevertheless."""
        requests = asyncio.create_task(self._until_the_end(self._pass_requests))
        try:
            await self._until_the_end(self._pass_answers)
        finally:
            self._to_client.close()
            self._to_server.close()
        await requests

    async def _until_the_end(self, work):
        try:
            await work()
        except (OSError, asyncio.IncompleteReadError):
            pass
        except Cut:
            reset(self._to_client)
        except Exception:  # a fault of the stage: the client must not wait for ever
            traceback.print_exc()
            self._to_client.transport.abort()
            self._to_server.transport.abort()
        if work == self._pass_requests and self._to_server.can_write_eof() and not self._to_server.is_closing():
            with suppress(OSError):  # the server has gone
                self._to_server.write_eof()

    async def _pass_requests(self):
        while True:
            kind, body = await wire.read_message(self._from_client)
            kind, body = await self._requested(kind, body)
            if self._login.is_reader and kind in b"QP":
                body = readers.held(body)
            self._to_server.write(wire.message(kind, body))
            await self._to_server.drain()

    async def _requested(self, kind, body):
        """Takes note of a message of the client; returns what the server is to have."""
        if kind == b"Q":
            group = self._group()
            group.closed = True
            refused = await self._arrived(group, wire.texts(body, 1)[0])
            return (b"Q", _NONSENSE + b"\0") if refused else (kind, body)
        if kind in b"PBDCHE":
            group = self._group()
        if kind == b"P":
            name, sql = wire.texts(body, 2)
            self._prepared[name] = sql
        elif kind == b"B":
            portal, name = wire.texts(body, 2)
            self._portals[portal] = self._prepared.get(name, "")
            # The server looks at the rights of the user as they are when this begins the transaction.
            await self._lend(group, self._portals[portal])
        elif kind == b"E":
            # Further rows of a portal are no further statement.
            sql = self._portals.pop(wire.texts(body, 1)[0], None)
            if sql is not None and await self._arrived(group, sql):
                return b"P", b"\0" + _NONSENSE + b"\0\0\0"
        elif kind in b"cf":
            self._copied = True
        elif kind == b"S":
            # While it copies, the server takes no notice of a Sync; the client sends another one after.
            if not (self._copied and self._groups and self._groups[-1].closed):
                self._group().closed = True
            self._copied = False
        elif kind == b"F":
            self._group().closed = True
        return kind, body

    def _group(self):
        if not self._groups or self._groups[-1].closed:
            self._groups.append(_Group())
        return self._groups[-1]

    async def _arrived(self, group, sql):
        """Notes a statement and does what a rule wants before it; returns whether the server must refuse it."""
        entry, rule = self._statements.arrived(self._login.endpoint, self._client, sql)
        group.entries.append(entry)
        fault = rule["fault"] if rule else None
        if fault == "cut":
            raise Cut
        if fault == "delay" and rule.get("when", "before") == "before":
            await asyncio.sleep(min(rule["seconds"], _PATIENCE))
        elif fault in ("delay", "lose_answer"):
            group.late = rule
        refusal = rule if fault == "error" else await self._refused(sql)
        if refusal:
            group.error = wire.error(refusal.get("sqlstate", "XX000"), refusal.get("message", "Injected by the stage"))
        else:
            await self._lend(group, sql)
        return refusal is not None

    async def _lend(self, group, sql):
        """Lets a statement about slots through."""
        if _OF_SLOTS.search(sql) and not group.borrowed:
            group.borrowed = await asyncio.get_running_loop().run_in_executor(None, self._login.lend)

    async def _refused(self, sql):
        """What RDS refuses and the server would do, as a rule; None for the rest."""
        if self._login.is_reader and (refused := readers.refused(sql)):
            return refused
        if not _LOGICAL.match(sql):
            return None
        logical = await asyncio.get_running_loop().run_in_executor(None, self._login.is_logical)
        return None if logical else _TOO_LOW

    async def _pass_answers(self):
        held = []
        while True:
            kind, body = await wire.read_message(self._from_server)
            if self._is_ready:
                body = await self._answered(kind, body)
            elif kind in b"ZE":
                await self._login.over()
                self._is_ready = kind == b"Z"
                body = body if self._is_ready else self._refusal(body)
            held.append(wire.message(kind, body))
            # Copies and streams go on only when the client has heard of their beginning.
            if kind in b"ZGHW" or not (self._groups and self._groups[0].late):
                await self._send(b"".join(held))
                held.clear()

    async def _answered(self, kind, body):
        """Takes note of an answer; returns what the client is to have."""
        group = self._groups[0] if self._groups else None
        if kind == b"E" and group:
            group.failed = True
            if group.error and _NONSENSE in body:  # not that of an earlier statement
                body = group.error
        elif kind == b"W" and group:
            group.took_effect()
            await self._lag(group)
        elif kind == b"Z" and group:
            if not group.failed:
                group.took_effect()
            group.answered()
            self._groups.popleft()
            if group.borrowed:
                self._login.borrowed = True
                await self._login.over()
            await self._lag(group)
        return body

    @staticmethod
    async def _lag(group):
        """Does what a rule wants after a statement, once."""
        rule, group.late = group.late, None
        if rule:
            await asyncio.sleep(min(rule.get("seconds", 0), _PATIENCE))
            if rule["fault"] == "lose_answer":
                raise Cut

    def _refusal(self, body):
        """The words for a login that failed: the server asks the stage for a master's password, as it does for a
        token, and on RDS it knows it."""
        if self._login.is_master and b"LDAP authentication failed" in body:
            return wire.error("28P01", f'password authentication failed for user "{self._login.user}"', "FATAL")
        return body

    async def _send(self, data):
        if self._to_client.is_closing():
            return
        try:
            self._to_client.write(data)
            await self._to_client.drain()
        except OSError:
            self._to_client.transport.abort()


def _unless_it_fails(work, *arguments):
    try:
        return work(*arguments)
    except (RuntimeError, ValueError) as error:
        raise _Refused("58000", f"the stage: {error}") from error


def _is_on(parameters, name):
    return bool(parameters) and parameters.get(name) == "1"
