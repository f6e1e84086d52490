"""Python buffers in JavaScript: copies as typed arrays, and ``getBuffer``, which shares the guest's memory."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, ClassVar, Final

from runtime_core.js.array_buffer import JsArrayBuffer, allocate
from runtime_core.js.arrays import JsArray, check_length
from runtime_core.js.buffers import TYPED_ARRAYS, ArrayView, TypedArray
from runtime_core.js.dataview import JsDataView
from runtime_core.js.errors import throw, throw_error
from runtime_core.js.operators import to_boolean, to_string
from runtime_core.js.strings import read_utf8
from runtime_core.js.values import (
    ERROR,
    SYMBOL_DISPOSE,
    UNDEFINED,
    JsObject,
    JsValue,
    PropertyKey,
)

if TYPE_CHECKING:
    from runtime_core.js.host import JsHost
    from runtime_core.js.proxy_object import ProxyObject

_FORMATS: Final = {  # struct format character -> typed array
    "b": "Int8Array",
    "s": "Uint8Array",
    "p": "Uint8Array",
    "c": "Uint8Array",
    "B": "Uint8Array",
    "?": "Uint8Array",
    "h": "Int16Array",
    "H": "Uint16Array",
    "i": "Int32Array",
    "l": "Int32Array",
    "n": "Int32Array",
    "I": "Uint32Array",
    "L": "Uint32Array",
    "N": "Uint32Array",
    "P": "Uint32Array",
    "q": "BigInt64Array",
    "Q": "BigUint64Array",
    "f": "Float32Array",
    "d": "Float64Array",
}
_TYPES: Final = {  # argument of getBuffer -> class
    "i8": "Int8Array",
    "u8": "Uint8Array",
    "u8clamped": "Uint8ClampedArray",
    "i16": "Int16Array",
    "u16": "Uint16Array",
    "i32": "Int32Array",
    "u32": "Uint32Array",
    "i64": "BigInt64Array",
    "u64": "BigUint64Array",
    "f32": "Float32Array",
    "f64": "Float64Array",
    "dataview": "DataView",
}
_MAX_DIMENSIONS: Final = 64  # PyBUF_MAX_NDIM
_EXPLICIT: Final = " In this case, you can pass an explicit type argument."
_BIG_ENDIAN: Final = (
    "JavaScript has no native support for big endian buffers. In this case, you can pass an explicit type argument. "
    "For instance, `getBuffer('dataview')` will return a `DataView`which has native support for reading big endian "
    "data. Alternatively, toJs will automatically convert the buffer to little endian."
)


def typed_array_of_format(text: str, hint: str = "") -> tuple[str, bool]:
    """The typed array for a struct format, and whether the format is big-endian.

    Raises:
        JsThrow: Error for a format that no typed array has; ``hint`` ends the message.
    """
    if len(text) > 2:
        throw_error(f"Expected format string to have length <= 2, got '{text}'.{hint}")
    order, code = text[:-1], text[-1:]
    if order not in ("", "!", ">", "<", "@", "="):
        throw_error(f"Unrecognized alignment character {order}.{hint}")
    if code == "e":
        throw_error("Javascript has no Float16 support.")
    if code not in _FORMATS:
        throw_error(f"Unrecognized format character '{code}'.{hint}")
    return _FORMATS[code], order in ("!", ">") and order != ""


# ---- copies


def convert_buffer(
    js: JsHost,
    address: int,
    item_size: int,
    dimensions: int,
    format_at: int,
    shape_at: int,
    strides_at: int,
    suboffsets_at: int,
) -> JsValue:
    """A Python buffer as a typed array, nested in arrays for more dimensions."""
    if not 0 <= dimensions <= _MAX_DIMENSIONS or item_size < 0:
        throw("RangeError", "malformed Python buffer")
    memory = js.memory
    reader = _BufferReader(
        js,
        format_text=read_utf8(memory, format_at) if format_at else "",
        item_size=item_size,
        shape=memory.read_u32s(shape_at, dimensions) if dimensions else (),
        strides=memory.read_u32s(strides_at, dimensions) if dimensions else (),
        suboffsets=memory.read_u32s(suboffsets_at, dimensions) if suboffsets_at else (),
    )
    return reader.read(address, 0)


def _signed(word: int) -> int:
    return word - (1 << 32) if word >> 31 else word


class _BufferReader:
    def __init__(
        self,
        js: JsHost,
        *,
        format_text: str,
        item_size: int,
        shape: tuple[int, ...],
        strides: tuple[int, ...],
        suboffsets: tuple[int, ...],
    ) -> None:
        self._memory = js.memory
        self._item_size = item_size
        self._shape = shape
        self._strides = [_signed(stride) for stride in strides]
        self._suboffsets = [_signed(offset) for offset in suboffsets]
        kind, self._is_swapped = typed_array_of_format(format_text)
        self._code = format_text[-1:]
        self._class = TYPED_ARRAYS[kind]
        if self._is_swapped and self._code not in "s?" and item_size not in (2, 4, 8):
            throw_error(f"Unexpected size {item_size}")

    def read(self, address: int, dimension: int) -> JsValue:
        """The part of the buffer at ``address``: a typed array for the last dimension, else an array of parts."""
        if dimension == len(self._shape):
            return self._convert(bytearray(self._memory.view(address, self._item_size)))
        count = self._shape[dimension]
        if dimension == len(self._shape) - 1:
            return self._convert(self._row(address, count, dimension))
        check_length(count)
        return JsArray(self.read(self._item_address(address, i, dimension), dimension + 1) for i in range(count))

    def _row(self, address: int, count: int, dimension: int) -> bytearray:
        size, stride = self._item_size, self._strides[dimension]
        offset = self._suboffsets[dimension] if self._suboffsets else -1
        if count * size > self._memory.size and stride:
            throw("RangeError", "malformed Python buffer")
        if stride == size and offset < 0:
            return bytearray(self._memory.view(address, count * size))
        result = allocate(count * size)
        if not count:
            return result
        if offset < 0 and stride > 0:
            window = self._memory.view(address, (count - 1) * stride + size)
            for byte in range(size):
                result[byte::size] = window[byte::stride][:count]
            return result
        check_length(count)
        for index in range(count):
            item = self._item_address(address, index, dimension)
            result[index * size : (index + 1) * size] = self._memory.view(item, size)
        return result

    def _item_address(self, address: int, index: int, dimension: int) -> int:
        position = address + index * self._strides[dimension]
        if self._suboffsets and self._suboffsets[dimension] >= 0:
            return self._memory.read_u32(position) + self._suboffsets[dimension]
        return position

    def _convert(self, data: bytearray) -> JsValue:
        if self._code == "s":
            return data.decode("utf-8", "replace")
        if self._code == "?":
            check_length(len(data))
            return JsArray(map(bool, data))
        size = self._item_size
        if self._is_swapped:
            swapped = bytearray(len(data))
            for byte in range(size):
                swapped[byte::size] = data[size - 1 - byte :: size]
            data = swapped
        if len(data) % self._class.element.size:
            throw("RangeError", f"byte length of {self._class.class_name} should be a multiple of {size}")
        return self._class(JsArrayBuffer(data))


# ---- views


def buffer_result(js: JsHost, *fields: JsValue) -> JsValue:
    """The description of a Python buffer that ``getBuffer`` of a proxy reads."""
    names = (
        "start_ptr",
        "smallest_ptr",
        "largest_ptr",
        "readonly",
        "format",
        "itemsize",
        "shape",
        "strides",
        "view",
        "c_contiguous",
        "f_contiguous",
    )
    result = JsObject(dict(zip(names, fields, strict=False)))
    address = fields[4]
    result.set("format", read_utf8(js.memory, address) if isinstance(address, int) and address else "")
    return result


def array_from_memory(js: JsHost, address: int, count: int) -> JsValue:
    """An array of ``count`` signed 32-bit integers."""
    if not 0 <= count <= _MAX_DIMENSIONS:
        throw("RangeError", "malformed Python buffer")
    return JsArray(_signed(word) for word in js.memory.read_u32s(address, count))


class PyBufferView(JsObject):
    """What ``getBuffer`` of a proxy returns: a description of the buffer, and its memory as a typed array."""

    __slots__ = ("_host",)

    class_name: ClassVar[str] = "PyBufferView"

    def __init__(self, host: JsHost, fields: Mapping[PropertyKey, JsValue]) -> None:
        super().__init__(fields)
        self._host = host

    def release(self) -> None:
        """Let the buffer go; its memory may be reused then. Does nothing the second time."""
        own = self.own
        if own is None or to_boolean(own.get("_released", UNDEFINED)):
            return
        pointer = own.get("_view_ptr")
        own["_released"] = True
        own["data"] = ERROR
        if isinstance(pointer, int):
            _release(self._host, pointer)

    METHODS: ClassVar[Mapping[PropertyKey, Callable[..., JsValue]]] = {
        "release": lambda this: this.release() or UNDEFINED,
        SYMBOL_DISPOSE: lambda this: this.release() or UNDEFINED,
    }
    ANY_RECEIVER: ClassVar[bool] = False


def _release(js: JsHost, pointer: int) -> None:
    js.guest.PyBuffer_Release(pointer)
    js.guest.PyMem_Free(pointer)


def get_buffer(proxy: ProxyObject, kind: JsValue = UNDEFINED) -> JsValue:
    """``proxy.getBuffer(kind)``: a view of the object's memory, which must be released.

    Raises:
        JsThrow: Error for an unknown kind or a buffer it does not fit, or the guest's exception.
    """
    wanted = None
    if to_boolean(kind):
        wanted = _TYPES.get(kind) if isinstance(kind, str) else None
        if wanted is None:
            throw_error(f"Unknown type {to_string(kind)}")
    js = proxy.host
    result = proxy.check(js.guest._pyproxy_get_buffer(proxy.pointer))
    assert isinstance(result, JsObject)  # noqa: S101 -- made by buffer_result
    try:
        fields = _describe(js, result, wanted)
    except BaseException:
        _release(js, _integer(result, "view"))
        raise
    return PyBufferView(js, fields)


def _integer(source: JsObject, name: str) -> int:
    value = source.get(name)
    return value if isinstance(value, int) else 0


def _describe(js: JsHost, source: JsObject, wanted: str | None) -> dict[PropertyKey, JsValue]:
    kind, is_big_endian = wanted, False
    text = source.get("format")
    if kind is None:
        kind, is_big_endian = typed_array_of_format(text if isinstance(text, str) else "", _EXPLICIT)
    cls = TYPED_ARRAYS.get(kind)
    alignment = cls.element.size if cls else 1
    if is_big_endian and alignment > 1:
        throw_error(_BIG_ENDIAN)
    start, smallest, largest = (
        _integer(source, name) & 0xFFFFFFFF for name in ("start_ptr", "smallest_ptr", "largest_ptr")
    )
    size = largest - smallest
    if size != 0 and (start % alignment or smallest % alignment or largest % alignment):
        throw_error(f"Buffer does not have valid alignment for a {kind}")
    shape, strides = source.get("shape"), source.get("strides")
    steps = strides.items if isinstance(strides, JsArray) else []
    return {
        "offset": (start - smallest) // alignment,
        "readonly": source.get("readonly"),
        "format": text,
        "itemsize": source.get("itemsize"),
        "ndim": len(shape.items) if isinstance(shape, JsArray) else 0,
        "nbytes": size,
        "shape": shape,
        "strides": JsArray(step / alignment if isinstance(step, int) else step for step in steps),
        "data": _memory_view(js, cls, smallest, size),
        "c_contiguous": source.get("c_contiguous"),
        "f_contiguous": source.get("f_contiguous"),
        "_view_ptr": source.get("view"),
        "_released": False,
    }


def _memory_view(js: JsHost, cls: type[TypedArray] | None, address: int, size: int) -> ArrayView:
    if size == 0:
        if cls is None:
            throw("TypeError", "First argument to DataView constructor must be an ArrayBuffer")
        return cls(JsArrayBuffer(bytearray()))
    js.memory.view(address, size)  # refuses what is not there
    if cls is None:
        return JsDataView(js.heap_buffer(), address, size)
    return cls(js.heap_buffer(), address, size // cls.element.size)
