"""Random state of its own for each restored isolate."""

from __future__ import annotations

from typing import Final

from runtime_core.emscripten.boot import run_simple_string
from runtime_core.guest import Guest
from runtime_core.worker.guest_files import SUPPORT_MODULE

_RESEED: Final = f"import {SUPPORT_MODULE}; {SUPPORT_MODULE}.reseed(); del {SUPPORT_MODULE}"


def reseed(guest: Guest) -> None:
    """Reseed the generators that the snapshot holds; without this, isolates would draw the same numbers.

    Raises:
        HostError: the snapshot lacks the support module.
    """
    run_simple_string(guest.instance, guest.emscripten, _RESEED)
