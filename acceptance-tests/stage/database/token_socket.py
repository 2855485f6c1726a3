"""A socket on which MariaDB's plugins ask the stage who may get in; aws_authentication.c says how."""

import hmac
import socketserver
import threading
from hashlib import sha1

_SALT_BYTES = 20


class TokenSocket(socketserver.ThreadingUnixStreamServer):
    """Asks `check(address, user, token)` for every token, and for a master's login `password_of(address, user)`."""

    daemon_threads = True
    request_queue_size = 64

    def __init__(self, path, check, password_of):
        self.check, self.password_of = check, password_of
        super().__init__(str(path), _Handler)
        threading.Thread(target=self.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()


class _Handler(socketserver.StreamRequestHandler):
    timeout = 30

    def handle(self):
        address, user, question = self.rfile.read().split(b"\0", 2)
        address, user = address.decode(), user.decode(errors="replace")
        kind, data = question[:1], question[1:]
        if kind == b"T":
            good = self.server.check(address, user, data.decode(errors="replace"))
        else:
            password = self.server.password_of(address, user)
            salt, proof = data[:_SALT_BYTES], data[_SALT_BYTES:]
            good = password is not None and hmac.compare_digest(proof, native_proof(password, salt))
        self.wfile.write(b"Y" if good else b"N")


def native_proof(password, salt):
    """What a client of mysql_native_password sends who knows the password."""
    once = sha1(password.encode()).digest()
    mask = sha1(salt + sha1(once).digest()).digest()
    return bytes(a ^ b for a, b in zip(once, mask, strict=True))
