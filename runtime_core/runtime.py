"""A runtime: one release made ready to boot isolates from, once per process.

Loading verifies the release, maps its compiled code and its snapshot image, and parses its state. Booting an isolate
from it then takes about a millisecond.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
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
from runtime_core.release import CheckedRelease, ReleaseFiles, check_bytes, check_release, read_artifact
from runtime_core.snapshot.prepared import PreparedSnapshot, RestoreMode, prepare_copy, prepare_snapshot
from runtime_core.snapshot.restore import GuestTemplate
from runtime_core.worker.entropy import Reseeding
from runtime_core.worker.packages import package_mounts
from runtime_core.worker.support import Support
from schemas.digest import Digest
from schemas.errors import AbiMismatchError, BlobNotFoundError
from schemas.release import Artifact, ReleaseManifest

Progress = Callable[[str], None]
"""Told what loading does next, in a few words."""


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
        libraries: LibraryLoader | None = None,
    ) -> None:
        self.manifest = manifest
        self.digest = digest
        self._program = program
        self._template = template
        self._libraries = libraries
        self._reseeding = Reseeding.from_json(template.worker.get("entropy"))

    @classmethod
    def load(
        cls,
        release: ReleaseFiles,
        *,
        state_directory: Path | None = None,
        progress: Progress | None = None,
        mode: RestoreMode = RestoreMode.COPY_ON_WRITE,
    ) -> Runtime:
        """Make a release ready, or return it if this process did before.

        Nothing of the release is executed before it passed every check. ``state_directory`` is where compiled code is
        kept between processes; whoever can write there can run code as this user. ``mode`` is how isolates get memory.

        Raises:
            UnsupportedVersionError, AbiMismatchError: the release is not for this runtime.
            IntegrityError: a file is not the artifact that the manifest names.
            HostError: this machine's caches cannot be used.
        """
        checked = check_release(release.manifest)
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
        code = engine.load_by_digest(checked.code_image.content_digest, cache)
        if code is None:
            progress("compile the code image: once per machine, some seconds")
            code = engine.load(read_artifact(release, checked.code_image), cache)
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
        libraries = None
        if checked.packages is not None:
            mounts += package_mounts(_mapped(release, checked.packages))
            # A release holds libraries as the engine takes them.
            libraries = LibraryLoader(translate=lambda wasm: wasm, load=lambda wasm: engine.load(wasm, cache))
        return cls(
            manifest=release.manifest,
            digest=release.manifest_digest,
            program=engine.link(code, host_imports()),
            template=GuestTemplate(snapshot=snapshot, mounts=mounts),
            libraries=libraries,
        )

    def boot(self, *, services: HostServices, limits: Limits) -> tuple[Guest, Support]:
        """A fresh guest with random state of its own, restored, and its support functions.

        Raises:
            RestoreError, FatalIsolateError: the snapshot cannot be restored.
        """
        guest = self._template.restore(self._program, services=services, limits=limits)
        try:
            if self._libraries is not None:
                guest.use_libraries(self._libraries)
            self._reseeding.apply(guest)
            return guest, Support.restore(guest, self._template.worker)
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
    ):
        if expected != found:
            raise AbiMismatchError(what, expected=expected, found=found, hint="build the release again")
