"""Any bytes decode as a manifest, a package lock or settings, or raise FormatError, nothing else."""

from __future__ import annotations

import contextlib
from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from schemas.config import decode_config, default_config, encode_config
from schemas.digest import Digest
from schemas.errors import FormatError
from schemas.pyodide_extra import PackageLock, decode_package_lock, encode_package_lock
from schemas.release import decode_manifest, encode_manifest
from tests.support.schema_samples import sample_manifest

Decoder = Callable[[bytes], object]
CASES: list[tuple[Decoder, bytes]] = [
    (decode_manifest, encode_manifest(sample_manifest())),
    (decode_package_lock, encode_package_lock(PackageLock(package_date="20250808", lock="{}"))),
    (decode_config, encode_config(default_config())),
]
IDS = ["manifest", "package lock", "config"]
# The words of a message are pointers or numbers: change some as a whole, or some of their bits.
words = st.integers(0, 2**64 - 1) | st.sampled_from([0, 1, 2**29 - 1, 2**32 - 1, 2**61, 2**64 - 1])
changes = st.lists(st.tuples(st.integers(0, 10_000), words), max_size=5)
flips = st.lists(st.integers(0, 100_000), max_size=8)


def decodes_or_is_refused(decode: Decoder, data: bytes) -> None:
    with contextlib.suppress(FormatError):
        decode(data)


def framed(body: list[int]) -> bytes:
    return bytes(4) + len(body).to_bytes(4, "little") + b"".join(word.to_bytes(8, "little") for word in body)


@pytest.mark.parametrize(("decode", "valid"), CASES, ids=IDS)
@given(data=st.binary(max_size=600) | st.lists(words, min_size=1, max_size=40).map(framed))
def test_any_bytes(decode: Decoder, valid: bytes, data: bytes) -> None:
    decodes_or_is_refused(decode, data)


@pytest.mark.parametrize(("decode", "valid"), CASES, ids=IDS)
@settings(max_examples=400)
@given(changes=changes, flips=flips, cut=st.integers(0, 2000))
def test_a_valid_message_with_changes_and_cuts(
    decode: Decoder, valid: bytes, changes: list[tuple[int, int]], flips: list[int], cut: int
) -> None:
    data = bytearray(valid)
    for at, word in changes:
        start = at % (len(data) // 8) * 8
        data[start : start + 8] = word.to_bytes(8, "little")
    for bit in flips:
        data[bit // 8 % len(data)] ^= 1 << bit % 8
    decodes_or_is_refused(decode, bytes(data))
    decodes_or_is_refused(decode, bytes(data[:cut]))


@given(st.text(max_size=80))
def test_any_text_as_digest(text: str) -> None:
    with contextlib.suppress(FormatError):
        assert str(Digest.parse(text)) == text
