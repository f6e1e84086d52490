"""Making files for workerd: boot a pinned Pyodide with workerd's answers and write what workerd would."""

from __future__ import annotations

import mmap
import tempfile
from collections.abc import Collection, Container, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from runtime_core.build.cache import BuildCache
from runtime_core.build.pins import UPSTREAMS
from runtime_core.build.progress import Timeline
from runtime_core.build.release import build_code
from runtime_core.build.stack import BUILD_LIMITS
from runtime_core.build.translate import translate_exceptions, translate_library
from runtime_core.build.upstream import obtain_upstream
from runtime_core.engine.codecache import CodeCache
from runtime_core.engine.engine import Engine
from runtime_core.engine.instance import GuestInstance
from runtime_core.engine.limits import Limits
from runtime_core.engine.module import CompiledModule, Program
from runtime_core.guest import host_imports
from runtime_core.linking.library import LibraryLoader
from runtime_core.packages.bundle import WorkerBundle
from runtime_core.wasm.abi import abi_profile
from runtime_core.workerd.boot import WorkerdFiles, WorkerdGuest, boot_workerd
from runtime_core.workerd.checks import DEDICATED_FLAG, check_memory, check_program
from runtime_core.workerd.dedicate import DedicatedWorker, run_top_level
from runtime_core.workerd.flags import BASELINE_FLAGS, flag_record
from runtime_core.workerd.profile import WORKERD_314_0_5, WorkerdProfile
from runtime_core.workerd.resume import resume_workerd
from runtime_core.workerd.support_files import find_files
from runtime_core.workerd.write import write_baseline, write_dedicated
from schemas.digest import Digest
from schemas.errors import ConfigError, UnsupportedVersionError
from schemas.snapshot_codec import PAGE_BYTES, Snapshot
from schemas.snapshot_metadata import SnapshotType

PROFILES: Final[Mapping[str, WorkerdProfile]] = {WORKERD_314_0_5.pyodide: WORKERD_314_0_5}
"""Releases of workerd's Python runtime by the Pyodide version that they run."""


@dataclass(frozen=True, kw_only=True, slots=True)
class WorkerdRuntime:
    """A Pyodide version made ready to be booted as workerd boots it, any number of times."""

    profile: WorkerdProfile
    program: Program
    memory: CompiledModule
    main_module: Path
    libraries: LibraryLoader
    files: WorkerdFiles
    trampoline_slot: int
    limits: Limits = BUILD_LIMITS

    def instantiate(self) -> GuestInstance:
        """A fresh instance with the memory that the main module starts with."""
        return self.program.instantiate(self.memory, self.limits)

    def boot(self, flags: Container[str] = BASELINE_FLAGS, *, baseline: Snapshot | None = None) -> WorkerdGuest:
        """A guest at the point where workerd takes its baseline, with these compatibility flags on; taken up from
        a baseline file if one is given.

        Raises:
            AbiMismatchError: the file is no baseline, or was made by another Pyodide.
            PlatformError: the guest did not come to that point.
        """
        if baseline is not None:
            check_memory(baseline, least_pages=self.profile.baseline.heap_size // PAGE_BYTES)
            check_program(baseline, self.main_module.read_bytes())
        absent = {file.name for file in self.profile.support_files if file.unless is not None and file.unless in flags}
        support = {name: data for name, data in self.files.support.items() if name not in absent}
        files = replace(self.files, support=support)
        instance, slot = self.instantiate(), self.trampoline_slot
        try:
            if baseline is not None:
                return resume_workerd(instance, self.profile, files, baseline, trampoline_slot=slot)
            return boot_workerd(instance, self.profile, files, trampoline_slot=slot)
        except BaseException:
            instance.close()
            raise


def prepare_workerd(version: str, program: Path, *, cache: BuildCache, timeline: Timeline) -> WorkerdRuntime:
    """Make a Pyodide version ready. ``program`` is the file of workerd's program, for the files that only it has.

    Raises:
        UnsupportedVersionError: there is no profile for the version.
        ConfigError: the program cannot be read.
        FormatError: it is not the version of workerd that the profile was made from.
        PlatformError: a step failed.
    """
    profile = PROFILES.get(version)
    if profile is None:
        raise UnsupportedVersionError(
            "there is no profile of workerd for this Pyodide version", expected=", ".join(PROFILES), found=version
        )
    with timeline.step("find workerd's support files"):
        support, sdk = _own_files(program, profile)
    with timeline.step("prepare the code image"):
        upstream = obtain_upstream(cache, version)
        translation = translate_exceptions(cache, upstream.main_module, expected=UPSTREAMS[version].translated)
        code = build_code(cache, translation.module, abi_profile(version))
        engine, compiled = Engine(), CodeCache(cache.root / "compiled")
        image, memory = (
            engine.load(code.files[name].path.read_bytes(), compiled) for name in ("code.wasm", "memory.wasm")
        )
    return WorkerdRuntime(
        profile=profile,
        program=engine.link(image, host_imports()),
        memory=memory,
        main_module=upstream.main_module.path,
        libraries=LibraryLoader(
            translate=lambda wasm: translate_library(cache, wasm), load=lambda wasm: engine.load(wasm, compiled)
        ),
        files=WorkerdFiles(stdlib=upstream.stdlib.path.read_bytes(), support=support, sdk=sdk),
        trampoline_slot=abi_profile(version).trampoline_slot,
    )


@dataclass(frozen=True, kw_only=True, slots=True)
class WorkerdSnapshot:
    """A file that was written for workerd."""

    kind: SnapshotType
    digest: Digest
    size: int


def export_snapshot(
    version: str,
    output: Path,
    *,
    program: Path,
    cache: BuildCache,
    timeline: Timeline,
    flags: Collection[str] = BASELINE_FLAGS,
    worker: WorkerBundle | None = None,
    baseline: Snapshot | None = None,
) -> WorkerdSnapshot:
    """Write a snapshot file that workerd starts from: of a worker whose top level has run, or else the baseline.

    ``program`` is the file of workerd's program, ``flags`` are the compatibility flags that are on; a dedicated
    snapshot turns its own flag on, and may be stacked on a ``baseline`` file.

    Raises:
        ConfigError: workerd has no such flag, or the output cannot be written.
        CaptureError: the worker's top level leaves what a snapshot cannot hold.
        PythonError: the worker's top level raised.
        LimitError, FatalIsolateError: it did not come to its end.
        PlatformError: a step failed; nothing is left in the place of ``output``.
    """
    enabled = frozenset(flags) | ({DEDICATED_FLAG} if worker is not None else frozenset())
    flag_record(enabled)  # before the work
    runtime = prepare_workerd(version, program, cache=cache, timeline=timeline)
    with timeline.step("boot as workerd boots"):
        started = runtime.boot(enabled, baseline=baseline)
    try:
        if worker is None:
            kind, data = SnapshotType.BASELINE, b"".join(write_baseline(started, flags=enabled))
        else:
            dedicated = DedicatedWorker(bundle=worker, flags=enabled, libraries=runtime.libraries)
            with timeline.step("run the worker's top level"):
                run_top_level(started, dedicated, runtime.files.sdk)
            kind, data = SnapshotType.DEDICATED, write_dedicated(started, dedicated)
    finally:
        started.guest.close()
    with timeline.step("write the file") as step:
        _replace(output, data)
        written = WorkerdSnapshot(kind=kind, digest=Digest.of(data), size=len(data))
        step.note(size=written.size, digest=written.digest, detail=kind.value)
    return written


def _replace(output: Path, data: bytes) -> None:
    """Write a file whole or not at all."""
    try:
        with tempfile.NamedTemporaryFile(dir=output.parent, prefix=f".{output.name}.", delete=False) as file:
            try:
                file.write(data)
                Path(file.name).replace(output)
            except BaseException:
                Path(file.name).unlink(missing_ok=True)
                raise
    except OSError as error:
        raise ConfigError(f"cannot write {output}: {error.strerror or error}") from error


def _own_files(program: Path, profile: WorkerdProfile) -> tuple[Mapping[str, bytes], Mapping[str, bytes]]:
    """The support files and the SDK in workerd's program."""
    try:
        with (
            program.open("rb") as file,
            mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as mapped,
            memoryview(mapped) as view,
        ):
            found = find_files(view, (*profile.support_files, *profile.sdk_files))
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is empty"
        raise ConfigError(f"cannot read workerd's program {program}: {reason}") from error
    return (
        {file.name: found[file.name] for file in profile.support_files},
        {file.name: found[file.name] for file in profile.sdk_files},
    )
