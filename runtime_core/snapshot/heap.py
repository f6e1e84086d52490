"""Make the guest's heap fit for sharing: close its holes before a capture.

After a boot and many imports, dlmalloc's free chunks lie scattered over the whole heap. A restored isolate would take
its first allocations from them, and every one costs a page copied on write: about a hundred for one compiled line.
Taking all of them once, and never giving them back, makes new allocations come from the top of the heap, page after
page. What is taken is zeroed, so it compresses to nothing.
"""

from __future__ import annotations

from typing import Final

from runtime_core.engine.instance import GuestInstance
from schemas.errors import CaptureError

_LARGEST: Final = 1 << 16
_SMALLEST: Final = 8
_TOP_BYTES: Final = 1 << 16  # dlmalloc asks for memory in steps of 64 KiB, so what lies behind this is its top
_MOST_CHUNKS: Final = 1 << 20
_U32: Final = 0xFFFFFFFF


def seal_heap(instance: GuestInstance) -> int:
    """Take every free chunk below the top of the heap; returns how many bytes were closed.

    Raises:
        CaptureError: the allocator does not come to an end.
    """
    malloc, free = instance.function("malloc"), instance.function("free")
    memory = instance.memory
    top = memory.read_u32(instance.call("emscripten_get_sbrk_ptr") & _U32) - _TOP_BYTES
    sealed = 0
    size = _LARGEST
    chunks = 0
    while size >= _SMALLEST:
        address = malloc(size) & _U32
        if address == 0:
            raise CaptureError("the guest has no memory left to close the holes of its heap")
        if address >= top:
            free(address)
            size = size * 7 // 8 if size > 512 else size - 8
            continue
        memory.fill(address, size)
        sealed += size
        chunks += 1
        if chunks > _MOST_CHUNKS:
            raise CaptureError("the guest's allocator gives chunks without end", expected=f"<= {_MOST_CHUNKS}")
    return sealed
