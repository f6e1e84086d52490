"""Function bodies, instruction by instruction: redirecting calls and moving code between modules.

Two passes with different needs share one table of encodings. :func:`redirect_calls` works on millions of bytes of
Pyodide's main module and changes a handful of calls: one regular expression runs over everything else.
:func:`relocate` moves the few hundred instructions of the runtime's own functions (interface.py) and renumbers all
they refer to. Both refuse what they do not know, and both check that a body ends where its size says.

Source: WebAssembly core specification 3.0, "Binary format: Instructions".
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from runtime_core.wasm.encoding import Reader, sleb, uleb
from schemas.errors import FormatError

_LEB: Final = rb"[\x80-\xff]*+[\x00-\x7f]"
_MEMORY_ARGUMENT: Final = rb"[\x00-\x3f]" + _LEB
"""Alignment and offset; bit 6 of the alignment would name a memory other than the first."""

_CALL: Final = 0x10
_TRY_TABLE: Final = 0x1F
_BRANCH_TABLE: Final = 0x0E

# Every instruction but those that name a function and those whose length a regular expression cannot count.
_SKIPPED: Final = (
    rb"[\x00\x01\x05\x0a\x0b\x0f\x1a\x1b\x45-\xc4\xd1\xd3\xd4]",
    rb"[\x02-\x04](?:[\x63\x64]" + _LEB + rb"|" + _LEB + rb")",
    rb"[\x08\x0c\x0d\x14\x15\x20-\x26\x3f-\x42\xd0\xd5\xd6]" + _LEB,
    rb"[\x28-\x3e]" + _MEMORY_ARGUMENT,
    rb"[\x11\x13]" + _LEB + _LEB,
    rb"\x1c\x01[\x65-\x7f]",
    rb"\x43.{4}",
    rb"\x44.{8}",
    rb"\xfb(?:[\x14-\x17]" + _LEB + rb"|[\x1a-\x1e])",
    rb"\xfc(?:[\x00-\x07]|[\x08\x0a\x0c\x0e]" + _LEB + _LEB + rb"|[\x09\x0b\x0d\x0f-\x11]" + _LEB + rb")",
    # Vectors: loads and stores, constants and shuffles, lanes, loads and stores of lanes, the rest.
    rb"\xfd(?:[\x00-\x0b\x5c\x5d]" + _MEMORY_ARGUMENT,
    rb"[\x0c\x0d].{16}",
    rb"[\x15-\x22].",
    rb"[\x54-\x5b]" + _MEMORY_ARGUMENT + rb".",
    rb"[\x0e-\x14\x23-\x53\x5e-\x7f]",
    rb"[\x80-\xff][\x01-\x02])",
)


def redirect_calls(data: bytes, start: int, end: int, targets: Mapping[int, int]) -> bytes:
    """The payload of a code section, ``data[start:end]``, with each ``call`` of a key of ``targets`` naming its value.

    Raises:
        FormatError: not a code section, or with instructions that are not known here.
    """
    names = rb"(?:" + b"|".join(re.escape(uleb(index)) for index in sorted(targets)) + rb")"
    suspect = re.compile(rb"[\x10\x12\xd2]" + names)
    alternatives = (*_SKIPPED, rb"[\x10\x12\xd2](?!" + names + rb")" + _LEB)
    skip = re.compile(rb"(?:" + b"|".join(alternatives) + rb")*+", re.DOTALL)
    reader = Reader(data, start, end)
    parts = [uleb(reader.count())]
    kept = reader.position
    while reader.remaining:
        before = reader.position
        size = reader.u32()
        first = reader.skip(size)
        if suspect.search(data, first, first + size) is None:
            continue
        body = _redirect(data, first, first + size, skip, targets)
        if body is not None:
            parts += (data[kept:before], uleb(len(body)), body)
            kept = reader.position
    parts.append(data[kept:end])
    return b"".join(parts)


def _redirect(data: bytes, start: int, end: int, skip: re.Pattern[bytes], targets: Mapping[int, int]) -> bytes | None:
    """One body; None if it calls none of the targets."""
    reader = Reader(data, start, end)
    for _ in range(reader.count()):
        reader.u32()
        _skip_value_type(reader)
    parts: list[bytes] = []
    kept = start
    while True:
        found = skip.match(data, reader.position, end)
        reader.position = found.end() if found else reader.position
        if not reader.remaining:
            break
        opcode = reader.byte()
        if opcode == _CALL:
            parts.append(data[kept : reader.position])
            parts.append(uleb(targets[reader.u32()]))
            kept = reader.position
        elif opcode == _BRANCH_TABLE:
            reader.vector(Reader.u32)
            reader.u32()
        elif opcode == _TRY_TABLE:
            _skip_block_type(reader)
            reader.vector(_skip_catch)
        else:
            raise FormatError("cannot read a function's code", found=f"{opcode:#x} at byte {reader.position - 1}")
    if data[end - 1] != 0x0B:
        raise FormatError("a function's code has no end", found=f"at byte {end}")
    return b"".join((*parts, data[kept:end])) if parts else None


def _skip_value_type(reader: Reader) -> None:
    if reader.byte() in (0x63, 0x64):
        reader.signed(33)


def _skip_block_type(reader: Reader) -> None:
    if reader.peek() in (0x63, 0x64):
        reader.byte()
    reader.signed(33)


def _skip_catch(reader: Reader) -> None:
    if reader.byte() < 2:  # the kinds 0 and 1 name a tag before the label
        reader.u32()
    reader.u32()


@dataclass(frozen=True, kw_only=True, slots=True)
class Renumbering:
    """New indices for old ones. ``types`` is added to a type index."""

    types: int
    functions: Mapping[int, int] = field(default_factory=dict)
    globals: Mapping[int, int] = field(default_factory=dict)


_PLAIN: Final = frozenset((0x00, 0x01, 0x05, 0x0B, 0x0F, 0x1A, 0x1B, 0xD1, *range(0x45, 0xC5)))
_ONE_INDEX: Final = frozenset((0x0C, 0x0D, 0x20, 0x21, 0x22))
_BLOCKS: Final = frozenset((0x02, 0x03, 0x04))


def relocate(body: bytes, numbers: Renumbering) -> bytes:
    """A function's body, without its size, for another module.

    Only what the runtime's own functions are made of is known: integers, locals, globals, calls, blocks, loads and
    stores of the first memory, i31 references.

    Raises:
        FormatError: the body has another instruction, or refers to something that has no new index.
    """
    reader = Reader(body)
    for _ in range(reader.count()):
        reader.u32()
        _skip_value_type(reader)
    parts = [body[: reader.position]]
    while reader.remaining:
        begin = reader.position
        opcode = reader.byte()
        renumbered: bytes | None = None
        if opcode in (_CALL, 0x23, 0x24):
            table = numbers.functions if opcode == _CALL else numbers.globals
            index = reader.u32()
            if index not in table:
                raise FormatError("code refers to what was not given a new index", found=f"{opcode:#x} {index}")
            renumbered = uleb(table[index])
        elif opcode in _BLOCKS:
            block = reader.signed(33)
            renumbered = sleb(block + numbers.types if block >= 0 else block)
        else:
            _skip_operands(reader, opcode)
        parts.append(body[begin : reader.position] if renumbered is None else bytes((opcode,)) + renumbered)
    return b"".join(parts)


def _skip_operands(reader: Reader, opcode: int) -> None:
    if opcode in _PLAIN:
        return
    if opcode in _ONE_INDEX:
        reader.u32()
    elif opcode in (0x41, 0xD0):
        reader.signed(33)
    elif opcode == 0x42:
        reader.signed(64)
    elif opcode in (0x43, 0x44):
        reader.skip(4 if opcode == 0x43 else 8)
    elif 0x28 <= opcode <= 0x3E and reader.byte() < 0x40:
        reader.u32()
    elif opcode == 0xFC:
        if (kind := reader.u32()) > 7:  # the rest works on memories and tables
            raise FormatError("cannot relocate an instruction", found=f"0xfc {kind:#x}")
    elif opcode == 0xFB:
        kind = reader.u32()
        if 0x14 <= kind <= 0x17:
            reader.signed(33)
        elif not 0x1A <= kind <= 0x1E:
            raise FormatError("cannot relocate an instruction", found=f"0xfb {kind:#x}")
    else:
        raise FormatError("cannot relocate an instruction", found=f"{opcode:#x} before byte {reader.position}")
