"""Small guests in WebAssembly text, with a host for them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from runtime_core.engine.capi import wat_to_wasm
from runtime_core.engine.codecache import CodeCache
from runtime_core.engine.engine import Engine
from runtime_core.engine.hostcall import HostImport, ReferenceTable
from runtime_core.engine.instance import GuestInstance
from runtime_core.engine.limits import Limits
from runtime_core.engine.module import CompiledModule, Program

MEMORY_WAT = '(module (memory (export "memory") 1 4) (data (i32.const 16) "hello\\00world"))'

GUEST_WAT = r"""
(module
  (import "snapshot" "memory" (memory 1 65536))
  (import "env" "add" (func $add (param i32 i32) (result i32)))
  (import "env" "mixed" (func $mixed (param i32 i64 f32 f64 externref) (result f64)))
  (import "env" "wide" (func $wide (param i64) (result i64)))
  (import "env" "echo" (func $echo (param externref) (result externref)))
  (import "env" "act" (func $act (param i32) (result i32)))
  (table (export "__indirect_function_table") 4 8 funcref)
  (elem (i32.const 1) $callee $nothing)
  (global (export "pointer") (mut i32) (i32.const -16))
  (global (export "constant") i32 (i32.const 7))
  (global (export "wide_global") i64 (i64.const 7))
  (func $callee (param i32) (result i32) (i32.mul (local.get 0) (i32.const 3)))
  (func $nothing (export "nothing"))
  (func (export "add") (param i32 i32) (result i32) (call $add (local.get 0) (local.get 1)))
  (func (export "mixed") (param i32 i64 f32 f64 externref) (result f64)
    (call $mixed (local.get 0) (local.get 1) (local.get 2) (local.get 3) (local.get 4)))
  (func (export "wide") (param i64) (result i64) (call $wide (local.get 0)))
  (func (export "identity32") (param f32) (result f32) (local.get 0))
  (func (export "echo") (param externref) (result externref) (call $echo (local.get 0)))
  (func (export "act") (param i32) (result i32) (call $act (local.get 0)))
  (func $recurse (export "recurse") (param i32) (result i32)
    (i32.add (call $recurse (i32.add (local.get 0) (i32.const 1))) (i32.const 1)))
  (func $descend (export "descend") (param i32 i32) (result i32)
    (if (result i32) (i32.eqz (local.get 1))
      (then (call $act (local.get 0)))
      (else (i32.add (i32.const 1) (call $descend (local.get 0) (i32.sub (local.get 1) (i32.const 1)))))))
  (func (export "spin") (loop (br 0)))
  (func (export "call_host") (param i32)
    (loop
      (drop (call $add (i32.const 1) (i32.const 2)))
      (br_if 0 (local.tee 0 (i32.sub (local.get 0) (i32.const 1))))))
  (func (export "trap") (unreachable))
  (func (export "grow") (param i32) (result i32) (memory.grow (local.get 0)))
  (func (export "load") (param i32) (result i32) (i32.load (local.get 0)))
  (func (export "two") (result i32 i32) (i32.const 1) (i32.const 2))
)
"""


class PlainReferences:
    """References whose raw bits are small odd numbers: 2 * index + 1 into ``values``."""

    def __init__(self) -> None:
        self.values: list[object] = []

    def decode(self, raw: int) -> object:
        return None if raw == 0 else self.values[raw >> 1]

    def encode(self, value: object) -> int:
        if value is None:
            return 0
        self.values.append(value)
        return len(self.values) * 2 - 1


class Host:
    """A host whose components are itself; ``action`` is what the import ``act`` does."""

    def __init__(self, instance: GuestInstance) -> None:
        self.refs: ReferenceTable = PlainReferences()
        self.emscripten: Any = self
        self.js: Any = self
        self.instance = instance
        self.seen: list[tuple[object, ...]] = []
        self.action: Callable[[int], Any] = lambda number: number


def _mixed(host: Host, a: int, b: int, c: float, d: float, e: object) -> float:
    host.seen.append((a, b, c, d, e))
    return a + b + c + d


def _echo(host: Host, value: object) -> object:
    host.seen.append((value,))
    return value


IMPORTS = [
    HostImport(module="env", name="add", component="js", function=lambda _, a, b: a + b),
    HostImport(module="env", name="mixed", component="", function=_mixed),
    HostImport(module="env", name="wide", component="emscripten", function=lambda _, a: a + 1),
    HostImport(module="env", name="echo", component="js", function=_echo),
    HostImport(module="env", name="act", component="js", function=lambda host, number: host.action(number)),
]


class Guests:
    """One engine and program for many tests."""

    def __init__(self, directory: Path) -> None:
        self.engine = Engine()
        self.cache = CodeCache(directory)
        self.memory: CompiledModule = self.engine.load(wat_to_wasm(MEMORY_WAT), self.cache)
        self.program: Program = self.engine.link(self.engine.load(wat_to_wasm(GUEST_WAT), self.cache), IMPORTS)

    def start(self, limits: Limits | None = None) -> GuestInstance:
        """An instance with a :class:`Host`."""
        instance = self.program.instantiate(self.memory, limits)
        instance.bind(Host(instance))
        return instance


def host_of(instance: GuestInstance) -> Host:
    """The host, with its test attributes."""
    host = instance.host
    assert isinstance(host, Host)
    return host
