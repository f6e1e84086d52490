"""Hostile files in workerd's format: every field of the metadata replaced, headers and memory damaged.

Whatever a file says, the host raises one of its own errors, within its limits, or the guest runs.
"""

from __future__ import annotations

import json
import random
import struct
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from runtime_core.build.cache import BuildCache
from runtime_core.build.progress import Timeline
from runtime_core.build.workerd_import import import_snapshot
from runtime_core.engine.limits import Limits
from runtime_core.packages.bundle import WorkerBundle
from runtime_core.release import LocalRelease
from runtime_core.workerd.checks import DEDICATED_FLAG, check_type, read_snapshot
from runtime_core.workerd.dedicate import DedicatedWorker, run_top_level
from runtime_core.workerd.flags import BASELINE_FLAGS
from runtime_core.workerd.libraries import library_places
from runtime_core.workerd.profile import WORKERD_314_0_5
from runtime_core.workerd.references import References
from runtime_core.workerd.replay import leave_top_level
from runtime_core.workerd.write import write_dedicated
from schemas.errors import PlatformError
from schemas.snapshot_codec import PAGE_BYTES
from tests.support.releases import local_release
from tests.support.workerd.files import DEDICATED_WORKER, baseline, dedicated, dedicated_native, native_worker
from tests.support.workerd.guests import workerd_runtime
from tests.support.workerd.places import replayed

_HEADER: Final = struct.Struct("<IIII")
_LIMITS: Final = Limits(cpu_seconds=20.0, memory_bytes=256 << 20, wait_seconds=1.0)
_DEEP: Final[list[Any]] = []
for _ in range(200):
    _DEEP = [_DEEP]  # type: ignore[misc]  # made once
_REPLACEMENTS: Final[tuple[Any, ...]] = (
    *(None, True, 0, -1, 1 << 31, 1 << 40, 1.5, "", "x" * 300, "\ud800", [], [[]], {}, {"": None}),
    *({"path": ["Object", "nothing", "there"]}, {"serialized": {}}, {"serialized": {"jsModule": True}}, _DEEP),
)
_SAMPLES: Final = 12


def _parts(data: bytes) -> tuple[dict[str, Any], bytes]:
    _, _, offset, length = _HEADER.unpack_from(data)
    return json.loads(data[_HEADER.size : _HEADER.size + length]), data[offset:]


def _file(metadata: Mapping[str, Any], heap: bytes) -> bytes:
    text = json.dumps(metadata).encode()
    offset = -(-(_HEADER.size + len(text)) // 8) * 8
    return (_HEADER.pack(0x706E7300, 2, offset, len(text)) + text).ljust(offset, b"\0") + heap


def _places(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """The path of every value in a JSON document, but of single compatibility flags, which are many and alike."""
    yield path
    if path[-1:] == ("compatFlags",):
        return
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, item in items:
        yield from _places(item, (*path, key))


def _replaced(document: Any, path: tuple[Any, ...], value: Any) -> Any:
    if not path:
        return value
    copy = document.copy()
    copy[path[0]] = _replaced(document[path[0]], path[1:], value)
    return copy


def _read(data: bytes) -> None:
    """Everything that is known of a file before it runs."""
    snapshot = read_snapshot(data)
    check_type(snapshot)
    References.parse(snapshot.metadata)
    library_places(snapshot.metadata, WORKERD_314_0_5.session_site_packages)


@pytest.mark.boot
@pytest.mark.parametrize("native", [False, True])
def test_every_field_of_the_metadata(native: bool) -> None:
    """Each value of real metadata is replaced by values of every type: read, or refused by name."""
    metadata, _ = _parts(dedicated_native() if native else dedicated())
    heap = bytes(PAGE_BYTES)
    read, refusals = 0, set()
    for path in _places(metadata):
        for value in _REPLACEMENTS:
            try:
                _read(_file(_replaced(metadata, path, value), heap))
                read += 1
            except PlatformError as error:
                refusals.add(error.message)
    assert read > 100
    assert len(refusals) > 20
    assert all(refusals)


@given(data=st.binary(max_size=200), position=st.integers(0, 15), cut=st.integers(0, 4000))
@settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))
def test_damaged_heads(data: bytes, position: int, cut: int) -> None:
    """A header with other numbers, a file that ends early, other bytes in the metadata."""
    metadata, _ = _parts(dedicated())
    good = bytearray(_file(metadata, bytes(PAGE_BYTES)))
    good[position : position + len(data)] = data
    for damaged in (bytes(good), bytes(good[:cut]), bytes(good[: len(good) - cut])):
        with suppress(PlatformError):
            _read(damaged)


@pytest.mark.boot
@pytest.mark.parametrize("seed", range(_SAMPLES))
def test_metadata_that_lies_about_the_memory(seed: int) -> None:
    """Values of the right type in the wrong place, replayed for real."""
    generator = random.Random(seed)
    native = seed % 3 == 0
    metadata, heap = _parts(dedicated_native() if native else dedicated())
    keys = metadata["hiwire"]["hiwireKeys"]
    match seed % 6:
        case 0:
            metadata["soMemoryBases"] = {name: generator.randrange(0, len(heap)) for name in metadata["soMemoryBases"]}
        case 1:
            generator.shuffle(keys)
        case 2:
            metadata["hiwire"]["immortalKeys"] = [str(index) for index in range(generator.randrange(1, 500))]
        case 3:
            metadata["dsoHandles"] = {
                name: {"handles": [generator.randrange(1 << 32) for _ in range(50)]} for name in metadata["dsoHandles"]
            }
        case 4:
            metadata["hiwire"]["hiwireKeys"] = keys * generator.randrange(2, 50)
        case _:
            del keys[generator.randrange(len(keys)) :]
    _replay(_file(metadata, heap), native=native)


@pytest.mark.boot
@pytest.mark.parametrize("seed", range(_SAMPLES))
def test_damaged_memory(seed: int) -> None:
    """Pages and words of the guest's memory replaced: what it does then is its own affair, within its limits."""
    generator = random.Random(seed)
    metadata, original = _parts(dedicated())
    if seed % 2 == 0:
        heap = bytearray(_with_words_replaced(original, generator, count=50 * (1 + seed)))
    else:
        heap = bytearray(original)
        for page in generator.sample(_live_pages(heap), 1 + seed // 4):
            heap[page * 4096 : page * 4096 + 4096] = generator.randbytes(4096)
    _replay(_file(metadata, bytes(heap)))


def _replay(data: bytes, *, native: bool = False) -> None:
    worker = native_worker() if native else DEDICATED_WORKER
    with suppress(PlatformError):
        guest = replayed(data, worker, limits=_LIMITS, native=native)
        try:
            leave_top_level(guest)
            guest.js.run("import worker; worker.Default(None, None)")
        finally:
            guest.close()


@pytest.fixture(scope="module")
def build_cache(tmp_path_factory: pytest.TempPathFactory) -> BuildCache:
    """One of this module's own: what is imported of damaged files is nothing to keep."""
    return BuildCache(tmp_path_factory.mktemp("cache"))


@pytest.mark.boot
@pytest.mark.parametrize("seed", range(3))
def test_damaged_memory_is_imported_or_refused(seed: int, build_cache: BuildCache, tmp_path: Path) -> None:
    """The whole import: what it runs in the guest behind the replay, and the capture of what is left."""
    metadata, original = _parts(dedicated())
    heap = _with_words_replaced(original, random.Random(seed), count=10 * (seed + 1))
    output = tmp_path / "out"
    try:
        import_snapshot(
            _file(metadata, heap),
            local_release(),
            output,
            cache=build_cache,
            timeline=Timeline(),
            worker=WorkerBundle(main="worker.py", files=DEDICATED_WORKER.files),
        )
    except PlatformError:
        assert not output.exists()
    else:
        LocalRelease.open(output)


@pytest.mark.boot
@pytest.mark.parametrize("seed", range(3))
def test_damaged_baseline_under_an_export(seed: int) -> None:
    """A worker's file that is stacked on a damaged baseline: written or refused by name."""
    metadata, original = _parts(baseline())
    heap = _with_words_replaced(original, random.Random(seed), count=10 * (seed + 1))
    runtime = replace(workerd_runtime(), limits=_LIMITS)
    with suppress(PlatformError):
        started = runtime.boot(baseline=read_snapshot(_file(metadata, heap)))
        try:
            bundle = WorkerBundle(main="worker.py", files={"worker.py": b"value = [1]"})
            worker = DedicatedWorker(bundle=bundle, flags=frozenset({*BASELINE_FLAGS, DEDICATED_FLAG}))
            run_top_level(started, worker, runtime.files.sdk)
            write_dedicated(started, worker)
        finally:
            started.guest.close()


def _with_words_replaced(memory: bytes, generator: random.Random, *, count: int) -> bytes:
    """One word replaced in each of some pages."""
    heap = bytearray(memory)
    for page in generator.sample(_live_pages(heap), count):
        at = page * 4096 + 4 * generator.randrange(1024)
        heap[at : at + 4] = generator.choice([generator.randbytes(4), bytes(4), b"\xff" * 4])
    return bytes(heap)


def _live_pages(heap: bytearray) -> list[int]:
    """Pages behind the program's own data that are not empty."""
    return [page for page in range(4_053_008 // 4096, len(heap) // 4096) if any(heap[page * 4096 : page * 4096 + 4096])]
