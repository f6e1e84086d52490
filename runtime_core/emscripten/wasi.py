"""The functions of ``wasi_snapshot_preview1`` that deal with descriptors, the environment and randomness.

They return a positive error number; results go through pointers.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from runtime_core.emscripten import layout
from runtime_core.emscripten.arguments import U32, read_vector
from runtime_core.emscripten.errno import Errno, ErrnoCode

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from runtime_core.emscripten.files import Stream
    from runtime_core.emscripten.host import EmscriptenHost

_RANDOM_MAX: Final = 1 << 16


def fd_close(host: EmscriptenHost, fd: int) -> int:
    """``close``."""
    host.files.close(fd)
    return 0


def fd_sync(host: EmscriptenHost, fd: int) -> int:
    """``fsync``: content is in memory already."""
    host.files.get(fd)
    return 0


def fd_seek(host: EmscriptenHost, fd: int, offset: int, whence: int, result: int) -> int:
    """``lseek``; the new position is stored as 64 bits."""
    host.memory.write_i64(result, host.files.get(fd).seek(offset, whence))
    return 0


def fd_fdstat_get(host: EmscriptenHost, fd: int, buffer: int) -> int:
    """The type of the file behind a descriptor."""
    stream = host.files.get(fd)
    host.memory.write(buffer, layout.pack_fdstat(stream.node, is_terminal=stream.is_terminal))
    return 0


def fd_read(host: EmscriptenHost, fd: int, iov: int, count: int, result: int) -> int:
    """``readv``."""
    return _read(host, host.files.get(fd), iov, count, result, None)


def fd_pread(host: EmscriptenHost, fd: int, iov: int, count: int, offset: int, result: int) -> int:
    """``preadv``."""
    return _read(host, host.files.get(fd), iov, count, result, _checked_offset(offset))


def fd_write(host: EmscriptenHost, fd: int, iov: int, count: int, result: int) -> int:
    """``writev``."""
    return _write(host, host.files.get(fd), iov, count, result, None)


def fd_pwrite(host: EmscriptenHost, fd: int, iov: int, count: int, offset: int, result: int) -> int:
    """``pwritev``."""
    return _write(host, host.files.get(fd), iov, count, result, _checked_offset(offset))


def _checked_offset(offset: int) -> int:
    if offset < 0:
        raise Errno(ErrnoCode.EINVAL)
    return offset


def _read(host: EmscriptenHost, stream: Stream, iov: int, count: int, result: int, offset: int | None) -> int:
    memory = host.memory
    memory.write_u32(result, 0)
    total = 0
    for addr, length in read_vector(memory, iov, count):
        target = memory.view(addr, length)
        try:
            data = stream.read(length, None if offset is None else offset + total)
        except Errno:
            if total:
                break
            raise
        target[: len(data)] = data
        total += len(data)
        if len(data) < length:
            break
    memory.write_u32(result, total)
    return 0


def _write(host: EmscriptenHost, stream: Stream, iov: int, count: int, result: int, offset: int | None) -> int:
    memory = host.memory
    memory.write_u32(result, 0)
    if not stream.writable:
        raise Errno(ErrnoCode.EBADF)
    total = 0
    for addr, length in read_vector(memory, iov, count):
        data = memory.view(addr, length)
        try:
            written = stream.write(data, None if offset is None else offset + total)
        except Errno:
            if total:
                break
            raise
        total += written
        if written < length:
            break
    memory.write_u32(result, total)
    return 0


def environ_sizes_get(host: EmscriptenHost, count_addr: int, bytes_addr: int) -> int:
    """How many variables there are and how many bytes they take."""
    strings = _environment(host)
    host.memory.write_u32(count_addr, len(strings))
    host.memory.write_u32(bytes_addr, sum(map(len, strings)))
    return 0


def environ_get(host: EmscriptenHost, pointers: int, buffer: int) -> int:
    """The variables, and the pointers to them."""
    memory = host.memory
    pointers &= U32
    buffer &= U32
    for string in _environment(host):
        memory.write(buffer, string)
        memory.write_u32(pointers, buffer)
        pointers += 4
        buffer += len(string)
    return 0


def _environment(host: EmscriptenHost) -> list[bytes]:
    return [f"{key}={value}".encode("utf-8", "surrogateescape") + b"\0" for key, value in host.environment.items()]


def random_get(host: EmscriptenHost, buffer: int, length: int) -> int:
    """``getentropy``, which the guest's C library calls for at most 256 bytes at a time."""
    length &= U32
    if length > _RANDOM_MAX:
        raise Errno(ErrnoCode.EINVAL)
    host.memory.view(buffer, length)[:] = host.entropy.read(length)
    return 0


IMPORTS: Final[Mapping[str, Callable[..., object]]] = {
    "fd_close": fd_close,
    "fd_sync": fd_sync,
    "fd_seek": fd_seek,
    "fd_fdstat_get": fd_fdstat_get,
    "fd_read": fd_read,
    "fd_pread": fd_pread,
    "fd_write": fd_write,
    "fd_pwrite": fd_pwrite,
    "environ_sizes_get": environ_sizes_get,
    "environ_get": environ_get,
    "random_get": random_get,
}
