"""What names stand for in one guest: the symbols of its main module, its libraries and its host, and their addresses.

A symbol is looked up among the main module, the host's functions and libraries that were opened globally; then among
the libraries of the same ``dlopen``; then in the library itself, so that C++ definitions that several libraries carry
are used by all of them from the first one.
"""

from __future__ import annotations

from collections.abc import Container
from dataclasses import dataclass, field

from runtime_core.engine.sidemodule import Item, ItemKind, StoreLinker
from runtime_core.linking.library import FUNCTION_MODULES, SHARED, Library, Symbol
from runtime_core.wasm import binary
from runtime_core.wasm.linkedlibrary import LinkedLibrary
from schemas.errors import AbiMismatchError


@dataclass(frozen=True, kw_only=True, slots=True)
class Request:
    """One ``dlopen``: its flags, the libraries that it sees, for RTLD_LOCAL, and what it has changed so far."""

    is_global: bool
    paths: tuple[str, ...]
    local: list[Library] = field(default_factory=list)
    loaded: list[Library] = field(default_factory=list)
    promoted: list[Library] = field(default_factory=list)


class Scope:
    """The symbols of one guest. ``placed`` are the libraries that lie where Emscripten has loaded them."""

    def __init__(self, store: StoreLinker, placed: Container[str]) -> None:
        self.libraries: dict[str, Library] = {}
        self.globals: list[Library] = []
        self._store = store
        self._placed = placed
        self._main: dict[str, Symbol | None] = {}
        self._hosts: dict[str, Symbol | None] = {}

    # ---- symbols

    def function(self, item: binary.Import, request: Request) -> Item | None:
        """What a library gets for a function that it imports, from outside of itself."""
        symbol = self.visible(item.name, request)
        if symbol is not None:
            return symbol.function
        return self._store.host_function(item.module, item.name)

    def visible(self, name: str, request: Request) -> Symbol | None:
        """A symbol outside of the library that asks, but for the host's functions."""
        found = self.main(name)
        if found is not None:
            return found
        for library in (*self.globals, *request.local):
            found = self.own(library, name)
            if found is not None:
                return found
        return None

    def main(self, name: str) -> Symbol | None:
        """A symbol of the main module."""
        if name not in self._main:
            self._main[name] = None if name in SHARED else self._symbol(self._store.main_export(name), 0)
        return self._main[name]

    def host(self, name: str) -> Symbol | None:
        """A function of the host, the same one each time: its address must not change."""
        if name not in self._hosts:
            items = (self._store.host_function(module, name) for module in FUNCTION_MODULES)
            self._hosts[name] = next((Symbol(function=item) for item in items if item is not None), None)
        return self._hosts[name]

    def own(self, library: Library, name: str) -> Symbol | None:
        """A symbol that the library itself exports."""
        symbol = library.symbols.get(name)
        if symbol is None:
            if library.linked is not None:
                symbol = self._linked_symbol(library.linked, name)
            elif library.instance is not None and library.code is not None and name in library.code.exports:
                item = library.passed_on.get(name) or library.instance.export(name)
                symbol = self._symbol(item, library.memory_base)
            if symbol is not None:  # what it lacks is not noted: each library is asked for what any other one names
                library.symbols[name] = symbol
        return symbol

    def pointed_at(self, library: Library, name: str, request: Request) -> Symbol | None:
        """What a name stands for where a library takes its address; None for a weak symbol that nobody has."""
        found = self.earlier(library, name) or self.visible(name, request)
        return found or self.own(library, name) or self.host(name)

    def earlier(self, library: Library, name: str) -> Symbol | None:
        """For a library that has its place: what its name stands for in the modules before it. Emscripten has one table
        of addresses for all modules, so such a name gets no slot, and the earlier definition's address.
        """
        if library.name not in self._placed:
            return None
        others = (item for item in self.libraries.values() if item is not library)
        found = (self.own(item, name) for item in others)
        return self.main(name) or next((symbol for symbol in found if symbol is not None), None)

    def _linked_symbol(self, linked: LinkedLibrary, name: str) -> Symbol | None:
        if name in linked.functions:
            return Symbol(function=self._store.function_in(linked.functions[name]))
        return Symbol(address=linked.data[name]) if name in linked.data else None

    def _symbol(self, item: Item | None, base: int) -> Symbol | None:
        if item is None:
            return None
        if item.kind is ItemKind.FUNCTION:
            return Symbol(function=item)
        if item.kind is ItemKind.GLOBAL:
            try:
                return Symbol(address=(self._store.global_value(item) + base) & 0xFFFFFFFF)
            except AbiMismatchError:
                return None
        return None

    # ---- addresses

    def address(self, symbol: Symbol) -> int:
        """A datum's address, or a function's slot, which it gets if it has none."""
        if symbol.function is None:
            return symbol.address
        slot = self._store.slot_of(symbol.function)
        return self._store.append(symbol.function) if slot is None else slot

    def place_exports(self, library: Library) -> None:
        """Give every exported function a slot, in the order of the exports, as Emscripten's updateGOT() does."""
        for name in library.names():
            symbol = self.own(library, name)
            if symbol is not None and symbol.function is not None and self.earlier(library, name) is None:
                self.address(symbol)
