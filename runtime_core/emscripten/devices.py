"""Character devices."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from runtime_core.emscripten.errno import Errno, ErrnoCode
from schemas.errors import EntropyDeniedError

if TYPE_CHECKING:
    from collections.abc import Callable

    from runtime_core.emscripten.entropy import EntropySource

TRANSFER_MAX: Final = 1 << 20
"""Bytes that one read or write of a device moves at most: a device has no end, but host memory and patience have."""


class Device:
    """The null device, and the base of the others."""

    __slots__ = ()

    is_terminal = False

    def read(self, count: int) -> bytes:
        """At most ``count`` bytes; none at the end of the input."""
        del count
        return b""

    def write(self, data: bytes | memoryview) -> int:
        """Take bytes; returns how many."""
        return len(data)


class ZeroDevice(Device):
    """``/dev/zero``."""

    __slots__ = ()

    def read(self, count: int) -> bytes:
        """Zeros."""
        return bytes(min(count, TRANSFER_MAX))


class RandomDevice(Device):
    """``/dev/random`` and ``/dev/urandom``."""

    __slots__ = ("entropy",)

    def __init__(self, entropy: EntropySource) -> None:
        self.entropy = entropy

    def read(self, count: int) -> bytes:
        """Random bytes.

        Raises:
            Errno: EIO, where a build denies them.
        """
        try:
            return self.entropy.read(min(count, TRANSFER_MAX))
        except EntropyDeniedError as error:
            raise Errno(ErrnoCode.EIO) from error


class Console(Device):
    """A standard stream: a source of bytes, a sink, or both as ``/dev/tty`` has it."""

    __slots__ = ("_sink", "_source", "is_terminal")

    def __init__(
        self,
        *,
        source: Callable[[int], bytes] | None = None,
        sink: Callable[[bytes], object] | None = None,
        is_terminal: bool,
    ) -> None:
        self._source = source
        self._sink = sink
        self.is_terminal = is_terminal

    def read(self, count: int) -> bytes:
        """What the host's source gives."""
        if self._source is None:
            return b""
        return self._source(min(count, TRANSFER_MAX))[:count]

    def write(self, data: bytes | memoryview) -> int:
        """Hand a copy of at most a mebibyte to the host's sink; more is a short write.

        Raises:
            Errno: EIO where the sink is closed or cannot take it.
        """
        if self._sink is None:
            return len(data)
        data = data[:TRANSFER_MAX]
        try:
            self._sink(bytes(data))
        except (OSError, ValueError) as error:
            raise Errno(ErrnoCode.EIO) from error
        return len(data)
