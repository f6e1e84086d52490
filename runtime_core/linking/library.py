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
from schemas.errors import AbiMismatchError, FormatError

GOT_MODULES: Final = ("GOT.mem", "GOT.func")
FUNCTION_MODULES: Final = ("env", "wasi_snapshot_preview1")
BASES: Final = ("__memory_base", "__table_base")
SHARED: Final = ("__stack_pointer", "__indirect_function_table", "memory")
RELOCATE: Final = "__wasm_apply_data_relocs"
CONSTRUCT: Final = "__wasm_call_ctors"
_I32: Final = b"\x7f"
_LEGACY_EXCEPTIONS: Final = "legacy_exceptions"  # how the engine calls the feature
_SCRIPT_SECTION: Final = ("__start_em_asm", "__stop_em_asm")


@dataclass(frozen=True, kw_only=True, slots=True)
class LibraryCode:
    """A side module, the same for all guests. ``exports`` maps the names of its functions and data (i32 globals) to
    their kind; what else it exports is no symbol. ``passed_on`` are exports that are imports: the position of each
    among the imported functions. The engine gives such a function another identity than the one it was given.
    """

    digest: Digest
    info: DylinkInfo
    imports: tuple[binary.Import, ...]
    types: tuple[binary.FunctionType | None, ...]
    exports: Mapping[str, ExternKind]
    passed_on: Mapping[str, int]
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
        self._refused: dict[Digest, FormatError | AbiMismatchError] = {}

    def code_of(self, file: bytes | memoryview, *, check: Callable[[DylinkInfo], None]) -> LibraryCode:
        """The code in a file. ``check`` may refuse what it needs, before anything expensive.

        Raises:
            FormatError: not a side module, or a malformed one.
            AbiMismatchError: a side module for another kind of host.
            HostError: it cannot be translated or compiled here.
        """
        digest = Digest.of(file)
        with self._lock:
            code = self._codes.get(digest)
            refused = self._refused.get(digest)
            if refused is not None:  # guests may try again and again, and compiling is expensive
                raise type(refused)(refused.message, expected=refused.expected, found=refused.found, hint=refused.hint)
            if code is None:
                content = bytes(file)
                try:
                    check(read_dylink(binary.parse(content)))
                    code = self._codes[digest] = self._make(digest, self._translate(content))
                except (FormatError, AbiMismatchError) as error:
                    self._refused[digest] = error.with_traceback(None)
                    raise
        check(code.info)
        return code

    def load_stub(self, wasm: bytes) -> CompiledModule:
        """Compile a small module of the linker's own, or take it from the cache."""
        return self._load(wasm)

    def _make(self, digest: Digest, wasm: bytes) -> LibraryCode:
        module = binary.parse(wasm)
        imports, types, exports = module.imports(), module.types(), module.exports()
        _check_imports(imports, types)
        _check_exports(module, exports)
        return LibraryCode(
            digest=digest,
            info=read_dylink(module),
            imports=imports,
            types=types,
            exports=_symbols(module, imports, exports),
            passed_on=_passed_on(imports, exports),
            module=self._compile(wasm),
        )

    def _compile(self, wasm: bytes) -> CompiledModule:
        try:
            return self._load(wasm)
        except FormatError as error:
            if _LEGACY_EXCEPTIONS in str(error):
                raise AbiMismatchError(
                    "the library has the legacy exception instructions, which the engine does not run",
                    expected="a library translated to try_table",
                    hint="package sets hold libraries translated: build the release from a package lock",
                ) from error
            raise


def _check_imports(imports: tuple[binary.Import, ...], types: tuple[binary.FunctionType | None, ...]) -> None:
    """Refuse imports that no dynamic library has."""
    for item in imports:
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
        if item.kind is ExternKind.FUNCTION and _type_at(types, item.type_index) is None:
            raise AbiMismatchError("a library imports a function without a function type", found=item.name)


def _symbols(
    module: binary.Module, imports: tuple[binary.Import, ...], exports: tuple[binary.Export, ...]
) -> dict[str, ExternKind]:
    """The functions and data that a module exports. The engine is never asked for globals of other types: it ends the
    process at those that its C interface has no value for.
    """
    imported = [item.description for item in imports if item.kind is ExternKind.GLOBAL]
    data = [kind[:1] == _I32 for kind in imported] + [item.value_type == _I32 for item in module.globals()]
    return {
        item.name: item.kind
        for item in exports
        if item.kind is ExternKind.FUNCTION
        or (item.kind is ExternKind.GLOBAL and item.index < len(data) and data[item.index])
    }


def _passed_on(imports: tuple[binary.Import, ...], exports: tuple[binary.Export, ...]) -> dict[str, int]:
    imported = sum(item.kind is ExternKind.FUNCTION for item in imports)
    return {item.name: item.index for item in exports if item.kind is ExternKind.FUNCTION and item.index < imported}


def _check_exports(module: binary.Module, found: tuple[binary.Export, ...]) -> None:
    """Refuse libraries with a memory or table of their own, with JavaScript source, or with odd start-up functions."""
    exports = {item.name: item.kind for item in found}
    if module.memories() or module.tables():
        raise AbiMismatchError("a library has a memory or a table of its own", expected="the main module's, imported")
    for name in (RELOCATE, CONSTRUCT):
        if exports.get(name, ExternKind.FUNCTION) is not ExternKind.FUNCTION:
            raise AbiMismatchError(f"a library's {name} is no function", found=exports[name].name.lower())
    scripts = [name for name in exports if name.startswith(SCRIPT_PREFIX) or name in _SCRIPT_SECTION]
    if scripts:
        raise AbiMismatchError(
            "a library brings JavaScript source, and there is no JavaScript engine", found=", ".join(scripts[:3])
        )


def function_type(code: LibraryCode, item: binary.Import) -> binary.FunctionType | None:
    """The type of an imported function."""
    return _type_at(code.types, item.type_index)


def _type_at(types: tuple[binary.FunctionType | None, ...], index: int | None) -> binary.FunctionType | None:
    return types[index] if index is not None and index < len(types) else None


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
    symbols: dict[str, Symbol] = field(default_factory=dict)
    passed_on: dict[str, Item] = field(default_factory=dict)

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
