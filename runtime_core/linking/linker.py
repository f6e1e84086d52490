"""The dynamic linker of one guest: loads libraries with what they need, and looks up their symbols.

A symbol is looked up among the main module, the host's functions and libraries that were opened globally; then among
the libraries of the same ``dlopen``; then in the library itself, so that C++ definitions that several libraries carry
are used by all of them from the first one. Where a library's data and slots lie follows Emscripten's JavaScript:
memory from the guest's ``calloc``, the library's own slots at the end of the table, and behind them one slot for each
exported function that has none.
"""

from __future__ import annotations

import posixpath
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from runtime_core.engine.sidemodule import Item, ItemKind, StoreLinker
from runtime_core.engine.valuetypes import FunctionType, ValueType
from runtime_core.linking.library import (
    CONSTRUCT,
    GOT_MODULES,
    RELOCATE,
    SHARED,
    Library,
    LibraryCode,
    LibraryLoader,
    Symbol,
    function_type,
)
from runtime_core.linking.linkedset import LinkedSet, LinkState
from runtime_core.wasm import binary, forwarding
from runtime_core.wasm.binary import ExternKind
from runtime_core.wasm.linkedlibrary import LinkedLibrary
from runtime_core.wasm.symbols import SYSTEM_PREFIXES
from schemas.errors import AbiMismatchError, CaptureError, FormatError, HostError, LimitError, LinkError

if TYPE_CHECKING:
    from runtime_core.engine.instance import GuestInstance

_ORIGIN: Final = "$ORIGIN"
MAX_LIBRARIES: Final = 512
MAX_DEPTH: Final = 64
"""Libraries that are being loaded at one time: one that needs another, or whose constructor opens another."""
MAX_ATTEMPTS: Final = 4 * MAX_LIBRARIES
"""Libraries that got slots and globals of the engine's; those of failed attempts stay until the guest's end."""
_NAMES_SHOWN: Final = 5
_VALUE_TYPES: Final = {b"\x7f": ValueType.I32, b"\x7e": ValueType.I64, b"\x7d": ValueType.F32, b"\x7c": ValueType.F64}

ReadFile = Callable[[str], bytes | memoryview | None]
"""The bytes of a file of the guest by its absolute path; None where there is none."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Place:
    """Where a library lies in the memory of a guest that is restored: the address that ``calloc`` gave for its data,
    which its alignment still moves up, and the table's length when it was loaded (None: nobody recorded it).
    """

    memory: int
    table: int | None


@dataclass(frozen=True, kw_only=True, slots=True)
class _Request:
    """One ``dlopen``: its flags, the libraries that it sees, for RTLD_LOCAL, and what it has changed so far."""

    is_global: bool
    paths: tuple[str, ...]
    local: list[Library] = field(default_factory=list)
    loaded: list[Library] = field(default_factory=list)
    promoted: list[Library] = field(default_factory=list)


class DynamicLinker:
    """Loads libraries into one guest instance."""

    def __init__(
        self,
        *,
        instance: GuestInstance,
        store: StoreLinker,
        loader: LibraryLoader,
        read_file: ReadFile,
        state: LinkState | None = None,
        places: Mapping[str, Place] | None = None,
    ) -> None:
        self._instance = instance
        self._store = store
        self._loader = loader
        self._read_file = read_file
        self._libraries: dict[str, Library] = {}
        self._globals: list[Library] = []
        self._main: dict[str, Symbol] = {}
        self._places = places or {}
        self._depth = 0
        self._attempts = 0
        self._linked: LinkedSet = state.linked if state is not None else LinkedSet()
        for name, is_global in state.opened if state is not None else ():
            self._restore(self._linked.libraries[name], is_global)

    @property
    def libraries(self) -> tuple[Library, ...]:
        """The loaded libraries, in load order."""
        return tuple(self._libraries.values())

    def open(self, name: str, *, is_global: bool, search: tuple[str, ...] = ()) -> Library:
        """Load a library and everything it needs, unless that is done already; all of it or nothing.

        ``search`` are directories for needed libraries (LD_LIBRARY_PATH).

        Raises:
            LinkError: it or a library that it needs is missing, malformed or has undefined symbols.
            LimitError: no room for its data or its slots.
        """
        request = _Request(is_global=is_global, paths=search)
        try:
            return self._open(posixpath.normpath(name), request)
        except BaseException:
            self._undo(request)
            raise

    def address(self, library: Library, name: str) -> int | None:
        """``dlsym``: the slot of an exported function or the address of a datum; None where there is neither."""
        if library.linked is not None:
            slot = library.linked.functions.get(name)
            return library.linked.data.get(name) if slot is None else slot
        symbol = self._own(library, name)
        if symbol is None:
            return None
        return self._address(symbol)

    def default_address(self, name: str) -> int | None:
        """``dlsym(RTLD_DEFAULT)`` behind the main module: the symbol among libraries that were opened globally."""
        return next(
            (found for library in self._globals if (found := self.address(library, name)) is not None),
            None,
        )

    def loaded(self, name: str) -> Library:
        """The loaded library of this path.

        Raises:
            KeyError: there is none.
        """
        return self._libraries[name]

    def capture(self, handles: Mapping[int, Library]) -> LinkState:
        """What a snapshot must hold of this linker; ``handles`` are the guest's.

        Raises:
            CaptureError: a library is loaded that the code image does not have.
        """
        for library in self._libraries.values():
            if library.linked is None:
                raise CaptureError(
                    "the guest loaded a library that is not part of the code image",
                    found=library.name,
                    hint="link the library into the code image",
                )
        local = [library for library in self._libraries.values() if not library.is_global]
        return LinkState(
            linked=self._linked,
            opened=tuple((library.name, library.is_global) for library in (*self._globals, *local)),
            handles=tuple((handle, library.name) for handle, library in handles.items()),
        )

    def _restore(self, linked: LinkedLibrary, is_global: bool) -> None:
        library = Library.of_linked(linked, is_global=is_global, is_open=True)
        self._libraries[library.name] = library
        if is_global:
            self._globals.append(library)

    # ---- loading

    def _open(self, name: str, request: _Request) -> Library:
        library = self._libraries.get(name)
        if library is not None:
            self._join(library, request)
            return library
        linked = self._linked.libraries.get(name)
        if len(self._libraries) >= MAX_LIBRARIES:
            raise LimitError("the guest loaded too many libraries", expected=f"<= {MAX_LIBRARIES}")
        file = self._read_file(name)
        if file is None:
            raise LinkError(f"there is no library {name}", hint="is the package that brings it part of the release?")
        if linked is not None:
            self._linked.check(linked, file)
            library = Library.of_linked(linked, is_global=request.is_global, is_open=False)
        else:
            library = Library.of_code(name, self._code_of(name, file), is_global=request.is_global)
        self._libraries[name] = library
        request.loaded.append(library)
        try:
            self._load_nested(library, request)
        except (FormatError, AbiMismatchError) as error:
            raise LinkError(f"cannot use the library {name}: {error}") from error
        except LinkError as error:
            if name in error.message:
                raise
            raise LinkError(f"cannot load {name}: {error.message}", found=error.found, hint=error.hint) from error
        return library

    def _load_nested(self, library: Library, request: _Request) -> None:
        if self._depth >= MAX_DEPTH:
            raise LimitError("too many libraries are being loaded at one time", expected=f"<= {MAX_DEPTH}")
        self._depth += 1
        try:
            if library.linked is not None:
                self._initialise(library, library.linked, request)
            else:
                self._load(library, request)
        finally:
            self._depth -= 1

    def _undo(self, request: _Request) -> None:
        """Forget what a request that failed has loaded, so that no later one sees any of it.

        Libraries of the code image stay once they are initialised: that must happen once only.
        """
        gone = [library for library in request.loaded if library.linked is None or not library.is_open]
        for library in gone:
            self._libraries.pop(library.name, None)
        for library in request.promoted:
            library.is_global = False
        self._globals = [item for item in self._globals if item not in gone and item not in request.promoted]

    def _code_of(self, name: str, file: bytes | memoryview) -> LibraryCode:
        try:
            return self._loader.code_of(file)
        except (FormatError, HostError) as error:
            raise LinkError(f"cannot use the library {name}: {error}") from error

    def _join(self, library: Library, request: _Request) -> None:
        """Make a loaded library's symbols visible to another request."""
        if not library.is_open:
            return  # libraries that need each other; its symbols join when it is complete
        if not request.is_global:
            if library not in request.local:
                request.local.append(library)
        elif not library.is_global:
            library.is_global = True
            request.promoted.append(library)
            self._globals.append(library)

    def _complete(self, library: Library, request: _Request) -> None:
        library.is_open = True
        if library.is_global:
            self._globals.append(library)
        else:
            self._join(library, request)

    def _initialise(self, library: Library, linked: LinkedLibrary, request: _Request) -> None:
        """Open a library of the code image: all that is left is to run what initialises it."""
        for needed in linked.needed:
            self._open(needed, request)
        self._instance.call(linked.opener)
        self._complete(library, request)

    def _load(self, library: Library, request: _Request) -> None:
        code = library.code
        if code is None:
            raise LinkError(f"{library.name} has no code to load")
        for needed in code.info.needed:
            self._open(self._find(needed, library.name, code, request), request)
        forwarded = self._check_functions(library.name, code, request)
        self._allocate(library, code)
        got = {item.name: self._store.new_global(0xFFFFFFFF, mutable=True) for item in _got_imports(code)}
        stubs = self._forwarding(code, forwarded)
        library.instance = self._store.instantiate(
            code.module, [self._import(library, code, request, item, got, stubs) for item in code.imports]
        )
        if code.info.table_slots:
            self._store.note_slots(library.table_base, code.info.table_slots)
        self._fill_forwarding(library, forwarded, stubs)
        self._place_exports(library)
        self._fill_got(library, request, got)
        for name in (RELOCATE, CONSTRUCT):
            function = library.instance.export(name)
            if function is not None:
                self._store.call(function, name)
        self._complete(library, request)

    def _find(self, needed: str, parent: str, code: LibraryCode, request: _Request) -> str:
        """Where a needed library lies: LD_LIBRARY_PATH first, then the parent's runtime paths, as musl looks."""
        if needed.startswith("/"):
            return posixpath.normpath(needed)
        origin = posixpath.dirname(parent)
        own = (path.replace(_ORIGIN, origin) for path in code.info.runtime_paths)
        for directory in (*request.paths, *own):
            candidate = posixpath.normpath(posixpath.join(directory, needed))
            if candidate in self._libraries or self._read_file(candidate) is not None:
                return candidate
        raise LinkError(
            f"{parent} needs the library {needed}, which is nowhere", expected="in LD_LIBRARY_PATH or the runtime path"
        )

    def _check_functions(self, path: str, code: LibraryCode, request: _Request) -> dict[str, binary.FunctionType]:
        """The functions that a library imports and only itself defines; refuses those that nobody does."""
        forwarded: dict[str, binary.FunctionType] = {}
        missing = []
        for item in code.imports:
            if item.kind is not ExternKind.FUNCTION or self._function(item, request) is not None:
                continue
            signature = function_type(code, item)
            if signature is not None and code.exports.get(item.name) is ExternKind.FUNCTION:
                forwarded[item.name] = signature
            elif signature is None or not (
                item.name in code.info.weak_imports or item.name.startswith(SYSTEM_PREFIXES)
            ):
                missing.append(item.name)
        for item in _got_imports(code):
            defined = item.name in code.exports or item.name in code.info.weak_imports
            if not defined and self._visible(item.name, request) is None:
                missing.append(item.name)
        if missing:
            shown = ", ".join(missing[:_NAMES_SHOWN])
            raise LinkError(
                f"{path} has undefined symbols",
                found=shown if len(missing) <= _NAMES_SHOWN else f"{shown} and {len(missing) - _NAMES_SHOWN} more",
                hint="the library was built for another runtime, or a library that it needs is missing",
            )
        return forwarded

    def _allocate(self, library: Library, code: LibraryCode) -> None:
        info = code.info
        self._attempts += 1
        if self._attempts > MAX_ATTEMPTS:
            raise LimitError("the guest tried to load libraries too often", expected=f"<= {MAX_ATTEMPTS} times")
        if info.memory_bytes:
            place = self._places.get(library.name)
            block = self._new_block(library, code) if place is None else self._recorded_block(library, code, place)
            library.memory_base = -(-block // info.memory_alignment) * info.memory_alignment
        if info.table_slots:
            library.table_base = self._store.grow_table(info.table_slots)

    def _new_block(self, library: Library, code: LibraryCode) -> int:
        size = code.info.memory_bytes + code.info.memory_alignment
        block = int(self._instance.call("calloc", size, 1)) & 0xFFFFFFFF
        if not block:
            raise LimitError(f"no memory for the library {library.name}", found=f"{size} bytes")
        return block

    def _recorded_block(self, library: Library, code: LibraryCode, place: Place) -> int:
        """The block that the guest allocated before it was captured."""
        table = self._instance.table_size()
        if place.table is not None and place.table != table:
            raise LinkError(
                f"{library.name} lay at another place of the function table", expected=place.table, found=table
            )
        end = place.memory + code.info.memory_bytes + code.info.memory_alignment
        if end > self._instance.memory.size:
            raise LinkError(
                f"the data of {library.name} lies outside of memory", expected=self._instance.memory.size, found=end
            )
        return place.memory

    def _forwarding(self, code: LibraryCode, forwarded: dict[str, binary.FunctionType]) -> dict[str, Item]:
        """The forwarding functions by name, and their table under the name of the table."""
        if not forwarded:
            return {}
        stub = self._store.instantiate(
            self._loader.load_stub(forwarding.build_forwarding_module(list(forwarded.values()))), ()
        )
        names = {name: forwarding.function_name(index) for index, name in enumerate(forwarded)}
        found = {name: stub.export(export) for name, export in {**names, forwarding.TABLE: forwarding.TABLE}.items()}
        return {name: item for name, item in found.items() if item is not None}

    def _fill_forwarding(
        self, library: Library, forwarded: dict[str, binary.FunctionType], stubs: dict[str, Item]
    ) -> None:
        for slot, name in enumerate(forwarded):
            symbol = self._own(library, name)
            if symbol is None or symbol.function is None:
                raise LinkError(f"{library.name} does not export its function {name}")
            self._store.set_in(stubs[forwarding.TABLE], slot, symbol.function)

    def _import(
        self,
        library: Library,
        code: LibraryCode,
        request: _Request,
        item: binary.Import,
        got: dict[str, Item],
        stubs: dict[str, Item],
    ) -> Item:
        found: Item | None
        if item.kind is ExternKind.FUNCTION:
            found = self._function(item, request) or stubs.get(item.name) or self._absent(code, item)
        elif item.module in GOT_MODULES:
            found = got[item.name]
        elif item.kind is ExternKind.MEMORY:
            found = self._store.memory()
        elif item.name == "__memory_base":
            found = self._store.new_global(library.memory_base, mutable=False)
        elif item.name == "__table_base":
            found = self._store.new_global(library.table_base, mutable=False)
        else:  # the table, the stack pointer and tags
            found = self._store.main_export(item.name)
        if found is None:
            raise LinkError(f"{library.name} imports what the main module does not export", found=item.name)
        return found

    def _absent(self, code: LibraryCode, item: binary.Import) -> Item | None:
        signature = function_type(code, item)
        if signature is None or not set(_VALUE_TYPES).issuperset(signature.parameters + signature.results):
            return None
        parameters, results = (
            tuple(_VALUE_TYPES[kind] for kind in kinds) for kinds in (signature.parameters, signature.results)
        )
        return self._store.absent_function(FunctionType(parameters, results), item.name)

    # ---- symbols

    def _function(self, item: binary.Import, request: _Request) -> Item | None:
        symbol = self._visible(item.name, request)
        if symbol is not None:
            return symbol.function
        return self._store.host_function(item.module, item.name)

    def _visible(self, name: str, request: _Request) -> Symbol | None:
        """A symbol outside of the library that asks."""
        found = self._main_symbol(name)
        if found is not None:
            return found
        for library in (*self._globals, *request.local):
            found = self._own(library, name)
            if found is not None:
                return found
        return None

    def _main_symbol(self, name: str) -> Symbol | None:
        found = self._main.get(name)
        if found is None and name not in SHARED:
            found = self._symbol(self._store.main_export(name), 0)
            if found is not None:
                self._main[name] = found
        return found

    def _own(self, library: Library, name: str) -> Symbol | None:
        """A symbol that the library itself exports."""
        if name not in library.symbols:
            symbol: Symbol | None = None
            if library.linked is not None:
                symbol = self._linked_symbol(library.linked, name)
            elif library.instance is not None and library.code is not None and name in library.code.exports:
                symbol = self._symbol(library.instance.export(name), library.memory_base)
            library.symbols[name] = symbol
        return library.symbols[name]

    def _linked_symbol(self, linked: LinkedLibrary, name: str) -> Symbol | None:
        if name in linked.functions:
            return Symbol(function=self._store.function_in(linked.functions[name]))
        return Symbol(address=linked.data[name]) if name in linked.data else None

    def _symbol(self, item: Item | None, base: int) -> Symbol | None:
        if item is None:
            return None
        if item.kind is ItemKind.FUNCTION:
            return Symbol(function=item)
        if item.kind is ItemKind.GLOBAL:
            try:
                return Symbol(address=(self._store.global_value(item) + base) & 0xFFFFFFFF)
            except AbiMismatchError:
                return None
        return None

    # ---- addresses

    def _address(self, symbol: Symbol) -> int:
        """A datum's address, or a function's slot, which it gets if it has none."""
        if symbol.function is None:
            return symbol.address
        slot = self._store.slot_of(symbol.function)
        return self._store.append(symbol.function) if slot is None else slot

    def _place_exports(self, library: Library) -> None:
        """Give every exported function a slot, in the order of the exports, as Emscripten's updateGOT() does."""
        for name in library.names():
            symbol = self._own(library, name)
            if symbol is not None and symbol.function is not None and self._earlier(library, name) is None:
                self._address(symbol)

    def _earlier(self, library: Library, name: str) -> Symbol | None:
        """For a library that has its place: what its name stands for in the modules before it. Emscripten has one table
        of addresses for all modules, so such a name gets no slot, and the earlier definition's address.
        """
        if library.name not in self._places:
            return None
        others = (item for item in self._libraries.values() if item is not library)
        found = (self._own(item, name) for item in others)
        return self._main_symbol(name) or next((symbol for symbol in found if symbol is not None), None)

    def _fill_got(self, library: Library, request: _Request, got: dict[str, Item]) -> None:
        for name, item in got.items():
            symbol = self._earlier(library, name) or self._visible(name, request) or self._own(library, name)
            # What is neither defined nor required is weak: null.
            self._store.set_global(item, 0 if symbol is None else self._address(symbol))


def _got_imports(code: LibraryCode) -> Iterator[binary.Import]:
    return (item for item in code.imports if item.kind is ExternKind.GLOBAL and item.module in GOT_MODULES)
