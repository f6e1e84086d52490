"""JSON from strangers."""

from __future__ import annotations

import pytest

from schemas import strict_json
from schemas.errors import FormatError

BROKEN = [
    ("empty", b"", "not JSON"),
    ("two values", b"1 2", "not JSON"),
    ("single quotes", b"{'a':1}", "not JSON"),
    ("control character in a string", b'"\x01"', "not JSON"),
    ("byte order mark", b"\xef\xbb\xbf1", "not JSON"),
    ("not UTF-8", b'"\xff"', "not UTF-8"),
    ("NaN", b"[NaN]", "NaN"),
    ("Infinity", b'{"a":-Infinity}', "-Infinity"),
    ("float beyond range", b"1e999", "out of range"),
    ("duplicate key", b'{"a":1,"b":2,"a":1}', "duplicate key"),
    ("duplicate key within", b'[{"x":{"a":1,"a":2}}]', "duplicate key"),
    ("duplicate key by escape", rb'{"a":1,"\u0061":2}', "duplicate key"),
    ("integer of 5000 digits", b"9" * 5000, "too long"),
    ("arrays one level too deep", b"[" * 101 + b"]" * 101, "nested too deeply"),
    ("arrays a million deep", b"[" * 1_000_000, "nested too deeply"),
    ("objects a million deep", b'{"a":' * 1_000_000, "nested too deeply"),
]


@pytest.mark.parametrize(("reason", "data", "message"), BROKEN, ids=[case[0] for case in BROKEN])
def test_broken_text_is_refused(reason: str, data: bytes, message: str) -> None:
    with pytest.raises(FormatError, match=message):
        strict_json.loads(data, what="the thing")


def test_a_hundred_levels_are_read() -> None:
    text = "[" * 100 + "]" * 100
    assert strict_json.dumps(strict_json.loads(text.encode(), what="x"), what="x") == text


def test_the_error_says_what_was_read() -> None:
    with pytest.raises(FormatError, match="the thing: duplicate key"):
        strict_json.loads(b'{"a":1,"a":1}', what="the thing")


def test_values_are_read() -> None:
    assert strict_json.loads(memoryview(b' {"a":[1,-2.5e1,"x",null,true]} '), what="x") == {
        "a": [1, -25.0, "x", None, True]
    }


@pytest.mark.parametrize("value", [float("nan"), float("inf"), b"x", {1: {2}}, {("a",): 1}])
def test_what_json_cannot_hold_is_refused(value: object) -> None:
    with pytest.raises(FormatError, match="cannot be written"):
        strict_json.dumps(value, what="it")


def test_a_cycle_is_refused() -> None:
    value: list[object] = []
    value.append(value)
    with pytest.raises(FormatError):
        strict_json.dumps(value, what="it")


def test_a_value_of_any_depth_is_written_or_refused() -> None:
    value: list[object] = []
    for _ in range(100_000):
        value = [value]
    with pytest.raises(FormatError, match="nested too deeply"):
        strict_json.dumps(value, what="it")


def test_text_has_no_spaces_and_keeps_the_order_of_keys() -> None:
    assert strict_json.dumps({"b": [1, 2], "a": "é😀"}, what="it") == '{"b":[1,2],"a":"é😀"}'


def test_surrogates_are_paired_or_escaped() -> None:
    assert strict_json.dumps("\ud83d\ude00\ud83dx", what="it") == '"😀\\ud83dx"'
