"""The manifest of a built release, and the directory that holds it with its artifacts."""

from __future__ import annotations

import filecmp
import os
import shutil
import tempfile
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from runtime_core.build.cache import CachedFile
from runtime_core.build.variants import PackedRelease
from runtime_core.release import ARTIFACTS_NAME, MANIFEST_NAME, LocalRelease
from schemas.digest import Digest
from schemas.release import Artifact, ReleaseManifest, Role, encode_manifest

_WASM: Final = "application/wasm"
_PACKAGES: Final = "application/vnd.workerd.python-packages"
_KINDS: Final[Mapping[Role, tuple[str, str]]] = {
    Role.UPSTREAM_WASM: (_WASM, "pyodide.asm.wasm"),
    Role.UPSTREAM_STDLIB: ("application/zip", "python_stdlib.zip"),
    Role.UPSTREAM_LOCK: ("application/json", "pyodide-lock.json"),
    Role.CODE_IMAGE: (_WASM, "code.wasm"),
    Role.SNAPSHOT: ("application/vnd.pyodide.snapshot", "baseline.bin"),
    Role.PACKAGES: (_PACKAGES, "packages.bin"),
    Role.WORKER: (_PACKAGES, "worker.bin"),
}
"""Media type and name of the artifacts, in the order of a manifest."""


@dataclass(frozen=True, kw_only=True, slots=True)
class BuiltRelease:
    """What a build made, in ``directory``: the manifest and its artifacts."""

    directory: Path
    manifest: ReleaseManifest
    manifest_digest: Digest
    manifest_size: int


def artifact_of(role: Role, file: CachedFile, *, name: str | None = None) -> Artifact:
    """How a manifest lists a file."""
    media_type, usual = _KINDS[role]
    return Artifact.uncompressed(
        role, digest=file.digest, size=file.size, media_type=media_type, name=name if name is not None else usual
    )


def in_order(artifacts: Iterable[Artifact]) -> tuple[Artifact, ...]:
    """Artifacts in the order of a manifest, so that equal releases have equal manifests."""
    places = list(_KINDS)
    return tuple(sorted(artifacts, key=lambda artifact: places.index(artifact.role)))


def with_id(manifest: ReleaseManifest, release_id: str | None) -> ReleaseManifest:
    """A manifest with its final name: the one given, else version and snapshot."""
    snapshot = manifest.artifact(Role.SNAPSHOT)
    return replace(manifest, release_id=release_id or f"{manifest.release.pyodide}-{snapshot.digest.short}")


def assembled(manifest: ReleaseManifest, paths: Mapping[Role, Path]) -> LocalRelease:
    """A release whose artifacts lie where the build made them."""
    return LocalRelease(manifest=manifest, manifest_digest=Digest.of(encode_manifest(manifest)), paths=paths)


def write_release(packed: PackedRelease, output: Path) -> BuiltRelease:
    """Put a release into a directory: artifacts and variants first, then the manifest that makes it one."""
    release, manifest = packed.release, packed.release.manifest
    data = encode_manifest(manifest)
    (output / ARTIFACTS_NAME).mkdir(parents=True, exist_ok=True)
    for artifact in manifest.artifacts:
        _copy(release.paths[artifact.role], output / ARTIFACTS_NAME / artifact.digest.hex)
    for digest, path in packed.files.items():
        _copy(path, output / ARTIFACTS_NAME / digest.hex)
    _place(output / MANIFEST_NAME, lambda path: path.write_bytes(data))
    return BuiltRelease(directory=output, manifest=manifest, manifest_digest=Digest.of(data), manifest_size=len(data))


def _copy(source: Path, target: Path) -> None:
    """Files are copied rather than linked from the cache: whoever changes the output must not reach into it."""
    if not target.exists() or not filecmp.cmp(source, target, shallow=False):
        _place(target, lambda path: shutil.copyfile(source, path))


def _place(target: Path, write: Callable[[Path], object]) -> None:
    """Write a file in one step: builds may run side by side, and a reader must never see half of one."""
    descriptor, temporary = tempfile.mkstemp(dir=target.parent, prefix=f".{target.name}.")
    try:
        os.close(descriptor)
        write(Path(temporary))
        Path(temporary).chmod(0o644)
        Path(temporary).replace(target)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise
