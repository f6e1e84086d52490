"""Promises, step by step as the language defines them (ECMAScript, section 27.2), so that their order is the same."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from enum import Enum
from typing import ClassVar

from runtime_core.js.control import JsThrow
from runtime_core.js.errors import JsError
from runtime_core.js.eventloop import EventLoop, value_of
from runtime_core.js.functions import JsFunction, NativeFunction
from runtime_core.js.operators import call_method
from runtime_core.js.values import UNDEFINED, JsObject, JsValue, PropertyKey
from schemas.errors import WorkerError


class PromiseState(Enum):
    """The states of a promise."""

    PENDING = "pending"
    FULFILLED = "fulfilled"
    REJECTED = "rejected"


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

    @property
    def is_settled(self) -> bool:
        """Whether it is fulfilled or rejected."""
        return self.state is not PromiseState.PENDING

    def constructor(self) -> JsValue:
        """The ``Promise`` function of the isolate, if it was made."""
        return self.loop.promise_function or super().constructor()

    def resolve(self, value: JsValue = UNDEFINED) -> JsValue:
        """Resolve with a value, or follow a thenable. Later resolutions are ignored."""
        if not self._resolving:
            self._resolving = True
            self._follow(value)
        return UNDEFINED

    def fulfill(self, value: JsValue) -> None:
        """Settle with a value as it is: one with a ``then`` is not followed. Ignored once resolved."""
        if not self._resolving:
            self._resolving = True
            self._settle(PromiseState.FULFILLED, value)

    def reject(self, reason: JsValue = UNDEFINED) -> JsValue:
        """Reject; ignored once resolved."""
        if not self._resolving:
            self._resolving = True
            self._settle(PromiseState.REJECTED, reason)
        return UNDEFINED

    def functions(self) -> tuple[NativeFunction, NativeFunction]:
        """The functions that resolve and reject it."""

        def resolve(value: JsValue) -> JsValue:
            return self.resolve(value)

        def reject(reason: JsValue) -> JsValue:
            return self.reject(reason)

        return NativeFunction(resolve), NativeFunction(reject)

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
        if isinstance(then, JsFunction):
            self.loop.queue_microtask(lambda: self._call_then(value, then))
        else:
            self._settle(PromiseState.FULFILLED, value)

    def _call_then(self, thenable: JsObject, then: JsFunction) -> None:
        settled = False

        def once(action: Callable[[JsValue], None]) -> Callable[[JsValue], JsValue]:
            def call(value: JsValue) -> JsValue:
                nonlocal settled
                if not settled:
                    settled = True
                    action(value)
                return UNDEFINED

            return call

        reject = once(lambda reason: self._settle(PromiseState.REJECTED, reason))
        try:
            then.call(thenable, (NativeFunction(once(self._follow)), NativeFunction(reject)))
        except (JsThrow, RecursionError) as error:
            reject(value_of(error))

    def _settle(self, state: PromiseState, value: JsValue) -> None:
        self._resolving = True
        self.state = state
        self.value = value
        if state is PromiseState.REJECTED and not self.handled:
            self.loop.note_rejection(self)
        waiting, self._waiting = self._waiting, []
        for reaction in waiting:
            reaction()

    def subscribe(self, on_value: Callable[[JsValue], object], on_error: Callable[[JsValue], object]) -> None:
        """Call back with the outcome in a microtask once it is known."""
        self.handled = True

        def react() -> None:
            callback = on_value if self.state is PromiseState.FULFILLED else on_error
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
                except (JsThrow, RecursionError) as error:
                    result.reject(value_of(error))

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
        "catch": lambda this, on_rejected: call_method(this, "then", (UNDEFINED, on_rejected)),
        "finally": lambda this, on_finally: this.finally_(on_finally),
    }


def resolved_promise(loop: EventLoop, value: JsValue) -> JsPromise:
    """``Promise.resolve``."""
    if isinstance(value, JsPromise):
        return value
    promise = JsPromise(loop)
    promise.resolve(value)
    return promise


def rejected_promise(loop: EventLoop, reason: JsValue) -> JsPromise:
    """``Promise.reject``."""
    promise = JsPromise(loop)
    promise.reject(reason)
    return promise


class NeverSettledError(WorkerError):
    """Somebody waits for a promise that nothing can settle any more."""


def run_until_settled(promise: JsPromise, *, after_task: Callable[[], object] | None = None) -> JsValue:
    """Run a promise's loop until it settles; returns its value.

    Raises:
        JsThrow: the promise was rejected.
        NeverSettledError: nothing is scheduled that could settle it.
    """
    loop = promise.loop
    promise.handled = True
    loop.run_microtasks()
    while promise.state is PromiseState.PENDING:
        if not loop.run_one() and promise.state is PromiseState.PENDING:
            raise NeverSettledError(
                "the awaited result can never arrive: nothing is scheduled that could produce it",
                hint="check for a future or promise that nobody resolves",
            )
        if after_task is not None:
            after_task()
    if promise.state is PromiseState.REJECTED:
        raise JsThrow(promise.value)
    return promise.value
