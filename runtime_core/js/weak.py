"""WeakMap, WeakSet, WeakRef and FinalizationRegistry.

Weakness is the host's: an entry goes when nothing else holds its key. A value that refers to its own key keeps it alive
as long as the map lives. Callbacks of a FinalizationRegistry are never called, which the language allows.
"""

from __future__ import annotations

import weakref
from collections.abc import Callable, Mapping
from typing import ClassVar

from runtime_core.js.errors import throw_type_error
from runtime_core.js.functions import JsFunction, with_length
from runtime_core.js.iteration import bounded
from runtime_core.js.operators import to_display
from runtime_core.js.symbols import key_for
from runtime_core.js.values import SYMBOL_TO_STRING_TAG, UNDEFINED, JsObject, JsSymbol, JsValue, PropertyKey

WeakKey = JsObject | JsSymbol
Table = Mapping[PropertyKey, Callable[..., JsValue]]


def weak_key(value: JsValue) -> WeakKey | None:
    """The value if it may be held weakly: an object or a symbol that is not registered."""
    if isinstance(value, JsObject):
        return value
    return value if isinstance(value, JsSymbol) and key_for(value) is None else None


def shown(value: JsValue) -> str:
    """A value in the messages of these classes."""
    return value.describe() if isinstance(value, JsObject) else to_display(value)


def _map_set(this: JsWeakMap, key: JsValue, value: JsValue) -> JsValue:
    held = weak_key(key)
    if held is None:
        throw_type_error("Invalid value used as weak map key")
    this.entries[held] = value
    return this


def _discard(entries: weakref.WeakKeyDictionary[WeakKey, JsValue], key: JsValue) -> bool:
    held = weak_key(key)
    if held is None or held not in entries:
        return False
    del entries[held]
    return True


def _contains(entries: weakref.WeakKeyDictionary[WeakKey, JsValue], key: JsValue) -> bool:
    held = weak_key(key)
    return held is not None and held in entries


class JsWeakMap(JsObject):
    """A WeakMap."""

    __slots__ = ("entries",)

    class_name: ClassVar[str] = "WeakMap"
    type_tag: ClassVar[str] = "WeakMap"

    def __init__(self) -> None:
        super().__init__()
        self.entries: weakref.WeakKeyDictionary[WeakKey, JsValue] = weakref.WeakKeyDictionary()

    METHODS: ClassVar[Table] = {
        "delete": lambda this, key: _discard(this.entries, key),
        "get": lambda this, key: UNDEFINED if (held := weak_key(key)) is None else this.entries.get(held, UNDEFINED),
        "set": _map_set,
        "has": lambda this, key: _contains(this.entries, key),
    }
    CONSTANTS: ClassVar[Mapping[PropertyKey, JsValue]] = {SYMBOL_TO_STRING_TAG: "WeakMap"}


def _set_add(this: JsWeakSet, value: JsValue) -> JsValue:
    held = weak_key(value)
    if held is None:
        throw_type_error("Invalid value used in weak set")
    this.entries[held] = True
    return this


class JsWeakSet(JsObject):
    """A WeakSet."""

    __slots__ = ("entries",)

    class_name: ClassVar[str] = "WeakSet"
    type_tag: ClassVar[str] = "WeakSet"

    def __init__(self) -> None:
        super().__init__()
        self.entries: weakref.WeakKeyDictionary[WeakKey, JsValue] = weakref.WeakKeyDictionary()

    METHODS: ClassVar[Table] = {
        "delete": lambda this, value: _discard(this.entries, value),
        "has": lambda this, value: _contains(this.entries, value),
        "add": _set_add,
    }
    CONSTANTS: ClassVar[Mapping[PropertyKey, JsValue]] = {SYMBOL_TO_STRING_TAG: "WeakSet"}


class JsWeakRef(JsObject):
    """A WeakRef."""

    __slots__ = ("target",)

    class_name: ClassVar[str] = "WeakRef"
    type_tag: ClassVar[str] = "WeakRef"

    def __init__(self, target: WeakKey) -> None:
        super().__init__()
        self.target = weakref.ref(target)

    def deref(self) -> JsValue:
        """The target while it lives, else undefined."""
        target = self.target()
        return UNDEFINED if target is None else target

    METHODS: ClassVar[Table] = {"deref": lambda this: this.deref()}
    CONSTANTS: ClassVar[Mapping[PropertyKey, JsValue]] = {SYMBOL_TO_STRING_TAG: "WeakRef"}


def _register(this: JsFinalizationRegistry, target: JsValue, held: JsValue, token: JsValue = UNDEFINED) -> JsValue:
    if weak_key(target) is None:
        throw_type_error("FinalizationRegistry.prototype.register: invalid target")
    if held is target:
        throw_type_error("FinalizationRegistry.prototype.register: target and holdings must not be same")
    key = weak_key(token)
    if key is not None:
        this.tokens[key] = True
    elif token is not UNDEFINED:
        throw_type_error(f"Invalid unregisterToken ('{shown(token)}')")
    return UNDEFINED


def _unregister(this: JsFinalizationRegistry, token: JsValue) -> JsValue:
    if weak_key(token) is None:
        throw_type_error(f"Invalid unregisterToken ('{shown(token)}')")
    return _discard(this.tokens, token)


class JsFinalizationRegistry(JsObject):
    """A FinalizationRegistry; it remembers tokens so that ``unregister`` answers rightly."""

    __slots__ = ("tokens",)

    class_name: ClassVar[str] = "FinalizationRegistry"
    type_tag: ClassVar[str] = "FinalizationRegistry"

    def __init__(self) -> None:
        super().__init__()
        self.tokens: weakref.WeakKeyDictionary[WeakKey, JsValue] = weakref.WeakKeyDictionary()

    METHODS: ClassVar[Table] = {"register": with_length(2, _register), "unregister": _unregister}
    CONSTANTS: ClassVar[Mapping[PropertyKey, JsValue]] = {SYMBOL_TO_STRING_TAG: "FinalizationRegistry"}


def new_weak_map(entries: JsValue = UNDEFINED) -> JsValue:
    """``new WeakMap(entries)``."""
    from runtime_core.js.object_statics import entry_of

    result = JsWeakMap()
    if entries is not None and entries is not UNDEFINED:
        for entry in bounded(entries):
            _map_set(result, *entry_of(entry))
    return result


def new_weak_set(values: JsValue = UNDEFINED) -> JsValue:
    """``new WeakSet(values)``."""
    result = JsWeakSet()
    if values is not None and values is not UNDEFINED:
        for value in bounded(values):
            _set_add(result, value)
    return result


def new_weak_ref(target: JsValue) -> JsValue:
    """``new WeakRef(target)``."""
    held = weak_key(target)
    if held is None:
        throw_type_error("WeakRef: invalid target")
    return JsWeakRef(held)


def new_finalization_registry(cleanup: JsValue) -> JsValue:
    """``new FinalizationRegistry(cleanup)``."""
    if not isinstance(cleanup, JsFunction):
        throw_type_error("FinalizationRegistry: cleanup must be callable")
    return JsFinalizationRegistry()
