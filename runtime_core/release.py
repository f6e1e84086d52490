"""A release on this machine, and the checks it must pass before a byte of it is executed.

:class:`ReleaseFiles` is what a fetched release and a locally built one have in common. :func:`check_release` holds the
manifest against this runtime; the digests of the files were checked by whoever put them there, and are checked again
where they are read.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Protocol

from runtime_core.snapshot.state import STATE_VERSION
from runtime_core.wasm.abi import CodeProfile, abi_profile
from schemas.digest import Digest
from schemas.errors import (
    AbiMismatchError,
    BlobNotFoundError,
    DigestMismatchError,
    FormatError,
    SizeMismatchError,
)
from schemas.release import Artifact, Compression, ReleaseManifest, Role, decode_manifest, manifest_digest
from schemas.snapshot_metadata import SnapshotType

MANIFEST_NAME: Final = "manifest.capnp.bin"
ARTIFACTS_NAME: Final = "artifacts"
_DAMAGED: Final = "fetch, copy or build the release again"


class ReleaseFiles(Protocol):
    """A release whose artifacts are files of this machine."""

    @property
    def manifest(self) -> ReleaseManifest:
        """The decoded manifest."""

    @property
    def manifest_digest(self) -> Digest:
        """Sha256 of the manifest's stored bytes: the identity of the release."""

    @property
    def paths(self) -> Mapping[Role, Path]:
        """Where each artifact is."""


@dataclass(frozen=True, kw_only=True, slots=True)
class LocalRelease:
    """A release in a directory as ``runtime_core.build`` writes it: a manifest, and artifacts named by digest."""

    manifest: ReleaseManifest
    manifest_digest: Digest
    paths: Mapping[Role, Path]

    @classmethod
    def open(cls, directory: Path) -> LocalRelease:
        """Read the manifest and find the artifacts.

        Raises:
            FormatError: the manifest is not one, or an artifact is compressed.
            BlobNotFoundError: an artifact is missing.
            SizeMismatchError: an artifact has another size than the manifest says.
        """
        try:
            data = (directory / MANIFEST_NAME).read_bytes()
        except FileNotFoundError as error:
            raise BlobNotFoundError(
                f"no {MANIFEST_NAME} in {directory}", hint="run: artifactctl release build --output DIR"
            ) from error
        manifest = decode_manifest(data)
        paths: dict[Role, Path] = {}
        for artifact in manifest.artifacts:
            path = directory / ARTIFACTS_NAME / artifact.digest.hex
            try:
                size = path.stat().st_size
            except FileNotFoundError as error:
                raise BlobNotFoundError(f"{_named(artifact)} is missing", expected=path, hint=_DAMAGED) from error
            if size != artifact.size:
                raise SizeMismatchError(
                    f"{_named(artifact)} has another size", expected=artifact.size, found=size, hint=_DAMAGED
                )
            if artifact.compression is not Compression.NONE:
                raise FormatError("a locally built release is not compressed", found=artifact.compression.value)
            paths[artifact.role] = path
        return cls(manifest=manifest, manifest_digest=manifest_digest(data), paths=paths)


@dataclass(frozen=True, kw_only=True, slots=True)
class CheckedRelease:
    """What :func:`check_release` established: the profile to boot with, and the artifacts that a boot reads."""

    profile: CodeProfile
    code_image: Artifact
    snapshot: Artifact
    stdlib: Artifact
    packages: Artifact | None
    worker: Artifact | None


def check_release(manifest: ReleaseManifest) -> CheckedRelease:
    """Hold a manifest against this runtime.

    Raises:
        UnsupportedVersionError: a Pyodide version this runtime has no profile for.
        AbiMismatchError: a field of the ABI profile is not what this runtime provides, or contradicts another.
        FormatError: an artifact a boot needs is not listed.
    """
    profile = abi_profile(manifest.release.pyodide)
    abi = manifest.abi
    _same("Pyodide version of the ABI profile", manifest.release.pyodide, abi.pyodide_version)
    _same("ABI", profile.abi, abi.name)
    _same("Python version", profile.python_version, abi.python_version)
    _same("trampoline slot", profile.trampoline_slot, abi.trampoline_slot)
    _same("version of the runtime state", STATE_VERSION, abi.runtime_state)
    code_image = manifest.artifact(Role.CODE_IMAGE)
    _same("code image the snapshot was captured with", code_image.content_digest, abi.code_image)
    return CheckedRelease(
        profile=profile,
        code_image=code_image,
        snapshot=manifest.artifact(Role.SNAPSHOT),
        stdlib=manifest.artifact(Role.UPSTREAM_STDLIB),
        packages=_package_set(manifest),
        worker=_worker(manifest),
    )


def _package_set(manifest: ReleaseManifest) -> Artifact | None:
    found = [artifact for artifact in manifest.artifacts if artifact.role is Role.PACKAGES]
    if len(found) > 1:
        raise AbiMismatchError("this runtime serves one package set", expected="<= 1", found=len(found))
    return found[0] if found else None


def _worker(manifest: ReleaseManifest) -> Artifact | None:
    found = next((artifact for artifact in manifest.artifacts if artifact.role is Role.WORKER), None)
    dedicated = manifest.abi.snapshot_type is SnapshotType.DEDICATED
    if dedicated is (found is None):
        raise AbiMismatchError(
            "a release has a worker's files if and only if its snapshot is dedicated",
            expected=Role.WORKER.value if dedicated else f"no {Role.WORKER.value}",
            found=f"{'no ' if found is None else ''}{Role.WORKER.value}, type {manifest.abi.snapshot_type.value}",
        )
    return found


def read_artifact(release: ReleaseFiles, artifact: Artifact) -> bytes:
    """Read an artifact and check size and digest once more: a file may have changed since it was fetched.

    Raises:
        BlobNotFoundError: the file is gone.
        DigestMismatchError, SizeMismatchError: the file is not the artifact.
    """
    path = release.paths[artifact.role]
    try:
        data = path.read_bytes()
    except FileNotFoundError as error:
        raise BlobNotFoundError(f"{_named(artifact)} is missing", expected=path, hint=_DAMAGED) from error
    check_bytes(artifact, data)
    return data


def check_bytes(artifact: Artifact, data: bytes | memoryview) -> None:
    """Hold a file's bytes against the manifest: files of a release are unpacked, so this is about the content.

    Raises:
        DigestMismatchError, SizeMismatchError: the bytes are others.
    """
    if len(data) != artifact.content_size:
        raise SizeMismatchError(
            f"{_named(artifact)} has another size", expected=artifact.content_size, found=len(data), hint=_DAMAGED
        )
    found = Digest.of(data)
    if found != artifact.content_digest:
        raise DigestMismatchError(
            f"{_named(artifact)} has other bytes", expected=artifact.content_digest, found=found, hint=_DAMAGED
        )


def _named(artifact: Artifact) -> str:
    return f"the {artifact.role.value} artifact"


def _same(what: str, expected: object, found: object) -> None:
    if expected != found:
        raise AbiMismatchError(
            f"{what} does not match this runtime", expected=expected, found=found, hint="use a release built for it"
        )
