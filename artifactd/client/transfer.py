"""From an artifact's name to its content in the cache, by the way that moves the fewest bytes.

There are up to three kinds of ways: a delta, where its base is in the cache; a zstd frame; the blob itself. They are
tried from the cheapest on. A way that the service lacks, or that leads to other bytes than the manifest names, is left
for the next one, so a bad delta costs its own transfer and nothing else.
"""

from __future__ import annotations

import collections
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from enum import Enum
from typing import Final

from artifactd.client.blobs import BlobClient
from artifactd.client.cache import ArtifactCache, CachedBlob
from artifactd.client.sources import BlobRef
from schemas.compression import decompress
from schemas.digest import Digest
from schemas.errors import BlobNotFoundError, FormatError, IntegrityError, MissingToolError, PlatformError
from schemas.hashing_reader import HashingReader
from schemas.release import Artifact, Compression, DeltaBase, Variant

ArtifactProgress = Callable[[Artifact, int], None]
"""Called with an artifact and how much of its ``size`` need not be waited for any more; from any thread, often."""

_MAX_BASE_BYTES: Final = 2**30
"""A base is held in memory while a delta is unpacked."""
_NEXT_WAY: Final = (IntegrityError, FormatError, BlobNotFoundError, MissingToolError)
"""What says something about one way; an unreachable service or a full disk would stop every other one, too."""


class Way(Enum):
    """How an artifact came into the cache."""

    CACHED = "cached"
    """It was there, or another process brought it."""
    PLAIN = "plain"
    """The bytes of the artifact themselves."""
    ZSTD = "zstd"
    """A frame that is unpacked on its own."""
    DELTA = "delta"
    """A frame on top of content that was in the cache."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Transfer:
    """How one artifact was obtained. ``received`` counts the bytes of the ways that were tried, in full."""

    artifact: Artifact
    way: Way
    received: int
    base: Digest | None = None
    """What the delta was applied to."""
    failures: tuple[PlatformError, ...] = ()
    """What was wrong with cheaper ways."""

    @property
    def saved(self) -> int:
        """How many bytes less were received than the artifact has; below zero if cheaper ways were tried in vain."""
        return self.artifact.content_size - self.received


def summary(transfers: Iterable[Transfer]) -> str:
    """How much was received, and how much that saved, in one line for people."""
    listed = list(transfers)
    received = sum(item.received for item in listed)
    whole = sum(item.artifact.content_size for item in listed if item.way is not Way.CACHED)
    if not whole:
        return "all from the cache"
    ways = Counter(item.way.value for item in listed if item.way is not Way.CACHED)
    text = f"received {_mb(received)} instead of {_mb(whole)}: " if received < whole else f"received {_mb(received)}: "
    text += ", ".join(f"{count} {way}" for way, count in sorted(ways.items()))
    failures = [str(error) for item in listed for error in item.failures]
    return text + (f"; {len(failures)} failed: {failures[0]}" if failures else "")


def _mb(size: int) -> str:
    return f"{size / 1e6:.1f} MB"


class ArtifactTransfer:
    """Obtains artifacts from one service into one cache."""

    def __init__(self, blobs: BlobClient, cache: ArtifactCache) -> None:
        self._blobs = blobs
        self._cache = cache

    def obtain(self, artifact: Artifact, progress: ArtifactProgress) -> tuple[CachedBlob, Transfer]:
        """Lease the content of an artifact, which is hashed in any case.

        Raises:
            BlobNotFoundError, DigestMismatchError, SizeMismatchError, FormatError: no way leads to the content; this
                is the error of the last one, and the others are its notes.
            ServiceUnavailableError, StorageError: the service, or the local disk, cannot be used.
        """
        failures: list[PlatformError] = []
        received = 0
        blob = self._cache.find_whole(artifact.content_digest, size=artifact.content_size)
        if blob is not None:
            self._renew_bases(artifact)
            transfer = Transfer(artifact=artifact, way=Way.CACHED, received=0)
        else:
            for way in self._ways(artifact):
                try:
                    blob, used = self._try(artifact, way, progress)
                except _NEXT_WAY as error:
                    failures.append(error)
                    received += way.ref.size
                    continue
                transfer = Transfer(
                    artifact=artifact,
                    way=way.kind if used else Way.CACHED,
                    received=received + (way.ref.size if used else 0),
                    base=way.variant.base.digest if used and way.variant and way.variant.base else None,
                    failures=tuple(failures),
                )
                break
        if blob is None:
            raise _last_of(failures)
        progress(artifact, artifact.size)
        return blob, transfer

    def check_variant(self, artifact: Artifact, variant: Variant) -> bool:
        """Download a variant and unpack it without keeping the content; its base comes from the service, too.

        Returns whether it was unpacked: the service need not have the base.

        Raises:
            BlobNotFoundError: the service has not got the variant.
            DigestMismatchError, SizeMismatchError, FormatError: it is other bytes, or unpacks to others.
        """
        frame = self._blobs.read(BlobRef(digest=variant.digest, size=variant.size))
        base = None
        if variant.base is not None:
            try:
                base = self._base_from_service(variant.base)
            except BlobNotFoundError:
                collections.deque(frame, maxlen=0)
                return False
        content = decompress(frame, base=base)
        checked = HashingReader(content, digest=artifact.content_digest, size=artifact.content_size)
        collections.deque(checked, maxlen=0)
        return True

    def _base_from_service(self, base: DeltaBase) -> bytes:
        if base.size > _MAX_BASE_BYTES:
            raise FormatError("the base of a delta is too large", expected=f"<= {_MAX_BASE_BYTES}", found=base.size)
        with self._blobs.download(BlobRef(digest=base.digest, size=base.size), self._cache, verify=True) as blob:
            return blob.read_bytes()

    def _try(self, artifact: Artifact, way: _Way, progress: ArtifactProgress) -> tuple[CachedBlob, bool]:
        """The content by one way, and whether the way was needed: another process may have been faster."""
        used = False

        def report(_: BlobRef, done: int) -> None:
            progress(artifact, done * artifact.size // max(way.ref.size, 1))

        def fetch() -> Iterator[bytes | memoryview]:
            nonlocal used
            used = True
            if way.kind is Way.PLAIN:
                return self._blobs.stream(way.ref, progress=report)
            base = way.base.read_bytes() if way.base is not None else None
            return decompress(self._blobs.read(way.ref, progress=report), base=base)

        try:
            blob = self._cache.get(artifact.content_digest, size=artifact.content_size, fetch=fetch, verify=True)
        finally:
            if way.base is not None:
                way.base.close()
        return blob, used

    def _ways(self, artifact: Artifact) -> Iterator[_Way]:
        """Cheapest first. Bases are looked up, and hashed, only when it is their turn."""
        own = BlobRef(digest=artifact.digest, size=artifact.size)
        plain = artifact.compression is Compression.NONE
        candidates = [
            _Way(kind=Way.PLAIN if plain else Way.ZSTD, ref=own),
            *(
                _Way(
                    kind=Way.ZSTD if variant.base is None else Way.DELTA,
                    ref=BlobRef(digest=variant.digest, size=variant.size),
                    variant=variant,
                )
                for variant in artifact.variants
            ),
        ]
        for way in sorted(candidates, key=lambda way: way.ref.size):
            if way.variant is None or way.variant.base is None:
                yield way
                continue
            base = self._base(way.variant.base)
            if base is not None:
                yield _Way(kind=way.kind, ref=way.ref, variant=way.variant, base=base)

    def _base(self, base: DeltaBase) -> CachedBlob | None:
        """A lease on a base that is here. What a manifest says of its size is no reason to remove it."""
        if base.size > _MAX_BASE_BYTES:
            return None
        blob = self._cache.find_whole(base.digest)
        if blob is not None and blob.size != base.size:
            blob.close()
            return None
        return blob

    def _renew_bases(self, artifact: Artifact) -> None:
        """Keep what the next release will be a delta of, as long as this artifact is in use."""
        for variant in artifact.variants:
            if variant.base is not None:
                blob = self._cache.find_whole(variant.base.digest, verify=False)
                if blob is not None:
                    blob.close()


@dataclass(frozen=True, kw_only=True, slots=True)
class _Way:
    kind: Way
    ref: BlobRef
    variant: Variant | None = None
    base: CachedBlob | None = None


def _last_of(failures: list[PlatformError]) -> PlatformError:
    error = failures[-1]
    for other in failures[:-1]:
        error.add_note(f"a cheaper way was tried before: {other}")
    return error
