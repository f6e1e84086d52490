"""The classes of ``pyodide.ffi`` as JavaScript code has them: for ``instanceof``, and as constructors of proxies."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cache, lru_cache
from typing import Final

from runtime_core.js.errors import JsPythonError, throw_type_error
from runtime_core.js.functions import BuiltinFunction, JsFunction
from runtime_core.js.prototypes import BuiltinPrototype, builtin_prototype
from runtime_core.js.proxy_flags import ProxyFlag
from runtime_core.js.proxy_methods import PyProxyMethods, members, own_of
from runtime_core.js.proxy_object import ProxyObject
from runtime_core.js.pybuffer import PyBufferView
from runtime_core.js.values import SYMBOL_HAS_INSTANCE, JsObject, JsValue, PropertyKey

_FLAGS: Final = {
    "PyProxyWithLength": ProxyFlag.HAS_LENGTH,
    "PyProxyWithGet": ProxyFlag.HAS_GET,
    "PyProxyWithSet": ProxyFlag.HAS_SET,
    "PyProxyWithHas": ProxyFlag.HAS_CONTAINS,
    "PyIterable": ProxyFlag.IS_ITERABLE | ProxyFlag.IS_ITERATOR,
    "PyAsyncIterable": ProxyFlag.IS_ASYNC_ITERABLE | ProxyFlag.IS_ASYNC_ITERATOR,
    "PyIterator": ProxyFlag.IS_ITERATOR,
    "PyAsyncIterator": ProxyFlag.IS_ASYNC_ITERATOR,
    "PyGenerator": ProxyFlag.IS_GENERATOR,
    "PyAsyncGenerator": ProxyFlag.IS_ASYNC_GENERATOR,
    "PyAwaitable": ProxyFlag.IS_AWAITABLE,
    "PyCallable": ProxyFlag.IS_CALLABLE,
    "PyBuffer": ProxyFlag.IS_BUFFER,
    "PySequence": ProxyFlag.IS_SEQUENCE,
    "PyMutableSequence": ProxyFlag.IS_SEQUENCE,
}
"""Classes that say what a Python object supports; PyMutableSequence asks for no more than PySequence, as upstream."""


class ProxyClass(BuiltinFunction):
    """A class that nobody can construct; ``accepts`` says what its instances are."""

    __slots__ = ("_check", "_shown", "_tag")

    def __init__(self, name: str, accepts: Callable[[JsValue], bool], *, shown: str = "PyProxy") -> None:
        super().__init__(_refuse, name)
        self._shown = shown
        self._check = BuiltinFunction(accepts, "[Symbol.hasInstance]")

    def call(self, this: JsValue, args: Sequence[JsValue]) -> JsValue:
        """``this_function.apply(this, args)``."""
        throw_type_error(f"Class constructor {self.function_name()} cannot be invoked without 'new'")

    def construct(self, args: Sequence[JsValue]) -> JsValue:
        """``new this_function(...args)``."""
        throw_type_error(f"{self._shown} is not a constructor")

    def get_own(self, key: PropertyKey) -> JsValue:
        """The own property, or ABSENT."""
        if key is SYMBOL_HAS_INSTANCE:
            return self._check
        if key == "prototype":
            return _base_prototype(callable_=False)
        return super().get_own(key)


def _refuse() -> JsValue:
    throw_type_error("PyProxy is not a constructor")


def _has_flags(flags: ProxyFlag) -> Callable[[JsValue], bool]:
    return lambda value: isinstance(value, ProxyObject) and value.supports(flags)


@cache
def proxy_class(name: str) -> BuiltinFunction:
    """A class of ``pyodide.ffi``.

    Raises:
        KeyError: there is none of this name.
    """
    if name == "PyProxy":
        return ProxyClass(name, lambda value: isinstance(value, ProxyObject))
    if name == "PyDict":
        return ProxyClass(name, lambda value: isinstance(value, ProxyObject) and value.type_name() == "dict")
    if name == "PyBufferView":
        return ProxyClass(name, lambda value: isinstance(value, PyBufferView), shown=name)
    if name == "PythonError":
        return ProxyClass(name, lambda value: isinstance(value, JsPythonError), shown=name)
    return ProxyClass(name, _has_flags(_FLAGS[name]))


FFI_NAMES: Final = ("PyProxy", *_FLAGS, "PyDict", "PyBufferView", "PythonError")


@cache
def _base_prototype(*, callable_: bool) -> BuiltinPrototype:
    parent = builtin_prototype(JsFunction, "Function") if callable_ else builtin_prototype(JsObject, "Object")
    return _Prototype("PyProxy", dict(own_of(PyProxyMethods)), parent)


@lru_cache(maxsize=1024)
def prototype_of(flags: int) -> BuiltinPrototype:
    """The prototype of proxies with these capabilities."""
    base = _base_prototype(callable_=bool(flags & ProxyFlag.IS_CALLABLE))
    common = own_of(PyProxyMethods)
    return _Prototype("PyProxy", {key: value for key, value in members(flags).items() if key not in common}, base)


class _Prototype(BuiltinPrototype):
    __slots__ = ()

    def get_own(self, key: PropertyKey) -> JsValue:
        """The own property as stored, which may be an :class:`Accessor`, or ABSENT."""
        return proxy_class("PyProxy") if key == "constructor" else super().get_own(key)
