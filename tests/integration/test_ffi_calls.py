"""Calls between the guest's Python and the host, both ways, in a real guest."""

from __future__ import annotations

import contextlib
from collections import OrderedDict
from collections.abc import Iterator
from enum import IntEnum

import pytest

from runtime_core.js.pyproxy import PyProxy
from schemas.errors import EntrypointError, PythonError, UnserializableError
from tests.support.ffi_guest import FfiGuest

pytestmark = pytest.mark.boot

CROSSING = [
    "None",
    "True",
    "False",
    "0",
    "-1",
    "2**27",
    "-2**27 - 1",
    "2**31",
    "2**53",
    "2**53 + 1",
    "-2**63",
    "10**40",
    "1.5",
    "2.0",
    "-0.0",
    "float('inf')",
    "''",
    "'a\\0b'",
    "'é'",
    "'☃'",
    "'😀'",
    "'x😀\\udc00'",
    "'\\ud800'",
    "b''",
    "b'\\x00\\xff'",
    "[]",
    "[1, [2, [3]]]",
    "{}",
    "{'a': {'b': [None]}}",
    "{1: 'x', None: 2, 1.5: 3}",
    "{1, 2}",
    "frozenset([3])",
]


class ErrnoLike(IntEnum):
    """An int of another type."""

    FIRST = 1


class HostSecret(Exception):
    """An exception whose text is all that a guest may see."""


def fail() -> None:
    raise KeyError("zz")


def fail_secretly() -> None:
    raise HostSecret("denied")


@pytest.fixture(scope="module")
def guest() -> Iterator[FfiGuest]:
    booted = FfiGuest()

    def callback(function: PyProxy, *args: object) -> object:
        return booted.js.call(function, args)

    booted.js.add_module(
        "hostmod",
        {
            "add": lambda a, b: a + b,
            "echo": lambda value: value,
            "kind": lambda value: type(value).__name__,
            "fail": fail,
            "fail_secretly": fail_secretly,
            "callback": callback,
            "number": 42,
            "settings": {"list": [1, 2, 3], "text": "ü", "data": b"\x01\x02"},
        },
    )
    booted.run("import hostmod, js, pyodide\nfrom pyodide.ffi import JsException, JsProxy, to_js, create_proxy")
    yield booted
    booted.close()


# ---- the guest calls the host


def test_both_modules_import(guest: FfiGuest) -> None:
    assert guest.run("pyodide.__version__, str(js)") == ["314.0.5", "[object global]"]


def test_a_host_function_is_called(guest: FfiGuest) -> None:
    assert guest.run("[hostmod.add(2, 3), hostmod.add('a', 'é☃😀'), hostmod.add(1.5, 2), hostmod.add(2**60, 1)]") == [
        5,
        "aé☃😀",
        3.5,
        2**60 + 1,
    ]


@pytest.mark.parametrize("expression", CROSSING)
def test_values_survive_a_call_of_the_host(guest: FfiGuest, expression: str) -> None:
    source = (
        f"sent = {expression}\n"
        "back = hostmod.echo(sent)\n"
        "[back == sent, type(back) is type(sent), repr(back) == repr(sent)]"
    )
    assert guest.run(source) == [True, True, True]


def test_a_tuple_arrives_as_a_list(guest: FfiGuest) -> None:
    assert guest.run("hostmod.echo((1, (2,)))") == [1, [2]]


@pytest.mark.parametrize("expression", ["len", "object()", "int", "1j", "(x for x in ())", "[len]"])
def test_what_cannot_be_converted_arrives_as_a_proxy(guest: FfiGuest, expression: str) -> None:
    assert guest.run(f"hostmod.kind({expression})") in ("PyProxy", "PyProxyFunction", "list")


def test_members_of_a_module_are_values_arrays_and_objects(guest: FfiGuest) -> None:
    assert guest.run("hostmod.number") == 42
    assert guest.run("[hostmod.settings.text, hostmod.settings.list.to_py()]") == ["ü", [1, 2, 3]]
    assert guest.run("bytes(hostmod.settings.data.to_bytes())") == b"\x01\x02"


@pytest.mark.parametrize(
    ("function", "name", "message"),
    [("fail", "KeyError", "'zz'"), ("fail_secretly", "HostSecret", "denied")],
)
def test_an_exception_of_the_host_becomes_a_jsexception(
    guest: FfiGuest, function: str, name: str, message: str
) -> None:
    found = guest.run(
        f"try: hostmod.{function}()\n"
        "except JsException as error: seen = [error.name, error.message, str(error), error.stack]\n"
        "seen"
    )
    assert isinstance(found, list)
    assert found[:3] == [name, message, f"{name}: {message}"]
    assert "/" not in found[3], "a path of the host"


def test_a_callback_runs_in_the_guest_and_returns(guest: FfiGuest) -> None:
    assert guest.run("hostmod.callback(lambda a, b=3: [a, b, 'ü'], 7)") == [7, 3, "ü"]


def test_an_exception_passes_through_the_host_as_itself(guest: FfiGuest) -> None:
    source = (
        "class Mine(Exception): pass\n"
        "def bad(): raise Mine('inner')\n"
        "try: hostmod.callback(bad)\n"
        "except Mine as error: seen = str(error)\n"
        "seen"
    )
    assert guest.run(source) == "inner"


def test_a_wrong_number_of_arguments_is_an_error(guest: FfiGuest) -> None:
    with pytest.raises(PythonError) as error:
        guest.run("hostmod.add(1)")
    assert error.value.type_name.endswith("JsException")
    assert "TypeError" in error.value.message


def test_calling_deeply_back_and_forth_ends_in_a_recursion_error(guest: FfiGuest) -> None:
    source = (
        "def down(): return hostmod.callback(down)\n"
        "try: down()\n"
        "except (RecursionError, JsException) as error: seen = type(error).__name__\n"
        "seen"
    )
    assert guest.run(source) in ("RecursionError", "JsException")
    assert guest.run("1 + 1") == 2


@pytest.mark.parametrize("frames", range(0, 60, 7))
def test_where_the_recursion_ends_does_not_matter(guest: FfiGuest, frames: int) -> None:
    """The deepest call fails at any point of the host's work, depending on how deep the caller already was."""
    source = (
        "def down(): return hostmod.callback(down)\n"
        "try: down()\n"
        "except (RecursionError, JsException) as error: pass\n"
        "1 + 1"
    )

    def deeper(levels: int) -> object:
        return deeper(levels - 1) if levels else guest.run(source)

    assert deeper(frames) == 2


# ---- the host calls the guest


def test_a_function_of_the_guest_is_called(guest: FfiGuest) -> None:
    guest.run("def f(a, b=2, *rest, k=0, **more): return [a, b, list(rest), k, more]")
    function = guest.js.get_global("f")
    assert isinstance(function, PyProxy)
    assert guest.js.call(function, [1]) == [1, 2, [], 0, {}]
    assert guest.js.call(function, [1, 2, 3], {"k": "kw", "z": [None]}) == [1, 2, [3], "kw", {"z": [None]}]


@pytest.mark.parametrize(
    "value",
    [
        None,
        True,
        0,
        -(2**40),
        2**100,
        1.0,
        -0.0,
        "\ud800x",
        b"\0",
        [1, [2]],
        {"a": {2: 3}},
        {1},
        frozenset({2}),
        (1, (2,)),
        {(1, "a"): [frozenset({2.5}), -0.0, 2**90]},
        [[], {}, set(), ()],
    ],
)
def test_values_of_the_host_are_real_objects_of_the_guest(guest: FfiGuest, value: object) -> None:
    guest.run("def same(value, text): return repr(value) == text and not isinstance(value, JsProxy)")
    function = guest.js.get_global("same")
    assert isinstance(function, PyProxy)
    assert guest.js.call(function, [value, repr(value)]) is True


def test_subclasses_of_built_in_types_arrive_as_those(guest: FfiGuest) -> None:
    function = guest.js.run("lambda value: [type(item).__name__ for item in value]")
    assert isinstance(function, PyProxy)
    value = [ErrnoLike.FIRST, bytearray(b"x"), memoryview(b"y"), OrderedDict(a=1)]
    assert guest.js.call(function, [value]) == ["int", "bytes", "bytes", "dict"]


def test_an_exception_of_the_guest_surfaces_with_its_traceback(guest: FfiGuest) -> None:
    with pytest.raises(PythonError) as error:
        guest.js.run("def f():\n    raise KeyError('zz')\nf()", filename="worker.py")
    assert error.value.type_name == "KeyError"
    assert error.value.message == "KeyError: 'zz'"
    assert 'File "worker.py", line 2, in f' in error.value.traceback


@pytest.mark.parametrize(
    ("source", "type_name"),
    [("1 +", "SyntaxError"), ("raise SystemExit(3)", "SystemExit"), ("raise KeyboardInterrupt", "KeyboardInterrupt")],
)
def test_every_exception_is_the_workers(guest: FfiGuest, source: str, type_name: str) -> None:
    with pytest.raises(PythonError) as error:
        guest.run(source)
    assert error.value.type_name == type_name


@pytest.mark.parametrize(
    ("expression", "name"),
    [
        ("object()", "object"),
        ("1j", "complex"),
        ("lambda: 0", "function"),
        ("[[object()]]", "object"),
        ("{(1, 2): 3}", ""),
    ],
)
def test_a_result_that_cannot_cross_names_its_type(guest: FfiGuest, expression: str, name: str) -> None:
    guest.run(f"def give(): return {expression}")
    function = guest.js.get_global("give")
    assert isinstance(function, PyProxy)
    with pytest.raises((UnserializableError, PythonError)) as error:
        guest.js.call(function)
    assert name in str(error.value)


@pytest.mark.parametrize(("value", "name"), [(object(), "object"), (1j, "complex"), ([{"a": contextlib}], "module")])
def test_an_argument_that_cannot_cross_names_its_type(guest: FfiGuest, value: object, name: str) -> None:
    function = guest.js.run("len")
    assert isinstance(function, PyProxy)
    with pytest.raises(UnserializableError, match=name):
        guest.js.call(function, [value])


def test_values_that_contain_themselves_are_refused(guest: FfiGuest) -> None:
    loop: list[object] = []
    loop.append(loop)
    function = guest.js.run("len")
    assert isinstance(function, PyProxy)
    with pytest.raises(UnserializableError, match="deeply"):
        guest.js.call(function, [loop])
    guest.run("x = []\nx.append(x)\ndef give_loop(): return x")
    give = guest.js.get_global("give_loop")
    assert isinstance(give, PyProxy)
    with pytest.raises(UnserializableError):
        guest.js.call(give)


def test_a_missing_global_is_an_entrypoint_error(guest: FfiGuest) -> None:
    with pytest.raises(EntrypointError):
        guest.js.get_global("no_such_name")


def test_a_destroyed_proxy_says_so(guest: FfiGuest) -> None:
    function = guest.js.run("lambda x: [x]")
    assert isinstance(function, PyProxy)
    copy = function.copy()
    function.destroy()
    with pytest.raises(PythonError, match="already been destroyed"):
        guest.js.call(function)
    assert guest.js.call(copy, [1]) == [1]
    copy.destroy()
