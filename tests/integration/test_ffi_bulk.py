"""Whole containers cross in one step, and nobody can tell: the same as part by part, for everything that exists.

A depth that no value reaches makes Pyodide's own code, or the host's general code, do the conversion.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import cast

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from runtime_core.js import bulk
from tests.support.ffi_guest import FfiGuest

GUEST = """
import js
from math import inf, nan
from pyodide.ffi import JsProxy, to_js
PART_BY_PART = 1 << 30

def describe(value, seen):
    if not isinstance(value, JsProxy):
        return (type(value).__name__, repr(value))
    if value.js_id in seen:
        return ("again", list(seen).index(value.js_id))
    seen[value.js_id] = value
    name = value.constructor.name
    if name == "Array":
        return (name, [describe(item, seen) for item in value])
    if name == "Object":
        return (name, [(key, describe(item, seen)) for key, item in value.object_entries()])
    return (name, str(value))

def describe_python(value, seen):
    if not isinstance(value, (list, dict)):
        return (type(value).__name__, str(value).partition(" at 0x")[0])
    if id(value) in seen:
        return ("again", list(seen).index(id(value)))
    seen[id(value)] = value
    if isinstance(value, list):
        return ("list", [describe_python(item, seen) for item in value])
    return ("dict", [(repr(key), describe_python(item, seen)) for key, item in value.items()])

def attempt(function, describe):
    try:
        return str(describe(function(), {}))
    except Exception as error:
        return f"{type(error).__name__}: {error}"

def both_ways(value, **options):
    there = [attempt(lambda: to_js(value, **given, **options), describe) for given in ({}, {"depth": PART_BY_PART})]
    try:
        copied = to_js(value, depth=PART_BY_PART, **options)
    except Exception:
        return [there, ["", ""]]
    if not isinstance(copied, JsProxy):
        return [there, ["", ""]]
    back = [attempt(lambda: copied.to_py(**given), describe_python) for given in ({}, {"depth": PART_BY_PART})]
    return [there, back]
"""

pytestmark = pytest.mark.boot

NUMBERS = st.one_of(
    st.integers(-(2**70), 2**70),
    st.integers(-3, 300),
    st.sampled_from([2**27, -(2**27) - 1, 2**31, 2**53 - 1, 2**53, -(2**53)]),
    st.floats(),
    st.integers(-5, 5).map(float),
)
KEYS = st.one_of(st.text(max_size=6), st.sampled_from(["1", "0", "constructor", "toString", "a"]), NUMBERS, st.none())
VALUES = st.recursive(
    st.one_of(st.none(), st.booleans(), NUMBERS, st.text(max_size=8), st.sampled_from([b"bytes", 1j, ..., {1, 2}])),
    lambda part: st.one_of(
        st.lists(part, max_size=6),
        st.lists(NUMBERS, min_size=7, max_size=12),
        st.tuples(part, part),
        st.dictionaries(KEYS, part, max_size=4),
        st.dictionaries(st.sampled_from("abc"), part, max_size=3),
    ),
    max_leaves=12,
)

CASES = [
    ("(lambda a: [a, a, {'a': a}, (a,)])([1, 2])", "a list that occurs four times"),
    ("(lambda d: [d, d])({'a': 1})", "a dict that occurs twice"),
    ("(lambda a: a.append(a) or a)([1])", "a list that contains itself"),
    ("(lambda d: d.update(d=d) or d)({})", "a dict that contains itself"),
    ("(lambda a: a.append({'a': a}) or a)([])", "a list in a dict in itself"),
    ("[js.Object.new(), [js.Array.new()]]", "JavaScript objects inside"),
    ("[object, len, lambda: 1]", "what can only be a proxy"),
    ("__import__('collections').OrderedDict(b=1, a=2)", "a subclass of dict"),
    ("[__import__('enum').IntEnum('E', 'A').A, True]", "subclasses of int"),
    ("type('L', (list,), {})([1, [2]])", "a subclass of list"),
    ("__import__('array').array('i', [1, 2])", "a buffer"),
    ("[__import__('pyodide').ffi.jsnull, None]", "null and undefined"),
    ("[__import__('pyodide').ffi.JsBigInt(5), 5]", "a bigint"),
    ("['\\ud800', '\\udc00', '\\ud83d\\ude00', '😀', 'é']", "surrogates"),
    ("{'b': 1, '10': 2, '9': 3, 'a': 4}", "keys that are indices"),
    ("{1: 'a', '1': 'b'}", "keys that are one property"),
    ("{(1, 2): 3}", "a key that cannot be one"),
    ("{True: 1, None: 2, 1.5: 3, float('nan'): 4}", "keys that are no texts"),
    ("[-0.0, 0.0, 1e300, float('inf'), 2.0**53, 2.0**53 + 2]", "numbers at the edges"),
    ("[[]] * 20 + [{}] * 20", "empty containers"),
    ("(lambda f: f(f, 300))(lambda f, n: [f(f, n - 1)] if n else [])", "many levels"),
    ("list(range(-50, 3000)) + [2**31 - 1, -2**31]", "many integers"),
    ("[number / 4 for number in range(3000)]", "many floats, some whole"),
    ("[str(number) * (number % 60) for number in range(1000)]", "texts of many lengths"),
    ("[1, 2, 3.5, 4, 2**53 - 1, -7, 2.0**60, 2**60]", "integers among floats"),
    ("[None, True, False, None] * 100 + ['x', 1, 2.5, [1], {'a': [None]}, 'ä', 'Ω', '']", "one of each kind"),
    ("['a\\0b', '', '\\0', 'ÿ'] + ['😀', '']", "texts with zeros, and beyond them"),
    ("['ÿ', '', 'b']", "texts of single bytes"),
    ("[{'k' + str(n): n for n in range(100)} for _ in range(3)]", "records with many names"),
    ("[{'a': 1, 'b': 2}, {'b': 1, 'a': 2}, {}, {'a': []}]", "records of several shapes"),
    ("(lambda r: [{'x': r, 'y': n} for n in range(9)])({'z': [1]})", "one record in a column"),
    ("(lambda r: [{'x': r}, r])([1])", "one list in two columns"),
    ("[{'a': n, 'b': {'c': n, 'd': [{'e': n}, {'e': 2}]}} for n in range(30)]", "records in records"),
    ("[{'a': n, 'b': {'c': n}, 'x' if n % 3 else 'y': n} for n in range(90)]", "shapes that change at the end"),
    ("[{'a': n, 'b': {'c': 1}} if n % 2 else {'b': n, 'a': [n]} for n in range(60)]", "shapes that alternate"),
    ("[{'a': [1] * 9, 'b': 'a' * n} for n in range(0, 600, 99)] + [{'a': None}]", "texts among records"),
    ("(lambda a: [{'a': a, 'b': a} for _ in range(4)])([{'a': 1, 'b': 2}])", "records that share a list"),
    ("[[n, str(n), [n, n + 0.5]] for n in range(400)]", "rows"),
    ("[{'id': n, 'tags': ['a', 'b'], 'x': n / 3} for n in range(500)]", "many records"),
]


@pytest.fixture(scope="module", params=["few", "many"])
def guest(request: pytest.FixtureRequest) -> Iterator[FfiGuest]:
    """Twice: once every container counts as large on its way to Python."""
    made = FfiGuest()
    with pytest.MonkeyPatch.context() as patch:
        if request.param == "many":
            patch.setattr(bulk, "_FEW", -1)
        try:
            made.run(GUEST)
            yield made
        finally:
            made.close()


def check(guest: FfiGuest, expression: str) -> None:
    there, back = cast("list[list[str]]", guest.run(f"both_ways({expression})"))
    assert there[0] == there[1]
    assert back[0] == back[1]


@pytest.mark.parametrize(("expression", "reason"), CASES)
def test_bulk_and_part_by_part_are_the_same(guest: FfiGuest, expression: str, reason: str) -> None:
    check(guest, expression)
    assert reason


@pytest.mark.parametrize("converter", ["js.Object.fromEntries", "js.Map.new", "js.Array.from_", "len"])
@pytest.mark.parametrize("value", ["[{'a': {'b': 1}}, {'a': 2}]", "(lambda d: [d, d])({'a': 1, 2: 3})"])
def test_dict_converters_are_the_same(guest: FfiGuest, converter: str, value: str) -> None:
    there, _ = cast("list[list[str]]", guest.run(f"both_ways({value}, dict_converter={converter})"))
    assert there[0] == there[1]


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(VALUES)
def test_any_value_is_the_same_both_ways(guest: FfiGuest, value: object) -> None:
    check(guest, repr(value))


def test_calls_of_the_host_use_up_no_references(guest: FfiGuest) -> None:
    """The array of arguments of a call never becomes an object of the host."""
    guest.js.collect()
    before = len(guest.js.refs)
    during: list[int] = []

    def count(*args: object) -> int:
        during.append(len(guest.js.refs))
        return len(args)

    guest.js.add_module("counting", {"count": count})
    source = "from counting import count\n[count(*range(n)) for n in range(5)] + [count() for _ in range(500)]"
    assert guest.run(source) == [0, 1, 2, 3, 4] + [0] * 500
    assert max(during) < before + 50
