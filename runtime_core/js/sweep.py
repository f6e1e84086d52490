"""Freeing handles that the guest no longer holds (see refs.py for why this runs only outside of guest calls)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from runtime_core.js.host import JsHost

_TABLES: Final = (("runtime_immortal_count", "_hiwire_immortal_get"), ("runtime_reference_count", "_hiwire_get"))


def sweep(js: JsHost) -> int:
    """Free every handle that is in none of the guest's two reference tables; returns how many."""
    return js.refs.sweep(live_bits(js))


def live_bits(js: JsHost) -> set[int]:
    """The raw bits of every reference in the guest's tables."""
    live: set[int] = set()
    with js.refs.recording(live):
        for count, get in _TABLES:
            function = js.instance.function(get)
            for index in range(js.instance.call(count)):
                function(index)
    return live
