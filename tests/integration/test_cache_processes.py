"""Many processes share one cache."""

from __future__ import annotations

import subprocess
import sys
from collections import Counter
from pathlib import Path

from artifactd.client.cache import ArtifactCache
from schemas.digest import Digest
from tests.support.cache_worker import BLOBS
from tests.support.daemon import REPOSITORY, clean_environment

UNBOUNDED = 10**9


def start(tmp_path: Path, *, max_bytes: int, seed: int, rounds: int, mode: str) -> subprocess.Popen[str]:
    arguments = [tmp_path / "cache", max_bytes, tmp_path / "log", seed, rounds, mode]
    return subprocess.Popen(
        [sys.executable, "-m", "tests.support.cache_worker", *map(str, arguments)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        cwd=REPOSITORY,
        env=clean_environment(),
    )


def finish(worker: subprocess.Popen[str]) -> None:
    out, err = worker.communicate(timeout=120)
    assert (worker.returncode, out) == (0, "done\n"), err


def test_each_blob_is_fetched_once_by_all_processes_together(tmp_path: Path) -> None:
    workers = [start(tmp_path, max_bytes=UNBOUNDED, seed=seed, rounds=len(BLOBS), mode="calm") for seed in range(6)]
    for worker in workers:
        finish(worker)
    fetched = Counter((tmp_path / "log").read_text().split())
    assert fetched == Counter(str(Digest.of(data)) for data in BLOBS)


def test_leased_paths_stay_while_others_evict(tmp_path: Path) -> None:
    bound = 150_000  # three blobs of twelve
    workers = [start(tmp_path, max_bytes=bound, seed=seed, rounds=60, mode="churn") for seed in range(5)]
    for worker in workers:
        finish(worker)
    cache = ArtifactCache(tmp_path / "cache", max_bytes=bound)
    cache.evict()
    assert sum(entry.size for entry in cache.entries()) <= bound
    assert all(error is None for _, error in cache.verify())
    assert list((tmp_path / "cache" / "tmp").iterdir()) == []
    assert len((tmp_path / "log").read_text().split()) > len(BLOBS), "nothing was evicted: the test shows nothing"


def test_a_killed_fetch_leaves_nothing_visible_and_blocks_nobody(tmp_path: Path) -> None:
    worker = start(tmp_path, max_bytes=UNBOUNDED, seed=0, rounds=1, mode="hang")
    assert worker.stdout is not None
    assert worker.stdout.readline() == "hanging\n"
    worker.kill()
    worker.communicate(timeout=60)
    cache = ArtifactCache(tmp_path / "cache")
    data = BLOBS[0]
    assert cache.find(Digest.of(data)) is None
    with cache.get(Digest.of(data), size=len(data), fetch=lambda: [data]) as blob:
        assert blob.read_bytes() == data
