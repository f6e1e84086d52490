"""Where artifacts differ."""

from __future__ import annotations

import pytest

from runtime_core.build.difference import compare_files, compare_snapshots, first_difference
from schemas.snapshot_codec import PAGE_BYTES, SnapshotMetadata, SnapshotSettings, SnapshotType, encode_snapshot


def snapshot(heap: bytes, **extra: object) -> bytes:
    settings = SnapshotSettings(snapshot_type=SnapshotType.BASELINE, baseline_snapshot=True)
    return encode_snapshot(SnapshotMetadata(settings=settings, so_table_bases={}, extra=extra), heap)


def test_equal_files_have_no_difference() -> None:
    assert compare_files(b"abc", b"abc") is None
    assert compare_snapshots(b"no snapshot", b"no snapshot") is None


@pytest.mark.parametrize(
    ("expected", "found", "where", "pages", "reason"),
    [
        (b"abc", b"abd", "page 0, offset 0x2: expected 63, rebuilt 64", (0,), "one byte"),
        (
            b"abc",
            b"ab",
            "page 0, offset 0x2: expected 63, rebuilt the end (expected 3 bytes, rebuilt 2)",
            (0,),
            "short",
        ),
        (b"", b"x", "page 0, offset 0x0: expected the end, rebuilt 78 (expected 0 bytes, rebuilt 1)", (0,), "empty"),
        (
            bytes(3 * PAGE_BYTES),
            bytes(PAGE_BYTES) + b"\1" + bytes(PAGE_BYTES - 1) + bytes(PAGE_BYTES - 1) + b"\2",
            f"page 1, offset {PAGE_BYTES:#x}: expected {bytes(16).hex(' ')}, rebuilt 01 {bytes(15).hex(' ')}",
            (1, 2),
            "two pages",
        ),
    ],
)
def test_files(expected: bytes, found: bytes, where: str, pages: tuple[int, ...], reason: str) -> None:
    difference = compare_files(expected, found)
    assert difference is not None, reason
    assert (difference.where, difference.pages) == (where, pages), reason


def test_snapshots_differ_in_addresses_of_linear_memory() -> None:
    heap = bytearray(2 * PAGE_BYTES)
    one = snapshot(bytes(heap), runtimeCore={"random": [1]})
    heap[PAGE_BYTES + 16] = 7
    other = snapshot(bytes(heap), runtimeCore={"random": [2]})
    difference = compare_snapshots(one, other)
    assert difference is not None
    assert difference.pages == (1,)
    assert difference.where.startswith("linear memory, page 1, address 0x10010: expected 00")
    assert difference.where.endswith("metadata at .runtimeCore.random[0]: expected 1, rebuilt 2")
    assert difference.text().endswith("; 1 pages of 64 KiB differ: 1")


def test_snapshots_that_differ_in_their_metadata_only() -> None:
    difference = compare_snapshots(snapshot(bytes(PAGE_BYTES), a=1), snapshot(bytes(PAGE_BYTES), b=1))
    assert difference is not None
    assert difference.text() == "metadata at .a: expected 1, rebuilt nothing"


def test_a_file_that_is_no_snapshot_is_compared_as_a_file() -> None:
    difference = compare_snapshots(snapshot(bytes(PAGE_BYTES)), b"garbage")
    assert difference is not None
    assert difference.where.startswith("page 0, offset 0x0")


def test_long_lists_of_pages_are_cut() -> None:
    difference = compare_files(bytes(20 * PAGE_BYTES), b"\1" * 20 * PAGE_BYTES)
    assert difference is not None
    assert difference.text().endswith("20 pages of 64 KiB differ: 0, 1, 2, 3, 4, 5, 6, 7 and 12 more")


@pytest.mark.parametrize(
    ("one", "other", "found"),
    [
        ({"a": [1, {"b": 2}]}, {"a": [1, {"b": 2}]}, ""),
        ({"a": [1, {"b": 2}]}, {"a": [1, {"b": 3}]}, ".a[1].b: expected 2, rebuilt 3"),
        ({"a": [1]}, {"a": [1, 2]}, ".a[1]: expected nothing, rebuilt 2"),
        ({"a": 1}, {"a": True}, ".a: expected 1, rebuilt true"),
        ({"a": 1}, {"a": "1"}, '.a: expected 1, rebuilt "1"'),
        ({"a": 1, "b": 2}, {"b": 2, "a": 1}, ".: the order of the members"),
        ({}, {"a": None}, ".a: expected nothing, rebuilt null"),
    ],
)
def test_documents(one: object, other: object, found: str) -> None:
    assert first_difference(one, other) == found
