"""A release whose packages' native libraries are part of its code image, and whose baseline has some imported."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from runtime_core.build.cache import BuildCache, default_cache_root
from runtime_core.build.lock import lock_requirements
from runtime_core.build.manifest import BuiltRelease
from runtime_core.build.pins import DEFAULT_VERSION
from runtime_core.build.progress import Timeline
from runtime_core.build.release import build_release
from runtime_core.isolate import Isolate
from runtime_core.release import LocalRelease
from runtime_core.runtime import Runtime
from schemas.errors import ConfigError, PythonError
from schemas.package_lock import PackageLockFile
from schemas.release import Role
from tests.support import releases
from tests.support.wheels import USES

pytestmark = pytest.mark.boot

REQUIREMENTS = (
    "pydantic==2.14.3",
    "msgpack==1.2.4",
    "jiter==0.19.0",
    "charset-normalizer==3.5.2",
    "luau-wasm==0.1a0",
)
IMPORTS = ("pydantic.main", "pydantic.type_adapter", "luau_wasm", "charset_normalizer.md")
LIBRARIES = 6


@pytest.fixture(name="cache", scope="module")
def build_cache() -> BuildCache:
    return BuildCache(default_cache_root())


@pytest.fixture(name="lock", scope="module")
def package_lock(cache: BuildCache) -> PackageLockFile:
    return lock_requirements(REQUIREMENTS, version=DEFAULT_VERSION, cache=cache, timeline=Timeline())


@pytest.fixture(name="timeline", scope="module")
def build_timeline() -> Timeline:
    return Timeline()


@pytest.fixture(name="built", scope="module")
def linked_release(cache: BuildCache, lock: PackageLockFile, timeline: Timeline) -> BuiltRelease:
    output = cache.root / "test-release-linked"
    return build_release(DEFAULT_VERSION, output, cache=cache, timeline=timeline, lock=lock, imports=IMPORTS)


@pytest.fixture(name="runtime", scope="module")
def linked_runtime(cache: BuildCache, built: BuiltRelease) -> Runtime:
    said: list[str] = []
    runtime = Runtime.load(LocalRelease.open(built.directory), state_directory=cache.root, progress=said.append)
    assert not any("compile" in text for text in said)  # the build did that
    return runtime


def test_every_library_is_linked(built: BuiltRelease, timeline: Timeline) -> None:
    details = [step.detail for step in timeline.records]
    assert f"{LIBRARIES} libraries" in details
    plain = releases.local_release().manifest
    assert built.manifest.abi.table_size > plain.abi.table_size
    assert built.manifest.abi.trampoline_slot == plain.abi.trampoline_slot
    assert built.manifest.artifact(Role.CODE_IMAGE).digest != plain.artifact(Role.CODE_IMAGE).digest


def test_a_second_build_is_taken_from_the_cache(built: BuiltRelease, cache: BuildCache, lock: PackageLockFile) -> None:
    timeline = Timeline()
    again = build_release(DEFAULT_VERSION, built.directory, cache=cache, timeline=timeline, lock=lock, imports=IMPORTS)
    assert again.manifest_digest == built.manifest_digest
    cached = [step.cached for step in timeline.records]
    assert False not in cached


@pytest.mark.parametrize("name", USES)
def test_use(runtime: Runtime, name: str) -> None:
    source, expected = USES[name]
    with Isolate(runtime) as isolate:
        assert isolate.evaluate(source) == expected
        assert isolate.evaluate(source) == expected


def test_all_together(runtime: Runtime) -> None:
    with Isolate(runtime) as isolate:
        for source, expected in USES.values():
            assert isolate.evaluate(source) == expected


def test_imported_modules_are_there_and_isolates_share_nothing(runtime: Runtime) -> None:
    source = """
import sys
from pydantic import BaseModel, ValidationError
class Item(BaseModel):
    count: int
try:
    Item(count="x")
except ValidationError as error:
    kind = error.errors()[0]["type"]
[Item.model_validate({"count": "12"}).count, kind, "jiter" in sys.modules]
"""
    with Isolate(runtime) as first, Isolate(runtime) as second:
        modules = "import sys\n[name for name in NAMES if name not in sys.modules]".replace("NAMES", repr(IMPORTS))
        assert first.evaluate(modules) == []
        first.run("import jiter, pydantic_core; pydantic_core.mark = 1")
        assert second.evaluate("import pydantic_core\nhasattr(pydantic_core, 'mark')") is False
        assert second.evaluate(source) == [12, "int_parsing", False]
        assert first.evaluate(source) == [12, "int_parsing", True]


def test_symbols_of_linked_libraries_by_name(runtime: Runtime) -> None:
    source = """
import ctypes, luau_wasm._luau, jiter.jiter
path = luau_wasm._luau.__file__
library = ctypes.CDLL(path)
found = [bool(library.PyInit__luau), bool(ctypes.CDLL(jiter.jiter.__file__).PyInit_jiter)]
try:
    library.absent
except AttributeError as error:
    found.append("absent" in str(error))
found
"""
    with Isolate(runtime) as isolate:
        assert isolate.evaluate(source) == [True, True, True]


@pytest.mark.parametrize("name", ["", "no such", "os; x", "os.", "import"])
def test_only_modules_are_imported(cache: BuildCache, lock: PackageLockFile, name: str, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="not the name of a module"):
        build_release(DEFAULT_VERSION, tmp_path, cache=cache, timeline=Timeline(), lock=lock, imports=[name])
    with pytest.raises(ConfigError, match="no packages"):
        build_release(DEFAULT_VERSION, tmp_path, cache=cache, timeline=Timeline(), imports=["json"])


def test_an_import_that_fails_ends_the_build(cache: BuildCache, lock: PackageLockFile, tmp_path: Path) -> None:
    with pytest.raises(PythonError, match="No module named 'absent'"):
        build_release(DEFAULT_VERSION, tmp_path, cache=cache, timeline=Timeline(), lock=lock, imports=["absent"])


def test_the_snapshot_says_what_is_loaded(built: BuiltRelease) -> None:
    data = LocalRelease.open(built.directory).paths[Role.SNAPSHOT].read_bytes()
    text = data[16 : data.index(b"\0", 16)]
    document = json.loads(text)
    libraries = document["runtimeCore"]["emscripten"]["libraries"]
    assert len(libraries["linked"]) == LIBRARIES
    opened = [name.rpartition("/")[2].partition(".")[0] for name, _ in libraries["opened"]]
    assert {"_luau", "_pydantic_core", "md"} <= set(opened) <= {"_luau", "_pydantic_core", "md", "cd"}
    assert len(libraries["handles"]) == len(opened)
