"""Where a library's data lie: in memory from the guest's own ``calloc``, as under Emscripten's JavaScript."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from runtime_core.wasm.dylink import DylinkInfo
from schemas.errors import LimitError, LinkError

if TYPE_CHECKING:
    from runtime_core.engine.instance import GuestInstance


@dataclass(frozen=True, kw_only=True, slots=True)
class Place:
    """Where a library lies in the memory of a guest that is restored: the address that ``calloc`` gave for its data,
    which its alignment still moves up, and the table's length when it was loaded (None: nobody recorded it).
    """

    memory: int
    table: int | None


def check_static_data(name: str, info: DylinkInfo, limit: int | None) -> None:
    """Refuse a library whose data no isolate with this limit on memory can hold, before it is compiled.

    Raises:
        LimitError: they are too large.
    """
    if limit is not None and info.memory_bytes > limit:
        raise _too_large(name, info.memory_bytes, limit)


def find_memory(instance: GuestInstance, name: str, info: DylinkInfo, place: Place | None) -> int:
    """The address of a library's data, aligned.

    Raises:
        LimitError: the guest has no memory for them.
        LinkError: they do not fit the place that the guest has for them.
    """
    block = _new_block(instance, name, info) if place is None else _recorded_block(instance, name, info, place)
    return -(-block // info.memory_alignment) * info.memory_alignment


def _new_block(instance: GuestInstance, name: str, info: DylinkInfo) -> int:
    size = info.memory_bytes + info.memory_alignment
    block = int(instance.call("calloc", size, 1)) & 0xFFFFFFFF
    if not block:
        raise _too_large(name, size, instance.limits.memory_bytes)
    return block


def _recorded_block(instance: GuestInstance, name: str, info: DylinkInfo, place: Place) -> int:
    """The block that the guest allocated before it was captured."""
    table = instance.table_size()
    if place.table is not None and place.table != table:
        raise LinkError(f"{name} lay at another place of the function table", expected=place.table, found=table)
    end = place.memory + info.memory_bytes + info.memory_alignment
    if end > instance.memory.size:
        raise LinkError(f"the data of {name} lies outside of memory", expected=instance.memory.size, found=end)
    return place.memory


def _too_large(name: str, size: int, limit: int | None) -> LimitError:
    bound = "what is left of 4 GiB" if limit is None else f"what the isolate has left of its {limit} bytes of memory"
    return LimitError(
        f"no memory for the static data of the library {name}",
        expected=f"<= {bound}",
        found=f"{size} bytes",
        hint="raise the limit on memory (Limits.memory_bytes)",
    )
