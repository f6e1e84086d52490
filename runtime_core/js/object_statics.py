"""``Object``: the constructor and its static functions."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Final

from runtime_core.js.arrays import JsArray, check_length
from runtime_core.js.buffers import TypedArray
from runtime_core.js.coerce import call_site, to_text
from runtime_core.js.descriptors import (
    define_from_descriptor,
    from_descriptor,
    own_attributes,
    own_descriptor,
    set_prototype,
)
from runtime_core.js.errors import throw_type_error
from runtime_core.js.functions import BuiltinFunction, JsFunction, with_length
from runtime_core.js.iteration import bounded, gathered, iterate
from runtime_core.js.operators import (
    get_property,
    same_value_zero_key,
    to_property_key,
)
from runtime_core.js.primitives import wrap
from runtime_core.js.properties import Attribute, is_extensible, prevent_extensions
from runtime_core.js.proxy import JsProxyObject
from runtime_core.js.values import ABSENT, UNDEFINED, JsObject, JsSymbol, JsValue, PropertyKey


def new_object(value: JsValue) -> JsValue:
    """``Object(value)``."""
    return JsObject() if value is None or value is UNDEFINED else wrap(value)


def entry_of(entry: JsValue) -> tuple[JsValue, JsValue]:
    """An entry object taken apart, as the constructors of maps read it.

    Raises:
        JsThrow: TypeError for anything that is no object.
    """
    if not isinstance(entry, JsObject):
        shown = repr(entry) if isinstance(entry, JsSymbol) else to_text(entry)
        throw_type_error(f"Iterator value {shown} is not an entry object")
    return entry.get("0"), entry.get("1")


def _from_entries(entries: JsValue) -> JsValue:
    if entries is None or entries is UNDEFINED:
        throw_type_error(f"{to_text(entries)} is not iterable")
    result = JsObject({})
    for entry in bounded(entries):
        key, value = entry_of(entry)
        result.define(to_property_key(key), value)
    return result


def _assign(target: JsValue, *sources: JsValue) -> JsValue:
    to = wrap(target)
    for source in sources:
        if source is None or source is UNDEFINED:
            continue
        given = wrap(source)
        for key in given.own_property_keys():
            if own_attributes(given, key) & Attribute.ENUMERABLE:
                to.set(key, given.get(key))
    return to


def _create(prototype: JsValue, properties: JsValue = UNDEFINED) -> JsValue:
    if prototype is not None and not isinstance(prototype, JsObject):
        throw_type_error(f"Object prototype may only be an Object or null: {_shown(prototype)}")
    result = JsObject()
    result.set_prototype(prototype)
    return result if properties is UNDEFINED else _define_properties(result, properties)


def _shown(value: JsValue) -> str:
    if isinstance(value, JsObject):
        return value.describe()
    return repr(value) if isinstance(value, JsSymbol) else to_text(value)


def _define_property(target: JsValue, key: JsValue, descriptor: JsValue) -> JsValue:
    if not isinstance(target, JsObject):
        throw_type_error("Object.defineProperty called on non-object")
    define_from_descriptor(target, to_property_key(key), descriptor)
    return target


def _define_properties(target: JsValue, properties: JsValue) -> JsValue:
    if not isinstance(target, JsObject):
        throw_type_error("Object.defineProperties called on non-object")
    given = wrap(properties)
    for key in given.own_property_keys():
        if own_attributes(given, key) & Attribute.ENUMERABLE:
            define_from_descriptor(target, key, given.get(key))
    return target


def _descriptor(value: JsValue, key: JsValue) -> JsValue:
    found = own_descriptor(wrap(value), to_property_key(key))
    return UNDEFINED if found is None else from_descriptor(found)


def _descriptors(value: JsValue) -> JsValue:
    target = wrap(value)
    result = JsObject()
    for key in target.own_property_keys():
        found = own_descriptor(target, key)
        if found is not None:
            result.define(key, from_descriptor(found))
    return result


def group(values: JsValue, callback: JsValue) -> list[tuple[JsValue, JsArray]]:
    """Keys and groups as ``groupBy`` makes them, in the order of first appearance.

    Raises:
        JsThrow: TypeError for something that is not iterable or no function, and what the callback throws.
    """
    if values is None or values is UNDEFINED:
        throw_type_error(f"{to_text(values)} is not iterable")
    if not isinstance(callback, JsFunction):
        throw_type_error(f"{call_site(callback)} is not a function")
    pairs = []
    for index, value in enumerate(iterate(values)):
        check_length(index)
        pairs.append((callback.call(UNDEFINED, (value, index)), value))
    groups: dict[object, tuple[JsValue, JsArray]] = {}
    for key, value in pairs:
        groups.setdefault(same_value_zero_key(key), (key, JsArray()))[1].items.append(value)
    return list(groups.values())


def _group_by(values: JsValue, callback: JsValue) -> JsValue:
    result = JsObject()
    result.set_prototype(None)
    for key, members in group(values, callback):
        name = to_property_key(key)
        present = result.get_own(name)
        if isinstance(present, JsArray):  # several values may have one name
            present.items.extend(members.items)
        else:
            result.define(name, members)
    return result


def _limit(name: str, level: str) -> Callable[[JsValue], JsValue]:
    def apply(value: JsValue) -> JsValue:
        if isinstance(value, JsProxyObject):
            value.limit(level)
        elif isinstance(value, JsObject):
            if level == "frozen" and isinstance(value, TypedArray) and value.get("length"):
                throw_type_error("Cannot freeze array buffer views with elements")
            prevent_extensions(value, level)
        return value

    return apply


def extensible(value: JsValue) -> bool:
    """``Object.isExtensible``."""
    if isinstance(value, JsProxyObject):
        return value.is_extensible()
    return isinstance(value, JsObject) and is_extensible(value)


def _has_none(value: JsValue, unwanted: Attribute) -> bool:
    """Whether an object cannot grow and none of its properties has an attribute (accessors are never writable)."""
    if not isinstance(value, JsObject):
        return True
    if extensible(value):
        return False
    for key in value.own_property_keys():
        found = own_descriptor(value, key)
        if found is not None and found.attributes & unwanted:
            return False
    return True


def _is_number(value: JsValue) -> bool:
    return type(value) is int or type(value) is float


def _is(left: JsValue, right: JsValue) -> JsValue:
    if _is_number(left) and _is_number(right) and left == 0 == right:
        return math.copysign(1, left) == math.copysign(1, right)
    return same_value_zero_key(left) == same_value_zero_key(right)


def _has_own(value: JsValue, key: JsValue) -> JsValue:
    return wrap(value).get_own(to_property_key(key)) is not ABSENT


def _symbols(value: JsValue) -> JsValue:
    return JsArray(key for key in wrap(value).own_property_keys() if isinstance(key, JsSymbol))


def _get_prototype(value: JsValue) -> JsValue:
    return wrap(value).get_prototype()


def _set_prototype(value: JsValue, prototype: JsValue) -> JsValue:
    if value is None or value is UNDEFINED:
        throw_type_error("Object.setPrototypeOf called on null or undefined")
    if prototype is not None and not isinstance(prototype, JsObject):
        throw_type_error(f"Object prototype may only be an Object or null: {_shown(prototype)}")
    if isinstance(value, JsObject):
        set_prototype(value, prototype)
    return value


def _keys(value: JsValue) -> list[PropertyKey]:
    return list(wrap(value).own_keys())


STATICS: Final[Mapping[str, Callable[..., JsValue]]] = {
    "assign": with_length(2, _assign),
    "getOwnPropertyDescriptor": _descriptor,
    "getOwnPropertyDescriptors": _descriptors,
    "getOwnPropertyNames": lambda value: JsArray(wrap(value).own_names()),
    "getOwnPropertySymbols": _symbols,
    "hasOwn": _has_own,
    "is": _is,
    "preventExtensions": _limit("preventExtensions", "extensible"),
    "seal": _limit("seal", "sealed"),
    "create": with_length(2, _create),
    "defineProperties": _define_properties,
    "defineProperty": _define_property,
    "freeze": _limit("freeze", "frozen"),
    "getPrototypeOf": _get_prototype,
    "setPrototypeOf": _set_prototype,
    "isExtensible": extensible,
    "isFrozen": lambda value: _has_none(value, Attribute.CONFIGURABLE | Attribute.WRITABLE),
    "isSealed": lambda value: _has_none(value, Attribute.CONFIGURABLE),
    "keys": lambda value: JsArray(_keys(value)),
    "entries": lambda value: JsArray(gathered(JsArray((key, get_property(value, key))) for key in _keys(value))),
    "fromEntries": _from_entries,
    "values": lambda value: JsArray(gathered(get_property(value, key) for key in _keys(value))),
    "groupBy": _group_by,
}


def make_object() -> BuiltinFunction:
    """``Object``."""
    return BuiltinFunction(
        with_length(1, new_object), "Object", constructor=new_object, instances=JsObject, statics=dict(STATICS)
    )
