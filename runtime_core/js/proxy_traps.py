"""How JavaScript code sees the properties of a proxy of a Python object.

Pyodide makes a Proxy whose traps mix the members of its mixins with the object's attributes and, for sequences, dicts
and the JSON adaptor of mappings, its items. The *target* is the object behind the Proxy: own properties that
scripts set, then the members of the mixins, then what every object or function inherits.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Final, Protocol

from runtime_core.js.arrays import check_length
from runtime_core.js.control import JsThrow
from runtime_core.js.errors import JsPythonError, throw_type_error
from runtime_core.js.functions import JsFunction
from runtime_core.js.iteration import iterate
from runtime_core.js.operators import to_string
from runtime_core.js.proxy_classes import proxy_class
from runtime_core.js.proxy_flags import ProxyFlag
from runtime_core.js.proxy_methods import members
from runtime_core.js.proxy_object import ProxyObject
from runtime_core.js.values import (
    ABSENT,
    UNDEFINED,
    Accessor,
    JsObject,
    JsSymbol,
    JsValue,
    PropertyKey,
    class_members,
)

PROXY_ATTRIBUTES: Final = JsSymbol("pyproxy.attrs")
_OBJECT_NAMES: Final = frozenset(
    {
        "__defineGetter__",
        "__defineSetter__",
        "__lookupGetter__",
        "__lookupSetter__",
        "__proto__",
        "hasOwnProperty",
        "isPrototypeOf",
        "propertyIsEnumerable",
        "toLocaleString",
        "valueOf",
    }
)
_FUNCTION_NAMES: Final = frozenset({"name", "length", "caller", "arguments"})
_JSON_NAMES: Final = frozenset({"copy", "constructor", "$$flags", "toString", "destroy"})
_CALLABLE: Final = ProxyFlag.IS_CALLABLE


# ---- the target


def target_lookup(proxy: ProxyObject, key: PropertyKey) -> JsValue:
    """A property of the target, own or inherited, or ABSENT."""
    if proxy.own is not None and key in proxy.own:
        return proxy.own[key]
    if key in ("$$flags", "constructor"):
        return proxy.flags if key == "$$flags" else proxy_class("PyProxy")
    member = members(proxy.flags).get(key, ABSENT)
    if member is not ABSENT:
        return member.read(proxy) if type(member) is Accessor else member
    if key is PROXY_ATTRIBUTES or (proxy.flags & _CALLABLE and key == "prototype"):
        return UNDEFINED
    return _inherited(proxy, key)


def _inherited(proxy: ProxyObject, key: PropertyKey) -> JsValue:
    kind = JsFunction if proxy.flags & _CALLABLE else JsObject
    value = class_members(kind).get(key, ABSENT)
    return value.read(proxy) if type(value) is Accessor else value


def target_has(proxy: ProxyObject, key: PropertyKey) -> bool:
    """Whether the target has a property, own or inherited; runs no code of the guest."""
    if (proxy.own is not None and key in proxy.own) or key in members(proxy.flags) or key in _OBJECT_NAMES:
        return True
    if key in ("$$flags", "constructor") or key is PROXY_ATTRIBUTES:
        return True
    if proxy.flags & _CALLABLE:
        return key in _FUNCTION_NAMES or key == "prototype" or key in class_members(JsFunction)
    return key in class_members(JsObject)


def _target_set(proxy: ProxyObject, key: PropertyKey, value: JsValue) -> bool:
    """``Reflect.set`` on the target: what only has a getter cannot be set."""
    is_own = proxy.own is not None and key in proxy.own
    if not is_own and type(members(proxy.flags).get(key)) is Accessor:
        return False
    if proxy.own is None:
        proxy.own = {}
    proxy.own[key] = value
    return True


def target_own_keys(proxy: ProxyObject) -> list[PropertyKey]:
    """``Reflect.ownKeys`` of the target."""
    own = list(proxy.own or ())
    strings: list[PropertyKey] = [key for key in own if isinstance(key, str)]
    if proxy.flags & _CALLABLE:
        strings.insert(0, "prototype")
    return [*strings, PROXY_ATTRIBUTES, *(key for key in own if isinstance(key, JsSymbol))]


def _is_member(proxy: ProxyObject, key: PropertyKey, *, hide_prototype: bool) -> bool:
    """Whether a key means the target's property and not an attribute of the object.

    Callables must inherit from Function, but its ``name`` and ``length`` must not shadow the object's attributes.
    """
    hidden = proxy.flags & _CALLABLE and (key in _FUNCTION_NAMES or (hide_prototype and key == "prototype"))
    return not hidden and target_has(proxy, key)


# ---- traps


class Traps(Protocol):
    """The handlers of one kind of proxy. ``set`` and ``delete`` return whether they did it."""

    def has(self, proxy: ProxyObject, key: PropertyKey) -> bool:
        """``key in proxy``."""

    def lookup(self, proxy: ProxyObject, key: PropertyKey) -> JsValue:
        """``proxy[key]``, or ABSENT."""

    def set(self, proxy: ProxyObject, key: PropertyKey, value: JsValue) -> bool:
        """``Reflect.set(proxy, key, value)``."""

    def delete(self, proxy: ProxyObject, key: PropertyKey) -> bool:
        """``Reflect.deleteProperty(proxy, key)``."""

    def own_property_keys(self, proxy: ProxyObject) -> list[PropertyKey]:
        """``Reflect.ownKeys(proxy)``."""

    def own_item(self, proxy: ProxyObject, key: PropertyKey) -> JsValue:
        """The value of an enumerable own property that stands for an item, or ABSENT."""


class PlainTraps:
    """Of objects: members first, then attributes; a leading ``$`` means the attribute."""

    def has(self, proxy: ProxyObject, key: PropertyKey) -> bool:
        """``key in proxy``."""
        if _is_member(proxy, key, hide_prototype=False):
            return True
        return isinstance(key, str) and proxy.has_attribute(_attribute(key))

    def lookup(self, proxy: ProxyObject, key: PropertyKey) -> JsValue:
        """``proxy[key]``, or ABSENT."""
        if isinstance(key, JsSymbol) or _is_member(proxy, key, hide_prototype=True):
            return target_lookup(proxy, key)
        return proxy.find_attribute(_attribute(key))

    def set(self, proxy: ProxyObject, key: PropertyKey, value: JsValue) -> bool:
        """``Reflect.set(proxy, key, value)``."""
        if isinstance(key, JsSymbol) or _is_member(proxy, key, hide_prototype=True):
            return _target_set(proxy, key, value)
        proxy.set_attribute(_attribute(key), value)
        return True

    def delete(self, proxy: ProxyObject, key: PropertyKey) -> bool:
        """``Reflect.deleteProperty(proxy, key)``."""
        if key == "prototype" and proxy.flags & _CALLABLE:
            return False
        if isinstance(key, JsSymbol) or _is_member(proxy, key, hide_prototype=True):
            if proxy.own is not None:
                proxy.own.pop(key, None)
            return True
        proxy.delete_attribute(_attribute(key))
        return True

    def own_property_keys(self, proxy: ProxyObject) -> list[PropertyKey]:
        """``Reflect.ownKeys(proxy)``."""
        return [*proxy.dir(), *target_own_keys(proxy)]

    def own_item(self, proxy: ProxyObject, key: PropertyKey) -> JsValue:
        """Objects have none."""
        return ABSENT


def _attribute(key: str) -> str:
    return key.removeprefix("$")


def _is_digits(key: PropertyKey) -> bool:
    return isinstance(key, str) and key.isascii() and key.isdigit()


def _index(key: PropertyKey) -> JsValue:
    """``Number(key)`` of digits."""
    return int(key) if isinstance(key, str) and len(key) < 16 else float(str(key))


class SequenceTraps(PlainTraps):
    """Of sequences: indices are items."""

    def has(self, proxy: ProxyObject, key: PropertyKey) -> bool:
        """``key in proxy``."""
        if _is_digits(key):
            return float(str(key)) < proxy.length()
        return super().has(proxy, key)

    def lookup(self, proxy: ProxyObject, key: PropertyKey) -> JsValue:
        """``proxy[key]``, or ABSENT."""
        if key == "length":
            return proxy.length()
        if _is_digits(key):
            return proxy.find_item(_index(key))
        return super().lookup(proxy, key)

    def set(self, proxy: ProxyObject, key: PropertyKey, value: JsValue) -> bool:
        """``Reflect.set(proxy, key, value)``."""
        if _is_digits(key):
            return _unless("IndexError", lambda: proxy.set_item(_index(key), value))
        return super().set(proxy, key, value)

    def delete(self, proxy: ProxyObject, key: PropertyKey) -> bool:
        """``Reflect.deleteProperty(proxy, key)``."""
        if _is_digits(key):
            return _unless("IndexError", lambda: proxy.delete_item(_index(key)))
        return super().delete(proxy, key)

    def own_property_keys(self, proxy: ProxyObject) -> list[PropertyKey]:
        """``Reflect.ownKeys(proxy)``."""
        names, length = super().own_property_keys(proxy), proxy.length()
        check_length(length)
        return [*names, *map(str, range(length)), "length"]


class JsonDictTraps:
    """Of mappings seen through ``asJsJson``: keys, and hardly anything else."""

    def has(self, proxy: ProxyObject, key: PropertyKey) -> bool:
        """``key in proxy``."""
        if proxy.contains(key):
            return True
        return _is_digits(key) and proxy.contains(_index(key))

    def lookup(self, proxy: ProxyObject, key: PropertyKey) -> JsValue:
        """``proxy[key]``, or ABSENT."""
        if isinstance(key, JsSymbol) or key in _JSON_NAMES:
            return target_lookup(proxy, key)
        value = proxy.find_item(key)
        if value is not ABSENT or proxy.contains(key):
            return UNDEFINED if value is ABSENT else value
        if _is_digits(key):
            return proxy.find_item(_index(key))
        return target_lookup(proxy, key)

    def set(self, proxy: ProxyObject, key: PropertyKey, value: JsValue) -> bool:
        """``Reflect.set(proxy, key, value)``."""
        if isinstance(key, JsSymbol):
            return False
        item = self._item_key(proxy, key)
        return _unless("KeyError", lambda: proxy.set_item(item, value))

    def delete(self, proxy: ProxyObject, key: PropertyKey) -> bool:
        """``Reflect.deleteProperty(proxy, key)``."""
        if isinstance(key, JsSymbol):
            return False
        item = self._item_key(proxy, key)
        return _unless("KeyError", lambda: proxy.delete_item(item))

    @staticmethod
    def _item_key(proxy: ProxyObject, key: str) -> JsValue:
        return _index(key) if not proxy.contains(key) and _is_digits(key) else key

    def own_property_keys(self, proxy: ProxyObject) -> list[PropertyKey]:
        """``Reflect.ownKeys(proxy)``."""
        return list(dict.fromkeys(_dict_keys(proxy)))

    def own_item(self, proxy: ProxyObject, key: PropertyKey) -> JsValue:
        """The value of an enumerable own property that stands for an item, or ABSENT."""
        return self.lookup(proxy, key) if self.has(proxy, key) else ABSENT


class DictTraps:
    """Of dicts: as of objects, then keys."""

    def __init__(self) -> None:
        self._plain = PlainTraps()
        self._items = JsonDictTraps()

    def has(self, proxy: ProxyObject, key: PropertyKey) -> bool:
        """``key in proxy``."""
        return self._plain.has(proxy, key) or self._items.has(proxy, key)

    def lookup(self, proxy: ProxyObject, key: PropertyKey) -> JsValue:
        """``proxy[key]``, or ABSENT."""
        value = self._plain.lookup(proxy, key)
        if value is not ABSENT or isinstance(key, JsSymbol):
            return value
        return self._items.lookup(proxy, key)

    def set(self, proxy: ProxyObject, key: PropertyKey, value: JsValue) -> bool:
        """``Reflect.set(proxy, key, value)``."""
        return (self._plain if self._plain.has(proxy, key) else self._items).set(proxy, key, value)

    def delete(self, proxy: ProxyObject, key: PropertyKey) -> bool:
        """``Reflect.deleteProperty(proxy, key)``."""
        return (self._plain if self._plain.has(proxy, key) else self._items).delete(proxy, key)

    def own_property_keys(self, proxy: ProxyObject) -> list[PropertyKey]:
        """``Reflect.ownKeys(proxy)``."""
        return list(dict.fromkeys([*self._plain.own_property_keys(proxy), *_dict_keys(proxy)]))

    def own_item(self, proxy: ProxyObject, key: PropertyKey) -> JsValue:
        """The value of an enumerable own property that stands for an item, or ABSENT."""
        return self._items.own_item(proxy, key)


def _dict_keys(proxy: ProxyObject) -> Iterator[str]:
    """The keys that can be names of properties: strings, and numbers as strings."""
    keys = PLAIN_TRAPS.lookup(proxy, "keys")
    if not isinstance(keys, JsFunction):
        throw_type_error("PyProxyHandlers.get(...) is not a function")
    view = keys.call(UNDEFINED, ())
    for count, key in enumerate(iterate(view)):
        check_length(count)
        if isinstance(key, str):
            yield key
        elif isinstance(key, int | float) and not isinstance(key, bool):
            yield to_string(key)
    if isinstance(view, ProxyObject):
        view.destroy()


def _unless(error: str, action: Callable[[], object]) -> bool:
    """Do it; false where it raises this exception."""
    try:
        action()
    except JsThrow as thrown:
        if isinstance(thrown.value, JsPythonError) and thrown.value.type_name == error:
            return False
        raise
    return True


PLAIN_TRAPS: Final = PlainTraps()
_SEQUENCE_TRAPS: Final = SequenceTraps()
_JSON_DICT_TRAPS: Final = JsonDictTraps()
_DICT_TRAPS: Final = DictTraps()


def traps_for(flags: int) -> Traps:
    """The handlers for a proxy with these capabilities."""
    if flags & ProxyFlag.IS_JSON_ADAPTOR_DICT:
        return _JSON_DICT_TRAPS
    if flags & ProxyFlag.IS_SEQUENCE:
        return _SEQUENCE_TRAPS
    return _DICT_TRAPS if flags & ProxyFlag.IS_DICT else PLAIN_TRAPS
