"""A runtime: one release made ready to boot isolates from, once per process.

Loading verifies the release, maps its compiled code and its snapshot image, and parses its state. Booting an isolate
from it then takes about a millisecond.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Final

import platformdirs

from runtime_core.emscripten.host import HostServices
from runtime_core.emscripten.mounts import Mount, map_file
from runtime_core.engine.codecache import CodeCache
from runtime_core.engine.engine import Engine
from runtime_core.engine.limits import Limits
from runtime_core.engine.module import Program
from runtime_core.guest import STDLIB_MOUNT, Guest, host_imports
from runtime_core.linking.library import LibraryLoader
from runtime_core.packages.bundle import WorkerBundle
from runtime_core.release import CheckedRelease, ReleaseFiles, check_bytes, check_release, read_artifact
from runtime_core.snapshot.prepared import PreparedSnapshot, RestoreMode, prepare_copy, prepare_snapshot
from runtime_core.snapshot.restore import GuestTemplate
from runtime_core.snapshot.state import RuntimeState
from runtime_core.snapshot.types import TypeRules
from runtime_core.worker.entropy import Reseeding
from runtime_core.worker.entrypoint import WorkerState
from runtime_core.worker.packages import package_mounts, worker_mount
from runtime_core.worker.support import Support
from schemas.digest import Digest
from schemas.errors import AbiMismatchError, BlobNotFoundError
from schemas.release import Artifact, ReleaseManifest, Role
from schemas.snapshot_metadata import SnapshotType

Progress = Callable[[str], None]
"""Told what loading does next, in a few words."""
WORKER_TIME_MS: Final = 1_767_225_600_000
"""The time of a worker's files, 2026-01-01T00:00:00Z: the same wherever a snapshot is made and restored."""


def default_state_directory() -> Path:
    """Where compiled code and prepared snapshots are kept when the caller names no place."""
    return platformdirs.user_cache_path("artifactd") / "runtime"


class Runtime:
    """One release, ready. Thread-safe: many isolates may be booted from it at once.

    Use :meth:`load`; a process keeps one runtime per release.
    """

    def __init__(
        self,
        *,
        manifest: ReleaseManifest,
        digest: Digest,
        program: Program,
        template: GuestTemplate,
        libraries: LibraryLoader,
    ) -> None:
        self.manifest = manifest
        self.digest = digest
        self.libraries = libraries
        self.worker = WorkerState.from_json(template.state.worker)
        self._program = program
        self._template = template
        self._reseeding = Reseeding.from_json(template.state.worker.get("entropy"))
        self._has_files = self.has_packages or self.worker.main is not None

    @property
    def snapshot_type(self) -> SnapshotType:
        """How far the captured interpreter had come."""
        return self.manifest.abi.snapshot_type

    @property
    def state(self) -> RuntimeState:
        """The captured state outside of linear memory."""
        return self._template.state

    @property
    def has_packages(self) -> bool:
        """Whether the release carries a package set."""
        return any(artifact.role is Role.PACKAGES for artifact in self.manifest.artifacts)

    @classmethod
    def load(
        cls,
        release: ReleaseFiles,
        *,
        state_directory: Path | None = None,
        progress: Progress | None = None,
        mode: RestoreMode = RestoreMode.COPY_ON_WRITE,
        rules: TypeRules | None = None,
    ) -> Runtime:
        """Make a release ready, or return it if this process did before.

        Nothing of the release is executed before it passed every check. ``state_directory`` is where compiled code is
        kept between processes; whoever can write there can run code as this user. ``mode`` is how isolates get memory.
        ``rules`` decide which types of snapshot will do; without them every type does.

        Raises:
            UnsupportedVersionError, AbiMismatchError: the release is not for this runtime, or of a type that the rules
                do not allow.
            IntegrityError: a file is not the artifact that the manifest names.
            HostError: this machine's caches cannot be used.
        """
        checked = check_release(release.manifest)
        if rules is not None:
            rules.check(release.manifest.abi.snapshot_type)
        directory = state_directory or default_state_directory()
        key = (release.manifest_digest, directory, mode)
        with _LOADED_LOCK:
            runtime = _LOADED.get(key)
            if runtime is None:
                runtime = _LOADED[key] = cls._load(release, checked, directory, mode, progress or _silent)
        return runtime

    @classmethod
    def _load(
        cls, release: ReleaseFiles, checked: CheckedRelease, directory: Path, mode: RestoreMode, progress: Progress
    ) -> Runtime:
        engine = process_engine()
        cache = CodeCache(directory / "code")
        progress("map the snapshot")
        if mode is RestoreMode.COPY:
            snapshot = prepare_copy(read_artifact(release, checked.snapshot), engine=engine, cache=cache)
        else:
            snapshot = prepare_snapshot(
                checked.snapshot.content_digest,
                lambda: read_artifact(release, checked.snapshot),
                engine=engine,
                cache=cache,
                records=cache.directory / "snapshots",  # private, as the code is: whoever writes there runs code
            )
        _check_snapshot(release.manifest, checked, snapshot)
        mounts = [Mount(name=STDLIB_MOUNT, source=_mapped(release, checked.stdlib))]
        if checked.packages is not None:
            mounts += package_mounts(_mapped(release, checked.packages))
        if checked.worker is not None:
            bundle = WorkerBundle.decode(_mapped(release, checked.worker))
            mounts.append(worker_mount(bundle, time_ms=WORKER_TIME_MS))
        # Last, because it takes longest: whatever else is wrong with the release has been found by now.
        code = engine.load_by_digest(checked.code_image.content_digest, cache)
        if code is None:
            progress("compile the code image: once per machine, some seconds")
            code = engine.load(read_artifact(release, checked.code_image), cache)
        # A release holds libraries as the engine takes them.
        libraries = LibraryLoader(translate=lambda wasm: wasm, load=lambda wasm: engine.load(wasm, cache))
        return cls(
            manifest=release.manifest,
            digest=release.manifest_digest,
            program=engine.link(code, host_imports()),
            template=GuestTemplate(snapshot=snapshot, mounts=mounts),
            libraries=libraries,
        )

    def boot(
        self,
        *,
        services: HostServices,
        limits: Limits,
        modules: Mapping[str, Mapping[str, object]] | None = None,
        reseed: bool = True,
    ) -> tuple[Guest, Support]:
        """A fresh guest, restored, and its support functions. ``modules`` are offered to the guest for import: name to
        members. It has random state of its own, unless it is only there to be captured again (``reseed``).

        Raises:
            RestoreError, FatalIsolateError: the snapshot cannot be restored, or needs other modules.
            ConfigError: an unusable module.
        """
        offered = modules or {}
        self.worker.check_modules(offered)
        known = {name: offered[name] for name in self.worker.modules}
        guest = self._template.restore(self._program, services=services, limits=limits, modules=known)
        try:
            if self._has_files:
                guest.use_libraries(self.libraries)
            if reseed:
                self._reseeding.apply(guest)
            support = Support.restore(guest, self.state.worker)
            for name, members in offered.items():
                if name not in known:
                    guest.js.add_module(name, members)
            return guest, support
        except BaseException:
            guest.close()
            raise


_LOADED: Final[dict[tuple[Digest, Path, RestoreMode], Runtime]] = {}
_LOADED_LOCK: Final = threading.Lock()
_ENGINES: Final[list[Engine]] = []


def process_engine() -> Engine:
    """The process's engine, made when the first runtime is loaded; before that only under _LOADED_LOCK."""
    if not _ENGINES:
        _ENGINES.append(Engine())
    return _ENGINES[0]


def _silent(_text: str) -> None:
    pass


def _mapped(release: ReleaseFiles, artifact: Artifact) -> memoryview:
    """Map a file first, then hash what was mapped, so that the bytes served are the bytes checked."""
    try:
        mapped = map_file(release.paths[artifact.role])
    except (OSError, ValueError) as error:
        what = artifact.name or artifact.role.value
        raise BlobNotFoundError(f"the file of {what} is gone or empty", found=str(error)) from error
    check_bytes(artifact, mapped)
    return mapped


def _check_snapshot(manifest: ReleaseManifest, checked: CheckedRelease, snapshot: PreparedSnapshot) -> None:
    """The snapshot must say of itself what the manifest says of it."""
    state, abi = snapshot.state, manifest.abi
    for what, expected, found in (
        ("code image of the snapshot", checked.code_image.content_digest, state.code_image),
        ("table size of the snapshot", abi.table_size, state.table_size),
        ("trampoline slot of the snapshot", abi.trampoline_slot, state.trampoline_slot),
        ("stack pointer of the snapshot", abi.stack_pointer, state.stack.pointer),
        ("memory pages of the snapshot", abi.memory_pages, snapshot.memory_pages),
        ("type of the snapshot", abi.snapshot_type, snapshot.snapshot_type),
    ):
        if expected != found:
            raise AbiMismatchError(what, expected=expected, found=found, hint="build the release again")
