"""Symbols that are the linkers' own: neither looked up nor given slots."""

from __future__ import annotations

from typing import Final

INTERNAL_SYMBOLS: Final = frozenset(
    (
        "memory",
        "__memory_base",
        "__table_base",
        "__stack_pointer",
        "__indirect_function_table",
        "__cpp_exception",
        "__c_longjmp",
        "__wasm_apply_data_relocs",
        "__dso_handle",
        "__tls_size",
        "__tls_align",
        "__set_stack_limits",
        "_emscripten_tls_init",
        "__wasm_init_tls",
        "__wasm_call_ctors",
        "__start_em_asm",
        "__stop_em_asm",
        "__start_em_js",
        "__stop_em_js",
    )
)
"""Those that Emscripten's updateGOT() passes over (src/lib/libdylink.js, isInternalSym)."""

SCRIPT_PREFIX: Final = "__em_js__"
"""How exports begin that stand for JavaScript source."""

SYSTEM_PREFIXES: Final = ("emscripten_", "_emscripten_", "__syscall_")
"""Functions of Emscripten's own JavaScript library. Which of them a main module has depends on how it was linked, and
libraries import some that they never call (libusd_ms imports emscripten_force_exit), so one that is absent is an error
only when it is called, as under Emscripten."""
