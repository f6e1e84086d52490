"""What the interface's WebAssembly code imports (runtime_core/wasm/interface_code.py): few, and each for many."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from runtime_core.js.arrays import JsArray
from runtime_core.js.bulk import copy_to_javascript
from runtime_core.js.control import JsThrow
from runtime_core.js.functions import JsFunction
from runtime_core.js.jsv_imports import has_tag, promise_check, require_function
from runtime_core.js.registry import ImportTable
from runtime_core.js.strings import encode_python
from runtime_core.js.values import MAX_SAFE_INTEGER, JsValue
from schemas.errors import GuestFault

if TYPE_CHECKING:
    from runtime_core.js.host import JsHost

_PROMISE: Final = 1
_GENERATOR: Final = 2
_ASYNC_GENERATOR: Final = 4

_OTHER: Final = -1
_FRACTION: Final = -2
_WHOLE: Final = -3


def _values(js: JsHost, count: int, raw: tuple[int, ...]) -> list[JsValue]:
    """What raw bits, as signed integers, stand for; small integers without asking the table."""
    decode = js.refs.decode
    return [bits >> 4 if bits & 15 == 1 else decode(bits & 0xFFFFFFFF) for bits in raw[:count]]


def call(js: JsHost, function: JsValue, this: JsValue, count: int, *raw: int) -> JsValue:
    """``function.apply(this, args)`` with up to four arguments as raw bits."""
    values = _values(js, count, raw)
    if not isinstance(function, JsFunction):
        function = require_function(function)
    return function.call(this, values)


def push(js: JsHost, array: JsValue, count: int, *raw: int) -> None:
    """``array.push(...)`` with up to four values as raw bits."""
    if type(array) is not JsArray:
        raise GuestFault("push of pending values", expected="an Array", found=repr(array))
    array.items += _values(js, count, raw)


def classify(js: JsHost, value: JsValue) -> int:
    """What Pyodide asks of each result of a call, as bits."""
    try:
        if promise_check(js, value):
            return _PROMISE
        return _GENERATOR * has_tag(value, "Generator") | _ASYNC_GENERATOR * has_tag(value, "AsyncGenerator")
    except (JsThrow, RecursionError):
        return 0


def write_primitive(js: JsHost, value: JsValue, address: int, capacity: int) -> int:
    """Write a text or number to the guest's memory; returns which, see interface_code.py."""
    kind = type(value)
    if kind is float or kind is int:
        number = float(value)  # type: ignore[arg-type]  # kind is int or float
        js.memory.write_f64(address, number)
        return _WHOLE if abs(number) <= MAX_SAFE_INTEGER and number.is_integer() else _FRACTION
    if kind is not str or len(value) > capacity:  # type: ignore[arg-type]  # kind is str
        return _OTHER
    data, largest = encode_python(value)  # type: ignore[arg-type]  # kind is str
    if len(data) > capacity:
        return _OTHER
    js.memory.write(address, data)
    width = 1 if largest < 0x100 else 2 if largest < 0x10000 else 4
    return len(data) // width << 2 | width & 3


INTERFACE_IMPORTS: Final = ImportTable(
    module="runtime",
    plain={"push": push, "classify": classify, "primitive": write_primitive},
    value={"call": call, "to_js": copy_to_javascript},
)
