"""Capture on top of a snapshot: restore it, import packages or run a worker's top level, capture again.

Nothing is compiled and no interpreter started, so this takes a fraction of a second. Clock and randomness are those of
every build: the same base and the same additions give the same snapshot.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Final

from runtime_core.build.capture import Captured, build_services, finish_capture
from runtime_core.build.steady import steady_collector
from runtime_core.emscripten.host import StandardStreams
from runtime_core.engine.errors import GuestExit
from runtime_core.engine.limits import Limits
from runtime_core.guest import Guest
from runtime_core.packages.bundle import WorkerBundle
from runtime_core.runtime import WORKER_TIME_MS, Runtime
from runtime_core.snapshot.types import check_order
from runtime_core.worker.entropy import EntropyGuards
from runtime_core.worker.entrypoint import WorkerState, load_worker
from runtime_core.worker.lasting import keep_lasting_objects
from runtime_core.worker.packages import add_packages, add_worker, package_mounts, worker_mount
from runtime_core.worker.sdk import CURRENT_FLAGS, offer_sdk_modules
from runtime_core.worker.support import Support
from schemas.errors import ConfigError, FatalIsolateError, GuestExitError, LimitError
from schemas.snapshot_metadata import SnapshotType

TOP_LEVEL_SECONDS: Final = 60.0
"""How long imports and a top level may run, and how long they may wait for timers."""
BUILD_LIMITS: Final = Limits(cpu_seconds=TOP_LEVEL_SECONDS, wait_seconds=TOP_LEVEL_SECONDS)


@dataclass(frozen=True, kw_only=True, slots=True)
class Addition:
    """What a stacked snapshot holds beyond its base.

    ``packages`` is the message of a package set, for a base that has none. ``imports`` are modules to import, before
    the worker's main module. ``modules`` are the host modules that the worker may import while the snapshot is made, as
    in :class:`runtime_core.isolate.IsolateOptions`; isolates must be given modules of the same names.
    """

    packages: memoryview | None = None
    imports: tuple[str, ...] = ()
    worker: WorkerBundle | None = None
    modules: Mapping[str, Mapping[str, object]] = field(default_factory=dict)

    @property
    def snapshot_type(self) -> SnapshotType:
        """The type of the snapshot that comes of it."""
        if self.worker is not None:
            return SnapshotType.DEDICATED
        return SnapshotType.PACKAGE if self.imports else SnapshotType.BASELINE


def capture_on(
    base: Runtime,
    addition: Addition,
    *,
    output: Callable[[bytes], object] = lambda _: None,
    limits: Limits | None = None,
) -> Captured:
    """Restore a runtime's snapshot, add to it, capture. ``output`` is given what the guest prints meanwhile.

    Raises:
        AbiMismatchError: the base's type does not allow it.
        PythonError: an import or the worker's top level raised.
        CaptureError: the guest is not at rest, or holds something a snapshot cannot hold; it is named.
        LimitError, GuestExitError, FatalIsolateError: the guest did not come to the end.
    """
    made = addition.snapshot_type
    check_order(base.snapshot_type, made)
    streams = StandardStreams(write_stdout=output, write_stderr=output, are_terminals=False)
    guest, support = base.boot(
        services=build_services(streams),
        limits=limits or BUILD_LIMITS,
        modules=addition.modules,
        reseed=False,
    )
    try:
        with steady_collector():
            return _capture(base, guest, support, addition, made)
    except FatalIsolateError as error:
        exceeded = error.__cause__
        if isinstance(exceeded, LimitError):
            raise LimitError(
                f"the guest was not captured: {exceeded.message}", expected=exceeded.expected, found=exceeded.found
            ) from error
        raise
    except GuestExit as error:
        raise GuestExitError(
            f"the guest ended its process with status {error.status} before it was captured", status=error.status
        ) from error
    finally:
        support.close()
        guest.close()


def _capture(base: Runtime, guest: Guest, support: Support, addition: Addition, made: SnapshotType) -> Captured:
    version = base.manifest.abi.python_version
    if addition.packages is not None:
        if base.has_packages:
            raise ConfigError("the base has a package set", hint="build the release without --on")
        add_packages(guest, package_mounts(addition.packages), version)
    if addition.packages is not None or addition.worker is not None:
        guest.use_libraries(base.libraries)
    guest.js.workerd.flags = guest.js.workerd.flags or CURRENT_FLAGS
    offer_sdk_modules(guest.js)
    with EntropyGuards.install(guest) as guards:
        for name in addition.imports:
            guest.js.call(support.load, (name,))
        main = None
        if addition.worker is not None:
            add_worker(guest, worker_mount(addition.worker, time_ms=WORKER_TIME_MS))
            main = load_worker(guest, support, addition.worker.module)
        # Before anything runs often: code that finds a constant mortal goes on counting references to it.
        keep_lasting_objects(guest)
        guest.js.call(support.warm_up)
        guest.js.call(support.flush)
        reseeding = guards.remove()
    worker = WorkerState(main=main, modules=tuple(sorted(guest.js.modules)))
    state = base.state
    return finish_capture(
        guest,
        support,
        snapshot_type=made,
        code_image=state.code_image,
        table_size=state.table_size,
        trampoline_slot=state.trampoline_slot,
        reseeding=reseeding,
        worker=worker.to_json(),
    )
