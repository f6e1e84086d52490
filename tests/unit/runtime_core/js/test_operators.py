"""typeof, truth, equality, order and conversion to text."""

from __future__ import annotations

import math

import pytest

from runtime_core.js.arrays import JsArray
from runtime_core.js.control import JsThrow
from runtime_core.js.errors import JsError
from runtime_core.js.functions import NativeFunction
from runtime_core.js.operators import (
    call_method,
    constructor_name,
    get_property,
    less_than,
    less_than_or_equal,
    same_value_zero_key,
    strict_equals,
    to_boolean,
    to_integer,
    to_string,
    type_tag,
    typeof,
)
from runtime_core.js.values import UNDEFINED, BigInt, JsObject, JsSymbol


@pytest.mark.parametrize(
    ("value", "name"),
    [
        (UNDEFINED, "undefined"),
        (None, "object"),
        (True, "boolean"),
        (1, "number"),
        (1.5, "number"),
        (BigInt(1), "bigint"),
        ("", "string"),
        (JsSymbol("s"), "symbol"),
        (JsObject(), "object"),
        (JsArray(), "object"),
        (NativeFunction(lambda: UNDEFINED), "function"),
    ],
)
def test_typeof(value: object, name: str) -> None:
    assert typeof(value) == name


@pytest.mark.parametrize("value", [UNDEFINED, None, False, 0, 0.0, -0.0, math.nan, "", BigInt(0)])
def test_falsy_values(value: object) -> None:
    assert to_boolean(value) is False


@pytest.mark.parametrize("value", [True, 1, -1.5, math.inf, "0", BigInt(1), JsObject(), JsArray()])
def test_truthy_values(value: object) -> None:
    assert to_boolean(value) is True


SAME = JsObject()


@pytest.mark.parametrize(
    ("left", "right", "equal"),
    [
        (1, 1.0, True),
        (0, -0.0, True),
        (1, True, False),
        (1, BigInt(1), False),
        (BigInt(2), BigInt(2), True),
        (math.nan, math.nan, False),
        ("a", "a", True),
        ("1", 1, False),
        (None, UNDEFINED, False),
        (UNDEFINED, UNDEFINED, True),
        (SAME, SAME, True),
        (JsObject(), JsObject(), False),
    ],
)
def test_strict_equality(left: object, right: object, equal: bool) -> None:
    assert strict_equals(left, right) is equal


def test_map_keys_compare_by_same_value_zero() -> None:
    values = [1, True, BigInt(1), "1", math.nan, None, UNDEFINED, SAME]
    assert len({same_value_zero_key(value) for value in values}) == len(values)
    assert same_value_zero_key(math.nan) == same_value_zero_key(float("nan"))
    assert same_value_zero_key(1) == same_value_zero_key(1.0)


@pytest.mark.parametrize(
    ("left", "right", "expected"),
    [
        (1, 2, True),
        (2, 1, False),
        ("a", "b", True),
        ("10", 9, False),
        ("\uffff", "😀", False),
        (math.nan, 1, False),
        (UNDEFINED, 1, False),
        (None, 1, True),
    ],
)
def test_order(left: object, right: object, expected: bool) -> None:
    assert less_than(left, right) is expected


def test_nothing_compares_with_nan() -> None:
    assert not less_than_or_equal(math.nan, math.nan)
    assert less_than_or_equal("a", "a")


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (UNDEFINED, "undefined"),
        (None, "null"),
        (True, "true"),
        (7, "7"),
        (2.0, "2"),
        (-0.0, "0"),
        (0.1, "0.1"),
        (1e21, "1e+21"),
        (1e20, "100000000000000000000"),
        (1.5e-7, "1.5e-7"),
        (0.000001, "0.000001"),
        (123456.789, "123456.789"),
        (math.nan, "NaN"),
        (-math.inf, "-Infinity"),
        (BigInt(10**30), "1" + "0" * 30),
        (JsObject(), "[object Object]"),
        (JsArray([1, JsArray([2, None]), UNDEFINED]), "1,2,,"),
        (JsError("TypeError", "bad"), "TypeError: bad"),
    ],
)
def test_conversion_to_text(value: object, text: str) -> None:
    assert to_string(value) == text


def test_an_array_that_contains_itself_prints() -> None:
    array = JsArray([1])
    array.items.append(array)
    assert to_string(array) == "1,"


def test_symbols_do_not_convert_to_text() -> None:
    with pytest.raises(JsThrow) as thrown:
        to_string(JsSymbol("s"))
    assert isinstance(thrown.value.value, JsError)


@pytest.mark.parametrize(
    ("value", "number"),
    [(UNDEFINED, 3), ("12", 12), (2.9, 2), (-2.9, -2), (math.nan, 0), ("x", 0), (math.inf, 1 << 53)],
)
def test_integer_arguments(value: object, number: int) -> None:
    assert to_integer(value, 3) == number


@pytest.mark.parametrize("value", [None, UNDEFINED])
def test_reading_a_property_of_nothing_throws(value: object) -> None:
    with pytest.raises(JsThrow) as thrown:
        get_property(value, "x")
    assert "Cannot read properties of" in str(thrown.value.value)


def test_calling_what_is_no_function_throws() -> None:
    with pytest.raises(JsThrow) as thrown:
        call_method(JsObject({"x": 1}), "x", ())
    assert str(thrown.value.value) == "TypeError: obj.x is not a function"


@pytest.mark.parametrize(
    ("value", "tag", "name"),
    [
        (JsObject(), "[object Object]", "Object"),
        (JsArray(), "[object Array]", "Array"),
        (JsError("RangeError", ""), "[object Error]", "RangeError"),
        (NativeFunction(lambda: UNDEFINED), "[object Function]", "Function"),
        ("", "[object String]", "String"),
        (1, "[object Number]", "Number"),
        (BigInt(1), "[object BigInt]", "BigInt"),
    ],
)
def test_tags_and_constructors(value: object, tag: str, name: str) -> None:
    assert type_tag(value) == tag
    assert constructor_name(value) == name
