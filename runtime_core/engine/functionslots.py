"""Which slot of a guest's function table holds a function: what a pointer to it is.

The engine finds the function in a slot, not the other way round, so the table is read once from its beginning, no
farther than an answer needs. The first slot that holds a function is its address.
"""

from __future__ import annotations

import ctypes
from collections.abc import Callable

from runtime_core.engine import capi
from schemas.errors import GuestFault


class FunctionSlots:
    """The slots of one table. ``locate`` gives the store's context and the table, ``size`` how long it is now.

    ``hints`` are where other instances of the program found functions, by name: worth a look, and no more than that.
    """

    __slots__ = ("_api", "_first", "_hints", "_locate", "_read", "_size")

    def __init__(
        self, api: capi.CApi, locate: Callable[[], tuple[int, int]], size: Callable[[], int], hints: dict[str, int]
    ) -> None:
        self._api = api
        self._hints = hints
        self._locate = locate
        self._size = size
        self._first: dict[int, int] = {}
        self._read = 0

    def find(self, identity: int) -> int | None:
        """The first slot of the function of this identity; None where no slot holds it."""
        if identity not in self._first:
            self._read_on(self._size(), identity)
        return self._first.get(identity)

    def find_export(self, name: str, identity: int) -> int | None:
        """The first slot of a function that the program exports; None where no slot holds it."""
        hint = self._hints.get(name)
        if hint is not None and hint < self._size() and self._holds(hint, identity):
            return hint
        found = self.find(identity)
        if found is not None:
            self._hints[name] = found
        return found

    def _holds(self, slot: int, identity: int) -> bool:
        value = capi.Value()
        context, table = self._locate()
        self._api.wasmtime_table_get(context, table, slot, ctypes.addressof(value))
        return value.kind == capi.VAL_FUNCREF and bool(value.item[0]) and int(value.item[1]) == identity

    def note(self, slot: int, identity: int) -> None:
        """Take notice of a function that was put into a slot."""
        if slot < self._read:
            self._first.setdefault(identity, slot)

    def reread(self, first: int, count: int) -> None:
        """Take notice of functions that a module put into slots that were empty."""
        self._read_on(first, None)
        self._read = min(self._read, first)
        self._read_on(first + count, None)

    def _read_on(self, end: int, wanted: int | None) -> None:
        """Read slots up to ``end``, or up to the function that is wanted."""
        value, first = capi.Value(), self._first
        get, out, kind = self._api.wasmtime_table_get, ctypes.addressof(value), capi.VAL_FUNCREF
        context, table = self._locate()
        while self._read < end:
            slot = self._read
            if not get(context, table, slot, out):
                raise GuestFault(f"the table has no slot {slot}")
            self._read = slot + 1
            item = value.item
            if value.kind == kind and item[0]:
                identity = int(item[1])
                first.setdefault(identity, slot)
                if identity == wanted:
                    return
