"""The constructors of primitives, Date, RegExp and URL, and functions of the global object: all frozen and shared."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from functools import cache
from typing import Final

from runtime_core.js import date, string_methods, symbols
from runtime_core.js.coerce import to_integer_or_infinity, to_numeric
from runtime_core.js.date import JsDate
from runtime_core.js.errors import throw, throw_type_error
from runtime_core.js.functions import BuiltinFunction, with_length
from runtime_core.js.number_text import parse_float, parse_int
from runtime_core.js.operators import to_boolean
from runtime_core.js.primitives import (
    BigIntObject,
    BooleanObject,
    NumberObject,
    StringObject,
    SymbolObject,
    new_bigint,
    number_of,
    string_of,
    to_bigint,
)
from runtime_core.js.regexp import make_regexp
from runtime_core.js.uri import URI_FUNCTIONS
from runtime_core.js.url import make_search_params, make_url
from runtime_core.js.values import MAX_SAFE_INTEGER, BigInt, JsValue

Maker = Callable[[], BuiltinFunction]
_MAX_BIGINT_BITS: Final = 1 << 30  # V8's bound


@cache
def global_function(name: str) -> BuiltinFunction:
    """A function of the global object, made once."""
    return BuiltinFunction(GLOBAL_FUNCTIONS[name], name)


def is_number(value: JsValue) -> bool:
    """Whether a value is a number."""
    return type(value) is int or type(value) is float


def is_integer(value: JsValue) -> bool:
    """``Number.isInteger``."""
    return is_number(value) and math.isfinite(value) and value == int(value)  # type: ignore[arg-type,call-overload]


def _make_number() -> BuiltinFunction:
    return BuiltinFunction(
        with_length(1, number_of),
        "Number",
        constructor=lambda *values: NumberObject(number_of(*values)),
        instances=NumberObject,
        constants={
            "MAX_VALUE": 1.7976931348623157e308,
            "MIN_VALUE": 5e-324,
            "NaN": math.nan,
            "NEGATIVE_INFINITY": -math.inf,
            "POSITIVE_INFINITY": math.inf,
            "MAX_SAFE_INTEGER": MAX_SAFE_INTEGER,
            "MIN_SAFE_INTEGER": -MAX_SAFE_INTEGER,
            "EPSILON": 2.0**-52,
            "parseFloat": global_function("parseFloat"),
            "parseInt": global_function("parseInt"),
        },
        statics={
            "isFinite": lambda value: is_number(value) and math.isfinite(value),
            "isInteger": is_integer,
            "isNaN": lambda value: is_number(value) and value != value,
            "isSafeInteger": lambda value: is_integer(value) and abs(value) <= MAX_SAFE_INTEGER,
        },
    )


def _make_string() -> BuiltinFunction:
    return BuiltinFunction(
        with_length(1, string_of),
        "String",
        constructor=lambda *values: StringObject(string_of(*values)),
        instances=StringObject,
        statics=dict(string_methods.STATICS),
    )


def _make_boolean() -> BuiltinFunction:
    return BuiltinFunction(
        to_boolean,
        "Boolean",
        constructor=lambda value: BooleanObject(to_boolean(value)),
        instances=BooleanObject,
    )


def _bits(value: JsValue) -> int:
    bits = to_integer_or_infinity(value)
    if not 0 <= bits <= MAX_SAFE_INTEGER:
        throw("RangeError", "Invalid value: not (convertible to) a safe integer")
    return int(bits)


def _as_uint(bits: JsValue, value: JsValue) -> JsValue:
    count, number = _bits(bits), int(to_bigint(value))
    if number < 0 and count > _MAX_BIGINT_BITS:
        throw("RangeError", "Maximum BigInt size exceeded")
    if number >= 0 and count >= number.bit_length():
        return BigInt(number)
    return BigInt(number & ((1 << min(count, _MAX_BIGINT_BITS)) - 1))


def _as_int(bits: JsValue, value: JsValue) -> JsValue:
    count, number = _bits(bits), int(to_bigint(value))
    if not count:
        return BigInt(0)
    if count > number.bit_length():
        return BigInt(number)
    number &= (1 << count) - 1
    return BigInt(number - (1 << count) if number >> (count - 1) else number)


def _not_new(name: str) -> Callable[..., JsValue]:
    def construct() -> JsValue:
        throw_type_error(f"{name} is not a constructor")

    return construct


def _make_bigint() -> BuiltinFunction:
    return BuiltinFunction(
        new_bigint,
        "BigInt",
        constructor=_not_new("BigInt"),
        instances=BigIntObject,
        statics={"asIntN": _as_int, "asUintN": _as_uint},
    )


def _make_symbol() -> BuiltinFunction:
    return BuiltinFunction(
        symbols.new_symbol,
        "Symbol",
        constructor=_not_new("Symbol"),
        instances=SymbolObject,
        constants=symbols.WELL_KNOWN,
        statics=dict(symbols.STATICS),
    )


def _make_date() -> BuiltinFunction:
    return BuiltinFunction(
        with_length(7, date.call_date),
        "Date",
        constructor=date.new_date,
        instances=JsDate,
        statics=dict(date.STATICS),
    )


def _is_nan(value: JsValue) -> JsValue:
    number = to_numeric(value)
    return number != number


LANGUAGE_CONSTRUCTORS: Final[dict[str, Maker]] = {
    "BigInt": _make_bigint,
    "Boolean": _make_boolean,
    "Date": _make_date,
    "Number": _make_number,
    "RegExp": make_regexp,
    "String": _make_string,
    "Symbol": _make_symbol,
    "URL": make_url,
    "URLSearchParams": make_search_params,
}
GLOBAL_FUNCTIONS: Final[Mapping[str, Callable[..., JsValue]]] = {
    **URI_FUNCTIONS,
    "isFinite": lambda value: math.isfinite(to_numeric(value)),
    "isNaN": _is_nan,
    "parseFloat": parse_float,
    "parseInt": parse_int,
}
