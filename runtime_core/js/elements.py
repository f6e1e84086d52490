"""Elements of typed arrays and DataViews: their sizes, and conversion between values and bytes."""

from __future__ import annotations

import math
import struct
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from runtime_core.js.coerce import WHITESPACE, to_numeric, to_primitive
from runtime_core.js.errors import throw, throw_type_error
from runtime_core.js.operators import to_string
from runtime_core.js.values import UNDEFINED, BigInt, JsObject, JsSymbol, JsValue

MAX_BIGINT_TEXT: Final = 4000  # digits; CPython refuses longer ones, since reading them takes quadratic time


@dataclass(frozen=True, kw_only=True, slots=True)
class ElementType:
    """The elements of one kind of typed array; ``code`` is the format character of Python's struct module."""

    name: str
    code: str
    size: int
    is_bigint: bool = False
    is_clamped: bool = False
    little: struct.Struct = field(init=False, repr=False, compare=False)
    big: struct.Struct = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "little", struct.Struct("<" + self.code))
        object.__setattr__(self, "big", struct.Struct(">" + self.code))

    @property
    def is_float(self) -> bool:
        """Whether the elements are floating-point numbers."""
        return self.code in "efd"

    def convert(self, value: JsValue) -> float:
        """A value as an element stores it: converted to a number or bigint, then wrapped, clamped or rounded.

        Raises:
            JsThrow: TypeError where it is neither and cannot be converted.
        """
        if self.is_bigint:
            return _wrap(to_bigint(value), 64, signed=self.code == "q")
        number = to_numeric(value)
        if self.is_float:
            return self._rounded(number)
        if self.is_clamped:
            return 0 if number != number else round(min(255.0, max(0.0, number)))
        return _wrap(int(number), 8 * self.size, signed=self.code.islower()) if math.isfinite(number) else 0

    def _rounded(self, number: float) -> float:
        number = float(number)
        try:
            self.little.pack(number)
        except OverflowError:
            return math.copysign(math.inf, number)
        return number

    def present(self, number: float) -> JsValue:
        """A stored number as a value."""
        return BigInt(number) if self.is_bigint else number


_ELEMENTS: Final = (
    ElementType(name="Int8", code="b", size=1),
    ElementType(name="Uint8", code="B", size=1),
    ElementType(name="Uint8Clamped", code="B", size=1, is_clamped=True),
    ElementType(name="Int16", code="h", size=2),
    ElementType(name="Uint16", code="H", size=2),
    ElementType(name="Int32", code="i", size=4),
    ElementType(name="Uint32", code="I", size=4),
    ElementType(name="Float16", code="e", size=2),
    ElementType(name="Float32", code="f", size=4),
    ElementType(name="Float64", code="d", size=8),
    ElementType(name="BigInt64", code="q", size=8, is_bigint=True),
    ElementType(name="BigUint64", code="Q", size=8, is_bigint=True),
)
ELEMENT_TYPES: Final[Mapping[str, ElementType]] = {f"{element.name}Array": element for element in _ELEMENTS}
"""By the name of the typed array."""


def to_bigint(value: JsValue) -> int:
    """``BigInt.asIntN`` and stores into arrays of bigints convert a value so.

    Raises:
        JsThrow: TypeError for numbers, null, undefined and symbols; SyntaxError for text that is no integer.
    """
    if isinstance(value, JsObject):
        value = to_primitive(value, "number")
    if isinstance(value, BigInt | bool):
        return int(value)
    if not isinstance(value, str):
        shown = repr(value) if isinstance(value, JsSymbol) else to_string(value)
        throw_type_error(f"Cannot convert {shown} to a BigInt")
    integer = _integer_from_text(value)
    if integer is None:
        throw("SyntaxError", f"Cannot convert {value} to a BigInt")
    return integer


def _integer_from_text(text: str) -> int | None:
    digits = text.strip(WHITESPACE)
    if not digits.isascii() or "_" in digits or len(digits) > MAX_BIGINT_TEXT:
        return None
    try:
        return int(digits, 0) if digits[:2].lower() in ("0x", "0o", "0b") else int(digits or "0", 10)
    except ValueError:
        return None


def to_index(value: JsValue, message: str) -> int:
    """An argument that is a length or an offset.

    Raises:
        JsThrow: RangeError with ``message`` where it is negative or not a safe integer.
    """
    if value is UNDEFINED:
        return 0
    number = to_numeric(value)
    if number != number:
        return 0
    if not -1 < number < 1 << 53:
        throw("RangeError", message)
    return int(number)


def _wrap(value: int, bits: int, *, signed: bool) -> int:
    value &= (1 << bits) - 1
    return value - (1 << bits) if signed and value >> (bits - 1) else value
