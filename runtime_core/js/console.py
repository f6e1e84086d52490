"""``console``, writing to the guest's standard streams as node's does."""

from __future__ import annotations

import math
import re
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Final

from runtime_core.emscripten.errno import Errno
from runtime_core.js.errors import throw_error
from runtime_core.js.functions import NativeFunction
from runtime_core.js.node_inspect import inspect, inspect_top
from runtime_core.js.operators import to_boolean, to_number, to_string
from runtime_core.js.values import UNDEFINED, BigInt, JsObject, JsSymbol, JsValue

if TYPE_CHECKING:
    from runtime_core.js.host import JsHost

_DIRECTIVE: Final = re.compile(r"%([sdifjoOc%])")
_MAX_LABELS: Final = 10_000
_MAX_INDENT: Final = 1_000


def format_values(values: tuple[JsValue, ...]) -> str:
    """What ``console.log(...values)`` writes (node's ``util.format``)."""
    rest = list(values)
    if len(rest) > 1 and isinstance(rest[0], str) and "%" in rest[0]:
        template = rest.pop(0)

        def replace(match: re.Match[str]) -> str:
            if match[1] == "%":
                return "%"
            return _directive(match[1], rest.pop(0)) if rest else match[0]

        return " ".join([_DIRECTIVE.sub(replace, str(template)), *map(inspect_top, rest)])
    return " ".join(map(inspect_top, rest))


def _directive(kind: str, value: JsValue) -> str:
    if kind == "c":
        return ""
    if kind in "oOj":
        return inspect(value)
    if kind == "s":
        return f"{int(value)}n" if isinstance(value, BigInt) else inspect_top(value)
    if isinstance(value, JsSymbol | JsObject):
        return "NaN"
    if isinstance(value, BigInt):
        return f"{int(value)}n"
    number = to_number(value)
    if kind == "i" and math.isfinite(number):
        number = math.trunc(number)
    return to_string(number)


class Console:
    """The state of one isolate's console: counters, timers and groups."""

    def __init__(self, host: JsHost) -> None:
        self._host = host
        self._counts: dict[str, int] = {}
        self._timers: dict[str, float] = {}
        self._indent = ""

    def write(self, fd: int, text: str) -> JsValue:
        """Write lines to a standard stream."""
        if self._indent:
            text = self._indent + text.replace("\n", "\n" + self._indent)
        try:
            self._host.emscripten.files.get(fd).write((text + "\n").encode("utf-8", "replace"))
        except Errno as error:
            throw_error(f"console: cannot write to file descriptor {fd}: {error}")
        return UNDEFINED

    def count(self, label: JsValue) -> JsValue:
        """``console.count``."""
        name = _label(label)
        if name not in self._counts and len(self._counts) >= _MAX_LABELS:
            return UNDEFINED
        self._counts[name] = self._counts.get(name, 0) + 1
        return self.write(1, f"{name}: {self._counts[name]}")

    def count_reset(self, label: JsValue) -> JsValue:
        """``console.countReset``."""
        self._counts.pop(_label(label), None)
        return UNDEFINED

    def check(self, *values: JsValue) -> JsValue:
        """``console.assert``."""
        if values and to_boolean(values[0]):
            return UNDEFINED
        rest = values[1:]
        if not rest:
            return self.write(2, "Assertion failed")
        first = f"Assertion failed: {rest[0]}" if isinstance(rest[0], str) else "Assertion failed:"
        return self.write(2, format_values((first, *(rest[1:] if isinstance(rest[0], str) else rest))))

    def group(self, *values: JsValue) -> JsValue:
        """``console.group``."""
        if values:
            self.write(1, format_values(values))
        if len(self._indent) < _MAX_INDENT:
            self._indent += "  "
        return UNDEFINED

    def group_end(self) -> JsValue:
        """``console.groupEnd``."""
        self._indent = self._indent[:-2]
        return UNDEFINED

    def time(self, label: JsValue) -> JsValue:
        """``console.time``."""
        if len(self._timers) < _MAX_LABELS:
            self._timers[_label(label)] = time.monotonic()
        return UNDEFINED

    def time_log(self, label: JsValue, *values: JsValue, end: bool = False) -> JsValue:
        """``console.timeLog`` and ``console.timeEnd``."""
        name = _label(label)
        started = self._timers.pop(name, None) if end else self._timers.get(name)
        if started is None:
            return UNDEFINED
        text = f"{name}: {(time.monotonic() - started) * 1000:.3f}ms"
        return self.write(1, " ".join([text, *map(inspect_top, values)]))

    def table(self, *values: JsValue) -> JsValue:
        """``console.table``."""
        data = values[0] if values else UNDEFINED
        if not isinstance(data, JsObject):
            return self.write(1, format_values(values))
        return self.write(1, _table(data))


def _label(value: JsValue) -> str:
    return "default" if value is UNDEFINED else to_string(value)


def _table(data: JsObject) -> str:
    """The rows of an array or object in a frame."""
    columns: dict[str, dict[str, str]] = {}
    values: dict[str, str] = {}
    rows = data.own_keys()[:1000]
    for row in rows:
        item = data.get(row)
        if isinstance(item, JsObject):
            for key in item.own_keys()[:100]:
                columns.setdefault(key, {})[row] = inspect(item.get(key))
        else:
            values[row] = inspect(item)
    if values:
        columns["Values"] = values
    table = [["(index)", *columns], *([row, *(cells.get(row, "") for cells in columns.values())] for row in rows)]
    widths = [max(len(line[index]) for line in table) + 2 for index in range(len(table[0]))]

    def line(cells: list[str]) -> str:
        return "│" + "│".join(f" {cell}".ljust(width) for cell, width in zip(cells, widths, strict=True)) + "│"

    def rule(left: str, middle: str, right: str) -> str:
        return left + middle.join("─" * width for width in widths) + right

    body = [line(cells) for cells in table[1:]]
    return "\n".join([rule("┌", "┬", "┐"), line(table[0]), rule("├", "┼", "┤"), *body, rule("└", "┴", "┘")])


def make_console(host: JsHost) -> JsValue:
    """``console``."""
    console = Console(host)

    def writer(name: str, fd: int) -> NativeFunction:
        return NativeFunction(lambda *values: console.write(fd, format_values(values)), name)

    def trace(*values: JsValue) -> JsValue:
        return console.write(2, format_values(("Trace:", *values)) if values else "Trace")

    functions: dict[str, Callable[..., JsValue]] = {
        "assert": console.check,
        "clear": lambda: UNDEFINED,
        "count": console.count,
        "countReset": console.count_reset,
        "dir": lambda value: console.write(1, inspect(value)),
        "dirxml": lambda *values: console.write(1, " ".join(map(inspect, values))),
        "group": console.group,
        "groupCollapsed": console.group,
        "groupEnd": console.group_end,
        "table": console.table,
        "time": console.time,
        "timeEnd": lambda label: console.time_log(label, end=True),
        "timeLog": console.time_log,
        "trace": trace,
    }
    streams = {"log": 1, "info": 1, "debug": 1, "warn": 2, "error": 2}
    return JsObject(
        {
            **{name: writer(name, fd) for name, fd in streams.items()},
            **{name: NativeFunction(function, name) for name, function in functions.items()},
        }
    )
