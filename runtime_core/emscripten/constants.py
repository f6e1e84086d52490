"""Constants of the guest's C library (musl as Emscripten builds it for wasm32).

The values are those of musl's generic architecture headers: ``fcntl.h``, ``sys/stat.h``, ``poll.h``, ``sys/mman.h``.
"""

from __future__ import annotations

from typing import Final

# Kinds of node: the upper bits of st_mode.
S_IFMT: Final = 0o170000
S_IFIFO: Final = 0o010000
S_IFCHR: Final = 0o020000
S_IFDIR: Final = 0o040000
S_IFREG: Final = 0o100000
S_IFLNK: Final = 0o120000

# Flags of open.
O_ACCMODE: Final = 0o3
O_RDONLY: Final = 0o0
O_WRONLY: Final = 0o1
O_RDWR: Final = 0o2
O_CREAT: Final = 0o100
O_EXCL: Final = 0o200
O_TRUNC: Final = 0o1000
O_APPEND: Final = 0o2000
O_NONBLOCK: Final = 0o4000
O_DIRECTORY: Final = 0o200000
O_NOFOLLOW: Final = 0o400000
O_CLOEXEC: Final = 0o2000000
O_PATH: Final = 0o10000000

# The *at family.
AT_FDCWD: Final = -100
AT_SYMLINK_NOFOLLOW: Final = 0x100
AT_REMOVEDIR: Final = 0x200
AT_EMPTY_PATH: Final = 0x1000

# Commands of fcntl.
F_DUPFD: Final = 0
F_GETFD: Final = 1
F_SETFD: Final = 2
F_GETFL: Final = 3
F_SETFL: Final = 4
F_GETLK: Final = 12
F_SETLK: Final = 13
F_SETLKW: Final = 14
F_DUPFD_CLOEXEC: Final = 1030
F_UNLCK: Final = 2

# Events of poll.
POLLIN: Final = 0x001
POLLOUT: Final = 0x004
POLLERR: Final = 0x008
POLLHUP: Final = 0x010
POLLNVAL: Final = 0x020
POLLRDNORM: Final = 0x040
POLLWRNORM: Final = 0x100

# mmap.
PROT_WRITE: Final = 2
MAP_PRIVATE: Final = 2

# utimensat.
UTIME_NOW: Final = 0x3FFFFFFF
UTIME_OMIT: Final = 0x3FFFFFFE

# faccessat.
ACCESS_MODES: Final = 0o7

# ioctl requests on terminals (asm-generic/ioctls.h).
TCGETS: Final = 0x5401
TCSETS: Final = 0x5402
TCSETSW: Final = 0x5403
TCSETSF: Final = 0x5404
TCGETA: Final = 0x5405
TCSETA: Final = 0x5406
TCSETAW: Final = 0x5407
TCSETAF: Final = 0x5408
TCFLSH: Final = 0x540B
TIOCGPGRP: Final = 0x540F
TIOCGWINSZ: Final = 0x5413
TIOCSWINSZ: Final = 0x5414

SEEK_SET: Final = 0
SEEK_CUR: Final = 1
SEEK_END: Final = 2

PATH_MAX: Final = 4096
NAME_MAX: Final = 255
IOV_MAX: Final = 1024
SYMLINK_MAX: Final = 40
"""Symbolic links followed in one look-up before it fails with ELOOP (as Linux and Emscripten have it)."""

BLOCK_SIZE: Final = 4096
PAGE_SIZE: Final = 65536
"""Bytes of a wasm page, which is also what the guest's libc takes for a memory page."""
