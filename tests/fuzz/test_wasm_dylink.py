"""Whatever the bytes of a ``dylink.0`` section, reading it ends with values or a FormatError."""

from __future__ import annotations

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runtime_core.wasm import binary
from runtime_core.wasm.dylink import MAX_MEMORY_BYTES, MAX_TABLE_SLOTS, SECTION, read_dylink
from runtime_core.wasm.encoding import HEADER, name, section, uleb
from schemas.errors import FormatError
from tests.support.side_modules import dylink


def read(payload: bytes) -> object:
    return read_dylink(binary.parse(HEADER + section(0, name(SECTION) + payload)))


@given(st.binary(max_size=200))
def test_any_bytes(payload: bytes) -> None:
    with contextlib.suppress(FormatError):
        read(payload)


@given(
    st.integers(0, MAX_MEMORY_BYTES),
    st.integers(0, 16),
    st.integers(0, MAX_TABLE_SLOTS),
    st.lists(st.text(max_size=20), max_size=5),
    st.sets(st.text(max_size=20), max_size=5),
    st.lists(st.text(max_size=20), max_size=5),
)
def test_what_was_written_is_read(
    memory: int, alignment: int, slots: int, needed: list[str], weak: set[str], paths: list[str]
) -> None:
    data = dylink(memory=memory, alignment=alignment, slots=slots, needed=needed, weak=sorted(weak), paths=paths)
    info = read_dylink(binary.parse(HEADER + data))
    assert (info.memory_bytes, info.memory_alignment, info.table_slots) == (memory, 1 << alignment, slots)
    assert (info.needed, info.weak_imports, info.runtime_paths) == (tuple(needed), frozenset(weak), tuple(paths))


@pytest.mark.parametrize(
    ("payload", "message"),
    [
        (b"\x01\x04\x00\x11\x00\x00", "too much"),
        (b"\x01\x08\xff\xff\xff\xff\x0f\x00\x00\x00", "too much"),
        (b"\x01\x04\x00\x00\x00\x01", "aligned"),
        (b"\x01\x05\x00\x00\x00\x00\x00", "after its end"),
        (b"\x03\x05\x01\x01x\x80\x02", "thread-local"),
        (b"\x02\x7f", "longer than"),
    ],
)
def test_refused_sections(payload: bytes, message: str) -> None:
    with pytest.raises(FormatError, match=message):
        read(payload)


def test_a_wrong_count_of_import_flags_is_not_believed() -> None:
    entries = b"".join(name("env") + name(symbol) + uleb(0x11) for symbol in ("one", "two"))
    payload = uleb(1) + entries
    info = read_dylink(binary.parse(HEADER + section(0, name(SECTION) + b"\x04" + uleb(len(payload)) + payload)))
    assert info.weak_imports == {"one", "two"}
