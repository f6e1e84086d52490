"""Functions: what the language and the host offer for calling."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from typing import ClassVar

from runtime_core.js.errors import throw_type_error
from runtime_core.js.values import UNDEFINED, JsObject, JsValue, PropertyKey

_CO_VARARGS = 0x04
_MAX_NAME = 200  # characters; a function bound a thousand times would have names of megabytes


def _arity(implementation: Callable[..., JsValue]) -> tuple[int, bool]:
    """How many positional arguments a host function takes, and whether it takes more."""
    code = implementation.__code__
    return code.co_argcount, bool(code.co_flags & _CO_VARARGS)


def _apply(function: JsFunction, this: JsValue, args: JsValue) -> JsValue:
    from runtime_core.js.iteration import iterate

    return function.call(this, () if args is None or args is UNDEFINED else tuple(iterate(args)))


def _bind(function: JsFunction, this: JsValue, *bound: JsValue) -> JsValue:
    def call(*args: JsValue) -> JsValue:
        return function.call(this, (*bound, *args))

    return NativeFunction(call, f"bound {function.function_name()}"[:_MAX_NAME])


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
        throw_type_error(f"{self.function_name() or 'value'} is not a constructor")

    def function_name(self) -> str:
        """The ``name`` property."""
        return ""

    def to_string(self) -> str:
        """``String(this)``."""
        return f"function {self.function_name()}() {{ [native code] }}"

    GETTERS: ClassVar[Mapping[PropertyKey, Callable[..., JsValue]]] = {
        "name": lambda self: self.function_name(),
        "length": lambda self: 0,
    }
    METHODS: ClassVar[Mapping[PropertyKey, Callable[..., JsValue]]] = {
        "apply": _apply,
        "bind": _bind,
        "call": lambda this, this_arg, *args: this.call(this_arg, args),
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
        missing = self._count - len(args)
        if missing > 0:
            args = [*args, *(UNDEFINED,) * missing]
        elif missing < 0 and not self._variadic:
            args = args[: self._count]
        return self._implementation(this, *args) if self._takes_this else self._implementation(*args)

    def function_name(self) -> str:
        """The ``name`` property."""
        return self._name


class BuiltinFunction(NativeFunction):
    """A function of the language itself: immutable, and therefore shared by all isolates of the process."""

    __slots__ = ("_constructor", "_statics")

    def __init__(
        self,
        implementation: Callable[..., JsValue],
        name: str,
        *,
        takes_this: bool = False,
        constructor: Callable[..., JsValue] | None = None,
        statics: dict[str, Callable[..., JsValue]] | None = None,
    ) -> None:
        super().__init__(implementation, name, takes_this=takes_this)
        self._constructor = None if constructor is None else NativeFunction(constructor, name)
        self._statics = {key: BuiltinFunction(value, key) for key, value in (statics or {}).items()}

    def construct(self, args: Sequence[JsValue]) -> JsValue:
        """``new this_function(...args)``."""
        if self._constructor is None:
            return super().construct(args)
        return self._constructor.call(UNDEFINED, args)

    def get_own(self, key: PropertyKey) -> JsValue:
        """The own property, or ABSENT."""
        if isinstance(key, str) and key in self._statics:
            return self._statics[key]
        return super().get_own(key)

    def own_names(self) -> list[str]:
        """All own names."""
        return ["length", "name", *self._statics]

    def set(self, key: PropertyKey, value: JsValue) -> None:
        """``this[key] = value``."""
        throw_type_error(f"Cannot assign to property {key!s} of {self._name}: built-in functions are read-only")

    def delete(self, key: PropertyKey) -> None:
        """``delete this[key]``."""
        if self.get_own(key) is not None:
            throw_type_error(f"Cannot delete property {key!s} of {self._name}: built-in functions are read-only")


@lru_cache(maxsize=1024)
def builtin_method(cls: type[JsObject], key: PropertyKey) -> BuiltinFunction:
    """The function object for a method of a class's prototype."""
    name = key if isinstance(key, str) else f"[{key.description}]"
    return BuiltinFunction(cls.METHODS[key], name, takes_this=True)


def builtin_constructor(class_name: str) -> JsValue:
    """The constructor that objects of a class report."""
    from runtime_core.js.intrinsics import constructor

    return constructor(class_name)
