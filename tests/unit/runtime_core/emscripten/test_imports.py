from __future__ import annotations

import inspect
import json
from pathlib import Path

import pytest

from runtime_core.emscripten.imports import COMPONENT, emscripten_imports

VECTOR = Path(__file__).parents[3] / "vectors" / "emscripten_imports_314_0_5.json"
"""Imports of pyodide.asm.wasm 314.0.5 that this part serves: module, name, parameters, results."""

WANTED = {(module, name): (parameters, results) for module, name, parameters, results in json.loads(VECTOR.read_text())}
OFFERED = {(item.module, item.name): item for item in emscripten_imports()}


def test_exactly_the_wanted_imports_are_offered() -> None:
    assert set(OFFERED) == set(WANTED)
    assert len(emscripten_imports()) == len(OFFERED), "a name is offered twice"
    assert {item.component for item in OFFERED.values()} == {COMPONENT}


@pytest.mark.parametrize("key", sorted(WANTED), ids=lambda key: key[1])
def test_each_takes_the_host_and_its_parameters(key: tuple[str, str]) -> None:
    parameters, _ = WANTED[key]
    inspect.signature(OFFERED[key].function).bind("host", *parameters)
