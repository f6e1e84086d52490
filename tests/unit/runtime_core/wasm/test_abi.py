"""ABI profiles."""

from __future__ import annotations

import pytest

from runtime_core.wasm.abi import ABI_314_0_5, SUPPORTED, abi_profile
from schemas.errors import UnsupportedVersionError


def test_the_reference_version() -> None:
    profile = abi_profile("314.0.5")
    assert profile is ABI_314_0_5
    assert (profile.trampoline_slot, profile.got_slots, profile.abi) == (14172, 259, "pyemscripten_2026_0")


def test_versions_are_unique() -> None:
    assert len({profile.pyodide_version for profile in SUPPORTED}) == len(SUPPORTED)


@pytest.mark.parametrize("version", ["", "314", "314.0.4", "0.28.2", "x" * 1000])
def test_other_versions_are_refused_and_the_supported_named(version: str) -> None:
    with pytest.raises(UnsupportedVersionError, match=r"expected 314\.0\.5") as caught:
        abi_profile(version)
    assert len(str(caught.value)) < 300
