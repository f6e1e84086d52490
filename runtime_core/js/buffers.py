"""ArrayBuffer, DataView and the typed arrays, over host memory. Data crosses to and from the guest by copy."""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import ClassVar, Final

from runtime_core.js.control import JsThrow
from runtime_core.js.errors import JsError, throw, throw_type_error
from runtime_core.js.iteration import JsIterator, iterate
from runtime_core.js.operators import to_integer, to_number
from runtime_core.js.values import (
    ABSENT,
    SYMBOL_ITERATOR,
    UNDEFINED,
    BigInt,
    JsObject,
    JsValue,
    PropertyKey,
    is_array_index,
    number_from_int,
)

MAX_BUFFER_BYTES: Final = 1 << 30
_ARRAY_ONLY: Final = ("length", "slice", "subarray", "set", "fill", SYMBOL_ITERATOR)  # what a DataView lacks


@dataclass(frozen=True, kw_only=True, slots=True)
class ElementType:
    """The elements of one kind of typed array; ``code`` is the format character of Python's struct module."""

    code: str
    size: int
    is_bigint: bool = False
    is_clamped: bool = False


ELEMENT_TYPES: Final[Mapping[str, ElementType]] = {
    "Int8Array": ElementType(code="b", size=1),
    "Uint8Array": ElementType(code="B", size=1),
    "Uint8ClampedArray": ElementType(code="B", size=1, is_clamped=True),
    "Int16Array": ElementType(code="h", size=2),
    "Uint16Array": ElementType(code="H", size=2),
    "Int32Array": ElementType(code="i", size=4),
    "Uint32Array": ElementType(code="I", size=4),
    "Float32Array": ElementType(code="f", size=4),
    "Float64Array": ElementType(code="d", size=8),
    "BigInt64Array": ElementType(code="q", size=8, is_bigint=True),
    "BigUint64Array": ElementType(code="Q", size=8, is_bigint=True),
    "DataView": ElementType(code="B", size=1),
}


class JsArrayBuffer(JsObject):
    """An ArrayBuffer."""

    __slots__ = ("data",)

    class_name: ClassVar[str] = "ArrayBuffer"
    type_tag: ClassVar[str] = "ArrayBuffer"

    def __init__(self, data: bytearray) -> None:
        super().__init__()
        self.data = data

    GETTERS: ClassVar[Mapping[PropertyKey, Callable[..., JsValue]]] = {"byteLength": lambda this: len(this.data)}
    METHODS: ClassVar[Mapping[PropertyKey, Callable[..., JsValue]]] = {
        "slice": lambda this, start, end: JsArrayBuffer(this.data[slice(*_range(start, end, len(this.data)))]),
    }


class TypedArray(JsObject):
    """A typed array, or a DataView: a range of an ArrayBuffer."""

    __slots__ = ("buffer", "element", "kind", "length", "offset")

    def __init__(self, kind: str, buffer: JsArrayBuffer, offset: int = 0, length: int | None = None) -> None:
        super().__init__()
        self.kind = kind
        self.element = ELEMENT_TYPES[kind]
        self.buffer = buffer
        self.offset = offset
        available = len(buffer.data) - offset
        self.length = available // self.element.size if length is None else length
        if offset < 0 or self.length < 0 or self.length * self.element.size > available:
            throw("RangeError", f"Invalid typed array length: {self.length}")
        if offset % self.element.size or (length is None and available % self.element.size):
            throw("RangeError", f"byte length of {kind} should be a multiple of {self.element.size}")

    @property
    def class_name(self) -> str:  # type: ignore[override]  # one class stands for all kinds
        """The name of the constructor."""
        return self.kind

    @property
    def type_tag(self) -> str:  # type: ignore[override]
        """What ``Object.prototype.toString`` shows."""
        return self.kind

    def bytes_view(self) -> memoryview:
        """The bytes of the range, in place."""
        return memoryview(self.buffer.data)[self.offset : self.offset + self.length * self.element.size]

    def values(self) -> list[JsValue]:
        """All elements."""
        numbers = struct.unpack(f"<{self.length}{self.element.code}", self.bytes_view())
        return [BigInt(number) for number in numbers] if self.element.is_bigint else list(numbers)

    def store(self, index: int, value: JsValue) -> None:
        """``this[index] = value``; out of range is ignored."""
        if 0 <= index < self.length:
            position = self.offset + index * self.element.size
            struct.pack_into("<" + self.element.code, self.buffer.data, position, self._element_value(value))

    def _element_value(self, value: JsValue) -> float:
        element = self.element
        if element.is_bigint:
            if not isinstance(value, BigInt):
                throw_type_error("Cannot convert value to a BigInt")
            return _wrap(int(value), 64, signed=element.code == "q")
        number = to_number(value)
        if element.code in "fd":
            return _float(number, element.code)
        if element.is_clamped:
            return 0 if number != number else min(255, max(0, round(number)))
        return _wrap(to_integer(number), 8 * element.size, signed=element.code.islower())

    def get_own(self, key: PropertyKey) -> JsValue:
        """The own property, or ABSENT."""
        if isinstance(key, str) and is_array_index(key) and self.kind != "DataView":
            return buffer_element(self, int(key))
        return super().get_own(key)

    def set(self, key: PropertyKey, value: JsValue) -> None:
        """``this[key] = value``."""
        if isinstance(key, str) and is_array_index(key) and self.kind != "DataView":
            self.store(int(key), value)
        else:
            super().set(key, value)

    def own_keys(self) -> list[str]:
        """The names of own enumerable properties."""
        indices = [] if self.kind == "DataView" else [str(i) for i in range(self.length)]
        return indices + super().own_keys()

    def iterate(self) -> Iterator[JsValue] | None:
        """A host iterator over the elements."""
        return None if self.kind == "DataView" else iter(self.values())

    def _inherited_property(self, key: PropertyKey) -> JsValue:
        if self.kind == "DataView" and key in _ARRAY_ONLY:
            return ABSENT
        return super()._inherited_property(key)

    def to_string(self) -> str:
        """``String(this)``."""
        from runtime_core.js.arrays import JsArray, join

        return "[object DataView]" if self.kind == "DataView" else join(JsArray(self.values()), ",")

    def subarray(self, start: JsValue, end: JsValue) -> TypedArray:
        """A view of part of the same buffer."""
        first, last = _range(start, end, self.length)
        return TypedArray(self.kind, self.buffer, self.offset + first * self.element.size, last - first)

    def copy(self, start: JsValue = UNDEFINED, end: JsValue = UNDEFINED) -> TypedArray:
        """``slice``: a copy of part of the elements."""
        return TypedArray(self.kind, JsArrayBuffer(bytearray(self.subarray(start, end).bytes_view())))

    def assign(self, source: JsValue, offset: JsValue) -> JsValue:
        """``set``: store the elements of another array."""
        start = to_integer(offset)
        values = list(iterate(source))
        if start < 0 or start + len(values) > self.length:
            throw("RangeError", "offset is out of bounds")
        for index, value in enumerate(values):
            self.store(start + index, value)
        return UNDEFINED

    def fill(self, value: JsValue, start: JsValue, end: JsValue) -> JsValue:
        """Set a range to one value."""
        for index in range(*_range(start, end, self.length)):
            self.store(index, value)
        return self

    GETTERS: ClassVar[Mapping[PropertyKey, Callable[..., JsValue]]] = {
        "buffer": lambda this: this.buffer,
        "byteLength": lambda this: this.length * this.element.size,
        "byteOffset": lambda this: this.offset,
        "BYTES_PER_ELEMENT": lambda this: this.element.size,
        "length": lambda this: this.length,
    }
    METHODS: ClassVar[Mapping[PropertyKey, Callable[..., JsValue]]] = {
        "fill": lambda this, value, start, end: this.fill(value, start, end),
        "set": lambda this, source, offset: this.assign(source, offset),
        "slice": lambda this, start, end: this.copy(start, end),
        "subarray": lambda this, start, end: this.subarray(start, end),
        SYMBOL_ITERATOR: lambda this: JsIterator(this.values()),
    }


def buffer_element(array: TypedArray, index: int) -> JsValue:
    """The element at an index, or ABSENT."""
    if not 0 <= index < array.length:
        return ABSENT
    element = array.element
    (number,) = struct.unpack_from("<" + element.code, array.buffer.data, array.offset + index * element.size)
    if element.is_bigint:
        return BigInt(number)
    return number_from_int(number) if isinstance(number, int) else float(number)


def bytes_view(value: JsValue) -> memoryview:
    """The bytes of an ArrayBuffer or of a view of one.

    Raises:
        JsThrow: TypeError for any other value.
    """
    if isinstance(value, JsArrayBuffer):
        return memoryview(value.data)
    if isinstance(value, TypedArray):
        return value.bytes_view()
    raise JsThrow(JsError("TypeError", "value is not an ArrayBuffer or a view of one"))


def is_buffer(value: JsValue) -> bool:
    """Whether a value is an ArrayBuffer or a view of one."""
    return isinstance(value, JsArrayBuffer | TypedArray)


def uint8_array(data: bytes | bytearray | memoryview) -> TypedArray:
    """A Uint8Array with a copy of ``data``."""
    return TypedArray("Uint8Array", JsArrayBuffer(bytearray(data)))


def new_array_buffer(length: JsValue) -> JsArrayBuffer:
    """``new ArrayBuffer(length)``."""
    size = to_integer(length)
    if not 0 <= size <= MAX_BUFFER_BYTES:
        throw("RangeError", "Array buffer allocation failed")
    return JsArrayBuffer(bytearray(size))


def construct_typed_array(kind: str, source: JsValue, offset: JsValue, length: JsValue) -> TypedArray:
    """``new Kind(source, offset, length)``."""
    if isinstance(source, JsArrayBuffer):
        count = None if length is UNDEFINED else to_integer(length)
        return TypedArray(kind, source, to_integer(offset), count)
    if kind == "DataView":
        throw_type_error("First argument to DataView constructor must be an ArrayBuffer")
    size = ELEMENT_TYPES[kind].size
    if not isinstance(source, JsObject):
        return TypedArray(kind, new_array_buffer(to_integer(source) * size))
    values = list(iterate(source))
    result = TypedArray(kind, new_array_buffer(len(values) * size))
    for index, value in enumerate(values):
        result.store(index, value)
    return result


def _range(start: JsValue, end: JsValue, length: int) -> tuple[int, int]:
    bounds = []
    for value, default in ((start, 0), (end, length)):
        index = to_integer(value, default)
        bounds.append(max(0, length + index) if index < 0 else min(index, length))
    return bounds[0], max(bounds)


def _wrap(value: int, bits: int, *, signed: bool) -> int:
    value &= (1 << bits) - 1
    return value - (1 << bits) if signed and value >> (bits - 1) else value


def _float(number: float, code: str) -> float:
    try:
        struct.pack("<" + code, number)
    except OverflowError:
        return float("inf") if number > 0 else float("-inf")
    return number
