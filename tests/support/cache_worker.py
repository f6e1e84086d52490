"""A process that uses a cache hard: ``python -m tests.support.cache_worker DIR MAX_BYTES LOG SEED ROUNDS MODE``.

Every fetch adds the digest as a line to LOG. MODE ``calm`` gets every blob in turn; ``churn`` leases blobs in random
order below a small bound and reads them through their paths; ``hang`` stops in the middle of a fetch, for ever.
"""

from __future__ import annotations

import functools
import os
import random
import sys
import time
from collections.abc import Iterator
from pathlib import Path

from artifactd.client.cache import ArtifactCache
from schemas.digest import Digest

BLOBS = [bytes([index]) * (40_000 + index) for index in range(12)]


def fetch(data: bytes, log: Path, mode: str) -> Iterator[bytes]:
    with log.open("a") as file:
        file.write(f"{Digest.of(data)}\n")
    yield data[:20_000]
    if mode == "hang":
        print("hanging", flush=True)
        time.sleep(600)
    time.sleep(0.005)
    yield data[20_000:]


def main() -> None:
    directory, max_bytes, log, seed, rounds, mode = sys.argv[1:]
    cache = ArtifactCache(Path(directory), max_bytes=int(max_bytes))
    chooser = random.Random(int(seed))
    for turn in range(int(rounds)):
        data = BLOBS[turn % len(BLOBS)] if mode != "churn" else chooser.choice(BLOBS)
        source = functools.partial(fetch, data, Path(log), mode)
        with cache.get(Digest.of(data), size=len(data), fetch=source, verify=turn % 2 == 0) as blob:
            for _ in range(3):
                assert blob.path.read_bytes() == data, "a leased path changed or went away"
                os.sched_yield()
    print("done", flush=True)


if __name__ == "__main__":
    main()
