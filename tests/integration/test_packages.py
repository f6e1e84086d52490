"""From requirements to an isolate that uses the packages: lock, build, boot, import, use."""

from __future__ import annotations

import mmap
from pathlib import Path

import pytest

from runtime_core.build.cache import BuildCache, default_cache_root
from runtime_core.build.lock import lock_requirements
from runtime_core.build.pins import DEFAULT_VERSION
from runtime_core.build.progress import Timeline
from runtime_core.build.release import build_release
from runtime_core.build.stacked import StackedInputs, build_on
from runtime_core.emscripten.nodes import MountedFile
from runtime_core.isolate import Isolate, IsolateOptions
from runtime_core.packages.bundle import WorkerBundle
from runtime_core.release import LocalRelease
from runtime_core.runtime import Runtime
from schemas.digest import Digest
from schemas.errors import ArtifactError, DigestMismatchError, PlatformError
from schemas.package_lock import LockedPackage, PackageLockFile, decode_lock, encode_lock
from schemas.release import Role

pytestmark = pytest.mark.boot

REQUIREMENTS = ("pydantic==2.14.3", "msgpack==1.2.4")


@pytest.fixture(name="cache", scope="module")
def build_cache() -> BuildCache:
    return BuildCache(default_cache_root())


@pytest.fixture(name="lock", scope="module")
def package_lock(cache: BuildCache) -> PackageLockFile:
    return lock_requirements(REQUIREMENTS, version=DEFAULT_VERSION, cache=cache, timeline=Timeline())


@pytest.fixture(name="runtime", scope="module")
def packages_runtime(cache: BuildCache, lock: PackageLockFile) -> Runtime:
    output = cache.root / "test-release-packages"
    build_release(DEFAULT_VERSION, output, cache=cache, timeline=Timeline(), lock=lock)
    return Runtime.load(LocalRelease.open(output), state_directory=cache.root / "test-state")


def test_the_lock_has_names_and_hashes_and_no_addresses(lock: PackageLockFile) -> None:
    names = {package.name: package for package in lock.packages}
    assert {"pydantic", "pydantic-core", "msgpack", "typing-extensions"} <= names.keys()
    assert names["pydantic-core"].file_name.endswith("pyemscripten_2026_0_wasm32.whl")
    assert set(names["pydantic"].depends) >= {"pydantic-core", "typing-extensions"}
    text = encode_lock(lock)
    assert decode_lock(text) == lock
    assert b"://" not in text


def test_markers_and_versions_are_those_of_the_guest(cache: BuildCache) -> None:
    requirements = (
        "typing-extensions==4.16.0; python_full_version >= '3.14.2' and implementation_version >= '3.14.2'",
        "msgpack==1.2.4; sys_platform == 'emscripten' and platform_machine == 'wasm32' and os_name == 'posix'",
        "jiter; python_full_version < '3.14.2' or platform_system != 'Emscripten'",
        "annotated-types; sys_platform == 'linux' or platform_python_implementation != 'CPython'",
    )
    lock = lock_requirements(requirements, version=DEFAULT_VERSION, cache=cache, timeline=Timeline())
    assert [package.name for package in lock.packages] == ["msgpack", "typing-extensions"]


def test_isolates_use_the_packages(runtime: Runtime) -> None:
    source = """
import msgpack
import pydantic

class Item(pydantic.BaseModel):
    name: str
    count: int

def handle(data):
    try:
        return msgpack.packb(Item.model_validate(msgpack.unpackb(data)).model_dump())
    except pydantic.ValidationError as error:
        return [item["type"] for item in error.errors()]
"""
    with Isolate(runtime) as isolate:
        isolate.run(source)
        packed = isolate.evaluate("msgpack.packb({'name': 'x', 'count': '3'})")
        assert isolate.call("handle", packed) == isolate.evaluate("msgpack.packb({'name': 'x', 'count': 3})")
        assert isolate.call("handle", isolate.evaluate("msgpack.packb({'count': 'x'})")) == ["missing", "int_parsing"]
        assert isolate.evaluate("pydantic.__file__") == "/session/lib/python3.14/site-packages/pydantic/__init__.py"


def test_packages_are_read_only_and_found_by_importlib(runtime: Runtime) -> None:
    source = """
import importlib.metadata, os, sys
path = "/session/lib/python3.14/site-packages"
failures = []
actions = (
    lambda: open(path + "/new.py", "w"),
    lambda: os.remove(path + "/msgpack/__init__.py"),
    lambda: os.rmdir(path),
)
for action in actions:
    try:
        action()
    except OSError as error:
        failures.append(error.errno)
[importlib.metadata.version("pydantic"), len(failures), sys.path[-1] == path]
"""
    with Isolate(runtime) as isolate:
        assert isolate.evaluate(source) == ["2.14.3", 3, True]


def test_what_stat_says_of_packages(runtime: Runtime) -> None:
    source = """
import os
root = "/session/lib/python3.14/site-packages"
def facts(path):
    s = os.stat(path)
    return [s.st_mode, s.st_mtime, s.st_atime, s.st_ctime, s.st_nlink, s.st_dev, s.st_size > 0]
[facts(root), facts(root + "/msgpack"), facts(root + "/msgpack/__init__.py")]
"""
    with Isolate(runtime) as isolate:
        assert isolate.evaluate(source) == [
            [0o40777, 0, 0, 0, 1, 1, False],
            [0o40777, 0, 0, 0, 1, 1, False],
            [0o100755, 0, 0, 0, 1, 1, True],
        ]


def test_isolates_share_the_bytes_of_the_package_set(runtime: Runtime) -> None:
    """Contents are views of the one mapped artifact, however many isolates read them."""
    seen = []
    for _ in range(2):
        with Isolate(runtime) as isolate:
            path = isolate.evaluate("import pydantic; open(pydantic.__file__).read(); pydantic.__file__")
            guest = isolate._guest
            assert guest is not None
            node = guest.emscripten.fs.resolve(path)
            assert isinstance(node, MountedFile)
            seen.append(node.data)
    assert seen[0] is seen[1]
    assert isinstance(seen[0], memoryview)
    assert isinstance(seen[0].obj, mmap.mmap)


def test_a_worker_on_top_of_packages(cache: BuildCache, runtime: Runtime) -> None:
    """Packages, vendored packages and the worker's modules, in a snapshot that has run the worker's top level."""
    del runtime  # it is built
    bundle = WorkerBundle(
        main="worker.py",
        files={
            "worker.py": b"import sys, msgpack, helper\nimport pydantic\n"
            b"class Item(pydantic.BaseModel):\n    count: int\n"
            b"def handle(data):\n    return [Item(**msgpack.unpackb(data)).count, helper.place, list(sys.path)]\n",
            "helper.py": b"place = 'worker'",
            "python_modules/msgpack_stubs.py": b"",
            "python_modules/helper.py": b"place = 'vendored'",
        },
    )
    base = LocalRelease.open(cache.root / "test-release-packages")
    stacked = build_on(base, StackedInputs(worker=bundle), cache=cache)
    dedicated = Runtime.load(stacked.release, state_directory=cache.root / "test-state")
    quiet = IsolateOptions(stdout=lambda _: None, stderr=lambda _: None)
    with Isolate(dedicated, quiet) as isolate:
        assert isolate.evaluate("import worker; worker.handle(b'\\x81\\xa5count\\xa17')") == [
            7,
            "vendored",
            [
                "/lib/python314.zip",
                "/lib/python3.14/lib-dynload",
                "/session/metadata/python_modules",
                "/lib/python3.14/site-packages",
                "/session/metadata",
                "/session/lib/python3.14/site-packages",
            ],
        ]


def test_a_library_of_the_guests_own_is_not_loaded(runtime: Runtime) -> None:
    source = """
import glob, shutil, sys
name = "_cmsgpack.cpython-314-wasm32-emscripten.so"
shutil.copy("/session/lib/python3.14/site-packages/msgpack/" + name, "/tmp/" + name)
sys.path.insert(0, "/tmp")
try:
    import _cmsgpack
    message = "loaded"
except ImportError as error:
    message = str(error)
message
"""
    options = IsolateOptions(stdout=lambda _: None, stderr=lambda _: None)
    with Isolate(runtime, options) as isolate:
        assert "read-only file systems" in str(isolate.evaluate(source))


def test_the_release_names_its_package_set(runtime: Runtime) -> None:
    artifact = runtime.manifest.artifact(Role.PACKAGES)
    assert artifact.size > 1_000_000
    assert artifact.name == "packages.bin"


@pytest.mark.parametrize(
    ("version", "digest", "error"),
    [("1.2.4", Digest("0" * 64), DigestMismatchError), ("0.0.1", Digest("1" * 64), ArtifactError)],
    ids=["wrong hash", "unknown version"],
)
def test_files_that_are_not_the_locked_ones(
    cache: BuildCache, lock: PackageLockFile, tmp_path: Path, version: str, digest: Digest, error: type[PlatformError]
) -> None:
    from runtime_core.build.package_set import build_package_set
    from runtime_core.wasm.abi import abi_profile

    package = LockedPackage(
        name="msgpack",
        version=version,
        file_name=f"msgpack-{version}-cp314-cp314-pyemscripten_2026_0_wasm32.whl",
        digest=digest,
    )
    wrong = PackageLockFile(python=lock.python, abi=lock.abi, platform=lock.platform, packages=(package,))
    with pytest.raises(error):
        build_package_set(BuildCache(tmp_path), wrong, profile=abi_profile(DEFAULT_VERSION))
    assert not list((tmp_path / "entries").glob("package-*"))
