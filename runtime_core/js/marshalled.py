"""Reading CPython's marshal format, into values of JavaScript or of the host.

The bytes come from a guest, and ``marshal.loads`` is not safe for such bytes. This decoder knows lists, tuples, dicts,
texts, numbers, booleans and None, and gives up on everything else. It stops at :data:`MAX_NODES` and
:data:`MAX_LEVELS`, and whatever the bytes are it takes time and memory in proportion to their number.

Source of the format: CPython, ``Python/marshal.c``, version 4: a type byte, of which bit 7 says that the object will be
referred to, then the content, little-endian; ``r`` refers to an object by the order in which they were flagged.
"""

from __future__ import annotations

import struct
from typing import ClassVar, Final, cast

from runtime_core.js.arrays import JsArray
from runtime_core.js.functions import JsFunction
from runtime_core.js.operators import to_property_key
from runtime_core.js.values import MAX_SAFE_INTEGER, UNDEFINED, BigInt, JsObject, JsValue, PropertyKey, join_surrogates

FORMAT_VERSION: Final = 4
"""The third keeps identity and cycles, the fourth has short texts."""

MAX_NODES: Final = 1 << 21
MAX_LEVELS: Final = 100
NODE_BYTES: Final = 64
"""About what one decoded value takes on the host."""

_FLAG: Final = 0x80
_LIST, _TUPLE, _SMALL_TUPLE, _DICT = b"[()" + b"{"
_INT, _FLOAT, _LONG, _REFERENCE, _NONE, _TRUE, _FALSE, _END = b"iglrNTF0"
_SHORT_TEXTS: Final = frozenset(b"zZ")
_TEXTS: Final = {ord("u"): "utf-8", ord("t"): "utf-8", ord("a"): "ascii", ord("A"): "ascii"}
_INT_TAGS: Final = bytes((_INT, _INT | _FLAG, _REFERENCE))
_FLOAT_TAGS: Final = bytes((_FLOAT, _FLOAT | _FLAG))
_REFERENCE_BYTES: Final = 5
_LESSONS: Final = 16
_LESSON_REFERENCES: Final = 256
_FEW: Final = 8
_LONG_BITS: Final = 15
_MAX_LONG_DIGITS: Final = 1 << 12

_u32: Final = struct.Struct("<I").unpack_from
_i32: Final = struct.Struct("<i").unpack_from
_f64: Final = struct.Struct("<d").unpack_from


class Unsupported(Exception):  # noqa: N818 - control flow of the host, no error
    """The value must be converted part by part."""


class _Unfinished:
    """In the list of references: a container that must not be referred to, or not yet."""


_UNFINISHED: Final = _Unfinished()
_EMPTY: Final = JsObject()


class PlainDecoder:
    """One value as plain Python. Containers that occur more than once are left to the caller, who counts what they
    stand for.
    """

    none: ClassVar[object] = None
    """What None becomes."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._position = 0
        self._references: list[JsValue] = []
        self._levels = 0
        self.nodes = 0

    def decode(self) -> JsValue:
        """The value.

        Raises:
            Unsupported: the bytes are malformed, or hold what this decoder leaves to Pyodide's conversion.
            JsThrow: the dict converter threw.
        """
        try:
            (value,) = self._sequence(1)
        except (IndexError, struct.error, UnicodeDecodeError) as error:
            raise Unsupported from error
        if self._position != len(self._data):
            raise Unsupported
        return value

    def _sequence(self, count: int, *, to_end: bool = False) -> list[JsValue]:
        """The next ``count`` values, or those up to the end mark, which may be ``count`` at most.

        The position is only kept up to date around calls: this is where the time goes.
        """
        data, position, references = self._data, self._position, self._references
        values: list[JsValue] = []
        value: JsValue
        while count:
            count -= 1
            tag = data[position]
            code = tag & 0x7F
            if code in _SHORT_TEXTS:
                end = position + 2 + data[position + 1]
                value = data[position + 2 : end].decode("ascii")
                position = end
            elif code == _INT:
                value = _i32(data, position + 1)[0]
                position += 5
            elif code == _REFERENCE:
                value = references[_u32(data, position + 1)[0]]
                if value is _UNFINISHED:
                    raise Unsupported
                values.append(value)
                position += 5
                continue
            elif code == _FLOAT:
                value = _f64(data, position + 1)[0]
                position += 9
            elif tag == _END and to_end:
                self._position = position + 1
                return values
            else:
                self._position = position + 1
                values.append(self._other(tag))
                position = self._position
                continue
            if tag != code:
                references.append(value)
            values.append(value)
        if to_end:
            raise Unsupported
        self._position = position
        return values

    def _other(self, tag: int) -> JsValue:
        """What :meth:`_sequence` does not read itself."""
        code = tag & 0x7F
        if code in (_LIST, _TUPLE, _SMALL_TUPLE, _DICT):
            self._levels += 1
            if self._levels > MAX_LEVELS:
                raise Unsupported
            container = self._dict(tag) if code == _DICT else self._list(tag)
            self._levels -= 1
            return container
        value: JsValue
        if code == _NONE:
            value = self.none
        elif code in (_TRUE, _FALSE):
            value = code == _TRUE
        elif code == _LONG:
            value = self._long()
        else:
            value = self._text(code)
        if tag & _FLAG:
            self._references.append(value)
        return value

    def _text(self, code: int) -> str:
        encoding = _TEXTS.get(code)
        start = self._position + 4
        end = self._position = start + _u32(self._data, start - 4)[0]
        if encoding is None or end > len(self._data):
            raise Unsupported
        return join_surrogates(self._data[start:end].decode(encoding, "surrogatepass"))

    def _long(self) -> JsValue:
        count = _i32(self._data, self._position)[0]
        start = self._position + 4
        end = self._position = start + 2 * abs(count)
        if abs(count) > _MAX_LONG_DIGITS or end > len(self._data):
            raise Unsupported
        number = 0
        for digit in reversed(struct.unpack_from(f"<{abs(count)}H", self._data, start)):
            number = number << _LONG_BITS | digit
        return self._large(-number if count < 0 else number)

    def _large(self, number: int) -> JsValue:
        return number

    def _count(self, number: int) -> None:
        self.nodes += number
        if self.nodes > MAX_NODES:
            raise Unsupported

    # ---- containers

    def _list(self, tag: int) -> JsValue:
        if tag & _FLAG:
            self._references.append(_UNFINISHED)
        return self._items(tag)

    def _items(self, tag: int) -> list[JsValue]:
        if tag & 0x7F == _SMALL_TUPLE:
            count = self._data[self._position]
            self._position += 1
        else:
            count = _u32(self._data, self._position)[0]
            self._position += 4
        self._count(count + 1)
        numbers = self._numbers(count) if count >= _FEW else None
        return self._sequence(count) if numbers is None else numbers

    def _numbers(self, count: int) -> list[JsValue] | None:
        """The items of a list if all have one width: integers and references to what came before, or floats."""
        data, start = self._data, self._position
        tags = data[start : start + 5 * count : 5]
        if len(tags) == count and not tags.translate(None, _INT_TAGS):
            return self._integers(tags, count)
        tags = data[start : start + 9 * count : 9]
        if len(tags) == count and not tags.translate(None, _FLOAT_TAGS):
            end = self._position = start + 9 * count
            values = list(struct.unpack(f"<{count}d", _without_tags(data[start:end], 9)))
            if tags.count(_FLOAT) != count:
                self._references += [value for value, tag in zip(values, tags, strict=True) if tag != _FLOAT]
            return values
        return None

    def _integers(self, tags: bytes, count: int) -> list[JsValue]:
        start = self._position
        end = self._position = start + 5 * count
        contents = _without_tags(self._data[start:end], 5)
        values: list[JsValue] = list(struct.unpack(f"<{count}i", contents))
        if tags.count(_INT) != count:
            references = self._references
            for place, tag in enumerate(tags):
                if tag == _REFERENCE:
                    values[place] = value = references[_u32(contents, 4 * place)[0]]
                    if value is _UNFINISHED:
                        raise Unsupported
                elif tag != _INT:
                    references.append(values[place])
        return values

    def _dict(self, tag: int) -> JsValue:
        if tag & _FLAG:
            self._references.append(_UNFINISHED)
        keys, values = self._entries()
        try:
            return dict(zip(keys, values, strict=True))
        except TypeError as error:  # a key that is a list
            raise Unsupported from error

    def _entries(self) -> tuple[list[JsValue], list[JsValue]]:
        parts = self._sequence(2 * (MAX_NODES - self.nodes) + 1, to_end=True)
        self._count(len(parts) + 1)
        if len(parts) % 2:
            raise Unsupported
        return parts[::2], parts[1::2]


class Decoder(PlainDecoder):
    """One value for JavaScript. ``dict_converter`` is called with the entries of each dict; without it dicts become
    objects. What occurs more than once becomes one object.
    """

    none: ClassVar[object] = UNDEFINED

    def __init__(self, data: bytes, dict_converter: JsFunction | None) -> None:
        super().__init__(data)
        self._converter = dict_converter
        self._names: set[JsValue] = set()
        self._shapes: dict[int, tuple[tuple[bytes, str], ...]] = {}  # by level: references to names, and the names
        self._lessons = _LESSONS

    def _large(self, number: int) -> JsValue:
        return number if abs(number) < MAX_SAFE_INTEGER else BigInt(number)  # as Pyodide's Jsv_BigIntToNum compares

    def _list(self, tag: int) -> JsArray:
        result = JsArray()
        if tag & _FLAG:
            self._references.append(result)
        result.items = self._items(tag)
        return result

    def _dict(self, tag: int) -> JsValue:
        place = len(self._references)
        if tag & _FLAG:
            self._references.append(_UNFINISHED)
        shape = self._shapes.get(self._levels)
        value: JsValue = None if shape is None else self._record(shape)
        if value is not None:
            if tag & _FLAG:
                self._references[place] = value
            return value
        keys, values = self._entries()
        value = self._object(keys, values) if self._converter is None else self._converted(keys, values)
        if tag & _FLAG:
            self._references[place] = value
        return value

    def _object(self, keys: list[JsValue], values: list[JsValue]) -> JsObject:
        if not self._names.issuperset(keys):
            keys = [self._name(key) for key in keys]
        own = dict(zip(keys, values, strict=True))
        if len(own) != len(keys):
            raise Unsupported  # keys that are one in JavaScript: an error that names the key
        result = JsObject()
        if own:
            result.own = own  # type: ignore[assignment]  # the keys are names
            if self._lessons:
                self._learn(cast("dict[str, JsValue]", own))
        return result

    def _learn(self, own: dict[str, JsValue]) -> None:
        """Expect the next dict of this level to have the same names. Few dicts are learned from, since looking for
        names takes time, and so does reading again what turns out to be different.
        """
        self._lessons -= 1
        known = self._references[:_LESSON_REFERENCES]
        try:
            self._shapes[self._levels] = tuple((_reference(known.index(name)), name) for name in own)
        except ValueError:
            return

    def _record(self, shape: tuple[tuple[bytes, str], ...]) -> JsObject | None:
        """A dict with these names, or None, and nothing was read."""
        data, position, references = self._data, self._position, self._references
        before, known, nodes = position, len(references), self.nodes
        own: dict[PropertyKey, JsValue] = {}
        value: JsValue
        for token, name in shape:
            start = position + _REFERENCE_BYTES
            if data[position:start] != token:
                break
            tag = data[start]
            code = tag & 0x7F
            if code in _SHORT_TEXTS:
                position = start + 2 + data[start + 1]
                value = data[start + 2 : position].decode("ascii")
            elif code == _INT:
                value = _i32(data, start + 1)[0]
                position = start + 5
            elif code == _FLOAT:
                value = _f64(data, start + 1)[0]
                position = start + 9
            else:
                self._position = start
                own[name] = self._sequence(1)[0]
                position = self._position
                continue
            if tag != code:
                references.append(value)
            own[name] = value
        else:
            if data[position] == _END:
                self._position = position + 1
                self._count(2 * len(own) + 1)
                result = JsObject()
                result.own = own
                return result
        del self._shapes[self._levels]
        self._position, self.nodes = before, nodes
        del references[known:]
        return None

    def _name(self, key: JsValue) -> str:
        """The property name for a key."""
        name = "" if isinstance(key, JsObject) else to_property_key(key)
        if not isinstance(name, str) or isinstance(key, JsObject) or _EMPTY.has(name):
            raise Unsupported
        if type(key) is str:
            self._names.add(key)
        return name

    def _converted(self, keys: list[JsValue], values: list[JsValue]) -> JsValue:
        if self._converter is None or any(isinstance(key, JsObject) for key in keys):
            raise Unsupported
        entries = JsArray([JsArray(pair) for pair in zip(keys, values, strict=True)])
        self._count(2 * len(keys))
        return self._converter.call(UNDEFINED, (entries,))


def _reference(index: int) -> bytes:
    return struct.pack("<BI", _REFERENCE, index)


def _without_tags(data: bytes, width: int) -> bytes:
    """Fixed-width items without their first byte."""
    out = bytearray(len(data) // width * (width - 1))
    for column in range(1, width):
        out[column - 1 :: width - 1] = data[column::width]
    return bytes(out)
