"""Blobs over gRPC on loopback, file store, client and server in separate processes."""

from __future__ import annotations

import os
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from artifactd.client import BlobClient, Connection
from runtime_core.build.cache import default_cache_root
from tests.bench.harness import Figure
from tests.bench.peer_casd import executable, running
from tests.support.daemon import running_daemon

BLOB_BYTES: Final = 32 << 20
ROUNDS: Final = 12


def figures() -> Iterator[Figure]:
    """Upload and download rates in MB/s (10^6 bytes), ours and a C++ server's, through the same client."""
    with tempfile.TemporaryDirectory(prefix="bench-store-", dir=default_cache_root()) as directory:
        with running_daemon(Path(directory)) as daemon, Connection(daemon.address) as connection:
            yield from _rates(BlobClient(connection), "", "")
        server = executable(default_cache_root() / "peer-casd")
        if server is not None:
            with running(server, Path(directory) / "casd") as address, Connection(address) as connection:
                yield from _rates(BlobClient(connection), "peer_casd_", "peer buildbox-casd, our client: ")


def _rates(client: BlobClient, prefix: str, what: str) -> Iterator[Figure]:
    uploads: list[float] = []
    downloads: list[float] = []
    checked: list[float] = []
    for _ in range(ROUNDS):
        data = os.urandom(BLOB_BYTES)
        start = time.perf_counter()
        reference = client.upload(data)
        uploads.append(BLOB_BYTES / 1e6 / (time.perf_counter() - start))
        start = time.perf_counter()
        received = sum(len(chunk) for chunk in client.stream(reference))
        downloads.append(BLOB_BYTES / 1e6 / (time.perf_counter() - start))
        start = time.perf_counter()
        verified = sum(len(chunk) for chunk in client.read(reference))
        checked.append(BLOB_BYTES / 1e6 / (time.perf_counter() - start))
        if (received, verified) != (BLOB_BYTES, BLOB_BYTES):
            raise AssertionError(f"received {received} and {verified} of {BLOB_BYTES} bytes")
    rates = (
        ("upload_mb_s", uploads, "32 MiB upload: hashed on both sides, durable"),
        ("download_mb_s", downloads, "32 MiB download into memory, transfer alone"),
        ("download_checked_mb_s", checked, "32 MiB download into memory, digest checked"),
    )
    for name, samples, meaning in rates:
        yield Figure(name=prefix + name, unit="MB/s", samples=tuple(samples), what=f"{what}{meaning}")
