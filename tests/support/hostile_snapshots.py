"""Snapshots of a real release with any damage, restored for real."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from runtime_core.engine.limits import Limits
from runtime_core.isolate import Isolate, IsolateOptions
from runtime_core.release import LocalRelease, check_release
from runtime_core.runtime import Runtime
from runtime_core.snapshot.prepared import RestoreMode
from runtime_core.snapshot.state import STATE_KEY
from schemas.digest import Digest
from schemas.errors import PlatformError
from schemas.release import Artifact, ReleaseManifest, Role
from schemas.snapshot_codec import decode_snapshot, encode_snapshot

SECONDS = 10.0
LIMITS = Limits(cpu_seconds=SECONDS, wait_seconds=SECONDS)


@dataclass(frozen=True, kw_only=True)
class DamagedRelease:
    """A release whose snapshot is another file; its manifest is right about size and digest."""

    manifest: ReleaseManifest
    manifest_digest: Digest
    paths: Mapping[Role, Path]


class SnapshotLab:
    """Takes a release apart and boots it with other snapshots, from start to end as an embedder does."""

    def __init__(self, release: LocalRelease, directory: Path, *, state_directory: Path) -> None:
        self.release = release
        self._directory = directory
        self._state_directory = state_directory
        self.file = release.paths[Role.SNAPSHOT].read_bytes()
        self.snapshot = decode_snapshot(self.file)
        state = self.snapshot.metadata.extra[STATE_KEY]
        assert isinstance(state, dict)
        self.state: dict[str, Any] = state

    def with_state(self, state: object) -> bytes:
        """The file with another state of the runtime."""
        metadata = replace(self.snapshot.metadata, extra={STATE_KEY: state})
        return encode_snapshot(metadata, self.snapshot.heap)

    def boot(self, file: bytes, **abi: object) -> PlatformError | None:
        """Load, restore, run a little, close. Returns the error if it ends in one; any other exception comes out."""
        path = self._directory / "snapshot.bin"
        path.write_bytes(file)
        release = self._release(file, path, abi)
        try:
            runtime = Runtime._load(
                release, check_release(release.manifest), self._state_directory, RestoreMode.COPY, lambda _: None
            )
            with Isolate(runtime, IsolateOptions(limits=LIMITS, stdout=_drop, stderr=_drop)) as isolate:
                isolate.run("import random, sys, os\nopen('/tmp/x', 'w').close()\nprint(random.random(), os.getcwd())")
                isolate.evaluate("1 + 1")
        except PlatformError as error:
            return error
        return None

    def _release(self, file: bytes, path: Path, abi: Mapping[str, object]) -> DamagedRelease:
        manifest = self.release.manifest
        old = manifest.artifact(Role.SNAPSHOT)
        new = Artifact.uncompressed(
            Role.SNAPSHOT, digest=Digest.of(file), size=len(file), media_type=old.media_type, name=old.name
        )
        artifacts = tuple(new if item.role is Role.SNAPSHOT else item for item in manifest.artifacts)
        changed = replace(manifest, artifacts=artifacts, abi=replace(manifest.abi, **abi))  # type: ignore[arg-type]
        return DamagedRelease(
            manifest=changed, manifest_digest=new.digest, paths={**self.release.paths, Role.SNAPSHOT: path}
        )


def _drop(_: bytes) -> None:
    pass
