"""Snapshot images: a memory as a data-only module.

The module defines and exports the memory and fills it from one active segment. Once compiled it lies in a file that
every instance maps copy-on-write: instantiation copies nothing, and untouched pages are shared
(docs/adr/0008-code-image-and-snapshot-image.md).
"""

from __future__ import annotations

from typing import Final

from runtime_core.wasm.binary import ExternKind, SectionId
from runtime_core.wasm.encoding import HEADER, name, section, sleb, uleb, vector
from schemas.errors import FormatError

PAGE_BYTES: Final = 65536
MAX_PAGES: Final = 65536
MEMORY_EXPORT: Final = "memory"


def build_data_image(memory: bytes | bytearray | memoryview) -> bytes:
    """The module whose memory holds ``memory``; leading and trailing zeros are not stored. Deterministic.

    Raises:
        FormatError: the length is not a whole number of 64 KiB pages, or too large.
    """
    size = len(memory)
    stored = bytes(memory).rstrip(b"\0")
    end = len(stored)
    stored = stored.lstrip(b"\0")
    return _image(size, end - len(stored), stored)


def build_blank_image(size: int) -> bytes:
    """The module whose memory holds ``size`` zeros.

    Raises:
        FormatError: as for :func:`build_data_image`.
    """
    return _image(size, 0, b"")


def _image(size: int, start: int, stored: bytes) -> bytes:
    if size % PAGE_BYTES or size // PAGE_BYTES > MAX_PAGES:
        raise FormatError("not a WebAssembly memory", expected=f"at most {MAX_PAGES} pages of 64 KiB", found=size)
    limits = b"\x01" + uleb(size // PAGE_BYTES) + uleb(MAX_PAGES)
    parts = [
        HEADER,
        section(SectionId.MEMORY, vector([limits])),
        section(SectionId.EXPORT, vector([name(MEMORY_EXPORT) + bytes((ExternKind.MEMORY,)) + uleb(0)])),
    ]
    if stored:
        # An i32.const is signed: addresses of the upper half are written as negative numbers.
        address = start - (1 << 32) if start >> 31 else start
        segment = uleb(0) + b"\x41" + sleb(address) + b"\x0b" + uleb(len(stored)) + stored
        parts.append(section(SectionId.DATA, vector([segment])))
    return b"".join(parts)
