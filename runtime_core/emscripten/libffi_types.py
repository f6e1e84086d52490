"""Types of libffi (its port to wasm32), and room for their values on the guest's shadow stack.

``ffi_cif`` is abi u32 @0, nargs u32 @4, arg_types ptr @8, rtype ptr @12, bytes @16, flags @20, nfixedargs u32 @24.
``ffi_type`` is size u32 @0, alignment u16 @4, type u16 @6, elements ptr @8.

Calling convention (tool-conventions, BasicCABI): scalars are passed as wasm values, structures by pointer to a copy, a
structure of a single scalar as that scalar, a structure result through a pointer in front of the arguments, and
variable arguments in a buffer on the shadow stack whose address is the last argument.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from enum import IntEnum
from typing import TYPE_CHECKING, Final

from schemas.errors import GuestFault

if TYPE_CHECKING:
    from collections.abc import Mapping

    from runtime_core.emscripten.guest import Memory


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
ARGUMENTS_MAX: Final = 1024
_NESTING_MAX: Final = 64
STACK_ALIGNMENT: Final = 16


@dataclass(frozen=True, kw_only=True, slots=True)
class ArgumentType:
    """A type after single-member structures were taken apart; size and alignment matter for structures."""

    kind: int
    size: int
    alignment: int


@dataclass(frozen=True, kw_only=True, slots=True)
class CallInterface:
    """A parsed ``ffi_cif``."""

    arguments: tuple[ArgumentType, ...]
    fixed: int
    result: ArgumentType

    @property
    def result_by_pointer(self) -> bool:
        """Whether the result is stored through a pointer that comes as the first argument."""
        return self.result.kind in (FfiType.STRUCT, FfiType.LONGDOUBLE)

    @classmethod
    def read(cls, memory: Memory, cif: int) -> CallInterface:
        """Parse the structure at ``cif``.

        Raises:
            GuestFault: where it is not a call interface that this port of libffi makes.
        """
        cif &= 0xFFFF_FFFF
        count = memory.read_u32(cif + 4)
        fixed = memory.read_u32(cif + 24)
        if count > ARGUMENTS_MAX or fixed > count:
            raise GuestFault("libffi was given too many arguments", expected=f"at most {ARGUMENTS_MAX}", found=count)
        types = memory.read_u32(cif + 8)
        return cls(
            arguments=tuple(_argument_type(memory, memory.read_u32(types + 4 * i)) for i in range(count)),
            fixed=fixed,
            result=_argument_type(memory, memory.read_u32(cif + 12)),
        )


def _argument_type(memory: Memory, addr: int) -> ArgumentType:
    for _ in range(_NESTING_MAX):
        kind = memory.read_u16(addr + 6)
        if kind == FfiType.STRUCT:
            elements = memory.read_u32(addr + 8)
            first = memory.read_u32(elements)
            if first == 0:
                kind = FfiType.VOID
            elif memory.read_u32(elements + 4) == 0:
                addr = first
                continue
        return ArgumentType(kind=kind, size=memory.read_u32(addr), alignment=memory.read_u16(addr + 4))
    raise GuestFault("a libffi type is nested too deep", expected=f"at most {_NESTING_MAX} levels")


def scalar_format(kind: int) -> struct.Struct:
    """How a scalar lies in memory.

    Raises:
        GuestFault: for what is no scalar.
    """
    layout = _FORMATS.get(kind)
    if layout is None:
        raise GuestFault("libffi was given a type that cannot be passed", expected="a scalar or structure", found=kind)
    return layout


def pack_scalar(kind: int, value: int | float) -> bytes:
    """The bytes of a wasm value as the type has them in memory; integers wrap."""
    layout = scalar_format(kind)
    if isinstance(value, int) and kind not in (FfiType.FLOAT, FfiType.DOUBLE):
        return (value & (1 << 8 * layout.size) - 1).to_bytes(layout.size, "little")
    return layout.pack(value)


class ShadowStack:
    """Room on the guest's shadow stack, which grows downwards."""

    __slots__ = ("_memory", "pointer")

    def __init__(self, memory: Memory, pointer: int) -> None:
        self._memory = memory
        self.pointer = pointer

    def reserve(self, size: int, alignment: int) -> int:
        """Move the pointer down by ``size`` bytes to a multiple of ``alignment``.

        Raises:
            GuestFault: where that is no alignment, or not the size of anything on a stack.
        """
        if alignment <= 0 or alignment & (alignment - 1) or size > self.pointer:
            raise GuestFault("a libffi type does not fit on the guest's stack", expected="an aligned size", found=size)
        self.pointer = (self.pointer - size) & -alignment
        return self.pointer

    def copy(self, addr: int, size: int, alignment: int) -> int:
        """Reserve room and copy the value at ``addr`` there; its new address."""
        target = self.reserve(size, alignment)
        self._memory.write(target, self._memory.read(addr, size))
        return target
