"""Decoding of what system calls are given: paths, directories and vectors of buffers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from runtime_core.emscripten import constants as c
from runtime_core.emscripten.errno import Errno, ErrnoCode
from runtime_core.emscripten.nodes import Directory
from schemas.errors import GuestFault

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
    try:
        return memory.read_cstring(addr, c.PATH_MAX - 1).decode("utf-8", "surrogateescape")
    except GuestFault:
        if (addr & U32) + c.PATH_MAX > memory.size:
            raise
        raise Errno(ErrnoCode.ENAMETOOLONG) from None


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
    words = memory.read_u32s(iov, 2 * count)
    return [(words[at], words[at + 1]) for at in range(0, 2 * count, 2) if words[at + 1]]
