from __future__ import annotations

from typing import Any

import pytest

from runtime_core.emscripten import constants as c
from runtime_core.emscripten.errno import ErrnoCode as E
from runtime_core.emscripten.imports import emscripten_imports
from runtime_core.emscripten.mounts import Mount
from tests.support.fake_guest import PAGE, FakeInstance, fake_host

FUNCTIONS = {item.name: item.function for item in emscripten_imports()}
OUT = 0x100


@pytest.mark.parametrize(
    ("pages", "requested", "after", "reason"),
    [
        (10, 10 * PAGE + 1, 12, "a fifth more than there was"),
        (10, 14 * PAGE, 14, "more than a fifth was asked for"),
        (15, 15 * PAGE + 1, 16, "a fifth is refused, a twentieth is granted"),
    ],
)
def test_growth(pages: int, requested: int, after: int, reason: str) -> None:
    instance = FakeInstance(pages=pages, max_pages=16)
    assert FUNCTIONS["emscripten_resize_heap"](fake_host(instance), requested) == 1
    assert instance.memory.size == after * PAGE, reason


@pytest.mark.parametrize("requested", [17 * PAGE, 4_294_901_761 - (1 << 32), -1])
def test_growth_refused(requested: int) -> None:
    instance = FakeInstance(pages=4, max_pages=16)
    assert FUNCTIONS["emscripten_resize_heap"](fake_host(instance), requested) == 0
    assert instance.memory.size == 4 * PAGE


def test_heap_max() -> None:
    assert FUNCTIONS["emscripten_get_heap_max"](fake_host()) == 4_294_901_760


def mapped(host_flags: int = 0) -> tuple[FakeInstance, Any, int]:
    instance = FakeInstance(pages=8, max_pages=8)
    host = fake_host(instance)
    host.fs.write_file("/f", b"0123456789")
    fd = host.files.open("/f", c.O_RDWR)
    assert FUNCTIONS["_mmap_js"](host, 10, 3, host_flags, fd, 2, OUT, OUT + 4) == 0
    assert instance.memory.read_i32(OUT) == 1
    return instance, host, instance.memory.read_u32(OUT + 4)


def test_mapping_copies_and_writes_back() -> None:
    instance, host, addr = mapped()
    assert instance.memory.read(addr, 12) == b"23456789" + bytes(4)
    instance.memory.write(addr, b"AB")
    fs = host.fs
    assert FUNCTIONS["_msync_js"](host, addr, 10, 3, 0, 0, 2) == 0
    assert fs.read_file("/f") == b"01AB456789"
    instance.memory.write(addr, b"CD")
    assert FUNCTIONS["_munmap_js"](host, addr, 10, 3, 0, 0, 2) == 0
    assert fs.read_file("/f") == b"01CD456789"
    instance.memory.write(addr, b"EF")
    assert FUNCTIONS["_munmap_js"](host, addr, 10, 3, c.MAP_PRIVATE, 0, 2) == 0
    assert FUNCTIONS["_munmap_js"](host, addr, 10, 1, 0, 0, 2) == 0
    assert fs.read_file("/f") == b"01CD456789"


@pytest.mark.parametrize(
    ("length", "prot", "path", "flags", "offset", "code", "reason"),
    [
        (0, 1, "/f", c.O_RDONLY, 0, E.EINVAL, "an empty mapping"),
        (1, 1, "/f", c.O_RDONLY, -1, E.EINVAL, "a negative offset"),
        (1, 1, "/f", c.O_WRONLY, 0, E.EACCES, "the file cannot be read"),
        (1, 3, "/f", c.O_RDONLY, 0, E.EACCES, "a shared mapping of a file that cannot be written"),
        (1, 1, "/", c.O_RDONLY, 0, E.ENODEV, "a directory"),
        (1 << 30, 1, "/f", c.O_RDONLY, 0, E.ENOMEM, "more than the guest's memory"),
        (-1, 1, "/f", c.O_RDONLY, 0, E.ENOMEM, "more than any memory"),
    ],
)
def test_mapping_fails(length: int, prot: int, path: str, flags: int, offset: int, code: E, reason: str) -> None:
    host = fake_host()
    host.fs.write_file("/f", b"data")
    fd = host.files.open(path, flags)
    assert FUNCTIONS["_mmap_js"](host, length, prot, 0, fd, offset, OUT, OUT + 4) == -code, reason


def test_read_only_mounts_can_be_mapped() -> None:
    host = fake_host(FakeInstance(pages=8, max_pages=8))
    host.fs.mount("/ro", Mount(name="ro", source=memoryview(b"shared")))
    fd = host.files.open("/ro", c.O_RDONLY)
    assert FUNCTIONS["_mmap_js"](host, 6, 1, 0, fd, 0, OUT, OUT + 4) == 0
    assert host.memory.read(host.memory.read_u32(OUT + 4), 6) == b"shared"
