"""Dedicated files written here start in the real program."""

from __future__ import annotations

import dataclasses

import pytest

from runtime_core.packages.bundle import WorkerBundle
from runtime_core.workerd.dedicate import DedicatedWorker, run_top_level
from runtime_core.workerd.flags import BASELINE_FLAGS
from runtime_core.workerd.write import write_dedicated
from tests.support.workerd.files import DEDICATED_WORKER
from tests.support.workerd.guests import workerd_runtime
from tests.support.workerd.program import WorkerFiles, workerd

DEDICATED_FLAG = "python_dedicated_snapshot"


def written(worker: WorkerFiles) -> bytes:
    """The dedicated file of a worker, made here."""
    runtime = workerd_runtime()
    flags = BASELINE_FLAGS | {DEDICATED_FLAG, *worker.flags}
    bundle = WorkerBundle(main=next(iter(worker.files)), files=worker.files)
    started = runtime.boot()
    try:
        dedicated = DedicatedWorker(bundle=bundle, flags=frozenset(flags))
        run_top_level(started, dedicated, runtime.files.sdk)
        return write_dedicated(started, dedicated)
    finally:
        started.guest.close()


@pytest.mark.boot
def test_real_program_serves_dedicated_file() -> None:
    worker = dataclasses.replace(DEDICATED_WORKER, flags=(*DEDICATED_WORKER.flags, DEDICATED_FLAG))
    workerd().test(worker, written(DEDICATED_WORKER))
