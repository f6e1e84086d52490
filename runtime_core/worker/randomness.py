"""Random state of its own for each isolate, without running anything in the guest.

A restored snapshot starts as a copy of every other one, its random generators included. Seeding them in the guest would
cost a third of a boot; their state is a plain array in linear memory, so the host writes it. Where the arrays are is
found, and checked word by word against what the generators say of themselves, when the snapshot is made.

Layouts, of words of 4 bytes:

- ``RandomObject`` of CPython's Modules/_randommodule.c: reference count, type, ``index`` (how many of the state's words
  are used up), 624 state words;
- numpy's MT19937: the object's capsule (CPython's ``PyCapsule``: reference count, type, pointer) points to a
  ``bitgen_t``, whose first member points to 624 state words and the index.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

from runtime_core.emscripten.entropy import EntropySource
from runtime_core.engine.memory import GuestMemory
from schemas.errors import CaptureError, GuestFault, RestoreError

WORDS: Final = 624
_INDEX_OFFSET: Final = 8
_STATE_OFFSET: Final = 12
_POINTER_OFFSET: Final = 8
_MOST: Final = 1024
_U32_END: Final = 1 << 32


@dataclass(frozen=True, kw_only=True, slots=True)
class Twister:
    """Where the state of a Mersenne Twister is: the address of its 624 words, and that of its index."""

    words: int
    index: int

    @classmethod
    def of_python(cls, _memory: GuestMemory, address: int) -> Twister:
        """The state of an instance of ``_random.Random``."""
        return cls(words=address + _STATE_OFFSET, index=address + _INDEX_OFFSET)

    @classmethod
    def of_numpy(cls, memory: GuestMemory, capsule: int) -> Twister:
        """The state behind the capsule of numpy's ``MT19937``.

        Raises:
            GuestFault: a pointer leads out of memory.
        """
        words = memory.read_u32(memory.read_u32(capsule + _POINTER_OFFSET))
        return cls(words=words, index=words + 4 * WORDS)


@dataclass(frozen=True, kw_only=True, slots=True)
class Generators:
    """The Mersenne Twisters of a snapshot that every isolate gives new state."""

    twisters: tuple[Twister, ...]

    @classmethod
    def check(cls, memory: GuestMemory, python: object, numpy: object) -> Generators:
        """Take what the guest says of its generators, pairs of an address and a state, and hold it against memory.

        Raises:
            CaptureError: they are not laid out as this module expects.
        """
        found = [*_checked(memory, python, Twister.of_python), *_checked(memory, numpy, Twister.of_numpy)]
        return cls(twisters=tuple(found))

    @classmethod
    def from_json(cls, document: object) -> Generators:
        """Read what a snapshot records.

        Raises:
            RestoreError: not a list of pairs of addresses.
        """
        if isinstance(document, list) and len(document) <= _MOST:
            pairs = [item for item in document if isinstance(item, list) and len(item) == 2]
            if len(pairs) == len(document) and all(map(_is_address, [value for pair in pairs for value in pair])):
                return cls(twisters=tuple(Twister(words=words, index=index) for words, index in pairs))
        raise RestoreError(
            "the snapshot's random generators",
            expected=f"a list of at most {_MOST} pairs of addresses",
            found=repr(document)[:80],
        )

    def to_json(self) -> Sequence[Sequence[int]]:
        """For the snapshot's state."""
        return [[twister.words, twister.index] for twister in self.twisters]

    def reseed(self, memory: GuestMemory, entropy: EntropySource) -> None:
        """Give every generator a random state; it makes new numbers from it at the next draw.

        Raises:
            RestoreError: an address is outside of memory.
        """
        for twister in self.twisters:
            try:
                memory.write(twister.words, entropy.read(4 * WORDS))
                memory.write_u32(twister.index, WORDS)
            except GuestFault as error:
                raise RestoreError(
                    "a random generator of the snapshot",
                    expected=f"addresses inside {memory.size} bytes",
                    found=f"{twister.words:#x} and {twister.index:#x}",
                ) from error


def _is_address(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and 0 < value < _U32_END


def _checked(memory: GuestMemory, described: object, locate: Callable[[GuestMemory, int], Twister]) -> list[Twister]:
    if not isinstance(described, list) or len(described) > _MOST:
        raise CaptureError("the guest's random generators", expected=f"a list of at most {_MOST}")
    found = []
    for address, state in described:
        twister = locate(memory, address)
        if [*memory.read_u32s(twister.words, WORDS), memory.read_u32(twister.index)] != state:
            raise CaptureError("a random generator of the guest has another layout", found=hex(address))
        found.append(twister)
    return found
