"""Packages: an isolate whose snapshot has pydantic imported, and one that loads its library at run time."""

from __future__ import annotations

import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from runtime_core.build.cache import BuildCache, default_cache_root
from runtime_core.build.lock import lock_requirements
from runtime_core.build.pins import DEFAULT_VERSION
from runtime_core.build.progress import Timeline
from runtime_core.build.release import build_release
from runtime_core.isolate import Isolate, IsolateOptions
from runtime_core.release import LocalRelease
from runtime_core.runtime import Runtime
from schemas.package_lock import PackageLockFile, encode_lock
from tests.bench.harness import Figure, settle

REQUIREMENTS: Final = ("pydantic==2.14.3",)
IMPORTS: Final = ("pydantic.main", "pydantic.type_adapter")
ISOLATES: Final = 200
COLD: Final = 10
SECOND_BUILDS: Final = 5
_VALIDATION: Final = (
    "from pydantic_core import SchemaValidator, core_schema\n"
    "SchemaValidator(core_schema.list_schema(core_schema.int_schema())).validate_python(['1', 2])"
)


def figures() -> Iterator[Figure]:
    """All figures of this module."""
    cache = BuildCache(default_cache_root())
    lock = lock_requirements(REQUIREMENTS, version=DEFAULT_VERSION, cache=cache, timeline=Timeline())
    linked = _runtime(cache, lock, name="linked", imports=IMPORTS, link=True)
    yield Figure(
        name="boot_pydantic_ms",
        unit="ms",
        samples=_boots(linked, ISOLATES),
        what="restore + first pydantic validation, pydantic linked and imported in the snapshot, warm",
    )
    loaded = _runtime(cache, lock, name="loaded", imports=(), link=False)
    yield Figure(
        name="boot_pydantic_dlopen_ms",
        unit="ms",
        samples=_boots(loaded, COLD),
        what="the same where the isolate loads the library itself",
    )
    yield Figure(
        name="package_second_build_s",
        unit="s",
        samples=_second_builds(cache, lock),
        what="the command that builds a release with pydantic linked in, once more: process start to exit, all cached",
    )


def _runtime(cache: BuildCache, lock: PackageLockFile, *, name: str, imports: tuple[str, ...], link: bool) -> Runtime:
    output = cache.root / f"bench-release-{name}"
    build_release(DEFAULT_VERSION, output, cache=cache, timeline=Timeline(), lock=lock, imports=imports, link=link)
    return Runtime.load(LocalRelease.open(output), state_directory=cache.root / "test-state")


def _second_builds(cache: BuildCache, lock: PackageLockFile) -> tuple[float, ...]:
    with tempfile.TemporaryDirectory() as directory:
        path = Path(directory, "packages.json")
        path.write_bytes(encode_lock(lock))
        command = [sys.executable, "-m", "runtime_core.build", "--packages", str(path), "--work", str(cache.root)]
        command += ["--output", str(Path(directory, "release"))]
        taken = []
        for _ in range(1 + SECOND_BUILDS):
            start = time.perf_counter()
            subprocess.run(command, check=True, capture_output=True)
            taken.append(time.perf_counter() - start)
    return tuple(taken[1:])


def _boots(runtime: Runtime, count: int) -> tuple[float, ...]:
    options = IsolateOptions(stdout=_drop, stderr=_drop)
    taken = []
    settle()
    for index in range(count + 3):
        start = time.perf_counter()
        with Isolate(runtime, options) as isolate:
            value = isolate.evaluate(_VALIDATION)
            end = time.perf_counter()
        if value != [1, 2]:
            raise AssertionError(f"pydantic gave {value!r}")
        if index >= 3:
            taken.append((end - start) * 1e3)
    return tuple(taken)


def _drop(_data: bytes) -> None:
    pass
