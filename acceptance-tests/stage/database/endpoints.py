"""Endpoints: real-form host names on loopback addresses of their own, each a relay to a server.

A server sees a connection come from the endpoint's own address. That is how its pg_hba.conf knows which endpoint the
client used, so that one server can stand behind many instances of many accounts.
"""

import asyncio
import os
import random
import socket
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

_LEASE_PORT = 61431
_CHUNK = 65536


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
            self.network, self._first, self._count = f"127.{first}.0.0/16", first, 0
            return
        raise RuntimeError("63 stages are running on this machine; there is no room for another")

    def take(self):
        """The next address."""
        self._count += 1
        return f"127.{self._first}.{self._count // 250}.{self._count % 250 + 1}"

    def release(self):
        """Gives the block back."""
        self._lease.close()


@dataclass
class Endpoint:
    """One host name and port of an instance or cluster."""

    key: str
    account: str
    region: str
    host: str
    address: str
    port: int
    resource_id: Callable
    iam_enabled: Callable
    tags: Callable
    relay: object = field(default=None, repr=False)


class Relays:
    """Passes bytes between endpoints and a server, in one thread."""

    def __init__(self, server_address, server_port):
        self._server = server_address, server_port
        self._loop = asyncio.new_event_loop()
        threading.Thread(target=self._loop.run_forever, daemon=True).start()

    def open(self, address, wanted_port):
        """Listens on an address, on the wanted port or, if that is taken, another; returns relay and port."""
        listener = bind(address, wanted_port)

        async def begin():
            return await asyncio.start_server(lambda r, w: self._relay(r, w, address), sock=listener)

        relay = asyncio.run_coroutine_threadsafe(begin(), self._loop).result()
        return relay, listener.getsockname()[1]

    def close(self, relay):
        """Listens no longer; connections that are open stay."""
        self._loop.call_soon_threadsafe(relay.close)

    async def _relay(self, reader, writer, address):
        try:
            server_reader, server_writer = await asyncio.open_connection(*self._server, local_addr=(address, 0))
        except OSError:
            writer.transport.abort()
            return
        await asyncio.gather(_pass(reader, server_writer), _pass(server_reader, writer), return_exceptions=True)


class HostsFile:
    """The file that libnss-wrapper reads: names of endpoints and their addresses."""

    def __init__(self, path):
        self.path = Path(path)
        self._written = 0
        self.write({})

    def write(self, addresses):
        """Replaces the contents, and makes the change visible to processes that have read the file already."""
        lines = ["127.0.0.1 localhost", *(f"{address} {host}" for host, address in addresses.items())]
        temporary = self.path.with_suffix(".new")
        temporary.write_text("\n".join(lines) + "\n")
        # The library compares whole seconds, so that every version needs a second of its own.
        self._written = max(self._written + 1, int(temporary.stat().st_mtime))
        os.utime(temporary, (self._written, self._written))
        temporary.replace(self.path)


def bind(address, wanted_port):
    """A listening socket on an address: on the wanted port, or on one of the kernel's choice."""
    for port in (wanted_port, 0):
        listener = socket.socket()
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind((address, port))
            listener.listen(128)
            return listener
        except OSError:
            listener.close()
    raise RuntimeError(f"cannot listen on {address}")


async def _pass(reader, writer):
    try:
        while data := await reader.read(_CHUNK):
            writer.write(data)
            await writer.drain()
    finally:
        writer.close()
