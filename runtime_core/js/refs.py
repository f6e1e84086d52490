"""JavaScript references as they travel through WebAssembly: i31 handles instead of garbage-collected externrefs.

Raw bits of an externref (ADR 0009):

* ``0`` is null;
* odd bits are an i31 whose 31-bit payload is ``raw >> 1``. Its low three bits are a kind: 0 = small integer (28 bits,
  signed, above the kind), 5 = handle of an object, 6 = handle of a PyProxy or Promise (so that WebAssembly code
  can answer a type check), 1 = undefined, or with content one more than the handle of a text or number, and with
  nothing above the kind 2 = true, 3 = false, 4 = no value, 7 = error;
* even bits other than 0 are a real reference, which this runtime never makes.

A handle is an index into :class:`RefTable`. Handles of objects from ``1 << 27`` up are arrays that WebAssembly code
gave out (ADR 0014): they are empty until the host meets them. The table cannot know when the guest drops a handle, so
it is swept, and only while no guest frame is on the stack: then the live handles are exactly those in the guest's two
hiwire tables.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Final, cast, final

from runtime_core.js.values import ERROR, NO_VALUE, UNDEFINED
from schemas.errors import GuestFault, LimitError

RAW_UNDEFINED: Final = 1 << 1 | 1
RAW_TRUE: Final = 2 << 1 | 1
RAW_FALSE: Final = 3 << 1 | 1
RAW_NO_VALUE: Final = 4 << 1 | 1
RAW_ERROR: Final = 7 << 1 | 1
_TAG_INTEGER: Final = 0 << 1 | 1
_TAG_PRIMITIVE: Final = 1 << 1 | 1
_TAG_VALUE: Final = 5 << 1 | 1
_TAG_PROXY: Final = 6 << 1 | 1
_HANDLE_TAGS: Final = (_TAG_VALUE, _TAG_PROXY)
_FIRST_ARRAY: Final = 1 << 27
_MAX_INDEX: Final = (1 << 28) - 1
_SMALL_MIN: Final = -(1 << 27)
_SMALL_MAX: Final = (1 << 27) - 1
MAX_HANDLES: Final = 1 << 23  # about 0.5 GB of host objects; one guest call that makes more is stopped
SWEEP_THRESHOLD: Final = 1 << 14  # handles beyond those that survived the last sweep
_LOOK_HANDLES: Final = 1 << 15  # new ones in one guest call, between looks at what the values take
LARGE_BYTES: Final = 1 << 16  # a value of this size is counted by its size, too
MAX_LARGE_BYTES: Final = 1 << 30  # of host memory; one guest call that holds more in large values is stopped
SWEEP_BYTES: Final = 1 << 23  # in large values beyond those that survived the last sweep


@final
class _Free:
    """Marks a free entry."""

    __slots__ = ()


_FREE: Final = _Free()


def _too_many() -> LimitError:
    return LimitError(
        "one call of the guest holds too many JavaScript references",
        expected=f"at most {MAX_HANDLES}",
        hint="return to the event loop now and then, for example with `await asyncio.sleep(0)`",
    )


class RefTable:
    """The values that one guest instance has handles to."""

    def __init__(self) -> None:
        self._values: list[object] = []
        self._free: list[int] = []
        self._constants: dict[int, object] = {
            RAW_UNDEFINED: UNDEFINED,
            RAW_TRUE: True,
            RAW_FALSE: False,
            RAW_NO_VALUE: NO_VALUE,
            RAW_ERROR: ERROR,
        }
        self._by_type: dict[type, int] = {
            type(None): 0,
            type(UNDEFINED): RAW_UNDEFINED,
            type(ERROR): RAW_ERROR,
            type(NO_VALUE): RAW_NO_VALUE,
        }
        self._proxy_types: set[type] = set()
        self._sweep_at = SWEEP_THRESHOLD
        self._primitives: frozenset[type] = frozenset({int, float, str})
        self._arrays: dict[int, object] = {}  # by index, those from the guest that the host has met
        self._new_array: Callable[[], object] | None = None
        self.arrays_are_in_use = False  # whether the guest held handles of its arrays at the last sweep
        self._large: dict[int, int] = {}  # id of each large value that has a handle: its size
        self._large_bytes = 0
        self._sweep_at_bytes = SWEEP_BYTES
        self._look_at = min(_LOOK_HANDLES, MAX_HANDLES)
        self.look: Callable[[], object] | None = None
        """Called now and then while the table grows; may raise LimitError."""
        self._pinned = 0
        self._pinned_arrays = 0
        self._pins = 0

    def register_proxy_type(self, cls: type) -> None:
        """Give the exact class ``cls`` (PyProxy, Promise) handles of the kind that says so."""
        self._proxy_types.add(cls)

    def register_primitive_type(self, cls: type) -> None:
        """Give values of the exact class ``cls`` handles of the kind that says that they are no objects."""
        self._primitives |= {cls}

    def register_array(self, new: Callable[[], object]) -> None:
        """How to make an empty array, for the handles that WebAssembly code gives out."""
        self._new_array = new

    def weigh(self, value: object, size: int) -> None:
        """Count a value that is about to get a handle by its size in bytes.

        Raises:
            LimitError: one guest call holds more than MAX_LARGE_BYTES in large values.
        """
        if size > LARGE_BYTES:
            self._count(value, size)

    def __len__(self) -> int:
        """How many handles are in use."""
        return len(self._values) - len(self._free) + len(self._arrays)

    @property
    def sweep_is_due(self) -> bool:
        """Whether enough was given handles since the last sweep to pay for another."""
        in_use = len(self._values) - len(self._free) + len(self._arrays)
        return in_use > self._sweep_at or self._large_bytes > self._sweep_at_bytes

    def decode(self, raw: int) -> object:
        """The value of raw bits.

        Raises:
            GuestFault: the bits stand for no value.
        """
        tag = raw & 15
        if tag == _TAG_INTEGER:
            number = raw >> 4
            return number if number <= _SMALL_MAX else number - (1 << 28)
        if tag in _HANDLE_TAGS:
            try:
                value = self._values[raw >> 4]
            except IndexError:
                value = self._array(raw >> 4) if tag == _TAG_VALUE else _FREE
            if value is not _FREE:
                return value
        elif raw == 0:
            return None
        elif raw in self._constants:
            return self._constants[raw]
        elif tag == _TAG_PRIMITIVE and raw >> 4 <= len(self._values):
            value = self._values[(raw >> 4) - 1]
            if value is not _FREE:
                return value
        raise GuestFault("the guest used a JavaScript reference that does not exist", found=hex(raw))

    def _array(self, index: int) -> object:
        """The array that WebAssembly code gave this index to; made when it is first met."""
        if not _FIRST_ARRAY <= index <= _MAX_INDEX or self._new_array is None:
            return _FREE
        found = self._arrays.get(index)
        if found is None:
            if len(self._arrays) >= MAX_HANDLES:
                raise _too_many()
            found = self._arrays[index] = self._new_array()
        return found

    def encode(self, value: object) -> int:
        """The raw bits for a value.

        Raises:
            LimitError: one guest call holds more than MAX_HANDLES, or MAX_LARGE_BYTES in large values.
        """
        kind = type(value)
        if kind is int:
            number = cast("int", value)
            if _SMALL_MIN <= number <= _SMALL_MAX:
                return (number << 4 | _TAG_INTEGER) & 0xFFFFFFFF
        elif kind is bool:
            return RAW_TRUE if value else RAW_FALSE
        else:
            constant = self._by_type.get(kind)
            if constant is not None:
                return constant
            if kind is str:
                size = len(cast("str", value))
                if size > LARGE_BYTES:
                    self._count(value, size)
        if self._free:
            index = self._free.pop()
            self._values[index] = value
        else:
            index = len(self._values)
            if index >= self._look_at:
                self._note_growth(index)
            self._values.append(value)
        if kind in self._primitives:
            return (index + 1) << 4 | _TAG_PRIMITIVE
        return index << 4 | (_TAG_PROXY if kind in self._proxy_types else _TAG_VALUE)

    def _note_growth(self, index: int) -> None:
        if index >= MAX_HANDLES:
            raise _too_many()
        self._look_at = min(index + _LOOK_HANDLES, MAX_HANDLES)
        if self.look is not None:
            self.look()

    def _count(self, value: object, size: int) -> None:
        if id(value) in self._large:
            return
        if self._large_bytes + size > MAX_LARGE_BYTES:
            raise LimitError(
                "one call of the guest holds too much memory of the host in texts and buffers",
                expected=f"at most {MAX_LARGE_BYTES} bytes",
                hint="return to the event loop now and then, for example with `await asyncio.sleep(0)`",
            )
        self._large[id(value)] = size
        self._large_bytes += size

    def pin(self, arrays: int) -> tuple[int, int]:
        """Keep every handle in use through sweeps until :meth:`unpin`, which takes what this returns.

        It lets a sweep run while guest frames wait on the stack: what they hold was handed out before. ``arrays`` is
        how many arrays WebAssembly code has given out.
        """
        before = (self._pinned, self._pinned_arrays)
        self._pinned, self._pinned_arrays = len(self._values), _FIRST_ARRAY + arrays
        self._pins += 1
        self._free.clear()
        return before

    def unpin(self, before: tuple[int, int]) -> None:
        """End the latest :meth:`pin`."""
        self._pins -= 1
        self._pinned, self._pinned_arrays = before

    def sweep(self, live: Iterable[int]) -> int:
        """Free every handle that is not among the raw bits in ``live``; returns how many.

        The caller guarantees that no guest frame is on the stack, or that what they hold is pinned.
        """
        keep: set[int] = set()
        for raw in live:
            tag = raw & 15
            if tag in _HANDLE_TAGS:
                keep.add(raw >> 4)
            elif tag == _TAG_PRIMITIVE:
                keep.add((raw >> 4) - 1)  # -1 for undefined, which is no index
        before = len(self)
        last = self._pinned_arrays
        self._arrays = {index: value for index, value in self._arrays.items() if index <= last or index in keep}
        self.arrays_are_in_use = self._pins > 0 or any(index >= _FIRST_ARRAY for index in keep)
        values = self._values
        pinned = self._pinned
        while len(values) > pinned and (len(values) - 1) not in keep:
            values.pop()
        self._free = [index for index in range(pinned, len(values)) if index not in keep]
        for index in self._free:
            values[index] = _FREE
        self._free.reverse()  # low indices are used first
        self._sweep_at = 2 * len(self) + SWEEP_THRESHOLD
        if self._large:
            held = {id(value) for value in values}
            self._large = {key: size for key, size in self._large.items() if key in held}
            self._large_bytes = sum(self._large.values())
        self._sweep_at_bytes = self._large_bytes + SWEEP_BYTES
        self._look_at = min(len(values) + _LOOK_HANDLES, MAX_HANDLES)
        if self.look is not None:
            self.look()
        return before - len(self)
