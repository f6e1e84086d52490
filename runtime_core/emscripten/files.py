"""Open file descriptions and the table of descriptors that refer to them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from runtime_core.emscripten import constants as c
from runtime_core.emscripten.errno import Errno, ErrnoCode
from runtime_core.emscripten.lookup import LastLink
from runtime_core.emscripten.nodes import DeviceNode, Directory, Node, PipeNode

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from runtime_core.emscripten.devices import Device
    from runtime_core.emscripten.fs import FileSystem
    from runtime_core.emscripten.lookup import Location

_KEPT_FLAGS = ~(c.O_CREAT | c.O_EXCL | c.O_TRUNC | c.O_NOFOLLOW | c.O_CLOEXEC)
_LISTING_ENTRY_BYTES: Final = 64
"""What one name in a listing costs the host beside its characters."""


class Stream:
    """An open file description: descriptors made by ``dup`` share its position and flags."""

    __slots__ = ("_charged", "_listing", "device", "flags", "fs", "node", "position", "references")

    def __init__(self, *, fs: FileSystem, node: Node, flags: int, device: Device | None = None) -> None:
        self.fs = fs
        self.node = node
        self.flags = flags
        self.device = device
        self.position = 0
        self.references = 0
        self._listing: list[str] | None = None
        self._charged = 0

    @property
    def readable(self) -> bool:
        """Whether it was opened for reading."""
        return self.flags & c.O_ACCMODE != c.O_WRONLY and not self.flags & c.O_PATH

    @property
    def writable(self) -> bool:
        """Whether it was opened for writing."""
        return self.flags & c.O_ACCMODE != c.O_RDONLY and not self.flags & c.O_PATH

    @property
    def is_terminal(self) -> bool:
        """Whether it is a terminal."""
        return self.device is not None and self.device.is_terminal

    @property
    def seekable(self) -> bool:
        """Whether it has a position."""
        return self.device is None and not isinstance(self.node, PipeNode)

    def read(self, count: int, position: int | None = None) -> bytes | memoryview:
        """At most ``count`` bytes, from ``position`` or from the description's own, which then moves.

        Raises:
            Errno: EBADF where it is not open for reading, ESPIPE for a position in what has none.
        """
        if not self.readable:
            raise Errno(ErrnoCode.EBADF)
        if not self.seekable:
            if position is not None:
                raise Errno(ErrnoCode.ESPIPE)
            return self._read_sequential(count)
        data = self.fs.read_at(self.node, self.position if position is None else position, count)
        if position is None:
            self.position += len(data)
        return data

    def _read_sequential(self, count: int) -> bytes:
        if self.device is not None:
            return self.device.read(count)
        if isinstance(self.node, PipeNode):
            return self.node.pipe.read(count)
        raise Errno(ErrnoCode.EINVAL)

    def write(self, data: bytes | memoryview, position: int | None = None) -> int:
        """Write at ``position``, at the end (O_APPEND), or at the description's own position.

        Raises:
            Errno: EBADF where it is not open for writing, ESPIPE for a position in what has none.
        """
        if not self.writable:
            raise Errno(ErrnoCode.EBADF)
        if not self.seekable:
            if position is not None:
                raise Errno(ErrnoCode.ESPIPE)
            return self._write_sequential(data)
        if position is not None:
            return self.fs.write_at(self.node, position, data)
        if self.flags & c.O_APPEND:
            self.position = self.node.size
        written = self.fs.write_at(self.node, self.position, data)
        self.position += written
        return written

    def _write_sequential(self, data: bytes | memoryview) -> int:
        if self.device is not None:
            if len(data):
                self.node.mtime = self.node.ctime = self.fs.now_ms()
            return self.device.write(data)
        if isinstance(self.node, PipeNode):
            return self.node.pipe.write(data)
        raise Errno(ErrnoCode.EINVAL)

    def seek(self, offset: int, whence: int) -> int:
        """Move the position; returns the new one."""
        if not self.seekable:
            raise Errno(ErrnoCode.ESPIPE)
        if whence == c.SEEK_SET:
            position = offset
        elif whence == c.SEEK_CUR:
            position = self.position + offset
        elif whence == c.SEEK_END:
            position = offset + (0 if isinstance(self.node, Directory) else self.node.size)
        else:
            raise Errno(ErrnoCode.EINVAL)
        if not 0 <= position < 1 << 63:
            raise Errno(ErrnoCode.EINVAL)
        self.position = position
        if position == 0:
            self.drop_listing()
        return position

    def events(self) -> int:
        """The events of poll that hold now."""
        if isinstance(self.node, PipeNode):
            return self.node.pipe.events(readable=self.readable)
        return c.POLLIN | c.POLLOUT

    def entries(self) -> list[str]:
        """The names in the directory with ``.`` and ``..``, the same ones until the position goes back to 0.

        The list is charged to the file system's accounts, since a guest may hold as many as it has descriptors.
        """
        if not isinstance(self.node, Directory):
            raise Errno(ErrnoCode.ENOTDIR)
        if self._listing is None:
            dots = () if self.node.read_only else (".", "..")
            listing = [*dots, *self.node.entries]
            self._charged = sum(map(len, listing)) + _LISTING_ENTRY_BYTES * len(listing)
            self.fs.charge(self._charged)
            self._listing = listing
        return self._listing

    def dropped(self) -> None:
        """No descriptor refers to it any more."""

    def drop_listing(self) -> None:
        """Forget the names; the next call of :meth:`entries` reads the directory again."""
        if self._listing is not None:
            self._listing = None
            self.fs.charge(-self._charged)


class DescriptorTable:
    """Descriptors by number."""

    __slots__ = ("_devices", "_fs", "_pipe_ends", "_streams")

    def __init__(self, *, fs: FileSystem, devices: Mapping[str, Device]) -> None:
        self._fs = fs
        self._devices = devices
        self._streams: dict[int, Stream] = {}
        self._pipe_ends = 0

    def __iter__(self) -> Iterator[tuple[int, Stream]]:
        """Descriptors and their descriptions."""
        return iter(self._streams.items())

    def get(self, fd: int) -> Stream:
        """The description of ``fd``.

        Raises:
            Errno: EBADF where it is not open.
        """
        stream = self._streams.get(fd)
        if stream is None:
            raise Errno(ErrnoCode.EBADF)
        return stream

    def is_open(self, fd: int) -> bool:
        """Whether ``fd`` is open."""
        return fd in self._streams

    def open(self, path: str, flags: int, mode: int = 0, *, base: Directory | None = None) -> int:
        """``open``: the lowest free descriptor."""
        fd = self._free_from(0)
        fs = self._fs
        creates = bool(flags & c.O_CREAT)
        if creates and flags & c.O_EXCL:
            last_link = LastLink.ENTRY
        else:
            last_link = LastLink.KEEP if flags & c.O_NOFOLLOW else LastLink.FOLLOW
        location = fs.locate(path, base=base, last_link=last_link)
        if creates and location.must_be_directory:
            raise Errno(ErrnoCode.EISDIR)
        if location.node is None and creates:
            node: Node = fs.make_file(location, mode & 0o777)
            fs.change_mode(node, node.mode)  # as Emscripten does it: the guest can tell by the time of the change
        else:
            node = self._existing(location, flags)
        self.install(fd, self.stream_of(node, flags & _KEPT_FLAGS))
        return fd

    def _existing(self, location: Location, flags: int) -> Node:
        node = location.existing()
        if flags & c.O_CREAT and flags & c.O_EXCL:
            raise Errno(ErrnoCode.EEXIST)
        kind = node.mode & c.S_IFMT
        wants_write = flags & c.O_ACCMODE != c.O_RDONLY or bool(flags & c.O_TRUNC)
        if kind == c.S_IFLNK and not flags & c.O_PATH:
            raise Errno(ErrnoCode.ELOOP)
        if kind == c.S_IFDIR:
            if wants_write or flags & c.O_CREAT:
                raise Errno(ErrnoCode.EISDIR)
        elif flags & c.O_DIRECTORY:
            raise Errno(ErrnoCode.ENOTDIR)
        if wants_write and node.read_only:
            raise Errno(ErrnoCode.EROFS)
        if flags & c.O_TRUNC and kind == c.S_IFREG and not flags & c.O_PATH:
            self._fs.truncate(node, 0)
        return node

    def stream_of(self, node: Node, flags: int) -> Stream:
        """A new description of ``node``.

        Raises:
            Errno: ENODEV where the host implements no such device.
        """
        device = None
        if isinstance(node, DeviceNode):
            device = self._devices.get(node.device)
            if device is None:
                raise Errno(ErrnoCode.ENODEV)
        return Stream(fs=self._fs, node=node, flags=flags, device=device)

    def open_pipe(self) -> tuple[int, int]:
        """``pipe``: the descriptors to read from and to write to."""
        limits = self._fs.limits
        reading = self._free_from(0)
        writing = self._free_from(reading + 1)
        if self._pipe_ends >= 2 * limits.pipes:
            raise Errno(ErrnoCode.EMFILE)
        node = self._fs.make_pipe()
        self.install(reading, self.stream_of(node, c.O_RDONLY))
        self.install(writing, self.stream_of(node, c.O_WRONLY))
        return reading, writing

    def add(self, stream: Stream) -> int:
        """The lowest free descriptor, which refers to ``stream`` from now on."""
        fd = self._free_from(0)
        self.install(fd, stream)
        return fd

    def install(self, fd: int, stream: Stream) -> None:
        """Make ``fd`` refer to ``stream``; what it referred to is closed."""
        stream.references += 1
        if stream.references == 1:
            stream.node.opens += 1
            if isinstance(stream.node, PipeNode):
                self._pipe_ends += 1
                stream.node.pipe.readers += stream.readable
                stream.node.pipe.writers += stream.writable
        if fd in self._streams:
            self.close(fd)
        self._streams[fd] = stream

    def duplicate(self, fd: int, *, minimum: int = 0) -> int:
        """``dup`` and fcntl's F_DUPFD."""
        stream = self.get(fd)
        if minimum < 0:
            raise Errno(ErrnoCode.EINVAL)
        new = self._free_from(minimum)
        self.install(new, stream)
        return new

    def duplicate_to(self, fd: int, target: int) -> int:
        """``dup3``."""
        stream = self.get(fd)
        if fd == target:
            raise Errno(ErrnoCode.EINVAL)
        if not 0 <= target < self._fs.limits.open_files:
            raise Errno(ErrnoCode.EBADF)
        self.install(target, stream)
        return target

    def close(self, fd: int) -> None:
        """``close``.

        Raises:
            Errno: EBADF where it is not open.
        """
        stream = self.get(fd)
        del self._streams[fd]
        stream.references -= 1
        if stream.references:
            return
        stream.drop_listing()
        stream.dropped()
        node = stream.node
        if isinstance(node, PipeNode):
            self._pipe_ends -= 1
            node.pipe.readers -= stream.readable
            node.pipe.writers -= stream.writable
        node.opens -= 1
        self._fs.release(node)

    def _free_from(self, minimum: int) -> int:
        streams = self._streams
        limit = self._fs.limits.open_files
        fd = minimum
        while fd in streams:
            fd += 1
        if fd >= limit:
            raise Errno(ErrnoCode.EINVAL if minimum >= limit else ErrnoCode.EMFILE)
        return fd
