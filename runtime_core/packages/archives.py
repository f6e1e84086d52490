"""The files in a zip or tar archive of a package; nothing else, and never more than is allowed.

Every member of a zip archive is inflated with a bound, whatever its header says. For the format of tar archives see
:mod:`runtime_core.packages.tar`, for wheels :mod:`runtime_core.packages.wheels`.
"""

from __future__ import annotations

import gzip
import io
import stat
import zipfile
import zlib
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import IO, Final, cast

from runtime_core.packages import tar
from schemas.errors import FormatError
from schemas.python_packages import MAX_FILES, InstallDir, PackageFile, check_path

MAX_UNPACKED: Final = 1 << 30
_CHUNK: Final = 1 << 20
_GZIP: Final = b"\x1f\x8b"


def zip_files(archive: bytes, *, install_dir: InstallDir) -> Iterator[PackageFile]:
    """The files of a zip archive; directories are implied.

    Raises:
        FormatError: not a zip archive, too large, a member that is no plain file, or two of the same name.
    """
    budget = Budget()
    with open_zip(archive, what="zip archive") as opened:
        for member in plain_members(opened, what="zip archive"):
            check_path(member.filename)
            budget.take_name(member.filename)
            yield PackageFile(install_dir=install_dir, path=member.filename, contents=inflate(opened, member, budget))


def tar_files(archive: bytes, *, install_dir: InstallDir) -> Iterator[PackageFile]:
    """The files of a tar archive, gzip-compressed or not; one leading ``./`` is dropped, directories are implied.

    Raises:
        FormatError: not a tar archive, too large, or a member that is neither file nor directory.
    """
    budget = Budget()
    raw = io.BytesIO(archive)
    try:
        with cast("IO[bytes]", gzip.GzipFile(fileobj=raw)) if archive[:2] == _GZIP else raw as plain:
            for member in tar.read_members(plain.read, take=budget.take_bytes):
                path = member.name.removeprefix("./")
                check_path(path)
                budget.take_name(path)
                yield PackageFile(install_dir=install_dir, path=path, contents=member.data)
    except (gzip.BadGzipFile, zlib.error, EOFError) as error:
        raise FormatError(f"not a readable tar archive: {error}") from error


def tar_archive(files: Iterable[PackageFile]) -> bytes:
    """A tar archive of files; equal files in equal order give equal bytes.

    Raises:
        FormatError: a path that is no UTF-8.
    """
    return b"".join(tar.write_members(files))


class Budget:
    """What one archive may hold."""

    def __init__(self) -> None:
        self._names: set[str] = set()
        self._left = MAX_UNPACKED

    def take_name(self, path: str) -> None:
        """Count a file.

        Raises:
            FormatError: it is the second of its name, or one too many.
        """
        if path in self._names:
            raise FormatError("an archive has a file twice", found=repr(path)[:120])
        self._names.add(path)
        if len(self._names) > MAX_FILES:
            raise FormatError("an archive has too many files", expected=f"<= {MAX_FILES}")

    def take_bytes(self, count: int) -> None:
        """Count bytes of content.

        Raises:
            FormatError: they are too many.
        """
        self._left -= count
        if self._left < 0:
            raise FormatError("an archive unpacks to more than is allowed", expected=f"<= {MAX_UNPACKED} bytes")


@contextmanager
def open_zip(archive: bytes, *, what: str) -> Iterator[zipfile.ZipFile]:
    """A zip archive; what zipfile raises while it is used becomes an error with ``what`` it was to be.

    Raises:
        FormatError: it is not one, or damaged.
    """
    try:
        with zipfile.ZipFile(io.BytesIO(archive)) as opened:
            yield opened
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError, OSError, ValueError) as error:
        raise FormatError(f"not a readable {what}: {error}") from error


def plain_members(archive: zipfile.ZipFile, *, what: str) -> Iterator[zipfile.ZipInfo]:
    """The files of a zip archive.

    Raises:
        FormatError: a member is neither file nor directory, or compressed in an unusual way.
    """
    for member in archive.infolist():
        if member.is_dir():
            continue
        if stat.S_IFMT(member.external_attr >> 16) not in (0, stat.S_IFREG):
            raise FormatError(f"a {what} holds what is no plain file", found=repr(member.filename)[:120])
        # Only what wheels use: the other methods reserve as much memory as the archive asks for.
        if member.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
            raise FormatError(
                f"a member of a {what} is compressed by another method",
                expected="stored or deflated",
                found=f"method {member.compress_type} of {member.filename[:80]!r}",
            )
        yield member


def inflate(archive: zipfile.ZipFile, member: zipfile.ZipInfo, budget: Budget) -> bytes:
    """The content of a member.

    Raises:
        FormatError: it is more than the budget has left.
    """
    parts = []
    with archive.open(member) as stream:
        while chunk := stream.read(_CHUNK):
            budget.take_bytes(len(chunk))
            parts.append(chunk)
    return b"".join(parts)
