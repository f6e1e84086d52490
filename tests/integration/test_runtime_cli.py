"""The runtime-core command, as a process."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from schemas.exit_codes import ExitCode
from tests.support import releases

pytestmark = pytest.mark.boot


def run(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "runtime_core", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, check=False, stdin=subprocess.DEVNULL)


def release_options() -> tuple[str | Path, ...]:
    releases.runtime()
    directory = releases.built_directory()
    return ("--release", directory, "--state", directory.parent / "cli-state")


@pytest.fixture
def worker(tmp_path: Path) -> Path:
    path = tmp_path / "worker.py"
    path.write_text(
        "import asyncio\n"
        "print('loaded')\n"
        "async def handle(name, times=1):\n"
        "    await asyncio.sleep(0)\n"
        "    return {'hello': [name] * times}\n"
        "def fail():\n"
        "    raise ValueError('no good')\n"
    )
    return path


def test_runs_a_file_and_calls_a_function(worker: Path) -> None:
    done = run("run", *release_options(), worker, "--call", "handle", "--arg", '"you"', "--arg", "2")
    assert done.returncode == ExitCode.OK, done.stderr
    assert done.stdout == 'loaded\n{"hello": ["you", "you"]}\n'


def test_json_holds_result_output_and_steps(worker: Path) -> None:
    done = run("run", *release_options(), "--json", worker, "--call", "handle", "--arg", '"you"')
    answer: dict[str, Any] = json.loads(done.stdout)
    assert answer["result"] == {"hello": ["you"]}
    assert answer["stdout"] == "loaded\n"
    assert [step["name"] for step in answer["steps"]][-1] == "call handle"


def test_a_guest_exception_shows_its_traceback(worker: Path) -> None:
    done = run("run", *release_options(), worker, "--call", "fail")
    assert done.returncode == ExitCode.WORKER
    assert 'File "worker.py", line 7, in fail' in done.stderr
    assert done.stderr.rstrip().endswith("ValueError: no good")
    assert str(releases.built_directory()) not in done.stderr


@pytest.mark.parametrize(
    ("arguments", "status", "text", "reason"),
    [
        (("--release", "/nowhere", "x.py"), ExitCode.CONFIG, "x.py", "the file is missing"),
        (("--call", "f", "--arg", "{", "WORKER"), ExitCode.CONFIG, "JSON", "an argument that is no JSON"),
        (("WORKER",), ExitCode.CONFIG, "--release DIR", "no release is named"),
        (("--release", "/nowhere", "WORKER"), ExitCode.NOT_FOUND, "release build", "no release there"),
        (("--address", "127.0.0.1:1", "--channel", "c", "WORKER"), ExitCode.CONFIG, "root", "no trusted root"),
        (
            ("--address", "127.0.0.1:1", "--pin", "a@sha256:" + "0" * 64, "WORKER"),
            ExitCode.UNAVAILABLE,
            "127.0.0.1:1",
            "nobody listens",
        ),
        (("--address", "127.0.0.1:1", "--pin", "nonsense", "WORKER"), ExitCode.FORMAT, "sha256", "a malformed pin"),
    ],
)
def test_refuses(
    arguments: tuple[str, ...], status: ExitCode, text: str, reason: str, worker: Path, tmp_path: Path
) -> None:
    given = [str(worker) if argument == "WORKER" else argument for argument in arguments]
    done = run("run", *given, "--cache", tmp_path / "cache", "--state", tmp_path / "state")
    assert done.returncode == status, f"{reason}: {done.stderr}"
    assert text in done.stderr
    assert "Traceback" not in done.stderr


def test_errors_as_json(tmp_path: Path, worker: Path) -> None:
    done = run("run", "--release", tmp_path, "--json", worker)
    assert done.returncode == ExitCode.NOT_FOUND
    assert json.loads(done.stdout)["error"]["code"] == "blob-not-found"


@pytest.mark.parametrize(
    ("source", "status", "stderr"),
    [
        ("import sys; sys.exit()", 0, ""),
        ("raise SystemExit(None)", 0, ""),
        ("import sys; sys.exit(7)", 7, ""),
        ("import sys; sys.exit('no luck')", 1, "no luck\n"),
        ("import os; os._exit(5)", 5, ""),
    ],
)
def test_a_guests_exit_is_the_commands(source: str, status: int, stderr: str, tmp_path: Path) -> None:
    path = tmp_path / "leave.py"
    path.write_text(source)
    done = run("run", *release_options(), path)
    assert (done.returncode, done.stderr) == (status, stderr)


def test_limits_are_enforced(tmp_path: Path) -> None:
    path = tmp_path / "spin.py"
    path.write_text("while True: pass\n")
    done = run("run", *release_options(), "--cpu-seconds", "0.2", path)
    assert done.returncode == ExitCode.WORKER
    assert "CPU time" in done.stderr


def test_measures() -> None:
    done = run("measure", *release_options(), "--isolates", "3", "--json")
    answer = json.loads(done.stdout)
    assert answer["boot_ms"]["n"] == 3
    assert len(answer["private_mb"]["samples"]) == 3


def test_ctrl_c_ends_a_guest_that_loops(tmp_path: Path) -> None:
    looping = tmp_path / "loop.py"
    looping.write_text("print('begun', flush=True)\nwhile True: pass\n")
    command = [sys.executable, "-m", "runtime_core", "run", *map(str, release_options()), str(looping)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None
        assert process.stdout.readline() == "begun\n"
        process.send_signal(signal.SIGINT)
        _, errors = process.communicate(timeout=30)
    finally:
        process.kill()
    assert process.returncode == ExitCode.INTERRUPTED
    assert "Traceback" not in errors


@pytest.mark.parametrize("option", [("--memory-mb", "0"), ("--memory-mb", "-1"), ("--cpu-seconds", "0")])
def test_limits_that_limit_nothing_are_refused(worker: Path, option: tuple[str, str]) -> None:
    done = run("run", *release_options(), worker, *option)
    assert done.returncode == ExitCode.CONFIG, done.stderr
    assert "above 0" in done.stderr
