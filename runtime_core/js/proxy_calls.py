"""Calling proxies of Python callables, in each of the ways that PyCallable offers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from runtime_core.js.control import JsThrow
from runtime_core.js.errors import throw_type_error
from runtime_core.js.operators import constructor_name, get_property, to_boolean, to_string
from runtime_core.js.promises import JsPromise
from runtime_core.js.proxy_object import ProxyObject, call_object
from runtime_core.js.values import UNDEFINED, JsObject, JsValue

if TYPE_CHECKING:
    from runtime_core.js.host import JsHost
    from runtime_core.js.pyproxy import PyProxy


def call(proxy: ProxyObject, this: JsValue, args: Sequence[JsValue]) -> JsValue:
    """``proxy.apply(this, args)``: ``this`` is passed on only after captureThis."""
    props = proxy.props
    if props.capture_this:
        args = [props.bound_this, *props.bound_args, *args] if props.is_bound else [this, *args]
    elif props.is_bound:
        args = [*props.bound_args, *args]
    return proxy.call_python(args)


def bind(proxy: ProxyObject, this: JsValue, args: Sequence[JsValue]) -> JsValue:
    """``bind``: an alias that remembers arguments, and the first ``this`` it was given."""
    props = proxy.props
    bound_this = props.bound_this if props.is_bound else this
    bound_args = (*props.bound_args, *args)
    return proxy.alias(props=replace(props, is_bound=True, bound_this=bound_this, bound_args=bound_args))


def _keywords(args: Sequence[JsValue], problem: str) -> tuple[Sequence[JsValue], Mapping[str, JsValue]]:
    """Positional and keyword arguments: the last argument holds the keywords."""
    if not args:
        throw_type_error(problem)
    last = args[-1]
    if last is None or last is UNDEFINED:
        throw_type_error(f"Cannot read properties of {to_string(last)} (reading 'constructor')")
    if not isinstance(last, JsObject) or (
        last.get("constructor") is not UNDEFINED and constructor_name(last) != "Object"
    ):
        throw_type_error("kwargs argument is not an object")
    return args[:-1], {name: last.get(name) for name in last.own_keys()}


_NEEDS_KEYWORDS = "callKwargs requires at least one argument (the key word argument object)"


def call_keywords(proxy: ProxyObject, args: Sequence[JsValue]) -> JsValue:
    """``callKwargs``."""
    positional, keywords = _keywords(args, _NEEDS_KEYWORDS)
    return proxy.call_python(positional, keywords)


def call_relaxed(proxy: ProxyObject, args: Sequence[JsValue]) -> JsValue:
    """``callRelaxed``: surplus arguments are dropped."""
    return _relaxed(proxy.host, (proxy, *args), {})


def call_keywords_relaxed(proxy: ProxyObject, args: Sequence[JsValue]) -> JsValue:
    """``callKwargsRelaxed``."""
    positional, keywords = _keywords(args, _NEEDS_KEYWORDS)
    return _relaxed(proxy.host, (proxy, *positional), keywords)


def _relaxed(host: JsHost, args: Sequence[JsValue], keywords: Mapping[str, JsValue]) -> JsValue:
    code = import_module(host, "pyodide.code")
    try:
        function = code.get_attribute("relaxed_call")
        if not isinstance(function, ProxyObject):
            throw_type_error("API.pyodide_code.relaxed_call is not a function")
        return function.call_python(args, keywords)
    finally:
        code.destroy()


def call_with_options(proxy: ProxyObject, options: JsValue, args: Sequence[JsValue]) -> JsValue:
    """``callWithOptions``: any of relaxed, kwargs and promising."""
    if options is None or options is UNDEFINED:
        shown = "null" if options is None else "undefined"
        throw_type_error(f"Cannot destructure property 'relaxed' of '{shown}' as it is {shown}.")
    relaxed, kwargs, promising = (to_boolean(get_property(options, key)) for key in ("relaxed", "kwargs", "promising"))
    keywords: Mapping[str, JsValue] = {}
    if kwargs:
        args, keywords = _keywords(
            args,
            "callWithOptions with 'kwargs: true' requires at least one argument (the key word argument object)",
        )
    if promising:
        return _promising(proxy, args, keywords, relaxed=relaxed)
    return _relaxed(proxy.host, (proxy, *args), keywords) if relaxed else proxy.call_python(args, keywords)


def call_promising(proxy: ProxyObject, args: Sequence[JsValue]) -> JsValue:
    """``callPromising``: a promise of the result, from a call in a task of its own."""
    return _promising(proxy, args, {})


def call_keywords_promising(proxy: ProxyObject, args: Sequence[JsValue]) -> JsValue:
    """``callPromisingKwargs``."""
    positional, keywords = _keywords(args, _NEEDS_KEYWORDS)
    return _promising(proxy, positional, keywords)


def _promising(
    proxy: ProxyObject, args: Sequence[JsValue], keywords: Mapping[str, JsValue], *, relaxed: bool = False
) -> JsValue:
    held = proxy.copy()  # the caller may destroy its proxy before the call
    promise = JsPromise(proxy.host.loop)

    def run() -> None:
        try:
            if relaxed:
                result = _relaxed(held.host, (held, *args), keywords)
            else:
                result = call_object(held.host, held.pointer, args, keywords, may_wait=True)
            promise.resolve(result)
        except JsThrow as thrown:
            promise.reject(thrown.value)
        finally:
            held.destroy()

    proxy.host.loop.schedule_immediate(run)
    return promise


def import_module(host: JsHost, name: str) -> PyProxy:
    """A proxy of a module of the guest that the caller owns.

    Raises:
        JsThrow: the guest's exception.
    """
    from runtime_core.js.pyproxy import adopt_proxy

    address = host.new_utf8(name)
    try:
        pointer = host.guest.PyImport_ImportModule(address)
    finally:
        host.guest.free(address)
    if not pointer:
        host.throw_python_error()
    flags = int(host.guest.pyproxy_getflags(pointer, 0))
    return adopt_proxy(host, pointer, flags=flags)
