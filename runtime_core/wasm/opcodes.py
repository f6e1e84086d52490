"""The few instructions that the runtime's own functions are made of, encoded.

Source: WebAssembly core specification 3.0, "Binary format: Instructions".
"""

from __future__ import annotations

from typing import Final

from runtime_core.wasm.encoding import sleb, uleb, vector

I32: Final = b"\x7f"
FUNCREF: Final = b"\x70"
EXTERNREF: Final = b"\x6f"

HEAP_I31: Final = b"\x6c"
HEAP_EXTERN: Final = b"\x6f"

END: Final = b"\x0b"
ELSE: Final = b"\x05"
RETURN: Final = b"\x0f"
DROP: Final = b"\x1a"
I32_EQZ: Final = b"\x45"
I32_ADD: Final = b"\x6a"
I32_OR: Final = b"\x72"
I32_SHL: Final = b"\x74"
I32_SHR_U: Final = b"\x76"
REF_IS_NULL: Final = b"\xd1"
REF_NULL_EXTERN: Final = b"\xd0" + HEAP_EXTERN
EXTERN_CONVERT_ANY: Final = b"\xfb\x1b"
ANY_CONVERT_EXTERN: Final = b"\xfb\x1a"
REF_I31: Final = b"\xfb\x1c"
I31_GET_U: Final = b"\xfb\x1e"
REF_CAST_I31: Final = b"\xfb\x16" + HEAP_I31
I32_LOAD: Final = b"\x28\x02\x00"
"""Aligned, without offset."""
I32_STORE: Final = b"\x36\x02\x00"
IF: Final = b"\x04\x40"
"""Without a result."""
LOOP: Final = b"\x03\x40"
BLOCK: Final = b"\x02\x40"


def function_type(parameters: int, results: int) -> bytes:
    """A function type of i32 parameters and results alone."""
    return b"\x60" + vector([I32] * parameters) + vector([I32] * results)


def if_result(value_type: bytes) -> bytes:
    """``if`` with one result."""
    return b"\x04" + value_type


def i32_const(value: int) -> bytes:
    """A signed constant."""
    return b"\x41" + sleb(value)


def local_get(index: int) -> bytes:
    """Push a parameter or local."""
    return b"\x20" + uleb(index)


def local_set(index: int) -> bytes:
    """Pop into a parameter or local."""
    return b"\x21" + uleb(index)


def branch(depth: int) -> bytes:
    """Jump to the label ``depth`` levels out."""
    return b"\x0c" + uleb(depth)


def branch_if(depth: int) -> bytes:
    """Jump if the popped value is not zero."""
    return b"\x0d" + uleb(depth)


def table_get(table: int) -> bytes:
    """Read a slot."""
    return b"\x25" + uleb(table)


def table_size(table: int) -> bytes:
    """Push the number of slots."""
    return b"\xfc" + uleb(16) + uleb(table)


def table_grow(table: int) -> bytes:
    """Append slots holding a value; pushes the former size, or -1."""
    return b"\xfc" + uleb(15) + uleb(table)


def ref_test(type_index: int) -> bytes:
    """Whether a reference is not null and of a type."""
    return b"\xfb\x14" + sleb(type_index)


def call_indirect(type_index: int, table: int) -> bytes:
    """Call through a table."""
    return b"\x11" + uleb(type_index) + uleb(table)


def body(*code: bytes) -> bytes:
    """A function body without further locals, with its size and its final ``end``."""
    whole = vector([]) + b"".join(code) + END
    return uleb(len(whole)) + whole
