"""The methods of ``Array.prototype``. Like the language's they take any object with a length and elements as ``this``.

Callbacks may change the array while it is visited: the length is read once, elements when their turn comes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Final

from runtime_core.engine.checkpoint import checked, checkpoint
from runtime_core.js.array_changes import CHANGING_METHODS, comparator_of, sorted_items, spliced
from runtime_core.js.array_elements import Elements, Method, callback_of, is_array, new_array, plain
from runtime_core.js.array_text import check_length, join_items
from runtime_core.js.coerce import to_integer_or_infinity, to_length, to_text
from runtime_core.js.errors import throw, throw_type_error
from runtime_core.js.functions import JsFunction, with_length
from runtime_core.js.iteration import JsIterator
from runtime_core.js.operators import (
    get_property,
    same_value_zero_key,
    strict_equals,
    to_boolean,
    to_string,
)
from runtime_core.js.values import (
    ABSENT,
    SYMBOL_IS_CONCAT_SPREADABLE,
    SYMBOL_ITERATOR,
    UNDEFINED,
    JsObject,
    JsValue,
    PropertyKey,
)

# ---- making others


def _slice(this: JsValue, start: JsValue, end: JsValue) -> JsValue:
    elements = Elements(this, "slice")
    return new_array([elements.at(index) for index in elements.range(start, end)])


def _is_spreadable(value: JsValue) -> bool:
    if not isinstance(value, JsObject):
        return False
    chosen = value.get(SYMBOL_IS_CONCAT_SPREADABLE)
    return is_array(value) if chosen is UNDEFINED else to_boolean(chosen)


def _concat(this: JsValue, *values: JsValue) -> JsValue:
    if this is None or this is UNDEFINED:
        throw_type_error("Array.prototype.concat called on null or undefined")
    result: list[JsValue] = []
    for value in (this, *values):
        result += Elements(value, "concat").copy() if _is_spreadable(value) else [value]
        check_length(len(result))
    return new_array(result)


def _map(this: JsValue, callback: JsValue, this_arg: JsValue = UNDEFINED) -> JsValue:
    elements = Elements(this, "map")
    function = callback_of(callback)
    result: list[JsValue] = [ABSENT] * elements.length
    for index, item in elements.present():
        result[index] = function.call(this_arg, (item, index, elements.object))
    return new_array(result)


def _filter(this: JsValue, callback: JsValue, this_arg: JsValue = UNDEFINED) -> JsValue:
    elements = Elements(this, "filter")
    function = callback_of(callback)
    chosen = (
        item
        for index, item in elements.present()
        if to_boolean(function.call(this_arg, (item, index, elements.object)))
    )
    return new_array(list(chosen))


def _flatten(items: Iterator[JsValue], depth: float, result: list[JsValue]) -> None:
    stack = [(items, depth)]
    while stack:
        source, left = stack[-1]
        for item in checked(source):
            if left >= 1 and is_array(item):
                nested = Elements(item, "flat")
                stack.append(((one for _, one in nested.present()), left - 1))
                check_length(len(stack) * 64)
                break
            result.append(item)
            if not len(result) & 0xFFFF:
                check_length(len(result))
        else:
            stack.pop()


def _flat(this: JsValue, depth: JsValue = UNDEFINED) -> JsValue:
    elements = Elements(this, "flat")
    result: list[JsValue] = []
    _flatten((item for _, item in elements.present()), to_integer_or_infinity(depth, 1), result)
    return new_array(result)


def _flat_map(this: JsValue, callback: JsValue, this_arg: JsValue = UNDEFINED) -> JsValue:
    elements = Elements(this, "flatMap")
    if not isinstance(callback, JsFunction):
        throw_type_error("flatMap mapper function is not callable")
    function = callback
    mapped = (function.call(this_arg, (item, index, elements.object)) for index, item in elements.present())
    result: list[JsValue] = []
    _flatten(mapped, 1, result)
    return new_array(result)


def _with(this: JsValue, index: JsValue, value: JsValue) -> JsValue:
    items = [plain(item) for item in Elements(this, "with").copy()]
    position = to_integer_or_infinity(index)
    position = position + len(items) if position < 0 else position
    if not 0 <= position < len(items):
        throw("RangeError", f"Invalid index : {to_string(to_integer_or_infinity(index))}")
    items[int(position)] = value
    return new_array(items)


def _to_sorted(this: JsValue, comparator: JsValue) -> JsValue:
    function = comparator_of(comparator)
    return new_array(sorted_items([plain(item) for item in Elements(this, "toSorted").copy()], function))


def _to_spliced(this: JsValue, *args: JsValue) -> JsValue:
    items = [plain(item) for item in Elements(this, "toSpliced").copy()]
    first, count = spliced(len(items), args)
    items[first : first + count] = args[2:]
    return new_array(items)


# ---- asking


def _index_of(this: JsValue, value: JsValue, start: JsValue = UNDEFINED) -> JsValue:
    elements = Elements(this, "indexOf")
    for index in checked(elements.range(start, UNDEFINED)):
        if strict_equals(elements.at(index), value):
            return index
    return -1


def _last_index_of(this: JsValue, value: JsValue, *start: JsValue) -> JsValue:
    elements = Elements(this, "lastIndexOf")
    last = elements.length - 1
    if start:
        wanted = to_integer_or_infinity(start[0])
        last = int(min(wanted, last) if wanted >= 0 else max(elements.length + wanted, -1))
    for index in checked(range(last, -1, -1)):
        if strict_equals(elements.at(index), value):
            return index
    return -1


def _includes(this: JsValue, value: JsValue, start: JsValue = UNDEFINED) -> JsValue:
    elements = Elements(this, "includes")
    wanted = same_value_zero_key(value)
    return any(
        same_value_zero_key(plain(elements.at(index))) == wanted for index in checked(elements.range(start, UNDEFINED))
    )


def _at(this: JsValue, index: JsValue) -> JsValue:
    elements = Elements(this, "at")
    position = to_integer_or_infinity(index)
    position = position + elements.length if position < 0 else position
    return plain(elements.at(int(position))) if 0 <= position < elements.length else UNDEFINED


def _finder(name: str, *, backwards: bool, wants_index: bool) -> Method:
    def find(this: JsValue, callback: JsValue, this_arg: JsValue = UNDEFINED) -> JsValue:
        elements = Elements(this, name)
        function = callback_of(callback)
        indices = range(elements.length)
        for index in reversed(indices) if backwards else indices:
            item = plain(elements.at(index))
            if to_boolean(function.call(this_arg, (item, index, elements.object))):
                return index if wants_index else item
        return -1 if wants_index else UNDEFINED

    return find


def _for_each(this: JsValue, callback: JsValue, this_arg: JsValue = UNDEFINED) -> JsValue:
    elements = Elements(this, "forEach")
    function = callback_of(callback)
    for index, item in elements.present():
        function.call(this_arg, (item, index, elements.object))
    return UNDEFINED


def _some(this: JsValue, callback: JsValue, this_arg: JsValue = UNDEFINED) -> JsValue:
    elements = Elements(this, "some")
    function = callback_of(callback)
    return any(to_boolean(function.call(this_arg, (item, i, elements.object))) for i, item in elements.present())


def _every(this: JsValue, callback: JsValue, this_arg: JsValue = UNDEFINED) -> JsValue:
    elements = Elements(this, "every")
    function = callback_of(callback)
    return all(to_boolean(function.call(this_arg, (item, i, elements.object))) for i, item in elements.present())


def _folder(name: str, *, backwards: bool) -> Method:
    def fold(this: JsValue, callback: JsValue, *initial: JsValue) -> JsValue:
        elements = Elements(this, name)
        function = callback_of(callback)
        result: JsValue = initial[0] if initial else ABSENT
        indices = range(elements.length)
        for index in reversed(indices) if backwards else indices:
            item = elements.at(index)
            if item is ABSENT:
                continue
            result = item if result is ABSENT else function.call(UNDEFINED, (result, item, index, elements.object))
        if result is ABSENT:
            throw_type_error("Reduce of empty array with no initial value")
        return result

    return with_length(1, fold)


# ---- text and iterators


def _join(this: JsValue, separator: JsValue) -> JsValue:
    elements = Elements(this, "join")
    return join_items(elements.object, elements.length, "," if separator is UNDEFINED else to_text(separator))


def _to_string(this: JsValue) -> JsValue:
    from runtime_core.js.operators import type_tag
    from runtime_core.js.primitives import wrap

    target = wrap(this)
    method = target.get("join")
    return method.call(target, ()) if isinstance(method, JsFunction) else type_tag(target)


def _to_locale_string(this: JsValue, *options: JsValue) -> JsValue:
    parts = []
    elements = Elements(this, "toLocaleString")
    for index in checked(range(elements.length)):
        item = plain(elements.at(index))
        if item is None or item is UNDEFINED:
            parts.append("")
            continue
        method = get_property(item, "toLocaleString")
        parts.append(to_text(callback_of(method).call(item, options)))
    return ",".join(parts)


def _live(this: JsValue, name: str, entry: Callable[[int, JsValue], JsValue]) -> JsValue:
    elements = Elements(this, name)

    def values() -> Iterator[JsValue]:
        index = 0
        while index < (to_length(elements.object.get("length")) if index >= elements.length else elements.length):
            elements.length = to_length(elements.object.get("length"))
            if index >= elements.length:
                return
            checkpoint()
            yield entry(index, plain(elements.at(index)))
            index += 1

    return JsIterator(values())


def _entries(this: JsValue) -> JsValue:
    return _live(this, "entries", lambda index, item: new_array([index, item]))


def _keys(this: JsValue) -> JsValue:
    return _live(this, "keys", lambda index, item: index)


def _values(this: JsValue) -> JsValue:
    from runtime_core.js.arrays import JsArray

    return JsIterator(this.iterate()) if isinstance(this, JsArray) else _live(this, "values", lambda index, item: item)


ARRAY_METHODS: Final[Mapping[PropertyKey, Method]] = {
    "at": _at,
    **CHANGING_METHODS,
    "concat": with_length(1, _concat),
    "find": _finder("find", backwards=False, wants_index=False),
    "findIndex": _finder("findIndex", backwards=False, wants_index=True),
    "findLast": _finder("findLast", backwards=True, wants_index=False),
    "findLastIndex": _finder("findLastIndex", backwards=True, wants_index=True),
    "lastIndexOf": with_length(1, _last_index_of),
    "slice": _slice,
    "includes": _includes,
    "indexOf": _index_of,
    "join": with_length(1, _join),
    "keys": _keys,
    "entries": _entries,
    "values": _values,
    "forEach": _for_each,
    "filter": _filter,
    "flat": _flat,
    "flatMap": _flat_map,
    "map": _map,
    "every": _every,
    "some": _some,
    "reduce": _folder("reduce", backwards=False),
    "reduceRight": _folder("reduceRight", backwards=True),
    "toReversed": lambda this: new_array([plain(item) for item in reversed(Elements(this, "toReversed").copy())]),
    "toSorted": _to_sorted,
    "toSpliced": with_length(2, _to_spliced),
    "with": _with,
    "toLocaleString": _to_locale_string,
    "toString": _to_string,
    SYMBOL_ITERATOR: _values,
}
