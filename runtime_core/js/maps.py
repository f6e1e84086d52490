"""Map, Set and their methods."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import ClassVar, TypeVar

from runtime_core.js.arrays import JsArray, require_function
from runtime_core.js.errors import throw_type_error
from runtime_core.js.iteration import JsIterator, live_values
from runtime_core.js.operators import same_value_zero_key
from runtime_core.js.set_operations import SET_OPERATIONS
from runtime_core.js.values import (
    ABSENT,
    SYMBOL_ITERATOR,
    SYMBOL_TO_STRING_TAG,
    UNDEFINED,
    JsObject,
    JsValue,
    PropertyKey,
)

_T = TypeVar("_T")


def _map(this: JsValue) -> JsMap:
    if not isinstance(this, JsMap):
        throw_type_error("this is not a Map")
    return this


def _get(source: JsMap, key: JsValue) -> JsValue:
    value = source.find(key)
    return UNDEFINED if value is ABSENT else value


def map_set(this: JsValue, key: JsValue, value: JsValue) -> JsValue:
    """Add or replace an entry."""
    _map(this).put(key, value)
    return this


def map_for_each(this: JsValue, callback: JsValue, this_arg: JsValue = UNDEFINED) -> JsValue:
    """Call for each entry with value, key, map."""
    function = require_function(callback)
    for key, value in live_values(_map(this).entries):
        function.call(this_arg, (value, key, this))
    return UNDEFINED


def _clear(entries: dict[object, _T]) -> JsValue:
    entries.clear()
    return UNDEFINED


def _set(this: JsValue) -> JsSet:
    if not isinstance(this, JsSet):
        throw_type_error("this is not a Set")
    return this


def set_add(this: JsValue, value: JsValue) -> JsValue:
    """Add a value."""
    _set(this).add(value)
    return this


def set_for_each(this: JsValue, callback: JsValue, this_arg: JsValue = UNDEFINED) -> JsValue:
    """Call for each value."""
    function = require_function(callback)
    for value in live_values(_set(this).entries):
        function.call(this_arg, (value, value, this))
    return UNDEFINED


def _map_entries(this: JsValue) -> JsValue:
    return JsIterator(_map(this).iterate(), "Map")


def _set_values(this: JsValue) -> JsValue:
    return JsIterator(live_values(_set(this).entries), "Set")


class JsMap(JsObject):
    """A Map. Entries keep insertion order; keys compare by SameValueZero."""

    __slots__ = ("entries",)

    class_name: ClassVar[str] = "Map"
    type_tag: ClassVar[str] = "Map"
    CONSTANTS: ClassVar[Mapping[PropertyKey, JsValue]] = {SYMBOL_TO_STRING_TAG: "Map"}

    def __init__(self, items: Iterable[tuple[JsValue, JsValue]] = ()) -> None:
        super().__init__()
        self.entries: dict[object, tuple[JsValue, JsValue]] = {}
        for key, value in items:
            self.put(key, value)

    def put(self, key: JsValue, value: JsValue) -> None:
        """``map.set``."""
        self.entries[same_value_zero_key(key)] = (key, value)

    def find(self, key: JsValue) -> JsValue:
        """The value filed under a key, or ABSENT."""
        entry = self.entries.get(same_value_zero_key(key))
        return ABSENT if entry is None else entry[1]

    def remove(self, key: JsValue) -> bool:
        """``map.delete``."""
        return self.entries.pop(same_value_zero_key(key), None) is not None

    def iterate(self) -> Iterator[JsValue]:
        """A host iterator over the elements."""
        return (JsArray(entry) for entry in live_values(self.entries))

    METHODS: ClassVar[Mapping[PropertyKey, Callable[..., JsValue]]] = {
        "clear": lambda this: _clear(_map(this).entries),
        "delete": lambda this, key: _map(this).remove(key),
        "entries": _map_entries,
        "forEach": map_for_each,
        "get": lambda this, key: _get(_map(this), key),
        "has": lambda this, key: _map(this).find(key) is not ABSENT,
        "keys": lambda this: JsIterator((entry[0] for entry in live_values(_map(this).entries)), "Map"),
        "set": map_set,
        "values": lambda this: JsIterator((entry[1] for entry in live_values(_map(this).entries)), "Map"),
        SYMBOL_ITERATOR: _map_entries,
    }
    GETTERS: ClassVar[Mapping[PropertyKey, Callable[..., JsValue]]] = {"size": lambda this: len(this.entries)}


class LiteralMap(JsMap):
    """Pyodide's Map whose string keys also read as properties."""

    __slots__ = ()

    class_name: ClassVar[str] = "LiteralMap"

    def get_own(self, key: PropertyKey) -> JsValue:
        """The own property, or ABSENT."""
        own = super().get_own(key)
        return self.find(key) if own is ABSENT else own

    def set(self, key: PropertyKey, value: JsValue) -> None:
        """``this[key] = value``."""
        self.put(key, value)

    def delete(self, key: PropertyKey) -> None:
        """``delete this[key]``."""
        self.remove(key)

    def own_keys(self) -> list[str]:
        """The names of own enumerable properties."""
        return [key for key, _ in self.entries.values() if isinstance(key, str)]


class JsSet(JsObject):
    """A Set."""

    __slots__ = ("entries",)

    class_name: ClassVar[str] = "Set"
    type_tag: ClassVar[str] = "Set"
    CONSTANTS: ClassVar[Mapping[PropertyKey, JsValue]] = {SYMBOL_TO_STRING_TAG: "Set"}

    def __init__(self, items: Iterable[JsValue] = ()) -> None:
        super().__init__()
        self.entries: dict[object, JsValue] = {}
        for item in items:
            self.add(item)

    def add(self, value: JsValue) -> None:
        """``set.add``."""
        self.entries.setdefault(same_value_zero_key(value), value)

    def contains(self, value: JsValue) -> bool:
        """``set.has``."""
        return same_value_zero_key(value) in self.entries

    def remove(self, value: JsValue) -> bool:
        """``set.delete``."""
        return self.entries.pop(same_value_zero_key(value), ABSENT) is not ABSENT

    def iterate(self) -> Iterator[JsValue]:
        """A host iterator over the elements."""
        return live_values(self.entries)

    METHODS: ClassVar[Mapping[PropertyKey, Callable[..., JsValue]]] = {
        "add": set_add,
        "clear": lambda this: _clear(_set(this).entries),
        **SET_OPERATIONS,
        "delete": lambda this, value: _set(this).remove(value),
        "entries": lambda this: JsIterator(
            (JsArray((value, value)) for value in live_values(_set(this).entries)), "Set"
        ),
        "forEach": set_for_each,
        "has": lambda this, value: _set(this).contains(value),
        "keys": lambda this: JsIterator(live_values(_set(this).entries), "Set"),
        "values": _set_values,
        SYMBOL_ITERATOR: _set_values,
    }
    GETTERS: ClassVar[Mapping[PropertyKey, Callable[..., JsValue]]] = {"size": lambda this: len(this.entries)}
