"""One guest instance: its store, memory, table, globals and functions."""

from __future__ import annotations

import contextlib
import ctypes
import threading
from collections.abc import Callable, Iterator
from types import TracebackType
from typing import TYPE_CHECKING, Any, Final, NoReturn

from runtime_core.engine import capi, interrupts
from runtime_core.engine.current import CURRENT
from runtime_core.engine.errors import GuestUnwind
from runtime_core.engine.exports import ExportedItems
from runtime_core.engine.functionslots import FunctionSlots
from runtime_core.engine.guestcall import Caller, GuestFunction, caller_of, make_guest_function
from runtime_core.engine.memory import GuestMemory
from runtime_core.engine.stack import ensure_stack
from runtime_core.engine.valuetypes import read_function_type
from schemas.errors import FatalIsolateError, GuestFault, HostError, LimitError

if TYPE_CHECKING:
    from runtime_core.engine.hostcall import GuestHost
    from runtime_core.engine.limits import Limits
    from runtime_core.engine.module import Program
    from runtime_core.engine.store import Store

TABLE_EXPORT: Final = "__indirect_function_table"


class GuestInstance(ExportedItems):
    """An instance of a program over a copy-on-write memory.

    One thread at a time may be inside; host functions may call back into the same or another instance. A trap kills
    the instance (``poisoned``): the guest's stack pointer and locks are then as the trap left them. Close it to free
    its store and memory; it is a context manager.

    ``host``, ``context``, ``trap_cell``, ``dead``, ``enter``, ``leave``, ``refuse`` and ``fail`` serve generated
    calling code.
    """

    def __init__(
        self,
        *,
        api: capi.CApi,
        store: Store,
        instance: capi.Instance,
        memory: capi.Extern,
        callers: dict[str, Caller],
        program: Program,
    ) -> None:
        super().__init__(api=api, store=store, instance=instance)
        self._memory_extern = memory
        self._callers = callers
        self.program = program  # it owns the host functions' callbacks
        self._kept: list[object] = []
        self._functions: dict[str, GuestFunction] = {}
        self._table_functions: dict[int, GuestFunction] = {}
        self._slots: FunctionSlots | None = None
        self._lock = threading.Lock()
        self._owner = 0
        self._entries = 0
        self.trap_cell = ctypes.c_void_p()
        self.dead: str | None = None
        self._exceeded: LimitError | None = None
        self.host: GuestHost | None = None
        self.memory = GuestMemory(self._locate_memory)

    def _locate_memory(self) -> tuple[int, int]:
        pointer = ctypes.addressof(self._memory_extern) + capi.ITEM_OFFSET
        api = self._api
        return (
            api.wasmtime_memory_data(self.context, pointer) or 0,
            api.wasmtime_memory_data_size(self.context, pointer),
        )

    def _locate_table(self) -> tuple[int, int]:
        return self.context, self.table_pointer

    # ---- life

    @property
    def poisoned(self) -> bool:
        """Whether the instance trapped or was closed: it never runs again."""
        return self.dead is not None

    @property
    def closed(self) -> bool:
        """Whether the store was freed."""
        return self._store.closed

    def keep_alive(self, item: object) -> None:
        """Hold something that the guest may call until the instance itself goes away."""
        self._kept.append(item)

    @property
    def depth(self) -> int:
        """0 if no guest frame of this instance is on any stack."""
        return self._entries

    def bind(self, host: GuestHost) -> None:
        """Give the host that serves this instance's imports; once, before the first call.

        Raises:
            HostError: there is a host already.
        """
        if self.host is not None:
            raise HostError("this instance has a host already")
        self.host = host
        trap = self.trap_cell
        self.call_arguments = (self, host, capi.pointer_argument(self.context), trap, ctypes.byref(trap))

    def close(self) -> None:
        """Free the store and the memory; does nothing the second time.

        Raises:
            HostError: a thread is inside the guest.
        """
        if self._store.closed:
            return
        if self._entries or not self._lock.acquire(blocking=False):
            raise HostError("cannot close an isolate while a thread is inside it")
        try:
            self.dead = "the isolate is closed"
            self.memory.close()
            self._functions.clear()
            self._table_functions.clear()
            self._store.close()
        finally:
            self._lock.release()

    def __enter__(self) -> GuestInstance:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()

    # ---- entering and leaving

    def enter(self) -> None:
        """Take the instance for this thread.

        Raises:
            HostError: another thread is inside, or this thread's stack has no room for another guest.
        """
        me = threading.get_ident()
        if self._owner != me and not self._lock.acquire(blocking=False):
            raise HostError("another thread is inside this isolate", hint="use one isolate from one thread at a time")
        current = CURRENT
        needed = self._store.stack_bytes
        if current.free_stack < needed:
            try:
                self._check_stack(needed)
            except BaseException:
                if self._owner != me:
                    self._lock.release()
                raise
        current.free_stack -= needed
        self._owner = me
        self._entries += 1
        current.host = self.host
        if self._store.budget is not None:
            self._store.enter_budget()

    def leave(self, outer: GuestHost | None) -> None:
        """Undo :meth:`enter`; ``outer`` is the host the thread came from."""
        CURRENT.host = outer
        CURRENT.free_stack += self._store.stack_bytes
        if self._store.budget is not None:
            self._store.budget.leave()
        self._entries -= 1
        if self._entries == 0:
            self._owner = 0
            self._lock.release()
        if outer is None and CURRENT.interrupted:
            CURRENT.interrupted = False
            self._die("the guest was interrupted")
            raise KeyboardInterrupt

    @staticmethod
    def _check_stack(needed: int) -> None:
        if CURRENT.free_stack < 0:
            interrupts.install()
            CURRENT.free_stack = ensure_stack(needed)
        if CURRENT.free_stack < needed:
            raise HostError(
                "too many isolates entered from within each other",
                expected=f">= {needed} bytes of free stack",
                found=CURRENT.free_stack,
            )

    def charge(self, seconds: float) -> None:
        """Count CPU time that the host spent for this guest outside of it, as on converting its values.

        Raises:
            LimitError: the budget is used up; the instance is dead.
        """
        budget = self._store.budget
        if budget is None:
            return
        budget.add(seconds)
        if budget.exhausted:
            self.exceed(LimitError("the guest used too much CPU time", expected=f"<= {budget.seconds} s"))

    def exceed(self, error: LimitError) -> NoReturn:
        """End the instance for a limit that it exceeds.

        Raises:
            LimitError: always.
        """
        self._exceeded = error
        self._die(f"the guest trapped before: {error.message}")
        raise error

    def check_budget(self) -> None:
        """Count the time that this thread spent for the guest outside of it, and see whether the budget is used up.

        Raises:
            LimitError: it is; the instance is dead.
        """
        budget = self._store.budget
        if budget is not None:
            budget.count_outside()
            self.charge(0.0)
            if budget.look is not None:
                budget.look()

    @property
    def limits(self) -> Limits:
        """What this instance may use."""
        return self._store.limits

    def look_at_ticks(self, look: Callable[[], None]) -> None:
        """Have another limit looked at where the CPU budget is. ``look`` calls :meth:`exceed`."""
        if self._store.budget is not None:
            self._store.budget.look = look

    @contextlib.contextmanager
    def working(self) -> Iterator[None]:
        """Count the CPU time of this thread for the guest also where it is not inside."""
        budget, outer = self._store.budget, CURRENT.working
        if budget is None or outer is self or self._entries:
            yield
            return
        CURRENT.working = self
        budget.begin_outside()
        try:
            yield
        finally:
            budget.end_outside()
            CURRENT.working = outer

    def request_trap(self) -> None:
        """Have the guest trap soon (Ctrl-C)."""
        self._store.request_trap()

    def refuse(self) -> NoReturn:
        """Raise what a dead instance answers to every call, chained from the limit that killed it, if one did."""
        raise FatalIsolateError(
            self.dead or "the isolate is dead", hint="discard it and start another"
        ) from self._exceeded

    def fail(self, error: int | None) -> NoReturn:
        """End a call that trapped: the instance is dead from now on.

        Raises:
            GuestUnwind: the same object that a host function raised, also for exceptions that are no errors
                (KeyboardInterrupt).
            FatalIsolateError: everything else, chained from the host function's exception or the limit.
        """
        was_dead = self.dead is not None
        self._die("the guest trapped before")
        pending, CURRENT.pending = CURRENT.pending, None
        trap, self.trap_cell.value = self.trap_cell.value, None
        code: int | None = None
        if trap:
            text, code = self._api.take_trap(trap)
        elif error:
            text = self._api.take_error(error)
        else:
            # A nested call trapped and a host function swallowed that: the guest went on in a broken state.
            self.refuse()
        if was_dead and isinstance(pending, FatalIsolateError):
            raise pending  # an inner call of this instance trapped: one error, not a chain of one per level
        if isinstance(pending, GuestUnwind) or (pending is not None and not isinstance(pending, Exception)):
            self.dead = f"the guest was left before: {_brief(pending)}"
            raise pending
        if code == capi.TRAP_STACK_OVERFLOW and pending is None:
            pending = LimitError("the guest used too much stack", expected=f"<= {self._store.stack_bytes} bytes")
        if isinstance(pending, LimitError):
            reason = pending.message
            self._exceeded = LimitError(pending.message, expected=pending.expected, found=pending.found)
        else:
            reason = _first_line(text) if pending is None else f"a host function failed: {_brief(pending)}"
        if not was_dead:
            self.dead = f"the guest trapped before: {reason}"
        fatal = FatalIsolateError(f"the guest trapped: {reason}", hint="discard the isolate")
        fatal.add_note(text)
        raise fatal from pending

    def _die(self, reason: str) -> None:
        if self.dead is None:
            self.dead = reason

    # ---- exports

    def call(self, name: str, *args: Any) -> Any:
        """Call an exported function.

        Arguments and the result are encoded by WebAssembly type: i32 and i64 as integers (arguments wrap, results are
        signed), f32 and f64 as floats, externref as a value of the host.

        Raises:
            AbiMismatchError: there is no such function.
            FatalIsolateError: the guest trapped, now or before; chained from the host function's exception if one
                caused it.
            GuestUnwind: the very object a host function raised.
            HostError: another thread is inside, or the thread's stack is too small.
        """
        return (self._functions.get(name) or self.function(name))(*args)

    def function(self, name: str) -> GuestFunction:
        """An exported function as a callable, to be kept for repeated calls.

        Raises:
            AbiMismatchError: there is no such function.
        """
        found = self._functions.get(name)
        if found is None:
            extern = self._required(name, capi.EXTERN_FUNC)
            caller = self._callers.get(name)
            if caller is None:
                caller = self._callers[name] = self._read_caller(extern)
            found = self._functions[name] = self._make_function(extern, caller, name)
        return found

    def function_of(self, extern: capi.Extern, name: str) -> GuestFunction:
        """A function of this store, exported by whatever module, as a callable.

        Raises:
            AbiMismatchError: the host cannot call functions of this type.
        """
        return self._make_function(extern, self._read_caller(extern), name)

    def _make_function(self, handle: capi.Extern | capi.Value, caller: Caller, name: str) -> GuestFunction:
        if self.host is None:
            raise HostError("bind a host to the instance before its functions are used")
        return make_guest_function(self, handle, caller, name)

    def _read_caller(self, handle: capi.Extern | capi.Value) -> Caller:
        pointer = self._api.wasmtime_func_type(self.context, ctypes.addressof(handle) + capi.ITEM_OFFSET)
        try:
            return caller_of(read_function_type(self._api, pointer))
        finally:
            self._api.wasm_functype_delete(pointer)

    # ---- memory and table

    def grow_memory(self, pages: int) -> bool:
        """Grow the memory by pages of 64 KiB; False if its maximum or the instance's limit forbids it."""
        if self._store.closed:
            self.refuse()
        if not 0 <= pages <= 1 << 16:
            return False
        before = ctypes.c_uint64()
        pointer = ctypes.addressof(self._memory_extern) + capi.ITEM_OFFSET
        error = self._api.wasmtime_memory_grow(self.context, pointer, pages, ctypes.addressof(before))
        if error:
            self._api.take_error(error)
            return False
        return True

    def table_size(self) -> int:
        """The number of slots in the function table."""
        return int(self._api.wasmtime_table_size(self.context, self._item(TABLE_EXPORT, capi.EXTERN_TABLE)))

    def table_function(self, index: int) -> GuestFunction:
        """The function in a slot of the table, as a callable.

        Raises:
            GuestFault: the slot is empty or does not exist.
        """
        index &= 0xFFFFFFFF
        found = self._table_functions.get(index)
        if found is None:
            table = self._item(TABLE_EXPORT, capi.EXTERN_TABLE)
            value = capi.Value()
            present = self._api.wasmtime_table_get(self.context, table, index, ctypes.addressof(value))
            if not present or value.kind != capi.VAL_FUNCREF or value.item[0] == 0:
                raise GuestFault("the guest passed a function pointer that points to no function", found=index)
            found = self._table_functions[index] = self._make_function(
                value, self._read_caller(value), f"table[{index}]"
            )
        return found

    def table_call(self, index: int, *args: Any) -> Any:
        """Call the function in a slot of the table; see :meth:`call` and :meth:`table_function`.

        Too many or too few arguments do no harm, as in JavaScript: guest code that calls C functions through ctypes
        without declaring them relies on it.

        Raises:
            GuestFault: the slot is empty, or its function takes arguments of other types: the guest chose it.
        """
        function = self.table_function(index)
        if len(args) != len(function.signature.parameters):
            args = function.signature.adapted(args)
        if not function.signature.accepts(args):
            raise GuestFault(
                "the guest passed a function pointer of another type",
                expected=str(function.signature),
                found=f"{len(args)} arguments",
            )
        return function(*args)

    def table_grow(self, count: int) -> int:
        """Append empty slots; returns the index of the first.

        Raises:
            LimitError: the table may not grow that far.
        """
        table = self._item(TABLE_EXPORT, capi.EXTERN_TABLE)
        before = ctypes.c_uint64()
        empty = capi.Value(kind=capi.VAL_FUNCREF)
        error = self._api.wasmtime_table_grow(
            self.context, table, count, ctypes.addressof(empty), ctypes.addressof(before)
        )
        if error:
            raise LimitError(f"the function table cannot grow by {count}", found=self._api.take_error(error))
        return before.value

    @property
    def table_pointer(self) -> int:
        """The function table, for the engine's own functions."""
        return self._item(TABLE_EXPORT, capi.EXTERN_TABLE)

    @property
    def slots(self) -> FunctionSlots:
        """Which slots hold which functions."""
        if self._slots is None:
            self._slots = FunctionSlots(self._api, self._locate_table, self.table_size, self.program.slot_hints)
        return self._slots

    def slot_of(self, name: str) -> int | None:
        """The address of an exported function: the first slot that holds it; None where none does."""
        return self.slots.find_export(name, int(self.function(name).handle.item[1]))

    @property
    def handle(self) -> capi.Instance:
        """The main module's instance, for what links others to it."""
        return self._instance

    @property
    def memory_extern(self) -> capi.Extern:
        """The memory, for what links modules to it."""
        return self._memory_extern

    def table_set(self, index: int, function: GuestFunction | None) -> None:
        """Put a function of this instance, or nothing, into an existing slot.

        Raises:
            GuestFault: there is no such slot.
            HostError: the function belongs to another instance.
        """
        value = capi.Value(kind=capi.VAL_FUNCREF)
        if function is not None:
            if function.handle.item[0] != self._instance.store_id:
                raise HostError("a function of another isolate cannot go into this table")
            value.item = function.handle.item
        self.table_set_raw(index & 0xFFFFFFFF, value)

    def table_set_raw(self, index: int, value: capi.Value) -> None:
        """Put a function value of this store into an existing slot.

        Raises:
            GuestFault: there is no such slot.
        """
        table = self._item(TABLE_EXPORT, capi.EXTERN_TABLE)
        error = self._api.wasmtime_table_set(self.context, table, index, ctypes.addressof(value))
        if error:
            raise GuestFault(f"the table has no slot {index}", found=self._api.take_error(error))
        self._table_functions.pop(index, None)
        if self._slots is not None:
            self._slots.note(index, int(value.item[1]))


def _brief(error: BaseException) -> str:
    return f"{type(error).__name__}: {str(error)[:200]}"


def _first_line(text: str) -> str:
    """The cause of a trap message, which wasmtime puts behind the backtrace when there is one."""
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    for position, line in enumerate(lines):
        if line == "Caused by:" and position + 1 < len(lines):
            return lines[-1]
    return lines[0] if lines else "unknown trap"
