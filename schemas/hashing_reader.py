"""Checks size and digest of bytes that stream by, hashing on another core.

sha256 takes about 0.7 ms per MiB, as long as receiving it does; hashlib lets other threads run meanwhile.
"""

from __future__ import annotations

import hashlib
import queue
import threading
from collections.abc import Iterable, Iterator
from typing import Final

from schemas.digest import Digest
from schemas.errors import DigestMismatchError, SizeMismatchError

_AHEAD: Final = 8  # chunks that may wait to be hashed
_THREAD_FROM: Final = 4 * 1024 * 1024  # bytes; below, a thread costs more than it gains


class HashingReader:
    """Pass chunks through, which must not change afterwards, and check size and digest at the end.

    All chunks are handed on before the check: do not act on them until the iteration has ended without an error.
    """

    def __init__(self, chunks: Iterable[bytes | memoryview], *, digest: Digest, size: int) -> None:
        self._chunks = chunks
        self._digest = digest
        self._size = size

    def __iter__(self) -> Iterator[bytes | memoryview]:
        """Yield the chunks.

        Raises:
            SizeMismatchError: more or fewer bytes than declared; raised as soon as it is known.
            DigestMismatchError: the bytes have another digest.
        """
        digest, size = self._digest, self._size
        hasher = _ThreadHasher() if size >= _THREAD_FROM else _Hasher()
        seen = 0
        try:
            for chunk in self._chunks:
                seen += len(chunk)
                if seen > size:
                    raise SizeMismatchError(f"too many bytes for {digest}", expected=size, found=f">= {seen}")
                hasher.update(chunk)
                yield chunk
        finally:
            found = hasher.finish()
        if seen != size:
            raise SizeMismatchError(
                f"too few bytes for {digest}", expected=size, found=seen, hint="the transfer was cut off, try again"
            )
        if found != digest:
            raise DigestMismatchError(
                "the bytes have another digest",
                expected=digest,
                found=found,
                hint="nothing was kept; if it happens again, the service holds a corrupt blob",
            )


class _Hasher:
    """Hashes at once."""

    def __init__(self) -> None:
        self._sha256 = hashlib.sha256()

    def update(self, chunk: bytes | memoryview) -> None:
        self._sha256.update(chunk)

    def finish(self) -> Digest:
        return Digest(self._sha256.hexdigest())


class _ThreadHasher(_Hasher):
    """Hashes in a thread of its own, at most a few chunks behind."""

    def __init__(self) -> None:
        super().__init__()
        self._queue: queue.Queue[bytes | memoryview | None] = queue.Queue(_AHEAD)
        self._thread = threading.Thread(target=self._run, name="sha256", daemon=True)
        self._thread.start()

    def update(self, chunk: bytes | memoryview) -> None:
        self._queue.put(chunk)

    def finish(self) -> Digest:
        self._queue.put(None)
        self._thread.join()
        return super().finish()

    def _run(self) -> None:
        while (chunk := self._queue.get()) is not None:
            self._sha256.update(chunk)
