"""Writing snapshot files that workerd loads."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Final

from runtime_core.workerd.flags import BASELINE_FLAGS, flag_record
from schemas.snapshot_codec import snapshot_chunks
from schemas.snapshot_metadata import SnapshotMetadata, SnapshotSettings, SnapshotType

if TYPE_CHECKING:
    from runtime_core.workerd.boot import WorkerdGuest

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
