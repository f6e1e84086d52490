"""What the stores share about sources: walking their bytes and checking size and digest on the way."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator

from artifactd.storage.bucket import CHUNK_SIZE, Source, VerifiedFile
from schemas.digest import Digest
from schemas.errors import DigestMismatchError, SizeMismatchError


def checked_chunks(source: Source, *, size: int, sha256: Digest | None) -> Iterator[bytes | memoryview]:
    """Yield the bytes of a source, holding the last chunk back until size and digest are known to be right.

    A consumer that forwards the chunks as they come therefore never sends the whole of a wrong object.

    Raises:
        SizeMismatchError, DigestMismatchError: before the last chunk.
    """
    hasher = hashlib.sha256() if sha256 is not None and not isinstance(source, VerifiedFile) else None
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
    if hasher is not None and hasher.hexdigest() != (sha256.hex if sha256 else None):
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
