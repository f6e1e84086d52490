"""Build a package set from a lock: obtain its files, check them, unpack them, translate the native libraries.

The native libraries of a set are stored translated: what a guest loads is what its host can compile. Everything is
cached by digest.
"""

from __future__ import annotations

import hashlib
import io
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from packaging.tags import compatible_tags, cpython_tags
from packaging.utils import InvalidWheelFilename, canonicalize_name, parse_wheel_filename
from packaging.version import InvalidVersion, Version

from runtime_core.build.cache import BuildCache, CachedFile, CacheKey
from runtime_core.build.package_files import WHEEL, obtain_files
from runtime_core.build.pins import BINARYEN
from runtime_core.build.progress import Step, Timeline
from runtime_core.build.resolve import PLATFORM_SUFFIX
from runtime_core.build.translate import FLAGS, Translation, library_translation
from runtime_core.packages.archives import MAX_UNPACKED, tar_files, zip_files
from runtime_core.packages.bundle import WorkerBundle
from runtime_core.packages.overlay import build_trees
from runtime_core.packages.wheels import read_wheel
from runtime_core.wasm.abi import CodeProfile
from runtime_core.wasm.binary import parse
from runtime_core.wasm.dylink import read_dylink
from schemas.errors import (
    AbiMismatchError,
    ArtifactError,
    ConfigError,
    FormatError,
    HostError,
    IntegrityError,
    MissingToolError,
)
from schemas.package_lock import LockedPackage, PackageLockFile
from schemas.python_packages import MAX_FILES, PackageFile, encode_packages

_TAR: Final = (".tar", ".tar.gz", ".tgz")
_ZIP: Final = ".zip"
_LIBRARY: Final = ".so"
_ARCH: Final = "wasm32"
_OUTPUT: Final = "packages.bin"
_LAYOUT: Final = 2
"""Counts up when the same archives become other files."""


@dataclass(frozen=True, kw_only=True, slots=True)
class PackageSet:
    """A built set: ``file`` holds the message, ``libraries`` are its native libraries in order."""

    file: CachedFile
    libraries: tuple[str, ...]
    cached: bool
    seconds: float


def build_package_set(
    cache: BuildCache,
    lock: PackageLockFile,
    *,
    profile: CodeProfile,
    timeline: Timeline | None = None,
    archives: Path | None = None,
) -> PackageSet:
    """The package set of a lock, or the one in the cache. ``archives`` is a directory to look for files in.

    Raises:
        AbiMismatchError: the lock, or a wheel in it, is for another Python or platform.
        ArtifactError: a file could not be obtained, or the lock lacks a dependency.
        DigestMismatchError: a file is not the one that the lock names; nothing is kept.
        FormatError: a file is malformed, or two packages write the same file.
    """
    check_lock(lock, profile)
    steps = timeline or Timeline(stream=io.StringIO())

    def build(work: Path) -> None:
        with steps.step("download the packages") as step:
            paths = obtain_files(cache, lock.packages, profile=profile, step=step, directory=archives)
            step.note(size=sum(path.stat().st_size for path in paths))
        with steps.step("unpack the packages") as step:
            files = _unpack_all(lock.packages, paths, step)
            trees = build_trees(files)
            step.note(size=_size(files), detail=f"{len(files)} files")
        if trees.libraries:
            files = _translate(cache, files, steps)
        (work / _OUTPUT).write_bytes(encode_packages(files))
        (work / "libraries").write_text("\n".join(trees.libraries))

    digests = "\n".join(f"{item.file_name} {item.digest} {item.install_dir.value}" for item in lock.packages)
    key = CacheKey.of(
        "package-set",
        files=hashlib.sha256(digests.encode()).hexdigest(),
        abi=profile.abi,
        tool=f"{BINARYEN.digest} {' '.join(FLAGS)}",
        layout=_LAYOUT,
    )
    entry = cache.get_or_build(key, build)
    libraries = tuple(entry.files["libraries"].path.read_text().splitlines())
    return PackageSet(file=entry.files[_OUTPUT], libraries=libraries, cached=entry.cached, seconds=entry.seconds)


def translate_bundle(cache: BuildCache, bundle: WorkerBundle, *, timeline: Timeline | None = None) -> WorkerBundle:
    """A worker's files with its vendored native libraries as the engine takes them.

    Raises:
        FormatError: a library is none for this runtime.
        PlatformError: the translation failed.
    """
    if not bundle.libraries:
        return bundle
    steps = timeline or Timeline(stream=io.StringIO())
    with steps.step("translate the worker's libraries") as step:
        contents = dict(bundle.files)
        for done, path in enumerate(bundle.libraries):
            step.advance(done, len(bundle.libraries))
            contents[path] = _translated(cache, path, bytes(contents[path])).module.path.read_bytes()
        step.note(detail=f"{len(bundle.libraries)} libraries")
    return replace(bundle, files=contents)


def select_packages(lock: PackageLockFile, names: Collection[str]) -> PackageLockFile:
    """The part of a lock that some packages need, in the lock's order; all of it where no name is given.

    Raises:
        ConfigError: the lock has no such package.
        ArtifactError: it lacks a dependency of one.
    """
    if not names:
        return lock
    packages = {canonicalize_name(package.name): package for package in lock.packages}
    wanted: set[str] = set()
    pending = [canonicalize_name(name) for name in names]
    for name in pending:
        if name not in packages:
            raise ConfigError(f"the package lock has no package {name}", hint="artifactctl packages show LOCK")
    while pending:
        name = pending.pop()
        if name in wanted:
            continue
        wanted.add(name)
        package = packages[name]
        _check_dependencies(package, packages)
        pending += [canonicalize_name(item) for item in package.depends]
    chosen = tuple(package for package in lock.packages if canonicalize_name(package.name) in wanted)
    return replace(lock, packages=chosen)


def check_lock(lock: PackageLockFile, profile: CodeProfile) -> None:
    """Refuse a lock for another runtime.

    Raises:
        AbiMismatchError: with what the lock is for.
        ArtifactError: a package needs another that the lock does not have.
    """
    found = f"Python {lock.python}, ABI {lock.abi}, {lock.arch}"
    if (
        not lock.python.startswith(profile.python_version + ".")
        or lock.abi != profile.abi.partition("_")[2]
        or lock.arch != _ARCH
    ):
        raise AbiMismatchError(
            "the package lock is for another runtime",
            expected=f"Python {profile.python_version}, ABI {profile.abi.partition('_')[2]}, {_ARCH}",
            found=found,
            hint="resolve it again: artifactctl packages lock",
        )
    present = {canonicalize_name(package.name) for package in lock.packages}
    for package in lock.packages:
        _check_dependencies(package, present)
        if package.file_name.endswith(WHEEL):
            _check_tags(package, profile)


def _check_dependencies(package: LockedPackage, present: Collection[str]) -> None:
    missing = [name for name in package.depends if canonicalize_name(name) not in present]
    if missing:
        raise ArtifactError(
            f"{package.name} needs what the package lock does not have",
            found=", ".join(missing),
            hint="resolve it again: artifactctl packages lock",
        )


def _check_tags(package: LockedPackage, profile: CodeProfile) -> None:
    try:
        name, _, _, found = parse_wheel_filename(package.file_name)
    except InvalidWheelFilename as error:
        raise FormatError(f"not the name of a wheel: {error}", found=package.file_name) from error
    if name != canonicalize_name(package.name):
        raise FormatError(f"the file locked for {package.name} is another project's", found=package.file_name)
    major, minor = (int(part) for part in profile.python_version.split("."))
    tag, platform = f"cp{major}{minor}", profile.abi + PLATFORM_SUFFIX
    supported = {*cpython_tags((major, minor), [tag], [platform]), *compatible_tags((major, minor), tag, [platform])}
    if supported.isdisjoint(found):
        raise AbiMismatchError(
            f"{package.file_name} is not for this runtime",
            expected=f"py3-none-any, or {tag}-{tag}-{platform}",
            found=", ".join(sorted(map(str, found)))[:120],
        )


def _unpack_all(packages: Sequence[LockedPackage], paths: Sequence[Path], step: Step) -> list[PackageFile]:
    """The files of all packages; each archive has its bound, and so have all together."""
    files: list[PackageFile] = []
    size = 0
    for done, (package, path) in enumerate(zip(packages, paths, strict=True)):
        step.advance(done, len(paths))
        added = list(_unpack(package, path.read_bytes()))
        size += _size(added)
        files += added
        if size > MAX_UNPACKED or len(files) > MAX_FILES:
            raise FormatError(
                f"the packages up to {package.name} unpack to more than is allowed",
                expected=f"<= {MAX_UNPACKED} bytes, {MAX_FILES} files",
                found=f"{size} bytes, {len(files)} files",
            )
    return files


def _size(files: Iterable[PackageFile]) -> int:
    return sum(len(file.contents) for file in files)


def _unpack(package: LockedPackage, data: bytes) -> Iterable[PackageFile]:
    try:
        if package.file_name.endswith(WHEEL):
            wheel = read_wheel(data, install_dir=package.install_dir)
            _check_identity(package, wheel.project, wheel.version)
            return wheel.files
        if package.file_name.endswith(_TAR):
            return list(tar_files(data, install_dir=package.install_dir))
        if package.file_name.endswith(_ZIP):
            return list(zip_files(data, install_dir=package.install_dir))
    except (FormatError, IntegrityError) as error:
        raise type(error)(
            f"{package.file_name}: {error.message}", expected=error.expected, found=error.found, hint=error.hint
        ) from error
    raise FormatError("not a kind of package file", expected="a wheel, a zip or a tar archive", found=package.file_name)


def _check_identity(package: LockedPackage, project: str, version: str) -> None:
    """The wheel must be of itself what the lock takes it for."""
    if canonicalize_name(project) != canonicalize_name(package.name) or not _same_version(version, package.version):
        raise FormatError(
            "the wheel is another project or version",
            expected=f"{package.name} {package.version}",
            found=f"{project} {version}"[:120],
        )


def _same_version(one: str, other: str) -> bool:
    try:
        return Version(one) == Version(other)
    except InvalidVersion:
        return one == other


def _translate(cache: BuildCache, files: list[PackageFile], steps: Timeline) -> list[PackageFile]:
    translated = []
    with steps.step("translate the native libraries"):
        for file in files:
            if file.path.endswith(_LIBRARY):
                with steps.step(f"translate {file.path}") as step:
                    made = _translated(cache, file.path, bytes(file.contents))
                    step.note(size=made.module.size, digest=made.module.digest, cached=made.cached)
                    translated.append(replace(file, contents=made.module.path.read_bytes()))
            else:
                translated.append(file)
    return translated


def _translated(cache: BuildCache, path: str, library: bytes) -> Translation:
    try:
        read_dylink(parse(library))
        return library_translation(cache, library)
    except FormatError as error:
        raise FormatError(
            f"{path} is not a library for this runtime: {error.message}", expected=error.expected, found=error.found
        ) from error
    except (MissingToolError, ArtifactError):
        raise
    except HostError as error:
        raise HostError(
            f"{path}: {error.message}", expected=error.expected, found=error.found, hint=error.hint
        ) from error
