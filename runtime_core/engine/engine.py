"""The engine: one per process is enough; compiles, loads and links guest code."""

from __future__ import annotations

import ctypes
import hashlib
import platform
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from runtime_core.engine import capi
from runtime_core.engine.codecache import CachedCode, CodeCache
from runtime_core.engine.hostcall import HostImport
from runtime_core.engine.limits import EpochTicker
from runtime_core.engine.module import CompiledModule, Program
from runtime_core.engine.stack import DEFAULT_WASM_STACK_BYTES
from schemas.digest import Digest
from schemas.errors import FormatError, HostError

_ASYNC_STACK_MARGIN: Final = 2 << 20

# What a translated Pyodide uses beyond the engine's defaults: exceptions with exnref, and GC types for the call
# trampoline (ref.test on function types).
_FEATURES: Final = ("exceptions", "gc", "function_references", "tail_call", "reference_types")


@dataclass(frozen=True, kw_only=True, slots=True)
class EngineConfig:
    """Settings that compiled code depends on.

    ``max_wasm_stack`` is in bytes. ``epoch_interruption`` makes CPU limits possible and costs guests 8 to 20 %.
    """

    max_wasm_stack: int = DEFAULT_WASM_STACK_BYTES
    epoch_interruption: bool = True


class Engine:
    """A ``wasm_engine_t``. Thread-safe.

    ``fingerprint`` names everything native code depends on: code compiled under another one is never loaded.

    Raises:
        HostError: the installed wasmtime is not the version this build is bound to.
    """

    def __init__(self, config: EngineConfig | None = None) -> None:
        self.config = config or EngineConfig()
        self._api = capi.load()
        options: int = self._api.wasm_config_new()
        for feature in _FEATURES:
            getattr(self._api, f"wasmtime_config_wasm_{feature}_set")(options, True)
        self._api.wasmtime_config_epoch_interruption_set(options, self.config.epoch_interruption)
        # First, and larger: the library aborts the process if max_wasm_stack ever exceeds it.
        self._api.wasmtime_config_async_stack_size_set(options, self.config.max_wasm_stack + _ASYNC_STACK_MARGIN)
        self._api.wasmtime_config_max_wasm_stack_set(options, self.config.max_wasm_stack)
        self.pointer: int = self._api.wasm_engine_new_with_config(options)
        if not self.pointer:
            raise HostError("the engine cannot be created with these settings", found=self.config)
        self.fingerprint = self._fingerprint()
        self._ticker = EpochTicker(self._advance_epoch) if self.config.epoch_interruption else None

    def __del__(self) -> None:
        pointer = getattr(self, "pointer", 0)
        if pointer:
            self._api.wasm_engine_delete(pointer)

    def _advance_epoch(self) -> None:
        self._api.wasmtime_engine_increment_epoch(self.pointer)

    def _fingerprint(self) -> str:
        parts = (capi.WASMTIME_VERSION, sys.platform, platform.machine(), repr(self.config), ",".join(_FEATURES))
        return hashlib.sha256("\n".join(parts).encode()).hexdigest()

    def validate(self, wasm: bytes) -> None:
        """Check a module whole, without compiling it: a fraction of the time.

        Raises:
            FormatError: the module is not valid, or uses what this engine does not offer.
        """
        buffer = (ctypes.c_char * len(wasm)).from_buffer_copy(wasm)
        error = self._api.wasmtime_module_validate(self.pointer, ctypes.addressof(buffer), len(wasm))
        if error:
            raise FormatError("not a valid WebAssembly module", found=self._api.take_error(error))

    def compile(self, wasm: bytes) -> bytes:
        """Compile a module to native code in the engine's own serialized form. Takes seconds for a code image.

        Raises:
            FormatError: the module is not valid.
        """
        module = ctypes.c_void_p()
        buffer = (ctypes.c_char * len(wasm)).from_buffer_copy(wasm)
        error = self._api.wasmtime_module_new(
            self.pointer, ctypes.addressof(buffer), len(wasm), ctypes.addressof(module)
        )
        if error:
            raise FormatError("not a valid WebAssembly module", found=self._api.take_error(error))
        vector = capi.ByteVec()
        try:
            self._api.check(
                self._api.wasmtime_module_serialize(module.value, ctypes.addressof(vector)), "cannot serialize code"
            )
        finally:
            self._api.wasmtime_module_delete(module.value)
        try:
            return ctypes.string_at(vector.data, vector.size)
        finally:
            self._api.wasm_byte_vec_delete(ctypes.addressof(vector))

    def load(self, wasm: bytes, cache: CodeCache) -> CompiledModule:
        """Map a module's native code from the cache, compiling it first if it is not there.

        Raises:
            FormatError: the module is not valid.
            HostError: the cache cannot be used.
        """
        digest = Digest.of(wasm)
        with cache.find_or_make(digest, self.fingerprint, lambda: self.compile(wasm)) as code:
            module = self._map(code, digest)
        if module is None:
            cache.discard(digest, self.fingerprint)
            with cache.find_or_make(digest, self.fingerprint, lambda: self.compile(wasm)) as code:
                module = self._map(code, digest)
        if module is None:
            raise HostError("this machine cannot run the code it has just compiled", found=str(digest))
        return module

    def load_by_digest(self, digest: Digest, cache: CodeCache) -> CompiledModule | None:
        """Map native code that is in the cache already; None if it is not, or cannot run here."""
        found = cache.find(digest, self.fingerprint)
        if found is None:
            return None
        with found as code:
            return self._map(code, digest)

    def _map(self, code: CachedCode, digest: Digest) -> CompiledModule | None:
        """None for code of another CPU, for instance from a home directory that several machines share."""
        module = ctypes.c_void_p()
        error = self._api.wasmtime_module_deserialize_file(
            self.pointer, code.mappable_path.encode(), ctypes.addressof(module)
        )
        if error:
            self._api.take_error(error)
            return None
        return CompiledModule(self._api, self, module.value or 0, digest)

    def link(self, module: CompiledModule, imports: Sequence[HostImport]) -> Program:
        """Connect a code image with the host's functions, once for all its instances. Surplus imports are ignored.

        Raises:
            MissingImportError: names every function that the guest imports and ``imports`` lacks.
        """
        return Program(
            api=self._api,
            engine=self.pointer,
            module=module,
            imports=imports,
            stack_bytes=self.config.max_wasm_stack,
            ticker=self._ticker,
        )
