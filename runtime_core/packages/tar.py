"""Tar archives of packages, as workerd's package buckets hold them: ustar headers with GNU's long names.

Own reading, because what an archive may make a general reader do (extended headers of any size, nested; sparse files;
links) is not wanted here: files and directories, nothing else. Extended headers are passed over, as workerd does, but
refused where they would change what an entry is. Source of the layout: POSIX, "ustar Interchange
Format"; GNU tar manual, "Basic Tar Format".
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Final

from schemas.errors import FormatError
from schemas.python_packages import MAX_FILES, MAX_PATH, PackageFile

BLOCK: Final = 512
MAX_HEADERS: Final = 4 * MAX_FILES
_NAME: Final = slice(0, 100)
_MODE: Final = slice(100, 108)
_SIZE: Final = slice(124, 136)
_CHECKSUM: Final = slice(148, 156)
_TYPE: Final = 156
_MAGIC: Final = slice(257, 263)
_PREFIX: Final = slice(345, 500)
_USTAR: Final = b"ustar\0"  # GNU tar writes "ustar " and uses the prefix's bytes for times
_FILE: Final = (b"0", b"\0")
_DIRECTORY: Final = b"5"
_LONG_NAME: Final = b"L"
_EXTENDED: Final = b"PaxHeader"  # in the name of an extended header, however it was made
_EXTENDED_LIMIT: Final = 1 << 20
_LENGTH_DIGITS: Final = 7
_CHANGING: Final = (b"path", b"size", b"linkpath", b"GNU.sparse")
_LONG_NAME_NAME: Final = b"././@LongLink"
_FILE_MODE: Final = 0o755  # what workerd gives files of packages
_OCTAL: Final = frozenset(b"01234567")

Read = Callable[[int], bytes]
"""``read(n)`` of a stream: n bytes, fewer at its end."""


@dataclass(frozen=True, slots=True)
class Member:
    """One file: its name as it is written, and its bytes."""

    name: str
    data: bytes


def read_members(read: Read, *, take: Callable[[int], None]) -> Iterator[Member]:
    """The files of an archive, in its order; ``take`` is asked before the bytes of each are read, and before those that
    are passed over.

    Raises:
        FormatError: not such an archive, cut off, or a member that is neither file nor directory.
    """
    long_name: bytes | None = None
    for _ in range(MAX_HEADERS):
        header = _exactly(read, BLOCK)
        if not any(header):
            return
        _check_sum(header)
        size, kind = _octal(header[_SIZE], "size"), header[_TYPE : _TYPE + 1]
        if kind == _LONG_NAME:
            if long_name is not None or size > MAX_PATH + 1:
                raise FormatError(
                    "a tar archive has an unusable long name", expected=f"<= {MAX_PATH} bytes", found=size
                )
            long_name = _padded(read, size).split(b"\0", 1)[0]
            continue
        raw = _name(header) if long_name is None else long_name
        long_name = None
        if not raw or _EXTENDED in raw:
            take(size)
            _pass_over(read, raw, size)
            continue
        if kind == _DIRECTORY:
            if size:
                raise FormatError("a tar archive has a directory with content", found=repr(raw)[:120])
            continue
        if kind not in _FILE:
            raise FormatError(
                "a package's tar archive holds what is no plain file", found=f"type {kind!r} of {raw!r}"[:120]
            )
        take(size)
        yield Member(_text(raw), _padded(read, size))
    raise FormatError("a tar archive has too many members", expected=f"<= {MAX_HEADERS}")


def write_members(files: Iterable[PackageFile]) -> Iterator[bytes]:
    """The chunks of an archive of these files, in their order: without directories, owners or times, so that equal
    files give equal bytes.

    Raises:
        FormatError: a path that is no UTF-8.
    """
    for file in files:
        try:
            name = file.path.encode()
        except UnicodeEncodeError as error:
            raise FormatError("a path that is no UTF-8", found=repr(file.path)[:120]) from error
        if len(name) > _NAME.stop:
            yield _header(_LONG_NAME_NAME, len(name) + 1, _LONG_NAME)
            yield _filled(name + b"\0")
        yield _header(name[: _NAME.stop], len(file.contents), _FILE[0])
        yield _filled(file.contents)
    yield bytes(2 * BLOCK)


def _header(name: bytes, size: int, kind: bytes) -> bytes:
    if size >= 8**11:
        raise FormatError("a file is too large for a tar archive", found=size)
    header = bytearray(BLOCK)
    header[: len(name)] = name
    header[_MODE] = b"%07o\0" % _FILE_MODE
    header[108:124] = b"0000000\0" * 2  # owner and group
    header[_SIZE] = b"%011o\0" % size
    header[136:148] = b"%011o\0" % 0  # time
    header[_CHECKSUM] = b" " * 8
    header[_TYPE : _TYPE + 1] = kind
    header[257:265] = b"ustar  \0"  # GNU's form: long names are GNU's
    header[_CHECKSUM] = b"%06o\0 " % sum(header)
    return bytes(header)


def _filled(data: bytes | memoryview) -> bytes:
    return bytes(data) + bytes(-len(data) % BLOCK)


def _exactly(read: Read, count: int) -> bytes:
    data = read(count)
    if len(data) != count:
        raise FormatError("a tar archive is cut off", expected=f"{count} bytes", found=len(data))
    return data


def _padded(read: Read, size: int) -> bytes:
    return _exactly(read, -(-size // BLOCK) * BLOCK)[:size]


def _octal(field: bytes, what: str) -> int:
    digits = field.strip(b" \0")
    if not _OCTAL.issuperset(digits):
        raise FormatError(f"a tar header's {what} is no octal number", found=repr(field))
    return int(digits or b"0", 8)


def _check_sum(header: bytes) -> None:
    expected = sum(header) - sum(header[_CHECKSUM]) + 8 * ord(" ")
    if _octal(header[_CHECKSUM], "checksum") != expected:
        raise FormatError("not a readable tar archive: a header has another checksum", expected=expected)


def _name(header: bytes) -> bytes:
    name = header[_NAME].split(b"\0", 1)[0]
    prefix = header[_PREFIX].split(b"\0", 1)[0] if header[_MAGIC] == _USTAR else b""
    # workerd puts nothing between the two; archives made for that have the slash at the end of the prefix.
    return prefix.removesuffix(b"/") + b"/" + name if prefix else name


def _pass_over(read: Read, name: bytes, size: int) -> None:
    """Skip an entry without a name or with an extended header (POSIX, "pax Extended Header")."""
    if size > _EXTENDED_LIMIT:
        raise FormatError("a tar archive has an extended header that is too long", found=f"{size} bytes")
    data, start = _padded(read, size), 0
    while name and start < size:
        space = data.find(b" ", start, start + _LENGTH_DIGITS + 1)
        digits = data[start:space] if space >= 0 else b""
        end = start + int(digits) if digits.isdigit() else start
        key, equals, _ = data[space + 1 : end].partition(b"=")
        if not space < end <= size or not equals or data[end - 1 : end] != b"\n":
            raise FormatError("a tar archive has a malformed extended header", found=repr(name)[:120])
        start = end
        if key.startswith(_CHANGING):
            raise FormatError(
                "a tar archive has an extended header that changes an entry",
                found=f"{key.decode('ascii', 'replace')} in {name!r}"[:120],
                hint="write the archive in GNU's format",
            )


def _text(name: bytes) -> str:
    try:
        return name.decode()
    except UnicodeDecodeError as error:
        raise FormatError("a tar archive's name is no UTF-8", found=repr(name)[:120]) from error
