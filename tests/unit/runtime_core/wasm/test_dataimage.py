"""Snapshot images."""

from __future__ import annotations

from pathlib import Path

import pytest

from runtime_core.engine import capi
from runtime_core.engine.codecache import CodeCache
from runtime_core.engine.engine import Engine
from runtime_core.engine.limits import Limits
from runtime_core.engine.memory import GuestMemory
from runtime_core.engine.store import Store
from runtime_core.wasm.dataimage import PAGE_BYTES, build_data_image
from schemas.errors import FormatError


def memory_of(image: bytes, directory: Path) -> bytes:
    """What a guest would see."""
    api = capi.load()
    engine = Engine()
    module = engine.load(image, CodeCache(directory))
    store = Store(api, engine.pointer, limits=Limits(), stack_bytes=1 << 20, ticker=None)
    extern = store.export(store.instantiate(module.pointer), "memory", capi.EXTERN_MEMORY)
    import ctypes

    pointer = ctypes.addressof(extern) + capi.ITEM_OFFSET
    memory = GuestMemory(
        lambda: (
            api.wasmtime_memory_data(store.context, pointer),
            api.wasmtime_memory_data_size(store.context, pointer),
        )
    )
    data = memory.read(0, memory.size)
    store.close()
    return data


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (bytes(PAGE_BYTES), "all zero"),
        (b"\1" + bytes(PAGE_BYTES - 1), "first byte"),
        (bytes(PAGE_BYTES - 1) + b"\1", "last byte"),
        (bytes(100) + b"abc" + bytes(PAGE_BYTES * 2 - 206) + b"def" + bytes(100), "zeros all around"),
        (b"\xff" * PAGE_BYTES, "no zeros"),
        (b"", "no pages"),
    ],
)
def test_the_memory_comes_back(content: bytes, reason: str, tmp_path: Path) -> None:
    assert memory_of(build_data_image(content), tmp_path / "cache") == content
    assert reason


def test_zeros_are_not_stored() -> None:
    assert len(build_data_image(bytes(100 * PAGE_BYTES))) < 100
    padded = bytes(5000) + b"x" * 10 + bytes(PAGE_BYTES - 5010)
    assert len(build_data_image(padded)) < 100


@pytest.mark.parametrize("kind", [bytes, bytearray, memoryview])
def test_any_bytes_will_do(kind: type) -> None:
    content = b"abc" + bytes(PAGE_BYTES - 3)
    assert build_data_image(kind(content)) == build_data_image(content)


@pytest.mark.parametrize("size", [1, PAGE_BYTES - 1, PAGE_BYTES + 1])
def test_whole_pages_only(size: int) -> None:
    with pytest.raises(FormatError, match="pages of 64 KiB"):
        build_data_image(bytes(size))
