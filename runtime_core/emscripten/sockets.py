"""Sockets: guests have none. Every call fails with an error that Python reports as an ordinary ``OSError``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from runtime_core.emscripten.errno import Errno, ErrnoCode

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from runtime_core.emscripten.host import EmscriptenHost

_EAI_FAIL: Final = -4
_EAI_FAMILY: Final = -6
"""Results of ``getaddrinfo`` (musl, netdb.h)."""


def create(host: EmscriptenHost, *arguments: int) -> int:
    """``socket``: no address family is supported."""
    del host, arguments
    raise Errno(ErrnoCode.EAFNOSUPPORT)


def on_descriptor(host: EmscriptenHost, fd: int, *arguments: int) -> int:
    """Any call on a socket: a descriptor that is open is something else."""
    del arguments
    host.files.get(fd)
    raise Errno(ErrnoCode.ENOTSOCK)


def address_of(host: EmscriptenHost, *arguments: int) -> int:
    """``getaddrinfo``: names cannot be resolved."""
    del host, arguments
    return _EAI_FAIL


def name_of(host: EmscriptenHost, *arguments: int) -> int:
    """``getnameinfo``."""
    del host, arguments
    return _EAI_FAMILY


def not_found(host: EmscriptenHost, *arguments: int) -> int:
    """A look-up without result: a null pointer, address 0, or "not a socket of mine"."""
    del host, arguments
    return 0


def not_asynchronous(host: EmscriptenHost, *arguments: int) -> None:
    """The hooks for sockets that suspend the guest: null lets the ordinary call proceed."""
    del host, arguments


_ON_DESCRIPTOR: Final = (
    "accept4",
    "bind",
    "connect",
    "getpeername",
    "getsockname",
    "getsockopt",
    "listen",
    "recvfrom",
    "recvmsg",
    "sendmsg",
    "sendto",
)
SYSCALL_IMPORTS: Final[Mapping[str, Callable[..., object]]] = {
    "__syscall_socket": create,
    **{f"__syscall_{name}": on_descriptor for name in _ON_DESCRIPTOR},
}
IMPORTS: Final[Mapping[str, Callable[..., object]]] = {
    "getaddrinfo": address_of,
    "getnameinfo": name_of,
    "getprotobyname": not_found,
    "_emscripten_lookup_name": not_found,
    "_try_fcntl64": not_found,
    "_try_shutdown": not_found,
    "_maybe_connect_async": not_asynchronous,
    "_maybe_recvfrom_async": not_asynchronous,
    "_maybe_sendto_async": not_asynchronous,
    "_maybe_poll_async": not_asynchronous,
}
