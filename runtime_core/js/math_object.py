"""``Math``."""

from __future__ import annotations

import math
import os
import struct
from collections.abc import Callable, Mapping
from typing import Final

from runtime_core.engine.current import CURRENT
from runtime_core.js.coerce import normal, to_numeric, to_uint32
from runtime_core.js.entropy import random_bytes
from runtime_core.js.functions import with_length
from runtime_core.js.values import JsValue, PropertyKey

_INF: Final = math.inf
_NAN: Final = math.nan


def _is_negative_zero(value: float) -> bool:
    return value == 0 and math.copysign(1, value) < 0


def _total(function: Callable[[float], float]) -> Callable[[JsValue], JsValue]:
    """A function of one number: NaN where it is undefined, an infinity where it overflows."""

    def call(x: JsValue) -> JsValue:
        value = to_numeric(x)
        if value != value:
            return _NAN
        try:
            return normal(function(value))
        except ValueError:
            return _NAN
        except OverflowError:
            return _INF

    return call


def _keep(function: Callable[[float], int]) -> Callable[[float], float]:
    """A rounding function that keeps infinities and the sign of zero."""

    def call(value: float) -> float:
        if math.isinf(value) or value == 0:
            return value
        result = function(value)
        return math.copysign(0.0, value) if result == 0 else float(result)

    return call


def _round(value: float) -> int:
    whole = math.floor(value)
    return whole + (value - whole >= 0.5)


def _atanh(value: float) -> float:
    return math.copysign(_INF, value) if abs(value) == 1 else math.atanh(value)


def _log(function: Callable[[float], float]) -> Callable[[float], float]:
    return lambda value: -_INF if value == 0 else function(value)


def _log1p(value: float) -> float:
    return -_INF if value == -1 else math.log1p(value)


def _sinh(value: float) -> float:
    try:
        return math.sinh(value)
    except OverflowError:
        return math.copysign(_INF, value)


def _cbrt(value: float) -> float:
    root = math.cbrt(value)
    nearest = round(root) if math.isfinite(root) else 0
    return float(nearest) if nearest and nearest**3 == value else root


def _fround(value: float) -> float:
    try:
        return float(struct.unpack("<f", struct.pack("<f", float(value)))[0])
    except OverflowError:
        return math.copysign(_INF, value)


def _f16round(value: float) -> float:
    try:
        return float(struct.unpack("<e", struct.pack("<e", float(value)))[0])
    except OverflowError:
        return math.copysign(_INF, value)


def random() -> float:
    """``Math.random``: 53 bits of the isolate's entropy."""
    host = CURRENT.host
    data = os.urandom(8) if host is None else random_bytes(host.emscripten.entropy, 8)
    return (int.from_bytes(data, "little") >> 11) / (1 << 53)


def _sign(value: float) -> float:
    return value if value == 0 else math.copysign(1, value)


def _extreme(values: tuple[JsValue, ...], *, largest: bool) -> JsValue:
    numbers = [to_numeric(value) for value in values]
    result: float = -_INF if largest else _INF
    for number in numbers:
        if number != number:
            return _NAN
        better = number > result if largest else number < result
        if better or (number == 0 == result and _is_negative_zero(result if largest else number)):
            result = number
    return normal(result)


def _hypot(*values: JsValue) -> JsValue:
    numbers = [abs(to_numeric(value)) for value in values]
    if _INF in numbers:
        return _INF
    return normal(math.hypot(*numbers))


def power(base: float, exponent: float) -> float:
    """``base ** exponent`` of numbers."""
    if exponent != exponent or (abs(base) == 1 and math.isinf(exponent)):
        return _NAN
    try:
        return math.pow(base, exponent)
    except OverflowError:
        return -_INF if base < 0 and exponent % 2 == 1 else _INF
    except ValueError:
        if base == 0:  # a negative exponent
            return -_INF if _is_negative_zero(base) and exponent % 2 == 1 else _INF
        return _NAN


def _imul(x: JsValue, y: JsValue) -> JsValue:
    product = to_uint32(x) * to_uint32(y) & 0xFFFFFFFF
    return product - (1 << 32) if product & 0x80000000 else product


CONSTANTS: Final[Mapping[PropertyKey, JsValue]] = {
    "E": math.e,
    "LN10": math.log(10),
    "LN2": math.log(2),
    "LOG10E": 0.4342944819032518,
    "LOG2E": 1.4426950408889634,
    "PI": math.pi,
    "SQRT1_2": 0.7071067811865476,
    "SQRT2": 1.4142135623730951,
}

FUNCTIONS: Final[Mapping[str, Callable[..., JsValue]]] = {
    "abs": _total(abs),
    "acos": _total(math.acos),
    "acosh": _total(math.acosh),
    "asin": _total(math.asin),
    "asinh": _total(math.asinh),
    "atan": _total(math.atan),
    "atanh": _total(_atanh),
    "atan2": lambda y, x: normal(math.atan2(to_numeric(y), to_numeric(x))),
    "ceil": _total(_keep(math.ceil)),
    "cbrt": _total(_cbrt),
    "expm1": _total(math.expm1),
    "clz32": lambda x: 32 - to_uint32(x).bit_length(),
    "cos": _total(math.cos),
    "cosh": _total(math.cosh),
    "exp": _total(math.exp),
    "f16round": _total(_f16round),
    "floor": _total(_keep(math.floor)),
    "fround": _total(_fround),
    "hypot": with_length(2, _hypot),
    "imul": _imul,
    "log": _total(_log(math.log)),
    "log1p": _total(_log1p),
    "log2": _total(_log(math.log2)),
    "log10": _total(_log(math.log10)),
    "max": with_length(2, lambda *values: _extreme(values, largest=True)),
    "min": with_length(2, lambda *values: _extreme(values, largest=False)),
    "pow": lambda base, exponent: normal(power(to_numeric(base), to_numeric(exponent))),
    "random": random,
    "round": _total(_keep(_round)),
    "sign": _total(_sign),
    "sin": _total(math.sin),
    "sinh": _total(_sinh),
    "sqrt": _total(math.sqrt),
    "tan": _total(math.tan),
    "tanh": _total(math.tanh),
    "trunc": _total(_keep(math.trunc)),
}
