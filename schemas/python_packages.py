"""Package sets (``python_packages.capnp``): the files of all packages of a release in one message.

Reading copies no contents: they are views of the message, which may be a mapped file.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from enum import Enum
from pathlib import PurePosixPath
from typing import Final

from schemas import _capnp
from schemas.errors import FormatError

MAX_BYTES: Final = 2 << 30
MAX_FILES: Final = 200_000
MAX_PATH: Final = 1024
MAX_DEPTH: Final = 64
"""Names in a path."""
MAX_NAME: Final = 255
"""Bytes of UTF-8 that a name in a directory can have."""
_UNUSABLE: Final = re.compile(r"[\\\x00-\x1f\x7f-\x9f]")
"""Backslashes, and what would act on a terminal instead of being shown."""
_FILE: Final = "python_packages.capnp"
_ROOT: Final = "PythonPackages"


class InstallDir(Enum):
    """Which tree a file belongs to; values are those of pyodide-lock.json's ``install_dir``."""

    SITE = "site"
    """site-packages."""
    STDLIB = "stdlib"
    """A part of the standard library that Pyodide ships apart; goes to site-packages, too."""
    DYNLIB = "dynlib"
    """Shared libraries, for the library search path."""
    METADATA = "metadata"
    """A file of a worker: in worker bundles only, never in package sets or locks."""


@dataclass(frozen=True, kw_only=True, slots=True)
class PackageFile:
    """One file. ``path`` is relative and plain: no empty, ``.`` or ``..`` component, no backslash or control
    character."""

    install_dir: InstallDir
    path: str
    contents: bytes | memoryview

    def __post_init__(self) -> None:
        check_path(self.path)


def check_path(path: str) -> None:
    """Refuse what is no plain relative path.

    Raises:
        FormatError: with the path.
    """
    parts = path.split("/")
    try:
        too_long = any(len(part.encode()) > MAX_NAME for part in parts)
    except UnicodeEncodeError as error:
        raise FormatError("a path of a package's file is no UTF-8", found=repr(path)[:120]) from error
    if (
        not path
        or len(path) > MAX_PATH
        or too_long
        or len(parts) > MAX_DEPTH
        or any(part in ("", ".", "..") for part in parts)
        or _UNUSABLE.search(path)
        or str(PurePosixPath(path)) != path
    ):
        raise FormatError(
            "not a plain path of a package's file",
            expected="a relative path without . and .., control characters and long names",
            found=repr(path)[:120],
        )


def encode_packages(files: Iterable[PackageFile]) -> bytes:
    """The message of a package set; equal files in equal order give equal bytes.

    Raises:
        FormatError: more than MAX_FILES, or a longer message than MAX_BYTES.
    """
    values = [
        {"installDir": file.install_dir.value, "path": file.path, "contents": bytes(file.contents)} for file in files
    ]
    if len(values) > MAX_FILES:
        raise FormatError("a package set has too many files", expected=f"<= {MAX_FILES}", found=len(values))
    total = sum(len(value["path"]) + len(value["contents"]) + 64 for value in values)  # 64: pointers and padding
    if total > MAX_BYTES:
        raise FormatError("a package set is too large", expected=f"<= {MAX_BYTES} bytes", found=total)
    return _capnp.encode(_FILE, _ROOT, {"files": values}, max_bytes=MAX_BYTES, expected_bytes=total + 4096)


def decode_packages(data: bytes | memoryview) -> tuple[PackageFile, ...]:
    """The files of a package set. Their contents are views that keep the message alive.

    Raises:
        FormatError: not such a message, or a path that is not plain.
    """
    message = memoryview(data)
    with _capnp.decode(_FILE, _ROOT, message, max_bytes=MAX_BYTES) as root:
        return tuple(
            PackageFile(
                install_dir=_install_dir(file.text("installDir", max_length=16)),
                path=file.text("path", max_length=MAX_PATH),
                contents=file.data("contents", message),
            )
            for file in root.structs("files", limit=MAX_FILES)
        )


def _install_dir(text: str) -> InstallDir:
    try:
        return InstallDir(text)
    except ValueError:
        raise FormatError(
            "a package's file belongs to an unknown tree", expected="site, stdlib or dynlib", found=repr(text)
        ) from None
