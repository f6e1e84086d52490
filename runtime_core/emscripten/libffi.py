"""Calls of C functions from guest ``ctypes``: the host's half of libffi's ``ffi_call``."""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING, Final

from runtime_core.emscripten.arguments import U32
from runtime_core.emscripten.libffi_types import (
    STACK_ALIGNMENT,
    ArgumentType,
    CallInterface,
    FfiType,
    ShadowStack,
    pack_scalar,
    scalar_format,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from runtime_core.emscripten.guest import Memory
    from runtime_core.emscripten.host import EmscriptenHost


def ffi_call(host: EmscriptenHost, cif: int, function: int, result: int, values: int) -> None:
    """``ffi_call``: read the arguments, call through the function table, store the result."""
    memory = host.memory
    interface = CallInterface.read(memory, cif)
    values &= U32
    addresses = [memory.read_u32(values + 4 * i) for i in range(len(interface.arguments))]
    saved = host.instance.global_value("__stack_pointer")
    stack = ShadowStack(memory, saved)
    arguments: list[int | float] = [result] if interface.result_by_pointer else []
    fixed = interface.fixed
    for kind, addr in zip(interface.arguments[:fixed], addresses[:fixed], strict=True):
        arguments.extend(_argument(memory, stack, kind, addr))
    if fixed != len(addresses):
        arguments.append(_variable_arguments(memory, stack, interface.arguments[fixed:], addresses[fixed:]))
    stack.reserve(0, STACK_ALIGNMENT)
    host.instance.set_global("__stack_pointer", stack.pointer)
    value = host.instance.table_call(function & U32, *arguments)
    host.instance.set_global("__stack_pointer", saved)
    if not interface.result_by_pointer and interface.result.kind != FfiType.VOID:
        # ctypes takes functions for ones that return an int unless told otherwise; a missing result reads as 0.
        memory.write(result, pack_scalar(interface.result.kind, 0 if value is None else value))


def _argument(memory: Memory, stack: ShadowStack, kind: ArgumentType, addr: int) -> tuple[int | float, ...]:
    if kind.kind == FfiType.STRUCT:
        return (stack.copy(addr, kind.size, kind.alignment),)
    layout = struct.Struct("<QQ") if kind.kind == FfiType.LONGDOUBLE else scalar_format(kind.kind)
    return layout.unpack(memory.read(addr, layout.size))


def _variable_arguments(
    memory: Memory, stack: ShadowStack, kinds: tuple[ArgumentType, ...], addresses: list[int]
) -> int:
    """The buffer of the variable arguments; structures are copied below it and pointed to from it."""
    structures: list[tuple[int, ArgumentType, int]] = []
    for kind, addr in zip(reversed(kinds), reversed(addresses), strict=True):
        if kind.kind == FfiType.STRUCT:
            structures.append((stack.reserve(4, 4), kind, addr))
        elif kind.kind == FfiType.LONGDOUBLE:
            stack.copy(addr, 16, 8)
        else:
            size = scalar_format(kind.kind).size
            stack.copy(addr, size, size)
    buffer = stack.pointer
    for slot, kind, addr in structures:
        memory.write_u32(slot, stack.copy(addr, kind.size, kind.alignment))
    return buffer


IMPORTS: Final[Mapping[str, Callable[..., object]]] = {"ffi_call_js": ffi_call}
