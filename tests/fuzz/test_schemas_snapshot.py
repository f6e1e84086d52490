"""Any bytes decode as a snapshot or raise FormatError, nothing else; what is written is read."""

from __future__ import annotations

import json
import struct

from hypothesis import given
from hypothesis import strategies as st

from schemas.errors import FormatError
from schemas.snapshot_codec import (
    PAGE_BYTES,
    SnapshotMetadata,
    SnapshotSettings,
    SnapshotType,
    decode_snapshot,
    encode_snapshot,
)
from schemas.snapshot_metadata import metadata_from_json, metadata_to_json
from tests.support.damage import damages
from tests.support.schema_samples import sample_metadata, snapshot_file

PAGE = bytes(PAGE_BYTES)
KNOWN = {
    "version",
    "dsoHandles",
    "hiwire",
    "jsModuleNames",
    "settings",
    "soMemoryBases",
    "soTableBases",
    "loadOrder",
    "baselineSnapshot",
    "snapshotType",
    "compatFlags",
}
names = st.text(max_size=20)
addresses = st.integers(0, 2**32 - 1)
json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | names,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(names, inner, max_size=4),
    max_leaves=12,
)
extras = st.dictionaries(names.filter(lambda name: name not in KNOWN), json_values, max_size=3)
metadata_values = st.builds(
    SnapshotMetadata,
    settings=st.builds(
        SnapshotSettings,
        snapshot_type=st.sampled_from(SnapshotType),
        baseline_snapshot=st.none() | st.booleans(),
        compat_flags=st.dictionaries(names, st.booleans(), max_size=3),
        extra=extras,
    ),
    dso_handles=st.dictionaries(names, st.lists(addresses, max_size=3).map(tuple), max_size=3),
    hiwire=st.none() | st.dictionaries(names, json_values, max_size=3),
    js_module_names=st.lists(names, max_size=3).map(tuple),
    so_memory_bases=st.dictionaries(names, addresses, max_size=3),
    so_table_bases=st.none() | st.dictionaries(names, addresses, max_size=3),
    load_order=st.lists(names, max_size=3).map(tuple),
    extra=extras,
    version=st.just(1),
)
# Files that get past the first checks: the fields of the header near the truth, then anything.
near_files = st.builds(
    lambda version, offset, length, metadata, heap: (
        struct.pack("<IIII", 0x706E7300, version, offset, length) + metadata + heap
    ),
    st.integers(0, 3),
    st.integers(0, 400),
    st.integers(0, 400),
    st.binary(max_size=200) | json_values.map(lambda value: repr(value).encode("utf-8", "surrogatepass")),
    st.sampled_from([b"", PAGE[:-1], PAGE]),
)


def decodes_or_is_refused(data: bytes) -> None:
    try:
        snapshot = decode_snapshot(data)
    except FormatError:
        return
    again = decode_snapshot(encode_snapshot(snapshot.metadata, snapshot.heap))
    assert again == snapshot


@given(st.binary(max_size=2000) | near_files)
def test_any_bytes(data: bytes) -> None:
    decodes_or_is_refused(data)


@given(st.lists(st.tuples(st.integers(0, 10_000), st.integers(0, 255)), max_size=6), st.integers(0, PAGE_BYTES + 900))
def test_a_valid_file_with_changes_and_cuts(changes: list[tuple[int, int]], cut: int) -> None:
    file = bytearray(encode_snapshot(sample_metadata(), PAGE))
    for at, value in changes:
        file[at % 900] = value
    decodes_or_is_refused(bytes(file))
    decodes_or_is_refused(bytes(file[:cut]))


@given(json_values)
def test_any_json_as_metadata(value: object) -> None:
    try:
        text = metadata_to_json(SnapshotMetadata(extra={"x": value}))
    except FormatError:
        return
    assert metadata_from_json(text.encode()).extra["x"] == value


@given(st.dictionaries(st.sampled_from(sorted(KNOWN)), json_values))
def test_any_json_under_known_keys(value: dict[str, object]) -> None:
    decodes_or_is_refused(snapshot_file(json.dumps(value).encode(), heap=PAGE))


@given(metadata_values, st.integers(1, 2))
def test_what_is_written_is_read(metadata: SnapshotMetadata, pages: int) -> None:
    snapshot = decode_snapshot(encode_snapshot(metadata, PAGE * pages))
    assert snapshot.metadata == metadata
    assert snapshot.heap.nbytes == PAGE_BYTES * pages


@given(st.text(st.characters(categories=["Cs", "Lo", "So"]), max_size=400))
def test_any_characters_leave_room_for_themselves(name: str) -> None:
    file = encode_snapshot(SnapshotMetadata(load_order=(name,)), PAGE)
    paired = name.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "surrogatepass")
    assert decode_snapshot(file).metadata.load_order == (paired,)
    assert struct.unpack_from("<I", file, 8)[0] % 8 == 0


def test_damage_to_each_field_of_the_metadata_is_read_or_named() -> None:
    document = json.loads(metadata_to_json(sample_metadata()))
    unclear = []
    for damage in damages(document):
        text = json.dumps(damage.apply(document)).encode()
        try:
            snapshot = decode_snapshot(snapshot_file(text, heap=PAGE))
        except FormatError as error:
            if error.expected is None or error.found is None:
                unclear.append(f"{damage}: {error}")
        else:
            assert decode_snapshot(encode_snapshot(snapshot.metadata, snapshot.heap)) == snapshot
    assert unclear == []
