"""PostgreSQL's protocol, version 3, as far as the front reads and writes it."""

import struct

_VERSION_3 = 3
_TRUE = ("true", "yes", "on", "1")
_LOGICAL = "database"


async def read_startup(reader):
    """The first packet of a client: it has a length and no kind."""
    head = await reader.readexactly(4)
    return head + await reader.readexactly(int.from_bytes(head, "big") - 4)


def startup_fields(packet):
    """The fields of a startup packet; None for another one, such as the request to cancel a statement."""
    if int.from_bytes(packet[4:6], "big") != _VERSION_3:
        return None
    words = [word.decode(errors="replace") for word in packet[8:].split(b"\0")]
    return dict(zip(words[::2], words[1::2], strict=False))


def with_setting(packet, name, value):
    """A startup packet with one more setting for the session."""
    more = f"{name}\0{value}\0".encode()
    return (len(packet) + len(more)).to_bytes(4, "big") + packet[4:-1] + more + packet[-1:]


def is_replication(fields):
    """Whether a connection is one for replication. PostgreSQL takes a boolean in all its spellings."""
    wanted = fields.get("replication", "")
    return wanted == _LOGICAL or any(wanted and word.startswith(wanted.lower()) for word in _TRUE)


async def read_message(reader):
    """The kind and the body of a message."""
    head = await reader.readexactly(5)
    return head[:1], await reader.readexactly(int.from_bytes(head[1:], "big") - 4)


def message(kind, body):
    """A message as it is sent."""
    return kind + struct.pack("!i", len(body) + 4) + body


def texts(body, count):
    """The first texts of a body, each of which ends with a zero."""
    return [text.decode(errors="replace") for text in body.split(b"\0", count)[:count]]


def error(sqlstate, text, severity="ERROR"):
    """The body of an error."""
    fields = (("S", severity), ("V", severity), ("C", sqlstate), ("M", text))
    return b"".join(f"{name}{value}".encode() + b"\0" for name, value in fields) + b"\0"
