"""A responder for LDAP simple binds: how PostgreSQL asks, without root and in one piece, whether a token is good.

A DROP DATABASE sends a signal to all sessions of the server, and a bind that it interrupts fails: tests that share a server
leave their databases in it.
"""

import socketserver
import threading

_SEQUENCE, _INTEGER, _BIND, _BIND_RESPONSE, _SIMPLE = 0x30, 0x02, 0x60, 0x61, 0x80
_SUCCESS, _INVALID_CREDENTIALS = 0, 49


class Responder(socketserver.ThreadingTCPServer):
    """Asks `check(endpoint, user, password)` for every bind as `uid=USER,ou=ENDPOINT`."""

    daemon_threads = True
    request_queue_size = 64

    def __init__(self, check):
        self.check = check
        super().__init__(("127.0.0.1", 0), _Handler)
        threading.Thread(target=self.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()

    @property
    def port(self):
        """Where it listens, on 127.0.0.1."""
        return self.server_address[1]


class _Handler(socketserver.StreamRequestHandler):
    timeout = 30

    def handle(self):
        while (message := _read_element(self.rfile)) is not None:
            number, rest = _split(message)
            operation, body = rest[0], _split(rest)[0]
            if operation != _BIND:  # an unbind, which has no answer
                return
            _version, rest = _split(body)
            name, rest = _split(rest)
            method, password = rest[0], _split(rest)[0]
            user, _, endpoint = name.decode().removeprefix("uid=").rpartition(",ou=")
            good = method == _SIMPLE and self.server.check(endpoint, user, password.decode(errors="replace"))
            result = bytes([0x0A, 1, _SUCCESS if good else _INVALID_CREDENTIALS, 0x04, 0, 0x04, 0])
            self.wfile.write(_element(_SEQUENCE, _element(_INTEGER, number) + _element(_BIND_RESPONSE, result)))


def _read_element(stream):
    head = stream.read(2)
    if len(head) < 2:
        return None
    length = head[1]
    if length & 0x80:
        length = int.from_bytes(stream.read(length & 0x7F), "big")
    return stream.read(length)


def _split(data):
    """The content of the first element and what follows it."""
    length, start = data[1], 2
    if length & 0x80:
        start += length & 0x7F
        length = int.from_bytes(data[2:start], "big")
    return data[start : start + length], data[start + length :]


def _element(tag, content):
    return bytes([tag, len(content)]) + content
