"""Modules with a section damaged, for tests with hostile libraries."""

from __future__ import annotations

import random
from collections.abc import Callable

from runtime_core.wasm import binary
from runtime_core.wasm.binary import SectionId
from runtime_core.wasm.encoding import HEADER, section

MUTATED = {
    "dylink": SectionId.CUSTOM,
    "type": SectionId.TYPE,
    "import": SectionId.IMPORT,
    "function": SectionId.FUNCTION,
    "global": SectionId.GLOBAL,
    "export": SectionId.EXPORT,
    "element": SectionId.ELEMENT,
    "code": SectionId.CODE,
    "data": SectionId.DATA,
}
"""The kinds of section that a side module has, by name."""


def mutated(source: random.Random, payload: bytes) -> bytes:
    """The payload with some bytes changed, inserted, repeated or left out."""
    data = bytearray(payload)
    for _ in range(source.choice((1, 1, 1, 2, 5))):
        at = source.randrange(len(data) + 1)
        choice = source.randrange(5)
        if choice == 0 and at < len(data):
            data[at] ^= 1 << source.randrange(8)
        elif choice == 1 and at < len(data):
            data[at] = source.choice((0, 1, 2, 0x3F, 0x40, 0x60, 0x70, 0x7F, 0x80, 0xFF))
        elif choice == 2:
            data[at:at] = source.randbytes(source.randrange(1, 5))
        elif choice == 3:
            del data[at : at + source.randrange(1, 9)]
        else:
            begin = source.randrange(len(data) + 1)
            data[at:at] = data[begin : begin + source.randrange(1, 17)]
    return bytes(data)


def with_section(module: bytes, identifier: SectionId, change: Callable[[bytes], bytes]) -> bytes:
    """The module with the payload of the first section of this kind changed, sizes put right."""
    parts, done = [HEADER], False
    for item in binary.parse(module).sections:
        payload = module[item.start : item.end]
        if item.identifier is identifier and not done:
            payload, done = change(payload), True
        parts.append(section(item.identifier, payload))
    assert done
    return b"".join(parts)
