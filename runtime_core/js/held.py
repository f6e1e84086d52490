"""Objects of the guest as the host uses them: operations on pointers, with plain values or held objects as operands.

Unlike JavaScript code, the host gets exceptions for what is missing, and its numbers keep their types.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

from runtime_core.js.control import JsThrow, PythonErrorSet
from runtime_core.js.convert import GuestBuilder
from runtime_core.js.promises import JsPromise, NeverSettledError, PromiseState, resolved_promise
from runtime_core.js.proxy_calls import import_module
from runtime_core.js.proxy_flags import ProxyFlag
from runtime_core.js.proxy_object import ProxyObject
from runtime_core.js.pyproxy import PyProxy, adopt_proxy
from runtime_core.js.values import ERROR, UNDEFINED, BigInt, JsObject, JsValue
from schemas.errors import UnserializableError

if TYPE_CHECKING:
    from runtime_core.js.host import JsHost

NO_ELEMENT: Final = object()
"""What an iterator gives after its last element."""
LESS, LESS_EQUAL, EQUAL, NOT_EQUAL, GREATER, GREATER_EQUAL = range(6)
"""CPython's numbers for comparisons."""
_FAILED: Final = -1


def hold(js: JsHost, value: JsValue) -> object:
    """A result for the host: a plain scalar, or a proxy that the host owns.

    JavaScript objects become proxies of the JsProxies that stand for them in the guest.
    """
    if value is None or value is UNDEFINED:
        return None
    if isinstance(value, BigInt):
        return int(value)
    if isinstance(value, bool | int | float | str | PyProxy):
        return value
    if not isinstance(value, JsObject):
        raise UnserializableError("a value of the guest cannot be handed to the host", found=repr(value)[:80])
    pointer = js.guest.JsProxy_create(value)
    if not pointer:
        js.throw_python_error()
    return _adopt(js, pointer)


def _adopt(js: JsHost, pointer: int) -> PyProxy:
    flags = int(js.guest.pyproxy_getflags(pointer, 0))
    if flags == _FAILED:
        js.guest.Py_DecRef(pointer)
        js.throw_python_error()
    return adopt_proxy(js, pointer, flags=flags)


def take(js: JsHost, pointer: int) -> object:
    """The object at ``pointer``, whose reference the caller owned, as a result for the host.

    Raises:
        JsThrow: the pointer is NULL: the guest's exception.
    """
    if not pointer:
        js.throw_python_error()
    try:
        value = js.guest.python2js(pointer)
    finally:
        js.guest.Py_DecRef(pointer)
    if value is ERROR:
        js.throw_python_error()
    return hold(js, value)


@contextmanager
def built(js: JsHost, *values: object) -> Iterator[list[int]]:
    """Guest objects for operands; their references are given back at the end."""
    pointers: list[int] = []
    builder = GuestBuilder(js)
    try:
        pointers.extend(builder.build(value) for value in values)
        yield pointers
    except PythonErrorSet:
        js.throw_python_error()
    finally:
        if not js.instance.poisoned:
            for pointer in pointers:
                js.guest.Py_DecRef(pointer)


def new_object(js: JsHost, value: object) -> PyProxy:
    """A proxy of a new guest object that is equal to a plain value, also for scalars."""
    with built(js, value) as (pointer,):
        js.guest.Py_IncRef(pointer)
        return _adopt(js, pointer)


def apply(js: JsHost, function: str, proxy: ProxyObject, *operands: object) -> object:
    """The result of a C function that takes the object and operands and returns a new reference."""
    with built(js, *operands) as pointers:
        return take(js, getattr(js.guest, function)(proxy.pointer, *pointers))


def apply_reflected(js: JsHost, function: str, proxy: ProxyObject, operand: object) -> object:
    """As :func:`apply`, with the object on the right."""
    with built(js, operand) as (pointer,):
        return take(js, getattr(js.guest, function)(pointer, proxy.pointer))


def act(js: JsHost, function: str, proxy: ProxyObject, *operands: object) -> int:
    """The number that a C function returns, which is -1 for an exception."""
    with built(js, *operands) as pointers:
        result = getattr(js.guest, function)(proxy.pointer, *pointers)
    if result == _FAILED:
        js.throw_python_error()
    return int(result)


def compare(js: JsHost, proxy: ProxyObject, operand: object, operation: int) -> bool:
    """Whether a comparison holds."""
    with built(js, operand) as (pointer,):
        result = js.guest.PyObject_RichCompareBool(proxy.pointer, pointer, operation)
    if result == _FAILED:
        js.throw_python_error()
    return bool(result)


def call(js: JsHost, proxy: PyProxy, args: Sequence[object], kwargs: Mapping[str, object]) -> object:
    """The result of a call, not awaited."""
    return hold(js, js.invoke(proxy, args, kwargs, schedule=False))


def call_of_module(
    js: JsHost, module: str, name: str, args: Sequence[object], kwargs: Mapping[str, object] | None = None
) -> object:
    """The result of calling a function of a module of the guest."""
    found = import_module(js, module)
    try:
        function = apply(js, "PyObject_GetAttr", found, name)
    finally:
        found.destroy()
    if not isinstance(function, PyProxy):
        raise UnserializableError(f"{module}.{name} of the guest is no function", found=type(function).__name__)
    try:
        return call(js, function, args, kwargs or {})
    finally:
        if not js.instance.poisoned:
            function.destroy()


# ---- iteration


class Elements:
    """A guest iterator that the host steps through; owns the reference until the end, :meth:`close` or collection."""

    __slots__ = ("_js", "_pointer")

    def __init__(self, js: JsHost, pointer: int) -> None:
        if not pointer:
            js.throw_python_error()
        self._js = js
        self._pointer = pointer

    @classmethod
    def of(cls, proxy: ProxyObject) -> Elements:
        """``iter(object)``."""
        return cls(proxy.host, proxy.host.guest.PyObject_GetIter(proxy.pointer))

    @classmethod
    def of_async(cls, proxy: ProxyObject) -> Elements:
        """``aiter(object)``."""
        return cls(proxy.host, proxy.host.guest.PyObject_GetAIter(proxy.pointer))

    @property
    def is_open(self) -> bool:
        """Whether the reference is still held."""
        return self._pointer != 0

    def next(self) -> object:
        """The next element, or NO_ELEMENT."""
        js = self._js
        if not self._pointer:
            return NO_ELEMENT
        held = self._pointer
        js.guest.Py_IncRef(held)  # the guest may run the host, which may close this
        try:
            item = js.guest.PyIter_Next(held)
        finally:
            if not js.instance.poisoned:
                js.guest.Py_DecRef(held)
        if item:
            return take(js, item)
        self.close()
        if js.guest.PyErr_Occurred():
            js.throw_python_error()
        return NO_ELEMENT

    def next_later(self) -> JsPromise | None:
        """The promise of the next element of an asynchronous iterator; None after the end."""
        if not self._pointer:
            return None
        awaitable = self._js.guest._pyproxy_aiter_next(self._pointer)
        if awaitable is ERROR:
            self._js.throw_python_error()
        return promise_of(self._js, awaitable)

    def close(self) -> None:
        """Give the reference back."""
        pointer, self._pointer = self._pointer, 0
        if pointer:
            self._js.guest.Py_DecRef(pointer)

    def __del__(self) -> None:
        if getattr(self, "_pointer", 0):
            self._js.releases.append(self._pointer)


# ---- waiting


def promise_of(js: JsHost, value: JsValue) -> JsPromise:
    """The promise that awaiting a value waits for."""
    if isinstance(value, ProxyObject) and (value.shared.promise is not None or value.supports(ProxyFlag.IS_AWAITABLE)):
        return value.ensure_future()
    return resolved_promise(js.loop, value)


def settle(js: JsHost, promise: JsPromise) -> object:
    """Run the guest's event loop until a promise is settled; its value."""
    return hold(js, js.settle(promise))


def poll(js: JsHost, promise: JsPromise) -> float | None:
    """Run what is due on the guest's event loop; None once the promise is settled, else seconds until more is due.

    Raises:
        NeverSettledError: nothing is scheduled that could settle it.
    """
    promise.handled = True
    js.loop.run_microtasks()
    if promise.state is not PromiseState.PENDING:
        return None
    if js.loop.run_one(wait=False):
        js.after_task()
        return None if promise.state is not PromiseState.PENDING else 0.0
    if promise.is_settled:  # by the host, whose work was looked at on the way
        return None
    delay = js.loop.delay()
    if delay is None:
        raise NeverSettledError(
            "the awaited result can never arrive: nothing is scheduled that could produce it",
            hint="check for a future or promise that nobody resolves",
        )
    return delay


def outcome(js: JsHost, promise: JsPromise) -> object:
    """The value of a settled promise.

    Raises:
        JsThrow: it was rejected.
    """
    if promise.state is PromiseState.REJECTED:
        raise JsThrow(promise.value)
    return hold(js, promise.value)
