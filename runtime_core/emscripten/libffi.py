"""The host's half of libffi, which guest ``ctypes`` calls C functions with.

Layouts (libffi's port to wasm32): ``ffi_cif`` is abi u32 @0, nargs u32 @4, arg_types ptr @8, rtype ptr @12, bytes @16,
flags @20, nfixedargs u32 @24. ``ffi_type`` is size u32 @0, alignment u16 @4, type u16 @6, elements ptr @8.

Calling convention (tool-conventions, BasicCABI): scalars are passed as wasm values, structures by pointer to a copy, a
structure of a single scalar as that scalar, a structure result through a pointer in front of the arguments, and
variable arguments in a buffer on the shadow stack whose address is the last argument.
"""

from __future__ import annotations

import struct
from enum import IntEnum
from typing import TYPE_CHECKING, Final

from runtime_core.emscripten.arguments import U32
from schemas.errors import GuestFault

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from runtime_core.emscripten.guest import Memory
    from runtime_core.emscripten.host import EmscriptenHost


class FfiType(IntEnum):
    """``FFI_TYPE_*``."""

    VOID = 0
    INT = 1
    FLOAT = 2
    DOUBLE = 3
    LONGDOUBLE = 4
    UINT8 = 5
    SINT8 = 6
    UINT16 = 7
    SINT16 = 8
    UINT32 = 9
    SINT32 = 10
    UINT64 = 11
    SINT64 = 12
    STRUCT = 13
    POINTER = 14
    COMPLEX = 15


_FORMATS: Final[Mapping[int, struct.Struct]] = {
    FfiType.INT: struct.Struct("<i"),
    FfiType.FLOAT: struct.Struct("<f"),
    FfiType.DOUBLE: struct.Struct("<d"),
    FfiType.UINT8: struct.Struct("<B"),
    FfiType.SINT8: struct.Struct("<b"),
    FfiType.UINT16: struct.Struct("<H"),
    FfiType.SINT16: struct.Struct("<h"),
    FfiType.UINT32: struct.Struct("<I"),
    FfiType.SINT32: struct.Struct("<i"),
    FfiType.UINT64: struct.Struct("<Q"),
    FfiType.SINT64: struct.Struct("<q"),
    FfiType.POINTER: struct.Struct("<I"),
}
_ARGUMENTS_MAX: Final = 1024
_NESTING_MAX: Final = 64
_STACK_ALIGNMENT: Final = 16
_FFI_BAD_TYPEDEF: Final = 1


class _Stack:
    """Room on the guest's shadow stack, which grows downwards."""

    __slots__ = ("_memory", "pointer")

    def __init__(self, memory: Memory, pointer: int) -> None:
        self._memory = memory
        self.pointer = pointer

    def reserve(self, size: int, alignment: int) -> int:
        if alignment <= 0 or alignment & (alignment - 1) or size > self.pointer:
            raise GuestFault("a libffi type does not fit on the guest's stack", expected="an aligned size", found=size)
        self.pointer = (self.pointer - size) & -alignment
        return self.pointer

    def copy(self, addr: int, size: int, alignment: int) -> int:
        target = self.reserve(size, alignment)
        self._memory.write(target, self._memory.read(addr, size))
        return target


def _unboxed(memory: Memory, type_addr: int) -> tuple[int, int]:
    """Address and kind of a type after taking single-member structures apart."""
    for _ in range(_NESTING_MAX):
        kind = memory.read_u16(type_addr + 6)
        if kind != FfiType.STRUCT:
            return type_addr, kind
        elements = memory.read_u32(type_addr + 8)
        first = memory.read_u32(elements)
        if first == 0:
            return type_addr, FfiType.VOID
        if memory.read_u32(elements + 4) != 0:
            return type_addr, FfiType.STRUCT
        type_addr = first
    raise GuestFault("a libffi type is nested too deep", expected=f"at most {_NESTING_MAX} levels")


def _scalar(memory: Memory, kind: int, addr: int) -> int | float:
    layout = _FORMATS.get(kind)
    if layout is None:
        raise GuestFault(
            "libffi was given a type that cannot be passed", expected="a scalar or a structure", found=kind
        )
    value: int | float = layout.unpack(memory.read(addr, layout.size))[0]
    return value


def ffi_call(host: EmscriptenHost, cif: int, function: int, result: int, values: int) -> None:
    """``ffi_call``: read the arguments, call through the function table, store the result."""
    memory = host.memory
    cif &= U32
    values &= U32
    count = memory.read_u32(cif + 4)
    fixed = memory.read_u32(cif + 24)
    if count > _ARGUMENTS_MAX or fixed > count:
        raise GuestFault("libffi was given too many arguments", expected=f"at most {_ARGUMENTS_MAX}", found=count)
    types = memory.read_u32(cif + 8)
    kinds = [_unboxed(memory, memory.read_u32(types + 4 * i)) for i in range(count)]
    addresses = [memory.read_u32(values + 4 * i) for i in range(count)]
    _, result_kind = _unboxed(memory, memory.read_u32(cif + 12))
    saved = host.instance.global_value("__stack_pointer")
    stack = _Stack(memory, saved)
    arguments: list[int | float] = []
    by_pointer = result_kind in (FfiType.STRUCT, FfiType.LONGDOUBLE)
    if by_pointer:
        arguments.append(result)
    for (type_addr, kind), addr in zip(kinds[:fixed], addresses[:fixed], strict=True):
        arguments.extend(_argument(memory, stack, type_addr, kind, addr))
    if fixed != count:
        arguments.append(_variable_arguments(memory, stack, kinds[fixed:], addresses[fixed:]))
    stack.reserve(0, _STACK_ALIGNMENT)
    host.instance.set_global("__stack_pointer", stack.pointer)
    value = host.instance.table_call(function & U32, *arguments)
    host.instance.set_global("__stack_pointer", saved)
    if not by_pointer and result_kind != FfiType.VOID:
        _store_result(memory, result_kind, result, value)


def _argument(memory: Memory, stack: _Stack, type_addr: int, kind: int, addr: int) -> list[int | float]:
    if kind == FfiType.STRUCT:
        return [stack.copy(addr, memory.read_u32(type_addr), memory.read_u16(type_addr + 4))]
    if kind == FfiType.LONGDOUBLE:
        low, high = struct.unpack("<QQ", memory.read(addr, 16))
        return [low, high]
    return [_scalar(memory, kind, addr)]


def _variable_arguments(memory: Memory, stack: _Stack, kinds: list[tuple[int, int]], addresses: list[int]) -> int:
    """The buffer of the variable arguments; structures are copied below it and pointed to from it."""
    structures: list[tuple[int, int, int]] = []
    for (type_addr, kind), addr in zip(reversed(kinds), reversed(addresses), strict=True):
        if kind == FfiType.STRUCT:
            structures.append((stack.reserve(4, 4), type_addr, addr))
        elif kind == FfiType.LONGDOUBLE:
            stack.copy(addr, 16, 8)
        else:
            layout = _FORMATS.get(kind)
            if layout is None:
                raise GuestFault("libffi was given a type that cannot be passed", expected="a scalar", found=kind)
            stack.copy(addr, layout.size, layout.size)
    buffer = stack.pointer
    for slot, type_addr, addr in structures:
        memory.write_u32(slot, stack.copy(addr, memory.read_u32(type_addr), memory.read_u16(type_addr + 4)))
    return buffer


def _store_result(memory: Memory, kind: int, result: int, value: int | float) -> None:
    layout = _FORMATS.get(kind)
    if layout is None:
        raise GuestFault("libffi was given a result type that cannot be returned", expected="a scalar", found=kind)
    if isinstance(value, int):
        memory.write(result, (value & (1 << 8 * layout.size) - 1).to_bytes(layout.size, "little"))
    else:
        memory.write(result, layout.pack(value))


def closure_allocate(host: EmscriptenHost, size: int, code: int) -> int:
    """``ffi_closure_alloc``: memory for the closure and a slot of the function table as its address."""
    closure = int(host.instance.call("malloc", size)) & U32
    if closure == 0:
        return 0
    slot = host.free_closure_slots.pop() if host.free_closure_slots else host.instance.table_grow(1)
    host.memory.write_u32(code, slot)
    host.memory.write_u32(closure, slot)
    return closure


def closure_free(host: EmscriptenHost, closure: int) -> None:
    """``ffi_closure_free``."""
    slot = host.memory.read_u32(closure)
    host.free_closure_slots.append(slot)
    host.instance.call("free", closure)


def prepare_closure(host: EmscriptenHost, closure: int, cif: int, function: int, user_data: int, code: int) -> int:
    """``ffi_prep_closure_loc``."""
    raise NotImplementedError


IMPORTS: Final[Mapping[str, Callable[..., object]]] = {
    "ffi_call_js": ffi_call,
    "ffi_closure_alloc_js": closure_allocate,
    "ffi_closure_free_js": closure_free,
    "ffi_prep_closure_loc_js": prepare_closure,
}
