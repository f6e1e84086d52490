"""Property descriptors: reading them from objects, describing properties by them, defining properties with them."""

from __future__ import annotations

from dataclasses import dataclass

from runtime_core.js.arrays import JsArray
from runtime_core.js.errors import throw_type_error
from runtime_core.js.functions import JsFunction, accessor_function, define_accessor
from runtime_core.js.operators import strict_equals, to_boolean, to_string
from runtime_core.js.properties import Attribute, attributes_of, is_extensible, shown_key, table
from runtime_core.js.proxy import JsProxyObject
from runtime_core.js.values import ABSENT, UNDEFINED, Accessor, JsObject, JsSymbol, JsValue, PropertyKey, is_array_index


@dataclass(frozen=True, kw_only=True, slots=True)
class Descriptor:
    """A property: its value, or an :class:`Accessor`, and its attributes."""

    value: JsValue
    attributes: Attribute


@dataclass(frozen=True, kw_only=True, slots=True)
class Request:
    """A descriptor as script gives it: whatever it does not say is ABSENT or not in ``mentioned``."""

    value: JsValue
    getter: JsValue
    setter: JsValue
    attributes: Attribute
    mentioned: Attribute

    @property
    def is_accessor(self) -> bool:
        """Whether it describes an accessor."""
        return self.getter is not ABSENT or self.setter is not ABSENT


_NAMES = {
    "writable": Attribute.WRITABLE,
    "enumerable": Attribute.ENUMERABLE,
    "configurable": Attribute.CONFIGURABLE,
}


def own_descriptor(target: JsObject, key: PropertyKey) -> Descriptor | None:
    """The own property of a name, or None."""
    if isinstance(target, JsProxyObject):
        found = target.own_descriptor(key)
        return None if found is UNDEFINED else completed(read_request(found))
    value = target.get_own(key)
    if value is ABSENT:
        return None
    attributes = attributes_of(target, key)
    return Descriptor(value=value, attributes=attributes & ~Attribute.WRITABLE if _is_accessor(value) else attributes)


def _is_accessor(value: JsValue) -> bool:
    return isinstance(value, Accessor)


def completed(request: Request) -> Descriptor:
    """The property that a descriptor describes if there is none yet."""
    value: JsValue = UNDEFINED if request.value is ABSENT else request.value
    if request.is_accessor:
        holder = JsObject()
        define_accessor(holder, "x", getter=request.getter, setter=request.setter)
        value = holder.get_own("x")
    return Descriptor(value=value, attributes=request.attributes)


def own_attributes(target: JsObject, key: PropertyKey) -> Attribute:
    """The attributes of an own property, none where there is no such property."""
    found = own_descriptor(target, key)
    return Attribute.NONE if found is None else found.attributes


def from_descriptor(found: Descriptor) -> JsObject:
    """The object that describes a property."""
    result = JsObject()
    if isinstance(found.value, Accessor):
        result.define("get", accessor_function(found.value, "get"))
        result.define("set", accessor_function(found.value, "set"))
    else:
        result.define("value", found.value)
        result.define("writable", bool(found.attributes & Attribute.WRITABLE))
    result.define("enumerable", bool(found.attributes & Attribute.ENUMERABLE))
    result.define("configurable", bool(found.attributes & Attribute.CONFIGURABLE))
    return result


def _shown(value: JsValue) -> str:
    if isinstance(value, JsObject):
        return value.describe()
    return repr(value) if isinstance(value, JsSymbol) else to_string(value)


def read_request(descriptor: JsValue) -> Request:
    """A descriptor object taken apart.

    Raises:
        JsThrow: TypeError where it is none.
    """
    if not isinstance(descriptor, JsObject):
        throw_type_error(f"Property description must be an object: {_shown(descriptor)}")
    attributes = mentioned = Attribute.NONE
    for name, attribute in _NAMES.items():
        given = descriptor.lookup(name)
        if given is not ABSENT:
            mentioned |= attribute
            attributes |= attribute if to_boolean(given) else Attribute.NONE
    value, getter, setter = (descriptor.lookup(name) for name in ("value", "get", "set"))
    for function, what in ((getter, "Getter"), (setter, "Setter")):
        if function is not ABSENT and function is not UNDEFINED and not isinstance(function, JsFunction):
            throw_type_error(f"{what} must be a function: {_shown(function)}")
    request = Request(value=value, getter=getter, setter=setter, attributes=attributes, mentioned=mentioned)
    if request.is_accessor and (value is not ABSENT or mentioned & Attribute.WRITABLE):
        shown = f", {descriptor.describe()}"
        throw_type_error(
            f"Invalid property descriptor. Cannot both specify accessors and a value or writable attribute{shown}"
        )
    return request


def define_from_descriptor(target: JsObject, key: PropertyKey, descriptor: JsValue) -> None:
    """``Object.defineProperty``.

    Raises:
        JsThrow: TypeError where the object does not allow it.
    """
    if isinstance(target, JsProxyObject):
        target.define_descriptor(key, descriptor)
        return
    request = read_request(descriptor)
    present = own_descriptor(target, key)
    if present is None:
        if not is_extensible(target):
            throw_type_error(f"Cannot define property {shown_key(key)}, object is not extensible")
    elif not present.attributes & Attribute.CONFIGURABLE:
        check_change(present, request, key)
    if isinstance(target, JsArray) and (key == "length" or (isinstance(key, str) and is_array_index(key))):
        _define_element(target, key, request, present)
    else:
        _define(target, key, request, present)


def check_change(present: Descriptor, request: Request, key: PropertyKey) -> None:
    """Refuse a change of a property that is not configurable."""
    gained = request.attributes & ~present.attributes
    lost = request.mentioned & ~request.attributes & present.attributes
    allowed = not gained and not lost & Attribute.ENUMERABLE
    if isinstance(present.value, Accessor):
        functions = present.value.functions or (ABSENT, ABSENT)
        same = all(
            new is ABSENT or new is old for new, old in zip((request.getter, request.setter), functions, strict=True)
        )
        allowed = allowed and request.value is ABSENT and same
    elif request.is_accessor:
        allowed = False
    elif not present.attributes & Attribute.WRITABLE and request.value is not ABSENT:
        allowed = allowed and strict_equals(present.value, request.value)
    if not allowed:
        throw_type_error(f"Cannot redefine property: {shown_key(key)}")


def _define(target: JsObject, key: PropertyKey, request: Request, present: Descriptor | None) -> None:
    kept = Attribute.NONE if present is None else present.attributes & ~request.mentioned
    attributes = request.attributes | kept
    value: JsValue
    if request.is_accessor:
        holder = JsObject(None if present is None else {key: present.value})
        define_accessor(holder, key, getter=request.getter, setter=request.setter)
        value = holder.get_own(key)
        attributes &= ~Attribute.WRITABLE
    elif request.value is not ABSENT:
        value = request.value
    elif present is None:
        value = UNDEFINED
    else:
        value = present.value
    if attributes == Attribute.ALL and not hasattr(target.own, "attributes"):
        target.define(key, value)
        return
    target.define(key, value) if present is None and not isinstance(target.own, dict) else None
    table(target).place(key, value, attributes)


def _define_element(target: JsArray, key: PropertyKey, request: Request, present: Descriptor | None) -> None:
    kept = Attribute.NONE if present is None else present.attributes & ~request.mentioned
    wanted = Attribute.WRITABLE if key == "length" else Attribute.ALL
    if request.is_accessor or (request.attributes | kept) != (kept if key == "length" and present else wanted):
        throw_type_error(
            f"Cannot define property {shown_key(key)}: elements of arrays have no attributes in this runtime"
        )
    if request.value is not ABSENT:
        target.set(key, request.value)
    elif present is None:
        target.set(key, UNDEFINED)


def set_prototype(target: JsObject, prototype: JsObject | None) -> None:
    """``Object.setPrototypeOf`` of an object.

    Raises:
        JsThrow: TypeError for an object that is not extensible, or a circle.
    """
    if isinstance(target, JsProxyObject):
        target.set_prototype(prototype)
        return
    if not is_extensible(target) and target.get_prototype() is not prototype:
        throw_type_error(f"{target.describe()} is not extensible")
    target.set_prototype(prototype)
