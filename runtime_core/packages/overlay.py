"""The trees that a guest sees of a package set: site-packages and the directory of shared libraries.

Directories of several packages merge; a file is written by one package only. The contents are not copied.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final, cast

from runtime_core.emscripten.mounts import MountTree
from schemas.errors import FormatError
from schemas.python_packages import InstallDir, PackageFile

_SUFFIX: Final = ".so"

Tree = dict[str, "bytes | memoryview | Tree"]
"""Files and directories by name, as it grows."""


@dataclass(frozen=True, kw_only=True, slots=True)
class PackageTrees:
    """``site`` and ``dynlib`` for mounts; ``libraries`` are the native libraries in ``site``, in package order."""

    site: MountTree
    dynlib: MountTree
    libraries: tuple[str, ...]


def build_trees(files: Iterable[PackageFile]) -> PackageTrees:
    """Lay out the files of a package set.

    Raises:
        FormatError: two packages write the same file, or one a file where another has a directory, or a file is none
            of a package.
    """
    site: Tree = {}
    dynlib: Tree = {}
    libraries = []
    for file in files:
        if file.install_dir is InstallDir.METADATA:
            raise FormatError("a package set holds a worker's file", found=repr(file.path)[:120])
        _add(dynlib if file.install_dir is InstallDir.DYNLIB else site, file)
        if file.install_dir is not InstallDir.DYNLIB and file.path.endswith(_SUFFIX):
            libraries.append(file.path)
    return PackageTrees(site=cast("MountTree", site), dynlib=cast("MountTree", dynlib), libraries=tuple(libraries))


def _add(root: Tree, file: PackageFile) -> None:
    *directories, leaf = file.path.split("/")
    place = root
    for depth, directory in enumerate(directories):
        entry = place.setdefault(directory, {})
        if not isinstance(entry, dict):
            path = "/".join(directories[: depth + 1])
            raise FormatError(f"file or folder {path} conflicts with a file written by another package")
        place = entry
    if leaf in place:
        if isinstance(place[leaf], dict):
            raise FormatError(f"file {file.path} conflicts with a folder of another package")
        raise FormatError(f"file {file.path} is written by several packages")
    place[leaf] = file.contents
