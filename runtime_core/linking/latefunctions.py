"""Functions that nobody has yet when a library that imports them is loaded.

Emscripten looks for such a function at each call until it finds it: a library that is opened globally later may bring
it. Here a library that becomes visible fills in what others wait for. Addresses are not among that: a weak symbol that
nobody has when its address is taken is null for good, there and here.
"""

from __future__ import annotations

from collections.abc import Container
from dataclasses import dataclass

from runtime_core.engine.sidemodule import Item, StoreLinker
from runtime_core.linking.library import Library
from runtime_core.linking.scope import Request, Scope


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class LateFunction:
    """A function that ``library`` imports. Until somebody has it, ``slot`` of the forwarding functions' ``table`` holds
    ``absent``, which ends the guest.
    """

    library: Library
    request: Request
    name: str
    table: Item
    slot: int
    absent: Item


class LateFunctions:
    """Those of one guest."""

    def __init__(self, store: StoreLinker, scope: Scope) -> None:
        self._store = store
        self._scope = scope
        self._waiting: list[LateFunction] = []
        self._found: list[tuple[LateFunction, Library, Request]] = []

    def wait_for(self, function: LateFunction) -> None:
        """Let a function be filled in when somebody has it."""
        self._store.set_in(function.table, function.slot, function.absent)
        self._waiting.append(function)

    def offer(self, library: Library, request: Request) -> None:
        """Fill in what a library has that became visible: for all if it is global, else within the request."""
        waiting = []
        for function in self._waiting:
            sees = library.is_global or function.request is request
            symbol = self._scope.own(library, function.name) if sees else None
            if symbol is None or symbol.function is None:
                waiting.append(function)
                continue
            self._store.set_in(function.table, function.slot, symbol.function)
            self._found.append((function, library, request))
        self._waiting = waiting

    def withdraw(self, gone: Container[Library], promoted: Container[Library], request: Request) -> None:
        """Undo what a request that failed has filled in with libraries that are gone, or that it had made global."""
        found, self._found = self._found, []
        self._waiting = [function for function in self._waiting if function.library not in gone]
        for function, library, by in found:
            if function.library in gone:
                continue
            if library in gone or (library in promoted and by is request):
                self.wait_for(function)
            else:
                self._found.append((function, library, by))
