"""The tutorial's commands, run in order as a reader would."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

TUTORIAL = Path(__file__).parents[2] / "docs/tutorial.md"
BLOCK = re.compile(r"^```sh( service)?\n(.*?)^```$", re.DOTALL | re.MULTILINE)
PORT = "7420"


def blocks(*, service: bool) -> list[str]:
    """The tutorial's shell commands: those of the service's terminal, or those of the reader's."""
    text = TUTORIAL.read_text(encoding="utf-8")
    return [commands for kind, commands in BLOCK.findall(text) if bool(kind) == service]


@pytest.fixture
def environment(tmp_path: Path) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith("ARTIFACTD_")}
    homes = {f"XDG_{kind}_HOME": str(tmp_path / kind) for kind in ("CACHE", "CONFIG", "DATA", "STATE")}
    return {**kept, **homes, "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"}


@pytest.fixture
def port(tmp_path: Path, environment: dict[str, str]) -> Iterator[str]:
    """Where the tutorial's service listens: any free port instead of the default one."""
    (command,) = blocks(service=True)
    daemon = subprocess.Popen(
        ["bash", "-c", f"exec {command.strip()} --port 0 --port-file port"], cwd=tmp_path, env=environment
    )
    try:
        yield _read_port(tmp_path / "port", daemon)
    finally:
        daemon.send_signal(signal.SIGTERM)
        assert daemon.wait(60) == 0


def _read_port(path: Path, daemon: subprocess.Popen[bytes]) -> str:
    deadline = time.monotonic() + 60
    while not path.exists():
        assert daemon.poll() is None, f"the service ended with status {daemon.returncode}"
        assert time.monotonic() < deadline, "the service did not get ready"
        time.sleep(0.05)
    return path.read_text().strip()


@pytest.mark.boot
def test_every_command_works(tmp_path: Path, environment: dict[str, str], port: str) -> None:
    script = "set -euo pipefail\n" + "".join(blocks(service=False)).replace(PORT, port)
    done = subprocess.run(
        ["bash", "-c", script], cwd=tmp_path, env=environment, capture_output=True, text=True, check=False, timeout=500
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "Hello reader, from Python 3.14" in done.stdout
    assert "Hello pinned reader" in done.stdout
    assert done.stdout.splitlines().count("6") == 2
    told = "\n".join(done.stderr.splitlines()[-4:])
    assert "has other bytes" in told
    assert len(set(re.findall(r"(?:expected|found): +sha256:([0-9a-f]{64})", told))) == 2, told
