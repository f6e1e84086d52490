"""Build a release again from its own artifacts, and say where the result differs.

Taken as given are what others made: Pyodide's files, which must be the pinned ones, the package set and the worker's
files. Made again are the code image and every snapshot on the way to the release's own.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from runtime_core.build.cache import BuildCache, CachedFile, CacheEntry, CacheKey
from runtime_core.build.difference import Difference, compare_files, compare_snapshots, first_difference
from runtime_core.build.link import library_files
from runtime_core.build.package_set import PackageSet
from runtime_core.build.pins import LOCK_FILE, MAIN_MODULE, STDLIB
from runtime_core.build.progress import Timeline
from runtime_core.build.recipe import Layer, read_layers
from runtime_core.build.release import ReleaseOptions, baseline_release
from runtime_core.build.stacked import BASE_RELEASE, StackedInputs, build_on
from runtime_core.emscripten.mounts import map_file
from runtime_core.packages.bundle import WorkerBundle
from runtime_core.release import LocalRelease, read_artifact
from schemas.digest import Digest
from schemas.errors import FormatError
from schemas.release import ReleaseManifest, Role

_UPSTREAM: Final[Mapping[Role, str]] = {
    Role.UPSTREAM_WASM: MAIN_MODULE,
    Role.UPSTREAM_STDLIB: STDLIB,
    Role.UPSTREAM_LOCK: LOCK_FILE,
}
_MADE: Final = (Role.CODE_IMAGE, Role.SNAPSHOT)
_PINNED_KINDS: Final = frozenset({"package", "translation"})
"""Entries of the user's build cache that pins in this program's source name by digest: tools, the translated module."""
_COMPRESSION: Final = "zstd"


@dataclass(frozen=True, kw_only=True, slots=True)
class ArtifactCheck:
    """One artifact: what the manifest names, what came out of the rebuild, and where they differ if they do."""

    role: Role
    expected: Digest
    found: Digest
    difference: Difference | None = None

    @property
    def given(self) -> bool:
        """Whether it went into the rebuild instead of coming out of it."""
        return self.role not in _MADE

    def to_json(self) -> dict[str, object]:
        """For the command."""
        value: dict[str, object] = {
            "role": self.role.value,
            "ok": self.difference is None,
            "given": self.given,
            "expected": str(self.expected),
            "found": str(self.found),
        }
        if self.difference is not None:
            value |= {"difference": self.difference.text(), "pages": list(self.difference.pages)}
        return value


@dataclass(frozen=True, kw_only=True, slots=True)
class RebuildReport:
    """What a rebuild came to. ``manifest`` says where the manifests differ; empty if they do not."""

    artifacts: tuple[ArtifactCheck, ...]
    manifest: str

    @property
    def ok(self) -> bool:
        """Whether the release came out again, byte for byte."""
        return not self.manifest and all(check.difference is None for check in self.artifacts)

    def to_json(self) -> dict[str, object]:
        """For the command."""
        return {
            "ok": self.ok,
            "artifacts": [check.to_json() for check in self.artifacts],
            "manifest": {"ok": not self.manifest, **({"difference": self.manifest} if self.manifest else {})},
        }


class _FreshCache(BuildCache):
    """An empty cache that takes only pinned files from another one."""

    def __init__(self, root: Path, pinned: BuildCache) -> None:
        super().__init__(root)
        self._pinned = pinned
        # Native code is no part of a release, is named by what it was compiled from and is checked when it is loaded.
        (pinned.root / "code").mkdir(mode=0o700, parents=True, exist_ok=True)
        root.mkdir(mode=0o700, parents=True)
        (root / "code").symlink_to((pinned.root / "code").absolute())

    def get_or_build(self, key: CacheKey, build: Callable[[Path], None]) -> CacheEntry:
        """See :class:`BuildCache`."""
        if key.kind in _PINNED_KINDS:
            return self._pinned.get_or_build(key, build)
        return super().get_or_build(key, build)


def rebuild_release(release: LocalRelease, *, cache: BuildCache, work: Path, timeline: Timeline) -> RebuildReport:
    """Build a release again in ``work``, an empty directory; ``cache`` is asked for pinned files only.

    Raises:
        FormatError: the manifest does not say how it was built.
        IntegrityError: a file of Pyodide is not the pinned one.
        PlatformError: a step failed.
    """
    layers = read_layers(release.manifest.provenance.flags)
    fresh = _FreshCache(work / "cache", cache)
    given = _given(release)
    built = baseline_release(
        release.manifest.release.pyodide,
        cache=fresh,
        timeline=timeline,
        options=ReleaseOptions(
            source=_upstream_directory(release, work),
            packages=_package_set(release, given) if layers[0].packages else None,
            link=layers[0].link,
            worker=_worker(given) if layers[0].worker else None,
        ),
    )
    for layer in layers[1:]:
        with timeline.step(f"capture on the {layer.on} snapshot") as step:
            stacked = build_on(built, _inputs(release, layer, given), cache=fresh)
            step.note(size=stacked.snapshot.size, digest=stacked.snapshot.digest)
            built = stacked.release
    with timeline.step("compare"):
        return compare_releases(release, built)


def compare_releases(expected: LocalRelease, found: LocalRelease) -> RebuildReport:
    """Compare the artifacts byte by byte, and what the manifests say of how they were made."""
    paths = {artifact.role: artifact for artifact in found.manifest.artifacts}
    checks = []
    for artifact in expected.manifest.artifacts:
        other = paths.get(artifact.role)
        if other is None:
            checks.append(
                ArtifactCheck(
                    role=artifact.role,
                    expected=artifact.content_digest,
                    found=Digest.of(b""),
                    difference=Difference(where="the rebuild made none"),
                )
            )
            continue
        difference = None
        if artifact.content_digest != other.content_digest:
            compare = compare_snapshots if artifact.role is Role.SNAPSHOT else compare_files
            difference = compare(read_artifact(expected, artifact), read_artifact(found, other))
        checks.append(
            ArtifactCheck(
                role=artifact.role,
                expected=artifact.content_digest,
                found=other.content_digest,
                difference=difference,
            )
        )
    return RebuildReport(artifacts=tuple(checks), manifest=_manifest_difference(expected.manifest, found.manifest))


def _manifest_difference(expected: ReleaseManifest, found: ReleaseManifest) -> str:
    """Names, compressed forms and the digests of artifacts apart: those are free, or were compared already."""
    return first_difference(_statements(expected), _statements(found)).removeprefix(".")


def _statements(manifest: ReleaseManifest) -> dict[str, object]:
    abi, provenance = manifest.abi, manifest.provenance
    return {
        "abi": {
            name: str(getattr(abi, name))
            for name in (
                "name",
                "python_version",
                "snapshot_type",
                "table_size",
                "trampoline_slot",
                "memory_pages",
                "stack_pointer",
                "runtime_state",
            )
        },
        "inputs": {item.name: str(item.digest) for item in provenance.inputs if item.name != BASE_RELEASE},
        "tools": {tool.name: [tool.version, *tool.flags] for tool in provenance.tools if tool.name != _COMPRESSION},
        "flags": list(provenance.flags),
    }


def _upstream_directory(release: LocalRelease, work: Path) -> Path:
    directory = work / "upstream"
    directory.mkdir(parents=True)
    for role, name in _UPSTREAM.items():
        shutil.copyfile(release.paths[role], directory / name)
    return directory


def _given(release: LocalRelease) -> Mapping[Role, CachedFile]:
    """The package set and the worker's files, checked."""
    found: dict[Role, CachedFile] = {}
    for artifact in release.manifest.artifacts:
        if artifact.role in {Role.PACKAGES, Role.WORKER}:
            read_artifact(release, artifact)
            found[artifact.role] = CachedFile(
                path=release.paths[artifact.role], digest=artifact.content_digest, size=artifact.content_size
            )
    return found


def _package_set(release: LocalRelease, given: Mapping[Role, CachedFile]) -> PackageSet:
    file = _file(given, Role.PACKAGES)
    libraries = library_files([map_file(file.path)], release.manifest.abi.python_version)
    return PackageSet(file=file, libraries=tuple(library.name for library in libraries), cached=True, seconds=0.0)


def _inputs(release: LocalRelease, layer: Layer, given: Mapping[Role, CachedFile]) -> StackedInputs:
    return StackedInputs(
        packages=_file(given, Role.PACKAGES) if layer.packages else None,
        imports=layer.imports,
        worker=_worker(given) if layer.worker else None,
        modules=layer.modules,
    )


def _worker(given: Mapping[Role, CachedFile]) -> WorkerBundle:
    return WorkerBundle.decode(_file(given, Role.WORKER).path.read_bytes())


def _file(given: Mapping[Role, CachedFile], role: Role) -> CachedFile:
    file = given.get(role)
    if file is None:
        raise FormatError("the release was built with an artifact that it does not have", expected=role.value)
    return file
