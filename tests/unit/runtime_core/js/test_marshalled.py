"""The decoder of what guests marshal: equal to what CPython reads, and safe for any bytes."""

from __future__ import annotations

import marshal
import struct
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runtime_core.js import marshalled
from runtime_core.js.arrays import JsArray
from runtime_core.js.functions import NativeFunction
from runtime_core.js.marshalled import FORMAT_VERSION, MAX_LEVELS, Decoder, PlainDecoder, Unsupported
from runtime_core.js.values import UNDEFINED, BigInt, JsObject, JsValue

NAMES = st.text(st.characters(codec="utf-8"), max_size=8).map("k".__add__)
PLAIN = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.integers(-5, 5),
    st.floats(allow_nan=False),
    st.text(max_size=300),
)
VALUES = st.recursive(
    PLAIN,
    lambda part: st.one_of(
        st.lists(part, max_size=20),
        st.lists(part, max_size=3).map(tuple),
        st.lists(st.integers(-(2**40), 2**40), min_size=8),
        st.lists(st.floats(allow_nan=False), min_size=8),
        st.dictionaries(NAMES, part, max_size=5),
    ),
    max_leaves=30,
)


def decoded(value: Any, converter: NativeFunction | None = None) -> JsValue:
    return Decoder(marshal.dumps(value, FORMAT_VERSION), converter).decode()


def plain(value: JsValue) -> object:
    """The Python value that a decoded one stands for."""
    if isinstance(value, JsArray):
        return [plain(item) for item in value.items]
    if isinstance(value, JsObject):
        return {key: plain(item) for key, item in (value.own or {}).items()}
    if value is UNDEFINED:
        return None
    return int(value) if isinstance(value, BigInt) else value


def as_lists(value: object) -> object:
    if isinstance(value, list | tuple):
        return [as_lists(item) for item in value]
    if isinstance(value, dict):
        return {key: as_lists(item) for key, item in value.items()}
    return value


@given(VALUES)
def test_it_reads_what_cpython_writes(value: object) -> None:
    expected, found = as_lists(value), plain(decoded(value))
    assert found == expected
    assert repr(found) == repr(expected)


@given(st.binary(max_size=200))
def test_any_bytes_decode_or_are_refused(data: bytes) -> None:
    try:
        Decoder(data, None).decode()
    except Unsupported:
        return


@given(VALUES, st.integers(0, 1 << 16), st.integers(0, 255))
def test_damaged_bytes_decode_or_are_refused(value: object, place: int, byte: int) -> None:
    data = bytearray(marshal.dumps([value], FORMAT_VERSION))
    data[place % len(data)] = byte
    try:
        Decoder(bytes(data), None).decode()
    except Unsupported:
        return


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", "nothing"),
        (b"N" + b"N", "bytes behind the value"),
        (b"[\xff\xff\xff\xff", "a list longer than the bytes"),
        (b"[\xff\xff\xff\x7fN", "a list of two thousand million"),
        (b"(\x01\0\0\0", "a tuple without its item"),
        (b")\x02N", "a small tuple that ends early"),
        (b"u\x05\0\0\0ab", "a text longer than the bytes"),
        (b"z\x05ab", "a short text longer than the bytes"),
        (b"z\x01\xff", "a short text that is not ASCII"),
        (b"u\x01\0\0\0\xff", "a text that is not UTF-8"),
        (b"r\0\0\0\0", "a reference to nothing"),
        (b"\xdb\x01\0\0\0r\xff\xff\xff\xff", "a reference far away"),
        (b"\xfb" + b"z\x01a" + b"r\0\0\0\0" + b"0", "a dict that contains itself"),
        (b"{z\x01a0", "a key without its value"),
        (b"{z\x01aN", "a dict without its end"),
        (b"0", "an end mark alone"),
        (b"[\x01\0\0\0" + b"0", "an end mark in a list"),
        (b"{[\0\0\0\0N0", "a list as a key"),
        (b"{z\x01aNz\x01aN0", "a key twice"),
        (b"{i\x01\0\0\0Nz\x011N0", "two keys that are one property"),
        (b"{z\x0bconstructorN0", "a name that every object has"),
        (b"l\xff\xff\xff\x7f", "an integer of two thousand million digits"),
        (b"l\x00\x00\x00\x80", "the most negative number of digits"),
        (b"s\x01\0\0\0a", "bytes"),
        (b"<\0\0\0\0", "a set"),
        (b"c", "a code object"),
        (b"y" + bytes(16), "a complex number"),
        (b".", "an ellipsis"),
        (b"i\x01", "half an integer"),
        (b"g\x01", "part of a float"),
        (b")\x01" * (MAX_LEVELS + 1) + b"N", "too many levels"),
        (b"[\x08\0\0\0" + b"r\0\0\0\x80" * 8, "references that would be negative"),
    ],
)
def test_what_is_refused(data: bytes, reason: str) -> None:
    with pytest.raises(Unsupported):
        Decoder(data, None).decode()
    assert reason


def test_the_number_of_values_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(marshalled, "MAX_NODES", 100)
    assert decoded([1.5] * 50)
    for value in ([0] * 101, [[0] * 60, [0] * 60], {str(number): 0 for number in range(101)}):
        with pytest.raises(Unsupported):
            decoded(value)


def test_shared_parts_stay_shared() -> None:
    part = [1]
    record = {"a": part}
    result = decoded([part, record, record, (part, part)])
    assert isinstance(result, JsArray)
    first, second, third, pair = result.items
    assert second is third
    assert isinstance(second, JsObject)
    assert second.get("a") is first
    assert isinstance(pair, JsArray)
    assert pair.items == [first, first]


def test_a_list_may_contain_itself() -> None:
    value: list[object] = [1]
    value.append(value)
    result = decoded(value)
    assert isinstance(result, JsArray)
    assert result.items[1] is result


def test_dicts_go_through_a_converter_inner_ones_first() -> None:
    seen: list[object] = []

    def convert(entries: JsValue) -> JsValue:
        seen.append(plain(entries))
        return JsObject({"made": len(seen)})

    result = decoded([{"a": {1: 2.5}, None: True}], NativeFunction(convert))
    assert seen == [[[1, 2.5]], [["a", {"made": 1}], [None, True]]]
    assert plain(result) == [{"made": 2}]


def test_numbers_of_one_width_with_references() -> None:
    number = struct.unpack("<i", b"\x01\x02\x03\x04")[0]
    data = b"[\x0a\0\0\0" + b"\xe9\x01\x02\x03\x04" + b"r\0\0\0\0" * 8 + b"i\x05\0\0\0"
    assert plain(Decoder(data, None).decode()) == [number] * 9 + [5]


PART: list[object] = [1]
RECORD: dict[str, object] = {}


def read_plain(value: Any) -> object:
    return PlainDecoder(marshal.dumps(value, FORMAT_VERSION)).decode()


@given(VALUES)
def test_plain_values_come_back_or_hold_a_container_twice(value: object) -> None:
    try:
        found = read_plain(value)
    except Unsupported:
        return
    assert found == as_lists(value)
    assert repr(found) == repr(as_lists(value))


def test_plain_keys_keep_their_types() -> None:
    assert read_plain({1: "a", None: 2.0, False: [2**70], "k": {}}) == {1: "a", None: 2.0, False: [2**70], "k": {}}


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        ([PART, PART], "a list that occurs twice: the caller must count it twice"),
        ([RECORD, RECORD], "a dict that occurs twice"),
        ({(1, 2): 3}, "a key that is a tuple"),
        ([{1}], "a set"),
        ([b"bytes"], "bytes"),
    ],
)
def test_what_is_not_read_as_plain(value: object, reason: str) -> None:
    with pytest.raises(Unsupported):
        read_plain(value)
    assert reason


@given(st.binary(max_size=200))
def test_any_bytes_are_plain_or_refused(data: bytes) -> None:
    try:
        PlainDecoder(data).decode()
    except Unsupported:
        return
