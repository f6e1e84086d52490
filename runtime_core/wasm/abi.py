"""ABI profiles: what differs between Pyodide versions, as data.

A profile holds the facts about one version's main module that its bytes do not state, and those that are checked so
that another module under the same name is noticed before it runs.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from schemas.errors import UnsupportedVersionError


@dataclass(frozen=True, kw_only=True, slots=True)
class CodeProfile:
    """One supported Pyodide version.

    ``abi`` is the platform tag of its native wheels. ``got_slots`` is how many table slots Emscripten's JavaScript
    gives to the module's unresolved ``GOT.func`` entries (WebGL and console functions, aliases counted once); nothing
    in the wasm tells. ``trampoline_slot`` is where CPython's call trampoline comes to lie: snapshots hold that number,
    so it is part of the format (workerd's snapshots included). ``immortal_table`` and ``reference_table`` are the
    indices of the externref tables that hold host references for good and counted. ``interface`` says that the
    module's imports are those that interface.py answers.
    """

    pyodide_version: str
    python_version: str
    abi: str
    got_slots: int
    trampoline_slot: int
    immortal_table: int
    reference_table: int
    interface: bool


ABI_314_0_5: Final = CodeProfile(
    pyodide_version="314.0.5",
    python_version="3.14",
    abi="pyemscripten_2026_0",
    got_slots=259,
    trampoline_slot=14172,
    immortal_table=1,
    reference_table=2,
    interface=True,
)

SUPPORTED: Final = (ABI_314_0_5,)


def abi_profile(pyodide_version: str) -> CodeProfile:
    """The profile of a Pyodide version.

    Raises:
        UnsupportedVersionError: there is none; the message names the supported versions.
    """
    for profile in SUPPORTED:
        if profile.pyodide_version == pyodide_version:
            return profile
    raise UnsupportedVersionError(
        "this runtime cannot run that Pyodide version",
        expected=", ".join(profile.pyodide_version for profile in SUPPORTED),
        found=repr(pyodide_version)[:40],
        hint="use a release of a supported version, or another version of this runtime",
    )
