"""A small release directory that no runtime can boot: enough for everything that only moves and checks bytes."""

from __future__ import annotations

import random
from dataclasses import replace
from pathlib import Path

from artifactd.client.release_directory import ARTIFACTS_NAME, MANIFEST_NAME, ReleaseDirectory
from schemas.digest import Digest
from schemas.release import Artifact, Compression, Role, encode_manifest
from tests.support.schema_samples import sample_manifest


def synthetic_bytes(size: int, seed: int = 0) -> bytes:
    """Bytes that do not compress and are the same in every run."""
    return random.Random(seed).randbytes(size)


def write_release(
    directory: Path,
    *,
    release_id: str = "synthetic-1",
    contents: dict[Role, bytes] | None = None,
    compressed: bytes | None = None,
    seed: int = 0,
) -> ReleaseDirectory:
    """Write a release of two artifacts (or of ``contents``); ``compressed`` becomes a zstd artifact of packages."""
    parts = contents or {
        Role.CODE_IMAGE: synthetic_bytes(700_000, seed),
        Role.SNAPSHOT: synthetic_bytes(3_000_000, seed + 1),
    }
    artifacts = [
        Artifact.uncompressed(
            role,
            digest=_write(directory, data),
            size=len(data),
            media_type="application/octet-stream",
            name=f"{role.value}.bin",
        )
        for role, data in parts.items()
    ]
    if compressed is not None:
        artifacts.append(_compressed(directory, compressed))
    manifest = replace(
        sample_manifest(),
        release_id=release_id,
        artifacts=tuple(artifacts),
        abi=replace(sample_manifest().abi, code_image=artifacts[0].digest),
    )
    (directory / MANIFEST_NAME).write_bytes(encode_manifest(manifest))
    return ReleaseDirectory.open(directory)


def _compressed(directory: Path, content: bytes) -> Artifact:
    from backports import zstd

    stored = zstd.compress(content)
    return Artifact(
        role=Role.PACKAGES,
        digest=_write(directory, stored),
        size=len(stored),
        media_type="application/octet-stream",
        name="packages.bin",
        content_digest=Digest.of(content),
        content_size=len(content),
        compression=Compression.ZSTD,
    )


def _write(directory: Path, data: bytes) -> Digest:
    digest = Digest.of(data)
    path = directory / ARTIFACTS_NAME / digest.hex
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)
    return digest
