"""Snapshots of a real release with any damage, restored for real."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from runtime_core import runtime as runtime_module
from runtime_core.emscripten.mounts import Mount, map_file
from runtime_core.engine.limits import Limits
from runtime_core.guest import STDLIB_MOUNT
from runtime_core.isolate import Isolate, IsolateOptions
from runtime_core.packages.bundle import WorkerBundle
from runtime_core.release import LocalRelease, check_release
from runtime_core.runtime import WORKER_TIME_MS, Runtime
from runtime_core.snapshot.prepared import PreparedSnapshot, RestoreMode
from runtime_core.snapshot.restore import GuestTemplate
from runtime_core.snapshot.state import STATE_KEY, RuntimeState
from runtime_core.worker.packages import package_mounts, worker_mount
from schemas import strict_json
from schemas.digest import Digest
from schemas.errors import PlatformError
from schemas.release import Artifact, ReleaseManifest, Role
from schemas.snapshot_codec import decode_snapshot, encode_snapshot

SECONDS = 10.0
LIMITS = Limits(cpu_seconds=SECONDS, wait_seconds=SECONDS)
_ROUND = "import random, sys, os\nopen('/tmp/x', 'w').close()\nprint(random.random(), os.getcwd(), file=sys.stderr)"


@dataclass(frozen=True, kw_only=True)
class OtherRelease:
    """A release whose snapshot is another file; its manifest is right about size and digest."""

    manifest: ReleaseManifest
    manifest_digest: Digest
    paths: Mapping[Role, Path]


class SnapshotLab:
    """Takes a release apart and boots it with other snapshots, as an embedder would."""

    def __init__(
        self,
        release: LocalRelease,
        directory: Path,
        *,
        state_directory: Path,
        modules: Mapping[str, Mapping[str, object]] | None = None,
    ) -> None:
        self.release = release
        self._options = IsolateOptions(limits=LIMITS, stdout=_drop, stderr=_drop, modules=modules or {})
        self._directory = directory
        self._state_directory = state_directory
        self.file = release.paths[Role.SNAPSHOT].read_bytes()
        self.snapshot = decode_snapshot(self.file)
        state = self.snapshot.metadata.extra[STATE_KEY]
        assert isinstance(state, dict)
        self.state: dict[str, Any] = state
        self._sound = self.load(self.file)
        self._image = self._sound._template._image
        self._mounts = [Mount(name=STDLIB_MOUNT, source=map_file(release.paths[Role.UPSTREAM_STDLIB]))]
        if Role.PACKAGES in release.paths:
            self._mounts += package_mounts(map_file(release.paths[Role.PACKAGES]))
        if Role.WORKER in release.paths:
            bundle = WorkerBundle.decode(map_file(release.paths[Role.WORKER]))
            self._mounts.append(worker_mount(bundle, time_ms=WORKER_TIME_MS))

    def with_state(self, state: object) -> bytes:
        """The file with another state of the runtime."""
        metadata = replace(self.snapshot.metadata, extra={STATE_KEY: state})
        return encode_snapshot(metadata, self.snapshot.heap)

    def load(self, file: bytes, mode: RestoreMode = RestoreMode.COPY, **abi: object) -> Runtime:
        """A runtime from a whole file, with every check on the way; ``abi`` changes what the manifest says.

        Raises:
            PlatformError: it is refused.
        """
        path = self._directory / "snapshot.bin"
        path.write_bytes(file)
        release = self._release(file, path, abi)
        return Runtime._load(release, check_release(release.manifest), self._state_directory, mode, lambda _: None)

    def boot(self, file: bytes, mode: RestoreMode = RestoreMode.COPY, **abi: object) -> PlatformError | None:
        """Load a file and use it a little. The error if it ends in one; exceptions of other kinds come out."""
        try:
            self._use(self.load(file, mode, **abi))
        except PlatformError as error:
            return error
        return None

    def restore(self, state: object) -> PlatformError | None:
        """As :meth:`boot` for a file with this state, from where its JSON is read on."""
        try:
            document = strict_json.loads(strict_json.dumps(state, what="state").encode(), what="state")
            heap = self.snapshot.heap
            snapshot = PreparedSnapshot(
                image=self._image,
                state=RuntimeState.from_json(document),
                snapshot_type=self.snapshot.metadata.settings.snapshot_type,
                memory_pages=len(heap) // 65536,
                heap=heap,
            )
            manifest = self.release.manifest
            runtime_module._check_snapshot(manifest, check_release(manifest), snapshot)
            runtime = Runtime(
                manifest=manifest,
                digest=self.release.manifest_digest,
                program=self._sound._program,
                template=GuestTemplate(snapshot=snapshot, mounts=self._mounts),
                libraries=self._sound.libraries,
            )
            self._use(runtime)
        except PlatformError as error:
            return error
        return None

    def _use(self, runtime: Runtime) -> None:
        with Isolate(runtime, self._options) as isolate:
            isolate.run(_ROUND)
            isolate.evaluate("1 + 1")

    def _release(self, file: bytes, path: Path, abi: Mapping[str, Any]) -> OtherRelease:
        manifest = self.release.manifest
        old = manifest.artifact(Role.SNAPSHOT)
        new = Artifact.uncompressed(
            Role.SNAPSHOT, digest=Digest.of(file), size=len(file), media_type=old.media_type, name=old.name
        )
        artifacts = tuple(new if item.role is Role.SNAPSHOT else item for item in manifest.artifacts)
        changed = replace(manifest, artifacts=artifacts, abi=replace(manifest.abi, **abi))
        return OtherRelease(
            manifest=changed, manifest_digest=new.digest, paths={**self.release.paths, Role.SNAPSHOT: path}
        )


def described(error: PlatformError) -> str:
    """An error as a report shows it."""
    return json.dumps(error.to_json())[:300]


def _drop(_: bytes) -> None:
    pass
