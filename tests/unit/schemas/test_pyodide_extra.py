"""workerd's release entries and the names made of them."""

from __future__ import annotations

import pytest

from schemas import _capnp
from schemas.digest import Digest
from schemas.errors import FormatError
from schemas.pyodide_extra import (
    PackageLock,
    PythonSnapshotRelease,
    decode_package_lock,
    encode_package_lock,
    integrity,
)


def test_ids_and_field_numbers_are_workerds() -> None:
    schema = _capnp.struct("pyodide_extra.capnp", "PythonSnapshotRelease").schema
    node = schema.node
    assert node.id == 0x89C66FB883CB6975
    assert node.scopeId == 0x96C290DBF479AC0C
    fields = schema.fields_list
    assert [(field.proto.name, field.proto.slot.type.which()) for field in fields] == [
        ("pyodide", "text"),
        ("pyodideRevision", "text"),
        ("packages", "text"),
        ("backport", "int64"),
        ("baselineSnapshotHash", "text"),
        ("fieldName", "text"),
        ("flagName", "text"),
        ("realPyodideVersion", "text"),
        ("integrity", "text"),
    ]
    assert list(_capnp.struct("pyodide_extra.capnp", "PackageLock").schema.fieldnames) == ["packageDate", "lock"]


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (b"", "sha256-47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU="),
        (b"abc", "sha256-ungWv48Bz+pBQUDeXa4iI7ADYaOWF3qctBD/YfIAFa0="),
    ],
)
def test_integrity_is_that_of_workerd(data: bytes, expected: str) -> None:
    assert integrity(Digest.of(data)) == expected


def test_names_of_a_release() -> None:
    release = PythonSnapshotRelease(
        pyodide="0.28.2", pyodide_revision="2025-01-16", backport=15, baseline_snapshot_hash="45" * 32
    )
    assert release.bundle_name == "0.28.2_2025-01-16_15"
    assert release.bundle_file_name == "pyodide_0.28.2_2025-01-16_15.capnp.bin"
    assert release.baseline_snapshot_key == "baseline-snapshot/" + "45" * 32
    assert release.version == "0.28.2"


def test_the_development_release_is_named_dev_and_knows_its_version() -> None:
    release = PythonSnapshotRelease(pyodide="dev", pyodide_revision="dev", backport=1, real_pyodide_version="314.0.5")
    assert release.bundle_name == "dev"
    assert release.version == "314.0.5"
    with pytest.raises(FormatError, match="no baseline snapshot"):
        _ = release.baseline_snapshot_key


def test_package_lock_round_trip() -> None:
    lock = PackageLock(package_date="20250808", lock='{"packages":\n{}}')
    assert decode_package_lock(encode_package_lock(lock)) == lock
    assert encode_package_lock(lock) == encode_package_lock(lock)


def test_package_lock_refuses_other_bytes() -> None:
    with pytest.raises(FormatError):
        decode_package_lock(b"{}")
    with pytest.raises(FormatError, match="cannot be encoded"):
        encode_package_lock(PackageLock(package_date="x", lock="\ud800"))
