"""The functions that the runtime adds to a code image.

**The call trampoline.** C lets a method with fewer parameters be called with more; WebAssembly traps on the signature.
So CPython for Emscripten calls such functions through a helper with the signature
``(ok: i32*, function: i32, a: i32, b: i32, c: i32) -> i32`` (CPython, ``Python/emscripten_trampoline.c``): it looks at
the type of the table entry ``function``, calls it with as many of the three arguments as that type takes, and stores at
``ok`` whether any type fitted. Upstream instantiates a separate module for it; here it is one more function of the code
image and costs nothing per isolate.

**Reference tables.** Pyodide keeps its references to host values in two externref tables that it does not export.
These functions count, read and append entries in bulk, as the raw bits of i31 handles (docs/adr/0009-i31-handles.md):
one call where the exported functions need one per reference.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from runtime_core.wasm import opcodes as op

IMMORTAL_COUNT: Final = "runtime_immortal_count"
"""() -> i32: entries in the table of references that live as long as the guest."""
REFERENCE_COUNT: Final = "runtime_reference_count"
"""() -> i32: entries in the table of counted references, free ones included."""
ADD_REFERENCES: Final = "runtime_add_references"
"""(address, count, immortal): append ``count`` entries, read as raw bits of 32 bits each from memory."""
READ_REFERENCES: Final = "runtime_read_references"
"""(address, start, count, immortal): write the raw bits of entries to memory; traps on entries that are no handle."""

_MAX_ARGUMENTS: Final = 3


@dataclass(frozen=True, kw_only=True, slots=True)
class GuestFunctionCode:
    """A function to add: ``type_offset`` counts from the first type of :func:`added_types`; ``export`` may be None."""

    export: str | None
    type_offset: int
    body: bytes


def added_types() -> list[bytes]:
    """The encoded types to append to the type section."""
    callees = [op.function_type(count, 1) for count in range(_MAX_ARGUMENTS + 1)]
    return [*callees, op.function_type(5, 1), op.function_type(3, 0), op.function_type(4, 0)]


def added_functions(
    *, first_type: int, function_table: int, immortal_table: int, reference_table: int
) -> list[GuestFunctionCode]:
    """The functions to append, the trampoline first. ``first_type`` is the index of the first added type."""
    immortal, counted = immortal_table, reference_table
    count = [op.body(op.table_size(table)) for table in (immortal, counted)]
    return [
        GuestFunctionCode(export=None, type_offset=4, body=_trampoline(first_type, function_table)),
        GuestFunctionCode(export=IMMORTAL_COUNT, type_offset=0, body=count[0]),
        GuestFunctionCode(export=REFERENCE_COUNT, type_offset=0, body=count[1]),
        GuestFunctionCode(export=ADD_REFERENCES, type_offset=5, body=_add_references(immortal, counted)),
        GuestFunctionCode(export=READ_REFERENCES, type_offset=6, body=_read_references(immortal, counted)),
    ]


def _trampoline(first_type: int, table: int) -> bytes:
    ok, function, first_argument = 0, 1, 2
    code = [op.local_get(ok), op.i32_const(1), op.I32_STORE]
    for count in range(_MAX_ARGUMENTS, -1, -1):
        callee = first_type + count
        code += [op.local_get(function), op.table_get(table), op.ref_test(callee), op.IF]
        code += [op.local_get(first_argument + argument) for argument in range(count)]
        code += [op.local_get(function), op.call_indirect(callee, table), op.RETURN, op.END]
    code += [op.local_get(ok), op.i32_const(0), op.I32_STORE, op.i32_const(0)]
    return op.body(*code)


def _add_references(immortal_table: int, reference_table: int) -> bytes:
    address, count, immortal = 0, 1, 2

    def grow(table: int) -> list[bytes]:
        """Append one entry: null for raw bits 0, else the i31 reference they stand for."""
        return [
            *(op.local_get(address), op.I32_LOAD, op.if_result(op.EXTERNREF)),
            *(op.local_get(address), op.I32_LOAD, op.i32_const(1), op.I32_SHR_U),
            *(op.REF_I31, op.EXTERN_CONVERT_ANY),
            *(op.ELSE, op.REF_NULL_EXTERN, op.END),
            *(op.i32_const(1), op.table_grow(table), op.DROP),
        ]

    return op.body(
        *(op.BLOCK, op.LOOP, op.local_get(count), op.I32_EQZ, op.branch_if(1)),
        *(op.local_get(immortal), op.IF, *grow(immortal_table), op.ELSE, *grow(reference_table), op.END),
        *_advance(address, 4),
        *_advance(count, -1),
        *(op.branch(0), op.END, op.END),
    )


def _read_references(immortal_table: int, reference_table: int) -> bytes:
    address, start, count, immortal = 0, 1, 2, 3

    def entry() -> list[bytes]:
        return [
            *(op.local_get(immortal), op.if_result(op.EXTERNREF), op.local_get(start), op.table_get(immortal_table)),
            *(op.ELSE, op.local_get(start), op.table_get(reference_table), op.END),
        ]

    return op.body(
        *(op.BLOCK, op.LOOP, op.local_get(count), op.I32_EQZ, op.branch_if(1)),
        op.local_get(address),
        *(*entry(), op.REF_IS_NULL, op.if_result(op.I32), op.i32_const(0), op.ELSE),
        *(*entry(), op.ANY_CONVERT_EXTERN, op.REF_CAST_I31, op.I31_GET_U),
        *(op.i32_const(1), op.I32_SHL, op.i32_const(1), op.I32_OR, op.END),
        op.I32_STORE,
        *_advance(address, 4),
        *_advance(start, 1),
        *_advance(count, -1),
        *(op.branch(0), op.END, op.END),
    )


def _advance(local: int, step: int) -> tuple[bytes, ...]:
    return op.local_get(local), op.i32_const(step), op.I32_ADD, op.local_set(local)
