"""Promises and the event loop: microtasks in order, then timers and immediate callbacks as macrotasks."""

from __future__ import annotations

import heapq
import itertools
import time
from collections import deque
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import ClassVar, Final

from runtime_core.js.arrays import JsArray
from runtime_core.js.control import JsThrow
from runtime_core.js.errors import JsError, aggregate_error
from runtime_core.js.functions import JsFunction, NativeFunction
from runtime_core.js.iteration import iterate
from runtime_core.js.values import UNDEFINED, JsObject, JsValue, PropertyKey
from schemas.errors import WorkerError

MAX_TIMERS: Final = 1 << 20


class PromiseState(Enum):
    """The states of a promise."""

    PENDING = "pending"
    FULFILLED = "fulfilled"
    REJECTED = "rejected"


@dataclass(order=True, slots=True)
class _Timer:
    due: float
    sequence: int
    task: Callable[[], object] = field(compare=False)
    cancelled: bool = field(default=False, compare=False)


class EventLoop:
    """The microtask queue and the timers of one isolate.

    ``clock`` returns seconds and ``sleep`` waits for so many; both are injected so that tests and snapshots are
    deterministic. ``on_error`` gets the value that a macrotask threw and nobody caught.
    """

    def __init__(
        self,
        *,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], object] = time.sleep,
        on_error: Callable[[JsValue], object] = lambda _value: None,
    ) -> None:
        self._clock = clock
        self._sleep = sleep
        self._on_error = on_error
        self._microtasks: deque[Callable[[], object]] = deque()
        self._heap: list[_Timer] = []
        self._timers: dict[int, _Timer] = {}
        self._sequence = itertools.count(1)

    def queue_microtask(self, task: Callable[[], object]) -> None:
        """Run ``task`` before the next macrotask."""
        self._microtasks.append(task)

    def schedule(self, task: Callable[[], object], delay_seconds: float = 0.0) -> int:
        """Run ``task`` as a macrotask after a delay; returns an id for :meth:`cancel`."""
        if len(self._timers) >= MAX_TIMERS:
            raise JsThrow(JsError("RangeError", f"more than {MAX_TIMERS} timers are pending"))
        timer = _Timer(self._clock() + max(0.0, delay_seconds), next(self._sequence), task)
        heapq.heappush(self._heap, timer)
        self._timers[timer.sequence] = timer
        return timer.sequence

    def schedule_repeated(self, task: Callable[[], object], period_seconds: float) -> int:
        """Run ``task`` every ``period_seconds`` (at least a millisecond) until it is cancelled."""
        period = max(period_seconds, 0.001)
        timer = _Timer(self._clock() + period, next(self._sequence), task)

        def run() -> None:
            timer.due = max(timer.due + period, self._clock())
            heapq.heappush(self._heap, timer)
            self._timers[timer.sequence] = timer
            task()

        timer.task = run
        heapq.heappush(self._heap, timer)
        self._timers[timer.sequence] = timer
        return timer.sequence

    def cancel(self, timer_id: int) -> None:
        """Forget a scheduled task; unknown ids are ignored."""
        timer = self._timers.pop(timer_id, None)
        if timer is not None:
            timer.cancelled = True

    @property
    def is_idle(self) -> bool:
        """Whether nothing is left to run, now or later."""
        return not self._microtasks and not self._timers

    def run_microtasks(self) -> None:
        """Run microtasks until none is left, also those queued meanwhile."""
        while self._microtasks:
            self._run(self._microtasks.popleft())

    def _run(self, task: Callable[[], object]) -> None:
        try:
            task()
        except JsThrow as thrown:
            self._on_error(thrown.value)

    def run_one(self, *, wait: bool = True) -> bool:
        """Run pending microtasks and one macrotask, waiting for it if need be; false if there was none."""
        self.run_microtasks()
        while self._heap and self._heap[0].cancelled:
            heapq.heappop(self._heap)
        if not self._heap:
            return False
        delay = self._heap[0].due - self._clock()
        if delay > 0:
            if not wait:
                return False
            self._sleep(delay)
        timer = heapq.heappop(self._heap)
        self._timers.pop(timer.sequence, None)
        self._run(timer.task)
        self.run_microtasks()
        return True

    def run_until_settled(self, promise: JsPromise, *, after_task: Callable[[], object] | None = None) -> JsValue:
        """Run the loop until ``promise`` settles; returns its value.

        Raises:
            JsThrow: the promise was rejected.
            WorkerError: nothing is scheduled that could settle it.
        """
        promise.handled = True
        self.run_microtasks()
        while promise.state is PromiseState.PENDING:
            if not self.run_one():
                raise WorkerError(
                    "the awaited result can never arrive: nothing is scheduled that could produce it",
                    hint="check for a future or promise that nobody resolves",
                )
            if after_task is not None:
                after_task()
        if promise.state is PromiseState.REJECTED:
            raise JsThrow(promise.value)
        return promise.value


class JsPromise(JsObject):
    """A Promise."""

    __slots__ = ("_resolving", "_waiting", "handled", "loop", "state", "value")

    class_name: ClassVar[str] = "Promise"
    type_tag: ClassVar[str] = "Promise"

    def __init__(self, loop: EventLoop) -> None:
        super().__init__()
        self.loop = loop
        self.state = PromiseState.PENDING
        self.value: JsValue = UNDEFINED
        self.handled = False
        self._resolving = False
        self._waiting: list[Callable[[], None]] = []

    def resolve(self, value: JsValue = UNDEFINED) -> JsValue:
        """Resolve with a value, or follow a thenable. Later resolutions are ignored."""
        if self._resolving:
            return UNDEFINED
        self._resolving = True
        self._follow(value)
        return UNDEFINED

    def reject(self, reason: JsValue = UNDEFINED) -> JsValue:
        """Reject; ignored once resolved."""
        if not self._resolving:
            self._resolving = True
            self._settle(PromiseState.REJECTED, reason)
        return UNDEFINED

    def _follow(self, value: JsValue) -> None:
        if value is self:
            self._settle(PromiseState.REJECTED, JsError("TypeError", "Chaining cycle detected for promise #<Promise>"))
            return
        if not isinstance(value, JsObject):
            self._settle(PromiseState.FULFILLED, value)
            return
        try:
            then = value.get("then")
        except JsThrow as thrown:
            self._settle(PromiseState.REJECTED, thrown.value)
            return
        if not isinstance(then, JsFunction):
            self._settle(PromiseState.FULFILLED, value)
            return
        self.loop.queue_microtask(lambda: self._call_then(value, then))

    def _call_then(self, thenable: JsObject, then: JsFunction) -> None:
        follower = JsPromise(self.loop)
        follower.subscribe(self._follow, lambda reason: self._settle(PromiseState.REJECTED, reason), immediate=True)
        try:
            then.call(thenable, (NativeFunction(follower.resolve), NativeFunction(follower.reject)))
        except JsThrow as thrown:
            follower.reject(thrown.value)

    def _settle(self, state: PromiseState, value: JsValue) -> None:
        if self.state is not PromiseState.PENDING:
            return
        self._resolving = True
        self.state = state
        self.value = value
        waiting, self._waiting = self._waiting, []
        for reaction in waiting:
            reaction()

    def subscribe(
        self,
        on_value: Callable[[JsValue], object],
        on_error: Callable[[JsValue], object],
        *,
        immediate: bool = False,
    ) -> None:
        """Call back with the outcome: in a microtask, or with ``immediate`` in the moment it is known."""
        self.handled = True

        def react() -> None:
            callback = on_value if self.state is PromiseState.FULFILLED else on_error
            if immediate:
                callback(self.value)
            else:
                self.loop.queue_microtask(lambda: callback(self.value))

        if self.state is PromiseState.PENDING:
            self._waiting.append(react)
        else:
            react()

    def then(self, on_fulfilled: JsValue = UNDEFINED, on_rejected: JsValue = UNDEFINED) -> JsPromise:
        """``promise.then``."""
        result = JsPromise(self.loop)

        def run(handler: JsValue, otherwise: Callable[[JsValue], JsValue]) -> Callable[[JsValue], None]:
            def reaction(value: JsValue) -> None:
                if not isinstance(handler, JsFunction):
                    otherwise(value)
                    return
                try:
                    result.resolve(handler.call(UNDEFINED, (value,)))
                except JsThrow as thrown:
                    result.reject(thrown.value)

            return reaction

        self.subscribe(run(on_fulfilled, result.resolve), run(on_rejected, result.reject))
        return result

    def finally_(self, on_finally: JsValue = UNDEFINED) -> JsPromise:
        """``promise.finally``."""
        if not isinstance(on_finally, JsFunction):
            return self.then(on_finally, on_finally)

        def pass_value(value: JsValue) -> JsValue:
            outcome = resolved_promise(self.loop, on_finally.call(UNDEFINED, ()))
            return outcome.then(NativeFunction(lambda: value))

        def pass_reason(reason: JsValue) -> JsValue:
            def rethrow() -> JsValue:
                raise JsThrow(reason)

            outcome = resolved_promise(self.loop, on_finally.call(UNDEFINED, ()))
            return outcome.then(NativeFunction(rethrow))

        return self.then(NativeFunction(pass_value), NativeFunction(pass_reason))

    METHODS: ClassVar[Mapping[PropertyKey, Callable[..., JsValue]]] = {
        "then": lambda this, on_fulfilled, on_rejected: this.then(on_fulfilled, on_rejected),
        "catch": lambda this, on_rejected: this.then(UNDEFINED, on_rejected),
        "finally": lambda this, on_finally: this.finally_(on_finally),
    }


def resolved_promise(loop: EventLoop, value: JsValue) -> JsPromise:
    """``Promise.resolve``."""
    if isinstance(value, JsPromise):
        return value
    promise = JsPromise(loop)
    promise.resolve(value)
    return promise


def promise_all(loop: EventLoop, items: Iterable[JsValue]) -> JsPromise:
    """``Promise.all``."""
    return _combine(loop, items, lambda promise, store: promise.subscribe(store, _no_result))


def promise_all_settled(loop: EventLoop, items: Iterable[JsValue]) -> JsPromise:
    """``Promise.allSettled``."""

    def attach(promise: JsPromise, store: Callable[[JsValue], None]) -> None:
        promise.subscribe(
            lambda value: store(JsObject({"status": "fulfilled", "value": value})),
            lambda reason: store(JsObject({"status": "rejected", "reason": reason})),
        )

    return _combine(loop, items, attach, stop_at_rejection=False)


def _no_result(_reason: JsValue) -> None:
    return None


def _combine(
    loop: EventLoop,
    items: Iterable[JsValue],
    attach: Callable[[JsPromise, Callable[[JsValue], None]], None],
    *,
    stop_at_rejection: bool = True,
) -> JsPromise:
    result = JsPromise(loop)
    inputs = [resolved_promise(loop, item) for item in items]
    values: list[JsValue] = [UNDEFINED] * len(inputs)
    missing = len(inputs)
    if not inputs:
        result.resolve(JsArray())

    def store_at(index: int) -> Callable[[JsValue], None]:
        def store(value: JsValue) -> None:
            nonlocal missing
            values[index] = value
            missing -= 1
            if not missing:
                result.resolve(JsArray(values))

        return store

    for index, promise in enumerate(inputs):
        attach(promise, store_at(index))
        if stop_at_rejection:
            promise.subscribe(_no_result, result.reject)
    return result


def promise_race(loop: EventLoop, items: Iterable[JsValue]) -> JsPromise:
    """``Promise.race``."""
    result = JsPromise(loop)
    for item in items:
        resolved_promise(loop, item).subscribe(result.resolve, result.reject)
    return result


def promise_any(loop: EventLoop, items: Iterable[JsValue]) -> JsPromise:
    """``Promise.any``."""
    result = JsPromise(loop)
    inputs = [resolved_promise(loop, item) for item in items]
    reasons: list[JsValue] = [UNDEFINED] * len(inputs)
    missing = len(inputs)

    def fail_at(index: int) -> Callable[[JsValue], None]:
        def fail(reason: JsValue) -> None:
            nonlocal missing
            reasons[index] = reason
            missing -= 1
            if not missing:
                result.reject(aggregate_error(JsArray(reasons), "All promises were rejected"))

        return fail

    for index, promise in enumerate(inputs):
        promise.subscribe(result.resolve, fail_at(index))
    if not inputs:
        result.reject(aggregate_error(JsArray(), "All promises were rejected"))
    return result


def promise_constructor(loop: EventLoop) -> JsFunction:
    """The ``Promise`` function of one isolate."""

    def construct(executor: JsValue) -> JsValue:
        promise = JsPromise(loop)
        if not isinstance(executor, JsFunction):
            raise JsThrow(JsError("TypeError", "Promise resolver is not a function"))
        try:
            executor.call(UNDEFINED, (NativeFunction(promise.resolve), NativeFunction(promise.reject)))
        except JsThrow as thrown:
            promise.reject(thrown.value)
        return promise

    def rejected(reason: JsValue) -> JsValue:
        promise = JsPromise(loop)
        promise.reject(reason)
        return promise

    return PromiseConstructor(
        construct,
        {
            "resolve": lambda value: resolved_promise(loop, value),
            "reject": rejected,
            "all": lambda items: promise_all(loop, iterate(items)),
            "allSettled": lambda items: promise_all_settled(loop, iterate(items)),
            "race": lambda items: promise_race(loop, iterate(items)),
            "any": lambda items: promise_any(loop, iterate(items)),
        },
    )


class PromiseConstructor(JsFunction):
    """``Promise``: callable only with ``new``."""

    __slots__ = ("_construct",)

    def __init__(
        self, construct: Callable[[JsValue], JsValue], statics: Mapping[str, Callable[[JsValue], JsValue]]
    ) -> None:
        super().__init__({name: NativeFunction(function, name) for name, function in statics.items()})
        self._construct = construct

    def call(self, this: JsValue, args: object) -> JsValue:
        """``this_function.apply(this, args)``."""
        raise JsThrow(JsError("TypeError", "Promise constructor cannot be invoked without 'new'"))

    def construct(self, args: object) -> JsValue:
        """``new this_function(...args)``."""
        return self._construct(args[0] if isinstance(args, tuple | list) and args else UNDEFINED)

    def function_name(self) -> str:
        """The ``name`` property."""
        return "Promise"
