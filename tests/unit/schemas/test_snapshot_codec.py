"""The bytes of a snapshot file."""

from __future__ import annotations

import dataclasses
import struct

import pytest

from schemas.errors import FormatError, UnsupportedVersionError
from schemas.snapshot_codec import (
    PAGE_BYTES,
    SnapshotMetadata,
    decode_snapshot,
    encode_snapshot,
    encode_snapshot_head,
    snapshot_chunks,
)
from tests.support.schema_samples import MINIMAL_JSON, sample_metadata, snapshot_file

HEAP = bytes(range(256)) * (PAGE_BYTES // 256)


def heap_offset(file: bytes) -> int:
    return int(struct.unpack_from("<I", file, 8)[0])


def test_round_trip_keeps_everything() -> None:
    snapshot = decode_snapshot(encode_snapshot(sample_metadata(), HEAP))
    assert snapshot.metadata == sample_metadata()
    assert snapshot.heap == HEAP


def test_encoding_twice_gives_equal_bytes() -> None:
    assert encode_snapshot(sample_metadata(), HEAP) == encode_snapshot(sample_metadata(), HEAP)


def test_heap_of_a_decoded_snapshot_is_a_read_only_view_of_the_input() -> None:
    file = bytearray(encode_snapshot(SnapshotMetadata(), HEAP))
    heap = decode_snapshot(file).heap
    file[-1] = 7
    assert heap[-1] == 7
    assert heap.readonly


@pytest.mark.parametrize("heap", [HEAP, bytearray(HEAP), memoryview(HEAP), memoryview(HEAP).cast("I")])
def test_every_kind_of_buffer_is_written(heap: bytes | bytearray | memoryview) -> None:
    assert encode_snapshot(SnapshotMetadata(), heap).endswith(HEAP)


def test_chunks_joined_are_the_file_and_respect_the_size() -> None:
    chunks = list(snapshot_chunks(sample_metadata(), HEAP, chunk_bytes=1000))
    assert max(chunk.nbytes for chunk in chunks) == 1000
    assert b"".join(chunks) == encode_snapshot(sample_metadata(), HEAP)


def test_ascii_metadata_gets_two_bytes_per_character_as_workerd_does() -> None:
    head = encode_snapshot_head(SnapshotMetadata())
    json_bytes = struct.unpack_from("<I", head, 12)[0]
    assert len(head) == heap_offset(head) == (16 + 2 * json_bytes + 7) // 8 * 8
    assert head[16 + json_bytes :].strip(b"\0") == b""


def test_cjk_metadata_is_sized_by_its_bytes_and_survives() -> None:
    """Three UTF-8 bytes for one UTF-16 unit: workerd's rule would let linear memory overwrite the end of the JSON."""
    metadata = SnapshotMetadata(load_order=("图" * 4000,))
    file = encode_snapshot(metadata, HEAP)
    json_bytes = struct.unpack_from("<I", file, 12)[0]
    utf16_units = len(file[16 : 16 + json_bytes].decode("utf-8"))
    assert json_bytes > 2 * utf16_units
    assert heap_offset(file) == (16 + json_bytes + 7) // 8 * 8
    assert decode_snapshot(file).metadata == metadata


def test_characters_beyond_the_first_plane_count_as_two_units() -> None:
    head = encode_snapshot_head(SnapshotMetadata(load_order=("😀" * 100,)))
    text = head[16 : 16 + struct.unpack_from("<I", head, 12)[0]].decode("utf-8")
    units = sum(2 if ord(character) > 0xFFFF else 1 for character in text)
    assert len(head) == (16 + 2 * units + 7) // 8 * 8


@pytest.mark.parametrize(
    ("written", "read"),
    [("\ud800", "\ud800"), ("a\udfffb", "a\udfffb"), ("\ud83d\ude00", "😀"), ("\udc00\ud800", "\udc00\ud800")],
)
def test_surrogates_never_stop_the_writer(written: str, read: str) -> None:
    file = encode_snapshot(SnapshotMetadata(load_order=(written,)), HEAP)
    assert decode_snapshot(file).metadata.load_order == (read,)


@pytest.mark.parametrize("gap", [0, 1, 7, 8, 5000])
def test_any_valid_heap_offset_is_read(gap: int) -> None:
    snapshot = decode_snapshot(snapshot_file(heap_offset=16 + len(MINIMAL_JSON) + gap, heap=HEAP))
    assert snapshot.heap == HEAP


@pytest.mark.parametrize("version", [1, 2])
def test_both_header_versions_of_workerd_are_read(version: int) -> None:
    assert decode_snapshot(snapshot_file(version=version)).metadata.version == 1


@pytest.mark.parametrize("version", [0, 3, 48, 2**32 - 1])
def test_other_header_versions_are_named(version: int) -> None:
    with pytest.raises(UnsupportedVersionError, match=f"found {version}"):
        decode_snapshot(snapshot_file(version=version))


BROKEN = [
    ("empty", b"", "shorter than its header"),
    ("cut in the header", snapshot_file()[:15], "shorter than its header"),
    ("wrong magic", snapshot_file(magic=0x736E7000), "magic"),
    ("byte order of the magic", snapshot_file(magic=0x00736E70), "magic"),
    ("heap inside the metadata", snapshot_file(heap_offset=16 + len(MINIMAL_JSON) - 1), "heap offset"),
    ("heap at zero", snapshot_file(heap_offset=0), "heap offset"),
    ("heap beyond the end", snapshot_file(heap_offset=2**32 - 1), "heap offset"),
    ("metadata beyond the heap", snapshot_file(json_bytes=4096), "heap offset"),
    ("metadata length of gigabytes", snapshot_file(json_bytes=2**32 - 1), "too long"),
    ("no heap", snapshot_file(heap=b""), "whole pages"),
    ("cut by one byte", snapshot_file()[:-1], "whole pages"),
    ("one byte too many", snapshot_file() + b"\0", "whole pages"),
    ("metadata cut short", snapshot_file(json_bytes=len(MINIMAL_JSON) - 1), "not JSON"),
    ("metadata with the padding", snapshot_file(heap_offset=400, json_bytes=len(MINIMAL_JSON) + 1), "not JSON"),
    ("metadata empty", snapshot_file(b""), "not JSON"),
    ("metadata not UTF-8", snapshot_file(b'{"\xff":1}'), "not UTF-8"),
    ("metadata a surrogate in UTF-8", snapshot_file(b'{"\xed\xa0\x80":1}'), "not UTF-8"),
]


@pytest.mark.parametrize(("reason", "file", "message"), BROKEN, ids=[case[0] for case in BROKEN])
def test_broken_files_are_refused(reason: str, file: bytes, message: str) -> None:
    with pytest.raises(FormatError, match=message):
        decode_snapshot(file)


@pytest.mark.parametrize("size", [0, 1, PAGE_BYTES - 1, PAGE_BYTES + 8])
def test_linear_memory_that_is_not_whole_pages_is_not_written(size: int) -> None:
    with pytest.raises(FormatError, match="whole pages"):
        encode_snapshot(SnapshotMetadata(), bytes(size))
    with pytest.raises(FormatError, match="whole pages"):
        snapshot_chunks(SnapshotMetadata(), bytes(size))


UNWRITABLE: list[tuple[str, SnapshotMetadata]] = [
    ("extra key of the format", dataclasses.replace(SnapshotMetadata(), extra={"loadOrder": []})),
    ("extra value not JSON", dataclasses.replace(SnapshotMetadata(), extra={"x": b"bytes"})),
    ("extra value not finite", dataclasses.replace(SnapshotMetadata(), extra={"x": float("inf")})),
    ("negative handle", dataclasses.replace(SnapshotMetadata(), dso_handles={"a": (-1,)})),
    ("base beyond 32 bits", dataclasses.replace(SnapshotMetadata(), so_memory_bases={"a": 2**32})),
    ("other metadata version", dataclasses.replace(SnapshotMetadata(), version=2)),
]


@pytest.mark.parametrize(("reason", "metadata"), UNWRITABLE, ids=[case[0] for case in UNWRITABLE])
def test_metadata_that_could_not_be_read_again_is_not_written(reason: str, metadata: SnapshotMetadata) -> None:
    with pytest.raises(FormatError):
        encode_snapshot(metadata, HEAP)
