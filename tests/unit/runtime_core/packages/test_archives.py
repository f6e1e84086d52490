"""Files out of zip and tar archives, and archives that are refused."""

from __future__ import annotations

import contextlib
import gzip
import io
import random
import tarfile
import time
import zipfile

import pytest

from runtime_core.packages import archives
from runtime_core.packages.archives import tar_archive, tar_files, zip_files
from schemas.errors import FormatError
from schemas.python_packages import InstallDir, PackageFile


def zipped(files: dict[str, bytes], *, mode: int = 0o100644, method: int = zipfile.ZIP_DEFLATED) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, data in files.items():
            info = zipfile.ZipInfo(name)
            info.compress_type, info.external_attr = method, mode << 16
            archive.writestr(info, data)
    return buffer.getvalue()


def tar(members: list[tuple[str, bytes, bytes]], *, compressed: bool = False) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w", format=tarfile.GNU_FORMAT) as archive:
        for name, data, kind in members:
            info = tarfile.TarInfo(name)
            info.type, info.size = kind, len(data)
            archive.addfile(info, io.BytesIO(data))
    return gzip.compress(buffer.getvalue()) if compressed else buffer.getvalue()


def test_a_zip_archive() -> None:
    found = list(zip_files(zipped({"lib.so": b"x", "a/b.so": b"y"}), install_dir=InstallDir.DYNLIB))
    assert [(file.path, file.contents) for file in found] == [("lib.so", b"x"), ("a/b.so", b"y")]
    assert {file.install_dir for file in found} == {InstallDir.DYNLIB}


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", "not a readable zip archive"),
        (zipped({"a": b"x"})[:-10], "not a readable zip archive"),
        (zipped({"../a": b"x"}), "plain path"),
        (zipped({"/a": b"x"}), "plain path"),
        (zipped({"a": b"x"}, mode=0o120777), "no plain file"),
        (zipped({"a": b"x"}, mode=0o020666), "no plain file"),
        (zipped({"a": b"x"}, method=zipfile.ZIP_LZMA), "another method"),
    ],
)
def test_refused_zip_archives(data: bytes, reason: str) -> None:
    with pytest.raises(FormatError, match=reason):
        list(zip_files(data, install_dir=InstallDir.SITE))


@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_a_zip_archive_with_a_file_twice() -> None:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("a", b"1")
        archive.writestr("a", b"2")
    with pytest.raises(FormatError, match="twice"):
        list(zip_files(buffer.getvalue(), install_dir=InstallDir.SITE))


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


def test_a_prefix_with_a_slash_at_its_end() -> None:
    """As workerd reads it: nothing between prefix and name."""
    assert [file.path for file in tar_files(with_prefix(b"pkg/"), install_dir=InstallDir.SITE)] == ["pkg/x"]
    assert [file.path for file in tar_files(with_prefix(b"pkg"), install_dir=InstallDir.SITE)] == ["pkg/x"]


def with_prefix(prefix: bytes) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w", format=tarfile.USTAR_FORMAT) as archive:
        archive.addfile(tarfile.TarInfo("x"))
    data = bytearray(buffer.getvalue())
    data[345 : 345 + len(prefix)] = prefix
    data[148:156] = b" " * 8
    data[148:156] = b"%06o\0 " % sum(data[:512])
    return bytes(data)


def test_extended_headers_that_change_nothing_are_passed_over() -> None:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w", format=tarfile.PAX_FORMAT) as archive:
        info = tarfile.TarInfo("pkg/x.py")
        info.mtime, info.size, info.pax_headers = 1.5, 3, {"comment": "one that says nothing"}
        archive.addfile(info, io.BytesIO(b"abc"))
    data = buffer.getvalue()
    assert b"PaxHeader" in data
    assert [(file.path, file.contents) for file in tar_files(data, install_dir=InstallDir.SITE)] == [
        ("pkg/x.py", b"abc")
    ]


def test_an_entry_without_a_name_is_passed_over() -> None:
    files = list(tar_files(tar([("", b"abc", b"0"), ("x", b"y", b"0")]), install_dir=InstallDir.SITE))
    assert [file.path for file in files] == ["x"]


@pytest.mark.parametrize("name", ["ä", "a" * 101], ids=["a name that is no ASCII", "a long name"])
def test_extended_headers_that_change_a_name_are_refused(name: str) -> None:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w", format=tarfile.PAX_FORMAT) as archive:
        archive.addfile(tarfile.TarInfo(name))
    with pytest.raises(FormatError, match="changes an entry"):
        list(tar_files(buffer.getvalue(), install_dir=InstallDir.SITE))


BAD_TARS = {
    "empty": b"",
    "zeros that end early": bytes(100),
    "no end": tar([("x", b"", tarfile.REGTYPE)])[:512],
    "extended header": tar([("PaxHeader/x", bytes(20), tarfile.XHDTYPE)]),
    "endless extended header": tar([("PaxHeader/x", b"0 a=b\n", tarfile.XHDTYPE)]),
    "long extended header": tar([("PaxHeader/x", bytes(2 << 20), tarfile.XHDTYPE)]),
    "global header of another name": tar([("pax_global_header", b"", tarfile.XGLTYPE)]),
    "name of a directory entry that is too long": tar([("a" * 256, b"", tarfile.REGTYPE)]),
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


@pytest.mark.parametrize("seed", range(30))
def test_damaged_archives(seed: int) -> None:
    source = random.Random(seed)
    member = [("x", b"abc", b"0")]
    for index, data in enumerate(
        (zipped({"a.py": b"x" * 50, "b/c.py": b"y"}), tar(member), tar(member, compressed=True))
    ):
        damaged = bytearray(data)
        for _ in range(source.randrange(1, 6)):
            damaged[source.randrange(len(damaged))] = source.randrange(256)
        with contextlib.suppress(FormatError):
            list((tar_files if index else zip_files)(bytes(damaged), install_dir=InstallDir.SITE))


def test_a_cut_off_tar_archive() -> None:
    data = tar([("x", b"1" * 5000, tarfile.REGTYPE)])
    with pytest.raises(FormatError):
        list(tar_files(data[:1024], install_dir=InstallDir.SITE))


def test_bombs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(archives, "MAX_UNPACKED", 100_000)
    zeros = bytes(200_000)
    with pytest.raises(FormatError, match="more than is allowed"):
        list(zip_files(zipped({"a": zeros}), install_dir=InstallDir.SITE))
    with pytest.raises(FormatError, match="more than is allowed"):
        list(zip_files(zipped({"a": zeros[:60_000], "b": zeros[:60_000]}), install_dir=InstallDir.SITE))
    with pytest.raises(FormatError, match="more than is allowed"):
        list(tar_files(tar([("a", zeros, tarfile.REGTYPE)], compressed=True), install_dir=InstallDir.SITE))


def test_a_long_extended_header_takes_no_more_time_than_its_length() -> None:
    records = b"5 a=\n" * 200_000
    started = time.process_time()
    members = [("PaxHeader/x", records, tarfile.XHDTYPE), ("x", b"y", tarfile.REGTYPE)]
    assert [file.path for file in tar_files(tar(members), install_dir=InstallDir.SITE)] == ["x"]
    assert time.process_time() - started < 5, "it would be half a minute if each record copied the rest"


def test_a_bomb_of_what_is_passed_over(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(archives, "MAX_UNPACKED", 100_000)
    header = ("PaxHeader/x", b"20 comment=12345678\n" * 1000, tarfile.XHDTYPE)
    assert not list(tar_files(tar([header] * 4, compressed=True), install_dir=InstallDir.SITE))
    with pytest.raises(FormatError, match="more than is allowed"):
        list(tar_files(tar([header] * 6, compressed=True), install_dir=InstallDir.SITE))


@pytest.mark.parametrize(
    "records",
    [b"a=b\n", b" a=b\n", b"7 a=b\n", b"5 a=b\n", b"6 a=b ", b"3 \n", b"99999999 a=b\n", b"-6 a=b\n", b"6 ab \n"],
)
def test_malformed_records_of_extended_headers(records: bytes) -> None:
    with pytest.raises(FormatError, match="malformed extended header"):
        list(tar_files(tar([("PaxHeader/x", records, tarfile.XHDTYPE)]), install_dir=InstallDir.SITE))
