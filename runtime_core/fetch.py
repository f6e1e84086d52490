"""A function to grant as ``IsolateOptions.fetch``: HTTP over urllib3, within a policy.

urllib3 does the protocol, TLS and decompression; it is what Python's HTTP clients are built on, and it lets its user
make the connections. That matters here: the address that was checked must be the one that is connected to, or a name
that resolves to something else the second time would lead around the policy.
"""

from __future__ import annotations

import ipaddress
import socket
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import urljoin, urlsplit

import urllib3
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.exceptions import HTTPError, NewConnectionError

from runtime_core.js.host_fetch import FetchFailedError, FetchReply, FetchRequest, Headers

__all__ = [
    "FetchFailedError",
    "FetchPolicy",
    "FetchReply",
    "FetchRequest",
    "Headers",
    "HttpFetch",
    "TcpConnect",
    "is_public",
]

_CHUNK: Final = 65_536
_REDIRECTS: Final = frozenset((301, 302, 303, 307, 308))
_HOP_BY_HOP: Final = frozenset(
    ("connection", "content-length", "expect", "host", "keep-alive", "te", "trailer", "transfer-encoding", "upgrade")
)
_CREDENTIALS: Final = frozenset(("authorization", "cookie", "proxy-authorization"))
_BODY_HEADERS: Final = frozenset(("content-encoding", "content-language", "content-location", "content-type"))
_PORTS: Final = {"http": 80, "https": 443}


class _ForbiddenAddressError(OSError):
    """The name of a host leads to an address that the policy forbids."""


@dataclass(frozen=True, kw_only=True, slots=True)
class FetchPolicy:
    """What a guest may do with the network.

    ``origins`` are the allowed ones, as ``https://example.org`` or ``http://localhost:8080``; a host may start with
    ``*.`` for all its subdomains, and ``*`` stands for every origin. Without ``allow_private_addresses`` only addresses
    of the public internet are connected to, whatever name or number the guest gave. Sizes are in bytes, after
    decompression; times in seconds for the whole exchange.
    """

    origins: tuple[str, ...] = ()
    allow_private_addresses: bool = False
    max_response_bytes: int = 64 << 20
    max_request_bytes: int = 16 << 20
    max_header_bytes: int = 64 << 10
    max_redirects: int = 20
    timeout_seconds: float = 60.0

    def allows(self, url: str) -> bool:
        """Whether a URL's origin is allowed."""
        scheme, host, port = _origin(url)
        return any(_matches(pattern, scheme, host, port) for pattern in self.origins)


def _origin(url: str) -> tuple[str, str, int]:
    """Scheme, host and port of a URL.

    Raises:
        FetchFailedError: it is no URL of HTTP.
    """
    parts = urlsplit(url)
    try:
        port = parts.port
    except ValueError as error:
        raise FetchFailedError("invalid port") from error
    if parts.scheme not in _PORTS or not parts.hostname:
        raise FetchFailedError("only http and https can be fetched")
    return parts.scheme, parts.hostname.lower().rstrip("."), port or _PORTS[parts.scheme]


def _matches(pattern: str, scheme: str, host: str, port: int) -> bool:
    if pattern == "*":
        return True
    allowed = urlsplit(pattern)
    name = (allowed.hostname or "").lower().rstrip(".")
    if allowed.scheme != scheme or (allowed.port or _PORTS.get(scheme)) != port:
        return False
    return host == name or (name.startswith("*.") and host.endswith(name[1:]))


class HttpFetch:
    """Fetches within a policy; one may serve many isolates and threads."""

    def __init__(self, policy: FetchPolicy, *, resolve: Callable[..., list[Any]] = socket.getaddrinfo) -> None:
        self.policy = policy
        self._resolve = resolve

    def __call__(self, request: FetchRequest) -> FetchReply:
        """Perform a request.

        Raises:
            FetchFailedError: the policy forbids it, or no answer can be had.
        """
        policy = self.policy
        deadline = time.monotonic() + policy.timeout_seconds
        _check_size("headers of the request", _header_size(request.headers), policy.max_header_bytes)
        _check_size("body of the request", len(request.body or b""), policy.max_request_bytes)
        redirected = False
        for _ in range(policy.max_redirects + 1):
            reply = self._once(request, deadline)
            location = next((value for name, value in reply.headers if name.lower() == "location"), None)
            if reply.status not in _REDIRECTS or location is None or request.redirect == "manual":
                return FetchReply(
                    status=reply.status,
                    reason=reply.reason,
                    headers=reply.headers,
                    body=reply.body,
                    url=request.url,
                    redirected=redirected,
                )
            if request.redirect == "error":
                raise FetchFailedError("unexpected redirect")
            request = _redirected(request, reply.status, location)
            redirected = True
        raise FetchFailedError("redirect count exceeded")

    def _once(self, request: FetchRequest, deadline: float) -> FetchReply:
        if request.cancelled():
            raise FetchFailedError("cancelled")
        if not self.policy.allows(request.url):
            scheme, host, port = _origin(request.url)
            raise FetchFailedError(f"the host does not allow requests to {scheme}://{host}:{port}")
        remaining = deadline - time.monotonic()
        if remaining <= 0:
            raise FetchFailedError("timeout", code="UND_ERR_CONNECT_TIMEOUT")
        try:
            with self._pool(request.url, remaining) as pool:
                return self._exchange(pool, request, deadline)
        except FetchFailedError:
            raise
        except (HTTPError, OSError, ValueError) as error:
            raise _failure(error) from error

    def _pool(self, url: str, remaining: float) -> HTTPConnectionPool:
        scheme, host, port = _origin(url)
        connect = self._connector()
        timeout = urllib3.Timeout(connect=remaining, read=remaining)
        if scheme == "http":
            return _PlainPool(host, port, timeout=timeout, retries=False, connector=connect)
        return _SecurePool(host, port, timeout=timeout, retries=False, connector=connect)

    def _connector(self) -> Callable[[str, int, float | None], socket.socket]:
        def connect(host: str, port: int, timeout: float | None) -> socket.socket:
            return connect_checked(
                host, port, timeout, allow_private=self.policy.allow_private_addresses, resolve=self._resolve
            )

        return connect

    def _exchange(self, pool: HTTPConnectionPool, request: FetchRequest, deadline: float) -> FetchReply:
        parts = urlsplit(request.url)
        target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        headers = urllib3.HTTPHeaderDict()
        for name, value in request.headers:
            if name.lower() not in _HOP_BY_HOP and name.lower() != "accept-encoding":
                headers.add(name, value)
        headers["accept-encoding"] = "gzip, deflate"
        if request.body is None and request.method in ("POST", "PUT", "PATCH"):
            headers["content-length"] = "0"
        response = pool.urlopen(
            request.method, target, body=request.body, headers=headers, redirect=False, preload_content=False
        )
        try:
            fields = tuple((name, value) for name, value in response.headers.items())
            _check_size("headers of the response", _header_size(fields), self.policy.max_header_bytes)
            body = bytearray()
            while chunk := response.read(_CHUNK, decode_content=True):
                body += chunk
                _check_size("body of the response", len(body), self.policy.max_response_bytes)
                if request.cancelled():
                    raise FetchFailedError("cancelled")
                if time.monotonic() > deadline:
                    raise FetchFailedError("timeout", code="UND_ERR_BODY_TIMEOUT")
            return FetchReply(status=response.status, reason=response.reason or "", headers=fields, body=bytes(body))
        finally:
            response.close()


def connect_checked(
    host: str,
    port: int,
    timeout: float | None,
    *,
    allow_private: bool,
    resolve: Callable[..., list[Any]] = socket.getaddrinfo,
) -> socket.socket:
    """Connect to a host by name or number; every address is checked before it is used.

    Raises:
        OSError: no address is allowed, or none answers.
    """
    problem: OSError | None = None
    for family, kind, protocol, _, address in resolve(host, port, 0, socket.SOCK_STREAM):
        if not allow_private and not is_public(address[0]):
            problem = problem or _ForbiddenAddressError(f"the host does not allow connections to the address of {host}")
            continue
        connection = socket.socket(family, kind, protocol)
        try:
            connection.settimeout(timeout)
            connection.connect(address)
        except OSError as error:
            connection.close()
            problem = error
            continue
        return connection
    raise problem or OSError(f"no address for {host}")


def is_public(text: str) -> bool:
    """Whether an IP address is one of the public internet, also when it is embedded in another one."""
    try:
        address = ipaddress.ip_address(text.partition("%")[0])
    except ValueError:
        return False
    if isinstance(address, ipaddress.IPv6Address):
        for embedded in (address.ipv4_mapped, address.sixtofour, _nat64(address)):
            if embedded is not None:
                return is_public(str(embedded))
        if address.teredo is not None:
            return False
    return address.is_global and not address.is_multicast


def _nat64(address: ipaddress.IPv6Address) -> ipaddress.IPv4Address | None:
    """The IPv4 address that a translator of the well-known prefix (RFC 6052) would connect to."""
    value = int(address)
    return ipaddress.IPv4Address(value & 0xFFFFFFFF) if value >> 32 == 0x64FF9B << 64 else None


class _Connecting:
    """What the two kinds of connections have in common: how they get their socket."""

    connector: Callable[[str, int, float | None], socket.socket]
    host: str
    port: int
    timeout: Any

    def _new_conn(self) -> socket.socket:
        timeout = self.timeout if isinstance(self.timeout, int | float) else None
        try:
            return self.connector(self.host, self.port, timeout)
        except OSError as error:
            raise NewConnectionError(self, str(error)) from error  # type: ignore[arg-type]  # both kinds are one


class _PlainConnection(_Connecting, HTTPConnection):
    def __init__(self, *args: Any, connector: Callable[..., socket.socket], **kwargs: Any) -> None:
        self.connector = connector
        super().__init__(*args, **kwargs)


class _SecureConnection(_Connecting, HTTPSConnection):
    def __init__(self, *args: Any, connector: Callable[..., socket.socket], **kwargs: Any) -> None:
        self.connector = connector
        super().__init__(*args, **kwargs)


class _PlainPool(HTTPConnectionPool):
    ConnectionCls = _PlainConnection


class _SecurePool(HTTPSConnectionPool):
    ConnectionCls = _SecureConnection


def _redirected(request: FetchRequest, status: int, location: str) -> FetchRequest:
    """The request that follows a redirection (Fetch standard, HTTP-redirect fetch)."""
    url = urljoin(request.url, location)
    same_origin = _origin(url) == _origin(request.url)
    method, body, headers = request.method, request.body, request.headers
    to_get = method == "POST" if status in (301, 302) else status == 303 and method not in ("GET", "HEAD")
    if to_get:
        method, body = "GET", None
        headers = _without(headers, _BODY_HEADERS)
    if not same_origin:
        headers = _without(headers, _CREDENTIALS)
    return FetchRequest(
        method=method,
        url=url.partition("#")[0],
        headers=headers,
        body=body,
        redirect=request.redirect,
        cancelled=request.cancelled,
    )


def _without(headers: Headers, names: Iterable[str]) -> Headers:
    return tuple(entry for entry in headers if entry[0].lower() not in names)


def _header_size(headers: Headers) -> int:
    return sum(len(name) + len(value) + 4 for name, value in headers)


def _check_size(what: str, size: int, limit: int) -> None:
    if size > limit:
        raise FetchFailedError(f"the {what} has more than the {limit} bytes that the host allows")


_CODES: Final[tuple[tuple[type[BaseException], str], ...]] = (
    (ConnectionRefusedError, "ECONNREFUSED"),
    (ConnectionResetError, "ECONNRESET"),
    (BrokenPipeError, "EPIPE"),
    (socket.gaierror, "ENOTFOUND"),
    (TimeoutError, "ETIMEDOUT"),
)


def _failure(error: BaseException) -> FetchFailedError:
    """What the guest learns of a failure: the kind, and nothing of the host's network."""
    found: BaseException | None = error
    while found is not None:
        if isinstance(found, _ForbiddenAddressError):
            return FetchFailedError(str(found))
        for kind, code in _CODES:
            if isinstance(found, kind):
                return FetchFailedError(f"connection failed: {code}", code=code)
        found = found.__cause__ or found.__context__
    if isinstance(error, urllib3.exceptions.TimeoutError):
        return FetchFailedError("timeout", code="ETIMEDOUT")
    return FetchFailedError(f"the exchange failed: {type(error).__name__}")


class TcpConnect:
    """A function to grant as ``IsolateOptions.connect``: TCP to the given ``host:port`` pairs.

    A host may start with ``*.`` for all its subdomains; ``*`` as a port stands for all. Addresses are checked as for
    :class:`HttpFetch`.
    """

    def __init__(
        self,
        targets: Iterable[str],
        *,
        allow_private_addresses: bool = False,
        timeout_seconds: float = 30.0,
        resolve: Callable[..., list[Any]] = socket.getaddrinfo,
    ) -> None:
        self._targets = tuple(target.rpartition(":")[::2] for target in targets)
        self._allow_private = allow_private_addresses
        self._timeout = timeout_seconds
        self._resolve = resolve

    def __call__(self, host: str, port: int) -> socket.socket:
        """Connect.

        Raises:
            OSError: the target is not allowed (PermissionError), or does not answer.
        """
        name = host.lower().rstrip(".")
        if not any(self._allows(allowed, place, name, port) for allowed, place in self._targets):
            raise PermissionError(f"connections to {name}:{port} are not allowed")
        try:
            return connect_checked(name, port, self._timeout, allow_private=self._allow_private, resolve=self._resolve)
        except _ForbiddenAddressError as error:
            raise PermissionError(str(error)) from error

    @staticmethod
    def _allows(allowed: str, place: str, name: str, port: int) -> bool:
        if place not in ("*", str(port)):
            return False
        return name == allowed.lower() or (allowed.startswith("*.") and name.endswith(allowed[1:].lower()))
