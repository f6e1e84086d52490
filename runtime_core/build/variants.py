"""Compressed forms of a release's artifacts, which are what most nodes download.

Each artifact gets a zstd frame, and a delta for each base that the publisher names: an artifact of the same role of
another release, which nodes may have. What hardly saves anything is left out.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from runtime_core.build.cache import BuildCache, CachedFile, CacheKey
from runtime_core.emscripten.mounts import map_file
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
_AT_ONCE: Final = 2
"""Frames made at a time; each takes the memory of content and base, and a window of 128 MiB."""
_TOOL: Final = "zstd"
_Base = tuple[Artifact, Path]


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
    for artifact, frames in zip(release.manifest.artifacts, _frames(release, bases, cache), strict=True):
        variants = _variants(artifact, frames)
        files.update((file.digest, file.path) for _, file in variants)
        artifacts.append(replace(artifact, variants=tuple(variant for variant, _ in variants)))
    provenance = release.manifest.provenance
    tools = [tool for tool in provenance.tools if tool.name != _TOOL]
    tools.append(ProvenanceTool(name=_TOOL, version=zstd_version()))
    manifest = replace(release.manifest, artifacts=tuple(artifacts), provenance=replace(provenance, tools=tuple(tools)))
    digest = Digest.of(encode_manifest(manifest))
    return PackedRelease(release=replace(release, manifest=manifest, manifest_digest=digest), files=files)


def _frames(
    release: LocalRelease, bases: Sequence[LocalRelease], cache: BuildCache
) -> list[list[tuple[Artifact | None, CachedFile]]]:
    """The frames of each artifact in turn: first the one without a base, then those with. Small ones have none.

    They are made side by side, because most of the time is zstd's.
    """
    wanted: list[list[tuple[Artifact | None, Future[CachedFile]]]] = []
    with ThreadPoolExecutor(max_workers=_AT_ONCE) as pool:
        for artifact in release.manifest.artifacts:
            content, digest = release.paths[artifact.role], artifact.content_digest
            fits = _SMALLEST <= artifact.content_size <= _LARGEST
            bases_of: list[_Base | None] = [None, *_bases(artifact, bases)] if fits else []
            wanted.append(
                [(base and base[0], pool.submit(_packed, cache, digest, content, base=base)) for base in bases_of]
            )
        try:
            return [[(base, frame.result()) for base, frame in frames] for frames in wanted]
        finally:
            pool.shutdown(cancel_futures=True)


def _variants(
    artifact: Artifact, frames: Sequence[tuple[Artifact | None, CachedFile]]
) -> list[tuple[Variant, CachedFile]]:
    variants = []
    best = artifact.size
    for base, frame in frames:
        if frame.size > best * _WORTH_IT:
            continue
        of = None
        if base is None:
            best = frame.size
        else:
            of = DeltaBase(digest=base.content_digest, size=base.content_size)
        variants.append((Variant(digest=frame.digest, size=frame.size, base=of), frame))
    return variants


def _bases(artifact: Artifact, releases: Sequence[LocalRelease]) -> list[_Base]:
    """What deltas of an artifact may start from: other content of its role, each once."""
    found: dict[Digest, _Base] = {}
    for release in releases:
        for base in release.manifest.artifacts:
            usable = base.role is artifact.role and base.content_digest != artifact.content_digest
            if usable and base.role in _WITH_DELTAS and _SMALLEST <= base.content_size <= _LARGEST:
                found.setdefault(base.content_digest, (base, release.paths[base.role]))
    return list(found.values())


def _packed(cache: BuildCache, digest: Digest, content: Path, *, base: _Base | None) -> CachedFile:
    def build(work: Path) -> None:
        before = None
        if base is not None:
            before = base[1].read_bytes()  # a copy: somebody may change the file of a base while it is read
            check_bytes(base[0], before)
        (work / "frame.zst").write_bytes(compress(map_file(content), base=before))

    key = CacheKey.of(
        "variant",
        content=digest,
        base=base[0].content_digest if base is not None else "",
        zstd=zstd_version(),
        code=Digest.of(Path(compression.__file__).read_bytes()),
    )
    return cache.get_or_build(key, build).files["frame.zst"]
