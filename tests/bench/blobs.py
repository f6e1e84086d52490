"""Blobs over gRPC on loopback, file store, client and server in separate processes."""

from __future__ import annotations

import os
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Final

from artifactd.client import BlobClient, BlobRef, Connection
from runtime_core.build.cache import default_cache_root
from tests.bench.grpc_ceiling import rates
from tests.bench.harness import Figure
from tests.bench.peer_casd import executable, running
from tests.support.daemon import running_daemon

BLOB_BYTES: Final = 32 << 20
ROUNDS: Final = 12


def figures() -> Iterator[Figure]:
    """Upload and download rates in MB/s (10^6 bytes), ours and a C++ server's, through the same client."""
    root = default_cache_root()  # on the disk that builds use; a new clone has none yet
    root.mkdir(mode=0o700, parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="bench-store-", dir=root) as directory:
        with running_daemon(Path(directory)) as daemon, Connection(daemon.address) as connection:
            yield from _rates(BlobClient(connection), "", "")
        yield from _ceiling()
        server = executable(default_cache_root() / "peer-casd")
        if server is not None:
            with running(server, Path(directory) / "casd") as address, Connection(address) as connection:
                yield from _rates(BlobClient(connection), "peer_casd_", "peer buildbox-casd, our client: ")


def _rates(client: BlobClient, prefix: str, what: str) -> Iterator[Figure]:
    """One kind of transfer after the other, each after one round that does not count."""
    references: list[BlobRef] = []
    uploads: list[float] = []
    for _ in range(ROUNDS + 1):
        data = os.urandom(BLOB_BYTES)
        start = time.perf_counter()
        references.append(client.upload(data))
        uploads.append(BLOB_BYTES / 1e6 / (time.perf_counter() - start))
    downloads = [_download(client.stream, reference) for reference in references]
    checked = [_download(client.read, reference) for reference in references]
    kinds = (
        ("upload_mb_s", uploads, "32 MiB upload: hashed on both sides, durable"),
        ("download_mb_s", downloads, "32 MiB download into memory, transfer alone"),
        ("download_checked_mb_s", checked, "32 MiB download into memory, digest checked"),
    )
    for name, samples, meaning in kinds:
        yield Figure(name=prefix + name, unit="MB/s", samples=tuple(samples[1:]), what=f"{what}{meaning}")


def _download(read: Callable[[BlobRef], Iterable[bytes | memoryview]], reference: BlobRef) -> float:
    start = time.perf_counter()
    received = sum(len(chunk) for chunk in read(reference))
    seconds = time.perf_counter() - start
    if received != BLOB_BYTES:
        raise AssertionError(f"received {received} of {BLOB_BYTES} bytes")
    return BLOB_BYTES / 1e6 / seconds


def _ceiling() -> Iterator[Figure]:
    uploads, downloads = rates(ROUNDS)
    yield Figure(
        name="grpc_upload_mb_s", unit="MB/s", samples=tuple(uploads), what="ceiling: bare gRPC, no store, no digest"
    )
    yield Figure(name="grpc_download_mb_s", unit="MB/s", samples=tuple(downloads), what="ceiling: bare gRPC, no store")
