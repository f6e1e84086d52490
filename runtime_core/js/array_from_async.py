"""``Array.fromAsync``."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

from runtime_core.engine.current import CURRENT
from runtime_core.js.array_elements import callback_of
from runtime_core.js.array_statics import values_of
from runtime_core.js.array_text import check_length
from runtime_core.js.arrays import JsArray
from runtime_core.js.control import JsThrow
from runtime_core.js.errors import throw_error, throw_type_error
from runtime_core.js.functions import JsFunction, NativeFunction
from runtime_core.js.operators import to_boolean, to_string
from runtime_core.js.values import SYMBOL_ASYNC_ITERATOR, UNDEFINED, JsObject, JsValue

if TYPE_CHECKING:
    from runtime_core.js.eventloop import EventLoop


class _Collector:
    """Takes values one by one, each when the one before has arrived."""

    def __init__(self, loop: EventLoop, mapper: JsFunction | None, this_arg: JsValue) -> None:
        from runtime_core.js.promises import JsPromise

        self.promise = JsPromise(loop)
        self._loop = loop
        self._mapper = mapper
        self._this_arg = this_arg
        self._items: list[JsValue] = []
        self._iterator: JsValue = None
        self._values: Iterator[JsValue] | None = None

    def start(self, source: JsValue) -> None:
        """Take the first value."""
        method = source.get(SYMBOL_ASYNC_ITERATOR) if isinstance(source, JsObject) else UNDEFINED
        if isinstance(method, JsFunction):
            self._iterator = method.call(source, ())
        else:
            self._values = values_of(source)
        self._advance()

    def _advance(self) -> None:
        if self._values is None:
            method = self._iterator.get("next") if isinstance(self._iterator, JsObject) else UNDEFINED
            if not isinstance(method, JsFunction):
                throw_type_error("the async iterator has no method next")
            self._wait(method.call(self._iterator, ()), self._take_result)
            return
        for value in self._values:
            self._wait(value, self._take)
            return
        self.promise.resolve(JsArray(self._items))

    def _wait(self, value: JsValue, then: Callable[[JsValue], None]) -> None:
        from runtime_core.js.promises import resolved_promise

        def settled(result: JsValue) -> JsValue:
            try:
                then(result)
            except JsThrow as thrown:
                self.promise.reject(thrown.value)
            return UNDEFINED

        resolved_promise(self._loop, value).then(NativeFunction(settled), NativeFunction(self.promise.reject))

    def _take_result(self, result: JsValue) -> None:
        if not isinstance(result, JsObject):
            throw_type_error(f"Iterator result {to_string(result)} is not an object")
        if to_boolean(result.get("done")):
            self.promise.resolve(JsArray(self._items))
        else:
            self._take(result.get("value"))

    def _take(self, value: JsValue) -> None:
        if self._mapper is None:
            self._store(value)
        else:
            self._wait(self._mapper.call(self._this_arg, (value, len(self._items))), self._store)

    def _store(self, value: JsValue) -> None:
        self._items.append(value)
        check_length(len(self._items))
        self._advance()


def from_async(source: JsValue, mapper: JsValue = UNDEFINED, this_arg: JsValue = UNDEFINED) -> JsValue:
    """``Array.fromAsync``."""
    host = CURRENT.host
    if host is None:
        throw_error("Array.fromAsync: no isolate is running")
    loop: EventLoop = host.js.loop
    try:
        collector = _Collector(loop, None if mapper is UNDEFINED else callback_of(mapper), this_arg)
    except JsThrow as thrown:
        collector = _Collector(loop, None, UNDEFINED)
        collector.promise.reject(thrown.value)
        return collector.promise
    try:
        collector.start(source)
    except JsThrow as thrown:
        collector.promise.reject(thrown.value)
    return collector.promise
