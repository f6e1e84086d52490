"""Imports for buffers: between JavaScript's array buffers, guest memory and files."""

from __future__ import annotations

import codecs
from typing import TYPE_CHECKING, Final

from runtime_core.emscripten.errno import Errno
from runtime_core.js.arrays import JsArray
from runtime_core.js.buffers import ELEMENT_TYPES, JsArrayBuffer, TypedArray, bytes_view
from runtime_core.js.core_imports import DTYPES
from runtime_core.js.errors import throw, throw_error
from runtime_core.js.operators import constructor_name
from runtime_core.js.registry import ImportTable
from runtime_core.js.strings import read_utf8
from runtime_core.js.values import ERROR, JsObject, JsValue, join_surrogates

if TYPE_CHECKING:
    from runtime_core.js.host import JsHost

_UNTYPED: Final = ("DataView", "ArrayBuffer")
_FORMATS: Final = {  # struct format character -> typed array
    "b": "Int8Array",
    "B": "Uint8Array",
    "c": "Uint8Array",
    "p": "Uint8Array",
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
_MAX_DIMENSIONS: Final = 64  # PyBUF_MAX_NDIM


def datatype(js: JsHost, value: JsValue) -> tuple[int, int, bool]:
    """Format string, item size and whether element types must match, for the guest's view of a buffer."""
    kind = constructor_name(value)
    element = ELEMENT_TYPES.get("Uint8Array" if kind == "ArrayBuffer" else kind)
    if element is None:
        return 0, 0, False
    return js.dtypes_address + 2 * DTYPES.index(element.code), element.size, kind not in _UNTYPED


def get_info(js: JsHost, value: JsValue, length_at: int, format_at: int, size_at: int, checked_at: int) -> None:
    """Describe a buffer to C."""
    address, size, checked = datatype(js, value)
    js.memory.write_u32(length_at, len(bytes_view(value)))
    js.memory.write_u32(format_at, address)
    js.memory.write_u32(size_at, size)
    js.memory.write_u8(checked_at, checked)


def assign_to_pointer(js: JsHost, value: JsValue, address: int) -> int:
    """Copy a buffer into guest memory."""
    js.memory.write(address, bytes_view(value))
    return 0


def assign_from_pointer(js: JsHost, value: JsValue, address: int) -> int:
    """Fill a buffer from guest memory."""
    view = bytes_view(value)
    view[:] = js.memory.read(address, len(view))
    return 0


def decode_string(js: JsHost, value: JsValue, encoding: int) -> JsValue:
    """Decode a buffer as text; the sentinel (no exception) where the bytes are malformed."""
    name = read_utf8(js.memory, encoding) if encoding else "utf-8"
    try:
        codec = codecs.lookup(name)
    except LookupError:
        throw("RangeError", f"The encoding label provided ('{name}') is invalid")
    if not codec.name.startswith(("utf", "iso8859", "cp", "ascii", "latin")):
        throw("RangeError", f"The encoding label provided ('{name}') is invalid")
    try:
        return join_surrogates(bytes(bytes_view(value)).decode(codec.name))
    except UnicodeDecodeError:
        return ERROR


def write_to_file(js: JsHost, value: JsValue, fd: int) -> int:
    """Write a buffer to an open file of the guest."""
    try:
        js.emscripten.files.get(fd).write(bytes(bytes_view(value)))
    except Errno as error:
        throw_error(f"cannot write to file descriptor {fd}: {error}")
    return 0


def read_from_file(js: JsHost, value: JsValue, fd: int) -> int:
    """Fill a buffer from an open file of the guest."""
    view = bytes_view(value)
    try:
        data = js.emscripten.files.get(fd).read(len(view))
    except Errno as error:
        throw_error(f"cannot read from file descriptor {fd}: {error}")
    view[: len(data)] = data
    return 0


# ---- Python buffers to JavaScript


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
        format_text=read_utf8(memory, format_at) or "B",
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
        self._code = format_text[-1:]
        self._is_big_endian = format_text[:-1] in ("!", ">")
        if len(format_text) > 2 or format_text[:-1] not in ("", "!", ">", "<", "@", "="):
            throw_error(f"Expected format string to have length <= 2, got '{format_text}'.")
        if self._code not in _FORMATS and self._code not in "s?":
            throw_error(f"Unrecognized format character '{self._code}'.")

    def read(self, address: int, dimension: int) -> JsValue:
        if dimension == len(self._shape):
            return self._convert(self._memory.read(address, self._item_size))
        count = self._shape[dimension]
        stride = self._strides[dimension]
        if dimension == len(self._shape) - 1:
            if stride == self._item_size and not self._suboffsets:
                return self._convert(self._memory.read(address, count * self._item_size))
            self._memory.read(address, min(count, 1))  # refuses an absurd count before the loop
            if count > self._memory.size:
                throw("RangeError", "malformed Python buffer")
            items = [
                self._memory.read(self._item_address(address, i, dimension), self._item_size) for i in range(count)
            ]
            return self._convert(b"".join(items))
        if count > self._memory.size:
            throw("RangeError", "malformed Python buffer")
        return JsArray(self.read(self._item_address(address, i, dimension), dimension + 1) for i in range(count))

    def _item_address(self, address: int, index: int, dimension: int) -> int:
        position = address + index * self._strides[dimension]
        if self._suboffsets and self._suboffsets[dimension] >= 0:
            return self._memory.read_u32(position) + self._suboffsets[dimension]
        return position

    def _convert(self, data: bytes) -> JsValue:
        if self._code == "s":
            return data.decode("utf-8", "replace")
        if self._code == "?":
            return JsArray(bool(byte) for byte in data)
        if self._is_big_endian and self._item_size > 1:
            items = [data[i : i + self._item_size][::-1] for i in range(0, len(data), self._item_size)]
            data = b"".join(items)
        return TypedArray(_FORMATS[self._code], JsArrayBuffer(bytearray(data)))


def buffer_result(js: JsHost, *fields: JsValue) -> JsValue:
    """The description of a Python buffer that ``getBuffer`` of a proxy reads."""
    names = [
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
    ]
    result = JsObject(dict(zip(names, fields, strict=False)))
    address = fields[4]
    result.set("format", read_utf8(js.memory, address) if isinstance(address, int) else "")
    return result


def array_from_memory(js: JsHost, address: int, count: int) -> JsValue:
    """An array of ``count`` signed 32-bit integers."""
    return JsArray(_signed(word) for word in js.memory.read_u32s(address, count))


BUFFER_IMPORTS: Final = ImportTable(
    plain={
        "JsBuffer_get_info": get_info,
        "_pyproxy_get_buffer_result": buffer_result,
        "array_to_js": array_from_memory,
    },
    status={
        "JsvBuffer_assignToPtr": assign_to_pointer,
        "JsvBuffer_assignFromPtr": assign_from_pointer,
        "JsvBuffer_writeToFile": write_to_file,
        "JsvBuffer_readFromFile": read_from_file,
        "JsvBuffer_intoFile": write_to_file,
    },
    value={"JsBuffer_DecodeString_js": decode_string, "_python2js_buffer_inner": convert_buffer},
)
