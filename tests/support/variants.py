"""Releases of one snapshot with compressed forms: right ones, and such as only a wrong publisher would make."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from artifactd.client.release_directory import ARTIFACTS_NAME, MANIFEST_NAME, ReleaseDirectory
from schemas.compression import compress
from schemas.digest import Digest
from schemas.release import Artifact, DeltaBase, Role, Variant, encode_manifest
from tests.support.synthetic_release import synthetic_bytes, write_release

SIZE = 2_000_000


def base_bytes(seed: int) -> bytes:
    """Content of which half compresses well, as of linear memory."""
    return synthetic_bytes(SIZE // 2, seed) + bytes(SIZE // 2)


def changed(base: bytes, seed: int) -> bytes:
    """Nearly the same content: a few pieces of 4 KiB are others."""
    data = bytearray(base)
    chance = random.Random(seed)
    for _ in range(8):
        at = chance.randrange(len(data) - 4096)
        data[at : at + 4096] = chance.randbytes(4096)
    return bytes(data)


def frame_of(content: bytes) -> tuple[Variant, bytes]:
    """The right frame of some content."""
    data = compress(content)
    return Variant(digest=Digest.of(data), size=len(data)), data


def delta_of(content: bytes, base: bytes, *, claimed: bytes | None = None) -> tuple[Variant, bytes]:
    """A delta; with ``claimed`` the manifest names another base than it was made with."""
    data = compress(content, base=base)
    named = base if claimed is None else claimed
    return Variant(
        digest=Digest.of(data), size=len(data), base=DeltaBase(digest=Digest.of(named), size=len(named))
    ), data


def write_variants(
    directory: Path, release_id: str, content: bytes, variants: Sequence[tuple[Variant, bytes]]
) -> ReleaseDirectory:
    """Write a release whose only artifact, a snapshot, has these variants."""
    plain = write_release(directory, release_id=release_id, contents={Role.SNAPSHOT: content})
    for variant, data in variants:
        (directory / ARTIFACTS_NAME / variant.digest.hex).write_bytes(data)
    artifact = replace(plain.manifest.artifacts[0], variants=tuple(variant for variant, _ in variants))
    manifest = replace(plain.manifest, artifacts=(artifact,))
    (directory / MANIFEST_NAME).write_bytes(encode_manifest(manifest))
    return ReleaseDirectory.open(directory)


def snapshot_of(release: ReleaseDirectory) -> Artifact:
    """The only artifact."""
    return release.manifest.artifact(Role.SNAPSHOT)
