from __future__ import annotations

from collections.abc import Callable

import pytest

from runtime_core.emscripten import constants as c
from runtime_core.emscripten.errno import Errno, ErrnoCode
from runtime_core.emscripten.files import DescriptorTable
from runtime_core.emscripten.fs import FileSystem
from runtime_core.emscripten.host import EmscriptenHost, HostServices
from runtime_core.emscripten.limits import FileSystemLimits
from runtime_core.emscripten.mounts import Mount
from tests.support.fake_guest import FakeInstance, FixedClock, fake_host

LIMITS = FileSystemLimits(total_bytes=65_536, file_bytes=65_536, open_files=16, pipe_bytes=8, pipes=2)


@pytest.fixture
def host() -> EmscriptenHost:
    clock = FixedClock()
    made = fake_host(FakeInstance(), HostServices(clock=clock), fs=FileSystem(clock=clock, limits=LIMITS))
    made.fs.make_directories("/d/sub")
    made.fs.write_file("/d/f", b"0123456789")
    made.fs.make_link(made.fs.entry("/d/link"), "f")
    made.fs.mount("/ro", Mount(name="ro", source=b"shared"))
    made.fs.make_device(made.fs.entry("/zero"), device="zero", number=0x105)
    made.fs.make_device(made.fs.entry("/odd"), device="unknown", number=0)
    return made


@pytest.fixture
def files(host: EmscriptenHost) -> DescriptorTable:
    return host.files


def code_of(action: Callable[..., object], *args: object, **kwargs: object) -> ErrnoCode:
    with pytest.raises(Errno) as caught:
        action(*args, **kwargs)
    return caught.value.code


@pytest.mark.parametrize(
    ("path", "flags", "code", "reason"),
    [
        ("/d/nope", c.O_RDONLY, ErrnoCode.ENOENT, "nothing to open"),
        ("/d", c.O_RDWR, ErrnoCode.EISDIR, "directories cannot be written"),
        ("/d", c.O_CREAT, ErrnoCode.EISDIR, "a directory is in the way"),
        ("/d/new/", c.O_CREAT, ErrnoCode.EISDIR, "a file's name has no slash at its end"),
        ("/d/f", c.O_DIRECTORY, ErrnoCode.ENOTDIR, "a file is no directory"),
        ("/d/f", c.O_CREAT | c.O_EXCL, ErrnoCode.EEXIST, "the file exists"),
        ("/d/link", c.O_CREAT | c.O_EXCL, ErrnoCode.EEXIST, "the link exists, whatever it points to"),
        ("/d/link", c.O_NOFOLLOW, ErrnoCode.ELOOP, "links are not to be followed"),
        ("/ro", c.O_WRONLY, ErrnoCode.EROFS, "the mount is read-only"),
        ("/ro", c.O_TRUNC, ErrnoCode.EROFS, "the mount is read-only"),
        ("/odd", c.O_RDONLY, ErrnoCode.ENODEV, "the host has no such device"),
    ],
)
def test_open_fails(files: DescriptorTable, path: str, flags: int, code: ErrnoCode, reason: str) -> None:
    assert code_of(files.open, path, flags) is code, reason


def test_open_creates_truncates_and_takes_the_lowest_descriptor(host: EmscriptenHost, files: DescriptorTable) -> None:
    assert files.open("/d/new", c.O_CREAT | c.O_WRONLY, 0o640) == 0
    assert host.fs.resolve("/d/new").mode == c.S_IFREG | 0o640
    assert files.open("/d/f", c.O_WRONLY | c.O_TRUNC) == 1
    assert host.fs.resolve("/d/f").size == 0
    files.close(0)
    assert files.open("/d", c.O_RDONLY) == 0


def test_creating_through_a_dangling_link(host: EmscriptenHost, files: DescriptorTable) -> None:
    host.fs.make_link(host.fs.entry("/d/dangling"), "target")
    files.get(files.open("/d/dangling", c.O_CREAT | c.O_WRONLY)).write(b"x")
    assert host.fs.read_file("/d/target") == b"x"


def test_read_write_seek(files: DescriptorTable) -> None:
    stream = files.get(files.open("/d/f", c.O_RDWR))
    assert bytes(stream.read(4)) == b"0123"
    assert bytes(stream.read(2, position=8)) == b"89"
    assert stream.position == 4
    assert stream.write(b"XY") == 2
    assert stream.seek(-2, c.SEEK_CUR) == 4
    assert bytes(stream.read(99)) == b"XY6789"
    assert stream.read(99) == b""
    assert stream.seek(-1, c.SEEK_END) == 9
    assert stream.write(b"Z", position=0) == 1
    assert code_of(stream.seek, -1, c.SEEK_SET) is ErrnoCode.EINVAL
    assert code_of(stream.seek, 0, 3) is ErrnoCode.EINVAL
    assert code_of(stream.seek, (1 << 63) - 1, c.SEEK_CUR) is ErrnoCode.EINVAL
    assert stream.position == 9


def test_append_always_writes_at_the_end(host: EmscriptenHost, files: DescriptorTable) -> None:
    stream = files.get(files.open("/d/f", c.O_WRONLY | c.O_APPEND))
    stream.seek(0, c.SEEK_SET)
    stream.write(b"!")
    assert host.fs.read_file("/d/f") == b"0123456789!"
    assert code_of(stream.read, 1) is ErrnoCode.EBADF


def test_access_modes(files: DescriptorTable) -> None:
    reading = files.get(files.open("/d/f", c.O_RDONLY))
    assert code_of(reading.write, b"x") is ErrnoCode.EBADF
    path_only = files.get(files.open("/d/f", c.O_PATH))
    assert code_of(path_only.read, 1) is ErrnoCode.EBADF
    directory = files.get(files.open("/d", c.O_RDONLY))
    assert code_of(directory.read, 1) is ErrnoCode.EISDIR


def test_unlinked_files_stay_readable_until_closed(host: EmscriptenHost, files: DescriptorTable) -> None:
    fd = files.open("/d/f", c.O_RDWR)
    before = host.fs.byte_count
    host.fs.unlink(host.fs.entry("/d/f"))
    assert bytes(files.get(fd).read(3)) == b"012"
    assert host.fs.byte_count == before
    files.close(fd)
    assert host.fs.byte_count == before - 10
    assert code_of(files.get, fd) is ErrnoCode.EBADF
    assert code_of(files.close, fd) is ErrnoCode.EBADF


def test_replaced_files_stay_readable_until_closed(host: EmscriptenHost, files: DescriptorTable) -> None:
    fd = files.open("/d/f", c.O_RDONLY)
    host.fs.write_file("/d/g", b"new")
    host.fs.rename(host.fs.entry("/d/g"), host.fs.entry("/d/f"))
    assert bytes(files.get(fd).read(3)) == b"012"
    assert host.fs.read_file("/d/f") == b"new"


def test_duplicates_share_the_position(files: DescriptorTable) -> None:
    fd = files.open("/d/f", c.O_RDONLY)
    other = files.duplicate(fd, minimum=7)
    assert other == 7
    files.get(fd).read(4)
    assert files.get(other).position == 4
    files.close(fd)
    assert bytes(files.get(other).read(1)) == b"4"
    assert files.duplicate_to(other, 2) == 2
    assert code_of(files.duplicate_to, other, other) is ErrnoCode.EINVAL
    assert code_of(files.duplicate_to, other, 16) is ErrnoCode.EBADF
    assert code_of(files.duplicate_to, other, -1) is ErrnoCode.EBADF
    assert code_of(files.duplicate_to, 9, 3) is ErrnoCode.EBADF
    assert code_of(files.duplicate, other, minimum=-1) is ErrnoCode.EINVAL
    assert code_of(files.duplicate, other, minimum=16) is ErrnoCode.EINVAL


def test_descriptors_run_out(files: DescriptorTable) -> None:
    for _ in range(16):
        files.open("/d/f", c.O_RDONLY)
    assert code_of(files.open, "/d/f", c.O_RDONLY) is ErrnoCode.EMFILE
    assert code_of(files.duplicate, 0) is ErrnoCode.EMFILE


def test_a_failed_open_creates_nothing(host: EmscriptenHost, files: DescriptorTable) -> None:
    for _ in range(16):
        files.open("/d/f", c.O_RDONLY)
    assert code_of(files.open, "/d/new", c.O_CREAT) is ErrnoCode.EMFILE
    assert code_of(host.fs.resolve, "/d/new") is ErrnoCode.ENOENT


def test_pipes(files: DescriptorTable) -> None:
    reading, writing = files.open_pipe()
    source, sink = files.get(reading), files.get(writing)
    assert source.events() == 0
    assert sink.events() & c.POLLOUT
    assert code_of(source.read, 1) is ErrnoCode.EAGAIN
    assert sink.write(b"0123456789") == 8
    assert sink.events() == 0
    assert code_of(sink.write, b"x") is ErrnoCode.EAGAIN
    assert source.read(3) == b"012"
    assert source.events() & c.POLLIN
    assert code_of(source.seek, 0, 0) is ErrnoCode.ESPIPE
    assert code_of(source.read, 1, position=0) is ErrnoCode.ESPIPE
    assert code_of(sink.read, 1) is ErrnoCode.EBADF
    files.close(writing)
    assert source.read(99) == b"34567"
    assert source.read(1) == b""
    assert source.events() == c.POLLHUP


def test_pipe_without_reader(host: EmscriptenHost, files: DescriptorTable) -> None:
    nodes = host.fs.node_count
    reading, writing = files.open_pipe()
    copy = files.duplicate(reading)
    files.close(reading)
    assert files.get(writing).write(b"x") == 1
    files.close(copy)
    assert code_of(files.get(writing).write, b"x") is ErrnoCode.EPIPE
    assert files.get(writing).events() == c.POLLERR
    files.close(writing)
    assert host.fs.node_count == nodes


def test_pipes_run_out(files: DescriptorTable) -> None:
    files.open_pipe()
    reading, writing = files.open_pipe()
    assert code_of(files.open_pipe) is ErrnoCode.EMFILE
    files.close(reading)
    files.close(writing)
    files.open_pipe()


def test_devices(files: DescriptorTable) -> None:
    stream = files.get(files.open("/zero", c.O_RDWR))
    assert stream.read(4) == bytes(4)
    assert len(stream.read(1 << 40)) == 1 << 20
    assert stream.write(b"abc") == 3
    assert code_of(stream.seek, 0, c.SEEK_SET) is ErrnoCode.ESPIPE
    assert code_of(stream.write, b"", position=0) is ErrnoCode.ESPIPE


def test_listings_are_stable_and_charged(host: EmscriptenHost, files: DescriptorTable) -> None:
    stream = files.get(files.open("/d", c.O_RDONLY))
    before = host.fs.byte_count
    names = stream.entries()
    assert names == [".", "..", "sub", "f", "link"]
    assert host.fs.byte_count > before
    host.fs.write_file("/d/later", b"")
    assert stream.entries() is names
    stream.seek(0, c.SEEK_SET)
    assert host.fs.byte_count == before
    assert stream.entries()[-1] == "later"
    files.close(0)
    assert host.fs.byte_count == before


def test_listings_cannot_exhaust_the_host(host: EmscriptenHost, files: DescriptorTable) -> None:
    for index in range(100):
        host.fs.write_file(f"/d/{index}", b"")
    fds = [files.open("/d", c.O_RDONLY) for _ in range(16)]
    assert code_of(lambda: [files.get(fd).entries() for fd in fds]) is ErrnoCode.ENOSPC
