"""``String``: the methods of its prototype and its static functions.

Positions count UTF-16 units; strings are taken apart by :func:`to_units` where they hold astral characters.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Iterator, Mapping
from typing import Final

from runtime_core.engine.checkpoint import checked, checkpoint
from runtime_core.js.arrays import JsArray, check_length
from runtime_core.js.coerce import (
    WHITESPACE,
    clamp_index,
    from_units,
    normal,
    to_integer_or_infinity,
    to_length,
    to_numeric,
    to_text,
    to_uint32,
    to_units,
)
from runtime_core.js.errors import throw, throw_type_error
from runtime_core.js.functions import JsFunction, with_length
from runtime_core.js.iteration import JsIterator
from runtime_core.js.locale_compare import compare
from runtime_core.js.operators import get_property, to_display
from runtime_core.js.values import (
    SYMBOL_ITERATOR,
    SYMBOL_MATCH,
    SYMBOL_MATCH_ALL,
    SYMBOL_REPLACE,
    SYMBOL_SEARCH,
    SYMBOL_SPLIT,
    UNDEFINED,
    JsObject,
    JsSymbol,
    JsValue,
    PropertyKey,
    utf16_length,
)

MAX_TEXT: Final = 1 << 26  # UTF-16 units; a bound on what one guest statement can make the host allocate

Method = Callable[..., JsValue]


def text_of(this: JsValue, name: str) -> str:
    """``this`` of a String method as text.

    Raises:
        JsThrow: TypeError for undefined and null.
    """
    if this is UNDEFINED or this is None:
        throw_type_error(f"String.prototype.{name} called on null or undefined")
    return to_text(this)


def check_text_length(length: float) -> None:
    """Throw RangeError for a string that this host will not build."""
    if length > MAX_TEXT:
        throw("RangeError", "Invalid string length")


def _at(this: JsValue, index: JsValue) -> JsValue:
    units = to_units(text_of(this, "at"))
    position = to_integer_or_infinity(index)
    position = position + len(units) if position < 0 else position
    return units[int(position)] if 0 <= position < len(units) else UNDEFINED


def _char_at(this: JsValue, index: JsValue) -> JsValue:
    units = to_units(text_of(this, "charAt"))
    position = to_integer_or_infinity(index)
    return units[int(position)] if 0 <= position < len(units) else ""


def _char_code_at(this: JsValue, index: JsValue) -> JsValue:
    units = to_units(text_of(this, "charCodeAt"))
    position = to_integer_or_infinity(index)
    return ord(units[int(position)]) if 0 <= position < len(units) else float("nan")


def _code_point_at(this: JsValue, index: JsValue) -> JsValue:
    units = to_units(text_of(this, "codePointAt"))
    position = to_integer_or_infinity(index)
    if not 0 <= position < len(units):
        return UNDEFINED
    return ord(from_units(units[int(position) : int(position) + 2])[0])


def _concat(this: JsValue, *values: JsValue) -> JsValue:
    parts = [text_of(this, "concat"), *map(to_text, values)]
    check_text_length(sum(map(len, parts)))
    return from_units("".join(parts))


def _refuse_regexp(value: JsValue, name: str) -> str:
    if isinstance(value, JsObject):
        matcher = value.get(SYMBOL_MATCH)
        if matcher is not UNDEFINED and matcher is not None and matcher is not False:
            throw_type_error(f"First argument to String.prototype.{name} must not be a regular expression")
    return to_units(to_text(value))


def _ends_with(this: JsValue, wanted: JsValue, end: JsValue = UNDEFINED) -> JsValue:
    units = to_units(text_of(this, "endsWith"))
    suffix = _refuse_regexp(wanted, "endsWith")
    stop = len(units) if end is UNDEFINED else min(max(to_integer_or_infinity(end), 0), len(units))
    return units[: int(stop)].endswith(suffix)


def _start(value: JsValue, length: int) -> int:
    return int(min(max(to_integer_or_infinity(value), 0), length))


def _includes(this: JsValue, wanted: JsValue, start: JsValue = UNDEFINED) -> JsValue:
    units = to_units(text_of(this, "includes"))
    return units.find(_refuse_regexp(wanted, "includes"), _start(start, len(units))) >= 0


def _starts_with(this: JsValue, wanted: JsValue, start: JsValue = UNDEFINED) -> JsValue:
    units = to_units(text_of(this, "startsWith"))
    return units.startswith(_refuse_regexp(wanted, "startsWith"), _start(start, len(units)))


def _index_of(this: JsValue, wanted: JsValue, start: JsValue = UNDEFINED) -> JsValue:
    units = to_units(text_of(this, "indexOf"))
    return units.find(to_units(to_text(wanted)), _start(start, len(units)))


def _last_index_of(this: JsValue, wanted: JsValue, start: JsValue = UNDEFINED) -> JsValue:
    units = to_units(text_of(this, "lastIndexOf"))
    needle = to_units(to_text(wanted))
    number = to_numeric(start)
    last = len(units) if number != number else _start(start, len(units))
    return units.rfind(needle, 0, last + len(needle))


def _locale_compare(
    this: JsValue, other: JsValue, locales: JsValue = UNDEFINED, options: JsValue = UNDEFINED
) -> JsValue:
    return compare(text_of(this, "localeCompare"), to_text(other), locales, options)


def _normalize(this: JsValue, form: JsValue = UNDEFINED) -> JsValue:
    text = text_of(this, "normalize")
    name = "NFC" if form is UNDEFINED else to_text(form)
    if name not in ("NFC", "NFD", "NFKC", "NFKD"):
        throw("RangeError", "The normalization form should be one of NFC, NFD, NFKC, NFKD.")
    return unicodedata.normalize(name, text)  # type: ignore[arg-type]  # one of the four


def _pad(this: JsValue, name: str, length: JsValue, filler: JsValue, *, at_start: bool) -> JsValue:
    units = to_units(text_of(this, name))
    missing = to_length(length) - len(units)
    fill = " " if filler is UNDEFINED else to_units(to_text(filler))
    if missing <= 0 or not fill:
        return from_units(units)
    check_text_length(missing + len(units))
    padding = (fill * (missing // len(fill) + 1))[:missing]
    return from_units(padding + units if at_start else units + padding)


def _repeat(this: JsValue, count: JsValue) -> JsValue:
    text = text_of(this, "repeat")
    times = to_integer_or_infinity(count)
    if times < 0 or times == float("inf"):
        throw("RangeError", f"Invalid count value: {to_display(normal(times) if count is UNDEFINED else count)}")
    if not text:
        return ""
    check_text_length(utf16_length(text) * times)
    return from_units(text * int(times))


def _slice(this: JsValue, start: JsValue, end: JsValue) -> JsValue:
    units = to_units(text_of(this, "slice"))
    return from_units(units[clamp_index(start, len(units), 0) : clamp_index(end, len(units), len(units))])


def _substring(this: JsValue, start: JsValue, end: JsValue) -> JsValue:
    units = to_units(text_of(this, "substring"))
    first = _start(start, len(units))
    last = len(units) if end is UNDEFINED else _start(end, len(units))
    return from_units(units[min(first, last) : max(first, last)])


def _substr(this: JsValue, start: JsValue, length: JsValue) -> JsValue:
    units = to_units(text_of(this, "substr"))
    first = clamp_index(start, len(units), 0)
    count = min(max(to_integer_or_infinity(length, len(units)), 0), len(units) - first)
    return from_units(units[first : first + int(count)])


# ---- what takes a regular expression or a text


def _delegate(this: JsValue, name: str, argument: JsValue, symbol: JsSymbol) -> JsFunction | None:
    """The method that an argument offers for a String method."""
    if this is UNDEFINED or this is None:
        throw_type_error(f"String.prototype.{name} called on null or undefined")
    method = argument.get(symbol) if isinstance(argument, JsObject) else UNDEFINED
    return method if isinstance(method, JsFunction) else None


def _require_global(pattern: JsValue, name: str) -> None:
    if isinstance(pattern, JsObject) and pattern.class_name == "RegExp" and "g" not in to_text(pattern.get("flags")):
        throw_type_error(f"String.prototype.{name} called with a non-global RegExp argument")


def _by_regexp(name: str, symbol: JsSymbol, flags: JsValue) -> Method:
    def method(this: JsValue, pattern: JsValue) -> JsValue:
        from runtime_core.js.regexp import new_regexp

        own = _delegate(this, name, pattern, symbol)
        if name == "matchAll":
            _require_global(pattern, name)
        if own is not None:
            return own.call(pattern, (this,))
        text = text_of(this, name)
        regexp = new_regexp(pattern, flags)
        delegated = regexp.get(symbol)
        if not isinstance(delegated, JsFunction):
            throw_type_error(f"RegExp.prototype[{symbol!r}] is not a function")
        return delegated.call(regexp, (text,))

    return method


def _replace(this: JsValue, pattern: JsValue, replacement: JsValue) -> JsValue:
    own = _delegate(this, "replace", pattern, SYMBOL_REPLACE)
    if own is not None:
        return own.call(pattern, (this, replacement))
    return _replace_text(text_of(this, "replace"), to_text(pattern), replacement, every=False)


def _replace_all(this: JsValue, pattern: JsValue, replacement: JsValue) -> JsValue:
    own = _delegate(this, "replaceAll", pattern, SYMBOL_REPLACE)
    _require_global_replace(pattern)
    if own is not None:
        return own.call(pattern, (this, replacement))
    return _replace_text(text_of(this, "replaceAll"), to_text(pattern), replacement, every=True)


def _require_global_replace(pattern: JsValue) -> None:
    if isinstance(pattern, JsObject) and pattern.class_name == "RegExp" and "g" not in to_text(pattern.get("flags")):
        throw_type_error("String.prototype.replaceAll called with a non-global RegExp argument")


def _replace_text(text: str, wanted: str, replacement: JsValue, *, every: bool) -> str:
    units, needle = to_units(text), to_units(wanted)
    template = None if isinstance(replacement, JsFunction) else to_units(to_text(replacement))
    if template is not None and "$" not in template:
        times = units.count(needle) if every else 1
        check_text_length(len(units) + times * len(template))
        return from_units(units.replace(needle, template, -1 if every else 1))
    parts: list[str] = []
    size, end = 0, 0
    for position in _positions(units, needle, every=every):
        if isinstance(replacement, JsFunction):
            new = to_units(to_text(replacement.call(UNDEFINED, (wanted, position, text))))
        else:
            new = substitute(template or "", Matched(needle, units, position, (), None))
        parts += (units[end:position], new)
        size += len(new)
        check_text_length(size)
        end = position + len(needle)
    check_text_length(size + len(units))
    return from_units("".join(parts) + units[end:])


def _positions(units: str, needle: str, *, every: bool) -> Iterator[int]:
    position = units.find(needle)
    while position >= 0:
        checkpoint()
        yield position
        if not every:
            return
        position = units.find(needle, position + max(len(needle), 1)) if position < len(units) else -1


class Matched:
    """What a replacement text may refer to; all texts are units, groups are texts or UNDEFINED."""

    __slots__ = ("groups", "named", "position", "text", "whole")

    def __init__(self, text: str, whole: str, position: int, groups: tuple[JsValue, ...], named: JsValue) -> None:
        self.text = text
        self.whole = whole
        self.position = position
        self.groups = groups
        self.named = named


def substitute(template: str, match: Matched) -> str:
    """A replacement text with ``$&``, ``$1``, ``$<name>`` ... filled in."""
    if "$" not in template:
        return template
    parts: list[str] = []
    at = 0
    while True:
        checkpoint()
        dollar = template.find("$", at)
        if dollar < 0 or dollar + 1 == len(template):
            return "".join(parts) + template[at:]
        parts.append(template[at:dollar])
        piece, at = _reference(template, dollar, match)
        parts.append(piece)


def _reference(template: str, at: int, match: Matched) -> tuple[str, int]:
    """The text for the ``$`` at a place, and where the template goes on."""
    char = template[at + 1]
    if char == "$":
        return "$", at + 2
    if char == "&":
        return match.text, at + 2
    if char == "`":
        return match.whole[: match.position], at + 2
    if char == "'":
        return match.whole[match.position + len(match.text) :], at + 2
    if char == "<" and match.named is not None and match.named is not UNDEFINED:
        end = template.find(">", at)
        if end >= 0:
            value = get_property(match.named, from_units(template[at + 2 : end]))
            return "" if value is UNDEFINED else to_units(to_text(value)), end + 1
    for width in (2, 1):
        digits = template[at + 1 : at + 1 + width]
        if len(digits) == width and digits.isascii() and digits.isdigit() and 1 <= int(digits) <= len(match.groups):
            value = match.groups[int(digits) - 1]
            return "" if value is UNDEFINED else to_units(to_text(value)), at + 1 + width
    return "$", at + 1


def _split(this: JsValue, separator: JsValue, limit: JsValue) -> JsValue:
    own = _delegate(this, "split", separator, SYMBOL_SPLIT)
    if own is not None:
        return own.call(separator, (this, limit))
    text = text_of(this, "split")
    most = 0xFFFFFFFF if limit is UNDEFINED else to_uint32(limit)
    needle = to_units(to_text(separator))
    if not most:
        return JsArray()
    if separator is UNDEFINED:
        return JsArray([text])
    units = to_units(text)
    check_length(min(units.count(needle) + 1 if needle else len(units), most))
    parts = units.split(needle, most) if needle else list(units[:most])
    return JsArray(map(from_units, parts[:most]))


# ---- the rest


def _html(name: str, tag: str, attribute: str | None) -> Method:
    if attribute is None:
        return lambda this: f"<{tag}>{text_of(this, name)}</{tag}>"

    def method(this: JsValue, value: JsValue) -> JsValue:
        text = text_of(this, name)
        quoted = to_text(value).replace('"', "&quot;")
        return f'<{tag} {attribute}="{quoted}">{text}</{tag}>'

    return method


def _well_formed(text: str) -> bool:
    return text.isascii() or not any("\ud800" <= char <= "\udfff" for char in text)


def _replace_surrogates(text: str) -> str:
    return "".join("\ufffd" if "\ud800" <= char <= "\udfff" else char for char in text)


def _iterate_text(text: str) -> JsIterator:
    return JsIterator(iter(text))


METHODS: Final[Mapping[PropertyKey, Method]] = {
    "anchor": _html("anchor", "a", "name"),
    "at": _at,
    "big": _html("big", "big", None),
    "blink": _html("blink", "blink", None),
    "bold": _html("bold", "b", None),
    "charAt": _char_at,
    "charCodeAt": _char_code_at,
    "codePointAt": _code_point_at,
    "concat": with_length(1, _concat),
    "endsWith": _ends_with,
    "fontcolor": _html("fontcolor", "font", "color"),
    "fontsize": _html("fontsize", "font", "size"),
    "fixed": _html("fixed", "tt", None),
    "includes": _includes,
    "indexOf": _index_of,
    "italics": _html("italics", "i", None),
    "lastIndexOf": _last_index_of,
    "link": _html("link", "a", "href"),
    "localeCompare": _locale_compare,
    "match": _by_regexp("match", SYMBOL_MATCH, UNDEFINED),
    "matchAll": _by_regexp("matchAll", SYMBOL_MATCH_ALL, "g"),
    "normalize": _normalize,
    "padEnd": lambda this, length, filler=UNDEFINED: _pad(this, "padEnd", length, filler, at_start=False),
    "padStart": lambda this, length, filler=UNDEFINED: _pad(this, "padStart", length, filler, at_start=True),
    "repeat": _repeat,
    "replace": _replace,
    "replaceAll": _replace_all,
    "search": _by_regexp("search", SYMBOL_SEARCH, UNDEFINED),
    "slice": _slice,
    "small": _html("small", "small", None),
    "split": _split,
    "strike": _html("strike", "strike", None),
    "sub": _html("sub", "sub", None),
    "substr": _substr,
    "substring": _substring,
    "sup": _html("sup", "sup", None),
    "startsWith": _starts_with,
    "trim": lambda this: text_of(this, "trim").strip(WHITESPACE),
    "trimStart": lambda this: text_of(this, "trimStart").lstrip(WHITESPACE),
    "trimLeft": lambda this: text_of(this, "trimLeft").lstrip(WHITESPACE),
    "trimEnd": lambda this: text_of(this, "trimEnd").rstrip(WHITESPACE),
    "trimRight": lambda this: text_of(this, "trimRight").rstrip(WHITESPACE),
    "toLocaleLowerCase": lambda this: text_of(this, "toLocaleLowerCase").lower(),
    "toLocaleUpperCase": lambda this: text_of(this, "toLocaleUpperCase").upper(),
    "toLowerCase": lambda this: text_of(this, "toLowerCase").lower(),
    "toUpperCase": lambda this: text_of(this, "toUpperCase").upper(),
    "isWellFormed": lambda this: _well_formed(text_of(this, "isWellFormed")),
    "toWellFormed": lambda this: _replace_surrogates(text_of(this, "toWellFormed")),
    SYMBOL_ITERATOR: lambda this: _iterate_text(text_of(this, "[Symbol.iterator]")),
}


# ---- static functions


def _from_char_code(*codes: JsValue) -> JsValue:
    return from_units("".join(chr(to_uint32(code) & 0xFFFF) for code in codes))


def _from_code_point(*codes: JsValue) -> JsValue:
    parts = []
    for code in codes:
        number = to_numeric(code)
        if number != number or not 0 <= number <= 0x10FFFF or number != int(number):
            throw("RangeError", f"Invalid code point {to_display(code)}")
        parts.append(chr(int(number)))
    return from_units("".join(parts))


def _raw(template: JsValue, *values: JsValue) -> JsValue:
    if not has_raw(template):
        throw_type_error("Cannot convert undefined or null to object")
    raw = get_property(template, "raw")
    count = min(to_length(get_property(raw, "length")), MAX_TEXT)
    parts: list[str] = []
    size = 0
    for index in checked(range(count)):
        parts.append(to_text(get_property(raw, str(index))))
        if index + 1 < count and index < len(values):
            parts.append(to_text(values[index]))
        size += len(parts[-1]) + len(parts[0])
        check_text_length(size)
    return from_units("".join(parts))


def has_raw(template: JsValue) -> bool:
    """Whether a value is a template object as ``String.raw`` wants it."""
    return isinstance(template, JsObject) and template.get("raw") not in (UNDEFINED, None)


STATICS: Final[Mapping[str, Method]] = {
    "fromCharCode": with_length(1, _from_char_code),
    "fromCodePoint": with_length(1, _from_code_point),
    "raw": with_length(1, _raw),
}
