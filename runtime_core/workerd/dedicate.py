"""From workerd's baseline to a worker whose top level has run: what a dedicated snapshot holds.

The steps are those of workerd after it took its baseline (design: section 2.1, C7 to E). The guards on randomness stay
on, as in workerd's own files: a restore takes them off before the first request.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from runtime_core.emscripten.mounts import Mount
from runtime_core.engine.errors import GuestExit
from runtime_core.worker.sdk import offer_sdk_modules
from runtime_core.workerd.filesystem import add_sdk
from runtime_core.workerd.flags import flag_record
from runtime_core.workerd.worker import mount_worker, set_up_search_path
from schemas.errors import CaptureError

if TYPE_CHECKING:
    from runtime_core.linking.library import LibraryLoader
    from runtime_core.packages.bundle import WorkerBundle
    from runtime_core.workerd.boot import WorkerdGuest

EXTERNAL_SDK_FLAG: Final = "enable_python_external_sdk"
WORKER_MOUNT: Final = "workerd-worker"


@dataclass(frozen=True, kw_only=True, slots=True)
class DedicatedWorker:
    """A worker to make a dedicated snapshot of. ``flags`` are the compatibility flags that are on; ``libraries`` makes
    native libraries loadable, and there are none without it."""

    bundle: WorkerBundle
    flags: frozenset[str]
    libraries: LibraryLoader | None = None

    @property
    def flag_record(self) -> Mapping[str, bool]:
        """All flags.

        Raises:
            ConfigError: workerd has no such flag.
        """
        return flag_record(self.flags)


def run_top_level(started: WorkerdGuest, worker: DedicatedWorker, sdk: Mapping[str, bytes]) -> None:
    """Run a worker's top level in a guest that stands at the baseline.

    Raises:
        PythonError: the worker's code raised.
        CaptureError: it ended its process.
        HostError: guest code of the runtime failed.
        FatalIsolateError: the guest trapped.
    """
    guest, runner, flags = started.guest, started.runner, worker.flag_record
    guest.js.workerd.flags = flags
    # When workerd restores a snapshot, one slot behind the program's own is taken before libraries are loaded again.
    guest.instance.table_grow(1)
    if worker.libraries is not None:
        guest.use_libraries(worker.libraries)
    now = guest.emscripten.fs.now_ms()
    mount_worker(guest, runner, Mount(name=WORKER_MOUNT, source=worker.bundle.tree(), time_ms=now, file_mode=0o555))
    set_up_search_path(guest, flags, has_files=True)
    offer_sdk_modules(guest.js)
    if not flags[EXTERNAL_SDK_FLAG]:  # else it comes with the worker's packages
        add_sdk(guest.emscripten, started.profile, sdk)
    try:
        guest.js.run(f"import {worker.bundle.module} as _main\ndel _main")
    except GuestExit as ended:
        raise CaptureError(
            "the worker's top level ended its process", expected="the end of the module", found=ended.status
        ) from ended
