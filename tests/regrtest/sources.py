"""CPython's own test package, taken from Debian's builds of CPython 3.14 and pinned by digest.

Pyodide does not ship ``test``. Debian splits it over two packages: the tests, and ``test.support`` with the standard
library. They are fetched from the mirror that this machine's apt is configured for, or read from the directory that
CPYTHON_TESTS names. The tests are those of a later 3.14 than Pyodide's 3.14.2, so some of them test fixes that it has
not got; they fail in the same way under node.
"""

from __future__ import annotations

import hashlib
import io
import os
import subprocess
import tarfile
import urllib.error
import urllib.request
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Final

from runtime_core.build.cache import BuildCache, CacheKey
from schemas.digest import Digest
from schemas.errors import ArtifactError, DigestMismatchError, FormatError, MissingToolError

DIRECTORY_VARIABLE: Final = "CPYTHON_TESTS"
TESTS_VERSION: Final = "3.14.8"
_POOL: Final = "pool/main/p/python3.14"
_TEST_ROOT: Final = PurePosixPath("usr/lib/python3.14/test")
_SECONDS: Final = 120.0
_AR_MAGIC: Final = b"!<arch>\n"
_AR_HEADER: Final = 60  # ar(5): name 16, times and owners 32, size 10, end 2 bytes
_LARGEST_FILE: Final = 2_000_000  # beyond that it is data for tests that are not in the list


@dataclass(frozen=True, kw_only=True, slots=True)
class Deb:
    """A Debian package."""

    name: str
    digest: Digest


DEBS: Final = (
    Deb(
        name="libpython3.14-testsuite_3.14.8-1_all.deb",
        digest=Digest("072cc5c4b9468efdc60deceece230c7009bf65e2638a104597202eb32673135f"),
    ),
    Deb(
        name="libpython3.14-stdlib_3.14.8-1_amd64.deb",
        digest=Digest("abfa1b45e311461a4f8ee110d203efbc18808fada340af7036235b0d0c4cfd9a"),
    ),
)


def test_package(cache: BuildCache) -> Path:
    """A zip file that holds the ``test`` package.

    Raises:
        MissingToolError: neither apt nor CPYTHON_TESTS says where to get it.
        ArtifactError: the mirror did not deliver.
        DigestMismatchError: it delivered something else.
    """

    def build(work: Path) -> None:
        with zipfile.ZipFile(work / "suite.zip", "w", zipfile.ZIP_DEFLATED) as archive:
            for deb in DEBS:
                for name, data in _members(_fetch(deb)):
                    archive.writestr(name, data)

    key = CacheKey.of("cpython-tests", debs=" ".join(str(deb.digest) for deb in DEBS))
    return cache.get_or_build(key, build).files["suite.zip"].path


def _fetch(deb: Deb) -> bytes:
    directory = os.environ.get(DIRECTORY_VARIABLE)
    try:
        if directory:
            data = (Path(directory) / deb.name).read_bytes()
        else:
            with urllib.request.urlopen(f"{_mirror()}/{_POOL}/{deb.name}", timeout=_SECONDS) as answer:
                data = answer.read()
    except (OSError, urllib.error.URLError) as error:
        raise ArtifactError(
            f"cannot get {deb.name}: {error}",
            hint=f"put the two packages of sources.py into a directory and name it in {DIRECTORY_VARIABLE}",
        ) from error
    found = hashlib.sha256(data).hexdigest()
    if found != deb.digest.hex:
        raise DigestMismatchError(f"{deb.name} is not the pinned package", expected=deb.digest.hex, found=found)
    return data


def _mirror() -> str:
    """The first repository of this machine's apt."""
    try:
        listed = subprocess.run(
            ["apt-get", "indextargets", "--format", "$(REPO_URI)"], capture_output=True, text=True, check=True
        ).stdout.split()
    except (OSError, subprocess.CalledProcessError) as error:
        raise MissingToolError(
            "CPython's tests come from a Debian mirror, and this machine has no apt",
            hint=f"put the two packages of sources.py into a directory and name it in {DIRECTORY_VARIABLE}",
        ) from error
    mirrors = [uri for uri in listed if uri.startswith(("http://", "https://")) and "security" not in uri]
    if not mirrors:
        raise MissingToolError("this machine's apt names no mirror", hint=f"set {DIRECTORY_VARIABLE}")
    return mirrors[0].rstrip("/")


def _members(deb: bytes) -> Iterator[tuple[str, bytes]]:
    """The files of the ``test`` package in a .deb, by their paths in the zip."""
    with tarfile.open(fileobj=io.BytesIO(_data_archive(deb)), mode="r:xz") as archive:
        for entry in archive:
            path = PurePosixPath(entry.name)
            if not entry.isreg() or entry.size > _LARGEST_FILE or not path.is_relative_to(_TEST_ROOT):
                continue
            content = archive.extractfile(entry)
            if content is not None:
                yield f"test/{path.relative_to(_TEST_ROOT)}", content.read()


def _data_archive(deb: bytes) -> bytes:
    if not deb.startswith(_AR_MAGIC):
        raise FormatError("not a Debian package")
    offset = len(_AR_MAGIC)
    while offset + _AR_HEADER <= len(deb):
        name = deb[offset : offset + 16].decode("ascii", "replace").strip().rstrip("/")
        size = int(deb[offset + 48 : offset + 58])
        offset += _AR_HEADER
        if name == "data.tar.xz":
            return deb[offset : offset + size]
        offset += size + size % 2
    raise FormatError("the Debian package has no data.tar.xz")
