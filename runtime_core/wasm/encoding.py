"""The elementary encodings of WebAssembly binaries: LEB128 integers, names, vectors, sections.

Source: WebAssembly core specification, "Binary format".
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final, TypeVar

from schemas.errors import FormatError

HEADER: Final = b"\0asm\1\0\0\0"
MAX_NAME_BYTES: Final = 100_000
"""The limit that the JavaScript embedding recommends for one name."""

T = TypeVar("T")


def uleb(value: int) -> bytes:
    """An unsigned LEB128 integer in its shortest form."""
    if value < 0:
        raise ValueError("an unsigned integer is needed")
    out = bytearray()
    while value > 0x7F:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    out.append(value)
    return bytes(out)


def sleb(value: int) -> bytes:
    """A signed LEB128 integer in its shortest form."""
    out = bytearray()
    while not -0x40 <= value <= 0x3F:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    out.append(value & 0x7F)
    return bytes(out)


def name(text: str) -> bytes:
    """A length-prefixed UTF-8 name."""
    data = text.encode()
    return uleb(len(data)) + data


def vector(items: Sequence[bytes]) -> bytes:
    """A counted sequence of encoded items."""
    return uleb(len(items)) + b"".join(items)


def section(identifier: int, payload: bytes) -> bytes:
    """A section with its header."""
    return bytes((identifier,)) + uleb(len(payload)) + payload


class Reader:
    """A cursor over ``data[position:end]``; every read is checked against ``end``.

    Raises (every read):
        FormatError: the bytes end early or are not the encoding that was asked for.
    """

    __slots__ = ("data", "end", "position")

    def __init__(self, data: bytes, position: int = 0, end: int | None = None) -> None:
        self.data = data
        self.position = position
        self.end = len(data) if end is None else end

    @property
    def remaining(self) -> int:
        """Bytes not yet read."""
        return self.end - self.position

    def byte(self) -> int:
        """One byte."""
        position = self.position
        if position >= self.end:
            raise FormatError("unexpected end of a WebAssembly section", found=f"end at byte {position}")
        self.position = position + 1
        return self.data[position]

    def peek(self) -> int:
        """The next byte, left in place."""
        value = self.byte()
        self.position -= 1
        return value

    def take(self, length: int) -> bytes:
        """The next ``length`` bytes."""
        start = self.skip(length)
        return self.data[start : start + length]

    def skip(self, length: int) -> int:
        """Step over ``length`` bytes; returns where they start."""
        start = self.position
        if length > self.end - start:
            raise FormatError(
                "a WebAssembly item is longer than what holds it",
                expected=f"<= {self.end - start} bytes",
                found=f"{length} at byte {start}",
            )
        self.position = start + length
        return start

    def _leb(self, bits: int) -> tuple[int, int]:
        """The raw value and its width in bits; at most ceil(bits / 7) bytes."""
        value = shift = 0
        while True:
            byte = self.byte()
            value |= (byte & 0x7F) << shift
            shift += 7
            if byte < 0x80:
                return value, shift
            if shift >= bits:
                raise FormatError(f"an integer of more than {bits} bits", found=f"at byte {self.position - 1}")

    def u32(self) -> int:
        """An unsigned 32-bit integer."""
        position = self.position
        if position < self.end and (byte := self.data[position]) < 0x80:  # most of them are small
            self.position = position + 1
            return byte
        value, _ = self._leb(32)
        if value >> 32:
            raise FormatError("an integer of more than 32 bits", found=f"before byte {self.position}")
        return value

    def signed(self, bits: int) -> int:
        """A signed integer of 32, 33 or 64 bits."""
        value, width = self._leb(bits)
        if value >> (width - 1):
            value -= 1 << width
        if not -(1 << (bits - 1)) <= value < 1 << (bits - 1):
            raise FormatError(f"a signed integer of more than {bits} bits", found=f"before byte {self.position}")
        return value

    def count(self) -> int:
        """A vector's length; each item takes at least one byte, which bounds it by the bytes that are there."""
        value = self.u32()
        if value > self.remaining:
            raise FormatError(
                "a WebAssembly vector claims more items than fit", expected=f"<= {self.remaining}", found=value
            )
        return value

    def vector(self, item: Callable[[Reader], T]) -> tuple[T, ...]:
        """A counted sequence."""
        return tuple([item(self) for _ in range(self.count())])

    def name(self) -> str:
        """A name."""
        length = self.u32()
        if length > MAX_NAME_BYTES:
            raise FormatError("a WebAssembly name is too long", expected=f"<= {MAX_NAME_BYTES} bytes", found=length)
        data = self.take(length)
        try:
            return data.decode("utf-8")
        except UnicodeDecodeError as error:
            raise FormatError("a WebAssembly name is not UTF-8", found=f"before byte {self.position}") from error

    def finish(self, what: str) -> None:
        """Check that everything was read."""
        if self.position != self.end:
            raise FormatError(f"{what} has bytes after its end", found=f"{self.remaining} bytes at {self.position}")
