"""``Symbol``: making symbols, the registry of an isolate, the well-known symbols."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final

from runtime_core.engine.current import CURRENT
from runtime_core.js.coerce import to_text
from runtime_core.js.errors import throw_type_error
from runtime_core.js.functions import with_length
from runtime_core.js.operators import to_display
from runtime_core.js.values import (
    SYMBOL_ASYNC_DISPOSE,
    SYMBOL_ASYNC_ITERATOR,
    SYMBOL_DISPOSE,
    SYMBOL_HAS_INSTANCE,
    SYMBOL_IS_CONCAT_SPREADABLE,
    SYMBOL_ITERATOR,
    SYMBOL_MATCH,
    SYMBOL_MATCH_ALL,
    SYMBOL_REPLACE,
    SYMBOL_SEARCH,
    SYMBOL_SPECIES,
    SYMBOL_SPLIT,
    SYMBOL_TO_PRIMITIVE,
    SYMBOL_TO_STRING_TAG,
    SYMBOL_UNSCOPABLES,
    UNDEFINED,
    JsSymbol,
    JsValue,
    PropertyKey,
)

WELL_KNOWN: Final[Mapping[PropertyKey, JsValue]] = {
    "asyncDispose": SYMBOL_ASYNC_DISPOSE,
    "asyncIterator": SYMBOL_ASYNC_ITERATOR,
    "dispose": SYMBOL_DISPOSE,
    "hasInstance": SYMBOL_HAS_INSTANCE,
    "isConcatSpreadable": SYMBOL_IS_CONCAT_SPREADABLE,
    "iterator": SYMBOL_ITERATOR,
    "match": SYMBOL_MATCH,
    "matchAll": SYMBOL_MATCH_ALL,
    "replace": SYMBOL_REPLACE,
    "search": SYMBOL_SEARCH,
    "species": SYMBOL_SPECIES,
    "split": SYMBOL_SPLIT,
    "toPrimitive": SYMBOL_TO_PRIMITIVE,
    "toStringTag": SYMBOL_TO_STRING_TAG,
    "unscopables": SYMBOL_UNSCOPABLES,
}


def new_symbol(description: JsValue = UNDEFINED) -> JsValue:
    """``Symbol(description)``."""
    return JsSymbol(None if description is UNDEFINED else to_text(description))


def _registry() -> dict[str, JsSymbol]:
    """The registered symbols of the isolate that runs."""
    host = CURRENT.host
    if host is None:
        return {}
    registry: dict[str, JsSymbol] = host.js.symbols
    return registry


def registered(key: str) -> JsSymbol:
    """``Symbol.for``."""
    return _registry().setdefault(key, JsSymbol(key))


def key_for(symbol: JsSymbol) -> str | None:
    """``Symbol.keyFor``, or None for a symbol that is not registered."""
    key = symbol.description
    return key if key is not None and _registry().get(key) is symbol else None


def _key_for(value: JsValue) -> JsValue:
    if not isinstance(value, JsSymbol):
        throw_type_error(f"{to_display(value)} is not a symbol")
    key = key_for(value)
    return UNDEFINED if key is None else key


STATICS: Final[Mapping[str, Callable[..., JsValue]]] = {
    "for": with_length(1, lambda key: registered(to_text(key))),
    "keyFor": _key_for,
}
