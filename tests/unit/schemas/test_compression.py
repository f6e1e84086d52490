"""zstd frames and deltas: whole frames only, and what is packed is unpacked."""

from __future__ import annotations

import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from schemas.compression import compress, decompress, zstd_version
from schemas.errors import FormatError

CONTENT = b"the same words again and again " * 200_000
FRAME = compress(CONTENT)
BASE = random.Random(1).randbytes(3_000_000)
NEAR = BASE[:1_000_000] + b"new bytes" * 30 + BASE[1_000_100:]
DELTA = compress(NEAR, base=BASE)


def unpacked(data: bytes, *, base: bytes | None = None, step: int = 1 << 20) -> bytes:
    pieces = list(decompress((data[at : at + step] for at in range(0, len(data), step)), base=base))
    assert all(0 < len(piece) <= 1 << 20 for piece in pieces)
    return b"".join(pieces)


@pytest.mark.parametrize("step", [1, 7, 1000, 1 << 20])
def test_a_frame_is_unpacked_in_bounded_pieces_however_it_arrives(step: int) -> None:
    assert unpacked(FRAME, step=step) == CONTENT
    assert unpacked(DELTA, base=BASE, step=step) == NEAR


def test_a_delta_is_as_long_as_what_is_new() -> None:
    assert len(DELTA) < 1000
    assert unpacked(compress(b"", base=BASE), base=BASE) == b""
    assert unpacked(compress(b"")) == b""


def test_equal_input_gives_equal_bytes() -> None:
    assert compress(NEAR, base=BASE) == DELTA
    assert compress(CONTENT) == FRAME
    assert zstd_version()


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", "nothing"),
        (b"not zstd at all", "another format"),
        (FRAME[:-1], "cut off"),
        (FRAME + b"x", "a byte after the frame"),
        (FRAME + FRAME, "two frames"),
        (bytes([FRAME[0] ^ 1]) + FRAME[1:], "a flipped bit of the magic number"),
        (bytes.fromhex("28b52ffd00a800000100"), "a window of 2 GiB"),
    ],
)
@pytest.mark.parametrize("step", [1, 1 << 20])
def test_anything_else_is_refused(data: bytes, reason: str, step: int) -> None:
    with pytest.raises(FormatError):
        unpacked(data, step=step)
    assert reason


@pytest.mark.parametrize(
    ("base", "reason"),
    [
        (None, "no base"),
        (BASE[::-1], "another base"),
        (BASE[:100], "a shorter base"),
        (b"short", "too short for any base"),
    ],
)
def test_another_base_gives_other_bytes_or_an_error(base: bytes | None, reason: str) -> None:
    try:
        found = unpacked(DELTA, base=base)
    except FormatError:
        return
    assert found != NEAR, reason


@settings(max_examples=200, deadline=None)
@given(st.integers(0, len(DELTA) - 1), st.integers(1, 255), st.integers(0, len(DELTA)))
def test_a_damaged_delta_gives_bytes_or_one_kind_of_error(at: int, change: int, cut: int) -> None:
    damaged = bytearray(DELTA)
    damaged[at] ^= change
    for data in (bytes(damaged), DELTA[:cut]):
        size = 0
        try:
            for piece in decompress([data], base=BASE):
                size += len(piece)
                if size > 2 * len(NEAR):
                    break  # whoever unpacks stops at the size that the manifest names
        except FormatError:
            pass
