"""The files that a package lock names: from the cache, from a directory, or from the package index through pip."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

from runtime_core.build.cache import BuildCache, CacheKey
from runtime_core.build.progress import Step
from runtime_core.build.resolve import platform_arguments, run_pip
from runtime_core.wasm.abi import CodeProfile
from schemas.digest import Digest
from schemas.errors import ArtifactError, ConfigError, DigestMismatchError
from schemas.package_lock import LockedPackage

WHEEL: Final = ".whl"
_FILE: Final = "archive"
_AT_ONCE: Final = 8


def obtain_files(
    cache: BuildCache,
    packages: Sequence[LockedPackage],
    *,
    profile: CodeProfile,
    step: Step,
    directory: Path | None = None,
) -> list[Path]:
    """The files of packages, in their order, each with the digest that the lock names.

    ``directory`` may hold files under the names that the lock has; others that lie there do not matter.

    Raises:
        ArtifactError: a file is neither there nor on the package index.
        DigestMismatchError: a file is not the one that the lock names; nothing is kept of it.
    """
    found = {package.file_name: path for package in packages if (path := _known(cache, package)) is not None}
    missing = [package for package in packages if package.file_name not in found]
    step.note(cached=not missing, detail=f"{len(found)} of {len(packages)} were there")
    if directory is not None:
        for package in missing:
            path = directory / package.file_name
            if path.is_file():
                found[package.file_name] = _keep(cache, package, _read(path))
    wanted = [package for package in missing if package.file_name not in found]
    _refuse_unobtainable(wanted, directory)
    for start in range(0, len(wanted), _AT_ONCE):
        found |= _download(cache, wanted[start : start + _AT_ONCE], profile)
        step.advance(len(found), len(packages))
    return [found[package.file_name] for package in packages]


def _key(package: LockedPackage) -> CacheKey:
    return CacheKey.of("package-archive", name=package.file_name, digest=package.digest)


def _known(cache: BuildCache, package: LockedPackage) -> Path | None:
    entry = cache.find(_key(package))
    return None if entry is None else entry.files[_FILE].path


def _keep(cache: BuildCache, package: LockedPackage, data: bytes) -> Path:
    found = Digest.of(data)
    if found != package.digest:
        raise DigestMismatchError(f"{package.file_name} is not the locked file", expected=package.digest, found=found)

    def build(work: Path) -> None:
        (work / _FILE).write_bytes(data)

    return cache.get_or_build(_key(package), build).files[_FILE].path


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise ConfigError(f"cannot read {path}: {error.strerror or error}") from error


def _refuse_unobtainable(packages: Sequence[LockedPackage], directory: Path | None) -> None:
    for package in packages:
        if not package.file_name.endswith(WHEEL):
            where = f" nor in {directory}" if directory is not None else ""
            raise ArtifactError(
                f"{package.file_name} is not on the package index{where}: only wheels are",
                hint="name the directory that holds it with --archives",
            )


def _download(cache: BuildCache, packages: Sequence[LockedPackage], profile: CodeProfile) -> Mapping[str, Path]:
    with tempfile.TemporaryDirectory() as name:
        work = Path(name)
        requirements = work / "requirements.txt"
        requirements.write_text(
            "".join(f"{package.name}=={package.version} --hash=sha256:{package.digest.hex}\n" for package in packages)
        )
        target = work / "files"
        arguments = ["download", "--quiet", "--no-deps", "--require-hashes", "--dest", str(target)]
        arguments += [*platform_arguments(profile), "-r", str(requirements)]
        what = f"download {packages[0].file_name}" + (f" and {len(packages) - 1} more" if len(packages) > 1 else "")
        run_pip(arguments, profile=profile, what=what, work=work)
        kept = {}
        for package in packages:
            path = target / package.file_name
            if not path.is_file():
                raise ArtifactError(
                    f"the package index has no {package.file_name}",
                    found=", ".join(sorted(item.name for item in target.iterdir()))[:200],
                )
            kept[package.file_name] = _keep(cache, package, path.read_bytes())
        return kept
