"""The differences from Pyodide that docs/reference/differences.md lists are errors that guest code can catch."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.support.ffi_guest import FfiGuest

pytestmark = pytest.mark.boot


@pytest.fixture(scope="module")
def guest() -> Iterator[FfiGuest]:
    booted = FfiGuest()
    booted.run("import asyncio, js, pyodide_js\nfrom pyodide.code import run_js\nfrom pyodide.ffi import run_sync")
    yield booted
    booted.close()


@pytest.mark.parametrize(
    ("statement", "error", "text"),
    [
        ("js.eval('1 + 1')", "JsException", "no JavaScript engine"),
        ("run_js('1 + 1')", "JsException", "no JavaScript engine"),
        ("js.Array.extra = 1", "JsException", "read-only"),
        ("pyodide_js.loadPackage('numpy')", "JsException", "part of the release"),
        ("pyodide_js.mountNativeFS('/x', js.Object.new())", "JsException", "not available"),
        ("pyodide_js.mountNodeFS('/x', '/')", "JsException", "not available"),
        ("pyodide_js.useNodeSockFS()", "JsException", "not available"),
        ("pyodide_js.setStdin(js.Object.new())", "JsException", "not available"),
        ("pyodide_js.setStdout(js.Object.new())", "JsException", "not available"),
        ("pyodide_js.setStderr(js.Object.new())", "JsException", "not available"),
        ("pyodide_js.makeMemorySnapshot()", "JsException", "not available"),
        ("pyodide_js.setInterruptBuffer(js.Uint8Array.new(1))", "JsException", "not available"),
    ],
)
def test_what_is_missing_raises_and_the_guest_goes_on(guest: FfiGuest, statement: str, error: str, text: str) -> None:
    source = (
        f"try:\n    {statement}\nexcept Exception as caught:\n    seen = [type(caught).__name__, str(caught)]\nseen"
    )
    found = guest.run("seen = None\n" + source)
    assert isinstance(found, list)
    assert found[0] == error
    assert text in found[1]
    assert guest.run("1 + 1") == 2


def test_a_finalization_registry_calls_nobody(guest: FfiGuest) -> None:
    source = """
import gc
from pyodide.ffi import create_proxy
called = []
callback = create_proxy(called.append)
registry = js.FinalizationRegistry.new(callback)
registry.register(js.Object.new(), "held")
gc.collect()
"""
    guest.run(source)
    guest.js.collect()
    guest.js.collect()
    assert guest.run("called") == []
    guest.run("callback.destroy()")


def test_permissions_refuse_nothing(guest: FfiGuest) -> None:
    source = """
import os
from pathlib import Path
path = Path("/tmp/kept")
path.write_text("old")
path.chmod(0o400)
path.write_text("new")
"""
    guest.run(source)
    assert guest.run("oct(path.stat().st_mode)") == "0o100400"
    assert guest.run("path.read_text()") == "new"
    assert guest.run("os.access(path, os.W_OK)") is True
