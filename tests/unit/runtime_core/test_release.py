"""Checks of a manifest against this runtime."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

import pytest

from runtime_core.release import ARTIFACTS_NAME, MANIFEST_NAME, LocalRelease, check_release, read_artifact
from runtime_core.snapshot.state import STATE_VERSION
from schemas.digest import Digest
from schemas.errors import (
    AbiMismatchError,
    BlobNotFoundError,
    DigestMismatchError,
    FormatError,
    PlatformError,
    SizeMismatchError,
    UnsupportedVersionError,
)
from schemas.pyodide_extra import PythonSnapshotRelease
from schemas.release import AbiProfile, Artifact, ReleaseManifest, Role, encode_manifest
from schemas.snapshot_metadata import SnapshotType

CONTENT = {Role.CODE_IMAGE: b"code", Role.SNAPSHOT: b"snapshot", Role.UPSTREAM_STDLIB: b"zip"}


def artifact(role: Role) -> Artifact:
    data = CONTENT[role]
    return Artifact.uncompressed(
        role, digest=Digest.of(data), size=len(data), media_type="application/octet-stream", name=role.value
    )


MANIFEST = ReleaseManifest(
    release_id="test-1",
    release=PythonSnapshotRelease(pyodide="314.0.5"),
    artifacts=tuple(artifact(role) for role in CONTENT),
    abi=AbiProfile(
        name="pyemscripten_2026_0",
        pyodide_version="314.0.5",
        python_version="3.14",
        snapshot_type=SnapshotType.BASELINE,
        code_image=Digest.of(b"code"),
        table_size=14173,
        trampoline_slot=14172,
        memory_pages=480,
        stack_pointer=1024,
        runtime_state=STATE_VERSION,
    ),
)


def write(directory: Path, manifest: ReleaseManifest = MANIFEST) -> Path:
    (directory / ARTIFACTS_NAME).mkdir(parents=True)
    for data in CONTENT.values():
        (directory / ARTIFACTS_NAME / Digest.of(data).hex).write_bytes(data)
    (directory / MANIFEST_NAME).write_bytes(encode_manifest(manifest))
    return directory


def test_accepts_a_release_for_this_runtime() -> None:
    checked = check_release(MANIFEST)
    assert checked.code_image.digest == Digest.of(b"code")
    assert checked.profile.trampoline_slot == 14172


@pytest.mark.parametrize(
    ("change", "error", "reason"),
    [
        ({"pyodide_version": "0.28.2"}, AbiMismatchError, "contradicts the release"),
        ({"name": "pyodide_2025_0"}, AbiMismatchError, "another ABI"),
        ({"python_version": "3.13"}, AbiMismatchError, "another Python"),
        ({"trampoline_slot": 8733}, AbiMismatchError, "another table layout"),
        ({"runtime_state": STATE_VERSION + 1}, AbiMismatchError, "state of a later runtime"),
        ({"code_image": Digest.of(b"other")}, AbiMismatchError, "captured with another code image"),
    ],
)
def test_refuses_another_abi(change: dict[str, Any], error: type[PlatformError], reason: str) -> None:
    manifest = dataclasses.replace(MANIFEST, abi=dataclasses.replace(MANIFEST.abi, **change))
    with pytest.raises(error):
        check_release(manifest)
    assert reason


def test_refuses_another_pyodide_version_and_names_the_supported_ones() -> None:
    manifest = dataclasses.replace(MANIFEST, release=PythonSnapshotRelease(pyodide="0.28.2"))
    with pytest.raises(UnsupportedVersionError, match=r"314\.0\.5.*0\.28\.2"):
        check_release(manifest)


@pytest.mark.parametrize("role", list(CONTENT))
def test_refuses_a_manifest_without_a_needed_artifact(role: Role) -> None:
    rest = tuple(item for item in MANIFEST.artifacts if item.role is not role)
    with pytest.raises(FormatError):
        check_release(dataclasses.replace(MANIFEST, artifacts=rest))


def test_opens_a_directory(tmp_path: Path) -> None:
    release = LocalRelease.open(write(tmp_path))
    assert release.manifest == MANIFEST
    assert release.manifest_digest == Digest.of(encode_manifest(MANIFEST))
    assert read_artifact(release, MANIFEST.artifact(Role.SNAPSHOT)) == b"snapshot"


def test_says_what_to_do_without_a_manifest(tmp_path: Path) -> None:
    with pytest.raises(BlobNotFoundError, match="artifactctl release build"):
        LocalRelease.open(tmp_path)


def test_a_missing_artifact_is_named(tmp_path: Path) -> None:
    (write(tmp_path) / ARTIFACTS_NAME / Digest.of(b"code").hex).unlink()
    with pytest.raises(BlobNotFoundError, match=r"code"):
        LocalRelease.open(tmp_path)


def test_a_truncated_artifact_is_refused_on_opening(tmp_path: Path) -> None:
    (write(tmp_path) / ARTIFACTS_NAME / Digest.of(b"code").hex).write_bytes(b"co")
    with pytest.raises(SizeMismatchError):
        LocalRelease.open(tmp_path)


def test_a_changed_artifact_is_refused_on_reading(tmp_path: Path) -> None:
    (write(tmp_path) / ARTIFACTS_NAME / Digest.of(b"code").hex).write_bytes(b"cOde")
    release = LocalRelease.open(tmp_path)
    with pytest.raises(DigestMismatchError):
        read_artifact(release, MANIFEST.artifact(Role.CODE_IMAGE))
