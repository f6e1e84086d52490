"""AbortController and AbortSignal (DOM standard, section 3)."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, ClassVar, Final

from runtime_core.js.coded_errors import throw_argument, throw_coded, throw_out_of_range, throw_unconvertible
from runtime_core.js.control import JsThrow
from runtime_core.js.errors import DomError, throw_type_error
from runtime_core.js.events import EVENT_CLASSES, JsEvent, JsEventTarget
from runtime_core.js.functions import BuiltinFunction, NativeFunction
from runtime_core.js.iteration import iterate
from runtime_core.js.values import UNDEFINED, BigInt, JsObject, JsValue, PropertyKey

if TYPE_CHECKING:
    from runtime_core.js.host import JsHost

_MAX_TIMEOUT: Final = (1 << 32) - 1


class JsAbortSignal(JsEventTarget):
    """An AbortSignal. Host code reads ``aborted`` and ``reason``, and asks with :meth:`when_aborted`."""

    __slots__ = ("_actions", "_dependents", "aborted", "reason")

    class_name: ClassVar[str] = "AbortSignal"
    type_tag: ClassVar[str] = "AbortSignal"

    def __init__(self, host: JsHost) -> None:
        super().__init__(host)
        self.aborted = False
        self.reason: JsValue = UNDEFINED
        self._actions: list[Callable[[], object]] = []
        self._dependents: list[JsAbortSignal] = []

    def when_aborted(self, action: Callable[[], object]) -> None:
        """Run ``action`` when the signal is aborted, before the event; at once if it was."""
        if self.aborted:
            action()
        else:
            self._actions.append(action)

    def forget(self, action: Callable[[], object]) -> None:
        """Do not run an action of :meth:`when_aborted` any more."""
        if action in self._actions:
            self._actions.remove(action)

    def follow(self, source: JsAbortSignal) -> None:
        """Be aborted when ``source`` is."""
        source._dependents.append(self)

    def abort(self, reason: JsValue) -> None:
        """Abort it and what depends on it, with the same reason; only the first time counts."""
        if self.aborted:
            return
        fired = [self, *(signal for signal in self._all_dependents() if not signal.aborted)]
        for signal in fired:
            signal.aborted, signal.reason = True, reason
        for signal in fired:
            actions, signal._actions = signal._actions, []
            signal._dependents = []
            for action in actions:
                action()
            signal.dispatch(JsEvent(self.host, "abort", trusted=True))

    def _all_dependents(self) -> list[JsAbortSignal]:
        found: dict[JsAbortSignal, None] = {}
        left = self._dependents[::-1]
        while left:
            signal = left.pop()
            if signal not in found:
                found[signal] = None
                left += signal._dependents[::-1]
        return list(found)

    def throw_if_aborted(self) -> JsValue:
        """``signal.throwIfAborted()``."""
        if self.aborted:
            raise JsThrow(self.reason)
        return UNDEFINED

    GETTERS: ClassVar[Mapping[PropertyKey, Callable[..., JsValue]]] = {
        "aborted": lambda this: this.aborted,
        "onabort": lambda this: this.handler("abort"),
        "reason": lambda this: this.reason,
    }
    SETTERS: ClassVar[Mapping[PropertyKey, Callable[..., object]]] = {
        "onabort": lambda this, value: this.set_handler("abort", value),
    }
    METHODS: ClassVar[Mapping[PropertyKey, Callable[..., JsValue]]] = {
        "throwIfAborted": lambda this: this.throw_if_aborted(),
    }


class JsAbortController(JsObject):
    """An AbortController."""

    __slots__ = ("signal",)

    class_name: ClassVar[str] = "AbortController"
    type_tag: ClassVar[str] = "AbortController"

    def __init__(self, host: JsHost) -> None:
        super().__init__()
        self.signal = JsAbortSignal(host)

    def constructor(self) -> JsValue:
        """The constructor of the isolate."""
        return self.signal.host.globals.get(self.class_name)

    def abort(self, reason: JsValue) -> JsValue:
        """``controller.abort(reason)``."""
        self.signal.abort(_reason(reason))
        return UNDEFINED

    GETTERS: ClassVar[Mapping[PropertyKey, Callable[..., JsValue]]] = {"signal": lambda this: this.signal}
    METHODS: ClassVar[Mapping[PropertyKey, Callable[..., JsValue]]] = {
        "abort": lambda this, reason=UNDEFINED: this.abort(reason),
    }


def _reason(given: JsValue) -> JsValue:
    return DomError("This operation was aborted", "AbortError") if given is UNDEFINED else given


def aborted_signal(host: JsHost, reason: JsValue) -> JsAbortSignal:
    """``AbortSignal.abort(reason)``."""
    signal = JsAbortSignal(host)
    signal.aborted, signal.reason = True, _reason(reason)
    return signal


def timeout_signal(host: JsHost, delay: JsValue) -> JsAbortSignal:
    """``AbortSignal.timeout(milliseconds)``."""
    if isinstance(delay, bool | BigInt) or not isinstance(delay, int | float):
        throw_argument("delay", "of type number", delay)
    if not math.isfinite(delay) or delay != int(delay):
        throw_out_of_range("delay", "an integer", delay)
    if not 0 <= delay <= _MAX_TIMEOUT:
        throw_out_of_range("delay", f">= 0 && <= {_MAX_TIMEOUT}", delay)
    signal = JsAbortSignal(host)

    def expire() -> None:
        signal.abort(DomError("The operation was aborted due to timeout", "TimeoutError"))

    host.loop.schedule(expire, max(delay, 1) / 1000)
    return signal


def any_signal(host: JsHost, signals: JsValue) -> JsAbortSignal:
    """``AbortSignal.any(signals)``."""
    if not isinstance(signals, JsObject):
        throw_unconvertible("signals cannot be converted to sequence.")
    sources: list[JsAbortSignal] = []
    for index, signal in enumerate(iterate(signals)):
        if not isinstance(signal, JsAbortSignal):
            throw_unconvertible(f"signals[{index}] is not of type AbortSignal.")
        sources.append(signal)
    result = JsAbortSignal(host)
    for source in sources:
        if source.aborted:
            result.aborted, result.reason = True, source.reason
            return result
    for source in sources:
        result.follow(source)
    return result


def _make_signal(host: JsHost) -> JsValue:
    def call() -> JsValue:
        throw_type_error("Class constructor AbortSignal cannot be invoked without 'new'")

    def construct() -> JsValue:
        throw_coded("TypeError", "ERR_ILLEGAL_CONSTRUCTOR", "Illegal constructor")

    statics: dict[str, Callable[..., JsValue]] = {
        "abort": lambda reason=UNDEFINED: aborted_signal(host, reason),
        "any": lambda signals: any_signal(host, signals),
        "timeout": lambda delay: timeout_signal(host, delay),
    }
    return BuiltinFunction(call, "AbortSignal", constructor=construct, statics=statics, instances=JsAbortSignal)


def _make_controller(host: JsHost) -> JsValue:
    def call() -> JsValue:
        throw_type_error("Class constructor AbortController cannot be invoked without 'new'")

    return BuiltinFunction(
        call, "AbortController", constructor=lambda: JsAbortController(host), instances=JsAbortController
    )


def abort_signal_any(host: JsHost) -> JsValue:
    """``abortSignalAny`` of Pyodide's internal API."""
    return NativeFunction(lambda signals: any_signal(host, signals), "abortSignalAny")


EVENT_MAKERS: Final[Mapping[str, Callable[[JsHost], JsValue]]] = {
    **EVENT_CLASSES,
    "AbortController": _make_controller,
    "AbortSignal": _make_signal,
}
