"""``Date``. The time zone of an isolate is UTC, and its clock is the one the host injects."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Mapping
from typing import ClassVar, Final

from runtime_core.engine.current import CURRENT
from runtime_core.js.coerce import to_numeric, to_primitive, to_text
from runtime_core.js.date_locale import locale_text
from runtime_core.js.date_text import (
    MS_PER_DAY,
    Fields,
    date_string,
    day_number,
    iso_string,
    parse_date,
    time_clip,
    time_string,
    utc_string,
)
from runtime_core.js.errors import throw, throw_type_error
from runtime_core.js.functions import JsFunction, with_length
from runtime_core.js.operators import to_string
from runtime_core.js.values import SYMBOL_TO_PRIMITIVE, UNDEFINED, JsObject, JsValue, PropertyKey

_INVALID: Final = "Invalid Date"
_MAX_YEARS: Final = 400_000  # a Date holds about 275,000 years before and after 1970


def now() -> int:
    """Milliseconds since 1970 by the clock of the isolate that runs."""
    host = CURRENT.host
    nanoseconds = time.time_ns() if host is None else host.emscripten.clock.wall_ns()
    return int(nanoseconds // 1_000_000)


def make_time(fields: list[float]) -> float:
    """The time value of year, month (from 0), day, hours, minutes, seconds and milliseconds, each of any size."""
    if not all(map(math.isfinite, fields)):
        return math.nan
    year, month, day, hour, minute, second, millisecond = map(int, fields)
    if abs(year) > _MAX_YEARS or abs(month) > 12 * _MAX_YEARS:
        return math.nan
    clock = ((hour * 60 + minute) * 60 + second) * 1000 + millisecond
    return (day_number(year, month) + day - 1) * MS_PER_DAY + clock


def from_arguments(values: tuple[JsValue, ...]) -> float:
    """The time value of the arguments of ``Date.UTC`` or of ``new Date`` with several."""
    fields: list[float] = [math.nan, 0, 1, 0, 0, 0, 0]
    for index, value in enumerate(values[:7]):
        fields[index] = to_numeric(value)
    if math.isfinite(fields[0]) and 0 <= int(fields[0]) <= 99:
        fields[0] = 1900 + int(fields[0])
    return time_clip(make_time(fields))


class JsDate(JsObject):
    """A Date; ``time`` is milliseconds since 1970-01-01T00:00:00Z, or NaN."""

    __slots__ = ("time",)

    class_name: ClassVar[str] = "Date"
    type_tag: ClassVar[str] = "Date"
    ANY_RECEIVER: ClassVar[bool] = True

    def __init__(self, time_value: float) -> None:
        super().__init__()
        self.time = time_value

    def to_string(self) -> str:
        """``String(this)``."""
        return _written(self, lambda at: f"{date_string(at)} {time_string(at)}")

    def describe(self) -> str:
        """A short form for messages."""
        return "[object Date]"

    METHODS: ClassVar[Mapping[PropertyKey, Callable[..., JsValue]]] = {}  # below


def _date(this: JsValue) -> JsDate:
    if not isinstance(this, JsDate):
        throw_type_error("this is not a Date object.")
    return this


def _written(this: JsValue, write: Callable[[float], str]) -> str:
    at = _date(this).time
    return write(at) if at == at else _INVALID


def _getter(read: Callable[[Fields], int]) -> Callable[..., JsValue]:
    def get(this: JsValue) -> JsValue:
        at = _date(this).time
        return read(Fields(at)) if at == at else math.nan

    return get


_NAMES: Final = ("year", "month", "day", "hour", "minute", "second", "millisecond")


def _setter(first: int, most: int) -> Callable[..., JsValue]:
    """A method that sets ``most`` consecutive fields from ``first`` on, as far as arguments are given."""

    def assign(this: JsValue, *values: JsValue) -> JsValue:
        date = _date(this)
        numbers = [to_numeric(value) for value in values[:most]] or [math.nan]
        at = date.time
        if at != at:
            if first:  # only setting the year revives an invalid date
                return math.nan
            at = 0
        fields = Fields(at)
        parts: list[float] = [getattr(fields, name) for name in _NAMES]
        parts[first : first + len(numbers)] = numbers
        date.time = time_clip(make_time(parts))
        return date.time

    return with_length(most, assign)


def _set_time(this: JsValue, value: JsValue) -> JsValue:
    date = _date(this)
    date.time = time_clip(to_numeric(value))
    return date.time


def _set_year(this: JsValue, value: JsValue) -> JsValue:
    date = _date(this)
    year = to_numeric(value)
    if math.isfinite(year) and 0 <= int(year) <= 99:
        year = 1900 + int(year)
    fields = Fields(date.time if date.time == date.time else 0)
    parts: list[float] = [getattr(fields, name) for name in _NAMES]
    date.time = time_clip(make_time([year, *parts[1:]]))
    return date.time


def _to_iso_string(this: JsValue) -> JsValue:
    at = _date(this).time
    if at != at:
        throw("RangeError", "Invalid time value")
    return iso_string(at)


def _to_json(this: JsValue, _key: JsValue) -> JsValue:
    value = to_primitive(this, "number")
    if isinstance(value, float) and not math.isfinite(value):
        return None
    method = this.get("toISOString") if isinstance(this, JsObject) else UNDEFINED
    if not isinstance(method, JsFunction):
        throw_type_error("toISOString is not a function")
    return method.call(this, ())


def _to_primitive(this: JsValue, hint: JsValue) -> JsValue:
    if not isinstance(this, JsObject):
        throw_type_error("Date.prototype [ @@toPrimitive ] called on non-object")
    if hint not in ("default", "string", "number"):
        throw_type_error(f"Invalid hint: {to_string(hint)}")
    for name in ("valueOf", "toString") if hint == "number" else ("toString", "valueOf"):
        method = this.get(name)
        if isinstance(method, JsFunction):
            result = method.call(this, ())
            if not isinstance(result, JsObject):
                return result
    return throw_type_error("Cannot convert object to primitive value")


def _locale(kind: str) -> Callable[..., JsValue]:
    def write(this: JsValue, locales: JsValue = UNDEFINED, options: JsValue = UNDEFINED) -> JsValue:
        return _written(this, lambda at: locale_text(at, kind, locales, options))

    return write


def _value(this: JsValue) -> JsValue:
    return _date(this).time


_GETTERS: Final[Mapping[str, Callable[[Fields], int]]] = {
    "Date": lambda at: at.day,
    "Day": lambda at: at.weekday,
    "FullYear": lambda at: at.year,
    "Hours": lambda at: at.hour,
    "Milliseconds": lambda at: at.millisecond,
    "Minutes": lambda at: at.minute,
    "Month": lambda at: at.month,
    "Seconds": lambda at: at.second,
}
_SETTERS: Final[Mapping[str, tuple[int, int]]] = {
    "Date": (2, 1),
    "FullYear": (0, 3),
    "Hours": (3, 4),
    "Milliseconds": (6, 1),
    "Minutes": (4, 3),
    "Month": (1, 2),
    "Seconds": (5, 2),
}

JsDate.METHODS = {
    **{f"get{zone}{name}": _getter(read) for zone in ("", "UTC") for name, read in _GETTERS.items()},
    **{f"set{zone}{name}": _setter(*fields) for zone in ("", "UTC") for name, fields in _SETTERS.items()},
    "getTime": _value,
    "getTimezoneOffset": _getter(lambda at: 0),
    "getYear": _getter(lambda at: at.year - 1900),
    "setTime": _set_time,
    "setYear": _set_year,
    "toDateString": lambda this: _written(this, date_string),
    "toGMTString": lambda this: _written(this, utc_string),
    "toISOString": _to_iso_string,
    "toJSON": _to_json,
    "toLocaleDateString": _locale("date"),
    "toLocaleString": _locale("any"),
    "toLocaleTimeString": _locale("time"),
    "toString": lambda this: _date(this).to_string(),
    "toTimeString": lambda this: _written(this, time_string),
    "toUTCString": lambda this: _written(this, utc_string),
    "valueOf": _value,
    SYMBOL_TO_PRIMITIVE: _to_primitive,
}


def call_date(*_values: JsValue) -> JsValue:
    """``Date()`` without ``new``."""
    return JsDate(now()).to_string()


def new_date(*values: JsValue) -> JsValue:
    """``new Date(...)``."""
    if not values:
        return JsDate(now())
    if len(values) > 1:
        return JsDate(from_arguments(values))
    if isinstance(values[0], JsDate):
        return JsDate(values[0].time)
    value = to_primitive(values[0])
    return JsDate(parse_date(value) if isinstance(value, str) else time_clip(to_numeric(value)))


STATICS: Final[Mapping[str, Callable[..., JsValue]]] = {
    "UTC": with_length(7, lambda *values: from_arguments(values)),
    "now": now,
    "parse": lambda text: parse_date(to_text(text)),
}
