"""Matching with RE2: a parsed pattern becomes RE2's syntax, a text becomes bytes of one code point per unit.

Without the flags u and v every UTF-16 unit is a code point of its own (surrogates are encoded one by one), with them a
surrogate pair is one; offsets are UTF-16 units outside of this module. RE2 matches in time linear in the text, uses
bounded memory, and knows neither look-around nor back references.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Final

import re2

from runtime_core.engine.checkpoint import checkpoint
from runtime_core.js.coerce import to_units
from runtime_core.js.errors import throw
from runtime_core.js.regexp_nodes import (
    Any,
    Assertion,
    Char,
    CharSet,
    Choice,
    Group,
    Interval,
    Node,
    Pattern,
    Repeat,
    Sequence,
)
from runtime_core.js.regexp_syntax import Parser
from runtime_core.js.values import utf16_length

_MAX_MEMORY: Final = 2 << 20  # bytes per expression; re2 keeps the 128 used last
_MAX_REPEAT: Final = 1000  # RE2's bound
_MAX_WORK: Final = 1 << 33  # instructions times bytes; beyond, a match could take minutes
_NEVER: Final = "[^\\x{0}-\\x{10ffff}]"
_LINE_ENDS: Final[tuple[Interval, ...]] = ((0x0A, 0x0A), (0x0D, 0x0D), (0x2028, 0x2029))
Span = tuple[int, int]


def _options() -> re2.Options:
    options = re2.Options()
    options.log_errors = False
    options.max_mem = _MAX_MEMORY
    return options


def compiles(source: str) -> bool:
    """Whether RE2 accepts an expression."""
    try:
        re2.compile(source, options=_options())
    except re2.error:
        return False
    return True


class _Emitter:
    """Writes a tree in RE2's syntax."""

    def __init__(self, parser: Parser, flags: str) -> None:
        self._parser = parser
        self._flags = set(flags) & set("ims")

    def write(self, node: Node) -> str:
        """The expression for a node."""
        if isinstance(node, Char):
            return self._char(node.code)
        if isinstance(node, CharSet):
            return self._set(node)
        if isinstance(node, Any):
            return "(?s:.)" if "s" in self._flags else f"[^{_ranges(_LINE_ENDS)}]"
        if isinstance(node, Assertion):
            return self._assertion(node.kind)
        if isinstance(node, Sequence):
            return "".join(self._grouped(one) if isinstance(one, Choice) else self.write(one) for one in node.nodes)
        if isinstance(node, Choice):
            return "|".join(map(self.write, node.nodes))
        if isinstance(node, Repeat):
            return self._repeat(node)
        return self._group(node)

    def _grouped(self, node: Node) -> str:
        return f"(?:{self.write(node)})"

    def _char(self, code: int) -> str:
        char = chr(code)
        if "i" not in self._flags:
            return _code(code)
        if char.isascii() and char.isalpha() and not self._parser.unicode:
            return f"[{char.lower()}{char.upper()}]"  # RE2 would also take the long s and the Kelvin sign
        return f"(?i:{_code(code)})"

    def _set(self, node: CharSet) -> str:
        if not node.intervals and not node.properties:
            return "(?s:.)" if node.negated else _NEVER
        body = f"[{'^' if node.negated else ''}{_ranges(node.intervals)}{''.join(node.properties)}]"
        if "i" not in self._flags:
            return body
        if node.negated or self._parser.unicode:
            return f"(?i:{body})"
        return self._folded(node.intervals)

    @staticmethod
    def _folded(intervals: tuple[Interval, ...]) -> str:
        """A class in both cases, where letters of ASCII have no relatives outside of it."""
        ascii_part = [(low, min(high, 0x7F)) for low, high in intervals if low <= 0x7F]
        rest = tuple((max(low, 0x80), high) for low, high in intervals if high >= 0x80)
        for low, high in list(ascii_part):
            for first, last, shift in ((0x41, 0x5A, 32), (0x61, 0x7A, -32)):
                if max(low, first) <= min(high, last):
                    ascii_part.append((max(low, first) + shift, min(high, last) + shift))
        parts = [f"[{_ranges(tuple(ascii_part))}]"] if ascii_part else []
        if rest:
            parts.append(f"(?i:[{_ranges(rest)}])")
        return parts[0] if len(parts) == 1 else f"(?:{'|'.join(parts)})"

    def _assertion(self, kind: str) -> str:
        if kind in "bB":
            return f"\\{kind}"
        if "m" in self._flags:
            return f"(?m:{kind})"
        return "\\A" if kind == "^" else "\\z"

    def _repeat(self, node: Repeat) -> str:
        if node.least > _MAX_REPEAT or (node.most or 0) > _MAX_REPEAT:
            self._parser.unsupported(f"repetitions beyond {_MAX_REPEAT} are")
        body = self.write(node.node)
        body = body if isinstance(node.node, Group | CharSet | Any) and body.endswith((")", "]")) else f"(?:{body})"
        most = "" if node.most is None else str(node.most)
        simple = {(0, None): "*", (1, None): "+", (0, 1): "?"}.get((node.least, node.most))
        return f"{body}{simple or f'{{{node.least},{most}}}'}{'' if node.greedy else '?'}"

    def _group(self, node: Group) -> str:
        outer = self._flags
        self._flags = (outer | set(node.on)) - set(node.off)
        body = self.write(node.node)
        self._flags = outer
        return f"({body})" if node.index else f"(?:{body})"


def _code(code: int) -> str:
    return chr(code) if chr(code).isascii() and chr(code).isalnum() else f"\\x{{{code:x}}}"


def _ranges(intervals: tuple[Interval, ...]) -> str:
    return "".join(_code(low) if low == high else f"{_code(low)}-{_code(high)}" for low, high in intervals)


class Expression:
    """A regular expression that can be matched; holds no compiled code, which RE2's cache does."""

    __slots__ = ("_source", "flags", "pattern", "size", "unicode")

    def __init__(self, source: str, flags: str) -> None:
        parser = Parser(source, flags)
        self.pattern: Pattern = parser.parse()
        self.unicode = parser.unicode
        self.flags = flags
        self._source = _Emitter(parser, flags).write(self.pattern.node)
        try:
            self.size = int(re2.compile(self._source, options=_options()).programsize)
        except re2.error as error:
            reason = error.args[0] if error.args else error
            shown = reason.decode("utf-8", "replace") if isinstance(reason, bytes) else str(reason)
            parser.fail(f"Regular expression too large ({shown})")

    def search(self, subject: Subject, start: int, *, sticky: bool) -> list[Span] | None:
        """The spans of the match and of its groups in UTF-16 units, (-1, -1) for a group without part in it.

        Raises:
            JsThrow: RangeError where the work could take minutes.
        """
        if self.size * len(subject.data) > _MAX_WORK:
            throw("RangeError", "regular expression too complex for a text of this length")
        compiled = re2.compile(self._source, options=_options())
        find = compiled.match if sticky else compiled.search
        match = find(subject.data, subject.to_byte(start))
        checkpoint()
        if match is None:
            return None
        return [subject.to_units(match.span(index)) for index in range(self.pattern.groups + 1)]


@lru_cache(maxsize=128)
def expression(source: str, flags: str) -> Expression:
    """The expression of a pattern and flags.

    Raises:
        JsThrow: SyntaxError.
    """
    return Expression(source, flags)


class Subject:
    """A text as RE2 searches it, and the way between its offsets and UTF-16 units."""

    __slots__ = ("_byte", "_is_ascii", "_unit", "_wide", "data", "text", "units")

    def __init__(self, text: str, *, unicode: bool) -> None:
        self.text = text
        self.units = to_units(text)
        self._is_ascii = text.isascii()
        self._wide = unicode
        self.data = (text if unicode else self.units).encode("utf-8", "surrogatepass")
        self._byte = self._unit = 0  # one known pair of offsets

    def _length(self, start: int, end: int) -> int:
        text = self.data[start:end].decode("utf-8", "surrogatepass")
        return utf16_length(text) if self._wide else len(text)

    def to_byte(self, unit: int) -> int:
        """The offset in ``data`` of a unit; inside a surrogate pair, that of the pair."""
        if self._is_ascii:
            return unit
        if unit < self._unit:
            self._byte = self._unit = 0
        part = self.units[self._unit : unit]
        if self._wide:
            part = part.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "surrogatepass")
            if part and "\ud800" <= part[-1] <= "\udbff" and "\udc00" <= self.units[unit : unit + 1] <= "\udfff":
                part, unit = part[:-1], unit - 1
        self._byte += len(part.encode("utf-8", "surrogatepass"))
        self._unit = unit
        return self._byte

    def to_units(self, span: Span) -> Span:
        """A span of ``data`` in units."""
        if self._is_ascii or span[0] < 0:
            return span
        start = self._to_unit(span[0])
        return start, start + self._length(*span)

    def _to_unit(self, byte: int) -> int:
        if byte < self._byte:
            self._byte = self._unit = 0
        self._unit += self._length(self._byte, byte)
        self._byte = byte
        return self._unit
