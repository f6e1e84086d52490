"""CPython's call trampoline as WebAssembly.

C lets a method with fewer parameters be called with more; WebAssembly traps on the signature. So CPython for Emscripten
calls such functions through a helper with the signature ``(ok: i32*, function: i32, a: i32, b: i32, c: i32) -> i32``
(CPython, ``Python/emscripten_trampoline.c``): it looks at the type of the table entry ``function``, calls it with as
many of the three arguments as that type takes, and stores at ``ok`` whether any type fitted. Upstream instantiates a
separate module for it; here it is one more function of the code image, so it costs nothing per isolate.
"""

from __future__ import annotations

from typing import Final

from runtime_core.wasm.encoding import sleb, uleb

_I32: Final = 0x7F
_MAX_ARGUMENTS: Final = 3
_OK, _FUNCTION, _FIRST_ARGUMENT = 0, 1, 2

TYPE_COUNT: Final = _MAX_ARGUMENTS + 2


def _function_type(parameters: int) -> bytes:
    return b"\x60" + uleb(parameters) + bytes([_I32] * parameters) + uleb(1) + bytes([_I32])


def trampoline_types() -> list[bytes]:
    """The encoded types to append: those of callees with 0, 1, 2 and 3 parameters, then the trampoline's own."""
    return [_function_type(count) for count in (*range(_MAX_ARGUMENTS + 1), 5)]


def trampoline_body(first_type: int, table: int) -> bytes:
    """The encoded function body, with its size.

    ``first_type`` is the index of the first of :func:`trampoline_types`, ``table`` that of the function table.
    """
    code = bytearray(uleb(0))  # no locals
    code += _store_ok(1)
    for count in range(_MAX_ARGUMENTS, -1, -1):
        callee = first_type + count
        code += _local(_FUNCTION) + b"\x25" + uleb(table)  # table.get
        code += b"\xfb\x14" + sleb(callee)  # ref.test (ref callee)
        code += b"\x04\x40"  # if
        for argument in range(count):
            code += _local(_FIRST_ARGUMENT + argument)
        code += _local(_FUNCTION) + b"\x11" + uleb(callee) + uleb(table)  # call_indirect
        code += b"\x0f\x0b"  # return, end of if
    code += _store_ok(0)
    code += b"\x41" + sleb(0) + b"\x0b"
    return uleb(len(code)) + bytes(code)


def _local(index: int) -> bytes:
    return b"\x20" + uleb(index)


def _store_ok(value: int) -> bytes:
    """``*ok = value``: an aligned i32.store without offset."""
    return _local(_OK) + b"\x41" + sleb(value) + b"\x36" + uleb(2) + uleb(0)
