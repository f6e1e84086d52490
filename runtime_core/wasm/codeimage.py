"""Code images: Pyodide's main module rewritten so that one compilation serves every snapshot.

The rewritten module imports its memory, so that snapshots bring theirs; needs no GOT imports, so that nothing about it
belongs to one store; and has its function table laid out as Emscripten's JavaScript lays it out at start-up, so that
function pointers in snapshots mean the same here, under workerd and in a browser. No index of a function, global or
table changes: function bodies are copied as they are, but for calls that interface.py answers.
See docs/adr/0008-code-image-and-snapshot-image.md and 0014-interface-inside-webassembly.md.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Final

from runtime_core.wasm import binary
from runtime_core.wasm.abi import CodeProfile
from runtime_core.wasm.binary import ExternKind, SectionId, SegmentMode
from runtime_core.wasm.dataimage import MAX_PAGES, PAGE_BYTES, build_data_image
from runtime_core.wasm.encoding import HEADER, Reader, name, section, sleb, uleb, vector
from runtime_core.wasm.guestfunctions import added_functions, added_types
from runtime_core.wasm.instructions import redirect_calls
from runtime_core.wasm.interface import FreeIndices, Interface, build_interface
from runtime_core.wasm.opcodes import EXTERNREF, FUNCREF
from runtime_core.wasm.symbols import INTERNAL_SYMBOLS, SCRIPT_PREFIX
from schemas.errors import AbiMismatchError, FormatError

MEMORY_IMPORT: Final = ("snapshot", "memory")
TABLE: Final = 0
STACK_POINTER: Final = "__stack_pointer"

_GOT_MODULES: Final = ("GOT.func", "GOT.mem")
_ZERO_I32_VARIABLE: Final = b"\x7f\x01\x41\x00\x0b"
_MAX_INITIAL_PAGES: Final = 16384
"""1 GiB: a bound on the initial memory that a module may make us allocate here."""


@dataclass(frozen=True, kw_only=True, slots=True)
class CodeImageLayout:
    """What a code image fixes for every snapshot taken on it.

    ``first_export_slot`` and ``export_slots`` place the exported functions in the table; ``got_functions`` are the
    former ``GOT.func`` imports in order, whose slots stay empty; ``stack_pointer`` is the initial value of the shadow
    stack's pointer, ``memory_pages`` the initial memory in pages of 64 KiB.
    """

    pyodide_version: str
    table_size: int
    first_export_slot: int
    export_slots: tuple[str, ...]
    got_functions: tuple[str, ...]
    trampoline_slot: int
    stack_pointer: int
    memory_pages: int

    def to_json(self) -> dict[str, Any]:
        """Plain values for JSON."""
        return asdict(self)

    @classmethod
    def from_json(cls, value: object) -> CodeImageLayout:
        """Read what :meth:`to_json` wrote.

        Raises:
            FormatError: a field is missing, unknown or of the wrong type.
        """
        if not isinstance(value, dict) or set(value) != set(cls.__dataclass_fields__):
            raise FormatError("not the layout of a code image", expected=", ".join(cls.__dataclass_fields__))
        fields: dict[str, Any] = {}
        for key, item in value.items():
            if key in ("export_slots", "got_functions"):
                good = isinstance(item, (list, tuple)) and all(isinstance(entry, str) for entry in item)
                fields[key] = tuple(item) if good else None
            elif key == "pyodide_version":
                good, fields[key] = isinstance(item, str), item
            else:
                good, fields[key] = type(item) is int and 0 <= item < 1 << 32, item
            if not good:
                raise FormatError(f"the layout of a code image has a bad {key}", found=repr(item)[:80])
        return cls(**fields)


@dataclass(frozen=True, kw_only=True, slots=True)
class CodeImage:
    """``wasm`` is the code; ``memory_image`` a data-only module with the initial memory, for a boot without a
    snapshot. Both are functions of the input alone.
    """

    wasm: bytes
    memory_image: bytes
    layout: CodeImageLayout


def build_code_image(translated: bytes, profile: CodeProfile) -> CodeImage:
    """Rewrite a main module whose exception handling was translated to exnref.

    Raises:
        FormatError: not a well-formed module.
        AbiMismatchError: not a main module of the profile's version.
    """
    module = binary.parse(translated)
    _check_shape(module, profile)
    layout, slots = _plan(module, profile)
    return CodeImage(
        wasm=_rewrite(module, profile, layout, slots),
        memory_image=build_data_image(_initial_memory(module, layout.memory_pages)),
        layout=layout,
    )


def _mismatch(what: str, *, expected: object = None, found: object = None) -> AbiMismatchError:
    return AbiMismatchError(
        f"not a main module this runtime can rewrite: {what}",
        expected=expected,
        found=found,
        hint="use pyodide.asm.wasm of a supported Pyodide version, translated to exnref",
    )


def _check_shape(module: binary.Module, profile: CodeProfile) -> None:
    """Refuse what the rewriting does not handle."""
    if module.find(SectionId.START) is not None:
        raise _mismatch("it has a start function")
    if len(module.memories()) != 1:
        raise _mismatch("it must define one memory", found=len(module.memories()))
    got_seen = False
    for item in module.imports():
        if item.kind in (ExternKind.MEMORY, ExternKind.TABLE):
            raise _mismatch(f"it imports a {item.kind.name.lower()}", found=f"{item.module}.{item.name}")
        if item.kind is ExternKind.GLOBAL:
            is_got = item.module in _GOT_MODULES
            if is_got and item.description != b"\x7f\x01":
                raise _mismatch("a GOT import is no mutable i32", found=f"{item.module}.{item.name}")
            if got_seen and not is_got:
                raise _mismatch("a global import follows the GOT imports", found=f"{item.module}.{item.name}")
            got_seen = is_got
    tables = module.tables()
    if not tables or tables[TABLE].element_type != FUNCREF or tables[TABLE].raw_initial is not None:
        raise _mismatch("it must define a function table")
    for table in (profile.immortal_table, profile.reference_table):
        if table >= len(tables) or tables[table].element_type != EXTERNREF:
            raise _mismatch("it must define two tables of host references", found=f"{len(tables)} tables")
    if module.body_count() != len(module.functions()):
        raise FormatError("functions and bodies differ in number", found=module.body_count())


def _plan(module: binary.Module, profile: CodeProfile) -> tuple[CodeImageLayout, list[int]]:
    """The layout, and the function index in each export slot."""
    imports = module.imports()
    first = module.tables()[TABLE].limits.minimum
    names, slots = _export_slots(module)
    trampoline = first + len(slots) + profile.got_slots
    if trampoline != profile.trampoline_slot:
        raise _mismatch(
            f"the table layout is not that of Pyodide {profile.pyodide_version}",
            expected=f"trampoline at slot {profile.trampoline_slot}",
            found=trampoline,
        )
    maximum = module.tables()[TABLE].limits.maximum
    if maximum is not None and maximum <= trampoline:
        raise _mismatch("the function table may not grow", expected=f"> {trampoline}", found=maximum)
    pages = module.memories()[0].minimum
    if pages > _MAX_INITIAL_PAGES:
        raise _mismatch("its initial memory is too large", expected=f"<= {_MAX_INITIAL_PAGES} pages", found=pages)
    layout = CodeImageLayout(
        pyodide_version=profile.pyodide_version,
        table_size=trampoline + 1,
        first_export_slot=first,
        export_slots=tuple(names),
        got_functions=tuple(item.name for item in imports if item.module == "GOT.func"),
        trampoline_slot=trampoline,
        stack_pointer=_stack_pointer(module),
        memory_pages=pages,
    )
    return layout, slots


def _export_slots(module: binary.Module) -> tuple[list[str], list[int]]:
    """Names and indices of the exported functions that Emscripten's updateGOT() appends to the table, in order.

    It walks the exports in order and gives a slot to each function that has none yet.
    """
    placed: set[int | None] = set()
    for element in module.elements():
        if element.mode is SegmentMode.ACTIVE and element.table == TABLE:
            placed.update(element.functions)
    names: list[str] = []
    slots: list[int] = []
    for export in module.exports():
        internal = export.name in INTERNAL_SYMBOLS or export.name.startswith(SCRIPT_PREFIX)
        if export.kind is not ExternKind.FUNCTION or internal or export.index in placed:
            continue
        placed.add(export.index)
        names.append(export.name)
        slots.append(export.index)
    return names, slots


def _stack_pointer(module: binary.Module) -> int:
    imported = sum(item.kind is ExternKind.GLOBAL for item in module.imports())
    for export in module.exports():
        if export.name == STACK_POINTER and export.kind is ExternKind.GLOBAL:
            defined = module.globals()
            position = export.index - imported
            value = defined[position].initial.i32 if 0 <= position < len(defined) else None
            if value is not None:
                return value & 0xFFFFFFFF
    raise _mismatch(f"it does not export {STACK_POINTER} with a constant value")


def _initial_memory(module: binary.Module, pages: int) -> bytearray:
    """The memory as the module's active data segments leave it."""
    memory = bytearray(pages * PAGE_BYTES)
    for segment in module.data_segments():
        offset = segment.offset.i32 if segment.offset is not None else None
        if segment.mode is not SegmentMode.ACTIVE or segment.memory != 0 or offset is None:
            raise _mismatch("a data segment is not active at a constant address")
        offset &= 0xFFFFFFFF
        end = offset + segment.end - segment.start
        if end > len(memory):
            raise FormatError("a data segment lies outside the memory", expected=f"<= {len(memory)}", found=end)
        memory[offset:end] = module.data[segment.start : segment.end]
    return memory


def _rewrite(module: binary.Module, profile: CodeProfile, layout: CodeImageLayout, slots: list[int]) -> bytes:
    imports = module.imports()
    first_type = len(module.types())
    first_function = sum(item.kind is ExternKind.FUNCTION for item in imports) + len(module.functions())
    first_global = sum(item.kind is ExternKind.GLOBAL for item in imports) + len(module.globals())
    added = added_functions(
        first_type=first_type,
        function_table=TABLE,
        immortal_table=profile.immortal_table,
        reference_table=profile.reference_table,
    )
    types = added_types()
    free = FreeIndices(type=first_type + len(types), function=first_function + len(added), global_=first_global)
    linked = build_interface(module, free) if profile.interface else Interface()
    exports = {item.export: first_function + place for place, item in enumerate(added) if item.export is not None}
    segments = [
        _active_functions(layout.first_export_slot, slots),
        _active_functions(layout.trampoline_slot, [first_function]),
    ]
    got_count = sum(item.module in _GOT_MODULES for item in imports)
    payload = module.payload
    functions = [uleb(first_type + item.type_offset) for item in added]
    replaced = {
        SectionId.TYPE: append_items(payload(SectionId.TYPE), [*types, *linked.types]),
        SectionId.IMPORT: _imports(imports, layout.memory_pages, linked.imports),
        SectionId.FUNCTION: append_items(payload(SectionId.FUNCTION), [*functions, *linked.functions]),
        SectionId.TABLE: resized_tables(module.tables(), layout.table_size),
        SectionId.GLOBAL: append_items(
            _prepend(payload(SectionId.GLOBAL), [_ZERO_I32_VARIABLE] * got_count), linked.globals
        ),
        SectionId.EXPORT: _exports(module.exports(), {**exports, **linked.exports}),
        SectionId.ELEMENT: append_items(payload(SectionId.ELEMENT), segments),
        SectionId.CODE: append_items(_code(module, linked.calls), [*(item.body for item in added), *linked.bodies]),
    }
    dropped = (SectionId.MEMORY, SectionId.DATA, SectionId.DATA_COUNT)
    parts = [HEADER]
    for item in module.sections:
        if item.identifier in dropped:
            continue
        changed = replaced.pop(item.identifier, None) if item.identifier is not SectionId.CUSTOM else None
        parts.append(section(item.identifier, changed or module.data[item.start : item.end]))
    if replaced:
        raise _mismatch("it lacks a section", found=", ".join(key.name for key in replaced))
    return b"".join(parts)


def _code(module: binary.Module, calls: Mapping[int, int]) -> bytes:
    found = module.find(SectionId.CODE)
    if found is None or not calls:
        return module.payload(SectionId.CODE)
    return redirect_calls(module.data, found.start, found.end, calls)


def _exports(exports: Iterable[binary.Export], changed: Mapping[str, int]) -> bytes:
    """The exports with some functions replaced by others, and the rest of ``changed`` added."""
    waiting = dict(changed)
    items = []
    for item in exports:
        index = waiting.pop(item.name, item.index) if item.kind is ExternKind.FUNCTION else item.index
        items.append(name(item.name) + bytes((item.kind,)) + uleb(index))
    items += [name(key) + bytes((ExternKind.FUNCTION,)) + uleb(index) for key, index in waiting.items()]
    return vector(items)


def append_items(payload: bytes, items: Sequence[bytes], *, count: int | None = None) -> bytes:
    """A vector's encoding with items added at its end; ``count`` is how many, if one piece may hold several."""
    reader = Reader(payload)
    before = reader.count()
    added = len(items) if count is None else count
    return b"".join((uleb(before + added), payload[reader.position :], *items))


def _prepend(payload: bytes, items: list[bytes]) -> bytes:
    """A vector's encoding with items added at its start."""
    reader = Reader(payload)
    count = reader.count()
    return b"".join((uleb(count + len(items)), *items, payload[reader.position :]))


def _imports(imports: Iterable[binary.Import], pages: int, replaced: Mapping[int, bytes]) -> bytes:
    """Without the GOT, with the memory: any that has the initial pages and the maximum of every snapshot image.

    ``replaced`` gives other imports by function index.
    """
    kept: list[bytes] = []
    functions = 0
    for item in imports:
        if item.module not in _GOT_MODULES:
            is_function = item.kind is ExternKind.FUNCTION
            kept.append(replaced.get(functions, item.raw) if is_function else item.raw)
            functions += is_function
    limits = b"\1" + uleb(pages) + uleb(MAX_PAGES)
    module, memory = MEMORY_IMPORT
    return vector([*kept, name(module) + name(memory) + bytes((ExternKind.MEMORY,)) + limits])


def resized_tables(tables: tuple[binary.Table, ...], size: int) -> bytes:
    """With the function table's minimum raised to ``size``."""
    encoded = []
    for index, table in enumerate(tables):
        minimum = size if index == TABLE else table.limits.minimum
        maximum = table.limits.maximum
        limits = b"\0" + uleb(minimum) if maximum is None else b"\1" + uleb(minimum) + uleb(maximum)
        initial = b"" if table.raw_initial is None else table.raw_initial
        encoded.append((b"" if table.raw_initial is None else b"\x40\x00") + table.element_type + limits + initial)
    return vector(encoded)


def _active_functions(offset: int, functions: list[int]) -> bytes:
    """An active element segment of the function table."""
    return uleb(0) + b"\x41" + sleb(offset) + b"\x0b" + vector([uleb(index) for index in functions])
