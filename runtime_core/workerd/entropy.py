"""Randomness as workerd rations it while a worker's top level runs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from schemas.errors import HostError

if TYPE_CHECKING:
    from runtime_core.emscripten.guest import Memory


class RationedFixedEntropy:
    """One fixed byte, for as many readings as a counter in the guest's memory allows.

    The counter is a byte that guest code sets and that every reading decrements; :meth:`bind` says where it is.
    """

    __slots__ = ("_address", "_byte", "_memory")

    def __init__(self, byte: int) -> None:
        self._byte = bytes((byte,))
        self._memory: Memory | None = None
        self._address = 0

    def bind(self, memory: Memory, address: int) -> None:
        """Take the ration from this byte."""
        self._memory = memory
        self._address = address

    def read(self, count: int) -> bytes:
        """See :class:`runtime_core.emscripten.entropy.EntropySource`.

        Raises:
            HostError: nothing is left of the ration.
        """
        left = 0 if self._memory is None else self._memory.read_u8(self._address)
        if self._memory is None or not left:
            raise HostError("the guest asked for randomness where it must have none")
        self._memory.write_u8(self._address, left - 1)
        return self._byte * count
