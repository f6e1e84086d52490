"""What surrounds a request to a worker: its environment, its context, and the work that it leaves behind."""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from typing import Final, TypeVar

from runtime_core.js.arrays import JsArray
from runtime_core.js.buffers import uint8_array
from runtime_core.js.errors import JsError
from runtime_core.js.host import JsHost
from runtime_core.js.promises import NeverSettledError
from runtime_core.js.values import JsObject, JsValue, PropertyKey, join_surrogates, number_from_int
from runtime_core.js.workerd import ExecutionContext
from schemas.errors import ConfigError, PythonError

_MAX_DEPTH: Final = 100
_T = TypeVar("_T")


def environment_of(env: Mapping[str, object]) -> dict[PropertyKey, JsValue]:
    """The members of ``env`` for a guest.

    Raises:
        ConfigError: a name that is no text, or a value that is no JSON and no bytes.
    """
    for name in env:
        if not isinstance(name, str):
            raise ConfigError("a name in env is no text", expected="str", found=repr(name)[:80])
    return {name: _value(value, name) for name, value in env.items()}


def new_context(js: JsHost) -> JsObject:
    """``ctx`` of one request."""
    return ExecutionContext(js)


def _value(value: object, name: str, depth: int = 0) -> JsValue:
    if depth > _MAX_DEPTH:
        raise ConfigError(f"env.{name} is nested too deep", expected=f"at most {_MAX_DEPTH} levels")
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, int):
        return number_from_int(value)
    if isinstance(value, float) and math.isfinite(value):
        return value
    if isinstance(value, str):
        return join_surrogates(value)
    if isinstance(value, bytes):
        return uint8_array(value)
    if isinstance(value, Mapping) and all(isinstance(key, str) for key in value):
        return JsObject({key: _value(item, name, depth + 1) for key, item in value.items()})
    if isinstance(value, Sequence) and not isinstance(value, bytearray | memoryview):
        return JsArray(_value(item, name, depth + 1) for item in value)
    raise ConfigError(
        f"env.{name} cannot be handed to a worker",
        expected="str, bytes, or what JSON has",
        found=type(value).__name__,
        hint="offer functions as modules: IsolateOptions.modules",
    )


def serve(js: JsHost, handle: Callable[[], _T]) -> _T:
    """Handle a request, and what it gave to ``waitUntil``, also where it failed.

    Raises:
        PlatformError: what ``handle`` raises. What fails in ``waitUntil`` is written to the guest's standard error.
    """
    objects = js.workerd
    outer = objects.serves, objects.waiting  # a host function may send the isolate that called it a request
    objects.serves, objects.waiting = True, deque()
    try:
        try:
            answer = handle()
        except Exception:  # not KeyboardInterrupt, which ends everything
            if not js.instance.poisoned:
                _finish(js)
            raise
        _finish(js)
        return answer
    finally:
        objects.serves, objects.waiting = outer


def _finish(js: JsHost) -> None:
    waiting = js.workerd.waiting
    while waiting:
        try:
            js.perform(js.settle, waiting.popleft())
        except PythonError as error:
            js.perform(js.report, js.thrown_value(error))
        except NeverSettledError as error:
            js.perform(js.report, JsError("Error", f"waitUntil: {error}"))
