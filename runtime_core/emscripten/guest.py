"""What this layer needs of a guest: the engine's classes satisfy these protocols, and so do fakes in tests."""

from __future__ import annotations

from typing import Any, Protocol


class Memory(Protocol):
    """Checked access to linear memory: a range outside of it raises ``GuestFault``, never anything else."""

    @property
    def size(self) -> int:
        """Bytes of linear memory now."""
        ...

    def read(self, addr: int, length: int) -> bytes:
        """A copy of ``length`` bytes."""
        ...

    def view(self, addr: int, length: int) -> memoryview:
        """Writable bytes in place; valid until the guest runs again."""
        ...

    def write(self, addr: int, data: bytes | bytearray | memoryview) -> None:
        """Store ``data``."""
        ...

    def fill(self, addr: int, length: int) -> None:
        """Store zeros."""
        ...

    def read_cstring(self, addr: int, limit: int) -> bytes:
        """The bytes up to the first NUL, which must follow within ``limit`` bytes."""
        ...

    def read_u16(self, addr: int) -> int:
        """A 16-bit unsigned integer."""
        ...

    def read_i32(self, addr: int) -> int:
        """A 32-bit signed integer."""
        ...

    def read_u32(self, addr: int) -> int:
        """A 32-bit unsigned integer."""
        ...

    def read_u32s(self, addr: int, count: int) -> tuple[int, ...]:
        """Consecutive 32-bit unsigned integers."""
        ...

    def read_i64(self, addr: int) -> int:
        """A 64-bit signed integer."""
        ...

    def read_u8(self, addr: int) -> int:
        """8 bits, unsigned."""
        ...

    def write_u8(self, addr: int, value: int) -> None:
        """Store 8 bits."""
        ...

    def write_u16(self, addr: int, value: int) -> None:
        """Store 16 bits."""
        ...

    def write_i32(self, addr: int, value: int) -> None:
        """Store a 32-bit signed integer."""
        ...

    def write_u32(self, addr: int, value: int) -> None:
        """Store a 32-bit unsigned integer."""
        ...

    def write_i64(self, addr: int, value: int) -> None:
        """Store a 64-bit signed integer."""
        ...

    def write_u64(self, addr: int, value: int) -> None:
        """Store a 64-bit unsigned integer."""
        ...


class Instance(Protocol):
    """An instantiated guest module."""

    @property
    def memory(self) -> Memory:
        """Its linear memory."""
        ...

    def call(self, name: str, *args: Any) -> Any:
        """Call an exported function; i32 values are signed."""
        ...

    def global_value(self, name: str) -> int:
        """The value of an exported i32 global: for data symbols, their address."""
        ...

    def set_global(self, name: str, value: int) -> None:
        """Store into an exported mutable i32 global."""
        ...

    def has_export(self, name: str) -> bool:
        """Whether anything is exported under this name."""
        ...

    def function(self, name: str) -> Any:
        """An exported function as a callable; ``AbiMismatchError`` where there is none."""
        ...

    def slot_of(self, name: str) -> int | None:
        """The first slot that holds an exported function, which is its address; None where none does."""
        ...

    def table_size(self) -> int:
        """Slots of the function table."""
        ...

    def table_set(self, index: int, function: Any) -> None:
        """Put a function of this guest, or None, into a slot; ``GuestFault`` where there is no such slot."""
        ...

    def table_call(self, index: int, *args: Any) -> Any:
        """Call the function in a slot of the function table; ``GuestFault`` where there is none."""
        ...

    def table_grow(self, count: int) -> int:
        """Append empty slots to the function table; the index of the first."""
        ...

    def grow_memory(self, pages: int) -> bool:
        """Add pages; false where the store's limit or the module's maximum forbids it."""
        ...
