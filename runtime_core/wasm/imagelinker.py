"""The linker of side modules into a code image: gives places, resolves symbols, appends.

Their code, types and table slots are appended to the image's: no index of the main module changes, so that a snapshot
of the image without libraries and one with them mean the same by a pointer to the main module's functions. Addresses
are constants: libraries lie from the heap's former base up, in the order given, and the heap begins behind them. Data
are part of the initial memory; what remains to do at the first ``dlopen`` is one exported function per library, which
runs its start function, its relocations and its constructors.
See codelink.py and docs/adr/0015-linked-code-images.md.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Final

from runtime_core.wasm import binary
from runtime_core.wasm.binary import ExternKind, FunctionType, SectionId
from runtime_core.wasm.codeimage import TABLE, CodeImage, append_items, resized_tables
from runtime_core.wasm.dataimage import PAGE_BYTES, build_data_image
from runtime_core.wasm.dylink import DylinkInfo
from runtime_core.wasm.encoding import HEADER, name, section, uleb, vector
from runtime_core.wasm.linkedlibrary import LinkedLibrary
from runtime_core.wasm.mainmodule import MainModule
from runtime_core.wasm.movecode import Placement, move_code
from runtime_core.wasm.opcodes import END, i32_const
from runtime_core.wasm.sidemodule import SideElement, SideModule
from runtime_core.wasm.symbols import SYSTEM_PREFIXES
from schemas.digest import Digest
from schemas.errors import FormatError, LinkError

_ALIGNMENT: Final = 16
_OPENER: Final = "runtime_open_library_"
_INITIALISERS: Final = ("__wasm_apply_data_relocs", "__wasm_call_ctors")
_NOTHING: Final = FunctionType((), ())
_DECLARED: Final = b"\3\0"
"""How an element segment begins that only declares functions."""
_UNREACHABLE: Final = b"\3\0\0\x0b"
"""The body of a function that traps, with its size."""
_MAX_END: Final = 1 << 27
"""Static data of all libraries end below this address, where this linker places them: every isolate has memory up to
there, whether it opens the libraries or not, and 128 MiB is what Workers have in all. A library that does not fit is
loaded at run time, where the isolate's own limit holds.
"""
_MEMORY_END: Final = 1 << 32
_MAX_SLOTS: Final = 1 << 20
"""As many as the engine gives a table."""
_MAX_SLOTS_HERE: Final = _MAX_SLOTS // 2
"""Slots of all libraries end here, where this linker places them: the rest is for libraries loaded at run time."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Place:
    """Where a library was loaded: its data, before they were aligned, and its own slots."""

    memory_base: int
    table_base: int


@dataclass(frozen=True, kw_only=True, slots=True)
class LibraryFile:
    """A library to link: its path in the guest, its bytes, the paths of what it needs, its place if that is given."""

    name: str
    wasm: bytes
    needed: tuple[str, ...] = ()
    place: Place | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class LinkedImage:
    """``image`` has ``libraries`` in it; ``left_out`` says why others are not: they are loaded at run time."""

    image: CodeImage
    libraries: tuple[LinkedLibrary, ...]
    left_out: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class _Definition:
    """What a name stands for: a function's index and type, or an address."""

    function: int | None = None
    kind: FunctionType | None = None
    address: int = 0


@dataclass(kw_only=True, slots=True)
class _Linked:
    """A side module with its places. ``definitions`` are what it offers to others."""

    side: SideModule
    file: LibraryFile
    memory_base: int
    table_base: int
    first_function: int
    first_type: int
    definitions: dict[str, _Definition]
    scope: tuple[dict[str, _Definition], ...]
    opener: str
    absent: list[int] = field(default_factory=list)
    """The types of the functions that it imports and nobody has: they end the guest when they are called."""


Check = Callable[[bytes], None]
"""Raises FormatError for a module that the engine would refuse: nobody could tell later whose fault it is."""


class ImageLinker:
    """Links libraries, one after the other."""

    def __init__(self, image: CodeImage, check: Check | None) -> None:
        self._image = image
        self._check = check
        self._main = MainModule(image)
        self._next_type = self._main.type_count
        self._next_function = self._main.function_count
        self._table_end = image.layout.table_size
        self._memory_end = self._main.heap_base
        self._slots = dict(self._main.slots)
        self._extra_slots: list[tuple[int, int]] = []
        self._types: list[bytes] = [b"\x60\0\0"]
        self._functions: list[bytes] = []
        self._bodies: list[bytes] = []
        self._elements: list[bytes] = []
        self._exports: list[bytes] = []
        self._data: list[tuple[int, bytes]] = []
        self._linked: dict[str, _Linked] = {}
        self.left_out: dict[str, str] = {}
        self.free_slots: list[int] = []
        self._named: dict[str, _Definition] = {}
        self._nothing_type = self._next_type
        self._next_type += 1

    def add(self, file: LibraryFile) -> None:
        """Link a library, or note why not; nothing of it is taken over then."""
        slots, extra = dict(self._slots), len(self._extra_slots)
        places = (self._memory_end, self._table_end)
        try:
            if self._check is not None:
                self._check(file.wasm)
            linked = self._place(file)
            placement = self._placement(linked)
            if file.place is None and self._table_end > _MAX_SLOTS_HERE:
                raise LinkError("no room for its slots", expected=f"<= {_MAX_SLOTS_HERE}", found=self._table_end)
            bodies = move_code(linked.side.wasm, *linked.side.code, placement)
            elements = [self._element(linked, item, placement) for item in linked.side.elements()]
            declared = [placement.functions[index] for index in linked.side.declared()]
            data = list(self._data_of(linked))
            opener = self._opener(linked)
        except (FormatError, LinkError) as error:
            self.left_out[file.name] = str(error)
            self._slots, self._extra_slots = slots, self._extra_slots[:extra]
            self._memory_end, self._table_end = places
            return
        side = linked.side
        self._linked[file.name] = linked
        if file.place is not None:
            for symbol, definition in linked.definitions.items():
                self._named.setdefault(symbol, definition)
        self._types.append(side.types_at(linked.first_type))
        self._next_type += side.type_count
        self._functions += [uleb(linked.first_type + index) for index in side.function_types]
        self._functions.append(uleb(self._nothing_type))
        self._bodies += [*bodies, opener]
        opener_index = linked.first_function + len(side.function_types)
        self._functions += [uleb(linked.first_type + index) for index in linked.absent]
        self._bodies += [_UNREACHABLE] * len(linked.absent)
        self._next_function = opener_index + 1 + len(linked.absent)
        self._exports.append(name(linked.opener) + bytes((ExternKind.FUNCTION,)) + uleb(opener_index))
        self._elements += elements
        if declared:
            self._elements.append(_DECLARED + vector(declared))
        self._data += data

    # ---- one library

    def _place(self, file: LibraryFile) -> _Linked:
        for needed in file.needed:
            if needed not in self._linked:
                raise LinkError(f"it needs {needed}, which is not linked")
        side = SideModule(file.wasm)
        info = side.info
        memory_base = self._memory_base(file, info)
        linked = _Linked(
            side=side,
            file=file,
            memory_base=memory_base,
            table_base=self._table_base(file),
            first_function=self._next_function,
            first_type=self._next_type,
            definitions={},
            scope=tuple(self._linked[needed].definitions for needed in self._closure(file)),
            opener=f"{_OPENER}{len(self._linked)}",
        )
        self._memory_end = memory_base + info.memory_bytes
        self._table_end = linked.table_base + info.table_slots
        functions = self._function_indices(linked)
        for symbol, index in side.exported_functions.items():
            linked.definitions[symbol] = _Definition(functions[index], side.function_type(index))
        for symbol, offset in side.exported_data.items():
            linked.definitions[symbol] = _Definition(address=(memory_base + offset) & 0xFFFFFFFF)
        return linked

    def _memory_base(self, file: LibraryFile, info: DylinkInfo) -> int:
        alignment = info.memory_alignment if file.place is not None else max(_ALIGNMENT, info.memory_alignment)
        start = self._memory_end if file.place is None else file.place.memory_base
        base = -(-start // alignment) * alignment
        end = _MAX_END if file.place is None else _MEMORY_END
        if not self._main.heap_base <= base <= end - info.memory_bytes:
            raise LinkError(
                "no room for its data",
                expected=f"{self._main.heap_base:#x} to {end:#x}",
                found=f"{info.memory_bytes} bytes at {base:#x}",
            )
        return base

    def _table_base(self, file: LibraryFile) -> int:
        if file.place is None:
            return self._table_end
        if not self._table_end <= file.place.table_base <= _MAX_SLOTS:
            raise LinkError(
                "its slots are not where the snapshot has them",
                expected=f">= {self._table_end}",
                found=file.place.table_base,
            )
        return file.place.table_base

    def _closure(self, file: LibraryFile) -> list[str]:
        """What a library needs, and what that needs, in the order of loading."""
        found: dict[str, None] = {}
        pending = [(needed, False) for needed in reversed(file.needed)]
        while pending:
            path, complete = pending.pop()
            if complete:
                found[path] = None
            elif path not in found:
                pending.append((path, True))
                pending += ((needed, False) for needed in reversed(self._linked[path].file.needed))
        return list(found)

    def _function_indices(self, linked: _Linked) -> list[int]:
        """The new index of each function of a library, imports first."""
        side = linked.side
        own = linked.first_function
        indices: list[int] = []
        absent: list[int] = []
        for item in side.function_imports:
            kind = side.types[item.type_index or 0]
            index = self._imported(linked, item.module, item.name, kind)
            if index is None:
                index = self._own_function(linked, item.name, kind)
            if index is None:
                if item.name not in side.info.weak_imports and not item.name.startswith(SYSTEM_PREFIXES):
                    raise LinkError("it has an undefined symbol", found=item.name)
                # Behind the library's functions and its opener.
                index = own + len(side.function_types) + 1 + len(absent)
                absent.append(item.type_index or 0)
            indices.append(index)
        linked.absent = absent
        return [*indices, *range(own, own + len(side.function_types))]

    @staticmethod
    def _own_function(linked: _Linked, symbol: str, kind: FunctionType | None) -> int | None:
        side = linked.side
        position = side.exported_functions.get(symbol)
        if position is None or position < len(side.function_imports):
            return None
        if side.function_type(position) != kind:
            raise LinkError("it imports its own function with another type", found=symbol)
        return linked.first_function + position - len(side.function_imports)

    def _imported(self, linked: _Linked, module: str, symbol: str, kind: FunctionType | None) -> int | None:
        """A function from outside of the library: the main module's, the host's, or that of a library it needs."""
        found = self._main.function(symbol) or self._main.host_function(module, symbol)
        if found is None:
            for definitions in linked.scope:
                definition = definitions.get(symbol)
                if definition is not None:
                    found = (definition.function, definition.kind) if definition.function is not None else None
                    break
        if found is None:
            return None
        if found[1] != kind:
            raise LinkError("it imports a function with another type", found=symbol)
        return found[0]

    def _placement(self, linked: _Linked) -> Placement:
        side, functions = linked.side, self._function_indices(linked)
        # Slots first for the library's own table, then for what it exports, as Emscripten's updateGOT() gives them.
        for item in side.elements():
            first = side.offset_of(item, table_base=linked.table_base)
            for position, index in enumerate(item.functions):
                self._slots.setdefault(functions[index], first + position)
        for symbol in side.exported_functions:
            if linked.file.place is None or self._first(symbol) is None:
                self._slot(linked.definitions[symbol].function)
        addresses = [self._global(linked, item) for item in side.global_imports]
        reads, writes = [], []
        for address in addresses:
            constant = address - (1 << 32) if address is not None and address >> 31 else address
            pointer = uleb(self._main.stack_pointer)
            reads.append(b"\x23" + pointer if constant is None else i32_const(constant))
            writes.append(b"\x24" + pointer if constant is None else None)
        for value in side.defined_globals:
            reads.append(i32_const(value))
            writes.append(None)
        return Placement(
            first_type=linked.first_type,
            functions=[uleb(index) for index in functions],
            reads=reads,
            writes=writes,
            tags=[uleb(self._main.tag(item.name, side.types[item.type_index or 0])) for item in side.tag_imports],
        )

    def _global(self, linked: _Linked, item: binary.Import) -> int | None:
        """What an imported global holds for good; None for the stack pointer."""
        if item.module == "env":
            known = {
                "__memory_base": linked.memory_base,
                "__table_base": linked.table_base,
                "__stack_pointer": None,
            }
            if item.name not in known:
                raise LinkError("it imports what no side module does", found=f"{item.module}.{item.name}")
            return known[item.name]
        definition = self._visible(linked, item.name)
        if definition is None:
            host = self._main.host_pointer(item.name)
            if host is not None:
                return self._slot(host)
            if item.name not in linked.side.info.weak_imports:
                raise LinkError("it has an undefined symbol", found=item.name)
            return 0
        if definition.function is None:
            return definition.address
        return self._slot(definition.function)

    def _first(self, symbol: str) -> _Definition | None:
        """What a name stands for in the modules before the one that is being linked at its place."""
        return self._main_definition(symbol) or self._named.get(symbol)

    def _main_definition(self, symbol: str) -> _Definition | None:
        function = self._main.function(symbol)
        if function is not None:
            return _Definition(*function)
        address = self._main.datum(symbol)
        return None if address is None else _Definition(address=address)

    def _visible(self, linked: _Linked, symbol: str) -> _Definition | None:
        found = self._main_definition(symbol) if linked.file.place is None else self._first(symbol)
        if found is not None:
            return found
        for definitions in (*linked.scope, linked.definitions):
            if symbol in definitions:
                return definitions[symbol]
        return None

    def _slot(self, function: int | None) -> int:
        """A function's slot; it gets one if it has none."""
        if function is None:
            raise LinkError("a datum stands where a function must")
        if function not in self._slots:
            slot = self.free_slots.pop(0) if self.free_slots else self._table_end
            self._slots[function] = slot
            self._extra_slots.append((slot, function))
            self._table_end = max(self._table_end, slot + 1)
        return self._slots[function]

    def _element(self, linked: _Linked, item: SideElement, placement: Placement) -> bytes:
        offset = linked.side.offset_of(item, table_base=linked.table_base)
        return _segment(offset, [placement.functions[index] for index in item.functions])

    def _data_of(self, linked: _Linked) -> list[tuple[int, bytes]]:
        side = linked.side
        found = []
        for offset, content in side.data(memory_base=linked.memory_base):
            if not linked.memory_base <= offset <= linked.memory_base + side.info.memory_bytes - len(content):
                raise LinkError("its data lie outside of what it asks for")
            found.append((offset, content))
        return found

    def _opener(self, linked: _Linked) -> bytes:
        """The function that initialises a library."""
        side = linked.side
        indices = self._function_indices(linked)
        calls = [] if side.start is None else [side.start]
        calls += [side.initialisers[symbol] for symbol in _INITIALISERS if symbol in side.initialisers]
        code = b"\0"
        for index in calls:
            if index >= len(indices) or side.function_type(index) != _NOTHING:
                raise LinkError("a function that initialises it takes or returns something")
            code += b"\x10" + uleb(indices[index])
        code += END
        return uleb(len(code)) + code

    def _describe(self, linked: _Linked) -> LinkedLibrary:
        side = linked.side
        return LinkedLibrary(
            name=linked.file.name,
            digest=Digest.of(linked.file.wasm),
            opener=linked.opener,
            memory_base=linked.memory_base,
            memory_bytes=side.info.memory_bytes,
            table_base=linked.table_base,
            table_slots=side.info.table_slots,
            needed=linked.file.needed,
            functions={symbol: self._slot(linked.definitions[symbol].function) for symbol in side.exported_functions},
            data={symbol: linked.definitions[symbol].address for symbol in side.exported_data},
        )

    # ---- the result

    def extend_table(self, size: int) -> None:
        """Make the table at least this large.

        Raises:
            LinkError: it is larger already.
        """
        if not self._table_end <= size <= _MAX_SLOTS:
            raise LinkError(
                "the libraries do not have the slots that the snapshot has", expected=size, found=self._table_end
            )
        self._table_end = size

    def finish(self, *, at: bool = False) -> LinkedImage:
        """The image with everything added so far; the image as it was if nothing was. ``at`` given places the initial
        memory stays as it is.
        """
        if not self._linked:
            return LinkedImage(image=self._image, libraries=(), left_out=self.left_out)
        libraries = tuple(self._describe(linked) for linked in self._linked.values())  # may take slots at the end
        module = self._main.module
        elements = [*self._elements, *(_segment(slot, [uleb(index)]) for slot, index in self._extra_slots)]
        # The first type is ours; the rest are whole vectors' contents.
        types = append_items(module.payload(SectionId.TYPE), self._types, count=self._next_type - self._main.type_count)
        replaced = {
            SectionId.TYPE: types,
            SectionId.FUNCTION: append_items(module.payload(SectionId.FUNCTION), self._functions),
            SectionId.TABLE: resized_tables(module.tables(), self._table_end),
            SectionId.EXPORT: append_items(module.payload(SectionId.EXPORT), self._exports),
            SectionId.ELEMENT: append_items(module.payload(SectionId.ELEMENT), elements),
            SectionId.CODE: append_items(module.payload(SectionId.CODE), self._bodies),
        }
        parts = [HEADER]
        for item in module.sections:
            content = replaced.get(item.identifier) or module.data[item.start : item.end]
            parts.append(section(item.identifier, content))
        layout = replace(self._image.layout, table_size=self._table_end)
        memory_image = self._image.memory_image
        if not at:
            memory = self._memory()
            layout = replace(layout, memory_pages=len(memory) // PAGE_BYTES)
            memory_image = build_data_image(memory)
        image = CodeImage(wasm=b"".join(parts), memory_image=memory_image, layout=layout)
        return LinkedImage(image=image, libraries=libraries, left_out=self.left_out)

    def _memory(self) -> bytearray:
        """The initial memory with the libraries' data and the heap behind them."""
        memory = self._main.memory()
        end = -(-self._memory_end // _ALIGNMENT) * _ALIGNMENT
        if end > len(memory):
            memory += bytes(-(-end // PAGE_BYTES) * PAGE_BYTES - len(memory))
        for offset, content in self._data:
            memory[offset : offset + len(content)] = content
        at = self._main.break_address(memory)
        memory[at : at + 4] = end.to_bytes(4, "little")
        return memory


def _segment(offset: int, functions: Sequence[bytes]) -> bytes:
    """An active element segment of the function table."""
    return uleb(TABLE) + i32_const(offset) + END + vector(functions)
