"""Computed properties, and the error for a method or accessor that is used on an object of another class."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, NoReturn

if TYPE_CHECKING:
    from runtime_core.js.values import JsObject, JsValue, PropertyKey


class Accessor:
    """A property that is computed: ``get`` receives the object, ``set`` the object and the value.

    It stands in ``JsObject.own`` in the place of a value. With ``owner`` the object must be an instance of that class.
    """

    __slots__ = ("functions", "getter", "name", "owner", "setter")

    def __init__(
        self,
        getter: Callable[[JsValue], JsValue] | None = None,
        setter: Callable[[JsValue, JsValue], object] | None = None,
        *,
        owner: type[JsObject] | None = None,
        name: str = "",
        functions: tuple[JsValue, JsValue] | None = None,
    ) -> None:
        self.getter = getter
        self.setter = setter
        self.owner = owner
        self.name = name
        self.functions = functions  # the getter and the setter as script gave them

    def read(self, receiver: JsValue) -> JsValue:
        """``receiver[name]``.

        Raises:
            JsThrow: what the getter throws; a TypeError for an object of another class.
        """
        self._check("get", receiver)
        if self.getter is not None:
            return self.getter(receiver)
        from runtime_core.js.values import UNDEFINED

        return UNDEFINED

    def write(self, receiver: JsObject, key: PropertyKey, value: JsValue) -> None:
        """``receiver[key] = value``.

        Raises:
            JsThrow: what the setter throws; a TypeError where there is none.
        """
        if self.setter is None:
            from runtime_core.js.errors import throw_type_error

            shown = key if isinstance(key, str) else repr(key)
            throw_type_error(f"Cannot set property {shown} of {receiver.describe()} which has only a getter")
        self.assign(receiver, value)

    def assign(self, receiver: JsValue, value: JsValue) -> JsValue:
        """Call the setter, where there is one.

        Raises:
            JsThrow: what the setter throws; a TypeError for an object of another class.
        """
        from runtime_core.js.values import UNDEFINED

        self._check("set", receiver)
        if self.setter is not None:
            self.setter(receiver, value)
        return UNDEFINED

    def _check(self, side: str, receiver: JsValue) -> None:
        if self.owner is not None and not isinstance(receiver, self.owner):
            throw_receiver(f"{side} {shown_class(self.owner)}.prototype.{self.name}", receiver)


def shown_class(cls: type[JsObject]) -> str:
    """The name of a class of objects for messages."""
    name = cls.class_name
    return name if isinstance(name, str) else cls.__name__


def throw_receiver(method: str, receiver: JsValue) -> NoReturn:
    """Throw the TypeError for a method called on an object of another class."""
    from runtime_core.js.errors import throw_type_error
    from runtime_core.js.operators import to_string
    from runtime_core.js.values import JsObject, JsSymbol

    shown = receiver.describe() if isinstance(receiver, JsObject) else repr(receiver)
    if not isinstance(receiver, JsObject | JsSymbol):
        shown = to_string(receiver)
    throw_type_error(f"Method {method} called on incompatible receiver {shown}")
