"""The values of JavaScript as the guest can observe them.

How values are represented:

===========  ==========================================================================================
JavaScript   Python
===========  ==========================================================================================
undefined    :data:`UNDEFINED`
null         ``None``
boolean      ``bool``
number       ``float``, or ``int`` for safe integers (at most 2**53 - 1 in magnitude); 2 and 2.0 are the same
bigint       :class:`BigInt`
string       ``str`` in which every surrogate pair is joined (:func:`join_surrogates`)
symbol       :class:`JsSymbol`
object       :class:`JsObject` and its subclasses
===========  ==========================================================================================

Objects of the language itself (``Array.prototype`` and its like) are immutable and shared by all isolates; every
object with state belongs to one isolate.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import ClassVar, Final, TypeAlias, final

JsValue: TypeAlias = object
MAX_SAFE_INTEGER: Final = (1 << 53) - 1


@final
class UndefinedType:
    """The type of :data:`UNDEFINED`."""

    __slots__ = ()

    def __repr__(self) -> str:
        return "undefined"

    def __bool__(self) -> bool:
        return False


@final
class ErrorSentinelType:
    """The type of :data:`ERROR`."""

    __slots__ = ()

    def __repr__(self) -> str:
        return "<error sentinel>"


@final
class NoValueType:
    """The type of :data:`NO_VALUE`."""

    __slots__ = ()

    def __repr__(self) -> str:
        return "<no value>"


@final
class AbsentType:
    """The type of :data:`ABSENT`."""

    __slots__ = ()


UNDEFINED: Final = UndefinedType()
ERROR: Final = ErrorSentinelType()  # what an import returns after it set the guest's error; distinct from null
NO_VALUE: Final = NoValueType()  # Pyodide's marker for "not converted"
ABSENT: Final = AbsentType()  # the host's own marker for "no such property"; never given to the guest


class BigInt(int):
    """A JavaScript bigint."""

    __slots__ = ()

    def __repr__(self) -> str:
        return f"{int(self)}n"


@final
class JsSymbol:
    """A symbol; equal only to itself. ``description`` is None where it was made without one."""

    __slots__ = ("description",)

    def __init__(self, description: str | None = None) -> None:
        self.description = description

    def __repr__(self) -> str:
        return f"Symbol({self.description or ''})"


SYMBOL_ITERATOR: Final = JsSymbol("Symbol.iterator")
SYMBOL_ASYNC_ITERATOR: Final = JsSymbol("Symbol.asyncIterator")
SYMBOL_TO_STRING_TAG: Final = JsSymbol("Symbol.toStringTag")
SYMBOL_DISPOSE: Final = JsSymbol("Symbol.dispose")
SYMBOL_ASYNC_DISPOSE: Final = JsSymbol("Symbol.asyncDispose")
SYMBOL_TO_PRIMITIVE: Final = JsSymbol("Symbol.toPrimitive")
SYMBOL_HAS_INSTANCE: Final = JsSymbol("Symbol.hasInstance")
SYMBOL_IS_CONCAT_SPREADABLE: Final = JsSymbol("Symbol.isConcatSpreadable")
SYMBOL_MATCH: Final = JsSymbol("Symbol.match")
SYMBOL_MATCH_ALL: Final = JsSymbol("Symbol.matchAll")
SYMBOL_REPLACE: Final = JsSymbol("Symbol.replace")
SYMBOL_SEARCH: Final = JsSymbol("Symbol.search")
SYMBOL_SPECIES: Final = JsSymbol("Symbol.species")
SYMBOL_SPLIT: Final = JsSymbol("Symbol.split")
SYMBOL_UNSCOPABLES: Final = JsSymbol("Symbol.unscopables")

PropertyKey: TypeAlias = str | JsSymbol


class JsObject:
    """An object: own properties in insertion order, then what its class inherits.

    ``METHODS`` and ``GETTERS`` of a class stand for the prototype that JavaScript would give it. ``prototype`` is set
    only on objects made with another one.
    """

    __slots__ = ("own", "prototype")

    class_name: ClassVar[str] = "Object"
    type_tag: ClassVar[str] = "Object"
    METHODS: ClassVar[Mapping[PropertyKey, Callable[..., JsValue]]] = {
        "hasOwnProperty": lambda this, key: this.get_own(key if isinstance(key, JsSymbol) else str(key)) is not ABSENT,
        "toString": lambda this: this.to_string(),
        "valueOf": lambda this: this,
    }
    GETTERS: ClassVar[Mapping[PropertyKey, Callable[..., JsValue]]] = {}

    def __init__(self, properties: Mapping[PropertyKey, JsValue] | None = None) -> None:
        self.own: dict[PropertyKey, JsValue] | None = None if properties is None else dict(properties)
        self.prototype: JsObject | None = None

    def get_own(self, key: PropertyKey) -> JsValue:
        """The own property, or ABSENT."""
        if self.own is None:
            return ABSENT
        return self.own.get(key, ABSENT)

    def lookup(self, key: PropertyKey) -> JsValue:
        """The property, own or inherited, or ABSENT."""
        value = self.get_own(key)
        if value is not ABSENT:
            return value
        if self.prototype is not None:
            return self.prototype.lookup(key)
        return self._inherited(key)

    def _inherited(self, key: PropertyKey) -> JsValue:
        from runtime_core.js.functions import builtin_constructor, builtin_method

        for cls in type(self).__mro__:
            getter = cls.__dict__.get("GETTERS", {}).get(key)
            if getter is not None:
                return getter(self)
            if key in cls.__dict__.get("METHODS", {}):
                return builtin_method(cls, key)
        if key == "constructor":
            return builtin_constructor(self.constructor_name())
        return ABSENT

    def get(self, key: PropertyKey) -> JsValue:
        """``this[key]``; UNDEFINED where there is no such property."""
        value = self.lookup(key)
        return UNDEFINED if value is ABSENT else value

    def has(self, key: PropertyKey) -> bool:
        """``key in this``."""
        return self.lookup(key) is not ABSENT

    def set(self, key: PropertyKey, value: JsValue) -> None:
        """``this[key] = value``."""
        if self.own is None:
            self.own = {}
        self.own[key] = value

    def delete(self, key: PropertyKey) -> None:
        """``delete this[key]``."""
        if self.own is not None:
            self.own.pop(key, None)

    def own_keys(self) -> list[str]:
        """The names of own enumerable properties, integers first and ascending (``Object.keys``)."""
        if not self.own:
            return []
        return order_keys([key for key in self.own if isinstance(key, str)])

    def own_names(self) -> list[str]:
        """All own names (``Object.getOwnPropertyNames``)."""
        return self.own_keys()

    def inherited_names(self) -> list[str]:
        """The names that prototypes contribute, for ``dir``."""
        names: dict[str, None] = {"constructor": None}
        for cls in type(self).__mro__:
            for table in (cls.__dict__.get("METHODS", {}), cls.__dict__.get("GETTERS", {})):
                names.update((key, None) for key in table if isinstance(key, str))
        return list(names)

    def constructor_name(self) -> str:
        """The name of the constructor that this object reports."""
        return self.class_name

    def iterate(self) -> Iterator[JsValue] | None:
        """A host iterator for ``Symbol.iterator`` where the class is iterable, else ``None``."""
        return None

    def to_string(self) -> str:
        """``String(this)``."""
        return f"[object {self.type_tag}]"

    def __repr__(self) -> str:
        return f"<{self.class_name}>"


def order_keys(keys: list[str]) -> list[str]:
    """JavaScript's property order: array indices ascending, then the rest as inserted."""
    indices = [key for key in keys if is_array_index(key)]
    if not indices:
        return keys
    indices.sort(key=int)
    return indices + [key for key in keys if not is_array_index(key)]


def is_array_index(key: str) -> bool:
    """Whether a property name is a canonical array index (``0`` to ``2**32 - 2``, no leading zeros)."""
    return (
        key.isascii() and key.isdigit() and len(key) <= 10 and (key == "0" or key[0] != "0") and int(key) < 0xFFFFFFFF
    )


def join_surrogates(text: str) -> str:
    """The canonical form of a string: surrogate pairs joined to one code point, lone surrogates kept."""
    if text.isascii() or not any("\ud800" <= char <= "\udfff" for char in text):
        return text
    return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "surrogatepass")


def utf16_length(text: str) -> int:
    """The length of a string in UTF-16 units."""
    if text.isascii():
        return len(text)
    return len(text) + sum(char > "\uffff" for char in text)


def number_from_int(value: int) -> JsValue:
    """The JavaScript value for a host integer: a number when it is safe, else a bigint."""
    return value if -MAX_SAFE_INTEGER <= value <= MAX_SAFE_INTEGER else BigInt(value)
