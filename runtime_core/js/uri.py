"""``encodeURIComponent`` and its relatives, ``escape`` and ``unescape``."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Final

from runtime_core.js.coerce import from_units, to_text, to_units
from runtime_core.js.errors import throw
from runtime_core.js.values import JsValue

_ALNUM: Final = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
_UNESCAPED: Final = frozenset(_ALNUM + "-_.!~*'()")
_RESERVED: Final = frozenset(";/?:@&=+$,#")
_LEGACY: Final = frozenset(_ALNUM + "@*_+-./")
_OCTETS: Final = re.compile("(?:%[0-9a-fA-F]{2})+")
_LEGACY_ESCAPE: Final = re.compile("%u([0-9a-fA-F]{4})|%([0-9a-fA-F]{2})")


def _encode(text: str, kept: frozenset[str]) -> str:
    parts = []
    for char in text:
        if char in kept:
            parts.append(char)
            continue
        if "\ud800" <= char <= "\udfff":
            throw("URIError", "URI malformed")
        parts += (f"%{byte:02X}" for byte in char.encode())
    return "".join(parts)


def _decode(text: str, kept: frozenset[str]) -> str:
    def run(match: re.Match[str]) -> str:
        try:
            decoded = bytes.fromhex(match[0].replace("%", "")).decode()
        except UnicodeDecodeError:
            throw("URIError", "URI malformed")
        if not kept:
            return decoded
        parts = []
        offset = match.start()
        for char in decoded:
            width = 3 * len(char.encode())
            parts.append(text[offset : offset + width] if char in kept else char)
            offset += width
        return "".join(parts)

    result = _OCTETS.sub(run, text)
    if "%" in _OCTETS.sub("", text):
        throw("URIError", "URI malformed")
    return result


def _escape(value: JsValue) -> str:
    def one(unit: str) -> str:
        if unit in _LEGACY:
            return unit
        return f"%{ord(unit):02X}" if unit < "\u0100" else f"%u{ord(unit):04X}"

    return "".join(map(one, to_units(to_text(value))))


def _unescape(value: JsValue) -> str:
    return from_units(_LEGACY_ESCAPE.sub(lambda match: chr(int(match[1] or match[2], 16)), to_units(to_text(value))))


URI_FUNCTIONS: Final[Mapping[str, Callable[..., JsValue]]] = {
    "decodeURI": lambda value: _decode(to_text(value), _RESERVED),
    "decodeURIComponent": lambda value: _decode(to_text(value), frozenset()),
    "encodeURI": lambda value: _encode(to_text(value), _UNESCAPED | _RESERVED),
    "encodeURIComponent": lambda value: _encode(to_text(value), _UNESCAPED),
    "escape": _escape,
    "unescape": _unescape,
}
