"""Bodies of requests and responses: what they are made of, and reading them (Fetch standard, section 5.2)."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from runtime_core.js import json_text
from runtime_core.js.buffers import JsArrayBuffer, bytes_view, is_buffer, is_detached, uint8_array
from runtime_core.js.control import JsThrow
from runtime_core.js.errors import JsError, throw_type_error
from runtime_core.js.operators import to_string
from runtime_core.js.promises import JsPromise
from runtime_core.js.stream_reader import ReadRequest, StreamReader
from runtime_core.js.values import UNDEFINED, JsObject, JsValue, PropertyKey
from runtime_core.js.web_blob import MAX_BYTES, JsBlob, decode_text
from runtime_core.js.web_class import WebObject
from runtime_core.js.web_form import JsFormData, decode_multipart, decode_urlencoded, encode_multipart
from runtime_core.js.web_headers import JsHeaders
from runtime_core.js.web_stream import ReadableStream, bytes_stream

if TYPE_CHECKING:
    from runtime_core.js.host import JsHost

_BOUNDARY: Final = re.compile(r';\s*boundary="?([^";]{1,200})"?', re.IGNORECASE)
_USED: Final = "Body is unusable: Body has already been read"


@dataclass(frozen=True, slots=True)
class BodyInit:
    """A body: bytes, or a script's stream, and the content type that goes with it."""

    data: bytes | None = None
    stream: ReadableStream | None = None
    content_type: str | None = None

    @property
    def is_null(self) -> bool:
        """Whether there is no body at all."""
        return self.data is None and self.stream is None


def extract(value: JsValue) -> BodyInit:
    """The body that a value given as ``body`` means."""
    if value is None or value is UNDEFINED:
        return BodyInit()
    if isinstance(value, JsBlob):
        return BodyInit(value.data, None, value.kind or None)
    if is_buffer(value):
        return BodyInit(bytes(bytes_view(value)))
    if isinstance(value, JsFormData):
        data, boundary = encode_multipart(value)
        return BodyInit(data, None, f"multipart/form-data; boundary={boundary}")
    if isinstance(value, ReadableStream):
        if value.locked or value.disturbed:
            throw_type_error("Response body object should not be disturbed or locked")
        return BodyInit(None, value)
    kind = "text/plain;charset=UTF-8"
    if isinstance(value, JsObject) and value.class_name == "URLSearchParams":
        kind = "application/x-www-form-urlencoded;charset=UTF-8"
    return BodyInit(to_string(value).encode("utf-8", "replace"), None, kind)


class JsBody(WebObject):
    """What Request and Response have in common."""

    __slots__ = ("_used", "data", "headers", "stream")

    def __init__(self, host: JsHost, body: BodyInit, headers: JsHeaders) -> None:
        super().__init__(host)
        self.data = body.data
        self.stream = body.stream
        self.headers = headers
        self._used = False
        if body.content_type is not None and headers.list.get("content-type") is None:
            headers.list.append("content-type", body.content_type)

    @property
    def is_null(self) -> bool:
        """Whether there is no body."""
        return self.data is None and self.stream is None

    @property
    def used(self) -> bool:
        """Whether the body was read from."""
        return self._used if self.stream is None else self._used or self.stream.disturbed

    @property
    def usable(self) -> bool:
        """Whether the body can be read."""
        return not self.used and not (self.stream is not None and self.stream.locked)

    def body_stream(self) -> JsValue:
        """The ``body`` property."""
        if self.stream is None:
            if self.data is None:
                return None
            self.stream = bytes_stream(self.host, b"" if self._used else self.data)
        return self.stream

    def copied_body(self, where: str) -> BodyInit:
        """The body for a clone."""
        if not self.usable:
            throw_type_error(f"{where}: Body has already been consumed.")
        if self.data is None and self.stream is not None:
            from runtime_core.js.stream_pipe import tee

            self.stream, copy = tee(self.stream)
            return BodyInit(None, copy)
        return BodyInit(self.data)

    def take_body(self) -> BodyInit:
        """The body for another object; this one's is used from then on."""
        body = BodyInit(self.data, None if self.data is not None else self.stream)
        self._used = True
        return body

    def consume(self, convert: Callable[[bytes], JsValue]) -> JsPromise:
        """A promise of the whole body, converted."""
        promise = JsPromise(self.host.loop)

        def finish(data: bytes) -> None:
            try:
                promise.resolve(convert(data))
            except JsThrow as thrown:
                promise.reject(thrown.value)

        if not self.usable:
            promise.reject(JsError("TypeError", _USED))
        elif self.data is not None or self.stream is None:
            self._used = self.data is not None
            if self.stream is not None:
                self.stream.disturbed = True
            finish(self.data or b"")
        else:
            self._used = True
            _drain(self.stream, finish, promise)
        return promise

    def read_blob(self, data: bytes) -> JsValue:
        """The body as a Blob of the content type."""
        kind = self.headers.list.get("content-type") or ""
        return JsBlob(self.host, data, re.sub(r";\s*", ";", kind.lower()) if kind.isascii() else "")

    def read_form(self, data: bytes) -> JsFormData:
        """The body as FormData."""
        kind = self.headers.list.get("content-type") or ""
        essence = kind.partition(";")[0].strip().lower()
        if essence == "application/x-www-form-urlencoded":
            return decode_urlencoded(self.host, data)
        if essence == "multipart/form-data":
            boundary = _BOUNDARY.search(kind)
            form = None if boundary is None else decode_multipart(self.host, data, boundary[1])
            if form is not None:
                return form
            throw_type_error("Failed to parse body as FormData.")
        message = 'Content-Type was not one of "multipart/form-data" or "application/x-www-form-urlencoded".'
        raise JsThrow(JsError("TypeError", message))


BODY_GETTERS: Final[Mapping[PropertyKey, Callable[..., JsValue]]] = {
    "body": lambda this: this.body_stream(),
    "bodyUsed": lambda this: this.used,
    "headers": lambda this: this.headers,
}
BODY_METHODS: Final[Mapping[PropertyKey, Callable[..., JsValue]]] = {
    "arrayBuffer": lambda this: this.consume(lambda data: JsArrayBuffer(bytearray(data))),
    "blob": lambda this: this.consume(this.read_blob),
    "bytes": lambda this: this.consume(uint8_array),
    "formData": lambda this: this.consume(this.read_form),
    "json": lambda this: this.consume(lambda data: json_text.parse(decode_text(data))),
    "text": lambda this: this.consume(decode_text),
}


def _drain(stream: ReadableStream, finish: Callable[[bytes], None], promise: JsPromise) -> None:
    """Collect what a stream gives: chunks of bytes."""
    reader = StreamReader(stream)
    data = bytearray()

    def take(chunk: JsValue) -> None:
        if not isinstance(chunk, JsObject) or chunk.class_name != "Uint8Array":
            fail("Received non-Uint8Array chunk")
        elif is_detached(chunk):
            fail("Cannot perform %TypedArray%.prototype.set on a detached ArrayBuffer")
        elif len(data) + len(bytes_view(chunk)) > MAX_BYTES:
            fail(f"a body has at most {MAX_BYTES} bytes")
        else:
            data.extend(bytes_view(chunk))
            stream.host.loop.queue_microtask(step)

    def fail(message: str) -> None:
        error = JsError("TypeError", message)
        promise.reject(error)
        if reader.stream is not None:
            reader.stream.cancel(error).handled = True

    def step() -> None:
        stream.read(ReadRequest(on_chunk=take, on_close=lambda: finish(bytes(data)), on_error=promise.reject))

    step()
