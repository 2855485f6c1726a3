"""Changes of a PostgreSQL database, from a replication slot with test_decoding, as DMS reads them."""

import re
import select
import socket
import struct
import time
from collections import deque
from contextlib import suppress
from dataclasses import dataclass, field

from .hosting import literal
from .migration_decoding import decode
from .migration_places import PostgresSession, Refused, Unreachable

#: The prefix of the messages by which a migration finds a position in the log again.
_MARK = "awsdms"
_MARKED = re.compile(rf"message: transactional: \d prefix: {_MARK}, sz: \d+ content:(.*)", re.DOTALL)
_OPTIONS = "\"include-xids\" '0', \"skip-empty-xacts\" '1'"
_AGAIN = 0.3  # seconds between two reports of the same position
_EPOCH = 946684800  # 2000-01-01


@dataclass
class Transaction:
    """Changes that belong together, the position behind them, and the mark that they are, if that is what they are."""

    changes: list = field(default_factory=list)
    position: int = 0
    mark: str = None


class Capture:
    """A replication connection, and the slot behind it."""

    def __init__(self, place, slot):
        self._place, self.slot = place, slot
        self._session = PostgresSession(place, replicates=True)
        self._socket, self._received, self._transaction = self._session.socket(), bytearray(), None
        self._ready, self._confirmed, self._told, self._reported = deque(), 0, 0, 0
        self._wake, self._woken = socket.socketpair()

    def create(self):
        """Makes the slot. Returns its position, and the name of a snapshot of what was there before."""
        rows = self._session.run(f'CREATE_REPLICATION_SLOT "{self.slot}" LOGICAL test_decoding EXPORT_SNAPSHOT')
        return rows[0][1], rows[0][2]

    def drop(self):
        """Removes the slot."""
        self._session.run(f'DROP_REPLICATION_SLOT "{self.slot}"')

    def start(self, position):
        """Begins to read, from where the slot is, or from a position further on."""
        if not isinstance(position, str):
            position = f"{position >> 32:X}/{position & 0xFFFFFFFF:X}"
        sql = f'START_REPLICATION SLOT "{self.slot}" LOGICAL {position} ({_OPTIONS})'.encode() + b"\0"
        self._send(b"Q", sql)
        kind, body = self._receive()
        while kind == b"N":
            kind, body = self._receive()
        if kind == b"E":
            raise _refusal(body)

    def next(self, patience):
        """The next transaction; None if there is none within so many seconds, or somebody has woken this up."""
        deadline = time.monotonic() + patience
        while not self._ready:
            self._report(force=False)
            rest = deadline - time.monotonic()
            if rest <= 0:
                return None
            if self._told != self._confirmed:
                rest = min(rest, _AGAIN)
            if not self._has_more():
                found, _, _ = select.select([self._socket, self._woken], [], [], rest)
                if self._woken in found:
                    self._woken.recv(64)
                    return None
                if not found:
                    continue
            self._read()
        return self._ready.popleft()

    def wake(self):
        """Ends a wait in `next`; from another thread."""
        with suppress(OSError):  # it has ended
            self._wake.send(b"!")

    def confirm(self, position):
        """All up to a position has been written to the target."""
        self._confirmed = max(self._confirmed, position)
        self._report(force=True)

    def close(self):
        """Ends the connection. The slot stays."""
        self._session.close()
        self._wake.close()
        self._woken.close()

    def _read(self):
        kind, body = self._receive()
        if kind == b"E":
            raise _refusal(body)
        if kind in b"cC":
            raise Unreachable("the replication connection has ended")
        if kind != b"d":
            return
        if body[:1] == b"k":
            end, _, wanted = struct.unpack("!QQB", body[1:18])
            if self._transaction is None and not self._ready:
                self._confirmed = max(self._confirmed, end)
            self._report(force=bool(wanted))
        elif body[:1] == b"w":
            self._line(struct.unpack("!Q", body[1:9])[0], body[25:].decode())

    def _line(self, position, line):
        if line.startswith("BEGIN"):
            self._transaction = Transaction()
        elif line.startswith("COMMIT"):
            done, self._transaction = self._transaction or Transaction(), None
            done.position = position
            self._ready.append(done)
        elif marked := _MARKED.fullmatch(line):
            # A transaction without changes of tables has neither beginning nor end.
            self._ready.append(Transaction(position=position, mark=marked.group(1)))
        elif self._transaction is not None and (change := decode(line)):
            self._transaction.changes.append(change)

    def _report(self, force):
        """Tells the server how far it need not keep its log any more."""
        now = time.monotonic()
        if not force and (self._told == self._confirmed or now - self._reported < _AGAIN):
            return
        moment = int((time.time() - _EPOCH) * 1_000_000)
        self._send(b"d", struct.pack("!cQQQQB", b"r", *[self._confirmed] * 3, moment, 0))
        self._told, self._reported = self._confirmed, now

    def _send(self, kind, body):
        try:
            self._socket.sendall(kind + struct.pack("!i", len(body) + 4) + body)
        except OSError as error:
            raise Unreachable(f"the replication connection is lost: {error}") from error

    def _has_more(self):
        """Whether something has been received already, of which the kernel does not tell any more."""
        return bool(self._received) or bool(getattr(self._socket, "pending", int)())

    def _receive(self):
        head = self._exactly(5)
        return head[:1], self._exactly(struct.unpack("!i", head[1:])[0] - 4)

    def _exactly(self, size):
        while len(self._received) < size:
            try:
                data = self._socket.recv(65536)
            except OSError as error:
                raise Unreachable(f"the replication connection is lost: {error}") from error
            if not data:
                raise Unreachable("the replication connection is lost")
            self._received += data
        taken = bytes(self._received[:size])
        del self._received[:size]
        return taken


def mark(session, name):
    """Puts a message into the log that `Capture` shows as a transaction with a mark."""
    session.run(f"SELECT pg_logical_emit_message(true, {literal(_MARK)}, {literal(name)})")


def _refusal(body):
    fields = {part[:1].decode(): part[1:].decode(errors="replace") for part in body.split(b"\0") if part}
    error = Refused(f"{fields.get('S', 'ERROR')}: {fields.get('M', '')}", fields.get("C"))
    return Unreachable(str(error)) if (error.state or "")[:3] == "57P" else error
