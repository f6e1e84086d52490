"""What a release build says while it works."""

from __future__ import annotations

import io
from pathlib import Path

from runtime_core.build.cache import BuildCache, CachedFile
from runtime_core.build.progress import Timeline
from runtime_core.build.release import _compile
from runtime_core.engine.capi import wat_to_wasm
from schemas.digest import Digest


def test_compiling_is_a_step_and_happens_once(tmp_path: Path) -> None:
    wasm = wat_to_wasm('(module (func (export "f") (result i32) (i32.const 1)))')
    path = tmp_path / "code.wasm"
    path.write_bytes(wasm)
    cache = BuildCache(tmp_path / "cache")
    cache.root.mkdir(mode=0o700)
    timeline = Timeline(stream=io.StringIO())
    for _ in range(2):
        _compile(cache, CachedFile(path=path, digest=Digest.of(wasm), size=len(wasm)), timeline)
    assert [(item.name, item.cached) for item in timeline.records] == [
        ("compile the code image", False),
        ("compile the code image", True),
    ]
