"""Attributes of properties: what ``defineProperty``, ``freeze``, ``seal`` and ``preventExtensions`` do to an object.

Ordinary objects pay nothing for them: ``own`` is a dict and every property is writable, enumerable and configurable.
The first use of one of these functions replaces the dict by a :class:`PropertyTable`, and an array's list of elements
by a :class:`FixedItems`, which refuse what the attributes forbid.
"""

from __future__ import annotations

from collections.abc import Iterable
from enum import IntFlag
from typing import Any, Final, NoReturn, SupportsIndex

from runtime_core.js.arrays import JsArray
from runtime_core.js.errors import JsError, throw_type_error
from runtime_core.js.functions import BuiltinFunction, JsFunction
from runtime_core.js.primitives import StringObject
from runtime_core.js.prototypes import BuiltinPrototype
from runtime_core.js.values import ABSENT, Accessor, JsObject, JsValue, PropertyKey, is_array_index


class Attribute(IntFlag):
    """Attributes of a property; accessors have no ``WRITABLE``."""

    NONE = 0
    WRITABLE = 1
    ENUMERABLE = 2
    CONFIGURABLE = 4
    ALL = 7


HIDDEN: Final = Attribute.WRITABLE | Attribute.CONFIGURABLE  # as methods of built-in objects are


def shown_key(key: PropertyKey) -> str:
    """A key as V8's messages show it without quotes."""
    return key if isinstance(key, str) else repr(key)


class PropertyTable(dict[PropertyKey, JsValue]):
    """Own properties of which some have other attributes than ``ALL``, of an object that may not be extensible."""

    __slots__ = ("attributes", "extensible", "owner")

    def __init__(self, owner: JsObject) -> None:
        super().__init__(owner.own or {})
        self.owner = owner.describe()
        self.attributes: dict[PropertyKey, Attribute] = {}
        self.extensible = True

    def attribute(self, key: PropertyKey) -> Attribute:
        """The attributes of a property that is in the table."""
        return self.attributes.get(key, Attribute.ALL)

    def place(self, key: PropertyKey, value: JsValue, attributes: Attribute) -> None:
        """Set a property whatever the attributes say."""
        super().__setitem__(key, value)
        self.attributes[key] = attributes

    def enumerable(self) -> list[PropertyKey]:
        """The keys of enumerable properties."""
        return [key for key in self if self.attribute(key) & Attribute.ENUMERABLE]

    def __setitem__(self, key: PropertyKey, value: JsValue) -> None:
        if key not in self:
            if not self.extensible:
                throw_type_error(f"Cannot add property {shown_key(key)}, object is not extensible")
        elif not self.attribute(key) & Attribute.WRITABLE:
            throw_type_error(f"Cannot assign to read only property '{shown_key(key)}' of object '{self.owner}'")
        super().__setitem__(key, value)

    def pop(self, key: PropertyKey, default: Any = None) -> Any:
        """Remove a property, which must be configurable."""
        if key in self and not self.attribute(key) & Attribute.CONFIGURABLE:
            throw_type_error(f"Cannot delete property '{shown_key(key)}' of {self.owner}")
        self.attributes.pop(key, None)
        return super().pop(key, default)


class FixedItems(list[JsValue]):
    """The elements of an array that was frozen, sealed or made not extensible."""

    __slots__ = ("level",)

    def __init__(self, items: Iterable[JsValue], level: str) -> None:
        super().__init__(items)
        self.level = level

    def _refuse_growth(self) -> NoReturn:
        throw_type_error(f"Cannot add property {len(self)}, object is not extensible")

    def refuse_removal(self, index: int) -> None:
        """Throw TypeError where elements may not go."""
        if self.level != "extensible":
            throw_type_error(f"Cannot delete property '{index}' of [object Array]")

    def append(self, value: JsValue) -> None:
        """Refused."""
        self._refuse_growth()

    def insert(self, index: SupportsIndex, value: JsValue) -> None:
        """Refused."""
        self._refuse_growth()

    def extend(self, values: Iterable[JsValue]) -> None:
        """Refused, unless there is nothing to add."""
        if list(values):
            self._refuse_growth()

    def pop(self, index: SupportsIndex = -1) -> JsValue:
        """Remove an element, where that is allowed."""
        self.refuse_removal(range(len(self))[index])
        return super().pop(index)

    def __delitem__(self, index: SupportsIndex | slice) -> None:
        chosen = range(len(self))[index]
        for one in chosen if isinstance(chosen, range) else [chosen]:
            self.refuse_removal(one)
        super().__delitem__(index)

    def __setitem__(self, index: Any, value: Any) -> None:  # list has an overload for slices
        chosen = range(len(self))[index]
        if isinstance(chosen, range):
            values = list(value)
            if len(values) > len(chosen):
                self._refuse_growth()
            for one in chosen[len(values) :]:
                self.refuse_removal(one)
        else:
            chosen = range(chosen, chosen + 1)
            if self[index] is ABSENT and value is not ABSENT:
                throw_type_error(f"Cannot add property {chosen[0]}, object is not extensible")
        if self.level == "frozen" and chosen:
            throw_type_error(f"Cannot assign to read only property '{chosen[0]}' of object '[object Array]'")
        super().__setitem__(index, value)

    def _refuse_order(self) -> None:
        if self.level == "frozen" and self:
            throw_type_error("Cannot assign to read only property '0' of object '[object Array]'")

    def reverse(self) -> None:
        """Reverse in place, where elements may change."""
        self._refuse_order()
        super().reverse()


def table(target: JsObject) -> PropertyTable:
    """The property table of an object, made where it has none yet."""
    if not isinstance(target.own, PropertyTable):
        target.own = PropertyTable(target)
    return target.own


def is_extensible(target: JsObject) -> bool:
    """``Object.isExtensible``."""
    return not isinstance(target.own, PropertyTable) or target.own.extensible


def prevent_extensions(target: JsObject, level: str = "extensible") -> None:
    """``Object.preventExtensions``, and ``seal`` or ``freeze`` for the levels sealed and frozen."""
    own = table(target)
    own.extensible = False
    if level != "extensible":
        removed = Attribute.CONFIGURABLE if level == "sealed" else Attribute.CONFIGURABLE | Attribute.WRITABLE
        for key in own:
            own.attributes[key] = own.attribute(key) & ~removed
    if isinstance(target, JsArray):
        order = ("extensible", "sealed", "frozen")
        present = target.items.level if isinstance(target.items, FixedItems) else order[0]
        target.items = FixedItems(target.items, max(level, present, key=order.index))


def attributes_of(target: JsObject, key: PropertyKey) -> Attribute:
    """The attributes of an own property."""
    own = target.own
    if isinstance(own, PropertyTable) and key in own:
        return own.attribute(key)
    if own is not None and key in own and not isinstance(target, JsError):
        return Attribute.ALL
    if isinstance(target, JsArray):
        return _array_attributes(target, key)
    if isinstance(target, StringObject):
        return Attribute.ENUMERABLE if isinstance(key, str) and is_array_index(key) else Attribute.NONE
    if isinstance(target, BuiltinFunction | BuiltinPrototype) or getattr(target, "is_builtin", False):
        return _builtin_attributes(target, key)
    if isinstance(target, JsFunction) and key in ("name", "length"):
        return Attribute.CONFIGURABLE
    return Attribute.ALL if isinstance(key, str) and key in target.own_keys() else HIDDEN


def _array_attributes(target: JsArray, key: PropertyKey) -> Attribute:
    level = target.items.level if isinstance(target.items, FixedItems) else ""
    if key == "length":
        return Attribute.NONE if level == "frozen" else Attribute.WRITABLE
    removed = {"sealed": Attribute.CONFIGURABLE, "frozen": Attribute.CONFIGURABLE | Attribute.WRITABLE}
    return Attribute.ALL & ~removed.get(level, Attribute.NONE)


def _builtin_attributes(target: JsObject, key: PropertyKey) -> Attribute:
    if key in ("name", "length"):
        return Attribute.CONFIGURABLE
    value = target.get_own(key)
    if key == "prototype" or not isinstance(value, JsObject | Accessor):
        return Attribute.NONE  # constants of Number, well-known symbols
    return Attribute.CONFIGURABLE if isinstance(value, Accessor) else HIDDEN
