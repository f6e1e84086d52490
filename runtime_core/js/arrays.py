"""Array and its methods."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import cmp_to_key
from typing import ClassVar, Final

from runtime_core.js.errors import throw, throw_type_error
from runtime_core.js.functions import JsFunction
from runtime_core.js.iteration import JsIterator
from runtime_core.js.operators import (
    same_value_zero_key,
    strict_equals,
    to_boolean,
    to_integer,
    to_number,
    to_string,
)
from runtime_core.js.values import ABSENT, SYMBOL_ITERATOR, UNDEFINED, JsObject, JsValue, PropertyKey, is_array_index

MAX_ARRAY_LENGTH: Final = 1 << 24  # entries; a bound on what one guest statement can make the host allocate

MAX_TEXT_LENGTH: Final = (1 << 29) - 24  # characters; V8's bound


def check_length(length: int) -> None:
    """Throw RangeError for an array that this host will not hold."""
    if length > MAX_ARRAY_LENGTH:
        throw("RangeError", f"Invalid array length: {length} is beyond this host's limit of {MAX_ARRAY_LENGTH}")


def join(array: JsArray, separator: str) -> str:
    """``Array.prototype.join``; a cycle gives the empty string."""
    return _join(array, separator, set())


def _join(array: JsArray, separator: str, active: set[int]) -> str:
    if id(array) in active:
        return ""
    active.add(id(array))
    parts = []
    length = 0
    for item in array.iterate():
        if item is None or item is UNDEFINED:
            part = ""
        elif isinstance(item, JsArray):
            part = _join(item, ",", active)
        else:
            part = to_string(item)
        parts.append(part)
        length += len(part) + len(separator)
        if length > MAX_TEXT_LENGTH:
            throw("RangeError", "Invalid string length")
    active.discard(id(array))
    return separator.join(parts)


def _array(this: JsValue) -> JsArray:
    if not isinstance(this, JsArray):
        throw_type_error("this is not an Array")
    return this


def require_function(value: JsValue) -> JsFunction:
    """The value as a function.

    Raises:
        JsThrow: TypeError for any other value.
    """
    if not isinstance(value, JsFunction):
        throw_type_error(f"{to_string(value) if not isinstance(value, JsObject) else 'object'} is not a function")
    return value


def _bound(value: JsValue, length: int, default: int) -> int:
    """A relative index argument as slice() reads it."""
    index = to_integer(value, default)
    return max(0, length + index) if index < 0 else min(index, length)


def _plain(item: JsValue) -> JsValue:
    return UNDEFINED if item is ABSENT else item


def array_push(this: JsValue, *values: JsValue) -> JsValue:
    """Append; returns the new length."""
    items = _array(this).items
    check_length(len(items) + len(values))
    items.extend(values)
    return len(items)


def array_pop(this: JsValue) -> JsValue:
    """Remove and return the last element."""
    items = _array(this).items
    return _plain(items.pop()) if items else UNDEFINED


def array_shift(this: JsValue) -> JsValue:
    """Remove and return the first element."""
    items = _array(this).items
    return _plain(items.pop(0)) if items else UNDEFINED


def array_unshift(this: JsValue, *values: JsValue) -> JsValue:
    """Insert at the front; returns the new length."""
    items = _array(this).items
    check_length(len(items) + len(values))
    items[:0] = values
    return len(items)


def array_slice(this: JsValue, start: JsValue, end: JsValue) -> JsValue:
    """A copy of a range."""
    items = _array(this).items
    return JsArray(items[_bound(start, len(items), 0) : _bound(end, len(items), len(items))])


def array_splice(this: JsValue, start: JsValue, count: JsValue, *values: JsValue) -> JsValue:
    """Replace a range; returns what was removed."""
    items = _array(this).items
    first = _bound(start, len(items), 0)
    number = min(max(to_integer(count, len(items) - first), 0), len(items) - first)
    check_length(len(items) - number + len(values))
    removed = items[first : first + number]
    items[first : first + number] = values
    return JsArray(removed)


def array_concat(this: JsValue, *values: JsValue) -> JsValue:
    """A new array with arrays among the arguments spread."""
    result = list(_array(this).items)
    for value in values:
        result.extend(value.items if isinstance(value, JsArray) else (value,))
    check_length(len(result))
    return JsArray(result)


def array_join(this: JsValue, separator: JsValue) -> JsValue:
    """The elements as one string."""
    return join(_array(this), "," if separator is UNDEFINED else to_string(separator))


def array_index_of(this: JsValue, value: JsValue, start: JsValue) -> JsValue:
    """The first index of a value, or -1."""
    items = _array(this).items
    for index in range(_bound(start, len(items), 0), len(items)):
        if strict_equals(items[index], value):
            return index
    return -1


def array_includes(this: JsValue, value: JsValue) -> JsValue:
    """Whether a value is in the array, by SameValueZero."""
    wanted = same_value_zero_key(value)
    return any(same_value_zero_key(_plain(item)) == wanted for item in _array(this).items)


def array_reverse(this: JsValue) -> JsValue:
    """Reverse in place."""
    _array(this).items.reverse()
    return this


def array_for_each(this: JsValue, callback: JsValue, this_arg: JsValue) -> JsValue:
    """Call for each element."""
    function = require_function(callback)
    for index, item in enumerate(list(_array(this).items)):
        if item is not ABSENT:
            function.call(this_arg, (item, index, this))
    return UNDEFINED


def array_map(this: JsValue, callback: JsValue, this_arg: JsValue) -> JsValue:
    """The results of calling for each element."""
    function = require_function(callback)
    items = list(_array(this).items)
    return JsArray(
        item if item is ABSENT else function.call(this_arg, (item, index, this)) for index, item in enumerate(items)
    )


def array_filter(this: JsValue, callback: JsValue, this_arg: JsValue) -> JsValue:
    """The elements for which the callback is true."""
    function = require_function(callback)
    items = list(_array(this).items)
    return JsArray(
        item
        for index, item in enumerate(items)
        if item is not ABSENT and to_boolean(function.call(this_arg, (item, index, this)))
    )


def array_find(this: JsValue, callback: JsValue, this_arg: JsValue) -> JsValue:
    """The first element for which the callback is true."""
    function = require_function(callback)
    for index, item in enumerate(list(_array(this).items)):
        if to_boolean(function.call(this_arg, (_plain(item), index, this))):
            return _plain(item)
    return UNDEFINED


def array_some(this: JsValue, callback: JsValue, this_arg: JsValue) -> JsValue:
    """Whether the callback is true for some element."""
    function = require_function(callback)
    items = list(_array(this).items)
    return any(to_boolean(function.call(this_arg, (item, i, this))) for i, item in enumerate(items))


def array_every(this: JsValue, callback: JsValue, this_arg: JsValue) -> JsValue:
    """Whether the callback is true for every element."""
    function = require_function(callback)
    items = list(_array(this).items)
    return all(to_boolean(function.call(this_arg, (item, i, this))) for i, item in enumerate(items))


def array_reduce(this: JsValue, callback: JsValue, *initial: JsValue) -> JsValue:
    """Fold from the left."""
    function = require_function(callback)
    items = list(enumerate(_array(this).items))
    if initial:
        result = initial[0]
    elif items:
        result = items.pop(0)[1]
    else:
        throw_type_error("Reduce of empty array with no initial value")
    for index, item in items:
        result = function.call(UNDEFINED, (result, item, index, this))
    return result


def array_fill(this: JsValue, value: JsValue, start: JsValue, end: JsValue) -> JsValue:
    """Set a range to one value."""
    items = _array(this).items
    for index in range(_bound(start, len(items), 0), _bound(end, len(items), len(items))):
        items[index] = value
    return this


def array_sort(this: JsValue, comparator: JsValue) -> JsValue:
    """Sort in place, by string order or by a comparator."""
    array = _array(this)
    present = [item for item in array.items if item is not ABSENT and item is not UNDEFINED]
    undefined = [item for item in array.items if item is UNDEFINED]
    if comparator is UNDEFINED:
        present.sort(key=lambda item: to_string(item).encode("utf-16-be", "surrogatepass"))
    else:
        function = require_function(comparator)
        present.sort(key=cmp_to_key(lambda a, b: _sign(function.call(UNDEFINED, (a, b)))))
    holes = len(array.items) - len(present) - len(undefined)
    array.items = present + undefined + [ABSENT] * holes
    return this


def _sign(value: JsValue) -> int:
    number = to_number(value)
    return (number > 0) - (number < 0)


def array_flat(this: JsValue, depth: JsValue) -> JsValue:
    """Nested arrays spread to a depth."""
    result: list[JsValue] = []
    _flatten(_array(this), to_integer(depth, 1), result)
    return JsArray(result)


def _flatten(array: JsArray, depth: int, result: list[JsValue]) -> None:
    for item in array.items:
        if isinstance(item, JsArray) and depth > 0:
            _flatten(item, depth - 1, result)
        elif item is not ABSENT:
            result.append(item)
    check_length(len(result))


def array_at(this: JsValue, index: JsValue) -> JsValue:
    """The element at an index; negative from the end."""
    items = _array(this).items
    position = to_integer(index)
    position = position + len(items) if position < 0 else position
    return _plain(_array(this).element(position))


class JsArray(JsObject):
    """An Array. ``items`` holds the elements; ABSENT stands for a hole."""

    __slots__ = ("items",)

    class_name: ClassVar[str] = "Array"
    type_tag: ClassVar[str] = "Array"

    def __init__(self, items: Iterable[JsValue] = ()) -> None:
        self.own = None
        self.prototype = None
        self.items = list(items)

    def get_own(self, key: PropertyKey) -> JsValue:
        """The own property, or ABSENT."""
        if key == "length":
            return len(self.items)
        if isinstance(key, str) and is_array_index(key):
            return self.element(int(key))
        return super().get_own(key)

    def element(self, index: int) -> JsValue:
        """The element at an index, or ABSENT."""
        return self.items[index] if 0 <= index < len(self.items) else ABSENT

    def set_element(self, index: int, value: JsValue) -> None:
        """``this[index] = value``, which may lengthen the array."""
        if index < 0:
            self.set(str(index), value)
            return
        missing = index + 1 - len(self.items)
        if missing > 0:
            check_length(index + 1)
            self.items.extend([ABSENT] * missing)
        self.items[index] = value

    def set(self, key: PropertyKey, value: JsValue) -> None:
        """``this[key] = value``."""
        if key == "length":
            self._set_length(value)
        elif isinstance(key, str) and is_array_index(key):
            self.set_element(int(key), value)
        else:
            super().set(key, value)

    def _set_length(self, value: JsValue) -> None:
        length = to_integer(value)
        if length < 0:
            throw("RangeError", "Invalid array length")
        check_length(length)
        del self.items[length:]
        self.items.extend([ABSENT] * (length - len(self.items)))

    def delete(self, key: PropertyKey) -> None:
        """``delete this[key]``."""
        if isinstance(key, str) and is_array_index(key):
            if int(key) < len(self.items):
                self.items[int(key)] = ABSENT
            return
        super().delete(key)

    def own_keys(self) -> list[str]:
        """The names of own enumerable properties."""
        return [str(i) for i, item in enumerate(self.items) if item is not ABSENT] + super().own_keys()

    def own_names(self) -> list[str]:
        """All own names."""
        return [*self.own_keys(), "length"]

    def iterate(self) -> Iterator[JsValue]:
        """A host iterator over the elements."""
        index = 0
        while index < len(self.items):
            item = self.items[index]
            yield UNDEFINED if item is ABSENT else item
            index += 1

    def to_string(self) -> str:
        """``String(this)``."""
        return join(self, ",")

    def describe(self) -> str:
        """A short form for messages, as V8 prints it."""
        return "[object Array]"

    def __repr__(self) -> str:
        return f"<Array of {len(self.items)}>"

    METHODS: ClassVar[Mapping[PropertyKey, Callable[..., JsValue]]] = {
        "at": array_at,
        "concat": array_concat,
        "entries": lambda this: JsIterator(JsArray(pair) for pair in enumerate(_array(this).iterate())),
        "every": array_every,
        "fill": array_fill,
        "filter": array_filter,
        "find": array_find,
        "flat": array_flat,
        "forEach": array_for_each,
        "includes": array_includes,
        "indexOf": array_index_of,
        "join": array_join,
        "keys": lambda this: JsIterator(iter(range(len(_array(this).items)))),
        "map": array_map,
        "pop": array_pop,
        "push": array_push,
        "reduce": array_reduce,
        "reverse": array_reverse,
        "shift": array_shift,
        "slice": array_slice,
        "some": array_some,
        "sort": array_sort,
        "splice": array_splice,
        "toString": lambda this: _array(this).to_string(),
        "unshift": array_unshift,
        "values": lambda this: JsIterator(_array(this).iterate()),
        SYMBOL_ITERATOR: lambda this: JsIterator(_array(this).iterate()),
    }
