"""Any bytes parse or raise FormatError, nothing else, in linear time."""

from __future__ import annotations

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runtime_core.engine.capi import wat_to_wasm
from runtime_core.wasm import binary
from runtime_core.wasm.abi import ABI_314_0_5
from runtime_core.wasm.binary import SectionId
from runtime_core.wasm.codeimage import CodeImageLayout, build_code_image
from runtime_core.wasm.encoding import HEADER, Reader, name, section, sleb, uleb, vector
from schemas.errors import AbiMismatchError, FormatError

VIEWS = (
    "types",
    "type_entries",
    "imports",
    "functions",
    "tables",
    "memories",
    "globals",
    "exports",
    "elements",
    "data_segments",
    "body_count",
)

SEED = """
(module
  (rec (type (struct (field i32))) (type (array (mut i8))))
  (import "env" "f" (func (param i32 externref) (result i32)))
  (import "GOT.func" "g" (global (mut i32)))
  (memory 1 2) (table 3 funcref) (table 0 externref) (table 0 externref)
  (global (export "__stack_pointer") (mut i32) (i32.const 1024))
  (func (export "x") (unreachable))
  (elem (i32.const 1) func 0 1) (elem declare funcref (ref.func 0)) (data (i32.const 0) "abc"))
"""


def read_everything(data: bytes) -> None:
    module = binary.parse(data)
    for view in VIEWS:
        with contextlib.suppress(FormatError):
            getattr(module, view)()


@given(st.binary(max_size=300))
def test_any_bytes(data: bytes) -> None:
    with contextlib.suppress(FormatError):
        read_everything(data)
    with contextlib.suppress(FormatError):
        read_everything(HEADER + data)


@given(st.sampled_from([item for item in SectionId if item is not SectionId.CUSTOM]), st.binary(max_size=200))
def test_any_section(identifier: SectionId, payload: bytes) -> None:
    read_everything(HEADER + section(identifier, payload))


@given(st.data())
def test_changed_modules(data: st.DataObject) -> None:
    wasm = bytearray(wat_to_wasm(SEED))
    for _ in range(data.draw(st.integers(1, 5))):
        wasm[data.draw(st.integers(0, len(wasm) - 1))] = data.draw(st.integers(0, 255))
    with contextlib.suppress(FormatError):
        read_everything(bytes(wasm))
    with contextlib.suppress(FormatError, AbiMismatchError):
        build_code_image(bytes(wasm), ABI_314_0_5)


@given(st.integers(0, 0xFFFFFFFF))
def test_unsigned_integers_round_trip(value: int) -> None:
    reader = Reader(uleb(value))
    assert reader.u32() == value
    assert reader.remaining == 0


@given(st.integers(-(1 << 63), (1 << 63) - 1))
def test_signed_integers_round_trip(value: int) -> None:
    assert Reader(sleb(value)).signed(64) == value


@given(st.lists(st.text(max_size=20), max_size=20))
def test_names_round_trip(texts: list[str]) -> None:
    try:
        data = vector([name(text) for text in texts])
    except UnicodeEncodeError:
        return  # lone surrogates are no text for WebAssembly
    assert Reader(data).vector(Reader.name) == tuple(texts)


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=10),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=10), inner, max_size=3),
    max_leaves=10,
)


@given(st.dictionaries(st.sampled_from(list(CodeImageLayout.__dataclass_fields__)), json_values) | json_values)
def test_any_layout(value: object) -> None:
    with contextlib.suppress(FormatError):
        CodeImageLayout.from_json(value)


@pytest.mark.parametrize("identifier", [SectionId.TYPE, SectionId.IMPORT, SectionId.EXPORT, SectionId.DATA])
def test_claimed_counts_cost_nothing(identifier: SectionId) -> None:
    module = binary.parse(HEADER + section(identifier, uleb(0xFFFFFFFF) + bytes(50)))
    with pytest.raises(FormatError):
        binary.Module._items(module, identifier, Reader.byte)
