"""System calls as the guest makes them: through the wrapped imports, with structures in its memory."""

from __future__ import annotations

import struct
from typing import Any

import pytest

from runtime_core.emscripten import constants as c
from runtime_core.emscripten import layout
from runtime_core.emscripten.boot import BOOT_ENVIRONMENT, prepare_filesystem
from runtime_core.emscripten.errno import ErrnoCode as E
from runtime_core.emscripten.host import HostServices, StandardStreams, environment_with
from runtime_core.emscripten.imports import emscripten_imports
from runtime_core.emscripten.mounts import Mount
from tests.support.fake_guest import PAGE, FakeInstance, FixedClock, fake_host

FUNCTIONS = {item.name: item.function for item in emscripten_imports()}
BUFFER = 0x8000
END = 4 * PAGE
BAD = (END, END - 3, -1, -4)
"""Addresses at, across and far beyond the end of memory."""


class Guest:
    """Puts arguments into memory and calls imports by name."""

    def __init__(self) -> None:
        self.output = bytearray()
        streams = StandardStreams(
            read_stdin=lambda count: b"typed"[:count], write_stdout=self.output.extend, write_stderr=self.output.extend
        )
        self.instance = FakeInstance()
        self.host = fake_host(
            self.instance,
            HostServices(clock=FixedClock(), streams=streams),
            environment=environment_with(BOOT_ENVIRONMENT),
        )
        self.memory = self.instance.memory
        self._next = 0x100
        stdlib = Mount(name="stdlib", source=b"PK")
        prepare_filesystem(self.host, python_version=(3, 14), stdlib=stdlib)

    def string(self, text: str | bytes) -> int:
        data = (text.encode() if isinstance(text, str) else text) + b"\0"
        addr = self._next
        self._next += -(-len(data) // 8) * 8
        self.memory.write(addr, data)
        return addr

    def words(self, *values: int) -> int:
        return self.string(struct.pack(f"<{len(values)}i", *values))

    def vector(self, *buffers: tuple[int, int]) -> int:
        return self.string(b"".join(struct.pack("<II", *buffer) for buffer in buffers))

    def call(self, name: str, *arguments: object) -> Any:
        decoded = [self.string(a) if isinstance(a, str) else a for a in arguments]
        return FUNCTIONS[name](self.host, *decoded)

    def sys(self, name: str, *arguments: object) -> Any:
        return self.call(f"__syscall_{name}", *arguments)

    def open(self, path: str, flags: int = c.O_RDONLY, mode: int = 0o666) -> int:
        fd = self.sys("openat", c.AT_FDCWD, path, flags, self.words(mode))
        assert isinstance(fd, int)
        return fd

    def write(self, fd: int, data: bytes) -> int:
        self.memory.write(BUFFER, data)
        assert self.call("fd_write", fd, self.vector((BUFFER, len(data))), 1, 0) == 0
        return self.memory.read_u32(0)

    def read(self, fd: int, count: int) -> bytes:
        assert self.call("fd_read", fd, self.vector((BUFFER, count)), 1, 0) == 0
        return self.memory.read(BUFFER, self.memory.read_u32(0))


@pytest.fixture
def guest() -> Guest:
    return Guest()


def test_files_through_the_whole_interface(guest: Guest) -> None:
    fd = guest.open("notes", c.O_CREAT | c.O_RDWR)
    assert fd == 3
    assert guest.write(fd, b"one two three") == 13
    assert guest.call("fd_seek", fd, 4, c.SEEK_SET, BUFFER) == 0
    assert guest.memory.read_i64(BUFFER) == 4
    assert guest.read(fd, 3) == b"two"
    iov = guest.vector((BUFFER, 3), (BUFFER + 100, 0), (BUFFER + 8, 99))
    assert guest.call("fd_pread", fd, iov, 3, 0, 0) == 0
    assert guest.memory.read_u32(0) == 13
    assert guest.memory.read(BUFFER, 3) + guest.memory.read(BUFFER + 8, 10) == b"one two three"
    guest.memory.write(BUFFER, b"ONE")
    assert guest.call("fd_pwrite", fd, guest.vector((BUFFER, 3)), 1, 0, 0) == 0
    assert guest.host.fs.read_file("/home/pyodide/notes") == b"ONE two three"
    assert guest.call("fd_sync", fd) == guest.sys("fdatasync", fd) == 0
    assert guest.call("fd_close", fd) == 0
    assert guest.call("fd_close", fd) == E.EBADF


def test_stat_layout(guest: Guest) -> None:
    guest.host.fs.write_file("/tmp/f", b"x" * 5000)
    assert (
        guest.sys("utimensat", c.AT_FDCWD, "/tmp/f", guest.string(struct.pack("<qixxxxqi", 1, 5_000_000, -2, 0)), 0)
        == 0
    )
    assert guest.sys("stat64", "/tmp/f", BUFFER) == 0
    raw = guest.memory.read(BUFFER, layout.STAT_BYTES)
    dev, mode, nlink, uid, gid, rdev = struct.unpack_from("<6I", raw, 0)
    assert (dev, mode, nlink, uid, gid, rdev) == (1, c.S_IFREG | 0o666, 1, 0, 0, 0)
    assert struct.unpack_from("<qii", raw, 24) == (5000, 4096, 2)
    assert struct.unpack_from("<qI", raw, 40) == (1, 5_000_000)
    assert struct.unpack_from("<qI", raw, 56) == (-2, 0)
    assert struct.unpack_from("<qI", raw, 72) == (1000, 0)
    assert struct.unpack_from("<Q", raw, 88) == (guest.host.fs.resolve("/tmp/f").ino,)
    assert guest.sys("fstat64", guest.open("/dev/null"), BUFFER) == 0
    assert struct.unpack_from("<6I", guest.memory.read(BUFFER, 24))[5] == 0x103


def test_stat_keeps_padding(guest: Guest) -> None:
    """Buffers lie in memory that snapshots are compared by, and Emscripten writes the fields only."""
    guest.memory.write(BUFFER, b"\xff" * layout.STAT_BYTES)
    assert guest.sys("stat64", "/tmp", BUFFER) == 0
    raw = guest.memory.read(BUFFER, layout.STAT_BYTES)
    assert [raw[at : at + 4] for at in (52, 68, 84)] == [b"\xff" * 4] * 3


def test_getdents_in_small_pieces(guest: Guest) -> None:
    for name in ("a", "b", "c"):
        guest.host.fs.write_file(f"/tmp/{name}", b"")
    fd = guest.open("/tmp", c.O_DIRECTORY)
    names = []
    while size := guest.sys("getdents64", fd, BUFFER, 2 * layout.DIRENT_BYTES + 100):
        assert size > 0
        for at in range(0, size, layout.DIRENT_BYTES):
            ino, offset, length, kind = struct.unpack("<QqHB", guest.memory.read(BUFFER + at, 19))
            assert length == layout.DIRENT_BYTES
            names.append((guest.memory.read_cstring(BUFFER + at + 19, 256).decode(), kind, offset // 280))
            assert ino
    assert names == [(".", 4, 1), ("..", 4, 2), ("a", 8, 3), ("b", 8, 4), ("c", 8, 5)]
    assert guest.sys("getdents64", fd, BUFFER, 279) == -E.EINVAL
    assert guest.sys("getdents64", 0, BUFFER, 4096) == -E.ENOTDIR


def test_entries_removed_while_listing_are_left_out(guest: Guest) -> None:
    for name in ("a", "b"):
        guest.host.fs.write_file(f"/tmp/{name}", b"")
    fd = guest.open("/tmp", c.O_DIRECTORY)
    assert guest.sys("getdents64", fd, BUFFER, 280) == 280
    guest.host.fs.unlink(guest.host.fs.entry("/tmp/a"))
    assert guest.sys("getdents64", fd, BUFFER, 4096) == 2 * 280
    assert guest.memory.read_cstring(BUFFER + 280 + 19, 9) == b"b"


def test_directory_descriptors_are_bases(guest: Guest) -> None:
    fd = guest.open("/tmp", c.O_DIRECTORY)
    assert guest.sys("mkdirat", fd, "sub", 0o755) == 0
    assert guest.sys("openat", fd, "sub/f", c.O_CREAT | c.O_WRONLY, guest.words(0o600)) > 0
    assert guest.sys("newfstatat", fd, "sub/f", BUFFER, 0) == 0
    assert guest.sys("newfstatat", fd, "", BUFFER, c.AT_EMPTY_PATH) == 0
    assert guest.sys("newfstatat", fd, "", BUFFER, 0) == -E.ENOENT
    assert guest.sys("symlinkat", "f", fd, "sub/l") == 0
    assert guest.sys("readlinkat", fd, "sub/l", BUFFER, 100) == 1
    assert guest.sys("readlinkat", fd, "sub/f", BUFFER, 100) == -E.EINVAL
    assert guest.sys("readlinkat", fd, "sub/l", BUFFER, 0) == -E.EINVAL
    assert guest.sys("renameat", fd, "sub/l", c.AT_FDCWD, "here") == 0
    assert guest.sys("unlinkat", fd, "sub", 0) == -E.EISDIR
    assert guest.sys("unlinkat", fd, "sub", c.AT_REMOVEDIR) == -E.ENOTEMPTY
    assert guest.sys("unlinkat", fd, "sub", 1) == -E.EINVAL
    assert guest.sys("unlinkat", fd, "sub/f", 0) == 0
    assert guest.sys("rmdir", "/tmp/sub") == 0
    assert guest.sys("openat", 0, "x", 0, 0) == -E.ENOTDIR
    assert guest.sys("openat", 77, "x", 0, 0) == -E.EBADF
    assert guest.sys("openat", 77, "/tmp", 0, 0) > 0


def test_working_directory(guest: Guest) -> None:
    assert guest.sys("getcwd", BUFFER, 100) == len("/home/pyodide") + 1
    assert guest.memory.read_cstring(BUFFER, 100) == b"/home/pyodide"
    assert guest.sys("getcwd", BUFFER, 13) == -E.ERANGE
    assert guest.sys("getcwd", BUFFER, 0) == -E.EINVAL
    assert guest.sys("chdir", "/dev/null") == -E.ENOTDIR
    assert guest.sys("fchdir", guest.open("/tmp")) == 0
    assert guest.sys("getcwd", BUFFER, 100) == 5
    assert guest.sys("fchdir", 0) == -E.ENOTDIR


def test_modes_and_masks(guest: Guest) -> None:
    assert guest.call("__syscall_umask_js", 0o1027) == 0
    assert guest.call("__syscall_umask_js", 0o22) == 0o27
    fd = guest.open("f", c.O_CREAT | c.O_WRONLY, 0o666)
    assert guest.host.fs.resolve("f").mode & 0o777 == 0o644
    assert guest.sys("fchmod", fd, 0o600) == guest.sys("chmod", "f", 0o640) == 0
    assert guest.sys("fchmodat2", c.AT_FDCWD, "f", 0o604, 0) == 0
    assert guest.host.fs.resolve("f").mode & 0o777 == 0o604
    assert guest.sys("fchown32", fd, 5, 5) == guest.sys("fchownat", c.AT_FDCWD, "f", 5, 5, 0) == 0
    assert guest.sys("faccessat", c.AT_FDCWD, "f", 7, 0) == 0
    assert guest.sys("faccessat", c.AT_FDCWD, "f", 8, 0) == -E.EINVAL
    assert guest.sys("faccessat", c.AT_FDCWD, "/lib/python314.zip", 2, 0) == -E.EROFS
    assert guest.sys("mknodat", c.AT_FDCWD, "plain", 0o100644, 0) == 0
    assert guest.sys("mknodat", c.AT_FDCWD, "device", 0o020644, 0x103) == -E.EPERM


def test_sizes(guest: Guest) -> None:
    fd = guest.open("f", c.O_CREAT | c.O_RDWR)
    assert guest.sys("ftruncate64", fd, 10) == guest.sys("fallocate", fd, 0, 5, 10) == 0
    assert guest.host.fs.resolve("f").size == 15
    assert guest.sys("fallocate", fd, 0, 0, 1) == 0
    assert guest.sys("truncate64", "f", 3) == 0
    assert guest.sys("truncate64", "f", 1 << 60) == -E.EFBIG
    assert guest.sys("truncate64", "f", -1) == -E.EINVAL
    assert guest.sys("ftruncate64", guest.open("f"), 0) == -E.EINVAL
    assert guest.sys("fallocate", fd, 1, 0, 1) == -E.EOPNOTSUPP
    assert guest.sys("fallocate", fd, 0, (1 << 63) - 1, (1 << 63) - 1) == -E.EFBIG
    assert guest.sys("fadvise64", fd, 0, 0, 0) == 0
    assert guest.host.fs.resolve("f").size == 3


def test_terminals(guest: Guest) -> None:
    result = guest.words(BUFFER)
    assert guest.sys("ioctl", 1, c.TIOCGWINSZ, result) == 0
    assert struct.unpack("<HH", guest.memory.read(BUFFER, 4)) == (24, 80)
    assert guest.sys("ioctl", 1, c.TCGETS, result) == guest.sys("ioctl", 1, c.TCSETS, result) == 0
    assert guest.sys("ioctl", 1, c.TIOCGPGRP, result) == 0
    assert guest.sys("ioctl", 1, 0x1234, result) == -E.EINVAL
    assert guest.sys("ioctl", 0, c.TCGETS, result) == -E.ENOTTY
    assert guest.sys("ioctl", 1, c.TIOCGWINSZ, guest.words(END)) == -E.EFAULT


def test_standard_streams(guest: Guest) -> None:
    assert guest.write(1, b"out") == 3
    assert guest.write(2, b"err") == 3
    assert guest.output == b"outerr"
    assert guest.read(0, 100) == b"typed"
    assert guest.call("fd_fdstat_get", 1, BUFFER) == 0
    assert guest.memory.read_u8(BUFFER) == 2
    assert guest.call("fd_fdstat_get", guest.open("/tmp"), BUFFER) == 0
    assert guest.memory.read_u8(BUFFER) == 3


def test_huge_writes_to_a_stream_are_short(guest: Guest) -> None:
    instance = FakeInstance(pages=40, max_pages=40)
    guest.host.bind(instance)
    instance.memory.write(0, struct.pack("<4I", 64, 39 * PAGE, 64, 39 * PAGE))
    assert guest.call("fd_write", 1, 0, 2, 32) == 0
    assert instance.memory.read_u32(32) == len(guest.output) == 1 << 20


def test_poll_of_more_than_there_can_be(guest: Guest) -> None:
    assert guest.sys("poll", BUFFER, 4097, 0) == -E.EINVAL


def test_fcntl(guest: Guest) -> None:
    fd = guest.open("f", c.O_CREAT | c.O_RDWR)
    assert guest.sys("fcntl64", fd, c.F_DUPFD, guest.words(20)) == 20
    assert guest.sys("fcntl64", fd, c.F_SETFL, guest.words(c.O_APPEND | c.O_WRONLY)) == 0
    assert guest.sys("fcntl64", fd, c.F_GETFL, 0) == c.O_RDWR | c.O_APPEND
    assert guest.sys("fcntl64", fd, c.F_SETFD, 0) == guest.sys("fcntl64", fd, c.F_SETLK, 0) == 0
    guest.memory.write_u16(BUFFER, 0)
    assert guest.sys("fcntl64", fd, c.F_GETLK, guest.words(BUFFER)) == 0
    assert guest.memory.read_u16(BUFFER) == c.F_UNLCK
    assert guest.sys("fcntl64", fd, 99, 0) == -E.EINVAL
    assert guest.sys("dup", fd) == 4
    assert guest.sys("dup3", fd, 30, 0) == 30


def test_pipes_and_poll(guest: Guest) -> None:
    assert guest.sys("pipe", BUFFER) == 0
    reading, writing = struct.unpack("<ii", guest.memory.read(BUFFER, 8))
    events = c.POLLIN | c.POLLOUT
    fds = b"".join(struct.pack("<ihh", fd, events, 0x7F) for fd in (reading, writing, 99, -1, 1))
    guest.memory.write(BUFFER, fds)
    assert guest.sys("poll", BUFFER, 5, 1000) == 3
    ready = [guest.memory.read_u16(BUFFER + 8 * i + 6) for i in range(5)]
    assert ready == [0, c.POLLOUT, c.POLLNVAL, 0, events]
    guest.write(writing, b"data")
    assert guest.read(reading, 99) == b"data"
    assert guest.call("fd_read", reading, guest.vector((BUFFER, 1)), 1, 0) == E.EAGAIN


def test_environment(guest: Guest) -> None:
    assert guest.call("environ_sizes_get", 0, 4) == 0
    count, size = guest.memory.read_u32(0), guest.memory.read_u32(4)
    assert guest.call("environ_get", 8, BUFFER) == 0
    strings = guest.memory.read(BUFFER, size).split(b"\0")[:-1]
    assert count == len(strings) == 8
    assert [s.split(b"=")[0] for s in strings] == [
        b"USER",
        b"LOGNAME",
        b"PATH",
        b"PWD",
        b"HOME",
        b"LANG",
        b"_",
        b"PYTHONINSPECT",
    ]
    assert guest.memory.read_u32(8) == BUFFER
    assert guest.memory.read_cstring(guest.memory.read_u32(8 + 4 * 4), 99) == b"HOME=/home/pyodide"


def test_statfs(guest: Guest) -> None:
    assert guest.sys("statfs64", "/", layout.STATFS_BYTES, BUFFER) == 0
    assert guest.memory.read_u32(BUFFER + 4) == guest.memory.read_u32(BUFFER + 60) == 4096
    assert guest.sys("fstatfs64", 1, layout.STATFS_BYTES, BUFFER) == 0
    assert guest.sys("statfs64", "/nope", layout.STATFS_BYTES, BUFFER) == -E.ENOENT


def test_random(guest: Guest) -> None:
    assert guest.call("random_get", BUFFER, 65_536) == 0
    data = guest.memory.read(BUFFER, 65_536)
    assert len(set(data)) == 256
    assert guest.call("random_get", END, 1) == E.EFAULT
    assert guest.call("random_get", 0, 65_537) == E.EINVAL
    assert guest.call("random_get", 0, -1) == E.EINVAL


def test_clocks(guest: Guest) -> None:
    assert guest.call("clock_time_get", 0, 0, BUFFER) == 0
    assert guest.memory.read_u64(BUFFER) == 1_000_000_000_000
    clock = guest.host.clock
    assert isinstance(clock, FixedClock)
    clock.now_ns += 1_500_000
    assert guest.call("clock_time_get", 1, 0, BUFFER) == 0
    assert guest.memory.read_u64(BUFFER) == 1_500_000
    assert guest.call("clock_time_get", 9, 0, BUFFER) == E.EINVAL
    assert guest.call("clock_res_get", 1, BUFFER) == 0
    assert guest.memory.read_u64(BUFFER) == 1000
    assert guest.call("emscripten_date_now") == 1_000_001.0
    assert guest.call("emscripten_get_now") == 1.5


def test_sockets_are_refused(guest: Guest) -> None:
    assert guest.sys("socket", 10, 1, 0, 0, 0, 0) == -E.EAFNOSUPPORT
    assert guest.sys("socket", 2, 3, 0, 0, 0, 0) == -E.EINVAL
    for name in ("connect", "bind", "sendto", "recvmsg", "accept4"):
        assert guest.sys(name, 1, 0, 0, 0, 0, 0) == -E.ENOTSOCK, name
        assert guest.sys(name, 99, 0, 0, 0, 0, 0) == -E.EBADF, name
    assert guest.call("getaddrinfo", 0, 0, 0, 0) == -2
    assert guest.call("getprotobyname", 0) == 0
    assert guest.call("_maybe_poll_async", 0, 0, 0) is None
    assert guest.call("_try_fcntl64", 0, 0, 0, 0) == 0


@pytest.mark.parametrize("addr", BAD)
@pytest.mark.parametrize(
    ("name", "arguments"),
    [
        ("__syscall_stat64", (BUFFER, None)),
        ("__syscall_stat64", (None, BUFFER)),
        ("__syscall_openat", (c.AT_FDCWD, None, 0, 0)),
        ("__syscall_getcwd", (None, 100)),
        ("__syscall_pipe", (None,)),
        ("__syscall_poll", (None, 3, 0)),
        ("__syscall_fcntl64", (1, c.F_DUPFD, None)),
        ("__syscall_fstat64", (1, None)),
        ("__syscall_statfs64", (BUFFER, 72, None)),
        ("__syscall_utimensat", (c.AT_FDCWD, BUFFER, None, 0)),
    ],
)
def test_bad_pointers_are_efault(guest: Guest, name: str, arguments: tuple[int | None, ...], addr: int) -> None:
    guest.memory.write(BUFFER, b"/tmp\0")
    guest.memory.write(END - 3, b"xxx")
    assert guest.call(name, *[addr if a is None else a for a in arguments]) == -E.EFAULT
    assert guest.host.files.duplicate(0) == 3, "no descriptor was left open"


@pytest.mark.parametrize(
    ("iov", "count", "code", "reason"),
    [
        ("end", 1, E.EFAULT, "the vector lies beyond memory"),
        ("far", 1, E.EFAULT, "a buffer lies beyond memory"),
        ("long", 1, E.EFAULT, "a buffer reaches beyond memory"),
        ("good", -1, E.EINVAL, "a negative count"),
        ("good", 1025, E.EINVAL, "more than IOV_MAX"),
    ],
)
@pytest.mark.parametrize("name", ["fd_read", "fd_write"])
def test_bad_vectors(guest: Guest, name: str, iov: str, count: int, code: E, reason: str) -> None:
    vectors = {
        "end": END - 4,
        "far": guest.vector((0xFFFF_FFF0, 8)),
        "long": guest.vector((BUFFER, 0xFFFF_FFFF)),
        "good": guest.vector((BUFFER, 1)),
    }
    fd = guest.open("f", c.O_CREAT | c.O_RDWR)
    assert guest.call(name, fd, vectors[iov], count, 0) == code, reason
    assert guest.host.fs.resolve("f").size == 0


def test_bad_result_pointers_consume_nothing(guest: Guest) -> None:
    fd = guest.open("f", c.O_CREAT | c.O_RDWR)
    assert guest.call("fd_write", fd, guest.vector((BUFFER, 3)), 1, END) == E.EFAULT
    assert guest.host.fs.resolve("f").size == 0


def test_long_paths(guest: Guest) -> None:
    assert guest.sys("stat64", "x" * 5000, BUFFER) == -E.ENAMETOOLONG
    guest.memory.write(END - 10, b"x" * 10)
    assert guest.sys("stat64", END - 10, BUFFER) == -E.EFAULT
    guest.memory.write(END - 5, b"/tmp\0")
    assert guest.sys("stat64", END - 5, BUFFER) == 0


def test_a_failing_buffer_after_a_good_one_is_a_short_write(guest: Guest) -> None:
    reading_writing = BUFFER + 0x1000
    assert guest.sys("pipe", reading_writing) == 0
    writing = guest.memory.read_i32(reading_writing + 4)
    assert guest.host.fs.limits.pipe_bytes == 1 << 20
    half = 0x10000
    iov = guest.vector(*[(0x10000, half)] * 17)
    assert guest.call("fd_write", writing, iov, 17, 0) == 0
    assert guest.memory.read_u32(0) == 16 * half
