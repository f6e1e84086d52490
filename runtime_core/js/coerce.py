"""Conversions that the language makes of arguments: ToPrimitive, ToNumber, ToIntegerOrInfinity, ToLength, ToString."""

from __future__ import annotations

import math
import re
from typing import Final

from runtime_core.js.errors import throw_type_error
from runtime_core.js.functions import JsFunction
from runtime_core.js.operators import to_string, typeof
from runtime_core.js.values import (
    MAX_SAFE_INTEGER,
    SYMBOL_TO_PRIMITIVE,
    UNDEFINED,
    BigInt,
    JsObject,
    JsSymbol,
    JsValue,
    join_surrogates,
)

WHITESPACE: Final = (
    "\t\n\v\f\r \xa0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a"
    "\u2028\u2029\u202f\u205f\u3000\ufeff"
)
"""What the language strips as white space and line terminators."""

_DECIMAL: Final = re.compile(r"[+-]?(?:Infinity|(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?)\Z")
_RADIX: Final = re.compile(r"0(?:[xX][0-9a-fA-F]+|[oO][0-7]+|[bB][01]+)\Z")
_RADIXES: Final = {"x": 16, "o": 8, "b": 2}
MAX_NUMBER_TEXT: Final = 1 << 20  # characters of a numeral that the host reads


def to_primitive(value: JsValue, hint: str = "default") -> JsValue:
    """The primitive that an object stands for; ``hint`` is default, number or string.

    Raises:
        JsThrow: TypeError where the object offers none.
    """
    if not isinstance(value, JsObject):
        return value
    exotic = value.get(SYMBOL_TO_PRIMITIVE)
    if exotic is not UNDEFINED and exotic is not None:
        if not isinstance(exotic, JsFunction):
            throw_type_error(f"{typeof(exotic)} is not a function")
        return _require_primitive(exotic.call(value, (hint,)))
    for name in ("toString", "valueOf") if hint == "string" else ("valueOf", "toString"):
        method = value.get(name)
        if isinstance(method, JsFunction):
            result = method.call(value, ())
            if not isinstance(result, JsObject):
                return result
    return throw_type_error("Cannot convert object to primitive value")


def _require_primitive(value: JsValue) -> JsValue:
    if isinstance(value, JsObject):
        throw_type_error("Cannot convert object to primitive value")
    return value


def to_numeric(value: JsValue) -> float:
    """``Number`` as operators and built-in functions apply it to an argument.

    Raises:
        JsThrow: TypeError for symbols and bigints, and what conversions of objects throw.
    """
    kind = type(value)
    if kind is float or kind is int:
        return value  # type: ignore[return-value]  # it is a number
    if value is UNDEFINED:
        return math.nan
    if value is None:
        return 0
    if kind is bool:
        return int(value)  # type: ignore[call-overload, no-any-return]  # a bool
    if isinstance(value, str):
        return number_from_text(value)
    if isinstance(value, BigInt):
        throw_type_error("Cannot convert a BigInt value to a number")
    if isinstance(value, JsSymbol):
        throw_type_error("Cannot convert a Symbol value to a number")
    return to_numeric(to_primitive(value, "number"))


def number_from_text(text: str) -> float:
    """``Number(text)``."""
    text = text.strip(WHITESPACE)
    if not text:
        return 0
    if len(text) > MAX_NUMBER_TEXT:
        return math.nan
    if _DECIMAL.match(text):
        return float(text)
    if _RADIX.match(text):
        return integer_to_number(int(text[2:], _RADIXES[text[1].lower()]))
    return math.nan


def integer_to_number(value: int) -> float:
    """The number nearest to an integer of any size."""
    if -MAX_SAFE_INTEGER <= value <= MAX_SAFE_INTEGER:
        return value
    try:
        return float(value)
    except OverflowError:
        return math.inf if value > 0 else -math.inf


def normal(value: float) -> float:
    """A number in the form the host keeps: safe integers as ``int``, negative zero and the rest as ``float``."""
    if value == value and abs(value) <= MAX_SAFE_INTEGER and value == int(value):
        return int(value) if value or math.copysign(1, value) > 0 else -0.0
    return value


def to_integer_or_infinity(value: JsValue, default: float = 0) -> float:
    """An argument as an integer, or an infinity; ``default`` for undefined."""
    if value is UNDEFINED:
        return default
    number = to_numeric(value)
    if number != number:
        return 0
    if number in (math.inf, -math.inf):
        return number
    return int(number)


def clamp_index(value: JsValue, length: int, default: int) -> int:
    """A relative index argument as ``slice`` reads it."""
    index = to_integer_or_infinity(value, default)
    if index < 0:
        return int(max(0, length + index))
    return int(min(index, length))


def to_length(value: JsValue) -> int:
    """A ``length`` property as a count."""
    return int(max(0, min(to_integer_or_infinity(value), MAX_SAFE_INTEGER)))


def to_uint32(value: JsValue) -> int:
    """``value >>> 0``."""
    number = to_numeric(value)
    return int(number) & 0xFFFFFFFF if math.isfinite(number) else 0


def to_int32(value: JsValue) -> int:
    """``value | 0``."""
    bits = to_uint32(value)
    return bits - (1 << 32) if bits & 0x80000000 else bits


def to_text(value: JsValue) -> str:
    """``String`` as built-in functions apply it to an argument.

    Raises:
        JsThrow: TypeError for symbols, and what conversions of objects throw.
    """
    if isinstance(value, str):
        return value
    return to_string(to_primitive(value, "string") if isinstance(value, JsObject) else value)


def call_site(value: JsValue) -> str:
    """A value as V8 names it in messages where there is no source text to quote."""
    kind = typeof(value)
    if isinstance(value, str):
        return f'{kind} "{value}"'
    if value is None or kind in ("boolean", "number"):
        return f"{kind} {to_string(value)}"
    return kind


def to_units(text: str) -> str:
    """A string with one character for each UTF-16 unit: astral code points become surrogate pairs."""
    if text.isascii() or max(text) <= "\uffff":
        return text
    units = text.encode("utf-16-le", "surrogatepass")
    return "".join(map(chr, memoryview(units).cast("H")))


def from_units(units: str) -> str:
    """The canonical string of UTF-16 units."""
    return join_surrogates(units)
