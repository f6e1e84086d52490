"""Libraries: what a side module's file holds, and what has become of it in one guest."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import chain
from typing import Final

from runtime_core.engine.module import CompiledModule
from runtime_core.engine.sidemodule import Item, SideInstance
from runtime_core.wasm import binary
from runtime_core.wasm.binary import ExternKind
from runtime_core.wasm.dylink import DylinkInfo, read_dylink
from runtime_core.wasm.linkedlibrary import LinkedLibrary
from runtime_core.wasm.symbols import INTERNAL_SYMBOLS, SCRIPT_PREFIX
from schemas.digest import Digest
from schemas.errors import AbiMismatchError

GOT_MODULES: Final = ("GOT.mem", "GOT.func")
FUNCTION_MODULES: Final = ("env", "wasi_snapshot_preview1")
BASES: Final = ("__memory_base", "__table_base")
SHARED: Final = ("__stack_pointer", "__indirect_function_table", "memory")
_SCRIPT_SECTION: Final = ("__start_em_asm", "__stop_em_asm")


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

    def code_of(self, file: bytes | memoryview) -> LibraryCode:
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
                content = bytes(file)
                read_dylink(binary.parse(content))  # before anything expensive
                code = self._codes[digest] = self._make(digest, self._translate(content))
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
    scripts = [name for name in code.exports if name.startswith(SCRIPT_PREFIX) or name in _SCRIPT_SECTION]
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


@dataclass(kw_only=True, slots=True, eq=False)
class Library:
    """A library in one guest: loaded from its file, as ``code``, or part of the code image, as ``linked``.

    ``instance`` is None while what it needs is being loaded, and for one that is linked.
    """

    name: str
    code: LibraryCode | None = None
    linked: LinkedLibrary | None = None
    is_global: bool
    memory_base: int = 0
    memory_bytes: int = 0
    table_base: int = 0
    table_slots: int = 0
    is_open: bool = False
    instance: SideInstance | None = None
    symbols: dict[str, Symbol | None] = field(default_factory=dict)

    @classmethod
    def of_linked(cls, linked: LinkedLibrary, *, is_global: bool, is_open: bool) -> Library:
        """A library of the code image."""
        return cls(
            name=linked.name,
            linked=linked,
            is_global=is_global,
            memory_base=linked.memory_base,
            memory_bytes=linked.memory_bytes,
            table_base=linked.table_base,
            table_slots=linked.table_slots,
            is_open=is_open,
        )

    @classmethod
    def of_code(cls, name: str, code: LibraryCode, *, is_global: bool) -> Library:
        """A library to be loaded; it has no place yet."""
        info = code.info
        return cls(
            name=name,
            code=code,
            is_global=is_global,
            memory_bytes=info.memory_bytes,
            table_slots=info.table_slots,
        )

    def names(self) -> Iterator[str]:
        """The symbols it offers to others."""
        if self.linked is not None:
            return chain(self.linked.functions, self.linked.data)
        exports = self.code.exports if self.code is not None else ()
        return (name for name in exports if name not in INTERNAL_SYMBOLS)
