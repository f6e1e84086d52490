"""Obtain the upstream files of a supported Pyodide version, byte for byte."""

from __future__ import annotations

import hashlib
import shutil
import time
from dataclasses import dataclass
from enum import Enum
from pathlib import Path

from runtime_core.build.cache import BuildCache, CachedFile, CacheKey
from runtime_core.build.npm import fetch_package
from runtime_core.build.pins import LOCK_FILE, MAIN_MODULE, STDLIB, UPSTREAMS, FilePin, PackagePin, UpstreamPin
from schemas.digest import Digest
from schemas.errors import ArtifactError, DigestMismatchError, UnsupportedVersionError


class Source(Enum):
    """Where upstream files came from."""

    REGISTRY = "npm registry"
    TARBALL = "local tarball"
    DIRECTORY = "local directory"


@dataclass(frozen=True, kw_only=True, slots=True)
class Upstream:
    """The files of one Pyodide version, verified against the pins.

    ``package`` is the digest of the npm tarball that holds these files, wherever they came from. ``size`` is the sum
    of the files, in bytes.
    """

    version: str
    source: Source
    package: Digest
    main_module: CachedFile
    stdlib: CachedFile
    lock_file: CachedFile
    cached: bool
    seconds: float

    @property
    def size(self) -> int:
        """The bytes of all three files together."""
        return self.main_module.size + self.stdlib.size + self.lock_file.size


def upstream_pin(version: str) -> UpstreamPin:
    """The pin of a Pyodide version.

    Raises:
        UnsupportedVersionError: this build does not know the version; the message names those it knows.
    """
    pin = UPSTREAMS.get(version)
    if pin is None:
        raise UnsupportedVersionError(
            "releases cannot be built from this Pyodide version",
            expected=" or ".join(sorted(UPSTREAMS)),
            found=version,
            hint="choose a supported version, or upgrade this program",
        )
    return pin


def obtain_upstream(cache: BuildCache, version: str, *, source: Path | None = None) -> Upstream:
    """Get Pyodide's files: from ``source`` (a directory or a .tgz) if given, else from the cache or the npm registry.

    Raises:
        UnsupportedVersionError: this build does not know the version.
        MissingToolError: the registry is needed and there is no node.
        ArtifactError: the registry did not deliver, or ``source`` cannot be read.
        IntegrityError: the bytes are not the pinned ones; nothing of them is kept.
        FormatError: the tarball has not the pinned members.
    """
    started = time.perf_counter()
    package = upstream_pin(version).package
    if source is not None and source.is_dir():
        origin = Source.DIRECTORY
        files, cached = _from_directory(cache, package, source)
    else:
        origin = Source.REGISTRY if source is None else Source.TARBALL
        fetched = fetch_package(cache, package, tarball=source)
        files, cached = dict(fetched.files), fetched.cached
    return Upstream(
        version=version,
        source=origin,
        package=package.digest,
        main_module=files[MAIN_MODULE],
        stdlib=files[STDLIB],
        lock_file=files[LOCK_FILE],
        cached=cached,
        seconds=time.perf_counter() - started,
    )


def _from_directory(cache: BuildCache, package: PackagePin, directory: Path) -> tuple[dict[str, CachedFile], bool]:
    """Check the files, and copy them so that what was verified cannot change under the build."""
    for name, pin in package.members.items():
        _check(directory / name, pin, package)

    def build(work: Path) -> None:
        for name, pin in package.members.items():
            try:
                shutil.copyfile(directory / name, work / name)
            except OSError as error:
                raise ArtifactError(f"cannot copy {directory / name}: {error.strerror or error}") from error
            _check(work / name, pin, package)

    entry = cache.get_or_build(CacheKey.of("unpacked", package=package.spec, tarball=package.digest), build)
    return dict(entry.files), entry.cached


def _check(path: Path, pin: FilePin, package: PackagePin) -> None:
    try:
        with path.open("rb") as stream:
            found = Digest(hashlib.file_digest(stream, "sha256").hexdigest())
    except OSError as error:
        raise ArtifactError(
            f"cannot read {path}: {error.strerror or error}",
            hint=f"the directory must hold {', '.join(package.members)} of {package.spec}",
        ) from error
    if found != pin.digest:
        raise DigestMismatchError(
            f"{path} is not the one of {package.spec}",
            expected=pin.digest,
            found=found,
            hint="nothing was kept; unpack the released package again",
        )
