"""A boot with workerd's profile comes to the bytes of Cloudflare's published baseline, and writes its file."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from runtime_core.workerd.boot import WorkerdGuest
from runtime_core.workerd.write import write_baseline
from schemas.digest import Digest
from tests.support.workerd.files import BASELINE_WORKER, baseline
from tests.support.workerd.guests import workerd_runtime
from tests.support.workerd.program import workerd

PAGE = 4096


@pytest.fixture(scope="module")
def booted() -> Iterator[WorkerdGuest]:
    guest = workerd_runtime().boot()
    yield guest
    guest.guest.close()


@pytest.mark.boot
def test_heap_is_published_one(booted: WorkerdGuest) -> None:
    memory = booted.guest.instance.memory
    heap = bytes(memory.view(0, memory.size))
    expected = booted.profile.baseline
    if Digest.of(heap) != expected.heap:  # say where, from what the real program writes
        other = baseline()[-expected.heap_size :]
        pages = [
            at for at in range(0, max(len(heap), len(other)), PAGE) if heap[at : at + PAGE] != other[at : at + PAGE]
        ]
        pytest.fail(f"{len(pages)} pages differ, the first at {[hex(at) for at in pages[:8]]}")
    assert len(heap) == expected.heap_size


@pytest.mark.boot
def test_file_is_published_one(booted: WorkerdGuest) -> None:
    assert Digest.of(b"".join(write_baseline(booted))) == booted.profile.baseline.file


@pytest.mark.boot
def test_boot_is_repeatable() -> None:
    """The same bytes from a second guest of the process, after another has run."""
    again = workerd_runtime().boot()
    try:
        memory = again.guest.instance.memory
        assert Digest.of(bytes(memory.view(0, memory.size))) == again.profile.baseline.heap
    finally:
        again.guest.close()


@pytest.mark.boot
def test_real_program_starts_from_file(booted: WorkerdGuest) -> None:
    workerd().test(BASELINE_WORKER, b"".join(write_baseline(booted)))
