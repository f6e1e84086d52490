"""The Bucket protocol: what the service needs of a store, and nothing more.

Two properties carry the whole service, so every implementation must give them across threads, processes and machines:

* :meth:`Bucket.put_if_absent`: of any number of writers of one key exactly one creates it, and nobody ever sees a part
  of the bytes. Blobs and releases rest on it.
* :meth:`Bucket.compare_and_swap`: of any number of writers that saw the same etag exactly one replaces the object.
  Channel metadata rests on it.

One conformance suite (tests/conformance/test_bucket.py) runs over every implementation.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar, Final, Protocol

from schemas.digest import Digest
from schemas.errors import ArtifactError, FormatError

CHUNK_SIZE: Final = 1 << 20
"""Bytes per chunk of a ranged read: the message size at which gRPC is fastest."""

MAX_KEY_LENGTH: Final = 512
_SEGMENT: Final = re.compile(r"[A-Za-z0-9_-][A-Za-z0-9._-]{0,199}", re.ASCII)
_PREFIX: Final = re.compile(r"[A-Za-z0-9._/-]*", re.ASCII)


class CasConflictError(ArtifactError):
    """The object is not the one the caller saw: somebody else replaced, created or deleted it first.

    Nothing was written. It stays inside the service: channels.py turns it into ``ChannelConflictError``.
    """

    code: ClassVar[str] = "cas-conflict"


@dataclass(frozen=True, kw_only=True, slots=True)
class VerifiedFile:
    """A finished local file whose size and digest the caller has checked.

    A store on the same file system takes it over by link instead of copying, so the caller must not write to it any
    more; it stays the caller's to unlink.
    """

    path: Path


Source = bytes | bytearray | memoryview | VerifiedFile | Iterable[bytes]
"""Where the bytes of an object come from. An iterable is consumed once, never rewound.

Only bytes in memory may come without their digest: stores exist that keep an empty object when a stream of unknown
digest breaks at its start.
"""


@dataclass(frozen=True, kw_only=True, slots=True)
class ObjectInfo:
    """What a listing or a look-up tells: ``size`` in bytes, ``modified`` in seconds since the epoch."""

    key: str
    size: int
    modified: float


@dataclass(frozen=True, kw_only=True, slots=True)
class StoredObject:
    """A whole small object and the etag that :meth:`Bucket.compare_and_swap` expects."""

    data: bytes
    etag: str


@dataclass(frozen=True, kw_only=True, slots=True)
class ObjectRange:
    """A range of an object. ``size`` is that of the whole object; ``chunks`` holds at most CHUNK_SIZE bytes each.

    Iteration raises StorageError when the store fails midway or ends early; close ``chunks`` to stop before the end.
    """

    size: int
    chunks: Iterator[bytes]


class Bucket(Protocol):
    """A flat store of immutable objects (put_if_absent) and a few mutable ones (compare_and_swap).

    Callers never use a key that is the directory of another (``a`` and ``a/b``): some S3 stores lose one of them.

    Every method raises FormatError for a malformed key (:func:`check_key`) and StorageError when the store fails;
    StorageFullError when it has no room. Bytes of a failed write are never visible.
    """

    def put_if_absent(self, key: str, source: Source, *, size: int, sha256: Digest | None = None) -> bool:
        """Create an object durably; return False, writing nothing, when the key exists already.

        When False is returned the existing object is durable, too, and the source may not have been read.

        Raises:
            ValueError: a file or stream without its digest.
            SizeMismatchError: the source has another size; nothing was stored.
            DigestMismatchError: the source has another digest; nothing was stored. A VerifiedFile is not hashed again.
        """
        ...

    def get(self, key: str, *, limit: int) -> StoredObject | None:
        """A whole object of at most ``limit`` bytes, or None where there is none.

        Raises:
            StorageError: the object is larger than the limit.
        """
        ...

    def open_range(self, key: str, *, offset: int = 0, length: int | None = None) -> ObjectRange | None:
        """A range of an object, or None where there is none; the range ends with the object.

        Raises:
            OffsetOutOfRangeError: the offset is beyond the end (the end itself is an empty range).
        """
        ...

    def head(self, key: str) -> ObjectInfo | None:
        """Size and age of an object, or None where there is none."""
        ...

    def compare_and_swap(self, key: str, data: bytes, *, expected_etag: str | None) -> str:
        """Replace a small object durably and return its new etag; None expects that there is no object yet.

        An etag names contents, not writes: an object that was changed and changed back has its old etag again.

        Raises:
            CasConflictError: the object has another etag; nothing was written.
            StorageError: the store failed. Whether the swap happened is then unknown: read the object again.
        """
        ...

    def list(self, prefix: str, *, start_after: str | None = None) -> Iterator[ObjectInfo]:
        """The objects whose keys start with ``prefix``, lazily; ``start_after`` leaves out keys up to and including it.

        They come in byte order of the keys. Some S3 stores keep that only where no segment of a key is the beginning of
        another in its place (``a/b`` and ``a-b``), so callers list keys of one form at a time.
        """
        ...

    def delete(self, key: str) -> bool:
        """Delete an object; False when there was none (a store may not be able to tell, and then says True)."""
        ...


def check_key(key: str) -> str:
    """Return the key if it is well formed: segments of ``[A-Za-z0-9._-]`` not led by a dot, joined by ``/``.

    That excludes ``.``, ``..``, empty segments and a leading slash, so a key is safe as a relative path.

    Raises:
        FormatError: anything else.
    """
    if not isinstance(key, str) or len(key) > MAX_KEY_LENGTH:
        raise FormatError("not an object key", expected=f"at most {MAX_KEY_LENGTH} characters", found=repr(key)[:80])
    if not all(_SEGMENT.fullmatch(segment) for segment in key.split("/")):
        raise FormatError("not an object key", expected="segments of [A-Za-z0-9._-]", found=repr(key)[:80])
    return key


def check_prefix(prefix: str) -> str:
    """Return the prefix if some key can start with it.

    Raises:
        FormatError: anything else.
    """
    malformed = (
        not isinstance(prefix, str)
        or len(prefix) > MAX_KEY_LENGTH
        or _PREFIX.fullmatch(prefix) is None
        or prefix.startswith("/")
        or any(segment.startswith(".") for segment in prefix.split("/"))
        or "//" in prefix
    )
    if malformed:
        raise FormatError("not a prefix of object keys", found=repr(prefix)[:80])
    return prefix
