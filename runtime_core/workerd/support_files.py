"""Finding workerd's own Python files in workerd's program: its ``_cloudflare`` package and its SDK.

They are Cloudflare's and not part of this project. In the program they stand as they are, from an 8-byte boundary on
and with zeros up to the next; which run of bytes is which file follows from size and digest.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Final

from runtime_core.workerd.profile import SupportFile
from schemas.digest import Digest
from schemas.errors import FormatError

_ALIGNMENT: Final = 8
_MARKS: Final = re.compile(rb"[^\0]{200,}")
"""Runs of bytes other than 0 that are long enough for the shortest file; a file ends where its run does."""


def find_files(program: bytes | memoryview, wanted: Sequence[SupportFile]) -> dict[str, bytes]:
    """The files by name, in the given order.

    Raises:
        FormatError: the program does not contain one of them, so it is another version.
    """
    missing = {file.name: file for file in wanted if file.digest is not None}
    found: dict[str, bytes] = {}
    for end, text in _runs(program):
        for file in tuple(missing.values()):
            data = text[-file.size :]
            if (end - file.size) % _ALIGNMENT == 0 and len(data) == file.size and Digest.of(data) == file.digest:
                found[file.name] = data
                del missing[file.name]
        if not missing:
            break
    for file in missing.values():
        raise FormatError(
            f"workerd's program does not contain the expected {file.name}",
            expected=f"{file.size} bytes with sha256 {file.digest.hex if file.digest else ''}",
            hint="use the version of workerd that belongs to the profile",
        )
    return {file.name: found.get(file.name, b"") for file in wanted}


def _runs(program: bytes | memoryview) -> Iterator[tuple[int, bytes]]:
    for match in _MARKS.finditer(program):
        yield match.end(), match.group()
