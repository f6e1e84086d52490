"""Releases built on the test release, each once per process."""

from __future__ import annotations

import functools

from runtime_core.build.cache import BuildCache, default_cache_root
from runtime_core.build.manifest import BuiltRelease
from runtime_core.build.progress import Timeline
from runtime_core.build.release import ReleaseOptions, build_release_on
from runtime_core.packages.bundle import WorkerBundle
from runtime_core.release import LocalRelease
from runtime_core.runtime import Runtime
from tests.support import releases


def build_worker(source: str, *, modules: tuple[tuple[str, tuple[str, ...]], ...] = ()) -> BuiltRelease:
    """A release dedicated to a worker of one file, ``worker.py``."""
    bundle = WorkerBundle(main="worker.py", files={"worker.py": source.encode()})
    cache = BuildCache(default_cache_root())
    output = cache.root / "test-dedicated" / bundle_name(bundle)
    options = ReleaseOptions(worker=bundle, modules=dict(modules))
    return build_release_on(releases.local_release(), output, cache=cache, timeline=Timeline(), options=options)


def bundle_name(bundle: WorkerBundle) -> str:
    """A directory's name for a bundle."""
    from schemas.digest import Digest

    return Digest.of(bundle.encode()).short


@functools.cache
def worker_runtime(source: str, *, modules: tuple[tuple[str, tuple[str, ...]], ...] = ()) -> Runtime:
    """The dedicated release of a worker, loaded."""
    built = build_worker(source, modules=modules)
    return Runtime.load(LocalRelease.open(built.directory), state_directory=default_cache_root())
