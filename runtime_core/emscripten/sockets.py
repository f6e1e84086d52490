"""Sockets: TCP clients over what the embedder grants (``IsolateOptions.connect``); without it no host is reachable.

As in Emscripten, names are resolved to addresses that only stand for them; the embedder gets the name and decides.
Structures are musl's for wasm32: ``sockaddr_in`` is family u16 @0, port (big-endian) u16 @2, address @4, 16 bytes in
all; ``addrinfo`` is flags @0, family @4, socktype @8, protocol @12, addrlen @16, addr @20, canonname @24, next @28.
"""

from __future__ import annotations

import ipaddress
from typing import TYPE_CHECKING, Final

from runtime_core.emscripten import constants as c
from runtime_core.emscripten.arguments import U32
from runtime_core.emscripten.connections import SocketStream, errno_of
from runtime_core.emscripten.errno import Errno, ErrnoCode
from schemas.errors import GuestFault

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from runtime_core.emscripten.host import EmscriptenHost

_AF_UNSPEC: Final = 0
_AF_INET: Final = 2
_SOCK_STREAM: Final = 1
_SOCK_DGRAM: Final = 2
_SOCK_TYPES: Final = 0xF
_SOCK_NONBLOCK: Final = 0o4000
_TCP: Final = 6
_UDP: Final = 17
_ADDRESS_BYTES: Final = 16
_EAI_NONAME: Final = -2
_EAI_FAIL: Final = -4
_EAI_FAMILY: Final = -6
_EAI_SERVICE: Final = -8
_EAI_MEMORY: Final = -10
"""Results of ``getaddrinfo`` (musl, netdb.h)."""
_MAX_TEXT: Final = 1_025
_MAX_TRANSFER: Final = 1 << 20


def create(host: EmscriptenHost, family: int, kind: int, protocol: int, *_: int) -> int:
    """``socket``: of the internet, version 4; datagrams can be named but not sent."""
    if family != _AF_INET:
        raise Errno(ErrnoCode.EAFNOSUPPORT)
    base = kind & _SOCK_TYPES
    if base not in (_SOCK_STREAM, _SOCK_DGRAM):
        raise Errno(ErrnoCode.EINVAL)
    if protocol not in (0, _TCP if base == _SOCK_STREAM else _UDP):
        raise Errno(ErrnoCode.EPROTONOSUPPORT)
    flags = c.O_RDWR | (c.O_NONBLOCK if kind & _SOCK_NONBLOCK else 0)
    stream = SocketStream(fs=host.fs, kind=base, flags=flags)
    try:
        return host.files.add(stream)
    except Errno:
        host.fs.node_count -= 1
        raise


def _socket(host: EmscriptenHost, fd: int) -> SocketStream:
    stream = host.files.get(fd)
    if not isinstance(stream, SocketStream):
        raise Errno(ErrnoCode.ENOTSOCK)
    return stream


def connect(host: EmscriptenHost, fd: int, addr: int, length: int, *_: int) -> int:
    """``connect``: what the embedder says. It waits also where the socket does not."""
    stream = _socket(host, fd)
    address, port = _read_address(host, addr, length)
    if stream.connection is not None:
        raise Errno(ErrnoCode.EISCONN)
    if stream.kind != _SOCK_STREAM:
        raise Errno(ErrnoCode.EOPNOTSUPP)
    if host.connect is None:
        raise Errno(ErrnoCode.EHOSTUNREACH)
    try:
        stream.connection = host.connect(host.names.host_of(address), port)
    except OSError as error:
        raise Errno(errno_of(error)) from error
    stream.peer = (address, port)
    host.connections.add(stream)
    return 0


def _read_address(host: EmscriptenHost, addr: int, length: int) -> tuple[bytes, int]:
    if length < _ADDRESS_BYTES:
        raise Errno(ErrnoCode.EINVAL)
    data = bytes(host.memory.read(addr, _ADDRESS_BYTES))
    if int.from_bytes(data[:2], "little") != _AF_INET:
        raise Errno(ErrnoCode.EAFNOSUPPORT)
    return data[4:8], int.from_bytes(data[2:4], "big")


def _sockaddr(address: bytes, port: int) -> bytes:
    return _AF_INET.to_bytes(2, "little") + port.to_bytes(2, "big") + address + bytes(8)


def _write_address(host: EmscriptenHost, addr: int, length_at: int, address: bytes, port: int) -> None:
    if not addr & U32:
        return
    room = host.memory.read_u32(length_at)
    host.memory.write(addr, _sockaddr(address, port)[:room])
    host.memory.write_u32(length_at, _ADDRESS_BYTES)


def peer_name(host: EmscriptenHost, fd: int, addr: int, length_at: int, *_: int) -> int:
    """``getpeername``."""
    stream = _socket(host, fd)
    if stream.peer is None or stream.connection is None:
        raise Errno(ErrnoCode.ENOTCONN)
    _write_address(host, addr, length_at, *stream.peer)
    return 0


def own_name(host: EmscriptenHost, fd: int, addr: int, length_at: int, *_: int) -> int:
    """``getsockname``: the guest's end has no address that means anything."""
    _socket(host, fd)
    _write_address(host, addr, length_at, bytes(4), 0)
    return 0


def option(host: EmscriptenHost, fd: int, level: int, name: int, value: int, length_at: int, *_: int) -> int:
    """``getsockopt``: the pending error (none), the type; everything else is unknown."""
    stream = _socket(host, fd)
    so_type, so_error = 3, 4
    if level != 1 or name not in (so_type, so_error):
        raise Errno(ErrnoCode.ENOPROTOOPT)
    host.memory.write_i32(value, stream.kind if name == so_type else 0)
    host.memory.write_i32(length_at, 4)
    return 0


def receive(host: EmscriptenHost, fd: int, buffer: int, count: int, _flags: int, addr: int, length_at: int) -> int:
    """``recvfrom``."""
    stream = _socket(host, fd)
    data = stream.receive(min(count & U32, _MAX_TRANSFER))
    host.memory.write(buffer, data)
    if stream.peer is not None and addr & U32:
        _write_address(host, addr, length_at, *stream.peer)
    return len(data)


def send(host: EmscriptenHost, fd: int, data: int, count: int, _flags: int, _addr: int, _length: int) -> int:
    """``sendto``."""
    stream = _socket(host, fd)
    if stream.kind != _SOCK_STREAM:
        raise Errno(ErrnoCode.EHOSTUNREACH)
    return stream.transmit(bytes(host.memory.read(data, min(count & U32, _MAX_TRANSFER))))


def unsupported(host: EmscriptenHost, fd: int, *_: int) -> int:
    """What makes a server, and messages with control data."""
    _socket(host, fd)
    raise Errno(ErrnoCode.EOPNOTSUPP)


def shut_down(host: EmscriptenHost, fd: int, how: int, result: int) -> int:
    """``shutdown``: 1 where this host handled it, with its result at ``result``."""
    try:
        stream = _socket(host, fd)
    except Errno:
        return 0
    try:
        stream.shutdown(how)
        host.memory.write_i32(result, 0)
    except Errno as error:
        host.memory.write_i32(result, -int(error.code))
    return 1


# ---- names


def _text(host: EmscriptenHost, addr: int) -> str:
    try:
        return str(host.memory.read_cstring(addr, _MAX_TEXT).decode("ascii", "replace"))
    except GuestFault:
        return ""


def _resolve(host: EmscriptenHost, name: str) -> bytes | None:
    try:
        return ipaddress.IPv4Address(name).packed
    except ValueError:
        return host.names.address_of(name)


def address_of(host: EmscriptenHost, node: int, service: int, hints: int, result: int) -> int:
    """``getaddrinfo``: one entry, with a number for the service."""
    family = kind = protocol = 0
    if hints & U32:
        family, kind, protocol = (host.memory.read_i32((hints & U32) + at) for at in (4, 8, 12))
    if family not in (_AF_UNSPEC, _AF_INET):
        return _EAI_FAMILY
    if not node & U32 and not service & U32:
        return _EAI_NONAME
    port = _text(host, service) if service & U32 else "0"
    if not (port.isascii() and port.isdigit() and int(port[:6]) <= 0xFFFF):
        return _EAI_SERVICE
    address = _resolve(host, _text(host, node)) if node & U32 else bytes((127, 0, 0, 1))
    if address is None:
        return _EAI_NONAME
    kind = kind or (_SOCK_DGRAM if protocol == _UDP else _SOCK_STREAM)
    protocol = protocol or (_UDP if kind == _SOCK_DGRAM else _TCP)
    entry, place = (int(host.instance.call("malloc", size)) & U32 for size in (32, _ADDRESS_BYTES))
    if not entry or not place:
        return _EAI_MEMORY
    host.memory.write(place, _sockaddr(address, int(port)))
    fields = (0, _AF_INET, kind, protocol, _ADDRESS_BYTES, place, 0, 0)
    host.memory.write(entry, b"".join(field.to_bytes(4, "little") for field in fields))
    host.memory.write_u32(result, entry)
    return 0


def name_of(
    host: EmscriptenHost, addr: int, length: int, node: int, node_length: int, service: int, service_length: int, _: int
) -> int:
    """``getnameinfo``: names that stand for addresses, else numbers."""
    try:
        address, port = _read_address(host, addr, length)
    except Errno:
        return _EAI_FAMILY
    for text, place, room in (
        (host.names.host_of(address), node, node_length),
        (str(port), service, service_length),
    ):
        data = text.encode("ascii") + b"\0"
        if place & U32 and room > 0:
            if len(data) > room:
                return _EAI_FAIL
            host.memory.write(place, data)
    return 0


def look_up(host: EmscriptenHost, name: int) -> int:
    """The address of a name as the number that its bytes make."""
    return int.from_bytes(_resolve(host, _text(host, name)) or bytes(4), "little")


def not_found(host: EmscriptenHost, *arguments: int) -> int:
    """A look-up without result: a null pointer, or "not a socket of mine"."""
    del host, arguments
    return 0


def not_asynchronous(host: EmscriptenHost, *arguments: int) -> None:
    """The hooks for sockets that suspend the guest: null lets the ordinary call proceed."""
    del host, arguments


SYSCALL_IMPORTS: Final[Mapping[str, Callable[..., object]]] = {
    "__syscall_socket": create,
    "__syscall_connect": connect,
    "__syscall_getpeername": peer_name,
    "__syscall_getsockname": own_name,
    "__syscall_getsockopt": option,
    "__syscall_recvfrom": receive,
    "__syscall_sendto": send,
    **{f"__syscall_{name}": unsupported for name in ("accept4", "bind", "listen", "recvmsg", "sendmsg")},
}
IMPORTS: Final[Mapping[str, Callable[..., object]]] = {
    "getaddrinfo": address_of,
    "getnameinfo": name_of,
    "getprotobyname": not_found,
    "_emscripten_lookup_name": look_up,
    "_try_fcntl64": not_found,
    "_try_shutdown": shut_down,
    "_maybe_connect_async": not_asynchronous,
    "_maybe_recvfrom_async": not_asynchronous,
    "_maybe_sendto_async": not_asynchronous,
    "_maybe_poll_async": not_asynchronous,
}
