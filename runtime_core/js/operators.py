"""JavaScript's operators on values: typeof, truth, equality, order, conversion to strings and property keys."""

from __future__ import annotations

import math
from decimal import Decimal
from typing import Any, Final

from runtime_core.js.errors import throw, throw_type_error
from runtime_core.js.functions import JsFunction
from runtime_core.js.values import (
    SYMBOL_TO_STRING_TAG,
    UNDEFINED,
    BigInt,
    JsObject,
    JsSymbol,
    JsValue,
    PropertyKey,
    UndefinedType,
    utf16_length,
)

_NAN_KEY: Final = JsSymbol("NaN")
_TAG: Final = SYMBOL_TO_STRING_TAG
MAX_SHOWN_BITS: Final = 1 << 20  # of a bigint that is turned into decimal digits
_TAGS: Final = {"bigint": "BigInt"}
_DIRECT_DIGITS: Final = 512
_DIRECT_BITS: Final = 1700


def typeof(value: JsValue) -> str:
    """The ``typeof`` operator."""
    if value is UNDEFINED:
        return "undefined"
    if isinstance(value, bool):
        return "boolean"
    if isinstance(value, BigInt):
        return "bigint"
    if isinstance(value, int | float):
        return "number"
    if isinstance(value, str):
        return "string"
    if isinstance(value, JsSymbol):
        return "symbol"
    if isinstance(value, JsFunction):
        return "function"
    return "object"


def to_boolean(value: JsValue) -> bool:
    """``!!value``."""
    if value is None or value is UNDEFINED:
        return False
    if isinstance(value, float):
        return value == value and value != 0
    if isinstance(value, bool | int | str):
        return bool(value)
    return True


def strict_equals(left: JsValue, right: JsValue) -> bool:
    """``left === right``."""
    if isinstance(left, int | float) and isinstance(right, int | float):
        return _kind(left) == _kind(right) and left == right
    if isinstance(left, str) and isinstance(right, str):
        return left == right
    return left is right


def same_value_zero_key(value: JsValue) -> object:
    """A hashable key under which Map, Set and the reference map file a value: equal keys, same value."""
    kind = type(value)
    if kind is bool or kind is BigInt:
        return (kind, int(value))  # type: ignore[call-overload]  # both kinds are ints
    if kind is float and value != value:
        return _NAN_KEY
    return value


def less_than(left: JsValue, right: JsValue) -> bool:
    """``left < right``.

    Raises:
        JsThrow: what the conversion of an object throws; a TypeError for symbols.
    """
    first, second = _operands(left, right)
    return bool(first < second)


def less_than_or_equal(left: JsValue, right: JsValue) -> bool:
    """``left <= right``; raises as :func:`less_than`."""
    first, second = _operands(left, right)
    return bool(first <= second)


def _operands(left: JsValue, right: JsValue) -> tuple[Any, Any]:
    """Both sides of a comparison in comparable form: UTF-16 units of two strings, else numbers."""
    from runtime_core.js.coerce import to_numeric, to_primitive

    first, second = to_primitive(left, "number"), to_primitive(right, "number")
    if isinstance(first, str) and isinstance(second, str):
        return first.encode("utf-16-be", "surrogatepass"), second.encode("utf-16-be", "surrogatepass")
    numbers = [int(value) if isinstance(value, BigInt) else to_numeric(value) for value in (first, second)]
    return numbers[0], numbers[1]


def to_number(value: JsValue) -> float:
    """``Number(value)`` as far as comparison needs it; NaN where JavaScript gives NaN."""
    if isinstance(value, bool | int | float):
        return value
    if value is None:
        return 0
    if isinstance(value, str):
        text = value.strip()
        if not text:
            return 0
        try:
            return float(text)
        except ValueError:
            return math.nan
    return math.nan


def to_integer(value: JsValue, default: int = 0) -> int:
    """``value`` as an integer argument of a built-in method; ``default`` for undefined, 0 for NaN."""
    if value is UNDEFINED:
        return default
    number = to_number(value)
    if number != number:
        return 0
    if number in (math.inf, -math.inf):
        return (1 << 53) if number > 0 else -(1 << 53)
    return int(number)


def to_string(value: JsValue) -> str:
    """``String(value)``."""
    if isinstance(value, str):
        return value
    if isinstance(value, UndefinedType):
        return "undefined"
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        return _float_to_string(value)
    if isinstance(value, int):
        return integer_to_string(int(value))
    if isinstance(value, JsSymbol):
        throw_type_error("Cannot convert a Symbol value to a string")
    if isinstance(value, JsObject):
        method = value.get("toString")
        if isinstance(method, JsFunction):
            return to_string(method.call(value, ()))
        return value.to_string()
    return str(value)


def integer_to_string(value: int) -> str:
    """The decimal digits of an integer.

    Raises:
        JsThrow: a RangeError for an integer whose digits would take the host too long.
    """
    bits = value.bit_length()
    if bits > MAX_SHOWN_BITS:
        throw("RangeError", f"BigInt is too big to be shown: this host's limit is {MAX_SHOWN_BITS} bits")
    if bits <= _DIRECT_BITS:
        return str(value)
    digits = _digits(abs(value), int(bits * math.log10(2)) + 1).lstrip("0")
    return f"-{digits}" if value < 0 else digits


def _digits(value: int, width: int) -> str:
    """``width`` digits. Python's own conversion has a limit of its own, and takes quadratic time."""
    if width <= _DIRECT_DIGITS:
        return str(value).zfill(width)
    low = width // 2
    upper, lower = divmod(value, 10**low)
    return _digits(upper, width - low) + _digits(lower, low)


def _float_to_string(value: float) -> str:
    if value != value:
        return "NaN"
    if value in (math.inf, -math.inf):
        return "Infinity" if value > 0 else "-Infinity"
    if value == 0:
        return "0"
    _, digits_tuple, exponent = Decimal(repr(abs(value))).as_tuple()
    digits = "".join(map(str, digits_tuple)).rstrip("0")
    point = len(digits_tuple) + int(exponent)
    prefix = "-" if value < 0 else ""
    if len(digits) <= point <= 21:
        return prefix + digits + "0" * (point - len(digits))
    if 0 < point <= 21:
        return f"{prefix}{digits[:point]}.{digits[point:]}"
    if -6 < point <= 0:
        return f"{prefix}0.{'0' * -point}{digits}"
    mantissa = digits[0] + ("." + digits[1:] if len(digits) > 1 else "")
    return f"{prefix}{mantissa}e{'+' if point > 0 else '-'}{abs(point - 1)}"


def to_property_key(value: JsValue) -> PropertyKey:
    """The property key that ``object[value]`` uses."""
    return value if isinstance(value, JsSymbol) else to_string(value)


def get_property(value: JsValue, key: PropertyKey) -> JsValue:
    """``value[key]`` for any value."""
    if isinstance(value, JsObject):
        return value.get(key)
    if value is None or value is UNDEFINED:
        throw_type_error(f"Cannot read properties of {to_string(value)} (reading {property_label(key)})")
    if isinstance(value, str) and key == "length":
        return utf16_length(value)
    from runtime_core.js.primitives import primitive_property

    return primitive_property(value, key)


def call_method(value: JsValue, key: PropertyKey, args: tuple[JsValue, ...]) -> JsValue:
    """``value[key](...args)``."""
    method = get_property(value, key)
    if not isinstance(method, JsFunction):
        throw_type_error(f"{to_display(value)}.{property_label(key).strip(chr(39))} is not a function")
    return method.call(value, args)


def property_label(key: PropertyKey) -> str:
    """A key as JavaScript engines print it in messages."""
    return f"'{key}'" if isinstance(key, str) else repr(key)


def to_display(value: JsValue) -> str:
    """A short name of a value for messages; never runs guest code."""
    if isinstance(value, JsObject):
        return "obj"
    if isinstance(value, JsSymbol):
        return repr(value)
    return to_string(value)


def has_method(value: JsValue, key: PropertyKey) -> bool:
    """Whether ``value[key]`` is a function."""
    return isinstance(value, JsObject) and isinstance(value.get(key), JsFunction)


def type_tag(value: JsValue) -> str:
    """``Object.prototype.toString.call(value)``."""
    if isinstance(value, JsObject):
        tag = value.get(_TAG)
        return f"[object {tag}]" if isinstance(tag, str) else f"[object {value.type_tag}]"
    kind = "null" if value is None else typeof(value)
    return f"[object {_TAGS.get(kind, kind.capitalize())}]"


def constructor_name(value: JsValue) -> str:
    """``value.constructor.name``."""
    if not isinstance(value, JsObject):
        return {"bigint": "BigInt"}.get(typeof(value), typeof(value).capitalize())
    constructor = get_property(value, "constructor")
    name = get_property(constructor, "name")
    return name if isinstance(name, str) else ""


def _kind(value: float) -> str:
    return typeof(value)
