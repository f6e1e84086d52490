"""Compressed forms of a release's artifacts, which are what most nodes download.

Each artifact gets a zstd frame, and a delta for each base that the publisher names: an artifact of the same role of
another release, which nodes may have. What hardly saves anything is left out.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from runtime_core.build.cache import BuildCache, CachedFile, CacheKey
from runtime_core.release import LocalRelease, check_bytes
from schemas import compression
from schemas.compression import compress, zstd_version
from schemas.digest import Digest
from schemas.release import Artifact, DeltaBase, ProvenanceTool, Role, Variant, encode_manifest

_WORTH_IT: Final = 0.9
"""A variant is kept if it is at most this part of the next cheapest way."""
_LARGEST: Final = 512 * 1024 * 1024
"""Content and base are compressed in memory."""
_SMALLEST: Final = 4096
"""Below, a request costs more than what is saved."""
_WITH_DELTAS: Final = (Role.CODE_IMAGE, Role.SNAPSHOT, Role.PACKAGES)
"""What changes in part from release to release."""
_TOOL: Final = "zstd"


@dataclass(frozen=True, kw_only=True, slots=True)
class PackedRelease:
    """A release whose artifacts have variants, and the files of these by digest."""

    release: LocalRelease
    files: Mapping[Digest, Path]


def pack_release(release: LocalRelease, *, cache: BuildCache, bases: Sequence[LocalRelease] = ()) -> PackedRelease:
    """Give every artifact its variants, with deltas against ``bases``; what the cache has is taken from there.

    Equal releases, bases and versions of zstd give equal manifests.

    Raises:
        DigestMismatchError, SizeMismatchError: the file of a base is not the artifact of that release.
        MissingToolError: this Python has no zstd.
    """
    files: dict[Digest, Path] = {}
    artifacts = []
    for artifact in release.manifest.artifacts:
        variants = _variants(artifact, release.paths[artifact.role], bases=_bases(artifact, bases), cache=cache)
        files.update((file.digest, file.path) for _, file in variants)
        artifacts.append(replace(artifact, variants=tuple(variant for variant, _ in variants)))
    provenance = release.manifest.provenance
    tools = [tool for tool in provenance.tools if tool.name != _TOOL]
    tools.append(ProvenanceTool(name=_TOOL, version=zstd_version()))
    manifest = replace(release.manifest, artifacts=tuple(artifacts), provenance=replace(provenance, tools=tuple(tools)))
    digest = Digest.of(encode_manifest(manifest))
    return PackedRelease(release=replace(release, manifest=manifest, manifest_digest=digest), files=files)


def _variants(
    artifact: Artifact, content: Path, *, bases: Sequence[tuple[Artifact, Path]], cache: BuildCache
) -> list[tuple[Variant, CachedFile]]:
    if not _SMALLEST <= artifact.content_size <= _LARGEST:
        return []
    variants = []
    best = artifact.size
    alone = _packed(cache, artifact.content_digest, content, base=None)
    if alone.size <= best * _WORTH_IT:
        best = alone.size
        variants.append((Variant(digest=alone.digest, size=alone.size), alone))
    for base, path in bases:
        delta = _packed(cache, artifact.content_digest, content, base=(base, path))
        if delta.size <= best * _WORTH_IT:
            of = DeltaBase(digest=base.content_digest, size=base.content_size)
            variants.append((Variant(digest=delta.digest, size=delta.size, base=of), delta))
    return variants


def _bases(artifact: Artifact, releases: Sequence[LocalRelease]) -> list[tuple[Artifact, Path]]:
    """What deltas of an artifact may start from: other content of its role, each once."""
    found: dict[Digest, tuple[Artifact, Path]] = {}
    for release in releases:
        for base in release.manifest.artifacts:
            usable = base.role is artifact.role and base.content_digest != artifact.content_digest
            if usable and base.role in _WITH_DELTAS and _SMALLEST <= base.content_size <= _LARGEST:
                found.setdefault(base.content_digest, (base, release.paths[base.role]))
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
