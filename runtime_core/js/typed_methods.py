"""The methods that all typed arrays have (``%TypedArray%.prototype``)."""

from __future__ import annotations

import math
from bisect import bisect_left, bisect_right
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from functools import cmp_to_key
from typing import TYPE_CHECKING, Final, Literal

from runtime_core.engine.checkpoint import checked
from runtime_core.js.arrays import MAX_TEXT_LENGTH, JsArray, check_length, require_function
from runtime_core.js.coerce import clamp_index, to_integer_or_infinity, to_length, to_numeric
from runtime_core.js.errors import throw, throw_type_error
from runtime_core.js.functions import JsFunction
from runtime_core.js.iteration import JsIterator
from runtime_core.js.operators import call_method, get_property, has_method, to_boolean, to_string
from runtime_core.js.typed_search import CHUNK, includes, index_of, last_index_of, require_typed
from runtime_core.js.values import ABSENT, SYMBOL_ITERATOR, UNDEFINED, JsObject, JsValue, PropertyKey

if TYPE_CHECKING:
    from runtime_core.js.buffers import TypedArray

_WORDS: Final[dict[int, Literal["B", "H", "I", "Q"]]] = {1: "B", 2: "H", 4: "I", 8: "Q"}
"""Formats of integers by their size."""


def _element(array: TypedArray, index: int) -> JsValue:
    from runtime_core.js.buffers import buffer_element

    value = buffer_element(array, index)
    return UNDEFINED if value is ABSENT else value


def _numbered(array: TypedArray) -> Iterator[tuple[int, JsValue]]:
    """Indices and elements, up to the present length; elements that go meanwhile are undefined."""
    for index in checked(range(array.length)):
        yield index, _element(array, index)


# ---- one element


def at(this: JsValue, index: JsValue) -> JsValue:
    """The element at an index; negative from the end."""
    array = require_typed(this, "at")
    position = to_integer_or_infinity(index)
    if position < 0:
        position += array.length
    return _element(array, int(position)) if 0 <= position < array.length else UNDEFINED


def with_element(this: JsValue, index: JsValue, value: JsValue) -> JsValue:
    """A copy with one element replaced."""
    array = require_typed(this, "with")
    position = to_integer_or_infinity(index)
    if position < 0:
        position += array.length
    number = array.element.present(array.element.convert(value))
    if not 0 <= position < array.length:
        throw("RangeError", "Invalid typed array index")
    result = _copy(array)
    result.store(int(position), number)
    return result


def _copy(array: TypedArray) -> TypedArray:
    result = array.same_kind(array.length)
    result.bytes_view()[:] = array.bytes_view()
    return result


# ---- ranges


def copy_within(this: JsValue, target: JsValue, start: JsValue, end: JsValue = UNDEFINED) -> JsValue:
    """Copy a range onto another of the same array."""
    array = require_typed(this, "copyWithin")
    length = array.length
    to, first = clamp_index(target, length, 0), clamp_index(start, length, 0)
    last = clamp_index(end, length, length)
    length = min(length, require_typed(this, "copyWithin").length)  # conversions may have run guest code
    count = min(last - first, length - to, length - first)
    if count > 0:
        size = array.element.size
        view = array.bytes_view()
        view[to * size : (to + count) * size] = bytes(view[first * size : (first + count) * size])
    return array


def fill(this: JsValue, value: JsValue, start: JsValue = UNDEFINED, end: JsValue = UNDEFINED) -> JsValue:
    """Set a range to one value."""
    array = require_typed(this, "fill")
    element = array.element
    number = element.convert(value)
    first, last = clamp_index(start, array.length, 0), clamp_index(end, array.length, array.length)
    last = min(last, require_typed(this, "fill").length)
    if first < last:
        pattern = element.little.pack(number)
        array.bytes_view()[first * element.size : last * element.size] = pattern * (last - first)
    return array


def slice_elements(this: JsValue, start: JsValue, end: JsValue) -> JsValue:
    """A copy of a range."""
    array = require_typed(this, "slice")
    first, last = clamp_index(start, array.length, 0), clamp_index(end, array.length, array.length)
    result = array.same_kind(max(0, last - first))
    source = require_typed(this, "slice").bytes_view()[first * array.element.size : last * array.element.size]
    result.bytes_view()[: len(source)] = source
    return result


def subarray(this: JsValue, start: JsValue, end: JsValue) -> JsValue:
    """A view of a range of the same buffer."""
    from runtime_core.js.buffers import TypedArray, construct_typed_array

    if not isinstance(this, TypedArray):
        throw_type_error("this is not a typed array.")
    length = this.length
    first, last = clamp_index(start, length, 0), clamp_index(end, length, length)
    count: JsValue = UNDEFINED if this.fixed is None and end is UNDEFINED else max(0, last - first)
    offset = this.offset + first * this.element.size
    return construct_typed_array(this.class_name, this.buffer, offset, count)


def set_elements(this: JsValue, source: JsValue, offset: JsValue = UNDEFINED) -> JsValue:
    """Store the elements of another array."""
    from runtime_core.js.buffers import TypedArray

    if not isinstance(this, TypedArray):
        throw_type_error("this is not a typed array.")
    start = to_integer_or_infinity(offset)
    if start < 0:
        throw("RangeError", "offset is out of bounds")
    array = require_typed(this, "set")
    if isinstance(source, TypedArray):
        _set_typed(array, require_typed(source, "set"), start)
        return UNDEFINED
    if source is None or source is UNDEFINED:
        throw_type_error("Cannot convert undefined or null to object")
    length = to_length(get_property(source, "length")) if isinstance(source, JsObject | str) else 0
    if start + length > array.length:
        throw("RangeError", "offset is out of bounds")
    for index in checked(range(length)):
        value = source[index] if isinstance(source, str) else get_property(source, str(index))
        array.store(int(start) + index, value)
    return UNDEFINED


def _set_typed(array: TypedArray, source: TypedArray, start: float) -> None:
    if source.element.is_bigint is not array.element.is_bigint:
        throw_type_error("Cannot mix BigInt and other types, use explicit conversions")
    if start + source.length > array.length:
        throw("RangeError", "offset is out of bounds")
    if source.element is array.element:
        position = int(start) * array.element.size
        data = bytes(source.bytes_view())
        array.bytes_view()[position : position + len(data)] = data
    else:
        array.store_all(source.values(), int(start))


# ---- callbacks


def for_each(this: JsValue, callback: JsValue, this_arg: JsValue = UNDEFINED) -> JsValue:
    """Call for each element."""
    array, function = require_typed(this, "forEach"), require_function(callback)
    for index, item in _numbered(array):
        function.call(this_arg, (item, index, array))
    return UNDEFINED


def map_elements(this: JsValue, callback: JsValue, this_arg: JsValue = UNDEFINED) -> JsValue:
    """A new array of the results of calling for each element."""
    array, function = require_typed(this, "map"), require_function(callback)
    result = array.same_kind(array.length)
    for index, item in _numbered(array):
        result.store(index, function.call(this_arg, (item, index, array)))
    return result


def filter_elements(this: JsValue, callback: JsValue, this_arg: JsValue = UNDEFINED) -> JsValue:
    """A new array of the elements for which the callback is true."""
    array, function = require_typed(this, "filter"), require_function(callback)
    kept = []
    for index, item in _numbered(array):
        if to_boolean(function.call(this_arg, (item, index, array))):
            kept.append(item)
            check_length(len(kept))
    result = array.same_kind(len(kept))
    result.store_all(kept)
    return result


def every(this: JsValue, callback: JsValue, this_arg: JsValue = UNDEFINED) -> JsValue:
    """Whether the callback is true for every element."""
    array, function = require_typed(this, "every"), require_function(callback)
    return all(to_boolean(function.call(this_arg, (item, index, array))) for index, item in _numbered(array))


def some(this: JsValue, callback: JsValue, this_arg: JsValue = UNDEFINED) -> JsValue:
    """Whether the callback is true for some element."""
    array, function = require_typed(this, "some"), require_function(callback)
    return any(to_boolean(function.call(this_arg, (item, index, array))) for index, item in _numbered(array))


def _finder(name: str, *, is_last: bool, gives_index: bool) -> Callable[..., JsValue]:
    def find(this: JsValue, callback: JsValue, this_arg: JsValue = UNDEFINED) -> JsValue:
        array, function = require_typed(this, name), require_function(callback)
        indices = range(array.length - 1, -1, -1) if is_last else range(array.length)
        for index in indices:
            item = _element(array, index)
            if to_boolean(function.call(this_arg, (item, index, array))):
                return index if gives_index else item
        return -1 if gives_index else UNDEFINED

    return find


def _reducer(name: str, *, is_right: bool) -> Callable[..., JsValue]:
    def reduce(this: JsValue, callback: JsValue, *initial: JsValue) -> JsValue:
        array, function = require_typed(this, name), require_function(callback)
        indices = iter(range(array.length - 1, -1, -1) if is_right else range(array.length))
        if initial:
            result = initial[0]
        else:
            first = next(indices, None)
            if first is None:
                throw_type_error("Reduce of empty array with no initial value")
            result = _element(array, first)
        for index in indices:
            result = function.call(UNDEFINED, (result, _element(array, index), index, array))
        return result

    return reduce


# ---- order


def _sorted_numbers(array: TypedArray) -> list[float]:
    """The stored numbers in order: negative zero before zero, NaN last."""
    length = array.length
    if array.element.size <= 2 and not array.element.is_float:
        return _counted(array)
    check_length(length)
    numbers = list(array.numbers(0, length)) if length else []
    if not array.element.is_float:
        numbers.sort()
        return numbers
    real = [number for number in numbers if number == number]
    real.sort()
    first = bisect_left(real, 0.0)
    last = bisect_right(real, 0.0)
    negative = sum(math.copysign(1.0, number) < 0 for number in real[first:last])
    real[first:last] = [-0.0] * negative + [0.0] * (last - first - negative)
    return real + [math.nan] * (length - len(real))


def _counted(array: TypedArray) -> list[float]:
    """The sorted numbers of an array whose elements can have few values."""
    counts: Counter[float] = Counter()
    length = array.length
    check_length(length)
    for start in range(0, length, CHUNK):
        counts.update(array.numbers(start, min(start + CHUNK, length)))
    result: list[float] = []
    for number in sorted(counts):
        result += [number] * counts[number]
    return result


def _sort_into(target: TypedArray, source: TypedArray, comparator: JsValue) -> None:
    """Store the sorted elements of an array into one of the same kind and length."""
    if not isinstance(comparator, JsFunction):
        target.store_numbers(_sorted_numbers(source))
        return
    values, function = source.values(), comparator

    def compare(left: JsValue, right: JsValue) -> int:
        order = to_numeric(function.call(UNDEFINED, (left, right)))
        return (order > 0) - (order < 0)

    values.sort(key=cmp_to_key(compare))
    target.store_all(values)


def _check_comparator(comparator: JsValue) -> None:
    if comparator is not UNDEFINED and not isinstance(comparator, JsFunction):
        shown = comparator.to_string() if isinstance(comparator, JsObject) else to_string(comparator)
        throw_type_error(f"The comparison function must be either a function or undefined: {shown}")


def sort(this: JsValue, comparator: JsValue) -> JsValue:
    """Sort in place, by value or by a comparator."""
    _check_comparator(comparator)
    array = require_typed(this, "sort")
    _sort_into(array, array, comparator)
    return array


def to_sorted(this: JsValue, comparator: JsValue) -> JsValue:
    """A sorted copy."""
    _check_comparator(comparator)
    array = require_typed(this, "toSorted")
    result = array.same_kind(array.length)
    _sort_into(result, array, comparator)
    return result


def _reversed_bytes(array: TypedArray) -> bytes:
    """The elements' bytes in reverse order of elements."""
    return array.bytes_view().cast(_WORDS[array.element.size])[::-1].tobytes()


def reverse(this: JsValue) -> JsValue:
    """Reverse in place."""
    array = require_typed(this, "reverse")
    array.bytes_view()[:] = _reversed_bytes(array)
    return array


def to_reversed(this: JsValue) -> JsValue:
    """A reversed copy."""
    array = require_typed(this, "toReversed")
    result = array.same_kind(array.length)
    result.bytes_view()[:] = _reversed_bytes(array)
    return result


# ---- text and iterators


def _joined(parts: Iterator[str], separator: str) -> str:
    shown: list[str] = []
    length = 0
    for part in parts:
        shown.append(part)
        length += len(part) + len(separator)
        if length > MAX_TEXT_LENGTH:
            throw("RangeError", "Invalid string length")
    return separator.join(shown)


def join(this: JsValue, separator: JsValue) -> JsValue:
    """The elements as one string."""
    array = require_typed(this, "join")
    between = "," if separator is UNDEFINED else to_string(separator)
    length = array.length
    return _joined(_texts(require_typed(this, "join").values(), length), between)


def _texts(values: list[JsValue], length: int) -> Iterator[str]:
    yield from map(to_string, values)
    yield from ("" for _ in range(length - len(values)))


def to_locale_string(this: JsValue, *args: JsValue) -> JsValue:
    """The elements as one string, each as its locale shows it."""
    array = require_typed(this, "toLocaleString")
    items = (item for _, item in _numbered(array))
    return _joined((_locale_text(item, args) for item in items), ",")


def _locale_text(item: JsValue, args: tuple[JsValue, ...]) -> str:
    if isinstance(get_property(item, "toLocaleString"), JsFunction):
        return to_string(call_method(item, "toLocaleString", args))
    return to_string(item)


def values_iterator(this: JsValue) -> JsValue:
    """An iterator over the elements."""
    from runtime_core.js.buffers import iterate_elements

    return JsIterator(iterate_elements(require_typed(this, "values")))


def entries(this: JsValue) -> JsValue:
    """An iterator over pairs of index and element."""
    from runtime_core.js.buffers import iterate_elements

    array = require_typed(this, "entries")
    return JsIterator(JsArray(pair) for pair in enumerate(iterate_elements(array)))


def keys(this: JsValue) -> JsValue:
    """An iterator over the indices."""
    from runtime_core.js.buffers import iterate_elements

    array = require_typed(this, "keys")
    return JsIterator(index for index, _ in enumerate(iterate_elements(array)))


TYPED_METHODS: Final[Mapping[PropertyKey, Callable[..., JsValue]]] = {
    "entries": entries,
    "keys": keys,
    "values": values_iterator,
    SYMBOL_ITERATOR: values_iterator,
    "at": at,
    "copyWithin": copy_within,
    "every": every,
    "fill": fill,
    "filter": filter_elements,
    "find": _finder("find", is_last=False, gives_index=False),
    "findIndex": _finder("findIndex", is_last=False, gives_index=True),
    "findLast": _finder("findLast", is_last=True, gives_index=False),
    "findLastIndex": _finder("findLastIndex", is_last=True, gives_index=True),
    "forEach": for_each,
    "includes": includes,
    "indexOf": index_of,
    "join": join,
    "lastIndexOf": last_index_of,
    "map": map_elements,
    "reverse": reverse,
    "reduce": _reducer("reduce", is_right=False),
    "reduceRight": _reducer("reduceRight", is_right=True),
    "set": set_elements,
    "slice": slice_elements,
    "some": some,
    "sort": sort,
    "subarray": subarray,
    "toReversed": to_reversed,
    "toSorted": to_sorted,
    "with": with_element,
    "toLocaleString": to_locale_string,
    "toString": lambda this: call_method(this, "join", ()) if has_method(this, "join") else to_string(this),
}
