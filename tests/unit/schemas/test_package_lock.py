"""Package locks: ours and Pyodide's."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.digest import Digest
from schemas.errors import FormatError
from schemas.package_lock import LockedPackage, PackageLockFile, decode_lock, encode_lock
from schemas.python_packages import InstallDir

LOCK = PackageLockFile(
    python="3.14.2",
    abi="2026_0",
    platform="emscripten_5_0_3",
    packages=(
        LockedPackage(name="b", version="1.0", file_name="b-1.0-py3-none-any.whl", digest=Digest("0" * 64)),
        LockedPackage(
            name="a.x",
            version="2!1.0+local",
            file_name="libopenssl-1.1.1w.tar.gz",
            digest=Digest("1" * 64),
            install_dir=InstallDir.DYNLIB,
            depends=("b",),
        ),
    ),
)


def document() -> dict[str, Any]:
    value: dict[str, Any] = json.loads(encode_lock(LOCK))
    return value


def test_what_was_written_is_read_in_order() -> None:
    assert decode_lock(encode_lock(LOCK)) == LOCK


def test_keys_of_pyodides_own_lock_are_passed_over() -> None:
    value = document()
    value["packages"]["b"] |= {"imports": ["b"], "package_type": "package", "unvendored_tests": True}
    assert decode_lock(json.dumps(value).encode()) == LOCK


@pytest.mark.parametrize(
    ("path", "bad"),
    [
        (("info",), None),
        (("info", "python"), 3),
        (("packages",), []),
        (("packages", "b"), "text"),
        (("packages", "b", "sha256"), "0" * 63),
        (("packages", "b", "sha256"), None),
        (("packages", "b", "file_name"), "../b.whl"),
        (("packages", "b", "file_name"), "b/c.whl"),
        (("packages", "b", "file_name"), ""),
        (("packages", "b", "install_dir"), "elsewhere"),
        (("packages", "b", "name"), "b c"),
        (("packages", "b", "name"), "a.x"),
        (("packages", "b", "version"), "1.0; rm"),
        (("packages", "b", "depends"), "a"),
        (("packages", "b", "depends"), ["-r"]),
    ],
)
def test_refused_fields(path: tuple[str, ...], bad: object) -> None:
    value = document()
    place = value
    for key in path[:-1]:
        place = place[key]
    place[path[-1]] = bad
    with pytest.raises(FormatError):
        decode_lock(json.dumps(value).encode())


@given(
    st.binary(max_size=200)
    | st.recursive(st.none() | st.text(max_size=5), lambda x: st.lists(x)).map(str).map(str.encode)
)
def test_any_bytes_end_in_a_format_error(data: bytes) -> None:
    with pytest.raises(FormatError):
        decode_lock(data)
