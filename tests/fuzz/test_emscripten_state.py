"""Captured state with any damage: it is parsed or refused with one kind of error."""

from __future__ import annotations

import copy
import json
from typing import Any
from unittest import mock

from hypothesis import given, settings
from hypothesis import strategies as st

from runtime_core.emscripten import table_functions
from runtime_core.emscripten.boot import prepare_filesystem
from runtime_core.emscripten.host import HostServices
from runtime_core.emscripten.mounts import Mount
from runtime_core.emscripten.state import HostTemplate, capture_state
from schemas.errors import RestoreError
from tests.support.fake_guest import FakeFunctions, FakeInstance, FixedClock, fake_host

MOUNTS = {"stdlib": Mount(name="stdlib", source=b"PK")}

json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=8),
    lambda children: st.lists(children, max_size=3) | st.dictionaries(st.text(max_size=8), children, max_size=3),
    max_leaves=5,
)


def valid_state() -> dict[str, Any]:
    host = fake_host()
    prepare_filesystem(host, python_version=(3, 14), stdlib=MOUNTS["stdlib"])
    host.fs.write_file("/tmp/f", b"content")
    host.fs.make_link(host.fs.entry("/tmp/l"), "f")
    host.files.open_pipe()
    state = json.loads(json.dumps(capture_state(host)))
    state["table"] = {"size": 9, "symbols": [["malloc", 3]], "closures": [[4, 64]], "free": [5]}
    assert isinstance(state, dict)
    return state


STATE = valid_state()


def places(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    found = [path] if path else []
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, child in items:
        found.extend(places(child, (*path, key)))
    return found


def damaged(path: tuple[Any, ...], value: Any) -> Any:
    state = copy.deepcopy(STATE)
    target: Any = state
    for key in path[:-1]:
        target = target[key]
    target[path[-1]] = value
    return state


@settings(max_examples=400)
@given(st.sampled_from(places(STATE)), json_values)
def test_damage_is_parsed_or_refused(path: tuple[Any, ...], value: Any) -> None:
    try:
        template = HostTemplate.parse(damaged(path, value), MOUNTS)
    except RestoreError:
        return
    host = template.instantiate(HostServices(clock=FixedClock()))
    try:
        with mock.patch.object(table_functions, "StoreFunctions", FakeFunctions):
            host.bind(FakeInstance())
    except RestoreError:
        return
    capture_state(host)


@given(json_values)
def test_anything_else_is_refused(value: Any) -> None:
    try:
        HostTemplate.parse(value, MOUNTS)
    except RestoreError:
        return
    raise AssertionError("a random value was taken for a captured state")
