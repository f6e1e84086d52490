"""Error numbers as the guest's C library knows them.

Emscripten's libc uses the numbering of WASI (``wasi_snapshot_preview1``, type ``errno``), not Linux's.
System calls return the negated number, ``fd_*`` functions of WASI the number itself.
"""

from __future__ import annotations

from enum import IntEnum
from typing import Final


class ErrnoCode(IntEnum):
    """``__wasi_errno_t``: the values this host returns."""

    E2BIG = 1
    EACCES = 2
    EAFNOSUPPORT = 5
    EAGAIN = 6
    EBADF = 8
    EBUSY = 10
    ECONNREFUSED = 14
    ECONNRESET = 15
    EEXIST = 20
    EFAULT = 21
    EFBIG = 22
    EHOSTUNREACH = 23
    EINVAL = 28
    EIO = 29
    EISCONN = 30
    EISDIR = 31
    ELOOP = 32
    EMFILE = 33
    ENAMETOOLONG = 37
    ENODEV = 43
    ENOENT = 44
    ENOMEM = 48
    ENOPROTOOPT = 50
    ENOSPC = 51
    ENOSYS = 52
    ENOTCONN = 53
    ENOTDIR = 54
    ENOTEMPTY = 55
    ENOTSOCK = 57
    ENOTTY = 59
    EOVERFLOW = 61
    EPERM = 63
    EPIPE = 64
    EPROTONOSUPPORT = 66
    ERANGE = 68
    EROFS = 69
    ESPIPE = 70
    ETIMEDOUT = 73
    EXDEV = 75
    EOPNOTSUPP = 138


class Errno(Exception):  # noqa: N818 - guest control flow named as C names it
    """An error that the guest sees as ``errno``; it never leaves an isolate."""

    def __init__(self, code: ErrnoCode) -> None:
        super().__init__(code.name)
        self.code: Final = code
