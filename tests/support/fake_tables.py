"""A stand-in for an instance that has only hiwire's two reference tables, for tests of the JavaScript layer's state."""

from __future__ import annotations

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any, cast

from runtime_core.emscripten.clock import SteppingClock
from runtime_core.js.host import JsHost
from runtime_core.js.refs import RefTable


class FakeMemory:
    """Words at addresses."""

    size = 1 << 20

    def __init__(self) -> None:
        self._words: dict[int, int] = {}

    def contains(self, address: int, length: int) -> bool:
        return 0 <= address <= self.size - length

    def write_u32s(self, address: int, values: list[int]) -> None:
        for index, value in enumerate(values):
            self._words[address + 4 * index] = value

    def read_u32s(self, address: int, count: int) -> tuple[int, ...]:
        return tuple(self._words[address + 4 * index] for index in range(count))


class FakeInstance:
    """Tables of raw bits, and the functions over them that the code image exports."""

    def __init__(self) -> None:
        self.memory = FakeMemory()
        self.poisoned = False
        self.immortals: list[int] = []
        self.references: list[int] = []
        self.released: list[int] = []
        self.settled: list[int] = []
        self._functions: dict[str, Callable[..., Any]] = {
            "runtime_immortal_count": lambda: len(self.immortals),
            "runtime_reference_count": lambda: len(self.references),
            "runtime_add_references": self._add,
            "runtime_read_references": self._read,
            "runtime_settle": lambda restart: self.settled.append(restart),
            "Py_DecRef": self.released.append,
        }

    def _add(self, address: int, count: int, immortal: int) -> None:
        (self.immortals if immortal else self.references).extend(self.memory.read_u32s(address, count))

    def _read(self, address: int, start: int, count: int, immortal: int) -> None:
        table = self.immortals if immortal else self.references
        self.memory.write_u32s(address, table[start : start + count])

    def function(self, name: str) -> Callable[..., Any]:
        return self._functions[name]

    def global_value(self, name: str) -> int:
        return {"__stack_pointer": 1 << 20}[name]


def fake_host() -> tuple[JsHost, FakeInstance]:
    """A host over empty tables."""
    instance = FakeInstance()
    emscripten = SimpleNamespace(clock=SteppingClock())
    return JsHost(cast("Any", instance), cast("Any", emscripten), RefTable()), instance
