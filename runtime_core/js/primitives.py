"""Wrapper objects of primitives: what ``new String(text)`` or ``Object(1n)`` gives; they carry the methods."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import ClassVar

from runtime_core.js import string_methods
from runtime_core.js.coerce import (
    MAX_NUMBER_TEXT,
    WHITESPACE,
    number_from_text,
    to_integer_or_infinity,
    to_numeric,
    to_primitive,
    to_text,
    to_units,
)
from runtime_core.js.errors import throw, throw_type_error
from runtime_core.js.functions import with_length
from runtime_core.js.number_text import (
    group_thousands,
    integer_to_radix,
    to_exponential,
    to_fixed,
    to_precision,
    to_radix,
)
from runtime_core.js.operators import to_string
from runtime_core.js.values import (
    ABSENT,
    SYMBOL_TO_PRIMITIVE,
    SYMBOL_TO_STRING_TAG,
    UNDEFINED,
    BigInt,
    JsObject,
    JsSymbol,
    JsValue,
    PropertyKey,
    is_array_index,
)

Methods = Mapping[PropertyKey, Callable[..., JsValue]]


class PrimitiveObject(JsObject):
    """An object around a primitive."""

    __slots__ = ("value",)

    def __init__(self, value: JsValue) -> None:
        super().__init__()
        self.value = value

    def to_string(self) -> str:
        """``String(this)``."""
        return to_string(self.value)


def _radix(value: JsValue) -> int:
    radix = to_integer_or_infinity(value, 10)
    if not 2 <= radix <= 36:
        throw("RangeError", "toString() radix argument must be between 2 and 36")
    return int(radix)


# ---- String


def _string(this: JsValue, name: str) -> str:
    if isinstance(this, str):
        return this
    if isinstance(this, StringObject) and isinstance(this.value, str):
        return this.value
    return throw_type_error(f"String.prototype.{name} requires that 'this' be a String")


class StringObject(PrimitiveObject):
    """A String object: its UTF-16 units are own properties."""

    __slots__ = ()

    class_name: ClassVar[str] = "String"
    type_tag: ClassVar[str] = "String"
    ANY_RECEIVER: ClassVar[bool] = True

    @property
    def units(self) -> str:
        """The text, one character per UTF-16 unit."""
        return to_units(str(self.value))

    def get_own(self, key: PropertyKey) -> JsValue:
        """The own property, or ABSENT."""
        if key == "length":
            return len(self.units)
        if isinstance(key, str) and is_array_index(key):
            units = self.units
            return units[int(key)] if int(key) < len(units) else super().get_own(key)
        return super().get_own(key)

    def set(self, key: PropertyKey, value: JsValue) -> None:
        """``this[key] = value``."""
        self._refuse(key, "assign to read only property")
        super().set(key, value)

    def delete(self, key: PropertyKey) -> None:
        """``delete this[key]``."""
        self._refuse(key, "delete property")
        super().delete(key)

    def _refuse(self, key: PropertyKey, what: str) -> None:
        if key == "length" or (isinstance(key, str) and is_array_index(key) and int(key) < len(self.units)):
            throw_type_error(f"Cannot {what} '{key!s}' of {'object ' if 'assign' in what else ''}'[object String]'")

    def own_keys(self) -> list[str]:
        """The names of own enumerable properties."""
        return [*map(str, range(len(self.units))), *super().own_keys()]

    def own_names(self) -> list[str]:
        """All own names."""
        return [*map(str, range(len(self.units))), "length", *super().own_keys()]

    def iterate(self) -> Iterator[JsValue]:
        """A host iterator over the elements."""
        return iter(str(self.value))

    METHODS: ClassVar[Methods] = {
        **string_methods.METHODS,
        "toString": lambda this: _string(this, "toString"),
        "valueOf": lambda this: _string(this, "valueOf"),
    }
    CONSTANTS: ClassVar[Mapping[PropertyKey, JsValue]] = {"length": 0}


# ---- Number


def _number(this: JsValue, name: str) -> float:
    if type(this) is int or type(this) is float:
        return this
    if isinstance(this, NumberObject):
        return this.value  # type: ignore[return-value]  # a number
    return throw_type_error(f"Number.prototype.{name} requires that 'this' be a Number")


def _number_to_string(this: JsValue, radix: JsValue = UNDEFINED) -> JsValue:
    value = _number(this, "toString")
    base = _radix(radix)
    return to_string(value) if base == 10 else to_radix(value, base)


def number_option(options: JsValue, name: str, default: int, low: int, high: int) -> int:
    """A number among the options of ``toLocaleString``."""
    given = options.get(name) if isinstance(options, JsObject) else UNDEFINED
    value = to_integer_or_infinity(given, default)
    if not low <= value <= high:
        throw("RangeError", f"{name} value is out of range.")
    return int(value)


def locale_number(value: float, options: JsValue) -> str:
    """``Number.prototype.toLocaleString`` in English."""
    minimum = number_option(options, "minimumFractionDigits", 0, 0, 100)
    maximum = number_option(options, "maximumFractionDigits", max(3, minimum), 0, 100)
    if maximum < minimum:
        throw("RangeError", "maximumFractionDigits value is out of range.")
    text = group_thousands(value, minimum, maximum)
    grouping = options.get("useGrouping") if isinstance(options, JsObject) else UNDEFINED
    return text.replace(",", "") if grouping is False else text


class NumberObject(PrimitiveObject):
    """A Number object."""

    __slots__ = ()

    class_name: ClassVar[str] = "Number"
    type_tag: ClassVar[str] = "Number"
    ANY_RECEIVER: ClassVar[bool] = True

    METHODS: ClassVar[Methods] = {
        "toExponential": lambda this, digits: to_exponential(_number(this, "toExponential"), digits),
        "toFixed": lambda this, digits: to_fixed(_number(this, "toFixed"), digits),
        "toPrecision": lambda this, digits: to_precision(_number(this, "toPrecision"), digits),
        "toString": with_length(1, _number_to_string),
        "valueOf": lambda this: _number(this, "valueOf"),
        "toLocaleString": lambda this, locales=UNDEFINED, options=UNDEFINED: locale_number(
            _number(this, "toLocaleString"), options
        ),
    }


# ---- Boolean


def _boolean(this: JsValue, name: str) -> bool:
    if isinstance(this, bool):
        return this
    if isinstance(this, BooleanObject):
        return bool(this.value)
    return throw_type_error(f"Boolean.prototype.{name} requires that 'this' be a Boolean")


class BooleanObject(PrimitiveObject):
    """A Boolean object."""

    __slots__ = ()

    class_name: ClassVar[str] = "Boolean"
    type_tag: ClassVar[str] = "Boolean"
    ANY_RECEIVER: ClassVar[bool] = True

    METHODS: ClassVar[Methods] = {
        "toString": lambda this: "true" if _boolean(this, "toString") else "false",
        "valueOf": lambda this: _boolean(this, "valueOf"),
    }


# ---- BigInt


def _bigint(this: JsValue, name: str) -> BigInt:
    if isinstance(this, BigInt):
        return this
    if isinstance(this, BigIntObject) and isinstance(this.value, BigInt):
        return this.value
    return throw_type_error(f"BigInt.prototype.{name} requires that 'this' be a BigInt")


class BigIntObject(PrimitiveObject):
    """A BigInt object."""

    __slots__ = ()

    class_name: ClassVar[str] = "BigInt"
    ANY_RECEIVER: ClassVar[bool] = True

    METHODS: ClassVar[Methods] = {
        "toLocaleString": lambda this, *options: f"{_bigint(this, 'toLocaleString'):,}",
        "toString": lambda this, radix=UNDEFINED: integer_to_radix(int(_bigint(this, "toString")), _radix(radix)),
        "valueOf": lambda this: _bigint(this, "valueOf"),
    }
    CONSTANTS: ClassVar[Mapping[PropertyKey, JsValue]] = {SYMBOL_TO_STRING_TAG: "BigInt"}


def bigint_from_text(text: str) -> BigInt | None:
    """``BigInt(text)``, or None where the text is no integer."""
    digits = text.strip(WHITESPACE)
    if not digits:
        return BigInt(0)
    base = {"0x": 16, "0o": 8, "0b": 2}.get(digits[:2].lower(), 10)
    body = digits[2:] if base != 10 else digits[1:] if digits[0] in "+-" else digits
    allowed = "0123456789abcdef"[:base]
    if not body or len(body) > MAX_NUMBER_TEXT or not body.isascii() or body.lower().strip(allowed):
        return None
    value = parse_digits(body, base)
    return BigInt(-value if digits[0] == "-" else value)


def parse_digits(digits: str, base: int) -> int:
    """An integer from digits, also where there are more than Python reads at once."""
    if len(digits) <= 4000 or base != 10:
        return int(digits, base)
    half = len(digits) // 2
    high, low = parse_digits(digits[:-half], base), parse_digits(digits[-half:], base)
    scale: int = 10**half
    return high * scale + low


def to_bigint(value: JsValue) -> BigInt:
    """An argument as a bigint; numbers are refused.

    Raises:
        JsThrow: TypeError or SyntaxError.
    """
    value = to_primitive(value, "number")
    if isinstance(value, BigInt):
        return value
    if isinstance(value, bool):
        return BigInt(value)
    if isinstance(value, str):
        result = bigint_from_text(value)
        if result is None:
            throw("SyntaxError", f"Cannot convert {value} to a BigInt")
        return result
    shown = repr(value) if isinstance(value, JsSymbol) else to_string(value)
    return throw_type_error(f"Cannot convert {shown} to a BigInt")


def new_bigint(value: JsValue) -> BigInt:
    """``BigInt(value)``."""
    value = to_primitive(value, "number")
    if type(value) is int:
        return BigInt(value)
    if type(value) is float:
        if value != value or value in (float("inf"), float("-inf")) or value != int(value):
            throw(
                "RangeError",
                f"The number {to_string(value)} cannot be converted to a BigInt because it is not an integer",
            )
        return BigInt(int(value))
    return to_bigint(value)


# ---- Symbol


def _symbol(this: JsValue, name: str) -> JsSymbol:
    if isinstance(this, JsSymbol):
        return this
    if isinstance(this, SymbolObject) and isinstance(this.value, JsSymbol):
        return this.value
    return throw_type_error(f"{name} requires that 'this' be a Symbol")


class SymbolObject(PrimitiveObject):
    """A Symbol object."""

    __slots__ = ()

    class_name: ClassVar[str] = "Symbol"
    ANY_RECEIVER: ClassVar[bool] = True

    METHODS: ClassVar[Methods] = {
        "toString": lambda this: repr(_symbol(this, "Symbol.prototype.toString")),
        "valueOf": lambda this: _symbol(this, "Symbol.prototype.valueOf"),
        SYMBOL_TO_PRIMITIVE: lambda this, hint: _symbol(this, "Symbol.prototype [ @@toPrimitive ]"),
    }
    GETTERS: ClassVar[Methods] = {
        "description": lambda this: _description(_symbol(this, "Symbol.prototype.description")),
    }
    CONSTANTS: ClassVar[Mapping[PropertyKey, JsValue]] = {SYMBOL_TO_STRING_TAG: "Symbol"}


def _description(symbol: JsSymbol) -> JsValue:
    return UNDEFINED if symbol.description is None else symbol.description


# ---- any primitive


def wrap(value: JsValue) -> JsObject:
    """``Object(value)`` for anything but undefined and null.

    Raises:
        JsThrow: TypeError for those.
    """
    if isinstance(value, JsObject):
        return value
    if isinstance(value, str):
        return StringObject(value)
    if isinstance(value, bool):
        return BooleanObject(value)
    if isinstance(value, BigInt):
        return BigIntObject(value)
    if isinstance(value, int | float):
        return NumberObject(value)
    if isinstance(value, JsSymbol):
        return SymbolObject(value)
    return throw_type_error("Cannot convert undefined or null to object")


def primitive_property(value: JsValue, key: PropertyKey) -> JsValue:
    """``value[key]`` of a primitive other than undefined and null; UNDEFINED where there is none."""
    found = wrap(value).lookup(key)
    return UNDEFINED if found is ABSENT else found


def number_of(*values: JsValue) -> JsValue:
    """``Number(value)``: bigints are converted, too."""
    if not values:
        return 0
    value = to_primitive(values[0], "number")
    if isinstance(value, BigInt):
        try:
            return float(value)
        except OverflowError:
            return float("inf") if value > 0 else float("-inf")
    return number_from_text(value) if isinstance(value, str) else to_numeric(value)


def string_of(*values: JsValue) -> JsValue:
    """``String(value)``: symbols are described, too."""
    if not values:
        return ""
    return repr(values[0]) if isinstance(values[0], JsSymbol) else to_text(values[0])
