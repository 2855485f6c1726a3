"""Changes of a MariaDB, from its binary log with rows, as DMS reads them."""

import re
import select
import socket
import struct
import time
from collections import deque
from contextlib import suppress
from decimal import Decimal

from .migration_capture import Transaction
from .migration_decoding import Change
from .migration_places import Unreachable

_DUMP = 0x12
_ROTATE, _QUERY, _TABLE_MAP, _XID = 4, 2, 19, 16
_WRITES, _UPDATES, _DELETES = (23, 30), (24, 31), (25, 32)
_HEADER = 19
#: Whole numbers and their sizes; what comes behind the name of a table about each kind of column.
_WHOLE = {1: 1, 2: 2, 3: 4, 8: 8, 9: 3}
_ABOUT = dict.fromkeys((4, 5, 17, 18, 19, 249, 250, 251, 252, 255), 1)
_ABOUT |= dict.fromkeys((15, 16, 246, 247, 248, 253, 254), 2)
#: Character sets that Python calls by another name.
_CODECS = {"utf8mb4": "utf-8", "utf8mb3": "utf-8", "latin1": "cp1252", "ucs2": "utf-16-be", "utf16": "utf-16-be"}
_NAME = re.compile(r"'((?:[^']|'')*)'")
_DIGITS = (0, 1, 1, 2, 2, 3, 3, 4, 4, 4)


class BinaryLog:
    """A connection that gets the log from a position, FILE:OFFSET."""

    def __init__(self, session, position, number):
        self._session, self._number = session, number
        self.file, self.offset = position.rsplit(":", 1)[0], int(position.rsplit(":", 1)[1])
        self._socket, self._received = session.socket(), bytearray()
        self._ready, self._marks, self._tables = deque(), deque(), {}
        self._transaction, self._columns, self._tail = Transaction(), {}, 0
        self._wake, self._woken = socket.socketpair()

    def learn(self, tables):
        """Takes note of the columns of tables: the log has no names."""
        self._columns |= {table.place: table.columns for table in tables}

    def start(self, _position):
        """Begins to read."""
        self._session.run("SET @master_binlog_checksum = @@global.binlog_checksum, @mariadb_slave_capability = 4")
        checksum = self._session.run("SELECT @@global.binlog_checksum")[0][0]
        self._tail = 0 if checksum == "NONE" else 4
        self._session.run("SET @master_heartbeat_period = 30000000000")
        body = struct.pack("<BIHI", _DUMP, self.offset, 0, self._number) + self.file.encode()
        try:
            self._socket.sendall(struct.pack("<I", len(body)) + body)
        except OSError as error:
            raise Unreachable(str(error)) from error

    def mark(self, position, name):
        """Lets a mark show once a position has been read."""
        self._marks.append((_order(position), name))

    def next(self, patience):
        """The next transaction; None if there is none within so many seconds, or somebody has woken this up."""
        deadline = time.monotonic() + patience
        while not self._ready:
            here = _order(f"{self.file}:{self.offset}")
            if self._marks and self._marks[0][0] <= here and not self._transaction.changes:
                return Transaction(position=0, mark=self._marks.popleft()[1])
            rest = deadline - time.monotonic()
            if rest <= 0:
                return None
            if not self._has_packet():
                if not getattr(self._socket, "pending", int)():
                    found, _, _ = select.select([self._socket, self._woken], [], [], rest)
                    if self._woken in found:
                        self._woken.recv(64)
                        return None
                    if not found:
                        continue
                self._receive()
                continue
            self._packet()
        return self._ready.popleft()

    def wake(self):
        """Ends a wait in `next`; from another thread."""
        with suppress(OSError):  # it has ended
            self._wake.send(b"!")

    def confirm(self, _position):
        """Nobody keeps the log for this."""

    def close(self):
        """Ends the connection."""
        self._session.close()
        self._wake.close()
        self._woken.close()

    def _receive(self):
        try:
            data = self._socket.recv(65536)
        except OSError as error:
            raise Unreachable(f"the binary log is lost: {error}") from error
        if not data:
            raise Unreachable("the binary log is lost")
        self._received += data

    def _has_packet(self):
        have = self._received
        return len(have) >= 4 and len(have) >= 4 + int.from_bytes(have[:3], "little")

    def _packet(self):
        size = int.from_bytes(self._received[:3], "little")
        body = bytes(self._received[4 : 4 + size])
        del self._received[: 4 + size]
        if body[:1] in (b"\xff", b"\xfe"):
            raise Unreachable(body[9:].decode(errors="replace") or "the binary log has ended")
        self._event(body[1:])

    def _event(self, event):
        _, kind, _, _, end, _ = struct.unpack("<IBIIIH", event[:_HEADER])
        data = event[_HEADER : len(event) - self._tail]
        if kind == _ROTATE:
            self.offset, self.file = struct.unpack("<Q", data[:8])[0], data[8:].decode().rstrip("\0")
            return
        if kind == _TABLE_MAP:
            self._map(data)
        elif kind in _WRITES + _UPDATES + _DELETES:
            self._rows(kind, data)
        elif kind == _XID:
            self._commit(end)
        elif kind == _QUERY:
            schema, sql = _statement(data)
            if sql.upper() not in ("BEGIN", "COMMIT"):
                self._transaction.changes.append(Change("DDL", schema, "", {}, {"sql": sql}))
            if sql.upper() != "BEGIN":
                self._commit(end)
        if end:
            self.offset = end

    def _commit(self, end):
        done, self._transaction = self._transaction, Transaction()
        done.position = f"{self.file}:{end}"
        self._ready.append(done)

    def _map(self, data):
        number, place = data[:6], 8
        names = []
        for _ in range(2):
            size = data[place]
            names.append(data[place + 1 : place + 1 + size].decode())
            place += size + 2
        count, place = _length(data, place)
        kinds, place = data[place : place + count], place + count
        _, place = _length(data, place)
        metas = []
        for kind in kinds:
            size = _ABOUT.get(kind, 0)
            # Of these two bytes the first is the more significant one.
            order = "big" if kind in (254, 246, 247, 248) else "little"
            metas.append(int.from_bytes(data[place : place + size], order))
            place += size
        self._tables[number] = (*names, list(zip(kinds, metas, strict=True)))

    def _rows(self, kind, data):
        schema, table, kinds = self._tables[data[:6]]
        columns = self._columns.get((schema, table))
        if columns is None or len(columns) != len(kinds):
            return
        place = 8
        if kind >= 30:
            place += int.from_bytes(data[8:10], "little")
        count, place = _length(data, place)
        size = (count + 7) // 8
        place += size * (2 if kind in _UPDATES else 1)
        while place < len(data):
            first, place = _row(data, place, kinds, columns)
            if kind in _UPDATES:
                second, place = _row(data, place, kinds, columns)
                change = Change("UPDATE", schema, table, first, second)
            elif kind in _DELETES:
                change = Change("DELETE", schema, table, first)
            else:
                change = Change("INSERT", schema, table, {}, first)
            self._transaction.changes.append(change)


def _statement(data):
    _, _, size, _, more = struct.unpack("<IIBHH", data[:13])
    schema, sql = data[13 + more :][:size], data[13 + more + size + 1 :]
    return schema.decode(), sql.decode(errors="replace")


def _order(position):
    file, _, offset = position.rpartition(":")
    return int(file.rpartition(".")[2]), int(offset)


def _length(data, place):
    first = data[place]
    if first < 251:
        return first, place + 1
    size = {252: 2, 253: 3, 254: 8}[first]
    return int.from_bytes(data[place + 1 : place + 1 + size], "little"), place + 1 + size


def _row(data, place, kinds, columns):
    size = (len(kinds) + 7) // 8
    nothing, place = data[place : place + size], place + size
    row = {}
    for index, ((kind, meta), column) in enumerate(zip(kinds, columns, strict=True)):
        if nothing[index // 8] >> index % 8 & 1:
            row[column.name] = None
            continue
        row[column.name], place = _value(data, place, kind, meta, column)
    return row, place


def _value(data, place, kind, meta, column):
    """A value as a text, or as bytes if the column has no characters; and where the next one begins."""
    if kind in _WHOLE:
        size = _WHOLE[kind]
        return str(
            int.from_bytes(data[place : place + size], "little", signed="unsigned" not in column.type)
        ), place + size
    if kind in (4, 5):
        size = 4 if kind == 4 else 8
        number = struct.unpack("<f" if kind == 4 else "<d", data[place : place + size])[0]
        return (f"{number:.9g}" if kind == 4 else repr(number)), place + size
    if kind == 246:
        return _decimal(data, place, meta >> 8, meta & 255)
    if kind in (15, 253):
        size = 1 if meta < 256 else 2
        return _text(data, place, size, column)
    if kind == 254:
        real, length = meta >> 8, meta & 255
        if real in (247, 248):
            return _named(
                int.from_bytes(data[place : place + length], "little"), real == 248, column.type
            ), place + length
        length |= ((real & 0x30) ^ 0x30) << 4
        return _text(data, place, 1 if length < 256 else 2, column)
    if kind in (249, 250, 251, 252, 255):
        return _text(data, place, meta, column)
    if kind == 16:
        size = (meta >> 8) + ((meta & 255) > 0)
        return data[place : place + size], place + size
    return _moment(data, place, kind, meta)


def _text(data, place, size, column):
    length = int.from_bytes(data[place : place + size], "little")
    value = data[place + size : place + size + length]
    if column.charset:
        value = value.decode(_CODECS.get(column.charset, column.charset))
    return value, place + size + length


def _named(number, is_set, told):
    names = [name.replace("''", "'") for name in _NAME.findall(told)]
    if is_set:
        return ",".join(name for index, name in enumerate(names) if number >> index & 1)
    return names[number - 1] if number else ""


def _moment(data, place, kind, meta):
    part = (meta + 1) // 2
    if kind == 10:
        number = int.from_bytes(data[place : place + 3], "little")
        return f"{number >> 9:04}-{number >> 5 & 15:02}-{number & 31:02}", place + 3
    if kind == 13:
        year = data[place]
        return str(year + 1900 if year else 0), place + 1
    size = {17: 4, 18: 5, 19: 3}.get(kind)
    if size is None:
        raise Unreachable(f"the stage does not read columns of the kind {kind}")
    number = int.from_bytes(data[place : place + size + part], "big")
    place += size + part
    if kind == 19:
        number -= 0x800000 << 8 * part
    sign, number = "-" if number < 0 else "", abs(number)
    number, fraction = number >> 8 * part, (number & (1 << 8 * part) - 1) * 100 ** (3 - part)
    tail = f".{fraction:06}"[: meta + 1] if meta else ""
    if kind == 17:
        moment = time.gmtime(number)
        return time.strftime("%Y-%m-%d %H:%M:%S", moment) + tail if number else "0000-00-00 00:00:00", place
    date = ""
    if kind == 18:
        days = (number - (1 << 39)) >> 17
        date, number = f"{(days >> 5) // 13:04}-{(days >> 5) % 13:02}-{days & 31:02} ", number & 0x1FFFF
    return f"{date}{sign}{number >> 12:02}:{number >> 6 & 63:02}:{number & 63:02}{tail}", place


def _decimal(data, place, digits, scale):
    """A number in groups of nine digits, the first bit of which is turned for its sign."""
    whole, part = digits - scale, scale
    sizes = [_DIGITS[whole % 9]] + [4] * (whole // 9) + [4] * (part // 9) + [_DIGITS[part % 9]]
    size = sum(sizes)
    raw = bytearray(data[place : place + size])
    negative = not raw[0] & 0x80
    raw[0] ^= 0x80
    if negative:
        raw = bytearray(byte ^ 0xFF for byte in raw)
    widths = [whole % 9] + [9] * (whole // 9) + [9] * (part // 9) + [part % 9]
    text, at = "", 0
    for one, width in zip(sizes, widths, strict=True):
        if width:
            text += f"{int.from_bytes(raw[at : at + one], 'big'):0{width}}"
        at += one
    number = Decimal(int(text or "0")).scaleb(-scale)
    return f"{'-' if negative and number else ''}{number:.{scale}f}", place + size
