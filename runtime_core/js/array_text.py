"""Bounds of arrays and texts, and ``Array.prototype.join``."""

from __future__ import annotations

import threading
from typing import Final

from runtime_core.engine.checkpoint import checked
from runtime_core.js.errors import throw
from runtime_core.js.operators import to_string
from runtime_core.js.values import ABSENT, UNDEFINED, JsObject

MAX_ARRAY_LENGTH: Final = 1 << 24  # entries; a bound on what one guest statement can make the host allocate

MAX_TEXT_LENGTH: Final = (1 << 29) - 24  # characters; V8's bound


class _Active(threading.local):
    """The objects that are being joined on this thread: one inside itself gives the empty string."""

    def __init__(self) -> None:
        self.objects: list[JsObject] = []


_ACTIVE: Final = _Active()


def check_length(length: int) -> None:
    """Throw RangeError for an array that this host will not hold."""
    if length > MAX_ARRAY_LENGTH:
        throw("RangeError", f"Invalid array length: {length} is beyond this host's limit of {MAX_ARRAY_LENGTH}")


def join_items(target: JsObject, length: int, separator: str) -> str:
    """The elements of an object as one text."""
    from runtime_core.js.arrays import JsArray

    if any(one is target for one in _ACTIVE.objects):
        return ""
    _ACTIVE.objects.append(target)
    try:
        parts = []
        size = 0
        for index in checked(range(length)):
            if isinstance(target, JsArray):
                item = target.items[index] if index < len(target.items) else UNDEFINED
            else:
                item = target.get(str(index))
            if type(item) is JsArray and item.own is None and item.prototype is None:
                part = join_items(item, len(item.items), ",")  # as to_string does, with fewer frames for each level
            else:
                part = "" if item is None or item is UNDEFINED or item is ABSENT else to_string(item)
            parts.append(part)
            size += len(part) + len(separator)
            if size > MAX_TEXT_LENGTH:
                throw("RangeError", "Invalid string length")
    finally:
        _ACTIVE.objects.pop()
    return separator.join(parts)
