"""Compressed forms of a release's artifacts, which are what most nodes download.

Each artifact gets a zstd frame, and a delta for each base that the publisher names: an artifact of the same role of
another release, which nodes may have. What hardly saves anything is left out.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final, Self

from runtime_core.build.cache import BuildCache, CachedFile, CacheKey
from runtime_core.release import LocalRelease, check_bytes
from schemas import compression
from schemas.compression import compress, zstd_version
from schemas.digest import Digest
from schemas.release import Artifact, DeltaBase, Role, Variant

_WORTH_IT: Final = 0.9
"""A variant is kept if it is at most this part of the next cheapest way."""
_LARGEST: Final = 512 * 1024 * 1024
"""Content and base are compressed in memory."""


@dataclass(frozen=True, kw_only=True, slots=True)
class BaseRelease:
    """The artifacts of a release that deltas may start from, by role."""

    artifacts: tuple[tuple[Artifact, Path], ...]

    @classmethod
    def of(cls, release: LocalRelease) -> Self:
        """All artifacts of a release on this machine."""
        listed = ((artifact, release.paths.get(artifact.role)) for artifact in release.manifest.artifacts)
        return cls(artifacts=tuple((artifact, path) for artifact, path in listed if path is not None))

    def find(self, role: Role) -> tuple[Artifact, Path] | None:
        """The artifact of a role, and its file."""
        return next((item for item in self.artifacts if item[0].role is role), None)


@dataclass(frozen=True, kw_only=True, slots=True)
class WithVariants:
    """An artifact with its variants, and their files."""

    artifact: Artifact
    files: tuple[CachedFile, ...]


def add_variants(
    cache: BuildCache, artifact: Artifact, content: Path, *, bases: Sequence[BaseRelease] = ()
) -> WithVariants:
    """Make an artifact's variants from its file ``content``; what the cache has is taken from there.

    Raises:
        DigestMismatchError, SizeMismatchError: the file of a base is not the artifact of that release.
        MissingToolError: this Python has no zstd.
    """
    if artifact.content_size > _LARGEST:
        return WithVariants(artifact=artifact, files=())
    variants: list[Variant] = []
    files: list[CachedFile] = []
    best = artifact.size
    alone = _packed(cache, artifact.content_digest, content, base=None)
    if alone.size <= best * _WORTH_IT:
        best = alone.size
        variants.append(Variant(digest=alone.digest, size=alone.size))
        files.append(alone)
    for base, path in _bases(artifact, bases):
        delta = _packed(cache, artifact.content_digest, content, base=(base, path))
        if delta.size <= best * _WORTH_IT:
            of = DeltaBase(digest=base.content_digest, size=base.content_size)
            variants.append(Variant(digest=delta.digest, size=delta.size, base=of))
            files.append(delta)
    return WithVariants(artifact=replace(artifact, variants=tuple(variants)), files=tuple(files))


def _bases(artifact: Artifact, releases: Sequence[BaseRelease]) -> list[tuple[Artifact, Path]]:
    """What deltas of an artifact may start from: other content of its role, each once."""
    found: dict[Digest, tuple[Artifact, Path]] = {}
    for release in releases:
        item = release.find(artifact.role)
        if item is not None and item[0].content_digest != artifact.content_digest:
            if item[0].content_size <= _LARGEST:
                found.setdefault(item[0].content_digest, item)
    return list(found.values())


def _packed(cache: BuildCache, digest: Digest, content: Path, *, base: tuple[Artifact, Path] | None) -> CachedFile:
    def build(work: Path) -> None:
        before = None
        if base is not None:
            before = base[1].read_bytes()
            check_bytes(base[0], before)
        (work / "frame.zst").write_bytes(compress(content.read_bytes(), base=before))

    key = CacheKey.of(
        "variant",
        content=digest,
        base=base[0].content_digest if base is not None else "",
        zstd=zstd_version(),
        code=Digest.of(Path(compression.__file__).read_bytes()),
    )
    return cache.get_or_build(key, build).files["frame.zst"]
