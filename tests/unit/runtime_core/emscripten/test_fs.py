from __future__ import annotations

from collections.abc import Callable

import pytest

from runtime_core.emscripten import constants as c
from runtime_core.emscripten.clock import SteppingClock
from runtime_core.emscripten.errno import Errno, ErrnoCode
from runtime_core.emscripten.fs import FileSystem
from runtime_core.emscripten.limits import FileSystemLimits
from runtime_core.emscripten.mounts import Mount
from schemas.errors import FormatError
from tests.support.fake_guest import FixedClock

LIMITS = FileSystemLimits(total_bytes=4096, file_bytes=2048, nodes=32)


@pytest.fixture
def fs() -> FileSystem:
    made = FileSystem(clock=FixedClock(), limits=LIMITS)
    made.make_directories("/a/b")
    made.write_file("/a/f", b"hello")
    made.make_link(made.entry("/a/link"), "b")
    made.mount("/ro", Mount(name="ro", source={"x": b"shared", "d": {"y": memoryview(b"deep")}}))
    return made


def test_lookup_follows_links_dots_and_slashes(fs: FileSystem) -> None:
    fs.write_file("/a/b/g", b"1")
    node = fs.resolve("/a/b/g")
    for path in ("/a/link/g", "/a//b/./g", "/a/b/../link/g", "/../a/b/g", "/a/link/../b/g"):
        assert fs.resolve(path) is node, path


def test_relative_paths_start_at_the_working_directory_or_the_base(fs: FileSystem) -> None:
    fs.change_directory(fs.resolve("/a"))
    assert fs.resolve("f") is fs.resolve("/a/f")
    assert fs.cwd_path() == "/a"
    assert fs.resolve("b", base=fs.make_directories("/a")) is fs.resolve("/a/b")


def failing(fs: FileSystem, path: str, *, follow: bool = True) -> ErrnoCode:
    with pytest.raises(Errno) as caught:
        fs.resolve(path, follow=follow)
    return caught.value.code


@pytest.mark.parametrize(
    ("path", "code", "reason"),
    [
        ("", ErrnoCode.ENOENT, "an empty path names nothing"),
        ("/nope", ErrnoCode.ENOENT, "no such entry"),
        ("/nope/x", ErrnoCode.ENOENT, "no such directory"),
        ("/a/f/x", ErrnoCode.ENOTDIR, "a file has no entries"),
        ("/a/f/", ErrnoCode.ENOTDIR, "a slash asks for a directory"),
        ("/a/f/..", ErrnoCode.ENOTDIR, "a file has no parent entry"),
        ("/a/f/.", ErrnoCode.ENOTDIR, "a file has no entry for itself"),
        ("/nope/.", ErrnoCode.ENOENT, "what does not exist has no entry for itself"),
        ("/" + "x" * 256, ErrnoCode.ENAMETOOLONG, "a name is longer than NAME_MAX"),
        ("/a" * 2048, ErrnoCode.ENAMETOOLONG, "the path is longer than PATH_MAX"),
    ],
)
def test_lookup_fails(fs: FileSystem, path: str, code: ErrnoCode, reason: str) -> None:
    assert failing(fs, path) is code, reason


def test_link_cycles_end(fs: FileSystem) -> None:
    fs.make_link(fs.entry("/l1"), "/l2")
    fs.make_link(fs.entry("/l2"), "/l1")
    assert failing(fs, "/l1") is ErrnoCode.ELOOP
    assert fs.resolve("/l1", follow=False).mode & c.S_IFMT == c.S_IFLNK


def test_chains_of_forty_links_are_followed(fs: FileSystem) -> None:
    big = FileSystem(clock=FixedClock())
    big.write_file("/t0", b"")
    for index in range(41):
        big.make_link(big.entry(f"/t{index + 1}"), f"t{index}")
    assert big.resolve("/t40") is big.resolve("/t0")
    assert failing(big, "/t41") is ErrnoCode.ELOOP


def test_names_are_measured_in_bytes(fs: FileSystem) -> None:
    fs.write_file("/" + "é" * 127, b"")
    assert failing(fs, "/" + "é" * 128) is ErrnoCode.ENAMETOOLONG


def code_of(action: Callable[..., object], *args: object, **kwargs: object) -> ErrnoCode:
    with pytest.raises(Errno) as caught:
        action(*args, **kwargs)
    return caught.value.code


def test_unlink_and_rmdir_rules(fs: FileSystem) -> None:
    at = fs.entry
    assert code_of(fs.unlink, at("/a")) is ErrnoCode.EISDIR
    assert code_of(fs.remove_directory, at("/a/f")) is ErrnoCode.ENOTDIR
    assert code_of(fs.remove_directory, at("/a")) is ErrnoCode.ENOTEMPTY
    assert code_of(fs.remove_directory, at("/")) is ErrnoCode.EBUSY
    assert code_of(fs.remove_directory, at("/a/.")) is ErrnoCode.EBUSY
    assert code_of(fs.unlink, at("/nope")) is ErrnoCode.ENOENT
    fs.change_directory(fs.resolve("/a/b"))
    assert code_of(fs.remove_directory, at("/a/b")) is ErrnoCode.EBUSY
    fs.unlink(at("/a/link"))
    assert fs.resolve("/a/b") is not None
    fs.unlink(at("/a/f"))
    assert fs.byte_count == 0


def test_rename_moves_replaces_and_refuses(fs: FileSystem) -> None:
    at = fs.entry
    fs.write_file("/g", b"other")
    fs.rename(at("/g"), at("/a/f"))
    assert fs.read_file("/a/f") == b"other"
    assert fs.byte_count == len(b"other") + len(b"b")
    assert code_of(fs.rename, at("/a"), at("/a/b/c")) is ErrnoCode.EINVAL
    assert code_of(fs.rename, at("/a/f"), at("/a/b")) is ErrnoCode.EISDIR
    assert code_of(fs.rename, at("/a/b"), at("/a/f")) is ErrnoCode.ENOTDIR
    fs.make_directories("/c/full")
    assert code_of(fs.rename, at("/a/b"), at("/c")) is ErrnoCode.ENOTEMPTY
    assert code_of(fs.rename, at("/a/f"), at("/g/")) is ErrnoCode.ENOTDIR
    fs.rename(at("/a/f"), at("/a/f"))
    fs.rename(at("/a/b"), at("/c/full"))
    assert code_of(fs.resolve, "/a/b") is ErrnoCode.ENOENT
    fs.rename(at("/c"), at("/a/c/"))
    assert fs.cwd_path() == "/"
    assert fs.resolve("/a/c/full") is not None


def test_working_directory_follows_a_rename(fs: FileSystem) -> None:
    fs.change_directory(fs.resolve("/a/b"))
    fs.rename(fs.entry("/a"), fs.entry("/z"))
    assert fs.cwd_path() == "/z/b"


def test_content_grows_shrinks_and_reads_zeros_in_gaps(fs: FileSystem) -> None:
    node = fs.resolve("/a/f")
    fs.write_at(node, 10, b"end")
    assert fs.read_file("/a/f") == b"hello" + bytes(5) + b"end"
    fs.truncate(node, 3)
    fs.truncate(node, 5)
    assert fs.read_file("/a/f") == b"hel\0\0"
    assert fs.read_at(node, 100, 5) == b""
    fs.truncate(node, 0)
    assert node.size == 0


@pytest.mark.parametrize(
    ("position", "size", "code", "reason"),
    [
        (1 << 60, 1, ErrnoCode.EFBIG, "a far seek must not allocate"),
        (2048, 1, ErrnoCode.EFBIG, "one byte over the bound of a file"),
        (0, 2049, ErrnoCode.EFBIG, "content over the bound of a file"),
    ],
)
def test_file_bound(fs: FileSystem, position: int, size: int, code: ErrnoCode, reason: str) -> None:
    node = fs.resolve("/a/f")
    assert code_of(fs.write_at, node, position, bytes(size)) is code, reason
    assert fs.read_file("/a/f") == b"hello"


def test_total_bound_counts_files_links_and_gaps(fs: FileSystem) -> None:
    fs.write_file("/1", bytes(2000))
    fs.write_file("/2", bytes(2000))
    assert code_of(fs.write_file, "/3", bytes(100)) is ErrnoCode.ENOSPC
    assert code_of(fs.make_link, fs.entry("/l"), "t" * 100) is ErrnoCode.ENOSPC
    fs.unlink(fs.entry("/1"))
    fs.write_file("/3", bytes(100))
    assert code_of(fs.truncate, fs.resolve("/3"), 1 << 60) is ErrnoCode.EFBIG
    assert code_of(fs.truncate, fs.resolve("/3"), -1) is ErrnoCode.EINVAL


def test_node_bound(fs: FileSystem) -> None:
    def fill() -> None:
        for index in range(100):
            fs.write_file(f"/n{index}", b"")

    assert code_of(fill) is ErrnoCode.ENOSPC
    fs.unlink(fs.entry("/n0"))
    fs.write_file("/again", b"")


def test_read_only_mounts(fs: FileSystem) -> None:
    at = fs.entry
    assert fs.read_file("/ro/x") == b"shared"
    assert fs.read_file("/ro/d/y") == b"deep"
    node = fs.resolve("/ro/x")
    assert code_of(fs.write_at, node, 0, b"!") is ErrnoCode.EROFS
    assert code_of(fs.truncate, node, 0) is ErrnoCode.EROFS
    assert code_of(fs.change_mode, node, 0o777) is ErrnoCode.EROFS
    assert code_of(fs.change_times, node, atime_ms=0, mtime_ms=0) is ErrnoCode.EROFS
    assert code_of(fs.unlink, at("/ro/x")) is ErrnoCode.EROFS
    assert code_of(fs.make_file, at("/ro/new"), 0o666) is ErrnoCode.EROFS
    assert code_of(fs.make_directory, at("/ro/new"), 0o777) is ErrnoCode.EROFS
    assert code_of(fs.rename, at("/a/f"), at("/ro/x")) is ErrnoCode.EROFS
    assert code_of(fs.rename, at("/ro/x"), at("/a/f")) is ErrnoCode.EROFS
    assert code_of(fs.remove_directory, at("/ro")) is ErrnoCode.EBUSY
    assert code_of(fs.rename, at("/ro"), at("/rw")) is ErrnoCode.EBUSY
    assert code_of(fs.rename, at("/a/b"), at("/ro")) is ErrnoCode.EBUSY


def test_inode_numbers_of_mounts_are_reserved(fs: FileSystem) -> None:
    inos = [fs.resolve(path).ino for path in ("/ro", "/ro/x", "/ro/d", "/ro/d/y")]
    assert inos == list(range(inos[0], inos[0] + 4))
    fs.write_file("/after", b"")
    assert fs.resolve("/after").ino == inos[-1] + 1


def test_mounting_needs_a_free_name(fs: FileSystem) -> None:
    assert code_of(fs.mount, "/a/f", Mount(name="other", source=b"")) is ErrnoCode.EEXIST
    assert code_of(fs.mount, "/other", Mount(name="ro", source=b"")) is ErrnoCode.EEXIST
    assert code_of(fs.mount, "/nope/x", Mount(name="other", source=b"")) is ErrnoCode.ENOENT


@pytest.mark.parametrize("name", ["", ".", "..", "a/b", "a\0b", "x" * 256])
def test_mounts_with_impossible_names_are_refused(name: str) -> None:
    with pytest.raises(FormatError, match="name"):
        Mount(name="bad", source={"d": {name: b""}})


def test_times_and_modes(fs: FileSystem) -> None:
    clock = fs.clock
    assert isinstance(clock, FixedClock)
    node = fs.resolve("/a/f")
    clock.now_ns += 5_000_000
    fs.write_at(node, 0, b"x")
    assert (node.mtime, node.ctime, node.atime) == (1_000_005, 1_000_005, 1_000_000)
    fs.change_mode(node, 0o4755)
    assert node.mode == c.S_IFREG | 0o4755
    fs.change_times(node, atime_ms=1, mtime_ms=None)
    assert (node.atime, node.mtime) == (1, 1_000_005)


def test_conveniences(fs: FileSystem) -> None:
    assert fs.make_directories("/a/b/c/d") is fs.resolve("/a/b/c/d")
    assert code_of(fs.make_directories, "/a/f/x") is ErrnoCode.ENOTDIR
    fs.write_file("/a/f", b"shorter"[:2])
    assert fs.read_file("/a/f") == b"sh"
    assert code_of(fs.read_file, "/a") is ErrnoCode.EISDIR
    assert code_of(fs.write_file, "/a", b"") is ErrnoCode.EISDIR
    assert code_of(fs.change_directory, fs.resolve("/a/f")) is ErrnoCode.ENOTDIR


def test_nodes_take_readings_of_the_clock_as_emscriptens_do() -> None:
    """Two for a node in memory, whose second is its time; one for a mount, which has a time of its own."""
    fs = FileSystem(clock=SteppingClock())
    assert fs.root.ctime == 1
    directory = fs.make_directories("/d")
    assert (directory.ctime, fs.root.mtime) == (3, 3)
    fs.mount("/d", Mount(name="m", source={}, directory_mode=0o777))
    node = fs.resolve("/d")
    assert (node.ino, node.ctime, node.mode, node.size) == (3, 0, c.S_IFDIR | 0o777, 0)
    fs.skip_node()
    assert (fs.make_file(fs.entry("/f"), 0o666).ctime, fs.resolve("/f").ino) == (7, 5)


def test_mounts_hide_empty_directories_only(fs: FileSystem) -> None:
    count = fs.node_count
    fs.mount("/a/b", Mount(name="over", source={"z": b""}))
    assert fs.node_count == count
    assert fs.resolve("/a/b/z").size == 0
    with pytest.raises(Errno, match="EEXIST"):
        fs.mount("/a", Mount(name="other", source={}))
    with pytest.raises(Errno, match="EEXIST"):
        fs.mount("/new", Mount(name="over", source={}))
