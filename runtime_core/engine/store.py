"""A store: everything one instance owns inside the engine, and its limits."""

from __future__ import annotations

import ctypes
from typing import Any, Final

from runtime_core.engine import capi
from runtime_core.engine.current import CURRENT
from runtime_core.engine.interrupts import protect
from runtime_core.engine.limits import CpuBudget, EpochTicker, Limits
from schemas.errors import HostError, LimitError

_NO_DEADLINE: Final = 1 << 62
_TABLE_SLOTS: Final = 1 << 20
"""Far above what real guests need (69,398 slots with the largest wheel seen) and 16 MB of host memory at most."""


class Store:
    """A ``wasmtime_store_t``.

    ``stack_bytes`` is the native stack each entry may use; ``budget`` the CPU budget, if there is one.
    """

    def __init__(
        self, api: capi.CApi, engine: int, *, limits: Limits, stack_bytes: int, ticker: EpochTicker | None
    ) -> None:
        self._api = api
        self._pointer: int = api.wasmtime_store_new(engine, None, None)
        self._ticker: EpochTicker | None = None
        self._callback: Any = None
        self.context: int = api.wasmtime_store_context(self._pointer)
        self.stack_bytes = stack_bytes
        self.budget: CpuBudget | None = None
        self.limits = limits
        memory = -1 if limits.memory_bytes is None else limits.memory_bytes
        api.wasmtime_store_limiter(self._pointer, memory, _TABLE_SLOTS, -1, -1, -1)
        if limits.cpu_seconds is not None and ticker is None:
            self.close()
            raise HostError(
                "a CPU limit needs an engine with epoch interruption", hint="EngineConfig(epoch_interruption=True)"
            )
        self._advance_epoch = ticker.advance if ticker is not None else None
        if ticker is not None:
            api.wasmtime_context_set_epoch_deadline(self.context, _NO_DEADLINE)
            if limits.cpu_seconds is not None:
                self._watch(limits.cpu_seconds, ticker)

    def _watch(self, seconds: float, ticker: EpochTicker) -> None:
        budget = CpuBudget(seconds)
        new_error, text = self._api.new_error, capi.text_argument(b"stopped at an epoch")

        def on_tick(_context: object, _data: object, delta: Any, kind: Any) -> Any:
            try:
                if CURRENT.interrupted:
                    raise KeyboardInterrupt
                if budget.exhausted:
                    raise LimitError("the guest used too much CPU time", expected=f"<= {seconds} s")
                if budget.look is not None:
                    budget.look()
                delta[0] = 1
                kind[0] = capi.UPDATE_DEADLINE_CONTINUE
            except BaseException as error:  # noqa: BLE001 - C called; the call into the guest raises it
                CURRENT.pending = error
                return new_error(text)
            return None

        protect(on_tick)
        self._callback = capi.EPOCH_CALLBACK(on_tick)
        self._api.wasmtime_store_epoch_deadline_callback(self._pointer, self._callback, None, None)
        self.budget = budget
        self._ticker = ticker
        ticker.acquire()

    def enter_budget(self) -> None:
        """Start the CPU clock and ask for the next tick."""
        if self.budget is not None:
            self.budget.enter()
            self._api.wasmtime_context_set_epoch_deadline(self.context, 1)

    def request_trap(self) -> None:
        """Make running code trap at its next loop head or function entry, on an engine with epochs."""
        if self._advance_epoch is not None:
            self._api.wasmtime_context_set_epoch_deadline(self.context, 1)
            self._advance_epoch()

    @property
    def closed(self) -> bool:
        """Whether the store was freed."""
        return self._pointer == 0

    def close(self) -> None:
        """Free the store, with every instance and memory in it."""
        pointer, self._pointer = self._pointer, 0
        if self.budget is not None:
            self.budget.look = None
        if self._ticker is not None:
            self._ticker.release()
            self._ticker = None
        if pointer:
            self._api.wasmtime_store_delete(pointer)

    def __del__(self) -> None:
        if getattr(self, "_pointer", 0):
            self.close()

    def instantiate(self, module: int) -> capi.Instance:
        """Instantiate a module without imports.

        Raises:
            HostError: the engine refuses, or the module has imports.
        """
        instance, trap = capi.Instance(), ctypes.c_void_p()
        error = self._api.wasmtime_instance_new(
            self.context, module, None, 0, ctypes.addressof(instance), ctypes.addressof(trap)
        )
        self.check_instantiation(error, trap)
        return instance

    def check_instantiation(self, error: int | None, trap: ctypes.c_void_p) -> None:
        """Raise HostError, or LimitError if the memory limit was in the way, when an instantiation failed."""
        if not error and not trap.value:
            return
        text = self._api.take_error(error) if error else self._api.take_trap(trap.value or 0)[0]
        if "memory minimum size" in text:
            raise LimitError(
                "the isolate's memory does not fit its limit",
                expected=f"<= {self.limits.memory_bytes} bytes",
                found=text,
                hint="raise Limits.memory_bytes: the memory of the release, with its libraries' data, is larger",
            )
        raise HostError("cannot instantiate the guest", found=text)

    def export(self, instance: capi.Instance, name: str, kind: int) -> capi.Extern:
        """An export that must exist and be of this kind."""
        text, extern = name.encode(), capi.Extern()
        found = self._api.wasmtime_instance_export_get(
            self.context, ctypes.addressof(instance), text, len(text), ctypes.addressof(extern)
        )
        if not found or extern.kind != kind:
            raise HostError(f"the module does not export {name} as expected")
        return extern
