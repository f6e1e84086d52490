"""TCP connections that the embedder makes for a guest, as open file descriptions."""

from __future__ import annotations

import select
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Final, Protocol

from runtime_core.emscripten import constants as c
from runtime_core.emscripten.errno import Errno, ErrnoCode
from runtime_core.emscripten.files import Stream
from runtime_core.emscripten.nodes import Node

if TYPE_CHECKING:
    from runtime_core.emscripten.fs import FileSystem

S_IFSOCK: Final = 0o140000
MAX_WAIT_SECONDS: Final = 60.0
"""How long one call of a guest may wait for its peer; the guest sees ETIMEDOUT then."""
MAX_NAMES: Final = 4_096
"""Names of hosts that a guest may look up; each stands for an address of its own."""
_MAX_CHUNK: Final = 1 << 20
_NAMES_NETWORK: Final = (172, 29)
"""The addresses that stand for names are Emscripten's: 172.29.x.y."""


class Connection(Protocol):
    """What a granted connection must offer: the methods of :class:`socket.socket`, blocking."""

    def send(self, data: bytes, /) -> int:
        """Send some of the data; how much."""

    def recv(self, count: int, /) -> bytes:
        """Receive at most so many bytes, none at the end."""

    def fileno(self) -> int:
        """A descriptor that the host can wait for, or -1."""

    def shutdown(self, how: int, /) -> None:
        """Close one direction or both."""

    def close(self) -> None:
        """Close it."""


Connect = Callable[[str, int], Connection]
"""Connects to a host (a name or an address) and port; raises OSError to refuse."""

_CODES: Final[tuple[tuple[type[OSError], ErrnoCode], ...]] = (
    (ConnectionRefusedError, ErrnoCode.ECONNREFUSED),
    (ConnectionResetError, ErrnoCode.ECONNRESET),
    (BrokenPipeError, ErrnoCode.EPIPE),
    (PermissionError, ErrnoCode.EACCES),
    (BlockingIOError, ErrnoCode.EAGAIN),
    (TimeoutError, ErrnoCode.ETIMEDOUT),
)


def errno_of(error: OSError) -> ErrnoCode:
    """What the guest sees for an error of the host's socket."""
    return next((code for kind, code in _CODES if isinstance(error, kind)), ErrnoCode.EHOSTUNREACH)


class Names:
    """Addresses that stand for the names a guest looked up, so that connecting can give the name to the embedder."""

    __slots__ = ("_addresses", "_names")

    def __init__(self) -> None:
        self._addresses: dict[str, bytes] = {}
        self._names: dict[bytes, str] = {}

    def address_of(self, name: str) -> bytes | None:
        """The four bytes for a name; None where there are too many."""
        address = self._addresses.get(name)
        if address is None:
            number = len(self._addresses) + 1
            if number > MAX_NAMES or not name or len(name) > 253 or not name.isascii():
                return None
            # 172.29.1.0 is the first one, as in Emscripten
            address = bytes((*_NAMES_NETWORK, number & 0xFF, number >> 8))
            self._addresses[name] = address
            self._names[address] = name
        return address

    def host_of(self, address: bytes) -> str:
        """The name an address stands for, else the address as text."""
        return self._names.get(address) or ".".join(map(str, address))


class SocketStream(Stream):
    """A socket: unconnected, or with a connection."""

    __slots__ = ("_finished", "_local", "connection", "kind", "peer")

    def __init__(self, *, fs: FileSystem, kind: int, flags: int) -> None:
        super().__init__(fs=fs, node=Node(ino=-1, mode=S_IFSOCK | 0o777, time_ms=fs.now_ms()), flags=flags)
        fs.node_count += 1  # given back when it is released
        self.kind = kind
        self.connection: Connection | None = None
        self.peer: tuple[bytes, int] | None = None
        self._finished = False

    @property
    def seekable(self) -> bool:
        """Whether it has a position."""
        return False

    @property
    def blocking(self) -> bool:
        """Whether calls wait."""
        return not self.flags & c.O_NONBLOCK

    def connected(self) -> Connection:
        """The connection.

        Raises:
            Errno: ENOTCONN.
        """
        if self.connection is None:
            raise Errno(ErrnoCode.ENOTCONN)
        return self.connection

    def _read_sequential(self, count: int) -> bytes:
        return self.receive(count)

    def _write_sequential(self, data: bytes | memoryview) -> int:
        return self.transmit(bytes(data[:_MAX_CHUNK]))

    def receive(self, count: int) -> bytes:
        """At most ``count`` bytes.

        Raises:
            Errno: what the connection says; EAGAIN where nothing is there and the socket does not wait.
        """
        connection = self.connected()
        if self._finished:
            return b""
        self._wait(c.POLLIN)
        try:
            data = bytes(connection.recv(min(count, _MAX_CHUNK)))
        except OSError as error:
            raise Errno(errno_of(error)) from error
        self._finished = not data and count > 0
        return data[:count]

    def transmit(self, data: bytes) -> int:
        """Send some of ``data``.

        Raises:
            Errno: what the connection says; EAGAIN where there is no room and the socket does not wait.
        """
        connection = self.connected()
        self._wait(c.POLLOUT)
        try:
            sent = connection.send(data)
        except OSError as error:
            raise Errno(errno_of(error)) from error
        return min(max(int(sent), 0), len(data))

    def _wait(self, event: int) -> None:
        if wait_for([(self, event)], MAX_WAIT_SECONDS if self.blocking else 0.0):
            return
        raise Errno(ErrnoCode.ETIMEDOUT if self.blocking else ErrnoCode.EAGAIN)

    def events(self) -> int:
        """The events of poll that hold now."""
        return ready([(self, c.POLLIN | c.POLLOUT)], 0.0).get(id(self), 0)

    def shutdown(self, how: int) -> None:
        """Close one direction or both.

        Raises:
            Errno: ENOTCONN, or what the connection says.
        """
        try:
            self.connected().shutdown(how)
        except OSError as error:
            raise Errno(ErrnoCode.ENOTCONN) from error

    def dropped(self) -> None:
        """No descriptor refers to it any more."""
        connection, self.connection = self.connection, None
        if connection is not None:
            try:
                connection.close()
            except OSError:
                return


def ready(wanted: list[tuple[SocketStream, int]], seconds: float) -> dict[int, int]:
    """The events that hold of those wanted, by the stream's id; waits at most so many seconds for the first."""
    result: dict[int, int] = {}
    poller = select.poll()
    streams: dict[int, SocketStream] = {}
    for stream, events in wanted:
        descriptor = -1 if stream.connection is None else stream.connection.fileno()
        if stream.connection is None:
            result[id(stream)] = c.POLLOUT | c.POLLHUP
        elif descriptor < 0:
            result[id(stream)] = events & (c.POLLIN | c.POLLOUT)
        else:
            mask = (select.POLLIN if events & c.POLLIN else 0) | (select.POLLOUT if events & c.POLLOUT else 0)
            poller.register(descriptor, mask)
            streams[descriptor] = stream
    if not streams:
        return result
    for descriptor, found in poller.poll(0 if result else min(seconds, MAX_WAIT_SECONDS) * 1000):
        events = c.POLLIN if found & (select.POLLIN | select.POLLHUP | select.POLLERR) else 0
        events |= c.POLLOUT if found & (select.POLLOUT | select.POLLERR) else 0
        result[id(streams[descriptor])] = events
    return result


def wait_for(wanted: list[tuple[SocketStream, int]], seconds: float) -> bool:
    """Wait until one of the wanted events holds, at most so many seconds."""
    deadline = time.monotonic() + seconds
    while True:
        found = ready(wanted, max(deadline - time.monotonic(), 0.0))
        if any(found.get(id(stream), 0) & (events | c.POLLHUP) for stream, events in wanted):
            return True
        if time.monotonic() >= deadline:
            return False
