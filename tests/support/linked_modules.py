"""Small side modules linked into a small main module before it runs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from runtime_core.engine.capi import wat_to_wasm
from runtime_core.engine.codecache import CodeCache
from runtime_core.engine.engine import Engine
from runtime_core.engine.limits import Limits
from runtime_core.engine.sidemodule import StoreLinker
from runtime_core.linking.library import LibraryLoader
from runtime_core.linking.linkedset import LinkedSet, LinkState
from runtime_core.linking.linker import DynamicLinker
from runtime_core.wasm.codeimage import CodeImage, CodeImageLayout
from runtime_core.wasm.codelink import LibraryFile, LinkedImage, link_libraries
from runtime_core.wasm.dataimage import PAGE_BYTES, build_data_image
from tests.support.guests import IMPORTS, Host
from tests.support.side_modules import MAIN_WAT, side_module

HEAP_BASE = 8192
BREAK_ADDRESS = 1024
TABLE_SIZE = 4
_ADDED = f"""
  (global (export "__heap_base") i32 (i32.const {HEAP_BASE}))
  (func (export "emscripten_get_sbrk_ptr") (result i32)
    (if (i32.eqz (i32.load (i32.const {BREAK_ADDRESS})))
      (then (i32.store (i32.const {BREAK_ADDRESS}) (i32.const {HEAP_BASE}))))
    (i32.const {BREAK_ADDRESS}))
)
"""
EVERYTHING = """(module
  (import "env" "memory" (memory 1))
  (import "env" "__indirect_function_table" (table 0 funcref))
  (import "env" "__memory_base" (global $base i32))
  (import "env" "__table_base" (global $slots i32))
  (import "env" "__stack_pointer" (global $stack (mut i32)))
  (import "GOT.mem" "datum" (global $datum (mut i32)))
  (import "GOT.mem" "main_datum" (global $main (mut i32)))
  (import "GOT.func" "answer" (global $answer (mut i32)))
  (import "GOT.func" "own" (global $own (mut i32)))
  (import "env" "add" (func $add (param i32 i32) (result i32)))
  (import "env" "answer" (func $main_answer (result i32)))
  (import "env" "own" (func $late (result i32)))
  (import "env" "__cpp_exception" (tag $exception (param i32)))
  (global (export "datum") i32 (i32.const 8))
  (type $number (func (result i32)))
  (type $pair (func (result i32 i32)))
  (elem (global.get $slots) $inner $main_answer)
  (data (global.get $base) "\\01\\00\\00\\00\\02\\00\\00\\00\\03")
  (start $clear)
  (func $clear (memory.fill (i32.add (global.get $base) (i32.const 12)) (i32.const 0) (i32.const 4)))
  (func $inner (result i32) (i32.const 1000))
  (func (export "own") (result i32) (i32.const 20000))
  (func (export "__wasm_apply_data_relocs")
    (i32.store offset=12 (global.get $base) (i32.add (i32.load offset=12 (global.get $base)) (global.get $datum))))
  (func (export "__wasm_call_ctors")
    (i32.store (global.get $base) (i32.add (i32.load (global.get $base)) (i32.const 1))))
  (func $thrower (throw $exception (i32.const 7)))
  (func $caught (result i32)
    (block $handler (result i32)
      (try_table (catch $exception $handler) (call $thrower))
      (i32.const 0)))
  (func $choose (param i32) (result i32)
    (block $c (block $b (block $a (br_table $a $b $c (local.get 0))) (return (i32.const 5))) (return (i32.const 6)))
    (i32.const 7))
  (func $two (type $pair) (i32.const 1) (i32.const 2))
  (func $blocks (result i32) (block (type $pair) (call $two)) (i32.add))
  (func (export "counted") (result i32) (i32.load (global.get $base)))
  (func (export "relocated") (result i32)
    (i32.eq (i32.load offset=12 (global.get $base)) (global.get $datum)))
  (func (export "third") (result i32) (i32.load8_u (global.get $datum)))
  (func (export "constants") (result i32) (i32.sub (global.get $main) (i32.const 640)))
  (func (export "indirect") (result i32)
    (i32.add (call_indirect (type $number) (global.get $slots))
      (i32.add (call_indirect (type $number) (global.get $answer)) (call_indirect (type $number) (global.get $own)))))
  (func (export "direct") (result i32) (call $add (call $main_answer) (call $late)))
  (func (export "exceptions") (result i32) (call $caught))
  (func (export "branches") (result i32)
    (i32.add (call $choose (i32.const 0)) (i32.mul (i32.const 10) (call $choose (i32.const 9)))))
  (func (export "values") (result i32) (call $blocks))
  (func (export "stack") (result i32)
    (global.set $stack (i32.sub (global.get $stack) (i32.const 16)))
    (global.set $stack (i32.add (global.get $stack) (i32.const 16)))
    (global.get $stack)))"""


def everything() -> bytes:
    """A library that does what libraries do."""
    return side_module(EVERYTHING, memory=16, alignment=4, slots=2)


def main_image(added: str = _ADDED, *, heap: int = HEAP_BASE) -> CodeImage:
    """The small main module as a code image."""
    memory = bytearray(PAGE_BYTES)
    memory[BREAK_ADDRESS : BREAK_ADDRESS + 4] = heap.to_bytes(4, "little")
    layout = CodeImageLayout(
        pyodide_version="0",
        table_size=TABLE_SIZE,
        first_export_slot=0,
        export_slots=(),
        got_functions=(),
        trampoline_slot=3,
        stack_pointer=4096,
        memory_pages=1,
    )
    wasm = wat_to_wasm(MAIN_WAT.rstrip().removesuffix(")") + added)
    return CodeImage(wasm=wasm, memory_image=build_data_image(memory), layout=layout)


def linked(files: Mapping[str, bytes], needed: Mapping[str, Sequence[str]] | None = None) -> LinkedImage:
    """The main module with libraries in it, in the order given."""
    needs = needed or {}
    return link_libraries(
        main_image(),
        [LibraryFile(name=name, wasm=data, needed=tuple(needs.get(name, ()))) for name, data in files.items()],
    )


class LinkedGuest:
    """A guest of a linked image. ``files`` are what is found at run time."""

    def __init__(
        self,
        directory: Path,
        image: LinkedImage,
        files: Mapping[str, bytes],
        state: LinkState | None = None,
        limits: Limits | None = None,
    ) -> None:
        directory.chmod(0o700)
        engine = Engine()
        cache = CodeCache(directory)
        program = engine.link(engine.load(image.image.wasm, cache), IMPORTS)
        self.instance = program.instantiate(engine.load(image.image.memory_image, cache), limits)
        self.host = Host(self.instance)
        self.instance.bind(self.host)
        self.linker = DynamicLinker(
            instance=self.instance,
            store=StoreLinker(self.instance, program),
            loader=LibraryLoader(translate=lambda data: data, load=lambda wasm: engine.load(wasm, cache)),
            read_file=files.get,
            state=state or LinkState(linked=LinkedSet(image.libraries)),
        )

    def call(self, path: str, symbol: str) -> int:
        """Open a library locally and call one of its functions through its slot."""
        library = self.linker.open(path, is_global=False)
        slot = self.linker.address(library, symbol)
        assert slot is not None
        return int(self.instance.call("call_slot", slot))
