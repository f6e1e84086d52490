"""Blobs over gRPC on loopback, file store, client and server in separate processes."""

from __future__ import annotations

import os
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from artifactd.client import BlobClient, Connection
from tests.bench.harness import Figure
from tests.support.daemon import running_daemon

BLOB_BYTES: Final = 32 << 20
ROUNDS: Final = 12


def figures() -> Iterator[Figure]:
    """Upload and download rates in MB/s (10^6 bytes)."""
    with (
        tempfile.TemporaryDirectory(prefix="bench-store-") as directory,
        running_daemon(Path(directory)) as daemon,
        Connection(daemon.address) as connection,
    ):
        yield from _rates(BlobClient(connection))


def _rates(client: BlobClient) -> Iterator[Figure]:
    uploads: list[float] = []
    downloads: list[float] = []
    for _ in range(ROUNDS):
        data = os.urandom(BLOB_BYTES)
        start = time.perf_counter()
        reference = client.upload(data)
        uploads.append(BLOB_BYTES / 1e6 / (time.perf_counter() - start))
        start = time.perf_counter()
        received = sum(len(chunk) for chunk in client.stream(reference))
        downloads.append(BLOB_BYTES / 1e6 / (time.perf_counter() - start))
        if received != BLOB_BYTES:
            raise AssertionError(f"received {received} of {BLOB_BYTES} bytes")
    yield Figure(name="upload_mb_s", unit="MB/s", samples=tuple(uploads), what="32 MiB upload, digest checked, durable")
    yield Figure(name="download_mb_s", unit="MB/s", samples=tuple(downloads), what="32 MiB download, digest checked")
