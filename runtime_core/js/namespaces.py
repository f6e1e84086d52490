"""Objects that only hold functions, as ``Math`` and ``Reflect``: frozen like all built-ins, and shared."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import ClassVar

from runtime_core.js import json_text, math_object, reflect
from runtime_core.js.errors import throw_type_error
from runtime_core.js.functions import BuiltinFunction
from runtime_core.js.values import ABSENT, SYMBOL_TO_STRING_TAG, JsObject, JsSymbol, JsValue, PropertyKey


class Namespace(JsObject):
    """A built-in object of functions and constants."""

    __slots__ = ("_members", "_name")

    is_builtin: ClassVar[bool] = True  # its properties have the attributes of built-in ones

    def __init__(
        self,
        name: str,
        functions: Mapping[str, Callable[..., JsValue]],
        constants: Mapping[PropertyKey, JsValue] | None = None,
    ) -> None:
        super().__init__()
        self._name = name
        self._members: dict[PropertyKey, JsValue] = {
            **{key: BuiltinFunction(function, key) for key, function in functions.items()},
            **(constants or {}),
            SYMBOL_TO_STRING_TAG: name,
        }

    def get_own(self, key: PropertyKey) -> JsValue:
        """The own property, or ABSENT."""
        return self._members.get(key, ABSENT)

    def own_keys(self) -> list[str]:
        """The names of own enumerable properties: none."""
        return []

    def own_names(self) -> list[str]:
        """All own names."""
        return [key for key in self._members if isinstance(key, str)]

    def own_property_keys(self) -> list[PropertyKey]:
        """All own names and symbols."""
        return list(self._members)

    def set(self, key: PropertyKey, value: JsValue) -> None:
        """``this[key] = value``."""
        shown = repr(key) if isinstance(key, JsSymbol) else key
        throw_type_error(f"Cannot assign to property {shown} of {self._name}: built-in objects are read-only")

    def define(self, key: PropertyKey, value: JsValue) -> None:
        """Refused, as :meth:`set`."""
        self.set(key, value)

    def set_prototype(self, value: JsValue) -> None:
        """Refused, as :meth:`set`."""
        self.set("__proto__", value)

    def delete(self, key: PropertyKey) -> None:
        """``delete this[key]``."""
        if key in self._members:
            shown = repr(key) if isinstance(key, JsSymbol) else key
            throw_type_error(f"Cannot delete property {shown} of {self._name}: built-in objects are read-only")

    def to_string(self) -> str:
        """``String(this)``."""
        return f"[object {self._name}]"

    def __repr__(self) -> str:
        return f"<{self._name}>"


@lru_cache(maxsize=8)
def namespace(name: str) -> Namespace:
    """``Math``, ``Reflect`` or ``JSON``."""
    if name == "Math":
        return Namespace(name, math_object.FUNCTIONS, math_object.CONSTANTS)
    if name == "Reflect":
        return Namespace(name, reflect.FUNCTIONS)
    return Namespace(name, json_text.FUNCTIONS)
