"""``toLocaleString`` of dates: American English and UTC, with the options that pick and shape fields.

There is no locale data here: another locale or time zone is refused rather than answered in the wrong language.
"""

from __future__ import annotations

from typing import Final

from runtime_core.js.arrays import JsArray
from runtime_core.js.coerce import to_text
from runtime_core.js.date_text import Fields, locale_date, locale_time
from runtime_core.js.errors import throw
from runtime_core.js.operators import to_boolean
from runtime_core.js.values import UNDEFINED, JsObject, JsValue

_MONTHS: Final = (
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
)
_DAYS: Final = ("Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday")
_DATE_FIELDS: Final = ("weekday", "year", "month", "day")
_TIME_FIELDS: Final = ("hour", "minute", "second")
_CHOICES: Final = {
    "weekday": ("narrow", "short", "long"),
    "year": ("2-digit", "numeric"),
    "month": ("2-digit", "numeric", "narrow", "short", "long"),
    "day": ("2-digit", "numeric"),
    "hour": ("2-digit", "numeric"),
    "minute": ("2-digit", "numeric"),
    "second": ("2-digit", "numeric"),
    "timeZoneName": ("short", "long"),
    "dateStyle": ("full", "long", "medium", "short"),
    "timeStyle": ("full", "long", "medium", "short"),
}
_DATE_STYLES: Final = {
    "full": {"weekday": "long", "year": "numeric", "month": "long", "day": "numeric"},
    "long": {"year": "numeric", "month": "long", "day": "numeric"},
    "medium": {"year": "numeric", "month": "short", "day": "numeric"},
    "short": {"year": "2-digit", "month": "numeric", "day": "numeric"},
}
_TIME_STYLES: Final = {
    "full": {"hour": "numeric", "minute": "2-digit", "second": "2-digit", "timeZoneName": "long"},
    "long": {"hour": "numeric", "minute": "2-digit", "second": "2-digit", "timeZoneName": "short"},
    "medium": {"hour": "numeric", "minute": "2-digit", "second": "2-digit"},
    "short": {"hour": "numeric", "minute": "2-digit"},
}
_UTC_NAMES: Final = ("UTC", "ETC/UTC", "GMT", "ETC/GMT", "ETC/UCT", "UCT", "ZULU", "ETC/ZULU")


def check_locales(locales: JsValue) -> None:
    """Throw RangeError for a locale other than American English."""
    given = locales.items if isinstance(locales, JsArray) else [] if locales is UNDEFINED else [locales]
    for locale in given[:1]:
        if to_text(locale).lower() not in ("en-us", "en"):
            throw("RangeError", f"Unsupported locale: {to_text(locale)}; this runtime knows en-US only")


def locale_text(time: float, kind: str, locales: JsValue, options: JsValue) -> str:
    """The text of a time; ``kind`` (any, date, time) says which fields are shown by default.

    Raises:
        JsThrow: RangeError for an unknown option, another locale or another time zone.
    """
    check_locales(locales)
    if not isinstance(options, JsObject):
        date, clock = locale_date(time), locale_time(time)
        return {"date": date, "time": clock}.get(kind, f"{date}, {clock}")
    chosen = _options(options, kind)
    at = Fields(time)
    parts = [part for part in (_date_part(at, chosen), _time_part(at, chosen, options)) if part]
    joiner = " at " if chosen.get("joiner") else ", "
    return joiner.join(parts)


def _options(options: JsObject, kind: str) -> dict[str, str]:
    zone = options.get("timeZone")
    if zone is not UNDEFINED and to_text(zone).upper() not in _UTC_NAMES:
        throw("RangeError", f"Invalid time zone specified: {to_text(zone)}; this runtime knows UTC only")
    chosen: dict[str, str] = {}
    for name, allowed in _CHOICES.items():
        value = options.get(name)
        if value is UNDEFINED:
            continue
        text = to_text(value)
        if text not in allowed:
            throw("RangeError", f"Value {text} out of range for Intl.DateTimeFormat options property {name}")
        chosen[name] = text
    if "dateStyle" in chosen or "timeStyle" in chosen:
        date_style = chosen.pop("dateStyle", "")
        styles = {**_DATE_STYLES.get(date_style, {}), **_TIME_STYLES.get(chosen.pop("timeStyle", ""), {})}
        return styles | ({"joiner": "at"} if date_style in ("full", "long") else {})
    if kind == "date" and not any(name in chosen for name in _DATE_FIELDS):
        chosen |= dict.fromkeys(("year", "month", "day"), "numeric")
    if kind == "time" and not any(name in chosen for name in _TIME_FIELDS):
        chosen |= dict.fromkeys(_TIME_FIELDS, "numeric")
    if kind == "any" and not any(name in chosen for name in _DATE_FIELDS + _TIME_FIELDS):
        chosen |= dict.fromkeys(("year", "month", "day", *_TIME_FIELDS), "numeric")
    return chosen


def _number(value: int, style: str) -> str:
    return f"{value % 100:02d}" if style == "2-digit" else str(value)


def _date_part(at: Fields, chosen: dict[str, str]) -> str:
    weekday = _DAYS[at.weekday] if "weekday" in chosen else ""
    weekday = {"short": weekday[:3], "narrow": weekday[:1]}.get(chosen.get("weekday", ""), weekday)
    year = _number(at.year, chosen["year"]) if "year" in chosen else ""
    day = _number(at.day, chosen["day"]) if "day" in chosen else ""
    style = chosen.get("month", "")
    if style in ("short", "long", "narrow"):
        name = _MONTHS[at.month]
        name = {"short": name[:3], "narrow": name[:1]}.get(style, name)
        month_day = " ".join(part for part in (name, day) if part)
        date = f"{month_day}, {year}" if day and year else " ".join(part for part in (month_day, year) if part)
    else:
        month = _number(at.month + 1, style) if style else ""
        date = "/".join(part for part in (month, day, year) if part)
    return f"{weekday}, {date}" if weekday and date else weekday + date


def _time_part(at: Fields, chosen: dict[str, str], options: JsObject) -> str:
    if not any(name in chosen for name in (*_TIME_FIELDS, "timeZoneName")):
        return ""
    cycle = options.get("hour12")
    twelve = options.get("hourCycle") not in ("h23", "h24") if cycle is UNDEFINED else to_boolean(cycle)
    pieces = []
    if "hour" in chosen:
        hour = (at.hour % 12 or 12) if twelve else at.hour
        pieces.append(f"{hour:02d}" if chosen["hour"] == "2-digit" or not twelve else str(hour))
    for name, value in (("minute", at.minute), ("second", at.second)):
        if name in chosen:
            pieces.append(f"{value:02d}" if pieces or (chosen[name] == "2-digit" and len(chosen) > 1) else str(value))
    text = ":".join(pieces)
    if twelve and "hour" in chosen:
        text += f" {'AM' if at.hour < 12 else 'PM'}"
    zone = {"short": "UTC", "long": "Coordinated Universal Time"}.get(chosen.get("timeZoneName", ""), "")
    return " ".join(part for part in (text, zone) if part)
