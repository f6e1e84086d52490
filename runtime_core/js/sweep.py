"""Freeing handles that the guest no longer holds (see refs.py for why this runs only outside of guest calls)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from runtime_core.js.host import JsHost

CHUNK: Final = 4096  # references that cross per call
_STACK_POINTER: Final = "__stack_pointer"


def sweep(js: JsHost) -> int:
    """Free every handle that is in none of the guest's two reference tables; returns how many.

    Only outside of guest calls.
    """
    freed = js.refs.sweep([*immortal_bits(js), *reference_bits(js)])
    if not js.refs.arrays_are_in_use:
        js.guest.runtime_settle(1)
    return freed


def immortal_bits(js: JsHost) -> list[int]:
    """The raw bits of the guest's immortal references, by index."""
    js.guest.runtime_settle(0)
    return list(_read(js, js.guest.runtime_immortal_count(), immortal=True))


def reference_bits(js: JsHost) -> list[int]:
    """The raw bits of the guest's counted references, by index; free entries are null."""
    js.guest.runtime_settle(0)
    return list(_read(js, js.guest.runtime_reference_count(), immortal=False))


def add_references(js: JsHost, bits: list[int], *, address: int, immortal: bool) -> None:
    """Append references to one of the guest's tables, through the scratch memory at ``address``."""
    for start in range(0, len(bits), CHUNK):
        part = bits[start : start + CHUNK]
        js.memory.write_u32s(address, part)
        js.guest.runtime_add_references(address, len(part), immortal)


def _read(js: JsHost, count: int, *, immortal: bool) -> Iterator[int]:
    address = scratch(js)
    for start in range(0, count, CHUNK):
        number = min(CHUNK, count - start)
        js.guest.runtime_read_references(address, start, number, immortal)
        yield from js.memory.read_u32s(address, number)


def scratch(js: JsHost) -> int:
    """The address of 4 * CHUNK bytes below the guest's stack pointer: free while no guest frame is on the stack."""
    return (js.instance.global_value(_STACK_POINTER) - 4 * CHUNK) & ~15
