"""Randomness as the host injects it."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Final, Protocol

from schemas.errors import EntropyDeniedError

if TYPE_CHECKING:
    from runtime_core.engine.memory import GuestMemory

DENIED: Final = "Disallowed operation called within global scope"
"""What workerd says, too."""
_HINT: Final = (
    "random numbers drawn while a snapshot is made would be the same in every isolate: draw them in a function that "
    "requests call, or import the package there"
)
_SIGN: Final = 0x80


class EntropySource(Protocol):
    """Where the guest's random bytes come from."""

    def read(self, count: int) -> bytes:
        """Exactly ``count`` bytes."""
        ...


class SystemEntropy:
    """The operating system's cryptographic generator."""

    __slots__ = ()

    def read(self, count: int) -> bytes:
        """See :class:`EntropySource`."""
        return os.urandom(count)


class RationedEntropy:
    """Lets through as many reads as the guest's ration says, and denies the others: for the top level of workers.

    ``ration`` is the address of one signed byte in guest memory, which each read counts down.
    """

    __slots__ = ("_memory", "_ration", "_source")

    def __init__(self, source: EntropySource, memory: GuestMemory, ration: int) -> None:
        self._source = source
        self._memory = memory
        self._ration = ration

    def read(self, count: int) -> bytes:
        """See :class:`EntropySource`.

        Raises:
            EntropyDeniedError: the ration is used up.
        """
        left = self._memory.read_u8(self._ration)
        if not 0 < left < _SIGN:
            raise EntropyDeniedError(DENIED, hint=_HINT)
        self._memory.write_u8(self._ration, left - 1)
        return self._source.read(count)


class FixedEntropy:
    """The same byte for ever: for reproducible builds, whose snapshots are reseeded when they are restored."""

    __slots__ = ("_byte",)

    def __init__(self, byte: int = 0x2B) -> None:
        self._byte = bytes([byte])

    def read(self, count: int) -> bytes:
        """See :class:`EntropySource`."""
        return self._byte * count
