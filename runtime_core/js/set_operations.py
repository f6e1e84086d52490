"""``Set.prototype.union`` and its relatives, which take anything that has ``size``, ``has`` and ``keys``."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING, Final

from runtime_core.js.coerce import to_numeric
from runtime_core.js.errors import throw, throw_type_error
from runtime_core.js.functions import JsFunction
from runtime_core.js.iteration import live_values
from runtime_core.js.operators import to_boolean, to_string
from runtime_core.js.values import JsObject, JsValue, PropertyKey

if TYPE_CHECKING:
    from runtime_core.js.maps import JsSet


class SetLike:
    """The other set of an operation."""

    __slots__ = ("_has", "_keys", "_object", "size")

    def __init__(self, value: JsValue, name: str) -> None:
        if not isinstance(value, JsObject):
            throw_type_error(f"Set.prototype.{name} argument must be an object")
        size = to_numeric(value.get("size"))
        if size != size:
            throw_type_error("The .size property is NaN")
        if size < 0:
            throw("RangeError", f"'{to_string(size)}' is an invalid size")
        self._object = value
        self.size = size if math.isinf(size) else int(size)
        self._has = self._method("has")
        self._keys = self._method("keys")

    def _method(self, name: str) -> JsFunction:
        method = self._object.get(name)
        if not isinstance(method, JsFunction):
            throw_type_error(f'string "{name}" is not a function')
        return method

    def has(self, value: JsValue) -> bool:
        """Whether the other set has a value."""
        return to_boolean(self._has.call(self._object, (value,)))

    def values(self) -> Iterator[JsValue]:
        """The values of the other set."""
        iterator = self._keys.call(self._object, ())
        step = iterator.get("next") if isinstance(iterator, JsObject) else None
        if not isinstance(step, JsFunction):
            throw_type_error("The 'keys' method must return an iterator")
        while True:
            result = step.call(iterator, ())
            if not isinstance(result, JsObject):
                throw_type_error(f"Iterator result {to_string(result)} is not an object")
            if to_boolean(result.get("done")):
                return
            yield result.get("value")


def _new(values: Iterator[JsValue]) -> JsSet:
    from runtime_core.js.maps import JsSet

    return JsSet(values)


def _union(this: JsSet, other: JsValue) -> JsValue:
    result = _new(iter(list(this.entries.values())))
    for value in SetLike(other, "union").values():
        result.add(value)
    return result


def _intersection(this: JsSet, other: JsValue) -> JsValue:
    like = SetLike(other, "intersection")
    if len(this.entries) <= like.size:
        return _new(value for value in live_values(this.entries) if like.has(value))
    return _new(value for value in like.values() if this.contains(value))


def _difference(this: JsSet, other: JsValue) -> JsValue:
    like = SetLike(other, "difference")
    if len(this.entries) <= like.size:
        return _new(value for value in live_values(this.entries) if not like.has(value))
    result = _new(iter(list(this.entries.values())))
    for value in like.values():
        result.remove(value)
    return result


def _symmetric_difference(this: JsSet, other: JsValue) -> JsValue:
    result = _new(iter(list(this.entries.values())))
    for value in SetLike(other, "symmetricDifference").values():
        if this.contains(value):
            result.remove(value)
        else:
            result.add(value)
    return result


def _is_subset(this: JsSet, other: JsValue) -> JsValue:
    like = SetLike(other, "isSubsetOf")
    return len(this.entries) <= like.size and all(like.has(value) for value in live_values(this.entries))


def _is_superset(this: JsSet, other: JsValue) -> JsValue:
    like = SetLike(other, "isSupersetOf")
    return len(this.entries) >= like.size and all(this.contains(value) for value in like.values())


def _is_disjoint(this: JsSet, other: JsValue) -> JsValue:
    like = SetLike(other, "isDisjointFrom")
    if len(this.entries) <= like.size:
        return not any(like.has(value) for value in live_values(this.entries))
    return not any(this.contains(value) for value in like.values())


SET_OPERATIONS: Final[Mapping[PropertyKey, Callable[..., JsValue]]] = {
    "difference": _difference,
    "intersection": _intersection,
    "isDisjointFrom": _is_disjoint,
    "isSubsetOf": _is_subset,
    "isSupersetOf": _is_superset,
    "symmetricDifference": _symmetric_difference,
    "union": _union,
}
