from __future__ import annotations

import pytest

from runtime_core.workerd.profile import SupportFile
from runtime_core.workerd.support_files import find_files
from schemas.digest import Digest
from schemas.errors import FormatError

FIRST = b"# the first file\n" * 20
SECOND = b"# the second\n" * 31
EMPTY = SupportFile(name="__init__.py", size=0)


def described(name: str, data: bytes) -> SupportFile:
    return SupportFile(name=name, size=len(data), digest=Digest.of(data))


WANTED = (EMPTY, described("first.py", FIRST), described("second.py", SECOND))


def program(*contents: bytes, shift: int = 0) -> bytes:
    """A program with the contents on 8-byte boundaries, moved by ``shift``."""
    data = bytearray(b"\x7fELF" + bytes(4 + shift))
    for content in contents:
        data += b"code\x01\x02\x03\0" + content + bytes(-len(content) % 8 or 8)
    return bytes(data)


def test_finds_files_in_wanted_order() -> None:
    found = find_files(program(SECOND, FIRST), WANTED)
    assert list(found.items()) == [("__init__.py", b""), ("first.py", FIRST), ("second.py", SECOND)]


def test_finds_file_behind_other_bytes_of_its_run() -> None:
    found = find_files(program(b"x" * 64 + FIRST, SECOND), WANTED)
    assert found["first.py"] == FIRST


def test_reads_views() -> None:
    assert find_files(memoryview(program(FIRST, SECOND)), WANTED)["second.py"] == SECOND


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", "an empty program"),
        (program(FIRST), "one file is missing"),
        (program(FIRST, SECOND[:-1]), "one is cut off"),
        (program(FIRST, SECOND.replace(b"s", b"S", 1)), "one differs"),
        (program(FIRST, SECOND, shift=1), "none stands on a boundary"),
    ],
)
def test_refuses_other_programs(data: bytes, reason: str) -> None:
    with pytest.raises(FormatError, match="does not contain the expected"):
        find_files(data, WANTED)
