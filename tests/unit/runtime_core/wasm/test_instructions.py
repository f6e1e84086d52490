"""Redirecting calls and relocating code."""

from __future__ import annotations

import pytest

from runtime_core.engine.capi import wat_to_wasm
from runtime_core.wasm import binary
from runtime_core.wasm.binary import SectionId
from runtime_core.wasm.encoding import Reader
from runtime_core.wasm.instructions import Renumbering, redirect_calls, relocate
from schemas.errors import FormatError

# One instruction at least of each shape that the regular expression tells apart.
ALL_SHAPES = """
(module
  (type $t (func (param i32) (result i32)))
  (import "env" "old" (func $old (param i32) (result i32)))
  (import "env" "other" (func $other (param i32) (result i32)))
  (memory 1) (table 4 funcref) (global $g (mut i32) (i32.const 0)) (tag $e (param i32))
  (data $d "abc") (elem declare func $shapes)
  (func $shapes (param i32) (result i32) (local i64 f64 externref v128)
    (block (loop (br_if 1 (local.get 0)) (br 0)))
    (if (result i32) (local.get 0) (then (i32.const 0x10)) (else (i32.const 16)))
    drop
    (block $a (block $b (br_table $a $b $a (local.get 0))))
    (drop (f32.const 1.5)) (drop (f64.const 16.5)) (drop (i64.const -16))
    (drop (select (result i32) (i32.const 1) (i32.const 2) (local.get 0)))
    (drop (select (i32.const 1) (i32.const 2) (local.get 0)))
    (i32.store8 offset=16 (local.get 0) (i32.const 16))
    (drop (i64.load32_u offset=0x1010 align=4 (i32.const 0)))
    (drop (memory.size)) (drop (memory.grow (i32.const 0)))
    (memory.init $d (i32.const 0) (i32.const 0) (i32.const 1)) (data.drop $d)
    (memory.copy (i32.const 0) (i32.const 0) (i32.const 1)) (memory.fill (i32.const 0) (i32.const 0) (i32.const 1))
    (drop (table.get (i32.const 0))) (drop (table.size)) (drop (table.grow (ref.null func) (i32.const 0)))
    (drop (ref.func $shapes)) (drop (ref.is_null (ref.null extern)))
    (drop (i32.trunc_sat_f64_s (f64.const 1))) (drop (i32.extend8_s (i32.const 1)))
    (drop (v128.const i32x4 16 16 16 16))
    (drop (i8x16.shuffle 0 1 2 3 4 5 6 7 8 9 10 11 12 13 14 16 (local.get 4) (local.get 4)))
    (drop (i32x4.extract_lane 1 (local.get 4))) (drop (v128.load offset=16 (i32.const 0)))
    (drop (v128.load8_lane offset=16 1 (i32.const 0) (local.get 4))) (drop (i32x4.add (local.get 4) (local.get 4)))
    (drop (i64x2.mul (local.get 4) (local.get 4))) (drop (f64x2.sqrt (local.get 4)))
    (drop (ref.test (ref i31) (any.convert_extern (local.get 3))))
    (drop (i31.get_u (ref.i31 (i32.const 1))))
    (block $h (result i32) (try_table (catch $e $h) (catch_all 1) (throw $e (i32.const 1))) (i32.const 0))
    drop
    (call_indirect (type $t) (local.get 0) (i32.const 0))
    call $old
    call $other
    global.set $g
    (call $old (global.get $g))))
"""


def code_of(module: binary.Module) -> tuple[int, int]:
    found = module.find(SectionId.CODE)
    assert found is not None
    return found.start, found.end


def test_every_shape_of_instruction_is_read() -> None:
    data = wat_to_wasm(ALL_SHAPES)
    start, end = code_of(binary.parse(data))
    assert redirect_calls(data, start, end, {0: 0, 1: 1}) == data[start:end]


def test_calls_are_redirected_and_nothing_else() -> None:
    data = wat_to_wasm(ALL_SHAPES)
    start, end = code_of(binary.parse(data))
    changed = redirect_calls(data, start, end, {0: 300})
    assert changed.count(b"\x10\xac\x02") == 2
    assert len(changed) == end - start + 2
    body = Reader(changed)
    assert body.count() == 1
    body.skip(body.u32())
    assert body.remaining == 0


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (b"\0\xff\x10\0\x0b", "an unknown instruction"),
        (b"\0\x10\0", "no end"),
        (b"\0\x12\0\x0b", "a tail call of a target"),
        (b"\0\xd2\0\x1a\x0b", "a pointer to a target"),
        (b"\0\x10\0\x44\0\x0b", "a constant that ends early"),
        (b"\x7f\x10\0\x0b", "more locals than bytes"),
    ],
)
def test_code_that_is_not_understood_is_refused(body: bytes, reason: str) -> None:
    section = b"\1" + bytes((len(body),)) + body
    with pytest.raises(FormatError):
        redirect_calls(section, 0, len(section), {0: 1})
    assert reason


def bodies(text: str) -> list[bytes]:
    module = binary.parse(wat_to_wasm(text))
    reader = Reader(module.payload(SectionId.CODE))
    return [reader.take(reader.u32()) for _ in range(reader.count())]


def test_code_is_renumbered() -> None:
    source = """(module (func $f (param i32) (result i32)
      (if (result i32) (global.get $a) (then (call $f (local.get 0))) (else (i32.load offset=3 (i32.const 0))))
      (block (param i32) (result i32)) (global.set $b (i32.trunc_sat_f64_s (f64.const 1)))
      (i31.get_u (ref.cast (ref i31) (any.convert_extern (extern.convert_any (ref.i31 (i32.const 1)))))))
      (global $a i32 (i32.const 1)) (global $b (mut i32) (i32.const 1)) (memory 1))"""
    padded = source.replace(
        "(module",
        '(module (type (func)) (type (func (param i32) (result i32))) (import "x" "y" (func)) (import "x" "z" '
        "(global i32))",
    )
    (body,), (expected,) = bodies(source), bodies(padded)
    assert relocate(body, Renumbering(types=1, functions={0: 1}, globals={0: 1, 1: 2})) == expected
    assert relocate(body, Renumbering(types=0, functions={0: 0}, globals={0: 0, 1: 1})) == body


@pytest.mark.parametrize(
    ("code", "reason"),
    [
        ("(call 0)", "a function without a new index"),
        ("(drop (global.get 0))", "a global without a new index"),
        ("(drop (table.size))", "a table"),
        ("(memory.fill (i32.const 0) (i32.const 0) (i32.const 0))", "an operation on memories"),
        ("(drop (v128.const i32x4 0 0 0 0))", "a vector"),
        ("(call_indirect (i32.const 0))", "a call through a table"),
    ],
)
def test_code_that_cannot_move_is_refused(code: str, reason: str) -> None:
    (body,) = bodies(f"(module (global i32 (i32.const 0)) (memory 1) (table 1 funcref) (func {code}))")
    with pytest.raises(FormatError):
        relocate(body, Renumbering(types=0))
    assert reason
