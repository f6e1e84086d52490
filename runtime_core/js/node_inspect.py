"""Values as node's ``console.log`` shows them (``util.inspect`` with its default options, without colours)."""

from __future__ import annotations

import math
import re
from typing import Final

from runtime_core.js.array_buffer import JsArrayBuffer
from runtime_core.js.arrays import JsArray
from runtime_core.js.buffers import TypedArray
from runtime_core.js.control import JsThrow
from runtime_core.js.errors import JsError
from runtime_core.js.functions import JsFunction
from runtime_core.js.maps import JsMap, JsSet
from runtime_core.js.operators import to_string
from runtime_core.js.promises import JsPromise, PromiseState
from runtime_core.js.pyproxy import PyProxy
from runtime_core.js.values import Accessor, BigInt, JsObject, JsSymbol, JsValue

_WIDTH: Final = 80
_COMPACT: Final = 3
_DEPTH: Final = 2
_MAX_ITEMS: Final = 100
_MAX_TEXT: Final = 10_000
_IDENTIFIER: Final = re.compile(r"[A-Za-z_][A-Za-z_0-9]*")
_ESCAPES: Final = {"\n": "\\n", "\t": "\\t", "\r": "\\r", "\b": "\\b", "\f": "\\f", "\v": "\\v", "\\": "\\\\"}


class Inspector:
    """One value's text. ``indent`` is how far the surrounding text is indented."""

    def __init__(self) -> None:
        self._indent = 0
        self._deepest = 0
        self._active: list[JsValue] = []

    def show(self, value: JsValue, level: int = 0) -> str:
        """The text of a value at a level of nesting."""
        if isinstance(value, str):
            return quote(value)
        if isinstance(value, JsSymbol):
            return f"Symbol({value.description})"
        if isinstance(value, BigInt):
            return f"{int(value)}n"
        if isinstance(value, float) and value == 0 and math.copysign(1, value) < 0:
            return "-0"
        if not isinstance(value, JsObject):
            return to_string(value)
        if any(found is value for found in self._active):
            return "[Circular *1]"
        try:
            return self._object(value, level)
        except JsThrow:
            return f"[{value.class_name}]"

    def _object(self, value: JsObject, level: int) -> str:
        if isinstance(value, PyProxy):
            return "PyProxy {}"
        if isinstance(value, JsFunction):
            return self._function(value)
        if isinstance(value, JsError):
            stack = value.get("stack")
            return stack if isinstance(stack, str) else f"[{value.to_string()}]"
        name = value.constructor_name()
        if level > _DEPTH:
            return "[Array]" if isinstance(value, JsArray) else f"[{name}]"
        self._active.append(value)
        self._deepest = level
        try:
            return self._container(value, name, level)
        finally:
            self._active.pop()

    def _function(self, value: JsFunction) -> str:
        name = value.get("name")
        return f"[Function: {name}]" if isinstance(name, str) and name else "[Function (anonymous)]"

    def _container(self, value: JsObject, name: str, level: int) -> str:
        if isinstance(value, JsArray):
            return self._sequence(value, list(value.iterate()), "", level)
        if isinstance(value, TypedArray):
            return self._sequence(value, value.values(), f"{name}({value.length})", level)
        if isinstance(value, JsMap):
            items = [f"{self._nested(k, level)} => {self._nested(v, level)}" for k, v in list(value.entries.values())]
            return self._braces(items, f"{name}({len(items)})", level)
        if isinstance(value, JsSet):
            return self._braces(
                [self._nested(v, level) for v in value.iterate()], f"{name}({value.get('size')})", level
            )
        if isinstance(value, JsPromise):
            return self._braces([self._promise(value, level)], "Promise", level)
        if isinstance(value, JsArrayBuffer):
            return f"ArrayBuffer {{ byteLength: {value.get('byteLength')} }}"
        tag = "" if name == "Object" and value.type_tag == "Object" else name
        return self._braces(self._members(value, level), tag, level)

    def _promise(self, value: JsPromise, level: int) -> str:
        if value.state is PromiseState.PENDING:
            return "<pending>"
        text = self._nested(value.value, level)
        return text if value.state is PromiseState.FULFILLED else f"<rejected> {text}"

    def _nested(self, value: JsValue, level: int) -> str:
        self._indent += 2
        try:
            return self.show(value, level + 1)
        finally:
            self._indent -= 2

    def _members(self, value: JsObject, level: int) -> list[str]:
        names = value.own_keys()
        shown = [f"{_key(name)}: {self._member(value, name, level)}" for name in names[:_MAX_ITEMS]]
        return shown + ([f"... {len(names) - _MAX_ITEMS} more items"] if len(names) > _MAX_ITEMS else [])

    def _member(self, value: JsObject, name: str, level: int) -> str:
        found = value.get_own(name)
        if type(found) is Accessor:
            kinds = [kind for kind, part in (("Getter", found.getter), ("Setter", found.setter)) if part is not None]
            return f"[{'/'.join(kinds)}]"
        return self._nested(found, level)

    def _sequence(self, value: JsObject, items: list[JsValue], prefix: str, level: int) -> str:
        entries = [self._nested(item, level) for item in items[:_MAX_ITEMS]]
        more = len(items) - _MAX_ITEMS
        if more > 0:
            entries.append(f"... {more} more item{'s' if more > 1 else ''}")
        numeric = bool(items) and all(isinstance(i, int | float) and not isinstance(i, bool) for i in items)
        extra: list[str] = []
        if isinstance(value, JsArray):
            extra = [
                f"{_key(key)}: {self._nested(value.get(key), level)}" for key in value.own_keys() if not key.isdigit()
            ]
        before = len(entries) + len(extra)
        output = entries + extra
        if before > 6:  # node groups longer arrays into columns
            output = _columns(output, more > 0, numeric, self._indent)
        return self._join(output, "[", "]", prefix, level, grouped=len(output) != before)

    def _braces(self, items: list[str], prefix: str, level: int) -> str:
        return self._join(items, "{", "}", prefix, level)

    def _join(
        self, output: list[str], opening: str, closing: str, prefix: str, level: int, *, grouped: bool = False
    ) -> str:
        opening = f"{prefix} {opening}" if prefix else opening
        if not output:
            return f"{opening}{closing}"
        if self._deepest - level < _COMPACT and not grouped:
            start = len(output) + self._indent + len(opening) + 10
            total = sum(map(len, output)) + len(output) + start
            joined = ", ".join(output)
            if total <= _WIDTH and "\n" not in joined:
                return f"{opening} {joined} {closing}"
        margin = "\n" + " " * self._indent
        return f"{opening}{margin}  {f',{margin}  '.join(output)}{margin}{closing}"


def _columns(output: list[str], has_more: bool, numeric: bool, indent: int) -> list[str]:
    """Entries of an array side by side where they are short (node's groupArrayElements)."""
    count = len(output) - has_more
    lengths = [len(text) for text in output[:count]]
    total, longest = sum(lengths) + 2 * count, max(lengths)
    width = longest + 2
    if not (width * 3 + indent < _WIDTH and (total / width > 5 or longest <= 6)):
        return output
    bias = math.sqrt(width - total / len(output))
    biased = max(width - 3 - bias, 1)
    columns = min(round(math.sqrt(2.5 * biased * count) / biased), (_WIDTH - indent) // width, _COMPACT * 4, 15)
    if columns <= 1:
        return output
    widths = [max(lengths[start::columns]) + 2 for start in range(columns)]
    result = []
    for start in range(0, count, columns):
        row = output[start : min(start + columns, count)]
        cells = [
            f"{text}, ".rjust(width) if numeric else f"{text}, ".ljust(width)
            for text, width in zip(row[:-1], widths, strict=False)
        ]
        last = row[-1].rjust(widths[len(row) - 1] - 2) if numeric else row[-1]
        result.append("".join(cells) + last)
    return result + output[count:]


def _key(name: str) -> str:
    return name if _IDENTIFIER.fullmatch(name) else quote(name)


def quote(text: str) -> str:
    """A string literal with the quotation mark that needs the fewest escapes."""
    more = len(text) - _MAX_TEXT
    shown = text[:_MAX_TEXT]
    mark = "'"
    if "'" in shown:
        mark = '"' if '"' not in shown else "`" if "`" not in shown and "${" not in shown else "'"
    escaped = "".join(_escape(char, mark) for char in shown)
    return f"{mark}{escaped}{mark}" + (f"... {more} more character{'s' if more > 1 else ''}" if more > 0 else "")


def _escape(char: str, mark: str) -> str:
    if char == mark:
        return "\\" + char
    if char in _ESCAPES:
        return _ESCAPES[char]
    if char < " " or "\x7f" <= char <= "\x9f":
        return f"\\x{ord(char):02X}"
    return f"\\u{ord(char):04X}" if "\ud800" <= char <= "\udfff" else char


def inspect(value: JsValue) -> str:
    """The text of a value."""
    return Inspector().show(value)


def inspect_top(value: JsValue) -> str:
    """The same for an argument of ``console.log``: strings as they are."""
    return value if isinstance(value, str) else inspect(value)
