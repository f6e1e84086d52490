"""Digests of this runtime's own code, for what depends on it."""

from __future__ import annotations

import functools
import hashlib
from importlib.resources import files
from pathlib import Path
from typing import Final

from schemas.digest import Digest

_PACKAGES: Final = ("emscripten", "engine", "js", "linking", "packages", "snapshot", "wasm", "worker")
_MODULES: Final = ("guest.py", "runtime.py", "build/capture.py", "build/stack.py", "build/steady.py")


@functools.cache
def runtime_code_digest() -> Digest:
    """A digest of the code that determines what a snapshot holds."""
    hasher = hashlib.sha256()
    root = Path(str(files("runtime_core")))
    sources = [root / module for module in _MODULES]
    for package in _PACKAGES:
        sources.extend(sorted((root / package).rglob("*.py")))
    for path in sources:
        hasher.update(f"{path.relative_to(root)}\0".encode())
        hasher.update(hashlib.sha256(path.read_bytes()).digest())
    return Digest(hasher.hexdigest())


def package_digest(package: str) -> Digest:
    """A digest of one package's code."""
    root = Path(str(files("runtime_core"))) / package
    parts = [path.read_bytes() for path in sorted(root.rglob("*.py"))]
    return Digest.of(b"\0".join(parts))
