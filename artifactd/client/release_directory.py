"""A built release on disk: ``manifest.capnp.bin`` and ``artifacts/<sha256 hex>``, written by ``runtime_core.build``."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Final, Self

from artifactd.client.blobs import BlobClient, Progress, no_progress
from artifactd.client.releases import Pin, PutRelease, ReleaseClient
from artifactd.client.sources import BlobRef, FileSource
from schemas.digest import Digest
from schemas.errors import ConfigError, DigestMismatchError, SizeMismatchError
from schemas.release import MAX_MANIFEST_BYTES, ReleaseManifest, decode_manifest

MANIFEST_NAME: Final = "manifest.capnp.bin"
ARTIFACTS_NAME: Final = "artifacts"


@dataclass(frozen=True, kw_only=True, slots=True)
class ReleaseDirectory:
    """A release whose manifest was read; the artifacts are looked at when they are published."""

    path: Path
    manifest: ReleaseManifest
    manifest_bytes: bytes

    @classmethod
    def open(cls, path: Path) -> Self:
        """Read the manifest.

        Raises:
            ConfigError: there is none that can be read.
            FormatError: it is not a manifest.
        """
        file_name = path / MANIFEST_NAME
        try:
            with file_name.open("rb") as file:
                data = file.read(MAX_MANIFEST_BYTES + 1)
        except OSError as error:
            raise ConfigError(
                f"cannot read {file_name}: {error.strerror or error}",
                hint="build a release first: artifactctl release build --output DIR",
            ) from error
        return cls(path=path, manifest=decode_manifest(data), manifest_bytes=data)

    @property
    def pin(self) -> Pin:
        """The name of exactly this release."""
        return Pin(release_id=self.manifest.release_id, digest=Digest.of(self.manifest_bytes))

    def sources(self) -> list[FileSource]:
        """The files of the artifacts and their variants, each one hashed and compared with the manifest.

        Raises:
            ConfigError: a file is missing.
            SizeMismatchError, DigestMismatchError: a file is not the artifact that the manifest names.
        """
        found = []
        for digest, size in self.manifest.blobs().items():
            path = self.path / ARTIFACTS_NAME / digest.hex
            source = FileSource(path)
            hint = "build the release again"
            if source.ref.size != size:
                raise SizeMismatchError(f"{path} is not the artifact", expected=size, found=source.ref.size, hint=hint)
            if source.ref.digest != digest:
                raise DigestMismatchError(
                    f"{path} is not the artifact", expected=digest, found=source.ref.digest, hint=hint
                )
            found.append(source)
        return found

    def publish(
        self, blobs: BlobClient, releases: ReleaseClient, *, progress: Progress = no_progress
    ) -> tuple[PutRelease, list[BlobRef]]:
        """Upload what the service lacks, then publish the manifest; return the answer and the blobs that were sent.

        The release is visible only once the last step succeeded; after any failure, publishing again goes on from
        the blobs that are there.

        Raises:
            As :meth:`sources`, :meth:`BlobClient.upload_all` and :meth:`ReleaseClient.put`.
        """
        sent = blobs.upload_all(self.sources(), progress=progress)
        return releases.put(self.manifest_bytes), sent
