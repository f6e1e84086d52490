"""Streams are checked for size and digest, small ones at once and large ones by a thread."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import pytest

from artifactd.client.checking import checked
from artifactd.client.sources import BlobRef, BytesSource
from schemas.digest import Digest
from schemas.errors import DigestMismatchError, ServiceUnavailableError, SizeMismatchError

LARGE = bytes(range(256)) * (5 * 4096)
SMALL = b"small"


def ref_of(data: bytes) -> BlobRef:
    return BlobRef(digest=Digest.of(data), size=len(data))


def pieces(data: bytes) -> Iterator[memoryview]:
    return BytesSource(data).chunks(0)


@pytest.mark.parametrize("data", [SMALL, LARGE, b""], ids=["small", "large", "empty"])
def test_right_bytes_pass(data: bytes) -> None:
    assert b"".join(checked(pieces(data), ref_of(data))) == data


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
        list(checked(pieces(sent), ref_of(data)))
    assert reason


def test_an_error_of_the_source_passes_and_no_thread_stays() -> None:
    def broken() -> Iterator[bytes]:
        yield LARGE[:1000]
        raise ServiceUnavailableError("gone")

    with pytest.raises(ServiceUnavailableError):
        list(checked(broken(), ref_of(LARGE)))
    assert not [thread for thread in threading.enumerate() if thread.name == "sha256"]


def test_an_abandoned_stream_leaves_no_thread() -> None:
    stream = checked(pieces(LARGE), ref_of(LARGE))
    next(iter(stream))
    stream.close()  # type: ignore[attr-defined]  # a generator, though the signature says iterator
    assert not [thread for thread in threading.enumerate() if thread.name == "sha256"]
