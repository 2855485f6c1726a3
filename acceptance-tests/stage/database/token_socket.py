"""A socket on which MariaDB's plugin asks whether a token is good: ADDRESS NUL USER NUL TOKEN, answered Y or N."""

import socketserver
import threading


class TokenSocket(socketserver.ThreadingUnixStreamServer):
    """Asks `check(address, user, token)` for every connection."""

    daemon_threads = True
    request_queue_size = 64

    def __init__(self, path, check):
        self.check = check
        super().__init__(str(path), _Handler)
        threading.Thread(target=self.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()


class _Handler(socketserver.StreamRequestHandler):
    timeout = 30

    def handle(self):
        address, user, token = (part.decode(errors="replace") for part in self.rfile.read().split(b"\0", 2))
        self.wfile.write(b"Y" if self.server.check(address, user, token) else b"N")
