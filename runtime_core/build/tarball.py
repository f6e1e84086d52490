"""Take known files out of a package tarball, and nothing else."""

from __future__ import annotations

import gzip
import hashlib
import tarfile
import zlib
from collections.abc import Mapping
from pathlib import Path, PurePosixPath
from typing import IO, Final, cast

from runtime_core.build.pins import FilePin
from schemas.digest import Digest
from schemas.errors import DigestMismatchError, FormatError, SizeMismatchError

# Far above any package in use (binaryen unpacks to 109 MB); a bound on what a gzip bomb can cost.
UNPACKED_LIMIT: Final = 512 << 20
_CHUNK: Final = 1 << 20


class _CappedReader:
    """Hands on at most ``limit`` bytes of a stream; ``read`` is all that tarfile's stream mode calls."""

    def __init__(self, stream: gzip.GzipFile, limit: int) -> None:
        self._stream = stream
        self._limit = limit
        self._left = limit

    def read(self, size: int) -> bytes:
        data = self._stream.read(size)
        self._left -= len(data)
        if self._left < 0:
            raise FormatError("the tarball unpacks to more than is allowed", expected=f"<= {self._limit} bytes")
        return data


def extract_members(tarball: Path, members: Mapping[str, FilePin], destination: Path) -> None:
    """Write the named members of an npm tarball into a directory, each under its last path component.

    ``members`` are paths below the tarball's ``package/`` directory. Other members are passed over; a member that
    tries to leave the directory condemns the whole tarball.

    Raises:
        FormatError: not a gzip tar file, truncated, too large, or a member is missing, doubled or no regular file.
        SizeMismatchError: a member has another size than pinned.
        DigestMismatchError: a member has other bytes than pinned.
    """
    missing = set(members)
    try:
        with gzip.open(tarball, "rb") as unpacked:
            reader = _CappedReader(unpacked, UNPACKED_LIMIT)
            with tarfile.open(fileobj=cast("IO[bytes]", reader), mode="r|") as archive:
                for entry in archive:
                    name = _member_name(entry.name)
                    if name not in members:
                        continue
                    if name not in missing:
                        raise FormatError(f"the tarball has {name} twice")
                    missing.remove(name)
                    _extract(archive, entry, members[name], destination / PurePosixPath(name).name)
            while reader.read(_CHUNK):  # to gzip's own check at the very end
                pass
    except (tarfile.TarError, gzip.BadGzipFile, zlib.error, EOFError, UnicodeError) as error:
        raise FormatError(f"not a readable package tarball: {error}", expected="a complete .tgz file") from error
    if missing:
        raise FormatError("the tarball lacks files", expected=", ".join(sorted(missing)))


def _member_name(name: str) -> str:
    """The path below ``package/``; empty for anything elsewhere in the archive."""
    path = PurePosixPath(name)
    if path.is_absolute() or ".." in path.parts or "\\" in name:
        raise FormatError("the tarball has a member outside its directory", found=repr(name)[:120])
    return name.removeprefix("package/") if name.startswith("package/") else ""


def _extract(archive: tarfile.TarFile, entry: tarfile.TarInfo, pin: FilePin, target: Path) -> None:
    if not entry.isreg():
        raise FormatError(f"{entry.name} is not a regular file")
    if entry.size != pin.size:
        raise SizeMismatchError(f"{entry.name} has another size", expected=pin.size, found=entry.size)
    source = archive.extractfile(entry)
    if source is None:
        raise FormatError(f"{entry.name} has no contents")
    hasher = hashlib.sha256()
    with target.open("xb") as sink:
        while chunk := source.read(_CHUNK):
            hasher.update(chunk)
            sink.write(chunk)
    found = Digest(hasher.hexdigest())
    if found != pin.digest:
        raise DigestMismatchError(f"{entry.name} has other bytes", expected=pin.digest, found=found)
