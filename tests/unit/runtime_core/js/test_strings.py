"""Strings between guest memory and the host, and names of attributes."""

from __future__ import annotations

import pytest

from runtime_core.js.strings import attribute_name, encode_python


@pytest.mark.parametrize(
    ("text", "data", "largest"),
    [
        ("", b"", 127),
        ("abc", b"abc", 127),
        ("é", b"\xe9", 0xE9),
        ("☃", b"\x03\x26", 0x2603),
        ("\ud800", b"\x00\xd8", 0xD800),
        ("😀", b"\x00\xf6\x01\x00", 0x1F600),
        ("a😀", b"a\0\0\0\x00\xf6\x01\x00", 0x1F600),
    ],
)
def test_strings_are_laid_out_as_cpython_does(text: str, data: bytes, largest: int) -> None:
    assert encode_python(text) == (data, largest)


@pytest.mark.parametrize(
    ("name", "attribute"),
    [("x", "x"), ("from", "from"), ("from_", "from"), ("from__", "from_"), ("x_", "x_"), ("_", "_"), ("None_", "None")],
)
def test_reserved_words_lose_one_underscore(name: str, attribute: str) -> None:
    assert attribute_name(name) == attribute
