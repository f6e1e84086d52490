"""What the stores share about sources: walking their bytes and checking size and digest on the way."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from typing import Final

from artifactd.storage.bucket import CHUNK_SIZE, Source, VerifiedFile
from schemas.digest import Digest
from schemas.errors import DigestMismatchError, SizeMismatchError

_EMPTY: Final = Digest.of(b"")


def require_digest(source: Source, size: int, sha256: Digest | None) -> Digest:
    """The declared digest, or that of bytes in memory.

    Raises:
        ValueError: a file or stream without its digest.
        DigestMismatchError: the digest of no bytes for a source that has some.
    """
    if sha256 is None:
        if not isinstance(source, (bytes, bytearray, memoryview)):
            raise ValueError("a file or stream needs its digest")
        return Digest.of(source)
    if size and sha256 == _EMPTY:
        # To a store that keeps the beginning of a broken stream, that beginning would look complete.
        raise DigestMismatchError("the digest is that of no bytes", expected=f"a digest of {size} bytes", found=sha256)
    return sha256


def checked_chunks(source: Source, *, size: int, sha256: Digest) -> Iterator[bytes | memoryview]:
    """Yield the bytes of a source, holding the last chunk back until size and digest are known to be right.

    A consumer that forwards the chunks as they come therefore never sends the whole of a wrong object.

    Raises:
        SizeMismatchError, DigestMismatchError: before the last chunk.
    """
    hasher = None if isinstance(source, VerifiedFile) else hashlib.sha256()
    seen = 0
    held: bytes | memoryview | None = None
    for chunk in _chunks(source):
        seen += len(chunk)
        if seen > size:
            raise SizeMismatchError("more bytes than declared", expected=size, found=f">= {seen}")
        if hasher is not None:
            hasher.update(chunk)
        if held is not None:
            yield held
        held = chunk
    if seen != size:
        raise SizeMismatchError("fewer bytes than declared", expected=size, found=seen)
    if hasher is not None and hasher.hexdigest() != sha256.hex:
        raise DigestMismatchError("the bytes have another digest", expected=sha256, found=Digest(hasher.hexdigest()))
    if held is not None:
        yield held


def _chunks(source: Source) -> Iterator[bytes | memoryview]:
    if isinstance(source, VerifiedFile):
        with source.path.open("rb", buffering=0) as stream:
            while chunk := stream.read(CHUNK_SIZE):
                yield chunk
    elif isinstance(source, (bytes, bytearray, memoryview)):
        view = memoryview(source).cast("B")
        for start in range(0, len(view), CHUNK_SIZE):
            yield view[start : start + CHUNK_SIZE]
    else:
        yield from source
