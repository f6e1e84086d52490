"""The files in a wheel or in a tar archive of a package; nothing else, and never more than is allowed.

Wheels are read with zipfile: every member is inflated with a bound, whatever its header says. For tar archives
see :mod:`runtime_core.packages.tar`.
"""

from __future__ import annotations

import csv
import gzip
import io
import stat
import zipfile
import zlib
from collections.abc import Iterable, Iterator
from typing import IO, Final, cast

from runtime_core.packages import tar
from schemas.errors import FormatError
from schemas.python_packages import MAX_FILES, InstallDir, PackageFile, check_path

MAX_UNPACKED: Final = 1 << 30
_CHUNK: Final = 1 << 20
_GZIP: Final = b"\x1f\x8b"
_RECORD: Final = ".dist-info/RECORD"


def wheel_files(wheel: bytes, *, install_dir: InstallDir = InstallDir.SITE) -> Iterator[PackageFile]:
    """The files of a wheel as they are installed: ``*.data/purelib`` and ``platlib`` go to the root; scripts are left
    out.

    Raises:
        FormatError: not a wheel, too large, a member that is no plain file, or two of the same name.
    """
    budget = _Budget()
    try:
        with zipfile.ZipFile(io.BytesIO(wheel)) as archive:
            _check_record(archive)
            for member in archive.infolist():
                if member.is_dir():
                    continue
                path = _installed_path(member.filename)
                kind = stat.S_IFMT(member.external_attr >> 16)
                if kind not in (0, stat.S_IFREG):
                    raise FormatError("a wheel holds what is no plain file", found=repr(member.filename)[:120])
                if path is None:
                    continue
                _check_compression(member)
                budget.take_name(path)
                yield PackageFile(install_dir=install_dir, path=path, contents=_inflate(archive, member, budget))
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError, OSError, ValueError) as error:
        raise FormatError(f"not a readable wheel: {error}") from error


def tar_files(archive: bytes, *, install_dir: InstallDir) -> Iterator[PackageFile]:
    """The files of a tar archive, gzip-compressed or not; one leading ``./`` is dropped, directories are implied.

    Raises:
        FormatError: not a tar archive, too large, or a member that is neither file nor directory.
    """
    budget = _Budget()
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


class _Budget:
    """What one archive may hold."""

    def __init__(self) -> None:
        self._names: set[str] = set()
        self._left = MAX_UNPACKED

    def take_name(self, path: str) -> None:
        if path in self._names:
            raise FormatError("an archive has a file twice", found=repr(path)[:120])
        self._names.add(path)
        if len(self._names) > MAX_FILES:
            raise FormatError("an archive has too many files", expected=f"<= {MAX_FILES}")

    def take_bytes(self, count: int) -> None:
        self._left -= count
        if self._left < 0:
            raise FormatError("an archive unpacks to more than is allowed", expected=f"<= {MAX_UNPACKED} bytes")


def _check_compression(member: zipfile.ZipInfo) -> None:
    """Only what wheels use: the other methods reserve as much memory as the archive asks for."""
    if member.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        raise FormatError(
            "a wheel's member is compressed by another method",
            expected="stored or deflated",
            found=f"method {member.compress_type} of {member.filename[:80]!r}",
        )


def _inflate(archive: zipfile.ZipFile, member: zipfile.ZipInfo, budget: _Budget) -> bytes:
    parts = []
    with archive.open(member) as stream:
        while chunk := stream.read(_CHUNK):
            budget.take_bytes(len(chunk))
            parts.append(chunk)
    return b"".join(parts)


def _installed_path(name: str) -> str | None:
    """Where a member goes below site-packages; None for scripts, headers and data of other places."""
    check_path(name)
    first, _, rest = name.partition("/")
    if not first.endswith(".data"):
        return name
    scheme, _, path = rest.partition("/")
    return path if scheme in ("purelib", "platlib") and path else None


def _check_record(archive: zipfile.ZipFile) -> None:
    """A wheel lists its files; one that does not is something else."""
    records = [name for name in archive.namelist() if name.endswith(_RECORD) and name.count("/") == 1]
    if len(records) != 1:
        raise FormatError("not a wheel", expected="one .dist-info/RECORD", found=f"{len(records)} of them")
    info = archive.getinfo(records[0])
    _check_compression(info)
    if info.file_size > MAX_UNPACKED // 16:
        raise FormatError("a wheel's RECORD is too long")
    try:
        text = _inflate(archive, info, _Budget()).decode("utf-8")
        listed = {row[0] for row in csv.reader(io.StringIO(text)) if row}
    except (UnicodeDecodeError, csv.Error) as error:
        raise FormatError(f"a wheel's RECORD is not readable: {error}") from error
    for name in archive.namelist():
        if not name.endswith("/") and name not in listed and not name.startswith(records[0]):
            raise FormatError("a wheel holds a file that its RECORD does not list", found=repr(name)[:120])
