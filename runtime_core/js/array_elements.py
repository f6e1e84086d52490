"""``this`` of Array's methods: an array, or any object with a length and elements."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Final

from runtime_core.engine.checkpoint import checked
from runtime_core.js.array_text import check_length
from runtime_core.js.coerce import call_site, clamp_index, to_length
from runtime_core.js.errors import throw, throw_type_error
from runtime_core.js.functions import JsFunction
from runtime_core.js.operators import to_display
from runtime_core.js.values import ABSENT, UNDEFINED, JsObject, JsSymbol, JsValue

Method = Callable[..., JsValue]
MAX_VISITED: Final = 1 << 22  # elements of an object that only claims a length


def is_array(value: JsValue) -> bool:
    """``Array.isArray``."""
    from runtime_core.js.arrays import JsArray
    from runtime_core.js.proxy import JsProxyObject

    while isinstance(value, JsProxyObject):
        value = value.target
    return isinstance(value, JsArray)


def new_array(items: list[JsValue]) -> JsValue:
    """An array that takes over a list."""
    from runtime_core.js.arrays import JsArray

    check_length(len(items))
    result = JsArray()
    result.items = items
    return result


class Elements:
    """``this`` of a method as an indexed thing."""

    __slots__ = ("_array", "length", "object")

    def __init__(self, this: JsValue, name: str) -> None:
        from runtime_core.js.arrays import JsArray

        if this is None or this is UNDEFINED:
            throw_type_error(f"Array.prototype.{name} called on null or undefined")
        if isinstance(this, JsArray):
            self.object: JsObject = this
            self._array: JsArray | None = this
            self.length = len(this.items)
            return
        from runtime_core.js.primitives import wrap

        self._array = None
        self.object = wrap(this)
        self.length = to_length(self.object.get("length"))
        if self.length > MAX_VISITED:
            throw("RangeError", f"Invalid array length: {self.length} is beyond this host's limit of {MAX_VISITED}")

    def at(self, index: int) -> JsValue:
        """The element at an index, or ABSENT."""
        if self._array is not None:
            items = self._array.items
            return items[index] if index < len(items) else ABSENT
        return self.object.lookup(str(index))

    def present(self) -> Iterator[tuple[int, JsValue]]:
        """Indices and elements without holes."""
        for index in checked(range(self.length)):
            item = self.at(index)
            if item is not ABSENT:
                yield index, item

    def range(self, start: JsValue, end: JsValue) -> range:
        """The indices from a relative start to a relative end."""
        return range(clamp_index(start, self.length, 0), clamp_index(end, self.length, self.length))

    def copy(self) -> list[JsValue]:
        """All elements; holes stay ABSENT."""
        return [self.at(index) for index in checked(range(self.length))]


def plain(item: JsValue) -> JsValue:
    """An element, undefined for a hole."""
    return UNDEFINED if item is ABSENT else item


def shown(value: JsValue) -> str:
    """A value as V8's messages show it."""
    if isinstance(value, JsFunction):
        return value.to_string()
    if isinstance(value, JsObject):
        return "[object Array]" if is_array(value) else value.describe()
    return repr(value) if isinstance(value, JsSymbol) else to_display(value)


def callback_of(value: JsValue) -> JsFunction:
    """A callback argument.

    Raises:
        JsThrow: TypeError for anything but a function.
    """
    if not isinstance(value, JsFunction):
        throw_type_error(f"{call_site(value)} is not a function")
    return value


@contextmanager
def changing(this: JsValue, name: str) -> Iterator[list[JsValue]]:
    """The elements as a list to change; what is no array gets the changes written back."""
    from runtime_core.js.arrays import JsArray

    if isinstance(this, JsArray):
        yield this.items
        return
    elements = Elements(this, name)
    before = elements.copy()
    items = list(before)
    yield items
    target = elements.object
    for index, item in enumerate(items):
        if item is ABSENT:
            target.delete(str(index))
        elif index >= len(before) or item is not before[index]:
            target.set(str(index), item)
    for index in range(len(before) - 1, len(items) - 1, -1):
        target.delete(str(index))
    target.set("length", len(items))
