"""Taking up a baseline file as workerd does when it makes a dedicated snapshot on top of one."""

from __future__ import annotations

from typing import TYPE_CHECKING

from runtime_core.workerd.boot import WorkerdFiles, WorkerdGuest
from runtime_core.workerd.failures import guest_failures
from runtime_core.workerd.profile import WorkerdProfile
from runtime_core.workerd.references import References
from runtime_core.workerd.replay import take_up_interface
from runtime_core.workerd.worker import invalidate_caches
from schemas.errors import AbiMismatchError, RestoreError
from schemas.snapshot_codec import PAGE_BYTES, Snapshot
from schemas.snapshot_metadata import SnapshotType

if TYPE_CHECKING:
    from runtime_core.engine.instance import GuestInstance


def resume_workerd(
    instance: GuestInstance,
    profile: WorkerdProfile,
    files: WorkerdFiles,
    baseline: Snapshot,
    *,
    trampoline_slot: int,
) -> WorkerdGuest:
    """A guest at the point where workerd has taken up a baseline: see :func:`boot_workerd` for one without.

    Raises:
        AbiMismatchError: the snapshot is no baseline, or one with libraries.
        FormatError, RestoreError: it records what it cannot, or does not fit the program.
        HostError: guest code failed.
        FatalIsolateError: the guest trapped.
    """
    metadata = baseline.metadata
    if metadata.settings.snapshot_type is not SnapshotType.BASELINE:
        raise AbiMismatchError(
            "a dedicated snapshot goes on top of a baseline",
            expected=SnapshotType.BASELINE.value,
            found=metadata.settings.snapshot_type.value,
        )
    if metadata.load_order or metadata.dso_handles:
        names = ", ".join(metadata.load_order or metadata.dso_handles)
        raise AbiMismatchError("the baseline has native libraries", expected="none", found=ascii(names)[:120])
    references = References.parse(metadata)
    started = WorkerdGuest(instance, profile)
    started.prepare(files, trampoline_slot=trampoline_slot)
    instance.call("__wasm_call_ctors")
    _copy(instance, baseline)
    with guest_failures("while its baseline was taken up"):
        invalidate_caches(started.runner)
        started.find_entropy_counter()
        take_up_interface(started.guest, started.runner, references)
        started.import_baseline()
    return started


def _copy(instance: GuestInstance, baseline: Snapshot) -> None:
    missing = len(baseline.heap) - instance.memory.size
    if missing < 0:
        raise RestoreError(
            "the snapshot's memory is shorter than the program's",
            expected=f">= {instance.memory.size} bytes",
            found=len(baseline.heap),
        )
    if missing and not instance.grow_memory(missing // PAGE_BYTES):
        raise RestoreError("no room for the snapshot's memory", found=f"{len(baseline.heap)} bytes")
    instance.memory.write(0, baseline.heap)
