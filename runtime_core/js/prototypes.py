"""The prototype objects of built-in classes, made from the tables of the classes; read-only and shared."""

from __future__ import annotations

from typing import Final

from runtime_core.js.errors import throw_type_error
from runtime_core.js.functions import builtin_constructor
from runtime_core.js.values import (
    ABSENT,
    JsObject,
    JsValue,
    PropertyKey,
    own_members,
    shown_class,
)


class NoPrototype(JsObject):
    """What stands in ``JsObject.prototype`` for null: an object that inherits nothing."""

    __slots__ = ()

    def property(self, key: PropertyKey) -> JsValue:
        """The property as stored, own or inherited, which may be an :class:`Accessor`, or ABSENT."""
        return ABSENT


NO_PROTOTYPE: Final = NoPrototype()


class BuiltinPrototype(JsObject):
    """``Class.prototype`` of a built-in class: what the class's own table offers."""

    __slots__ = ("_members", "_name", "_parent")

    def __init__(self, name: str, members: dict[PropertyKey, JsValue], parent: JsObject | None) -> None:
        super().__init__()
        self._name = name
        self._members = members
        self._parent = parent
        self.prototype = NO_PROTOTYPE if parent is None else parent

    def get_own(self, key: PropertyKey) -> JsValue:
        """The own property as stored, which may be an :class:`Accessor`, or ABSENT."""
        if key == "constructor":
            return builtin_constructor(self._name)
        return self._members.get(key, ABSENT)

    def get_prototype(self) -> JsObject | None:
        """``Object.getPrototypeOf(this)``."""
        return self._parent

    def own_names(self) -> list[str]:
        """All own names."""
        return ["constructor", *(key for key in self._members if isinstance(key, str))]

    def set(self, key: PropertyKey, value: JsValue) -> None:
        """``this[key] = value``."""
        throw_type_error(f"Cannot assign to property {key!s} of {self._name}.prototype: built-in objects are read-only")

    def define(self, key: PropertyKey, value: JsValue) -> None:
        """Refused, as :meth:`set`."""
        self.set(key, value)

    def delete(self, key: PropertyKey) -> None:
        """``delete this[key]``."""
        if self.get_own(key) is not ABSENT:
            throw_type_error(
                f"Cannot delete property {key!s} of {self._name}.prototype: built-in objects are read-only"
            )

    def set_prototype(self, value: JsValue) -> None:
        """Refused, as :meth:`set`."""
        self.set("__proto__", value)

    def constructor_name(self) -> str:
        """The name of the constructor that this object reports."""
        return self._name


_PROTOTYPES: Final[dict[tuple[type, str], BuiltinPrototype]] = {}


def builtin_prototype(cls: type[JsObject], name: str) -> BuiltinPrototype:
    """The prototype of the objects of a class that report the constructor ``name``."""
    found = _PROTOTYPES.get((cls, name))
    if found is None:
        found = _PROTOTYPES[cls, name] = _make(cls, name)
    return found


def _make(cls: type[JsObject], name: str) -> BuiltinPrototype:
    introduced, usual = _introduction(cls)
    if name != usual:  # one class stands for several constructors, as with errors and typed arrays
        return BuiltinPrototype(name, {}, builtin_prototype(introduced, usual))
    if introduced is not cls:
        return _merge_into(introduced, cls, name)
    members = own_members(cls)
    bases = [base for base in cls.__mro__[1:] if issubclass(base, JsObject)]
    return BuiltinPrototype(name, members, builtin_prototype(bases[0], _introduction(bases[0])[1]) if bases else None)


def _merge_into(introduced: type[JsObject], cls: type[JsObject], name: str) -> BuiltinPrototype:
    """A host class that JavaScript does not tell from the one that introduced the name."""
    extra: dict[PropertyKey, JsValue] = {}
    for base in reversed(cls.__mro__[: cls.__mro__.index(introduced)]):
        extra |= own_members(base) if issubclass(base, JsObject) else {}
    plain = builtin_prototype(introduced, name)
    return BuiltinPrototype(name, extra, plain) if extra else plain


def _introduction(cls: type[JsObject]) -> tuple[type[JsObject], str]:
    """The class that gave ``cls`` its JavaScript name, and that name."""
    introduced = next(base for base in cls.__mro__ if "class_name" in base.__dict__)
    return introduced, shown_class(introduced)
