"""A tiny HTTP server that speaks just enough S3 to be refused: it can ignore either kind of conditional write."""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


class CarelessStore(ThreadingHTTPServer):
    """Objects in memory; ``honours`` names the request headers it does not ignore."""

    def __init__(self, honours: frozenset[str]) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.honours = honours
        self.objects: dict[str, bytes] = {}
        self.lock = threading.Lock()

    @property
    def endpoint(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: CarelessStore

    def do_PUT(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", "0")))
        with self.server.lock:
            current = self.server.objects.get(self.path)
            if self._refuses(current):
                self._answer(412, b"<Error><Code>PreconditionFailed</Code></Error>")
                return
            self.server.objects[self.path] = body
        self._answer(200, b"", etag=_etag(body))

    def do_GET(self) -> None:
        body = self.server.objects.get(self.path)
        if body is None:
            self._answer(404, b"<Error><Code>NoSuchKey</Code></Error>")
        else:
            self._answer(200, body, etag=_etag(body))

    def do_DELETE(self) -> None:
        self.server.objects.pop(self.path, None)
        self._answer(204, b"")

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the base class names it so
        """Quiet."""

    def _refuses(self, current: bytes | None) -> bool:
        if "If-None-Match" in self.server.honours and self.headers.get("If-None-Match") == "*":
            return current is not None
        wanted = self.headers.get("If-Match")
        return (
            "If-Match" in self.server.honours and wanted is not None and (current is None or wanted != _etag(current))
        )

    def _answer(self, status: int, body: bytes, *, etag: str = "") -> None:
        self.send_response(status)
        if etag:
            self.send_header("ETag", etag)
        if status != 204:
            self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if status != 204:
            self.wfile.write(body)


def _etag(body: bytes) -> str:
    return f'"{hashlib.md5(body, usedforsecurity=False).hexdigest()}"'


@contextmanager
def running_careless_store(*honours: str) -> Iterator[CarelessStore]:
    store = CarelessStore(frozenset(honours))
    thread = threading.Thread(target=store.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    try:
        yield store
    finally:
        store.shutdown()
        store.server_close()
        thread.join()
