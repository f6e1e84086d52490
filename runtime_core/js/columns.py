"""Containers of JavaScript laid out for the guest, which makes Python objects of them in one call.

A container's parts are columns: all elements of all lists of one level, or what all records hold under one name. The
parts of a column that are of one kind cross as one array of numbers, or one text, and the guest's half of the interface
(:mod:`runtime_core.wasm.builder_code`, which defines the steps) makes their objects in a loop.
"""

from __future__ import annotations

import marshal
import struct
from array import array
from collections.abc import Iterable, Sequence
from itertools import chain
from operator import attrgetter
from typing import Any, Final, cast

from runtime_core.js.arrays import JsArray
from runtime_core.js.marshalled import Unsupported
from runtime_core.js.values import UNDEFINED, JsObject, JsValue, UndefinedType

MAX_BYTES: Final = 1 << 26
MAX_LEVELS: Final = 100

_INTEGERS, _NUMBERS, _TEXTS, _CONSTANTS, _LISTS, _RECORDS, _DICTS, _MOVE, _SHARE = range(9)
_NUMBER_KINDS: Final = frozenset({int, float})
_CONSTANT_KINDS: Final = frozenset({bool, type(None), UndefinedType})
_WORDS: Final = "i"
_NO_REFERENCES: Final = 2
"""The version of the marshal format before it told which objects are the same."""
_HEAD: Final = 5  # of a marshalled list or tuple: type and length
_INTEGER: Final = 5  # a tag and 32 bits
_POINTER_BYTES: Final = 4
_ALIGNMENT: Final = 8
_STEP: Final = struct.Struct("<8i")
_MOST_COLUMNS: Final = 64
"""Of records of one shape; more names, and single records, cross as dicts, whose values share a column."""
_EMPTY: Final[dict[Any, JsValue]] = {}

_own: Final = attrgetter("own")
_prototype: Final = attrgetter("prototype")
_items: Final = attrgetter("items")


class Layout:
    """The block for one container: ``data``, in which the steps begin at ``steps``; the object ends up at ``result``.

    Raises:
        Unsupported: it holds something that must be converted part by part: objects of other classes, one container in
            different places, too many levels, too many bytes.
    """

    def __init__(self, container: JsArray | JsObject) -> None:
        self._parts: list[bytes] = []
        self._size = 0
        self._steps: list[tuple[int, ...]] = []
        self._seen: set[int] = set()
        self._levels = 0
        self._names: dict[tuple[object, ...], tuple[str, ...]] = {}
        self.result = self._column([container])
        self.steps = self._put(b"".join([_STEP.pack(*step, *[0] * (8 - len(step))) for step in self._steps]))
        self.count = len(self._steps)
        self.data = b"".join(self._parts)

    # ---- the block

    def _put(self, data: bytes | array[Any]) -> int:
        """The offset at which the guest will find the data."""
        content = data.tobytes() if isinstance(data, array) else data
        offset = self._size
        padding = -len(content) % _ALIGNMENT
        self._size += len(content) + padding
        if self._size > MAX_BYTES:
            raise Unsupported
        self._parts += (content, bytes(padding)) if padding else (content,)
        return offset

    def _step(self, kind: int, count: int, source: int, *more: int) -> int:
        """Add a step; the offset of what it makes."""
        output = self._put(bytes(_POINTER_BYTES * count))
        self._steps.append((kind, count, source, output, *more))
        return output

    def _put_words(self, numbers: Iterable[int]) -> int:
        return self._put(array(_WORDS, numbers))

    # ---- columns

    def _column(self, values: Sequence[JsValue]) -> int:
        """Where the objects of these values will be."""
        first = type(values[0]) if values else int
        if first is int and (place := self._integers(values)) is not None:
            return place
        if first is str and (place := self._short_texts(values)) is not None:
            return place
        kinds = set(map(type, values))
        if kinds <= _NUMBER_KINDS:
            return self._step(_NUMBERS, len(values), self._put(struct.pack(f"{len(values)}d", *values)))
        if kinds <= _CONSTANT_KINDS:
            codes = [0 if value is UNDEFINED else 1 if value is None else 2 if value else 3 for value in values]
            return self._step(_CONSTANTS, len(values), self._put(bytes(codes)))
        if len(kinds) > 1:
            return self._mixed(values)
        if first is str:
            return self._texts(cast("Sequence[str]", values))
        if first is JsArray or first is JsObject:
            return self._containers(values, first)
        raise Unsupported

    def _integers(self, values: Sequence[JsValue]) -> int | None:
        """Numbers of 32 bits, or None where there are others. The marshal format has them behind a tag each; if there
        is one at each fifth byte, there is nothing else.
        """
        count = len(values)
        try:
            data = marshal.dumps(cast("Any", values), _NO_REFERENCES)
        except ValueError:
            return None
        if len(data) != _HEAD + _INTEGER * count or data[_HEAD::_INTEGER].count(b"i") != count:
            return None
        return self._step(_INTEGERS, count, self._put(data) + _HEAD + 1, _INTEGER)

    def _short_texts(self, values: Sequence[JsValue]) -> int | None:
        """Texts, or None where the values are not all texts, or have characters beyond one byte, or zeros."""
        try:
            joined = "\0".join(values)  # type: ignore[arg-type]  # or TypeError
            data = joined.encode("latin-1") + b"\0"
        except (TypeError, UnicodeEncodeError):
            return None
        if data.count(0) != len(values):
            return None
        return self._step(_TEXTS, len(values), 0, self._put(data))

    def _texts(self, values: Sequence[str]) -> int:
        joined = "".join(values)
        if len(joined) > MAX_BYTES:
            raise Unsupported
        data = joined.encode("utf-32-le", "surrogatepass")
        return self._step(_TEXTS, len(values), self._put_words(map(len, values)), self._put(data), 4)

    def _mixed(self, values: Sequence[JsValue]) -> int:
        """Objects of several kinds: a column for each, and moves to their places."""
        places: dict[object, list[int]] = {}
        for place, value in enumerate(values):
            kind = type(value)
            key: object = float if kind in _NUMBER_KINDS else bool if kind in _CONSTANT_KINDS else kind
            known = places.get(key)
            if known is None:
                places[key] = [place]
            else:
                known.append(place)
        target = self._step(_CONSTANTS, len(values), self._put(bytes(len(values))))
        for found in places.values():
            source = self._column([values[place] for place in found])
            self._steps.append((_MOVE, len(found), self._put_words(found), target, source))
        return target

    def _shared(self, values: Sequence[JsValue], ids: Sequence[int]) -> int:
        """Containers of which some occur more than once in their column."""
        distinct = dict(zip(ids, values, strict=True))
        numbers = dict(zip(distinct, range(len(distinct)), strict=True))
        source = self._column(list(distinct.values()))
        return self._step(_SHARE, len(values), self._put_words([numbers[key] for key in ids]), source)

    # ---- containers

    def _containers(self, values: Sequence[JsValue], kind: type) -> int:
        ids = list(map(id, values))
        distinct = set(ids)
        if len(distinct) < len(ids):
            return self._shared(values, ids)
        if not self._seen.isdisjoint(distinct) or self._levels == MAX_LEVELS:
            raise Unsupported
        self._seen |= distinct
        self._levels += 1
        place = self._lists(values) if kind is JsArray else self._objects(cast("Sequence[JsObject]", values))
        self._levels -= 1
        return place

    def _lists(self, arrays: Sequence[JsValue]) -> int:
        items = list(map(_items, arrays))
        elements = items[0] if len(items) == 1 else list(chain.from_iterable(items))
        lengths = self._put_words(map(len, items))
        return self._step(_LISTS, len(items), lengths, self._column(elements))

    def _objects(self, objects: Sequence[JsObject]) -> int:
        owns = [own or _EMPTY for own in map(_own, objects)]
        if any(map(_prototype, objects)) or set(map(type, owns)) != {dict}:
            raise Unsupported
        shapes = set(map(tuple, owns))
        if len(shapes) == 1 and len(owns) > 1:
            (shape,) = shapes
            if 0 < len(shape) <= _MOST_COLUMNS:
                return self._records(owns, shape)
        return self._dicts(owns)

    def _order(self, shape: tuple[object, ...]) -> tuple[str, ...]:
        """The names of properties in the order in which JavaScript lists them."""
        names = self._names.get(shape)
        if names is None:
            names = tuple(JsObject(dict.fromkeys(cast("tuple[str, ...]", shape))).own_keys())
            if "constructor" in names or len(names) != len(shape):
                raise Unsupported  # of another class, or with symbols
            self._names[shape] = names
        return names

    def _records(self, owns: Sequence[dict[Any, JsValue]], shape: tuple[object, ...]) -> int:
        names = self._order(shape)
        offsets = self._put_words([self._column([own[name] for own in owns]) for name in names])
        return self._step(_RECORDS, len(owns), offsets, self._column(names), len(names))

    def _dicts(self, owns: Sequence[dict[Any, JsValue]]) -> int:
        orders = [self._order(tuple(own)) for own in owns]
        values = [own[name] for own, names in zip(owns, orders, strict=True) for name in names]
        numbers: dict[str, int] = {}
        for name in chain.from_iterable(orders):
            numbers.setdefault(name, len(numbers))
        lengths = self._put_words(map(len, owns))
        keys = self._put_words([numbers[name] for name in chain.from_iterable(orders)])
        return self._step(_DICTS, len(owns), lengths, self._column(values), keys, self._column(list(numbers)))
