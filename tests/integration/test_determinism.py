"""The same inputs give the same bytes: in another process, directory, locale, time zone, order and copy of the code."""

from __future__ import annotations

import gc
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest

from runtime_core.build.cache import default_cache_root
from runtime_core.build.difference import compare_snapshots
from runtime_core.build.stack import Addition, capture_on
from runtime_core.packages.bundle import WorkerBundle
from tests.support import releases
from tests.support.daemon import REPOSITORY

pytestmark = pytest.mark.boot

_WORKER = "tests.support.determinism_worker"


def build(directory: Path, *, code: Path, environment: Mapping[str, str], offset: float, order: str) -> dict[str, str]:
    directory.mkdir(parents=True)
    kept = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}
    done = subprocess.run(
        [sys.executable, "-m", _WORKER, str(default_cache_root()), str(directory), str(offset), order],
        cwd=directory,
        env={**kept, "PYTHONPATH": str(code), **environment},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert isinstance(found, dict)
    return found


def copy_code(target: Path) -> Path:
    for package in ("runtime_core", "schemas", "tests"):
        shutil.copytree(REPOSITORY / package, target / package, ignore=shutil.ignore_patterns("__pycache__"))
    return target


def test_builds_elsewhere_give_the_same_releases(tmp_path: Path) -> None:
    releases.built_directory()  # the downloads
    here = build(tmp_path / "a", code=REPOSITORY, environment={}, offset=0, order="forward")
    environment = {
        "HOME": str(tmp_path),
        "LANG": "tr_TR.UTF-8",
        "LC_ALL": "tr_TR.UTF-8",
        "PYTHONHASHSEED": "77",
        "PYTHONOPTIMIZE": "1",
        "TZ": "Asia/Kathmandu",
        "USER": "somebody",
    }
    there = build(
        tmp_path / "another, longer name" / "b",
        code=copy_code(tmp_path / "code"),
        environment=environment,
        offset=86_400.0 * 400,
        order="reverse",
    )
    assert here == there
    assert len(set(here.values())) == 3


CYCLES = b"""
import asyncio, js
from pyodide.ffi import create_proxy

def make(number):
    cycle = js.Object.new()
    cycle.me = cycle
    cycle.call = create_proxy(lambda: number)

async def main():
    for turn in range(4):
        for number in range(800):
            make(number)
        await asyncio.sleep(0.001)

asyncio.get_event_loop().run_until_complete(main())
"""


def capture() -> bytes:
    worker = WorkerBundle(main="worker.py", files={"worker.py": CYCLES})
    return b"".join(capture_on(releases.runtime(), Addition(worker=worker)).chunks())


def test_the_garbage_collector_of_the_host_does_not_show() -> None:
    first = capture()
    thresholds = gc.get_threshold()
    gc.set_threshold(50)
    try:
        second = capture()
    finally:
        gc.set_threshold(*thresholds)
    assert compare_snapshots(first, second) is None
    assert gc.isenabled()
