"""The npm package of Pyodide as node loads it: what the peer measurement runs, pinned like everything fetched."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from types import MappingProxyType
from typing import Final

from runtime_core.build.cache import BuildCache
from runtime_core.build.npm import fetch_package
from runtime_core.build.pins import DEFAULT_VERSION, UPSTREAMS, FilePin
from schemas.digest import Digest

_LOADER: Final = {
    "pyodide.mjs": FilePin(
        digest=Digest("1fec5d63238eff5d099c209c659b88f480c1d854856301596d64e8e6839a3f50"), size=17_931
    ),
    "pyodide.asm.mjs": FilePin(
        digest=Digest("f86edbb66b925ae933ff32ecdcb738ebde2ba926b6be3e485401587de7be89ea"), size=1_249_757
    ),
    "package.json": FilePin(
        digest=Digest("65610977b0140c39999fb6d05533281edad41636ecb69705368a8d913f9c4944"), size=2_999
    ),
}


def unpack(cache_root: Path) -> Path:
    """The directory that holds the loader beside the wasm and the standard library."""
    pin = UPSTREAMS[DEFAULT_VERSION].package
    whole = dataclasses.replace(pin, members=MappingProxyType({**pin.members, **_LOADER}))
    package = fetch_package(BuildCache(cache_root / "node-peer"), whole)
    return next(iter(package.files.values())).path.parent
