"""``Array``: the constructor and its static functions."""

from __future__ import annotations

from collections.abc import Iterator

from runtime_core.engine.checkpoint import checked
from runtime_core.js.array_elements import callback_of, is_array
from runtime_core.js.arrays import JsArray, check_length
from runtime_core.js.coerce import to_length
from runtime_core.js.errors import throw, throw_type_error
from runtime_core.js.functions import BuiltinFunction, with_length
from runtime_core.js.iteration import iterate
from runtime_core.js.operators import to_string
from runtime_core.js.primitives import wrap
from runtime_core.js.values import (
    SYMBOL_ITERATOR,
    SYMBOL_SPECIES,
    UNDEFINED,
    Accessor,
    JsObject,
    JsValue,
)


def new_array(*values: JsValue) -> JsValue:
    """``Array(...)``, with or without ``new``."""
    if len(values) == 1 and type(values[0]) in (int, float):
        length = values[0]
        if length != length or not 0 <= length < 2**32 or length != int(length):  # type: ignore[operator,call-overload]
            throw("RangeError", "Invalid array length")
        check_length(int(length))  # type: ignore[call-overload]  # a number
        result = JsArray()
        result.set("length", length)
        return result
    return JsArray(values)


def values_of(source: JsValue) -> Iterator[JsValue]:
    """The values of an iterable or of something with a length."""
    if source is None or source is UNDEFINED:
        throw_type_error(
            f"{to_string(source)} is not iterable (cannot read property Symbol(Symbol.iterator))"
            if source is UNDEFINED
            else "object null is not iterable (cannot read property Symbol(Symbol.iterator))"
        )
    target = source if isinstance(source, JsObject) else wrap(source)
    method = target.get(SYMBOL_ITERATOR)
    if method is not UNDEFINED and method is not None:
        return iterate(source)
    length = to_length(target.get("length"))
    check_length(length)
    return (target.get(str(index)) for index in checked(range(length)))


def _from(source: JsValue, mapper: JsValue = UNDEFINED, this_arg: JsValue = UNDEFINED) -> JsValue:
    function = None if mapper is UNDEFINED else callback_of(mapper)
    items: list[JsValue] = []
    for index, item in enumerate(values_of(source)):
        items.append(item if function is None else function.call(this_arg, (item, index)))
        if not index & 0xFFFF:
            check_length(len(items))
    return JsArray(items)


def _from_async(source: JsValue, mapper: JsValue = UNDEFINED, this_arg: JsValue = UNDEFINED) -> JsValue:
    from runtime_core.js.array_from_async import from_async

    return from_async(source, mapper, this_arg)


def make_array() -> BuiltinFunction:
    """``Array``."""
    return BuiltinFunction(
        with_length(1, new_array),
        "Array",
        constructor=new_array,
        instances=JsArray,
        constants={SYMBOL_SPECIES: Accessor(lambda this: this, name="[Symbol.species]")},
        statics={
            "isArray": is_array,
            "from": with_length(1, _from),
            "fromAsync": with_length(1, _from_async),
            "of": lambda *values: JsArray(values),
        },
    )
