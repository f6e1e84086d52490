"""A side module as a static linker sees it: what it imports, defines and exports, checked to be of the usual kind.

What compilers make of dynamic libraries is narrow: the function table, the memory and the stack pointer are imported,
segments lie at the given bases, and globals hold offsets of exported data. Whatever is wider is refused here; such
libraries are loaded at run time.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from runtime_core.wasm import binary
from runtime_core.wasm.binary import ExternKind, FunctionType, SectionId, SegmentMode
from runtime_core.wasm.dylink import read_dylink
from runtime_core.wasm.encoding import Reader, vector
from runtime_core.wasm.movecode import move_value_type
from runtime_core.wasm.symbols import INTERNAL_SYMBOLS, SCRIPT_PREFIX
from schemas.errors import LinkError

_I32: Final = b"\x7f"
_FUNCREF: Final = b"\x70"
_GOT: Final = ("GOT.mem", "GOT.func")
_FUNCTION_MODULES: Final = ("env", "wasi_snapshot_preview1")
_ABSENT: Final = (SectionId.TABLE, SectionId.MEMORY, SectionId.TAG)
_INITIALISERS: Final = ("__wasm_apply_data_relocs", "__wasm_call_ctors")
_SCRIPTS: Final = ("__start_em_asm", "__stop_em_asm", "__start_em_js", "__stop_em_js")
_BY_SYMBOL: Final = {"__memory_base": "memory", "__table_base": "table"}


@dataclass(frozen=True, slots=True)
class SideElement:
    """An active element segment: where it begins, from the table's base or absolute, and its functions."""

    offset: binary.ConstantExpression
    functions: tuple[int, ...]


class SideModule:
    """A parsed side module.

    Raises:
        FormatError: malformed.
        LinkError: well-formed, but it cannot be linked before it runs.
    """

    def __init__(self, wasm: bytes) -> None:
        self.wasm = wasm
        module = self._module = binary.parse(wasm)
        self.info = read_dylink(module)
        for identifier in _ABSENT:
            if module.find(identifier) is not None:
                raise LinkError("it defines what side modules import", found=identifier.name.lower())
        self.types = module.types()
        self._check_types()
        imports = module.imports()
        for item in imports:
            self._check_import(item)
        self.function_imports = tuple(item for item in imports if item.kind is ExternKind.FUNCTION)
        self.global_imports = tuple(item for item in imports if item.kind is ExternKind.GLOBAL)
        self.tag_imports = tuple(item for item in imports if item.kind is ExternKind.TAG)
        self.function_types = module.functions()
        if module.body_count() != len(self.function_types):
            raise LinkError("functions and bodies differ in number")
        if any(index >= len(self.types) for index in self.function_types):
            raise LinkError("a function has no type")
        self.defined_globals = tuple(self._constant_global(item) for item in module.globals())
        self._read_exports()
        start = module.find(SectionId.START)
        self.start = None if start is None else Reader(wasm, start.start, start.end).u32()

    @property
    def type_count(self) -> int:
        """How many types there are."""
        return len(self.types)

    def types_at(self, first_type: int) -> bytes:
        """The encoded types, without their count, for a place behind others."""
        return b"".join(
            b"\x60" + b"".join(_move_types(values, first_type) for values in (kind.parameters, kind.results))
            for kind in self.types
            if kind is not None
        )

    @property
    def code(self) -> tuple[int, int]:
        """Where the code section's payload lies."""
        found = self._module.find(SectionId.CODE)
        if found is None:
            raise LinkError("it has no code")
        return found.start, found.end

    def function_type(self, index: int) -> FunctionType | None:
        """The type of a function by its index, imports first."""
        imported = len(self.function_imports)
        if index < imported:
            return self.types[self.function_imports[index].type_index or 0]
        return self.types[self.function_types[index - imported]]

    def declared(self) -> tuple[int, ...]:
        """The functions that code takes references to."""
        declared = (item.functions for item in self._module.elements() if item.mode is SegmentMode.DECLARED)
        limit = len(self.function_imports) + len(self.function_types)
        functions = [index for group in declared for index in group]
        if any(index is None or index >= limit for index in functions):
            raise LinkError("it declares something else than functions")
        return tuple(index for index in functions if index is not None)

    def elements(self) -> tuple[SideElement, ...]:
        """The active element segments.

        Raises:
            LinkError: there are others, or they hold something else than functions.
        """
        found = []
        limit = len(self.function_imports) + len(self.function_types)
        for item in self._module.elements():
            if item.mode is SegmentMode.DECLARED:
                continue
            functions = tuple(index for index in item.functions if index is not None and index < limit)
            if len(functions) != len(item.functions):
                raise LinkError("its table segments hold something else than functions")
            if item.mode is not SegmentMode.ACTIVE or item.offset is None or item.table != 0:
                raise LinkError("it has a table segment that is not active")
            found.append(SideElement(item.offset, functions))
        return tuple(found)

    def offset_of(self, element: SideElement, *, table_base: int) -> int:
        """The first slot of a segment.

        Raises:
            LinkError: it lies outside of the slots that the module asks for.
        """
        first = self._offset(element.offset, "table", table_base)
        if not table_base <= first <= table_base + self.info.table_slots - len(element.functions):
            raise LinkError("its table segments lie outside of what it asks for")
        return first

    def data(self, *, memory_base: int) -> Iterator[tuple[int, bytes]]:
        """Addresses and contents of the data segments.

        Raises:
            LinkError: a segment is not active.
        """
        for item in self._module.data_segments():
            if item.mode is not SegmentMode.ACTIVE or item.offset is None or item.memory != 0:
                raise LinkError("it has a data segment that is not active")
            yield self._offset(item.offset, "memory", memory_base), self.wasm[item.start : item.end]

    # ---- checks

    def _check_types(self) -> None:
        found = self._module.find(SectionId.TYPE)
        if None in self.types or len(self.types) != self._module.type_entries() or found is None:
            raise LinkError("it has types other than those of functions")

    def _check_import(self, item: binary.Import) -> None:
        kind = item.kind
        place = f"{item.module}.{item.name}"
        good = {
            ExternKind.FUNCTION: item.module in _FUNCTION_MODULES,
            ExternKind.GLOBAL: item.description[:1] == _I32 and (item.module in _GOT or item.module == "env"),
            ExternKind.TABLE: place == "env.__indirect_function_table" and item.description[:1] == _FUNCREF,
            ExternKind.MEMORY: place == "env.memory",
            ExternKind.TAG: item.module == "env",
        }[kind]
        if not good:
            raise LinkError("it imports what no side module does", found=f"{kind.name.lower()} {place}")
        if kind in (ExternKind.FUNCTION, ExternKind.TAG) and (
            item.type_index is None or item.type_index >= len(self.types)
        ):
            raise LinkError("it imports something without a type", found=item.name)
        if item.type_index is not None and not _is_plain(self.types[item.type_index]):
            raise LinkError("it imports a function that takes references of its own types", found=item.name)

    def _constant_global(self, item: binary.Global) -> int:
        if item.value_type != _I32 or item.mutable or item.initial.i32 is None:
            raise LinkError("it has a global that is no offset")
        return item.initial.i32

    def _read_exports(self) -> None:
        self.exported_functions: dict[str, int] = {}
        self.exported_data: dict[str, int] = {}
        self.initialisers: dict[str, int] = {}
        functions = len(self.function_imports) + len(self.function_types)
        imported = len(self.global_imports)
        for item in self._module.exports():
            if item.name.startswith(SCRIPT_PREFIX) or item.name in _SCRIPTS:
                raise LinkError("it brings JavaScript source, and there is no JavaScript engine", found=item.name)
            if item.kind is ExternKind.FUNCTION:
                if item.index >= functions:
                    raise LinkError("it exports a function that it does not have", found=item.name)
                if item.name in _INITIALISERS:
                    self.initialisers[item.name] = item.index
                elif item.name not in INTERNAL_SYMBOLS:
                    self.exported_functions[item.name] = item.index
            elif item.kind is ExternKind.GLOBAL and item.name not in INTERNAL_SYMBOLS:
                if not imported <= item.index < imported + len(self.defined_globals):
                    raise LinkError("it exports a global that it does not define", found=item.name)
                self.exported_data[item.name] = self.defined_globals[item.index - imported]

    def _offset(self, expression: binary.ConstantExpression, what: str, base: int) -> int:
        """The value of an offset: a constant, a base, or a constant added to it."""
        if expression.i32 is not None:
            return expression.i32 & 0xFFFFFFFF
        reader = Reader(expression.raw)
        if reader.byte() == 0x23:
            index = reader.u32()
            named = self.global_imports[index].name if index < len(self.global_imports) else ""
            rest = expression.raw[reader.position :]
            if _BY_SYMBOL.get(named) == what and rest == b"\x0b":
                return base
            if _BY_SYMBOL.get(named) == what and reader.byte() == 0x41:
                constant = reader.signed(32)
                if expression.raw[reader.position :] == b"\x6a\x0b":
                    return (base + constant) & 0xFFFFFFFF
        raise LinkError(f"its {what} segments lie at an address that is not known", found=expression.raw.hex())


def _move_types(values: tuple[bytes, ...], first_type: int) -> bytes:
    return vector([move_value_type(Reader(value), first_type) for value in values])


def _is_plain(kind: FunctionType | None) -> bool:
    """Whether a type names no type of its module: others mean another one in another module."""
    return kind is not None and all(
        len(value) == 1 or (len(value) == 2 and 0x65 <= value[1] <= 0x7F) for value in kind.parameters + kind.results
    )
