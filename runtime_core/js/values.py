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

from runtime_core.engine.checkpoint import checkpoint
from runtime_core.js.accessors import Accessor as Accessor  # noqa: PLC0414 - offered from here, too
from runtime_core.js.accessors import shown_class as shown_class  # noqa: PLC0414 - offered from here, too
from runtime_core.js.accessors import throw_receiver as throw_receiver  # noqa: PLC0414 - offered from here, too

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
class AbsentType:
    """The type of :data:`ABSENT`."""

    __slots__ = ()


UNDEFINED: Final = UndefinedType()
ABSENT: Final = AbsentType()  # the host's own marker for "no such property"; never given to the guest


class BigInt(int):
    """A JavaScript bigint."""

    __slots__ = ()

    def __repr__(self) -> str:
        return f"{int(self)}n" if self.bit_length() < 8192 else f"{int(self):#x}n"  # decimals have a limit


@final
class JsSymbol:
    """A symbol; equal only to itself. ``description`` is None where it was made without one."""

    __slots__ = ("__weakref__", "description")

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


def _key(value: JsValue) -> PropertyKey:
    from runtime_core.js.operators import to_property_key

    return to_property_key(value)


def _text(value: JsValue) -> str:
    from runtime_core.js.operators import to_string

    return to_string(value)


def _tag(value: JsValue) -> str:
    from runtime_core.js.operators import type_tag

    return type_tag(value)


def _object_text(this: JsValue) -> str:
    """``Object.prototype.toString``. A class without a ``toString`` of its own in its table may still have its text."""
    if isinstance(this, JsObject) and type(this).to_string is not JsObject.to_string:
        members = class_members(type(this))
        if members["toString"] is class_members(JsObject)["toString"]:
            return this.to_string()
    return _tag(this)


def _has_own(this: JsValue, key: JsValue) -> bool:
    if not isinstance(this, JsObject):
        return isinstance(this, str) and key == "length"
    return this.get_own(_key(key)) is not ABSENT


def _define(this: JsValue, key: JsValue, *, getter: JsValue = None, setter: JsValue = None) -> JsValue:
    from runtime_core.js.errors import throw_type_error
    from runtime_core.js.functions import define_accessor

    if not isinstance(this, JsObject):
        throw_type_error("Object.prototype.__defineGetter__ called on non-object")
    define_accessor(this, _key(key), getter=getter, setter=setter)
    return UNDEFINED


def _lookup_accessor(this: JsValue, key: JsValue, side: str) -> JsValue:
    from runtime_core.js.functions import accessor_function

    found = this.property(_key(key)) if isinstance(this, JsObject) else ABSENT
    return accessor_function(found, side) if type(found) is Accessor else UNDEFINED


class JsObject:
    """An object: own properties in insertion order, then what its prototype or its class gives it.

    ``METHODS`` and ``GETTERS`` of a class stand for the prototype that JavaScript would give it; see
    :meth:`get_prototype`. ``prototype`` is set only on objects made with another one.
    """

    __slots__ = ("__weakref__", "own", "prototype")

    class_name: ClassVar[str] = "Object"
    type_tag: ClassVar[str] = "Object"
    ANY_RECEIVER: ClassVar[bool] = True
    """Whether the methods in this class's own ``METHODS`` may be called on objects of other classes."""
    METHODS: ClassVar[Mapping[PropertyKey, Callable[..., JsValue]]] = {
        "__defineGetter__": lambda this, key, getter: _define(this, key, getter=getter),
        "__defineSetter__": lambda this, key, setter: _define(this, key, setter=setter),
        "__lookupGetter__": lambda this, key: _lookup_accessor(this, key, "get"),
        "__lookupSetter__": lambda this, key: _lookup_accessor(this, key, "set"),
        "hasOwnProperty": _has_own,
        "isPrototypeOf": lambda this, value: isinstance(this, JsObject) and this in prototype_chain(value),
        "propertyIsEnumerable": lambda this, key: isinstance(this, JsObject) and _key(key) in this.own_keys(),
        "toLocaleString": _text,
        "toString": _object_text,
        "valueOf": lambda this: this,
    }
    GETTERS: ClassVar[Mapping[PropertyKey, Callable[..., JsValue]]] = {"__proto__": lambda this: this.get_prototype()}
    SETTERS: ClassVar[Mapping[PropertyKey, Callable[..., object]]] = {
        "__proto__": lambda this, value: this.set_prototype(value)
    }
    CONSTANTS: ClassVar[Mapping[PropertyKey, JsValue]] = {}
    """Plain values that the prototype of the class holds."""
    WRITABLE: ClassVar[frozenset[PropertyKey]] = frozenset()
    """Keys of ``GETTERS`` that JavaScript has as plain values: setting one gives the object its own."""
    LASTING: ClassVar[tuple[str, ...]] = ()  # keys of GETTERS that give the same object each time: snapshots name it

    def __init__(self, properties: Mapping[PropertyKey, JsValue] | None = None) -> None:
        self.own: dict[PropertyKey, JsValue] | None = None if properties is None else dict(properties)
        self.prototype: JsObject | None = None

    def get_own(self, key: PropertyKey) -> JsValue:
        """The own property as stored, which may be an :class:`Accessor`, or ABSENT."""
        if self.own is None:
            return ABSENT
        return self.own.get(key, ABSENT)

    def property(self, key: PropertyKey) -> JsValue:
        """The property as stored, own or inherited, which may be an :class:`Accessor`, or ABSENT."""
        value = self.get_own(key)
        if value is not ABSENT:
            return value
        if self.prototype is not None:
            return self.prototype.property(key)
        return self._inherited_property(key)

    def lookup(self, key: PropertyKey) -> JsValue:
        """The value of the property, own or inherited, or ABSENT."""
        value = self.get_own(key)
        if value is ABSENT:
            if self.prototype is None:
                return self._inherited(key)
            value = self.prototype.property(key)
        return value.read(self) if type(value) is Accessor else value

    def own_value(self, key: PropertyKey) -> JsValue:
        """The value of the own property, or ABSENT."""
        value = self.get_own(key)
        return value.read(self) if type(value) is Accessor else value

    def _inherited(self, key: PropertyKey) -> JsValue:
        value = self._inherited_property(key)
        return value.read(self) if type(value) is Accessor else value

    def _inherited_property(self, key: PropertyKey) -> JsValue:
        if key == "constructor":
            return self.constructor()
        return class_members(type(self)).get(key, ABSENT)

    def get_prototype(self) -> JsObject | None:
        """``Object.getPrototypeOf(this)``: the prototype set, else the read-only one of the class."""
        from runtime_core.js.prototypes import NO_PROTOTYPE, builtin_prototype

        if self.prototype is not None:
            return None if self.prototype is NO_PROTOTYPE else self.prototype
        return builtin_prototype(type(self), self.constructor_name())

    def set_prototype(self, value: JsValue) -> None:
        """``Object.setPrototypeOf(this, value)``; other values than objects and null are ignored.

        Raises:
            JsThrow: a TypeError for a chain that would be a circle.
        """
        from runtime_core.js.prototypes import NO_PROTOTYPE

        if isinstance(value, JsObject):
            if value is self or self in prototype_chain(value):
                from runtime_core.js.errors import throw_type_error

                throw_type_error("Cyclic __proto__ value")
            self.prototype = value
        elif value is None:
            self.prototype = NO_PROTOTYPE

    def constructor(self) -> JsValue:
        """The constructor that the class of this object gives it."""
        from runtime_core.js.functions import builtin_constructor

        return builtin_constructor(self.constructor_name())

    def get(self, key: PropertyKey) -> JsValue:
        """``this[key]``; UNDEFINED where there is no such property."""
        value = self.lookup(key)
        return UNDEFINED if value is ABSENT else value

    def has(self, key: PropertyKey) -> bool:
        """``key in this``."""
        return self.property(key) is not ABSENT

    def set(self, key: PropertyKey, value: JsValue) -> None:
        """``this[key] = value``.

        Raises:
            JsThrow: what a setter throws; a TypeError for a property that has only a getter.
        """
        found = self.property(key)
        if type(found) is Accessor:
            found.write(self, key, value)
        else:
            self.define(key, value)

    def define(self, key: PropertyKey, value: JsValue) -> None:
        """Give the object an own property, whatever it inherits; ``value`` may be an :class:`Accessor`."""
        if self.own is None:
            self.own = {}
        self.own[key] = value

    def delete(self, key: PropertyKey) -> None:
        """``delete this[key]``."""
        if self.own is not None:
            self.own.pop(key, None)

    def own_keys(self) -> list[str]:
        """The names of own enumerable properties, integers first and ascending (``Object.keys``)."""
        own = self.own
        if not own:
            return []
        if type(own) is dict:
            return order_keys([key for key in own if isinstance(key, str)])
        return order_keys([key for key in own.enumerable() if isinstance(key, str)])  # type: ignore[attr-defined]  # a PropertyTable

    def own_names(self) -> list[str]:
        """All own names (``Object.getOwnPropertyNames``)."""
        if type(self.own) is dict or not self.own:
            return self.own_keys()
        return order_keys([key for key in self.own if isinstance(key, str)])

    def own_property_keys(self) -> list[PropertyKey]:
        """All own names, then all own symbols (``Reflect.ownKeys``)."""
        symbols = [key for key in self.own or () if isinstance(key, JsSymbol)]
        return [*self.own_names(), *symbols]

    def inherited_names(self) -> list[str]:
        """The names that prototypes contribute, for ``dir``."""
        names: dict[str, None] = {}
        for prototype in prototype_chain(self):
            names.update(dict.fromkeys(prototype.own_names()))
        return list(names)

    def constructor_name(self) -> str:
        """The name of the constructor that this object reports."""
        return self.class_name

    def iterate(self) -> Iterator[JsValue] | None:
        """A host iterator for ``Symbol.iterator`` where the class is iterable, else ``None``."""
        return None

    def to_string(self) -> str:
        """``String(this)``."""
        return _tag(self)

    def describe(self) -> str:
        """A short form for messages, as V8 prints it."""
        if self.prototype is None:
            return f"#<{self.constructor_name()}>"
        made_by = self.property("constructor")
        return f"#<{made_by.constructed_name() if isinstance(made_by, JsObject) else 'Object'}>"

    def constructed_name(self) -> str:
        """The name that instances show when this is their constructor."""
        return "Object"

    def __repr__(self) -> str:
        return f"<{self.class_name}>"


@final
class ErrorSentinelType(JsObject):
    """The type of :data:`ERROR`: in Pyodide an empty struct of WebAssembly, which some conversions let through."""

    __slots__ = ()

    def property(self, key: PropertyKey) -> JsValue:
        """Nothing: it has no prototype either."""
        return ABSENT

    def lookup(self, key: PropertyKey) -> JsValue:
        """Nothing."""
        return ABSENT

    def get_prototype(self) -> JsObject | None:
        """None: ``null``."""
        return None

    def set_prototype(self, value: JsValue) -> None:
        """Refused: the object is shared by all isolates."""
        self.define("__proto__", value)

    def define(self, key: PropertyKey, value: JsValue) -> None:
        """Refused, in the words of V8."""
        from runtime_core.js.errors import throw_type_error

        throw_type_error("WebAssembly objects are opaque")

    def __repr__(self) -> str:
        return "<error sentinel>"


@final
class NoValueType(JsObject):
    """The type of :data:`NO_VALUE`."""

    __slots__ = ()

    def get_own(self, key: PropertyKey) -> JsValue:
        """The one property that tells it from other objects."""
        return 1 if key == "noValueMarker" else ABSENT

    def own_keys(self) -> list[str]:
        """The names of own enumerable properties."""
        return ["noValueMarker"]

    def set_prototype(self, value: JsValue) -> None:
        """Refused: the object is shared by all isolates."""
        self.define("__proto__", value)

    def define(self, key: PropertyKey, value: JsValue) -> None:
        """Refused, as :meth:`set_prototype`."""
        from runtime_core.js.errors import throw_type_error

        throw_type_error("Cannot add property to the marker of conversions: it is read-only")

    def __repr__(self) -> str:
        return "<no value>"


ERROR: Final = ErrorSentinelType()  # what an import returns after it set the guest's error; distinct from null
NO_VALUE: Final = NoValueType()  # Pyodide's marker for "not converted"


def prototype_chain(value: JsValue) -> Iterator[JsObject]:
    """The prototypes of an object, nearest first."""
    prototype = value.get_prototype() if isinstance(value, JsObject) else None
    while prototype is not None:
        checkpoint()
        yield prototype
        prototype = prototype.get_prototype()


_MEMBERS: Final[dict[type, dict[PropertyKey, JsValue]]] = {}


def class_members(cls: type) -> dict[PropertyKey, JsValue]:
    """What a class of objects gives its instances: function objects and accessors, the same in every isolate."""
    members = _MEMBERS.get(cls)
    if members is None:
        members = {}
        for base in reversed(cls.__mro__):
            if issubclass(base, JsObject):
                members |= own_members(base)
        _MEMBERS[cls] = members
    return members


_OWN_MEMBERS: Final[dict[type, dict[PropertyKey, JsValue]]] = {}


def own_members(cls: type[JsObject]) -> dict[PropertyKey, JsValue]:
    """What the tables of one class define, without those of its bases."""
    members = _OWN_MEMBERS.get(cls)
    if members is None:
        from runtime_core.js.functions import make_method

        tables = cls.__dict__
        methods = tables.get("METHODS", {})
        members = dict(tables.get("CONSTANTS", {}))
        names = {id(method): key for key, method in methods.items() if isinstance(key, str)}
        members |= {key: make_method(cls, key) for key in methods if isinstance(key, str)}
        for key, method in methods.items():  # a symbol may name a method that has a name, too
            if not isinstance(key, str):
                members[key] = members[names[id(method)]] if id(method) in names else make_method(cls, key)
        setters = {key: _shadow(key) for key in tables.get("WRITABLE", ())} | dict(tables.get("SETTERS", {}))
        for key, getter in tables.get("GETTERS", {}).items():
            name = key if isinstance(key, str) else repr(key)
            members[key] = Accessor(getter, setters.get(key), owner=cls, name=name)
        _OWN_MEMBERS[cls] = members
    return members


def _shadow(key: PropertyKey) -> Callable[[JsValue, JsValue], object]:
    """A setter that gives the object a property of its own."""

    def write(this: JsValue, value: JsValue) -> None:
        if isinstance(this, JsObject):
            this.define(key, value)

    return write


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
