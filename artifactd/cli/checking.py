"""Checks every blob of a published release by downloading it."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from artifactd.cli.context import Context
from artifactd.cli.output import size_text
from artifactd.client.cache import ArtifactCache
from artifactd.client.transfer import ArtifactTransfer
from schemas.errors import ArtifactError, FormatError, IntegrityError, PlatformError
from schemas.release import Artifact, ReleaseManifest, Variant


@dataclass(frozen=True, kw_only=True, slots=True)
class BlobCheck:
    """What was found out about one blob: an artifact, or a ``variant`` of it."""

    artifact: Artifact
    variant: Variant | None = None
    error: PlatformError | None = None
    unpacked: bool = True
    """False for a delta whose base the service does not have: only its stored bytes were checked."""

    def to_json(self) -> dict[str, Any]:
        """The members that say how the check ended."""
        return {
            "ok": self.error is None,
            **({"unpacked": self.unpacked} if self.variant is not None else {}),
            **({"error": self.error.to_json()} if self.error is not None else {}),
        }

    def line(self) -> str:
        """One line for people, two if it failed."""
        state = "ok    " if self.error is None else "FAILED"
        blob = self.variant if self.variant is not None else self.artifact
        role = "" if self.variant is not None else self.artifact.role.value
        text = f"{state} {role:15} {size_text(blob.size):>9}  {blob.digest}"
        if self.variant is not None:
            text += f"  {variant_text(self.variant)}{'' if self.unpacked else ', not unpacked: the base is not there'}"
        return text + (f"\n       {self.error}" if self.error is not None else "")


def variant_text(variant: Variant) -> str:
    """What a variant is, in a few words."""
    return "zstd" if variant.base is None else f"delta of {variant.base.digest.short}"


def check_blobs(context: Context, manifest: ReleaseManifest) -> list[BlobCheck]:
    """Download each blob, with an empty cache of its own, and check sizes and digests before and after unpacking."""
    checks = []
    with (
        tempfile.TemporaryDirectory(prefix="artifactctl-verify-") as directory,
        context.reporter.transfer("verifying", sum(manifest.blobs().values())) as advance,
    ):
        transfer = ArtifactTransfer(context.blobs, ArtifactCache(Path(directory)))
        for check in _blobs(manifest):
            try:
                if check.variant is None:
                    plain = replace(check.artifact, variants=())
                    blob, _ = transfer.obtain(plain, lambda item, done: advance(item.digest.hex, done))
                    blob.close()
                    checks.append(check)
                else:
                    unpacked = transfer.check_variant(check.artifact, check.variant)
                    advance(check.variant.digest.hex, check.variant.size)
                    checks.append(replace(check, unpacked=unpacked))
            except (IntegrityError, FormatError, ArtifactError) as error:
                if not isinstance(error, IntegrityError | FormatError) and error.code != "blob-not-found":
                    raise  # an unreachable service or a full disk says nothing about the release
                checks.append(replace(check, error=error))
    return checks


def _blobs(manifest: ReleaseManifest) -> Iterator[BlobCheck]:
    for artifact in manifest.artifacts:
        yield BlobCheck(artifact=artifact)
        for variant in artifact.variants:
            yield BlobCheck(artifact=artifact, variant=variant)
