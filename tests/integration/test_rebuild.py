"""A release is built again from its own artifacts, and what was tampered with is found."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from artifactd.cli.__main__ import main as artifactctl
from runtime_core.build.cache import BuildCache, default_cache_root
from runtime_core.build.pins import DEFAULT_VERSION
from runtime_core.build.progress import Timeline
from runtime_core.build.rebuild import compare_releases
from runtime_core.build.release import build_release
from runtime_core.packages.bundle import WorkerBundle
from runtime_core.release import LocalRelease
from schemas.digest import Digest
from schemas.exit_codes import ExitCode
from schemas.release import Provenance, ReleaseManifest, Role, encode_manifest
from schemas.snapshot_codec import PAGE_BYTES, decode_snapshot
from tests.support.daemon import Daemon, running_daemon

pytestmark = pytest.mark.boot

WORKER = b"import json, random\nseeded = random.Random(3)\nvalues = {str(n): [n] for n in range(100)}\n"


@pytest.fixture(name="release", scope="module")
def dedicated_release(tmp_path_factory: pytest.TempPathFactory) -> LocalRelease:
    output = tmp_path_factory.mktemp("rebuild") / "release"
    cache = BuildCache(default_cache_root())
    worker = WorkerBundle(main="worker.py", files={"worker.py": WORKER})
    build_release(DEFAULT_VERSION, output, cache=cache, timeline=Timeline(), worker=worker)
    return LocalRelease.open(output)


def rewritten(release: LocalRelease, target: Path, manifest: ReleaseManifest, snapshot: bytes | None = None) -> Path:
    """The release with another manifest, without compressed forms, and with another snapshot if one is given."""
    (target / "artifacts").mkdir(parents=True)
    for artifact in release.manifest.artifacts:
        shutil.copyfile(release.paths[artifact.role], target / "artifacts" / artifact.digest.hex)
    artifacts = {item.role: replace(item, variants=()) for item in manifest.artifacts}
    if snapshot is not None:
        digest = Digest.of(snapshot)
        (target / "artifacts" / digest.hex).write_bytes(snapshot)
        artifacts[Role.SNAPSHOT] = replace(artifacts[Role.SNAPSHOT], digest=digest, content_digest=digest)
    manifest = replace(manifest, artifacts=tuple(artifacts.values()))
    (target / "manifest.capnp.bin").write_bytes(encode_manifest(manifest))
    return target


def poisoned(release: LocalRelease) -> tuple[bytes, int]:
    """The snapshot with one byte of linear memory changed, and the byte's address."""
    data = bytearray(release.paths[Role.SNAPSHOT].read_bytes())
    address = 100 * PAGE_BYTES + 77
    data[len(data) - len(decode_snapshot(bytes(data)).heap) + address] ^= 0xFF
    return bytes(data), address


def rebuild(directory: Path, exit_code: ExitCode) -> dict[str, object]:
    done = subprocess.run(
        [sys.executable, "-m", "runtime_core.build", "rebuild", "--json", str(directory)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == exit_code, done.stdout + done.stderr
    answer = json.loads(done.stdout)
    assert isinstance(answer, dict)
    return answer


def test_a_changed_byte_is_found_with_its_page_and_address(release: LocalRelease, tmp_path: Path) -> None:
    data, address = poisoned(release)
    answer = rebuild(rewritten(release, tmp_path / "bad", release.manifest, data), ExitCode.INTEGRITY)
    artifacts = answer["artifacts"]
    assert isinstance(artifacts, list)
    wrong = [item for item in artifacts if not item["ok"]]
    assert [item["role"] for item in wrong] == ["snapshot"]
    assert wrong[0]["pages"] == [100]
    assert f"linear memory, page 100, address {address:#x}: expected" in wrong[0]["difference"]
    assert answer["manifest"] == {"ok": True}


def test_a_manifest_that_claims_another_build_is_found(release: LocalRelease) -> None:
    provenance = release.manifest.provenance
    manifest = replace(release.manifest, provenance=replace(provenance, flags=("--import json", *provenance.flags)))
    report = compare_releases(replace(release, manifest=manifest), release)
    assert not report.ok
    assert report.manifest == 'flags[0]: expected "--import json", rebuilt "--on baseline"'


def test_a_manifest_that_does_not_say_how_it_was_built(release: LocalRelease, tmp_path: Path) -> None:
    manifest = replace(release.manifest, provenance=Provenance(flags=("--magic",)))
    answer = rebuild(rewritten(release, tmp_path / "bad", manifest), ExitCode.FORMAT)
    error = answer["error"]
    assert isinstance(error, dict)
    assert error["message"] == "the manifest's provenance has an unknown flag"


@pytest.fixture(name="daemon")
def service(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Daemon]:
    with running_daemon(tmp_path / "daemon") as daemon:
        monkeypatch.setenv("ARTIFACTD_ADDRESS", daemon.address)
        for name in ("KEYS", "STATE", "CACHE"):
            monkeypatch.setenv(f"ARTIFACTD_{name}", str(tmp_path / name.lower()))
        yield daemon


def test_a_published_release_is_verified_by_building_it(
    daemon: Daemon, release: LocalRelease, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert daemon.address
    source = release.paths[Role.SNAPSHOT].parents[1]
    assert artifactctl(["release", "publish", str(source)]) == 0
    capsys.readouterr()
    assert artifactctl(["release", "verify", release.manifest.release_id, "--rebuild", "--json"]) == 0
    answer = json.loads(capsys.readouterr().out)
    assert answer["ok"]
    assert answer["rebuild"]["ok"]
    assert {item["role"]: item["given"] for item in answer["rebuild"]["artifacts"]} == {
        "upstreamWasm": True,
        "upstreamStdlib": True,
        "upstreamLock": True,
        "codeImage": False,
        "snapshot": False,
        "worker": True,
    }
    data, _ = poisoned(release)
    renamed = replace(release.manifest, release_id="tampered")
    bad = rewritten(release, tmp_path / "bad", renamed, data)
    assert artifactctl(["release", "publish", str(bad)]) == 0
    capsys.readouterr()
    assert artifactctl(["release", "verify", "tampered", "--rebuild"]) == ExitCode.INTEGRITY
    text = capsys.readouterr().out
    assert "DIFFERS snapshot" in text
    assert "page 100, address" in text
    assert text.endswith("FAILED\n")
