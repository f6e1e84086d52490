"""What a file records of JavaScript, before any guest runs."""

from __future__ import annotations

from typing import Any

import pytest

from runtime_core.workerd.references import MAX_REFERENCES, References
from schemas.errors import FormatError, RestoreError
from schemas.snapshot_metadata import SnapshotMetadata


def parsed(keys: object, immortals: object = ()) -> References:
    hiwire: dict[str, Any] = {"hiwireKeys": keys, "immortalKeys": list(immortals) if immortals == () else immortals}
    return References.parse(SnapshotMetadata(hiwire=hiwire, js_module_names=("cloudflare:workers",)))


def test_known_entries_are_read() -> None:
    entries: list[object] = [
        None,
        {"path": []},
        {"path": ["Object", "assign"]},
        {"API": True},
        {"abortSignalAny": True},
        {"serialized": {"pyodide_entrypoint_helper": True}},
        {"serialized": {"cloudflare_compat_flags": True}},
        {"serialized": {"jsModule": True, "moduleName": "cloudflare:sockets", "accessorList": ["connect"]}},
    ]
    references = parsed(entries, ["name"])
    assert len(references.makers) == len(entries)
    assert references.immortals == ("name",)
    assert references.modules == ("cloudflare:workers",)


@pytest.mark.parametrize(
    ("entry", "reason"),
    [
        ({}, "one key"),
        ([], "one key"),
        (7, "one key"),
        ({"path": [], "API": True}, "one key"),
        ({"path": "Object"}, "a list of names"),
        ({"path": ["Object", 1]}, "text"),
        ({"path": ["x"] * 65}, "a list of names"),
        ({"API": False}, "path, serialized, API"),
        ({"other": True}, "path, serialized, API"),
        ({"serialized": 1}, "an object"),
        ({"serialized": {}}, "cannot deserialize"),
        ({"serialized": {"jsModule": True}}, "moduleName"),
        ({"serialized": {"jsModule": True, "moduleName": "a"}}, "accessorList"),
    ],
)
def test_unknown_entries_are_refused(entry: object, reason: str) -> None:
    with pytest.raises(FormatError, match=r"hiwireKeys\[1\]") as caught:
        parsed([None, entry])
    assert reason in str(caught.value)


@pytest.mark.parametrize("immortals", [{}, [1], [None], ["x"] * (MAX_REFERENCES + 1)])
def test_interned_texts_are_a_list_of_texts(immortals: object) -> None:
    with pytest.raises(FormatError, match="immortalKeys"):
        parsed([], immortals)


def test_too_many_references_are_refused() -> None:
    with pytest.raises(FormatError, match="hiwireKeys"):
        parsed([None] * (MAX_REFERENCES + 1))


def test_files_of_pyodides_without_references_are_refused() -> None:
    with pytest.raises(RestoreError, match="no JavaScript references"):
        References.parse(SnapshotMetadata(hiwire=None))
