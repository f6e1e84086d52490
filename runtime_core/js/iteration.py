"""The iteration protocol: iterators, iterator results, and iterating any value as ``for..of`` does."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from itertools import islice
from typing import ClassVar, Final, TypeVar

from runtime_core.engine.checkpoint import checkpoint
from runtime_core.js.control import JsThrow
from runtime_core.js.errors import JsError, throw_type_error
from runtime_core.js.functions import JsFunction
from runtime_core.js.iterator_helpers import ITERATOR_HELPERS
from runtime_core.js.operators import call_method, get_property, has_method, to_boolean, to_display, to_string, typeof
from runtime_core.js.values import (
    SYMBOL_DISPOSE,
    SYMBOL_ITERATOR,
    SYMBOL_TO_STRING_TAG,
    UNDEFINED,
    JsObject,
    JsValue,
    PropertyKey,
)

_T = TypeVar("_T")
_PART: Final = 1 << 16  # elements taken between two looks at how many there are


def dispose_iterator(iterator: JsValue) -> JsValue:
    """``iterator[Symbol.dispose]()``: ends it, if it can be ended."""
    if has_method(iterator, "return"):
        call_method(iterator, "return", ())
    return UNDEFINED


class IteratorObject(JsObject):
    """What inherits from ``Iterator.prototype``: it iterates over itself."""

    __slots__ = ()

    class_name: ClassVar[str] = "Iterator"
    type_tag: ClassVar[str] = "Iterator"
    ANY_RECEIVER: ClassVar[bool] = True

    METHODS: ClassVar[Mapping[PropertyKey, Callable[..., JsValue]]] = {
        **ITERATOR_HELPERS,
        SYMBOL_ITERATOR: lambda this: this,
        SYMBOL_DISPOSE: dispose_iterator,
    }


class HelperIterator(IteratorObject):
    """What iterator helpers and ``Iterator.from`` return."""

    __slots__ = ("_close", "_source", "_wraps")

    def __init__(self, source: Iterator[JsValue], close: Callable[[], None], *, wraps: bool = False) -> None:
        super().__init__()
        self._source = source
        self._close = close
        self._wraps = wraps

    @property
    def type_tag(self) -> str:  # type: ignore[override]  # one class stands for both
        """What ``Object.prototype.toString`` shows."""
        return "Iterator" if self._wraps else "Iterator Helper"

    def iterate(self) -> Iterator[JsValue]:
        """A host iterator over the elements."""
        return self._source

    def next(self) -> JsObject:
        """The next iterator result."""
        for value in self._source:
            return iterator_result(done=False, value=value)
        return iterator_result(done=True, value=UNDEFINED)

    def finish(self) -> JsObject:
        """``return``: close the iterator below."""
        self._source = iter(())
        self._close()
        return iterator_result(done=True, value=UNDEFINED)

    METHODS: ClassVar[Mapping[PropertyKey, Callable[..., JsValue]]] = {
        "next": lambda this: this.next(),
        "return": lambda this: this.finish(),
    }


class JsIterator(IteratorObject):
    """A built-in iterator over a host iterator; ``kind`` says of what, as in ``[object Array Iterator]``."""

    __slots__ = ("_source", "kind")

    def __init__(self, source: Iterable[JsValue], kind: str = "Array") -> None:
        super().__init__()
        self._source = iter(source)
        self.kind = kind

    @property
    def type_tag(self) -> str:  # type: ignore[override]  # one class stands for all kinds
        """What ``Object.prototype.toString`` shows."""
        return f"{self.kind} Iterator"

    def iterate(self) -> Iterator[JsValue]:
        """A host iterator over the elements."""
        return self._source

    def next(self) -> JsObject:
        """The next iterator result."""
        for value in self._source:
            return iterator_result(done=False, value=value)
        return iterator_result(done=True, value=UNDEFINED)

    METHODS: ClassVar[Mapping[PropertyKey, Callable[..., JsValue]]] = {
        "next": lambda this: this.next(),
    }


class ReversedIterator(JsObject):
    """Pyodide's iterator from the end of an array, over the array as it then is."""

    __slots__ = ("_array", "_index")

    class_name: ClassVar[str] = "ReversedIterator"

    def __init__(self, array: JsValue, length: int) -> None:
        super().__init__()
        self._array = array
        self._index = length - 1

    def next(self) -> JsObject:
        """The next iterator result."""
        index = self._index
        self._index -= 1
        value = UNDEFINED if index < 0 else get_property(self._array, str(index))
        return iterator_result(done=index < 0, value=value)

    METHODS: ClassVar[Mapping[PropertyKey, Callable[..., JsValue]]] = {
        "next": lambda this: this.next(),
        "__length_hint__": lambda this: get_property(this._array, "length"),
        SYMBOL_TO_STRING_TAG: lambda this: "ReverseIterator",
    }


def iterator_result(*, done: bool, value: JsValue) -> JsObject:
    """The object that ``next`` returns."""
    return JsObject({"done": done, "value": value})


def iterate(value: JsValue) -> Iterator[JsValue]:
    """Iterate a JavaScript iterable as ``for..of`` does.

    Raises:
        JsThrow: a TypeError where the value is not iterable, or what the iterator throws.
    """
    if isinstance(value, str):
        return iter(value)
    if isinstance(value, JsObject):
        own = value.iterate()
        if own is not None:
            return own
        method = value.get(SYMBOL_ITERATOR)
        if isinstance(method, JsFunction):
            return _drain(method.call(value, ()))
    message = f"{describe_kind(value)} is not iterable (cannot read property Symbol(Symbol.iterator))"
    raise JsThrow(JsError("TypeError", message))


def collect(value: JsValue) -> list[JsValue]:
    """The elements of an iterable, which need not end.

    Raises:
        JsThrow: as :func:`iterate`; a RangeError for more elements than the host holds in one go.
    """
    from runtime_core.js.array_text import check_length

    elements: list[JsValue] = []
    source = iterate(value)
    while part := list(islice(source, _PART)):
        elements += part
        check_length(len(elements))
    return elements


def gathered(values: Iterable[JsValue]) -> list[JsValue]:
    """A list of values that are made on the way. In a variable of its own, unlike in an expression, what there is so
    far can be measured (held_memory.py).
    """
    made: list[JsValue] = []
    for value in values:
        checkpoint()
        made.append(value)
    return made


def bounded(value: JsValue) -> Iterator[JsValue]:
    """As :func:`iterate`, with an end for those that have none.

    Raises:
        JsThrow: as :func:`collect`.
    """
    from runtime_core.js.array_text import check_length

    for count, element in enumerate(iterate(value)):
        check_length(count)
        yield element


def describe_kind(value: JsValue) -> str:
    """A value of which V8 knows no source: its type, with the value of a number, a boolean or null."""
    kind = typeof(value)
    if isinstance(value, str):
        return f'string "{value}"'
    return f"{kind} {to_string(value)}" if value is None or kind in ("boolean", "number") else kind


def _drain(iterator: JsValue) -> Iterator[JsValue]:
    if not isinstance(iterator, JsObject):
        throw_type_error("Result of the Symbol.iterator method is not an object")
    step = iterator.get("next")
    if not isinstance(step, JsFunction):
        throw_type_error(f"{describe_kind(step)} is not a function")
    while True:
        result = step.call(iterator, ())
        if not isinstance(result, JsObject):
            throw_type_error(f"Iterator result {to_display(result)} is not an object")
        if to_boolean(result.get("done")):
            return
        yield result.get("value")
        checkpoint()


def live_values(entries: dict[object, _T]) -> Iterator[_T]:
    """Iterate values while entries may be added or removed, as JavaScript's iterators allow."""
    seen: set[object] = set()
    progressed = True
    while progressed:
        progressed = False
        for key in list(entries):
            if key in seen or key not in entries:
                continue
            seen.add(key)
            progressed = True
            checkpoint()
            yield entries[key]
