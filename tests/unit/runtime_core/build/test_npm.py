from __future__ import annotations

import stat
from collections.abc import Callable
from pathlib import Path

import pytest

from runtime_core.build import npm, tools
from runtime_core.build.cache import BuildCache
from runtime_core.build.npm import fetch_package
from runtime_core.build.tools import Node
from schemas.errors import ArtifactError, DigestMismatchError, FormatError, MissingToolError, PlatformError
from tests.support.packages import FakePackage, member, package_pin, tarball

PACKAGE = FakePackage.make("thing", {"tool.js": b"run()"})


def fake_npm(tmp_path: Path, script: str) -> Node:
    """A node that runs a shell script instead; ``$4`` is where the tarball belongs."""
    node = tmp_path / "node"
    node.write_text(f"#!/bin/sh\nshift; {script}\n")
    node.chmod(node.stat().st_mode | stat.S_IXUSR)
    return Node(node=node, npm=tmp_path / "npm-cli.js")


def use(monkeypatch: pytest.MonkeyPatch, node: Node) -> None:
    monkeypatch.setattr(npm, "find_node", lambda: node)


def nothing_kept(cache: BuildCache) -> bool:
    return not (cache.root / "entries").exists() and not list((cache.root / "tmp").iterdir())


def test_a_package_is_fetched_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    source = PACKAGE.write(tmp_path)
    use(monkeypatch, fake_npm(tmp_path, f'echo "$2" >> {tmp_path}/log; cp {source} "$4/"'))
    cache = BuildCache(tmp_path / "cache")
    first = fetch_package(cache, PACKAGE.pin)
    second = fetch_package(cache, PACKAGE.pin)
    assert (first.cached, second.cached) == (False, True)
    assert list(second.files) == ["tool.js"]
    assert second.files["tool.js"].path.read_bytes() == b"run()"
    assert (tmp_path / "log").read_text() == "thing@1.0.0\n"


def test_a_local_tarball_needs_no_tool(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def missing() -> Node:
        raise AssertionError("looked for node")

    monkeypatch.setattr(npm, "find_node", missing)
    found = fetch_package(BuildCache(tmp_path / "cache"), PACKAGE.pin, tarball=PACKAGE.write(tmp_path))
    assert found.files["tool.js"].path.read_bytes() == b"run()"
    assert (tmp_path / "thing-1.0.0.tgz").exists(), "the user's file is not ours to remove"


@pytest.mark.parametrize(
    ("script", "error", "words", "reason"),
    [
        ("echo E404 not found >&2; exit 1", ArtifactError, "E404 not found", "the registry does not have it"),
        ("kill -9 $$", ArtifactError, "signal 9", "npm was killed"),
        ("true", ArtifactError, "left no tarball", "npm left nothing"),
        ('echo x > "$4/a.tgz"; echo y > "$4/b.tgz"', ArtifactError, "found 2", "npm left two tarballs"),
        ('echo other > "$4/thing-1.0.0.tgz"', DigestMismatchError, "nothing was kept", "the registry sent other bytes"),
        ('head -c 50 SOURCE > "$4/thing-1.0.0.tgz"', DigestMismatchError, "sha512-", "the download was cut short"),
    ],
)
def test_a_failed_download_keeps_nothing(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    script: str,
    error: type[PlatformError],
    words: str,
    reason: str,
) -> None:
    source = PACKAGE.write(tmp_path)
    use(monkeypatch, fake_npm(tmp_path, script.replace("SOURCE", str(source))))
    cache = BuildCache(tmp_path / "cache")
    with pytest.raises(error) as caught:
        fetch_package(cache, PACKAGE.pin)
    assert words in str(caught.value), reason
    assert caught.value.hint
    assert nothing_kept(cache)


def test_a_hanging_npm_is_given_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(npm, "_PACK_TIMEOUT", 0.2)
    use(monkeypatch, fake_npm(tmp_path, "exec sleep 30"))
    with pytest.raises(ArtifactError, match="no result in time"):
        fetch_package(BuildCache(tmp_path / "cache"), PACKAGE.pin)


@pytest.mark.parametrize(
    ("damage", "error", "reason"),
    [
        (lambda path: path.write_bytes(path.read_bytes()[:-1]), DigestMismatchError, "truncated"),
        (lambda path: path.write_bytes(path.read_bytes() + b"\0"), DigestMismatchError, "longer"),
        (lambda path: path.unlink(), ArtifactError, "not there"),
        (lambda path: (path.unlink(), path.mkdir()), ArtifactError, "a directory"),
    ],
)
def test_a_bad_local_tarball_is_refused_even_if_cached(
    tmp_path: Path, damage: Callable[[Path], object], error: type[PlatformError], reason: str
) -> None:
    cache = BuildCache(tmp_path / "cache")
    path = PACKAGE.write(tmp_path)
    fetch_package(cache, PACKAGE.pin, tarball=path)
    damage(path)
    with pytest.raises(error):
        fetch_package(cache, PACKAGE.pin, tarball=path)
    assert fetch_package(cache, PACKAGE.pin).cached, reason


def test_a_hostile_member_is_refused_although_the_tarball_is_the_pinned_one(tmp_path: Path) -> None:
    tgz = tarball([member("package/tool.js", b"run()"), member("package/../../evil", b"x")])
    (tmp_path / "evil.tgz").write_bytes(tgz)
    cache = BuildCache(tmp_path / "cache")
    with pytest.raises(FormatError, match="outside its directory"):
        fetch_package(cache, package_pin("thing", {"tool.js": b"run()"}, tgz), tarball=tmp_path / "evil.tgz")
    assert nothing_kept(cache)


def test_without_node_the_error_names_the_remedy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tools, "_node_from_wheel", lambda: None)
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(MissingToolError, match=r"artifactd\[build\]"):
        fetch_package(BuildCache(tmp_path / "cache"), PACKAGE.pin)
