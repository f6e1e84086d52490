"""Packages that a worker brings along in python_modules: pure ones, native ones, and libraries that those need."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest

from runtime_core.build.cache import BuildCache, default_cache_root
from runtime_core.build.package_set import translate_bundle
from runtime_core.build.pins import DEFAULT_VERSION
from runtime_core.build.progress import Timeline
from runtime_core.build.rebuild import rebuild_release
from runtime_core.build.release import build_release
from runtime_core.build.stacked import StackedInputs, build_on
from runtime_core.emscripten.nodes import MountedFile
from runtime_core.isolate import Isolate, IsolateOptions
from runtime_core.packages.bundle import WorkerBundle
from runtime_core.release import LocalRelease
from runtime_core.runtime import WORKER_TIME_MS, Runtime
from runtime_core.worker.packages import add_worker, worker_mount
from schemas.errors import CaptureError
from schemas.release import Role
from tests.support import releases
from tests.support.side_modules import side_module
from tests.support.wheels import USES, site_packages

pytestmark = pytest.mark.boot

NEEDED = '(module (func (export "answer") (result i32) (i32.const 42)))'
NEEDING = (
    '(module (import "env" "answer" (func $answer (result i32))) (func (export "ask") (result i32) (call $answer)))'
)


def vendored(*projects: str) -> dict[str, bytes]:
    """The files of wheels below python_modules."""
    found: dict[str, bytes] = {}

    def add(tree: Mapping[str, object], prefix: str) -> None:
        for name, item in tree.items():
            if isinstance(item, Mapping):
                add(item, f"{prefix}{name}/")
            else:
                assert isinstance(item, bytes)
                found[f"python_modules/{prefix}{name}"] = item

    tree = site_packages()
    add({name: tree[name] for name in projects}, "")
    return found


def quiet() -> IsolateOptions:
    return IsolateOptions(stdout=lambda _: None, stderr=lambda _: None)


def dedicated(files: Mapping[str, bytes], *, cache: BuildCache) -> Runtime:
    bundle = translate_bundle(cache, WorkerBundle(main="worker.py", files=dict(files)))
    stacked = build_on(releases.local_release(), StackedInputs(worker=bundle), cache=cache)
    return Runtime.load(stacked.release, state_directory=cache.root / "test-state")


@pytest.mark.parametrize("project", ["msgpack", "pydantic_core"])
def test_a_native_library_of_the_workers_own(project: str) -> None:
    """Loaded by an isolate that has the worker's files but no snapshot of its own."""
    cache = BuildCache(default_cache_root())
    files = {"worker.py": b"", **vendored(project, "typing_extensions.py")}
    bundle = translate_bundle(cache, WorkerBundle(main="worker.py", files=files))
    assert bundle.libraries
    source, expected = USES[project]
    runtime = releases.runtime()
    with Isolate(runtime, quiet()) as isolate:
        guest = isolate._guest
        assert guest is not None
        guest.use_libraries(runtime.libraries)
        add_worker(guest, worker_mount(bundle, time_ms=0))
        assert isolate.evaluate(source) == expected
        place = isolate.evaluate(f"import {project}; {project}.__file__")
        assert place == f"/session/metadata/python_modules/{project}/__init__.py"


def test_a_native_library_in_a_dedicated_snapshot() -> None:
    """It is linked into the code image, so that the snapshot may have it loaded."""
    cache = BuildCache(default_cache_root())
    worker = b"import msgpack\nfrom msgpack import _cmsgpack\ndef pack(value):\n    return msgpack.packb(value)\n"
    bundle = WorkerBundle(main="worker.py", files={"worker.py": worker, **vendored("msgpack")})
    output = cache.root / "test-release-vendored"
    timeline = Timeline()
    build_release(DEFAULT_VERSION, output, cache=cache, timeline=timeline, worker=bundle)
    assert {"translate the worker's libraries", "link the native libraries"} <= {item.name for item in timeline.records}
    runtime = Runtime.load(LocalRelease.open(output), state_directory=cache.root / "test-state")
    assert runtime.manifest.provenance.flags[0] == "--worker"
    for _ in range(2):
        with Isolate(runtime, quiet()) as isolate:
            isolate.run("import worker")
            assert isolate.evaluate("worker.pack({'a': [1]})") == b"\x81\xa1a\x91\x01"
            assert isolate.evaluate("worker._cmsgpack.__file__.startswith('/session/metadata/python_modules/')")


def test_a_release_with_vendored_libraries_is_built_again_alike(tmp_path: Path) -> None:
    """From its own artifacts, which hold the libraries translated."""
    cache = BuildCache(default_cache_root())
    files = {"worker.py": b"import msgpack._cmsgpack\n", **vendored("msgpack")}
    bundle = WorkerBundle(main="worker.py", files=files)
    output = tmp_path / "release"
    build_release(DEFAULT_VERSION, output, cache=cache, timeline=Timeline(), worker=bundle)
    (tmp_path / "work").mkdir()
    report = rebuild_release(LocalRelease.open(output), cache=cache, work=tmp_path / "work", timeline=Timeline())
    assert {check.role for check in report.artifacts} >= {Role.CODE_IMAGE, Role.SNAPSHOT, Role.WORKER}
    assert [check.role for check in report.artifacts if check.difference is not None] == []
    assert report.manifest == ""


def test_a_native_library_that_is_not_in_the_code_image_of_the_base() -> None:
    """A snapshot cannot hold it; the error says what to do."""
    worker = b"import msgpack._cmsgpack\n"
    with pytest.raises(CaptureError, match="link the library into the code image"):
        dedicated({"worker.py": worker, **vendored("msgpack")}, cache=BuildCache(default_cache_root()))


def test_a_library_that_another_one_needs_lies_in_lib() -> None:
    files = {
        "worker.py": b"",
        "python_modules/lib/libneeded.so": side_module(NEEDED, memory=16),
        "python_modules/needing.so": side_module(NEEDING, memory=16, needed=["libneeded.so"]),
        "python_modules/sad.so": side_module(NEEDING, memory=16, needed=["libgone.so"]),
    }
    source = """
import ctypes
def ask(name):
    try:
        return ctypes.CDLL("/session/metadata/python_modules/" + name).ask()
    except OSError as error:
        return "libgone.so" in str(error)
[ask("needing.so"), ask("sad.so")]
"""
    bundle = WorkerBundle(main="worker.py", files=files)
    runtime = releases.runtime()
    with Isolate(runtime, quiet()) as isolate:
        guest = isolate._guest
        assert guest is not None
        guest.use_libraries(runtime.libraries)
        add_worker(guest, worker_mount(bundle, time_ms=0))
        assert isolate.evaluate("import os; os.environ['LD_LIBRARY_PATH']") == (
            "/usr/lib:/lib/python3.14/site-packages:/session/lib/python3.14/site-packages"
            ":/session/metadata/python_modules/lib/"
        )
        assert isolate.evaluate(source) == [42, True]


def test_isolates_share_the_bytes_of_the_artifact() -> None:
    """Contents are views of one mapped file, however many isolates there are, also after they were read."""
    cache = BuildCache(default_cache_root())
    data = bytes(range(256)) * 4096
    runtime = dedicated({"worker.py": b"", "python_modules/data.bin": data}, cache=cache)
    seen = []
    for _ in range(3):
        with Isolate(runtime, quiet()) as isolate:
            assert isolate.evaluate("len(open('/session/metadata/python_modules/data.bin', 'rb').read())") == len(data)
            guest = isolate._guest
            assert guest is not None
            node = guest.emscripten.fs.resolve("/session/metadata/python_modules/data.bin")
            assert isinstance(node, MountedFile)
            assert isinstance(node.data, memoryview)
            seen.append(node.data)
    assert seen[0] is seen[1] is seen[2]
    assert type(seen[0].obj).__name__ == "mmap"
    assert runtime.manifest.artifact(Role.WORKER).size > len(data)


def test_a_pth_file_and_a_module_in_a_dedicated_snapshot(tmp_path: Path) -> None:
    files = {
        "worker.py": b"import extra, sys\nplace = extra.__file__\npath = list(sys.path)\n",
        "python_modules/a.pth": b"more\nimport sys; sys.counted = getattr(sys, 'counted', 0) + 1\n",
        "python_modules/more/extra.py": b"",
    }
    runtime = dedicated(files, cache=BuildCache(default_cache_root()))
    with Isolate(runtime, quiet()) as isolate:
        assert isolate.evaluate("import worker, sys; [worker.place, worker.path == sys.path, sys.counted]") == [
            "/session/metadata/python_modules/more/extra.py",
            True,
            1,
        ]
    assert not list(tmp_path.iterdir())


def test_a_workers_files_have_one_time() -> None:
    """What the top level saw holds in every isolate, whenever the snapshot was made and the isolate was started."""
    files = {"worker.py": b"import os\nseen = os.stat(__file__).st_mtime_ns\n"}
    runtime = dedicated(files, cache=BuildCache(default_cache_root()))
    with Isolate(runtime, quiet()) as isolate:
        source = "import worker, os; [worker.seen, os.stat(worker.__file__).st_mtime_ns]"
        assert isolate.evaluate(source) == [WORKER_TIME_MS * 1_000_000] * 2
