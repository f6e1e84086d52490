"""Objects of a snapshot that live for ever.

CPython counts references in the objects themselves, so that running any code writes to functions, classes, constants
and names all over the heap, and in a restored isolate each page written is a page copied. Objects that CPython holds
for immortal are not counted. Before a capture this makes immortal what has no death that a program could observe:
code, functions, classes, modules, descriptors, texts and numbers. Everything else stays counted.

Source: CPython 3.14, Include/refcount.h, for builds of 32 bits; PEP 683.
"""

from __future__ import annotations

import struct
from importlib.resources import files
from typing import Final

from runtime_core.engine.memory import GuestMemory
from runtime_core.guest import Guest
from runtime_core.js.pyproxy import PyProxy
from schemas.errors import HostError

_IMMORTAL: Final = 5 << 28
_IMMORTAL_FROM: Final = 1 << 30
_BATCH: Final = 4096


def keep_lasting_objects(guest: Guest) -> int:
    """Make lasting objects immortal; returns how many became so.

    Raises:
        HostError: the guest names something that is no object.
    """
    source = files(__package__).joinpath("guest", "_lasting.py").read_text()
    function = guest.js.run(f"_lasting = {{}}\nexec({source!r}, _lasting)\n_lasting.pop('lasting')")
    if not isinstance(function, PyProxy):
        raise HostError("the code that looks for lasting objects is not as expected", found=repr(function))
    found, first = 0, 0
    while isinstance(addresses := guest.js.call(function, (first, _BATCH)), str):
        found += _make_immortal(guest.instance.memory, addresses)
        first += _BATCH
    function.destroy()
    guest.js.run("del _lasting")
    return found


def _make_immortal(memory: GuestMemory, addresses: str) -> int:
    """Write the counts of a batch of objects; some hundred thousand in all, hence through one view of memory."""
    found = 0
    try:
        packed = bytes.fromhex(addresses)
        with memory.view(0, memory.size) as view, view.cast("I") as counts:
            for (address,) in struct.iter_unpack(">I", packed):
                if 0 < counts[address >> 2] < _IMMORTAL_FROM:
                    counts[address >> 2] = _IMMORTAL
                    found += 1
    except (ValueError, IndexError, struct.error) as error:
        raise HostError("the guest names something that is no object", found=addresses[:40]) from error
    return found
