"""``ReadableStream`` (Streams standard, section 4)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, ClassVar, Final, Literal

from runtime_core.js.buffers import uint8_array
from runtime_core.js.coded_errors import CodedError, throw_argument
from runtime_core.js.control import JsThrow
from runtime_core.js.operators import to_boolean
from runtime_core.js.promises import JsPromise
from runtime_core.js.stream_parts import (
    done,
    failed,
    high_water_mark,
    mapped,
    methods,
    options_of,
    size_function,
    stream_class,
    throw_state,
    throw_value,
)
from runtime_core.js.stream_reader import ReadRequest, StreamIterator, StreamReader
from runtime_core.js.stream_source import ByteController, StreamController, script_source
from runtime_core.js.values import SYMBOL_ASYNC_ITERATOR, UNDEFINED, JsValue, PropertyKey
from runtime_core.js.web_class import WebObject

if TYPE_CHECKING:
    from runtime_core.js.host import JsHost

CHUNK: Final = 65_536
"""Bytes of a chunk of a stream that the host makes."""


def _tee(stream: ReadableStream) -> JsValue:
    from runtime_core.js.stream_pipe import tee_array

    return tee_array(stream)


class ReadableStream(WebObject):
    """A stream of chunks, which its controller makes."""

    __slots__ = ("controller", "disturbed", "failure", "reader", "state")

    class_name: ClassVar[str] = "ReadableStream"
    type_tag: ClassVar[str] = "ReadableStream"

    def __init__(self, host: JsHost) -> None:
        super().__init__(host)
        self.state: Literal["readable", "closed", "errored"] = "readable"
        self.failure: JsValue = UNDEFINED
        self.reader: StreamReader | None = None
        self.disturbed = False
        self.controller = StreamController(self)

    @property
    def locked(self) -> bool:
        """Whether it has a reader."""
        return self.reader is not None

    # ---- what controllers do

    def close(self) -> None:
        """No more chunks will come."""
        self.state = "closed"
        if self.reader is not None:
            self.reader.closed.resolve(UNDEFINED)
            for request in self.reader.take_requests():
                request.on_close()

    def fail(self, reason: JsValue) -> None:
        """Reading fails from now on."""
        self.state, self.failure = "errored", reason
        if self.reader is not None:
            self.reader.closed.handled = True
            self.reader.closed.reject(reason)
            for request in self.reader.take_requests():
                request.on_error(reason)

    # ---- what readers do

    def read(self, request: ReadRequest) -> None:
        """Answer a request, now or later."""
        self.disturbed = True
        if self.state == "closed":
            request.on_close()
        elif self.state == "errored":
            request.on_error(self.failure)
        else:
            self.controller.pull(request)

    def cancel(self, reason: JsValue = UNDEFINED) -> JsPromise:
        """Lose interest."""
        loop = self.host.loop
        self.disturbed = True
        if self.state == "closed":
            return done(loop)
        if self.state == "errored":
            return failed(loop, self.failure)
        self.close()
        return mapped(self.controller.cancel(reason), lambda _: UNDEFINED)

    # ---- what scripts call

    def get_reader(self, options: JsValue = UNDEFINED) -> StreamReader:
        """``getReader()``."""
        mode = options_of(options, "options").get("mode")
        if mode == "byob":
            message = "The argument 'stream' must be a byte stream. Received ReadableStream"
            raise JsThrow(CodedError("TypeError", "ERR_INVALID_ARG_VALUE", f"{message} {self._inspected()}"))
        if mode is not UNDEFINED:
            throw_value("property 'options.mode'", mode, name="TypeError")
        return StreamReader(self)

    def _inspected(self) -> str:
        # Also of streams of bytes: there is no reader here that brings its own buffers.
        locked = "true" if self.locked else "false"
        return f"{{ locked: {locked}, state: '{self.state}', supportsBYOB: false }}"

    def cancel_unlocked(self, reason: JsValue = UNDEFINED) -> JsPromise:
        """``cancel(reason)``."""
        if self.locked:
            throw_state("ReadableStream is locked")
        return self.cancel(reason)

    def iterate_async(self, options: JsValue = UNDEFINED) -> StreamIterator:
        """``values(options)``."""
        keep = to_boolean(options_of(options, "options").get("preventCancel"))
        return StreamIterator(StreamReader(self), prevents_cancel=keep)

    GETTERS: ClassVar[Mapping[PropertyKey, Callable[..., JsValue]]] = {"locked": lambda this: this.locked}
    METHODS: ClassVar[Mapping[PropertyKey, Callable[..., JsValue]]] = methods(
        class_name,
        {
            "cancel": lambda this, reason=UNDEFINED: this.cancel_unlocked(reason),
            "getReader": lambda this, options=UNDEFINED: this.get_reader(options),
            "pipeThrough": lambda this, ends, options=UNDEFINED: _pipe_through(this, ends, options),
            "pipeTo": lambda this, target, options=UNDEFINED: _pipe_to(this, target, options),
            "tee": _tee,
            "values": lambda this, options=UNDEFINED: this.iterate_async(options),
            SYMBOL_ASYNC_ITERATOR: lambda this, options=UNDEFINED: this.iterate_async(options),
        },
        asynchronous=("cancel", "pipeTo"),
    )
    ANY_RECEIVER: ClassVar[bool] = True


def _pipe_to(stream: ReadableStream, target: JsValue, options: JsValue) -> JsValue:
    from runtime_core.js.stream_pipe import pipe_to

    return pipe_to(stream, target, options)


def _pipe_through(stream: ReadableStream, ends: JsValue, options: JsValue) -> JsValue:
    from runtime_core.js.stream_pipe import pipe_through

    return pipe_through(stream, ends, options)


def bytes_stream(host: JsHost, data: bytes) -> ReadableStream:
    """A stream of what the host has."""
    stream = ReadableStream(host)
    stream.controller.started = True
    for start in range(0, len(data), CHUNK):
        stream.controller.enqueue(uint8_array(data[start : start + CHUNK]))
    stream.controller.close()
    return stream


def readable_stream_class(host: JsHost) -> JsValue:
    """``ReadableStream``."""

    def construct(source: JsValue = UNDEFINED, strategy: JsValue = UNDEFINED, *_: JsValue) -> JsValue:
        given, options = options_of(source, "source"), options_of(strategy, "strategy")
        kind = given.get("type")
        stream = ReadableStream(host)
        if kind == "bytes":
            stream.controller = ByteController(stream)
        elif kind is not UNDEFINED:
            throw_value("property 'source.type'", kind, name="TypeError")
        controller = stream.controller
        controller.mark = high_water_mark(options, controller.mark)
        controller.size_of = controller.size_of if kind == "bytes" else size_function(options)
        script_source(controller, given)
        return stream

    return stream_class(ReadableStream, construct, {"from": lambda source: _from(host, source)})


def _from(host: JsHost, source: JsValue) -> JsValue:
    from runtime_core.js.stream_pipe import stream_from

    return stream_from(host, source)


def reader_class(host: JsHost) -> JsValue:
    """``ReadableStreamDefaultReader``."""

    def construct(stream: JsValue = UNDEFINED, *_: JsValue) -> JsValue:
        if not isinstance(stream, ReadableStream):
            throw_argument("stream", "an instance of ReadableStream", stream)
        return StreamReader(stream)

    del host
    return stream_class(StreamReader, construct, length=1)
