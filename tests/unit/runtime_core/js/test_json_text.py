"""JSON.parse and JSON.stringify."""

from __future__ import annotations

import math

import pytest

from runtime_core.js import json_text
from runtime_core.js.arrays import JsArray
from runtime_core.js.control import JsThrow
from runtime_core.js.functions import NativeFunction
from runtime_core.js.values import UNDEFINED, BigInt, JsObject


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, "null"),
        (True, "true"),
        (2.0, "2"),
        (1.5, "1.5"),
        (math.nan, "null"),
        ('a"é', '"a\\"é"'),
        (JsArray([1, UNDEFINED, NativeFunction(lambda: UNDEFINED)]), "[1,null,null]"),
        (JsObject({"a": 1, "b": UNDEFINED, "c": JsObject({"d": JsArray()})}), '{"a":1,"c":{"d":[]}}'),
        (JsObject({"toJSON": NativeFunction(lambda: "custom")}), '"custom"'),
    ],
)
def test_stringify(value: object, text: str) -> None:
    assert json_text.stringify(value, UNDEFINED, UNDEFINED) == text


def test_stringify_indents() -> None:
    assert json_text.stringify(JsObject({"a": JsArray([1])}), UNDEFINED, 1) == '{\n "a": [\n  1\n ]\n}'


def test_undefined_has_no_text() -> None:
    assert json_text.stringify(UNDEFINED, UNDEFINED, UNDEFINED) is UNDEFINED


def circular() -> JsObject:
    value = JsObject()
    value.set("self", value)
    return value


@pytest.mark.parametrize(("value", "reason"), [(BigInt(1), "a bigint"), (circular(), "a cycle")])
def test_what_json_cannot_say_throws(value: object, reason: str) -> None:
    with pytest.raises(JsThrow) as thrown:
        json_text.stringify(value, UNDEFINED, UNDEFINED)
    assert "TypeError" in str(thrown.value.value), reason


def test_parse() -> None:
    value = json_text.parse('{"a": [1, 2.5, null, true, "\\ud83d\\ude00", 12345678901234567890]}')
    assert isinstance(value, JsObject)
    items = value.get("a")
    assert isinstance(items, JsArray)
    assert items.items == [1, 2.5, None, True, "😀", 12345678901234567890.0]


@pytest.mark.parametrize("text", ["", "{", "[1,]", "NaN", "Infinity", "'a'", "01", UNDEFINED])
def test_malformed_text_is_a_syntax_error(text: object) -> None:
    with pytest.raises(JsThrow) as thrown:
        json_text.parse(text)
    assert "SyntaxError" in str(thrown.value.value)
