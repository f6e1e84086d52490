"""A real release, built once per machine: tests boot it instead of a stand-in."""

from __future__ import annotations

import functools
from pathlib import Path

from runtime_core.build.cache import BuildCache, default_cache_root
from runtime_core.build.pins import DEFAULT_VERSION
from runtime_core.build.progress import Timeline
from runtime_core.build.release import build_release
from runtime_core.release import LocalRelease
from runtime_core.runtime import Runtime


@functools.cache
def built_directory() -> Path:
    """The directory of a built release. The first call on a machine fetches, translates and captures: half a minute."""
    cache = BuildCache(default_cache_root())
    output = cache.root / "test-release"
    build_release(DEFAULT_VERSION, output, cache=cache, timeline=Timeline())
    return output


def local_release() -> LocalRelease:
    """The built release."""
    return LocalRelease.open(built_directory())


def runtime() -> Runtime:
    """The built release, loaded; compiled code is shared with the build."""
    return Runtime.load(local_release(), state_directory=built_directory().parent / "test-state")
