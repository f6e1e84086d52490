"""Build a package set from a lock: fetch its files, check them, unpack them, translate the native libraries.

The native libraries of a set are stored translated: what a guest loads is what its host can compile. Everything is
cached by digest.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from packaging.tags import compatible_tags, cpython_tags
from packaging.utils import InvalidWheelFilename, canonicalize_name, parse_wheel_filename

from runtime_core.build.cache import BuildCache, CachedFile, CacheKey
from runtime_core.build.resolve import PLATFORM_SUFFIX, platform_arguments, run_pip
from runtime_core.build.translate import translate_library
from runtime_core.packages.archives import tar_files, wheel_files
from runtime_core.packages.overlay import build_trees
from runtime_core.wasm.abi import AbiProfile
from runtime_core.wasm.binary import parse
from runtime_core.wasm.dylink import read_dylink
from schemas.digest import Digest
from schemas.errors import AbiMismatchError, ArtifactError, DigestMismatchError, FormatError
from schemas.package_lock import LockedPackage, PackageLockFile
from schemas.python_packages import PackageFile, encode_packages

_WHEEL: Final = ".whl"
_TAR: Final = (".tar", ".tar.gz", ".tgz")
_LIBRARY: Final = ".so"
_ARCH: Final = "wasm32"
_OUTPUT: Final = "packages.bin"

Progress = Callable[[str], None]
"""Called with what is being done."""


@dataclass(frozen=True, kw_only=True, slots=True)
class PackageSet:
    """A built set: ``file`` holds the message, ``libraries`` are its native libraries in order."""

    file: CachedFile
    libraries: tuple[str, ...]
    cached: bool
    seconds: float


def build_package_set(
    cache: BuildCache, lock: PackageLockFile, *, profile: AbiProfile, progress: Progress = lambda _: None
) -> PackageSet:
    """The package set of a lock, or the one in the cache.

    Raises:
        AbiMismatchError: the lock, or a wheel in it, is for another Python or platform.
        ArtifactError: a file could not be fetched, or the lock lacks a dependency.
        DigestMismatchError: a file is not the one that the lock names; nothing is kept.
        FormatError: a file is malformed, or two packages write the same file.
    """
    check_lock(lock, profile)

    def build(work: Path) -> None:
        paths = fetch_files(cache, lock.packages, profile=profile, progress=progress)
        files: list[PackageFile] = []
        for package, path in zip(lock.packages, paths, strict=True):
            progress(f"unpack {package.file_name}")
            files += [_translated(cache, file, progress) for file in _unpack(package, path.read_bytes())]
        trees = build_trees(files)
        (work / _OUTPUT).write_bytes(encode_packages(files))
        (work / "libraries").write_text("\n".join(trees.libraries))

    digests = "\n".join(f"{item.file_name} {item.digest} {item.install_dir.value}" for item in lock.packages)
    key = CacheKey.of("package-set", files=hashlib.sha256(digests.encode()).hexdigest(), abi=profile.abi, version=1)
    entry = cache.get_or_build(key, build)
    libraries = tuple(entry.files["libraries"].path.read_text().splitlines())
    return PackageSet(file=entry.files[_OUTPUT], libraries=libraries, cached=entry.cached, seconds=entry.seconds)


def check_lock(lock: PackageLockFile, profile: AbiProfile) -> None:
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
        missing = [name for name in package.depends if canonicalize_name(name) not in present]
        if missing:
            raise ArtifactError(
                f"{package.name} needs what the package lock does not have",
                found=", ".join(missing),
                hint="resolve it again: artifactctl packages lock",
            )
        if package.file_name.endswith(_WHEEL):
            _check_tags(package, profile)


def _check_tags(package: LockedPackage, profile: AbiProfile) -> None:
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


def fetch_files(
    cache: BuildCache, packages: Sequence[LockedPackage], *, profile: AbiProfile, progress: Progress
) -> list[Path]:
    """The files of packages, each from the cache or through pip, with the digest that the lock names."""
    return [_fetch(cache, package, profile, progress) for package in packages]


def _fetch(cache: BuildCache, package: LockedPackage, profile: AbiProfile, progress: Progress) -> Path:
    def build(work: Path) -> None:
        if not package.file_name.endswith(_WHEEL):
            raise ArtifactError(
                f"{package.file_name} is not on the package index", hint="put it into the cache, or lock a wheel"
            )
        progress(f"fetch {package.file_name}")
        requirements = work / "requirements.txt"
        requirements.write_text(f"{package.name}=={package.version} --hash=sha256:{package.digest.hex}\n")
        arguments = ["download", "--quiet", "--no-deps", "--require-hashes", "--dest", str(work)]
        arguments += [*platform_arguments(profile), "-r", str(requirements)]
        run_pip(arguments, profile=profile, what=f"download {package.file_name}", work=work)
        requirements.unlink()
        path = work / package.file_name
        if not path.is_file():
            raise ArtifactError(
                f"the package index has no {package.file_name}", found=", ".join(item.name for item in work.iterdir())
            )
        found = Digest.of(path.read_bytes())
        if found != package.digest:
            raise DigestMismatchError(
                f"{package.file_name} is not the locked file", expected=package.digest, found=found
            )

    key = CacheKey.of("package-file", name=package.file_name, digest=package.digest)
    return cache.get_or_build(key, build).files[package.file_name].path


def _unpack(package: LockedPackage, data: bytes) -> list[PackageFile]:
    try:
        if package.file_name.endswith(_WHEEL):
            return list(wheel_files(data, install_dir=package.install_dir))
        if package.file_name.endswith(_TAR):
            return list(tar_files(data, install_dir=package.install_dir))
    except FormatError as error:
        raise FormatError(
            f"{package.file_name}: {error.message}", expected=error.expected, found=error.found
        ) from error
    raise FormatError("not a kind of package file", expected="a wheel or a tar archive", found=package.file_name)


def _translated(cache: BuildCache, file: PackageFile, progress: Progress) -> PackageFile:
    if not file.path.endswith(_LIBRARY):
        return file
    data = bytes(file.contents)
    try:
        read_dylink(parse(data))
    except FormatError as error:
        raise FormatError(
            f"{file.path} is not a library for this runtime: {error.message}", found=error.found
        ) from error
    progress(f"translate {file.path}")
    return PackageFile(install_dir=file.install_dir, path=file.path, contents=translate_library(cache, data))
