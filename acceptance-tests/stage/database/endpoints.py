"""Endpoints: real-form host names on loopback addresses of their own.

Each endpoint ends TLS with a certificate for its name and passes the rest on to a server, from its own address. That
is how the server's pg_hba.conf knows which endpoint a client used, and how one server stands behind many instances of
many accounts without ever having to reload: PostgreSQL loses logins under way when it does.
"""

import asyncio
import random
import socket
import ssl
import struct
import threading
from collections import deque
from collections.abc import Callable
from contextlib import contextmanager
from dataclasses import dataclass

#: How many endpoints a stage can have at the same time.
CAPACITY = 1000

_LEASE_PORT = 61431
_CHUNK = 65536
_PAUSE = 0.1  # seconds
_TLS_REQUEST = struct.pack("!ii", 8, 80877103)
_GSS_REQUEST = struct.pack("!ii", 8, 80877104)


@dataclass
class Endpoint:
    """One host name of an instance or cluster, and what is to be asked about that at each login."""

    account: str
    region: str
    host: str
    address: str
    port: int
    server: object
    resource_id: Callable
    iam_enabled: Callable
    tags: Callable
    parameters: Callable
    master: Callable
    is_up: Callable
    is_reader: Callable
    databases: tuple
    close: Callable
    disconnect: Callable


class AddressBlock:
    """A block 127.x.0.0/16 that no other stage on this machine uses; given back when the process ends."""

    def __init__(self):
        for first in random.sample(range(64, 127), 63):
            self._lease = socket.socket()
            try:
                self._lease.bind((f"127.{first}.255.254", _LEASE_PORT))
            except OSError:
                self._lease.close()
                continue
            self.network = f"127.{first}.0.0/16"
            self.server, self.without_tls = f"127.{first}.255.1", f"127.{first}.255.2"
            self.passwords, self.newer_server = f"127.{first}.255.3", f"127.{first}.255.4"
            self.endpoints = [f"127.{first}.{n // 250}.{n % 250 + 1}" for n in range(CAPACITY)]
            self.own_servers = deque(f"127.{first}.254.{n + 1}" for n in range(250))
            self._free = deque(self.endpoints)
            return
        raise RuntimeError("63 stages are running on this machine; there is no room for another")

    def take(self):
        """An address for an endpoint, the one longest unused."""
        if not self._free:
            raise RuntimeError(f"a stage has room for {CAPACITY} endpoints")
        return self._free.popleft()

    @staticmethod
    def master_address(address, by_password=False):
        """The address from which the front passes on the master of the instance with an endpoint's address, or one
        who has to show a password even if he is in rds_iam."""
        first, block, part, number = address.split(".")
        return f"{first}.{block}.{int(part) + (200 if by_password else 100)}.{number}"

    def give_back(self, address):
        """Frees the address of an endpoint that is closed."""
        self._free.append(address)

    def release(self):
        """Gives the whole block back."""
        self._lease.close()


class Relays:
    """Passes bytes between endpoints and a server, in one thread."""

    def __init__(self, server, source_without_tls):
        self._server, self._source_without_tls = server, source_without_tls
        self._connections, self._sessions = set(), {}
        self._loop = asyncio.new_event_loop()
        threading.Thread(target=self._loop.run_forever, daemon=True).start()

    def open(self, address, wanted_port, context):
        """Listens on an address with a TLS context, on the wanted port or, if that is taken, another; returns what
        `close` takes, and the port."""
        listener = bind(address, wanted_port)
        listener.setblocking(False)
        relay = asyncio.run_coroutine_threadsafe(self._accept(listener, address, context), self._loop)
        return relay, listener.getsockname()[1]

    def close(self, relay, address):
        """Listens no longer on an address, and ends the sessions there."""
        relay.cancel()
        self.disconnect(address)

    def end(self):
        """Ends the thread; nothing must be open any more."""
        self._loop.call_soon_threadsafe(self._loop.stop)

    def disconnect(self, address):
        """Ends the sessions at an address."""
        self._loop.call_soon_threadsafe(self._abort, address)

    def _abort(self, address):
        for writers in self._sessions.get(address, ()):
            for writer in writers:
                writer.transport.abort()

    @contextmanager
    def _session(self, address, *writers):
        """Notes that a session with connections to both sides is open."""
        sessions = self._sessions.setdefault(address, set())
        sessions.add(writers)
        try:
            yield
        finally:
            sessions.remove(writers)

    async def _accept(self, listener, address, context):
        with listener:
            while True:
                try:
                    client, _ = await self._loop.sock_accept(listener)
                except OSError:  # such as too many open files: the client waits in the queue
                    await asyncio.sleep(_PAUSE)
                    continue
                connection = self._loop.create_task(self._serve(client, address, context))
                self._connections.add(connection)
                connection.add_done_callback(self._connections.discard)

    async def _serve(self, client, address, context):
        try:
            first = await self._receive(client)
            while first == _GSS_REQUEST:
                await self._loop.sock_sendall(client, b"N")
                first = await self._receive(client)
            if first == _TLS_REQUEST:
                await self._loop.sock_sendall(client, b"S")
                first = b""
            else:  # the server refuses what comes from this address, in its own words
                address, context = self._source_without_tls, None
            reader, writer = await self._streams(client, context)
        except OSError:
            client.close()
            return
        await self._talk(reader, writer, address, first)

    async def _talk(self, reader, writer, address, first):
        """Passes everything on, from an address; `first` is what has been read of the client already."""
        try:
            server_reader, server_writer = await asyncio.open_connection(*self._server, local_addr=(address, 0))
        except OSError:
            writer.transport.abort()
            return
        server_writer.write(first)
        await asyncio.gather(_pass(reader, server_writer), _pass(server_reader, writer), return_exceptions=True)

    async def _receive(self, client):
        """The first eight bytes of a message before TLS."""
        received = b""
        while len(received) < 8:
            more = await self._loop.sock_recv(client, 8 - len(received))
            if not more:
                raise ConnectionError("the client went away")
            received += more
        return received

    async def _streams(self, client, context):
        reader = asyncio.StreamReader(loop=self._loop)
        protocol = asyncio.StreamReaderProtocol(reader, loop=self._loop)
        transport, _ = await self._loop.connect_accepted_socket(lambda: protocol, client, ssl=context)
        return reader, asyncio.StreamWriter(transport, protocol, reader, self._loop)


def bind(address, wanted_port):
    """A listening socket on an address: on the wanted port, or on one of the kernel's choice."""
    for port in (wanted_port, 0):
        listener = socket.socket()
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        # Inherited by connections: answers of several small packets must not wait for each other's acknowledgement.
        listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        try:
            listener.bind((address, port))
            listener.listen(128)
            return listener
        except OSError:
            listener.close()
    raise RuntimeError(f"cannot listen on {address}")


def server_context(path):
    """A TLS context for a server, from a file with its key and certificate."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.load_cert_chain(path)
    return context


async def _pass(reader, writer):
    try:
        while data := await reader.read(_CHUNK):
            writer.write(data)
            await writer.drain()
    finally:
        writer.close()
