"""What is known of a file before anything of it is used."""

from __future__ import annotations

import mmap

import pytest

from runtime_core.workerd.checks import MAX_FILE_BYTES, MAX_PAGES, check_memory, read_snapshot
from schemas.errors import FormatError, RestoreError
from schemas.snapshot_codec import PAGE_BYTES, Snapshot
from schemas.snapshot_metadata import SnapshotMetadata


def snapshot(pages: int) -> Snapshot:
    """A snapshot whose memory, zeros nobody looks at, costs nothing."""
    return Snapshot(metadata=SnapshotMetadata(), heap=memoryview(mmap.mmap(-1, pages * PAGE_BYTES)))


@pytest.mark.parametrize(("pages", "text"), [(479, "too short"), (MAX_PAGES + 1, "too long")])
def test_refuses_other_lengths_of_memory(pages: int, text: str) -> None:
    with pytest.raises(RestoreError, match=text) as caught:
        check_memory(snapshot(pages), least_pages=480)
    assert caught.value.found == pages


@pytest.mark.parametrize("pages", [480, MAX_PAGES])
def test_takes_lengths_between(pages: int) -> None:
    check_memory(snapshot(pages), least_pages=480)


def test_refuses_huge_files_unread() -> None:
    """A sparse file costs its author nothing."""
    with pytest.raises(FormatError, match="too large"):
        read_snapshot(memoryview(mmap.mmap(-1, MAX_FILE_BYTES + 1)))
