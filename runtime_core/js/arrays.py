"""Array: its elements. The methods are in array_methods."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import ClassVar

from runtime_core.js.array_methods import ARRAY_METHODS
from runtime_core.js.array_text import MAX_ARRAY_LENGTH, MAX_TEXT_LENGTH, check_length, join_items
from runtime_core.js.coerce import to_numeric
from runtime_core.js.errors import throw, throw_type_error
from runtime_core.js.functions import JsFunction
from runtime_core.js.large_values import LARGE_UNITS, note_large
from runtime_core.js.operators import to_string
from runtime_core.js.values import ABSENT, UNDEFINED, JsObject, JsValue, PropertyKey, is_array_index

__all__ = ["MAX_ARRAY_LENGTH", "MAX_TEXT_LENGTH", "JsArray", "check_length", "require_function"]


def require_function(value: JsValue) -> JsFunction:
    """The value as a function.

    Raises:
        JsThrow: TypeError for any other value.
    """
    if not isinstance(value, JsFunction):
        throw_type_error(f"{to_string(value) if not isinstance(value, JsObject) else 'object'} is not a function")
    return value


class JsArray(JsObject):
    """An Array. ``items`` holds the elements; ABSENT stands for a hole."""

    __slots__ = ("items",)

    class_name: ClassVar[str] = "Array"
    type_tag: ClassVar[str] = "Array"
    ANY_RECEIVER: ClassVar[bool] = True

    def __init__(self, items: Iterable[JsValue] = ()) -> None:
        self.own = None
        self.prototype = None
        self.items = list(items)
        if len(self.items) > LARGE_UNITS:
            note_large(self)

    def get_own(self, key: PropertyKey) -> JsValue:
        """The own property, or ABSENT."""
        if key == "length":
            return len(self.items)
        if isinstance(key, str) and is_array_index(key):
            return self.element(int(key))
        return super().get_own(key)

    def element(self, index: int) -> JsValue:
        """The element at an index, or ABSENT."""
        return self.items[index] if 0 <= index < len(self.items) else ABSENT

    def set_element(self, index: int, value: JsValue) -> None:
        """``this[index] = value``, which may lengthen the array."""
        if index < 0:
            self.set(str(index), value)
            return
        missing = index + 1 - len(self.items)
        if missing > 0:
            check_length(index + 1)
            self.items.extend([ABSENT] * missing)
            if missing > LARGE_UNITS:
                note_large(self)
        self.items[index] = value

    def set(self, key: PropertyKey, value: JsValue) -> None:
        """``this[key] = value``."""
        if key == "length":
            self._set_length(value)
        elif isinstance(key, str) and is_array_index(key):
            self.set_element(int(key), value)
        else:
            super().set(key, value)

    def _set_length(self, value: JsValue) -> None:
        number = to_numeric(value)
        if number != number or not 0 <= number < 2**32 or number != int(number):
            throw("RangeError", "Invalid array length")
        length = int(number)
        check_length(length)
        if length < len(self.items):
            del self.items[length:]
        elif length > len(self.items):
            self.items.extend([ABSENT] * (length - len(self.items)))
            if length > LARGE_UNITS:
                note_large(self)

    def delete(self, key: PropertyKey) -> None:
        """``delete this[key]``."""
        if isinstance(key, str) and is_array_index(key):
            if int(key) < len(self.items):
                self._remove(int(key))
            return
        if key == "length":
            throw_type_error("Cannot delete property 'length' of [object Array]")
        super().delete(key)

    def _remove(self, index: int) -> None:
        refuse = getattr(self.items, "refuse_removal", None)  # a frozen or sealed array
        if refuse is not None:
            refuse(index)
        self.items[index] = ABSENT

    def own_keys(self) -> list[str]:
        """The names of own enumerable properties."""
        return [str(i) for i, item in enumerate(self.items) if item is not ABSENT] + super().own_keys()

    def own_names(self) -> list[str]:
        """All own names."""
        indices = [str(i) for i, item in enumerate(self.items) if item is not ABSENT]
        return [*indices, "length", *(key for key in self.own or () if isinstance(key, str))]

    def iterate(self) -> Iterator[JsValue]:
        """A host iterator over the elements."""
        index = 0
        while index < len(self.items):
            item = self.items[index]
            yield UNDEFINED if item is ABSENT else item
            index += 1

    def to_string(self) -> str:
        """``String(this)``."""
        return join_items(self, len(self.items), ",")

    def describe(self) -> str:
        """A short form for messages, as V8 prints it."""
        return "[object Array]"

    def __repr__(self) -> str:
        return f"<Array of {len(self.items)}>"

    METHODS: ClassVar[Mapping[PropertyKey, Callable[..., JsValue]]] = ARRAY_METHODS
    CONSTANTS: ClassVar[Mapping[PropertyKey, JsValue]] = {"length": 0}


def join(array: JsArray, separator: str) -> str:
    """``array.join(separator)``."""
    return join_items(array, len(array.items), separator)
