"""LEB128, names and vectors."""

from __future__ import annotations

import pytest

from runtime_core.wasm.encoding import MAX_NAME_BYTES, Reader, name, section, sleb, uleb, vector
from schemas.errors import FormatError


@pytest.mark.parametrize(
    ("value", "encoded"), [(0, "00"), (127, "7f"), (128, "8001"), (624485, "e58e26"), (0xFFFFFFFF, "ffffffff0f")]
)
def test_unsigned(value: int, encoded: str) -> None:
    assert uleb(value).hex() == encoded
    assert Reader(bytes.fromhex(encoded)).u32() == value


@pytest.mark.parametrize(
    ("value", "encoded"),
    [(0, "00"), (-1, "7f"), (63, "3f"), (64, "c000"), (-64, "40"), (-123456, "c0bb78"), (-(1 << 31), "8080808078")],
)
def test_signed(value: int, encoded: str) -> None:
    assert sleb(value).hex() == encoded
    assert Reader(bytes.fromhex(encoded)).signed(32) == value


def test_unsigned_cannot_be_negative() -> None:
    with pytest.raises(ValueError, match="unsigned"):
        uleb(-1)


@pytest.mark.parametrize("encoded", ["8000", "808000", "8080808000"])
def test_padded_integers_are_read(encoded: str) -> None:
    assert Reader(bytes.fromhex(encoded)).u32() == 0


@pytest.mark.parametrize(
    ("encoded", "reason"),
    [
        ("", "nothing there"),
        ("80", "ends early"),
        ("ffffffff1f", "33 bits"),
        ("8080808080", "five continued bytes"),
        ("808080808000", "six bytes"),
    ],
)
def test_bad_unsigned(encoded: str, reason: str) -> None:
    with pytest.raises(FormatError):
        Reader(bytes.fromhex(encoded)).u32()
    assert reason


@pytest.mark.parametrize(
    ("encoded", "bits", "reason"),
    [
        ("ffffffff0f", 32, "above the signed range"),
        ("8080808070", 32, "below the signed range"),
        ("808080808000", 32, "too long"),
        ("80808080808080808001", 64, "beyond 64 bits"),
    ],
)
def test_bad_signed(encoded: str, bits: int, reason: str) -> None:
    with pytest.raises(FormatError):
        Reader(bytes.fromhex(encoded)).signed(bits)
    assert reason


def test_names() -> None:
    assert Reader(name("größe")).name() == "größe"


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"\x05abc", "longer than the data"),
        (b"\x02\xff\xfe", "not UTF-8"),
        (b"\x03\xed\xa0\x80", "a surrogate"),
        (uleb(MAX_NAME_BYTES + 1) + b"x" * (MAX_NAME_BYTES + 1), "too long"),
    ],
)
def test_bad_names(data: bytes, reason: str) -> None:
    with pytest.raises(FormatError):
        Reader(data).name()
    assert reason


def test_vectors_are_bounded_by_their_bytes() -> None:
    assert Reader(vector([b"\1", b"\2"])).vector(Reader.byte) == (1, 2)
    with pytest.raises(FormatError, match="more items than fit"):
        Reader(uleb(0xFFFFFFFF) + b"\0" * 10).vector(Reader.byte)


def test_reads_stop_at_the_end_of_their_window() -> None:
    reader = Reader(b"\1\2\3", 0, 2)
    assert reader.take(2) == b"\1\2"
    for read in (reader.byte, reader.u32, reader.peek, lambda: reader.take(1)):
        with pytest.raises(FormatError):
            read()
    reader.finish("it")
    with pytest.raises(FormatError, match="bytes after its end"):
        Reader(b"\0").finish("it")


def test_sections() -> None:
    assert section(1, b"abc") == b"\x01\x03abc"
