"""The typed arrays, and what they have in common with DataView: a range of an ArrayBuffer.

Every access looks at the buffer anew: it may have been resized, transferred, or be the guest's memory, which moves on
when it grows.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterator, Mapping
from typing import ClassVar, Final

from runtime_core.js.array_buffer import BufferStorage, JsArrayBuffer, allocate, new_array_buffer
from runtime_core.js.arrays import check_length
from runtime_core.js.coerce import to_length
from runtime_core.js.control import JsThrow
from runtime_core.js.elements import ELEMENT_TYPES, ElementType, to_index
from runtime_core.js.errors import JsError, throw, throw_type_error
from runtime_core.js.iteration import iterate
from runtime_core.js.operators import has_method, to_string
from runtime_core.js.typed_methods import TYPED_METHODS
from runtime_core.js.values import (
    ABSENT,
    SYMBOL_ITERATOR,
    SYMBOL_TO_STRING_TAG,
    UNDEFINED,
    JsObject,
    JsValue,
    PropertyKey,
    is_array_index,
)

__all__ = [
    "ELEMENT_TYPES",
    "TYPED_ARRAYS",
    "ArrayView",
    "JsArrayBuffer",
    "TypedArray",
    "buffer_element",
    "byte_length",
    "bytes_view",
    "construct_typed_array",
    "is_buffer",
    "is_detached",
    "new_array_buffer",
    "uint8_array",
]


class ArrayView(JsObject):
    """A range of a buffer. ``fixed`` is its length in elements; None for one that follows the buffer's length."""

    __slots__ = ("buffer", "fixed", "offset")

    element: ClassVar[ElementType]

    def __init__(self, buffer: BufferStorage, offset: int, fixed: int | None) -> None:
        super().__init__()
        self.buffer = buffer
        self.offset = offset
        self.fixed = fixed

    @property
    def length(self) -> int:
        """The present number of elements; 0 where the buffer has become too short, or is gone."""
        available = len(self.buffer.data) - self.offset
        fixed = self.fixed
        if fixed is None:
            return max(0, available // self.element.size)
        return fixed if fixed * self.element.size <= available else 0

    @property
    def is_out_of_bounds(self) -> bool:
        """Whether the buffer is detached or has become too short for the range."""
        if self.buffer.is_detached:
            return True
        available = len(self.buffer.data) - self.offset
        return available < 0 if self.fixed is None else self.fixed * self.element.size > available

    def bytes_view(self) -> memoryview:
        """The bytes of the range, in place. Valid only until guest code runs again."""
        return memoryview(self.buffer.data)[self.offset : self.offset + self.length * self.element.size]


class TypedArray(ArrayView):
    """A typed array; there is a subclass for each type of elements."""

    __slots__ = ()

    class_name: ClassVar[str] = "TypedArray"

    def __init__(
        self, buffer: BufferStorage, offset: int = 0, length: int | None = None, *, follows: bool = False
    ) -> None:
        """A view of ``length`` elements, by default of all that fit; ``follows`` makes it follow the buffer."""
        if length is None and not follows:
            length = (len(buffer.data) - offset) // self.element.size
        super().__init__(buffer, offset, length)

    def numbers(self, start: int, stop: int) -> tuple[float, ...]:
        """The stored numbers of a range, which must exist."""
        position = self.offset + start * self.element.size
        return struct.unpack_from(f"<{stop - start}{self.element.code}", self.buffer.data, position)

    def values(self) -> list[JsValue]:
        """All elements."""
        length = self.length
        check_length(length)
        numbers = self.numbers(0, length) if length else ()
        return list(map(self.element.present, numbers)) if self.element.is_bigint else list(numbers)

    def store(self, index: int, value: JsValue) -> None:
        """``this[index] = value``; out of range only the conversion is done."""
        element = self.element
        number = element.convert(value)
        if 0 <= index < self.length:  # the conversion may have run guest code
            element.little.pack_into(self.buffer.data, self.offset + index * element.size, number)

    def store_all(self, values: list[JsValue], start: int = 0) -> None:
        """Store values in a row, which must fit."""
        self.store_numbers(list(map(self.element.convert, values)), start)

    def store_numbers(self, numbers: list[float], start: int = 0) -> None:
        """Store converted values in a row, as far as they fit."""
        del numbers[max(0, self.length - start) :]  # conversions may have run guest code
        if not numbers:
            return
        position = self.offset + start * self.element.size
        struct.pack_into(f"<{len(numbers)}{self.element.code}", self.buffer.data, position, *numbers)

    def same_kind(self, length: int) -> TypedArray:
        """A new array of zeros with elements of the same type."""
        return type(self)(JsArrayBuffer(allocate(length * self.element.size)), 0, length)

    # ---- JavaScript's property access

    def get_own(self, key: PropertyKey) -> JsValue:
        """The own property, or ABSENT."""
        if isinstance(key, str) and key:
            if is_array_index(key):
                return buffer_element(self, int(key))
            if _is_numeric(key):
                return ABSENT
        return super().get_own(key)

    def set(self, key: PropertyKey, value: JsValue) -> None:
        """``this[key] = value``."""
        if isinstance(key, str) and key:
            if is_array_index(key):
                self.store(int(key), value)
                return
            if _is_numeric(key):
                self.element.convert(value)
                return
        super().set(key, value)

    def has(self, key: PropertyKey) -> bool:
        """``key in this``."""
        if isinstance(key, str) and _is_numeric(key) and not is_array_index(key):
            return False
        return super().has(key)

    def delete(self, key: PropertyKey) -> None:
        """``delete this[key]``."""
        if isinstance(key, str) and is_array_index(key):
            if int(key) < self.length:
                throw_type_error(f"Cannot delete property '{key}' of [object {self.class_name}]")
            return
        super().delete(key)

    def own_keys(self) -> list[str]:
        """The names of own enumerable properties."""
        length = self.length
        check_length(length)
        return [*map(str, range(length)), *super().own_keys()]

    def iterate(self) -> Iterator[JsValue] | None:
        """A host iterator over the elements as they are when it gets to them.

        Raises:
            JsThrow: RangeError for more elements than the host may hold in one go.
        """
        check_length(self.length)
        return iterate_elements(self)

    def to_string(self) -> str:
        """``String(this)``."""
        return str(TYPED_METHODS["join"](self, UNDEFINED))

    def describe(self) -> str:
        """A short form for messages, as V8 prints it."""
        return "[object Object]"

    ANY_RECEIVER: ClassVar[bool] = True
    GETTERS: ClassVar[Mapping[PropertyKey, Callable[..., JsValue]]] = {
        "buffer": lambda this: this.buffer,
        "byteLength": lambda this: this.length * this.element.size,
        "byteOffset": lambda this: 0 if this.is_out_of_bounds else this.offset,
        "length": lambda this: this.length,
    }
    METHODS: ClassVar[Mapping[PropertyKey, Callable[..., JsValue]]] = TYPED_METHODS


def _is_numeric(key: str) -> bool:
    """Whether a property name is what a number reads as, which names an element even if there can be none."""
    if not (key[:1].isdigit() or key[:1] in ("-", "I", "N")):
        return False
    from runtime_core.js.coerce import number_from_text

    return key == "-0" or to_string(number_from_text(key)) == key


def iterate_elements(array: TypedArray) -> Iterator[JsValue]:
    """The elements, each read when its turn comes.

    Raises:
        JsThrow: TypeError when the buffer was detached meanwhile.
    """
    index = 0
    while True:
        if array.is_out_of_bounds:
            throw_type_error("Cannot perform %ArrayIteratorPrototype%.next on a detached ArrayBuffer")
        value = buffer_element(array, index)
        if value is ABSENT:
            return
        yield value
        index += 1


def _make_kind(name: str, element: ElementType) -> type[TypedArray]:
    constants = {SYMBOL_TO_STRING_TAG: name, "BYTES_PER_ELEMENT": element.size}
    members = {"__slots__": (), "class_name": name, "type_tag": name, "element": element, "CONSTANTS": constants}
    return type(name, (TypedArray,), members)


TYPED_ARRAYS: Final[Mapping[str, type[TypedArray]]] = {name: _make_kind(name, e) for name, e in ELEMENT_TYPES.items()}
"""The classes of typed arrays by name."""


def buffer_element(array: TypedArray, index: int) -> JsValue:
    """The element at an index, or ABSENT."""
    if not 0 <= index < array.length:
        return ABSENT
    element = array.element
    (number,) = element.little.unpack_from(array.buffer.data, array.offset + index * element.size)
    return element.present(number)


def bytes_view(value: JsValue) -> memoryview:
    """The bytes of an ArrayBuffer or of a view of a buffer, in place.

    Raises:
        JsThrow: TypeError for any other value, and where the buffer is detached.
    """
    buffer = value.buffer if isinstance(value, ArrayView) else value
    if not isinstance(buffer, BufferStorage):
        raise JsThrow(JsError("TypeError", "value is not an ArrayBuffer or a view of one"))
    if buffer.is_detached:
        throw_type_error("Cannot perform Construct on a detached ArrayBuffer")
    return value.bytes_view() if isinstance(value, ArrayView) else memoryview(buffer.data)


def byte_length(value: JsValue) -> int:
    """The length in bytes of an ArrayBuffer or of a view of a buffer; 0 where there are no bytes (any more)."""
    if isinstance(value, ArrayView):
        return value.length * value.element.size
    return len(value.data) if isinstance(value, BufferStorage) else 0


def is_detached(value: JsValue) -> bool:
    """Whether the bytes of a buffer or view were taken away."""
    buffer = value.buffer if isinstance(value, ArrayView) else value
    return isinstance(buffer, BufferStorage) and buffer.is_detached


def is_buffer(value: JsValue) -> bool:
    """Whether a value is an ArrayBuffer or a view of a buffer."""
    return isinstance(value, JsArrayBuffer | ArrayView)


def uint8_array(data: bytes | bytearray | memoryview) -> TypedArray:
    """A Uint8Array with a copy of ``data``."""
    return TYPED_ARRAYS["Uint8Array"](JsArrayBuffer(bytearray(data)))


# ---- construction


def construct_typed_array(
    kind: str, source: JsValue = UNDEFINED, offset: JsValue = UNDEFINED, length: JsValue = UNDEFINED
) -> TypedArray:
    """``new Kind(source, offset, length)``.

    Raises:
        JsThrow: RangeError for what does not fit, TypeError for detached buffers and mixed element types.
    """
    cls = TYPED_ARRAYS[kind]
    if isinstance(source, BufferStorage):
        return _over_buffer(cls, source, offset, length)
    if isinstance(source, TypedArray):
        return _copy_of(cls, source)
    if isinstance(source, JsObject):
        return typed_array_of(cls, elements_of(source))
    size = to_index(source, f"Invalid typed array length: {to_string(source)}")
    return cls(JsArrayBuffer(allocate(size * cls.element.size)), 0, size)


def _over_buffer(cls: type[TypedArray], buffer: BufferStorage, offset: JsValue, length: JsValue) -> TypedArray:
    size = cls.element.size
    start = to_index(offset, f"Start offset {to_string(offset)} is outside the bounds of the buffer")
    if start % size:
        throw("RangeError", f"start offset of {cls.class_name} should be a multiple of {size}")
    invalid = f"Invalid typed array length: {to_string(length)}"
    count = None if length is UNDEFINED else to_index(length, invalid)
    if buffer.is_detached:
        throw_type_error("Cannot perform Construct on a detached ArrayBuffer")
    available = len(buffer.data)
    if count is not None:
        if start + count * size > available:
            throw("RangeError", invalid)
        return cls(buffer, start, count)
    if buffer.maximum is None and available % size:
        throw("RangeError", f"byte length of {cls.class_name} should be a multiple of {size}")
    if start > available:
        throw("RangeError", f"Start offset {start} is outside the bounds of the buffer")
    return cls(buffer, start, follows=buffer.maximum is not None)


def _copy_of(cls: type[TypedArray], source: TypedArray) -> TypedArray:
    if source.is_out_of_bounds:
        throw_type_error("Cannot perform Construct on a detached ArrayBuffer")
    if source.element.is_bigint is not cls.element.is_bigint:
        throw_type_error("Cannot mix BigInt and other types, use explicit conversions")
    if type(source) is cls:
        return cls(JsArrayBuffer(bytearray(source.bytes_view())))
    return typed_array_of(cls, source.values())


def typed_array_of(cls: type[TypedArray], values: list[JsValue]) -> TypedArray:
    """A new array that holds values, converted."""
    result = cls(JsArrayBuffer(allocate(len(values) * cls.element.size)), 0, len(values))
    result.store_all(values)
    return result


def elements_of(source: JsObject | str) -> list[JsValue]:
    """The elements of an iterable or array-like value."""
    if isinstance(source, str):
        check_length(len(source))
        return list(source)
    if source.iterate() is not None or has_method(source, SYMBOL_ITERATOR):
        values: list[JsValue] = []
        for value in iterate(source):
            values.append(value)
            if not len(values) & 0xFFFF:
                check_length(len(values))
        return values
    length = to_length(source.get("length"))
    check_length(length)
    return [source.get(str(index)) for index in range(length)]
