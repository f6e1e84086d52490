"""``Iterator.prototype``: map, filter, take and the other helpers; ``Iterator.from``."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from typing import Final

from runtime_core.js.coerce import call_site, to_numeric
from runtime_core.js.control import JsThrow
from runtime_core.js.errors import throw, throw_type_error
from runtime_core.js.functions import JsFunction, with_length
from runtime_core.js.operators import to_boolean, to_display, to_string, typeof
from runtime_core.js.values import ABSENT, SYMBOL_ITERATOR, UNDEFINED, JsObject, JsValue, PropertyKey


def _shown(value: JsValue) -> str:
    return value.describe() if isinstance(value, JsObject) else to_display(value)


class _Source:
    """An iterator under a helper."""

    __slots__ = ("closed", "object", "step")

    def __init__(self, value: JsValue, name: str) -> None:
        if not isinstance(value, JsObject):
            throw_type_error(f"Iterator.prototype.{name} called on non-object")
        self.object = value
        self.step = value.get("next")
        self.closed = False

    def __iter__(self) -> Iterator[JsValue]:
        return self

    def __next__(self) -> JsValue:
        if not isinstance(self.step, JsFunction):
            throw_type_error(f"{typeof(self.step)} is not a function")
        result = self.step.call(self.object, ())
        if not isinstance(result, JsObject):
            throw_type_error(f"Iterator result {_shown(result)} is not an object")
        if to_boolean(result.get("done")):
            raise StopIteration
        return result.get("value")

    def close(self) -> None:
        """Tell the iterator that no more is wanted."""
        if self.closed:
            return
        self.closed = True
        method = self.object.get("return")
        if isinstance(method, JsFunction):
            method.call(self.object, ())

    def run(self, function: Callable[[], JsValue]) -> JsValue:
        """Call for an element; when that throws, the iterator is closed first."""
        try:
            return function()
        except JsThrow:
            with suppress(JsThrow):  # the error on the way wins
                self.close()
            raise


def _function(value: JsValue, source: JsValue, name: str) -> JsFunction:
    if not isinstance(source, JsObject):
        throw_type_error(f"Iterator.prototype.{name} called on non-object")
    if not isinstance(value, JsFunction):
        throw_type_error(f"{call_site(value)} is not a function")
    return value


def _helper(source: _Source, values: Iterator[JsValue]) -> JsValue:
    from runtime_core.js.iteration import HelperIterator

    return HelperIterator(values, source.close)


def _map(this: JsValue, callback: JsValue) -> JsValue:
    function = _function(callback, this, "map")
    source = _Source(this, "map")

    def values() -> Iterator[JsValue]:
        for index, value in enumerate(source):
            yield source.run(lambda value=value, index=index: function.call(UNDEFINED, (value, index)))  # type: ignore[misc]

    return _helper(source, values())


def _filter(this: JsValue, callback: JsValue) -> JsValue:
    function = _function(callback, this, "filter")
    source = _Source(this, "filter")

    def values() -> Iterator[JsValue]:
        for index, value in enumerate(source):
            if to_boolean(source.run(lambda value=value, index=index: function.call(UNDEFINED, (value, index)))):  # type: ignore[misc]
                yield value

    return _helper(source, values())


def _limit(this: JsValue, limit: JsValue, name: str) -> float:
    if not isinstance(this, JsObject):
        throw_type_error(f"Iterator.prototype.{name} called on non-object")
    number = to_numeric(limit)
    if number != number or number <= -1:
        throw("RangeError", f"{_shown(limit)} must be positive")
    return number if math.isinf(number) else int(number)


def _take(this: JsValue, limit: JsValue) -> JsValue:
    most = _limit(this, limit, "take")
    source = _Source(this, "take")

    def values() -> Iterator[JsValue]:
        left = most
        while left > 0:
            left -= 1
            for value in source:
                yield value
                break
            else:
                return
        source.close()

    return _helper(source, values())


def _drop(this: JsValue, limit: JsValue) -> JsValue:
    skipped = _limit(this, limit, "drop")
    source = _Source(this, "drop")

    def values() -> Iterator[JsValue]:
        for index, value in enumerate(source):
            if index >= skipped:
                yield value

    return _helper(source, values())


def _flat_map(this: JsValue, callback: JsValue) -> JsValue:
    from runtime_core.js.iteration import iterate

    function = _function(callback, this, "flatMap")
    source = _Source(this, "flatMap")

    def inner(value: JsValue, index: int) -> Iterator[JsValue]:
        result = function.call(UNDEFINED, (value, index))
        if not isinstance(result, JsObject):
            throw_type_error(f"{_shown(result)} is not an object")
        return iterate(result)

    def values() -> Iterator[JsValue]:
        for index, value in enumerate(source):
            found = source.run(lambda value=value, index=index: inner(value, index))  # type: ignore[misc]
            yield from found  # type: ignore[misc]  # an iterator

    return _helper(source, values())


def _reduce(this: JsValue, callback: JsValue, *initial: JsValue) -> JsValue:
    function = _function(callback, this, "reduce")
    source = _Source(this, "reduce")
    index = 0
    if initial:
        result = initial[0]
    else:
        result = next(source, ABSENT)
        if result is ABSENT:
            throw_type_error("Reduce of a done iterator with no initial value")
        index = 1
    for number, value in enumerate(source, index):
        before = result
        result = source.run(
            lambda before=before, value=value, number=number: function.call(UNDEFINED, (before, value, number))  # type: ignore[misc]
        )
    return result


def _each(this: JsValue, callback: JsValue, name: str) -> Iterator[tuple[_Source, JsValue, bool]]:
    """The source, each value, and whether the callback is true for it."""
    function = _function(callback, this, name)
    source = _Source(this, name)
    for index, value in enumerate(source):
        verdict = source.run(lambda value=value, index=index: function.call(UNDEFINED, (value, index)))  # type: ignore[misc]
        yield source, value, to_boolean(verdict)


def _for_each(this: JsValue, callback: JsValue) -> JsValue:
    for _ in _each(this, callback, "forEach"):
        pass
    return UNDEFINED


def _some(this: JsValue, callback: JsValue) -> JsValue:
    for source, _, verdict in _each(this, callback, "some"):
        if verdict:
            source.close()
            return True
    return False


def _every(this: JsValue, callback: JsValue) -> JsValue:
    for source, _, verdict in _each(this, callback, "every"):
        if not verdict:
            source.close()
            return False
    return True


def _find(this: JsValue, callback: JsValue) -> JsValue:
    for source, value, verdict in _each(this, callback, "find"):
        if verdict:
            source.close()
            return value
    return UNDEFINED


def _to_array(this: JsValue) -> JsValue:
    from runtime_core.js.arrays import JsArray, check_length

    items: list[JsValue] = []
    for value in _Source(this, "toArray"):
        items.append(value)
        check_length(len(items))
    return JsArray(items)


def iterator_from(value: JsValue) -> JsValue:
    """``Iterator.from``: an iterator that inherits from ``Iterator.prototype``."""
    from runtime_core.js.iteration import HelperIterator, IteratorObject, iterate

    if isinstance(value, str):
        return HelperIterator(iter(value), lambda: None, wraps=True)
    if not isinstance(value, JsObject):
        throw_type_error(f"{to_string(value) if typeof(value) != 'symbol' else repr(value)} is not an object")
    method = value.get(SYMBOL_ITERATOR)
    if isinstance(method, JsFunction):
        iterator = method.call(value, ())
        if isinstance(iterator, IteratorObject):
            return iterator
        if not isinstance(iterator, JsObject):
            return HelperIterator(iterate(value), lambda: None, wraps=True)
        source = _Source(iterator, "from")
    else:
        source = _Source(value, "from")
    return HelperIterator(iter(source), source.close, wraps=True)


ITERATOR_HELPERS: Final[Mapping[PropertyKey, Callable[..., JsValue]]] = {
    "reduce": with_length(1, _reduce),
    "toArray": _to_array,
    "forEach": _for_each,
    "some": _some,
    "every": _every,
    "find": _find,
    "filter": _filter,
    "map": _map,
    "take": _take,
    "drop": _drop,
    "flatMap": _flat_map,
}
