"""The bundle of Pyodide 314.0.5 that the workerd program asks for, made from Pyodide's npm package.

Cloudflare's own bundle is downloaded by workerd from Cloudflare; tests make one of the same layout from the files that
the project pins, with :file:`emscripten_setup.mjs` for the part that starts Pyodide's glue.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Mapping
from pathlib import Path
from typing import Final

import capnp

from schemas.errors import FormatError

FILE_NAME: Final = "pyodide_314.0.5_2026-08-17_1.capnp.bin"
"""What workerd calls the bundle of 314.0.5 in its cache directory."""

PUBLISHED_INTEGRITY: Final = "sha256-YARBm7WbY5eAuVR0xH0gNAVTFjYrc97VYMJnZPYET9s="
"""What the program expects of that file."""

_HERE: Final = Path(__file__).parent
_READ_LIBRARY: Final = (
    "function loadLibData(){var data=readLibrary(Module,libName,flags.rpath);"
    "return flags.loadAsync?Promise.resolve(data):data}function unused(){"
)
_CALLS: Final[Mapping[str, tuple[str, int]]] = {
    "new WebAssembly.Module": ("newWasmModule", 4),
    "WebAssembly.instantiate": ("wasmInstantiate", 3),
    "Date.now": ("steppingNow", 22),
    "crypto.getRandomValues(": ("fillRandom(Module,", 1),
    "getMemory(": ("Module.getMemoryPatched(Module,libName,", 1),
    "function loadLibData(){": (_READ_LIBRARY, 1),
    "export default _createPyodideModule;": ("", 1),
}
"""Text of the glue, what stands for it in workerd, and how often it occurs."""


def make_bundle(*, glue: str, wasm: bytes, stdlib: bytes) -> bytes:
    """The bundle as workerd reads it: a message whose root lists three modules.

    Raises:
        FormatError: the glue is not that of 314.0.5.
    """
    schema = capnp.load(str(_HERE / "modules.capnp"))
    message = schema.Bundle.new_message()
    modules = message.init("modules", 3)
    contents = (
        ("emscriptenSetup", "src", _setup_module(glue).encode()),
        ("pyodide.asm.wasm", "wasm", wasm),
        ("python_stdlib.zip", "data", stdlib),
    )
    for module, (name, field, data) in zip(modules, contents, strict=True):
        module.name = f"pyodideRuntime-internal:{name}"
        module.type = "internal"
        setattr(module, field, data)
    packed: bytes = message.to_bytes()
    return packed


def integrity(bundle: bytes) -> str:
    """A file's integrity text as the program compares it."""
    return "sha256-" + base64.b64encode(hashlib.sha256(bundle).digest()).decode()


def _setup_module(glue: str) -> str:
    for text, (replacement, count) in _CALLS.items():
        found = glue.count(text)
        if found != count:
            raise FormatError(f"the glue does not call {text!r} as expected", expected=count, found=found)
        glue = glue.replace(text, replacement)
    return (_HERE / "emscripten_setup.mjs").read_text() + glue
