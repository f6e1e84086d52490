"""Checked access to a guest's linear memory.

Every address comes from the guest and is hostile until checked: it is reduced to 32 bits as the guest's own loads do,
and the whole range must lie inside the memory's present size. Numbers are little-endian, as WebAssembly defines.
"""

from __future__ import annotations

import ctypes
import struct
from collections.abc import Callable, Sequence
from typing import Final

from schemas.errors import FatalIsolateError, GuestFault

MAX_MEMORY_BYTES: Final = 1 << 32

_MASK: Final = 0xFFFFFFFF
_U16: Final = struct.Struct("<H")
_U32: Final = struct.Struct("<I")
_I32: Final = struct.Struct("<i")
_U64: Final = struct.Struct("<Q")
_I64: Final = struct.Struct("<q")
_F64: Final = struct.Struct("<d")


class GuestMemory:
    """The linear memory of one instance.

    ``locate`` returns the memory's base address and present size in bytes. The base must never change: the engine
    reserves the whole 4 GiB address space of each memory, so growth happens in place.

    Raises (every accessor):
        GuestFault: the range is not inside the memory, or its length is negative.
        FatalIsolateError: the instance was closed.
    """

    def __init__(self, locate: Callable[[], tuple[int, int]]) -> None:
        self._locate = locate
        self._base, self._size = locate()
        whole = (ctypes.c_ubyte * MAX_MEMORY_BYTES).from_address(self._base)
        self._bytes = memoryview(whole).cast("B")

    @property
    def size(self) -> int:
        """The present size in bytes."""
        self._refresh()
        return self._size

    def contains(self, address: int, length: int) -> bool:
        """Whether a range of at least one byte lies inside the memory."""
        if address + length > self._size:
            self._refresh()
        return address >= 0 and 0 < length <= self._size - address

    def _refresh(self) -> None:
        base, self._size = self._locate()
        if base != self._base:
            self._size = 0
            raise FatalIsolateError("the guest's memory moved", expected=hex(self._base), found=hex(base))

    def _check(self, address: int, length: int) -> int:
        """The address reduced to 32 bits, after proving that the range lies inside the memory."""
        address &= _MASK
        if length < 0 or address + length > self._size:
            self._refresh()
            if length < 0 or address + length > self._size:
                raise GuestFault(
                    "the guest passed a memory range that does not exist",
                    expected=f"inside {self._size} bytes",
                    found=f"{length} bytes at {address:#x}",
                )
        return address

    def close(self) -> None:
        """Refuse every later access; called when the instance's store goes away."""

        def closed() -> tuple[int, int]:
            raise FatalIsolateError("the isolate is closed")

        self._size = -1
        self._locate = closed

    def read(self, address: int, length: int) -> bytes:
        """A copy of ``length`` bytes."""
        address = self._check(address, length)
        return bytes(self._bytes[address : address + length])

    def view(self, address: int, length: int) -> memoryview:
        """A writable window, valid only until the guest runs again or the instance is closed: never keep one."""
        address = self._check(address, length)
        return self._bytes[address : address + length]

    def write(self, address: int, data: bytes | bytearray | memoryview) -> None:
        """Copy bytes into the memory."""
        if isinstance(data, memoryview) and (data.format != "B" or data.ndim != 1):
            data = data.cast("B")
        length = len(data)
        address = self._check(address, length)
        self._bytes[address : address + length] = data

    def fill(self, address: int, length: int, value: int = 0) -> None:
        """Set ``length`` bytes to one value."""
        address = self._check(address, length)
        ctypes.memset(self._base + address, value & 0xFF, length)

    def read_cstring(self, address: int, limit: int = 1 << 20) -> bytes:
        """The bytes before the next NUL.

        Raises:
            GuestFault: also when there is no NUL within ``limit`` bytes or before the end of the memory.
        """
        address = self._check(address, 1)
        self._refresh()
        end = min(self._size, address + limit + 1)
        size = 128
        start = address
        while start < end:
            # Windows of doubling size, so that a short string costs a short copy.
            window = bytes(self._bytes[start : min(end, start + size)])
            found = window.find(0)
            if found >= 0:
                return bytes(self._bytes[address : start + found])
            start += len(window)
            size *= 2
        raise GuestFault("the guest passed a string without an end", expected=f"a NUL within {limit} bytes")

    def read_u32s(self, address: int, count: int) -> tuple[int, ...]:
        """``count`` consecutive unsigned 32-bit integers."""
        address = self._check(address, count * 4)
        return struct.unpack_from(f"<{count}I", self._bytes, address)

    def write_u32s(self, address: int, values: Sequence[int]) -> None:
        """Consecutive 32-bit integers; each wraps to 32 bits."""
        address = self._check(address, len(values) * 4)
        struct.pack_into(f"<{len(values)}I", self._bytes, address, *[value & _MASK for value in values])

    def read_u8(self, address: int) -> int:
        """An unsigned 8-bit integer."""
        return self._bytes[self._check(address, 1)]

    def read_u16(self, address: int) -> int:
        """An unsigned 16-bit integer."""
        return int(_U16.unpack_from(self._bytes, self._check(address, 2))[0])

    def read_u32(self, address: int) -> int:
        """An unsigned 32-bit integer: also the way to read a pointer or a size."""
        return int(_U32.unpack_from(self._bytes, self._check(address, 4))[0])

    def read_i32(self, address: int) -> int:
        """A signed 32-bit integer."""
        return int(_I32.unpack_from(self._bytes, self._check(address, 4))[0])

    def read_u64(self, address: int) -> int:
        """An unsigned 64-bit integer."""
        return int(_U64.unpack_from(self._bytes, self._check(address, 8))[0])

    def read_i64(self, address: int) -> int:
        """A signed 64-bit integer."""
        return int(_I64.unpack_from(self._bytes, self._check(address, 8))[0])

    def read_f64(self, address: int) -> float:
        """A 64-bit float."""
        return float(_F64.unpack_from(self._bytes, self._check(address, 8))[0])

    def write_u8(self, address: int, value: int) -> None:
        """An 8-bit integer; wraps."""
        self._bytes[self._check(address, 1)] = value & 0xFF

    def write_u16(self, address: int, value: int) -> None:
        """A 16-bit integer; wraps."""
        _U16.pack_into(self._bytes, self._check(address, 2), value & 0xFFFF)

    def write_u32(self, address: int, value: int) -> None:
        """A 32-bit integer; wraps."""
        _U32.pack_into(self._bytes, self._check(address, 4), value & _MASK)

    def write_u64(self, address: int, value: int) -> None:
        """A 64-bit integer; wraps."""
        _U64.pack_into(self._bytes, self._check(address, 8), value & 0xFFFFFFFFFFFFFFFF)

    # Storing wraps to the width, so a signed value is stored as the unsigned one of the same bits.
    write_i32 = write_u32
    write_i64 = write_u64

    def write_f64(self, address: int, value: float) -> None:
        """A 64-bit float."""
        _F64.pack_into(self._bytes, self._check(address, 8), value)
