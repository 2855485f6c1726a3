"""The front before MariaDB: TLS with the client as the endpoint and with the server as a client, and every statement
seen, so that rules can strike it."""

import asyncio
import socket
import ssl
import traceback
from collections import deque
from contextlib import suppress
from dataclasses import dataclass, replace

from . import mysql_packets as mysql
from .connections import Cut, reset
from .endpoints import Relays

#: The name in the certificate of the server behind the front.
SERVER_NAME = "mariadb.stage"

_NOT_LOADED = (1524, "Plugin 'AWSAuthenticationPlugin' is not loaded")
_UNKNOWN_ERROR = 1105
_PIECE = 1 << 18  # bytes, more than arrive at once
_READ_ONLY = 1290
_IS_READ_ONLY = "The {} server is running with the --read-only option so it cannot execute this statement"


class MySqlFront(Relays):
    """Passes packets between endpoints and the server, in one thread."""

    def __init__(self, mariadb, authority, statements, endpoint_of):
        super().__init__((mariadb.address, mariadb.port), None)
        self._mariadb, self._statements, self._endpoint_of = mariadb, statements, endpoint_of
        self._context = ssl.create_default_context(cadata=authority.certificate().decode())

    async def _serve(self, client, address, context):
        client.setblocking(False)
        server = socket.socket()
        server.setblocking(False)
        server.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        ends = {"client": client.close, "server": server.close}
        try:
            session = await self._open(client, server, address, context, ends)
            if session:
                ends.clear()
                with self._session(address, *session.writers):
                    await session.run()
        except (OSError, asyncio.IncompleteReadError):
            pass
        except (RuntimeError, ValueError) as failure:
            with suppress(OSError):
                await self._loop.sock_sendall(client, mysql.error(0, _UNKNOWN_ERROR, f"the stage: {failure}"))
        except Exception:  # a fault of the stage: the client must not wait for ever
            traceback.print_exc()
        finally:
            for close in ends.values():
                close()

    async def _open(self, client, server, address, context, ends):
        """A session with the login packet passed on, or None for a client that the server does not want. `ends` is
        kept at what closes the two ends: a socket that asyncio has is not for others to close."""
        endpoint = self._endpoint_of(address)
        if endpoint is None:
            return None
        await self._loop.run_in_executor(None, self._equip, endpoint)
        server.bind((address, 0))
        await self._loop.sock_connect(server, self._server)
        greeting = await mysql.read_packet(self._exactly(server))
        if mysql.is_error(greeting[4:]):
            await self._loop.sock_sendall(client, greeting)
            return None
        await self._loop.sock_sendall(client, mysql.greeting_for_client(greeting))
        first = await mysql.read_packet(self._exactly(client))
        over_tls = mysql.asks_for_tls(first)
        if over_tls:
            await self._loop.sock_sendall(server, first)
        del ends["client"]
        client_side = await self._streams(client, context if over_tls else None)
        ends["client"] = client_side[1].transport.abort
        del ends["server"]
        server_side = await self._server_streams(server, over_tls)
        ends["server"] = server_side[1].transport.abort
        login = await mysql.read_packet(client_side[0].readexactly) if over_tls else first
        server_side[1].write(login)
        client = self._statements.session(mysql.user_of_login(login), mysql.application_of_login(login))
        return _Session(client_side, server_side, endpoint, client, self._statements)

    def equip(self, master):
        """Makes a master and its first database, unless they are there."""
        self._mariadb.await_ready()
        self._mariadb.equip(master)

    def _equip(self, endpoint):
        if not endpoint.is_up():
            raise ConnectionError("the instance is stopped")
        self._mariadb.await_ready()
        if master := endpoint.master():
            self._mariadb.equip(master)

    def _exactly(self, end):
        async def read(wanted):
            data = b""
            while len(data) < wanted:
                more = await self._loop.sock_recv(end, wanted - len(data))
                if not more:
                    raise ConnectionError("the other end went away")
                data += more
            return data

        return read

    async def _server_streams(self, server, over_tls):
        tls = {"ssl": self._context, "server_hostname": SERVER_NAME} if over_tls else {}
        return await asyncio.open_connection(sock=server, **tls)


@dataclass
class _Expected:
    """An answer that is to come, and what to do then."""

    sequence: int
    prepares: str | None = None
    user: str | None = None
    entry: dict | None = None
    rule: dict | None = None


class _Session:
    """One connection after its first packets."""

    def __init__(self, client_side, server_side, endpoint, client, statements):
        self._from_client, self._to_client = client_side
        self._from_server, self._to_server = server_side
        self._endpoint, self._client, self._statements = endpoint, client, statements
        self._expected, self._prepared = deque(), mysql.Prepared()
        self._client_is_gone = False

    @property
    def writers(self):
        """The connections to the client and to the server."""
        return self._to_client, self._to_server

    async def run(self):
        """Passes on until one end goes away or a rule cuts the connection."""
        answers, commands = asyncio.create_task(self._pass_answers()), asyncio.create_task(self._pass_commands())
        try:
            done, _ = await asyncio.wait((answers, commands), return_when=asyncio.FIRST_COMPLETED)
            if commands in done and self._expected and answers not in done:
                # What the client did not wait for takes effect nevertheless, and the record shall say so.
                self._client_is_gone = True
                if commands.exception():
                    reset(self._to_client)
                await asyncio.wait((answers,))
            self._end([task.exception() for task in (answers, commands) if task.done() and task.exception()])
        finally:
            for task in (answers, commands):
                task.cancel()
            self._to_client.close()
            self._to_server.close()

    def _end(self, failures):
        """Cuts both connections if a rule wants it; and after a fault of the stage, so that nobody waits for ever."""
        for failure in failures:
            if not isinstance(failure, Cut):
                traceback.print_exception(failure)
        if failures:
            reset(self._to_client)
            reset(self._to_server)

    async def _pass_commands(self):
        """From the client; ends when the client does."""
        try:
            while True:
                whole, payload, sequence = await mysql.read_message(self._from_client.readexactly)
                answer = await self._arrived(payload, sequence) if whole[3] == 0 and payload else None
                if answer:
                    self._to_client.write(answer)
                    await self._to_client.drain()
                else:
                    self._to_server.write(whole)
                    await self._to_server.drain()
        except (OSError, asyncio.IncompleteReadError):
            return

    async def _pass_answers(self):
        """From the server, in the pieces in which it comes: there are clients that rely on a small result to be there as
        a whole. Ends when the server does, or with the last answer that somebody waits for."""
        received = bytearray()
        try:
            while not self._client_is_gone or self._expected:
                piece = await self._from_server.read(_PIECE)
                if not piece:
                    return
                received += piece
                await self._pass_whole(received)
        except (OSError, asyncio.IncompleteReadError):
            return

    async def _pass_whole(self, received):
        """Hands on the packets that are there as a whole, and takes them out of what was received."""
        begin = end = 0
        for start, end in mysql.whole_packets(received):
            if self._expected and received[start + 3] == self._expected[0].sequence:
                expected = self._expected.popleft()
                if expected.rule:
                    await self._hand_on(received[begin:start])
                    begin = start
                await self._answered(expected, bytes(received[start + 4 : end]))
        await self._hand_on(received[begin:end])
        del received[:end]

    async def _hand_on(self, packets):
        if packets and not self._client_is_gone:
            self._to_client.write(bytes(packets))
            await self._to_client.drain()

    async def _arrived(self, payload, sequence):
        """Takes note of a command; returns the answer if the server is not to have it."""
        command, expected = payload[0], _Expected((sequence + 1) % 256)
        if command in (mysql.QUERY, mysql.EXECUTE, mysql.BULK_EXECUTE):
            text = payload[1:].decode(errors="replace") if command == mysql.QUERY else self._prepared.find(payload)
            expected.entry, expected.rule = self._statements.arrived(self._endpoint, self._client, text)
            refusal = await self._strike(expected.rule, text, expected.sequence)
            if refusal:
                expected.entry["answered"] = True
                return refusal
        elif command == mysql.PREPARE:
            expected.prepares = payload[1:].decode(errors="replace")
            self._prepared.begin(expected.prepares)
        elif command == mysql.CLOSE:
            self._prepared.close(payload)
        elif command == mysql.CHANGE_USER:
            expected.user = mysql.user_of_change(payload)
        if command not in mysql.WITHOUT_ANSWER:
            self._expected.append(expected)
        return None

    async def _strike(self, rule, text, sequence):
        """What happens before a statement; returns the answer of a statement that the server never sees."""
        fault = rule["fault"] if rule else None
        if fault == "cut":
            raise Cut
        if fault == "error":
            message = rule.get("message", "Injected by the stage")
            return mysql.error(sequence, rule.get("code", _UNKNOWN_ERROR), message, rule.get("sqlstate"))
        if fault == "delay" and rule.get("when") != "after":
            await asyncio.sleep(rule["seconds"])
        if self._endpoint.is_reader() and mysql.writes(text):
            product = "MariaDB" if getattr(self._endpoint.databases[0], "engine", None) == "mariadb" else "MySQL"
            return mysql.error(sequence, _READ_ONLY, _IS_READ_ONLY.format(product))
        if mysql.names_the_plugin(text) and not self._endpoint.iam_enabled():
            return mysql.error(sequence, *_NOT_LOADED)
        return None

    async def _answered(self, expected, payload):
        """Takes note of the first packet of an answer."""
        if expected.prepares is not None:
            number = mysql.statement_number(payload)
            if number is not None:
                self._prepared.add(number, expected.prepares)
        if expected.user is not None:
            self._changed(expected, payload)
        if expected.entry is None:
            return
        expected.entry["took_effect"] = not mysql.is_error(payload)
        expected.entry["answered"] = True
        rule = expected.rule or {}
        if rule.get("fault") == "lose_answer":
            await asyncio.sleep(rule.get("seconds", 0))
            raise Cut
        if rule.get("fault") == "delay" and rule.get("when") == "after":
            await asyncio.sleep(rule["seconds"])

    def _changed(self, expected, payload):
        """Takes note of an answer to a change of the user: only the last one decides."""
        if mysql.goes_on(payload):
            self._expected.appendleft(replace(expected, sequence=(expected.sequence + 2) % 256))
        elif mysql.is_ok(payload):
            self._client.user = expected.user
