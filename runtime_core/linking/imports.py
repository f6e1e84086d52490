"""The imports of one library that is being loaded: what is missing, what each of them gets, what is filled in later."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from runtime_core.engine.sidemodule import Item, StoreLinker
from runtime_core.engine.valuetypes import FunctionType, ValueType
from runtime_core.linking.latefunctions import LateFunction, LateFunctions
from runtime_core.linking.library import GOT_MODULES, Library, LibraryCode, LibraryLoader, function_type
from runtime_core.linking.scope import Request, Scope
from runtime_core.wasm import binary, forwarding
from runtime_core.wasm.binary import ExternKind
from runtime_core.wasm.symbols import SYSTEM_PREFIXES
from schemas.errors import LinkError

_NAMES_SHOWN: Final = 5
_VALUE_TYPES: Final = {b"\x7f": ValueType.I32, b"\x7e": ValueType.I64, b"\x7d": ValueType.F32, b"\x7c": ValueType.F64}
_UNFILLED: Final = 0xFFFFFFFF
"""What a global with an address holds before it is known, as under Emscripten's JavaScript."""


class LibraryImports:
    """The imports of ``library``. In this order: :meth:`check`, :meth:`items`, instantiation, :meth:`fill`.

    Functions that the library itself defines (C++'s vague linkage), and those that nobody has yet, are forwarded by a
    module of their own; see forwarding.py.
    """

    def __init__(
        self,
        *,
        store: StoreLinker,
        scope: Scope,
        late: LateFunctions,
        library: Library,
        code: LibraryCode,
        request: Request,
    ) -> None:
        self._store = store
        self._scope = scope
        self._late = late
        self._library = library
        self._code = code
        self._request = request
        self._own: dict[str, binary.FunctionType] = {}
        self._absent: dict[str, binary.FunctionType] = {}
        self._stubs: dict[str, Item] = {}
        self._got: dict[str, Item] = {}

    # ---- before the library has a place

    def check(self) -> None:
        """Sort the imports out.

        Raises:
            LinkError: nobody has some of them.
        """
        missing = [*self._missing_functions(), *self._missing_addresses()]
        if missing:
            shown = ", ".join(missing[:_NAMES_SHOWN])
            raise LinkError(
                f"{self._library.name} has undefined symbols",
                found=shown if len(missing) <= _NAMES_SHOWN else f"{shown} and {len(missing) - _NAMES_SHOWN} more",
                hint="the library was built for another runtime, or a library that it needs is missing",
            )

    def _missing_functions(self) -> Iterator[str]:
        code = self._code
        for item in code.imports:
            if item.kind is not ExternKind.FUNCTION or self._scope.function(item, self._request) is not None:
                continue
            signature = function_type(code, item)
            optional = item.name in code.info.weak_imports or item.name.startswith(SYSTEM_PREFIXES)
            if signature is not None and code.exports.get(item.name) is ExternKind.FUNCTION:
                self._own[item.name] = signature
            elif signature is not None and optional and _plain(signature):
                self._absent[item.name] = signature
            else:
                yield item.name

    def _missing_addresses(self) -> Iterator[str]:
        code = self._code
        for item in _got_imports(code):
            if item.name in code.exports or item.name in code.info.weak_imports:
                continue
            if self._scope.visible(item.name, self._request) is None and self._scope.host(item.name) is None:
                yield item.name

    # ---- for its instantiation

    def items(self, loader: LibraryLoader) -> list[Item]:
        """What the library gets, in the order of its imports. It must have its place.

        Raises:
            LinkError: the main module lacks something that is no symbol.
        """
        self._make_stubs(loader)
        self._got = {item.name: self._store.new_global(_UNFILLED, mutable=True) for item in _got_imports(self._code)}
        found = [self._item(item) for item in self._code.imports]
        functions = [
            given for item, given in zip(self._code.imports, found, strict=True) if item.kind is ExternKind.FUNCTION
        ]
        self._library.passed_on = {name: functions[index] for name, index in self._code.passed_on.items()}
        return found

    def _make_stubs(self, loader: LibraryLoader) -> None:
        """The forwarding functions by name, and their table under the name of the table."""
        signatures = {**self._own, **self._absent}
        if not signatures:
            return
        module = loader.load_stub(forwarding.build_forwarding_module(list(signatures.values())))
        stub = self._store.instantiate(module, ())
        names = {name: forwarding.function_name(index) for index, name in enumerate(signatures)}
        found = {name: stub.export(export) for name, export in {**names, forwarding.TABLE: forwarding.TABLE}.items()}
        self._stubs = {name: item for name, item in found.items() if item is not None}

    def _item(self, item: binary.Import) -> Item:
        found: Item | None
        if item.kind is ExternKind.FUNCTION:
            found = self._scope.function(item, self._request) or self._stubs.get(item.name)
        elif item.module in GOT_MODULES:
            found = self._got[item.name]
        elif item.kind is ExternKind.MEMORY:
            found = self._store.memory()
        elif item.name == "__memory_base":
            found = self._store.new_global(self._library.memory_base, mutable=False)
        elif item.name == "__table_base":
            found = self._store.new_global(self._library.table_base, mutable=False)
        else:  # the table, the stack pointer and tags
            found = self._store.main_export(item.name)
        if found is None:
            raise LinkError(f"{self._library.name} imports what the main module does not export", found=item.name)
        return found

    # ---- behind it

    def fill(self) -> None:
        """Fill in what is known now that the library has an instance.

        Raises:
            LinkError: it does not export what it said that it does.
        """
        self._fill_forwarding()
        self._scope.place_exports(self._library)
        for name, item in self._got.items():
            symbol = self._scope.pointed_at(self._library, name, self._request)
            # What is neither defined nor required is weak: null.
            self._store.set_global(item, 0 if symbol is None else self._scope.address(symbol))

    def _fill_forwarding(self) -> None:
        for slot, name in enumerate(self._own):
            symbol = self._scope.own(self._library, name)
            if symbol is None or symbol.function is None:
                raise LinkError(f"{self._library.name} does not export its function {name}")
            self._store.set_in(self._stubs[forwarding.TABLE], slot, symbol.function)
        for slot, (name, signature) in enumerate(self._absent.items(), len(self._own)):
            absent = self._store.absent_function(_engine_type(signature), name)
            table = self._stubs[forwarding.TABLE]
            self._late.wait_for(
                LateFunction(
                    library=self._library, request=self._request, name=name, table=table, slot=slot, absent=absent
                )
            )


def _got_imports(code: LibraryCode) -> Iterator[binary.Import]:
    return (item for item in code.imports if item.kind is ExternKind.GLOBAL and item.module in GOT_MODULES)


def _plain(signature: binary.FunctionType) -> bool:
    return set(_VALUE_TYPES).issuperset(signature.parameters + signature.results)


def _engine_type(signature: binary.FunctionType) -> FunctionType:
    parameters, results = (
        tuple(_VALUE_TYPES[kind] for kind in kinds) for kinds in (signature.parameters, signature.results)
    )
    return FunctionType(parameters, results)
