"""Writing snapshot files that workerd loads."""

from __future__ import annotations

import posixpath
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from runtime_core.workerd.failures import guest_failures
from runtime_core.workerd.flags import BASELINE_FLAGS, flag_record
from runtime_core.workerd.serialize import record_references
from schemas.errors import CaptureError
from schemas.snapshot_codec import encode_snapshot, snapshot_chunks
from schemas.snapshot_metadata import SnapshotMetadata, SnapshotSettings, SnapshotType

if TYPE_CHECKING:
    from runtime_core.guest import Guest
    from runtime_core.workerd.boot import WorkerdGuest
    from runtime_core.workerd.dedicate import DedicatedWorker

_CHECK_FLAG: Final = "python_check_rng_state"
_AFTER_SNAPSHOT: Final = "from _cloudflare.entropy_patches import after_snapshot\nafter_snapshot()\ndel after_snapshot"
_NO_REFERENCES: Final[Mapping[str, object]] = {"hiwireKeys": [], "immortalKeys": []}


def write_baseline(started: WorkerdGuest, *, flags: Iterable[str] = BASELINE_FLAGS) -> Iterator[memoryview]:
    """The baseline file of a guest that :func:`boot_workerd` has just booted, piece by piece.

    ``flags`` are the compatibility flags to record as on. The pieces are views of the guest's memory: use them before
    the guest runs on. Equal flags and profiles give equal files, and those of the published baseline give its bytes.

    Raises:
        ConfigError: workerd has no such flag.
    """
    memory = started.guest.instance.memory
    metadata = SnapshotMetadata(
        settings=SnapshotSettings(
            snapshot_type=SnapshotType.BASELINE, baseline_snapshot=True, compat_flags=flag_record(flags)
        ),
        hiwire=_NO_REFERENCES,
        so_table_bases={},
    )
    return snapshot_chunks(metadata, memory.view(0, memory.size))


def write_dedicated(started: WorkerdGuest, worker: DedicatedWorker) -> bytes:
    """The dedicated file of a guest in which the worker's top level has run.

    The whole file is made before workerd's check that the top level drew nothing from the random generators, which
    runs in the guest and is not part of it.

    Raises:
        CaptureError: the worker holds a value that workerd would not find again, or ended its process meanwhile.
        HostError: the top level advanced a random generator.
    """
    with guest_failures("while its snapshot was written", CaptureError):
        return _write_dedicated(started, worker)


def _write_dedicated(started: WorkerdGuest, worker: DedicatedWorker) -> bytes:
    guest = started.guest
    references = record_references(guest.js)
    libraries = record_libraries(guest)
    metadata = SnapshotMetadata(
        settings=SnapshotSettings(
            snapshot_type=SnapshotType.DEDICATED, baseline_snapshot=False, compat_flags=worker.flag_record
        ),
        hiwire=references.hiwire,
        js_module_names=references.modules,
        dso_handles=libraries.handles,
        so_memory_bases=libraries.memory_bases,
        so_table_bases=libraries.table_bases,
        load_order=libraries.load_order,
    )
    memory = guest.instance.memory
    data = encode_snapshot(metadata, memory.view(0, memory.size))
    if worker.flag_record[_CHECK_FLAG]:
        started.runner.run(_AFTER_SNAPSHOT)
    return data


@dataclass(frozen=True, kw_only=True, slots=True)
class RecordedLibraries:
    """The native libraries of a guest as a file records them: those with data in load order, bases by path and by base
    name, and handles by path."""

    load_order: tuple[str, ...]
    memory_bases: Mapping[str, int]
    table_bases: Mapping[str, int]
    handles: Mapping[str, tuple[int, ...]]


def record_libraries(guest: Guest) -> RecordedLibraries:
    """Record which libraries the guest loaded, and where."""
    linker = guest.emscripten.linker
    placed = [library for library in (linker.libraries if linker is not None else ()) if library.memory_bytes]
    memory: dict[str, int] = {}
    table: dict[str, int] = {}
    for library in placed:
        for name in (library.name, posixpath.basename(library.name)):
            memory[name] = library.memory_base
            if library.table_slots:
                table[name] = library.table_base
    handles: dict[str, tuple[int, ...]] = {}
    for handle, library in guest.emscripten.libraries.items():
        handles[library.name] = (*handles.get(library.name, ()), handle)
    return RecordedLibraries(
        load_order=tuple(library.name for library in placed), memory_bases=memory, table_bases=table, handles=handles
    )
