"""Import a snapshot of workerd's: replay it once, capture it again, and make a release of it.

The release is served like any other: mapped copy-on-write, with nothing to replay. Native libraries that the snapshot
has loaded become part of its code image, at their places.
"""

from __future__ import annotations

import json
import posixpath
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from runtime_core.build.cache import BuildCache, CachedFile, CacheKey
from runtime_core.build.capture import Captured, build_services, finish_capture, warm_up
from runtime_core.build.manifest import BuiltRelease
from runtime_core.build.package_set import translate_bundle
from runtime_core.build.progress import Timeline
from runtime_core.build.recipe import IMPORTED
from runtime_core.build.release import build_code, pack_and_write
from runtime_core.build.sources import package_digest, runtime_code_digest
from runtime_core.build.stack import BUILD_LIMITS
from runtime_core.build.stacked import SNAPSHOT_NAME, derived, worker_file, write_captured
from runtime_core.build.translate import translate_exceptions
from runtime_core.emscripten.mounts import Mount, map_file
from runtime_core.engine.capi import WASMTIME_VERSION
from runtime_core.engine.codecache import CodeCache
from runtime_core.guest import Guest, host_imports, stdlib_mount
from runtime_core.linking.library import LibraryLoader
from runtime_core.packages.bundle import WorkerBundle
from runtime_core.release import LocalRelease
from runtime_core.runtime import WORKER_TIME_MS, Runtime, process_engine
from runtime_core.snapshot.prepared import RestoreMode
from runtime_core.snapshot.state import STATE_VERSION
from runtime_core.wasm import binary
from runtime_core.wasm.abi import abi_profile
from runtime_core.wasm.codeimage import CodeImage, CodeImageLayout
from runtime_core.wasm.codelink import LibraryFile, LinkedImage, Place, link_libraries_at
from runtime_core.wasm.dataimage import build_data_image
from runtime_core.wasm.dylink import read_dylink
from runtime_core.wasm.linkedlibrary import LinkedLibrary
from runtime_core.worker.entropy import EntropyGuards
from runtime_core.worker.entrypoint import WorkerState
from runtime_core.worker.packages import package_mounts, worker_mount
from runtime_core.worker.search_path import METADATA_PATH
from runtime_core.worker.support import Support
from runtime_core.workerd.checks import check_memory, check_program, check_type, read_snapshot
from runtime_core.workerd.failures import guest_failures
from runtime_core.workerd.libraries import library_places
from runtime_core.workerd.profile import WORKERD_314_0_5
from runtime_core.workerd.replay import ReplayPlace, leave_top_level, replay
from schemas.digest import Digest
from schemas.errors import AbiMismatchError, ConfigError, LinkError, RestoreError
from schemas.release import Role
from schemas.snapshot_codec import PAGE_BYTES, Snapshot
from schemas.snapshot_metadata import SnapshotType

_LIBRARIES: Final = "libraries.json"
_BASELINE_PAGES: Final = WORKERD_314_0_5.baseline.heap_size // PAGE_BYTES


@dataclass(frozen=True, kw_only=True, slots=True)
class _Code:
    """A code image for the snapshot: the base's, or one with the snapshot's libraries in it (``file``)."""

    wasm: Path
    digest: Digest
    table_size: int
    libraries: tuple[LinkedLibrary, ...] = ()
    file: CachedFile | None = None


def import_snapshot(
    data: bytes | memoryview,
    base: LocalRelease,
    output: Path,
    *,
    cache: BuildCache,
    timeline: Timeline,
    worker: WorkerBundle | None = None,
    release_id: str | None = None,
) -> BuiltRelease:
    """Make a release of a workerd snapshot into ``output``. ``base`` is a release of the same Pyodide without linked
    libraries, ``worker`` the files that the snapshot was made with, which a dedicated one needs.

    Raises:
        FormatError: the file is no snapshot, or a damaged one.
        AbiMismatchError: it was made by another Pyodide, its type contradicts its flags, or the base does not fit.
        ConfigError: the worker's files are missing.
        RestoreError: it refers to something that is not there.
        PlatformError: another step failed; nothing is left in ``output``.
    """
    with timeline.step("check the snapshot") as step:
        snapshot = read_snapshot(data)
        kind = _check(snapshot, base, worker)
        step.note(size=len(data), digest=Digest.of(data), detail=kind.value)
    bundle = None if worker is None else translate_bundle(cache, worker, timeline=timeline)
    code = _Code(
        wasm=base.paths[Role.CODE_IMAGE], digest=base.manifest.abi.code_image, table_size=base.manifest.abi.table_size
    )
    if snapshot.metadata.load_order:
        with timeline.step("link the native libraries where the snapshot has them") as step:
            code = _linked_code(snapshot, base, bundle, cache)
            step.note(digest=code.digest, detail=f"{len(code.libraries)} libraries")
    with timeline.step("replay the snapshot and capture it") as step:
        key = CacheKey.of(
            "imported-snapshot",
            snapshot=Digest.of(data),
            base=base.manifest_digest,
            code_image=code.digest,
            runtime=runtime_code_digest(),
            workerd=package_digest("workerd"),
            importer=Digest.of(Path(__file__).read_bytes()),
            state=STATE_VERSION,
            wasmtime=WASMTIME_VERSION,
            worker=Digest.of(bundle.encode()) if bundle is not None else "",
        )
        entry = cache.get_or_build(
            key, lambda work: write_captured(_capture(snapshot, base, code, bundle, cache), work)
        )
        file = entry.files[SNAPSHOT_NAME]
        step.note(size=file.size, digest=file.digest, cached=entry.cached)
    added = {Role.SNAPSHOT: file}
    if code.file is not None:
        added[Role.CODE_IMAGE] = code.file
    if bundle is not None:
        added[Role.WORKER] = worker_file(cache, bundle)
    abi = json.loads(entry.files["abi.json"].path.read_text())
    release = derived(base, added, snapshot_type=kind, abi=abi, flags=(f"{IMPORTED} {Digest.of(data)}",))
    return pack_and_write(release, output, bases=[base], release_id=release_id, cache=cache, timeline=timeline)


# ---- before anything runs


def _check(snapshot: Snapshot, base: LocalRelease, worker: WorkerBundle | None) -> SnapshotType:
    kind = check_type(snapshot)
    if kind is SnapshotType.DEDICATED and worker is None:
        raise ConfigError("a dedicated snapshot needs the files of its worker", hint="name them with --worker")
    if kind is not SnapshotType.DEDICATED and worker is not None:
        raise ConfigError(
            f"a {kind.value} snapshot has no worker in it",
            found="a worker's files",
            hint="import it without them, then build the worker on that release",
        )
    if any(artifact.role is Role.WORKER for artifact in base.manifest.artifacts):
        raise AbiMismatchError("the base has a worker", expected="a baseline release", hint="import into its base")
    abi = base.manifest.abi
    if abi.table_size != abi.trampoline_slot + 1:
        raise AbiMismatchError(
            "the base has linked libraries, so its function table is not workerd's",
            expected=abi.trampoline_slot + 1,
            found=abi.table_size,
            hint="import into a release without packages, or one built with --no-link",
        )
    check_memory(snapshot, least_pages=_BASELINE_PAGES)
    check_program(snapshot, base.paths[Role.UPSTREAM_WASM].read_bytes())
    return kind


# ---- libraries


def _linked_code(snapshot: Snapshot, base: LocalRelease, bundle: WorkerBundle | None, cache: BuildCache) -> _Code:
    """The base's code image with the snapshot's libraries, linked where its memory has them."""
    files = _library_files(snapshot, bundle)
    plain = _plain_image(base, cache)

    def build(work: Path) -> None:
        linked = _link(plain, files)
        (work / "code.wasm").write_bytes(linked.image.wasm)
        document = {
            "table_size": linked.image.layout.table_size,
            "libraries": [library.to_json() for library in linked.libraries],
        }
        (work / _LIBRARIES).write_text(json.dumps(document))

    key = CacheKey.of(
        "imported-image",
        code_image=base.manifest.abi.code_image,
        files=json.dumps([[file.name, str(Digest.of(file.wasm)), str(file.place)] for file in files]),
        tool=package_digest("wasm"),
        importer=Digest.of(Path(__file__).read_bytes()),
    )
    entry = cache.get_or_build(key, build)
    document = json.loads(entry.files[_LIBRARIES].path.read_text())
    file = entry.files["code.wasm"]
    return _Code(
        wasm=file.path,
        digest=file.digest,
        table_size=document["table_size"],
        libraries=tuple(LinkedLibrary.from_json(item) for item in document["libraries"]),
        file=file,
    )


def _link(image: CodeImage, files: Sequence[LibraryFile]) -> LinkedImage:
    """Link with the slots as they were given out when the libraries were loaded.

    Where workerd stacked the snapshot on another one, its restore had taken the slot behind the trampoline's and set it
    free again: the first function that needed a slot got that one. (When workerd loads such a file it has not set it
    free by then, so that all further slots shift, and it refuses files with several libraries.)
    """
    reserved = image.layout.table_size
    if files and files[0].place is not None and files[0].place.table_base > reserved:
        with suppress(LinkError):
            return link_libraries_at(image, files, free_slots=(reserved,))
    return link_libraries_at(image, files)


def _library_files(snapshot: Snapshot, bundle: WorkerBundle | None) -> list[LibraryFile]:
    places = library_places(snapshot.metadata, WORKERD_314_0_5.session_site_packages)
    by_base_name = {posixpath.basename(path): path for path in places}
    found: list[LibraryFile] = []
    for path, place in places.items():
        data = None if bundle is None else bundle.files.get(path.removeprefix(f"{METADATA_PATH}/"))
        if data is None or not path.startswith(f"{METADATA_PATH}/"):
            raise RestoreError(
                f"Could not find {path} in user bundle, which is required by the snapshot.",
                hint="import the snapshot with the files that it was made with",
            )
        if place.table is None:
            raise RestoreError(
                "the snapshot does not say which slots its libraries have",
                expected="soTableBases",
                hint="it was made by a workerd from before October 2025: make it again",
            )
        wasm = bytes(data)
        info = read_dylink(binary.parse(wasm))
        if place.memory + info.memory_bytes > len(snapshot.heap):
            raise RestoreError(
                f"{path} lies outside of the snapshot's memory",
                expected=f"{info.memory_bytes} bytes below {len(snapshot.heap):#x}",
                found=f"{place.memory:#x}",
            )
        # What a library needs was loaded before it; one that was not has no data, and workerd does not record it.
        needed = (by_base_name.get(posixpath.basename(name), name) for name in info.needed)
        found.append(
            LibraryFile(
                name=path,
                wasm=wasm,
                needed=tuple(needed),
                place=Place(memory_base=place.memory, table_base=place.table),
            )
        )
    return found


def _plain_image(base: LocalRelease, cache: BuildCache) -> CodeImage:
    """The base's code image with its layout and memory, which the release does not carry: made again of its module."""
    upstream = base.manifest.artifact(Role.UPSTREAM_WASM)
    module = CachedFile(path=base.paths[Role.UPSTREAM_WASM], digest=upstream.digest, size=upstream.size)
    profile = abi_profile(base.manifest.release.pyodide)
    code = build_code(cache, translate_exceptions(cache, module, expected=None).module, profile)
    found = code.files["code.wasm"].digest
    if found != base.manifest.abi.code_image:
        raise AbiMismatchError(
            "this build tool makes another code image than the base has",
            expected=base.manifest.abi.code_image,
            found=found,
            hint="build the base again",
        )
    return CodeImage(
        wasm=code.files["code.wasm"].path.read_bytes(),
        memory_image=code.files["memory.wasm"].path.read_bytes(),
        layout=CodeImageLayout.from_json(json.loads(code.files["layout.json"].path.read_text())),
    )


# ---- replay and capture


def _capture(
    snapshot: Snapshot, base: LocalRelease, code: _Code, bundle: WorkerBundle | None, cache: BuildCache
) -> Captured:
    stack = Runtime.load(base, state_directory=cache.root, mode=RestoreMode.COPY).state.stack
    engine, codes = process_engine(), CodeCache(cache.root / "code")
    compiled = engine.load_by_digest(code.digest, codes) or engine.load(code.wasm.read_bytes(), codes)
    mounts: tuple[Mount, ...] = ()
    if Role.PACKAGES in base.paths:
        mounts = package_mounts(map_file(base.paths[Role.PACKAGES]))
    place = ReplayPlace(
        program=engine.link(compiled, host_imports()),
        blank=engine.load(build_data_image(bytes(len(snapshot.heap))), codes),
        stack=stack,
        stdlib=stdlib_mount(base.paths[Role.UPSTREAM_STDLIB]),
        packages=mounts,
        worker=None if bundle is None else worker_mount(bundle, time_ms=WORKER_TIME_MS),
        # A release holds libraries as the engine takes them.
        libraries=LibraryLoader(translate=lambda wasm: wasm, load=lambda wasm: engine.load(wasm, codes)),
        linked=code.libraries,
        services=build_services(),
        limits=BUILD_LIMITS,
    )
    guest = replay(snapshot, place)
    try:
        with guest_failures("before it was captured"):
            return _finish(guest, snapshot, base, code, bundle)
    finally:
        guest.close()


def _finish(guest: Guest, snapshot: Snapshot, base: LocalRelease, code: _Code, bundle: WorkerBundle | None) -> Captured:
    """From workerd's state before the first request to a snapshot of this runtime's."""
    leave_top_level(guest)
    support = Support.install(guest, base.manifest.abi.python_version)
    warm_up(guest, support)
    with EntropyGuards.install(guest) as guards:
        reseeding = guards.remove()
    worker = WorkerState(main=bundle.module) if bundle is not None else WorkerState()
    return finish_capture(
        guest,
        support,
        snapshot_type=snapshot.metadata.settings.snapshot_type,
        code_image=code.digest,
        table_size=code.table_size,
        trampoline_slot=base.manifest.abi.trampoline_slot,
        reseeding=reseeding,
        worker=worker.to_json(),
    )
