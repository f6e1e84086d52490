"""Moving whole function bodies from one module into another: every index in them is renumbered.

The counterpart of instructions.py for side modules, whose code is megabytes of any instruction that compilers emit.
One regular expression runs over all that names nothing of the module, and reads of globals whose values are known by
then become constants.

Source: WebAssembly core specification 3.0, "Binary format: Instructions".
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from runtime_core.wasm.encoding import Reader, sleb, uleb
from schemas.errors import FormatError

_LEB: Final = rb"[\x80-\xff]*+[\x00-\x7f]"
_MEMORY_ARGUMENT: Final = rb"[\x00-\x3f]" + _LEB
"""Alignment and offset; bit 6 of the alignment would name a memory other than the first."""
_END: Final = 0x0B

# Instructions that name nothing that is renumbered; the frequent ones first. Tables and memories keep their index: a
# side module has but the ones it imports.
_SKIPPED: Final = re.compile(
    rb"(?:"
    + rb"|".join(
        (
            rb"[\x20-\x22\x0c\x0d\x41\x42]" + _LEB,
            rb"[\x28-\x3e]" + _MEMORY_ARGUMENT,
            rb"[\x00\x01\x05\x0a\x0b\x0f\x1a\x1b\x45-\xc4\xd1\xd3\xd4]",
            rb"[\x02-\x04](?:[\x40\x65-\x7f]|[\x63\x64][\x65-\x7f])",
            rb"[\x25\x26\x3f\x40]\x00",
            rb"[\xd5\xd6]" + _LEB,
            rb"\x1c\x01(?:[\x65-\x7f]|[\x63\x64][\x65-\x7f])",
            rb"\xd0[\x65-\x7f]",
            rb"\x43.{4}",
            rb"\x44.{8}",
            rb"\xfb[\x1a-\x1e]",
            rb"\xfc(?:[\x00-\x07]|\x0a\x00\x00|\x0b\x00|\x0e\x00\x00|[\x0f-\x11]\x00)",
            rb"\xfd(?:[\x00-\x0b\x5c\x5d]" + _MEMORY_ARGUMENT,
            rb"[\x0c\x0d].{16}",
            rb"[\x15-\x22].",
            rb"[\x54-\x5b]" + _MEMORY_ARGUMENT + rb".",
            rb"[\x0e-\x14\x23-\x53\x5e-\x7f]",
            rb"[\x80-\xff][\x01-\x02])",
            rb"\xfe(?:[\x00-\x02\x10-\x4e]" + _MEMORY_ARGUMENT + rb"|\x03\x00)",
        )
    )
    + rb")*+",
    re.DOTALL,
)
_NAMES_FUNCTION: Final = frozenset((0x10, 0x12, 0xD2))
_NAMES_TYPE_AND_TABLE: Final = frozenset((0x11, 0x13))
_NAMES_TYPE: Final = frozenset((0x14, 0x15))
_BLOCKS: Final = frozenset((0x02, 0x03, 0x04))
_GLOBAL_GET: Final = 0x23
_GLOBAL_SET: Final = 0x24
_THROW: Final = 0x08
_BRANCH_TABLE: Final = 0x0E
_TRY_TABLE: Final = 0x1F
_CATCHES_WITH_TAG: Final = frozenset((0, 1))
_LAST_CATCH: Final = 3
_REFERENCES: Final = (0x63, 0x64)
"""Before a heap type; those of one byte from 0x65 up name no type of the module."""
_FIRST_ABSTRACT: Final = 0x65
_LAST_ABSTRACT: Final = 0x7F
_REFERENCE_NULL: Final = 0xD0
_SELECT: Final = 0x1C
_AGGREGATES: Final = 0xFB
_TESTS_AND_CASTS: Final = range(0x14, 0x18)


@dataclass(frozen=True, kw_only=True, slots=True)
class Placement:
    """Where a module's items went.

    ``first_type`` is added to type indices. ``functions`` and ``tags`` are encoded new indices by old ones; ``reads``
    has the whole instruction that replaces ``global.get``, ``writes`` that for ``global.set``, None where a global
    became a constant.
    """

    first_type: int
    functions: Sequence[bytes]
    reads: Sequence[bytes]
    writes: Sequence[bytes | None]
    tags: Sequence[bytes]


def move_value_type(reader: Reader, first_type: int) -> bytes:
    """A value type, encoded, with its type of the module renumbered if it names one.

    Raises:
        FormatError: it is none.
    """
    kind = reader.byte()
    if kind in _REFERENCES:
        return bytes((kind,)) + _move_heap_type(reader, first_type)
    if not _FIRST_ABSTRACT <= kind <= _LAST_ABSTRACT:
        raise FormatError("a type that cannot be moved", found=f"{kind:#x} before byte {reader.position}")
    return bytes((kind,))


def _move_heap_type(reader: Reader, first_type: int) -> bytes:
    value = reader.signed(33)
    return sleb(value if value < 0 else value + first_type)


def move_code(data: bytes, start: int, end: int, placement: Placement) -> list[bytes]:
    """The bodies of a code section, ``data[start:end]``, renumbered, each with its size.

    Raises:
        FormatError: not a code section, or it has instructions that cannot be moved, or names what is not there.
    """
    reader = Reader(data, start, end)
    bodies = []
    mover = _Mover(data, placement)
    for _ in range(reader.count()):
        size = reader.u32()
        first = reader.skip(size)
        body = mover.move(first, first + size)
        bodies.append(uleb(len(body)) + body)
    reader.finish("the code section")
    return bodies


class _Mover:
    def __init__(self, data: bytes, placement: Placement) -> None:
        self._data = data
        self._placement = placement

    def move(self, start: int, end: int) -> bytes:
        data, placement, skip = self._data, self._placement, _SKIPPED.match
        functions, reads = placement.functions, placement.reads
        reader = Reader(data, start, end)
        parts = [self._locals(reader)]
        kept = reader.position
        position = reader.position
        try:
            while True:
                found = skip(data, position, end)
                begin = position = found.end() if found else position
                if position >= end:
                    break
                opcode = data[position]
                reader.position = position + 1
                if opcode in _NAMES_FUNCTION:
                    moved = data[begin : begin + 1] + functions[reader.u32()]
                elif opcode == _GLOBAL_GET:
                    moved = reads[reader.u32()]
                else:
                    moved = self._other(opcode, reader)
                parts += (data[kept:begin], moved)
                kept = position = reader.position
        except IndexError as error:
            raise FormatError("code names what its module does not have", found=f"before byte {position}") from error
        if position != end or data[end - 1] != _END:
            raise FormatError("a function's code has no end", found=f"at byte {end}")
        parts.append(data[kept:end])
        return b"".join(parts)

    def _locals(self, reader: Reader) -> bytes:
        groups = [
            uleb(reader.u32()) + move_value_type(reader, self._placement.first_type) for _ in range(reader.count())
        ]
        return uleb(len(groups)) + b"".join(groups)

    def _other(self, opcode: int, reader: Reader) -> bytes:
        """The less frequent instructions that name something."""
        placement = self._placement
        if opcode in _NAMES_TYPE_AND_TABLE:
            moved = uleb(placement.first_type + reader.u32())
            if reader.byte() != 0:
                raise FormatError("code names a table other than the first", found=f"before byte {reader.position}")
            return bytes((opcode,)) + moved + b"\0"
        if opcode in _BLOCKS:
            return bytes((opcode,)) + self._block_type(reader)
        if opcode == _GLOBAL_SET:
            written = placement.writes[reader.u32()]
            if written is None:
                raise FormatError("code writes an address that is a constant", found=f"before byte {reader.position}")
            return written
        if opcode == _THROW:
            return bytes((opcode,)) + placement.tags[reader.u32()]
        if opcode in _NAMES_TYPE:
            return bytes((opcode,)) + uleb(placement.first_type + reader.u32())
        if opcode == _REFERENCE_NULL:
            return bytes((opcode,)) + _move_heap_type(reader, placement.first_type)
        begin = reader.position
        if opcode == _SELECT:
            types = [move_value_type(reader, placement.first_type) for _ in range(reader.count())]
            return bytes((opcode,)) + uleb(len(types)) + b"".join(types)
        if opcode == _AGGREGATES and reader.peek() in _TESTS_AND_CASTS:
            return bytes((opcode, reader.byte())) + _move_heap_type(reader, placement.first_type)
        if opcode == _BRANCH_TABLE:
            reader.vector(Reader.u32)
            reader.u32()
            return bytes((opcode,)) + reader.data[begin : reader.position]
        if opcode == _TRY_TABLE:
            block = self._block_type(reader)
            catches = [self._catch(reader) for _ in range(reader.count())]
            return b"".join((bytes((opcode,)), block, uleb(len(catches)), *catches))
        raise FormatError("cannot move an instruction", found=f"{opcode:#x} at byte {begin - 1}")

    def _block_type(self, reader: Reader) -> bytes:
        if reader.peek() in _REFERENCES:
            return move_value_type(reader, self._placement.first_type)
        value = reader.signed(33)
        return sleb(value if value < 0 else value + self._placement.first_type)

    def _catch(self, reader: Reader) -> bytes:
        kind = reader.byte()
        if kind > _LAST_CATCH:
            raise FormatError("unknown kind of catch", found=f"{kind} before byte {reader.position}")
        tag = self._placement.tags[reader.u32()] if kind in _CATCHES_WITH_TAG else b""
        return bytes((kind,)) + tag + uleb(reader.u32())
