"""What the guest adds to its function table at run time: symbols that it looked up, and libffi's closures.

The table is not part of linear memory, so a snapshot records these additions and a restored guest gets them again, in
the slots they had.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, cast

from runtime_core.emscripten.arguments import U32
from runtime_core.emscripten.checked import checked_integer, checked_string, elements, fields, member
from runtime_core.emscripten.libffi_types import (
    STACK_ALIGNMENT,
    CallInterface,
    FfiType,
    ShadowStack,
    pack_scalar,
    scalar_format,
)
from runtime_core.engine.storefunction import StoreFunctions
from runtime_core.engine.valuetypes import FunctionType, ValueType
from schemas.errors import AbiMismatchError, GuestFault, LimitError, RestoreError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from runtime_core.emscripten.guest import Memory
    from runtime_core.emscripten.host import EmscriptenHost
    from runtime_core.engine.guestcall import GuestFunction
    from runtime_core.engine.instance import GuestInstance

CLOSURES_MAX: Final = 4_096
"""Closures alive at the same time, and signatures per slot: each costs the host some memory until the isolate ends."""
TABLE_MAX: Final = 1 << 20
"""Slots of a function table that a captured state may ask for."""
_FFI_OK: Final = 0
_FFI_BAD_TYPEDEF: Final = 1

_VALUE_TYPES: Final[Mapping[int, tuple[ValueType, ...]]] = {
    FfiType.FLOAT: (ValueType.F32,),
    FfiType.DOUBLE: (ValueType.F64,),
    FfiType.UINT64: (ValueType.I64,),
    FfiType.SINT64: (ValueType.I64,),
    FfiType.LONGDOUBLE: (ValueType.I64, ValueType.I64),
    **dict.fromkeys(
        (
            FfiType.INT,
            FfiType.UINT8,
            FfiType.SINT8,
            FfiType.UINT16,
            FfiType.SINT16,
            FfiType.UINT32,
            FfiType.SINT32,
            FfiType.POINTER,
            FfiType.STRUCT,
        ),
        (ValueType.I32,),
    ),
}


@dataclass(frozen=True, kw_only=True, slots=True)
class TableState:
    """Recorded additions: slots by symbol, slots with the addresses of their closures (0 before they are prepared)."""

    size: int = 0
    symbols: tuple[tuple[str, int], ...] = ()
    closures: tuple[tuple[int, int], ...] = ()
    free: tuple[int, ...] = ()

    @property
    def empty(self) -> bool:
        """Whether the guest added nothing."""
        return not (self.symbols or self.closures or self.free)

    def to_json(self) -> dict[str, Any]:
        """Plain values for JSON."""
        return {
            "size": self.size,
            "symbols": [list(pair) for pair in self.symbols],
            "closures": [list(pair) for pair in self.closures],
            "free": list(self.free),
        }

    @classmethod
    def from_json(cls, state: object) -> TableState:
        """Read what :meth:`to_json` wrote.

        Raises:
            MalformedError: where it is something else.
        """
        return cls(
            size=member(state, "size", lambda value: checked_integer(value, 0, TABLE_MAX)),
            symbols=member(state, "symbols", lambda value: elements(value, _symbol)),
            closures=member(state, "closures", lambda value: elements(value, _closure)),
            free=member(state, "free", lambda value: elements(value, _slot)),
        )


def _symbol(value: object) -> tuple[str, int]:
    name, slot = fields(value, 2)
    return checked_string(name), _slot(slot)


def _closure(value: object) -> tuple[int, int]:
    slot, address = fields(value, 2)
    return _slot(slot), checked_integer(address, 0, U32)


def _slot(value: object) -> int:
    return checked_integer(value, 1, TABLE_MAX)


class TableFunctions:
    """The additions of one guest."""

    __slots__ = ("_closures", "_factory", "_free", "_host", "_made", "_size", "_symbols")

    def __init__(self, host: EmscriptenHost) -> None:
        self._host = host
        self._symbols: dict[str, int] = {}
        self._closures: dict[int, int] = {}
        self._free: list[int] = []
        self._made: dict[tuple[int, FunctionType], GuestFunction] = {}
        self._factory: StoreFunctions | None = None
        self._size = 0

    # ---- symbols of the main module

    def symbol_address(self, name: str) -> int | None:
        """The address of an exported symbol: a function's slot, or where a datum lies; None where there is none."""
        slot = self._symbols.get(name)
        if slot is not None:
            return slot
        instance = self._host.instance
        if not instance.has_export(name):
            return None
        try:
            return instance.global_value(name)
        except AbiMismatchError:
            pass
        try:
            function = instance.function(name)
        except AbiMismatchError:
            return None
        slot = instance.slot_of(name)
        if slot is None:
            slot = self._new_slot()
            instance.table_set(slot, function)
            self._symbols[name] = slot
        return slot

    def _new_slot(self) -> int:
        slot = self._host.instance.table_grow(1)
        self._size = slot + 1
        return slot

    # ---- closures

    def allocate_closure(self, size: int, code: int) -> int:
        """Memory for a closure and a slot as its address, which is stored at ``code``; 0 where there is no room."""
        host = self._host
        if len(self._closures) >= CLOSURES_MAX:
            return 0
        closure = int(host.instance.call("malloc", size)) & U32
        if closure == 0:
            return 0
        try:
            slot = self._free.pop() if self._free else self._new_slot()
        except LimitError:
            host.instance.call("free", closure)
            return 0
        self._closures[slot] = 0
        host.memory.write_u32(code, slot)
        host.memory.write_u32(closure, slot)
        return closure

    def free_closure(self, closure: int) -> None:
        """Give memory and slot back; the slot is emptied, so that a late call does not reach another closure."""
        host = self._host
        slot = host.memory.read_u32(closure)
        if slot in self._closures:
            del self._closures[slot]
            host.instance.table_set(slot, None)
            self._free.append(slot)
        host.instance.call("free", closure)

    def prepare_closure(self, closure: int, cif: int, function: int, user_data: int, slot: int) -> int:
        """Make the slot call ``function(cif, result, arguments, user_data)``; FFI_OK, or an error of libffi."""
        memory = self._host.memory
        closure &= U32
        slot &= U32
        if slot not in self._closures:
            return _FFI_BAD_TYPEDEF
        memory.write_u32(closure + 4, cif)
        memory.write_u32(closure + 8, function)
        memory.write_u32(closure + 12, user_data)
        return _FFI_OK if self._install(slot, closure) else _FFI_BAD_TYPEDEF

    def _install(self, slot: int, closure: int) -> bool:
        host = self._host
        signature = _signature(CallInterface.read(host.memory, host.memory.read_u32(closure + 4)))
        if signature is None:
            return False
        made = self._made.get((slot, signature))
        if made is None:
            if len(self._made) >= CLOSURES_MAX:
                return False
            made = self._made[slot, signature] = self._make(slot, signature)
        host.instance.table_set(slot, made)
        self._closures[slot] = closure
        return True

    def _make(self, slot: int, signature: FunctionType) -> GuestFunction:
        if self._factory is None:
            # The protocol that this layer codes against leaves out what only the engine itself needs.
            self._factory = StoreFunctions(cast("GuestInstance", self._host.instance))

        def call(host: EmscriptenHost, *arguments: int | float) -> int | float | None:
            return call_closure(host, host.table.closure_at(slot), arguments)

        return self._factory.make(signature, call, name=f"closure in slot {slot}", component="emscripten")

    def closure_at(self, slot: int) -> int:
        """The address of the closure that a slot stands for.

        Raises:
            GuestFault: where it was freed.
        """
        closure = self._closures.get(slot, 0)
        if closure == 0:
            raise GuestFault("the guest called a closure that it had freed", found=slot)
        return closure

    # ---- capture and restore

    def capture(self) -> TableState:
        """The additions so far."""
        return TableState(
            size=self._size,
            symbols=tuple(self._symbols.items()),
            closures=tuple(self._closures.items()),
            free=tuple(self._free),
        )

    def restore(self, state: TableState) -> None:
        """Make recorded additions again in a fresh table; the guest's memory must be there already.

        Raises:
            RestoreError: where the table or the memory is not the one they were recorded with.
        """
        if state.empty:
            return
        instance = self._host.instance
        self._size = state.size
        self._free = list(state.free)
        try:
            missing = state.size - instance.table_size()
            if missing > 0:
                instance.table_grow(missing)
            for name, slot in state.symbols:
                instance.table_set(slot, instance.function(name))
                self._symbols[name] = slot
            for slot, closure in state.closures:
                self._closures[slot] = 0
                if closure and not self._install(slot, closure):
                    raise RestoreError("a captured closure cannot be made again", found=slot)
        except (GuestFault, AbiMismatchError, LimitError) as error:
            raise RestoreError("the captured function table does not fit this guest") from error


def _signature(interface: CallInterface) -> FunctionType | None:
    """The wasm type of a closure; None where it has a type that cannot be passed."""
    parameters: list[ValueType] = [ValueType.I32] if interface.result_by_pointer else []
    for argument in interface.arguments[: interface.fixed]:
        types = _VALUE_TYPES.get(argument.kind)
        if types is None:
            return None
        parameters.extend(types)
    if interface.fixed < len(interface.arguments):
        parameters.append(ValueType.I32)
    if interface.result_by_pointer or interface.result.kind == FfiType.VOID:
        return FunctionType(tuple(parameters), ())
    results = _VALUE_TYPES.get(interface.result.kind)
    return None if results is None else FunctionType(tuple(parameters), results)


def call_closure(host: EmscriptenHost, closure: int, values: Sequence[int | float]) -> int | float | None:
    """Store the arguments on the shadow stack and call the closure's function with pointers to them."""
    memory = host.memory
    cif, function, user_data = (memory.read_u32(closure + offset) for offset in (4, 8, 12))
    interface = CallInterface.read(memory, cif)
    saved = host.instance.global_value("__stack_pointer")
    stack = ShadowStack(memory, saved)
    remaining = iter(values)
    result = int(next(remaining)) if interface.result_by_pointer else stack.reserve(8, 8)
    pointers = stack.reserve(4 * len(interface.arguments), 4)
    _store_arguments(memory, stack, interface, pointers, remaining)
    stack.reserve(0, STACK_ALIGNMENT)
    host.instance.set_global("__stack_pointer", stack.pointer)
    host.instance.table_call(function, cif, result, pointers, user_data)
    host.instance.set_global("__stack_pointer", saved)
    if interface.result_by_pointer or interface.result.kind == FfiType.VOID:
        return None
    kind = interface.result.kind
    # libffi widens integers to a whole word: the function stored at least 32 bits.
    layout = scalar_format(kind if _VALUE_TYPES[kind] != (ValueType.I32,) else FfiType.SINT32)
    value: int | float = layout.unpack(memory.read(result, layout.size))[0]
    return value


def _store_arguments(memory: Memory, stack: ShadowStack, interface: CallInterface, pointers: int, values: Any) -> None:
    for index, argument in enumerate(interface.arguments[: interface.fixed]):
        if argument.kind == FfiType.STRUCT:
            addr = stack.copy(int(next(values)), argument.size, argument.alignment)
        elif argument.kind == FfiType.LONGDOUBLE:
            addr = stack.reserve(16, 8)
            memory.write_u64(addr, int(next(values)))
            memory.write_u64(addr + 8, int(next(values)))
        else:
            data = pack_scalar(argument.kind, next(values))
            addr = stack.reserve(len(data), max(4, len(data)))
            memory.write(addr, data)
        memory.write_u32(pointers + 4 * index, addr)
    if interface.fixed == len(interface.arguments):
        return
    varying = int(next(values)) & U32
    for index in range(interface.fixed, len(interface.arguments)):
        argument = interface.arguments[index]
        addr = varying
        if argument.kind == FfiType.STRUCT:
            addr = stack.copy(memory.read_u32(varying), argument.size, argument.alignment)
        memory.write_u32(pointers + 4 * index, addr)
        varying += 4


def _allocate(host: EmscriptenHost, size: int, code: int) -> int:
    return host.table.allocate_closure(size, code)


def _free(host: EmscriptenHost, closure: int) -> None:
    host.table.free_closure(closure)


def _prepare(host: EmscriptenHost, closure: int, cif: int, function: int, user_data: int, slot: int) -> int:
    return host.table.prepare_closure(closure, cif, function, user_data, slot)


IMPORTS: Final[Mapping[str, Callable[..., object]]] = {
    "ffi_closure_alloc_js": _allocate,
    "ffi_closure_free_js": _free,
    "ffi_prep_closure_loc_js": _prepare,
}
