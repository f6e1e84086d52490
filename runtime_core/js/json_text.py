"""``JSON``: parse, stringify, rawJSON."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping
from typing import ClassVar, Final, NoReturn

from runtime_core.engine.checkpoint import checked, checkpoint
from runtime_core.js.array_elements import is_array
from runtime_core.js.array_text import check_length
from runtime_core.js.arrays import JsArray
from runtime_core.js.coerce import normal, to_integer_or_infinity, to_length, to_text
from runtime_core.js.errors import throw, throw_type_error
from runtime_core.js.functions import JsFunction, with_length
from runtime_core.js.operators import get_property, to_string
from runtime_core.js.primitives import BigIntObject, BooleanObject, NumberObject, StringObject, number_of
from runtime_core.js.string_methods import check_text_length
from runtime_core.js.values import ABSENT, UNDEFINED, BigInt, JsObject, JsSymbol, JsValue, PropertyKey, join_surrogates

_MAX_DEPTH: Final = 5000  # arrays and objects inside each other
_SPACE: Final = re.compile(r"[ \t\n\r]*")
_NUMBER: Final = re.compile(r"-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?")
_PLAIN: Final = re.compile(r'[^"\\\x00-\x1f]*')
_ESCAPES: Final = {'"': '"', "\\": "\\", "/": "/", "b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t"}
_WORDS: Final[Mapping[str, JsValue]] = {"true": True, "false": False, "null": None}
_HEX: Final = re.compile("[0-9a-fA-F]{4}")
_CONTEXT: Final = 10  # characters that V8 shows around a mistake
_SHORT: Final = 2 * _CONTEXT


# ---- parse


class _Container:
    """An array or an object while its members are read."""

    __slots__ = ("key", "value")

    def __init__(self, value: JsArray | JsObject) -> None:
        self.value = value
        self.key = ""


class _Reader:
    """Reads one JSON text, without recursion."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._at = 0
        self._last = ""  # the text of the primitive read last
        self.sources: dict[tuple[int, str], tuple[JsValue, str]] = {}
        """Texts of primitives by their container's id and their key; the root's container is 0."""

    def read(self) -> JsValue:
        """The value."""
        stack: list[_Container] = []
        while True:
            checkpoint()
            self._skip()
            start = self._at
            value, opened = self._value()
            self._last = self._text[start : self._at]
            if opened:
                if len(stack) >= _MAX_DEPTH:
                    throw("RangeError", "Maximum call stack size exceeded")
                stack.append(_Container(value))  # type: ignore[arg-type]  # an array or an object
                if not self._starts(stack[-1]):
                    continue
                stack.pop()
            while True:
                if not stack:
                    self.sources[0, ""] = (value, self._last)
                    self._skip()
                    if self._at < len(self._text):
                        self._fail_after_value()
                    return value
                if self._store(stack[-1], value):
                    break
                value = stack.pop().value

    def _skip(self) -> str:
        match = _SPACE.match(self._text, self._at)
        self._at = match.end() if match else self._at
        return self._text[self._at : self._at + 1]

    def _value(self) -> tuple[JsValue, bool]:
        """A primitive, or an array or object that was just opened."""
        char = self._skip()
        if char == '"':
            return self._string(), False
        if char == "{":
            self._at += 1
            return JsObject({}), True
        if char == "[":
            self._at += 1
            return JsArray(), True
        match = _NUMBER.match(self._text, self._at)
        if match:
            self._at = match.end()
            return self._number(match[0]), False
        if char == "-":
            self._at += 1
            self._fail("No number after minus sign")
        for word, value in _WORDS.items():
            if char == word[0]:
                return self._word(word, value), False
        return self._unexpected()

    def _word(self, word: str, value: JsValue) -> JsValue:
        for expected in word:
            if self._text[self._at : self._at + 1] != expected:
                self._unexpected()
            self._at += 1
        return value

    def _number(self, text: str) -> JsValue:
        following = self._text[self._at : self._at + 1]
        if following == "." and not any(char in text for char in ".eE"):
            self._at += 1
            self._fail("Unterminated fractional number")
        if following and following in "eE" and not any(char in text for char in "eE"):
            self._at += 1
            self._at += self._text[self._at : self._at + 1] in ("+", "-")
            self._fail("Exponent part is missing a number")
        if text in ("0", "-0") and following.isascii() and following.isdigit():
            self._unexpected()
        return normal(float(text))

    def _string(self) -> str:
        parts = []
        self._at += 1
        while True:
            match = _PLAIN.match(self._text, self._at)
            if match is not None:
                parts.append(match[0])
                self._at = match.end()
            char = self._text[self._at : self._at + 1]
            if char == '"':
                self._at += 1
                return join_surrogates("".join(parts))
            if not char:
                self._fail("Unterminated string")
            if char != "\\":
                self._fail("Bad control character in string literal")
            parts.append(self._escape())

    def _escape(self) -> str:
        self._at += 1
        char = self._text[self._at : self._at + 1]
        if char == "u":
            match = _HEX.match(self._text, self._at + 1)
            if match is None:
                self._at += 1
                while self._text[self._at : self._at + 1] and self._text[self._at] in "0123456789abcdefABCDEF":
                    self._at += 1
                self._fail("Bad Unicode escape")
            self._at += 5
            return chr(int(match[0], 16))
        if char not in _ESCAPES:
            self._fail("Bad escaped character" if char else "Unterminated string")
        self._at += 1
        return _ESCAPES[char]

    def _starts(self, container: _Container) -> bool:
        """Whether a container that was just opened is closed at once; reads the first key of an object."""
        char = self._skip()
        if isinstance(container.value, JsArray):
            if char == "]":
                self._at += 1
                return True
            return False
        if char == "}":
            self._at += 1
            return True
        self._key(container, "Expected property name or '}'")
        return False

    def _key(self, container: _Container, message: str) -> None:
        if self._skip() != '"':
            self._fail(message)
        container.key = self._string()
        if self._skip() != ":":
            self._fail("Expected ':' after property name")
        self._at += 1

    def _store(self, container: _Container, value: JsValue) -> bool:
        """Put a value into its container; whether another one follows."""
        target = container.value
        key = str(len(target.items)) if isinstance(target, JsArray) else container.key
        if not isinstance(value, JsObject):
            self.sources[id(target), key] = (value, self._last)
        if isinstance(target, JsArray):
            target.items.append(value)
            check_length(len(target.items))
            char = self._skip()
            if char == "]":
                self._at += 1
                return False
            if char != ",":
                self._fail("Expected ',' or ']' after array element")
            self._at += 1
            return True
        target.define(container.key, value)
        char = self._skip()
        if char == "}":
            self._at += 1
            return False
        if char != ",":
            self._fail("Expected ',' or '}' after property value")
        self._at += 1
        self._key(container, "Expected double-quoted property name")
        return True

    # ---- mistakes

    def _fail(self, message: str) -> NoReturn:
        self._fail_with(f"{message} in JSON")

    def _fail_after_value(self) -> NoReturn:
        self._fail_with("Unexpected non-whitespace character after JSON")

    def _fail_with(self, message: str) -> NoReturn:
        before = self._text[: self._at]
        line = before.count("\n") + 1
        column = len(before) - (before.rfind("\n") + 1) + 1
        throw("SyntaxError", f"{message} at position {self._at} (line {line} column {column})")

    def _unexpected(self) -> NoReturn:
        text, at = self._text, self._at
        if at >= len(text):
            throw("SyntaxError", "Unexpected end of JSON input")
        if text in ("NaN", "Infinity", "undefined"):
            throw("SyntaxError", f'"{text}" is not valid JSON')
        char = text[at]
        if char.isascii() and char.isdigit():
            self._fail("Unexpected number")
        if len(text) <= 2 * _SHORT:
            shown = f'"{text}" is not valid JSON'
        else:
            start, end = max(0, at - _CONTEXT), min(len(text), at + _CONTEXT)
            shown = f'{"..." if start else ""}"{text[start:end]}"{"... " if end < len(text) else " "}is not valid JSON'
        throw("SyntaxError", f"Unexpected token '{char}', {shown}")


def parse(text: JsValue, reviver: JsValue = UNDEFINED) -> JsValue:
    """``JSON.parse``."""
    source = to_text(text)
    if source in ("undefined",) and not isinstance(text, str):
        throw("SyntaxError", '"undefined" is not valid JSON')
    if isinstance(text, JsObject) and source == "[object Object]":
        throw("SyntaxError", '"[object Object]" is not valid JSON')
    reader = _Reader(source)
    value = reader.read()
    if not isinstance(reviver, JsFunction):
        return value
    reader.sources[0, ""] = reader.sources[0, ""] if not isinstance(value, JsObject) else (ABSENT, "")
    return _Reviver(reviver, reader.sources).revive(JsObject({"": value}), "", 0)


class _Reviver:
    """Applies a reviver from the leaves to the root."""

    def __init__(self, function: JsFunction, sources: Mapping[tuple[int, str], tuple[JsValue, str]]) -> None:
        self._function = function
        self._sources = sources

    def revive(self, holder: JsObject, key: str, place: int) -> JsValue:
        """What the reviver makes of a member; ``place`` is the id of its container as it was read."""
        value = holder.get(key)
        context = JsObject({})
        if isinstance(value, JsObject):
            keys = list(map(str, range(to_length(value.get("length"))))) if is_array(value) else value.own_keys()
            for name in keys:
                new = self.revive(value, name, id(value))
                if new is UNDEFINED:
                    value.delete(name)
                else:
                    value.set(name, new)
        else:
            was, text = self._sources.get((place, key), (ABSENT, ""))
            if was is value:
                context.define("source", text)
        return self._function.call(holder, (key, value, context))


# ---- stringify

_QUOTED: Final = re.compile(r'["\\\x00-\x1f\ud800-\udfff]')
_SHORT_ESCAPES: Final = {'"': '\\"', "\\": "\\\\", "\b": "\\b", "\f": "\\f", "\n": "\\n", "\r": "\\r", "\t": "\\t"}


def quote(text: str) -> str:
    """A string as JSON; lone surrogates are escaped."""
    return '"' + _QUOTED.sub(lambda match: _SHORT_ESCAPES.get(match[0]) or f"\\u{ord(match[0]):04x}", text) + '"'


class RawJson(JsObject):
    """What ``JSON.rawJSON`` returns."""

    __slots__ = ()

    type_tag: ClassVar[str] = "Object"


class _Writer:
    """Writes one value."""

    def __init__(self, replacer: JsValue, space: JsValue) -> None:
        self._function = replacer if isinstance(replacer, JsFunction) else None
        self._keys = None if self._function or not is_array(replacer) else _property_list(replacer)
        self._gap = _gap(space)
        self._active: list[tuple[JsObject, PropertyKey]] = []
        self._indent = ""
        self._size = 0

    def write(self, holder: JsObject, key: str) -> str | None:
        """The text for ``holder[key]``, or None for what JSON leaves out."""
        value = self._prepared(holder, key)
        if value is None:
            return "null"
        if isinstance(value, bool):
            return "true" if value else "false"
        if isinstance(value, str):
            self._size += len(value)
            check_text_length(self._size)
            return quote(value)
        if isinstance(value, BigInt):
            throw_type_error("Do not know how to serialize a BigInt")
        if isinstance(value, int | float):
            return to_string(value) if math.isfinite(value) else "null"
        if not isinstance(value, JsObject) or isinstance(value, JsFunction):
            return None
        if isinstance(value, RawJson):
            return str(value.get("rawJSON"))
        return self._container(value, key)

    def _prepared(self, holder: JsObject, key: str) -> JsValue:
        checkpoint()
        value = holder.get(key)
        if isinstance(value, JsObject | BigInt):
            method = get_property(value, "toJSON")
            if isinstance(method, JsFunction):
                value = method.call(value, (key,))
        if self._function is not None:
            value = self._function.call(holder, (key, value))
        if isinstance(value, NumberObject):
            return number_of(value)
        if isinstance(value, StringObject):
            return to_text(value)
        return value.value if isinstance(value, BooleanObject | BigIntObject) else value

    def _container(self, value: JsObject, key: str) -> str:
        if any(active is value for active, _ in self._active):
            throw_type_error(self._circle(value, key))
        if len(self._active) >= _MAX_DEPTH:
            throw("RangeError", "Maximum call stack size exceeded")
        self._active.append((value, key))
        before, self._indent = self._indent, self._indent + self._gap
        if is_array(value):
            length = to_length(value.get("length"))
            check_length(length)
            parts = [self.write(value, str(index)) or "null" for index in range(length)]
            text = self._joined(parts, "[", "]", before)
        else:
            names = value.own_keys() if self._keys is None else self._keys
            colon = ": " if self._gap else ":"
            members = ((name, self.write(value, name)) for name in names)
            parts = [f"{quote(name)}{colon}{member}" for name, member in members if member is not None]
            text = self._joined(parts, "{", "}", before)
        self._indent = before
        self._active.pop()
        return text

    def _joined(self, parts: list[str], opening: str, closing: str, before: str) -> str:
        if not parts:
            return opening + closing
        check_text_length(sum(map(len, parts)) + len(parts) * (len(self._indent) + 2))
        if not self._gap:
            return f"{opening}{','.join(parts)}{closing}"
        separator = f",\n{self._indent}"
        return f"{opening}\n{self._indent}{separator.join(parts)}\n{before}{closing}"

    def _circle(self, value: JsObject, key: str) -> str:
        """V8's drawing of a circle."""
        start = next(index for index, (active, _) in enumerate(self._active) if active is value)
        lines = [
            "Converting circular structure to JSON",
            f"    --> starting at object with constructor '{value.constructor_name()}'",
        ]
        between = self._active[start + 1 :]
        for index, (active, name) in enumerate(between):
            if index == 0 or index == len(between) - 1:
                holder = f"{_member(name, self._active[start + index][0])} -> object with constructor"
                lines.append(f"    |     {holder} '{active.constructor_name()}'")
            elif index == 1:
                lines.append("    |     ...")
        last = self._active[-1][0]
        lines.append(f"    --- {_member(key, last)} closes the circle")
        return "\n".join(lines)


def _member(key: PropertyKey, holder: JsObject) -> str:
    return f"index {key}" if is_array(holder) else f"property '{key!s}'"


def _property_list(value: JsValue) -> list[str]:
    names: dict[str, None] = {}
    if isinstance(value, JsObject):
        for index in checked(range(to_length(value.get("length")))):
            item = value.get(str(index))
            is_number = isinstance(item, int | float) and not isinstance(item, bool | BigInt)
            if isinstance(item, str | NumberObject | StringObject) or is_number:
                names[to_text(item)] = None
    return list(names)


def _gap(space: JsValue) -> str:
    if isinstance(space, NumberObject):
        space = number_of(space)
    if isinstance(space, StringObject):
        space = to_text(space)
    if isinstance(space, str):
        return space[:10]
    if isinstance(space, int | float) and not isinstance(space, bool | BigInt):
        return " " * int(min(max(to_integer_or_infinity(space), 0), 10))
    return ""


def stringify(value: JsValue, replacer: JsValue, space: JsValue) -> JsValue:
    """``JSON.stringify``: a text, or undefined for what JSON cannot say."""
    text = _Writer(replacer, space).write(JsObject({"": value}), "")
    return UNDEFINED if text is None else text


def raw_json(text: JsValue) -> JsValue:
    """``JSON.rawJSON``."""
    source = to_text(text) if not isinstance(text, JsSymbol) else ""
    if isinstance(text, JsSymbol):
        throw_type_error("Cannot convert a Symbol value to a string")
    if not source or source[0] in "\t\n\r [{" or source[-1] in "\t\n\r ":
        throw("SyntaxError", "Invalid value for JSON.rawJSON")
    parse(source)
    from runtime_core.js.properties import prevent_extensions

    result = RawJson({"rawJSON": source})
    result.set_prototype(None)
    prevent_extensions(result, "frozen")
    return result


FUNCTIONS: Final[Mapping[str, Callable[..., JsValue]]] = {
    "parse": with_length(2, parse),
    "stringify": stringify,
    "rawJSON": raw_json,
    "isRawJSON": lambda value: isinstance(value, RawJson),
}
