"""``String.prototype.localeCompare`` and its options. There is one language: the root collation."""

from __future__ import annotations

import re
from typing import Final

from runtime_core.js.coerce import to_text
from runtime_core.js.collation import DEFAULT, Collation, collation_key
from runtime_core.js.errors import throw, throw_type_error
from runtime_core.js.iteration import collect
from runtime_core.js.operators import to_boolean
from runtime_core.js.values import UNDEFINED, JsObject, JsValue

# A language tag, roughly: language, then script, region, variants and extensions (RFC 5646).
_TAG: Final = re.compile(r"[A-Za-z]{2,3}(?:[A-Za-z]{2,5})?(?:-[A-Za-z0-9]{1,8})*")
_CHOICES: Final = {
    "usage": ("sort", "search"),
    "localeMatcher": ("lookup", "best fit"),
    "caseFirst": ("upper", "lower", "false"),
    "sensitivity": ("base", "accent", "case", "variant"),
}


def compare(left: str, right: str, locales: JsValue = UNDEFINED, options: JsValue = UNDEFINED) -> int:
    """-1, 0 or 1.

    Raises:
        JsThrow: RangeError for malformed languages and options.
    """
    _check_locales(locales)
    collation = _read_options(options)
    first, second = collation_key(left, collation), collation_key(right, collation)
    return (first > second) - (first < second)


def _check_locales(locales: JsValue) -> None:
    if locales is UNDEFINED:
        return
    if locales is None:
        throw_type_error("Incorrect locale information provided")
    for name in [locales] if isinstance(locales, str) else collect(locales) if isinstance(locales, JsObject) else []:
        if not isinstance(name, str | JsObject):
            throw_type_error("Incorrect locale information provided")
        if not _TAG.fullmatch(to_text(name)):
            throw("RangeError", "Incorrect locale information provided")


def _read_options(options: JsValue) -> Collation:
    if options is UNDEFINED:
        return DEFAULT
    if options is None:
        throw_type_error("Cannot convert undefined or null to object")
    if not isinstance(options, JsObject):
        return DEFAULT
    given = options

    def choice(name: str, default: str) -> str:
        value = given.get(name)
        if value is UNDEFINED:
            return default
        text = to_text(value)
        if text not in _CHOICES[name]:
            shown = "String.prototype.localeCompare options property"
            throw("RangeError", f"Value {text} out of range for {shown} {name}")
        return text

    choice("usage", "sort")
    choice("localeMatcher", "best fit")
    numeric = to_boolean(given.get("numeric"))
    case_first = choice("caseFirst", "false")
    sensitivity = choice("sensitivity", "variant")
    return Collation(
        numeric=numeric,
        case_first=case_first,
        sensitivity=sensitivity,
        ignore_punctuation=to_boolean(given.get("ignorePunctuation")),
    )
