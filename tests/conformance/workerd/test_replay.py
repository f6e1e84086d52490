"""Files that the real workerd wrote, taken up here by workerd's own rules."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator
from contextlib import closing
from typing import Any

import pytest

from runtime_core.guest import Guest
from runtime_core.workerd.checks import DEDICATED_FLAG
from runtime_core.workerd.replay import leave_top_level
from schemas.errors import RestoreError
from schemas.snapshot_codec import Snapshot, decode_snapshot, encode_snapshot
from schemas.snapshot_metadata import SnapshotMetadata
from tests.support.workerd.files import (
    BASELINE_WORKER,
    DEDICATED_WORKER,
    baseline,
    dedicated,
    dedicated_native,
    dedicated_several,
    native_worker,
    several_worker,
)
from tests.support.workerd.places import replayed
from tests.support.workerd.program import workerd

pytestmark = pytest.mark.boot

_FETCH = """
from pyodide.ffi import run_sync
import worker
response = run_sync(worker.Default(None, None).fetch(None))
[response.status, run_sync(response.text()), response.headers.get("x-made")]
"""


def _run(guest: Guest, source: str) -> Any:
    return guest.js.run(source)


@pytest.fixture(scope="module")
def dedicated_guest() -> Iterator[Guest]:
    guest = replayed(dedicated(), DEDICATED_WORKER)
    leave_top_level(guest)
    yield guest
    guest.close()


def test_baseline_runs_python() -> None:
    """Imports, the event loop, JavaScript and host modules work in a restored baseline."""
    with closing(replayed(baseline(), BASELINE_WORKER)) as guest:
        guest.js.add_module("host", {"triple": lambda value: 3 * value})
        source = """
import asyncio, json, sys
from pyodide.ffi import run_sync
import host, js
async def later(value):
    await asyncio.sleep(0)
    return value
[json.loads('[1]'), run_sync(later(5)), js.JSON.stringify(js.Array.new(2)), host.triple(4), "worker" in sys.modules]
"""
        assert _run(guest, source) == [[1], 5, "[null,null]", 12, False]


def test_baseline_imports_its_worker() -> None:
    """The worker's files are where workerd has them, behind vendored packages; random state is guarded, then new."""
    files = {"worker.py": b"import helper\nvalue = helper.value", "python_modules/helper.py": b"value = 'vendored'"}
    worker = dataclasses.replace(BASELINE_WORKER, files={**files, "helper.py": b"value = 'own'"})
    with closing(replayed(baseline(), worker)) as guest:
        assert _run(guest, "import worker; worker.value") == "vendored"
        guarded = """
import random
try:
    random.random()
    found = "drawn"
except RuntimeError as error:
    found = str(error)
found
"""
        assert _run(guest, guarded) == "Cannot use random.random() outside of request context"
        leave_top_level(guest)
        assert 0 <= _run(guest, "random.random()") < 1


def test_dedicated_calls_its_worker(dedicated_guest: Guest) -> None:
    """The top level does not run again, and Default.fetch answers."""
    assert _run(dedicated_guest, _FETCH) == [200, '{"value": 42, "loads": ["top level"]}', "here"]


def test_dedicated_keeps_javascript_objects(dedicated_guest: Guest) -> None:
    """What the top level took from js and from JavaScript modules is the object of this host."""
    source = """
import js, worker
same = worker.Object == js.Object and worker.JSON == js.JSON and worker.connect == worker.sockets.connect
try:
    worker.connect("localhost:1")
except Exception as error:
    refused = str(error)
import _cloudflare_compat_flags as flags
[same, worker.JSON.stringify(worker.assign(js.Object.new(), js.Object.new())), refused,
 flags.python_dedicated_snapshot, flags.python_process_pth_files]
"""
    same, text, refused, dedicated_flag, pth_flag = _run(dedicated_guest, source)
    assert (same, text, dedicated_flag, pth_flag) == (True, "{}", True, False)
    assert "socket" in refused


def test_dedicated_reads_its_files(dedicated_guest: Guest) -> None:
    """The worker's files are mounted read-only, and say why a write fails."""
    source = """
text = open("/session/metadata/data/note.txt", encoding="utf-8").read()
try:
    open("/session/metadata/new.txt", "w")
except OSError as error:
    failure = type(error).__name__, error.errno
import _cf_internal_snapshot_info as info
[text, failure[1] > 0, info.loadedSnapshot, info.loadedBaselineSnapshot]
"""
    assert _run(dedicated_guest, source) == ["caf\xe9\n", True, True, False]


def test_native_library_of_the_heap_works() -> None:
    """A library that is in the snapshot's heap is loaded at its old place, and its objects go on working."""
    with closing(replayed(dedicated_native(), native_worker(), native=True)) as guest:
        leave_top_level(guest)
        assert _run(guest, _FETCH)[1] == "[{'a': 12}, [1, 'int_parsing']]"
        source = """
from pydantic_core import SchemaValidator, ValidationError, core_schema
fresh = SchemaValidator(core_schema.list_schema(core_schema.float_schema()))
try:
    fresh.validate_json('[1, "x"]')
except ValidationError as error:
    failure = str(error).splitlines()[0]
[fresh.validate_json("[1, 2.5]"), failure]
"""
        assert _run(guest, source) == [[1.0, 2.5], "1 validation error for list[float]"]


def test_replay_refuses_what_the_program_refuses() -> None:
    """workerd writes files with several libraries that it cannot load itself; the replay says the same of them."""
    worker = several_worker()
    with pytest.raises(AssertionError, match="Expected table base 14218 but got table base 14219"):
        workerd().test(dataclasses.replace(worker, flags=(*worker.flags, DEDICATED_FLAG)), dedicated_several())
    with pytest.raises(RestoreError, match="another place of the function table") as caught:
        replayed(dedicated_several(), worker, native=True)
    assert (caught.value.expected, caught.value.found) == (14_218, 14_219)


def _shifted_table(metadata: SnapshotMetadata) -> SnapshotMetadata:
    bases = {name: base + 1 for name, base in (metadata.so_table_bases or {}).items()}
    return dataclasses.replace(metadata, so_table_bases=bases)


def _outside_memory(metadata: SnapshotMetadata) -> SnapshotMetadata:
    return dataclasses.replace(metadata, so_memory_bases=dict.fromkeys(metadata.so_memory_bases, 0xFFFF_0000))


def _no_memory_base(metadata: SnapshotMetadata) -> SnapshotMetadata:
    return dataclasses.replace(metadata, so_memory_bases={})


def _other_library(metadata: SnapshotMetadata) -> SnapshotMetadata:
    name = "/session/metadata/python_modules/other.so"
    return dataclasses.replace(
        metadata, load_order=(name,), so_memory_bases={name: 28_494_424}, so_table_bases={name: 14_174}
    )


def _writable_library(metadata: SnapshotMetadata) -> SnapshotMetadata:
    name = "/dev/zero"  # in none of the mounts, as all that guests write
    return dataclasses.replace(
        metadata, load_order=(name,), so_memory_bases={name: 28_494_424}, so_table_bases={name: 14_174}
    )


def _stray_handle(metadata: SnapshotMetadata) -> SnapshotMetadata:
    return dataclasses.replace(metadata, dso_handles={"libother.so": (1000,)})


def _too_many(metadata: SnapshotMetadata) -> SnapshotMetadata:
    return dataclasses.replace(metadata, load_order=tuple(f"/lib{index}.so" for index in range(100_000)))


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (_shifted_table, "another place of the function table"),
        (_outside_memory, "outside of memory"),
        (_no_memory_base, "has no place in memory"),
        (_other_library, "Could not find .*other.so"),
        (_writable_library, "read-only file systems only"),
        (_stray_handle, "handle of a library that it does not load"),
        (_too_many, "too many libraries"),
    ],
)
def test_libraries_that_do_not_fit_are_refused(
    change: Callable[[SnapshotMetadata], SnapshotMetadata], reason: str
) -> None:
    """Each before it can do harm, with an error that says what was expected."""
    snapshot: Snapshot = decode_snapshot(dedicated_native())
    with pytest.raises(RestoreError, match=reason):
        replayed(encode_snapshot(change(snapshot.metadata), snapshot.heap), native_worker(), native=True)
