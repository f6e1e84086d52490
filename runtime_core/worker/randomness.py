"""Random state of its own for each isolate, without running anything in the guest.

A restored snapshot starts as a copy of every other one, its random generators included. Seeding them in the guest would
cost a third of a boot; their state is a plain array in linear memory, so the host writes it. Where the arrays are is
found, and checked word by word against what the generators say of themselves, when the snapshot is made.

Layout of a generator (``RandomObject`` of CPython's Modules/_randommodule.c, 32-bit): reference count, type, ``index``
(how many of the words are used up), 624 state words; each of 4 bytes.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from runtime_core.emscripten.entropy import EntropySource
from runtime_core.engine.memory import GuestMemory
from schemas.errors import CaptureError, RestoreError

_WORDS: Final = 624
_INDEX_OFFSET: Final = 8
_STATE_OFFSET: Final = 12
_MOST: Final = 1024


@dataclass(frozen=True, kw_only=True, slots=True)
class Generators:
    """The addresses of a snapshot's Mersenne Twisters."""

    addresses: tuple[int, ...]

    @classmethod
    def check(cls, memory: GuestMemory, described: object) -> Generators:
        """Take what the guest says of its generators and hold it against memory.

        Raises:
            CaptureError: they are not laid out as this module expects.
        """
        if not isinstance(described, list) or len(described) > _MOST:
            raise CaptureError("the guest's random generators", expected=f"a list of at most {_MOST}")
        for address, state in described:
            found = memory.read_u32s(address + _STATE_OFFSET, _WORDS)
            index = memory.read_u32(address + _INDEX_OFFSET)
            if [*found, index] != state:
                raise CaptureError("a random generator of the guest has another layout", found=hex(address))
        return cls(addresses=tuple(address for address, _ in described))

    @classmethod
    def from_json(cls, document: object) -> Generators:
        """Read what a snapshot records.

        Raises:
            RestoreError: not a list of addresses.
        """
        if isinstance(document, list) and len(document) <= _MOST:
            addresses = tuple(item for item in document if isinstance(item, int) and 0 < item < 1 << 32)
            if len(addresses) == len(document):
                return cls(addresses=addresses)
        raise RestoreError(
            "the snapshot's random generators", expected="a list of addresses", found=repr(document)[:80]
        )

    def to_json(self) -> Sequence[int]:
        """For the snapshot's state."""
        return list(self.addresses)

    def reseed(self, memory: GuestMemory, entropy: EntropySource) -> None:
        """Give every generator a random state; it makes new numbers from it at the next draw.

        Raises:
            GuestFault: an address is outside of memory.
        """
        for address in self.addresses:
            memory.write(address + _STATE_OFFSET, entropy.read(4 * _WORDS))
            memory.write_u32(address + _INDEX_OFFSET, _WORDS)
