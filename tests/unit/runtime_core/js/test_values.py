"""Primitive values, property order and objects."""

from __future__ import annotations

import pytest

from runtime_core.js.values import (
    MAX_SAFE_INTEGER,
    UNDEFINED,
    BigInt,
    JsObject,
    JsSymbol,
    is_array_index,
    join_surrogates,
    number_from_int,
    utf16_length,
)


def test_undefined_is_false_and_prints_as_javascript_does() -> None:
    assert not UNDEFINED
    assert repr(UNDEFINED) == "undefined"


@pytest.mark.parametrize(
    ("text", "joined", "units"),
    [
        ("", "", 0),
        ("abc", "abc", 3),
        ("é☃", "é☃", 2),
        ("😀", "😀", 2),
        ("\ud83d\ude00", "😀", 2),
        ("\ud83d", "\ud83d", 1),
        ("\ude00\ud83d", "\ude00\ud83d", 2),
        ("x\ud83d\ude00\ud83d", "x😀\ud83d", 4),
    ],
)
def test_strings_have_one_form_per_sequence_of_utf16_units(text: str, joined: str, units: int) -> None:
    assert join_surrogates(text) == joined
    assert utf16_length(joined) == units


@pytest.mark.parametrize("value", [0, 1, -1, MAX_SAFE_INTEGER, -MAX_SAFE_INTEGER])
def test_safe_integers_are_numbers(value: int) -> None:
    assert type(number_from_int(value)) is int


@pytest.mark.parametrize("value", [MAX_SAFE_INTEGER + 1, -MAX_SAFE_INTEGER - 1, 10**40])
def test_other_integers_are_bigints(value: int) -> None:
    result = number_from_int(value)
    assert isinstance(result, BigInt)
    assert result == value


@pytest.mark.parametrize(
    ("name", "expected", "reason"),
    [
        ("0", True, "the first index"),
        ("10", True, "an index"),
        ("4294967294", True, "the last index"),
        ("4294967295", False, "one beyond the last"),
        ("01", False, "a leading zero"),
        ("-1", False, "a sign"),
        ("", False, "empty"),
        ("1.0", False, "a fraction"),
        ("٣", False, "a digit that is not ASCII"),
    ],
)
def test_array_indices(name: str, expected: bool, reason: str) -> None:
    assert is_array_index(name) is expected, reason


def test_keys_are_ordered_as_in_javascript() -> None:
    target = JsObject({"b": 1, "10": 2, "a": 3, "2": 4})
    assert target.own_keys() == ["2", "10", "b", "a"]


def test_properties_are_own_or_inherited() -> None:
    target = JsObject({"a": 1})
    assert target.get("a") == 1
    assert target.get("missing") is UNDEFINED
    assert target.has("hasOwnProperty")
    assert not target.has("missing")
    target.set("missing", None)
    assert target.get("missing") is None
    target.delete("missing")
    assert not target.has("missing")


def test_an_object_inherits_from_its_prototype() -> None:
    base = JsObject({"inherited": 1})
    target = JsObject()
    target.prototype = base
    assert target.get("inherited") == 1
    assert target.own_keys() == []


def test_symbols_are_equal_only_to_themselves() -> None:
    first, second = JsSymbol("s"), JsSymbol("s")
    target = JsObject({first: 1})
    assert target.get(first) == 1
    assert target.get(second) is UNDEFINED
    assert target.own_keys() == []
