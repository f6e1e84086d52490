"""The files of a wheel as they are installed, held against the wheel's own list (PEP 427, "The .dist-info directory").

What is in the archive must be in ``RECORD``, what ``RECORD`` lists must be in the archive, and content must have the
hash that it names. Only ``RECORD`` and its signatures, which are made after its content, go without a hash.
"""

from __future__ import annotations

import base64
import csv
import hashlib
import io
import zipfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from email.parser import HeaderParser
from typing import Final

from runtime_core.packages.archives import MAX_UNPACKED, Budget, inflate, open_zip, plain_members
from schemas.errors import DigestMismatchError, FormatError
from schemas.python_packages import MAX_FILES, InstallDir, PackageFile, check_path

_WHAT: Final = "wheel"
_RECORD: Final = "RECORD"
_METADATA_LIMIT: Final = MAX_UNPACKED // 16
_UNHASHED: Final = (_RECORD, f"{_RECORD}.jws", f"{_RECORD}.p7s")
_ALGORITHMS: Final = frozenset({"sha256", "sha384", "sha512"})


@dataclass(frozen=True, kw_only=True, slots=True)
class WheelContents:
    """``project`` and ``version`` are what the wheel's own directory of metadata says."""

    project: str
    version: str
    files: tuple[PackageFile, ...]


def read_wheel(wheel: bytes, *, install_dir: InstallDir = InstallDir.SITE) -> WheelContents:
    """Unpack a wheel: ``*.data/purelib`` and ``platlib`` go to the root; scripts, headers and data are left out.

    Raises:
        FormatError: not a wheel, too large, a member that is no plain file, two of the same name, or not what its list
            of files says.
        DigestMismatchError: a file has another hash than the wheel's list says.
    """
    with open_zip(wheel, what=_WHAT) as archive:
        directory = _metadata_directory(archive)
        members = list(plain_members(archive, what=_WHAT))
        _check_version(archive, directory)
        listed = _read_record(archive, directory)
        unhashed = frozenset(f"{directory}/{name}" for name in _UNHASHED)
        _check_listed(members, listed, unhashed)
        project, _, version = directory.removesuffix(".dist-info").partition("-")
        files = tuple(_files(archive, members, listed, unhashed, install_dir))
    return WheelContents(project=project, version=version, files=files)


def _files(
    archive: zipfile.ZipFile,
    members: list[zipfile.ZipInfo],
    listed: Mapping[str, str],
    unhashed: frozenset[str],
    install_dir: InstallDir,
) -> Iterator[PackageFile]:
    budget = Budget()
    for member in members:
        path = _installed_path(member.filename)
        contents = inflate(archive, member, budget)
        hashed = listed.get(member.filename, "")
        if hashed or member.filename not in unhashed:
            _check_hash(member.filename, contents, hashed)
        if path is not None:
            budget.take_name(path)
            yield PackageFile(install_dir=install_dir, path=path, contents=contents)


def _installed_path(name: str) -> str | None:
    """Where a member goes below site-packages; None for scripts, headers and data of other places."""
    check_path(name)
    first, _, rest = name.partition("/")
    if not first.endswith(".data"):
        return name
    scheme, _, path = rest.partition("/")
    return path if scheme in ("purelib", "platlib") and path else None


def _metadata_directory(archive: zipfile.ZipFile) -> str:
    records = [name for name in archive.namelist() if name.endswith(f".dist-info/{_RECORD}") and name.count("/") == 1]
    if len(records) != 1:
        raise FormatError("not a wheel", expected=f"one .dist-info/{_RECORD}", found=f"{len(records)} of them")
    return records[0].partition("/")[0]


def _check_version(archive: zipfile.ZipFile, directory: str) -> None:
    headers = HeaderParser().parsestr(_text(archive, f"{directory}/WHEEL"))
    version = str(headers.get("Wheel-Version", ""))
    if version.partition(".")[0] != "1":
        raise FormatError("a wheel of an unknown version", expected="Wheel-Version: 1.x", found=repr(version)[:80])


def _read_record(archive: zipfile.ZipFile, directory: str) -> dict[str, str]:
    """The hashes of files by name, in RECORD's form, empty where there is none."""
    listed: dict[str, str] = {}
    try:
        for row in csv.reader(io.StringIO(_text(archive, f"{directory}/{_RECORD}"))):
            if row:
                hashed = row[1] if len(row) > 1 else ""
                if listed.setdefault(row[0], hashed) != hashed:
                    raise FormatError(
                        f"a wheel's {_RECORD} lists {row[0][:120]!r} twice, with different hashes",
                        expected=listed[row[0]][:100] or "no hash",
                        found=hashed[:100] or "no hash",
                    )
            if len(listed) > MAX_FILES:
                raise FormatError(f"a wheel's {_RECORD} lists too many files", expected=f"<= {MAX_FILES}")
    except csv.Error as error:
        raise FormatError(f"a wheel's {_RECORD} is not readable: {error}") from error
    return listed


def _check_listed(members: list[zipfile.ZipInfo], listed: Mapping[str, str], unhashed: frozenset[str]) -> None:
    names = {member.filename for member in members}
    if surplus := sorted(names - listed.keys() - unhashed):
        raise FormatError(f"a wheel holds a file that its {_RECORD} does not list", found=repr(surplus[0])[:120])
    if missing := sorted(listed.keys() - names - unhashed):
        raise FormatError(f"a wheel lacks a file that its {_RECORD} lists", expected=repr(missing[0])[:120])


def _check_hash(name: str, contents: bytes, recorded: str) -> None:
    if not recorded:
        raise FormatError(
            f"a wheel's {_RECORD} lists a file without a hash",
            expected=f"{' or '.join(sorted(_ALGORITHMS))} of {name[:80]!r}",
            found="none",
            hint=f"only {', '.join(_UNHASHED)} have none: the wheel was not made as its specification says",
        )
    algorithm, _, expected = recorded.partition("=")
    if algorithm not in _ALGORITHMS:
        raise FormatError(
            f"a wheel's {_RECORD} uses an unknown hash",
            expected=" or ".join(sorted(_ALGORITHMS)),
            found=f"{algorithm[:20]!r} of {name[:80]!r}",
        )
    digest = hashlib.new(algorithm, contents).digest()
    found = base64.urlsafe_b64encode(digest).rstrip(b"=").decode()
    if found != expected.rstrip("="):
        raise DigestMismatchError(
            f"{name[:120]} in a wheel is not the file that its {_RECORD} lists", expected=expected[:100], found=found
        )


def _text(archive: zipfile.ZipFile, name: str) -> str:
    try:
        info = archive.getinfo(name)
    except KeyError as error:
        raise FormatError("not a wheel", expected=name[:120], found="no such file") from error
    if info.file_size > _METADATA_LIMIT:
        raise FormatError(f"a wheel's {name.rpartition('/')[2]} is too long")
    try:
        return inflate(archive, info, Budget()).decode("utf-8")
    except UnicodeDecodeError as error:
        raise FormatError(f"a wheel's {name.rpartition('/')[2]} is no UTF-8: {error}") from error
