"""Snapshots in workerd's wire format, readable by either runtime.

======  ====  ===================================================================
offset  size  content (integers little-endian)
======  ====  ===================================================================
0       4     magic 0x706e7300 (the bytes ``00 73 6e 70``)
4       4     version, 2
8       4     heap offset: where linear memory starts, from the start of the file
12      4     length of the metadata in bytes
16      n     metadata, JSON in UTF-8 (:mod:`schemas.snapshot_metadata`)
        ...   zeros
        ...   linear memory to the end of the file, whole pages of 65,536 bytes
======  ====  ===================================================================

Writers leave two bytes for each UTF-16 unit of the metadata and round up to 8, because workerd does; where the UTF-8 is
longer than that (mostly CJK text), its length counts instead, or linear memory would overwrite the end of the metadata.
Readers use the heap offset of the header and never compute it.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final, TypeAlias

from schemas.errors import FormatError, UnsupportedVersionError
from schemas.snapshot_metadata import (
    METADATA_VERSION,
    SnapshotMetadata,
    SnapshotSettings,
    SnapshotType,
    metadata_from_json,
    metadata_to_json,
)

__all__ = [
    "HEADER_BYTES",
    "MAGIC",
    "METADATA_VERSION",
    "PAGE_BYTES",
    "VERSION",
    "Snapshot",
    "SnapshotMetadata",
    "SnapshotSettings",
    "SnapshotType",
    "decode_snapshot",
    "encode_snapshot",
    "encode_snapshot_head",
    "snapshot_chunks",
]

Bytes: TypeAlias = bytes | bytearray | memoryview

MAGIC: Final = 0x706E7300
VERSION: Final = 2
READABLE_VERSIONS: Final = (1, 2)
"""Version 1 (early 2024) has the same layout; workerd reads both and checks neither."""
HEADER_BYTES: Final = 16
PAGE_BYTES: Final = 65536
MAX_METADATA_BYTES: Final = 64 * 1024 * 1024
_MAX_FILE_BYTES: Final = 2**32 - 1  # workerd keeps sizes in 32 bits
_HEADER: Final = struct.Struct("<IIII")
_WHAT: Final = "snapshot"


@dataclass(frozen=True, kw_only=True, slots=True)
class Snapshot:
    """A decoded snapshot. ``heap`` is a read-only view of the file's bytes, not a copy."""

    metadata: SnapshotMetadata
    heap: memoryview


def encode_snapshot_head(metadata: SnapshotMetadata) -> bytes:
    """Everything before linear memory: header, metadata, padding.

    Raises:
        FormatError: the metadata holds what the format cannot.
    """
    text = metadata_to_json(metadata)
    data = text.encode("utf-8")
    if len(data) > MAX_METADATA_BYTES:
        raise FormatError(f"{_WHAT} metadata is too long", expected=f"<= {MAX_METADATA_BYTES}", found=len(data))
    utf16_units = len(text.encode("utf-16-le")) // 2
    heap_offset = _round_up_8(HEADER_BYTES + max(2 * utf16_units, len(data)))
    head = _HEADER.pack(MAGIC, VERSION, heap_offset, len(data)) + data
    return head.ljust(heap_offset, b"\0")


def snapshot_chunks(metadata: SnapshotMetadata, heap: Bytes, *, chunk_bytes: int = 1024 * 1024) -> Iterator[memoryview]:
    """The file in pieces of at most ``chunk_bytes``, without a copy of linear memory.

    Raises:
        FormatError: the metadata holds what the format cannot, or ``heap`` is not whole pages. Raised by this call,
            not by the iteration.
    """
    parts = (memoryview(encode_snapshot_head(metadata)), memoryview(heap).cast("B"))
    _check_heap(parts[1].nbytes, parts[0].nbytes)
    return (part[at : at + chunk_bytes] for part in parts for at in range(0, part.nbytes, chunk_bytes))


def encode_snapshot(metadata: SnapshotMetadata, heap: Bytes) -> bytes:
    """The whole file; linear memory is copied once.

    Raises:
        FormatError: the metadata holds what the format cannot, or ``heap`` is not whole pages.
    """
    head = encode_snapshot_head(metadata)
    view = memoryview(heap)
    _check_heap(view.nbytes, len(head))
    return b"".join((head, view))


def decode_snapshot(data: Bytes) -> Snapshot:
    """Read a snapshot of this runtime or of workerd; any valid heap offset, both shapes of metadata.

    Raises:
        UnsupportedVersionError: a header or metadata version this build does not know.
        FormatError: anything else that is not a snapshot.
    """
    view = memoryview(data).cast("B").toreadonly()
    if view.nbytes < HEADER_BYTES:
        raise FormatError(f"{_WHAT} is shorter than its header", expected=f">= {HEADER_BYTES}", found=view.nbytes)
    magic, version, heap_offset, json_bytes = _HEADER.unpack_from(view)
    if magic != MAGIC:
        raise FormatError(f"not a {_WHAT}: wrong magic number", expected=f"{MAGIC:#010x}", found=f"{magic:#010x}")
    if version not in READABLE_VERSIONS:
        hint = "Pyodide's own makeMemorySnapshot writes another format under the same magic number"
        expected = " or ".join(map(str, READABLE_VERSIONS))
        raise UnsupportedVersionError(f"{_WHAT} header version", expected=expected, found=version, hint=hint)
    if json_bytes > MAX_METADATA_BYTES:
        raise FormatError(f"{_WHAT} metadata is too long", expected=f"<= {MAX_METADATA_BYTES}", found=json_bytes)
    metadata_end = HEADER_BYTES + json_bytes
    if not metadata_end <= heap_offset <= view.nbytes:
        expected = f"from {metadata_end} (end of the metadata) to {view.nbytes} (end of the file)"
        raise FormatError(f"{_WHAT} heap offset lies outside", expected=expected, found=heap_offset)
    _check_heap(view.nbytes - heap_offset, heap_offset)
    return Snapshot(metadata=metadata_from_json(view[HEADER_BYTES:metadata_end]), heap=view[heap_offset:])


def _check_heap(heap_bytes: int, head_bytes: int) -> None:
    if heap_bytes == 0 or heap_bytes % PAGE_BYTES:
        expected = f"a multiple of {PAGE_BYTES} above 0"
        raise FormatError(f"{_WHAT} linear memory is not whole pages", expected=expected, found=heap_bytes)
    if head_bytes + heap_bytes > _MAX_FILE_BYTES:
        raise FormatError(f"{_WHAT} is too large", expected=f"<= {_MAX_FILE_BYTES}", found=head_bytes + heap_bytes)


def _round_up_8(value: int) -> int:
    return (value + 7) & ~7
