"""Atomics: operations on the elements of integer arrays. With one agent per isolate each is trivially atomic."""

from __future__ import annotations

import math
import operator
from collections.abc import Callable
from typing import ClassVar, Final

from runtime_core.js.array_buffer import JsSharedArrayBuffer
from runtime_core.js.buffers import TypedArray, buffer_element
from runtime_core.js.coerce import to_integer_or_infinity, to_numeric
from runtime_core.js.elements import to_bigint, to_index
from runtime_core.js.errors import throw, throw_error, throw_type_error
from runtime_core.js.functions import BuiltinFunction
from runtime_core.js.operators import to_string, type_tag
from runtime_core.js.values import SYMBOL_TO_STRING_TAG, UNDEFINED, BigInt, JsObject, JsValue

_INDEX: Final = "Invalid atomic access index"
_WAITABLE: Final = ("Int32Array", "BigInt64Array")


def _shown(value: JsValue) -> str:
    return type_tag(value) if isinstance(value, JsObject) else to_string(value)


def _integers(value: JsValue, method: str) -> TypedArray:
    if not isinstance(value, TypedArray) or value.element.is_float or value.element.is_clamped:
        throw_type_error(f"{_shown(value)} is not an integer typed array.")
    if value.is_out_of_bounds:
        throw_type_error(f"Cannot perform Atomics.{method} on a detached ArrayBuffer")
    return value


def _locate(array: TypedArray, index: JsValue) -> int:
    position = to_index(index, _INDEX)
    if position >= array.length:
        throw("RangeError", _INDEX)
    return position


def _operand(array: TypedArray, value: JsValue) -> JsValue:
    """A value as Atomics converts it: an integer that is not yet wrapped."""
    if array.element.is_bigint:
        return BigInt(to_bigint(value))
    number = to_integer_or_infinity(value)
    return int(number) if abs(number) != float("inf") else number


def _load(array: TypedArray, position: int) -> int:
    value = buffer_element(array, position)
    return value if isinstance(value, int) else 0


def _update(name: str, combine: Callable[[int, int], int]) -> Callable[..., JsValue]:
    def update(target: JsValue, index: JsValue, value: JsValue) -> JsValue:
        array = _integers(target, name)
        position = _locate(array, index)
        operand = _operand(array, value)
        old = _load(_integers(array, name), position)
        result = combine(int(old), int(array.element.convert(operand)))
        array.store(position, BigInt(result) if array.element.is_bigint else result)
        return array.element.present(old)

    return update


def _load_value(target: JsValue, index: JsValue) -> JsValue:
    array = _integers(target, "load")
    return array.element.present(_load(array, _locate(array, index)))


def _store(target: JsValue, index: JsValue, value: JsValue) -> JsValue:
    array = _integers(target, "store")
    position = _locate(array, index)
    operand = _operand(array, value)
    array.store(position, operand)
    return operand


def _compare_exchange(target: JsValue, index: JsValue, expected: JsValue, replacement: JsValue) -> JsValue:
    array = _integers(target, "compareExchange")
    position = _locate(array, index)
    wanted = array.element.convert(_operand(array, expected))
    operand = _operand(array, replacement)
    old = _load(_integers(array, "compareExchange"), position)
    if old == wanted:
        array.store(position, operand)
    return array.element.present(old)


def _waitable(target: JsValue, method: str) -> TypedArray:
    if not isinstance(target, TypedArray) or target.class_name not in _WAITABLE:
        throw_type_error(f"{_shown(target)} is not an int32 or BigInt64 typed array.")
    return _integers(target, method)


def _notify(target: JsValue, index: JsValue, count: JsValue = UNDEFINED) -> JsValue:
    array = _waitable(target, "notify")
    _locate(array, index)
    to_integer_or_infinity(count)
    return 0  # nobody can be waiting


def _would_wait(target: JsValue, index: JsValue, value: JsValue, timeout: JsValue, method: str) -> str | None:
    """How a wait ends at once, None for one that nobody could end: an isolate has no other agents."""
    array = _waitable(target, method)
    if not isinstance(array.buffer, JsSharedArrayBuffer):
        throw_type_error(f"{_shown(array)} is not a shared typed array.")
    position = _locate(array, index)
    expected = array.element.convert(value)
    limit = to_numeric(timeout) if timeout is not UNDEFINED else math.inf
    if _load(array, position) != expected:
        return "not-equal"
    return "timed-out" if limit < math.inf else None


def _wait(target: JsValue, index: JsValue, value: JsValue, timeout: JsValue = UNDEFINED) -> JsValue:
    result = _would_wait(target, index, value, timeout, "wait")
    if result is None:
        throw_error("Atomics.wait would wait for ever: an isolate has no other agents that could wake it")
    return result


def _wait_async(target: JsValue, index: JsValue, value: JsValue, timeout: JsValue = UNDEFINED) -> JsValue:
    result = _would_wait(target, index, value, timeout, "waitAsync")
    if result is None:
        throw_error("Atomics.waitAsync would wait for ever: an isolate has no other agents that could wake it")
    return JsObject({"async": False, "value": result})


def _is_lock_free(size: JsValue) -> JsValue:
    return to_integer_or_infinity(size) in (1, 2, 4, 8)


_FUNCTIONS: Final[dict[str, Callable[..., JsValue]]] = {
    "load": _load_value,
    "store": _store,
    "add": _update("add", operator.add),
    "sub": _update("sub", operator.sub),
    "and": _update("and", operator.and_),
    "or": _update("or", operator.or_),
    "xor": _update("xor", operator.xor),
    "exchange": _update("exchange", lambda old, new: new),
    "compareExchange": _compare_exchange,
    "isLockFree": _is_lock_free,
    "wait": _wait,
    "waitAsync": _wait_async,
    "notify": _notify,
    "pause": lambda: UNDEFINED,
}


class AtomicsNamespace(JsObject):
    """The ``Atomics`` object of one isolate."""

    __slots__ = ()

    type_tag: ClassVar[str] = "Atomics"

    def __init__(self) -> None:
        super().__init__({name: BuiltinFunction(function, name) for name, function in _FUNCTIONS.items()})
        self.set(SYMBOL_TO_STRING_TAG, "Atomics")

    def own_keys(self) -> list[str]:
        """The names of own enumerable properties."""
        return [key for key in super().own_keys() if key not in _FUNCTIONS]

    def own_names(self) -> list[str]:
        """All own names."""
        return super().own_keys()
