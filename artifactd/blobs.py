"""Write-once blobs, named by digest and size.

A blob becomes visible only when all its bytes are there and have the digest that names it. From then on it never
changes, so reads need no lock and a second upload of the same blob has nothing to do.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Final

from artifactd.staging import StagingArea, Upload, UploadName
from artifactd.storage.bucket import Bucket, ObjectRange, VerifiedFile
from schemas.digest import Digest
from schemas.errors import (
    BlobNotFoundError,
    DigestMismatchError,
    FormatError,
    SizeMismatchError,
    StorageError,
)

EMPTY_DIGEST: Final = Digest.of(b"")
"""The empty blob is always there (Remote Execution API: clients need not upload it)."""


@dataclass(frozen=True, kw_only=True, slots=True, order=True)
class BlobRef:
    """The name of a blob in the Remote Execution API: a digest and the size in bytes."""

    digest: Digest
    size: int


class BlobStore:
    """Blobs in a bucket. Threads and processes may share the bucket; each process has its own BlobStore."""

    def __init__(self, bucket: Bucket, staging: StagingArea, *, max_blob_size: int) -> None:
        self._bucket = bucket
        self._staging = staging
        self.max_blob_size = max_blob_size

    def size(self, digest: Digest) -> int | None:
        """The size of a blob in bytes, or None where there is none."""
        if digest == EMPTY_DIGEST:
            return 0
        info = self._bucket.head(blob_key(digest))
        return None if info is None else info.size

    def contains(self, ref: BlobRef) -> bool:
        """Whether the blob is there, with this size."""
        return self.size(ref.digest) == ref.size

    def find_missing(self, refs: Iterable[BlobRef]) -> Iterator[BlobRef]:
        """Yield each of ``refs`` that is not there, once, in order."""
        for ref in dict.fromkeys(refs):
            if not self.contains(ref):
                yield ref

    def put(self, data: bytes | memoryview, ref: BlobRef) -> bool:
        """Store a small blob from memory; False when it was there already.

        Raises:
            FormatError: larger than the limit.
            SizeMismatchError, DigestMismatchError: other bytes than named; nothing was stored.
        """
        self.require_allowed(ref)
        if len(data) != ref.size:
            raise SizeMismatchError(f"wrong size for {ref.digest}", expected=ref.size, found=len(data))
        found = Digest.of(data)
        if found != ref.digest:
            raise DigestMismatchError("the bytes have another digest", expected=ref.digest, found=found)
        if ref.digest == EMPTY_DIGEST:
            return False
        return self._bucket.put_if_absent(blob_key(ref.digest), data, size=ref.size, sha256=ref.digest)

    def open(self, ref: BlobRef, *, offset: int = 0, length: int | None = None) -> Iterator[bytes]:
        """Chunks of a blob from ``offset``, at most ``length`` bytes. The reader checks the digest.

        Raises:
            BlobNotFoundError: no such blob.
            SizeMismatchError: the blob has another size than its name says.
            OffsetOutOfRangeError: the offset is beyond the end.
        """
        if ref.digest == EMPTY_DIGEST:
            found = ObjectRange(size=0, chunks=iter(()))
        else:
            opened = self._bucket.open_range(blob_key(ref.digest), offset=offset, length=length)
            if opened is None:
                raise BlobNotFoundError(f"no blob {ref.digest}", hint="upload it first")
            found = opened
        if found.size != ref.size:
            raise SizeMismatchError(f"{ref.digest} has another size", expected=ref.size, found=found.size)
        return found.chunks

    def get(self, digest: Digest, *, limit: int) -> bytes:
        """A whole small blob, checked against its digest.

        Raises:
            BlobNotFoundError: no such blob.
            StorageError: the stored bytes are larger than ``limit`` or do not have their digest any more.
        """
        if digest == EMPTY_DIGEST:
            return b""
        stored = self._bucket.get(blob_key(digest), limit=limit)
        if stored is None:
            raise BlobNotFoundError(f"no blob {digest}", hint="upload it first")
        found = Digest.of(stored.data)
        if found != digest:
            raise StorageError(
                "a stored blob is damaged", expected=digest, found=found, hint="delete it and upload it again"
            )
        return stored.data

    def require_allowed(self, ref: BlobRef) -> None:
        """Refuse a blob that is larger than the limit.

        Raises:
            FormatError: it is.
        """
        if ref.size > self.max_blob_size:
            raise FormatError(
                "the blob is too large for this service",
                expected=f"<= {self.max_blob_size} bytes",
                found=ref.size,
                hint="raise limits.maxBlobBytes of the daemon",
            )

    @property
    def staging(self) -> StagingArea:
        """Where unfinished uploads are kept."""
        return self._staging

    def commit(self, upload: Upload) -> bool:
        """Make a complete upload a blob; False when the blob was there already.

        Raises:
            SizeMismatchError, DigestMismatchError: the bytes are not the promised ones; the upload is dropped.
            StorageError: the store failed. The upload stays, so that the client can retry without sending it again.
        """
        path = upload.finish()
        name: UploadName = upload.name
        created = self._bucket.put_if_absent(
            blob_key(name.digest), VerifiedFile(path=path), size=name.size, sha256=name.digest
        )
        upload.drop()
        return created


def blob_key(digest: Digest) -> str:
    """The key of a blob: ``blobs/sha256/<first two hex digits>/<hex>``, so that no directory grows without bound."""
    return f"blobs/sha256/{digest.hex[:2]}/{digest.hex}"
