"""This runtime booted as workerd boots, with the files of the real program."""

from __future__ import annotations

import functools

from runtime_core.build.cache import BuildCache, default_cache_root
from runtime_core.build.npm import fetch_package
from runtime_core.build.pins import DEFAULT_VERSION
from runtime_core.build.progress import Timeline
from runtime_core.build.workerd import WorkerdRuntime, prepare_workerd
from tests.support.workerd.program import WORKERD


@functools.cache
def workerd_runtime() -> WorkerdRuntime:
    """The pinned Pyodide, ready to be booted as workerd boots it."""
    cache = BuildCache(default_cache_root())
    program = fetch_package(cache, WORKERD).files["workerd"].path
    return prepare_workerd(DEFAULT_VERSION, program, cache=cache, timeline=Timeline())
