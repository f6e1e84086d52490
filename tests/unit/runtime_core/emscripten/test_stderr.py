from __future__ import annotations

import pytest

from runtime_core.emscripten.boot import prepare_filesystem
from runtime_core.emscripten.host import EmscriptenHost, HostServices, StandardStreams
from runtime_core.emscripten.mounts import Mount
from runtime_core.emscripten.state import HostTemplate, capture_state
from runtime_core.emscripten.stderr import capture_stderr, restore_stderr
from schemas.errors import CaptureError
from tests.support.fake_guest import FixedClock, fake_host

STDLIB = Mount(name="stdlib", source=b"")


def make(written: bytearray) -> EmscriptenHost:
    services = HostServices(clock=FixedClock(), streams=StandardStreams(write_stderr=written.extend))
    host = fake_host(services=services)
    prepare_filesystem(host, python_version=(3, 14), stdlib=STDLIB)
    return host


def test_capture_takes_what_is_written_meanwhile() -> None:
    written = bytearray()
    host = make(written)
    nodes = host.fs.node_count
    capture_stderr(host)
    host.files.get(2).write("traceback é".encode())
    assert restore_stderr(host) == "traceback é"
    host.files.get(2).write(b"later")
    assert written == b"later"
    assert host.fs.node_count == nodes


def test_capture_is_bounded() -> None:
    host = make(bytearray())
    capture_stderr(host)
    for _ in range(3):
        assert host.files.get(2).write(bytes(1 << 20)) == 1 << 20
    assert len(restore_stderr(host)) == 1 << 20


def test_restore_without_capture_and_nested_captures() -> None:
    host = make(bytearray())
    original = host.files.get(2)
    assert restore_stderr(host) == ""
    capture_stderr(host)
    host.files.get(2).write(b"lost")
    capture_stderr(host)
    assert restore_stderr(host) == ""
    assert host.files.get(2) is original
    assert restore_stderr(host) == ""


def test_capture_survives_a_guest_that_closes_its_streams() -> None:
    host = make(bytearray())
    host.files.close(2)
    capture_stderr(host)
    host.files.get(2).write(b"x")
    host.files.close(2)
    assert restore_stderr(host) == "x"
    assert not host.files.is_open(2)


def test_bytes_that_are_not_utf8_become_replacement_characters() -> None:
    host = make(bytearray())
    capture_stderr(host)
    host.files.get(2).write(b"a\xffb")
    assert restore_stderr(host) == "a\ufffdb"


def test_duplicates_outlive_the_capture_and_can_be_captured() -> None:
    written = bytearray()
    host = make(written)
    capture_stderr(host)
    copy = host.files.duplicate(2)
    assert restore_stderr(host) == ""
    host.files.get(copy).write(b"through the duplicate")
    assert written == b"through the duplicate"
    back = HostTemplate.parse(capture_state(host), {"stdlib": STDLIB}).instantiate(HostServices(clock=FixedClock()))
    assert back.files.get(copy).node is back.fs.resolve("/dev/stderr")


def test_a_duplicate_of_nothing_cannot_be_captured() -> None:
    host = make(bytearray())
    host.files.close(2)
    capture_stderr(host)
    host.files.duplicate(2)
    restore_stderr(host)
    with pytest.raises(CaptureError, match="duplicate"):
        capture_state(host)
