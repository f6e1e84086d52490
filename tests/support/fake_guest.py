"""A guest without WebAssembly: real checked memory over a buffer, and just enough of an instance for host functions."""

from __future__ import annotations

import ctypes
from collections.abc import Callable
from typing import Any

from runtime_core.emscripten.host import EmscriptenHost, HostServices
from runtime_core.engine.memory import GuestMemory
from schemas.errors import AbiMismatchError, GuestFault

PAGE = 65536


class FakeInstance:
    """An instance with a bump allocator and Python functions as exports and table entries."""

    def __init__(self, *, pages: int = 4, max_pages: int = 16) -> None:
        self._buffer = ctypes.create_string_buffer(max_pages * PAGE)
        self._pages = pages
        self._max_pages = max_pages
        self.memory = GuestMemory(lambda: (ctypes.addressof(self._buffer), self._pages * PAGE))
        self.globals = {"__stack_pointer": 2 * PAGE}
        self._next = 2 * PAGE
        self.table: list[Callable[..., Any] | None] = [None]
        self.calls: list[tuple[str, tuple[Any, ...]]] = []
        self.exports: dict[str, Callable[..., Any]] = {
            "malloc": lambda size: self._allocate(8, size),
            "free": lambda addr: None,
            "emscripten_builtin_memalign": self._allocate,
            "emscripten_stack_get_current": lambda: self.globals["__stack_pointer"],
            "_emscripten_stack_alloc": self._stack_alloc,
            "_emscripten_stack_restore": lambda sp: self.globals.__setitem__("__stack_pointer", sp),
        }

    def _allocate(self, alignment: int, size: int) -> int:
        addr = -(-self._next // alignment) * alignment
        if size < 0 or addr + size > self._pages * PAGE:
            return 0
        self._next = addr + size
        return addr

    def _stack_alloc(self, size: int) -> int:
        self.globals["__stack_pointer"] = (self.globals["__stack_pointer"] - size) & ~15
        return self.globals["__stack_pointer"]

    def call(self, name: str, *args: Any) -> Any:
        self.calls.append((name, args))
        return self.function(name)(*args)

    def has_export(self, name: str) -> bool:
        return name in self.exports or name in self.globals

    def function(self, name: str) -> Any:
        if name not in self.exports:
            raise AbiMismatchError(f"no export {name}")
        return self.exports[name]

    def global_value(self, name: str) -> int:
        if name not in self.globals:
            raise AbiMismatchError(f"no global {name}")
        return self.globals[name]

    def set_global(self, name: str, value: int) -> None:
        self.globals[name] = value

    def slot_of(self, name: str) -> int | None:
        return next((slot for slot, item in enumerate(self.table) if item is self.exports[name]), None)

    def table_size(self) -> int:
        return len(self.table)

    def table_grow(self, count: int) -> int:
        first = len(self.table)
        self.table.extend([None] * count)
        return first

    def table_set(self, index: int, function: Any) -> None:
        if not 0 <= index < len(self.table):
            raise GuestFault("no such slot")
        self.table[index] = function

    def table_call(self, index: int, *args: Any) -> Any:
        function = self.table[index] if 0 <= index < len(self.table) else None
        if function is None:
            raise GuestFault("no function")
        return function(*args)

    def grow_memory(self, pages: int) -> bool:
        if self._pages + pages > self._max_pages:
            return False
        self._pages += pages
        return True


class FixedClock:
    """Wall time stands still until it is set; monotonic time follows it."""

    def __init__(self, now_ns: int = 1_000_000_000_000) -> None:
        self.now_ns = now_ns

    def wall_ns(self) -> int:
        return self.now_ns

    def monotonic_ns(self) -> int:
        return self.now_ns


def fake_host(
    instance: FakeInstance | None = None, services: HostServices | None = None, **kwargs: Any
) -> EmscriptenHost:
    """A host bound to a fake guest."""
    host = EmscriptenHost(services=services if services is not None else HostServices(clock=FixedClock()), **kwargs)
    host.bind(instance if instance is not None else FakeInstance())
    return host


class FakeFunctions:
    """Stands for the engine's maker of functions for one instance: what it makes is called with the host in front."""

    host: EmscriptenHost

    def __init__(self, instance: object) -> None:
        self._instance = instance

    def make(self, signature: object, function: Callable[..., Any], *, name: str, component: str) -> Callable[..., Any]:
        assert name
        assert component == "emscripten"
        return lambda *arguments: function(self.host, *arguments)
