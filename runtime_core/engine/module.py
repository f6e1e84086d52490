"""A compiled module and a program: compiled code linked with the host's functions."""

from __future__ import annotations

import ctypes
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Final

from runtime_core.engine import capi
from runtime_core.engine.guestcall import Caller
from runtime_core.engine.hostcall import HostImport, make_callback
from runtime_core.engine.instance import GuestInstance
from runtime_core.engine.limits import EpochTicker, Limits
from runtime_core.engine.store import Store
from runtime_core.engine.valuetypes import FunctionType, read_function_type
from schemas.digest import Digest
from schemas.errors import HostError, MissingImportError

MEMORY_IMPORT: Final = ("snapshot", "memory")
"""Module and name under which a code image imports its memory."""

MEMORY_EXPORT: Final = "memory"
"""Name under which a snapshot image exports it."""

_MODULE_BYTES, _NAME_BYTES = (text.encode() for text in MEMORY_IMPORT)


@dataclass(frozen=True, kw_only=True, slots=True)
class ModuleImport:
    """One import; ``signature`` is None unless it is a function."""

    module: str
    name: str
    signature: FunctionType | None


class CompiledModule:
    """Native code, or a memory image, mapped from the code cache. ``digest`` names the wasm it was compiled from."""

    def __init__(self, api: capi.CApi, engine: object, pointer: int, digest: Digest) -> None:
        self._api = api
        self._engine = engine  # keeps the engine alive
        self.pointer = pointer
        self.digest = digest

    def __del__(self) -> None:
        pointer = getattr(self, "pointer", 0)
        if pointer:
            self._api.wasmtime_module_delete(pointer)

    @property
    def imports(self) -> tuple[ModuleImport, ...]:
        """The imports in the module's order."""
        return tuple(item for item, _ in self.import_types())

    def import_types(self) -> Iterator[tuple[ModuleImport, int]]:
        """Each import with its ``wasm_functype_t``, 0 for others, valid until the iteration goes on."""
        with self._import_vector() as items:
            for item in items:
                kind = self._api.wasm_importtype_type(item)
                pointer = self._api.wasm_externtype_as_functype(kind) or 0
                yield (
                    ModuleImport(
                        module=_text(self._api.wasm_importtype_module(item)),
                        name=_text(self._api.wasm_importtype_name(item)),
                        signature=read_function_type(self._api, pointer) if pointer else None,
                    ),
                    pointer,
                )

    @contextmanager
    def _import_vector(self) -> Iterator[Sequence[int]]:
        vector = capi.ByteVec()
        self._api.wasmtime_module_imports(self.pointer, ctypes.addressof(vector))
        try:
            yield (ctypes.c_void_p * vector.size).from_address(vector.data) if vector.size else ()
        finally:
            self._api.wasm_importtype_vec_delete(ctypes.addressof(vector))


def _text(vector_pointer: int) -> str:
    vector = capi.ByteVec.from_address(vector_pointer)
    return ctypes.string_at(vector.data, vector.size).decode() if vector.size else ""


class Program:
    """A code image with its host functions, ready to be instantiated over any matching memory.

    The host functions live in the linker, once for all instances. Only the memory differs per instance, so an
    instantiation defines that one name and resolves the imports by look-up.
    """

    def __init__(
        self,
        *,
        api: capi.CApi,
        engine: int,
        module: CompiledModule,
        imports: Sequence[HostImport],
        stack_bytes: int,
        ticker: EpochTicker | None,
    ) -> None:
        self._api = api
        self._engine = engine
        self.module = module
        self._stack_bytes = stack_bytes
        self._ticker = ticker
        self._lock = threading.Lock()
        self._callbacks: list[Any] = []
        self._callers: dict[str, Caller] = {}
        self.slot_hints: dict[str, int] = {}
        self._linker: int = api.wasmtime_linker_new(engine)
        api.wasmtime_linker_allow_shadowing(self._linker, True)
        self._define(imports)

    def __del__(self) -> None:
        linker = getattr(self, "_linker", 0)
        if linker:
            self._api.wasmtime_linker_delete(linker)

    @property
    def linker(self) -> int:
        """The ``wasmtime_linker_t`` with the host's functions."""
        return self._linker

    def _define(self, imports: Sequence[HostImport]) -> None:
        offered = {(item.module, item.name): item for item in imports}
        missing: dict[str, None] = {}
        done: set[tuple[str, str]] = set()
        for wanted, type_pointer in self.module.import_types():
            key = (wanted.module, wanted.name)
            if key == MEMORY_IMPORT or key in done:
                continue
            done.add(key)
            if wanted.signature is None or key not in offered:
                missing[f"{wanted.module}.{wanted.name}"] = None
                continue
            callback = make_callback(offered[key], wanted.signature, self._api)
            self._callbacks.append(callback)
            module, name = wanted.module.encode(), wanted.name.encode()
            self._api.check(
                self._api.wasmtime_linker_define_func_unchecked(
                    self._linker, module, len(module), name, len(name), type_pointer, callback, None, None
                ),
                f"cannot define the import {wanted.module}.{wanted.name}",
            )
        if missing:
            raise MissingImportError(
                f"the guest imports {len(missing)} functions that this host does not provide",
                found=", ".join(missing),
                hint="use a runtime version that supports this release",
            )

    def instantiate(self, memory_image: CompiledModule, limits: Limits | None = None) -> GuestInstance:
        """A new instance whose memory is a copy-on-write mapping of the image. Runs no guest code.

        Raises:
            LimitError: the image is larger than the memory limit.
            HostError: the image is not one, or does not match the code.
        """
        api = self._api
        store = Store(api, self._engine, limits=limits or Limits(), stack_bytes=self._stack_bytes, ticker=self._ticker)
        try:
            memory = store.export(store.instantiate(memory_image.pointer), MEMORY_EXPORT, capi.EXTERN_MEMORY)
            instance = self._instantiate_code(store, memory)
            return GuestInstance(
                api=api, store=store, instance=instance, memory=memory, callers=self._callers, program=self
            )
        except BaseException:
            store.close()
            raise

    def _instantiate_code(self, store: Store, memory: capi.Extern) -> capi.Instance:
        api = self._api
        instance, trap = capi.Instance(), ctypes.c_void_p()
        with self._lock:  # between defining the memory and its use
            error = api.wasmtime_linker_define(
                self._linker,
                store.context,
                _MODULE_BYTES,
                len(_MODULE_BYTES),
                _NAME_BYTES,
                len(_NAME_BYTES),
                ctypes.addressof(memory),
            )
            if error:
                raise HostError("cannot define the guest's memory", found=api.take_error(error))
            error = api.wasmtime_linker_instantiate(
                self._linker, store.context, self.module.pointer, ctypes.addressof(instance), ctypes.addressof(trap)
            )
        store.check_instantiation(error, trap)
        return instance
