"""Digests and the reader that checks them."""

from __future__ import annotations

import hashlib

import pytest

from schemas.digest import Digest, HashingReader
from schemas.errors import DigestMismatchError, FormatError, SizeMismatchError

HEX = hashlib.sha256(b"abc").hexdigest()


def test_text_form_round_trip() -> None:
    digest = Digest.parse(f"sha256:{HEX}")
    assert digest == Digest.of(b"abc") == Digest.of(bytearray(b"abc")) == Digest.of(memoryview(b"abc"))
    assert str(digest) == f"sha256:{HEX}"
    assert digest.short == HEX[:12]


@pytest.mark.parametrize(
    ("reason", "text"),
    [
        ("empty", ""),
        ("no algorithm", HEX),
        ("another algorithm", f"sha512:{HEX}"),
        ("capitals", f"sha256:{HEX.upper()}"),
        ("too short", f"sha256:{HEX[:-1]}"),
        ("too long", f"sha256:{HEX}0"),
        ("space before", f" sha256:{HEX}"),
        ("newline after", f"sha256:{HEX}\n"),
        ("not hex", "sha256:" + "g" * 64),
        ("digits of another script", "sha256:" + "٣" * 64),
    ],
)
def test_other_forms_are_refused(reason: str, text: str) -> None:
    with pytest.raises(FormatError):
        Digest.parse(text)


@pytest.mark.parametrize("chunks", [[b"abc"], [b"a", b"", b"bc"], [b"a", b"b", b"c", b""]])
def test_reader_passes_chunks_through(chunks: list[bytes]) -> None:
    assert list(HashingReader(chunks, digest=Digest.of(b"abc"), size=3)) == chunks


@pytest.mark.parametrize(
    ("reason", "chunks", "error"),
    [
        ("nothing", [], SizeMismatchError),
        ("too few", [b"ab"], SizeMismatchError),
        ("too many", [b"abc", b"d"], SizeMismatchError),
        ("other bytes", [b"abd"], DigestMismatchError),
        ("other order", [b"c", b"b", b"a"], DigestMismatchError),
    ],
)
def test_reader_refuses_other_bytes(reason: str, chunks: list[bytes], error: type[Exception]) -> None:
    with pytest.raises(error):
        list(HashingReader(chunks, digest=Digest.of(b"abc"), size=3))


def test_reader_stops_an_endless_source() -> None:
    def endless() -> object:
        while True:
            yield b"x" * 1000

    with pytest.raises(SizeMismatchError, match="too many bytes"):
        for _ in HashingReader(endless(), digest=Digest.of(b""), size=5000):  # type: ignore[arg-type]
            pass
