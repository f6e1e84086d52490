"""Digests."""

from __future__ import annotations

import hashlib

import pytest

from schemas.digest import Digest
from schemas.errors import FormatError

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
