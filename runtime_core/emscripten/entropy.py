"""Randomness as the host injects it."""

from __future__ import annotations

import os
from typing import Protocol


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


class FixedEntropy:
    """The same byte for ever: for reproducible builds, whose snapshots are reseeded when they are restored."""

    __slots__ = ("_byte",)

    def __init__(self, byte: int = 0x2B) -> None:
        self._byte = bytes([byte])

    def read(self, count: int) -> bytes:
        """See :class:`EntropySource`."""
        return self._byte * count
