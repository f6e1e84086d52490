"""Rewriting a main module: small ones of the same shape as Pyodide's."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from runtime_core.engine.capi import wat_to_wasm
from runtime_core.engine.codecache import CodeCache
from runtime_core.engine.engine import Engine
from runtime_core.engine.hostcall import HostImport, ReferenceTable
from runtime_core.engine.instance import GuestInstance
from runtime_core.wasm import binary, guestfunctions
from runtime_core.wasm.abi import CodeProfile
from runtime_core.wasm.binary import ExternKind, SectionId
from runtime_core.wasm.codeimage import CodeImage, CodeImageLayout, build_code_image
from runtime_core.wasm.encoding import HEADER, section
from schemas.errors import AbiMismatchError, FatalIsolateError, FormatError

MAIN = """
(module
  (type $three (func (param i32 i32 i32) (result i32)))
  (type $two (func (param i32 i32) (result i32)))
  (import "env" "host" (func $host (param i32) (result i32)))
  (import "GOT.func" "glFirst" (global $got1 (mut i32)))
  (import "GOT.func" "glSecond" (global $got2 (mut i32)))
  (import "GOT.mem" "data" (global $got3 (mut i32)))
  {imports}
  {memory}
  (table $t (export "__indirect_function_table") {table} funcref)
  (table $immortal 0 externref)
  (table $counted 0 externref)
  (global $sp (export "__stack_pointer") (mut i32) (i32.const {stack}))
  (global $other i32 (i32.const 5))
  (func $in_table (export "in_table") (param i32 i32 i32) (result i32)
    (i32.add (i32.mul (local.get 0) (i32.const 100)) (i32.add (i32.mul (local.get 1) (i32.const 10)) (local.get 2))))
  (func $two_args (param i32 i32) (result i32) (i32.add (local.get 0) (local.get 1)))
  (func $one_arg (param i32) (result i32) (i32.mul (local.get 0) (i32.const 7)))
  (func $no_args (result i32) (i32.const 11))
  (func $wide (param i64))
  (func (export "__wasm_call_ctors"))
  (func $fresh (export "fresh") (result i32) (i32.add (global.get $other) (global.get $got1)))
  (export "fresh_again" (func $fresh))
  (func (export "__em_js__skipped"))
  (func (export "host") (param i32) (result i32) (call $host (local.get 0)))
  (export "imported" (func $host))
  (export "memory" (memory 0))
  (func (export "call") (param i32 i32 i32 i32 i32 i32) (result i32)
    (call_indirect $t (param i32 i32 i32 i32 i32) (result i32)
      (local.get 1) (local.get 2) (local.get 3) (local.get 4) (local.get 5) (local.get 0)))
  (func (export "add_counted") (param externref) (result i32)
    (table.grow $counted (local.get 0) (i32.const 1)))
  (func (export "get_immortal") (param i32) (result externref) (table.get $immortal (local.get 0)))
  (func (export "get_counted") (param i32) (result externref) (table.get $counted (local.get 0)))
  (elem (table $t) (i32.const 1) func $in_table $two_args $one_arg $no_args $wide)
  (data (i32.const 1024) "first")
  {data}
  {extra})
"""

# Six slots in the module; fresh, host, imported, call, add_counted, get_immortal, get_counted follow; two for the GOT.
PROFILE = CodeProfile(
    pyodide_version="0.0.1",
    python_version="3.14",
    abi="test",
    got_slots=2,
    trampoline_slot=6 + 7 + 2,
    immortal_table=1,
    reference_table=2,
    interface=False,
)


def main_module(**parts: Any) -> bytes:
    defaults = {
        "imports": "",
        "memory": "(memory 2 4)",
        "table": "6",
        "stack": "70000",
        "data": '(data (i32.const 131064) "lastlast")',
        "extra": "",
    }
    return wat_to_wasm(MAIN.format(**{**defaults, **parts}))


@pytest.fixture(scope="module")
def image() -> CodeImage:
    return build_code_image(main_module(), PROFILE)


class RawBits:
    def decode(self, raw: int) -> object:
        return raw

    def encode(self, value: object) -> int:
        assert isinstance(value, int)
        return value


class Host:
    def __init__(self, instance: GuestInstance) -> None:
        self.refs: ReferenceTable = RawBits()
        self.emscripten: Any = self
        self.js: Any = self
        self.instance = instance


@pytest.fixture(scope="module")
def guest(image: CodeImage, tmp_path_factory: pytest.TempPathFactory) -> GuestInstance:
    engine = Engine()
    cache = CodeCache(tmp_path_factory.mktemp("code") / "cache")
    imports = [HostImport(module="env", name="host", component="", function=lambda _, number: number + 1)]
    program = engine.link(engine.load(image.wasm, cache), imports)
    instance = program.instantiate(engine.load(image.memory_image, cache))
    instance.bind(Host(instance))
    return instance


def test_layout(image: CodeImage) -> None:
    assert image.layout == CodeImageLayout(
        pyodide_version="0.0.1",
        table_size=16,
        first_export_slot=6,
        export_slots=("fresh", "host", "imported", "call", "add_counted", "get_immortal", "get_counted"),
        got_functions=("glFirst", "glSecond"),
        trampoline_slot=15,
        stack_pointer=70000,
        memory_pages=2,
    )


def test_layout_survives_json(image: CodeImage) -> None:
    assert CodeImageLayout.from_json(json.loads(json.dumps(image.layout.to_json()))) == image.layout


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"table_size": None}, "not a number"),
        ({"table_size": -1}, "negative"),
        ({"table_size": True}, "a boolean"),
        ({"stack_pointer": 1 << 32}, "beyond 32 bits"),
        ({"export_slots": "fresh"}, "a string for a list"),
        ({"export_slots": [1]}, "a number for a name"),
        ({"pyodide_version": 3}, "a number for a string"),
        ({"surplus": 3}, "an unknown field"),
    ],
)
def test_bad_layouts(image: CodeImage, change: dict[str, object], reason: str) -> None:
    with pytest.raises(FormatError):
        CodeImageLayout.from_json({**image.layout.to_json(), **change})
    assert reason


@pytest.mark.parametrize("value", [None, [], {}, {"table_size": 1}, "text"])
def test_what_is_no_layout(value: object) -> None:
    with pytest.raises(FormatError):
        CodeImageLayout.from_json(value)


def test_only_functions_and_the_memory_are_imported(image: CodeImage) -> None:
    imports = binary.parse(image.wasm).imports()
    assert [(item.module, item.name, item.kind) for item in imports] == [
        ("env", "host", ExternKind.FUNCTION),
        ("snapshot", "memory", ExternKind.MEMORY),
    ]
    assert imports[1].limits == binary.Limits(2, 65536)


def test_no_index_moves(image: CodeImage) -> None:
    before, after = binary.parse(main_module()), binary.parse(image.wasm)
    assert after.exports()[: len(before.exports())] == before.exports()
    assert after.types()[: len(before.types())] == before.types()
    assert after.find(SectionId.DATA) is after.find(SectionId.DATA_COUNT) is after.find(SectionId.MEMORY) is None
    old, new = before.payload(SectionId.CODE), after.payload(SectionId.CODE)
    assert new[1 : len(old)] == old[1:]


def test_the_same_input_gives_the_same_bytes(image: CodeImage) -> None:
    again = build_code_image(main_module(), PROFILE)
    assert (again.wasm, again.memory_image) == (image.wasm, image.memory_image)


def test_it_runs_over_its_initial_memory(guest: GuestInstance) -> None:
    assert guest.memory.size == 2 * 65536
    assert guest.memory.read(1024, 5) == b"first"
    assert guest.memory.read(131064, 8) == b"lastlast"
    assert guest.memory.read(1029, 3) == b"\0\0\0"
    assert guest.global_value("__stack_pointer") == 70000
    assert guest.call("host", 4) == 5
    assert guest.call("fresh") == 5  # the GOT entry is zero


def test_the_table_is_filled(guest: GuestInstance, image: CodeImage) -> None:
    assert guest.table_size() == image.layout.table_size
    assert guest.table_call(6) == 5
    assert guest.table_call(7, 1) == guest.table_call(8, 1) == 2
    for slot in (13, 14):
        with pytest.raises(Exception, match="points to no function"):
            guest.table_function(slot)


@pytest.mark.parametrize(
    ("slot", "result", "fits"), [(1, 123, 1), (2, 3, 1), (3, 7, 1), (4, 11, 1), (5, 0, 0), (13, 0, 0)]
)
def test_the_trampoline(guest: GuestInstance, image: CodeImage, slot: int, result: int, fits: int) -> None:
    guest.memory.write_u32(2048, 99)
    trampoline = image.layout.trampoline_slot
    assert guest.table_call(trampoline, 2048, slot, 1, 2, 3) == result
    assert guest.memory.read_u32(2048) == fits
    # And from within, by call_indirect, as CPython calls it.
    assert guest.call("call", trampoline, 2048, slot, 1, 2, 3) == result


def test_references_in_bulk(guest: GuestInstance) -> None:
    values = [0, 1, 3, 0xFFFFFFFF, 0x80000001]
    guest.memory.write_u32s(4096, values)
    guest.call(guestfunctions.ADD_REFERENCES, 4096, len(values), 1)
    assert guest.call(guestfunctions.IMMORTAL_COUNT) == len(values)
    assert guest.call(guestfunctions.REFERENCE_COUNT) == 0
    assert [guest.call("get_immortal", index) for index in range(len(values))] == values
    guest.call("add_counted", 11)
    guest.call(guestfunctions.ADD_REFERENCES, 4100, 1, 0)
    assert guest.call(guestfunctions.REFERENCE_COUNT) == 2
    guest.call(guestfunctions.READ_REFERENCES, 8192, 1, 4, 1)
    assert guest.memory.read_u32s(8192, 4) == tuple(values[1:])
    guest.call(guestfunctions.READ_REFERENCES, 8192, 0, 2, 0)
    assert guest.memory.read_u32s(8192, 3) == (11, 1, values[3])
    guest.call(guestfunctions.READ_REFERENCES, 8192, 0, 0, 0)


@pytest.mark.parametrize(("start", "count"), [(0, 99), (99, 1)])
def test_reading_references_that_do_not_exist_traps(image: CodeImage, tmp_path: Path, start: int, count: int) -> None:
    engine = Engine()
    cache = CodeCache(tmp_path / "cache")
    imports = [HostImport(module="env", name="host", component="", function=lambda _, number: number)]
    program = engine.link(engine.load(image.wasm, cache), imports)
    with program.instantiate(engine.load(image.memory_image, cache)) as instance:
        instance.bind(Host(instance))
        with pytest.raises(FatalIsolateError):
            instance.call(guestfunctions.READ_REFERENCES, 0, start, count, 0)


@pytest.mark.parametrize(
    ("parts", "reason"),
    [
        ({"extra": "(start 5)"}, "a start function"),
        ({"table": "7"}, "the table layout is not that"),
        ({"table": "6 10"}, "the function table may not grow"),
        ({"memory": '(import "env" "memory" (memory 2 4))'}, "must define one memory"),
        ({"extra": '(data "passive")'}, "not active at a constant address"),
        ({"imports": '(import "env" "late" (global i32))'}, "a global import follows the GOT imports"),
        ({"imports": '(import "GOT.mem" "wide" (global (mut i64)))'}, "no mutable i32"),
        ({"imports": '(import "env" "table" (table 1 funcref))'}, "imports a table"),
        ({"memory": "(memory 20000)"}, "initial memory is too large"),
    ],
)
def test_modules_of_another_shape(parts: dict[str, str], reason: str) -> None:
    with pytest.raises(AbiMismatchError, match=reason):
        build_code_image(main_module(**parts), PROFILE)


def test_a_data_segment_outside_the_memory() -> None:
    with pytest.raises(FormatError, match="outside the memory"):
        build_code_image(main_module(data='(data (i32.const -4) "x")'), PROFILE)


@pytest.mark.parametrize(
    ("data", "reason"),
    [(b"", "empty"), (HEADER, "nothing in it"), (HEADER + section(SectionId.MEMORY, b"\1\0\1"), "no table")],
)
def test_what_is_no_main_module(data: bytes, reason: str) -> None:
    with pytest.raises((FormatError, AbiMismatchError)):
        build_code_image(data, PROFILE)
    assert reason
