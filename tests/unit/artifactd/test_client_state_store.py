"""What trust sessions remember survives, moves forward only under a lock, and is never skipped silently."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest

from artifactd.client.state_store import StateStore, default_directory
from artifactd.client.trust_state import TrustedState
from schemas.digest import Digest
from schemas.errors import ConfigError, StorageError

ANCHOR = Digest.of(b"root")


def state(root: bytes = b"{}") -> TrustedState:
    return TrustedState(anchor=ANCHOR, root=root)


def test_it_is_there_next_time(tmp_path: Path) -> None:
    store = StateStore(tmp_path)
    with store.slot(ANCHOR) as slot:
        assert slot.load() is None
        slot.store(state())
    with StateStore(tmp_path).slot(ANCHOR) as slot:
        assert slot.load() == state()
    with store.slot(Digest.of(b"another root")) as slot:
        assert slot.load() is None


def test_an_unchanged_state_is_not_written_again(tmp_path: Path) -> None:
    store = StateStore(tmp_path)
    with store.slot(ANCHOR) as slot:
        slot.store(state())
    (file,) = (tmp_path / "trust").glob("*.json")
    before = file.stat().st_ino
    with store.slot(ANCHOR) as slot:
        slot.load()
        slot.store(state())
        assert file.stat().st_ino == before
        slot.store(state(b"[]"))
        assert file.stat().st_ino != before


def test_a_damaged_file_is_an_error(tmp_path: Path) -> None:
    store = StateStore(tmp_path)
    with store.slot(ANCHOR) as slot:
        slot.store(state())
    (file,) = (tmp_path / "trust").glob("*.json")
    file.write_bytes(file.read_bytes()[:-5])
    with store.slot(ANCHOR) as slot, pytest.raises(ConfigError, match="delete it"):
        slot.load()


def test_a_slot_is_held_by_one_at_a_time(tmp_path: Path) -> None:
    store = StateStore(tmp_path)
    order: list[str] = []

    def other() -> None:
        with StateStore(tmp_path).slot(ANCHOR):
            order.append("other")

    thread = threading.Thread(target=other)
    with store.slot(ANCHOR):
        thread.start()
        thread.join(timeout=0.2)
        order.append("first")
    thread.join(timeout=10)
    assert order == ["first", "other"]


def test_a_directory_that_cannot_be_used_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(StorageError, match="ARTIFACTD_STATE"), StateStore(tmp_path / "file").slot(ANCHOR):
        pass


def test_the_environment_chooses_the_directory() -> None:
    assert default_directory({"ARTIFACTD_STATE": "/somewhere"}) == Path("/somewhere")
    assert default_directory({}).name == "artifactd"
