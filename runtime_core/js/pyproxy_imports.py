"""Imports that make, look up and destroy proxies of Python objects, and attach Python functions to promises."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Final

from runtime_core.js.arrays import JsArray
from runtime_core.js.control import JsThrow
from runtime_core.js.errors import throw_error, throw_type_error
from runtime_core.js.functions import JsFunction, NativeFunction
from runtime_core.js.iteration import collect, iterator_result
from runtime_core.js.maps import JsMap
from runtime_core.js.operators import call_method, has_method
from runtime_core.js.promises import JsPromise
from runtime_core.js.proxy_flags import ProxyProperties
from runtime_core.js.pyproxy import PyProxy, call_object, new_proxy
from runtime_core.js.registry import ImportTable
from runtime_core.js.values import ABSENT, ERROR, UNDEFINED, JsValue
from schemas.errors import GuestFault

if TYPE_CHECKING:
    from runtime_core.js.host import JsHost

_ASYNC_CALL_MESSAGE: Final = (
    "This borrowed proxy was automatically destroyed at the end of an asynchronous function call. "
    "Try using create_proxy or create_once_callable."
)


def create(js: JsHost, pointer: int) -> JsValue:
    """A proxy of a Python object."""
    return new_proxy(js, pointer)


def create_with(
    js: JsHost, pointer: int, capture_this: int, roundtrip: int, _register: int, json_adaptor: int
) -> JsValue:
    """A proxy with options. Whether it is registered for collection makes no difference here: all are."""
    props = ProxyProperties(capture_this=bool(capture_this), roundtrip=bool(roundtrip))
    return new_proxy(js, pointer, props=props, json_adaptor=bool(json_adaptor))


def as_python_object(js: JsHost, value: JsValue) -> int:
    """The object of a living proxy, else NULL; borrowed."""
    return value.shared.pointer if isinstance(value, PyProxy) else 0


def unwrap(js: JsHost, value: JsValue) -> int:
    """The object of a proxy; borrowed."""
    if not isinstance(value, PyProxy):
        throw_error("value is not a PyProxy")
    return value.pointer


def _message(js: JsHost, identifier: int) -> str:
    text = js.guest.JsvString_FromId(identifier) if identifier else ""
    return text if isinstance(text, str) else ""


def destroy_one(js: JsHost, proxy: JsValue, message_at: int) -> None:
    """Destroy a proxy unless it is for round trips."""
    if isinstance(proxy, PyProxy) and proxy.is_alive and not proxy.props.roundtrip:
        proxy.destroy(_message(js, message_at))


def destroy_all(js: JsHost, proxies: JsValue, message_at: int) -> None:
    """Destroy the proxies made for a call, unless they are for round trips."""
    living = [proxy for proxy in _items(proxies) if isinstance(proxy, PyProxy) and proxy.is_alive]
    if not living:
        return
    message = _message(js, message_at)
    for proxy in living:
        proxy.destroy(message, destroy_roundtrip=False)


def _items(value: JsValue) -> list[JsValue]:
    return list(value.items) if isinstance(value, JsArray) else collect(value)


def destroy_methods(js: JsHost, proxies: JsValue) -> int:
    """Call ``destroy()`` on each value of an iterable."""
    for value in collect(proxies):
        if not has_method(value, "destroy"):
            throw_type_error("proxy.destroy is not a function")
        call_method(value, "destroy", ())
    return 0


def destroy_entries(js: JsHost, array: JsValue) -> None:
    """Call ``destroy()`` where there is one; errors are ignored."""
    for value in _items(array):
        try:
            if isinstance(value, PyProxy):
                value.destroy()
            elif has_method(value, "destroy"):
                call_method(value, "destroy", ())
        except JsThrow:
            continue


def register_for_collection(js: JsHost, proxies: JsValue) -> None:
    """Nothing to do: every proxy gives its reference back when it is collected."""


def cache_get(js: JsHost, cache: JsValue, descriptor: int) -> JsValue:
    """The living proxy cached for a descriptor, or the sentinel."""
    table = _cache(cache)
    proxy = table.find(descriptor)
    if isinstance(proxy, PyProxy) and proxy.is_alive:
        return proxy
    if proxy is not ABSENT:
        table.remove(descriptor)
    return ERROR


def cache_set(js: JsHost, cache: JsValue, descriptor: int, proxy: JsValue) -> None:
    """Cache a proxy for a descriptor."""
    _cache(cache).put(descriptor, proxy)


def _cache(value: JsValue) -> JsMap:
    if not isinstance(value, JsMap):
        raise GuestFault("a proxy's attribute cache", expected="a Map", found=repr(value))
    return value


class _Held:
    """References to Python objects that are given back exactly once."""

    def __init__(self, js: JsHost, *pointers: int) -> None:
        self._js = js
        self._pointers = [pointer for pointer in pointers if pointer]
        self.released = False
        for pointer in self._pointers:
            js.guest.Py_IncRef(pointer)

    def release(self) -> None:
        self.released = True
        for pointer in self._pointers:
            self._js.guest.Py_DecRef(pointer)
        self._pointers.clear()

    def __del__(self) -> None:
        self._js.releases.extend(self._pointers)


class OnceCallable(NativeFunction):
    """A function that calls a Python callable at most once and then lets go of it."""

    __slots__ = ("_held", "_pointer")

    def __init__(self, call: Callable[..., JsValue], held: _Held, pointer: int) -> None:
        super().__init__(call, "wrapper")
        self._held = held
        self._pointer = pointer

    @property
    def pointer(self) -> int:
        """The Python callable, borrowed; NULL once it was let go of."""
        return 0 if self._held.released else self._pointer


def once_callable(js: JsHost, pointer: int, may_wait: int) -> JsValue:
    """See :class:`OnceCallable`."""
    held = _Held(js, pointer)

    def call(*args: JsValue) -> JsValue:
        if held.released:
            throw_error("OnceProxy can only be called once")
        try:
            return _promised(js, pointer, args) if may_wait else call_object(js, pointer, args)
        finally:
            held.release()

    def destroy() -> JsValue:
        if held.released:
            throw_error("OnceProxy has already been destroyed")
        held.release()
        return UNDEFINED

    result = OnceCallable(call, held, pointer)
    result.set("destroy", NativeFunction(destroy, "destroy"))
    return result


def _promised(js: JsHost, pointer: int, args: tuple[JsValue, ...]) -> JsPromise:
    """Call an object that may use run_sync; returns the promise of its result, as an async function does."""
    promise = JsPromise(js.loop)
    try:
        promise.resolve(call_object(js, pointer, args, may_wait=True))
    except JsThrow as thrown:
        promise.reject(thrown.value)
    return promise


def promise_handles(js: JsHost, on_result: int, on_error: int, done: JsValue, converter: int) -> JsValue:
    """``[onFulfilled, onRejected]`` for a promise; whichever is called first releases the Python callables."""
    held = _Held(js, on_result, on_error, converter)

    def begin() -> None:
        if held.released:
            throw_error("One of the promise handles has already been called.")

    def finish(value: JsValue) -> None:
        if isinstance(done, JsFunction):
            done.call(UNDEFINED, (value,))
        held.release()

    def fulfilled(value: JsValue) -> JsValue:
        begin()
        try:
            if not on_result:
                return UNDEFINED
            status: int = js.guest.create_promise_handles_result_helper(on_result, converter, value)
            return status  # upstream resolves the promise of `then` with it
        finally:
            finish(value)

    def rejected(reason: JsValue) -> JsValue:
        begin()
        try:
            return _promised(js, on_error, (reason,)) if on_error else UNDEFINED
        finally:
            finish(UNDEFINED)

    def destroy() -> JsValue:
        begin()
        held.release()
        return UNDEFINED

    handles = (NativeFunction(fulfilled, "onFulfilled"), NativeFunction(rejected, "onRejected"))
    for handle in handles:
        handle.set("destroy", NativeFunction(destroy, "destroy"))
    return JsArray(handles)


def async_call_done(js: JsHost, proxies: JsValue) -> JsValue:
    """The callback that ends an asynchronous call: destroys what was lent to it and its result."""

    def done(result: JsValue) -> JsValue:
        for proxy in (*_items(proxies), result):
            if isinstance(proxy, PyProxy):
                proxy.destroy(_ASYNC_CALL_MESSAGE)
        return UNDEFINED

    return NativeFunction(done)


PYPROXY_IMPORTS: Final = ImportTable(
    plain={
        "pyproxy_Check": lambda js, value: isinstance(value, PyProxy),
        "pyproxy_AsPyObject": as_python_object,
        "destroy_proxy": destroy_one,
        "destroy_proxies": destroy_all,
        "destroy_jsarray_entries": destroy_entries,
        "gc_register_proxies": register_for_collection,
        "proxy_cache_get": cache_get,
        "proxy_cache_set": cache_set,
        "_pyproxyGen_make_result": lambda js, done, value: iterator_result(done=bool(done), value=value),
    },
    pointer={"JsDoubleProxy_unwrap_js": unwrap},
    status={"destroy_proxies_js": destroy_methods},
    value={
        "pyproxy_new": create,
        "pyproxy_new_ex": create_with,
        "create_once_callable": once_callable,
        "create_promise_handles": promise_handles,
        "get_async_js_call_done_callback": async_call_done,
    },
)
