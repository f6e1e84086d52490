"""References across the boundary are given back, and hostile ones are refused."""

from __future__ import annotations

import contextlib
import random
from collections.abc import Iterator

import pytest

from runtime_core.js.pyproxy import PyProxy
from schemas.errors import FatalIsolateError, GuestFault, PlatformError
from tests.support.ffi_guest import FfiGuest

pytestmark = pytest.mark.boot


@pytest.fixture
def guest() -> Iterator[FfiGuest]:
    booted = FfiGuest({"hostmod": {"echo": lambda value: value}})
    booted.run("import hostmod, js\nfrom pyodide.ffi import create_proxy, to_js\nimport asyncio")
    yield booted
    booted.close()


@pytest.mark.parametrize(
    "body",
    [
        "to_js([1, {'a': [2]}, {3}])",
        "hostmod.echo([1, {'a': 2}, len])",
        "js.Map.new([[1, [2]]]).get(1)",
        "create_proxy(len).destroy()",
        "js.JSON.parse('[1, {\"a\": [2]}]').to_py()",
        "js.Array.new(1, 2, 3).map(lambda item, *rest: item * 2)",
        "[item for item in to_js([[1], [2]])]",
        "js.Uint8Array.new(8).to_py()",
        "str(js.Object.new())",
    ],
)
def test_tables_return_to_where_they_were(guest: FfiGuest, body: str) -> None:
    source = f"def once():\n    {body}\nfor _ in range(20): once()"
    guest.run(source)
    guest.settle()
    held, known = guest.references(), len(guest.js.refs)
    guest.run(source)
    guest.settle()
    assert (guest.references(), len(guest.js.refs)) == (held, known)


def test_calls_from_the_host_leave_nothing_behind(guest: FfiGuest) -> None:
    guest.run(
        "import sys\nmarker = ['marker']\ndef give(x=None): return [marker, x]\n"
        "def count(): return sys.getrefcount(marker)"
    )
    give, count = guest.js.get_global("give"), guest.js.get_global("count")
    assert isinstance(give, PyProxy)
    assert isinstance(count, PyProxy)
    before = guest.js.call(count)
    for _ in range(10):
        guest.js.call(give, [{"a": [1, "text", 2**70]}])
        guest.js.get_global("marker")
    guest.settle()
    assert guest.js.call(count) == before


def test_many_calls_inside_one_are_swept_when_it_returns(guest: FfiGuest) -> None:
    guest.run("for i in range(5000): hostmod.echo(f'text {i}')")
    assert len(guest.js.refs) < 20_000
    guest.js.collect()
    assert len(guest.js.refs) < 200


@pytest.mark.parametrize(
    ("name", "args"),
    [
        ("hiwire_get", (0,)),
        ("hiwire_get", (0x7FFFFFF1,)),
        ("hiwire_decref", (0x123457,)),
        ("_hiwire_get", (1 << 20,)),
        ("JsProxy_Val", (0,)),
        ("python2js", (-1,)),
        ("hiwire_get", (-1,)),
    ],
)
def test_references_that_do_not_exist_kill_only_the_isolate(guest: FfiGuest, name: str, args: tuple[int, ...]) -> None:
    function = guest.js.instance.function(name)
    with pytest.raises((FatalIsolateError, GuestFault)):
        function(*args)
    assert guest.js.instance.poisoned
    with pytest.raises(FatalIsolateError):
        guest.run("1")


IMPORT_NAMES = [
    "JsvArray_Push",
    "JsvArray_Get",
    "JsProxy_GetAttr_js",
    "JsvFunction_CallBound",
    "JsBuffer_get_info",
    "_python2js_ucs2",
    "_python2js_ucs4",
    "_python2js_buffer_inner",
    "js2python_convert",
    "JsvUTF8ToString",
    "JsvBigInt_fromDigits",
    "JsvArray_slice_assign",
    "JsvArray_slice",
    "JsArray_repeat_js",
    "new_error",
    "proxy_cache_get",
    "array_to_js",
    "handle_next_result_js",
    "JsvBuffer_assignFromPtr",
    "JsvBuffer_readFromFile",
    "create_promise_handles",
]


@pytest.mark.parametrize("name", IMPORT_NAMES)
def test_imports_called_with_anything_raise_errors_of_this_project(guest: FfiGuest, name: str) -> None:
    """A hostile guest calls imports with values and pointers of its choice: never another exception, never a hang."""
    from runtime_core.js.arrays import JsArray
    from runtime_core.js.buffers import uint8_array
    from runtime_core.js.control import JsThrow
    from runtime_core.js.imports import js_imports
    from runtime_core.js.maps import JsMap
    from runtime_core.js.values import ERROR, UNDEFINED, BigInt, JsObject

    found = next(item for item in js_imports() if item.name == name)
    kinds = _signature(name)
    rng = random.Random(name)
    numbers = [0, 1, -1, 4, 64, 0x7FFFFFFF, -(1 << 31), 1 << 24, 8]
    values = [
        None,
        UNDEFINED,
        ERROR,
        True,
        7,
        1.5,
        "text",
        BigInt(9),
        JsObject(),
        JsArray([1, 2]),
        JsMap(),
        uint8_array(b"ab"),
    ]
    for _ in range(60):
        args = [rng.choice(values if kind == "externref" else numbers) for kind in kinds]
        with contextlib.suppress(PlatformError, JsThrow):
            found.function(guest.js, *args)
        if guest.js.instance.poisoned:
            return
        guest.js.guest.PyErr_Clear()


def _signature(name: str) -> list[str]:
    """Parameter kinds of an import, by what its guest declares."""
    refs = {
        "JsvArray_Push": "ee",
        "JsvArray_Get": "ei",
        "JsProxy_GetAttr_js": "ei",
        "JsvFunction_CallBound": "eee",
        "JsBuffer_get_info": "eiiii",
        "_python2js_ucs2": "ii",
        "_python2js_ucs4": "ii",
        "_python2js_buffer_inner": "iiiiiii",
        "js2python_convert": "eie",
        "JsvUTF8ToString": "i",
        "JsvBigInt_fromDigits": "ii",
        "JsvArray_slice_assign": "eiiiiii",
        "JsvArray_slice": "eiiii",
        "JsArray_repeat_js": "ei",
        "new_error": "iei",
        "proxy_cache_get": "ei",
        "array_to_js": "ii",
        "handle_next_result_js": "eii",
        "JsvBuffer_assignFromPtr": "ei",
        "JsvBuffer_readFromFile": "ei",
        "create_promise_handles": "iiei",
    }
    return ["externref" if kind == "e" else "i32" for kind in refs[name]]
