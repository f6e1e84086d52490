from __future__ import annotations

import contextlib
import gzip
import tarfile
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from runtime_core.build import tarball as tarball_module
from runtime_core.build.tarball import extract_members
from schemas.errors import DigestMismatchError, FormatError, IntegrityError, PlatformError, SizeMismatchError
from tests.support.packages import file_pin, member, tarball

DATA = b"\0asm" * 1000
WANTED = {"bin/tool": file_pin(DATA)}
GOOD = tarball([member("package/bin/tool", DATA)])


def extract(tmp_path: Path, tgz: bytes) -> Path:
    source = tmp_path / "source.tgz"
    source.write_bytes(tgz)
    target = tmp_path / "out"
    target.mkdir(exist_ok=True)
    extract_members(source, WANTED, target)
    return target


def test_only_the_named_members_are_written(tmp_path: Path) -> None:
    tgz = tarball(
        [
            member("package/README.md", b"x"),
            member("other/bin/tool", b"y"),
            member("package/link", type_=tarfile.SYMTYPE, link="/etc/passwd"),
            member("package/bin/tool", DATA),
        ]
    )
    target = extract(tmp_path, tgz)
    assert [path.name for path in target.iterdir()] == ["tool"]
    assert (target / "tool").read_bytes() == DATA


@pytest.mark.parametrize(
    ("tgz", "error", "reason"),
    [
        (b"", FormatError, "no bytes"),
        (b"PK\x03\x04 something else", FormatError, "not gzip"),
        (gzip.compress(b"not a tar file" * 100), FormatError, "gzip, but not tar"),
        (GOOD[: len(GOOD) // 2], FormatError, "truncated inside the stream"),
        (GOOD[:-4], FormatError, "truncated in the gzip trailer"),
        (gzip.compress(gzip.decompress(GOOD)[:2000]), FormatError, "a tar file truncated inside a member"),
        (gzip.compress(gzip.decompress(GOOD)[:512]), FormatError, "a tar file truncated after a header"),
        (tarball([]), FormatError, "no members"),
        (tarball([member("bin/tool", DATA)]), FormatError, "outside package/"),
        (tarball([member("package/../bin/tool", DATA)]), FormatError, "path traversal inside"),
        (tarball([member("../../etc/cron.d/evil", b"x")]), FormatError, "path traversal"),
        (tarball([member("/etc/passwd", b"x")]), FormatError, "an absolute name"),
        (tarball([member("package\\..\\..\\evil", b"x")]), FormatError, "a traversal in another system's style"),
        (tarball([member("package/bin/tool", type_=tarfile.SYMTYPE, link="/bin/sh")]), FormatError, "a symbolic link"),
        (tarball([member("package/bin/tool", type_=tarfile.LNKTYPE, link="x")]), FormatError, "a hard link"),
        (tarball([member("package/bin/tool", type_=tarfile.DIRTYPE)]), FormatError, "a directory"),
        (tarball([member("package/bin/tool", type_=tarfile.CHRTYPE)]), FormatError, "a device"),
        (tarball([member("package/bin/tool", DATA)] * 2), FormatError, "the same member twice"),
        (tarball([member("package/bin/tool", DATA + b"x")]), SizeMismatchError, "a byte more"),
        (tarball([member("package/bin/tool", DATA[:-1])]), SizeMismatchError, "a byte less"),
        (tarball([member("package/bin/tool", b"x" + DATA[1:])]), DigestMismatchError, "other bytes"),
    ],
)
def test_bad_tarballs_are_refused(tmp_path: Path, tgz: bytes, error: type[PlatformError], reason: str) -> None:
    with pytest.raises(error):
        extract(tmp_path, tgz)
    assert {path.name for path in tmp_path.iterdir()} <= {"source.tgz", "out"}, reason


def test_a_bomb_is_not_unpacked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tarball_module, "UNPACKED_LIMIT", 1 << 16)
    with pytest.raises(FormatError, match="unpacks to more"):
        extract(tmp_path, tarball([member("package/filler", bytes(1 << 20)), member("package/bin/tool", DATA)]))


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.data())
def test_any_damage_gives_our_own_errors(tmp_path_factory: pytest.TempPathFactory, data: st.DataObject) -> None:
    raw = bytearray(gzip.decompress(GOOD))
    for _ in range(data.draw(st.integers(1, 8))):
        raw[data.draw(st.integers(0, 1023))] = data.draw(st.integers(0, 255))
    with contextlib.suppress(FormatError, IntegrityError):
        extract(tmp_path_factory.mktemp("damaged"), gzip.compress(bytes(raw), 1))
