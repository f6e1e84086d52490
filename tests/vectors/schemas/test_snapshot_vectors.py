"""Bytes that must never change: workerd's smallest snapshot, and ours with everything in it."""

from __future__ import annotations

from pathlib import Path

import pytest

from schemas.snapshot_codec import (
    SnapshotMetadata,
    SnapshotSettings,
    decode_snapshot,
    encode_snapshot,
    encode_snapshot_head,
)
from tests.support.schema_samples import MINIMAL_JSON, sample_metadata

HERE = Path(__file__).parent
MINIMAL = SnapshotMetadata(settings=SnapshotSettings(baseline_snapshot=True), so_table_bases={})
PAGE = bytes(range(256)) * 256


def vector(name: str) -> bytes:
    return bytes.fromhex((HERE / name).read_text(encoding="ascii"))


def test_the_smallest_snapshot_has_the_header_that_workerd_writes() -> None:
    file = encode_snapshot(MINIMAL, PAGE)
    assert file[:16] == bytes.fromhex("00736e70 02000000 78010000 b4000000")
    assert file[16:196] == MINIMAL_JSON
    assert file[196:376] == bytes(180)
    assert file[376:] == PAGE


@pytest.mark.parametrize(
    ("name", "metadata"), [("snapshot_minimal.hex", MINIMAL), ("snapshot_full.hex", sample_metadata())]
)
def test_both_directions(name: str, metadata: SnapshotMetadata) -> None:
    head = vector(name)
    assert encode_snapshot_head(metadata) == head
    assert decode_snapshot(head + PAGE).metadata == metadata


def test_a_snapshot_of_the_first_year_is_read() -> None:
    """Header version 1, old shape: the whole object is the handles, heap right after 2 bytes per character."""
    snapshot = decode_snapshot(vector("snapshot_old_shape.hex") + PAGE)
    assert snapshot.metadata == SnapshotMetadata(
        settings=SnapshotSettings(baseline_snapshot=True), dso_handles={"/lib/libssl.so": (5308416,)}
    )
    assert snapshot.heap == PAGE
