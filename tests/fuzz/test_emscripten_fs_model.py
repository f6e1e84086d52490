"""The guest's file system against the kernel's: the same operations give the same results or the same errors."""

from __future__ import annotations

import errno
import os
import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from runtime_core.emscripten import constants as c
from runtime_core.emscripten.errno import Errno
from runtime_core.emscripten.fs import FileSystem
from runtime_core.emscripten.nodes import Directory, SymbolicLink
from tests.support.fake_guest import FixedClock, fake_host

NAMES = ("a", "b", "c")
names = st.sampled_from(NAMES)
paths = st.lists(names, min_size=1, max_size=3).map("/".join) | st.sampled_from(
    ("a/.", "a/..", "b/../c", "a/", ".", "c/")
)
operations = st.one_of(
    st.tuples(st.sampled_from(("mkdir", "rmdir", "unlink", "read", "list", "kind", "link_target")), paths),
    st.tuples(st.sampled_from(("rename", "symlink")), paths, paths),
    st.tuples(st.sampled_from(("write", "append", "exclusive")), paths, st.binary(max_size=4)),
    st.tuples(st.just("truncate"), paths, st.integers(0, 8)),
)


# Links to ``..`` lead upwards; from down here they never get to the root, whose parent differs on both sides.
DEPTH = "n/n/n/n/n/n/n/n"


class Ours:
    """Operations on the guest's file system, with the errors by name."""

    def __init__(self) -> None:
        self.host = fake_host(fs=FileSystem(clock=FixedClock()))
        self.fs = self.host.fs
        self.fs.make_directories(f"/{DEPTH}")
        self.fs.change_directory(self.fs.resolve(f"/{DEPTH}"))

    def run(self, name: str, *arguments: object) -> object:
        action: Callable[..., object] = getattr(self, name)
        try:
            return action(*arguments)
        except Errno as error:
            return error.code.name

    def at(self, path: str) -> object:
        return self.fs.entry(path)

    def mkdir(self, path: str) -> None:
        self.fs.make_directory(self.fs.entry(path), 0o777)

    def rmdir(self, path: str) -> None:
        self.fs.remove_directory(self.fs.entry(path))

    def unlink(self, path: str) -> None:
        self.fs.unlink(self.fs.entry(path))

    def rename(self, old: str, new: str) -> None:
        self.fs.rename(self.fs.entry(old), self.fs.entry(new))

    def symlink(self, target: str, path: str) -> None:
        self.fs.make_link(self.fs.entry(path), target)

    def open(self, path: str, flags: int, data: bytes = b"") -> bytes:
        fd = self.host.files.open(path, flags, 0o666)
        try:
            stream = self.host.files.get(fd)
            if flags & c.O_ACCMODE == c.O_RDONLY:
                return bytes(stream.read(100))
            stream.write(data)
            return b""
        finally:
            self.host.files.close(fd)

    def read(self, path: str) -> bytes:
        return self.open(path, c.O_RDONLY)

    def write(self, path: str, data: bytes) -> bytes:
        return self.open(path, c.O_WRONLY | c.O_CREAT | c.O_TRUNC, data)

    def append(self, path: str, data: bytes) -> bytes:
        return self.open(path, c.O_WRONLY | c.O_APPEND, data)

    def exclusive(self, path: str, data: bytes) -> bytes:
        return self.open(path, c.O_WRONLY | c.O_CREAT | c.O_EXCL, data)

    def truncate(self, path: str, size: int) -> None:
        self.fs.truncate(self.fs.resolve(path), size)

    def list(self, path: str) -> list[str]:
        node = self.fs.resolve(path)
        if not isinstance(node, Directory):
            return "ENOTDIR"  # type: ignore[return-value]
        return sorted(node.entries)

    def kind(self, path: str) -> int:
        return self.fs.resolve(path, follow=False).mode & c.S_IFMT

    def link_target(self, path: str) -> str:
        node = self.fs.resolve(path, follow=False)
        return node.target if isinstance(node, SymbolicLink) else "EINVAL"


class Theirs:
    """The same on a directory of this machine."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def run(self, name: str, *arguments: object) -> object:
        action: Callable[..., object] = getattr(self, name)
        directory = os.open(self.root, os.O_RDONLY)
        try:
            return action(directory, *arguments)
        except OSError as error:
            return errno.errorcode[error.errno or 0]
        finally:
            os.close(directory)

    def mkdir(self, at: int, path: str) -> None:
        os.mkdir(path, dir_fd=at)

    def rmdir(self, at: int, path: str) -> None:
        os.rmdir(path, dir_fd=at)

    def unlink(self, at: int, path: str) -> None:
        os.unlink(path, dir_fd=at)

    def rename(self, at: int, old: str, new: str) -> None:
        os.rename(old, new, src_dir_fd=at, dst_dir_fd=at)

    def symlink(self, at: int, target: str, path: str) -> None:
        os.symlink(target, path, dir_fd=at)

    def open(self, at: int, path: str, flags: int, data: bytes = b"") -> bytes:
        fd = os.open(path, flags, 0o666, dir_fd=at)
        try:
            if flags & os.O_ACCMODE == os.O_RDONLY:
                return os.read(fd, 100)
            os.write(fd, data)
            return b""
        finally:
            os.close(fd)

    def read(self, at: int, path: str) -> bytes:
        return self.open(at, path, os.O_RDONLY)

    def write(self, at: int, path: str, data: bytes) -> bytes:
        return self.open(at, path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, data)

    def append(self, at: int, path: str, data: bytes) -> bytes:
        return self.open(at, path, os.O_WRONLY | os.O_APPEND, data)

    def exclusive(self, at: int, path: str, data: bytes) -> bytes:
        return self.open(at, path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, data)

    def truncate(self, at: int, path: str, size: int) -> None:
        os.truncate(self.root / path if not path.endswith(("/", ".")) else f"{self.root}/{path}", size)

    def list(self, at: int, path: str) -> list[str]:
        return sorted(os.listdir(f"{self.root}/{path}"))  # noqa: PTH208 - a Path would drop the dots

    def kind(self, at: int, path: str) -> int:
        return os.stat(path, dir_fd=at, follow_symlinks=False).st_mode & c.S_IFMT

    def link_target(self, at: int, path: str) -> str:
        return os.readlink(path, dir_fd=at)


# Where POSIX lets a system choose, or where the working directory is a mount of its own here.
EQUIVALENT = (
    {"EBUSY", "EINVAL", "ENOTEMPTY", "EEXIST"},
    {"EISDIR", "EPERM"},
    {"EBUSY", "EISDIR"},
    {"EBUSY", "ENOTDIR"},
    {"EISDIR", "ENOTDIR", "ENOENT"},
    {"ELOOP", "EEXIST", "ENOTDIR", "EISDIR"},
)


def same(ours: object, theirs: object) -> bool:
    return ours == theirs or any(ours in group and theirs in group for group in EQUIVALENT)


@settings(max_examples=300)
@given(st.lists(operations, max_size=25))
def test_like_the_kernel(sequence: list[tuple[object, ...]]) -> None:
    root = Path(tempfile.mkdtemp())
    (root / DEPTH).mkdir(parents=True)
    try:
        ours, theirs = Ours(), Theirs(root / DEPTH)
        for name, *arguments in sequence:
            if name in ("rename", "rmdir") and any(str(path).endswith(".") for path in arguments):
                continue  # always refused, but systems differ in which of several errors comes first
            mine, kernels = ours.run(str(name), *arguments), theirs.run(str(name), *arguments)
            assert same(mine, kernels), (name, arguments, mine, kernels)
    finally:
        shutil.rmtree(root)
