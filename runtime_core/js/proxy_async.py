"""Asynchronous iteration of Python objects by JavaScript code."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import ClassVar, Final

from runtime_core.js.control import JsThrow
from runtime_core.js.errors import JsPythonError
from runtime_core.js.iteration import iterator_result
from runtime_core.js.promises import JsPromise, resolved_promise
from runtime_core.js.proxy_object import ProxyObject
from runtime_core.js.values import ERROR, SYMBOL_ASYNC_ITERATOR, UNDEFINED, JsObject, JsValue, PropertyKey

_ENDED: Final = "StopAsyncIteration"


def _step(
    proxy: ProxyObject, awaitable: JsValue, endings: Mapping[str, JsValue], ended: Callable[[], object] | None = None
) -> JsPromise:
    """The promise of the iterator result that ``awaitable`` leads to.

    ``endings`` are exceptions that mean the end, each with the value of the last result; ``ended`` is called then.
    """
    loop = proxy.host.loop
    result = JsPromise(loop)

    def destroy() -> None:
        if isinstance(awaitable, ProxyObject):
            awaitable.destroy()

    def fulfilled(value: JsValue) -> None:
        destroy()
        result.resolve(iterator_result(done=False, value=value))

    def rejected(reason: JsValue) -> None:
        destroy()
        if isinstance(reason, JsPythonError) and reason.type_name in endings:
            if ended is not None:
                ended()
            result.resolve(iterator_result(done=True, value=endings[reason.type_name]))
        else:
            if ended is not None:
                ended()
            result.reject(reason)

    resolved_promise(loop, awaitable).subscribe(fulfilled, rejected)
    return result


def _rejected(proxy: ProxyObject, thrown: JsThrow) -> JsPromise:
    promise = JsPromise(proxy.host.loop)
    promise.reject(thrown.value)
    return promise


def send(proxy: ProxyObject, value: JsValue) -> JsValue:
    """``next(value)`` of an asynchronous iterator."""
    try:
        awaitable = proxy.check(proxy.host.guest._pyproxyGen_asend(proxy.pointer, value))
        return _step(proxy, awaitable, {_ENDED: UNDEFINED})
    except JsThrow as thrown:
        return _rejected(proxy, thrown)


def throw_into(proxy: ProxyObject, error: JsValue) -> JsValue:
    """``throw(error)`` of an asynchronous generator."""
    try:
        awaitable = proxy.check(proxy.host.guest._pyproxyGen_athrow(proxy.pointer, error))
        return _step(proxy, awaitable, {_ENDED: UNDEFINED, "GeneratorExit": UNDEFINED})
    except JsThrow as thrown:
        return _rejected(proxy, thrown)


def finish(proxy: ProxyObject, value: JsValue) -> JsValue:
    """``return(value)`` of an asynchronous generator."""
    try:
        awaitable = proxy.check(proxy.host.guest._pyproxyGen_areturn(proxy.pointer))
        return _step(proxy, awaitable, {_ENDED: UNDEFINED, "GeneratorExit": value})
    except JsThrow as thrown:
        return _rejected(proxy, thrown)


def async_elements(proxy: ProxyObject) -> JsValue:
    """``proxy[Symbol.asyncIterator]()`` of an asynchronous iterable."""
    iterator = proxy.host.guest.PyObject_GetAIter(proxy.pointer)
    if not iterator:
        proxy.host.throw_python_error()
    return AsyncElements(proxy, iterator)


class AsyncElements(JsObject):
    """An asynchronous generator over a Python object; requests are answered one after the other."""

    __slots__ = ("_iterator", "_last", "_proxy")

    class_name: ClassVar[str] = "AsyncGenerator"
    type_tag: ClassVar[str] = "AsyncGenerator"

    def __init__(self, proxy: ProxyObject, iterator: int) -> None:
        super().__init__()
        self._proxy = proxy
        self._iterator = iterator
        self._last: JsPromise | None = None

    def _queue(self, request: Callable[[], JsPromise]) -> JsValue:
        """Start a request when the one before it is answered."""
        last = self._last
        if last is None:
            self._last = request()
            return self._last
        result = JsPromise(self._proxy.host.loop)

        def start(_outcome: JsValue) -> None:
            result.resolve(request())

        last.subscribe(start, start)
        self._last = result
        return result

    def next(self) -> JsValue:
        """The promise of the next result."""
        return self._queue(self._advance)

    def _advance(self) -> JsPromise:
        proxy = self._proxy
        if not self._iterator:
            return self._done(UNDEFINED)
        try:
            awaitable = proxy.host.guest._pyproxy_aiter_next(self._iterator)
            if awaitable is ERROR:
                self._close()
                proxy.host.throw_python_error()
            return _step(proxy, awaitable, {_ENDED: UNDEFINED}, self._close)
        except JsThrow as thrown:
            self._close()
            return _rejected(proxy, thrown)

    def _done(self, value: JsValue) -> JsPromise:
        promise = JsPromise(self._proxy.host.loop)
        promise.resolve(iterator_result(done=True, value=value))
        return promise

    def finish(self, value: JsValue) -> JsValue:
        """``return(value)``."""

        def end() -> JsPromise:
            self._close()
            return self._done(value)

        return self._queue(end)

    def throw(self, error: JsValue) -> JsValue:
        """``throw(error)``."""

        def end() -> JsPromise:
            self._close()
            return _rejected(self._proxy, JsThrow(error))

        return self._queue(end)

    def _close(self) -> None:
        iterator, self._iterator = self._iterator, 0
        if iterator:
            self._proxy.host.guest.Py_DecRef(iterator)

    def __del__(self) -> None:
        if self._iterator:
            self._proxy.host.releases.append(self._iterator)

    METHODS: ClassVar[Mapping[PropertyKey, Callable[..., JsValue]]] = {
        "next": lambda this, _value: this.next(),
        "return": lambda this, value: this.finish(value),
        "throw": lambda this, error: this.throw(error),
        SYMBOL_ASYNC_ITERATOR: lambda this: this,
    }
