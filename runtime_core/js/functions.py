"""Functions: what the language and the host offer for calling."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import ClassVar

from runtime_core.engine.checkpoint import checkpoint
from runtime_core.js.errors import throw_type_error
from runtime_core.js.large_values import LARGE_UNITS, note_large
from runtime_core.js.values import (
    ABSENT,
    SYMBOL_HAS_INSTANCE,
    UNDEFINED,
    Accessor,
    JsObject,
    JsValue,
    PropertyKey,
    prototype_chain,
    shown_class,
    throw_receiver,
)

_CO_VARARGS = 0x04
_MAX_MERGED_ARGUMENTS = 64  # more stay where they are: each link of a chain would hold a copy of all of them
_MAX_NAME = 200  # characters; a function bound a thousand times would have names of megabytes


def _arity(implementation: Callable[..., JsValue]) -> tuple[int, bool]:
    """How many positional arguments a host function takes, and whether it takes more."""
    code = implementation.__code__
    return code.co_argcount, bool(code.co_flags & _CO_VARARGS)


def _apply(function: JsFunction, this: JsValue, args: JsValue) -> JsValue:
    from runtime_core.js.array_like import arguments_of

    return function.call(this, arguments_of(args))


def _no_access() -> JsValue:
    throw_type_error(
        "'caller', 'callee', and 'arguments' properties may not be accessed on strict mode functions or the arguments "
        "objects for calls to them"
    )


def _has_instance(constructor: JsValue, value: JsValue) -> JsValue:
    """``Function.prototype[Symbol.hasInstance]``: whether the constructor's prototype is in the value's chain."""
    if not isinstance(constructor, JsFunction) or not isinstance(value, JsObject):
        return False
    prototype = constructor.get("prototype")
    if not isinstance(prototype, JsObject):
        throw_type_error(f"Function has non-object prototype '{_shown(prototype)}' in instanceof check")
    return any(found is prototype for found in prototype_chain(value))


def _shown(value: JsValue) -> str:
    from runtime_core.js.operators import to_display

    return to_display(value)


class JsFunction(JsObject):
    """Anything callable. ``call`` gets ``this`` and the arguments; it may raise JsThrow."""

    __slots__ = ()

    class_name: ClassVar[str] = "Function"
    type_tag: ClassVar[str] = "Function"

    def call(self, this: JsValue, args: Sequence[JsValue]) -> JsValue:
        """``this_function.apply(this, args)``."""
        raise NotImplementedError

    def construct(self, args: Sequence[JsValue]) -> JsValue:
        """``new this_function(...args)``."""
        throw_type_error(f"{self.to_string()} is not a constructor")

    def function_name(self) -> str:
        """The ``name`` property."""
        return ""

    def constructed_name(self) -> str:
        """The name that instances show when this is their constructor."""
        return self.function_name()

    def parameter_count(self) -> int:
        """The ``length`` property: how many parameters without a default there are."""
        return 0

    def own_names(self) -> list[str]:
        """All own names."""
        return list(dict.fromkeys(["length", "name", *super().own_names()]))

    def to_string(self) -> str:
        """``String(this)``."""
        return f"function {self.function_name()}() {{ [native code] }}"

    GETTERS: ClassVar[Mapping[PropertyKey, Callable[..., JsValue]]] = {
        "name": lambda self: self.function_name(),
        "length": lambda self: self.parameter_count(),
        "arguments": lambda self: _no_access(),
        "caller": lambda self: _no_access(),
    }
    METHODS: ClassVar[Mapping[PropertyKey, Callable[..., JsValue]]] = {
        SYMBOL_HAS_INSTANCE: _has_instance,
        "apply": _apply,
        "bind": lambda this, this_arg, *bound: BoundFunction(this, this_arg, bound),
        "call": lambda this, this_arg, *args: this.call(this_arg, args),
        "toString": lambda this: this.to_string(),
    }


class NativeFunction(JsFunction):
    """A function of the host, belonging to one isolate.

    The implementation gets the JavaScript arguments as positional arguments: missing ones are undefined, surplus ones
    are dropped. With ``takes_this`` the first one is ``this``.
    """

    __slots__ = ("_count", "_implementation", "_name", "_takes_this", "_variadic")

    def __init__(self, implementation: Callable[..., JsValue], name: str = "", *, takes_this: bool = False) -> None:
        super().__init__()
        self._implementation = implementation
        self._name = name
        self._takes_this = takes_this
        function = getattr(implementation, "__func__", implementation)
        count, self._variadic = _arity(function)
        self._count = count - (function is not implementation) - takes_this

    def call(self, this: JsValue, args: Sequence[JsValue]) -> JsValue:
        """``this_function.apply(this, args)``."""
        checkpoint()
        missing = self._count - len(args)
        if missing > 0:
            args = [*args, *(UNDEFINED,) * missing]
        elif missing < 0 and not self._variadic:
            args = args[: self._count]
        result = self._implementation(this, *args) if self._takes_this else self._implementation(*args)
        if isinstance(result, str) and len(result) > LARGE_UNITS:
            note_large(result)
        return result

    @property
    def takes_this(self) -> bool:
        """Whether the result may depend on ``this``."""
        return self._takes_this

    def function_name(self) -> str:
        """The ``name`` property."""
        return self._name

    def parameter_count(self) -> int:
        """The ``length`` property: how many parameters without a default there are."""
        function = getattr(self._implementation, "__func__", self._implementation)
        stated: int | None = getattr(function, "parameter_count", None)
        return max(0, self._count - len(function.__defaults__ or ())) if stated is None else stated


class BoundFunction(JsFunction):
    """What ``bind`` gives. One bound again calls its target directly, so that long chains are called in one step."""

    __slots__ = ("_args", "_length", "_name", "_target", "_this")

    def __init__(self, target: JsFunction, this: JsValue, args: tuple[JsValue, ...]) -> None:
        super().__init__()
        self._name = f"bound {target.function_name()}"[:_MAX_NAME]
        self._length = max(0, target.parameter_count() - len(args))
        self._target: JsFunction = target
        self._this = this
        self._args: tuple[JsValue, ...] = args
        if isinstance(target, BoundFunction) and len(target._args) + len(args) <= _MAX_MERGED_ARGUMENTS:
            self._target, self._this, self._args = target._target, target._this, (*target._args, *args)

    def call(self, this: JsValue, args: Sequence[JsValue]) -> JsValue:
        """``this_function.apply(this, args)``."""
        return self._target.call(self._this, (*self._args, *args))

    def construct(self, args: Sequence[JsValue]) -> JsValue:
        """``new this_function(...args)``."""
        return self._target.construct((*self._args, *args))

    def to_string(self) -> str:
        """``String(this)``: the name is not part of it."""
        return "function () { [native code] }"

    def function_name(self) -> str:
        """The ``name`` property."""
        return self._name

    def parameter_count(self) -> int:
        """The ``length`` property: how many parameters without a default there are."""
        return self._length


class BuiltinFunction(NativeFunction):
    """A function of the language itself: immutable, and therefore shared by all isolates of the process.

    With ``receiver`` it refuses other objects as ``this``; ``instances`` is the class of what the constructor makes.
    """

    __slots__ = ("_constructor", "_instances", "_receiver", "_statics")

    def __init__(
        self,
        implementation: Callable[..., JsValue],
        name: str,
        *,
        takes_this: bool = False,
        constructor: Callable[..., JsValue] | None = None,
        statics: dict[str, Callable[..., JsValue]] | None = None,
        constants: Mapping[PropertyKey, JsValue] | None = None,
        receiver: type[JsObject] | None = None,
        instances: type[JsObject] | None = None,
    ) -> None:
        super().__init__(implementation, name, takes_this=takes_this)
        self._receiver = receiver
        self._instances = instances
        self._constructor = None if constructor is None else NativeFunction(constructor, name)
        self._statics: dict[PropertyKey, JsValue] = {
            **(constants or {}),
            **{key: BuiltinFunction(value, key) for key, value in (statics or {}).items()},
        }

    def call(self, this: JsValue, args: Sequence[JsValue]) -> JsValue:
        """``this_function.apply(this, args)``."""
        if self._receiver is not None and not isinstance(this, self._receiver):
            throw_receiver(f"{shown_class(self._receiver)}.prototype.{self._name}", this)
        return super().call(this, args)

    @property
    def constructs(self) -> bool:
        """Whether it may be called with ``new``."""
        return self._constructor is not None

    def construct(self, args: Sequence[JsValue]) -> JsValue:
        """``new this_function(...args)``."""
        if self._constructor is None:
            return super().construct(args)
        return self._constructor.call(UNDEFINED, args)

    def get_own(self, key: PropertyKey) -> JsValue:
        """The own property, or ABSENT."""
        if key in self._statics:
            return self._statics[key]
        if key == "prototype" and self._instances is not None:
            from runtime_core.js.prototypes import builtin_prototype

            return builtin_prototype(self._instances, self._name)
        return super().get_own(key)

    def _inherited_property(self, key: PropertyKey) -> JsValue:
        extended = None if key == "constructor" else self.get_prototype()
        if isinstance(extended, BuiltinFunction):
            return extended.property(key)
        return super()._inherited_property(key)

    def get_prototype(self) -> JsObject | None:
        """``Object.getPrototypeOf(this)``: the constructor of the class that this one extends, as with errors."""
        if self._instances is not None:
            from runtime_core.js.prototypes import builtin_prototype

            extended = builtin_prototype(self._instances, self._name).get_prototype()
            made_by = UNDEFINED if extended is None else extended.get_own("constructor")
            if isinstance(made_by, JsFunction) and made_by.function_name() != "Object":
                return made_by
        return super().get_prototype()

    def own_names(self) -> list[str]:
        """All own names."""
        return [
            "length",
            "name",
            *(() if self._instances is None else ("prototype",)),
            *(key for key in self._statics if isinstance(key, str)),
        ]

    def set(self, key: PropertyKey, value: JsValue) -> None:
        """``this[key] = value``."""
        throw_type_error(f"Cannot assign to property {key!s} of {self._name}: built-in functions are read-only")

    def define(self, key: PropertyKey, value: JsValue) -> None:
        """Refused, as :meth:`set`."""
        self.set(key, value)

    def set_prototype(self, value: JsValue) -> None:
        """Refused, as :meth:`set`."""
        self.set("__proto__", value)

    def delete(self, key: PropertyKey) -> None:
        """``delete this[key]``."""
        if self.get_own(key) is not ABSENT:
            throw_type_error(f"Cannot delete property {key!s} of {self._name}: built-in functions are read-only")


def with_length(count: int, function: Callable[..., JsValue]) -> Callable[..., JsValue]:
    """``function``, whose ``length`` property the signature of the host does not give."""
    function.parameter_count = count  # type: ignore[attr-defined]  # read by NativeFunction.parameter_count
    return function


def make_method(cls: type[JsObject], key: PropertyKey) -> BuiltinFunction:
    """A new function object for a method that a class's own table defines."""
    name = key if isinstance(key, str) else f"[{key.description}]"
    checks = "class_name" in cls.__dict__ and not cls.__dict__.get("ANY_RECEIVER", False)  # mixins have no instances
    receiver = cls if checks else None
    return BuiltinFunction(cls.METHODS[key], name, takes_this=True, receiver=receiver)


def define_accessor(target: JsObject, key: PropertyKey, *, getter: JsValue = None, setter: JsValue = None) -> None:
    """Make a property computed; a side that is no function keeps what the property had."""
    present = target.get_own(key)
    old = present if type(present) is Accessor else Accessor()
    old_functions = old.functions or (UNDEFINED, UNDEFINED)
    read, write = old.getter, old.setter
    if isinstance(getter, JsFunction):
        read = _getter(getter)
    if isinstance(setter, JsFunction):
        write = _setter(setter)
    functions = tuple(
        new if isinstance(new, JsFunction) else kept for new, kept in zip((getter, setter), old_functions, strict=True)
    )
    target.define(key, Accessor(read, write, functions=(functions[0], functions[1])))


def _getter(function: JsFunction) -> Callable[[JsValue], JsValue]:
    return lambda this: function.call(this, ())


def _setter(function: JsFunction) -> Callable[[JsValue, JsValue], object]:
    return lambda this, value: function.call(this, (value,))


def accessor_function(accessor: Accessor, side: str) -> JsValue:
    """The getter (side ``get``) or the setter (side ``set``) of an accessor as a function, or undefined."""
    if accessor.functions is not None:
        return accessor.functions[side == "set"]
    if (accessor.getter if side == "get" else accessor.setter) is None:
        return UNDEFINED
    return BuiltinFunction(
        accessor.read if side == "get" else accessor.assign, f"{side} {accessor.name}", takes_this=True
    )


def builtin_constructor(class_name: str) -> JsValue:
    """The constructor that objects of a class report."""
    from runtime_core.js.intrinsics import constructor

    return constructor(class_name)
