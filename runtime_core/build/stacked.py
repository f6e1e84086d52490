"""Build a release on another one: its artifacts, another snapshot, and the worker's files if there are some."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Final

from runtime_core.build.cache import BuildCache, CachedFile, CacheKey
from runtime_core.build.capture import Captured
from runtime_core.build.manifest import artifact_of, assembled, in_order, with_id
from runtime_core.build.recipe import Layer
from runtime_core.build.sources import runtime_code_digest
from runtime_core.build.stack import Addition, capture_on
from runtime_core.emscripten.mounts import map_file
from runtime_core.engine.capi import WASMTIME_VERSION
from runtime_core.packages.bundle import WorkerBundle
from runtime_core.release import LocalRelease
from runtime_core.runtime import Runtime
from runtime_core.snapshot.prepared import RestoreMode
from runtime_core.snapshot.state import STATE_VERSION
from runtime_core.snapshot.types import check_order
from schemas.digest import Digest
from schemas.release import ProvenanceInput, Role
from schemas.snapshot_metadata import SnapshotType

BASE_RELEASE: Final = "base-release"
BASE_SNAPSHOT: Final = "base-snapshot"
"""How a manifest's provenance names the release, and its snapshot, that it was built on."""
RUNTIME: Final = "runtime_core"
SNAPSHOT_NAME: Final = "snapshot.bin"


@dataclass(frozen=True, kw_only=True, slots=True)
class StackedInputs:
    """What is added to a release: a package set for one that has none, modules to import, a worker.

    ``modules`` names host modules and their members that the worker may import while its snapshot is made; calling
    one of them then is an error.
    """

    packages: CachedFile | None = None
    imports: tuple[str, ...] = ()
    worker: WorkerBundle | None = None
    modules: Mapping[str, tuple[str, ...]] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True, slots=True)
class StackedRelease:
    """The release, with its artifacts where the build cache has them."""

    release: LocalRelease
    snapshot: CachedFile
    cached: bool


def build_on(
    base: LocalRelease, inputs: StackedInputs, *, cache: BuildCache, release_id: str | None = None
) -> StackedRelease:
    """Build a release on another one; what is cached is reused.

    Raises:
        AbiMismatchError: the base is not for this runtime, or of a type that nothing of the kind is built on.
        PythonError: an import or the worker's top level raised.
        CaptureError: the guest holds something that a snapshot cannot hold.
        PlatformError: another step failed.
    """
    addition = _addition(inputs)
    check_order(base.manifest.abi.snapshot_type, addition.snapshot_type)
    worker = worker_file(cache, inputs.worker) if inputs.worker is not None else None

    def build(work: Path) -> None:
        runtime = Runtime.load(base, state_directory=cache.root, mode=RestoreMode.COPY)
        captured = capture_on(runtime, addition)
        write_captured(captured, work)

    key = CacheKey.of(
        "stacked-snapshot",
        base=base.manifest.artifact(Role.SNAPSHOT).digest,
        code_image=base.manifest.abi.code_image,
        files=" ".join(str(item.digest) for item in base.manifest.artifacts),
        runtime=runtime_code_digest(),
        state=STATE_VERSION,
        wasmtime=WASMTIME_VERSION,
        packages=inputs.packages.digest if inputs.packages is not None else "",
        imports=" ".join(inputs.imports),
        worker=worker.digest if worker is not None else "",
        modules=json.dumps({name: list(members) for name, members in inputs.modules.items()}),
    )
    entry = cache.get_or_build(key, build)
    added = {Role.SNAPSHOT: entry.files[SNAPSHOT_NAME]}
    if inputs.packages is not None:
        added[Role.PACKAGES] = inputs.packages
    if worker is not None:
        added[Role.WORKER] = worker
    abi = json.loads(entry.files["abi.json"].path.read_text())
    layer = _layer(addition, base.manifest.abi.snapshot_type)
    release = derived(
        base, added, snapshot_type=addition.snapshot_type, abi=abi, flags=layer.flags(), release_id=release_id
    )
    return StackedRelease(release=release, snapshot=added[Role.SNAPSHOT], cached=entry.cached)


def write_captured(captured: Captured, work: Path) -> None:
    """Write the snapshot file and what the manifest says of it into a cache entry to be."""
    with (work / SNAPSHOT_NAME).open("wb") as file:
        file.writelines(captured.chunks())
    (work / "abi.json").write_text(json.dumps(captured.abi_values()))


def _addition(inputs: StackedInputs) -> Addition:
    return Addition(
        packages=map_file(inputs.packages.path) if inputs.packages is not None else None,
        imports=inputs.imports,
        worker=inputs.worker,
        modules={
            module: {name: _unavailable(f"{module}.{name}") for name in members}
            for module, members in inputs.modules.items()
        },
    )


def _unavailable(name: str) -> Callable[..., object]:
    def refuse(*_: object) -> object:
        raise RuntimeError(f"{name} cannot be called while a snapshot is made")

    return refuse


def worker_file(cache: BuildCache, bundle: WorkerBundle) -> CachedFile:
    """The message of a worker's files, as a release carries it."""
    data = bundle.encode()
    digest = Digest.of(data)

    def build(work: Path) -> None:
        (work / "worker.bin").write_bytes(data)

    return cache.get_or_build(CacheKey.of("worker-files", digest=digest), build).files["worker.bin"]


def derived(
    base: LocalRelease,
    added: Mapping[Role, CachedFile],
    *,
    snapshot_type: SnapshotType,
    abi: Mapping[str, int],
    flags: Iterable[str] = (),
    release_id: str | None = None,
) -> LocalRelease:
    """A release with other artifacts in place of some of the base's: a snapshot, and what goes with it.

    ``abi`` are the values of :meth:`runtime_core.build.capture.Captured.abi_values`; ``flags`` say what was done.
    """
    manifest = base.manifest
    kept = [artifact for artifact in manifest.artifacts if artifact.role not in added]
    made = [
        artifact_of(role, file, name=f"{snapshot_type.value}.bin" if role is Role.SNAPSHOT else None)
        for role, file in added.items()
    ]
    replaced = {RUNTIME: runtime_code_digest()}
    replaced[BASE_RELEASE] = base.manifest_digest
    replaced[BASE_SNAPSHOT] = manifest.artifact(Role.SNAPSHOT).content_digest
    inputs = [item for item in manifest.provenance.inputs if item.name not in replaced]
    inputs += [ProvenanceInput(name=name, digest=digest) for name, digest in replaced.items()]
    stacked = with_id(
        replace(
            manifest,
            artifacts=in_order([*kept, *made]),
            abi=replace(
                manifest.abi,
                snapshot_type=snapshot_type,
                code_image=added[Role.CODE_IMAGE].digest if Role.CODE_IMAGE in added else manifest.abi.code_image,
                table_size=abi["tableSize"],
                memory_pages=abi["memoryPages"],
                stack_pointer=abi["stackPointer"],
            ),
            provenance=replace(
                manifest.provenance,
                inputs=tuple(inputs),
                flags=(*manifest.provenance.flags, *flags),
            ),
        ),
        release_id,
    )
    return assembled(stacked, {**base.paths, **{role: file.path for role, file in added.items()}})


def _layer(addition: Addition, on: SnapshotType) -> Layer:
    """What, with the artifacts, makes this release again from its base."""
    return Layer(
        on=on.value,
        packages=addition.packages is not None,
        imports=addition.imports,
        worker=addition.worker is not None,
        modules={name: tuple(members) for name, members in addition.modules.items()},
    )
