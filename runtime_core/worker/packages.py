"""A release's package set and a worker's files in a guest: read-only mounts, shared by all isolates of a process."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Final

from runtime_core.emscripten.boot import run_simple_string
from runtime_core.emscripten.mounts import Mount, map_file
from runtime_core.guest import Guest
from runtime_core.packages.bundle import WorkerBundle
from runtime_core.packages.overlay import build_trees
from runtime_core.worker.search_path import (
    DYNLIB_PATH,
    METADATA_PATH,
    SearchPathOptions,
    add_vendored_packages,
    library_paths,
    site_path,
)
from schemas.python_packages import InstallDir, PackageFile, decode_packages

__all__ = [
    "add_packages",
    "add_worker",
    "library_paths",
    "package_mounts",
    "package_mounts_of",
    "package_path",
    "site_path",
    "worker_mount",
]

WORKER_MOUNT: Final = "worker"
_SITE: Final = "packages-site"
_DYNLIB: Final = "packages-dynlib"
_PACKAGE_FILE_MODE: Final = 0o755  # those of workerd's file systems
_PACKAGE_DIRECTORY_MODE: Final = 0o777
_WORKER_MODE: Final = 0o555


def package_path(file: PackageFile, python_version: str) -> str:
    """Where a file of a package set or a worker bundle is in a guest."""
    match file.install_dir:
        case InstallDir.DYNLIB:
            return f"{DYNLIB_PATH}/{file.path}"
        case InstallDir.METADATA:
            return f"{METADATA_PATH}/{file.path}"
        case _:
            return f"{site_path(python_version)}/{file.path}"


def package_mounts(data: memoryview) -> tuple[Mount, ...]:
    """The mounts of a package set's message, which they keep alive.

    Raises:
        FormatError: it is not one, or its files conflict.
    """
    trees = build_trees(decode_packages(data))
    modes = {"file_mode": _PACKAGE_FILE_MODE, "directory_mode": _PACKAGE_DIRECTORY_MODE}
    return (Mount(name=_SITE, source=trees.site, **modes), Mount(name=_DYNLIB, source=trees.dynlib, **modes))


def package_mounts_of(path: Path) -> tuple[Mount, ...]:
    """The mounts of a package set's file, mapped."""
    return package_mounts(map_file(path))


def worker_mount(bundle: WorkerBundle, *, time_ms: int) -> Mount:
    """The mount of a worker's files, which it keeps alive; ``time_ms`` is the time of mounting, which they show."""
    return Mount(
        name=WORKER_MOUNT,
        source=bundle.tree(),
        time_ms=time_ms,
        file_mode=_WORKER_MODE,
        directory_mode=_WORKER_MODE,
    )


def add_packages(guest: Guest, mounts: Sequence[Mount], python_version: str) -> None:
    """Mount a package set in a guest that has none.

    Raises:
        HostError: the guest refused.
    """
    for mount, path in zip(mounts, (site_path(python_version), DYNLIB_PATH), strict=True):
        _mount(guest, mount, path)
    run_simple_string(
        guest.instance, guest.emscripten, "import importlib\nimportlib.invalidate_caches()\ndel importlib"
    )


def add_worker(guest: Guest, mount: Mount, options: SearchPathOptions | None = None) -> None:
    """Mount a worker's files in a guest that has none, and set up the search path for them.

    Raises:
        HostError: the guest refused; the message holds its traceback.
    """
    _mount(guest, mount, METADATA_PATH)
    add_vendored_packages(guest, options or SearchPathOptions())


def _mount(guest: Guest, mount: Mount, path: str) -> None:
    fs = guest.emscripten.fs
    fs.make_directories(path.rpartition("/")[0])
    fs.mount(path, mount)
