"""What a workerd snapshot must be before any of it is used.

workerd itself checks the magic number, that there are bytes at all, and the type (design: section 1.4); a damaged file
crashes it later. Here everything that can be known beforehand is checked beforehand.
"""

from __future__ import annotations

from typing import Final

from runtime_core.snapshot.types import TypeRules
from runtime_core.wasm import binary
from schemas.errors import AbiMismatchError, FormatError, RestoreError
from schemas.snapshot_codec import MAX_METADATA_BYTES, PAGE_BYTES, Snapshot, decode_snapshot
from schemas.snapshot_metadata import SnapshotType

DEDICATED_FLAG: Final = "python_dedicated_snapshot"
MAX_PAGES: Final = 16_384
"""1 GiB of memory; an isolate of workerd's has 128 MB for all that it holds."""
MAX_FILE_BYTES: Final = MAX_PAGES * PAGE_BYTES + MAX_METADATA_BYTES


def read_snapshot(data: bytes | memoryview) -> Snapshot:
    """Decode a file of workerd's.

    Raises:
        FormatError: it is none, empty, or larger than any that can be taken up.
        UnsupportedVersionError: a version this runtime does not know.
    """
    if not data:
        raise FormatError("the snapshot has a size of 0", expected="a file of workerd's")
    if len(data) > MAX_FILE_BYTES:
        raise FormatError("the snapshot is too large", expected=f"<= {MAX_FILE_BYTES} bytes", found=len(data))
    return decode_snapshot(data)


def check_type(snapshot: Snapshot) -> SnapshotType:
    """The snapshot's type, held against the compatibility flags that it was made with.

    Raises:
        AbiMismatchError: a dedicated one where the flag is off, or another one where it is on.
    """
    settings = snapshot.metadata.settings
    TypeRules(dedicated=settings.compat_flags.get(DEDICATED_FLAG, False)).check(settings.snapshot_type)
    return settings.snapshot_type


def check_program(snapshot: Snapshot, upstream_wasm: bytes) -> None:
    """Compare the program's constants in a snapshot's memory with those of Pyodide's main module.

    A snapshot does not name its Pyodide, but its memory holds the module's read-only data.

    Raises:
        AbiMismatchError: it was made by another Pyodide.
        FormatError: the module is none.
    """
    constants = next(iter(binary.parse(upstream_wasm).data_segments()), None)
    start = None if constants is None or constants.offset is None else constants.offset.i32
    if constants is None or start is None:
        raise FormatError("Pyodide's main module has no data", expected="its constants first")
    expected = memoryview(upstream_wasm)[constants.start : constants.end]
    found = snapshot.heap[start : start + len(expected)]
    if found != expected:
        raise AbiMismatchError(
            "the snapshot was made by another Pyodide",
            expected="the constants of this release's Pyodide",
            found="a shorter memory" if len(found) < len(expected) else "other constants",
            hint="import it into a release of the same Pyodide version",
        )


def check_memory(snapshot: Snapshot, *, least_pages: int) -> None:
    """Check the length of memory.

    Raises:
        RestoreError: it is shorter than the program's own, or longer than any that can be taken up.
    """
    pages = len(snapshot.heap) // PAGE_BYTES
    if not least_pages <= pages <= MAX_PAGES:
        raise RestoreError(
            f"the snapshot's memory is too {'short' if pages < least_pages else 'long'}",
            expected=f"{least_pages} to {MAX_PAGES} pages of {PAGE_BYTES}",
            found=pages,
        )
