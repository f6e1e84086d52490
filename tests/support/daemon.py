"""artifactd as its own process, for tests: started on a free port, waited for, killed at will, started again."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import grpc
from grpc_health.v1 import health_pb2, health_pb2_grpc

REPOSITORY: Final = Path(__file__).resolve().parents[2]
START_SECONDS: Final = 60.0


class Daemon:
    """A running daemon. Its files are below ``directory``; restarting keeps them."""

    def __init__(
        self, directory: Path, *, arguments: Sequence[str] = (), environment: Mapping[str, str] | None = None
    ) -> None:
        self.directory = directory
        self.store = directory / "store"
        self.log_file = directory / "daemon.log"
        self._arguments = tuple(arguments)
        self._environment = dict(environment or {})
        self._process: subprocess.Popen[bytes] | None = None
        self.port = 0

    @property
    def address(self) -> str:
        return f"127.0.0.1:{self.port}"

    @property
    def process(self) -> subprocess.Popen[bytes]:
        assert self._process is not None, "the daemon was not started"
        return self._process

    def log(self) -> str:
        return self.log_file.read_text(errors="replace")

    def start(self) -> Daemon:
        """Start and wait until the health service says SERVING. The port of the first start is kept."""
        self.directory.mkdir(parents=True, exist_ok=True)
        port_file = self.directory / "port.txt"
        port_file.unlink(missing_ok=True)
        with self.log_file.open("ab") as log:
            self._process = subprocess.Popen(
                daemon_command(self.directory, ("--port", str(self.port), *self._arguments)),
                stdout=log,
                stderr=log,
                stdin=subprocess.DEVNULL,
                env=clean_environment() | self._environment,
            )
        deadline = time.monotonic() + START_SECONDS
        while not port_file.exists():
            assert self._process.poll() is None, f"the daemon ended with {self._process.returncode}: {self.log()}"
            assert time.monotonic() < deadline, f"the daemon did not start: {self.log()}"
            time.sleep(0.02)
        self.port = int(port_file.read_text())
        return self

    def kill(self) -> None:
        """SIGKILL: no chance to clean up."""
        self._end(signal.SIGKILL)

    def terminate(self) -> int:
        """SIGTERM, and the exit code."""
        return self._end(signal.SIGTERM)

    def _end(self, number: int) -> int:
        if self.process.poll() is None:
            os.kill(self.process.pid, number)
        return self.process.wait(timeout=60)


def daemon_command(directory: Path, arguments: Sequence[str]) -> list[str]:
    """``artifactd serve`` with everything below ``directory``; later arguments win over the ones given here."""
    return [
        *(sys.executable, "-m", "artifactd", "serve"),
        *("--store", f"file:{directory / 'store'}"),
        *("--online-key-file", str(directory / "online.key")),
        *("--port", "0", "--port-file", str(directory / "port.txt"), "--drain-seconds", "5"),
        *arguments,
    ]


def clean_environment() -> dict[str, str]:
    """This process's environment without settings of artifactd, and with the repository importable."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("ARTIFACTD_", "AWS_"))}
    return kept | {"PYTHONPATH": str(REPOSITORY), "PYTHONUNBUFFERED": "1"}


@contextmanager
def running_daemon(
    directory: Path, *, arguments: Sequence[str] = (), environment: Mapping[str, str] | None = None
) -> Iterator[Daemon]:
    """A daemon for the time of a block; gone afterwards whatever happened."""
    daemon = Daemon(directory, arguments=arguments, environment=environment)
    try:
        yield daemon.start()
    finally:
        if daemon._process is not None:
            daemon.kill()


@contextmanager
def open_channel(daemon: Daemon) -> Iterator[grpc.Channel]:
    """A plain gRPC channel to the daemon."""
    with grpc.insecure_channel(daemon.address) as channel:
        yield channel


def health_of(daemon: Daemon, service: str = "") -> str:
    """The name of the health status, such as SERVING."""
    with open_channel(daemon) as channel:
        answer = health_pb2_grpc.HealthStub(channel).Check(
            health_pb2.HealthCheckRequest(service=service), timeout=10, wait_for_ready=True
        )
    return str(health_pb2.HealthCheckResponse.ServingStatus.Name(answer.status))


def run_artifactd(
    *arguments: str, environment: Mapping[str, str] | None = None, cwd: Path | None = None
) -> tuple[int, str, str]:
    """Run a command of artifactd that ends by itself: exit code, stdout, stderr."""
    done = subprocess.run(
        [sys.executable, "-m", "artifactd", *arguments],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
        cwd=cwd,
        env=clean_environment() | dict(environment or {}),
    )
    return done.returncode, done.stdout, done.stderr


def json_lines(text: str) -> list[dict[str, object]]:
    """Every line of a --json output."""
    return [json.loads(line) for line in text.splitlines()]
