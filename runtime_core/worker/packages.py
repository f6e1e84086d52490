"""The package set in a guest: where its trees are mounted, and how the interpreter finds them."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Final

from runtime_core.emscripten.boot import run_simple_string
from runtime_core.emscripten.mounts import Mount, map_file
from runtime_core.guest import Guest
from runtime_core.packages.overlay import build_trees
from schemas.python_packages import InstallDir, PackageFile, decode_packages

_SITE: Final = "packages-site"
_DYNLIB: Final = "packages-dynlib"
_DYNLIB_PATH: Final = "/usr/lib/packages"


def site_path(python_version: str) -> str:
    """Where the packages of a release are: workerd's place for them."""
    return f"/session/lib/python{python_version}/site-packages"


def package_path(file: PackageFile, python_version: str) -> str:
    """Where a file of a package set is in a guest."""
    root = _DYNLIB_PATH if file.install_dir is InstallDir.DYNLIB else site_path(python_version)
    return f"{root}/{file.path}"


def library_paths(python_version: str) -> tuple[str, ...]:
    """Where guests look for libraries that libraries need."""
    return _DYNLIB_PATH, site_path(python_version)


def package_mounts(data: memoryview) -> tuple[Mount, ...]:
    """The mounts of a package set's message, which they keep alive.

    Raises:
        FormatError: it is not one, or its files conflict.
    """
    trees = build_trees(decode_packages(data))
    return (Mount(name=_SITE, source=trees.site), Mount(name=_DYNLIB, source=trees.dynlib))


def package_mounts_of(path: Path) -> tuple[Mount, ...]:
    """The mounts of a package set's file, mapped."""
    return package_mounts(map_file(path))


def add_packages(guest: Guest, mounts: Sequence[Mount], python_version: str) -> None:
    """Mount a package set in a fresh guest and put it at the end of the search path.

    Raises:
        HostError: the guest refused.
    """
    site = site_path(python_version)
    fs = guest.emscripten.fs
    for mount, path in zip(mounts, (site, _DYNLIB_PATH), strict=True):
        fs.make_directories(path.rpartition("/")[0])
        fs.mount(path, mount)
    guest.emscripten.environment["LD_LIBRARY_PATH"] = ":".join(library_paths(python_version))
    source = f"import sys, importlib\nsys.path.append({site!r})\nimportlib.invalidate_caches()\ndel sys, importlib"
    run_simple_string(guest.instance, guest.emscripten, source)
