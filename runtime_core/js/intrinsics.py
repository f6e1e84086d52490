"""Constructors and functions of the language that have no state: immutable, made on demand, shared by all isolates."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import Final

from runtime_core.js.arrays import JsArray, check_length
from runtime_core.js.buffer_constructors import BUFFER_CONSTRUCTORS
from runtime_core.js.clone import structured_clone
from runtime_core.js.crypto import CRYPTO_CONSTRUCTORS
from runtime_core.js.error_constructors import ERROR_CONSTRUCTORS
from runtime_core.js.errors import throw_error, throw_type_error
from runtime_core.js.functions import BuiltinFunction, JsFunction
from runtime_core.js.iteration import iterate
from runtime_core.js.maps import JsMap, JsSet
from runtime_core.js.operators import (
    get_property,
    same_value_zero_key,
    to_boolean,
    to_integer,
    to_number,
    to_property_key,
    to_string,
)
from runtime_core.js.performance import PERFORMANCE_CONSTRUCTORS
from runtime_core.js.text import TEXT_BUILTINS
from runtime_core.js.values import MAX_SAFE_INTEGER, UNDEFINED, BigInt, JsObject, JsValue


def constructor(name: str) -> JsValue:
    """The constructor function of a class of objects, by name."""
    return _constructor(name) if name in CONSTRUCTORS else _opaque(name)


@lru_cache(maxsize=128)
def _constructor(name: str) -> BuiltinFunction:
    return CONSTRUCTORS[name]()


@lru_cache(maxsize=128)
def _opaque(name: str) -> BuiltinFunction:
    """The constructor of a class that scripts cannot construct, only name."""

    def call() -> JsValue:
        throw_type_error(f"{name} is not a constructor")

    return BuiltinFunction(call, name)


def object_from_entries() -> JsValue:
    """``Object.fromEntries``."""
    return _constructor("Object").get("fromEntries")


# ---- Object


def _object(value: JsValue) -> JsValue:
    return value if isinstance(value, JsObject) else JsObject()


def _from_entries(entries: JsValue) -> JsValue:
    result = JsObject()
    for entry in iterate(entries):
        result.set(to_property_key(get_property(entry, "0")), get_property(entry, "1"))
    return result


def _keys(value: JsValue) -> list[str]:
    if value is None or value is UNDEFINED:
        throw_type_error("Cannot convert undefined or null to object")
    return value.own_keys() if isinstance(value, JsObject) else []


def _assign(target: JsValue, *sources: JsValue) -> JsValue:
    if not isinstance(target, JsObject):
        throw_type_error("Cannot convert undefined or null to object")
    for source in sources:
        if isinstance(source, JsObject):
            for key in source.own_keys():
                target.set(key, source.get(key))
    return target


def _names(value: JsValue) -> JsValue:
    return JsArray(value.own_names() if isinstance(value, JsObject) else [])


def _is(left: JsValue, right: JsValue) -> JsValue:
    return same_value_zero_key(left) == same_value_zero_key(right)


def make_object() -> BuiltinFunction:
    """``Object``."""
    return BuiltinFunction(
        _object,
        "Object",
        constructor=_object,
        instances=JsObject,
        statics={
            "assign": _assign,
            "entries": lambda value: JsArray(JsArray((key, get_property(value, key))) for key in _keys(value)),
            "freeze": lambda value: value,
            "fromEntries": _from_entries,
            "getOwnPropertyNames": _names,
            "hasOwn": lambda value, key: to_property_key(key) in _keys(value),
            "is": _is,
            "keys": lambda value: JsArray(_keys(value)),
            "values": lambda value: JsArray(get_property(value, key) for key in _keys(value)),
        },
    )


# ---- Array, Map, Set


def _array(*values: JsValue) -> JsValue:
    if len(values) == 1 and isinstance(values[0], int | float) and not isinstance(values[0], bool):
        length = to_integer(values[0])
        check_length(length)
        result = JsArray()
        result.set("length", length)
        return result
    return JsArray(values)


def _array_from(source: JsValue, mapper: JsValue) -> JsValue:
    if isinstance(source, JsObject) and source.iterate() is None and source.has("length"):
        length = to_integer(source.get("length"))
        check_length(length)
        items: list[JsValue] = [source.get(str(index)) for index in range(length)]
    else:
        items = list(iterate(source))
    if isinstance(mapper, JsFunction):
        items = [mapper.call(UNDEFINED, (item, index)) for index, item in enumerate(items)]
    return JsArray(items)


def make_array() -> BuiltinFunction:
    """``Array``."""
    statics: dict[str, Callable[..., JsValue]] = {
        "from": _array_from,
        "isArray": lambda value: isinstance(value, JsArray),
        "of": lambda *values: JsArray(values),
    }
    return BuiltinFunction(_array, "Array", constructor=_array, instances=JsArray, statics=statics)


def _needs_new(name: str) -> Callable[..., JsValue]:
    def call() -> JsValue:
        throw_type_error(f"Constructor {name} requires 'new'")

    return call


def _new_map(entries: JsValue) -> JsValue:
    if entries is None or entries is UNDEFINED:
        return JsMap()
    return JsMap((get_property(entry, "0"), get_property(entry, "1")) for entry in iterate(entries))


def _new_set(values: JsValue) -> JsValue:
    return JsSet(() if values is None or values is UNDEFINED else iterate(values))


# ---- primitives


def _no_function(*_source: JsValue) -> JsValue:
    throw_error("Function: this runtime has no JavaScript engine that could evaluate source")


def _is_integer(value: JsValue) -> bool:
    if isinstance(value, bool | BigInt) or not isinstance(value, int | float):
        return False
    return value == value and abs(value) != float("inf") and value == int(value)


def make_number() -> BuiltinFunction:
    """``Number``."""
    return BuiltinFunction(
        lambda *values: to_number(values[0]) if values else 0,
        "Number",
        statics={
            "isFinite": lambda value: _is_integer(value) or (isinstance(value, float) and abs(value) < float("inf")),
            "isInteger": _is_integer,
            "isNaN": lambda value: isinstance(value, float) and value != value,
            "isSafeInteger": lambda value: _is_integer(value) and abs(to_number(value)) <= MAX_SAFE_INTEGER,
        },
    )


def _bigint(value: JsValue) -> JsValue:
    if isinstance(value, int):
        return BigInt(value)
    try:
        return BigInt(to_string(value).strip() or "0", 0)
    except ValueError:
        throw_type_error(f"Cannot convert {to_string(value)} to a BigInt")


CONSTRUCTORS: Final[dict[str, Callable[[], BuiltinFunction]]] = {
    "Array": make_array,
    "BigInt": lambda: BuiltinFunction(_bigint, "BigInt"),
    "Boolean": lambda: BuiltinFunction(to_boolean, "Boolean"),
    "Function": lambda: BuiltinFunction(_no_function, "Function", constructor=_no_function, instances=JsFunction),
    "Map": lambda: BuiltinFunction(_needs_new("Map"), "Map", constructor=_new_map, instances=JsMap),
    "Number": make_number,
    "Object": make_object,
    "Set": lambda: BuiltinFunction(_needs_new("Set"), "Set", constructor=_new_set, instances=JsSet),
    "String": lambda: BuiltinFunction(lambda *values: to_string(values[0]) if values else "", "String"),
    **ERROR_CONSTRUCTORS,
    **BUFFER_CONSTRUCTORS,
    **TEXT_BUILTINS,
    **CRYPTO_CONSTRUCTORS,
    **PERFORMANCE_CONSTRUCTORS,
    "structuredClone": lambda: BuiltinFunction(structured_clone, "structuredClone"),
}
"""Constructors by name, each made when it is first used."""
