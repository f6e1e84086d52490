"""The ``Promise`` function: its statics (ECMAScript, section 27.2.4), one per isolate."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Final

from runtime_core.js.arrays import JsArray, check_length
from runtime_core.js.control import JsThrow
from runtime_core.js.errors import aggregate_error, throw_type_error
from runtime_core.js.eventloop import EventLoop
from runtime_core.js.functions import BuiltinFunction, JsFunction
from runtime_core.js.iteration import iterate
from runtime_core.js.operators import get_property, to_string, typeof
from runtime_core.js.promises import JsPromise, rejected_promise, resolved_promise
from runtime_core.js.values import SYMBOL_ITERATOR, UNDEFINED, JsObject, JsSymbol, JsValue

_Subscribe = Callable[[int, JsPromise], None]


def promise_constructor(loop: EventLoop) -> BuiltinFunction:
    """The ``Promise`` function of the isolate that a loop belongs to."""

    def call(executor: JsValue) -> JsValue:
        throw_type_error("Promise constructor cannot be invoked without 'new'")

    def construct(executor: JsValue) -> JsValue:
        if not isinstance(executor, JsFunction):
            throw_type_error(f"Promise resolver {shown(executor)} is not a function")
        promise = JsPromise(loop)
        try:
            executor.call(UNDEFINED, promise.functions())
        except JsThrow as thrown:
            promise.reject(thrown.value)
        return promise

    statics: dict[str, Callable[..., JsValue]] = {
        "all": lambda items: promise_all(loop, items),
        "allSettled": lambda items: promise_all_settled(loop, items),
        "any": lambda items: promise_any(loop, items),
        "race": lambda items: promise_race(loop, items),
        "reject": lambda reason: rejected_promise(loop, reason),
        "resolve": lambda value: resolved_promise(loop, value),
        "try": lambda function, *args: promise_try(loop, function, args),
        "withResolvers": lambda: with_resolvers(loop),
    }
    made = BuiltinFunction(call, "Promise", constructor=construct, statics=statics, instances=JsPromise)
    loop.promise_function = made
    return made


def shown(value: JsValue) -> str:
    """A value as V8 names it in messages."""
    if isinstance(value, JsObject):
        return value.describe()
    return repr(value) if isinstance(value, JsSymbol) else to_string(value)


def _kind(value: JsValue) -> str:
    """The type of a value, with the value itself unless it is an object, as V8 shows it where it knows no name."""
    kind = typeof(value)
    if value is None:
        return "object null"
    return kind if kind in ("undefined", "object", "function") else f"{kind} {shown(value)}"


def _elements(items: JsValue) -> Iterator[JsValue]:
    """The elements of an iterable.

    Raises:
        JsThrow: it is none, or what it throws.
    """
    is_iterable = isinstance(items, str)
    if isinstance(items, JsObject):
        is_iterable = items.iterate() is not None or isinstance(get_property(items, SYMBOL_ITERATOR), JsFunction)
    if not is_iterable:
        throw_type_error(f"{_kind(items)} is not iterable (cannot read property Symbol(Symbol.iterator))")
    return iterate(items)


def _for_each(loop: EventLoop, items: JsValue, result: JsPromise, subscribe: _Subscribe) -> int:
    """Call ``subscribe`` with the promise of each element in turn; a failure on the way rejects ``result``."""
    count = 0
    try:
        for item in _elements(items):
            check_length(count)
            subscribe(count, resolved_promise(loop, item))
            count += 1
    except JsThrow as thrown:
        result.reject(thrown.value)
    return count


class _Collected:
    """The outcomes of several promises, in their order; ``done`` gets them when the last one is there."""

    __slots__ = ("_done", "_missing", "_values")

    def __init__(self, done: Callable[[JsArray], object]) -> None:
        self._done = done
        self._values: list[JsValue] = []
        self._missing = 1  # for the iteration itself

    def slot(self) -> Callable[[JsValue], None]:
        """Where the next promise puts its outcome."""
        index = len(self._values)
        self._values.append(UNDEFINED)
        self._missing += 1

        def store(value: JsValue) -> None:
            self._values[index] = value
            self.finish()

        return store

    def finish(self) -> None:
        """One outcome less to wait for."""
        self._missing -= 1
        if not self._missing:
            self._done(JsArray(self._values))


def promise_all(loop: EventLoop, items: JsValue) -> JsPromise:
    """``Promise.all``."""
    result = JsPromise(loop)
    collected = _Collected(result.resolve)
    _for_each(loop, items, result, lambda _index, promise: promise.subscribe(collected.slot(), result.reject))
    collected.finish()
    return result


def promise_all_settled(loop: EventLoop, items: JsValue) -> JsPromise:
    """``Promise.allSettled``."""
    result = JsPromise(loop)
    collected = _Collected(result.resolve)

    def subscribe(_index: int, promise: JsPromise) -> None:
        store = collected.slot()
        promise.subscribe(
            lambda value: store(JsObject({"status": "fulfilled", "value": value})),
            lambda reason: store(JsObject({"status": "rejected", "reason": reason})),
        )

    _for_each(loop, items, result, subscribe)
    collected.finish()
    return result


_NONE_FULFILLED: Final = "All promises were rejected"


def promise_any(loop: EventLoop, items: JsValue) -> JsPromise:
    """``Promise.any``."""
    result = JsPromise(loop)
    collected = _Collected(lambda reasons: result.reject(aggregate_error(reasons, _NONE_FULFILLED)))
    _for_each(loop, items, result, lambda _index, promise: promise.subscribe(result.resolve, collected.slot()))
    collected.finish()
    return result


def promise_race(loop: EventLoop, items: JsValue) -> JsPromise:
    """``Promise.race``."""
    result = JsPromise(loop)
    _for_each(loop, items, result, lambda _index, promise: promise.subscribe(result.resolve, result.reject))
    return result


def promise_try(loop: EventLoop, function: JsValue, args: Sequence[JsValue]) -> JsPromise:
    """``Promise.try``."""
    result = JsPromise(loop)
    try:
        if not isinstance(function, JsFunction):
            throw_type_error(f"{_kind(function)} is not a function")
        result.resolve(function.call(UNDEFINED, args))
    except JsThrow as thrown:
        result.reject(thrown.value)
    return result


def with_resolvers(loop: EventLoop) -> JsObject:
    """``Promise.withResolvers``."""
    promise = JsPromise(loop)
    resolve, reject = promise.functions()
    return JsObject({"promise": promise, "resolve": resolve, "reject": reject})
