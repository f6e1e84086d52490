"""The methods of Array that change it."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cmp_to_key
from typing import Final

from runtime_core.js.array_elements import Elements, Method, changing, new_array, plain, shown
from runtime_core.js.array_text import check_length
from runtime_core.js.coerce import clamp_index, to_integer_or_infinity, to_numeric, to_text
from runtime_core.js.errors import throw_type_error
from runtime_core.js.functions import JsFunction, with_length
from runtime_core.js.values import ABSENT, UNDEFINED, JsValue, PropertyKey


def _push(this: JsValue, *values: JsValue) -> JsValue:
    with changing(this, "push") as items:
        check_length(len(items) + len(values))
        items.extend(values)
        return len(items)


def _pop(this: JsValue) -> JsValue:
    with changing(this, "pop") as items:
        return plain(items.pop()) if items else UNDEFINED


def _shift(this: JsValue) -> JsValue:
    with changing(this, "shift") as items:
        return plain(items.pop(0)) if items else UNDEFINED


def _unshift(this: JsValue, *values: JsValue) -> JsValue:
    with changing(this, "unshift") as items:
        check_length(len(items) + len(values))
        items[:0] = values
        return len(items)


def _splice(this: JsValue, *args: JsValue) -> JsValue:
    with changing(this, "splice") as items:
        first, count = spliced(len(items), args)
        check_length(len(items) - count + len(args[2:]))
        removed = items[first : first + count]
        items[first : first + count] = args[2:]
    return new_array(removed)


def spliced(length: int, args: tuple[JsValue, ...]) -> tuple[int, int]:
    """Where to splice and how many elements go."""
    first = clamp_index(args[0], length, 0) if args else 0
    if len(args) < 2:
        return first, length - first if args else 0
    return first, int(min(max(to_integer_or_infinity(args[1]), 0), length - first))


def _reverse(this: JsValue) -> JsValue:
    with changing(this, "reverse") as items:
        items.reverse()
    return this


def _fill(this: JsValue, value: JsValue, start: JsValue = UNDEFINED, end: JsValue = UNDEFINED) -> JsValue:
    chosen = Elements(this, "fill").range(start, end)
    with changing(this, "fill") as items:
        for index in chosen:
            items[index] = value
    return this


def _copy_within(this: JsValue, target: JsValue, start: JsValue, end: JsValue = UNDEFINED) -> JsValue:
    elements = Elements(this, "copyWithin")
    chosen = elements.range(start, end)
    with changing(this, "copyWithin") as items:
        to = clamp_index(target, len(items), 0)
        moved = items[chosen.start : chosen.stop][: len(items) - to]
        items[to : to + len(moved)] = moved
    return this


def comparator_of(value: JsValue) -> JsFunction | None:
    """The comparator of ``sort``, None for undefined."""
    if value is UNDEFINED:
        return None
    if not isinstance(value, JsFunction):
        throw_type_error(f"The comparison function must be either a function or undefined: {shown(value)}")
    return value


def sorted_items(items: list[JsValue], comparator: JsFunction | None) -> list[JsValue]:
    """Elements in order, undefined last, without holes."""
    present = [item for item in items if item is not ABSENT and item is not UNDEFINED]
    undefined = [item for item in items if item is UNDEFINED]
    if comparator is None:
        present.sort(key=lambda item: to_text(item).encode("utf-16-be", "surrogatepass"))
    else:
        present.sort(key=cmp_to_key(lambda a, b: _sign(comparator.call(UNDEFINED, (a, b)))))
    return present + undefined


def _sign(value: JsValue) -> int:
    number = to_numeric(value)
    return (number > 0) - (number < 0)


def _sort(this: JsValue, comparator: JsValue) -> JsValue:
    function = comparator_of(comparator)
    ordered = sorted_items(Elements(this, "sort").copy(), function)
    with changing(this, "sort") as items:
        items[:] = ordered + [ABSENT] * (len(items) - len(ordered))
    return this


CHANGING_METHODS: Final[Mapping[PropertyKey, Method]] = {
    "copyWithin": _copy_within,
    "fill": _fill,
    "pop": _pop,
    "push": with_length(1, _push),
    "reverse": _reverse,
    "shift": _shift,
    "unshift": with_length(1, _unshift),
    "sort": _sort,
    "splice": with_length(2, _splice),
}
