"""How much host memory the large texts and arrays of one isolate take.

Texts cannot be watched by weak references. Instead each large one that a function of the language returns is listed,
and now and then those that only the list still refers to are let go.
"""

from __future__ import annotations

import sys
from typing import Final

from runtime_core.js.values import ABSENT, JsObject, JsValue

LARGE_UNITS: Final = 1 << 13
"""Characters or elements; smaller values cost the guest about as much memory or time as the host."""

MAX_BYTES: Final = 1 << 30
_LOOK_BYTES: Final = 1 << 26  # in new values, before all are looked at
_TIDY_BYTES: Final = 1 << 23  # the same between tasks, when looking delays nobody
_SLOT_BYTES: Final = 8
_ITEM_BYTES: Final = 56  # of a text or a float of its own
_SHARED: Final = (bool, type(None), type(ABSENT), int)


def _references(values: list[JsValue], index: int) -> int:
    return sys.getrefcount(values[index])


_ALONE: Final = _references([JsObject()], 0)


def _size(value: JsValue) -> int:
    if isinstance(value, str):
        return sys.getsizeof(value)
    data = getattr(value, "data", None)
    if isinstance(data, bytes):  # a Blob
        return len(data)
    items: list[JsValue] = getattr(value, "items", [])
    each = _SLOT_BYTES if not items or isinstance(items[-1], _SHARED) else _SLOT_BYTES + _ITEM_BYTES
    return len(items) * each


class LargeValues:
    """Those of one isolate."""

    __slots__ = ("_held", "_new", "_values")

    def __init__(self) -> None:
        self._values: list[JsValue] = []
        self._new = 0
        self._held = 0

    def note(self, value: JsValue) -> None:
        """Count a large text or array.

        Raises:
            JsThrow: RangeError where the isolate may not hold as much.
        """
        self._values.append(value)
        self._new += _size(value)
        if self._new > _LOOK_BYTES or self._held > MAX_BYTES:
            self._look()
            if self._held > MAX_BYTES:
                from runtime_core.js.errors import throw

                throw("RangeError", f"the strings and arrays held take more than {MAX_BYTES} bytes")

    def tidy(self) -> None:
        """Let go of what is no longer used."""
        if self._new > _TIDY_BYTES or self._held > _LOOK_BYTES:
            self._look()

    def _look(self) -> None:
        values = self._values
        self._values = [values[index] for index in range(len(values)) if _references(values, index) > _ALONE]
        values.clear()
        self._held = sum(map(_size, {id(value): value for value in self._values}.values()))
        self._new = 0


def note_large(value: JsValue) -> None:
    """Count a large text or array for the isolate that runs on this thread.

    Raises:
        JsThrow: RangeError where it may not hold as much.
    """
    from runtime_core.js.array_buffer import current_budget

    budget = current_budget()
    if budget is not None:
        budget.large.note(value)
