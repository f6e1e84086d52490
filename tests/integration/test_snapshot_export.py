"""``runtime-core snapshot export``, as a process."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from runtime_core.build.cache import BuildCache, default_cache_root
from runtime_core.build.npm import fetch_package
from runtime_core.workerd.profile import WORKERD_314_0_5
from schemas.exit_codes import ExitCode
from schemas.snapshot_codec import decode_snapshot
from schemas.snapshot_metadata import SnapshotType
from tests.support.workerd.program import WORKERD

pytestmark = pytest.mark.boot


def export(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "runtime_core", "snapshot", "export", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, check=False, stdin=subprocess.DEVNULL)


@pytest.fixture(scope="module")
def program() -> Path:
    return fetch_package(BuildCache(default_cache_root()), WORKERD).files["workerd"].path


def test_baseline_and_worker_on_top(program: Path, tmp_path: Path) -> None:
    baseline, dedicated, source = tmp_path / "baseline.bin", tmp_path / "dedicated.bin", tmp_path / "worker.py"
    done = export("--workerd", program, "--output", baseline)
    assert done.returncode == 0, done.stderr
    assert done.stdout == f"baseline snapshot {WORKERD_314_0_5.baseline.file} in {baseline}\n"
    source.write_text("from js import JSON\nvalue = [1]")
    done = export("--workerd", program, "--worker", source, "--on", baseline, "--output", dedicated, "--json")
    document = json.loads(done.stdout)
    assert (document["type"], document["size"]) == ("dedicated", dedicated.stat().st_size)
    metadata = decode_snapshot(dedicated.read_bytes()).metadata
    assert metadata.settings.snapshot_type is SnapshotType.DEDICATED
    assert metadata.hiwire is not None
    assert {"path": ["JSON"]} in metadata.hiwire["hiwireKeys"]  # type: ignore[operator]  # a list


@pytest.mark.parametrize(
    ("options", "code", "text", "reason"),
    [
        (["--flag", "no_flag"], ExitCode.CONFIG, "no such compatibility flag", "an unknown flag"),
        (["--main", "worker.py"], ExitCode.CONFIG, "no worker", "a main module of nothing"),
        (["--on", "other.py"], ExitCode.CONFIG, "no worker", "a baseline for nothing"),
        (["--worker", "other.py", "--on", "other.py"], ExitCode.FORMAT, "shorter than its header", "no baseline"),
        (["--worker", "none"], ExitCode.CONFIG, "cannot read the worker", "a missing worker"),
        (["--worker", "other.py", "--main", "x.py"], ExitCode.CONFIG, "one file", "another main module"),
        (["--pyodide", "0.28.2"], ExitCode.FORMAT, "no profile", "a version without profile"),
        (["--workerd", "other.py"], ExitCode.FORMAT, "does not contain the expected", "not workerd's program"),
        (["--workerd", "none"], ExitCode.CONFIG, "cannot read workerd's program", "no program"),
    ],
)
def test_refuses(options: list[str], code: ExitCode, text: str, reason: str, program: Path, tmp_path: Path) -> None:
    (tmp_path / "other.py").write_text("x = 1")
    given = [str(tmp_path / option) if option in ("other.py", "none") else option for option in options]
    output = tmp_path / "snapshot.bin"
    done = export("--workerd", program, "--output", output, *given)
    assert text in done.stderr
    assert done.returncode == code
    assert sorted(path.name for path in tmp_path.iterdir()) == ["other.py"], "nothing is left behind"
