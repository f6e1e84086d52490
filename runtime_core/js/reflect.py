"""``Reflect``."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final

from runtime_core.js.arrays import JsArray, check_length
from runtime_core.js.coerce import to_length
from runtime_core.js.control import JsThrow
from runtime_core.js.descriptors import define_from_descriptor, from_descriptor, own_descriptor, set_prototype
from runtime_core.js.errors import ERROR_NAMES, JsError, throw_type_error
from runtime_core.js.functions import BuiltinFunction, JsFunction, with_length
from runtime_core.js.object_statics import extensible
from runtime_core.js.operators import to_property_key, to_string
from runtime_core.js.properties import Attribute, is_extensible, prevent_extensions
from runtime_core.js.proxy import JsProxyObject
from runtime_core.js.proxy_invariants import InvariantViolation
from runtime_core.js.values import UNDEFINED, Accessor, JsObject, JsSymbol, JsValue


def _target(value: JsValue, name: str) -> JsObject:
    if not isinstance(value, JsObject):
        throw_type_error(f"Reflect.{name} called on non-object")
    return value


def _list(value: JsValue) -> list[JsValue]:
    if isinstance(value, JsArray):
        return list(value.iterate())
    if not isinstance(value, JsObject):
        throw_type_error("CreateListFromArrayLike called on non-object")
    length = to_length(value.get("length"))
    check_length(length)
    return [value.get(str(index)) for index in range(length)]


def _function(value: JsValue) -> JsFunction:
    if not isinstance(value, JsFunction):
        shown = value.describe() if isinstance(value, JsObject) else to_string(value)
        throw_type_error(f"Function.prototype.apply was called on {shown}, which is {_kind(value)} and not a function")
    return value


def _kind(value: JsValue) -> str:
    from runtime_core.js.operators import typeof

    kind = typeof(value)
    return f"an {kind}" if kind == "object" else kind if kind == "undefined" else f"a {kind}"


def _construct(function: JsValue, args: JsValue, new_target: JsValue = UNDEFINED) -> JsValue:
    if not isinstance(function, JsFunction):
        shown = function.describe() if isinstance(function, JsObject) else to_string(function)
        throw_type_error(f"{shown} is not a constructor")
    result = function.construct(_list(args))
    if isinstance(new_target, JsFunction) and new_target is not function and isinstance(result, JsObject):
        if (
            isinstance(result, JsError)
            and isinstance(new_target, BuiltinFunction)
            and new_target.function_name() in ERROR_NAMES
        ):
            result.error_name = new_target.function_name()
        prototype = new_target.get("prototype")
        if isinstance(prototype, JsObject):
            result.set_prototype(prototype)
    return result


def succeeds(action: Callable[[], object]) -> bool:
    """Whether an operation is allowed: a TypeError of this runtime says no, what script throws passes."""
    try:
        action()
    except InvariantViolation:
        raise
    except JsThrow as thrown:
        if isinstance(thrown.value, JsError) and thrown.value.error_name == "TypeError":
            return False
        raise
    return True


def _define(target: JsValue, key: JsValue, descriptor: JsValue) -> JsValue:
    found = _target(target, "defineProperty")
    if not isinstance(descriptor, JsObject):
        throw_type_error(f"Property description must be an object: {to_string(descriptor)}")
    return succeeds(lambda: define_from_descriptor(found, to_property_key(key), descriptor))


def _delete(target: JsValue, key: JsValue) -> JsValue:
    found = _target(target, "deleteProperty")
    return succeeds(lambda: found.delete(to_property_key(key)))


def _get(target: JsValue, key: JsValue, receiver: JsValue = UNDEFINED) -> JsValue:
    found = _target(target, "get")
    name = to_property_key(key)
    if receiver is UNDEFINED or receiver is target:
        return found.get(name)
    if isinstance(found, JsProxyObject):
        return found.read(name, receiver)
    value = found.property(name)
    return value.read(receiver) if isinstance(value, Accessor) else found.get(name)


def _set(target: JsValue, key: JsValue, value: JsValue, receiver: JsValue = UNDEFINED) -> JsValue:
    found = _target(target, "set")
    name = to_property_key(key)
    if isinstance(found, JsProxyObject) and (receiver is UNDEFINED or receiver is found):
        return succeeds(lambda: found.set(name, value))
    present = found.property(name)
    if isinstance(present, Accessor) and not isinstance(found, JsProxyObject):
        if present.setter is None:
            return False
        present.setter(found if receiver is UNDEFINED else receiver, value)
        return True
    own = own_descriptor(found, name)
    if own is not None and not own.attributes & Attribute.WRITABLE:
        return False
    to = found if receiver is UNDEFINED else receiver
    if not isinstance(to, JsObject):
        return False
    if own is None and not isinstance(to, JsProxyObject) and not is_extensible(to):
        return False
    return succeeds(lambda: to.set(name, value))


def _set_prototype(target: JsValue, prototype: JsValue) -> JsValue:
    found = _target(target, "setPrototypeOf")
    if prototype is not None and not isinstance(prototype, JsObject):
        shown = repr(prototype) if isinstance(prototype, JsSymbol) else to_string(prototype)
        throw_type_error(f"Object prototype may only be an Object or null: {shown}")
    return succeeds(lambda: set_prototype(found, prototype))


def _prevent_extensions(target: JsValue) -> JsValue:
    found = _target(target, "preventExtensions")
    if isinstance(found, JsProxyObject):
        return succeeds(lambda: found.limit("extensible"))
    prevent_extensions(found)
    return True


def _descriptor(target: JsValue, key: JsValue) -> JsValue:
    found = own_descriptor(_target(target, "getOwnPropertyDescriptor"), to_property_key(key))
    return UNDEFINED if found is None else from_descriptor(found)


FUNCTIONS: Final[Mapping[str, Callable[..., JsValue]]] = {
    "defineProperty": _define,
    "deleteProperty": _delete,
    "apply": lambda function, this, args: _function(function).call(this, _list(args)),
    "construct": with_length(2, _construct),
    "get": with_length(2, _get),
    "getOwnPropertyDescriptor": _descriptor,
    "getPrototypeOf": lambda target: _target(target, "getPrototypeOf").get_prototype(),
    "has": lambda target, key: _target(target, "has").has(to_property_key(key)),
    "isExtensible": lambda target: extensible(_target(target, "isExtensible")),
    "ownKeys": lambda target: JsArray(_target(target, "ownKeys").own_property_keys()),
    "preventExtensions": _prevent_extensions,
    "set": with_length(3, _set),
    "setPrototypeOf": _set_prototype,
}
