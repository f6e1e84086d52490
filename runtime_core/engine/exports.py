"""What an instance exports, by name."""

from __future__ import annotations

import ctypes
from typing import TYPE_CHECKING, Final, NoReturn

from runtime_core.engine import capi
from schemas.errors import AbiMismatchError

if TYPE_CHECKING:
    from runtime_core.engine.store import Store

_KIND_NAMES: Final = {
    capi.EXTERN_FUNC: "function",
    capi.EXTERN_GLOBAL: "global",
    capi.EXTERN_TABLE: "table",
    capi.EXTERN_MEMORY: "memory",
}


class ExportedItems:
    """The part of a guest instance that finds exports, each once, and reads and sets globals."""

    def __init__(self, *, api: capi.CApi, store: Store, instance: capi.Instance) -> None:
        self._api = api
        self._store = store
        self._instance = instance
        self._externs: dict[str, capi.Extern] = {}
        self.context = store.context

    def refuse(self) -> NoReturn:
        """Raise what a dead instance answers to everything."""
        raise NotImplementedError

    def _extern(self, name: str, kind: int) -> capi.Extern | None:
        """The export of this name and kind; None if there is no export of this name."""
        if self._store.closed:
            self.refuse()
        found = self._externs.get(name)
        if found is None:
            found = capi.Extern()
            text = name.encode()
            if not self._api.wasmtime_instance_export_get(
                self.context, ctypes.addressof(self._instance), text, len(text), ctypes.addressof(found)
            ):
                return None
            self._externs[name] = found
        if found.kind != kind:
            raise AbiMismatchError(
                f"the guest's export {name} is of another kind",
                expected=_KIND_NAMES.get(kind),
                found=_KIND_NAMES.get(found.kind, found.kind),
            )
        return found

    def _required(self, name: str, kind: int) -> capi.Extern:
        extern = self._extern(name, kind)
        if extern is None:
            raise AbiMismatchError(f"the guest has no export {name}", hint="use a release built for this runtime")
        return extern

    def _item(self, name: str, kind: int) -> int:
        return ctypes.addressof(self._required(name, kind)) + capi.ITEM_OFFSET

    def has_export(self, name: str) -> bool:
        """Whether the guest exports anything under this name."""
        if self._store.closed:
            self.refuse()
        if name in self._externs:
            return True
        text, extern = name.encode(), capi.Extern()
        return bool(
            self._api.wasmtime_instance_export_get(
                self.context, ctypes.addressof(self._instance), text, len(text), ctypes.addressof(extern)
            )
        )

    def global_value(self, name: str) -> int:
        """The value of an exported i32 global, unsigned: the address of a data symbol, or ``__stack_pointer``.

        Raises:
            AbiMismatchError: there is no such global, or it is not an i32.
        """
        value = capi.Value()
        self._api.wasmtime_global_get(self.context, self._item(name, capi.EXTERN_GLOBAL), ctypes.addressof(value))
        if value.kind != capi.VAL_I32:
            raise AbiMismatchError(f"the guest's global {name} is not an i32", found=f"value kind {value.kind}")
        return int(value.item[0]) & 0xFFFFFFFF

    def set_global(self, name: str, value: int) -> None:
        """Set an exported, mutable i32 global.

        Raises:
            AbiMismatchError: there is no such global, or it cannot be set to an i32.
        """
        item = self._item(name, capi.EXTERN_GLOBAL)
        raw = capi.Value(kind=capi.VAL_I32)
        raw.item[0] = value & 0xFFFFFFFF
        error = self._api.wasmtime_global_set(self.context, item, ctypes.addressof(raw))
        if error:
            raise AbiMismatchError(f"cannot set the guest's global {name}", found=self._api.take_error(error))
