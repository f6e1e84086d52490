"""Worker bundles: the files of one worker, as it sees them below ``/session/metadata``.

A bundle travels as a ``PythonPackages`` message whose files belong to the tree ``metadata``; the first file is the main
module, as in workerd. ``python_modules`` holds vendored packages, ``python_modules/lib`` libraries that those need.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Final, cast

from runtime_core.emscripten.mounts import MountTree
from schemas.errors import ConfigError, FormatError
from schemas.python_packages import (
    MAX_FILES,
    InstallDir,
    PackageFile,
    check_path,
    decode_packages,
    encode_packages,
)

MAX_BYTES: Final = 512 << 20
MODULES_DIRECTORY: Final = "python_modules"
_PYTHON: Final = ".py"
_PASSED_OVER: Final = frozenset({"__pycache__", "node_modules"})

_Tree = dict[str, "bytes | memoryview | _Tree"]


@dataclass(frozen=True, kw_only=True, slots=True)
class WorkerBundle:
    """The files of a worker: ``main`` is the path of its main module, ``files`` are contents by path, the main module
    first and the others sorted.

    Raises:
        FormatError: a path is not plain, there is no such main module, a vendored module has its name, or one name is
            a file and a directory.
    """

    main: str
    files: Mapping[str, bytes | memoryview]

    def __post_init__(self) -> None:
        _check_size(self.files)
        for path in self.files:
            check_path(path)
        _check_main(self.main, self.files)
        _check_vendored(self.main, self.files)
        # One order, whatever order the files were found in: inode numbers follow it.
        ordered = {path: self.files[path] for path in [self.main, *sorted(self.files.keys() - {self.main})]}
        object.__setattr__(self, "files", MappingProxyType(ordered))
        self.tree()

    @property
    def module(self) -> str:
        """What the main module is imported as."""
        return self.main.removesuffix(_PYTHON)

    @property
    def libraries(self) -> tuple[str, ...]:
        """Paths of the native libraries, in the order of the files."""
        return tuple(path for path in self.files if path.endswith(".so"))

    @classmethod
    def of_directory(cls, directory: Path, main: str) -> WorkerBundle:
        """Read a directory: every file but those below ``__pycache__``, ``node_modules`` and names with a dot in front.

        Raises:
            ConfigError: it cannot be read, or holds something else than files and directories (links, for one).
            FormatError: its files make no bundle.
        """
        files: dict[str, bytes | memoryview] = {}
        size = 0
        for path in _host_files(directory):
            try:
                size += path.stat().st_size
                if size > MAX_BYTES or len(files) >= MAX_FILES:
                    raise FormatError(
                        "a worker has too many files", expected=f"<= {MAX_BYTES} bytes, {MAX_FILES} files"
                    )
                files[path.relative_to(directory).as_posix()] = path.read_bytes()
            except OSError as error:
                raise ConfigError(f"cannot read the worker's {path}: {error.strerror or error}") from error
        return cls(main=main, files=files)

    @classmethod
    def of_file(cls, path: Path) -> WorkerBundle:
        """A worker that is one file.

        Raises:
            ConfigError: it cannot be read.
            FormatError: its name is not one of a module.
        """
        try:
            return cls(main=path.name, files={path.name: path.read_bytes()})
        except OSError as error:
            raise ConfigError(f"cannot read the worker {path}: {error.strerror or error}") from error

    @classmethod
    def decode(cls, data: bytes | memoryview) -> WorkerBundle:
        """Read a bundle's message; contents are views of it.

        Raises:
            FormatError: it is not a bundle, or one with files that make none.
        """
        listed = decode_packages(data)
        files: dict[str, bytes | memoryview] = {}
        for file in listed:
            if file.install_dir is not InstallDir.METADATA:
                raise FormatError(
                    "a worker bundle holds a file of a package set", expected="metadata", found=file.install_dir.value
                )
            if file.path in files:
                raise FormatError("a worker bundle has a file twice", found=repr(file.path)[:120])
            files[file.path] = file.contents
        if not listed:
            raise FormatError("a worker bundle is empty", expected="its main module first")
        return cls(main=listed[0].path, files=files)

    def encode(self) -> bytes:
        """The message; equal bundles are equal bytes."""
        return encode_packages(
            PackageFile(install_dir=InstallDir.METADATA, path=path, contents=contents)
            for path, contents in self.files.items()
        )

    def tree(self) -> MountTree:
        """The files as a tree for a mount, in their order.

        Raises:
            FormatError: one name is a file and a directory.
        """
        root: _Tree = {}
        for path, contents in self.files.items():
            *directories, leaf = path.split("/")
            place = root
            for directory in directories:
                below = place.setdefault(directory, {})
                if not isinstance(below, dict):
                    raise _both(path)
                place = below
            if leaf in place:
                raise _both(path)
            place[leaf] = contents
        return cast("MountTree", root)


def _both(path: str) -> FormatError:
    return FormatError("a name in a worker bundle is a file and a directory", found=repr(path)[:120])


def _check_size(files: Mapping[str, bytes | memoryview]) -> None:
    size = sum(map(len, files.values()))
    if size > MAX_BYTES or len(files) > MAX_FILES:
        raise FormatError(
            "a worker bundle is too large",
            expected=f"<= {MAX_BYTES} bytes, {MAX_FILES} files",
            found=f"{size} bytes, {len(files)} files",
        )


def _check_main(main: str, files: Mapping[str, bytes | memoryview]) -> None:
    name = main.removesuffix(_PYTHON)
    if name == main or not name or "/" in name or "." in name:
        raise FormatError(
            "not the name of a worker's main module", expected="NAME.py at the top", found=repr(main)[:120]
        )
    if main not in files:
        raise FormatError("a worker bundle has no main module", expected=main, found=f"{len(files)} other files")


def _check_vendored(main: str, files: Mapping[str, bytes | memoryview]) -> None:
    """Vendored modules come first in the search path: one with the main module's name would be run in its place."""
    base = f"{MODULES_DIRECTORY}/{main.removesuffix(_PYTHON)}"
    for path in files:
        if path.startswith(f"{MODULES_DIRECTORY}/{main}") or path in (f"{base}/__init__.py", f"{base}.so"):
            raise FormatError(f"Python module {path} clashes with main module", hint="rename the main module")


def _host_files(directory: Path) -> Iterator[Path]:
    """The files below a directory, sorted, whatever the order of the host's file system."""

    def refuse(error: OSError) -> None:
        raise ConfigError(f"cannot read the worker's directory {error.filename}: {error.strerror or error}") from error

    for place, directories, names in os.walk(directory, onerror=refuse):
        directories[:] = sorted(name for name in directories if not _passed_over(name))
        for name in (*directories, *names):
            path = Path(place, name)
            if not _passed_over(name) and (path.is_symlink() or not (path.is_file() or path.is_dir())):
                raise ConfigError(
                    "a worker's directory holds something else than files and directories",
                    found=str(path.relative_to(directory)),
                    hint="copy what it refers to",
                )
        yield from (Path(place, name) for name in sorted(names) if not _passed_over(name))


def _passed_over(name: str) -> bool:
    return name.startswith(".") or name in _PASSED_OVER
