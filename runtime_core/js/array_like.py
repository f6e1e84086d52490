"""``Array.prototype``'s algorithms for objects that have a length and elements but are no arrays.

They run as the language says: the length is read once, elements are read one by one through the object's own property
access, and callbacks may change the object meanwhile.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence

from runtime_core.js.arrays import MAX_TEXT_LENGTH, JsArray, check_length
from runtime_core.js.errors import throw, throw_type_error
from runtime_core.js.functions import JsFunction
from runtime_core.js.iteration import JsIterator
from runtime_core.js.operators import strict_equals, to_boolean, to_integer, to_string, typeof
from runtime_core.js.values import ABSENT, UNDEFINED, JsObject, JsValue


def _function(value: JsValue) -> JsFunction:
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
    return [value.get(str(index)) for index in range(length_of(value))]


def _clamp(value: JsValue, length: int, default: int) -> int:
    """A relative index as ``slice`` reads it."""
    index = to_integer(value, default)
    return max(0, length + index) if index < 0 else min(index, length)


def _present(this: JsObject, length: int) -> Iterator[tuple[int, JsValue]]:
    for index in range(length):
        value = this.lookup(str(index))
        if value is not ABSENT:
            yield index, value


def join(this: JsObject, separator: JsValue = UNDEFINED) -> JsValue:
    """``join``."""
    between = "," if separator is UNDEFINED else to_string(separator)
    parts: list[str] = []
    size = 0
    for index in range(length_of(this)):
        item = this.get(str(index))
        part = "" if item is None or item is UNDEFINED else to_string(item)
        parts.append(part)
        size += len(part) + len(between)
        if size > MAX_TEXT_LENGTH:
            throw("RangeError", "Invalid string length")
    return between.join(parts)


def slice_(this: JsObject, start: JsValue, end: JsValue) -> JsValue:
    """``slice``."""
    length = length_of(this)
    first, last = _clamp(start, length, 0), _clamp(end, length, length)
    return JsArray(this.lookup(str(index)) for index in range(first, last))


def index_of(this: JsObject, value: JsValue, start: JsValue) -> JsValue:
    """``indexOf``."""
    length = length_of(this)
    for index in range(_clamp(start, length, 0), length):
        if strict_equals(this.lookup(str(index)), value):
            return index
    return -1


def last_index_of(this: JsObject, value: JsValue, start: JsValue) -> JsValue:
    """``lastIndexOf``."""
    length = length_of(this)
    wanted = to_integer(start, length - 1)
    first = min(wanted, length - 1) if wanted >= 0 else length + wanted
    for index in range(first, -1, -1):
        if strict_equals(this.lookup(str(index)), value):
            return index
    return -1


def for_each(this: JsObject, callback: JsValue, this_arg: JsValue) -> JsValue:
    """``forEach``."""
    length = length_of(this)
    function = _function(callback)
    for index, value in _present(this, length):
        function.call(this_arg, (value, index, this))
    return UNDEFINED


def map_(this: JsObject, callback: JsValue, this_arg: JsValue) -> JsValue:
    """``map``."""
    length = length_of(this)
    function = _function(callback)
    result: list[JsValue] = [ABSENT] * length
    for index, value in _present(this, length):
        result[index] = function.call(this_arg, (value, index, this))
    return JsArray(result)


def filter_(this: JsObject, callback: JsValue, this_arg: JsValue) -> JsValue:
    """``filter``."""
    length = length_of(this)
    function = _function(callback)
    return JsArray(
        value for index, value in _present(this, length) if to_boolean(function.call(this_arg, (value, index, this)))
    )


def some(this: JsObject, callback: JsValue, this_arg: JsValue) -> JsValue:
    """``some``."""
    length = length_of(this)
    function = _function(callback)
    return any(to_boolean(function.call(this_arg, (value, i, this))) for i, value in _present(this, length))


def every(this: JsObject, callback: JsValue, this_arg: JsValue) -> JsValue:
    """``every``."""
    length = length_of(this)
    function = _function(callback)
    return all(to_boolean(function.call(this_arg, (value, i, this))) for i, value in _present(this, length))


def _fold(this: JsObject, callback: JsValue, initial: Sequence[JsValue], *, backwards: bool) -> JsValue:
    length = length_of(this)
    function = _function(callback)
    indices = iter(range(length - 1, -1, -1) if backwards else range(length))
    result: JsValue = initial[0] if initial else ABSENT
    while result is ABSENT:
        index = next(indices, None)
        if index is None:
            throw_type_error("Reduce of empty array with no initial value")
        result = this.lookup(str(index))
    for index in indices:
        value = this.lookup(str(index))
        if value is not ABSENT:
            result = function.call(UNDEFINED, (result, value, index, this))
    return result


def reduce(this: JsObject, callback: JsValue, *initial: JsValue) -> JsValue:
    """``reduce``."""
    return _fold(this, callback, initial, backwards=False)


def reduce_right(this: JsObject, callback: JsValue, *initial: JsValue) -> JsValue:
    """``reduceRight``."""
    return _fold(this, callback, initial, backwards=True)


def at(this: JsObject, position: JsValue) -> JsValue:
    """``at``."""
    length = length_of(this)
    index = to_integer(position)
    index = index + length if index < 0 else index
    return this.get(str(index)) if 0 <= index < length else UNDEFINED


def _found(this: JsObject, callback: JsValue, this_arg: JsValue) -> tuple[int, JsValue]:
    length = length_of(this)
    function = _function(callback)
    for index in range(length):
        value = this.get(str(index))
        if to_boolean(function.call(this_arg, (value, index, this))):
            return index, value
    return -1, UNDEFINED


def find(this: JsObject, callback: JsValue, this_arg: JsValue) -> JsValue:
    """``find``."""
    return _found(this, callback, this_arg)[1]


def find_index(this: JsObject, callback: JsValue, this_arg: JsValue) -> JsValue:
    """``findIndex``."""
    return _found(this, callback, this_arg)[0]


def copy_within(this: JsObject, target: JsValue, start: JsValue, end: JsValue) -> JsValue:
    """``copyWithin``."""
    length = length_of(this)
    to, first, last = _clamp(target, length, 0), _clamp(start, length, 0), _clamp(end, length, length)
    count = min(last - first, length - to)
    steps = range(count - 1, -1, -1) if first < to < first + count else range(count)
    for step in steps:
        value = this.lookup(str(first + step))
        if value is ABSENT:
            this.delete(str(to + step))
        else:
            this.set(str(to + step), value)
    return this


def fill(this: JsObject, value: JsValue, start: JsValue, end: JsValue) -> JsValue:
    """``fill``."""
    length = length_of(this)
    for index in range(_clamp(start, length, 0), _clamp(end, length, length)):
        this.set(str(index), value)
    return this


def _live(this: JsObject, entry: Callable[[int], JsValue]) -> Iterator[JsValue]:
    index = 0
    while index < to_integer(this.get("length")):
        yield entry(index)
        index += 1


def entries(this: JsObject) -> JsValue:
    """``entries``."""
    return JsIterator(_live(this, lambda index: JsArray((index, this.get(str(index))))))


def keys(this: JsObject) -> JsValue:
    """``keys``."""
    return JsIterator(_live(this, lambda index: index))


def values(this: JsObject) -> JsValue:
    """``values``."""
    return JsIterator(_live(this, lambda index: this.get(str(index))))
