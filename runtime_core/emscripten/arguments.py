"""Decoding of what system calls are given: paths, directories and vectors of buffers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from runtime_core.emscripten import constants as c
from runtime_core.emscripten.errno import Errno, ErrnoCode
from runtime_core.emscripten.nodes import Directory

if TYPE_CHECKING:
    from runtime_core.emscripten.guest import Memory
    from runtime_core.emscripten.host import EmscriptenHost
    from runtime_core.emscripten.lookup import Location

U32: Final = 0xFFFF_FFFF


def read_path(memory: Memory, addr: int) -> str:
    """A NUL-terminated path; bytes that are not UTF-8 survive as surrogates.

    Raises:
        Errno: ENAMETOOLONG where no NUL follows within PATH_MAX bytes.
        GuestFault: where the string leaves linear memory.
    """
    addr &= U32
    room = memory.size - addr
    if room > c.PATH_MAX:
        data = memory.read(addr, c.PATH_MAX)
        end = data.find(0)
        if end < 0:
            raise Errno(ErrnoCode.ENAMETOOLONG)
        return data[:end].decode("utf-8", "surrogateescape")
    return memory.read_cstring(addr, c.PATH_MAX).decode("utf-8", "surrogateescape")


def base_directory(host: EmscriptenHost, dirfd: int, path: str) -> Directory | None:
    """Where a relative path of the ``*at`` family starts; None for the working directory.

    Raises:
        Errno: EBADF or ENOTDIR for a relative path and a descriptor that cannot be its base.
    """
    if dirfd == c.AT_FDCWD or path[:1] == "/":
        return None
    node = host.files.get(dirfd).node
    if not isinstance(node, Directory):
        raise Errno(ErrnoCode.ENOTDIR)
    return node


def entry_at(host: EmscriptenHost, dirfd: int, path_addr: int) -> Location:
    """The entry, to be created, removed or renamed, that a directory descriptor and a path name."""
    path = read_path(host.memory, path_addr)
    return host.fs.entry(path, base=base_directory(host, dirfd, path))


def read_vector(memory: Memory, iov: int, count: int) -> list[tuple[int, int]]:
    """Addresses and lengths of ``struct iovec``; empty buffers are left out.

    Raises:
        Errno: EINVAL for more than IOV_MAX entries.
        GuestFault: for a vector outside of linear memory.
    """
    if not 0 <= count <= c.IOV_MAX:
        raise Errno(ErrnoCode.EINVAL)
    raw = memory.read(iov, 8 * count)
    vector = []
    for at in range(0, len(raw), 8):
        length = int.from_bytes(raw[at + 4 : at + 8], "little")
        if length:
            vector.append((int.from_bytes(raw[at : at + 4], "little"), length))
    return vector
