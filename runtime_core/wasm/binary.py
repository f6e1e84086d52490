"""Views of a WebAssembly binary's sections.

Only what linking needs is read; function bodies stay opaque, and the engine validates the module as a whole. Source:
WebAssembly core specification 3.0, "Binary format".
"""

from __future__ import annotations

import enum
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, TypeVar

from runtime_core.wasm.encoding import HEADER, Reader
from schemas.errors import FormatError

T = TypeVar("T")


class SectionId(enum.IntEnum):
    """Section identifiers."""

    CUSTOM = 0
    TYPE = 1
    IMPORT = 2
    FUNCTION = 3
    TABLE = 4
    MEMORY = 5
    GLOBAL = 6
    EXPORT = 7
    START = 8
    ELEMENT = 9
    CODE = 10
    DATA = 11
    DATA_COUNT = 12
    TAG = 13


_ORDER: Final = {
    identifier: place
    for place, identifier in enumerate(
        (
            SectionId.TYPE,
            SectionId.IMPORT,
            SectionId.FUNCTION,
            SectionId.TABLE,
            SectionId.MEMORY,
            SectionId.TAG,
            SectionId.GLOBAL,
            SectionId.EXPORT,
            SectionId.START,
            SectionId.ELEMENT,
            SectionId.DATA_COUNT,
            SectionId.CODE,
            SectionId.DATA,
        )
    )
}


class ExternKind(enum.IntEnum):
    """Kinds of imports and exports."""

    FUNCTION = 0
    TABLE = 1
    MEMORY = 2
    GLOBAL = 3
    TAG = 4


class SegmentMode(enum.Enum):
    """When a segment is copied."""

    ACTIVE = "active"
    PASSIVE = "passive"
    DECLARED = "declared"


@dataclass(frozen=True, slots=True)
class Section:
    """One section: its identifier and where its payload lies in the module."""

    identifier: SectionId
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class FunctionType:
    """A function type; each value type in its encoded form."""

    parameters: tuple[bytes, ...]
    results: tuple[bytes, ...]


@dataclass(frozen=True, slots=True)
class Limits:
    """Size bounds of a table (slots) or memory (pages)."""

    minimum: int
    maximum: int | None


@dataclass(frozen=True, slots=True)
class Import:
    """One import. ``type_index`` is set for functions and tags, ``limits`` for tables and memories; ``raw`` is the
    import as it was encoded, ``description`` the part behind the names and the kind.
    """

    module: str
    name: str
    kind: ExternKind
    description: bytes
    raw: bytes
    type_index: int | None
    limits: Limits | None


@dataclass(frozen=True, slots=True)
class Export:
    """One export."""

    name: str
    kind: ExternKind
    index: int


@dataclass(frozen=True, slots=True)
class Table:
    """A defined table; ``raw_initial`` is its encoded initial value, if it has one."""

    element_type: bytes
    limits: Limits
    raw_initial: bytes | None


@dataclass(frozen=True, slots=True)
class ConstantExpression:
    """A constant expression: encoded, with its value if it is a single ``i32.const`` (signed)."""

    raw: bytes
    i32: int | None


@dataclass(frozen=True, slots=True)
class Global:
    """A defined global."""

    value_type: bytes
    mutable: bool
    initial: ConstantExpression


@dataclass(frozen=True, slots=True)
class Element:
    """An element segment; a function index is None where an expression is not a plain ``ref.func``."""

    mode: SegmentMode
    table: int
    offset: ConstantExpression | None
    functions: tuple[int | None, ...]


@dataclass(frozen=True, slots=True)
class DataSegment:
    """A data segment; its bytes lie at ``[start, end)`` of the module."""

    mode: SegmentMode
    memory: int
    offset: ConstantExpression | None
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Module:
    """A binary and its sections in order."""

    data: bytes
    sections: tuple[Section, ...]

    def find(self, identifier: SectionId) -> Section | None:
        """The section of this kind, if there is one; not for custom sections."""
        return next((item for item in self.sections if item.identifier is identifier), None)

    def payload(self, identifier: SectionId) -> bytes:
        """A section's payload; that of an empty vector if the section is absent."""
        found = self.find(identifier)
        return b"\0" if found is None else self.data[found.start : found.end]

    def _items(self, identifier: SectionId, item: Callable[[Reader], T]) -> tuple[T, ...]:
        found = self.find(identifier)
        if found is None:
            return ()
        reader = Reader(self.data, found.start, found.end)
        items = reader.vector(item)
        reader.finish(f"the {identifier.name.lower()} section")
        return items

    def types(self) -> tuple[FunctionType | None, ...]:
        """All types by index; None for those that are no function types."""
        return tuple(entry for group in self._items(SectionId.TYPE, _recursion_group) for entry in group)

    def type_entries(self) -> int:
        """How many entries the type section has; a recursion group is one entry with several types."""
        found = self.find(SectionId.TYPE)
        return 0 if found is None else Reader(self.data, found.start, found.end).count()

    def imports(self) -> tuple[Import, ...]:
        """All imports."""
        return self._items(SectionId.IMPORT, _import)

    def functions(self) -> tuple[int, ...]:
        """The type index of each defined function."""
        return self._items(SectionId.FUNCTION, Reader.u32)

    def tables(self) -> tuple[Table, ...]:
        """The defined tables."""
        return self._items(SectionId.TABLE, _table)

    def memories(self) -> tuple[Limits, ...]:
        """The defined memories."""
        return self._items(SectionId.MEMORY, _limits)

    def tags(self) -> tuple[int, ...]:
        """The type index of each defined tag."""
        return self._items(SectionId.TAG, _tag)

    def globals(self) -> tuple[Global, ...]:
        """The defined globals."""
        return self._items(SectionId.GLOBAL, _global)

    def exports(self) -> tuple[Export, ...]:
        """All exports."""
        return self._items(SectionId.EXPORT, _export)

    def elements(self) -> tuple[Element, ...]:
        """The element segments."""
        return self._items(SectionId.ELEMENT, _element)

    def data_segments(self) -> tuple[DataSegment, ...]:
        """The data segments."""
        return self._items(SectionId.DATA, _data_segment)

    def body_count(self) -> int:
        """How many bodies the code section has."""
        found = self.find(SectionId.CODE)
        return 0 if found is None else Reader(self.data, found.start, found.end).count()


def parse(data: bytes) -> Module:
    """Split a binary into sections.

    Raises:
        FormatError: it is no WebAssembly module, or its sections overrun, repeat or are out of order.
    """
    if data[: len(HEADER)] != HEADER:
        raise FormatError(
            "not a WebAssembly module of version 1", expected=HEADER.hex(), found=data[: len(HEADER)].hex()
        )
    reader = Reader(data, len(HEADER))
    sections: list[Section] = []
    last = -1
    while reader.remaining:
        identifier = _enum(SectionId, reader.byte(), "section")
        size = reader.u32()
        start = reader.skip(size)
        if identifier is not SectionId.CUSTOM:
            place = _ORDER[identifier]
            if place <= last:
                raise FormatError("a WebAssembly section is repeated or out of order", found=identifier.name)
            last = place
        sections.append(Section(identifier, start, start + size))
    return Module(data, tuple(sections))


E_ = TypeVar("E_", bound=enum.IntEnum)


def _enum(kind: type[E_], value: int, what: str) -> E_:
    try:
        return kind(value)
    except ValueError:
        raise FormatError(f"unknown kind of WebAssembly {what}", found=value) from None


def _heap_type(reader: Reader) -> None:
    reader.signed(33)


def _value_type(reader: Reader) -> bytes:
    """A value type, encoded; ``(ref null? heap)`` takes several bytes."""
    start = reader.position
    code = reader.byte()
    if code in (0x63, 0x64):
        _heap_type(reader)
    elif not 0x65 <= code <= 0x7F:
        raise FormatError("unknown WebAssembly value type", found=f"{code:#x} at byte {start}")
    return reader.data[start : reader.position]


def _storage_type(reader: Reader) -> None:
    _value_type(reader)
    if reader.byte() > 1:
        raise FormatError("bad mutability of a field", found=f"before byte {reader.position}")


def _composite_type(reader: Reader) -> FunctionType | None:
    code = reader.byte()
    if code == 0x60:
        return FunctionType(reader.vector(_value_type), reader.vector(_value_type))
    if code == 0x5F:
        reader.vector(_storage_type)
        return None
    if code == 0x5E:
        _storage_type(reader)
        return None
    raise FormatError("unknown WebAssembly type", found=f"{code:#x} before byte {reader.position}")


def _sub_type(reader: Reader) -> FunctionType | None:
    if reader.peek() in (0x50, 0x4F):
        reader.byte()
        reader.vector(Reader.u32)
    return _composite_type(reader)


def _recursion_group(reader: Reader) -> tuple[FunctionType | None, ...]:
    if reader.peek() == 0x4E:
        reader.byte()
        return reader.vector(_sub_type)
    return (_sub_type(reader),)


def _limits(reader: Reader) -> Limits:
    flags = reader.byte()
    if flags > 1:
        raise FormatError("unsupported WebAssembly limits", expected="32-bit and unshared", found=f"flags {flags:#x}")
    minimum = reader.u32()
    maximum = reader.u32() if flags else None
    if maximum is not None and maximum < minimum:
        raise FormatError("a maximum below the minimum", found=f"{maximum} < {minimum}")
    return Limits(minimum, maximum)


def _import(reader: Reader) -> Import:
    start = reader.position
    module, name = reader.name(), reader.name()
    kind = _enum(ExternKind, reader.byte(), "import")
    begin = reader.position
    type_index: int | None = None
    limits: Limits | None = None
    if kind is ExternKind.FUNCTION:
        type_index = reader.u32()
    elif kind is ExternKind.TABLE:
        _value_type(reader)
        limits = _limits(reader)
    elif kind is ExternKind.MEMORY:
        limits = _limits(reader)
    elif kind is ExternKind.GLOBAL:
        _storage_type(reader)
    else:
        reader.byte()
        type_index = reader.u32()
    end = reader.position
    return Import(module, name, kind, reader.data[begin:end], reader.data[start:end], type_index, limits)


def _export(reader: Reader) -> Export:
    return Export(reader.name(), _enum(ExternKind, reader.byte(), "export"), reader.u32())


def _tag(reader: Reader) -> int:
    if reader.byte() != 0:
        raise FormatError("unknown kind of tag", found=f"before byte {reader.position}")
    return reader.u32()


def _table(reader: Reader) -> Table:
    has_initial = reader.peek() == 0x40
    if has_initial:
        reader.byte()
        if reader.byte() != 0:
            raise FormatError("bad WebAssembly table", found=f"before byte {reader.position}")
    element_type = _value_type(reader)
    limits = _limits(reader)
    return Table(element_type, limits, _constant(reader).raw if has_initial else None)


def _global(reader: Reader) -> Global:
    value_type = _value_type(reader)
    mutability = reader.byte()
    if mutability > 1:
        raise FormatError("bad mutability of a global", found=mutability)
    return Global(value_type, mutability == 1, _constant(reader))


# Operators of constant expressions without an immediate: i32 and i64 add, sub, mul.
_PLAIN_OPERATORS: Final = frozenset((0x6A, 0x6B, 0x6C, 0x7C, 0x7D, 0x7E))


def _constant(reader: Reader) -> ConstantExpression:
    start = reader.position
    value: int | None = None
    steps = 0
    while True:
        code = reader.byte()
        if code == 0x0B:
            break
        steps += 1
        value = None
        if code == 0x41:
            value = reader.signed(32)
        elif code == 0x42:
            reader.signed(64)
        elif code in (0x43, 0x44):
            reader.skip(4 if code == 0x43 else 8)
        elif code in (0x23, 0xD2):
            reader.u32()
        elif code == 0xD0:
            _heap_type(reader)
        elif code not in _PLAIN_OPERATORS:
            raise FormatError("unsupported operator in a constant expression", found=f"{code:#x}")
    return ConstantExpression(reader.data[start : reader.position], value if steps == 1 else None)


def _function_expression(reader: Reader) -> int | None:
    is_function = reader.peek() == 0xD2
    raw = _constant(reader).raw
    if not is_function:
        return None
    inner = Reader(raw, 1)
    index = inner.u32()
    return index if inner.remaining == 1 else None


def _element(reader: Reader) -> Element:
    flags = reader.u32()
    if flags > 7:
        raise FormatError("unknown kind of element segment", found=flags)
    mode = SegmentMode.ACTIVE if not flags & 1 else SegmentMode.DECLARED if flags & 2 else SegmentMode.PASSIVE
    active = mode is SegmentMode.ACTIVE
    table = reader.u32() if active and flags & 2 else 0
    offset = _constant(reader) if active else None
    if flags & 3:  # the short forms, 0 and 4, leave the element type out
        if flags & 4:
            _value_type(reader)
        elif reader.byte() != 0:
            raise FormatError("unknown kind of element", found=f"before byte {reader.position}")
    functions: tuple[int | None, ...]
    functions = reader.vector(_function_expression) if flags & 4 else reader.vector(Reader.u32)
    return Element(mode, table, offset, functions)


def _data_segment(reader: Reader) -> DataSegment:
    flags = reader.u32()
    if flags > 2:
        raise FormatError("unknown kind of data segment", found=flags)
    memory = reader.u32() if flags == 2 else 0
    offset = None if flags == 1 else _constant(reader)
    size = reader.u32()
    start = reader.skip(size)
    mode = SegmentMode.PASSIVE if flags == 1 else SegmentMode.ACTIVE
    return DataSegment(mode, memory, offset, start, start + size)
