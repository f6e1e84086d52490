"""What the snapshot of a package release costs to fetch: with the baseline on the node, and without."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from artifactd.client import ArtifactCache, BlobClient, Connection, ReleaseClient, ReleaseDirectory, fetch_release
from artifactd.client.transfer import Transfer, Way
from runtime_core.build.cache import BuildCache, default_cache_root
from runtime_core.build.lock import lock_requirements
from runtime_core.build.pins import DEFAULT_VERSION
from runtime_core.build.progress import Timeline
from runtime_core.build.release import ReleaseOptions, build_release, build_release_on
from runtime_core.release import LocalRelease
from schemas.release import Role
from tests.bench.harness import Figure
from tests.bench.packages import IMPORTS, REQUIREMENTS
from tests.support.daemon import running_daemon

ROUNDS: Final = 5


def figures() -> Iterator[Figure]:
    """All figures of this module."""
    baseline, packages = _releases()
    with tempfile.TemporaryDirectory() as directory, running_daemon(Path(directory) / "daemon") as daemon:
        with Connection(daemon.address) as connection:
            for release in (baseline, packages):
                release.publish(BlobClient(connection), ReleaseClient(connection))
        rounds = [_fetch(daemon.address, baseline, packages, Path(directory) / str(at)) for at in range(ROUNDS)]
        alone, _ = _fetch(daemon.address, None, packages, Path(directory) / "alone")
    yield Figure(
        name="package_delta_ratio",
        unit="",
        samples=tuple(transfer.received / transfer.artifact.content_size for transfer, _ in rounds),
        what="bytes received for a snapshot with pydantic imported / its size, baseline in the cache",
    )
    yield Figure(
        name="package_alone_ratio",
        unit="",
        samples=(alone.received / alone.artifact.content_size,),
        what="the same, nothing in the cache",
    )
    yield Figure(
        name="package_delta_fetch_ms",
        unit="ms",
        samples=tuple(milliseconds for _, milliseconds in rounds),
        what="fetching and unpacking that delta: verified, in the cache",
    )


def _releases() -> tuple[ReleaseDirectory, ReleaseDirectory]:
    cache = BuildCache(default_cache_root())
    lock = lock_requirements(REQUIREMENTS, version=DEFAULT_VERSION, cache=cache, timeline=Timeline())
    base, output = cache.root / "bench-delta-base", cache.root / "bench-delta-packages"
    build_release(DEFAULT_VERSION, base, cache=cache, timeline=Timeline(), options=ReleaseOptions(lock=lock))
    build_release_on(
        LocalRelease.open(base), output, cache=cache, timeline=Timeline(), options=ReleaseOptions(imports=IMPORTS)
    )
    return ReleaseDirectory.open(base), ReleaseDirectory.open(output)


def _fetch(
    address: str, baseline: ReleaseDirectory | None, packages: ReleaseDirectory, directory: Path
) -> tuple[Transfer, float]:
    """Fetch the snapshot of ``packages`` into a fresh cache, that of ``baseline`` first if there is one."""
    cache = ArtifactCache(directory)
    if baseline is not None:
        fetch_release(address, pin=baseline.pin, cache=cache, roles={Role.SNAPSHOT}).close()
    start = time.perf_counter()
    with fetch_release(address, pin=packages.pin, cache=cache, roles={Role.SNAPSHOT}) as fetched:
        milliseconds = (time.perf_counter() - start) * 1e3
        (transfer,) = fetched.transfers
    expected = Way.ZSTD if baseline is None else Way.DELTA
    if transfer.way is not expected or transfer.failures:
        raise AssertionError(f"expected {expected.value}, found {transfer}")
    return transfer, milliseconds
