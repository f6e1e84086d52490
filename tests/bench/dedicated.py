"""Dedicated releases: the first request of a FastAPI worker, and what it takes to publish a new one."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from artifactd.client import ReleaseDirectory
from runtime_core.build.cache import BuildCache, default_cache_root
from runtime_core.build.lock import lock_requirements
from runtime_core.build.manifest import BuiltRelease
from runtime_core.build.pins import DEFAULT_VERSION
from runtime_core.build.progress import Timeline
from runtime_core.build.release import ReleaseOptions, build_release, build_release_on
from runtime_core.isolate import Isolate, IsolateOptions
from runtime_core.packages.bundle import WorkerBundle
from runtime_core.release import LocalRelease
from runtime_core.runtime import Runtime
from runtime_core.web import Request
from tests.bench.harness import Figure, settle
from tests.support.daemon import running_daemon
from tests.support.publishing import NetworkPublisher

REQUIREMENTS: Final = ("fastapi==0.128.0", "pydantic==2.14.3")
ISOLATES: Final = 200
PUBLICATIONS: Final = 5
_JSON: Final = (("content-type", "application/json"),)
_WORKER: Final = """
from fastapi import FastAPI
from pydantic import BaseModel

app = FastAPI()


class Item(BaseModel):
    name: str
    price: float
    tags: list[str] = []


@app.post("/items")
async def create(item: Item) -> Item:
    return item
"""


def figures() -> Iterator[Figure]:
    """All figures of this module."""
    cache = BuildCache(default_cache_root())
    base = _base(cache)
    yield Figure(
        name="boot_fastapi_ms",
        unit="ms",
        samples=_first_requests(cache, base),
        what="restore + first ASGI request (POST, pydantic model in and out) of a FastAPI worker, warm",
    )
    yield Figure(
        name="publish_dedicated_s",
        unit="s",
        samples=_publications(cache, base),
        what="build process of a new worker's dedicated release, upload, channel moved; packages published before",
    )


def _base(cache: BuildCache) -> BuiltRelease:
    lock = lock_requirements(REQUIREMENTS, version=DEFAULT_VERSION, cache=cache, timeline=Timeline())
    output = cache.root / "bench-release-fastapi"
    return build_release(
        DEFAULT_VERSION, output, cache=cache, timeline=Timeline(), lock=lock, imports=("fastapi", "pydantic")
    )


def _first_requests(cache: BuildCache, base: BuiltRelease) -> tuple[float, ...]:
    worker = WorkerBundle(main="worker.py", files={"worker.py": _WORKER.encode()})
    output = cache.root / "bench-release-worker"
    built = build_release_on(
        LocalRelease.open(base.directory),
        output,
        cache=cache,
        timeline=Timeline(),
        options=ReleaseOptions(worker=worker),
    )
    runtime = Runtime.load(LocalRelease.open(built.directory), state_directory=cache.root)
    options = IsolateOptions(stdout=_drop, stderr=_drop)
    request = Request(
        url="http://worker.test/items", method="POST", headers=_JSON, body=b'{"name": "a", "price": "1.5"}'
    )
    taken = []
    settle()
    for index in range(ISOLATES + 5):
        start = time.perf_counter()
        isolate = Isolate(runtime, options)
        response = isolate.asgi(request)
        end = time.perf_counter()
        isolate.close()
        if response.body != b'{"name":"a","price":1.5,"tags":[]}':
            raise AssertionError(f"the worker answered {response}")
        if index >= 5:
            taken.append((end - start) * 1e3)
    return tuple(taken)


def _publications(cache: BuildCache, base: BuiltRelease) -> tuple[float, ...]:
    taken = []
    with tempfile.TemporaryDirectory(prefix="bench-publish-", dir=cache.root) as name:
        directory = Path(name)
        with running_daemon(directory / "store") as daemon:
            publisher = NetworkPublisher.start(daemon.address, directory)
            publisher.publish(ReleaseDirectory.open(base.directory))
            for index in range(PUBLICATIONS + 1):
                start = time.perf_counter()
                publisher.publish(_build(cache, base, directory, index))
                if index:
                    taken.append(time.perf_counter() - start)
            publisher.connection.close()
    return tuple(taken)


def _build(cache: BuildCache, base: BuiltRelease, directory: Path, index: int) -> ReleaseDirectory:
    """A worker that was never built before, in a process of its own."""
    worker, output = directory / "worker.py", directory / f"release-{index}"
    worker.write_text(f"{_WORKER}\nVERSION = {time.time_ns()}\n")
    command = [sys.executable, "-m", "runtime_core.build", "--work", str(cache.root), "--on", str(base.directory)]
    # As for whoever installed it: modules are compiled once, by the first build, which does not count.
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    environment["PYTHONPYCACHEPREFIX"] = str(directory / "bytecode")
    arguments = [*command, "--worker", str(worker), "--output", str(output)]
    subprocess.run(arguments, check=True, capture_output=True, env=environment)
    return ReleaseDirectory.open(output)


def _drop(_data: bytes) -> None:
    pass
