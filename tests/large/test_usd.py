"""grill_usd_core: 30 libraries of C++, the largest of 27 MB, that throw exceptions through each other.

The first run on a machine takes 14 minutes on two busy cores: 5 of them compile the linked image, 5 the libraries one
by one, 2 translate exception handling. Later runs take 2.
"""

from __future__ import annotations

from typing import Any

import pytest

from runtime_core.build.cache import BuildCache, default_cache_root
from runtime_core.build.lock import lock_requirements
from runtime_core.build.pins import DEFAULT_VERSION
from runtime_core.build.progress import Timeline
from runtime_core.build.release import build_release
from runtime_core.isolate import Isolate
from runtime_core.release import LocalRelease
from runtime_core.runtime import Runtime
from schemas.package_lock import PackageLockFile

pytestmark = [pytest.mark.boot, pytest.mark.timeout(1800)]

REQUIREMENTS = ("grill-usd-core==26.8",)
IMPORTS = ("pxr.Usd", "pxr.UsdGeom", "pxr.Sdf", "pxr.Tf")
LIBRARIES = 30
USE = """
from pxr import Sdf, Tf, Usd, UsdGeom
stage = Usd.Stage.CreateInMemory()
ball = UsdGeom.Sphere.Define(stage, "/world/ball")
ball.GetRadiusAttr().Set(2.5)
failures = []
for action in (
    lambda: Usd.Stage.Open("/absent.usda"),
    lambda: Sdf.Layer.CreateAnonymous().ImportFromString("not usd"),
):
    try:
        action()
    except Tf.ErrorException as error:
        failures.append("Failed to open" in str(error) or "parse error" in str(error))
text = stage.GetRootLayer().ExportToString()
['def Sphere "ball"' in text, ball.GetRadiusAttr().Get(), [str(prim.GetPath()) for prim in stage.Traverse()], failures]
"""
EXPECTED = [True, 2.5, ["/world", "/world/ball"], [True, True]]


@pytest.fixture(name="cache", scope="module")
def build_cache() -> BuildCache:
    return BuildCache(default_cache_root())


@pytest.fixture(name="lock", scope="module")
def package_lock(cache: BuildCache) -> PackageLockFile:
    return lock_requirements(REQUIREMENTS, version=DEFAULT_VERSION, cache=cache, timeline=Timeline())


def _runtime(cache: BuildCache, lock: PackageLockFile, name: str, timeline: Timeline, **options: Any) -> Runtime:
    output = cache.root / name
    build_release(DEFAULT_VERSION, output, cache=cache, timeline=timeline, lock=lock, **options)
    return Runtime.load(LocalRelease.open(output), state_directory=cache.root)


def test_linked_and_imported(cache: BuildCache, lock: PackageLockFile) -> None:
    timeline = Timeline()
    runtime = _runtime(cache, lock, "test-release-usd", timeline, imports=IMPORTS)
    assert f"{LIBRARIES} libraries" in [step.detail for step in timeline.records]
    for _ in range(2):
        with Isolate(runtime) as isolate:
            assert isolate.evaluate("import sys\n'pxr.Usd' in sys.modules") is True
            assert isolate.evaluate(USE) == EXPECTED
            assert isolate.evaluate(USE) == EXPECTED


def test_loaded_at_run_time(cache: BuildCache, lock: PackageLockFile) -> None:
    runtime = _runtime(cache, lock, "test-release-usd-cold", Timeline(), link=False)
    with Isolate(runtime) as isolate:
        assert isolate.evaluate(USE) == EXPECTED
