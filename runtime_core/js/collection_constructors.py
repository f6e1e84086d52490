"""The constructors of Array, Map, Set, their weak relatives, Iterator and Proxy."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final

from runtime_core.js.array_statics import make_array
from runtime_core.js.errors import throw_type_error
from runtime_core.js.functions import BuiltinFunction, with_length
from runtime_core.js.iteration import IteratorObject, bounded
from runtime_core.js.iterator_helpers import iterator_from
from runtime_core.js.maps import JsMap, JsSet
from runtime_core.js.object_statics import entry_of, group
from runtime_core.js.proxy import new_proxy_object, revocable
from runtime_core.js.values import SYMBOL_SPECIES, UNDEFINED, Accessor, JsObject, JsValue, PropertyKey
from runtime_core.js.weak import (
    JsFinalizationRegistry,
    JsWeakMap,
    JsWeakRef,
    JsWeakSet,
    new_finalization_registry,
    new_weak_map,
    new_weak_ref,
    new_weak_set,
)

SPECIES: Final[Mapping[PropertyKey, JsValue]] = {SYMBOL_SPECIES: Accessor(lambda this: this, name="[Symbol.species]")}


def needs_new(name: str) -> Callable[..., JsValue]:
    """What happens to a constructor that is called without ``new``."""

    def call(*_args: JsValue) -> JsValue:
        throw_type_error(f"Constructor {name} requires 'new'")

    return call


def _new_map(entries: JsValue) -> JsValue:
    if entries is None or entries is UNDEFINED:
        return JsMap()
    return JsMap(map(entry_of, bounded(entries)))


def _new_set(values: JsValue) -> JsValue:
    return JsSet(() if values is None or values is UNDEFINED else bounded(values))


def _make_map() -> BuiltinFunction:
    return BuiltinFunction(
        with_length(0, needs_new("Map")),
        "Map",
        constructor=_new_map,
        instances=JsMap,
        constants=SPECIES,
        statics={"groupBy": lambda values, callback: JsMap(group(values, callback))},
    )


def _make_set() -> BuiltinFunction:
    return BuiltinFunction(
        with_length(0, needs_new("Set")), "Set", constructor=_new_set, instances=JsSet, constants=SPECIES
    )


def _weak_maker(
    name: str, construct: Callable[..., JsValue], instances: type[JsObject], length: int = 0
) -> Callable[[], BuiltinFunction]:
    def make() -> BuiltinFunction:
        return BuiltinFunction(with_length(length, needs_new(name)), name, constructor=construct, instances=instances)

    return make


def _new_iterator() -> JsValue:
    throw_type_error("Abstract class Iterator not directly constructable")


def _make_iterator() -> BuiltinFunction:
    return BuiltinFunction(
        with_length(0, needs_new("Iterator")),
        "Iterator",
        constructor=_new_iterator,
        instances=IteratorObject,
        statics={"from": iterator_from},
    )


class _ProxyConstructor(BuiltinFunction):
    __slots__ = ()

    def own_names(self) -> list[str]:
        """All own names: there is no prototype."""
        return ["length", "name", "revocable"]


def _make_proxy() -> BuiltinFunction:
    return _ProxyConstructor(
        with_length(2, needs_new("Proxy")), "Proxy", constructor=new_proxy_object, statics={"revocable": revocable}
    )


COLLECTION_CONSTRUCTORS: Final[dict[str, Callable[[], BuiltinFunction]]] = {
    "Array": make_array,
    "FinalizationRegistry": _weak_maker("FinalizationRegistry", new_finalization_registry, JsFinalizationRegistry, 1),
    "Iterator": _make_iterator,
    "Map": _make_map,
    "Proxy": _make_proxy,
    "Set": _make_set,
    "WeakMap": _weak_maker("WeakMap", new_weak_map, JsWeakMap),
    "WeakRef": _weak_maker("WeakRef", new_weak_ref, JsWeakRef, 1),
    "WeakSet": _weak_maker("WeakSet", new_weak_set, JsWeakSet),
}
