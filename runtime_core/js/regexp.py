"""``RegExp``: objects, methods, and what String's methods ask of them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import ClassVar, Final

from runtime_core.js.array_text import check_length
from runtime_core.js.arrays import JsArray
from runtime_core.js.coerce import from_units, to_length, to_text, to_uint32, to_units
from runtime_core.js.errors import throw, throw_type_error
from runtime_core.js.functions import BuiltinFunction, JsFunction, with_length
from runtime_core.js.iteration import JsIterator
from runtime_core.js.operators import to_display
from runtime_core.js.properties import Attribute, table
from runtime_core.js.prototypes import BuiltinPrototype
from runtime_core.js.regexp_engine import Expression, Span, Subject, expression
from runtime_core.js.string_methods import Matched, check_text_length, substitute
from runtime_core.js.values import (
    SYMBOL_MATCH,
    SYMBOL_MATCH_ALL,
    SYMBOL_REPLACE,
    SYMBOL_SEARCH,
    SYMBOL_SPECIES,
    SYMBOL_SPLIT,
    UNDEFINED,
    Accessor,
    JsObject,
    JsValue,
    PropertyKey,
)

_FLAGS: Final = "dgimsuvy"
_FLAG_NAMES: Final = {
    "d": "hasIndices",
    "g": "global",
    "i": "ignoreCase",
    "m": "multiline",
    "s": "dotAll",
    "u": "unicode",
    "v": "unicodeSets",
    "y": "sticky",
}


class JsRegExp(JsObject):
    """A RegExp; ``lastIndex`` is its own property."""

    __slots__ = ("_subject", "expression", "flags", "source")

    class_name: ClassVar[str] = "RegExp"
    type_tag: ClassVar[str] = "RegExp"
    ANY_RECEIVER: ClassVar[bool] = True

    def __init__(self, source: str, flags: str) -> None:
        super().__init__()
        self.source, self.flags = source, flags  # the table asks how the object describes itself
        table(self).place("lastIndex", 0, Attribute.WRITABLE)
        self._subject: Subject | None = None
        self.compile(source, flags)

    def compile(self, source: str, flags: str) -> None:
        """Take another pattern and other flags."""
        if len(set(flags)) != len(flags) or any(flag not in _FLAGS for flag in flags) or {"u", "v"} <= set(flags):
            throw("SyntaxError", f"Invalid flags supplied to RegExp constructor '{flags}'")
        self.source = source
        self.flags = "".join(sorted(flags))
        self.expression: Expression = expression(source, self.flags)
        self._subject = None
        self.set("lastIndex", 0)

    @property
    def shown_source(self) -> str:
        """The ``source`` property: what could stand between slashes."""
        return _escaped(self.source) or "(?:)"

    def subject(self, text: str) -> Subject:
        """The text as the engine wants it; the last one is kept."""
        if self._subject is None or self._subject.text != text:
            self._subject = Subject(text, unicode=self.expression.unicode)
        return self._subject

    def find(self, text: str) -> tuple[Subject, list[Span]] | None:
        """One match as ``exec`` makes it: reads and moves ``lastIndex`` where the flags say so."""
        moves = "g" in self.flags or "y" in self.flags
        start = to_length(self.get("lastIndex"))
        subject = self.subject(text)
        if not moves:
            start = 0
        spans = None
        if start <= len(subject.units):
            spans = self.expression.search(subject, start, sticky="y" in self.flags)
        if spans is None:
            if moves:
                self.set("lastIndex", 0)
            return None
        if moves:
            self.set("lastIndex", spans[0][1])
        return subject, spans

    def advance(self, subject: Subject, index: int) -> int:
        """The index after one character."""
        pair = subject.units[index : index + 2]
        is_pair = len(pair) == 2 and "\ud800" <= pair[0] <= "\udbff" and "\udc00" <= pair[1] <= "\udfff"
        return index + (2 if self.expression.unicode and is_pair else 1)

    def execute(self, text: str) -> JsValue:
        """``exec``."""
        found = self.find(text)
        return None if found is None else self.result(*found)

    def groups(self, subject: Subject, spans: list[Span]) -> list[JsValue]:
        """The texts of the groups, the whole match first."""
        return [UNDEFINED if start < 0 else from_units(subject.units[start:end]) for start, end in spans]

    def named(self, values: list[JsValue]) -> JsValue:
        """The ``groups`` object of values that belong to the groups, or undefined without names."""
        names = self.expression.pattern.names
        if not names:
            return UNDEFINED
        result = JsObject()
        result.set_prototype(None)
        for name, indices in names.items():
            result.define(name, next((values[i] for i in indices if values[i] is not UNDEFINED), UNDEFINED))
        return result

    def result(self, subject: Subject, spans: list[Span]) -> JsArray:
        """The array that ``exec`` returns."""
        values = self.groups(subject, spans)
        result = JsArray(values)
        result.define("index", spans[0][0])
        result.define("input", subject.text)
        result.define("groups", self.named(values))
        if "d" in self.flags:
            pairs: list[JsValue] = [UNDEFINED if span[0] < 0 else JsArray(span) for span in spans]
            indices = JsArray(pairs)
            indices.define("groups", self.named(pairs))
            result.define("indices", indices)
        return result

    def to_string(self) -> str:
        """``String(this)``."""
        return f"/{self.shown_source}/{self.flags}"

    def describe(self) -> str:
        """A short form for messages."""
        return "[object RegExp]"

    METHODS: ClassVar[Mapping[PropertyKey, Callable[..., JsValue]]] = {}  # below
    CONSTANTS: ClassVar[Mapping[PropertyKey, JsValue]] = {}  # below


def _getter(name: str, read: Callable[[JsRegExp], JsValue], default: JsValue) -> Accessor:
    """A getter that the prototype itself has, too."""

    def get(this: JsValue) -> JsValue:
        if isinstance(this, JsRegExp):
            return read(this)
        if isinstance(this, BuiltinPrototype) and this.constructor_name() == "RegExp":
            return default
        shown = this.describe() if isinstance(this, JsObject) else to_display(this)
        return throw_type_error(f"RegExp.prototype.{name} getter called on non-RegExp object {shown}")

    return Accessor(get, name=name)


def _has_flag(flag: str) -> Callable[[JsRegExp], JsValue]:
    return lambda this: flag in this.flags


JsRegExp.CONSTANTS = {
    **{name: _getter(name, _has_flag(flag), UNDEFINED) for flag, name in _FLAG_NAMES.items()},
    "flags": _getter("flags", lambda this: this.flags, ""),
    "source": _getter("source", lambda this: this.shown_source, "(?:)"),
}


def _escaped(source: str) -> str:
    """A pattern with slashes and line ends escaped."""
    if not any(char in "/\n\r\u2028\u2029" for char in source):
        return source
    parts: list[str] = []
    in_class = escaped = False
    for char in source:
        line_end = {"\n": "n", "\r": "r", "\u2028": "u2028", "\u2029": "u2029"}.get(char)
        if line_end is not None:
            parts.append(line_end if escaped else "\\" + line_end)
        elif char == "/" and not in_class and not escaped:
            parts.append("\\/")
        else:
            parts.append(char)
        if not escaped:
            in_class = char == "[" or (in_class and char != "]")
        escaped = char == "\\" and not escaped
    return "".join(parts)


# ---- methods


def _compile(this: JsRegExp, pattern: JsValue, flags: JsValue) -> JsValue:
    this.compile(*_source_and_flags(pattern, flags))
    return this


def _match(this: JsRegExp, text: JsValue) -> JsValue:
    subject = to_text(text)
    if "g" not in this.flags:
        return this.execute(subject)
    this.set("lastIndex", 0)
    found: list[JsValue] = []
    for whole, spans in _every_match(this, subject):
        found.append(from_units(whole.units[slice(*spans[0])]))
        check_length(len(found))
    return JsArray(found) if found else None


def _every_match(regexp: JsRegExp, text: str) -> Iterator[tuple[Subject, list[Span]]]:
    """Matches from ``lastIndex`` on, one after the other."""
    while True:
        found = regexp.find(text)
        if found is None:
            return
        subject, spans = found
        if spans[0][0] == spans[0][1]:
            regexp.set("lastIndex", regexp.advance(subject, to_length(regexp.get("lastIndex"))))
        yield subject, spans


def _match_all(this: JsRegExp, text: JsValue) -> JsValue:
    subject = to_text(text)
    regexp = JsRegExp(this.source, this.flags)
    regexp.set("lastIndex", to_length(this.get("lastIndex")))

    def values() -> Iterator[JsValue]:
        if "g" not in regexp.flags:
            found = regexp.execute(subject)
            if found is not None:
                yield found
            return
        for whole, spans in _every_match(regexp, subject):
            yield regexp.result(whole, spans)

    return JsIterator(values(), "RegExp String")


def _replace(this: JsRegExp, text: JsValue, replacement: JsValue) -> JsValue:
    subject = to_text(text)
    template = None if isinstance(replacement, JsFunction) else to_units(to_text(replacement))
    if "g" in this.flags:
        this.set("lastIndex", 0)
        matches = list(_every_match(this, subject))
    else:
        found = this.find(subject)
        matches = [] if found is None else [found]
    if not matches:
        return subject
    units = matches[0][0].units
    parts: list[str] = []
    end = size = 0
    for whole, spans in matches:
        new = _replacement(this, whole, spans, replacement, template)
        parts += (units[end : spans[0][0]], new)
        size += len(parts[-2]) + len(new)
        check_text_length(size)
        end = spans[0][1]
    return from_units("".join(parts) + units[end:])


def _replacement(
    regexp: JsRegExp, subject: Subject, spans: list[Span], replacement: JsValue, template: str | None
) -> str:
    values = regexp.groups(subject, spans)
    named = regexp.named(values)
    if isinstance(replacement, JsFunction):
        extra = () if named is UNDEFINED else (named,)
        return to_units(to_text(replacement.call(UNDEFINED, (*values, spans[0][0], subject.text, *extra))))
    matched = subject.units[slice(*spans[0])]
    return substitute(template or "", Matched(matched, subject.units, spans[0][0], tuple(values[1:]), named))


def _search(this: JsRegExp, text: JsValue) -> JsValue:
    subject = this.subject(to_text(text))
    spans = this.expression.search(subject, 0, sticky="y" in this.flags)
    return -1 if spans is None else spans[0][0]


def _split(this: JsRegExp, text: JsValue, limit: JsValue) -> JsValue:
    most = 0xFFFFFFFF if limit is UNDEFINED else to_uint32(limit)
    subject = this.subject(to_text(text))
    size = len(subject.units)
    if not most:
        return JsArray()
    if not size:
        empty = this.expression.search(subject, 0, sticky=True)
        return JsArray([""] if empty is None else [])
    parts: list[JsValue] = []
    last, at = 0, 0
    while at < size:
        spans = this.expression.search(subject, at, sticky=False)
        if spans is None or spans[0][0] >= size:
            break
        start, end = spans[0]
        if end == last:  # an empty match where the last piece ended
            at = this.advance(subject, start)
            continue
        parts.append(from_units(subject.units[last:start]))
        parts += this.groups(subject, spans)[1:]
        if len(parts) >= most:
            return JsArray(parts[:most])
        check_length(len(parts))
        last = at = end
    parts.append(from_units(subject.units[last:]))
    return JsArray(parts[:most])


def _to_string(this: JsValue) -> JsValue:
    if not isinstance(this, JsObject):
        throw_type_error(f"Method RegExp.prototype.toString called on incompatible receiver {to_display(this)}")
    return f"/{to_text(this.get('source'))}/{to_text(this.get('flags'))}"


def _checked(name: str, method: Callable[..., JsValue]) -> Callable[..., JsValue]:
    """A method of expressions only."""

    def call(this: JsValue, *args: JsValue) -> JsValue:
        if not isinstance(this, JsRegExp):
            shown = this.describe() if isinstance(this, JsObject) else to_display(this)
            throw_type_error(f"Method RegExp.prototype.{name} called on incompatible receiver {shown}")
        count = method.__code__.co_argcount - 1
        return method(this, *(*args, *(UNDEFINED,) * count)[:count])

    return with_length(method.__code__.co_argcount - 1, call)


_METHODS: Final[Mapping[PropertyKey, Callable[..., JsValue]]] = {
    "compile": _compile,
    "exec": lambda this, text: this.execute(to_text(text)),
    "test": lambda this, text: this.find(to_text(text)) is not None,
    SYMBOL_MATCH: _match,
    SYMBOL_MATCH_ALL: _match_all,
    SYMBOL_REPLACE: _replace,
    SYMBOL_SEARCH: _search,
    SYMBOL_SPLIT: _split,
}
JsRegExp.METHODS = {
    **{
        key: _checked(key if isinstance(key, str) else f"@@{(key.description or '')[7:]}", method)
        for key, method in _METHODS.items()
    },
    "toString": _to_string,
}


# ---- the constructor


def _source_and_flags(pattern: JsValue, flags: JsValue) -> tuple[str, str]:
    if isinstance(pattern, JsRegExp):
        return pattern.source, pattern.flags if flags is UNDEFINED else to_text(flags)
    source = "" if pattern is UNDEFINED else to_text(pattern)
    return source, "" if flags is UNDEFINED else to_text(flags)


def new_regexp(pattern: JsValue = UNDEFINED, flags: JsValue = UNDEFINED) -> JsRegExp:
    """``new RegExp(pattern, flags)``."""
    return JsRegExp(*_source_and_flags(pattern, flags))


def _call(pattern: JsValue, flags: JsValue) -> JsValue:
    """``RegExp(pattern, flags)``: an expression is taken as it is."""
    return pattern if isinstance(pattern, JsRegExp) and flags is UNDEFINED else new_regexp(pattern, flags)


_SYNTAX: Final = "^$\\.*+?()[]{}|/"
_PUNCTUATORS: Final = ",-=<>#&!%:;@~'`\""
_CONTROLS: Final = {"\t": "t", "\n": "n", "\v": "v", "\f": "f", "\r": "r"}


def _escape(text: JsValue) -> JsValue:
    """``RegExp.escape``."""
    if not isinstance(text, str):
        throw_type_error("input argument must be a string")
    parts = []
    for index, char in enumerate(text):
        if index == 0 and char.isascii() and char.isalnum():
            parts.append(f"\\x{ord(char):02x}")
        elif char in _SYNTAX:
            parts.append("\\" + char)
        elif char in _CONTROLS:
            parts.append("\\" + _CONTROLS[char])
        elif char in _PUNCTUATORS or char == " " or char == "\xa0":
            parts.append(f"\\x{ord(char):02x}")
        elif char.isspace() or char == "\ufeff" or "\ud800" <= char <= "\udfff":
            parts.append(f"\\u{ord(char):04x}")
        else:
            parts.append(char)
    return "".join(parts)


def make_regexp() -> BuiltinFunction:
    """``RegExp``."""
    return BuiltinFunction(
        _call,
        "RegExp",
        constructor=new_regexp,
        instances=JsRegExp,
        constants={SYMBOL_SPECIES: Accessor(lambda this: this, name="[Symbol.species]")},
        statics={"escape": _escape},
    )
