"""Streams are checked for size and digest, small ones at once and large ones by a thread."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Iterator

import pytest

from schemas.digest import Digest
from schemas.errors import DigestMismatchError, ServiceUnavailableError, SizeMismatchError
from schemas.hashing_reader import HashingReader

LARGE = bytes(range(256)) * (5 * 4096)
SMALL = b"small"


def checked(chunks: Iterable[bytes | memoryview], data: bytes) -> Iterator[bytes | memoryview]:
    return iter(HashingReader(chunks, digest=Digest.of(data), size=len(data)))


def pieces(data: bytes) -> Iterator[memoryview]:
    view = memoryview(data)
    return (view[start : start + (1 << 20)] for start in range(0, len(view), 1 << 20))


@pytest.mark.parametrize("data", [SMALL, LARGE, b""], ids=["small", "large", "empty"])
def test_right_bytes_pass(data: bytes) -> None:
    assert b"".join(checked(pieces(data), data)) == data


@pytest.mark.parametrize("data", [SMALL, LARGE], ids=["small", "large"])
@pytest.mark.parametrize(
    ("change", "error", "reason"),
    [
        ("flip", DigestMismatchError, "one bit differs"),
        ("cut", SizeMismatchError, "one byte less"),
        ("grow", SizeMismatchError, "one byte more"),
    ],
)
def test_wrong_bytes_are_refused(data: bytes, change: str, error: type[Exception], reason: str) -> None:
    sent = {"flip": bytes([data[0] ^ 1]) + data[1:], "cut": data[:-1], "grow": data + b"x"}[change]
    with pytest.raises(error):
        list(checked(pieces(sent), data))
    assert reason


def test_an_error_of_the_source_passes_and_no_thread_stays() -> None:
    def broken() -> Iterator[bytes]:
        yield LARGE[:1000]
        raise ServiceUnavailableError("gone")

    with pytest.raises(ServiceUnavailableError):
        list(checked(broken(), LARGE))
    assert not [thread for thread in threading.enumerate() if thread.name == "sha256"]


def test_an_abandoned_stream_leaves_no_thread() -> None:
    stream = checked(pieces(LARGE), LARGE)
    next(iter(stream))
    stream.close()  # type: ignore[attr-defined]  # a generator, though the signature says iterator
    assert not [thread for thread in threading.enumerate() if thread.name == "sha256"]


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
    def endless() -> Iterator[bytes]:
        while True:
            yield b"x" * 1000

    with pytest.raises(SizeMismatchError, match="too many bytes"):
        for _ in HashingReader(endless(), digest=Digest.of(b""), size=5000):
            pass
