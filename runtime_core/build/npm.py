"""Fetch pinned packages from whatever npm registry this machine is configured for."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from runtime_core.build.cache import BuildCache, CachedFile, CacheKey
from runtime_core.build.pins import PackagePin
from runtime_core.build.tarball import extract_members
from runtime_core.build.tools import find_node, run_tool
from schemas.errors import ArtifactError, DigestMismatchError, HostError, MissingToolError

_PACK_TIMEOUT: Final = 600.0
_CHUNK: Final = 1 << 20


@dataclass(frozen=True, kw_only=True, slots=True)
class PackageFiles:
    """The pinned members of a package. ``files`` is keyed by file name; ``seconds`` is how long it took to get."""

    files: Mapping[str, CachedFile]
    cached: bool
    seconds: float


def fetch_package(cache: BuildCache, package: PackagePin, *, tarball: Path | None = None) -> PackageFiles:
    """Get the pinned members of a package: from ``tarball`` if given, else from the cache, else through npm.

    A given tarball is checked even if the cache has its files: what is wrong with it must show.

    Raises:
        MissingToolError: npm is needed and there is no node.
        ArtifactError: the registry did not deliver the package, or ``tarball`` cannot be read.
        DigestMismatchError: the tarball is not the pinned one; nothing of it is kept.
        FormatError: the tarball has not the pinned members.
    """

    if tarball is not None:
        check_integrity(tarball, package)

    def build(work: Path) -> None:
        source = tarball if tarball is not None else _npm_pack(package, work)
        check_integrity(source, package)
        extract_members(source, package.members, work)
        if tarball is None:
            source.unlink()

    members = ",".join(sorted(package.members))
    key = CacheKey.of("package", package=package.spec, tarball=package.digest, members=members)
    entry = cache.get_or_build(key, build)
    return PackageFiles(files=entry.files, cached=entry.cached, seconds=entry.seconds)


def check_integrity(tarball: Path, package: PackagePin) -> None:
    """Check a tarball against both committed digests: the registry's sha512 and the sha256.

    Raises:
        ArtifactError: it cannot be read.
        DigestMismatchError: these are other bytes.
    """
    published, own = hashlib.sha512(), hashlib.sha256()
    try:
        with tarball.open("rb") as stream:
            while chunk := stream.read(_CHUNK):
                published.update(chunk)
                own.update(chunk)
    except OSError as error:
        raise ArtifactError(
            f"cannot read {tarball}: {error.strerror or error}", hint="name a readable .tgz file or a directory"
        ) from error
    found = "sha512-" + base64.b64encode(published.digest()).decode("ascii")
    if found != package.integrity or own.hexdigest() != package.digest.hex:
        raise DigestMismatchError(
            f"this is not the pinned {package.spec}",
            expected=package.integrity,
            found=found,
            hint="nothing was kept; if a mirror altered the package, fetch it elsewhere and build from the file",
        )


def _npm_pack(package: PackagePin, directory: Path) -> Path:
    """Download a package's tarball. npm reads the machine's own configuration; no package script runs."""
    node = find_node()
    command: list[str | Path] = [node.node, node.npm, "pack", package.spec, "--pack-destination", directory]
    hint = (
        "check the network and npm's registry configuration, "
        f"or get {package.name}-{package.version}.tgz elsewhere and build from that file"
    )
    try:
        run_tool(
            [*command, "--ignore-scripts", "--loglevel=error"],
            what=f"fetch {package.spec}",
            timeout=_PACK_TIMEOUT,
            cwd=directory,
        )
    except MissingToolError:
        raise
    except HostError as error:
        raise ArtifactError(error.message, expected=error.expected, found=error.found, hint=hint) from error
    tarballs = list(directory.glob("*.tgz"))
    if len(tarballs) != 1:
        raise ArtifactError(
            f"npm reported success for {package.spec} but left no tarball", expected=1, found=len(tarballs), hint=hint
        )
    return tarballs[0]
