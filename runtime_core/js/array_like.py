"""Objects that have a length and elements but are no arrays: as arguments, and as ``this`` of array methods."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from runtime_core.engine.checkpoint import checked
from runtime_core.js.arrays import JsArray, check_length
from runtime_core.js.errors import throw_type_error
from runtime_core.js.functions import JsFunction
from runtime_core.js.operators import to_integer, to_string, typeof
from runtime_core.js.values import ABSENT, UNDEFINED, JsObject, JsValue


def require_callback(value: JsValue) -> JsFunction:
    """A callback; other values are refused as V8's generic algorithms word it."""
    if isinstance(value, JsFunction):
        return value
    shown = typeof(value)
    if value is None or isinstance(value, bool | float) or shown == "number":
        shown += f" {to_string(value)}"
    elif isinstance(value, str):
        shown += f' "{value}"'
    return throw_type_error(f"{shown} is not a function")


def length_of(this: JsObject) -> int:
    """The length that the algorithms work with.

    Raises:
        JsThrow: RangeError where it is more than this host visits in one call.
    """
    length = max(0, to_integer(this.get("length")))
    check_length(length)
    return length


def bounded(values: Iterable[JsValue]) -> Iterator[JsValue]:
    """The values of an iterator that need not end.

    Raises:
        JsThrow: RangeError where there are more than this host holds in one array.
    """
    for count, value in enumerate(values):
        check_length(count)
        yield value


def arguments_of(value: JsValue) -> list[JsValue]:
    """The arguments that ``function.apply(this, value)`` passes."""
    if value is None or value is UNDEFINED:
        return []
    if isinstance(value, JsArray):
        return list(value.iterate())
    if not isinstance(value, JsObject):
        throw_type_error("CreateListFromArrayLike called on non-object")
    return [value.get(str(index)) for index in checked(range(length_of(value)))]


def _clamp(value: JsValue, length: int, default: int) -> int:
    """A relative index as ``slice`` reads it."""
    index = to_integer(value, default)
    return max(0, length + index) if index < 0 else min(index, length)


def copy_within(this: JsObject, target: JsValue, start: JsValue, end: JsValue) -> JsValue:
    """``copyWithin``."""
    length = length_of(this)
    to, first, last = _clamp(target, length, 0), _clamp(start, length, 0), _clamp(end, length, length)
    count = min(last - first, length - to)
    steps = range(count - 1, -1, -1) if first < to < first + count else range(count)
    for step in checked(steps):
        value = this.lookup(str(first + step))
        if value is ABSENT:
            this.delete(str(to + step))
        else:
            this.set(str(to + step), value)
    return this


def fill(this: JsObject, value: JsValue, start: JsValue, end: JsValue) -> JsValue:
    """``fill``."""
    length = length_of(this)
    for index in checked(range(_clamp(start, length, 0), _clamp(end, length, length))):
        this.set(str(index), value)
    return this
