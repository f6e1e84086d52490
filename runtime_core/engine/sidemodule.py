"""Further modules in a guest's store: how a dynamic linker puts side modules beside the main one.

:class:`StoreLinker` makes and finds what a side module imports and instantiates it; which symbol satisfies which
import is decided above (``runtime_core.linking``). An :class:`Item` is anything that can be imported or exported: a
function, a global, a table, a memory or a tag, as the engine holds it.
"""

from __future__ import annotations

import ctypes
from collections.abc import Sequence
from dataclasses import dataclass
from enum import IntEnum
from typing import TYPE_CHECKING, Final

from runtime_core.engine import capi
from runtime_core.engine.current import CURRENT
from runtime_core.engine.storefunction import StoreFunctions
from runtime_core.engine.valuetypes import FunctionType
from schemas.errors import AbiMismatchError, GuestFault, LinkError

if TYPE_CHECKING:
    from runtime_core.engine.guestcall import GuestFunction
    from runtime_core.engine.instance import GuestInstance
    from runtime_core.engine.module import CompiledModule, Program

_MUTABLE: Final = 1


class ItemKind(IntEnum):
    """``wasmtime_extern_kind_t``."""

    FUNCTION = capi.EXTERN_FUNC
    GLOBAL = capi.EXTERN_GLOBAL
    TABLE = capi.EXTERN_TABLE
    MEMORY = capi.EXTERN_MEMORY
    TAG = capi.EXTERN_TAG


@dataclass(frozen=True, slots=True)
class Item:
    """An importable item of one store."""

    kind: ItemKind
    extern: capi.Extern

    @property
    def identity(self) -> int:
        """The same for the same function however it was reached; 0 for other kinds."""
        return int(self.extern.item[1]) if self.kind is ItemKind.FUNCTION else 0


class SideInstance:
    """A side module in a store. Its exports are looked up by name: a large library has tens of thousands."""

    def __init__(self, linker: StoreLinker, instance: capi.Instance) -> None:
        self._linker = linker
        self._instance = instance

    def export(self, name: str) -> Item | None:
        """The export of this name."""
        return self._linker.export_of(self._instance, name)


class StoreLinker:
    """Links modules into the store of one guest instance, which owns everything made here."""

    def __init__(self, instance: GuestInstance, program: Program) -> None:
        self._api = capi.load()
        self._instance = instance
        self._program = program

    @property
    def _context(self) -> int:
        if self._instance.closed:
            self._instance.refuse()
        return self._instance.context

    # ---- finding

    def export_of(self, instance: capi.Instance, name: str) -> Item | None:
        """An export of any instance of this store."""
        text, extern = name.encode(), capi.Extern()
        if not self._api.wasmtime_instance_export_get(
            self._context, ctypes.addressof(instance), text, len(text), ctypes.addressof(extern)
        ):
            return None
        return _item(extern)

    def main_export(self, name: str) -> Item | None:
        """An export of the guest's main module."""
        return self.export_of(self._instance.handle, name)

    def memory(self) -> Item:
        """The guest's memory."""
        return Item(ItemKind.MEMORY, self._instance.memory_extern)

    def host_function(self, module: str, name: str) -> Item | None:
        """A function that the host offers to the main module under this name."""
        text, extern = name.encode(), capi.Extern()
        place = module.encode()
        if not self._api.wasmtime_linker_get(
            self._program.linker, self._context, place, len(place), text, len(text), ctypes.addressof(extern)
        ):
            return None
        return _item(extern)

    # ---- making

    def absent_function(self, signature: FunctionType, name: str) -> Item:
        """A function for one that nobody has: calling it ends the guest with a LinkError."""

        def fail(_host: object, *_arguments: object) -> None:
            raise LinkError(f"the guest called the function {name}, which no library has")

        made = StoreFunctions(self._instance).make(signature, fail, name=name, component="")
        extern = capi.Extern(kind=capi.EXTERN_FUNC)
        size = ctypes.sizeof(capi.Extern) - capi.ITEM_OFFSET
        ctypes.memmove(
            ctypes.addressof(extern) + capi.ITEM_OFFSET, ctypes.addressof(made.handle) + capi.ITEM_OFFSET, size
        )
        return Item(ItemKind.FUNCTION, extern)

    def new_global(self, value: int, *, mutable: bool) -> Item:
        """An i32 global."""
        value_type = self._api.wasm_valtype_new(capi.VAL_I32)
        kind = self._api.wasm_globaltype_new(value_type, _MUTABLE if mutable else 0)
        extern = capi.Extern(kind=capi.EXTERN_GLOBAL)
        raw = _i32(value)
        try:
            self._api.check(
                self._api.wasmtime_global_new(
                    self._context, kind, ctypes.addressof(raw), ctypes.addressof(extern) + capi.ITEM_OFFSET
                ),
                "cannot make a global",
            )
        finally:
            self._api.wasm_globaltype_delete(kind)
        return Item(ItemKind.GLOBAL, extern)

    def global_value(self, item: Item) -> int:
        """The value of an i32 global, unsigned.

        Raises:
            AbiMismatchError: the item is something else.
        """
        value = capi.Value()
        if item.kind is ItemKind.GLOBAL:
            pointer = ctypes.addressof(item.extern) + capi.ITEM_OFFSET
            self._api.wasmtime_global_get(self._context, pointer, ctypes.addressof(value))
            if value.kind == capi.VAL_I32:
                return int(value.item[0]) & 0xFFFFFFFF
        raise AbiMismatchError("not an i32 global", found=item.kind.name.lower())

    def set_global(self, item: Item, value: int) -> None:
        """Set a mutable i32 global."""
        raw = _i32(value)
        pointer = ctypes.addressof(item.extern) + capi.ITEM_OFFSET
        self._api.check(
            self._api.wasmtime_global_set(self._context, pointer, ctypes.addressof(raw)), "cannot set a global"
        )

    def instantiate(self, module: CompiledModule, imports: Sequence[Item]) -> SideInstance:
        """Instantiate a module with these imports, in its order. Runs its start function.

        Raises:
            LinkError: an import is of another type than the module asks for.
            FatalIsolateError: the start function trapped.
        """
        externs = (capi.Extern * len(imports))()
        for target, item in zip(externs, imports, strict=True):
            ctypes.memmove(ctypes.addressof(target), ctypes.addressof(item.extern), ctypes.sizeof(capi.Extern))
        instance, trap = capi.Instance(), ctypes.c_void_p()
        guest, outer = self._instance, CURRENT.host
        inside = outer is not None and outer is guest.host
        if not inside:  # a start function is the guest's code: its host and its CPU time are the guest's
            guest.enter()
        try:
            error = self._api.wasmtime_instance_new(
                self._context,
                module.pointer,
                ctypes.addressof(externs),
                len(imports),
                ctypes.addressof(instance),
                ctypes.addressof(trap),
            )
        finally:
            if not inside:
                guest.leave(outer)
        if trap.value or CURRENT.pending is not None:  # the limit on CPU time ends a start function with an error
            self._instance.trap_cell.value = trap.value
            self._instance.fail(error)
        if error:
            raise LinkError("the engine refuses the module", found=self._api.take_error(error).strip()[:400])
        self._instance.keep_alive(module)
        return SideInstance(self, instance)

    def callable(self, function: Item, name: str) -> GuestFunction:
        """A function as a callable.

        Raises:
            AbiMismatchError: the item is no function, or the host cannot call functions of its type.
        """
        if function.kind is not ItemKind.FUNCTION:  # the engine would take whatever it is for a function
            raise AbiMismatchError(f"{name} is no function", found=function.kind.name.lower())
        return self._instance.function_of(function.extern, name)

    def call(self, function: Item, name: str) -> None:
        """Call a function without parameters and results.

        Raises:
            AbiMismatchError: it has some.
            FatalIsolateError: it trapped.
        """
        found = self.callable(function, name)
        if found.signature.parameters or found.signature.results:
            raise AbiMismatchError(
                f"the function {name} has another type", expected="() -> ()", found=str(found.signature)
            )
        found()

    # ---- the function table

    def slot_of(self, item: Item) -> int | None:
        """The first slot that holds a function; None where no slot does."""
        return self._instance.slots.find(item.identity)

    def append(self, item: Item) -> int:
        """Put a function behind the end of the table; returns its slot.

        Raises:
            LimitError: the table may not grow.
        """
        slot = self._instance.table_grow(1)
        self.set_slot(slot, item)
        return slot

    def grow_table(self, count: int) -> int:
        """Append empty slots; returns the first."""
        return self._instance.table_grow(count)

    def set_slot(self, slot: int, item: Item) -> None:
        """Put a function into an existing slot."""
        self._instance.table_set_raw(slot, _function_value(item))

    def set_in(self, table: Item, slot: int, function: Item) -> None:
        """Put a function into a slot of a table that is not the guest's own."""
        value = _function_value(function)
        pointer = ctypes.addressof(table.extern) + capi.ITEM_OFFSET
        self._api.check(
            self._api.wasmtime_table_set(self._context, pointer, slot, ctypes.addressof(value)), "cannot fill a table"
        )

    def function_in(self, slot: int) -> Item:
        """The function in a slot.

        Raises:
            GuestFault: there is none.
        """
        value = capi.Value()
        present = self._api.wasmtime_table_get(
            self._context, self._instance.table_pointer, slot, ctypes.addressof(value)
        )
        if not present or value.kind != capi.VAL_FUNCREF or not value.item[0]:
            raise GuestFault(f"slot {slot} of the table has no function")
        extern = capi.Extern(kind=capi.EXTERN_FUNC)
        size = ctypes.sizeof(capi.Extern) - capi.ITEM_OFFSET
        ctypes.memmove(ctypes.addressof(extern) + capi.ITEM_OFFSET, ctypes.addressof(value) + capi.ITEM_OFFSET, size)
        return Item(ItemKind.FUNCTION, extern)

    def note_slots(self, first: int, count: int) -> None:
        """Take notice of functions that a module put into its own slots."""
        self._instance.slots.reread(first, count)


def _item(extern: capi.Extern) -> Item | None:
    try:
        return Item(ItemKind(extern.kind), extern)
    except ValueError:
        return None


def _function_value(item: Item) -> capi.Value:
    value = capi.Value(kind=capi.VAL_FUNCREF)
    size = ctypes.sizeof(capi.Value) - capi.ITEM_OFFSET
    ctypes.memmove(ctypes.addressof(value) + capi.ITEM_OFFSET, ctypes.addressof(item.extern) + capi.ITEM_OFFSET, size)
    return value


def _i32(value: int) -> capi.Value:
    raw = capi.Value(kind=capi.VAL_I32)
    raw.item[0] = value & 0xFFFFFFFF
    return raw
