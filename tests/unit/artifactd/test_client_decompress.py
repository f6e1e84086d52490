"""zstd artifacts: whole frames only."""

from __future__ import annotations

from pathlib import Path

import pytest
from backports import zstd

from artifactd.client.decompress import decompress
from schemas.errors import FormatError

CONTENT = b"the same words again and again " * 200_000
FRAME = zstd.compress(CONTENT)


def test_a_frame_is_decompressed_in_bounded_pieces(tmp_path: Path) -> None:
    path = tmp_path / "frame"
    path.write_bytes(FRAME)
    pieces = list(decompress(path))
    assert b"".join(pieces) == CONTENT
    assert max(map(len, pieces)) <= 1 << 20


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", "nothing"),
        (b"not zstd at all", "another format"),
        (FRAME[:-1], "cut off"),
        (FRAME + b"x", "a byte after the frame"),
        (FRAME + FRAME, "two frames"),
        (bytes([FRAME[0] ^ 1]) + FRAME[1:], "a flipped bit of the magic number"),
    ],
)
def test_anything_else_is_refused(tmp_path: Path, data: bytes, reason: str) -> None:
    path = tmp_path / "frame"
    path.write_bytes(data)
    with pytest.raises(FormatError):
        list(decompress(path))
    assert reason
