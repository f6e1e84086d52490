"""Dates as text: what ``Date.parse`` reads and what the ``to...String`` methods of Date write. The zone is always UTC.

The reader takes the ISO format and, for anything else, V8's permissive grammar (dateparser): words before the first
number are skipped, text in parentheses is a comment, ``/`` and ``-`` separate month, day and year.
"""

from __future__ import annotations

import math
import re
from typing import Final

MS_PER_DAY: Final = 86_400_000
_MAX_TIME: Final = 8.64e15
MAX_DATE_TEXT: Final = 1 << 16  # characters
MONTHS: Final = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
DAYS: Final = ("Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat")


def time_clip(value: float) -> float:
    """A time value if a Date can hold it, else NaN."""
    if value != value or abs(value) > _MAX_TIME:
        return math.nan
    return int(value)


def day_number(year: int, month: int, day: int = 1) -> int:
    """Days since 1970-01-01 of a date; ``month`` counts from 0 and may leave the year."""
    year += month // 12
    month %= 12
    shifted = year - (month < 2)  # years that begin in March
    era = shifted // 400
    of_era = shifted - era * 400
    day_of_year = (153 * ((month + 10) % 12) + 2) // 5 + day - 1
    return era * 146097 + of_era * 365 + of_era // 4 - of_era // 100 + day_of_year - 719468


def civil(days: int) -> tuple[int, int, int]:
    """Year, month (from 0) and day of a number of days since 1970-01-01."""
    days += 719468
    era, of_era = divmod(days, 146097)
    year_of_era = (of_era - of_era // 1460 + of_era // 36524 - of_era // 146096) // 365
    day_of_year = of_era - (365 * year_of_era + year_of_era // 4 - year_of_era // 100)
    shifted_month = (5 * day_of_year + 2) // 153
    day = day_of_year - (153 * shifted_month + 2) // 5 + 1
    month = (shifted_month + 2) % 12
    return year_of_era + era * 400 + (month < 2), month, day


class Fields:
    """A finite time value taken apart."""

    __slots__ = ("day", "hour", "millisecond", "minute", "month", "second", "weekday", "year")

    def __init__(self, time: float) -> None:
        days, rest = divmod(int(time), MS_PER_DAY)
        self.year, self.month, self.day = civil(days)
        self.weekday = (days + 4) % 7
        rest, self.millisecond = divmod(rest, 1000)
        rest, self.second = divmod(rest, 60)
        self.hour, self.minute = divmod(rest, 60)


def _year(year: int) -> str:
    return f"{'-' if year < 0 else ''}{abs(year):04d}"


def date_string(time: float) -> str:
    """``toDateString``."""
    at = Fields(time)
    return f"{DAYS[at.weekday]} {MONTHS[at.month]} {at.day:02d} {_year(at.year)}"


def time_string(time: float) -> str:
    """``toTimeString``."""
    at = Fields(time)
    return f"{at.hour:02d}:{at.minute:02d}:{at.second:02d} GMT+0000 (Coordinated Universal Time)"


def utc_string(time: float) -> str:
    """``toUTCString``."""
    at = Fields(time)
    date = f"{DAYS[at.weekday]}, {at.day:02d} {MONTHS[at.month]} {_year(at.year)}"
    return f"{date} {at.hour:02d}:{at.minute:02d}:{at.second:02d} GMT"


def iso_string(time: float) -> str:
    """``toISOString``."""
    at = Fields(time)
    year = f"{at.year:04d}" if 0 <= at.year <= 9999 else f"{'-' if at.year < 0 else '+'}{abs(at.year):06d}"
    clock = f"{at.hour:02d}:{at.minute:02d}:{at.second:02d}.{at.millisecond:03d}Z"
    return f"{year}-{at.month + 1:02d}-{at.day:02d}T{clock}"


def locale_date(time: float) -> str:
    """``toLocaleDateString`` in American English."""
    at = Fields(time)
    year = str(at.year) if at.year > 0 else f"{1 - at.year} B"
    return f"{at.month + 1}/{at.day}/{year}"


def locale_time(time: float) -> str:
    """``toLocaleTimeString`` in American English."""
    at = Fields(time)
    return f"{at.hour % 12 or 12}:{at.minute:02d}:{at.second:02d} {'AM' if at.hour < 12 else 'PM'}"


# ---- reading

_ISO: Final = re.compile(
    r"([+-][0-9]{6}|[0-9]{4})(?:-([0-9]{2})(?:-([0-9]{2}))?)?"
    r"(?:T([0-9]{2}):([0-9]{2})(?::([0-9]{2})(?:\.([0-9]+))?)?(Z|([+-])([0-9]{2}):([0-9]{2}))?)?\Z"
)
_TOKEN: Final = re.compile(r"([0-9]+)|([A-Za-z]+)|([\t-\r \xa0]+)|(.)", re.DOTALL)
_ZONES: Final = {
    "z": 0,
    "ut": 0,
    "utc": 0,
    "gmt": 0,
    "cdt": -5,
    "cst": -6,
    "edt": -4,
    "est": -5,
    "mdt": -6,
    "mst": -7,
    "pdt": -7,
    "pst": -8,
}
_MONTH_NUMBERS: Final = {name.lower(): index for index, name in enumerate(MONTHS)}


def parse_date(text: str) -> float:
    """``Date.parse``: milliseconds since 1970-01-01T00:00:00Z, or NaN."""
    text = text.strip()
    if len(text) > MAX_DATE_TEXT:
        return math.nan
    match = _ISO.match(text)
    if match is not None and match[1] != "-000000":
        return _parse_iso(match)
    try:
        return _LegacyReader(text).read()
    except _NotADateError:
        return math.nan


def _parse_iso(match: re.Match[str]) -> float:
    month, day, hour, minute, second = (int(match[index] or default) for index, default in _ISO_DEFAULTS)
    if not (1 <= month <= 12 and 1 <= day <= 31):
        return math.nan
    millisecond = int(((match[7] or "") + "000")[:3])
    clock = ((hour * 60 + minute) * 60 + second) * 1000 + millisecond
    if hour > 24 or minute > 59 or second > 59 or clock > MS_PER_DAY:
        return math.nan
    offset = 0
    if match[9]:
        offset = int(match[10]) * 60 + int(match[11])
        if int(match[10]) > 23 or int(match[11]) > 59:
            return math.nan
        offset = -offset if match[9] == "-" else offset
    days = day_number(int(match[1]), month - 1, day)
    return time_clip(days * MS_PER_DAY + clock - offset * 60_000)


_ISO_DEFAULTS: Final = ((2, 1), (3, 1), (4, 0), (5, 0), (6, 0))


class _NotADateError(Exception):
    """The text is not in the grammar."""


class _LegacyReader:
    """Reads V8's permissive date grammar."""

    def __init__(self, text: str) -> None:
        self._tokens = [match.group() for match in _TOKEN.finditer(text)]
        self._at = 0
        self._days: list[int] = []
        self._month: int | None = None
        self._time: list[int] = []
        self._time_is_final = False
        self._hour_offset: int | None = None
        self._zone_sign: int | None = None
        self._zone_hour: int | None = None
        self._zone_minute: int | None = None
        self._has_number = False

    # -- tokens

    def _peek(self) -> str:
        return self._tokens[self._at] if self._at < len(self._tokens) else ""

    def _skip(self, symbol: str) -> bool:
        if self._peek() == symbol:
            self._at += 1
            return True
        return False

    @staticmethod
    def _number(token: str) -> int:
        """V8 reads at most nine significant digits."""
        return int(token.lstrip("0")[:9] or "0")

    # -- grammar

    def read(self) -> float:
        """The time value."""
        while self._at < len(self._tokens):
            word = self._peek()
            self._at += 1
            if word[0].isascii() and word[0].isdigit():
                self._read_number(word)
            elif word[0].isascii() and word[0].isalpha():
                self._read_word(word.lower())
            elif word in ("+", "-") and (self._is_utc() or self._time):
                self._read_offset(-1 if word == "-" else 1)
            elif word in ("+", "-", ")") and self._has_number:
                raise _NotADateError
            elif word == "(":
                self._skip_parentheses()
        return self._result()

    def _is_utc(self) -> bool:
        return self._zone_hour == 0 and self._zone_minute == 0

    def _expects_time(self, number: int) -> bool:
        if self._time_is_final:
            return False
        return (len(self._time) in (1, 2) and number < 60) or (len(self._time) == 3 and number < 1000)

    def _add_time(self, number: int, *, final: bool = False) -> None:
        if len(self._time) >= 4 or self._time_is_final:
            raise _NotADateError
        self._time.append(number)
        self._time_is_final = final

    def _read_number(self, token: str) -> None:
        self._has_number = True
        number = self._number(token)
        if self._skip(":"):
            if self._skip(":"):
                if self._time:
                    raise _NotADateError
                self._add_time(number)
                self._add_time(0)
                return
            self._add_time(number)
            self._skip(".")
        elif self._peek() == "." and self._expects_time(number):
            self._at += 1
            self._add_time(number)
            fraction = self._peek()
            if not (fraction.isascii() and fraction.isdigit()):
                raise _NotADateError
            self._at += 1
            while len(self._time) < 3:
                self._time.append(0)
            self._add_time(int((fraction + "000")[:3]), final=True)
        elif self._zone_hour is not None and self._zone_minute is None and number < 60:
            self._zone_minute = number
        elif self._expects_time(number):
            self._add_time(number, final=True)
            following = self._peek()
            if following and following[0] not in "\t\n\v\f\r \xa0+-" and following.lower() != "z":
                raise _NotADateError
        else:
            self._skip(".")
            if len(self._days) >= 3:
                raise _NotADateError
            self._days.append(number)
            self._skip("-")

    def _read_word(self, word: str) -> None:
        if word in ("am", "pm") and self._time:
            self._hour_offset = 12 if word == "pm" else 0
        elif word[:3] in _MONTH_NUMBERS:
            self._month = _MONTH_NUMBERS[word[:3]]
            self._skip("-")
        elif word in _ZONES and self._has_number:
            hours = _ZONES[word]
            self._zone_sign, self._zone_hour, self._zone_minute = (-1 if hours < 0 else 1), abs(hours), 0
        else:
            following = self._peek()[:1]
            if self._has_number or (following.isascii() and following.isdigit()):
                if word == "t" and self._has_number and len(self._days) == 3 and not self._time:
                    return
                raise _NotADateError

    def _read_offset(self, sign: int) -> None:
        self._zone_sign = sign
        word = self._peek()
        length, number = 0, 0
        if word.isascii() and word.isdigit():
            self._at += 1
            length, number = len(word), self._number(word)
        self._has_number = True
        if self._peek() == ":":
            self._zone_hour, self._zone_minute = number, None
        elif length in (1, 2):
            self._zone_hour, self._zone_minute = number, 0
        elif length in (3, 4):
            self._zone_hour, self._zone_minute = divmod(number, 100)
        else:
            raise _NotADateError

    def _skip_parentheses(self) -> None:
        depth = 1
        while depth and self._at < len(self._tokens):
            word = self._peek()
            self._at += 1
            depth += (word == "(") - (word == ")")

    # -- the result

    def _result(self) -> float:
        year, month, day = self._date()
        if not (0 <= month <= 11 and 1 <= day <= 31):
            raise _NotADateError
        offset = 0
        if self._zone_sign is not None:
            offset = self._zone_sign * ((self._zone_hour or 0) * 60 + (self._zone_minute or 0))
        return time_clip(day_number(year, month, day) * MS_PER_DAY + self._clock() - offset * 60_000)

    def _date(self) -> tuple[int, int, int]:
        if not self._days:
            raise _NotADateError
        first, second, third = (*self._days, 1, 1)[:3]
        if self._month is not None:
            year, day = (second, first) if 1 <= first <= 31 else (first, second)
            month = self._month
        elif not 1 <= first <= 31:
            year, month, day = first, second - 1, third
        else:
            month, day, year = first - 1, second, third
        if year < 100:
            year += 2000 if year < 50 else 1900
        return year, month, day

    def _clock(self) -> int:
        hour, minute, second, millisecond = (*self._time, 0, 0, 0, 0)[:4]
        if self._hour_offset is not None:
            if not 0 <= hour <= 12:
                raise _NotADateError
            hour = hour % 12 + self._hour_offset
        clock = ((hour * 60 + minute) * 60 + second) * 1000 + millisecond
        if hour > 24 or minute > 59 or second > 59 or clock > MS_PER_DAY:
            raise _NotADateError
        return clock
