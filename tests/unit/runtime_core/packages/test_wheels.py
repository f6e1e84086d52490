"""Files out of wheels, and wheels that are refused."""

from __future__ import annotations

import contextlib
import io
import random
import zipfile
from collections.abc import Callable

import pytest

from runtime_core.packages import archives
from runtime_core.packages.wheels import read_wheel
from schemas.errors import DigestMismatchError, FormatError, PlatformError
from schemas.python_packages import InstallDir
from tests.support.made_wheels import make_wheel

INFO = "demo-1.0.dist-info"


def test_a_wheel_is_laid_out_as_it_is_installed() -> None:
    data = make_wheel(
        {
            "demo/__init__.py": b"x = 1",
            "demo-1.0.data/purelib/pure.py": b"pure",
            "demo-1.0.data/platlib/native.so": b"native",
            "demo-1.0.data/scripts/run": b"#!python",
            "demo-1.0.data/headers/x.h": b"",
        }
    )
    read = read_wheel(data, install_dir=InstallDir.STDLIB)
    found = {file.path: bytes(file.contents) for file in read.files}
    assert {name: data for name, data in found.items() if not name.startswith(INFO)} == {
        "demo/__init__.py": b"x = 1",
        "pure.py": b"pure",
        "native.so": b"native",
    }
    assert {f"{INFO}/RECORD", f"{INFO}/METADATA", f"{INFO}/WHEEL"} <= found.keys()
    assert {file.install_dir for file in read.files} == {InstallDir.STDLIB}
    assert (read.project, read.version) == ("demo", "1.0")


def without(name: str) -> bytes:
    """A wheel that lacks one of its own files."""
    data = make_wheel({"a.py": b""}, record={f"{INFO}/{name}": ""})
    buffer = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as old, zipfile.ZipFile(buffer, "w") as new:
        for member in old.infolist():
            if member.filename != f"{INFO}/{name}":
                new.writestr(member, old.read(member))
    return buffer.getvalue()


def patched(data: bytes, old: bytes, new: bytes) -> bytes:
    assert data.count(old) >= 1
    return data.replace(old, new)


STORED = make_wheel({"a.py": b"content-of-a"}, method=zipfile.ZIP_STORED)

BAD: dict[str, tuple[Callable[[], bytes], str]] = {
    "no zip": (lambda: b"not a zip file", "not a readable wheel"),
    "empty": (lambda: b"", "not a readable wheel"),
    "an empty zip": (lambda: b"PK\x05\x06" + bytes(18), "not a wheel"),
    "cut off": (lambda: make_wheel({"a.py": b"x" * 1000})[:-30], "not a readable wheel"),
    "no RECORD": (lambda: without("RECORD"), "not a wheel"),
    "no WHEEL": (lambda: without("WHEEL"), "not a wheel"),
    "two RECORDs": (lambda: make_wheel({"other-1.0.dist-info/RECORD": b""}), "not a wheel"),
    "another version": (lambda: make_wheel({}, wheel_version="2.0"), "unknown version"),
    "no version": (lambda: make_wheel({}, wheel_version=""), "unknown version"),
    "unlisted file": (lambda: make_wheel({"a.py": b""}, record={"a.py": ""}), "does not list"),
    "listed file that is missing": (lambda: make_wheel({}, record={"gone.py": ","}), "lacks a file"),
    "no hash": (lambda: make_wheel({"a.py": b""}, record={"a.py": ",0"}), "without a hash.*a.py.*none"),
    "no more than a name": (lambda: make_wheel({"a.py": b""}, record={"a.py": ","}), "without a hash"),
    "no hash of what is not installed": (
        lambda: make_wheel({"demo-1.0.data/scripts/run": b""}, record={"demo-1.0.data/scripts/run": ","}),
        "without a hash",
    ),
    "signature elsewhere": (
        lambda: make_wheel({"sub/RECORD.jws": b"{}"}, record={"sub/RECORD.jws": ","}),
        "without a hash",
    ),
    "two hashes": (
        lambda: make_wheel({"a.py": b""}, record={"a.py": 'sha256=A,0\n"a.py",sha256=B,0'}),
        "twice, with different hashes.*sha256=A.*sha256=B",
    ),
    "weak hash": (lambda: make_wheel({"a.py": b""}, record={"a.py": "md5=x,0"}), "unknown hash"),
    "unreadable RECORD": (lambda: make_wheel({}, record={"a\0": ","}), ""),
    "path traversal": (lambda: make_wheel({"../a.py": b""}), "plain path"),
    "traversal below data": (lambda: make_wheel({"demo-1.0.data/purelib/../../a.py": b""}), "plain path"),
    "absolute path": (lambda: make_wheel({"/etc/passwd": b""}), "plain path"),
    "backslash": (lambda: make_wheel({"a\\b.py": b""}), "plain path"),
    "long name": (lambda: make_wheel({"a" * 256: b""}), "plain path"),
    "symbolic link": (lambda: make_wheel({"a.py": b"/etc"}, modes={"a.py": 0o120777}), "no plain file"),
    "device": (lambda: make_wheel({"a.py": b""}, modes={"a.py": 0o060600}), "no plain file"),
    "same file by two schemes": (lambda: make_wheel({"a.py": b"1", "demo-1.0.data/purelib/a.py": b"2"}), "twice"),
    "damaged content": (lambda: patched(STORED, b"content-of-a", b"content-of-b"), "not a readable wheel"),
    "bzip2": (lambda: make_wheel({"a.py": b""}, method=zipfile.ZIP_BZIP2), "another method"),
    "lzma": (lambda: make_wheel({"a.py": b""}, method=zipfile.ZIP_LZMA), "another method"),
}


@pytest.mark.parametrize("reason", BAD)
def test_refused_wheels(reason: str) -> None:
    make, message = BAD[reason]
    with pytest.raises(FormatError, match=message or None):
        read_wheel(make())


@pytest.mark.parametrize("listed", [True, False])
@pytest.mark.parametrize("name", ["RECORD", "RECORD.jws", "RECORD.p7s"])
def test_the_list_and_its_signatures_need_no_hash(name: str, listed: bool) -> None:
    """They are made when the list is complete; other lists leave them out."""
    files = {} if name == "RECORD" else {f"{INFO}/{name}": b"signed"}
    data = make_wheel({"a.py": b"x", **files}, record={f"{INFO}/{name}": "," if listed else ""})
    assert {f"{INFO}/{name}", "a.py"} <= {file.path for file in read_wheel(data).files}


def test_content_with_another_hash_than_the_list_says() -> None:
    data = make_wheel({"a.py": b"x"}, record={"a.py": "sha256=" + "A" * 43 + ",1"})
    with pytest.raises(DigestMismatchError, match=r"a\.py in a wheel"):
        read_wheel(data)


@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_a_file_twice() -> None:
    buffer = io.BytesIO(make_wheel({"a.py": b"1"}))
    with zipfile.ZipFile(buffer, "a") as archive:
        archive.writestr("a.py", b"1")
    with pytest.raises(FormatError, match="twice"):
        read_wheel(buffer.getvalue())


def test_an_encrypted_member() -> None:
    data = bytearray(STORED)
    for offset in (data.index(b"PK\x03\x04") + 6, data.index(b"PK\x01\x02") + 8):
        data[offset] |= 1
    with pytest.raises(FormatError):
        read_wheel(bytes(data))


def test_a_bomb(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(archives, "MAX_UNPACKED", 100_000)
    with pytest.raises(FormatError, match="more than is allowed"):
        read_wheel(make_wheel({"a.py": bytes(200_000)}))
    with pytest.raises(FormatError, match="more than is allowed"):
        read_wheel(make_wheel({f"{index}.py": bytes(30_000) for index in range(4)}))


def test_a_list_of_too_many_files(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("runtime_core.packages.wheels.MAX_FILES", 10)
    with pytest.raises(FormatError, match="lists too many files"):
        read_wheel(make_wheel({f"{index}.py": b"" for index in range(10)}))


def test_a_bomb_whose_header_lies(monkeypatch: pytest.MonkeyPatch) -> None:
    """What counts is what comes out, not the size that the header tells."""
    monkeypatch.setattr(archives, "MAX_UNPACKED", 100_000)
    data = make_wheel({"a.py": bytes(200_000)})
    lying = data.replace((200_000).to_bytes(4, "little"), (10).to_bytes(4, "little"))
    assert lying != data
    with pytest.raises(FormatError):
        read_wheel(lying)


@pytest.mark.parametrize("seed", range(40))
def test_damaged_wheels(seed: int) -> None:
    source = random.Random(seed)
    damaged = bytearray(make_wheel({"a.py": b"x" * 50, "b/c.py": b"y"}))
    for _ in range(source.randrange(1, 6)):
        damaged[source.randrange(len(damaged))] = source.randrange(256)
    with contextlib.suppress(PlatformError):
        read_wheel(bytes(damaged))
