"""Programs on loopback that take messages and heartbeats: a web server, and one that never answers."""

import json
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


class WebServer:
    """Takes what it is sent; `status` is what it answers."""

    def __init__(self) -> None:
        self.status = 200
        self.posted: list[dict] = []
        self.asked: list[str] = []
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self):
                body = self.rfile.read(int(self.headers["Content-Length"]))
                outer.posted.append(json.loads(body))
                self._answer()

            def do_GET(self):
                outer.asked.append(self.path)
                self._answer()

            def _answer(self):
                self.send_response(outer.status)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *_):
                """Nothing."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.port = self._server.server_port

    def channel(self, path="s3cr3tt0k3n") -> str:
        """As Apprise takes it."""
        return f"json://127.0.0.1:{self.port}/{path}"

    def titles(self) -> list[str]:
        return [one["title"] for one in self.posted]


@contextmanager
def web_server() -> Iterator[WebServer]:
    server = WebServer()
    thread = threading.Thread(target=server._server.serve_forever, args=(0.05,))
    thread.start()
    try:
        yield server
    finally:
        server._server.shutdown()
        thread.join()
        server._server.server_close()


@contextmanager
def silent_server() -> Iterator[int]:
    """Takes every connection and says nothing; gives its port."""
    with socket.create_server(("127.0.0.1", 0), backlog=64) as listener:
        yield listener.getsockname()[1]
