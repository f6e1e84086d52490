"""The configurations under deploy/ are valid ones."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
CONFIGS = sorted((ROOT / "deploy").rglob("*.capnp"))


@pytest.mark.parametrize("config", CONFIGS, ids=lambda path: str(path.relative_to(ROOT)))
def test_the_daemon_accepts_it(config: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "artifactd", "check-config", "--json", "--config", str(config)],
        cwd=ROOT,
        env={name: value for name, value in os.environ.items() if not name.startswith("ARTIFACTD_")},
        capture_output=True,
        check=False,
        timeout=60,
    )
    report = json.loads(done.stdout)
    assert report["ok"], report
    assert done.returncode == 0


def test_there_are_examples() -> None:
    assert {path.parent.name for path in CONFIGS} >= {"compose", "systemd"}
