"""Build a release: upstream Pyodide to code image, baseline snapshot and manifest.

Every step is cached by what goes into it. What determines a snapshot's bytes includes this runtime's own code, so the
key names a digest of the packages that take part.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Final, TypedDict, Unpack

from runtime_core.build import link as link_module
from runtime_core.build.cache import BuildCache, CachedFile, CacheEntry, CacheKey
from runtime_core.build.capture import BASELINE_ENVIRONMENT, capture_baseline, check_module_names
from runtime_core.build.link import LinkedCode, link_code
from runtime_core.build.manifest import BuiltRelease, artifact_of, assembled, in_order, with_id, write_release
from runtime_core.build.package_set import PackageSet, build_package_set, translate_bundle
from runtime_core.build.pins import UPSTREAMS
from runtime_core.build.progress import Timeline
from runtime_core.build.recipe import Layer
from runtime_core.build.sources import package_digest, runtime_code_digest
from runtime_core.build.stacked import SNAPSHOT_NAME, StackedInputs, build_on, worker_file, write_captured
from runtime_core.build.translate import Translation, translate_exceptions
from runtime_core.build.upstream import Upstream, obtain_upstream
from runtime_core.build.variants import pack_release
from runtime_core.engine.capi import WASMTIME_VERSION
from runtime_core.engine.codecache import CodeCache
from runtime_core.engine.engine import Engine
from runtime_core.packages.bundle import WorkerBundle
from runtime_core.release import LocalRelease
from runtime_core.snapshot.state import STATE_VERSION
from runtime_core.wasm.abi import CodeProfile, abi_profile
from runtime_core.wasm.codeimage import build_code_image
from runtime_core.wasm.linkedlibrary import LinkedLibrary
from schemas.digest import Digest
from schemas.errors import ConfigError
from schemas.package_lock import PackageLockFile
from schemas.pyodide_extra import PythonSnapshotRelease
from schemas.release import (
    AbiProfile,
    Provenance,
    ProvenanceInput,
    ProvenanceTool,
    ReleaseManifest,
    Role,
    check_release_id,
)
from schemas.snapshot_metadata import SnapshotType

_REASON_LENGTH: Final = 160
_COMPILED: Final = "code"
"""Native code in the build cache; where Runtime.load looks if that is its state directory."""


@dataclass(frozen=True, kw_only=True, slots=True)
class _Parts:
    upstream: Upstream
    translation: Translation
    profile: CodeProfile
    code: CacheEntry
    snapshot: CacheEntry
    packages: PackageSet | None
    worker_libraries: bool
    link: bool

    @property
    def code_image(self) -> CachedFile:
        return self.code.files["code.wasm"]

    @property
    def snapshot_file(self) -> CachedFile:
        return self.snapshot.files[SNAPSHOT_NAME]


class OptionFields(TypedDict, total=False):
    """The fields of :class:`ReleaseOptions` as arguments."""

    release_id: str | None
    source: Path | None
    lock: PackageLockFile | None
    archives: Path | None
    packages: PackageSet | None
    link: bool
    imports: Sequence[str]
    worker: WorkerBundle | None
    modules: Mapping[str, tuple[str, ...]]
    delta_bases: Sequence[LocalRelease]


@dataclass(frozen=True, kw_only=True, slots=True)
class ReleaseOptions:
    """What a release is made of, beside a version of Pyodide.

    ``source`` is a local npm tarball or unpacked package. ``lock`` names its packages, whose native libraries become
    part of the code image if ``link`` says so; ``archives`` is a directory to look for their files in, ``packages``
    their set, where it is there already. ``imports`` are modules that its snapshot has imported, ``worker`` the worker
    that it is dedicated to, ``modules`` the members of the host modules that this imports at its top level.
    ``delta_bases`` are releases that nodes may have, beside the one that it is built on.
    """

    release_id: str | None = None
    source: Path | None = None
    lock: PackageLockFile | None = None
    archives: Path | None = None
    packages: PackageSet | None = None
    link: bool = True
    imports: Sequence[str] = ()
    worker: WorkerBundle | None = None
    modules: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    delta_bases: Sequence[LocalRelease] = ()

    def __post_init__(self) -> None:
        """Refuse what no build can make sense of.

        Raises:
            FormatError: ``release_id`` cannot name a release.
            ConfigError: ``imports`` has something else than names of modules.
        """
        if self.release_id is not None:
            check_release_id(self.release_id)
        check_module_names(self.imports)

    @property
    def is_stacked(self) -> bool:
        """Whether the snapshot holds more than the baseline."""
        return bool(self.imports) or self.worker is not None


def build_release(
    version: str,
    output: Path,
    *,
    cache: BuildCache,
    timeline: Timeline,
    options: ReleaseOptions | None = None,
    **given: Unpack[OptionFields],
) -> BuiltRelease:
    """Build a release of a Pyodide version into ``output``; what is cached is reused.

    The fields of :class:`ReleaseOptions` may be given one by one instead.

    Raises:
        UnsupportedVersionError: the version is not supported.
        TypeError: both were given.
        ConfigError: there are modules to import, but neither packages nor a worker.
        PlatformError: a step failed; nothing is left in ``output``.
    """
    if options is not None and given:
        raise TypeError(f"options are given whole or one by one, not both: {', '.join(given)}")
    options = _translated(options or ReleaseOptions(**given), cache, timeline)
    if options.imports and options.lock is None and options.worker is None:
        raise ConfigError("there are no packages to import modules from", hint="name a package lock")
    release = baseline = baseline_release(version, cache=cache, timeline=timeline, options=options)
    if options.is_stacked:
        inputs = StackedInputs(imports=tuple(options.imports), worker=options.worker, modules=options.modules)
        release = _stack(release, inputs, cache=cache, timeline=timeline)
    bases = (baseline, *options.delta_bases)
    return pack_and_write(release, output, bases=bases, release_id=options.release_id, cache=cache, timeline=timeline)


def build_release_on(
    base: LocalRelease, output: Path, *, cache: BuildCache, timeline: Timeline, options: ReleaseOptions
) -> BuiltRelease:
    """Build a release on another one, with its code image, into ``output``.

    Raises:
        ConfigError: nothing is added, or packages that need a code image of their own.
        AbiMismatchError: the base is not for this runtime, or its snapshot already holds as much.
        PlatformError: a step failed; nothing is left in ``output``.
    """
    if options.source is not None:
        raise ConfigError("a release that is built on another one has its Pyodide", hint="leave out --from")
    options = _translated(options, cache, timeline)
    packages = None
    if options.lock is not None:
        packages = _packages_for(base, options, cache=cache, timeline=timeline)
    elif not options.is_stacked:
        raise ConfigError("nothing is added to the base", hint="give --worker, --import or --packages")
    inputs = StackedInputs(
        packages=packages, imports=tuple(options.imports), worker=options.worker, modules=options.modules
    )
    release = _stack(base, inputs, cache=cache, timeline=timeline)
    bases = (base, *options.delta_bases)
    return pack_and_write(release, output, bases=bases, release_id=options.release_id, cache=cache, timeline=timeline)


def _translated(options: ReleaseOptions, cache: BuildCache, timeline: Timeline) -> ReleaseOptions:
    """The options with the worker's native libraries as the engine takes them."""
    if options.worker is None:
        return options
    return replace(options, worker=translate_bundle(cache, options.worker, timeline=timeline))


def _packages_for(base: LocalRelease, options: ReleaseOptions, *, cache: BuildCache, timeline: Timeline) -> CachedFile:
    """The file of a package set that can be added to a base."""
    hint = "build it without --on"
    if any(artifact.role is Role.PACKAGES for artifact in base.manifest.artifacts):
        raise ConfigError("the base has a package set", hint=hint)
    packages = _build_packages(abi_profile(base.manifest.release.pyodide), options, cache=cache, timeline=timeline)
    if packages is None or (packages.libraries and options.link):
        found = f"{len(packages.libraries) if packages is not None else 0} native libraries"
        raise ConfigError(
            "native libraries are part of a code image, and the base has another one", found=found, hint=hint
        )
    return packages.file


def _stack(base: LocalRelease, inputs: StackedInputs, *, cache: BuildCache, timeline: Timeline) -> LocalRelease:
    what = "run the worker's top level" if inputs.worker is not None else "import the packages"
    with timeline.step(f"{what} and capture it") as step:
        stacked = build_on(base, inputs, cache=cache)
        step.note(size=stacked.snapshot.size, digest=stacked.snapshot.digest, cached=stacked.cached)
    return stacked.release


def pack_and_write(
    release: LocalRelease,
    output: Path,
    *,
    bases: Sequence[LocalRelease],
    release_id: str | None,
    cache: BuildCache,
    timeline: Timeline,
) -> BuiltRelease:
    """The last steps of every build: compress the artifacts, with deltas against ``bases``, and put the release into a
    directory.
    """
    release = replace(release, manifest=with_id(release.manifest, release_id))
    with timeline.step("compress the artifacts") as step:
        packed = pack_release(release, bases=bases, cache=cache)
        snapshot = packed.release.manifest.artifact(Role.SNAPSHOT)
        smallest = min(snapshot.variants, key=lambda variant: variant.size, default=None)
        if smallest is not None:
            kind = "snapshot" if smallest.base is None else f"snapshot, as a delta of {smallest.base.digest.short}"
            step.note(size=smallest.size, digest=smallest.digest, detail=kind)
    with timeline.step("write the manifest") as step:
        built = write_release(packed, output)
        step.note(size=built.manifest_size, digest=built.manifest_digest, detail=built.manifest.release_id)
    return built


def baseline_release(version: str, *, cache: BuildCache, timeline: Timeline, options: ReleaseOptions) -> LocalRelease:
    """A release whose snapshot is the baseline, with its artifacts where the build cache has them.

    Raises:
        PlatformError: a step failed.
    """
    profile = abi_profile(version)
    with timeline.step(f"obtain pyodide {version}") as step:
        upstream = obtain_upstream(cache, version, source=options.source)
        step.note(size=upstream.size, digest=upstream.package, cached=upstream.cached, detail=upstream.source.value)
    with timeline.step("translate exception handling") as step:
        translation = translate_exceptions(cache, upstream.main_module, expected=UPSTREAMS[version].translated)
        module = translation.module
        step.note(size=module.size, digest=module.digest, cached=translation.cached, detail=translation.tool)
    with timeline.step("build the code image") as step:
        code = build_code(cache, module, profile)
        image = code.files["code.wasm"]
        step.note(size=image.size, digest=image.digest, cached=code.cached)
    packages = _build_packages(profile, options, cache=cache, timeline=timeline)
    libraries: tuple[LinkedLibrary, ...] = ()
    worker = options.worker if options.worker is not None and options.worker.libraries and options.link else None
    sets = [packages.file] if packages is not None and options.link and packages.libraries else []
    sets += [worker_file(cache, worker)] if worker is not None else []
    if sets:
        linked = _link(cache, code, sets, profile, timeline)
        code, libraries = linked.code, linked.libraries
    with timeline.step("boot CPython and capture the baseline") as step:
        snapshot = _build_snapshot(cache, upstream, code, profile, packages, libraries, timeline)
        file = snapshot.files[SNAPSHOT_NAME]
        step.note(size=file.size, digest=file.digest, cached=snapshot.cached)
    return _baseline(
        _Parts(
            upstream=upstream,
            translation=translation,
            profile=profile,
            code=code,
            snapshot=snapshot,
            packages=packages,
            worker_libraries=worker is not None,
            link=options.link,
        )
    )


def _build_packages(
    profile: CodeProfile, options: ReleaseOptions, *, cache: BuildCache, timeline: Timeline
) -> PackageSet | None:
    lock = options.lock
    if lock is None:
        return options.packages
    with timeline.step("build the package set") as step:
        packages = build_package_set(cache, lock, profile=profile, timeline=timeline, archives=options.archives)
        count = f"{len(lock.packages)} packages, {len(packages.libraries)} native libraries"
        step.note(size=packages.file.size, digest=packages.file.digest, cached=packages.cached, detail=count)
    return packages


def build_code(cache: BuildCache, module: CachedFile, profile: CodeProfile) -> CacheEntry:
    """The code image of a translated main module (``code.wasm``), the memory it starts with (``memory.wasm``) and the
    layout of its table (``layout.json``)."""

    def build(work: Path) -> None:
        image = build_code_image(module.path.read_bytes(), profile)
        (work / "code.wasm").write_bytes(image.wasm)
        (work / "memory.wasm").write_bytes(image.memory_image)
        (work / "layout.json").write_text(json.dumps(image.layout.to_json()))

    key = CacheKey.of("code-image", module=module.digest, profile=profile, code=package_digest("wasm"))
    return cache.get_or_build(key, build)


def _link(
    cache: BuildCache, code: CacheEntry, sets: Sequence[CachedFile], profile: CodeProfile, timeline: Timeline
) -> LinkedCode:
    with timeline.step("link the native libraries") as step:
        linked = link_code(
            cache,
            code,
            sets=sets,
            python_version=profile.python_version,
            tool=Digest.of(package_digest("wasm").hex.encode() + Path(link_module.__file__).read_bytes()),
        )
        image = linked.code.files["code.wasm"]
        reasons = "; ".join(f"{path}: {reason[:_REASON_LENGTH]}" for path, reason in linked.left_out.items())
        left = f", {len(linked.left_out)} left out: {reasons}" if reasons else ""
        count = f"{len(linked.libraries)} libraries{left}"
        step.note(size=image.size, digest=image.digest, cached=linked.code.cached, detail=count)
    return linked


def _compile(cache: BuildCache, image: CachedFile, timeline: Timeline) -> None:
    """Compile a code image into the build's cache of native code, unless it is there."""
    with timeline.step("compile the code image") as step:
        engine, codes = Engine(), CodeCache(cache.root / _COMPILED)
        known = engine.load_by_digest(image.digest, codes) is not None
        if not known:
            engine.load(image.path.read_bytes(), codes)
        step.note(size=image.size, digest=image.digest, cached=known)


def _build_snapshot(
    cache: BuildCache,
    upstream: Upstream,
    code: CacheEntry,
    profile: CodeProfile,
    packages: PackageSet | None,
    libraries: Sequence[LinkedLibrary],
    timeline: Timeline,
) -> CacheEntry:
    def build(work: Path) -> None:
        _compile(cache, code.files["code.wasm"], timeline)
        captured = capture_baseline(
            code_wasm=code.files["code.wasm"].path.read_bytes(),
            memory_wasm=code.files["memory.wasm"].path.read_bytes(),
            table_size=json.loads(code.files["layout.json"].path.read_text())["table_size"],
            stdlib=upstream.stdlib.path,
            profile=profile,
            code_cache=cache.root / _COMPILED,
            packages=packages.file.path if packages is not None else None,
            libraries=libraries,
        )
        write_captured(captured, work)

    key = CacheKey.of(
        "baseline-snapshot",
        code_image=code.files["code.wasm"].digest,
        stdlib=upstream.stdlib.digest,
        runtime=runtime_code_digest(),
        state=STATE_VERSION,
        wasmtime=WASMTIME_VERSION,
        environment=json.dumps(dict(BASELINE_ENVIRONMENT)),
        packages=packages.file.digest if packages is not None else "",
        linked=" ".join(library.name for library in libraries),
    )
    return cache.get_or_build(key, build)


def _baseline(parts: _Parts) -> LocalRelease:
    """The release of the parts: its snapshot is the baseline."""
    files = {
        Role.UPSTREAM_WASM: parts.upstream.main_module,
        Role.UPSTREAM_STDLIB: parts.upstream.stdlib,
        Role.UPSTREAM_LOCK: parts.upstream.lock_file,
        Role.CODE_IMAGE: parts.code_image,
        Role.SNAPSHOT: parts.snapshot_file,
    }
    if parts.packages is not None:
        files[Role.PACKAGES] = parts.packages.file
    manifest = ReleaseManifest(
        release_id=f"{parts.upstream.version}-{parts.snapshot_file.digest.short}",
        release=PythonSnapshotRelease(
            pyodide=parts.upstream.version,
            baseline_snapshot_hash=parts.snapshot_file.digest.hex,
            real_pyodide_version=parts.upstream.version,
        ),
        artifacts=in_order(artifact_of(role, file) for role, file in files.items()),
        abi=_abi(parts),
        provenance=_provenance(parts),
    )
    return assembled(manifest, {role: file.path for role, file in files.items()})


def _abi(parts: _Parts) -> AbiProfile:
    values = json.loads(parts.snapshot.files["abi.json"].path.read_text())
    return AbiProfile(
        name=parts.profile.abi,
        pyodide_version=parts.upstream.version,
        python_version=parts.profile.python_version,
        snapshot_type=SnapshotType.BASELINE,
        code_image=parts.code_image.digest,
        table_size=values["tableSize"],
        trampoline_slot=values["trampolineSlot"],
        memory_pages=values["memoryPages"],
        stack_pointer=values["stackPointer"],
        runtime_state=STATE_VERSION,
    )


def _provenance(parts: _Parts) -> Provenance:
    return Provenance(
        inputs=(
            ProvenanceInput(name=f"pyodide@{parts.upstream.version}", digest=parts.upstream.package),
            ProvenanceInput(name="runtime_core", digest=runtime_code_digest()),
        ),
        tools=(
            ProvenanceTool(
                name=parts.translation.tool.partition("@")[0],
                version=parts.translation.tool.partition("@")[2],
                flags=parts.translation.flags,
            ),
            ProvenanceTool(name="wasmtime", version=WASMTIME_VERSION),
        ),
        flags=Layer(
            packages=parts.packages is not None,
            worker=parts.worker_libraries,
            link=parts.link or parts.packages is None,
        ).flags(),
    )
