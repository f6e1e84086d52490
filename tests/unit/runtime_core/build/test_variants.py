"""The variants of a built release: made once, the same each time, and only where they save something."""

from __future__ import annotations

from pathlib import Path

import pytest

from runtime_core.build.cache import BuildCache
from runtime_core.build.variants import pack_release
from runtime_core.release import LocalRelease
from schemas.compression import decompress, zstd_version
from schemas.digest import Digest
from schemas.errors import DigestMismatchError, SizeMismatchError
from schemas.release import DeltaBase, Role
from tests.support.synthetic_release import synthetic_bytes, write_release
from tests.support.variants import base_bytes, changed

BASE = base_bytes(1)
CONTENT = changed(BASE, 2)
NOISE = synthetic_bytes(100_000)


def release(directory: Path, snapshot: bytes, **others: bytes) -> LocalRelease:
    contents = {Role(name): data for name, data in others.items()} | {Role.SNAPSHOT: snapshot}
    return LocalRelease.open(write_release(directory, contents=contents).path)


@pytest.fixture
def cache(tmp_path: Path) -> BuildCache:
    return BuildCache(tmp_path / "cache")


def test_each_artifact_gets_a_frame_and_deltas(cache: BuildCache, tmp_path: Path) -> None:
    made = release(tmp_path / "made", CONTENT, upstreamWasm=NOISE)
    base = release(tmp_path / "base", BASE)
    packed = pack_release(made, cache=cache, bases=[base, base])
    frame, delta = packed.release.manifest.artifact(Role.SNAPSHOT).variants
    assert frame.base is None
    assert delta.base == DeltaBase(digest=Digest.of(BASE), size=len(BASE))
    assert delta.size < frame.size / 10
    for variant, before in ((frame, None), (delta, BASE)):
        data = packed.files[variant.digest].read_bytes()
        assert (Digest.of(data), len(data)) == (variant.digest, variant.size)
        assert b"".join(decompress([data], base=before)) == CONTENT
    assert packed.release.manifest.artifact(Role.UPSTREAM_WASM).variants == ()
    assert set(packed.files) == {frame.digest, delta.digest}


def test_equal_input_gives_an_equal_manifest(cache: BuildCache, tmp_path: Path) -> None:
    made, base = release(tmp_path / "made", CONTENT), release(tmp_path / "base", BASE)
    first = pack_release(made, cache=cache, bases=[base])
    again = pack_release(first.release, cache=BuildCache(tmp_path / "other"), bases=[base])
    assert again.release.manifest_digest == first.release.manifest_digest
    (tool,) = (tool for tool in again.release.manifest.provenance.tools if tool.name == "zstd")
    assert tool.version == zstd_version()


@pytest.mark.parametrize(
    ("base", "reason"),
    [
        ({"snapshot": CONTENT}, "the same content"),
        ({"snapshot": synthetic_bytes(500_000, 9)}, "nothing in common"),
        ({"snapshot": b"x", "upstreamStdlib": BASE}, "another role"),
    ],
)
def test_a_delta_that_saves_nothing_is_left_out(
    cache: BuildCache, tmp_path: Path, base: dict[str, bytes], reason: str
) -> None:
    packed = pack_release(release(tmp_path / "made", CONTENT), cache=cache, bases=[release(tmp_path / "base", **base)])
    assert [variant.base for variant in packed.release.manifest.artifact(Role.SNAPSHOT).variants] == [None], reason


@pytest.mark.parametrize(
    ("data", "error", "reason"),
    [(BASE[::-1], DigestMismatchError, "other bytes"), (BASE[:-1], SizeMismatchError, "cut off")],
)
def test_a_base_that_is_not_the_artifact_is_refused(
    cache: BuildCache, tmp_path: Path, data: bytes, error: type[Exception], reason: str
) -> None:
    base = release(tmp_path / "base", BASE)
    base.paths[Role.SNAPSHOT].write_bytes(data)
    with pytest.raises(error):
        pack_release(release(tmp_path / "made", CONTENT), cache=cache, bases=[base])
    assert reason
    base.paths[Role.SNAPSHOT].write_bytes(BASE)
    assert len(pack_release(release(tmp_path / "again", CONTENT), cache=cache, bases=[base]).files) == 2
