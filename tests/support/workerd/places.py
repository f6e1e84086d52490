"""Places to replay snapshots in: the code image and the files of the release that the tests build."""

from __future__ import annotations

import functools

from runtime_core.emscripten.host import HostServices
from runtime_core.engine.codecache import CodeCache
from runtime_core.engine.limits import Limits
from runtime_core.engine.module import Program
from runtime_core.guest import Guest, host_imports, stdlib_mount
from runtime_core.packages.bundle import WorkerBundle
from runtime_core.release import check_release, read_artifact
from runtime_core.runtime import process_engine
from runtime_core.snapshot.state import STATE_KEY, RuntimeState, StackState
from runtime_core.wasm.dataimage import build_data_image
from runtime_core.worker.packages import worker_mount
from runtime_core.workerd.checks import read_snapshot
from runtime_core.workerd.replay import ReplayPlace, replay
from schemas.release import Role
from schemas.snapshot_codec import Snapshot, decode_snapshot
from tests.support.releases import built_directory, local_release
from tests.support.wheels import library_loader
from tests.support.workerd.program import WorkerFiles


def code_cache() -> CodeCache:
    """Where the tests' compiled code is kept."""
    return CodeCache(built_directory().parent / "test-state" / "code")


@functools.cache
def program() -> Program:
    """The code image of the built release."""
    release = local_release()
    code_image = check_release(release.manifest).code_image
    engine, cache = process_engine(), code_cache()
    code = engine.load_by_digest(code_image.content_digest, cache)
    return engine.link(code or engine.load(read_artifact(release, code_image), cache), host_imports())


@functools.cache
def stack() -> StackState:
    """The stack of the built release's snapshot; its limits hold for every snapshot of that Pyodide."""
    release = local_release()
    snapshot = decode_snapshot(read_artifact(release, check_release(release.manifest).snapshot))
    return RuntimeState.from_json(snapshot.metadata.extra[STATE_KEY]).stack


def place(
    snapshot: Snapshot, worker: WorkerFiles, *, limits: Limits | None = None, native: bool = False
) -> ReplayPlace:
    """A place for a snapshot with a worker's files; ``native``: libraries may be loaded."""
    engine = process_engine()
    release = local_release()
    bundle = WorkerBundle(main="worker.py", files=worker.files)
    return ReplayPlace(
        program=program(),
        blank=engine.load(build_data_image(bytes(len(snapshot.heap))), code_cache()),
        stack=stack(),
        stdlib=stdlib_mount(release.paths[Role.UPSTREAM_STDLIB]),
        worker=worker_mount(bundle, time_ms=0),
        libraries=library_loader(engine, code_cache().directory) if native else None,
        services=HostServices(),
        limits=limits or Limits(),
    )


def replayed(data: bytes, worker: WorkerFiles, *, limits: Limits | None = None, native: bool = False) -> Guest:
    """A guest from a file of workerd's; the caller closes it."""
    snapshot = read_snapshot(data)
    return replay(snapshot, place(snapshot, worker, limits=limits, native=native))
