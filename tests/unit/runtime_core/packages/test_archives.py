"""Files out of wheels and tar archives, and archives that are refused."""

from __future__ import annotations

import contextlib
import gzip
import io
import random
import tarfile
import zipfile
from collections.abc import Callable

import pytest

from runtime_core.packages import archives
from runtime_core.packages.archives import tar_archive, tar_files, wheel_files
from schemas.errors import FormatError
from schemas.python_packages import InstallDir, PackageFile

RECORD = "demo-1.0.dist-info/RECORD"


def wheel(files: dict[str, bytes], *, record: str | None = None, modes: dict[str, int] | None = None) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in files.items():
            info = zipfile.ZipInfo(name)
            info.compress_type = zipfile.ZIP_DEFLATED
            info.external_attr = (modes or {}).get(name, 0o100644) << 16
            archive.writestr(info, data)
        listed = "".join(f"{name},,\n" for name in files) if record is None else record
        archive.writestr(RECORD, listed + f"{RECORD},,\n")
    return buffer.getvalue()


def tar(members: list[tuple[str, bytes, bytes]], *, compressed: bool = False) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w", format=tarfile.GNU_FORMAT) as archive:
        for name, data, kind in members:
            info = tarfile.TarInfo(name)
            info.type, info.size = kind, len(data)
            archive.addfile(info, io.BytesIO(data))
    return gzip.compress(buffer.getvalue()) if compressed else buffer.getvalue()


def test_a_wheel_is_laid_out_as_it_is_installed() -> None:
    data = wheel(
        {
            "demo/__init__.py": b"x = 1",
            "demo-1.0.data/purelib/pure.py": b"pure",
            "demo-1.0.data/platlib/native.so": b"native",
            "demo-1.0.data/scripts/run": b"#!python",
        }
    )
    found = {file.path: bytes(file.contents) for file in wheel_files(data)}
    record = found.pop(RECORD)
    assert found == {"demo/__init__.py": b"x = 1", "pure.py": b"pure", "native.so": b"native"}
    assert b"scripts/run" in record


@pytest.mark.parametrize("compressed", [False, True])
def test_a_tar_archive(compressed: bool) -> None:
    long_name = "a" * 90 + "/" + "b" * 90 + ".py"
    data = tar(
        [("./pkg", b"", tarfile.DIRTYPE), ("./pkg/x.py", b"x", tarfile.REGTYPE), (long_name, b"y", b"0")],
        compressed=compressed,
    )
    found = [
        (file.path, bytes(file.contents), file.install_dir) for file in tar_files(data, install_dir=InstallDir.DYNLIB)
    ]
    assert found == [("pkg/x.py", b"x", InstallDir.DYNLIB), (long_name, b"y", InstallDir.DYNLIB)]


BAD_WHEELS: dict[str, Callable[[], bytes]] = {
    "no zip": lambda: b"not a zip file",
    "cut off": lambda: wheel({"a.py": b"x" * 1000})[:-30],
    "no RECORD": lambda: b"PK\x05\x06" + bytes(18),
    "unlisted file": lambda: wheel({"a.py": b""}, record=""),
    "path traversal": lambda: wheel({"../a.py": b""}),
    "absolute path": lambda: wheel({"/etc/passwd": b""}),
    "backslash": lambda: wheel({"a\\b.py": b""}),
    "symbolic link": lambda: wheel({"a.py": b"/etc/passwd"}, modes={"a.py": 0o120777}),
    "same file by two schemes": lambda: wheel({"a.py": b"1", "demo-1.0.data/purelib/a.py": b"2"}),
    "damaged content": lambda: (
        wheel({"a.py": b"x" * 5000}).replace(b"\x9b", b"\x9c", 1)[:60]
        + wheel({"a.py": b"x" * 5000})[60:-90]
        + b"\0" * 90
    ),
}


@pytest.mark.parametrize("reason", BAD_WHEELS)
def test_refused_wheels(reason: str) -> None:
    with pytest.raises(FormatError):
        list(wheel_files(BAD_WHEELS[reason]()))


@pytest.mark.parametrize(
    ("members", "reason"),
    [
        ([("link", b"", tarfile.SYMTYPE)], "no plain file"),
        ([("device", b"", tarfile.CHRTYPE)], "no plain file"),
        ([("../x", b"", tarfile.REGTYPE)], "plain path"),
        ([("/x", b"", tarfile.REGTYPE)], "plain path"),
        ([("x", b"1", tarfile.REGTYPE), ("x", b"2", tarfile.REGTYPE)], "twice"),
    ],
)
def test_refused_tar_archives(members: list[tuple[str, bytes, bytes]], reason: str) -> None:
    with pytest.raises(FormatError, match=reason):
        list(tar_files(tar(members), install_dir=InstallDir.SITE))


def test_what_was_written_as_tar_is_read() -> None:
    names = ["x.py", "a" * 100, "b" * 101, "c" * 90 + "/" + "d" * 200, "ä" * 60 + "/ö.py"]
    files = [
        PackageFile(install_dir=InstallDir.SITE, path=name, contents=bytes([index]) * index * 300)
        for index, name in enumerate(names)
    ]
    data = tar_archive(files)
    assert data == tar_archive(files)
    assert list(tar_files(data, install_dir=InstallDir.SITE)) == files
    with tarfile.open(fileobj=io.BytesIO(data)) as archive:
        assert [(item.name, item.mode, item.mtime, item.isreg()) for item in archive] == [
            (name, 0o755, 0, True) for name in names
        ]


def test_a_prefix_of_ustar() -> None:
    buffer = io.BytesIO()
    name = "a" * 90 + "/" + "b" * 90
    with tarfile.open(fileobj=buffer, mode="w", format=tarfile.USTAR_FORMAT) as archive:
        archive.addfile(tarfile.TarInfo(name))
    assert [file.path for file in tar_files(buffer.getvalue(), install_dir=InstallDir.SITE)] == [name]


BAD_TARS = {
    "empty": b"",
    "zeros that end early": bytes(100),
    "no end": tar([("x", b"", tarfile.REGTYPE)])[:512],
    "extended header": tar([("PaxHeader/x", bytes(20), tarfile.XHDTYPE)]),
    "long name of a long name": tar([("L", b"abc", tarfile.GNUTYPE_LONGNAME)] * 2),
    "long name that is too long": tar([("L", b"a" * 5000, tarfile.GNUTYPE_LONGNAME)]),
    "wrong checksum": b"y" + tar([("x", b"", tarfile.REGTYPE)])[1:],
    "directory with content": tar([("x", b"", tarfile.REGTYPE)]).replace(b"0" * 11, b"0" * 10 + b"1", 1),
    "sparse file": tar([("x", b"abc", tarfile.GNUTYPE_SPARSE)]),
    "hard link": tar([("x", b"", tarfile.LNKTYPE)]),
    "name that is no UTF-8": tar([("x\udcff", b"", tarfile.REGTYPE)]),
    "damaged compression": gzip.compress(bytes(5000))[:20],
}


@pytest.mark.parametrize("reason", BAD_TARS)
def test_more_refused_tar_archives(reason: str) -> None:
    with pytest.raises(FormatError):
        list(tar_files(BAD_TARS[reason], install_dir=InstallDir.SITE))


@pytest.mark.parametrize("method", [zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_wheels_are_stored_or_deflated(method: int) -> None:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", method) as archive:
        archive.writestr("a.py", b"x")
        archive.writestr(RECORD, f"a.py,,\n{RECORD},,\n")
    with pytest.raises(FormatError, match="another method"):
        list(wheel_files(buffer.getvalue()))


@pytest.mark.parametrize("seed", range(30))
def test_damaged_archives(seed: int) -> None:
    source = random.Random(seed)
    member = [("x", b"abc", b"0")]
    for index, data in enumerate(
        (wheel({"a.py": b"x" * 50, "b/c.py": b"y"}), tar(member), tar(member, compressed=True))
    ):
        damaged = bytearray(data)
        for _ in range(source.randrange(1, 6)):
            damaged[source.randrange(len(damaged))] = source.randrange(256)
        with contextlib.suppress(FormatError):
            list(tar_files(bytes(damaged), install_dir=InstallDir.SITE) if index else wheel_files(bytes(damaged)))


def test_a_cut_off_tar_archive() -> None:
    data = tar([("x", b"1" * 5000, tarfile.REGTYPE)])
    with pytest.raises(FormatError):
        list(tar_files(data[:1024], install_dir=InstallDir.SITE))


def test_bombs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(archives, "MAX_UNPACKED", 100_000)
    zeros = bytes(200_000)
    with pytest.raises(FormatError, match="more than is allowed"):
        list(wheel_files(wheel({"a": zeros})))
    with pytest.raises(FormatError, match="more than is allowed"):
        list(tar_files(tar([("a", zeros, tarfile.REGTYPE)], compressed=True), install_dir=InstallDir.SITE))
