"""Write-once releases: a name for a manifest, published only when everything the manifest names is stored.

A manifest is a blob like any other, so clients that hold a pinned digest can read it as one. What makes it a release is
the record ``releases/<id>``, written last and with put-if-absent: a publisher that dies before it leaves unreferenced
blobs and nothing else, and of two publishers of one id exactly one wins.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from typing import Any, Final

from artifactd.blobs import BlobRef, BlobStore
from artifactd.storage.bucket import Bucket
from schemas.digest import Digest
from schemas.errors import (
    BlobNotFoundError,
    FormatError,
    MissingArtifactError,
    ReleaseExistsError,
    ReleaseNotFoundError,
    StorageError,
)
from schemas.release import MAX_MANIFEST_BYTES, check_release_id, decode_manifest

_PREFIX: Final = "releases/"
_RECORD_LIMIT: Final = 4096
_RECORD_FORMAT: Final = 1
_SHOWN_MISSING: Final = 5


@dataclass(frozen=True, kw_only=True, slots=True)
class ReleaseRecord:
    """What is kept under a release id: digest and size in bytes of the manifest, and its Pyodide version for lists."""

    release_id: str
    digest: Digest
    size: int
    pyodide_version: str


@dataclass(frozen=True, kw_only=True, slots=True)
class StoredRelease:
    """A release with the exact bytes of its manifest."""

    release_id: str
    digest: Digest
    manifest: bytes


@dataclass(frozen=True, kw_only=True, slots=True)
class PublishedRelease:
    """The outcome of publishing; ``created`` is False when the same bytes were published before."""

    release_id: str
    digest: Digest
    created: bool


class ReleaseStore:
    """Releases in a bucket, next to the blobs they refer to."""

    def __init__(self, bucket: Bucket, blobs: BlobStore) -> None:
        self._bucket = bucket
        self._blobs = blobs

    def publish(self, manifest: bytes) -> PublishedRelease:
        """Publish a manifest under the release id it names.

        Raises:
            FormatError: not a manifest, or too large.
            MissingArtifactError: artifacts are not stored, or not with the size the manifest gives.
            ReleaseExistsError: the id names another manifest.
            StorageError: the store failed; publishing again is safe.
        """
        if len(manifest) > MAX_MANIFEST_BYTES:
            raise FormatError(
                "the manifest is too large", expected=f"<= {MAX_MANIFEST_BYTES} bytes", found=len(manifest)
            )
        decoded = decode_manifest(manifest)
        digest = Digest.of(manifest)
        record = ReleaseRecord(
            release_id=decoded.release_id,
            digest=digest,
            size=len(manifest),
            pyodide_version=decoded.abi.pyodide_version,
        )
        existing = self._record(record.release_id)
        if existing is None:
            self._require_artifacts(BlobRef(digest=digest, size=size) for digest, size in decoded.blobs().items())
            self._blobs.put(manifest, BlobRef(digest=digest, size=len(manifest)))
            data = _encode(record)
            if self._bucket.put_if_absent(_PREFIX + record.release_id, data, size=len(data)):
                return PublishedRelease(release_id=record.release_id, digest=digest, created=True)
            existing = self._record(record.release_id)
        if existing is None or existing.digest != digest:
            raise ReleaseExistsError(
                f"release {record.release_id} exists and is another one",
                expected=existing and existing.digest,
                found=digest,
                hint="releases are write-once: publish under a new id",
            )
        return PublishedRelease(release_id=record.release_id, digest=digest, created=False)

    def get_by_id(self, release_id: str) -> StoredRelease:
        """The release of an id.

        Raises:
            FormatError: not a release id.
            ReleaseNotFoundError: no such release.
            StorageError: the store failed or lost the manifest.
        """
        check_release_id(release_id)
        record = self._record(release_id)
        if record is None:
            raise ReleaseNotFoundError(f"no release {release_id}", hint="list the releases, or publish it first")
        return self._load(record)

    def get_by_digest(self, digest: Digest) -> StoredRelease:
        """The release of a manifest digest.

        Raises:
            ReleaseNotFoundError: no blob of this digest was published as a release.
            StorageError: the store failed.
        """
        absent = ReleaseNotFoundError(f"no release with manifest {digest}", hint="publish it first")
        size = self._blobs.size(digest)
        if size is None or size > MAX_MANIFEST_BYTES:
            raise absent
        try:
            release_id = decode_manifest(self._blobs.get(digest, limit=MAX_MANIFEST_BYTES)).release_id
        except (FormatError, BlobNotFoundError) as error:
            raise absent from error
        record = self._record(release_id)
        if record is None or record.digest != digest:
            raise absent
        return self._load(record)

    def list(self, *, start_after: str = "", limit: int) -> list[ReleaseRecord]:
        """At most ``limit`` releases in order of id, from the first id after ``start_after``."""
        if start_after:
            check_release_id(start_after)
        return [*islice(self._records(_PREFIX + start_after if start_after else None), limit)]

    def _records(self, after: str | None) -> Iterator[ReleaseRecord]:
        for info in self._bucket.list(_PREFIX, start_after=after):
            record = self._record(info.key.removeprefix(_PREFIX))
            if record is not None:
                yield record

    def _require_artifacts(self, refs: Iterator[BlobRef]) -> None:
        missing = [f"{ref.digest} ({ref.size} bytes)" for ref in self._blobs.find_missing(refs)]
        if missing:
            shown = ", ".join(missing[:_SHOWN_MISSING])
            more = f" and {len(missing) - _SHOWN_MISSING} more" if len(missing) > _SHOWN_MISSING else ""
            raise MissingArtifactError(
                f"the manifest names blobs that are not stored: {shown}{more}", hint="upload them, then publish again"
            )

    def _record(self, release_id: str) -> ReleaseRecord | None:
        stored = self._bucket.get(_PREFIX + release_id, limit=_RECORD_LIMIT)
        return None if stored is None else _decode(release_id, stored.data)

    def _load(self, record: ReleaseRecord) -> StoredRelease:
        try:
            manifest = self._blobs.get(record.digest, limit=MAX_MANIFEST_BYTES)
        except BlobNotFoundError as error:
            raise StorageError(
                f"the manifest of release {record.release_id} is gone from the store",
                expected=record.digest,
                hint="upload it again",
            ) from error
        return StoredRelease(release_id=record.release_id, digest=record.digest, manifest=manifest)


def _encode(record: ReleaseRecord) -> bytes:
    fields = {
        "format": _RECORD_FORMAT,
        "digest": str(record.digest),
        "size": record.size,
        "pyodideVersion": record.pyodide_version,
    }
    return json.dumps(fields, sort_keys=True, separators=(",", ":")).encode()


def _decode(release_id: str, data: bytes) -> ReleaseRecord:
    damaged = StorageError(f"the stored record of release {release_id} is damaged", hint="restore it from a backup")
    try:
        fields: Any = json.loads(data)
        if fields["format"] != _RECORD_FORMAT:
            raise damaged
        return ReleaseRecord(
            release_id=release_id,
            digest=Digest.parse(fields["digest"]),
            size=int(fields["size"]),
            pyodide_version=str(fields["pyodideVersion"]),
        )
    except (ValueError, TypeError, KeyError, FormatError) as error:
        raise damaged from error
