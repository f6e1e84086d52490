"""How channel metadata lies in a bucket, and why a crash or a lost race at any point does no harm.

::

    tuf/timestamp.json                        the only mutable object; replacing it commits
    tuf/metadata/<version>.<role>.json        committed metadata, by TUF file name
    tuf/staged/<generation>-<sha256>.json     metadata on its way, by content

A *generation* is the version of a timestamp. To commit generation ``g + 1`` a publisher

1. settles generation ``g``: gives every staged file that the committed timestamp refers to its name,
2. stages the new files, among them the snapshot, under ``g + 1``,
3. swaps ``timestamp.json``, if it is still that of generation ``g``,
4. settles generation ``g + 1``, which also removes what is staged for it and for older generations.

Step 3 decides. Had the files got their names before it, a publisher that died or lost the race would leave
``<version>.<role>.json`` behind, and nobody could ever commit this version with other bytes. So names are given only
to what is committed; since versions grow by one and commits follow each other, a name has one possible content.
A death between 3 and 4 leaves a committed state whose new files are found by the sha256 in the timestamp and the
snapshot, until the next publisher or refresh settles it (step 1). What losers staged is garbage: its generation can
never be committed again, so removing it needs no clock and no knowledge of who is still running.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final

from artifactd.storage.bucket import Bucket, CasConflictError, StoredObject
from schemas.digest import Digest
from schemas.errors import StorageError
from schemas.tuf_names import TIMESTAMP, TIMESTAMP_FILE, file_name, max_size

DEFAULT_PREFIX: Final = "tuf/"
_STAGED: Final = re.compile(r"([1-9][0-9]{0,15})-([0-9a-f]{64})\.json", re.ASCII)


class MetadataStore:
    """The objects of the layout above; knows nothing of signatures."""

    def __init__(self, bucket: Bucket, prefix: str = DEFAULT_PREFIX) -> None:
        self._bucket = bucket
        self._timestamp_key = prefix + TIMESTAMP_FILE
        self._named = prefix + "metadata/"
        self._staged = prefix + "staged/"

    def timestamp(self) -> StoredObject | None:
        """The committed timestamp, or None before the first publish."""
        return self._bucket.get(self._timestamp_key, limit=max_size(TIMESTAMP))

    def swap_timestamp(self, data: bytes, *, expected: StoredObject | None) -> None:
        """Commit: replace the timestamp if it still is the expected one.

        Raises:
            CasConflictError: it is not.
            StorageError: the store failed, and the timestamp is not the new one.
        """
        try:
            self._bucket.compare_and_swap(
                self._timestamp_key, data, expected_etag=None if expected is None else expected.etag
            )
        except (CasConflictError, StorageError):
            # The swap may have happened although its answer was lost, and a retry inside the store then sees a
            # conflict with itself. These very bytes stand for this change alone, so finding them means that it
            # is committed.
            current = self.timestamp()
            if current is None or current.data != data:
                raise

    def named(self, role: str, version: int) -> bytes | None:
        """Committed metadata by name."""
        stored = self._bucket.get(self._named + file_name(role, version), limit=max_size(role))
        return None if stored is None else stored.data

    def committed(self, role: str, version: int, digest: Digest, *, generation: int) -> bytes | None:
        """Metadata that the committed state of a generation refers to, named already or still staged."""
        data = self.named(role, version)
        if data is None:
            stored = self._bucket.get(self._staged_key(generation, digest), limit=max_size(role))
            # Settling names a file before it removes the staged one, so a miss of both needs a second look.
            data = stored.data if stored is not None else self.named(role, version)
        return data

    def stage(self, generation: int, data: bytes) -> None:
        """Store bytes for a generation that is not committed yet."""
        digest = Digest.of(data)
        self._bucket.put_if_absent(self._staged_key(generation, digest), data, size=len(data), sha256=digest)

    def settle(self, generation: int, referenced: Iterable[tuple[str, int, Digest]]) -> None:
        """Name what the committed generation refers to as (role, version, digest), then remove what is staged.

        Raises:
            StorageError: the store failed, or holds other bytes under a name. Settling again is safe.
        """
        by_digest = {digest.hex: (role, version) for role, version, digest in referenced}
        done = []
        for info in self._bucket.list(self._staged):
            match = _STAGED.fullmatch(info.key.removeprefix(self._staged))
            if match is None or int(match[1]) > generation:
                continue
            if int(match[1]) == generation and match[2] in by_digest:
                self._name(info.key, *by_digest[match[2]])
            done.append(info.key)
        # Only after everything has its name: a reader that misses a name looks for the staged file.
        for key in done:
            self._bucket.delete(key)

    def _name(self, staged_key: str, role: str, version: int) -> None:
        stored = self._bucket.get(staged_key, limit=max_size(role))
        if stored is None:
            return  # somebody else settled this generation meanwhile
        name = file_name(role, version)
        created = self._bucket.put_if_absent(self._named + name, stored.data, size=len(stored.data))
        if not created and self.named(role, version) != stored.data:
            raise StorageError(
                f"the store holds other bytes as {name} than were committed",
                hint="somebody wrote to the bucket; restore it from a backup",
            )

    def _staged_key(self, generation: int, digest: Digest) -> str:
        return f"{self._staged}{generation}-{digest.hex}.json"
