"""``Blob`` and ``File`` (File API standard)."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, ClassVar, Final

from runtime_core.js.buffers import JsArrayBuffer, bytes_view, is_buffer, uint8_array
from runtime_core.js.control import JsThrow
from runtime_core.js.errors import JsError, throw_type_error
from runtime_core.js.iteration import bounded
from runtime_core.js.large_values import LARGE_UNITS, note_large
from runtime_core.js.operators import has_method, to_integer, to_string
from runtime_core.js.promises import resolved_promise
from runtime_core.js.values import SYMBOL_ITERATOR, UNDEFINED, JsObject, JsValue, PropertyKey
from runtime_core.js.web_class import WebClass, WebObject

if TYPE_CHECKING:
    from runtime_core.js.host import JsHost

MAX_BYTES: Final = 1 << 30
"""Bytes of a blob, or of the body of a request."""


def _stream(blob: JsBlob) -> JsValue:
    from runtime_core.js.web_stream import bytes_stream

    return bytes_stream(blob.host, blob.data)


def _slice(blob: JsBlob, start: JsValue, end: JsValue, kind: JsValue) -> JsValue:
    size = len(blob.data)
    first, last = _index(start, size, 0), _index(end, size, size)
    return JsBlob(blob.host, blob.data[first:last], _type("" if kind is UNDEFINED else to_string(kind)))


class JsBlob(WebObject):
    """Immutable bytes with a type."""

    __slots__ = ("data", "kind")

    class_name: ClassVar[str] = "Blob"
    type_tag: ClassVar[str] = "Blob"

    def __init__(self, host: JsHost, data: bytes, kind: str = "") -> None:
        super().__init__(host)
        self.data = data
        if len(data) > LARGE_UNITS:
            note_large(self)
        self.kind = kind

    GETTERS: ClassVar[Mapping[PropertyKey, Callable[..., JsValue]]] = {
        "size": lambda this: len(this.data),
        "type": lambda this: this.kind,
    }
    METHODS: ClassVar[Mapping[PropertyKey, Callable[..., JsValue]]] = {
        "arrayBuffer": lambda this: _promise(this, JsArrayBuffer(bytearray(this.data))),
        "bytes": lambda this: _promise(this, uint8_array(this.data)),
        "text": lambda this: _promise(this, decode_text(this.data)),
        "slice": _slice,
        "stream": _stream,
    }


def _promise(blob: JsBlob, value: JsValue) -> JsValue:
    return resolved_promise(blob.host.loop, value)


def decode_text(data: bytes) -> str:
    """Bytes as text: UTF-8, a leading byte order mark dropped, errors replaced."""
    return data.removeprefix(b"\xef\xbb\xbf").decode("utf-8", "replace")


def _index(value: JsValue, size: int, default: int) -> int:
    index = to_integer(value, default)
    return max(0, size + index) if index < 0 else min(index, size)


def _type(text: str) -> str:
    return text.lower() if all(" " <= char <= "~" for char in text) else ""


class JsFile(JsBlob):
    """A Blob with a name."""

    __slots__ = ("name", "time_ms")

    class_name: ClassVar[str] = "File"
    type_tag: ClassVar[str] = "File"

    def __init__(self, host: JsHost, data: bytes, name: str, kind: str = "", time_ms: int | None = None) -> None:
        super().__init__(host, data, kind)
        self.name = name
        self.time_ms = time.time_ns() // 1_000_000 if time_ms is None else time_ms

    GETTERS: ClassVar[Mapping[PropertyKey, Callable[..., JsValue]]] = {
        "name": lambda this: this.name,
        "lastModified": lambda this: this.time_ms,
    }


def _joined(parts: JsValue) -> bytes:
    if not isinstance(parts, JsObject) or not has_method(parts, SYMBOL_ITERATOR):
        throw_type_error("Value cannot be converted to sequence.")
    data = bytearray()
    for part in bounded(parts):
        if isinstance(part, JsBlob):
            data += part.data
        elif is_buffer(part):
            data += bytes_view(part)
        else:
            data += to_string(part).encode("utf-8", "replace")
        if len(data) > MAX_BYTES:
            raise JsThrow(JsError("RangeError", f"Blobs hold at most {MAX_BYTES} bytes"))
    return bytes(data)


def _option(options: JsValue, key: str) -> JsValue:
    return options.get(key) if isinstance(options, JsObject) else UNDEFINED


def blob_class(host: JsHost) -> JsValue:
    """``Blob``."""

    def construct(parts: JsValue = UNDEFINED, options: JsValue = UNDEFINED, *_: JsValue) -> JsValue:
        kind = _option(options, "type")
        data = b"" if parts is UNDEFINED else _joined(parts)
        return JsBlob(host, data, "" if kind is UNDEFINED else _type(to_string(kind)))

    return WebClass(JsBlob, construct)


def file_class(host: JsHost) -> JsValue:
    """``File``."""

    def construct(*args: JsValue) -> JsValue:
        if len(args) < 2:
            message = 'The "fileBits" and "fileName" arguments must be specified'
            error = JsError("TypeError", message, stack=f"TypeError [ERR_MISSING_ARGS]: {message}")
            error.set("code", "ERR_MISSING_ARGS")
            raise JsThrow(error)
        options = args[2] if len(args) > 2 else UNDEFINED
        kind, modified = _option(options, "type"), _option(options, "lastModified")
        return JsFile(
            host,
            _joined(args[0]),
            to_string(args[1]),
            "" if kind is UNDEFINED else _type(to_string(kind)),
            None if modified is UNDEFINED else to_integer(modified),
        )

    return WebClass(JsFile, construct)
