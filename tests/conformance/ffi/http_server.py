"""The server that HTTP cases talk to: in this process, for node and for this runtime alike."""

from __future__ import annotations

import contextlib
import gzip
import json
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Final
from urllib.parse import parse_qs, urlsplit

_MAX_BODY: Final = 1 << 22
_SHOWN: Final = ("authorization", "content-type", "content-length")


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        pass

    def _answer(self, status: int, body: bytes, kind: str = "text/plain", **headers: str) -> None:
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def _route(self) -> None:
        parts = urlsplit(self.path)
        first, _, rest = parts.path.strip("/").partition("/")
        body = self.rfile.read(min(int(self.headers.get("content-length") or 0), _MAX_BODY))
        handler = getattr(self, f"_do_{first}", None)
        if handler is None:
            self._answer(404, b"no such page")
        else:
            handler(rest, parse_qs(parts.query), body)

    do_GET = do_POST = do_PUT = do_DELETE = do_PATCH = do_HEAD = do_OPTIONS = _route

    def _do_text(self, rest: str, query: dict[str, list[str]], body: bytes) -> None:
        self._answer(200, "héllo wörld".encode(), "text/plain; charset=utf-8", X_Custom="yes")

    def _do_json(self, rest: str, query: dict[str, list[str]], body: bytes) -> None:
        self._answer(200, b'{"a": [1, 2, {"b": null}]}', "application/json")

    def _do_bytes(self, rest: str, query: dict[str, list[str]], body: bytes) -> None:
        self._answer(200, bytes(range(256)), "application/octet-stream")

    def _do_status(self, rest: str, query: dict[str, list[str]], body: bytes) -> None:
        self._answer(int(rest), b"" if rest in ("204", "304") else b"status " + rest.encode())

    def _do_redirect(self, rest: str, query: dict[str, list[str]], body: bytes) -> None:
        status, _, count = rest.partition("/")
        target = f"/redirect/{status}/{int(count) - 1}" if int(count) > 1 else "/echo"
        self._answer(int(status), b"moved", Location=target)

    def _do_echo(self, rest: str, query: dict[str, list[str]], body: bytes) -> None:
        headers = {
            name.lower(): value
            for name, value in self.headers.items()
            if name.lower() in _SHOWN or name.lower().startswith("x-")
        }
        shown = {"method": self.command, "query": query, "headers": headers, "body": body.decode("utf-8", "replace")}
        self._answer(200, json.dumps(shown, sort_keys=True).encode(), "application/json")

    def _do_cookies(self, rest: str, query: dict[str, list[str]], body: bytes) -> None:
        self.send_response(200)
        for name, value in (("Set-Cookie", "a=1"), ("Set-Cookie", "b=2"), ("X-Twice", "one"), ("X-Twice", "two")):
            self.send_header(name, value)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def _do_gzip(self, rest: str, query: dict[str, list[str]], body: bytes) -> None:
        self._answer(200, gzip.compress(b"packed " * 1000), Content_Encoding="gzip")

    def _do_zip(self, rest: str, query: dict[str, list[str]], body: bytes) -> None:
        import io
        import zipfile

        data = io.BytesIO()
        with zipfile.ZipFile(data, "w") as archive:
            archive.writestr("inside.txt", "from the archive")
        self._answer(200, data.getvalue(), "application/zip")

    def _do_slow(self, rest: str, query: dict[str, list[str]], body: bytes) -> None:
        time.sleep(int(rest) / 1000)
        self._answer(200, b"at last")

    def _do_broken(self, rest: str, query: dict[str, list[str]], body: bytes) -> None:
        self.close_connection = True


@contextlib.contextmanager
def serve() -> Iterator[str]:
    """Serve while the context lasts; gives the base URL."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Handler)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, name="HTTP cases", daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()
