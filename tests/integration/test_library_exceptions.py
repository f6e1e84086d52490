"""Exceptions of C++ and ``longjmp`` pass from one library through the main module into another, by their tags."""

from __future__ import annotations

from pathlib import Path

import pytest

from runtime_core.emscripten.mounts import Mount
from runtime_core.engine.codecache import CodeCache
from runtime_core.linking.library import LibraryLoader
from runtime_core.runtime import process_engine
from tests.support import releases
from tests.support.ffi_guest import FfiGuest
from tests.support.side_modules import side_module

pytestmark = pytest.mark.boot

THROWER = """(module
  (import "env" "{tag}" (tag $tag (param i32)))
  (func (export "throw_it") (param i32) (throw $tag (local.get 0))))"""
# It catches what its function pointer throws, whoever made that.
CATCHER = """(module
  (import "env" "{tag}" (tag $tag (param i32)))
  (import "env" "__indirect_function_table" (table 1 funcref))
  (func (export "catch_it") (param i32 i32) (result i32)
    (block $caught (result i32)
      (try_table (catch $tag $caught) (call_indirect (param i32) (local.get 1) (local.get 0)))
      (i32.const -1))))"""
SOURCE = """
import ctypes
thrower, catcher = ctypes.CDLL("/libs/thrower.so"), ctypes.CDLL("/libs/catcher.so")
address = ctypes.cast(thrower.throw_it, ctypes.c_void_p).value
quiet = ctypes.CFUNCTYPE(None, ctypes.c_int)(lambda value: None)
[catcher.catch_it(address, 77), catcher.catch_it(address, 78),
 catcher.catch_it(ctypes.cast(quiet, ctypes.c_void_p).value, 79)]
"""


@pytest.mark.parametrize("tag", ["__cpp_exception", "__c_longjmp"])
def test_a_tag_is_one_for_all_modules(tag: str, tmp_path: Path) -> None:
    tmp_path.chmod(0o700)
    releases.runtime()
    engine, cache = process_engine(), CodeCache(tmp_path)
    guest = FfiGuest()
    guest.guest.use_libraries(LibraryLoader(translate=lambda data: data, load=lambda wasm: engine.load(wasm, cache)))
    files = {"thrower.so": side_module(THROWER.format(tag=tag)), "catcher.so": side_module(CATCHER.format(tag=tag))}
    guest.guest.emscripten.fs.mount("/libs", Mount(name="libs", source=files))
    assert guest.run(SOURCE) == [77, 78, -1]
    guest.close()
