"""Classes that the host defines: constructors with prototypes of their own, as JavaScript's ``class`` makes them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from runtime_core.js.errors import throw_type_error
from runtime_core.js.functions import JsFunction, NativeFunction
from runtime_core.js.values import Accessor, JsObject, JsValue, PropertyKey

Implementation = Callable[..., JsValue]


class PrototypeObject(JsObject):
    """The ``prototype`` of a class: its members are not enumerable."""

    __slots__ = ()

    def own_keys(self) -> list[str]:
        """The names of own enumerable properties."""
        return []

    def own_names(self) -> list[str]:
        """All own names."""
        return [key for key in self.own or {} if isinstance(key, str)]


class JsClass(JsFunction):
    """A class that only ``new`` can call; see :func:`define_class`."""

    __slots__ = ("_implementation", "_name", "_parent")

    def __init__(
        self,
        name: str,
        implementation: Implementation | None,
        members: Mapping[PropertyKey, JsValue],
        parent: JsFunction | None,
    ) -> None:
        prototype = PrototypeObject({"constructor": self, **members})
        inherited = None if parent is None else parent.get("prototype")
        prototype.prototype = inherited if isinstance(inherited, JsObject) else None
        super().__init__({"prototype": prototype})
        self.prototype = parent
        self._name = name
        self._implementation = implementation
        self._parent = parent

    def call(self, this: JsValue, args: Sequence[JsValue]) -> JsValue:
        """``this_function.apply(this, args)``."""
        throw_type_error(f"Class constructor {self._name} cannot be invoked without 'new'")

    def construct(self, args: Sequence[JsValue]) -> JsValue:
        """``new this_function(...args)``."""
        made = JsObject() if self._parent is None else self._parent.construct(args)
        prototype = self.get("prototype")
        if isinstance(made, JsObject) and isinstance(prototype, JsObject):
            made.set_prototype(prototype)
        if self._implementation is not None:
            NativeFunction(self._implementation, self._name, takes_this=True).call(made, args)
        return made

    def function_name(self) -> str:
        """The ``name`` property."""
        return self._name

    def own_keys(self) -> list[str]:
        """The names of own enumerable properties."""
        return [
            key for key in super().own_keys() if key != "prototype" and not isinstance(self.get_own(key), JsFunction)
        ]

    def own_names(self) -> list[str]:
        """All own names."""
        return list(dict.fromkeys(["length", "name", *(key for key in self.own or {} if isinstance(key, str))]))

    def parameter_count(self) -> int:
        """The ``length`` property: how many parameters of the constructor without a default there are."""
        if self._implementation is None:
            return 0
        return NativeFunction(self._implementation, self._name, takes_this=True).parameter_count()

    def to_string(self) -> str:
        """``String(this)``."""
        return f"class {self._name} {{ [native code] }}"


def define_class(
    name: str,
    constructor: Implementation | None = None,
    *,
    methods: Mapping[PropertyKey, Implementation] | None = None,
    getters: Mapping[PropertyKey, Implementation] | None = None,
    setters: Mapping[PropertyKey, Implementation] | None = None,
    statics: Mapping[PropertyKey, Implementation] | None = None,
    parent: JsFunction | None = None,
) -> JsClass:
    """A class for one isolate, to be offered as a member of a host module.

    Every implementation receives ``this`` first, then the JavaScript arguments; missing ones are undefined. The
    constructor sets properties of ``this``, which ``parent`` (a JsClass or a built-in constructor) made from the same
    arguments; what it returns is dropped. Static methods receive the class as ``this``.
    """
    members: dict[PropertyKey, JsValue] = {
        key: NativeFunction(function, _label(key), takes_this=True) for key, function in (methods or {}).items()
    }
    getters, setters = getters or {}, setters or {}
    for key in {**getters, **setters}:
        members[key] = Accessor(getters.get(key), setters.get(key), name=_label(key))
    result = JsClass(name, constructor, members, parent)
    for key, function in (statics or {}).items():
        result.define(key, NativeFunction(function, _label(key), takes_this=True))
    return result


def _label(key: PropertyKey) -> str:
    return key if isinstance(key, str) else f"[{key.description}]"
