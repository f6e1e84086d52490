"""ArrayBuffer and typed arrays."""

from __future__ import annotations

import math

import pytest

from runtime_core.js.arrays import JsArray
from runtime_core.js.buffers import (
    ELEMENT_TYPES,
    JsArrayBuffer,
    TypedArray,
    bytes_view,
    construct_typed_array,
    new_array_buffer,
    uint8_array,
)
from runtime_core.js.control import JsThrow
from runtime_core.js.operators import call_method, get_property
from runtime_core.js.values import UNDEFINED, BigInt


@pytest.mark.parametrize(
    ("kind", "value", "stored"),
    [
        ("Int8Array", 200, -56),
        ("Uint8Array", -1, 255),
        ("Uint8ClampedArray", 300, 255),
        ("Uint8ClampedArray", math.nan, 0),
        ("Int16Array", 40000, -25536),
        ("Uint16Array", 65537, 1),
        ("Int32Array", 2**31, -(2**31)),
        ("Uint32Array", -1, 2**32 - 1),
        ("Float32Array", 0.5, 0.5),
        ("Float32Array", 1e300, math.inf),
        ("Float64Array", 1e300, 1e300),
        ("BigInt64Array", BigInt(2**63), -(2**63)),
        ("BigUint64Array", BigInt(-1), 2**64 - 1),
        ("Uint8Array", "7", 7),
        ("Uint8Array", UNDEFINED, 0),
    ],
)
def test_elements_wrap_as_their_type_says(kind: str, value: object, stored: object) -> None:
    array = construct_typed_array(kind, 1, UNDEFINED, UNDEFINED)
    array.set("0", value)
    assert array.get("0") == stored
    assert type(array.get("0")) is type(array.values()[0])


@pytest.mark.parametrize("kind", sorted(ELEMENT_TYPES))
def test_out_of_range_elements_are_ignored(kind: str) -> None:
    array = construct_typed_array(kind, 2, UNDEFINED, UNDEFINED)
    array.store(5, BigInt(1) if "Big" in kind else 1)
    assert array.get("5") is UNDEFINED
    assert array.get("length") == 2


def test_views_share_their_buffer() -> None:
    buffer = new_array_buffer(8)
    words = construct_typed_array("Uint32Array", buffer, 4, UNDEFINED)
    tail = construct_typed_array("Uint8Array", buffer, 4, 4)
    words.store(0, 0x01020304)
    assert bytes(bytes_view(tail)) == b"\x04\x03\x02\x01"
    assert get_property(call_method(tail, "subarray", (1, 3)), "length") == 2


def test_slice_copies() -> None:
    array = uint8_array(b"abcd")
    copied = call_method(array, "slice", (1, 3))
    assert isinstance(copied, TypedArray)
    copied.store(0, 0)
    assert bytes(bytes_view(array)) == b"abcd"


def test_set_and_fill() -> None:
    array = construct_typed_array("Uint8Array", 4, UNDEFINED, UNDEFINED)
    call_method(array, "set", (JsArray([7, 8]), 1))
    call_method(array, "fill", (9, 3))
    assert array.values() == [0, 7, 8, 9]


@pytest.mark.parametrize(
    ("kind", "source", "offset", "length", "reason"),
    [
        ("Uint32Array", JsArrayBuffer(bytearray(8)), 1, UNDEFINED, "an unaligned offset"),
        ("Uint32Array", JsArrayBuffer(bytearray(6)), 0, UNDEFINED, "a length that is no multiple"),
        ("Uint8Array", JsArrayBuffer(bytearray(4)), 0, 5, "more than there is"),
        ("Uint8Array", JsArrayBuffer(bytearray(4)), 9, UNDEFINED, "an offset beyond the end"),
        ("Uint8Array", -1, UNDEFINED, UNDEFINED, "a negative length"),
        ("Uint8Array", 1 << 40, UNDEFINED, UNDEFINED, "an absurd length"),
        ("BigInt64Array", JsArray([1]), UNDEFINED, UNDEFINED, "a number that is no bigint"),
    ],
)
def test_impossible_views_are_refused(kind: str, source: object, offset: object, length: object, reason: str) -> None:
    with pytest.raises(JsThrow):
        construct_typed_array(kind, source, offset, length)
    assert reason


def test_only_buffers_have_bytes() -> None:
    with pytest.raises(JsThrow):
        bytes_view(JsArray())
