"""Searching typed arrays, and the check of the object that their methods are called on."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from runtime_core.js.coerce import clamp_index, to_integer_or_infinity
from runtime_core.js.errors import throw_type_error
from runtime_core.js.values import UNDEFINED, BigInt, JsValue

if TYPE_CHECKING:
    from runtime_core.js.buffers import TypedArray

CHUNK: Final = 1 << 16  # elements looked at in one go


def require_typed(this: JsValue, method: str) -> TypedArray:
    """``this`` as a typed array that is in bounds.

    Raises:
        JsThrow: a TypeError where it is none.
    """
    from runtime_core.js.buffers import TypedArray

    if not isinstance(this, TypedArray):
        throw_type_error("this is not a typed array.")
    if this.is_out_of_bounds:
        throw_type_error(f"Cannot perform %TypedArray%.prototype.{method} on a detached ArrayBuffer")
    return this


def _wanted(array: TypedArray, value: JsValue) -> float | None:
    """The number to look for, or None where no element can equal the value."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return value if isinstance(value, BigInt) is array.element.is_bigint else None


def _position(array: TypedArray, wanted: float, first: int) -> int:
    """The first index of a number at or after ``first``, or -1."""
    length = array.length
    if array.element.size == 1:
        return _byte_position(array, wanted, first)
    for start in range(first, length, CHUNK):
        numbers = array.numbers(start, min(start + CHUNK, length))
        if wanted in numbers:
            return start + numbers.index(wanted)
    return -1


def _byte_position(array: TypedArray, wanted: float, first: int) -> int:
    """As :func:`_position`, for elements of one byte."""
    if wanted != int(wanted) or not -128 <= wanted <= 255 or array.element.convert(wanted) != wanted:
        return -1
    pattern = array.element.little.pack(int(wanted))
    view = array.bytes_view()
    for start in range(first, len(view), 16 * CHUNK):
        found = bytes(view[start : start + 16 * CHUNK]).find(pattern)
        if found >= 0:
            return start + found
    return -1


def _last_position(array: TypedArray, wanted: float, last: int) -> int:
    """The last index of a number at or before ``last``, or -1."""
    stop = min(last + 1, array.length)
    while stop > 0:
        start = max(0, stop - CHUNK)
        numbers = array.numbers(start, stop)[::-1]
        if wanted in numbers:
            return stop - 1 - numbers.index(wanted)
        stop = start
    return -1


def _has_nan(array: TypedArray, first: int) -> bool:
    length = array.length
    chunks = (array.numbers(start, min(start + CHUNK, length)) for start in range(first, length, CHUNK))
    return array.element.is_float and any(number != number for numbers in chunks for number in numbers)


def includes(this: JsValue, value: JsValue, start: JsValue = UNDEFINED) -> JsValue:
    """Whether an element is the value; NaN is itself here."""
    array = require_typed(this, "includes")
    length = array.length
    if length == 0:
        return False
    first = clamp_index(start, length, 0)
    if value is UNDEFINED:
        return first < length and array.length < length  # the buffer shrank meanwhile
    wanted = _wanted(array, value)
    if wanted is None:
        return False
    return _has_nan(array, first) if wanted != wanted else _position(array, wanted, first) >= 0


def index_of(this: JsValue, value: JsValue, start: JsValue = UNDEFINED) -> JsValue:
    """The first index of a value, or -1."""
    array = require_typed(this, "indexOf")
    if array.length == 0:
        return -1
    first = clamp_index(start, array.length, 0)
    wanted = _wanted(array, value)
    return -1 if wanted is None or wanted != wanted else _position(array, wanted, first)


def last_index_of(this: JsValue, value: JsValue, *start: JsValue) -> JsValue:
    """The last index of a value, or -1."""
    array = require_typed(this, "lastIndexOf")
    length = array.length
    if length == 0:
        return -1
    position = to_integer_or_infinity(start[0]) if start else length - 1
    last = min(position, length - 1) if position >= 0 else length + position
    wanted = _wanted(array, value)
    return -1 if wanted is None or wanted != wanted or last < 0 else _last_position(array, wanted, int(last))
