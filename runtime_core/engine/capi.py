"""The raw binding of wasmtime's C API; nothing else in the project calls the library.

The library is the one inside the ``wasmtime`` package from PyPI, but that package's Python code is not used: its host
calls cost 11 us against 0.4 us here, it cannot pass externrefs, and it hands exceptions between threads
(docs/adr/0007-raw-c-api-binding.md). The structures below mirror ``wasmtime/{val,extern,func,instance}.h`` of exactly
:data:`WASMTIME_VERSION`; loading any other version is refused, and tests/unit/runtime_core/engine/test_capi.py
proves each layout against the library itself.

Pointers are plain integers (``c_void_p``): the callers own the lifetimes.
"""

from __future__ import annotations

import ctypes
import functools
import importlib.metadata
import importlib.util
import platform
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

from schemas.errors import HostError

WASMTIME_VERSION: Final = "50.0.1"

_PTR: Final = ctypes.c_void_p
_SIZE: Final = ctypes.c_size_t
_STR: Final = ctypes.c_char_p

EXTERN_FUNC: Final = 0
EXTERN_GLOBAL: Final = 1
EXTERN_TABLE: Final = 2
EXTERN_MEMORY: Final = 3
EXTERN_TAG: Final = 5

VAL_I32: Final = 0
VAL_FUNCREF: Final = 5

TRAP_STACK_OVERFLOW: Final = 0
UPDATE_DEADLINE_CONTINUE: Final = 0

RAW_VALUE_BYTES: Final = 16
"""Size of ``wasmtime_val_raw_t``: arguments and results of unchecked calls lie in an array of these."""


class ByteVec(ctypes.Structure):
    """``wasm_byte_vec_t`` and, with another item type, every other ``wasm_*_vec_t``."""

    _fields_ = [("size", _SIZE), ("data", _PTR)]


class Extern(ctypes.Structure):
    """``wasmtime_extern_t``: a kind and the item (func, global, table or memory), 24 bytes at offset 8."""

    _fields_ = [("kind", ctypes.c_uint8), ("item", ctypes.c_uint64 * 3)]


class Value(ctypes.Structure):
    """``wasmtime_val_t``: a kind and the value, 24 bytes at offset 8."""

    _fields_ = [("kind", ctypes.c_uint8), ("item", ctypes.c_uint64 * 3)]


class Instance(ctypes.Structure):
    """``wasmtime_instance_t``."""

    _fields_ = [("store_id", ctypes.c_uint64), ("index", _SIZE)]


ITEM_OFFSET: Final = 8
"""Offset of the item inside :class:`Extern` and :class:`Value`."""

HOST_CALLBACK: Final = ctypes.CFUNCTYPE(_PTR, _PTR, _PTR, ctypes.POINTER(ctypes.c_int32), _SIZE)
"""``wasmtime_func_unchecked_callback_t``: (env, caller, raw values, their count) -> trap or NULL."""

EPOCH_CALLBACK: Final = ctypes.CFUNCTYPE(
    _PTR, _PTR, _PTR, ctypes.POINTER(ctypes.c_uint64), ctypes.POINTER(ctypes.c_uint8)
)
"""(context, data, ticks until the next call, kind of update) -> error or NULL."""

# Functions that may run long, block, or run guest code: called without the interpreter lock.
_UNLOCKED: Final[dict[str, tuple[Any, tuple[Any, ...]]]] = {
    "wasmtime_module_new": (_PTR, (_PTR, _PTR, _SIZE, _PTR)),
    "wasmtime_module_validate": (_PTR, (_PTR, _PTR, _SIZE)),
    "wasmtime_module_serialize": (_PTR, (_PTR, _PTR)),
    "wasmtime_module_deserialize_file": (_PTR, (_PTR, _STR, _PTR)),
    "wasmtime_module_delete": (None, (_PTR,)),
    "wasmtime_wat2wasm": (_PTR, (_STR, _SIZE, _PTR)),
    "wasmtime_linker_instantiate": (_PTR, (_PTR, _PTR, _PTR, _PTR, _PTR)),
    "wasmtime_instance_new": (_PTR, (_PTR, _PTR, _PTR, _SIZE, _PTR, _PTR)),
    "wasmtime_func_call_unchecked": (_PTR, (_PTR, _PTR, _PTR, _SIZE, _PTR)),
    "wasmtime_store_delete": (None, (_PTR,)),
    "wasmtime_memory_grow": (_PTR, (_PTR, _PTR, ctypes.c_uint64, _PTR)),
    "wasm_engine_delete": (None, (_PTR,)),
}

# Short functions: releasing and taking the lock would cost more than the call.
_LOCKED: Final[dict[str, tuple[Any, tuple[Any, ...]]]] = {
    "wasm_config_new": (_PTR, ()),
    "wasm_engine_new_with_config": (_PTR, (_PTR,)),
    **{
        f"wasmtime_config_{name}_set": (None, (_PTR, kind))
        for name, kind in {
            "wasm_exceptions": ctypes.c_bool,
            "wasm_gc": ctypes.c_bool,
            "wasm_function_references": ctypes.c_bool,
            "wasm_tail_call": ctypes.c_bool,
            "wasm_reference_types": ctypes.c_bool,
            "epoch_interruption": ctypes.c_bool,
            "async_stack_size": ctypes.c_uint64,
            "max_wasm_stack": _SIZE,
            "cranelift_opt_level": ctypes.c_uint8,
        }.items()
    },
    "wasmtime_engine_increment_epoch": (None, (_PTR,)),
    "wasm_byte_vec_delete": (None, (_PTR,)),
    "wasmtime_error_new": (_PTR, (_STR,)),
    "wasmtime_error_message": (None, (_PTR, _PTR)),
    "wasmtime_error_delete": (None, (_PTR,)),
    "wasmtime_trap_new": (_PTR, (_STR, _SIZE)),
    "wasmtime_trap_code": (ctypes.c_bool, (_PTR, _PTR)),
    "wasm_trap_message": (None, (_PTR, _PTR)),
    "wasm_trap_delete": (None, (_PTR,)),
    "wasmtime_module_imports": (None, (_PTR, _PTR)),
    "wasm_importtype_module": (_PTR, (_PTR,)),
    "wasm_importtype_name": (_PTR, (_PTR,)),
    "wasm_importtype_type": (_PTR, (_PTR,)),
    "wasm_importtype_vec_delete": (None, (_PTR,)),
    "wasm_externtype_kind": (ctypes.c_uint8, (_PTR,)),
    "wasm_externtype_as_functype": (_PTR, (_PTR,)),
    "wasm_functype_params": (_PTR, (_PTR,)),
    "wasm_functype_results": (_PTR, (_PTR,)),
    "wasm_functype_delete": (None, (_PTR,)),
    "wasm_functype_new": (_PTR, (_PTR, _PTR)),
    "wasm_valtype_new": (_PTR, (ctypes.c_uint8,)),
    "wasm_valtype_vec_new": (None, (_PTR, _SIZE, _PTR)),
    "wasmtime_func_new_unchecked": (None, (_PTR, _PTR, HOST_CALLBACK, _PTR, _PTR, _PTR)),
    "wasmtime_wasm_valtype_equal": (ctypes.c_bool, (_PTR, _PTR)),
    "wasmtime_linker_new": (_PTR, (_PTR,)),
    "wasmtime_linker_clone": (_PTR, (_PTR,)),
    "wasmtime_linker_delete": (None, (_PTR,)),
    "wasmtime_linker_allow_shadowing": (None, (_PTR, ctypes.c_bool)),
    "wasmtime_linker_define": (_PTR, (_PTR, _PTR, _STR, _SIZE, _STR, _SIZE, _PTR)),
    "wasmtime_linker_define_func_unchecked": (_PTR, (_PTR, _STR, _SIZE, _STR, _SIZE, _PTR, HOST_CALLBACK, _PTR, _PTR)),
    "wasmtime_linker_instantiate_pre": (_PTR, (_PTR, _PTR, _PTR)),
    "wasmtime_instance_pre_instantiate": (_PTR, (_PTR, _PTR, _PTR, _PTR)),
    "wasmtime_instance_pre_delete": (None, (_PTR,)),
    "wasmtime_instance_export_get": (ctypes.c_bool, (_PTR, _PTR, _STR, _SIZE, _PTR)),
    "wasmtime_store_new": (_PTR, (_PTR, _PTR, _PTR)),
    "wasmtime_store_context": (_PTR, (_PTR,)),
    "wasmtime_store_limiter": (None, (_PTR, *([ctypes.c_int64] * 5))),
    "wasmtime_store_epoch_deadline_callback": (None, (_PTR, EPOCH_CALLBACK, _PTR, _PTR)),
    "wasmtime_context_set_epoch_deadline": (None, (_PTR, ctypes.c_uint64)),
    "wasmtime_func_type": (_PTR, (_PTR, _PTR)),
    "wasmtime_memory_data": (_PTR, (_PTR, _PTR)),
    "wasmtime_memory_data_size": (_SIZE, (_PTR, _PTR)),
    "wasmtime_table_size": (ctypes.c_uint64, (_PTR, _PTR)),
    "wasmtime_table_get": (ctypes.c_bool, (_PTR, _PTR, ctypes.c_uint64, _PTR)),
    "wasmtime_table_set": (_PTR, (_PTR, _PTR, ctypes.c_uint64, _PTR)),
    "wasmtime_table_grow": (_PTR, (_PTR, _PTR, ctypes.c_uint64, _PTR, _PTR)),
    "wasmtime_linker_get": (ctypes.c_bool, (_PTR, _PTR, _STR, _SIZE, _STR, _SIZE, _PTR)),
    "wasmtime_global_new": (_PTR, (_PTR, _PTR, _PTR, _PTR)),
    "wasm_globaltype_new": (_PTR, (_PTR, ctypes.c_uint8)),
    "wasm_globaltype_delete": (None, (_PTR,)),
    "wasmtime_global_get": (None, (_PTR, _PTR, _PTR)),
    "wasmtime_global_set": (_PTR, (_PTR, _PTR, _PTR)),
}


class CApi:
    """The library's functions as attributes, under their C names."""

    def __init__(self, path: Path) -> None:
        unlocked = ctypes.CDLL(str(path))
        locked = ctypes.PyDLL(str(path))
        for library, prototypes in ((unlocked, _UNLOCKED), (locked, _LOCKED)):
            for name, (result, arguments) in prototypes.items():
                try:
                    function = getattr(library, name)
                except AttributeError:
                    raise HostError(
                        f"the wasmtime library has no function {name}",
                        expected=f"wasmtime {WASMTIME_VERSION}",
                        hint="reinstall the wasmtime package",
                    ) from None
                function.restype = result
                function.argtypes = arguments
                setattr(self, name, function)
        # The same C function once more, without conversion of its arguments: guest calls pass ready-made ones
        # (see pointer_argument), which saves a quarter of a call's cost.
        self.call_guest: Callable[..., Any] = unlocked["wasmtime_func_call_unchecked"]
        self.call_guest.restype = _PTR
        # And the two that report a failure from within a callback, where converting arguments could itself fail.
        self.new_trap: Callable[..., Any] = locked["wasmtime_trap_new"]
        self.new_trap.restype = _PTR
        self.new_error: Callable[..., Any] = locked["wasmtime_error_new"]
        self.new_error.restype = _PTR

    def __getattr__(self, name: str) -> Callable[..., Any]:
        raise AttributeError(f"{name} is not bound; add its prototype to {__name__}")

    def take_text(self, vector: ByteVec) -> str:
        """The text of a byte vector the library returned, which is freed."""
        text = ctypes.string_at(vector.data, vector.size) if vector.size else b""
        self.wasm_byte_vec_delete(ctypes.addressof(vector))
        return text.rstrip(b"\0").decode("utf-8", "replace")

    def take_error(self, error: int) -> str:
        """The message of a ``wasmtime_error_t``, which is freed."""
        vector = ByteVec()
        self.wasmtime_error_message(error, ctypes.addressof(vector))
        self.wasmtime_error_delete(error)
        return self.take_text(vector)

    def take_trap(self, trap: int) -> tuple[str, int | None]:
        """The message and code of a ``wasm_trap_t``, which is freed. Traps made by the host have no code."""
        code = ctypes.c_uint8()
        known = self.wasmtime_trap_code(trap, ctypes.addressof(code))
        vector = ByteVec()
        self.wasm_trap_message(trap, ctypes.addressof(vector))
        self.wasm_trap_delete(trap)
        return self.take_text(vector), code.value if known else None

    def check(self, error: int | None, what: str) -> None:
        """Raise HostError, with the library's own message, if ``error`` is one."""
        if error:
            raise HostError(f"{what}: {self.take_error(error)}")


def pointer_argument(address: int) -> Any:
    """An address converted once, for many calls of a function without declared argument types."""
    return _PTR.from_param(address)


def text_argument(text: bytes) -> Any:
    """A C string converted once; it keeps the bytes alive."""
    return _STR.from_param(text)


def size_argument(value: int) -> Any:
    """A ``size_t`` converted once."""
    return _SIZE.from_param(value)


def library_path() -> Path:
    """Where the shared library of the installed wasmtime package lies.

    Raises:
        HostError: the package is missing, has another version, or has no library for this machine.
    """
    try:
        version = importlib.metadata.version("wasmtime")
        spec = importlib.util.find_spec("wasmtime")
    except importlib.metadata.PackageNotFoundError:
        version, spec = "no wasmtime package", None
    if version != WASMTIME_VERSION or spec is None or spec.origin is None:
        raise HostError(
            "this build is bound to one version of wasmtime's C API",
            expected=f"wasmtime {WASMTIME_VERSION}",
            found=version,
            hint=f"run: python -m pip install wasmtime=={WASMTIME_VERSION}",
        )
    machine = {"AMD64": "x86_64", "arm64": "aarch64"}.get(platform.machine(), platform.machine())
    name = {"darwin": "_libwasmtime.dylib", "win32": "_wasmtime.dll"}.get(sys.platform, "_libwasmtime.so")
    path = Path(spec.origin).parent / f"{sys.platform}-{machine}" / name
    if not path.is_file():
        raise HostError(
            "the wasmtime package has no library for this machine", expected=f"{sys.platform}-{machine}/{name}"
        )
    return path


@functools.cache
def load() -> CApi:
    """The library, loaded once per process.

    Raises:
        HostError: see :func:`library_path`.
    """
    return CApi(library_path())


def wat_to_wasm(text: str) -> bytes:
    """Assemble WebAssembly text (for tests and diagnostics).

    Raises:
        HostError: the text does not parse.
    """
    api = load()
    source = text.encode()
    vector = ByteVec()
    api.check(api.wasmtime_wat2wasm(source, len(source), ctypes.addressof(vector)), "cannot assemble")
    data = ctypes.string_at(vector.data, vector.size)
    api.wasm_byte_vec_delete(ctypes.addressof(vector))
    return data
