"""What a snapshot records of its worker."""

from __future__ import annotations

import pytest

from runtime_core.worker.entrypoint import WorkerState
from schemas.errors import RestoreError


def test_round_trip() -> None:
    for state in (WorkerState(), WorkerState(main="worker"), WorkerState(main="w", modules=("a", "b"))):
        assert WorkerState.from_json(state.to_json()) == state


@pytest.mark.parametrize(
    ("document", "reason"),
    [
        ({"main": 5}, "not text"),
        ({"main": "a.b"}, "no name of a module at the top"),
        ({"main": ""}, "empty"),
        ({"modules": "abc"}, "no list"),
        ({"modules": [1]}, "not text"),
        ({"modules": ["m"] * 1025}, "too many"),
    ],
)
def test_refuses(document: dict[str, object], reason: str) -> None:
    with pytest.raises(RestoreError):
        WorkerState.from_json(document)
    assert reason


def test_modules_must_be_offered() -> None:
    state = WorkerState(modules=("a", "b"))
    state.check_modules({"a": {}, "b": {}, "c": {}})
    with pytest.raises(RestoreError, match="no b"):
        state.check_modules({"a": {}})
