"""Imports for buffers: between JavaScript's array buffers, guest memory and files."""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING, Final

from runtime_core.emscripten.errno import Errno
from runtime_core.js.buffers import ELEMENT_TYPES, byte_length, bytes_view, is_detached
from runtime_core.js.control import JsThrow
from runtime_core.js.core_imports import DTYPES
from runtime_core.js.errors import JsError
from runtime_core.js.operators import constructor_name
from runtime_core.js.pybuffer import array_from_memory, buffer_result, convert_buffer
from runtime_core.js.registry import ImportTable
from runtime_core.js.strings import read_utf8
from runtime_core.js.text import new_text_decoder
from runtime_core.js.values import ERROR, UNDEFINED, JsObject, JsValue

if TYPE_CHECKING:
    from runtime_core.js.host import JsHost

_UNTYPED: Final = ("DataView", "ArrayBuffer")
_CODES: Final = {
    **{name: element.code for name, element in ELEMENT_TYPES.items() if element.code in DTYPES},
    **dict.fromkeys(_UNTYPED, "B"),
}


def datatype(js: JsHost, value: JsValue) -> tuple[int, int, bool]:
    """Format string, item size and whether element types must match, for the guest's view of a buffer."""
    kind = constructor_name(value)
    code = _CODES.get(kind)
    if code is None:
        return 0, 0, False
    return js.dtypes_address + 2 * DTYPES.index(code), struct.calcsize("=" + code), kind not in _UNTYPED


def get_info(js: JsHost, value: JsValue, length_at: int, format_at: int, size_at: int, checked_at: int) -> None:
    """Describe a buffer to C."""
    address, size, checked = datatype(js, value)
    js.memory.write_u32(length_at, byte_length(value))
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


def decode_string(js: JsHost, value: JsValue, label: int) -> JsValue:
    """Decode a buffer as text; the sentinel (no exception) where the bytes are malformed."""
    options = JsObject({"fatal": True, "ignoreBOM": True})
    decoder = new_text_decoder(read_utf8(js.memory, label) if label else UNDEFINED, options)
    try:
        return decoder.decode(b"" if is_detached(value) else bytes(bytes_view(value)))
    except JsThrow as thrown:
        if isinstance(thrown.value, JsError) and thrown.value.error_name == "TypeError":
            return ERROR
        raise


def _errno_error(error: Errno) -> JsThrow:
    """What Emscripten's file system throws: an object that is no Error."""
    return JsThrow(JsObject({"name": "ErrnoError", "errno": int(error.code)}))


def write_to_file(js: JsHost, value: JsValue, fd: int) -> int:
    """Write a buffer to an open file of the guest."""
    try:
        js.emscripten.files.get(fd).write(bytes(bytes_view(value)))
    except Errno as error:
        raise _errno_error(error) from None
    return 0


def read_from_file(js: JsHost, value: JsValue, fd: int) -> int:
    """Fill a buffer from an open file of the guest."""
    view = bytes_view(value)
    try:
        data = js.emscripten.files.get(fd).read(len(view))
    except Errno as error:
        raise _errno_error(error) from None
    view[: len(data)] = data
    return 0


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
