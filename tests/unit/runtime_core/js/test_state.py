"""Capturing and restoring what the guest refers to, without a guest."""

from __future__ import annotations

import json
import math
from collections.abc import Callable

import pytest

from runtime_core.js.arrays import JsArray
from runtime_core.js.functions import NativeFunction
from runtime_core.js.host import JsHost
from runtime_core.js.operators import get_property
from runtime_core.js.promises import JsPromise
from runtime_core.js.proxy_flags import ProxyProperties
from runtime_core.js.pyproxy import PyProxy, adopt_proxy
from runtime_core.js.restore import JsState
from runtime_core.js.state import capture
from runtime_core.js.sweep import immortal_bits, reference_bits
from runtime_core.js.values import ERROR, NO_VALUE, UNDEFINED, BigInt, JsObject
from schemas.errors import CaptureError, RestoreError
from tests.support.fake_tables import FakeInstance, fake_host

IMMORTALS: list[object] = [
    None,
    UNDEFINED,
    True,
    False,
    ERROR,
    NO_VALUE,
    "name",
    "ü😀",
    1.5,
    math.inf,
    BigInt(10**20),
    BigInt(-(10**5000)),  # more digits than Python converts
    7,
]


def prepared() -> tuple[JsHost, FakeInstance]:
    """A host as after a bootstrap."""
    js, instance = fake_host()
    for address, name in enumerate(("pyodide", "main_globals", "eval_code", "import_hook"), 1):
        setattr(js, name, adopt_proxy(js, 16 * address, 256 if name == "eval_code" else 0))
    js.modules["hostmod"] = JsObject({"f": NativeFunction(lambda: UNDEFINED, "f")})
    instance.immortals = [js.refs.encode(value) for value in IMMORTALS]
    return js, instance


def names(js: JsHost) -> list[object]:
    """Values that a snapshot can name."""
    return [
        None,
        js.globals,
        js.public_api,
        js.api,
        js.api.get("scheduleCallback"),
        get_property(js.globals.get("console"), "log"),
        js.globals.get("Array"),
        get_property(js.globals.get("Object"), "keys"),
        get_property(js.globals.get("Symbol"), "iterator"),
        get_property(js.globals.get("crypto"), "subtle"),
        js.modules["hostmod"],
        js.modules["hostmod"].get("f"),
        adopt_proxy(js, 4096, 0, props=ProxyProperties(roundtrip=True)),
    ]


def test_a_captured_state_is_json_and_restores() -> None:
    js, instance = prepared()
    held = names(js)
    instance.references = [js.refs.encode(value) for value in held]
    js.reference_map.put(js.globals, 3)
    js.reference_map.put("text", 67108873)
    js.dtypes_address = 1234
    document = json.loads(json.dumps(capture(js)))
    fresh, again = fake_host()
    fresh.modules["hostmod"] = JsObject({"f": NativeFunction(lambda: UNDEFINED, "f")})
    JsState.parse(document).restore(fresh)
    restored = [fresh.refs.decode(bits) for bits in immortal_bits(fresh)]
    assert [repr(value) for value in restored] == [repr(value) for value in IMMORTALS]
    assert [type(value) for value in restored] == [type(value) for value in IMMORTALS]
    references = [fresh.refs.decode(bits) for bits in reference_bits(fresh)]
    for value, expected in zip(references[:-1], names(fresh)[:-1], strict=True):
        assert value is expected
    proxy = references[-1]
    assert isinstance(proxy, PyProxy)
    assert (proxy.pointer, proxy.props.roundtrip) == (4096, True)
    assert fresh.reference_map.find(fresh.globals) == 3
    assert fresh.reference_map.find("text") == 67108873
    assert fresh.dtypes_address == 1234
    assert fresh.eval_code is not None
    assert fresh.eval_code.pointer == 48
    assert again.released == []


def test_what_was_read_is_not_taken_for_changed() -> None:
    """Members of lazy objects, also of those within others, come into being when they are read, in any order."""
    js, _ = prepared()
    helper = js.workerd.get("_pyodide_entrypoint_helper")
    assert isinstance(helper, JsObject)
    before = helper.own_names()
    for name in reversed(before):
        helper.get(name)
    assert helper.own_names() == before
    assert capture(js)
    helper.set("added", 1)
    assert helper.own_names() == [*before, "added"]
    with pytest.raises(CaptureError, match="workerd: _pyodide_entrypoint_helper"):
        capture(js)


def test_values_that_occur_twice_are_one_object() -> None:
    js, instance = prepared()
    proxy = adopt_proxy(js, 4096, 0)
    instance.references = [0, js.refs.encode(proxy), js.refs.encode(proxy)]
    fresh, _ = fake_host()
    JsState.parse(capture(js)).restore(fresh)
    first, second = (fresh.refs.decode(bits) for bits in reference_bits(fresh)[1:])
    assert first is second


def test_equal_states_give_equal_documents() -> None:
    documents = []
    for _ in range(2):
        js, instance = prepared()
        instance.references = [js.refs.encode(value) for value in names(js)]
        documents.append(json.dumps(capture(js)))
    assert documents[0] == documents[1]


def destroyed(js: JsHost) -> object:
    proxy = adopt_proxy(js, 4096, 0)
    proxy.destroy()
    return proxy


def bound(js: JsHost) -> object:
    return adopt_proxy(js, 4096, 256, props=ProxyProperties(is_bound=True))


@pytest.mark.parametrize(
    ("make", "reason"),
    [
        (lambda js: JsArray([1]), "an array made at run time"),
        (lambda js: JsObject(), "an object made at run time"),
        (lambda js: NativeFunction(lambda: UNDEFINED, "resolve"), "a function made at run time"),
        (lambda js: JsPromise(js.loop), "a promise"),
        (destroyed, "a destroyed proxy"),
        (bound, "a bound proxy"),
    ],
)
def test_what_has_no_name_cannot_be_captured(make: Callable[[JsHost], object], reason: str) -> None:
    js, instance = prepared()
    instance.references = [js.refs.encode(make(js))]
    with pytest.raises(CaptureError):
        capture(js)
    assert reason


def test_a_property_that_guest_code_set_is_named() -> None:
    js, _ = prepared()
    js.globals.set("mine", 1)
    with pytest.raises(CaptureError, match="mine"):
        capture(js)


def test_a_host_with_scheduled_callbacks_is_not_captured() -> None:
    js, _ = prepared()
    js.loop.schedule(lambda: None, 1)
    with pytest.raises(CaptureError, match="scheduled"):
        capture(js)


def valid() -> dict[str, object]:
    js, _ = prepared()
    return capture(js)


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"version": 2}, "another version"),
        ({"objects": None}, "no objects"),
        ({"objects": [[]]}, "an empty record"),
        ({"objects": [["unknown"]]}, "an unknown record"),
        ({"objects": [["string"]]}, "a record without its value"),
        ({"objects": [["string", 1]]}, "a value of another type"),
        ({"objects": [["number", "1"]]}, "a number as text"),
        ({"objects": [["float", "x"]]}, "no float"),
        ({"objects": [["bigint", "x"]]}, "no integer"),
        ({"objects": [["path", "os", "system"]]}, "an unknown root"),
        ({"objects": [["path", "globals", "__class__"]]}, "an attribute that is no property"),
        ({"objects": [["path", "globals", "nothing"]]}, "a property that is not there"),
        ({"objects": [["path", "module", "hostmod", "gone"]]}, "a member that was not added"),
        ({"objects": [["proxy", "x", 0, False, False]]}, "a pointer that is no integer"),
        ({"objects": [["proxy", 16]]}, "an incomplete proxy"),
        ({"objects": [["proxy", 0, 0, False, False]]}, "a null pointer"),
        ({"objects": [["proxy", 17, 0, False, False]]}, "an odd pointer"),
        ({"objects": [["proxy", 1 << 20, 0, False, False]]}, "a pointer behind memory"),
        ({"objects": [["proxy", 16, 1 << 18, False, False]]}, "a flag that does not exist"),
        ({"objects": [["proxy", 16, 0, 1, False]]}, "a property that is no boolean"),
        ({"objects": [["bool", 1]]}, "a truth value that is none"),
        ({"objects": [[["undefined"]]]}, "a kind that is a list"),
        ({"immortals": [10**6]}, "an index out of range"),
        ({"immortals": ["0"]}, "an index that is no integer"),
        ({"references": {}}, "no list"),
        ({"map": [[0]]}, "an incomplete map entry"),
        ({"map": [[0, "x"]]}, "a reference that is no integer"),
        ({"dtypes": None}, "no address"),
        ({"proxies": {}}, "missing proxies"),
        ({"proxies": {"pyodide": [1]}}, "incomplete proxies"),
    ],
)
def test_malformed_documents_are_refused(change: dict[str, object], reason: str) -> None:
    fresh, _ = fake_host()
    with pytest.raises(RestoreError):
        JsState.parse({**valid(), **change}).restore(fresh)
    assert reason


def test_only_a_fresh_host_is_restored() -> None:
    js, _ = prepared()
    with pytest.raises(RestoreError, match="run before"):
        JsState.parse(valid()).restore(js)


def test_proxies_that_are_collected_give_their_reference_back() -> None:
    js, instance = fake_host()
    adopt_proxy(js, 4096, 0)
    assert list(js.releases) == [4096]
    js.release_collected()
    assert instance.released == [4096]


@pytest.mark.parametrize("name", ["env", "exports"])
def test_members_that_a_top_level_gives_to_empty_objects_are_refused(name: str) -> None:
    js, _ = prepared()
    module = js.workerd.module("cloudflare:workers")
    assert module is not None
    empty = module.get(name)
    assert isinstance(empty, JsObject)
    empty.set("CACHE", 3)
    with pytest.raises(CaptureError, match="cannot hold") as caught:
        capture(js)
    assert caught.value.found == f"{name}: CACHE"
    empty.delete("CACHE")
    capture(js)
