"""Package locks for a Pyodide version, from requirements."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from pathlib import Path

from runtime_core.build.cache import BuildCache
from runtime_core.build.progress import Timeline
from runtime_core.build.resolve import resolve
from runtime_core.build.upstream import obtain_upstream
from runtime_core.wasm.abi import abi_profile
from schemas.errors import ConfigError
from schemas.package_lock import PackageLockFile, decode_lock


def lock_requirements(
    requirements: Sequence[str], *, version: str, cache: BuildCache, timeline: Timeline
) -> PackageLockFile:
    """The lock of requirements for a Pyodide version.

    Raises:
        PlatformError: a requirement is unusable, or pip found no solution.
    """
    profile = abi_profile(version)
    with timeline.step(f"obtain pyodide {version}"):
        own = decode_lock(obtain_upstream(cache, version).lock_file.path.read_bytes())
    with timeline.step("resolve the requirements") as step, tempfile.TemporaryDirectory() as work:
        lock = resolve(requirements, profile=profile, platform=own.platform, python=own.python, work=Path(work))
        step.note(detail=f"{len(lock.packages)} packages")
    return lock


def read_requirements(path: Path) -> list[str]:
    """The lines of a requirements file that name packages.

    Raises:
        ConfigError: it cannot be read, or has options of pip's.
    """
    try:
        lines = [line.partition("#")[0].strip() for line in path.read_text().splitlines()]
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"cannot read the requirements in {path}: {error}") from error
    for line in lines:
        if line.startswith("-"):
            raise ConfigError("a requirements file may hold only names and versions here", found=line)
    return [line for line in lines if line]
