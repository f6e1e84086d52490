"""Loading releases: what is checked, what is kept, and what damage is survived."""

from __future__ import annotations

import dataclasses
import shutil
from collections.abc import Mapping
from pathlib import Path

import pytest

from runtime_core.isolate import Isolate
from runtime_core.release import ARTIFACTS_NAME, MANIFEST_NAME, LocalRelease
from runtime_core.runtime import Runtime
from runtime_core.snapshot.prepared import RestoreMode
from schemas.digest import Digest
from schemas.errors import AbiMismatchError, DigestMismatchError, FormatError, PlatformError
from schemas.release import Artifact, ReleaseManifest, Role, encode_manifest
from schemas.snapshot_codec import decode_snapshot, encode_snapshot
from tests.support import releases

pytestmark = pytest.mark.boot


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """A copy of the built release that a test may damage."""
    return Path(shutil.copytree(releases.built_directory(), tmp_path / "release"))


@pytest.fixture
def state(tmp_path: Path) -> Path:
    """State with the code image compiled already: tests are about other things than the compiler."""
    releases.runtime()
    source = releases.built_directory().parent / "test-state"
    return Path(shutil.copytree(source, tmp_path / "state"))


def forget_loaded(monkeypatch: pytest.MonkeyPatch) -> None:
    """As in a new process."""
    monkeypatch.setattr("runtime_core.runtime._LOADED", {})


def runtime_state(extra: Mapping[str, object]) -> dict[str, object]:
    """A copy of what the runtime keeps in a snapshot's metadata."""
    state = extra["runtimeCore"]
    assert isinstance(state, Mapping)
    return dict(state)


def boots(release: LocalRelease, state: Path) -> bool:
    with Isolate.boot(release, state_directory=state) as isolate:
        isolate.run("def answer(): return 42")
        return bool(isolate.call("answer") == 42)


def rewrite(directory: Path, manifest: ReleaseManifest) -> LocalRelease:
    (directory / MANIFEST_NAME).write_bytes(encode_manifest(manifest))
    return LocalRelease.open(directory)


def replace_artifact(directory: Path, role: Role, data: bytes) -> LocalRelease:
    """A release that honestly lists other bytes for a role."""
    release = LocalRelease.open(directory)
    digest = Digest.of(data)
    (directory / ARTIFACTS_NAME / digest.hex).write_bytes(data)
    artifacts = tuple(
        Artifact.uncompressed(role, digest=digest, size=len(data), media_type=item.media_type, name=item.name)
        if item.role is role
        else item
        for item in release.manifest.artifacts
    )
    return rewrite(directory, dataclasses.replace(release.manifest, artifacts=artifacts))


def test_a_runtime_is_loaded_once_per_process() -> None:
    assert releases.runtime() is releases.runtime()


def test_a_warm_node_needs_neither_snapshot_nor_code_bytes(
    copy: Path, state: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    release = LocalRelease.open(copy)
    for role in (Role.SNAPSHOT, Role.CODE_IMAGE):
        release.paths[role].write_bytes(b"gone")
    forget_loaded(monkeypatch)
    assert boots(release, state)


def test_restores_by_copy_and_by_mapping_are_alike(copy: Path, state: Path) -> None:
    release = LocalRelease.open(copy)
    source = (
        "import sys, json\n"
        "def look(): return [sorted(sys.modules), sys.path, json.dumps([1]), len(__import__('gc').get_objects())]"
    )
    found = []
    for mode in RestoreMode:
        runtime = Runtime.load(release, state_directory=state, mode=mode)
        with Isolate(runtime) as first, Isolate(runtime) as second:
            first.run("import sys; sys.path.append('mine')")
            second.run(source)
            found.append(second.call("look"))
    assert found[0] == found[1]


def damage(path: Path) -> None:
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(data)


@pytest.mark.parametrize("pattern", ["code/snapshots/*.json", "code/*.cwasm", "code/*.sha256"])
def test_a_damaged_cache_is_made_anew(pattern: str, copy: Path, state: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    paths = list(state.glob(pattern))
    assert paths
    for path in paths:
        damage(path)
    forget_loaded(monkeypatch)
    assert boots(LocalRelease.open(copy), state)


@pytest.mark.parametrize("role", [Role.SNAPSHOT, Role.CODE_IMAGE, Role.UPSTREAM_STDLIB])
def test_a_flipped_byte_is_refused(role: Role, copy: Path, tmp_path: Path) -> None:
    release = LocalRelease.open(copy)
    damage(release.paths[role])
    if role is Role.UPSTREAM_STDLIB:
        releases.runtime()
    with pytest.raises(DigestMismatchError, match=role.value):
        Runtime.load(
            release, state_directory=tmp_path / "empty" if role is not Role.UPSTREAM_STDLIB else _warm(tmp_path)
        )


def _warm(tmp_path: Path) -> Path:
    return Path(shutil.copytree(releases.built_directory().parent / "test-state", tmp_path / "warm"))


def test_a_snapshot_of_another_code_image_is_refused(copy: Path, state: Path) -> None:
    release = LocalRelease.open(copy)
    snapshot = decode_snapshot(release.paths[Role.SNAPSHOT].read_bytes())
    extra = {**snapshot.metadata.extra}
    document = runtime_state(extra)
    document["codeImage"] = str(Digest.of(b"another"))
    metadata = dataclasses.replace(snapshot.metadata, extra={**extra, "runtimeCore": document})
    changed = replace_artifact(copy, Role.SNAPSHOT, encode_snapshot(metadata, snapshot.heap))
    with pytest.raises(AbiMismatchError, match="code image of the snapshot"):
        Runtime.load(changed, state_directory=state)


def test_a_snapshot_without_this_runtimes_state_is_refused(copy: Path, state: Path) -> None:
    snapshot = decode_snapshot(LocalRelease.open(copy).paths[Role.SNAPSHOT].read_bytes())
    metadata = dataclasses.replace(snapshot.metadata, extra={})
    changed = replace_artifact(copy, Role.SNAPSHOT, encode_snapshot(metadata, snapshot.heap))
    with pytest.raises(FormatError, match="another runtime wrote it"):
        Runtime.load(changed, state_directory=state)


@pytest.mark.parametrize("data", [b"", b"\0" * 64, b"\0snp" + b"\xff" * 200])
def test_what_is_no_snapshot_is_a_format_error(data: bytes, copy: Path, state: Path) -> None:
    changed = replace_artifact(copy, Role.SNAPSHOT, data)
    with pytest.raises(FormatError):
        Runtime.load(changed, state_directory=state)


@pytest.mark.parametrize("field", ["table_size", "memory_pages", "stack_pointer"])
def test_a_manifest_that_contradicts_its_snapshot_is_refused(field: str, copy: Path, state: Path) -> None:
    manifest = LocalRelease.open(copy).manifest
    abi = dataclasses.replace(manifest.abi, **{field: getattr(manifest.abi, field) + 1})
    release = rewrite(copy, dataclasses.replace(manifest, abi=abi))
    with pytest.raises(AbiMismatchError):
        Runtime.load(release, state_directory=state)


@pytest.mark.parametrize("layer", ["emscripten", "js"])
def test_mangled_layer_state_is_refused(layer: str, copy: Path, state: Path) -> None:
    snapshot = decode_snapshot(LocalRelease.open(copy).paths[Role.SNAPSHOT].read_bytes())
    document = runtime_state(snapshot.metadata.extra)
    document[layer] = {}
    metadata = dataclasses.replace(snapshot.metadata, extra={"runtimeCore": document})
    changed = replace_artifact(copy, Role.SNAPSHOT, encode_snapshot(metadata, snapshot.heap))
    with pytest.raises(PlatformError), Isolate.boot(changed, state_directory=state):
        pass


def test_a_world_readable_state_directory_is_refused(copy: Path, state: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (state / "code").chmod(0o755)
    forget_loaded(monkeypatch)
    with pytest.raises(PlatformError, match="chmod 700"):
        Runtime.load(LocalRelease.open(copy), state_directory=state)
