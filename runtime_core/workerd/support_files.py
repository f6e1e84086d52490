"""Finding the files of workerd's ``_cloudflare`` package in workerd's own program.

They are Cloudflare's and not part of this project. In the program they stand as they are, from an 8-byte boundary on
and with zeros up to the next; which run of bytes is which file follows from size and digest.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from runtime_core.workerd.profile import SupportFile, WorkerdProfile
from schemas.digest import Digest
from schemas.errors import FormatError


def find_support_files(
    program: bytes | memoryview, profile: WorkerdProfile, *, process_pth_files: bool = False
) -> dict[str, bytes]:
    """The files by name, in the order in which workerd writes them.

    ``process_pth_files`` is the flag under which workerd leaves the last one out.

    Raises:
        FormatError: the program does not contain one of them, so it is another version.
    """
    wanted = profile.support_files[:-1] if process_pth_files else profile.support_files
    by_size = {file.size: file for file in wanted if file.digest is not None}
    found: dict[str, bytes] = {}
    for text in _runs(program, min(by_size)):
        for size, file in by_size.items():
            data = text[-size:]
            if file.name not in found and len(data) == size and Digest.of(data) == file.digest:
                found[file.name] = data
        if len(found) == len(by_size):
            break
    return {file.name: _content(file, found) for file in wanted}


def _runs(program: bytes | memoryview, shortest: int) -> Iterator[bytes]:
    """Every run of bytes other than 0 that is long enough; a file ends where its run does."""
    for match in re.finditer(rb"[^\0]{%d,}" % shortest, program):
        yield match.group()


def _content(file: SupportFile, found: dict[str, bytes]) -> bytes:
    if file.digest is None:
        return b""
    if file.name not in found:
        raise FormatError(
            f"workerd's program does not contain the expected {file.name}",
            expected=f"{file.size} bytes with sha256 {file.digest.hex}",
            hint="use the version of workerd that belongs to the profile",
        )
    return found[file.name]
