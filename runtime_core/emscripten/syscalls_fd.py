"""System calls on descriptors. They return a result, or raise :class:`Errno`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from runtime_core.emscripten import constants as c
from runtime_core.emscripten import layout
from runtime_core.emscripten.arguments import U32
from runtime_core.emscripten.connections import MAX_WAIT_SECONDS, SocketStream, wait_for
from runtime_core.emscripten.errno import Errno, ErrnoCode
from runtime_core.emscripten.nodes import Directory, Node

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from runtime_core.emscripten.host import EmscriptenHost

_WINDOW_ROWS: Final = 24
_WINDOW_COLUMNS: Final = 80
_TERMIOS_BYTES: Final = 60
_SETTABLE_FLAGS: Final = c.O_APPEND | c.O_NONBLOCK
_ALWAYS_REPORTED: Final = c.POLLERR | c.POLLHUP | c.POLLNVAL


def fstat64(host: EmscriptenHost, fd: int, buffer: int) -> int:
    """``fstat``."""
    layout.pack_stat(host.memory.view(buffer, layout.STAT_BYTES), host.files.get(fd).node)
    return 0


def fstatfs64(host: EmscriptenHost, fd: int, size: int, buffer: int) -> int:
    """``fstatfs``."""
    del size
    host.files.get(fd)
    host.memory.write(buffer, layout.pack_statfs(nodes=host.fs.next_ino))
    return 0


def dup(host: EmscriptenHost, fd: int) -> int:
    """``dup``."""
    return host.files.duplicate(fd)


def dup3(host: EmscriptenHost, fd: int, target: int, flags: int) -> int:
    """``dup3``."""
    del flags
    return host.files.duplicate_to(fd, target)


def pipe(host: EmscriptenHost, fds: int) -> int:
    """``pipe``: two descriptors, first the one to read from."""
    host.memory.view(fds, 8)
    reading, writing = host.files.open_pipe()
    host.memory.write_i32(fds, reading)
    host.memory.write_i32((fds & U32) + 4, writing)
    return 0


def fcntl64(host: EmscriptenHost, fd: int, command: int, varargs: int) -> int:
    """``fcntl``: duplication and flags; locks always succeed, since a guest has no second process."""
    stream = host.files.get(fd)
    if command in (c.F_DUPFD, c.F_DUPFD_CLOEXEC):
        return host.files.duplicate(fd, minimum=host.memory.read_i32(varargs))
    if command in (c.F_GETFD, c.F_SETFD, c.F_SETLK, c.F_SETLKW):
        return 0
    if command == c.F_GETFL:
        return stream.flags
    if command == c.F_SETFL:
        stream.flags = stream.flags & ~_SETTABLE_FLAGS | host.memory.read_i32(varargs) & _SETTABLE_FLAGS
        return 0
    if command == c.F_GETLK:
        host.memory.write_u16(host.memory.read_u32(varargs), c.F_UNLCK)
        return 0
    raise Errno(ErrnoCode.EINVAL)


def ioctl(host: EmscriptenHost, fd: int, request: int, varargs: int) -> int:
    """``ioctl``: what a terminal of fixed size answers; everything else is no terminal."""
    if not host.files.get(fd).is_terminal:
        raise Errno(ErrnoCode.ENOTTY)
    memory = host.memory
    if request == c.TCGETS:
        memory.write(memory.read_u32(varargs), bytes(_TERMIOS_BYTES))
    elif request == c.TIOCGPGRP:
        memory.write_i32(memory.read_u32(varargs), 0)
    elif request == c.TIOCGWINSZ:
        addr = memory.read_u32(varargs)
        memory.write_u16(addr, _WINDOW_ROWS)
        memory.write_u16(addr + 2, _WINDOW_COLUMNS)
    elif request not in _IGNORED_REQUESTS:
        raise Errno(ErrnoCode.EINVAL)
    return 0


_IGNORED_REQUESTS: Final = frozenset(
    {c.TCSETS, c.TCSETSW, c.TCSETSF, c.TCGETA, c.TCSETA, c.TCSETAW, c.TCSETAF, c.TCFLSH, c.TIOCSWINSZ}
)


def getdents64(host: EmscriptenHost, fd: int, buffer: int, size: int) -> int:
    """``getdents64``: as many whole entries as fit, from the position on, which counts entries of 280 bytes."""
    stream = host.files.get(fd)
    names = stream.entries()
    directory = stream.node
    if not isinstance(directory, Directory):
        raise Errno(ErrnoCode.ENOTDIR)
    buffer &= U32
    room = (size & U32) // layout.DIRENT_BYTES
    if room == 0:
        raise Errno(ErrnoCode.EINVAL)
    index = stream.position // layout.DIRENT_BYTES
    written = 0
    while index < len(names) and room:
        name = names[index]
        index += 1
        node = _entry_node(directory, name)
        if node is None:
            continue
        host.memory.write(buffer + written, layout.pack_dirent(name, node, offset=index * layout.DIRENT_BYTES))
        written += layout.DIRENT_BYTES
        room -= 1
    stream.position = index * layout.DIRENT_BYTES
    return written


def _entry_node(directory: Directory, name: str) -> Node | None:
    """The node of a listed name; None where it was removed since."""
    if name == ".":
        return directory
    if name == "..":
        return directory.parent or directory
    return directory.entries.get(name)


def fchdir(host: EmscriptenHost, fd: int) -> int:
    """``fchdir``."""
    host.fs.change_directory(host.files.get(fd).node)
    return 0


def fchmod(host: EmscriptenHost, fd: int, mode: int) -> int:
    """``fchmod``."""
    host.fs.change_mode(host.files.get(fd).node, mode)
    return 0


def fchown32(host: EmscriptenHost, fd: int, owner: int, group: int) -> int:
    """``fchown``: accepted and without effect."""
    del owner, group
    host.files.get(fd)
    return 0


def fdatasync(host: EmscriptenHost, fd: int) -> int:
    """``fdatasync``: content is in memory already."""
    host.files.get(fd)
    return 0


def fadvise64(host: EmscriptenHost, fd: int, offset: int, length: int, advice: int) -> int:
    """``posix_fadvise``: no advice helps here."""
    del offset, length, advice
    host.files.get(fd)
    return 0


def ftruncate64(host: EmscriptenHost, fd: int, size: int) -> int:
    """``ftruncate``."""
    stream = host.files.get(fd)
    if not stream.writable:
        raise Errno(ErrnoCode.EINVAL)
    host.fs.truncate(stream.node, size)
    return 0


def fallocate(host: EmscriptenHost, fd: int, mode: int, offset: int, length: int) -> int:
    """``posix_fallocate``: extend with zeros."""
    stream = host.files.get(fd)
    if mode:
        raise Errno(ErrnoCode.EOPNOTSUPP)
    if offset < 0 or length <= 0:
        raise Errno(ErrnoCode.EINVAL)
    if not stream.writable:
        raise Errno(ErrnoCode.EBADF)
    if offset + length > stream.node.size:
        host.fs.truncate(stream.node, offset + length)
    return 0


def _wait_for_sockets(host: EmscriptenHost, entries: bytes, timeout: int) -> None:
    """Wait until a connection is ready, unless another descriptor is."""
    wanted = []
    for at in range(0, len(entries), 8):
        fd = int.from_bytes(entries[at : at + 4], "little", signed=True)
        stream = host.files.get(fd) if host.files.is_open(fd) else None
        if isinstance(stream, SocketStream):
            wanted.append((stream, int.from_bytes(entries[at + 4 : at + 6], "little")))
        elif fd >= 0:
            return
    if wanted:
        wait_for(wanted, MAX_WAIT_SECONDS if timeout < 0 else min(timeout / 1000, MAX_WAIT_SECONDS))


def poll(host: EmscriptenHost, fds: int, count: int, timeout: int) -> int:
    """``poll`` of ``struct pollfd`` (fd i32, events i16, revents i16).

    It waits for connections only: nothing else outside of the guest could make a descriptor ready while the guest
    stands still.
    """
    fds &= U32
    if not 0 <= count <= host.fs.limits.open_files:
        raise Errno(ErrnoCode.EINVAL)
    if host.connections and timeout:
        _wait_for_sockets(host, bytes(host.memory.read(fds, 8 * count)), timeout)
    ready = 0
    view = host.memory.view(fds, 8 * count)
    for at in range(0, 8 * count, 8):
        fd = int.from_bytes(view[at : at + 4], "little", signed=True)
        wanted = int.from_bytes(view[at + 4 : at + 6], "little")
        events = 0
        if fd >= 0:
            events = host.files.get(fd).events() if host.files.is_open(fd) else c.POLLNVAL
            events &= wanted | _ALWAYS_REPORTED
        view[at + 6 : at + 8] = events.to_bytes(2, "little")
        ready += events != 0
    return ready


IMPORTS: Final[Mapping[str, Callable[..., object]]] = {
    "__syscall_fstat64": fstat64,
    "__syscall_fstatfs64": fstatfs64,
    "__syscall_dup": dup,
    "__syscall_dup3": dup3,
    "__syscall_pipe": pipe,
    "__syscall_fcntl64": fcntl64,
    "__syscall_ioctl": ioctl,
    "__syscall_getdents64": getdents64,
    "__syscall_fchdir": fchdir,
    "__syscall_fchmod": fchmod,
    "__syscall_fchown32": fchown32,
    "__syscall_fdatasync": fdatasync,
    "__syscall_fadvise64": fadvise64,
    "__syscall_ftruncate64": ftruncate64,
    "__syscall_fallocate": fallocate,
    "__syscall_poll": poll,
}
