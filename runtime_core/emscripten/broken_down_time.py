"""Broken-down time (``struct tm``) of the guest's C library; the time zone is UTC.

``struct tm``: sec @0, min @4, hour @8, mday @12, mon @16, year - 1900 @20, wday @24, yday @28, isdst @32, gmtoff @36,
all i32. Conversion between days and dates follows the proleptic Gregorian calendar with eras of 400 years.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from runtime_core.emscripten.guest import Memory
    from runtime_core.emscripten.host import EmscriptenHost

_DAY: Final = 86_400
_TIME_MAX: Final = 8_640_000_000_000
"""Seconds either way of 1970 that a JavaScript date can hold; Emscripten's functions have the same bound."""
_EPOCH_DAY: Final = 719_468
"""Days from 0000-03-01 to 1970-01-01."""
_ERA_DAYS: Final = 146_097
_ZONE_NAME: Final = b"UTC-0000\0"
"""As Emscripten's ``tzset`` spells an offset of nothing."""


def days_from_date(year: int, month: int, day: int) -> int:
    """Days since 1970-01-01; ``month`` counts from 0 and may be out of range, as may ``day``."""
    year, month = year + month // 12, month % 12
    if month < 2:  # the year begins in March
        year -= 1
    era, year_of_era = divmod(year, 400)
    day_of_year = (153 * ((month + 10) % 12) + 2) // 5 + day - 1
    return era * _ERA_DAYS + year_of_era * 365 + year_of_era // 4 - year_of_era // 100 + day_of_year - _EPOCH_DAY


def date_from_days(days: int) -> tuple[int, int, int]:
    """Year, month (from 0) and day of the month (from 1)."""
    era, day_of_era = divmod(days + _EPOCH_DAY, _ERA_DAYS)
    year_of_era = (day_of_era - day_of_era // 1460 + day_of_era // 36_524 - day_of_era // 146_096) // 365
    day_of_year = day_of_era - (365 * year_of_era + year_of_era // 4 - year_of_era // 100)
    shifted = (5 * day_of_year + 2) // 153
    month = (shifted + 2) % 12
    year = era * 400 + year_of_era + (month < 2)
    return year, month, day_of_year - (153 * shifted + 2) // 5 + 1


def _store(memory: Memory, addr: int, seconds: int) -> None:
    days, rest = divmod(seconds, _DAY)
    year, month, day = date_from_days(days)
    fields = (
        rest % 60,
        rest // 60 % 60,
        rest // 3600,
        day,
        month,
        year - 1900,
        (days + 4) % 7,
        days - days_from_date(year, 0, 1),
    )
    memory.write(addr, b"".join((field & 0xFFFF_FFFF).to_bytes(4, "little") for field in fields))


def gmtime(host: EmscriptenHost, seconds: int, tm: int) -> None:
    """``gmtime``; beyond the bound of dates all fields are 0."""
    if -_TIME_MAX <= seconds <= _TIME_MAX:
        _store(host.memory, tm, seconds)
    else:
        host.memory.write(tm, bytes(32))


def localtime(host: EmscriptenHost, seconds: int, tm: int) -> None:
    """``localtime``: the same in UTC, without daylight saving."""
    host.memory.write(tm, bytes(40))
    gmtime(host, seconds, tm)


def timegm(host: EmscriptenHost, tm: int) -> int:
    """``timegm``: seconds since 1970, and the fields brought into their ranges; -1 beyond the bound of dates."""
    memory = host.memory
    raw = memory.read(tm, 24)
    second, minute, hour, day, month, year = (
        int.from_bytes(raw[at : at + 4], "little", signed=True) for at in range(0, 24, 4)
    )
    seconds = days_from_date(year + 1900, month, 1) * _DAY + (day - 1) * _DAY + hour * 3600 + minute * 60 + second
    if not -_TIME_MAX <= seconds <= _TIME_MAX:
        return -1
    _store(memory, tm, seconds)
    return seconds


def mktime(host: EmscriptenHost, tm: int) -> int:
    """``mktime``: the same as :func:`timegm`, with the flag for daylight saving cleared."""
    host.memory.write_i32((tm & 0xFFFF_FFFF) + 32, 0)
    return timegm(host, tm)


def tzset(host: EmscriptenHost, timezone: int, daylight: int, standard_name: int, daylight_name: int) -> None:
    """``tzset``: no offset, no daylight saving; the names take at most 17 bytes."""
    host.memory.write_i32(timezone, 0)
    host.memory.write_i32(daylight, 0)
    host.memory.write(standard_name, _ZONE_NAME)
    host.memory.write(daylight_name, _ZONE_NAME)


IMPORTS: Final[Mapping[str, Callable[..., object]]] = {
    "_gmtime_js": gmtime,
    "_localtime_js": localtime,
    "_timegm_js": timegm,
    "_mktime_js": mktime,
    "_tzset_js": tzset,
}
