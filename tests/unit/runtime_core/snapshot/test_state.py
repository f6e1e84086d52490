"""The runtime's own snapshot state."""

from __future__ import annotations

import contextlib
import copy
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runtime_core.snapshot.state import STATE_VERSION, RuntimeState, StackState
from schemas.digest import Digest
from schemas.errors import FormatError, UnsupportedVersionError

STATE = RuntimeState(
    code_image=Digest.of(b"code"),
    stack=StackState(pointer=900, base=1000, end=100),
    table_size=14173,
    trampoline_slot=14172,
    emscripten={"cwd": "/"},
    js={"immortals": []},
    worker={"reseed": [1, 2]},
)


def test_round_trip() -> None:
    assert RuntimeState.from_json(STATE.to_json()) == STATE


@pytest.mark.parametrize(
    ("path", "value", "reason"),
    [
        (("version",), STATE_VERSION + 1, "a later version"),
        (("version",), STATE_VERSION - 1, "an earlier version"),
        (("version",), True, "a boolean is no version"),
        (("codeImage",), "sha256:zz", "not a digest"),
        (("codeImage",), 5, "not text"),
        (("stack",), [], "not an object"),
        (("stack", "pointer"), 1001, "above the base"),
        (("stack", "pointer"), 99, "below the end"),
        (("stack", "base"), -1, "negative"),
        (("stack", "base"), 1 << 32, "beyond 32 bits"),
        (("table", "size"), 1.5, "not an integer"),
        (("table", "trampolineSlot"), None, "missing"),
        (("emscripten",), None, "missing layer"),
        (("js",), "x", "not an object"),
    ],
)
def test_refuses(path: tuple[str, ...], value: object, reason: str) -> None:
    document: dict[str, Any] = copy.deepcopy(STATE.to_json())
    place = document
    for key in path[:-1]:
        place = place[key]
    place[path[-1]] = value
    with pytest.raises(FormatError):
        RuntimeState.from_json(document)
    assert reason


def test_names_the_version_it_knows() -> None:
    with pytest.raises(UnsupportedVersionError, match=f"expected {STATE_VERSION}, found 9"):
        RuntimeState.from_json({**STATE.to_json(), "version": 9})


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=20,
)


@given(JSON)
def test_any_json_decodes_or_is_a_format_error(document: object) -> None:
    with contextlib.suppress(FormatError):
        RuntimeState.from_json(document)


@given(st.sampled_from(["version", "codeImage", "stack", "table", "emscripten", "js", "worker"]), JSON)
def test_any_mutation_decodes_or_is_a_format_error(key: str, value: object) -> None:
    with contextlib.suppress(FormatError):
        RuntimeState.from_json({**STATE.to_json(), key: value})
