"""Build a release: upstream Pyodide to code image, baseline snapshot and manifest.

Every step is cached by what goes into it. What determines a snapshot's bytes includes this runtime's own code, so the
key names a digest of the packages that take part.
"""

from __future__ import annotations

import hashlib
import json
import os
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import Final

from runtime_core.build import link as link_module
from runtime_core.build.cache import BuildCache, CachedFile, CacheEntry, CacheKey
from runtime_core.build.capture import BASELINE_ENVIRONMENT, capture_baseline, check_module_names
from runtime_core.build.link import LinkedCode, link_code
from runtime_core.build.package_set import PackageSet, build_package_set
from runtime_core.build.pins import UPSTREAMS
from runtime_core.build.progress import Timeline
from runtime_core.build.translate import Translation, translate_exceptions
from runtime_core.build.upstream import Upstream, obtain_upstream
from runtime_core.engine.capi import WASMTIME_VERSION
from runtime_core.release import ARTIFACTS_NAME, MANIFEST_NAME
from runtime_core.snapshot.state import STATE_VERSION
from runtime_core.wasm.abi import AbiProfile as CodeProfile
from runtime_core.wasm.abi import abi_profile
from runtime_core.wasm.codeimage import build_code_image
from runtime_core.wasm.linkedlibrary import LinkedLibrary
from schemas.digest import Digest
from schemas.errors import ConfigError
from schemas.package_lock import PackageLockFile
from schemas.pyodide_extra import PythonSnapshotRelease
from schemas.release import (
    AbiProfile,
    Artifact,
    Provenance,
    ProvenanceInput,
    ProvenanceTool,
    ReleaseManifest,
    Role,
    check_release_id,
    encode_manifest,
)
from schemas.snapshot_metadata import SnapshotType

_WASM: Final = "application/wasm"
_ZIP: Final = "application/zip"
_JSON: Final = "application/json"
_SNAPSHOT: Final = "application/vnd.pyodide.snapshot"
_PACKAGES: Final = "application/vnd.workerd.python-packages"
_CODE_PACKAGES: Final = ("emscripten", "engine", "js", "linking", "packages", "snapshot", "wasm", "worker")


@dataclass(frozen=True, kw_only=True, slots=True)
class BuiltRelease:
    """What a build made, in ``directory``: the manifest and its artifacts."""

    directory: Path
    manifest: ReleaseManifest
    manifest_digest: Digest
    manifest_size: int


@dataclass(frozen=True, kw_only=True, slots=True)
class _Parts:
    upstream: Upstream
    translation: Translation
    profile: CodeProfile
    code: CacheEntry
    snapshot: CacheEntry
    packages: PackageSet | None

    @property
    def code_image(self) -> CachedFile:
        return self.code.files["code.wasm"]

    @property
    def snapshot_file(self) -> CachedFile:
        return self.snapshot.files["snapshot.bin"]


def build_release(
    version: str,
    output: Path,
    *,
    cache: BuildCache,
    timeline: Timeline,
    release_id: str | None = None,
    source: Path | None = None,
    lock: PackageLockFile | None = None,
    link: bool = True,
    imports: Sequence[str] = (),
) -> BuiltRelease:
    """Build a release of a Pyodide version into ``output``; what is cached is reused.

    ``lock`` names its packages, whose native libraries become part of the code image if ``link`` says so, and
    ``imports`` are modules of the packages that the baseline has imported.

    Raises:
        UnsupportedVersionError: the version is not supported.
        ConfigError: ``imports`` has something else than names of modules, or there is no ``lock``.
        PlatformError: a step failed; nothing is left in ``output``.
    """
    if release_id is not None:
        check_release_id(release_id)
    check_module_names(imports)
    if imports and lock is None:
        raise ConfigError("there are no packages to import modules from", hint="name a package lock")
    profile = abi_profile(version)
    with timeline.step(f"obtain pyodide {version}") as step:
        upstream = obtain_upstream(cache, version, source=source)
        step.note(size=upstream.size, digest=upstream.package, cached=upstream.cached, detail=upstream.source.value)
    with timeline.step("translate exception handling") as step:
        translation = translate_exceptions(cache, upstream.main_module, expected=UPSTREAMS[version].translated)
        module = translation.module
        step.note(size=module.size, digest=module.digest, cached=translation.cached, detail=translation.tool)
    with timeline.step("build the code image") as step:
        code = _build_code(cache, module, profile)
        image = code.files["code.wasm"]
        step.note(size=image.size, digest=image.digest, cached=code.cached)
    packages, linked = None, None
    if lock is not None:
        with timeline.step("build the package set") as step:
            packages = build_package_set(cache, lock, profile=profile)
            count = f"{len(lock.packages)} packages, {len(packages.libraries)} native libraries"
            step.note(size=packages.file.size, digest=packages.file.digest, cached=packages.cached, detail=count)
        if link and packages.libraries:
            with timeline.step("link the native libraries") as step:
                linked = _link(cache, code, packages, profile)
                code = linked.code
                image = code.files["code.wasm"]
                left = f", {len(linked.left_out)} left out: {'; '.join(linked.left_out)}" if linked.left_out else ""
                count = f"{len(linked.libraries)} libraries{left}"
                step.note(size=image.size, digest=image.digest, cached=code.cached, detail=count)
    with timeline.step("boot CPython and capture the baseline") as step:
        libraries = linked.libraries if linked is not None else ()
        inputs = _SnapshotInputs(packages=packages, libraries=libraries, imports=tuple(imports))
        snapshot = _build_snapshot(cache, upstream, code, profile, inputs)
        file = snapshot.files["snapshot.bin"]
        step.note(size=file.size, digest=file.digest, cached=snapshot.cached)
    parts = _Parts(
        upstream=upstream, translation=translation, profile=profile, code=code, snapshot=snapshot, packages=packages
    )
    with timeline.step("write the manifest") as step:
        built = _write(parts, output, release_id)
        step.note(size=built.manifest_size, digest=built.manifest_digest, detail=built.manifest.release_id)
    return built


def runtime_code_digest() -> Digest:
    """A digest of the code that determines what a snapshot holds."""
    hasher = hashlib.sha256()
    root = Path(str(files("runtime_core")))
    sources = [root / "guest.py", root / "build" / "capture.py"]
    for package in _CODE_PACKAGES:
        sources.extend(sorted((root / package).rglob("*.py")))
    for path in sources:
        hasher.update(f"{path.relative_to(root)}\0".encode())
        hasher.update(hashlib.sha256(path.read_bytes()).digest())
    return Digest(hasher.hexdigest())


def _build_code(cache: BuildCache, module: CachedFile, profile: CodeProfile) -> CacheEntry:
    def build(work: Path) -> None:
        image = build_code_image(module.path.read_bytes(), profile)
        (work / "code.wasm").write_bytes(image.wasm)
        (work / "memory.wasm").write_bytes(image.memory_image)
        (work / "layout.json").write_text(json.dumps(image.layout.to_json()))

    key = CacheKey.of("code-image", module=module.digest, profile=profile, code=_package_digest("wasm"))
    return cache.get_or_build(key, build)


def _link(cache: BuildCache, code: CacheEntry, packages: PackageSet, profile: CodeProfile) -> LinkedCode:
    return link_code(
        cache,
        code,
        packages=packages.file.path,
        packages_digest=packages.file.digest,
        python_version=profile.python_version,
        tool=Digest.of(_package_digest("wasm").hex.encode() + Path(link_module.__file__).read_bytes()),
    )


@dataclass(frozen=True, kw_only=True, slots=True)
class _SnapshotInputs:
    """What a snapshot depends on besides code and standard library."""

    packages: PackageSet | None
    libraries: tuple[LinkedLibrary, ...]
    imports: tuple[str, ...]


def _build_snapshot(
    cache: BuildCache, upstream: Upstream, code: CacheEntry, profile: CodeProfile, inputs: _SnapshotInputs
) -> CacheEntry:
    packages = inputs.packages

    def build(work: Path) -> None:
        captured = capture_baseline(
            code_wasm=code.files["code.wasm"].path.read_bytes(),
            memory_wasm=code.files["memory.wasm"].path.read_bytes(),
            table_size=json.loads(code.files["layout.json"].path.read_text())["table_size"],
            stdlib=upstream.stdlib.path,
            profile=profile,
            code_cache=cache.root / "compiled",
            packages=packages.file.path if packages is not None else None,
            libraries=inputs.libraries,
            imports=inputs.imports,
        )
        with (work / "snapshot.bin").open("wb") as file:
            file.writelines(captured.chunks())
        (work / "abi.json").write_text(json.dumps(captured.abi_values()))

    key = CacheKey.of(
        "baseline-snapshot",
        code_image=code.files["code.wasm"].digest,
        stdlib=upstream.stdlib.digest,
        runtime=runtime_code_digest(),
        state=STATE_VERSION,
        wasmtime=WASMTIME_VERSION,
        environment=json.dumps(dict(BASELINE_ENVIRONMENT)),
        packages=packages.file.digest if packages is not None else "",
        imports=" ".join(inputs.imports),
    )
    return cache.get_or_build(key, build)


def _package_digest(package: str) -> Digest:
    root = Path(str(files("runtime_core"))) / package
    parts = [path.read_bytes() for path in sorted(root.rglob("*.py"))]
    return Digest.of(b"\0".join(parts))


def _write(parts: _Parts, output: Path, release_id: str | None) -> BuiltRelease:
    snapshot = parts.snapshot_file
    manifest = ReleaseManifest(
        release_id=release_id or f"{parts.upstream.version}-{snapshot.digest.short}",
        release=PythonSnapshotRelease(
            pyodide=parts.upstream.version,
            baseline_snapshot_hash=snapshot.digest.hex,
            real_pyodide_version=parts.upstream.version,
        ),
        artifacts=_artifacts(parts),
        abi=_abi(parts),
        provenance=_provenance(parts),
    )
    data = encode_manifest(manifest)
    (output / ARTIFACTS_NAME).mkdir(parents=True, exist_ok=True)
    for file in (
        parts.upstream.main_module,
        parts.upstream.stdlib,
        parts.upstream.lock_file,
        parts.code_image,
        snapshot,
        *([parts.packages.file] if parts.packages is not None else []),
    ):
        _place(file.path.read_bytes(), output / ARTIFACTS_NAME / file.digest.hex)
    _place(data, output / MANIFEST_NAME)
    return BuiltRelease(directory=output, manifest=manifest, manifest_digest=Digest.of(data), manifest_size=len(data))


def _place(data: bytes, target: Path) -> None:
    """Write a file in one step: builds may run side by side, and a reader must never see half of one.

    Files are copied rather than linked from the cache: whoever changes the output must not reach into it.
    """
    if target.exists() and target.read_bytes() == data:
        return
    descriptor, temporary = tempfile.mkstemp(dir=target.parent, prefix=f".{target.name}.")
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(data)
        Path(temporary).chmod(0o644)
        Path(temporary).replace(target)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise


def _artifacts(parts: _Parts) -> tuple[Artifact, ...]:
    upstream = parts.upstream
    listed = [
        (Role.UPSTREAM_WASM, upstream.main_module, _WASM, "pyodide.asm.wasm"),
        (Role.UPSTREAM_STDLIB, upstream.stdlib, _ZIP, "python_stdlib.zip"),
        (Role.UPSTREAM_LOCK, upstream.lock_file, _JSON, "pyodide-lock.json"),
        (Role.CODE_IMAGE, parts.code_image, _WASM, "code.wasm"),
        (Role.SNAPSHOT, parts.snapshot_file, _SNAPSHOT, "baseline.bin"),
    ]
    if parts.packages is not None:
        listed.append((Role.PACKAGES, parts.packages.file, _PACKAGES, "packages.bin"))
    return tuple(
        Artifact.uncompressed(role, digest=file.digest, size=file.size, media_type=media_type, name=name)
        for role, file, media_type, name in listed
    )


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
    )
