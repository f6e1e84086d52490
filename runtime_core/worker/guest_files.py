"""The guest's support module, as bytes, read from this package."""

from __future__ import annotations

from importlib.resources import files
from typing import Final

SUPPORT_MODULE: Final = "_runtime_core"


def support_source() -> bytes:
    """Source of the support module that every snapshot of this runtime carries."""
    return files(__package__).joinpath("guest", f"{SUPPORT_MODULE}.py").read_bytes()
