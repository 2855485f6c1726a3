"""How a front ends the connections that it passes on."""

import socket
import struct
from contextlib import suppress

_RESET = struct.pack("ii", 1, 0)  # SO_LINGER: closing is a reset


class Cut(Exception):
    """A rule wants the client's connection to be cut."""


def reset(writer):
    """Ends a connection at once, as a reset for the other side; a connection that has gone already is none of it."""
    connection = writer.get_extra_info("socket")
    if connection is not None:
        with suppress(OSError):
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
    writer.transport.abort()
