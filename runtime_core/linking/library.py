"""Libraries: what a side module's file holds, and what has become of it in one guest."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Final

from runtime_core.engine.module import CompiledModule
from runtime_core.engine.sidemodule import Item, SideInstance
from runtime_core.wasm import binary
from runtime_core.wasm.binary import ExternKind
from runtime_core.wasm.dylink import DylinkInfo, read_dylink
from schemas.digest import Digest
from schemas.errors import AbiMismatchError

GOT_MODULES: Final = ("GOT.mem", "GOT.func")
FUNCTION_MODULES: Final = ("env", "wasi_snapshot_preview1")
BASES: Final = ("__memory_base", "__table_base")
SHARED: Final = ("__stack_pointer", "__indirect_function_table", "memory")
_SCRIPT_PREFIX: Final = "__em_js__"
_SCRIPT_SECTION: Final = ("__start_em_asm", "__stop_em_asm")

# Symbols that Emscripten's updateGOT() passes over (src/lib/libdylink.js, isInternalSym).
INTERNAL: Final = frozenset(
    (
        *SHARED,
        *BASES,
        *_SCRIPT_SECTION,
        "__cpp_exception",
        "__c_longjmp",
        "__wasm_apply_data_relocs",
        "__wasm_call_ctors",
        "__dso_handle",
        "__tls_size",
        "__tls_align",
        "__set_stack_limits",
        "_emscripten_tls_init",
        "__wasm_init_tls",
        "__start_em_js",
        "__stop_em_js",
    )
)


@dataclass(frozen=True, kw_only=True, slots=True)
class LibraryCode:
    """A side module, the same for all guests. ``exports`` maps the names of functions and globals to their kind."""

    digest: Digest
    info: DylinkInfo
    imports: tuple[binary.Import, ...]
    types: tuple[binary.FunctionType | None, ...]
    exports: Mapping[str, ExternKind]
    module: CompiledModule


class LibraryLoader:
    """Makes library code from files, once per content. Safe for threads.

    ``translate`` turns a file into what the engine runs (the exception handling of wheels is the legacy one), and
    ``load`` compiles that or takes it from the cache.
    """

    def __init__(self, *, translate: Callable[[bytes], bytes], load: Callable[[bytes], CompiledModule]) -> None:
        self._translate = translate
        self._load = load
        self._lock = threading.Lock()
        self._codes: dict[Digest, LibraryCode] = {}

    def code_of(self, file: bytes) -> LibraryCode:
        """The code in a file.

        Raises:
            FormatError: not a side module, or a malformed one.
            AbiMismatchError: a side module for another kind of host.
            HostError: it cannot be translated or compiled here.
        """
        digest = Digest.of(file)
        with self._lock:
            code = self._codes.get(digest)
            if code is None:
                read_dylink(binary.parse(file))  # before anything expensive
                code = self._codes[digest] = self._make(digest, self._translate(file))
        return code

    def load_stub(self, wasm: bytes) -> CompiledModule:
        """Compile a small module of the linker's own, or take it from the cache."""
        return self._load(wasm)

    def _make(self, digest: Digest, wasm: bytes) -> LibraryCode:
        module = binary.parse(wasm)
        code = LibraryCode(
            digest=digest,
            info=read_dylink(module),
            imports=module.imports(),
            types=module.types(),
            exports={item.name: item.kind for item in module.exports()},
            module=self._load(wasm),
        )
        _check(code)
        return code


def _check(code: LibraryCode) -> None:
    """Refuse imports that no dynamic library has, and libraries that bring JavaScript source."""
    for item in code.imports:
        known = {
            ExternKind.FUNCTION: item.module in FUNCTION_MODULES,
            ExternKind.GLOBAL: item.module in GOT_MODULES
            or (item.module == "env" and item.name in (*BASES, "__stack_pointer")),
            ExternKind.TABLE: (item.module, item.name) == ("env", "__indirect_function_table"),
            ExternKind.MEMORY: (item.module, item.name) == ("env", "memory"),
            ExternKind.TAG: item.module == "env",
        }[item.kind]
        if not known:
            raise AbiMismatchError(
                "a library imports what no Emscripten side module does",
                found=f"{item.kind.name.lower()} {item.module}.{item.name}",
            )
        if item.kind is ExternKind.FUNCTION and function_type(code, item) is None:
            raise AbiMismatchError("a library imports a function without a function type", found=item.name)
    scripts = [name for name in code.exports if name.startswith(_SCRIPT_PREFIX) or name in _SCRIPT_SECTION]
    if scripts:
        raise AbiMismatchError(
            "a library brings JavaScript source, and there is no JavaScript engine", found=", ".join(scripts[:3])
        )


def function_type(code: LibraryCode, item: binary.Import) -> binary.FunctionType | None:
    """The type of an imported function."""
    index = item.type_index
    return code.types[index] if index is not None and index < len(code.types) else None


@dataclass(frozen=True, slots=True)
class Symbol:
    """What a name stands for: a function, or a datum at an address."""

    function: Item | None = None
    address: int = 0


@dataclass(kw_only=True, slots=True)
class Library:
    """A library in one guest. ``instance`` is None while what it needs is being loaded."""

    name: str
    code: LibraryCode
    is_global: bool
    memory_base: int = 0
    table_base: int = 0
    instance: SideInstance | None = None
    symbols: dict[str, Symbol | None] = field(default_factory=dict)
