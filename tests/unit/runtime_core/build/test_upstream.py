from __future__ import annotations

import base64
from collections.abc import Callable
from pathlib import Path

import pytest

from runtime_core.build import npm, upstream
from runtime_core.build.cache import BuildCache
from runtime_core.build.pins import BINARYEN, LOCK_FILE, MAIN_MODULE, STDLIB, UPSTREAMS, PackagePin, UpstreamPin
from runtime_core.build.tools import Node
from runtime_core.build.upstream import Source, obtain_upstream, upstream_pin
from schemas.errors import ArtifactError, DigestMismatchError, PlatformError, UnsupportedVersionError
from tests.support.packages import FakePackage, file_pin

FILES = {MAIN_MODULE: b"\0asm module", STDLIB: b"PK stdlib", LOCK_FILE: b"{}"}
PACKAGE = FakePackage.make("pyodide", FILES)


@pytest.fixture(autouse=True)
def _fake_version(monkeypatch: pytest.MonkeyPatch) -> None:
    pin = UpstreamPin(package=PACKAGE.pin, translated=file_pin(b"translated"))
    monkeypatch.setattr(upstream, "UPSTREAMS", {"1.0": pin})

    def unreachable() -> Node:
        raise AssertionError("the registry was asked")

    monkeypatch.setattr(npm, "find_node", unreachable)


@pytest.mark.parametrize("kind", [Source.TARBALL, Source.DIRECTORY])
def test_local_files_are_taken(tmp_path: Path, kind: Source) -> None:
    source = PACKAGE.write(tmp_path) if kind is Source.TARBALL else PACKAGE.unpack(tmp_path / "unpacked")
    cache = BuildCache(tmp_path / "cache")
    found = obtain_upstream(cache, "1.0", source=source)
    assert (found.source, found.cached, found.size) == (kind, False, sum(map(len, FILES.values())))
    assert found.main_module.path.read_bytes() == FILES[MAIN_MODULE]
    assert found.stdlib.path.read_bytes() == FILES[STDLIB]
    assert found.lock_file.path.read_bytes() == FILES[LOCK_FILE]
    assert found.package == PACKAGE.pin.digest
    assert obtain_upstream(cache, "1.0", source=source).cached


def test_the_build_works_on_a_copy(tmp_path: Path) -> None:
    source = PACKAGE.unpack(tmp_path / "unpacked")
    found = obtain_upstream(BuildCache(tmp_path / "cache"), "1.0", source=source)
    (source / STDLIB).write_bytes(b"changed afterwards")
    assert found.stdlib.path.read_bytes() == FILES[STDLIB]


@pytest.mark.parametrize("cached_before", [False, True])
@pytest.mark.parametrize(
    ("damage", "error", "reason"),
    [
        (lambda source: (source / STDLIB).unlink(), ArtifactError, "a missing file"),
        (lambda source: (source / STDLIB).write_bytes(b""), DigestMismatchError, "an empty file"),
        (lambda source: (source / MAIN_MODULE).write_bytes(b"\1asm module"), DigestMismatchError, "a changed byte"),
        (lambda source: (source / LOCK_FILE).write_bytes(b"{} "), DigestMismatchError, "a byte more"),
    ],
)
def test_a_wrong_directory_is_refused(
    tmp_path: Path,
    damage: Callable[[Path], object],
    error: type[PlatformError],
    reason: str,
    cached_before: bool,
) -> None:
    source = PACKAGE.unpack(tmp_path / "unpacked")
    cache = BuildCache(tmp_path / "cache")
    if cached_before:
        obtain_upstream(cache, "1.0", source=source)
    damage(source)
    with pytest.raises(error) as caught:
        obtain_upstream(cache, "1.0", source=source)
    assert caught.value.hint, reason
    assert (cache.root / "entries").exists() == cached_before


@pytest.mark.parametrize(
    ("version", "reason"),
    [
        ("0.27.0", "older than supported"),
        ("999.0.0", "newer than this build"),
        ("1.0.0", "another spelling of a supported one"),
        ("", "no version"),
        ("../1.0", "not a version at all"),
    ],
)
def test_unsupported_versions_name_the_supported_ones(tmp_path: Path, version: str, reason: str) -> None:
    with pytest.raises(UnsupportedVersionError) as caught:
        obtain_upstream(BuildCache(tmp_path), version)
    assert caught.value.expected == "1.0", reason
    assert caught.value.found == version
    assert not list(tmp_path.iterdir())


def test_the_pin_of_a_version() -> None:
    assert upstream_pin("1.0").package is PACKAGE.pin


@pytest.mark.parametrize("package", [*(pin.package for pin in UPSTREAMS.values()), BINARYEN], ids=lambda pin: pin.spec)
def test_the_committed_pins_are_well_formed(package: PackagePin) -> None:
    algorithm, _, value = package.integrity.partition("-")
    assert algorithm == "sha512"
    assert len(base64.b64decode(value, validate=True)) == 64
    names = [path.rpartition("/")[2] for path in package.members]
    assert len(set(names)) == len(names), "members are stored under their last component"
