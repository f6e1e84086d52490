"""The dynamic linker of one guest: loads libraries with what they need, and looks up their symbols.

Where a library's data and slots lie follows Emscripten's JavaScript: memory from the guest's ``calloc``, the library's
own slots at the end of the table, and behind them one slot for each exported function that has none. Which symbol
satisfies which import is decided in scope.py.
"""

from __future__ import annotations

import posixpath
from collections.abc import Callable, Mapping
from functools import partial
from typing import TYPE_CHECKING, Final

from runtime_core.engine.sidemodule import StoreLinker
from runtime_core.linking.imports import LibraryImports
from runtime_core.linking.latefunctions import LateFunctions
from runtime_core.linking.library import CONSTRUCT, RELOCATE, Library, LibraryCode, LibraryLoader
from runtime_core.linking.linkedset import LinkedSet, LinkState
from runtime_core.linking.place import Place, check_static_data, find_memory
from runtime_core.linking.scope import Request, Scope
from runtime_core.wasm.linkedlibrary import LinkedLibrary
from schemas.errors import AbiMismatchError, CaptureError, FormatError, HostError, LimitError, LinkError

if TYPE_CHECKING:
    from runtime_core.engine.instance import GuestInstance

_ORIGIN: Final = "$ORIGIN"
MAX_LIBRARIES: Final = 512
MAX_DEPTH: Final = 64
"""Libraries that are being loaded at one time: one that needs another, or whose constructor opens another."""
MAX_ATTEMPTS: Final = 4 * MAX_LIBRARIES
"""Libraries that got slots and globals of the engine's; those of failed attempts stay until the guest's end."""

ReadFile = Callable[[str], bytes | memoryview | None]
"""The bytes of a file of the guest by its absolute path; None where there is none."""


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
        self._places = places or {}
        self._scope = Scope(store, self._places)
        self._libraries = self._scope.libraries
        self._late = LateFunctions(store, self._scope)
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
        request = Request(is_global=is_global, paths=search)
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
        symbol = self._scope.own(library, name)
        if symbol is None:
            return None
        return self._scope.address(symbol)

    def default_address(self, name: str) -> int | None:
        """``dlsym(RTLD_DEFAULT)`` behind the main module: the symbol among libraries that were opened globally."""
        return next(
            (found for library in self._scope.globals if (found := self.address(library, name)) is not None),
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
            opened=tuple((library.name, library.is_global) for library in (*self._scope.globals, *local)),
            handles=tuple((handle, library.name) for handle, library in handles.items()),
        )

    def _restore(self, linked: LinkedLibrary, is_global: bool) -> None:
        library = Library.of_linked(linked, is_global=is_global, is_open=True)
        self._libraries[library.name] = library
        if is_global:
            self._scope.globals.append(library)

    # ---- loading

    def _open(self, name: str, request: Request) -> Library:
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

    def _load_nested(self, library: Library, request: Request) -> None:
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

    def _undo(self, request: Request) -> None:
        """Forget what a request that failed has loaded, so that no later one sees any of it.

        Libraries of the code image stay once they are initialised: that must happen once only.
        """
        gone = [library for library in request.loaded if library.linked is None or not library.is_open]
        for library in gone:
            self._libraries.pop(library.name, None)
        for library in request.promoted:
            library.is_global = False
        self._late.withdraw(gone, request.promoted, request)
        self._scope.globals = [
            item for item in self._scope.globals if item not in gone and item not in request.promoted
        ]

    def _code_of(self, name: str, file: bytes | memoryview) -> LibraryCode:
        check = partial(check_static_data, name, limit=self._instance.limits.memory_bytes)
        try:
            return self._loader.code_of(file, check=check)
        except (FormatError, HostError) as error:
            raise LinkError(f"cannot use the library {name}: {error}") from error

    def _join(self, library: Library, request: Request) -> None:
        """Make a loaded library's symbols visible to another request."""
        if not library.is_open:
            return  # libraries that need each other; its symbols join when it is complete
        if not request.is_global:
            if library not in request.local:
                request.local.append(library)
                self._late.offer(library, request)
        elif not library.is_global:
            library.is_global = True
            request.promoted.append(library)
            self._scope.globals.append(library)
            self._late.offer(library, request)

    def _complete(self, library: Library, request: Request) -> None:
        library.is_open = True
        if library.is_global:
            self._scope.globals.append(library)
            self._late.offer(library, request)
        else:
            self._join(library, request)

    def _initialise(self, library: Library, linked: LinkedLibrary, request: Request) -> None:
        """Open a library of the code image: all that is left is to run what initialises it."""
        for needed in linked.needed:
            self._open(needed, request)
        self._instance.call(linked.opener)
        self._complete(library, request)

    def _load(self, library: Library, request: Request) -> None:
        code = library.code
        if code is None:
            raise LinkError(f"{library.name} has no code to load")
        for needed in code.info.needed:
            self._open(self._find(needed, library.name, code, request), request)
        imports = LibraryImports(
            store=self._store, scope=self._scope, late=self._late, library=library, code=code, request=request
        )
        imports.check()
        self._allocate(library, code)
        library.instance = self._store.instantiate(code.module, imports.items(self._loader))
        if code.info.table_slots:
            self._store.note_slots(library.table_base, code.info.table_slots)
        imports.fill()
        for name in (RELOCATE, CONSTRUCT):
            function = library.instance.export(name)
            if function is not None:
                self._store.call(function, name)
        self._complete(library, request)

    def _find(self, needed: str, parent: str, code: LibraryCode, request: Request) -> str:
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

    def _allocate(self, library: Library, code: LibraryCode) -> None:
        info = code.info
        self._attempts += 1
        if self._attempts > MAX_ATTEMPTS:
            raise LimitError("the guest tried to load libraries too often", expected=f"<= {MAX_ATTEMPTS} times")
        if info.memory_bytes:
            library.memory_base = find_memory(self._instance, library.name, info, self._places.get(library.name))
        if info.table_slots:
            library.table_base = self._store.grow_table(info.table_slots)
