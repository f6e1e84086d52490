"""System calls that take paths. They return a result, or raise :class:`Errno`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from runtime_core.emscripten import constants as c
from runtime_core.emscripten import layout
from runtime_core.emscripten.arguments import U32, base_directory, entry_at, read_path
from runtime_core.emscripten.errno import Errno, ErrnoCode
from runtime_core.emscripten.nodes import Node, SymbolicLink

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from runtime_core.emscripten.host import EmscriptenHost


def openat(host: EmscriptenHost, dirfd: int, path_addr: int, flags: int, varargs: int) -> int:
    """``openat``; the mode is the first variable argument."""
    path = read_path(host.memory, path_addr)
    mode = host.memory.read_i32(varargs) if varargs and flags & c.O_CREAT else 0
    return host.files.open(path, flags, mode & ~host.umask, base=base_directory(host, dirfd, path))


def _stat(host: EmscriptenHost, node: Node, buffer: int) -> int:
    layout.pack_stat(host.memory.view(buffer, layout.STAT_BYTES), node)
    return 0


def stat64(host: EmscriptenHost, path_addr: int, buffer: int) -> int:
    """``stat``."""
    return _stat(host, host.fs.resolve(read_path(host.memory, path_addr)), buffer)


def lstat64(host: EmscriptenHost, path_addr: int, buffer: int) -> int:
    """``lstat``."""
    return _stat(host, host.fs.resolve(read_path(host.memory, path_addr), follow=False), buffer)


def newfstatat(host: EmscriptenHost, dirfd: int, path_addr: int, buffer: int, flags: int) -> int:
    """``fstatat``."""
    return _stat(host, _node_at(host, dirfd, path_addr, flags), buffer)


def _node_at(host: EmscriptenHost, dirfd: int, path_addr: int, flags: int) -> Node:
    path = read_path(host.memory, path_addr)
    if not path and flags & c.AT_EMPTY_PATH:
        return host.fs.cwd if dirfd == c.AT_FDCWD else host.files.get(dirfd).node
    base = base_directory(host, dirfd, path)
    return host.fs.resolve(path, base=base, follow=not flags & c.AT_SYMLINK_NOFOLLOW)


def faccessat(host: EmscriptenHost, dirfd: int, path_addr: int, mode: int, flags: int) -> int:
    """``faccessat``: the guest is the superuser, so only read-only mounts refuse anything."""
    if mode & ~c.ACCESS_MODES:
        raise Errno(ErrnoCode.EINVAL)
    node = _node_at(host, dirfd, path_addr, flags)
    if mode & 2 and node.read_only:
        raise Errno(ErrnoCode.EROFS)
    return 0


def chdir(host: EmscriptenHost, path_addr: int) -> int:
    """``chdir``."""
    host.fs.change_directory(host.fs.resolve(read_path(host.memory, path_addr)))
    return 0


def getcwd(host: EmscriptenHost, buffer: int, size: int) -> int:
    """``getcwd``: the length with its NUL."""
    size &= U32
    if size == 0:
        raise Errno(ErrnoCode.EINVAL)
    path = host.fs.cwd_path().encode("utf-8", "surrogateescape") + b"\0"
    if size < len(path):
        raise Errno(ErrnoCode.ERANGE)
    host.memory.write(buffer, path)
    return len(path)


def mkdirat(host: EmscriptenHost, dirfd: int, path_addr: int, mode: int) -> int:
    """``mkdirat``."""
    host.fs.make_directory(entry_at(host, dirfd, path_addr), mode & ~host.umask)
    return 0


def mknodat(host: EmscriptenHost, dirfd: int, path_addr: int, mode: int, device: int) -> int:
    """``mknodat``: regular files only; a guest cannot make devices."""
    del device
    location = entry_at(host, dirfd, path_addr)
    kind = mode & c.S_IFMT
    if kind in (0, c.S_IFREG):
        host.fs.make_file(location, mode & 0o777 & ~host.umask)
        return 0
    location.vacant()
    raise Errno(ErrnoCode.EPERM if kind in (c.S_IFCHR, c.S_IFIFO, 0o060000, 0o140000) else ErrnoCode.EINVAL)


def unlinkat(host: EmscriptenHost, dirfd: int, path_addr: int, flags: int) -> int:
    """``unlinkat``, for directories with AT_REMOVEDIR."""
    if flags & ~c.AT_REMOVEDIR:
        raise Errno(ErrnoCode.EINVAL)
    location = entry_at(host, dirfd, path_addr)
    if flags:
        host.fs.remove_directory(location)
    else:
        host.fs.unlink(location)
    return 0


def rmdir(host: EmscriptenHost, path_addr: int) -> int:
    """``rmdir``."""
    host.fs.remove_directory(host.fs.entry(read_path(host.memory, path_addr)))
    return 0


def renameat(host: EmscriptenHost, old_dirfd: int, old_addr: int, new_dirfd: int, new_addr: int) -> int:
    """``renameat``."""
    old = entry_at(host, old_dirfd, old_addr)
    host.fs.rename(old, entry_at(host, new_dirfd, new_addr))
    return 0


def readlinkat(host: EmscriptenHost, dirfd: int, path_addr: int, buffer: int, size: int) -> int:
    """``readlinkat``: as much of the target as fits, without NUL."""
    node = _node_at(host, dirfd, path_addr, c.AT_SYMLINK_NOFOLLOW)
    size &= U32
    if not isinstance(node, SymbolicLink) or size == 0:
        raise Errno(ErrnoCode.EINVAL)
    target = node.target.encode("utf-8", "surrogateescape")[:size]
    host.memory.write(buffer, target)
    return len(target)


def symlinkat(host: EmscriptenHost, target_addr: int, dirfd: int, path_addr: int) -> int:
    """``symlinkat``."""
    target = read_path(host.memory, target_addr)
    host.fs.make_link(entry_at(host, dirfd, path_addr), target)
    return 0


def chmod(host: EmscriptenHost, path_addr: int, mode: int) -> int:
    """``chmod``."""
    host.fs.change_mode(host.fs.resolve(read_path(host.memory, path_addr)), mode)
    return 0


def fchmodat2(host: EmscriptenHost, dirfd: int, path_addr: int, mode: int, flags: int) -> int:
    """``fchmodat`` with flags."""
    host.fs.change_mode(_node_at(host, dirfd, path_addr, flags), mode)
    return 0


def fchownat(host: EmscriptenHost, dirfd: int, path_addr: int, owner: int, group: int, flags: int) -> int:
    """``fchownat``: accepted and without effect, every file belongs to the only user there is."""
    del owner, group
    _node_at(host, dirfd, path_addr, flags)
    return 0


def truncate64(host: EmscriptenHost, path_addr: int, size: int) -> int:
    """``truncate``."""
    host.fs.truncate(host.fs.resolve(read_path(host.memory, path_addr)), size)
    return 0


def utimensat(host: EmscriptenHost, dirfd: int, path_addr: int, times: int, flags: int) -> int:
    """``utimensat``; ``times`` are two ``struct timespec`` (seconds i64, nanoseconds i32, padding), null for now."""
    node = _node_at(host, dirfd, path_addr, flags | c.AT_EMPTY_PATH)
    now = host.fs.now_ms()
    if not times:
        host.fs.change_times(node, atime_ms=now, mtime_ms=now)
        return 0
    times &= U32
    values = [_time_ms(host, times + offset, now) for offset in (0, 16)]
    host.fs.change_times(node, atime_ms=values[0], mtime_ms=values[1])
    return 0


def _time_ms(host: EmscriptenHost, addr: int, now: int) -> int | None:
    nanoseconds = host.memory.read_i32(addr + 8)
    if nanoseconds == c.UTIME_NOW:
        return now
    if nanoseconds == c.UTIME_OMIT:
        return None
    if not 0 <= nanoseconds < 1_000_000_000:
        raise Errno(ErrnoCode.EINVAL)
    seconds = host.memory.read_i64(addr)
    if not -_SECONDS_MAX <= seconds <= _SECONDS_MAX:
        raise Errno(ErrnoCode.EINVAL)
    return seconds * 1000 + nanoseconds // 1_000_000


_SECONDS_MAX: Final = 8_640_000_000_000
"""The bound of JavaScript dates, which hold the times of Emscripten's nodes."""


def statfs64(host: EmscriptenHost, path_addr: int, size: int, buffer: int) -> int:
    """``statfs``."""
    del size
    host.fs.resolve(read_path(host.memory, path_addr))
    host.memory.write(buffer, layout.pack_statfs(nodes=host.fs.next_ino))
    return 0


IMPORTS: Final[Mapping[str, Callable[..., object]]] = {
    "__syscall_openat": openat,
    "__syscall_stat64": stat64,
    "__syscall_lstat64": lstat64,
    "__syscall_newfstatat": newfstatat,
    "__syscall_faccessat": faccessat,
    "__syscall_chdir": chdir,
    "__syscall_getcwd": getcwd,
    "__syscall_mkdirat": mkdirat,
    "__syscall_mknodat": mknodat,
    "__syscall_unlinkat": unlinkat,
    "__syscall_rmdir": rmdir,
    "__syscall_renameat": renameat,
    "__syscall_readlinkat": readlinkat,
    "__syscall_symlinkat": symlinkat,
    "__syscall_chmod": chmod,
    "__syscall_fchmodat2": fchmodat2,
    "__syscall_fchownat": fchownat,
    "__syscall_truncate64": truncate64,
    "__syscall_utimensat": utimensat,
    "__syscall_statfs64": statfs64,
}
