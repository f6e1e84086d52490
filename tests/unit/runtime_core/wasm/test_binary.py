"""Views of sections, against modules assembled by wasmtime."""

from __future__ import annotations

import pytest

from runtime_core.engine.capi import wat_to_wasm
from runtime_core.wasm import binary
from runtime_core.wasm.binary import ExternKind, SectionId, SegmentMode
from runtime_core.wasm.encoding import HEADER, section, uleb, vector
from schemas.errors import FormatError

MODULE = """
(module
  (rec (type $a (struct (field (mut i8)) (field (ref null $a)))) (type $b (array (mut funcref))))
  (type $f (func (param i32 externref (ref null $a)) (result f64)))
  (type $s (sub (struct (field i32))))
  (import "env" "function" (func (type $f)))
  (import "env" "table" (table 1 2 externref))
  (import "env" "memory" (memory 1 2))
  (import "GOT.func" "global" (global (mut i32)))
  (import "env" "tag" (tag (param i32)))
  (table 3 funcref)
  (table 2 5 funcref (ref.func 1))
  (global (export "one") i32 (i32.const -7))
  (global (mut i64) (i64.const 5))
  (global f64 (f64.const 1.5))
  (global i32 (i32.add (i32.const 1) (i32.const 2)))
  (global (ref null $a) (ref.null $a))
  (func (export "first") (type $f) (unreachable))
  (func $second)
  (export "memory" (memory 0))
  (elem (table 1) (i32.const 1) func 1 2)
  (elem (table 1) (i32.const 0) funcref (ref.func 2) (ref.null func))
  (elem func 2)
  (elem declare func 1)
  (elem (table 2) (i32.const 0) func 1)
  (data (i32.const 16) "active")
  (data "passive"))
"""


@pytest.fixture(scope="module")
def module() -> binary.Module:
    return binary.parse(wat_to_wasm(MODULE))


def test_types(module: binary.Module) -> None:
    types = module.types()
    assert types[0] is None
    assert types[1] is None
    assert types[2] == binary.FunctionType((b"\x7f", b"\x6f", b"\x63\x00"), (b"\x7c",))
    assert module.type_entries() < len(types)  # a recursion group is one entry


def test_imports(module: binary.Module) -> None:
    imports = module.imports()
    assert [(item.module, item.name, item.kind) for item in imports] == [
        ("env", "function", ExternKind.FUNCTION),
        ("env", "table", ExternKind.TABLE),
        ("env", "memory", ExternKind.MEMORY),
        ("GOT.func", "global", ExternKind.GLOBAL),
        ("env", "tag", ExternKind.TAG),
    ]
    assert imports[0].type_index == 2
    assert imports[1].limits == imports[2].limits == binary.Limits(1, 2)
    assert imports[3].description == b"\x7f\x01"
    assert uleb(5) + b"".join(item.raw for item in imports) == module.payload(SectionId.IMPORT)


def test_definitions(module: binary.Module) -> None:
    assert len(module.functions()) == module.body_count() == 2
    first, second = module.tables()
    assert (first.element_type, first.limits, first.raw_initial) == (b"\x70", binary.Limits(3, None), None)
    assert second.limits == binary.Limits(2, 5)
    assert second.raw_initial == b"\xd2\x01\x0b"
    assert [item.initial.i32 for item in module.globals()] == [-7, None, None, None, None]
    assert [item.mutable for item in module.globals()] == [False, True, False, False, False]
    assert module.memories() == ()
    assert [(item.name, item.kind, item.index) for item in module.exports()] == [
        ("one", ExternKind.GLOBAL, 1),
        ("first", ExternKind.FUNCTION, 1),
        ("memory", ExternKind.MEMORY, 0),
    ]


def test_segments(module: binary.Module) -> None:
    elements = module.elements()
    assert [(item.mode, item.table, item.functions) for item in elements] == [
        (SegmentMode.ACTIVE, 1, (1, 2)),
        (SegmentMode.ACTIVE, 1, (2, None)),
        (SegmentMode.PASSIVE, 0, (2,)),
        (SegmentMode.DECLARED, 0, (1,)),
        (SegmentMode.ACTIVE, 2, (1,)),
    ]
    assert elements[0].offset is not None
    assert elements[0].offset.i32 == 1
    active, passive = module.data_segments()
    assert (active.mode, passive.mode) == (SegmentMode.ACTIVE, SegmentMode.PASSIVE)
    assert module.data[active.start : active.end] == b"active"
    assert module.data[passive.start : passive.end] == b"passive"


MEMORY = section(SectionId.MEMORY, vector([b"\0\1"]))
TYPE = section(SectionId.TYPE, vector([b"\x60\0\0"]))


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", "empty"),
        (b"\0asm", "cut header"),
        (b"\0asm\2\0\0\0", "version 2"),
        (b"\0asm\x0d\0\1\0", "a component"),
        (HEADER + b"\x05", "section without a size"),
        (HEADER + b"\x05\x7f", "section longer than the file"),
        (HEADER + b"\x0e\x00", "unknown section"),
        (HEADER + MEMORY + MEMORY, "repeated section"),
        (HEADER + MEMORY + TYPE, "out of order"),
        (HEADER + section(SectionId.DATA, b"\0") + section(SectionId.CODE, b"\0"), "data before code"),
    ],
)
def test_bad_modules(data: bytes, reason: str) -> None:
    with pytest.raises(FormatError):
        binary.parse(data)
    assert reason


@pytest.mark.parametrize(
    ("identifier", "payload", "reason"),
    [
        (SectionId.TYPE, b"\x01\x61", "unknown type"),
        (SectionId.TYPE, b"\x01\x60\x01\x01\x00", "unknown value type"),
        (SectionId.TYPE, b"\x01\x60\x00\x00\x00", "bytes behind the end"),
        (SectionId.TYPE, b"\x01\x5e\x7f\x02", "bad mutability"),
        (SectionId.TYPE, b"\x05\x60\x00\x00", "fewer than claimed"),
        (SectionId.IMPORT, b"\x01\x00\x00\x05\x00", "unknown kind of import"),
        (SectionId.TABLE, b"\x01\x40\x01\x70\x00\x00\xd0\x70\x0b", "bad table form"),
        (SectionId.MEMORY, b"\x01\x04\x01", "64-bit memory"),
        (SectionId.MEMORY, b"\x01\x03\x01\x01", "shared memory"),
        (SectionId.MEMORY, b"\x01\x01\x02\x01", "maximum below minimum"),
        (SectionId.GLOBAL, b"\x01\x7f\x02\x41\x00\x0b", "bad mutability"),
        (SectionId.GLOBAL, b"\x01\x7f\x00\x20\x00\x0b", "not a constant operator"),
        (SectionId.GLOBAL, b"\x01\x7f\x00\x41\x00", "expression without end"),
        (SectionId.EXPORT, b"\x01\x00\x09\x00", "unknown kind of export"),
        (SectionId.ELEMENT, b"\x01\x08", "unknown flags"),
        (SectionId.ELEMENT, b"\x01\x01\x01\x00", "unknown kind of element"),
        (SectionId.DATA, b"\x01\x03", "unknown flags"),
        (SectionId.DATA, b"\x01\x01\x05ab", "shorter than claimed"),
    ],
)
def test_bad_sections(identifier: SectionId, payload: bytes, reason: str) -> None:
    module = binary.parse(HEADER + section(identifier, payload))
    view = {
        SectionId.TYPE: module.types,
        SectionId.IMPORT: module.imports,
        SectionId.TABLE: module.tables,
        SectionId.MEMORY: module.memories,
        SectionId.GLOBAL: module.globals,
        SectionId.EXPORT: module.exports,
        SectionId.ELEMENT: module.elements,
        SectionId.DATA: module.data_segments,
    }[identifier]
    with pytest.raises(FormatError):
        view()
    assert reason


def test_absent_sections_are_empty() -> None:
    module = binary.parse(HEADER)
    assert [module.types(), module.imports(), module.exports(), module.data_segments()] == [()] * 4
    assert module.body_count() == module.type_entries() == 0
