from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from runtime_core.emscripten import constants as c
from runtime_core.emscripten.boot import BOOT_ENVIRONMENT, prepare_filesystem
from runtime_core.emscripten.errno import Errno
from runtime_core.emscripten.host import EmscriptenHost, HostServices, environment_with
from runtime_core.emscripten.mounts import Mount
from runtime_core.emscripten.state import HostTemplate, capture_state
from runtime_core.emscripten.stderr import capture_stderr
from schemas.errors import CaptureError, RestoreError
from tests.support.fake_guest import FakeInstance, FixedClock, fake_host

STDLIB = Mount(name="stdlib", source=b"PK-the-standard-library")
MOUNTS = {"stdlib": STDLIB}


@pytest.fixture
def host() -> EmscriptenHost:
    made = fake_host(environment=environment_with(BOOT_ENVIRONMENT))
    prepare_filesystem(made, python_version=(3, 14), stdlib=STDLIB)
    made.fs.write_file("/tmp/data", bytes(range(256)))
    made.fs.write_file("/tmp/b\udcff", b"name that is not UTF-8")
    made.fs.make_link(made.fs.entry("/tmp/link"), "data")
    return made


def restored(host: EmscriptenHost) -> EmscriptenHost:
    state = json.loads(json.dumps(capture_state(host)))
    made = HostTemplate.parse(state, MOUNTS).instantiate(HostServices(clock=FixedClock(0)))
    made.bind(FakeInstance())
    return made


def test_capture_is_a_fixed_point(host: EmscriptenHost) -> None:
    assert capture_state(restored(host)) == capture_state(host)


def test_content_never_leaves_the_mount(host: EmscriptenHost) -> None:
    assert "UEst" not in json.dumps(capture_state(host))
    assert restored(host).fs.read_file("/lib/python314.zip") == b"PK-the-standard-library"


def test_the_tree_comes_back(host: EmscriptenHost) -> None:
    back = restored(host)
    assert back.fs.read_file("/tmp/link") == bytes(range(256))
    assert back.fs.read_file("/tmp/b\udcff") == b"name that is not UTF-8"
    assert back.fs.cwd_path() == "/home/pyodide"
    assert list(back.environment.items()) == list(host.environment.items())
    for path in ("/", "/tmp/data", "/dev/null", "/lib/python314.zip"):
        was, now = host.fs.resolve(path), back.fs.resolve(path)
        assert (was.ino, was.mode, was.mtime, was.size) == (now.ino, now.mode, now.mtime, now.size), path
    assert (back.fs.node_count, back.fs.byte_count) == (host.fs.node_count, host.fs.byte_count)


def test_isolates_share_content_until_they_write(host: EmscriptenHost) -> None:
    template = HostTemplate.parse(capture_state(host), MOUNTS)
    first, second = (template.instantiate(HostServices()) for _ in range(2))
    first.fs.write_at(first.fs.resolve("/tmp/data"), 0, b"changed")
    first.fs.unlink(first.fs.entry("/tmp/link"))
    first.environment["HOME"] = "/elsewhere"
    assert second.fs.read_file("/tmp/data") == bytes(range(256))
    assert second.fs.resolve("/tmp/link") is second.fs.resolve("/tmp/data")
    assert second.environment["HOME"] == "/home/pyodide"


def test_descriptors_come_back(host: EmscriptenHost) -> None:
    fd = host.files.open("/tmp/data", c.O_RDWR | c.O_APPEND)
    host.files.get(fd).seek(7, c.SEEK_SET)
    copy = host.files.duplicate(fd, minimum=9)
    back = restored(host)
    stream = back.files.get(copy)
    assert stream is back.files.get(fd)
    assert (stream.position, stream.flags) == (7, c.O_RDWR | c.O_APPEND)
    assert stream.node is back.fs.resolve("/tmp/data")
    assert [fd for fd, _ in back.files] == [0, 1, 2, 3, 9]


def test_unlinked_open_files_and_pipes_come_back(host: EmscriptenHost) -> None:
    fd = host.files.open("/tmp/data", c.O_RDWR)
    host.fs.unlink(host.fs.entry("/tmp/data"))
    reading, writing = host.files.open_pipe()
    host.files.get(writing).write(b"in flight")
    back = restored(host)
    assert bytes(back.files.get(fd).read(300)) == bytes(range(256))
    back.files.get(writing).write(b"!")
    back.files.close(writing)
    assert back.files.get(reading).read(99) == b"in flight!"
    assert back.files.get(reading).read(99) == b""
    back.files.close(fd)
    back.files.close(reading)
    host.files.close(fd)
    host.files.close(reading)
    host.files.close(writing)
    assert (back.fs.node_count, back.fs.byte_count) == (host.fs.node_count, host.fs.byte_count)


def test_very_deep_trees_are_captured(host: EmscriptenHost) -> None:
    current = host.fs.resolve("/tmp")
    for _ in range(5000):
        host.fs.change_directory(current)
        current = host.fs.make_directory(host.fs.entry("d"), 0o777)
    host.fs.change_directory(host.fs.root)
    back = restored(host)
    assert back.fs.node_count == host.fs.node_count


def test_monotonic_time_continues(host: EmscriptenHost) -> None:
    clock = host.clock
    assert isinstance(clock, FixedClock)
    clock.now_ns += 5_000_000_000
    assert host.monotonic_ns() == 5_000_000_000
    assert restored(host).monotonic_ns() == 5_000_000_000


def test_capture_refuses_what_is_in_the_middle_of_something(host: EmscriptenHost) -> None:
    capture_stderr(host)
    with pytest.raises(CaptureError, match="standard error"):
        capture_state(host)


def change(path: str, value: object) -> Callable[[dict[str, Any]], None]:
    def apply(state: dict[str, Any]) -> None:
        *keys, last = [int(key) if key.isdigit() else key for key in path.split(".")]
        target: Any = state
        for key in keys:
            target = target[key]
        if value is KeyError:
            del target[last]
        else:
            target[last] = value

    return apply


@pytest.mark.parametrize(
    ("damage", "reason"),
    [
        (change("version", 2), "an unknown version"),
        (change("filesystem", KeyError), "no file system"),
        (change("filesystem.nodes", []), "no root"),
        (change("filesystem.nodes.0.ino", 7), "another root"),
        (change("filesystem.nodes.0.kind", "file"), "a root that is no directory"),
        (change("filesystem.nodes.1.kind", "socket"), "an unknown kind"),
        (change("filesystem.nodes.1.parent", 999), "a parent that does not exist"),
        (change("filesystem.nodes.1.ino", 3), "an inode number twice"),
        (change("filesystem.nodes.1.ino", 1 << 40), "an inode number that was not given out yet"),
        (change("filesystem.nodes.1.name", "a/b"), "a slash in a name"),
        (change("filesystem.nodes.1.name", ".."), "a name with a meaning"),
        (change("filesystem.nodes.1.name", ""), "an empty name"),
        (change("filesystem.nodes.1.name", "x" * 256), "a name that is too long"),
        (change("filesystem.nodes.1.mode", 0o100644), "the mode of another kind"),
        (change("filesystem.nodes.1.times", [0, 0]), "a time is missing"),
        (change("filesystem.nodes.1.times", ["a", 0, 0]), "a time that is no number"),
        (change("filesystem.next_ino", "x"), "a count that is no number"),
        (change("streams.0.0", 12345), "a stream of a node that does not exist"),
        (change("streams.0.2", -1), "a negative position"),
        (change("descriptors.0.1", 99), "a descriptor of a stream that does not exist"),
        (change("descriptors.0.0", -1), "a negative descriptor"),
        (change("cwd", "/nope"), "a working directory that does not exist"),
        (change("cwd", "/tmp/data"), "a working directory that is none"),
        (change("environment", [["a"]]), "half a variable"),
        (change("table", {}), "no table"),
    ],
)
def test_damaged_states_are_refused(
    host: EmscriptenHost, damage: Callable[[dict[str, Any]], None], reason: str
) -> None:
    state = json.loads(json.dumps(capture_state(host)))
    damage(state)
    with pytest.raises(RestoreError) as caught:
        HostTemplate.parse(state, MOUNTS)
    assert str(caught.value), reason


@pytest.mark.parametrize(
    ("mounts", "reason"),
    [
        ({}, "the mount is missing"),
        ({"stdlib": Mount(name="stdlib", source={"x": b""})}, "the mount has another shape"),
    ],
)
def test_other_mounts_are_refused(host: EmscriptenHost, mounts: dict[str, Mount], reason: str) -> None:
    with pytest.raises(RestoreError, match="stdlib") as caught:
        HostTemplate.parse(capture_state(host), mounts)
    assert str(caught.value), reason


def test_a_bad_base64_file_is_refused(host: EmscriptenHost) -> None:
    state = json.loads(json.dumps(capture_state(host)))
    file = next(node for node in state["filesystem"]["nodes"] if node["kind"] == "file")
    file["data"] = "!!"
    with pytest.raises(RestoreError, match="base64"):
        HostTemplate.parse(state, MOUNTS)


def test_errno_never_escapes_a_template(host: EmscriptenHost) -> None:
    state = capture_state(host)
    device = next(node for node in state["filesystem"]["nodes"] if node["kind"] == "device" and node["name"] == "stdin")
    device["device"] = "gone"
    with pytest.raises(RestoreError) as caught:
        HostTemplate.parse(state, MOUNTS)
    assert isinstance(caught.value.__cause__, Errno)
