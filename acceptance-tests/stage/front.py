"""The front: one loopback HTTP server for AWS's API and, under /stage/, for the control of the stage."""

import socket
import struct
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

CONTROL = "/stage/"


class Front(ThreadingHTTPServer):
    """Serves an Aws and a Control on a port of the kernel's choice."""

    daemon_threads = True
    request_queue_size = 128

    def __init__(self, aws, control):
        self.aws, self.control = aws, control
        super().__init__(("127.0.0.1", 0), _Handler)

    @property
    def url(self):
        """Where it listens."""
        return f"http://127.0.0.1:{self.server_address[1]}"

    def start(self):
        """Serves in a thread of its own."""
        threading.Thread(target=self.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    wbufsize = -1  # one packet per answer

    def do_POST(self):
        body = self.rfile.read(int(self.headers.get("content-length") or 0))
        if self.path.startswith(CONTROL):
            status, answer = self.server.control.handle(self.command, self.path, body)
            self._send(status, answer, "application/json", {})
            return
        headers = {name.lower(): value for name, value in self.headers.items()}
        outcome = self.server.aws.handle(self.command, self.path, headers, body)
        if outcome.answer is None:
            self._reset()
        else:
            answer = outcome.answer
            self._send(answer.status, answer.body, answer.content_type, answer.headers)

    do_GET = do_PUT = do_DELETE = do_HEAD = do_POST

    def _send(self, status, body, content_type, headers):
        self.send_response_only(status)
        for name, value in {**headers, "Content-Type": content_type, "Content-Length": str(len(body))}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)
        self.wfile.flush()

    def _reset(self):
        """Cuts the connection so that the client sees a reset, not an orderly end."""
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.close_connection = True
        self.connection.close()

    def log_message(self, *_):
        """The record is the log."""
