"""Small side modules and a main module to load them into, from WebAssembly text."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from runtime_core.engine.capi import wat_to_wasm
from runtime_core.engine.codecache import CodeCache
from runtime_core.engine.engine import Engine
from runtime_core.engine.instance import GuestInstance
from runtime_core.engine.limits import Limits
from runtime_core.engine.sidemodule import StoreLinker
from runtime_core.linking.library import LibraryLoader
from runtime_core.linking.linker import DynamicLinker
from runtime_core.wasm.dylink import SECTION
from runtime_core.wasm.encoding import HEADER, name, section, uleb, vector
from tests.support.guests import IMPORTS, Host

MAIN_WAT = """
(module
  (import "snapshot" "memory" (memory 1 65536))
  (import "env" "add" (func $add (param i32 i32) (result i32)))
  (table (export "__indirect_function_table") 4 4096 funcref)
  (elem (i32.const 1) $calloc $answer)
  (global (export "__stack_pointer") (mut i32) (i32.const 4096))
  (global (export "main_datum") i32 (i32.const 640))
  (global $heap (mut i32) (i32.const 8192))
  (tag (export "__cpp_exception") (param i32))
  (func $calloc (export "calloc") (param i32 i32) (result i32)
    (local $at i32)
    (local.set $at (global.get $heap))
    (global.set $heap (i32.add (global.get $heap) (i32.mul (local.get 0) (local.get 1))))
    (if (i32.gt_u (global.get $heap) (i32.const 65536)) (then (return (i32.const 0))))
    (local.get $at))
  (func $answer (export "answer") (result i32) (i32.const 42))
  (func (export "call_add") (result i32) (call $add (i32.const 1) (i32.const 2)))
  (func (export "load") (param i32) (result i32) (i32.load (local.get 0)))
  (func (export "call_slot") (param i32) (result i32) (call_indirect (result i32) (local.get 0)))
)
"""
MEMORY_WAT = '(module (memory (export "memory") 1 4))'


def dylink(
    *,
    memory: int = 0,
    alignment: int = 0,
    slots: int = 0,
    needed: Sequence[str] = (),
    weak: Sequence[str] = (),
    paths: Sequence[str] = (),
) -> bytes:
    """A ``dylink.0`` section."""
    parts = [(1, uleb(memory) + uleb(alignment) + uleb(slots) + uleb(0))]
    if needed:
        parts.append((2, vector([name(item) for item in needed])))
    if weak:
        parts.append((4, vector([name("env") + name(item) + uleb(1) for item in weak])))
    if paths:
        parts.append((5, vector([name(item) for item in paths])))
    body = b"".join(bytes((kind,)) + uleb(len(payload)) + payload for kind, payload in parts)
    return section(0, name(SECTION) + body)


def side_module(wat: str, **needs: Any) -> bytes:
    """A side module from text, with its ``dylink.0`` section; see :func:`dylink` for ``needs``."""
    wasm = wat_to_wasm(wat)
    return HEADER + dylink(**needs) + wasm[len(HEADER) :]


class LinkingGuest:
    """The main module with a dynamic linker whose files are given."""

    def __init__(
        self, directory: Path, files: dict[str, bytes], limits: Limits | None = None, engine: Engine | None = None
    ) -> None:
        engine = engine or Engine()
        cache = CodeCache(directory)
        program = engine.link(engine.load(wat_to_wasm(MAIN_WAT), cache), IMPORTS)
        self.instance: GuestInstance = program.instantiate(engine.load(wat_to_wasm(MEMORY_WAT), cache), limits)
        self.host = Host(self.instance)
        self.instance.bind(self.host)
        self.files = files
        self.store = StoreLinker(self.instance, program)
        loader = LibraryLoader(translate=lambda data: data, load=lambda wasm: engine.load(wasm, cache))
        self.linker = DynamicLinker(
            instance=self.instance, store=self.store, loader=loader, read_file=lambda path: self.files.get(path)
        )

    def call(self, path: str, symbol: str) -> int:
        """Open a library locally and call one of its functions through its slot."""
        library = self.linker.open(path, is_global=False)
        slot = self.linker.address(library, symbol)
        assert slot is not None
        return int(self.instance.call("call_slot", slot))
