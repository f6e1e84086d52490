"""Classes of the web platform: objects that know their isolate, and their constructors."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING

from runtime_core.js.errors import throw_type_error
from runtime_core.js.functions import JsFunction, NativeFunction
from runtime_core.js.prototypes import builtin_prototype
from runtime_core.js.values import JsObject, JsValue, PropertyKey

if TYPE_CHECKING:
    from runtime_core.js.host import JsHost


class WebObject(JsObject):
    """An object of a class of the web platform."""

    __slots__ = ("host",)

    def __init__(self, host: JsHost) -> None:
        super().__init__()
        self.host = host

    def constructor(self) -> JsValue:
        """The constructor that the class of this object gives it."""
        return self.host.globals.get(self.class_name)


class WebClass(JsFunction):
    """The constructor of such a class in one isolate."""

    __slots__ = ("_construct", "_inner_name", "_instances", "_length", "_name")

    def __init__(
        self,
        instances: type[WebObject],
        construct: Callable[..., JsValue],
        *,
        statics: Mapping[str, Callable[..., JsValue]] | None = None,
        inner_name: str | None = None,
        length: int = 0,
    ) -> None:
        super().__init__({key: NativeFunction(value, key) for key, value in (statics or {}).items()})
        self._construct = construct
        self._instances = instances
        self._name = instances.class_name
        self._inner_name = inner_name or self._name
        self._length = length

    def call(self, this: JsValue, args: Sequence[JsValue]) -> JsValue:
        """``this_function.apply(this, args)``."""
        throw_type_error(f"Class constructor {self._inner_name} cannot be invoked without 'new'")

    def construct(self, args: Sequence[JsValue]) -> JsValue:
        """``new this_function(...args)``."""
        return self._construct(*args)

    def get_own(self, key: PropertyKey) -> JsValue:
        """The own property as stored, or ABSENT."""
        if key == "prototype":
            return builtin_prototype(self._instances, self._name)
        return super().get_own(key)

    def own_keys(self) -> list[str]:
        """The names of own enumerable properties."""
        return []

    def function_name(self) -> str:
        """The ``name`` property."""
        return self._name

    def parameter_count(self) -> int:
        """The ``length`` property."""
        return self._length


def require_arguments(where: str, args: Sequence[JsValue], count: int) -> None:
    """Throw the TypeError for missing arguments."""
    if len(args) < count:
        plural = "s" if count > 1 else ""
        found = f"only {len(args)}" if args else "0"
        throw_type_error(f"{where}: {count} argument{plural} required, but {found} found.")
