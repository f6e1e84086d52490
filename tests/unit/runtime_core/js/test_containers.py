"""Array, Map, Set and their methods."""

from __future__ import annotations

import math

import pytest

from runtime_core.js.arrays import MAX_ARRAY_LENGTH, JsArray
from runtime_core.js.control import JsThrow
from runtime_core.js.functions import JsFunction, NativeFunction
from runtime_core.js.iteration import iterate
from runtime_core.js.maps import JsMap, JsSet, LiteralMap
from runtime_core.js.operators import call_method, get_property
from runtime_core.js.values import ABSENT, UNDEFINED, BigInt, JsObject


def plain(value: object) -> object:
    """Arrays as lists."""
    if isinstance(value, JsArray):
        return [plain(item) for item in value.iterate()]
    return value


@pytest.mark.parametrize(
    ("method", "args", "result", "left"),
    [
        ("push", (4, 5), 5, [1, 2, 3, 4, 5]),
        ("pop", (), 3, [1, 2]),
        ("shift", (), 1, [2, 3]),
        ("unshift", (0,), 4, [0, 1, 2, 3]),
        ("slice", (1,), [2, 3], [1, 2, 3]),
        ("slice", (-2, -1), [2], [1, 2, 3]),
        ("splice", (1, 1, 8, 9), [2], [1, 8, 9, 3]),
        ("splice", (-1,), [3], [1, 2]),
        ("concat", (JsArray([4]), 5), [1, 2, 3, 4, 5], [1, 2, 3]),
        ("join", ("-",), "1-2-3", [1, 2, 3]),
        ("indexOf", (2,), 1, [1, 2, 3]),
        ("indexOf", (9,), -1, [1, 2, 3]),
        ("includes", (3,), True, [1, 2, 3]),
        ("reverse", (), [3, 2, 1], [3, 2, 1]),
        ("fill", (0, 1), [1, 0, 0], [1, 0, 0]),
        ("at", (-1,), 3, [1, 2, 3]),
        ("map", (NativeFunction(lambda item, index: [item, index][0] * 2),), [2, 4, 6], [1, 2, 3]),
        ("filter", (NativeFunction(lambda item: item > 1),), [2, 3], [1, 2, 3]),
        ("reduce", (NativeFunction(lambda total, item: total + item),), 6, [1, 2, 3]),
        ("find", (NativeFunction(lambda item: item == 2),), 2, [1, 2, 3]),
        ("some", (NativeFunction(lambda item: item == 2),), True, [1, 2, 3]),
        ("every", (NativeFunction(lambda item: item == 2),), False, [1, 2, 3]),
    ],
)
def test_array_methods(method: str, args: tuple[object, ...], result: object, left: list[int]) -> None:
    array = JsArray([1, 2, 3])
    assert plain(call_method(array, method, args)) == result
    assert plain(array) == left


def test_sort_orders_text_by_default_and_puts_undefined_last() -> None:
    array = JsArray([10, 9, UNDEFINED, 1])
    assert plain(call_method(array, "sort", ())) == [1, 10, 9, UNDEFINED]
    by_value = NativeFunction(lambda left, right: left - right)
    assert plain(call_method(JsArray([10, 9, 1]), "sort", (by_value,))) == [1, 9, 10]


def test_flat_spreads_to_a_depth() -> None:
    nested = JsArray([1, JsArray([2, JsArray([3])])])
    assert plain(call_method(nested, "flat", ())) == [1, 2, [3]]
    assert plain(call_method(nested, "flat", (5,))) == [1, 2, 3]


def test_holes_read_as_undefined_and_are_not_keys() -> None:
    array = JsArray()
    array.set("2", "x")
    assert array.get("length") == 3
    assert array.get("0") is UNDEFINED
    assert array.element(0) is ABSENT
    assert array.own_keys() == ["2"]
    assert plain(array) == [UNDEFINED, UNDEFINED, "x"]


def test_length_can_be_set() -> None:
    array = JsArray([1, 2, 3])
    array.set("length", 1)
    assert plain(array) == [1]


@pytest.mark.parametrize(
    ("key", "value", "reason"),
    [
        (str(MAX_ARRAY_LENGTH), 1, "an index that would need gigabytes"),
        ("length", MAX_ARRAY_LENGTH + 1, "a length that would need gigabytes"),
        ("length", -1, "a negative length"),
    ],
)
def test_absurd_lengths_are_range_errors(key: str, value: int, reason: str) -> None:
    with pytest.raises(JsThrow) as thrown:
        JsArray().set(key, value)
    assert str(thrown.value.value).startswith("RangeError"), reason


def test_maps_tell_keys_apart_as_javascript_does() -> None:
    keys = [1, True, "1", BigInt(1), math.nan, None, UNDEFINED, JsObject()]
    table = JsMap((key, index) for index, key in enumerate(keys))
    assert [table.find(key) for key in keys] == list(range(len(keys)))
    assert table.get("size") == len(keys)
    assert call_method(table, "get", (2,)) is UNDEFINED
    assert call_method(table, "delete", (1.0,)) is True
    assert call_method(table, "has", (1,)) is False
    call_method(table, "clear", ())
    assert table.get("size") == 0


def test_map_iterators_see_entries_added_meanwhile() -> None:
    table = JsMap([("a", 1)])
    seen = []
    for entry in table.iterate():
        seen.append(plain(entry))
        if len(seen) < 3:
            table.put(f"k{len(seen)}", len(seen))
    assert seen == [["a", 1], ["k1", 1], ["k2", 2]]


def test_literal_map_entries_read_as_properties() -> None:
    table = LiteralMap([("a", 1)])
    assert table.get("a") == 1
    table.set("b", 2)
    assert table.find("b") == 2
    assert table.own_keys() == ["a", "b"]
    assert isinstance(table.get("get"), JsFunction)


def test_sets_keep_one_of_equal_values() -> None:
    values = JsSet([1, 1.0, "1", math.nan, float("nan")])
    assert values.get("size") == 3
    call_method(values, "add", (2,))
    assert values.contains(2)
    assert call_method(values, "delete", (9,)) is False


def test_iterating_follows_the_protocol_of_host_and_guest_objects() -> None:
    steps = iter([JsObject({"done": False, "value": 1}), JsObject({"done": True})])
    iterator = JsObject({"next": NativeFunction(lambda: next(steps))})
    iterable = JsArray([5])
    assert list(iterate(iterable)) == [5]
    assert list(iterate("a😀")) == ["a", "😀"]
    with pytest.raises(JsThrow):
        list(iterate(iterator))
    with pytest.raises(JsThrow):
        list(iterate(7))
    assert plain(next(iter(iterate(JsMap([(1, 2)]))))) == [1, 2]


def test_built_in_functions_are_read_only() -> None:
    push = get_property(JsArray(), "push")
    assert push is get_property(JsArray(), "push")
    assert isinstance(push, JsObject)
    with pytest.raises(JsThrow):
        push.set("x", 1)


def test_joining_texts_beyond_any_engines_bound_throws() -> None:
    part = "x" * (1 << 24)
    inner = JsArray([part] * 8)
    with pytest.raises(JsThrow) as caught:
        call_method(JsArray([inner] * 8), "join", ("",))
    assert "Invalid string length" in str(caught.value.value)
