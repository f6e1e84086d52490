"""The message of a package set."""

from __future__ import annotations

import mmap
import tempfile

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.errors import FormatError
from schemas.python_packages import InstallDir, PackageFile, check_path, decode_packages, encode_packages

FILES = (
    PackageFile(install_dir=InstallDir.SITE, path="a/b.py", contents=b"x" * 1000),
    PackageFile(install_dir=InstallDir.DYNLIB, path="c.so", contents=b""),
    PackageFile(install_dir=InstallDir.STDLIB, path="ünï.py", contents=b"y"),
)


def test_what_was_written_is_read() -> None:
    data = encode_packages(FILES)
    found = decode_packages(data)
    assert [(file.install_dir, file.path, bytes(file.contents)) for file in found] == [
        (file.install_dir, file.path, bytes(file.contents)) for file in FILES
    ]
    assert encode_packages(found) == data
    assert decode_packages(encode_packages(())) == ()


def test_contents_are_views_that_keep_a_mapping_alive() -> None:
    with tempfile.TemporaryFile() as stream:
        stream.write(encode_packages(FILES))
        stream.flush()
        mapped = mmap.mmap(stream.fileno(), 0, access=mmap.ACCESS_READ)
        found = decode_packages(memoryview(mapped))
    with pytest.raises(BufferError):
        mapped.close()
    del mapped
    assert bytes(found[0].contents) == b"x" * 1000


@pytest.mark.parametrize(
    "path",
    [
        *(
            "",
            "/a",
            "a/../b",
            "./a",
            "a//b",
            "a/",
            "a\\b",
            "a\0",
            "..",
            "x" * 256,
            "é" * 128,
            "a/" * 64 + "a",
            "\udcff",
        ),
        *("a\nb", "\x1b[2J", "a\r", "\x7f", "\x9b2J"),
    ],
)
def test_refused_paths(path: str) -> None:
    with pytest.raises(FormatError):
        check_path(path)


@pytest.mark.parametrize("path", ["x" * 255, "é" * 127, "a/" * 63 + "a"])
def test_paths_as_long_as_they_may_be(path: str) -> None:
    check_path(path)


@given(st.binary(max_size=400))
def test_any_bytes_end_in_values_or_a_format_error(data: bytes) -> None:
    try:
        found = decode_packages(data)
    except FormatError:
        return
    assert isinstance(found, tuple)


@given(st.data())
def test_damaged_messages_end_in_values_or_a_format_error(data: st.DataObject) -> None:
    message = bytearray(encode_packages(FILES))
    for _ in range(data.draw(st.integers(1, 8))):
        message[data.draw(st.integers(0, len(message) - 1))] = data.draw(st.integers(0, 255))
    try:
        found = decode_packages(bytes(message))
        assert all(len(bytes(file.contents)) == len(file.contents) for file in found)
    except FormatError:
        pass
