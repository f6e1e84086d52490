"""Dedicated files written here start in the real program."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from contextlib import closing

import pytest

from runtime_core.build.stack import BUILD_LIMITS
from runtime_core.engine.limits import Limits
from runtime_core.packages.bundle import WorkerBundle
from runtime_core.workerd.dedicate import DedicatedWorker, run_top_level
from runtime_core.workerd.flags import BASELINE_FLAGS
from runtime_core.workerd.replay import leave_top_level
from runtime_core.workerd.write import write_dedicated
from schemas.errors import AbiMismatchError, CaptureError, FatalIsolateError, HostError, PythonError, RestoreError
from schemas.snapshot_codec import Snapshot, decode_snapshot, encode_snapshot
from tests.support.workerd.files import DEDICATED_WORKER, baseline, dedicated, native_worker, several_worker
from tests.support.workerd.guests import workerd_runtime
from tests.support.workerd.places import replayed
from tests.support.workerd.program import WorkerFiles, workerd

DEDICATED_FLAG = "python_dedicated_snapshot"
_FAILS = b"raise RuntimeError('the top level ran again')\nclass Default: pass"
_TASK = b"""
import asyncio
async def later():
    await asyncio.sleep(1)
task = asyncio.ensure_future(later())
"""
_EXITS_LATER = b"""
import os
import _cloudflare.entropy_patches as patches
patches.after_snapshot = lambda: os._exit(3)
"""


def with_flag(worker: WorkerFiles, *, main: bytes | None = None) -> WorkerFiles:
    """The worker as the real program must be configured to start it from a dedicated file."""
    name = next(iter(worker.files))
    files = worker.files if main is None else {**worker.files, name: main}
    return dataclasses.replace(worker, files=files, flags=(*worker.flags, DEDICATED_FLAG))


def written(worker: WorkerFiles, base: bytes | None = None, *, limits: Limits | None = None) -> bytes:
    """The dedicated file of a worker, made here: from a cold boot or on a baseline file."""
    runtime = workerd_runtime()
    if limits is not None:
        runtime = dataclasses.replace(runtime, limits=limits)
    made = DedicatedWorker(
        bundle=WorkerBundle(main=next(iter(worker.files)), files=worker.files),
        flags=frozenset(BASELINE_FLAGS | {DEDICATED_FLAG, *worker.flags}),
        libraries=runtime.libraries,
    )
    started = runtime.boot(made.flags, baseline=None if base is None else decode_snapshot(base))
    try:
        run_top_level(started, made, runtime.files.sdk)
        return write_dedicated(started, made)
    finally:
        started.guest.close()


@pytest.mark.boot
def test_real_program_serves_dedicated_file() -> None:
    """The main module that the program is given would fail: what answers is the one in the file."""
    workerd().test(with_flag(DEDICATED_WORKER, main=_FAILS), written(DEDICATED_WORKER))


@pytest.mark.boot
def test_real_program_serves_dedicated_file_with_native_library() -> None:
    worker = native_worker()
    data = written(worker)
    metadata = decode_snapshot(data).metadata
    library, *others = metadata.load_order
    assert not others
    assert library.startswith("/session/metadata/python_modules/pydantic_core/")
    assert metadata.dso_handles[library]
    assert metadata.so_table_bases == {library: 14174, library.rpartition("/")[2]: 14174}
    workerd().test(with_flag(worker), data)


@pytest.mark.boot
@pytest.mark.parametrize(
    ("main", "error", "text", "reason"),
    [
        (b"from js import JSON\nparsed = JSON.parse('{}')", CaptureError, "top-level variable", "a result of a call"),
        (b"from pyodide.ffi import create_proxy\nkept = create_proxy({})", CaptureError, "top-level", "a PyProxy"),
        (b"import js\njs.kept = [1]", CaptureError, "set properties", "JavaScript holds a Python object"),
        (b"import random\nrandom.random()", PythonError, "outside of request context", "randomness"),
        (b"import os\nos.urandom(1)", PythonError, "Cannot get entropy", "entropy of the system"),
        (b"raise ValueError('top level')", PythonError, "top level", "an exception"),
        (b"import os\nos._exit(3)", CaptureError, "ended its process", "the end of the process"),
        (b"import nothing_of_that_name", PythonError, "nothing_of_that_name", "a missing module"),
        (_TASK, CaptureError, "still scheduled", "something left to do"),
        (_EXITS_LATER, CaptureError, "ended its process while its snapshot was written", "an exit after the end"),
    ],
)
def test_what_top_level_leaves(main: bytes, error: type[Exception], text: str, reason: str) -> None:
    worker = WorkerFiles(files={"worker.py": main}, flags=("python_check_rng_state",))
    with pytest.raises(error, match=text):
        written(worker, baseline())


@pytest.mark.boot
def test_top_level_that_does_not_end() -> None:
    """An export limits CPU time as every build does."""
    assert workerd_runtime().limits == BUILD_LIMITS
    worker = WorkerFiles(files={"worker.py": b"while True: pass"})
    with pytest.raises(FatalIsolateError, match="too much CPU time"):
        written(worker, baseline(), limits=Limits(cpu_seconds=5))


def _other_constants(base: Snapshot) -> Snapshot:
    heap = bytearray(base.heap)
    heap[2000:2100] = bytes(100)
    return dataclasses.replace(base, heap=memoryview(heap))


def _short(base: Snapshot) -> Snapshot:
    return dataclasses.replace(base, heap=base.heap[: 65_536 * 100])


def _with_libraries(base: Snapshot) -> Snapshot:
    return dataclasses.replace(base, metadata=dataclasses.replace(base.metadata, dso_handles={"/usr/lib/a.so": (8,)}))


def _no_python(base: Snapshot) -> Snapshot:
    """The program's constants are there, but nothing of what it made."""
    heap = bytearray(base.heap)
    heap[4_200_000:] = bytes(len(heap) - 4_200_000)
    return dataclasses.replace(base, heap=memoryview(heap))


@pytest.mark.boot
@pytest.mark.parametrize(
    ("change", "error", "text"),
    [
        (_other_constants, AbiMismatchError, "another Pyodide"),
        (_short, RestoreError, "too short"),
        (_with_libraries, AbiMismatchError, "has native libraries"),
        (_no_python, HostError, "."),
    ],
)
def test_refuses_to_stack_on_what_is_no_baseline_of_its_own(
    change: Callable[[Snapshot], Snapshot], error: type[HostError], text: str
) -> None:
    changed = change(decode_snapshot(baseline()))
    with pytest.raises(error, match=text):
        written(DEDICATED_WORKER, encode_snapshot(changed.metadata, changed.heap))


@pytest.mark.boot
def test_real_program_serves_file_stacked_on_its_own_baseline() -> None:
    workerd().test(with_flag(DEDICATED_WORKER, main=_FAILS), written(DEDICATED_WORKER, baseline()))


@pytest.mark.boot
def test_refuses_to_stack_on_dedicated_file() -> None:
    with pytest.raises(AbiMismatchError, match="on top of a baseline"):
        written(DEDICATED_WORKER, dedicated())


@pytest.mark.boot
def test_file_is_restored_here() -> None:
    """What was written for workerd is replayed by workerd's rules, and answers."""
    with closing(replayed(written(DEDICATED_WORKER), DEDICATED_WORKER)) as guest:
        leave_top_level(guest)
        source = (
            "from pyodide.ffi import run_sync\nimport worker\nrun_sync(worker.Default(None, None).test())\nworker.loads"
        )
        assert guest.js.run(source) == ["top level"]


@pytest.mark.boot
@pytest.mark.parametrize(
    ("main", "reason"),
    [
        (b"import os\nos.close(2)", "the stream is closed"),
        (b"import os\nos.close(0)", "a lower descriptor is free"),
        (b"import os\nos.remove('/dev/stderr')", "the device is gone"),
        (b"open('/dev/capture_stderr', 'w').close()", "its place is taken"),
    ],
)
def test_top_level_that_breaks_streams(main: bytes, reason: str) -> None:
    worker = WorkerFiles(files={"worker.py": main}, flags=("python_check_rng_state",))
    with pytest.raises(HostError, match="standard error stream cannot be captured"):
        written(worker, baseline())


@pytest.mark.boot
def test_real_program_serves_dedicated_file_with_several_native_libraries() -> None:
    """Slots are given as the program's restore gives them, so it loads more than it can write itself."""
    worker = several_worker()
    workerd().test(with_flag(worker), written(worker))


@pytest.mark.boot
def test_equal_workers_give_equal_files() -> None:
    assert written(DEDICATED_WORKER) == written(DEDICATED_WORKER)
