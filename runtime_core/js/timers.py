"""``setTimeout`` and its family, ``queueMicrotask``, and the callback scheduler of Pyodide's event loop."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Final

from runtime_core.js.coded_errors import throw_argument
from runtime_core.js.control import JsThrow
from runtime_core.js.errors import JsError
from runtime_core.js.functions import JsFunction, NativeFunction
from runtime_core.js.operators import to_number
from runtime_core.js.values import UNDEFINED, BigInt, JsValue

if TYPE_CHECKING:
    from runtime_core.js.host import JsHost

Maker = Callable[["JsHost"], JsValue]
MAX_MICROTASKS: Final = 1 << 20
_MAX_DELAY: Final = (1 << 31) - 1  # milliseconds; longer ones count as 1, as everywhere
_IMMEDIATE_MILLISECONDS: Final = 2  # Pyodide's scheduler takes delays up to this for none


def callback(value: JsValue) -> JsFunction:
    """A callback. A Python function given without create_proxy is only lent: it is gone when it is to be called.

    Raises:
        JsThrow: a TypeError for anything else.
    """
    if not isinstance(value, JsFunction):
        throw_argument("callback", "of type function", value)
    return value


def delay_seconds(value: JsValue) -> float:
    """A delay in milliseconds, as scripts give it, in seconds: whole milliseconds, at least one."""
    delay = to_number(value)
    return (math.floor(delay) if 1 <= delay <= _MAX_DELAY else 1) / 1000


def _set_timeout(host: JsHost) -> JsValue:
    def set_timeout(function: JsValue, delay: JsValue, *args: JsValue) -> JsValue:
        task = callback(function)
        return host.loop.schedule(lambda: task.call(UNDEFINED, args), delay_seconds(delay))

    return NativeFunction(set_timeout, "setTimeout")


def _set_interval(host: JsHost) -> JsValue:
    def set_interval(function: JsValue, delay: JsValue, *args: JsValue) -> JsValue:
        task = callback(function)
        return host.loop.schedule_repeated(lambda: task.call(UNDEFINED, args), delay_seconds(delay))

    return NativeFunction(set_interval, "setInterval")


def _set_immediate(host: JsHost) -> JsValue:
    def set_immediate(function: JsValue, *args: JsValue) -> JsValue:
        task = callback(function)
        return host.loop.schedule_immediate(lambda: task.call(UNDEFINED, args))

    return NativeFunction(set_immediate, "setImmediate")


def _clear(name: str) -> Maker:
    def make(host: JsHost) -> JsValue:
        def clear(timer: JsValue) -> JsValue:
            number = _timer_id(timer)
            if number is not None:
                host.loop.cancel(number)
            return UNDEFINED

        return NativeFunction(clear, name)

    return make


def _timer_id(value: JsValue) -> int | None:
    """The id that a value stands for; ids given as text count, too."""
    if isinstance(value, bool | BigInt):
        return None
    if isinstance(value, str):
        return int(value) if value.isascii() and value.isdigit() and len(value) < 20 else None
    return int(value) if isinstance(value, int | float) and value == value and abs(value) < math.inf else None


def _queue_microtask(host: JsHost) -> JsValue:
    def queue(function: JsValue) -> JsValue:
        task = callback(function)
        if host.loop.microtask_count >= MAX_MICROTASKS:
            raise JsThrow(JsError("RangeError", f"more than {MAX_MICROTASKS} microtasks are queued"))
        host.loop.queue_microtask(lambda: task.call(UNDEFINED, ()))
        return UNDEFINED

    return NativeFunction(queue, "queueMicrotask")


def schedule_callback(host: JsHost) -> JsValue:
    """``scheduleCallback`` of Pyodide's internal API: what asyncio's event loop schedules with."""

    def schedule(function: JsValue, delay: JsValue) -> JsValue:
        task = callback(function)
        milliseconds = 0.0 if delay is UNDEFINED else to_number(delay)
        if milliseconds <= _IMMEDIATE_MILLISECONDS:
            host.loop.schedule_immediate(lambda: task.call(UNDEFINED, ()), subject=task)
        else:
            host.loop.schedule(lambda: task.call(UNDEFINED, ()), delay_seconds(milliseconds), subject=task)
        return UNDEFINED

    return NativeFunction(schedule, "scheduleCallback")


TIMER_MAKERS: Final[Mapping[str, Maker]] = {
    "clearImmediate": _clear("clearImmediate"),
    "clearInterval": _clear("clearInterval"),
    "clearTimeout": _clear("clearTimeout"),
    "queueMicrotask": _queue_microtask,
    "setImmediate": _set_immediate,
    "setInterval": _set_interval,
    "setTimeout": _set_timeout,
}
