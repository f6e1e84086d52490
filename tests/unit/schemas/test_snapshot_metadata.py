"""The JSON object of a snapshot, both shapes."""

from __future__ import annotations

import json

import pytest

from schemas.errors import FormatError, UnsupportedVersionError
from schemas.snapshot_metadata import (
    SnapshotMetadata,
    SnapshotSettings,
    SnapshotType,
    metadata_from_json,
    metadata_to_json,
)
from tests.support.schema_samples import sample_metadata


def read(value: object) -> SnapshotMetadata:
    return metadata_from_json(json.dumps(value).encode())


def test_keys_are_written_in_the_order_workerd_writes_them() -> None:
    keys = list(json.loads(metadata_to_json(sample_metadata())))
    assert keys == [
        "version",
        "dsoHandles",
        "hiwire",
        "jsModuleNames",
        "settings",
        "soMemoryBases",
        "soTableBases",
        "loadOrder",
        "runtimeState",
    ]


def test_what_is_absent_is_not_written() -> None:
    value = json.loads(metadata_to_json(SnapshotMetadata()))
    assert "hiwire" not in value
    assert "soTableBases" not in value
    assert value["settings"] == {"snapshotType": "baseline", "compatFlags": {}}


def test_text_is_written_as_javascript_writes_it() -> None:
    text = metadata_to_json(SnapshotMetadata(load_order=('é/\u2028\x1f\x7f"\\\b',)))
    assert text.endswith('"loadOrder":["é/\u2028\\u001f\x7f\\"\\\\\\b"]}')


def test_defaults_of_the_current_shape() -> None:
    assert read({"version": 1}) == SnapshotMetadata()


def test_unknown_keys_are_carried_through_in_their_order() -> None:
    value = {"version": 1, "zeta": [1], "importedModulesList": ["a"], "settings": {"later": {"x": None}}, "alpha": 0.5}
    again = json.loads(metadata_to_json(read(value)))
    assert [key for key in again if key in value] == ["version", "settings", "zeta", "importedModulesList", "alpha"]
    assert again["settings"] == {"snapshotType": "baseline", "compatFlags": {}, "later": {"x": None}}
    assert again["zeta"] == [1]


@pytest.mark.parametrize("version", [None, 0, 0.0, False, ""])
def test_old_shape_maps_the_whole_object_to_handles(version: object) -> None:
    value = {"liba.so": {"handles": [1, 2]}, "libb.so": {"handles": []}, "settings": {"baselineSnapshot": True}}
    expected = SnapshotMetadata(
        settings=SnapshotSettings(baseline_snapshot=True),
        dso_handles={"liba.so": (1, 2), "libb.so": ()},
    )
    assert read(value) == expected
    assert read({**value, "version": version}) == expected


def test_old_shape_without_settings_is_a_baseline() -> None:
    metadata = read({})
    assert metadata == SnapshotMetadata()
    assert metadata.settings.snapshot_type is SnapshotType.BASELINE
    assert metadata.so_table_bases is None


def test_old_shape_settings_overlay_the_defaults() -> None:
    metadata = read({"settings": {"snapshotType": "package", "compatFlags": {"x": True}}})
    assert metadata.settings == SnapshotSettings(snapshot_type=SnapshotType.PACKAGE, compat_flags={"x": True})


@pytest.mark.parametrize("version", [2, 1.0, True, "1", [], {}, 10**400])
def test_other_versions_are_named(version: object) -> None:
    with pytest.raises(UnsupportedVersionError):
        read({"version": version})


BROKEN: list[tuple[str, object]] = [
    ("not an object", [1]),
    ("handles not an object", {"version": 1, "dsoHandles": {"a": [1]}}),
    ("handle a float", {"version": 1, "dsoHandles": {"a": {"handles": [1.0]}}}),
    ("handle a boolean", {"version": 1, "dsoHandles": {"a": {"handles": [True]}}}),
    ("handle negative", {"version": 1, "dsoHandles": {"a": {"handles": [-1]}}}),
    ("handle beyond 32 bits", {"version": 1, "dsoHandles": {"a": {"handles": [2**32]}}}),
    ("handle of hundreds of digits", {"version": 1, "dsoHandles": {"a": {"handles": [10**400]}}}),
    ("hiwire an array", {"version": 1, "hiwire": []}),
    ("module names a string", {"version": 1, "jsModuleNames": "a"}),
    ("module name a number", {"version": 1, "jsModuleNames": [1]}),
    ("settings null", {"version": 1, "settings": None}),
    ("settings type unknown", {"version": 1, "settings": {"snapshotType": "universal"}}),
    ("settings type an array", {"version": 1, "settings": {"snapshotType": ["baseline"]}}),
    ("baselineSnapshot a number", {"version": 1, "settings": {"baselineSnapshot": 1}}),
    ("flag a string", {"version": 1, "settings": {"compatFlags": {"a": "true"}}}),
    ("memory base a string", {"version": 1, "soMemoryBases": {"a": "1"}}),
    ("table bases an array", {"version": 1, "soTableBases": [1]}),
    ("load order an object", {"version": 1, "loadOrder": {}}),
    ("old shape with an array", {"liba.so": [1]}),
    ("old shape with a bad handle", {"liba.so": {"handles": ["1"]}}),
]


@pytest.mark.parametrize(("reason", "value"), BROKEN, ids=[case[0] for case in BROKEN])
def test_wrong_types_are_refused(reason: str, value: object) -> None:
    with pytest.raises(FormatError) as caught:
        read(value)
    assert len(str(caught.value)) < 400


def test_the_error_names_the_field() -> None:
    with pytest.raises(FormatError, match=r"dsoHandles\['liba.so'\].handles\[1\]"):
        read({"version": 1, "dsoHandles": {"liba.so": {"handles": [1, -1]}}})
