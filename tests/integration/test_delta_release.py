"""A package release built on a real baseline: published, fetched as a delta, booted; and builds that fail half-way."""

from __future__ import annotations

import functools
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from artifactd.client import ArtifactCache, BlobClient, Connection, ReleaseClient, ReleaseDirectory, fetch_release
from artifactd.client.transfer import Way, summary
from runtime_core.build import release as release_module
from runtime_core.build.cache import BuildCache, default_cache_root
from runtime_core.build.progress import Timeline
from runtime_core.build.release import ReleaseOptions, build_release_on
from runtime_core.build.variants import PackedRelease
from runtime_core.cli import main
from runtime_core.isolate import Isolate
from runtime_core.release import LocalRelease
from schemas.errors import PlatformError, StorageError
from schemas.release import Role
from tests.support.daemon import running_daemon
from tests.support.releases import built_directory, local_release

pytestmark = pytest.mark.boot

IMPORTS = ("xml.dom.minidom", "statistics")


def build(output: Path, **options: Any) -> None:
    build_release_on(
        local_release(),
        output,
        cache=BuildCache(default_cache_root()),
        timeline=Timeline(),
        options=ReleaseOptions(**options),
    )


@functools.cache
def stacked() -> ReleaseDirectory:
    """A release with more modules imported; built once."""
    output = default_cache_root() / "test-delta-release"
    build(output, imports=IMPORTS)
    return ReleaseDirectory.open(output)


def test_a_stacked_release_travels_as_a_delta_and_boots(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    baseline, release = ReleaseDirectory.open(built_directory()), stacked()
    cache = ArtifactCache(tmp_path / "cache")
    with running_daemon(tmp_path / "daemon") as daemon:
        with Connection(daemon.address) as connection:
            for directory in (baseline, release):
                directory.publish(BlobClient(connection), ReleaseClient(connection))
        first = fetch_release(daemon.address, pin=baseline.pin, cache=cache)
        with first:
            assert {item.way for item in first.transfers} <= {Way.ZSTD, Way.PLAIN}
        with fetch_release(daemon.address, pin=release.pin, cache=cache) as fetched:
            ways = {item.artifact.role: item.way for item in fetched.transfers}
            assert ways.pop(Role.SNAPSHOT) is Way.DELTA
            assert set(ways.values()) == {Way.CACHED}, "all but the snapshot is the baseline's"
            (snapshot,) = (item for item in fetched.transfers if item.way is Way.DELTA)
            assert snapshot.received <= snapshot.artifact.content_size / 10
            assert "1 delta" in summary(fetched.transfers)
            state = built_directory().parent / "test-state"
            with Isolate.boot(fetched, state_directory=state) as isolate:
                isolate.run(f"import sys\nloaded = [name in sys.modules for name in {IMPORTS!r}]")
                assert isolate.evaluate("all(loaded)") is True
        program = tmp_path / "hello.py"
        program.write_text("print('hello')")
        monkeypatch.setenv("ARTIFACTD_ADDRESS", daemon.address)
        arguments = ["--address", daemon.address, "--pin", str(release.pin), "--cache", str(tmp_path / "cache")]
        assert main(["run", *arguments, "--state", str(state), "--timeline", str(program)]) == 0
        assert "all from the cache" in capsys.readouterr().err


def files_of(directory: Path) -> set[Path]:
    return {path for path in directory.rglob("*") if path.is_file()}


def no_disk(_: PackedRelease, __: Path) -> None:
    raise StorageError("the disk is full")


@pytest.mark.parametrize(
    ("options", "harm", "reason"),
    [
        ({"imports": ("no_such_module_anywhere",)}, None, "an import fails"),
        ({"imports": ("xml.dom.minidom", "this_fails_later")}, None, "the second import fails"),
        ({"imports": IMPORTS}, no_disk, "the last step fails"),
    ],
)
def test_a_build_that_fails_leaves_nothing(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    options: dict[str, object],
    harm: Callable[[PackedRelease, Path], None] | None,
    reason: str,
) -> None:
    if harm is not None:
        monkeypatch.setattr(release_module, "write_release", harm)
    output = tmp_path / "output"
    with pytest.raises(PlatformError):
        build(output, **options)
    assert not output.exists() or not files_of(output), reason


def test_the_delta_is_in_the_directory_that_was_built() -> None:
    snapshot = stacked().manifest.artifact(Role.SNAPSHOT)
    base = LocalRelease.open(built_directory()).manifest.artifact(Role.SNAPSHOT)
    deltas = [variant for variant in snapshot.variants if variant.base is not None]
    assert [variant.base and variant.base.digest for variant in deltas] == [base.content_digest]
    assert {source.ref.digest for source in stacked().sources()} == set(stacked().manifest.blobs())
