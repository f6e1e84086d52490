"""Damaged snapshots of a real release, restored for real: they run, or end in an error of the platform.

Every field of the header, of the metadata and of the runtime's state is damaged. What gets past the checks is memory of
a guest with odd contents: the guest may trap, the host must not notice.
"""

from __future__ import annotations

import functools
import random
import struct
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import pytest

from runtime_core.build.cache import BuildCache, default_cache_root
from runtime_core.build.progress import Timeline
from runtime_core.build.release import ReleaseOptions, build_release_on
from runtime_core.packages.bundle import WorkerBundle
from runtime_core.release import LocalRelease
from runtime_core.snapshot.prepared import RestoreMode
from schemas.errors import (
    AbiMismatchError,
    FatalIsolateError,
    FormatError,
    LimitError,
    PlatformError,
    PythonError,
    UnserializableError,
    UnsupportedVersionError,
)
from schemas.snapshot_codec import encode_snapshot
from schemas.snapshot_metadata import SnapshotType
from tests.support.damage import Damage, damages
from tests.support.hostile_snapshots import SnapshotLab, described
from tests.support.releases import built_directory, local_release

pytestmark = pytest.mark.boot

_OF_THE_GUEST = (FatalIsolateError, PythonError, LimitError, UnserializableError)
"""What a guest whose memory and state do not fit may end in: no value of the snapshot is to blame."""
_IN_ONE_RUN = 150
WORKER = """
import random
from host import answer
from js import Date
from pyodide.ffi import create_proxy
def echo(value):
    return value
PROXY = create_proxy(echo)
SEEDED = random.Random(4)
def fetch(request):
    return answer()
"""


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> SnapshotLab:
    return SnapshotLab(
        local_release(), tmp_path_factory.mktemp("lab"), state_directory=built_directory().parent / "test-state"
    )


@functools.cache
def dedicated_release() -> LocalRelease:
    """A release whose worker holds proxies, a host function and a seeded generator at its top level."""
    cache = BuildCache(default_cache_root())
    output, source = cache.root / "test-hostile-dedicated", cache.root / "test-hostile-worker.py"
    source.write_text(WORKER)
    options = ReleaseOptions(worker=WorkerBundle.of_file(source), modules={"host": ("answer",)})
    build_release_on(local_release(), output, cache=cache, timeline=Timeline(), options=options)
    return LocalRelease.open(output)


@pytest.fixture(scope="module")
def dedicated(tmp_path_factory: pytest.TempPathFactory) -> SnapshotLab:
    return SnapshotLab(
        dedicated_release(),
        tmp_path_factory.mktemp("dedicated"),
        state_directory=built_directory().parent / "test-state",
        modules={"host": {"answer": lambda: 42}},
    )


def check(error: PlatformError | None, what: object) -> None:
    """An error of the snapshot says what was expected and what was found."""
    if error is None or isinstance(error, _OF_THE_GUEST):
        return
    assert isinstance(error, FormatError | AbiMismatchError) or error.code in ("restore", "link"), described(error)
    assert error.expected is not None, f"{what}: {described(error)}"
    assert error.found is not None, f"{what}: {described(error)}"


def test_the_sound_snapshot_boots(lab: SnapshotLab) -> None:
    assert lab.boot(lab.file) is None
    assert lab.restore(lab.state) is None


def test_damage_to_each_part_of_the_state(lab: SnapshotLab) -> None:
    everything = list(damages(lab.state))
    chosen = random.Random(20261122).sample(everything, _IN_ONE_RUN)
    accepted = 0
    for damage in chosen:
        error = lab.restore(damage.apply(lab.state))
        check(error, damage)
        accepted += error is None
    assert accepted < _IN_ONE_RUN / 3, "most damage is found"


def test_damage_to_what_a_worker_left_behind(dedicated: SnapshotLab) -> None:
    everything = [item for item in damages(dedicated.state) if item.path[0] in ("js", "worker")]
    for damage in random.Random(7).sample(everything, _IN_ONE_RUN):
        check(dedicated.restore(damage.apply(dedicated.state)), damage)


def test_guests_are_sound_after_all_that(lab: SnapshotLab, dedicated: SnapshotLab) -> None:
    assert lab.restore(lab.state) is None
    assert dedicated.restore(dedicated.state) is None


@pytest.mark.parametrize(
    "path", [("stack",), ("table",), ("emscripten",), ("js",), ("worker",), ("codeImage",), ("version",)]
)
@pytest.mark.parametrize("value", [None, 1, "x", [], {}, [{}]])
def test_each_member_of_the_state_is_checked(lab: SnapshotLab, path: tuple[str], value: object) -> None:
    for kind in ("replace", "remove"):
        damage = Damage(path=path, kind=kind, value=value)
        error = lab.restore(damage.apply(lab.state))
        assert isinstance(error, PlatformError), damage
        check(error, damage)


def header(lab: SnapshotLab, **changes: int) -> bytes:
    names = ("magic", "version", "heap_offset", "json_bytes")
    values = dict(zip(names, struct.unpack_from("<IIII", lab.file), strict=True)) | changes
    return struct.pack("<IIII", *(values[name] for name in names)) + lab.file[16:]


def headers(lab: SnapshotLab) -> Iterator[tuple[str, bytes]]:
    _, _, heap_offset, json_bytes = struct.unpack_from("<IIII", lab.file)
    for value in (0, 1, 0x706E7301, 2**32 - 1):
        yield f"magic {value:#x}", header(lab, magic=value)
    for value in (0, 3, 2**31, 2**32 - 1):
        yield f"version {value}", header(lab, version=value)
    for value in (0, 15, 16, json_bytes, heap_offset - 8, heap_offset + 8, len(lab.file), 2**32 - 1):
        yield f"heap offset {value}", header(lab, heap_offset=value)
    for value in (0, 1, json_bytes - 1, json_bytes + 1, heap_offset, 2**31, 2**32 - 1):
        yield f"JSON of {value} bytes", header(lab, json_bytes=value)
    for size in (0, 1, 15, 16, 17, heap_offset - 1, heap_offset, heap_offset + 65535, len(lab.file) - 1):
        yield f"cut to {size} bytes", lab.file[:size]
    yield "a byte more", lab.file + b"\0"


def test_damage_to_the_header(lab: SnapshotLab) -> None:
    for what, file in headers(lab):
        error = lab.boot(file)
        assert isinstance(error, FormatError), f"{what}: {error!r}"
        assert error.found is not None, f"{what}: {described(error)}"


def page_fewer(lab: SnapshotLab) -> bytes:
    return lab.file[:-65536]


def page_more(lab: SnapshotLab) -> bytes:
    return lab.file + bytes(65536)


def no_state(lab: SnapshotLab) -> bytes:
    return encode_snapshot(replace(lab.snapshot.metadata, extra={}), lab.snapshot.heap)


def state_of_the_future(lab: SnapshotLab) -> bytes:
    return lab.with_state(lab.state | {"version": 10**6})


def other_code(lab: SnapshotLab) -> bytes:
    return lab.with_state(lab.state | {"codeImage": "sha256:" + "0" * 64})


def larger_table(lab: SnapshotLab) -> bytes:
    table = lab.state["table"]
    return lab.with_state(lab.state | {"table": table | {"size": table["size"] + 1}})


DESCRIBED_OTHERWISE = [
    (page_fewer, AbiMismatchError, "memory pages"),
    (page_more, AbiMismatchError, "memory pages"),
    (no_state, FormatError, "another runtime wrote it"),
    (state_of_the_future, UnsupportedVersionError, "version of the runtime state"),
    (other_code, AbiMismatchError, "code image"),
    (larger_table, AbiMismatchError, "table size"),
]


@pytest.mark.parametrize(("make", "error", "reason"), DESCRIBED_OTHERWISE)
def test_a_snapshot_that_the_manifest_does_not_describe(
    lab: SnapshotLab, make: Callable[[SnapshotLab], bytes], error: type[PlatformError], reason: str
) -> None:
    found = lab.boot(make(lab))
    assert isinstance(found, error), repr(found)
    assert reason in found.message


@pytest.mark.parametrize(("make", "error", "reason"), DESCRIBED_OTHERWISE[2:])
def test_the_same_where_memory_would_be_mapped(
    lab: SnapshotLab, make: Callable[[SnapshotLab], bytes], error: type[PlatformError], reason: str
) -> None:
    found = lab.boot(make(lab), RestoreMode.COPY_ON_WRITE)
    assert isinstance(found, error), repr(found)
    assert reason in found.message


@pytest.mark.parametrize(
    ("abi", "reason"),
    [
        ({"pyodide_version": "314.0.7"}, "Pyodide version"),
        ({"name": "pyemscripten_2099_0"}, "ABI"),
        ({"python_version": "3.13"}, "Python version"),
        ({"snapshot_type": SnapshotType.DEDICATED}, "dedicated"),
        ({"snapshot_type": SnapshotType.PACKAGE}, "type"),
        ({"table_size": 1}, "table size"),
        ({"trampoline_slot": 1}, "trampoline slot"),
        ({"memory_pages": 1}, "memory pages"),
        ({"stack_pointer": 16}, "stack pointer"),
        ({"runtime_state": 10**6}, "runtime state"),
    ],
)
def test_a_manifest_for_something_else(lab: SnapshotLab, abi: dict[str, Any], reason: str) -> None:
    error = lab.boot(lab.file, **abi)
    assert isinstance(error, AbiMismatchError), repr(error)
    assert reason in error.message
    assert error.expected is not None
    assert error.found is not None


def test_damage_to_linear_memory_stays_in_the_guest(lab: SnapshotLab) -> None:
    heap_offset = struct.unpack_from("<I", lab.file, 8)[0]
    chance = random.Random(5)
    for _ in range(12):
        file = bytearray(lab.file)
        for _ in range(2000):
            at = chance.randrange(heap_offset, len(file) - 8)
            file[at : at + 4] = chance.randbytes(4)
        error = lab.boot(bytes(file))
        assert error is None or isinstance(error, PlatformError)
    for fill in (b"\0", b"\xff"):
        file = bytearray(lab.file)
        file[heap_offset:] = fill * (len(file) - heap_offset)
        assert isinstance(lab.boot(bytes(file)), PlatformError)


def test_a_refused_snapshot_leaves_no_record(lab: SnapshotLab) -> None:
    records = lab._state_directory / "code" / "snapshots"
    before = set(records.glob("*"))
    for make in (no_state, state_of_the_future):
        assert lab.boot(make(lab), RestoreMode.COPY_ON_WRITE) is not None
    assert set(records.glob("*")) == before
