"""Files of the real workerd become releases that are served like any other."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from artifactd.client import ArtifactCache, BlobClient, Connection, ReleaseClient, ReleaseDirectory, fetch_release
from artifactd.client.transfer import Way
from runtime_core.build.cache import BuildCache, default_cache_root
from runtime_core.build.manifest import BuiltRelease
from runtime_core.build.npm import fetch_package
from runtime_core.build.progress import Timeline
from runtime_core.build.recipe import IMPORTED, read_layers
from runtime_core.build.release import ReleaseOptions, build_release_on
from runtime_core.build.workerd_import import import_snapshot
from runtime_core.cli import main
from runtime_core.isolate import Isolate, IsolateOptions
from runtime_core.packages.bundle import WorkerBundle
from runtime_core.release import LocalRelease
from runtime_core.runtime import Runtime
from runtime_core.web import Request
from schemas.digest import Digest
from schemas.errors import AbiMismatchError, ConfigError, FormatError, LinkError, PlatformError, RestoreError
from schemas.release import Role
from schemas.snapshot_codec import Snapshot, decode_snapshot, encode_snapshot
from schemas.snapshot_metadata import SnapshotType
from tests.support.daemon import running_daemon
from tests.support.releases import built_directory, local_release
from tests.support.workerd.files import (
    DEDICATED_WORKER,
    baseline,
    dedicated,
    dedicated_native,
    dedicated_several,
    native_worker,
    several_worker,
)
from tests.support.workerd.program import WORKERD

pytestmark = pytest.mark.boot

_FETCH = """
from pyodide.ffi import run_sync
import worker
response = run_sync(worker.Default(None, None).fetch(None))
print(response.status, run_sync(response.text()))
"""


def _import(data: bytes, output: Path, files: Mapping[str, bytes] | None = None) -> BuiltRelease:
    return import_snapshot(
        data,
        local_release(),
        output,
        cache=BuildCache(default_cache_root()),
        timeline=Timeline(),
        worker=None if files is None else WorkerBundle(main="worker.py", files=files),
    )


def _runtime(output: Path) -> Runtime:
    return Runtime.load(LocalRelease.open(output), state_directory=built_directory().parent / "test-state")


def _printed(runtime: Runtime, source: str) -> list[str]:
    printed: list[bytes] = []
    with Isolate(runtime, IsolateOptions(stdout=printed.append)) as isolate:
        isolate.run(source)
    return b"".join(printed).decode().splitlines()


def test_imported_baseline_is_served(tmp_path: Path) -> None:
    """Its isolates run Python, share no random state, and are not guarded any more."""
    built = _import(baseline(), tmp_path)
    assert built.manifest.abi.snapshot_type is SnapshotType.BASELINE
    assert built.manifest.provenance.flags == (f"{IMPORTED} {Digest.of(baseline())}",)
    with pytest.raises(FormatError, match="made of a snapshot file of workerd's"):
        read_layers(built.manifest.provenance.flags)
    runtime = _runtime(tmp_path)
    source = """
import json, os, random, sys
print(json.dumps([random.random(), os.urandom(4).hex(), "worker" in sys.modules]))
"""
    found = [json.loads(_printed(runtime, source)[0]) for _ in range(2)]
    assert found[0][0] != found[1][0]
    assert found[0][1] != found[1][1]
    assert [item[2] for item in found] == [False, False]


def test_imported_worker_is_served(tmp_path: Path) -> None:
    """Its top level does not run again, and what one isolate does no other sees."""
    built = _import(dedicated(), tmp_path, DEDICATED_WORKER.files)
    assert built.manifest.abi.snapshot_type is SnapshotType.DEDICATED
    assert built.manifest.abi.code_image == local_release().manifest.abi.code_image
    runtime = _runtime(tmp_path)
    expected = ['200 {"value": 42, "loads": ["top level"]}']
    assert _printed(runtime, _FETCH + "worker.loads.append('changed')") == expected
    assert _printed(runtime, _FETCH) == expected
    kept = """
import js, worker
import _cloudflare_compat_flags as flags
import _cf_internal_snapshot_info as info
print(worker.connect == worker.sockets.connect, worker.Object == js.Object, flags.python_dedicated_snapshot,
      info.loadedBaselineSnapshot, open("/session/metadata/data/note.txt", encoding="utf-8").read().strip())
"""
    assert _printed(runtime, kept) == ["True True True False caf\xe9"]


def test_imported_native_library_is_part_of_the_code_image(tmp_path: Path) -> None:
    """Nothing is loaded when it is served: the library's code is linked where the snapshot has it."""
    built = _import(dedicated_native(), tmp_path, native_worker().files)
    assert built.manifest.abi.code_image != local_release().manifest.abi.code_image
    assert built.manifest.abi.table_size > 14_174
    runtime = _runtime(tmp_path)
    assert _printed(runtime, _FETCH) == ["200 [{'a': 12}, [1, 'int_parsing']]"]
    again = """
import ctypes, sys
from pydantic_core import SchemaValidator, core_schema, _pydantic_core
print(SchemaValidator(core_schema.list_schema(core_schema.int_schema())).validate_json("[1, 2]"))
library = ctypes.CDLL(_pydantic_core.__file__)
print(bool(library.PyInit__pydantic_core))
"""
    assert _printed(runtime, again) == ["[1, 2]", "True"]


def test_imported_native_libraries_keep_their_slots(tmp_path: Path) -> None:
    """Several libraries: each begins where it began when workerd loaded it, though workerd cannot load this file."""
    _import(dedicated_several(), tmp_path, several_worker().files)
    assert _printed(_runtime(tmp_path), _FETCH) == ["200 [True, True]"]


def test_worker_is_built_on_an_imported_baseline(tmp_path: Path) -> None:
    """What is imported is a base like any other."""
    _import(baseline(), tmp_path / "base")
    main = b"""import json, js
value = json.dumps([1])
def on_fetch(request):
    return js.Response.new(value)
"""
    build_release_on(
        LocalRelease.open(tmp_path / "base"),
        tmp_path / "worker",
        cache=BuildCache(default_cache_root()),
        timeline=Timeline(),
        options=ReleaseOptions(worker=WorkerBundle(main="main.py", files={"main.py": main})),
    )
    with Isolate(_runtime(tmp_path / "worker")) as isolate:
        assert isolate.fetch(Request(url="http://localhost/")).body == b"[1]"


def test_imported_worker_answers_requests(tmp_path: Path) -> None:
    """The host sends a request to the class ``Default`` that the file holds."""
    _import(dedicated(), tmp_path, DEDICATED_WORKER.files)
    with Isolate(_runtime(tmp_path)) as isolate:
        response = isolate.fetch(Request(url="http://localhost/"))
    assert (response.status, response.body) == (200, b'{"value": 42, "loads": ["top level"]}')
    assert dict(response.headers)["x-made"] == "here"


def test_imported_release_is_published_and_fetched(tmp_path: Path) -> None:
    """It travels as a delta of its base, and is served from what was fetched."""
    _import(dedicated(), tmp_path / "built", DEDICATED_WORKER.files)
    base, release = (ReleaseDirectory.open(path) for path in (built_directory(), tmp_path / "built"))
    cache = ArtifactCache(tmp_path / "cache")
    with running_daemon(tmp_path / "daemon") as daemon:
        with Connection(daemon.address) as connection:
            for directory in (base, release):
                directory.publish(BlobClient(connection), ReleaseClient(connection))
        fetch_release(daemon.address, pin=base.pin, cache=cache).close()
        with fetch_release(daemon.address, pin=release.pin, cache=cache) as fetched:
            ways = {item.artifact.role: item.way for item in fetched.transfers}
            assert ways[Role.SNAPSHOT] is Way.DELTA
            assert ways[Role.CODE_IMAGE] is Way.CACHED
            with Isolate.boot(fetched, state_directory=built_directory().parent / "test-state") as isolate:
                assert isolate.fetch(Request(url="http://localhost/")).status == 200


def test_import_is_deterministic(tmp_path: Path) -> None:
    """The same file makes the same release, from a cache or without one."""
    first = _import(dedicated(), tmp_path / "first", DEDICATED_WORKER.files)
    again = import_snapshot(
        dedicated(),
        local_release(),
        tmp_path / "second",
        cache=BuildCache(tmp_path / "cache"),
        timeline=Timeline(),
        worker=WorkerBundle(main="worker.py", files=DEDICATED_WORKER.files),
    )
    assert again.manifest_digest == first.manifest_digest


def test_command_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """``runtime-core snapshot import`` takes a worker's directory; its release runs."""
    worker = tmp_path / "src"
    _write(worker, DEDICATED_WORKER.files)
    (tmp_path / "snapshot.bin").write_bytes(dedicated())
    (tmp_path / "call.py").write_text(_FETCH)
    base, output = str(built_directory()), str(tmp_path / "out")
    arguments = ["snapshot", "import", str(tmp_path / "snapshot.bin"), "--release", base, "--output", output]
    assert main([*arguments, "--worker", str(worker), "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["type"] == "dedicated"
    assert main([*arguments, "--json"]) != 0
    assert "--worker" in json.loads(capsys.readouterr().out)["error"]["hint"]


def test_exported_worker_is_imported_published_and_served(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The whole way with this runtime's own files: a worker, its file for workerd, a release, a fetched isolate."""
    worker, file, output = tmp_path / "src", tmp_path / "snapshot.bin", tmp_path / "out"
    _write(worker, DEDICATED_WORKER.files)
    program = fetch_package(BuildCache(default_cache_root()), WORKERD).files["workerd"].path
    assert main(["snapshot", "export", "--workerd", str(program), "--worker", str(worker), "--output", str(file)]) == 0
    capsys.readouterr()
    arguments = ["--release", str(built_directory()), "--worker", str(worker), "--output", str(output), "--json"]
    with running_daemon(tmp_path / "daemon") as daemon:
        assert main(["snapshot", "import", str(file), *arguments, "--publish", daemon.address]) == 0
        assert json.loads(capsys.readouterr().out)["published"] is True
        pin, cache = ReleaseDirectory.open(output).pin, ArtifactCache(tmp_path / "cache")
        with (
            fetch_release(daemon.address, pin=pin, cache=cache) as fetched,
            Isolate.boot(fetched, state_directory=built_directory().parent / "test-state") as isolate,
        ):
            response = isolate.fetch(Request(url="http://localhost/"))
    assert (response.status, response.body) == (200, b'{"value": 42, "loads": ["top level"]}')


def _write(directory: Path, files: Mapping[str, bytes]) -> None:
    for name, data in files.items():
        (directory / name).parent.mkdir(parents=True, exist_ok=True)
        (directory / name).write_bytes(data)


def _other_type(snapshot: Snapshot) -> Snapshot:
    settings = dataclasses.replace(snapshot.metadata.settings, snapshot_type=SnapshotType.BASELINE)
    return dataclasses.replace(snapshot, metadata=dataclasses.replace(snapshot.metadata, settings=settings))


def _flag_off(snapshot: Snapshot) -> Snapshot:
    flags = {**snapshot.metadata.settings.compat_flags, "python_dedicated_snapshot": False}
    settings = dataclasses.replace(snapshot.metadata.settings, compat_flags=flags)
    return dataclasses.replace(snapshot, metadata=dataclasses.replace(snapshot.metadata, settings=settings))


def _other_constants(snapshot: Snapshot) -> Snapshot:
    heap = bytearray(snapshot.heap)
    heap[2000:2100] = bytes(100)
    return dataclasses.replace(snapshot, heap=memoryview(heap))


def _short_memory(snapshot: Snapshot) -> Snapshot:
    return dataclasses.replace(snapshot, heap=snapshot.heap[: 65_536 * 100])


def _no_references(snapshot: Snapshot) -> Snapshot:
    return dataclasses.replace(snapshot, metadata=dataclasses.replace(snapshot.metadata, hiwire=None))


def _other_module(snapshot: Snapshot) -> Snapshot:
    return dataclasses.replace(snapshot, metadata=dataclasses.replace(snapshot.metadata, js_module_names=("node:net",)))


@pytest.mark.parametrize(
    ("change", "error", "reason"),
    [
        (_other_type, AbiMismatchError, "asks for dedicated ones"),
        (_flag_off, AbiMismatchError, "does not ask for one"),
        (_other_constants, AbiMismatchError, "another Pyodide"),
        (_short_memory, RestoreError, "memory is too short"),
        (_no_references, RestoreError, "no JavaScript references"),
        (_other_module, RestoreError, "no JavaScript module"),
    ],
)
def test_what_does_not_fit_is_refused(
    change: Callable[[Snapshot], Snapshot], error: type[PlatformError], reason: str, tmp_path: Path
) -> None:
    """With a named error, and nothing is left behind."""
    changed = change(decode_snapshot(dedicated()))
    with pytest.raises(error, match=reason):
        _import(encode_snapshot(changed.metadata, changed.heap), tmp_path / "out", DEDICATED_WORKER.files)
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("bases", "value", "error", "reason"),
    [
        ("so_memory_bases", 7, LinkError, "no room for its data"),
        ("so_memory_bases", 200_000_000, RestoreError, "outside of the snapshot's memory"),
        ("so_memory_bases", 0, RestoreError, "no place in memory"),
        ("so_table_bases", 1, LinkError, "not where the snapshot has them"),
        ("so_table_bases", 2**32 - 1, LinkError, "not where the snapshot has them"),
        ("so_table_bases", 0, RestoreError, "does not say which slots"),
    ],
)
def test_places_that_cannot_be_are_refused(
    bases: str, value: int, error: type[PlatformError], reason: str, tmp_path: Path
) -> None:
    """Before anything is compiled for them."""
    native = decode_snapshot(dedicated_native())
    changed: dict[str, Any] = {bases: dict.fromkeys(getattr(native.metadata, bases), value)}
    metadata = dataclasses.replace(native.metadata, **changed)
    with pytest.raises(error, match=reason):
        _import(encode_snapshot(metadata, native.heap), tmp_path / "out", native_worker().files)
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("data", "reason"), [(b"", "size of 0"), (b"\0snp", "header"), (b"\x7fELF" + bytes(100), "magic")]
)
def test_other_files_are_refused(data: bytes, reason: str, tmp_path: Path) -> None:
    """What is no snapshot at all."""
    with pytest.raises(FormatError, match=reason):
        _import(data, tmp_path / "out")


def test_worker_must_fit_the_type(tmp_path: Path) -> None:
    """A dedicated snapshot needs the worker's files; a baseline has none."""
    with pytest.raises(ConfigError, match="needs the files"):
        _import(dedicated(), tmp_path)
    with pytest.raises(ConfigError, match="has no worker"):
        _import(baseline(), tmp_path, DEDICATED_WORKER.files)


def test_base_must_fit(tmp_path: Path) -> None:
    """A release with a worker or with linked libraries has other files or another table than workerd."""
    _import(dedicated(), tmp_path / "worker", DEDICATED_WORKER.files)
    plain = local_release()
    abi = dataclasses.replace(plain.manifest.abi, table_size=plain.manifest.abi.table_size + 1)
    linked = dataclasses.replace(plain, manifest=dataclasses.replace(plain.manifest, abi=abi))
    for base, reason in ((LocalRelease.open(tmp_path / "worker"), "worker"), (linked, "linked libraries")):
        cache, timeline = BuildCache(default_cache_root()), Timeline()
        with pytest.raises(AbiMismatchError, match=f"the base has .*{reason}"):
            import_snapshot(baseline(), base, tmp_path / "out", cache=cache, timeline=timeline)
    assert not (tmp_path / "out").exists()
