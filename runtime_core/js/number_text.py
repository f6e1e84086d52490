"""Numbers as text and back: ``toString(radix)``, ``toFixed``, ``toExponential``, ``toPrecision``, ``parseInt`` ..."""

from __future__ import annotations

import math
import re
from decimal import ROUND_HALF_UP, Decimal, localcontext
from typing import Final

from runtime_core.js.coerce import (
    MAX_NUMBER_TEXT,
    WHITESPACE,
    integer_to_number,
    normal,
    to_int32,
    to_integer_or_infinity,
    to_text,
)
from runtime_core.js.errors import throw
from runtime_core.js.operators import MAX_SHOWN_BITS, to_string
from runtime_core.js.values import UNDEFINED, JsValue

DIGITS: Final = "0123456789abcdefghijklmnopqrstuvwxyz"
_FLOAT_PREFIX: Final = re.compile(r"[+-]?(?:Infinity|(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?)")


def parse_int(text: JsValue, radix: JsValue) -> JsValue:
    """``parseInt``."""
    digits = to_text(text)[:MAX_NUMBER_TEXT].lstrip(WHITESPACE)
    base = to_int32(radix)
    negative = digits[:1] == "-"
    digits = digits[1:] if digits[:1] in ("+", "-") else digits
    if base and not 2 <= base <= 36:
        return math.nan
    if base in (0, 16) and digits[:2] in ("0x", "0X"):
        digits, base = digits[2:], 16
    base = base or 10
    allowed = DIGITS[:base]
    end = next((index for index, char in enumerate(digits) if char.lower() not in allowed), len(digits))
    if not end:
        return math.nan
    # More digits than a double can tell apart only scale the result.
    kept = digits[: min(end, 1100)]
    value = integer_to_number(int(kept, base) * base ** min(end - len(kept), 1100))
    if negative:
        return -value if value else -0.0
    return value


def parse_float(text: JsValue) -> JsValue:
    """``parseFloat``."""
    match = _FLOAT_PREFIX.match(to_text(text)[:MAX_NUMBER_TEXT].lstrip(WHITESPACE))
    return normal(float(match[0])) if match else math.nan


def to_radix(value: float, radix: int) -> str:
    """``value.toString(radix)`` for a radix other than 10."""
    if not math.isfinite(value):
        return to_string(float(value))
    sign = "-" if value < 0 else ""
    value = abs(value)
    if value >= 2**53:
        return sign + _large_radix(float(value), radix)
    whole = int(value)
    fraction = value - whole
    return sign + integer_to_radix(whole, radix) + (_fraction_digits(value, fraction, radix) if fraction else "")


def _large_radix(value: float, radix: int) -> str:
    """Digits of a number beyond the safe integers: V8 shows zeros for those that a double does not tell apart."""
    zeros = ""
    while value / radix >= 2**53:
        value /= radix
        zeros += "0"
    digits = []
    while value > 0:
        remainder = math.fmod(value, radix)
        digits.append(DIGITS[int(remainder)])
        value = (value - remainder) / radix
    return "".join(reversed(digits)) + zeros


def integer_to_radix(value: int, radix: int) -> str:
    """An integer in a radix from 2 to 36.

    Raises:
        JsThrow: RangeError where that would take the host too long.
    """
    if radix == 10:
        return _decimal_text(value)
    if value < 0:
        return "-" + integer_to_radix(-value, radix)
    if radix in (2, 8, 16):
        return format(value, {2: "b", 8: "o", 16: "x"}[radix])
    _check_shown(value)
    return _split_radix(value, radix)


def _check_shown(value: int) -> None:
    bits = value.bit_length()
    if bits > MAX_SHOWN_BITS:
        throw("RangeError", f"BigInt is too big to be shown: this host's limit is {MAX_SHOWN_BITS} bits")


def _split_radix(value: int, radix: int) -> str:
    """Digits of a large integer by halving, so that the time does not grow with the square of the length."""
    if value.bit_length() < 512:
        digits = []
        while True:
            value, digit = divmod(value, radix)
            digits.append(DIGITS[digit])
            if not value:
                return "".join(reversed(digits))
    half = int(value.bit_length() / math.log2(radix) / 2)
    high, low = divmod(value, radix**half)
    return _split_radix(high, radix) + _split_radix(low, radix).rjust(half, "0")


def _decimal_text(value: int) -> str:
    if value.bit_length() < 8192:
        return str(int(value))
    _check_shown(value)
    return ("-" if value < 0 else "") + _split_radix(abs(value), 10)


def _fraction_digits(value: float, fraction: float, radix: int) -> str:
    """The digits after the point: as many as tell the number from its neighbours."""
    delta = max(0.5 * (math.nextafter(value, math.inf) - value), math.nextafter(0.0, 1.0))
    digits: list[int] = []
    while True:
        fraction *= radix
        delta *= radix
        digit = int(fraction)
        digits.append(digit)
        fraction -= digit
        if (fraction > 0.5 or (fraction == 0.5 and digit & 1)) and fraction + delta > 1:
            _carry(digits, radix)
            break
        if fraction < delta:
            break
    return "." + "".join(DIGITS[digit] for digit in digits) if digits else ""


def _carry(digits: list[int], radix: int) -> None:
    """Round up the last digit; a carry drops the digits it clears (it cannot leave the fraction)."""
    while digits:
        digit = digits.pop() + 1
        if digit < radix:
            digits.append(digit)
            return


def _exact(value: float) -> Decimal:
    return Decimal(float(value)) if abs(value) < 2**63 else Decimal(int(value))


def to_fixed(value: float, digits: JsValue) -> str:
    """``Number.prototype.toFixed``."""
    count = to_integer_or_infinity(digits)
    if not 0 <= count <= 100:
        throw("RangeError", "toFixed() digits argument must be between 0 and 100")
    if not math.isfinite(value) or abs(value) >= 1e21:
        return to_string(float(value))
    text = _round_fixed(abs(value), int(count))
    return f"-{text}" if value < 0 else text


def _round_fixed(value: float, count: int) -> str:
    with localcontext() as context:
        context.prec = 1200  # a double has at most 1074 digits after the point and 309 before it
        return format(_exact(value).quantize(Decimal(1).scaleb(-count), rounding=ROUND_HALF_UP), "f")


def _significant(value: float, count: int) -> tuple[str, int]:
    """``count`` digits of a positive number and the exponent of the first, halves rounded up."""
    with localcontext() as context:
        context.prec = 1200
        exact = _exact(value)
        exponent = exact.adjusted()
        rounded = exact.quantize(Decimal(1).scaleb(exponent - count + 1), rounding=ROUND_HALF_UP)
        if rounded.adjusted() > exponent:
            exponent += 1
            rounded = exact.quantize(Decimal(1).scaleb(exponent - count + 1), rounding=ROUND_HALF_UP)
        digits = "".join(map(str, rounded.as_tuple().digits))
    return digits.ljust(count, "0")[:count], exponent


def to_exponential(value: float, digits: JsValue) -> str:
    """``Number.prototype.toExponential``."""
    count = to_integer_or_infinity(digits)
    if not math.isfinite(value):
        return to_string(float(value))
    if not 0 <= count <= 100:
        throw("RangeError", "toExponential() argument must be between 0 and 100")
    sign = "-" if value < 0 else ""
    value = abs(value)
    if value == 0:
        mantissa, exponent = "0" * (int(count) + 1), 0
    elif digits is UNDEFINED:
        shortest = Decimal(repr(float(value)))
        exponent = shortest.adjusted()
        mantissa = "".join(map(str, shortest.as_tuple().digits)).rstrip("0")
    else:
        mantissa, exponent = _significant(value, int(count) + 1)
    return sign + _with_exponent(mantissa, exponent)


def _with_exponent(mantissa: str, exponent: int) -> str:
    point = "." if len(mantissa) > 1 else ""
    return f"{mantissa[0]}{point}{mantissa[1:]}e{'+' if exponent >= 0 else '-'}{abs(exponent)}"


def to_precision(value: float, digits: JsValue) -> str:
    """``Number.prototype.toPrecision``."""
    if digits is UNDEFINED:
        return to_string(value)
    number = to_integer_or_infinity(digits)
    if not math.isfinite(value):
        return to_string(float(value))
    if not 1 <= number <= 100:
        throw("RangeError", "toPrecision() argument must be between 1 and 100")
    count = int(number)
    sign = "-" if value < 0 else ""
    mantissa, exponent = ("0" * count, 0) if value == 0 else _significant(abs(value), count)
    if exponent < -6 or exponent >= count:
        return sign + _with_exponent(mantissa, exponent)
    if exponent == count - 1:
        return sign + mantissa
    if exponent >= 0:
        return f"{sign}{mantissa[: exponent + 1]}.{mantissa[exponent + 1 :]}"
    return f"{sign}0.{'0' * -(exponent + 1)}{mantissa}"


def group_thousands(value: float, minimum: int = 0, maximum: int = 3) -> str:
    """``toLocaleString`` in English: groups of three digits, ``minimum`` to ``maximum`` digits after the point."""
    if value != value:
        return "NaN"
    if math.isinf(value):
        return "∞" if value > 0 else "-∞"
    # ICU rounds halves of the shortest decimal away from zero.
    with localcontext() as context:
        context.prec = 1200
        exact = Decimal(repr(float(value))) if abs(value) < 2**53 else Decimal(int(value))
        rounded = exact.quantize(Decimal(1).scaleb(-maximum), rounding=ROUND_HALF_UP)
        text = format(rounded, ",f")
    if maximum:
        whole, _, fraction = text.partition(".")
        fraction = fraction[:minimum] + fraction[minimum:].rstrip("0")
        text = f"{whole}.{fraction}" if fraction else whole
    return text if not (value == 0 and math.copysign(1, value) < 0) or text.startswith("-") else f"-{text}"
