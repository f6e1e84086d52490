"""HTTP requests and responses as plain values, between an embedder and a worker."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from typing import Final
from urllib.parse import unquote_to_bytes, urlsplit

from schemas.errors import ConfigError, WorkerError

_PORTS: Final = {"http": 80, "https": 443}
_MAX_HEADERS: Final = 1024
Headers = tuple[tuple[str, str], ...]
"""Names and values in order; a name may come several times. Characters are those of Latin-1."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Request:
    """An HTTP request. ``client`` is address and port of who sent it, where that is known.

    Raises:
        ConfigError: not an absolute http or https URL, or a name or value that no header has.
    """

    url: str
    method: str = "GET"
    headers: Headers = ()
    body: bytes = b""
    client: tuple[str, int] | None = None

    def __post_init__(self) -> None:
        try:
            parts = urlsplit(self.url)
            valid = parts.scheme in _PORTS and bool(parts.hostname) and self.url.isascii() and parts.port != 0
        except ValueError:
            valid = False
        if not valid:
            raise ConfigError("not a URL of a request", expected="http(s)://HOST/PATH", found=self.url[:120])
        if not self.method.isascii() or not self.method.isalpha():
            raise ConfigError("not a method of a request", found=repr(self.method)[:40])
        for name, value in self.headers:
            _check_header(name, value)

    def to_asgi(self) -> list[object]:
        """What the guest's support code makes a scope of."""
        parts = urlsplit(self.url)
        raw = parts.path or "/"
        headers: list[list[str]] = [[name, value] for name, value in self.headers]
        if not any(name.lower() == "host" for name, _ in self.headers):
            headers.insert(0, ["host", parts.netloc.rpartition("@")[2]])
        path = unquote_to_bytes(raw).decode("utf-8", "replace") if "%" in raw else raw
        server = [parts.hostname or "", parts.port or _PORTS[parts.scheme]]
        client = None if self.client is None else list(self.client)
        return [self.method.upper(), parts.scheme, path, raw, parts.query, headers, self.body, server, client]

    def to_fetch(self) -> list[object]:
        """What the guest's support code makes a Request of."""
        return [self.method.upper(), self.url, [[name, value] for name, value in self.headers], self.body]


@dataclass(frozen=True, kw_only=True, slots=True)
class Response:
    """An HTTP response, complete."""

    status: int
    headers: Headers = ()
    body: bytes = b""

    @classmethod
    def from_guest(cls, value: object) -> Response:
        """Read what the guest's support code gives: status, headers and body, which may be a text with a character for
        each byte. The guest is not trusted to give it in that form.

        Raises:
            WorkerError: it is not a response.
        """
        if isinstance(value, list) and len(value) == 3:
            status, headers, body = value
            if isinstance(body, str):
                with suppress(UnicodeEncodeError):  # then it is no body
                    body = body.encode("latin-1")
            if (
                isinstance(status, int)
                and 100 <= status <= 999
                and isinstance(headers, list)
                and len(headers) <= _MAX_HEADERS
                and isinstance(body, bytes)
                and all(_is_pair(item) for item in headers)
            ):
                return cls(status=status, headers=tuple((name, text) for name, text in headers), body=body)
        raise WorkerError(
            "the worker did not answer with an HTTP response", expected="status, headers, body", found=repr(value)[:120]
        )


def _is_pair(item: object) -> bool:
    return isinstance(item, list) and len(item) == 2 and all(isinstance(text, str) for text in item)


def _check_header(name: str, value: str) -> None:
    try:
        name.encode("ascii")
        value.encode("latin-1")
    except UnicodeEncodeError as error:
        raise ConfigError("not a header of a request", found=repr((name, value))[:120]) from error
    if not name or any(bad in name + value for bad in "\r\n\0") or ":" in name:
        raise ConfigError("not a header of a request", found=repr((name, value))[:120])
