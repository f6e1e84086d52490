"""Captures of a real guest."""

from __future__ import annotations

from pathlib import Path

import pytest

from runtime_core.build.cache import BuildCache, default_cache_root
from runtime_core.build.pins import DEFAULT_VERSION
from runtime_core.build.progress import Timeline
from runtime_core.build.release import build_release
from runtime_core.isolate import Isolate, IsolateOptions
from runtime_core.snapshot.capture import capture_state
from schemas.digest import Digest
from schemas.errors import CaptureError, UnsupportedVersionError
from schemas.release import Role
from tests.support import releases

pytestmark = pytest.mark.boot


def test_the_same_inputs_give_the_same_release(tmp_path: Path) -> None:
    """Builds the snapshot again, from the translated module on, and compares every artifact."""
    first = releases.local_release()
    known = default_cache_root()
    fresh = BuildCache(tmp_path / "cache")
    (fresh.root / "entries").mkdir(parents=True)
    for entry in (known / "entries").iterdir():
        if not entry.name.startswith(("baseline-snapshot", "code-image")):
            (fresh.root / "entries" / entry.name).symlink_to(entry)
    again = build_release(DEFAULT_VERSION, tmp_path / "again", cache=fresh, timeline=Timeline())
    assert {item.role: item.digest for item in again.manifest.artifacts} == {
        item.role: item.digest for item in first.manifest.artifacts
    }
    assert again.manifest_digest == first.manifest_digest


def test_the_manifest_lists_what_the_build_made() -> None:
    release = releases.local_release()
    roles = [artifact.role for artifact in release.manifest.artifacts]
    assert roles == [
        Role.UPSTREAM_WASM,
        Role.UPSTREAM_STDLIB,
        Role.UPSTREAM_LOCK,
        Role.CODE_IMAGE,
        Role.SNAPSHOT,
    ]
    for artifact in release.manifest.artifacts:
        assert Digest.of(release.paths[artifact.role].read_bytes()) == artifact.digest
    assert release.manifest.abi.trampoline_slot == 14172


def test_an_unsupported_version_is_named_before_anything_is_fetched(tmp_path: Path) -> None:
    with pytest.raises(UnsupportedVersionError, match=r"314\.0\.5"):
        build_release("0.1.0", tmp_path, cache=BuildCache(tmp_path / "cache"), timeline=Timeline())
    assert not (tmp_path / "cache").exists()


@pytest.mark.parametrize(
    ("source", "reason"),
    [
        ("import asyncio\nasyncio.ensure_future(asyncio.sleep(60))", "a task is pending"),
        ("from pyodide.ffi import create_proxy\nimport js\njs.held = create_proxy(object())", "the host holds a proxy"),
        ("import js\nheld = js.Date.new(0)", "the guest holds a JavaScript value without a name"),
    ],
)
def test_a_guest_that_cannot_be_represented_is_not_captured(source: str, reason: str) -> None:
    options = IsolateOptions(stdout=lambda _: None, stderr=lambda _: None)
    with Isolate(releases.runtime(), options) as isolate:
        isolate.run(source)
        guest = isolate._guest
        assert guest is not None
        with pytest.raises(CaptureError):
            capture_state(guest, code_image=Digest.of(b""), table_size=14173, trampoline_slot=14172, worker={})
    assert reason
