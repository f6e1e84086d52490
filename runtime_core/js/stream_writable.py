"""``WritableStream`` with its writer and controller (Streams standard, section 5)."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, ClassVar, Literal

from runtime_core.js.coded_errors import throw_argument
from runtime_core.js.promises import JsPromise
from runtime_core.js.stream_parts import (
    callback,
    check_count,
    done,
    failed,
    high_water_mark,
    methods,
    options_of,
    promised,
    size_function,
    state_error,
    stream_class,
    throw_state,
    throw_value,
)
from runtime_core.js.stream_sink import SinkController
from runtime_core.js.values import UNDEFINED, JsObject, JsValue, PropertyKey
from runtime_core.js.web_class import WebObject

if TYPE_CHECKING:
    from runtime_core.js.host import JsHost


def _get_writer(stream: WritableStream) -> StreamWriter:
    return StreamWriter(stream)


class WritableStream(WebObject):
    """A stream that takes chunks for a sink, one after the other.

    A failure goes through ``erroring``, in which what the sink does is waited for.
    """

    __slots__ = (
        "abort_request",
        "backpressure",
        "close_in_flight",
        "close_request",
        "controller",
        "failure",
        "state",
        "write_in_flight",
        "writer",
        "writes",
    )

    class_name: ClassVar[str] = "WritableStream"
    type_tag: ClassVar[str] = "WritableStream"

    def __init__(self, host: JsHost) -> None:
        super().__init__(host)
        self.state: Literal["writable", "erroring", "errored", "closed"] = "writable"
        self.failure: JsValue = UNDEFINED
        self.writer: StreamWriter | None = None
        self.writes: deque[JsPromise] = deque()
        self.write_in_flight: JsPromise | None = None
        self.close_request: JsPromise | None = None
        self.close_in_flight: JsPromise | None = None
        self.abort_request: tuple[JsPromise, JsValue, bool] | None = None
        self.backpressure = False
        self.controller = SinkController(self)

    @property
    def locked(self) -> bool:
        """Whether it has a writer."""
        return self.writer is not None

    @property
    def is_closing(self) -> bool:
        """Whether its end was asked for."""
        return self.close_request is not None or self.close_in_flight is not None

    # ---- asked for by scripts

    def abort(self, reason: JsValue) -> JsPromise:
        """Give up: what waits is dropped, and the sink told."""
        loop = self.host.loop
        if self.state in ("closed", "errored"):
            return done(loop)
        self.controller.abort_signal(reason)
        if self.state in ("closed", "errored"):
            return done(loop)
        if self.abort_request is not None:
            return self.abort_request[0]
        was_erroring = self.state == "erroring"
        promise = JsPromise(loop)
        self.abort_request = promise, UNDEFINED if was_erroring else reason, was_erroring
        if not was_erroring:
            self.start_erroring(reason)
        return promise

    def close(self, refusal: str) -> JsPromise:
        """End it after what waits."""
        if self.state in ("closed", "errored"):
            throw_state("WritableStream is closed")
        if self.is_closing:
            throw_state(refusal)
        promise = self.close_request = JsPromise(self.host.loop)
        if self.writer is not None and self.backpressure and self.state == "writable":
            self.writer.ready.resolve(UNDEFINED)
        self.controller.close()
        return promise

    def abort_unlocked(self, reason: JsValue) -> JsPromise:
        """``abort(reason)``."""
        if self.locked:
            throw_state("WritableStream is locked")
        return self.abort(reason)

    def close_unlocked(self) -> JsPromise:
        """``close()``."""
        if self.locked:
            throw_state("WritableStream is locked")
        return self.close("Failure closing WritableStream")

    # ---- what happens

    def fail(self, reason: JsValue) -> None:
        """Something went wrong."""
        if self.state == "writable":
            self.start_erroring(reason)
        else:
            self.finish_erroring()

    def start_erroring(self, reason: JsValue) -> None:
        """Writing fails from now on; the sink may still be at work."""
        self.state, self.failure = "erroring", reason
        if self.writer is not None:
            self.writer.fail_ready(reason)
        if not self._in_flight and self.controller.started:
            self.finish_erroring()

    @property
    def _in_flight(self) -> bool:
        return self.write_in_flight is not None or self.close_in_flight is not None

    def finish_erroring(self) -> None:
        """Nothing is at work any more: everything that waits fails."""
        self.state = "errored"
        self.controller.queue.clear()
        writes, self.writes = self.writes, deque()
        for write in writes:
            write.reject(self.failure)
        request, self.abort_request = self.abort_request, None
        if request is None:
            self._reject_closing()
            return
        promise, reason, was_erroring = request
        if was_erroring:
            promise.reject(self.failure)
            self._reject_closing()
            return

        def aborted(_value: JsValue) -> None:
            promise.resolve(UNDEFINED)
            self._reject_closing()

        def not_aborted(error: JsValue) -> None:
            promise.reject(error)
            self._reject_closing()

        self.controller.abort(reason).subscribe(aborted, not_aborted)

    def _reject_closing(self) -> None:
        request, self.close_request = self.close_request, None
        if request is not None:
            request.reject(self.failure)
        if self.writer is not None:
            self.writer.closed.handled = True
            self.writer.closed.reject(self.failure)

    def written(self) -> None:
        """The sink has taken a chunk."""
        promise, self.write_in_flight = self.write_in_flight, None
        if promise is not None:
            promise.resolve(UNDEFINED)

    def not_written(self, reason: JsValue) -> None:
        """The sink has not."""
        promise, self.write_in_flight = self.write_in_flight, None
        if promise is not None:
            promise.reject(reason)
        self.fail(reason)

    def finish_closing(self) -> None:
        """The sink has ended."""
        promise, self.close_in_flight = self.close_in_flight, None
        if promise is not None:
            promise.resolve(UNDEFINED)
        if self.state == "erroring":
            self.failure = UNDEFINED
            if self.abort_request is not None:
                self.abort_request[0].resolve(UNDEFINED)
                self.abort_request = None
        self.state = "closed"
        if self.writer is not None:
            self.writer.closed.resolve(UNDEFINED)

    def not_closed(self, reason: JsValue) -> None:
        """The sink has failed to end."""
        promise, self.close_in_flight = self.close_in_flight, None
        if promise is not None:
            promise.reject(reason)
        if self.abort_request is not None:
            self.abort_request[0].reject(reason)
            self.abort_request = None
        self.fail(reason)

    def update_backpressure(self, *, present: bool) -> None:
        """Let writers wait, or go on."""
        if self.writer is not None and present != self.backpressure:
            if present:
                self.writer.ready = JsPromise(self.host.loop)
            else:
                self.writer.ready.resolve(UNDEFINED)
        self.backpressure = present

    GETTERS: ClassVar[Mapping[PropertyKey, Callable[..., JsValue]]] = {"locked": lambda this: this.locked}
    METHODS: ClassVar[Mapping[PropertyKey, Callable[..., JsValue]]] = methods(
        class_name,
        {
            "abort": lambda this, reason=UNDEFINED: this.abort_unlocked(reason),
            "close": lambda this: this.close_unlocked(),
            "getWriter": _get_writer,
        },
        asynchronous=("abort", "close"),
    )
    ANY_RECEIVER: ClassVar[bool] = True


class StreamWriter(WebObject):
    """The one writer of a locked stream."""

    __slots__ = ("closed", "ready", "stream")

    class_name: ClassVar[str] = "WritableStreamDefaultWriter"
    type_tag: ClassVar[str] = "WritableStreamDefaultWriter"

    def __init__(self, stream: WritableStream) -> None:
        super().__init__(stream.host)
        if stream.locked:
            throw_state("WritableStream is locked")
        self.stream: WritableStream | None = stream
        stream.writer = self
        loop = self.host.loop
        self.ready = done(loop)
        self.closed = JsPromise(loop)
        if stream.state == "writable" and not stream.is_closing and stream.backpressure:
            self.ready = JsPromise(loop)
        elif stream.state == "erroring":
            self.ready = failed(loop, stream.failure)
        elif stream.state == "closed":
            self.closed.resolve(UNDEFINED)
        elif stream.state == "errored":
            self.ready, self.closed = failed(loop, stream.failure), failed(loop, stream.failure)

    def attached(self) -> WritableStream:
        """The stream.

        Raises:
            JsThrow: a TypeError after the lock was released.
        """
        if self.stream is None:
            throw_state("Writer is not bound to a WritableStream")
        return self.stream

    def write(self, chunk: JsValue) -> JsPromise:
        """A promise that the sink has taken a chunk."""
        stream, loop = self.attached(), self.host.loop
        size = stream.controller.chunk_size(chunk)
        if self.stream is not stream:
            throw_state("Mismatched WritableStreams")
        if stream.state == "errored":
            return failed_loudly(stream)
        if stream.is_closing or stream.state == "closed":
            throw_state("WritableStream is closed")
        if stream.state == "erroring":
            return failed_loudly(stream)
        check_count(len(stream.writes))
        promise = JsPromise(loop)
        stream.writes.append(promise)
        stream.controller.write(chunk, size)
        return promise

    def fail_ready(self, reason: JsValue) -> None:
        """There is nothing to wait for any more."""
        if self.ready.is_settled:
            self.ready = failed(self.host.loop, reason)
        else:
            self.ready.handled = True
            self.ready.reject(reason)

    def release(self) -> None:
        """Unlock the stream."""
        stream, self.stream = self.stream, None
        if stream is None:
            return
        error = state_error("Writer has been released")
        self.fail_ready(error)
        if self.closed.is_settled:
            self.closed = failed(self.host.loop, error)
        else:
            self.closed.handled = True
            self.closed.reject(error)
        stream.writer = None

    def release_lock(self) -> JsValue:
        """``releaseLock()``."""
        self.release()
        return UNDEFINED

    def desired_size(self) -> float | None:
        """How much more the stream takes without letting the writer wait."""
        stream = self.attached()
        if stream.state in ("errored", "erroring"):
            return None
        return 0 if stream.state == "closed" else stream.controller.desired_size

    GETTERS: ClassVar[Mapping[PropertyKey, Callable[..., JsValue]]] = {
        "closed": lambda this: this.closed,
        "desiredSize": lambda this: this.desired_size(),
        "ready": lambda this: this.ready,
    }
    METHODS: ClassVar[Mapping[PropertyKey, Callable[..., JsValue]]] = methods(
        class_name,
        {
            "abort": lambda this, reason=UNDEFINED: this.attached().abort(reason),
            "close": lambda this: this.attached().close("Failure to close WritableStream"),
            "releaseLock": lambda this: this.release_lock(),
            "write": lambda this, chunk=UNDEFINED: this.write(chunk),
        },
        asynchronous=("abort", "close", "write"),
    )
    ANY_RECEIVER: ClassVar[bool] = True


def failed_loudly(stream: WritableStream) -> JsPromise:
    """A promise rejected with why a stream failed."""
    promise = JsPromise(stream.host.loop)
    promise.reject(stream.failure)
    return promise


def writable_stream_class(host: JsHost) -> JsValue:
    """``WritableStream``."""

    def construct(sink: JsValue = UNDEFINED, strategy: JsValue = UNDEFINED, *_: JsValue) -> JsValue:
        given, options = options_of(sink, "sink"), options_of(strategy, "strategy")
        kind = given.get("type")
        if kind is not UNDEFINED:
            throw_value("argument 'type'", kind)
        stream = WritableStream(host)
        controller = stream.controller
        controller.mark, controller.size_of = high_water_mark(options, 1), size_function(options)
        _script_sink(controller, given)
        return stream

    return stream_class(WritableStream, construct)


def _script_sink(controller: SinkController, sink: JsObject) -> None:
    loop = controller.host.loop
    start, write, close, abort = (callback(sink, "sink", key) for key in ("start", "write", "close", "abort"))
    if write is not None:
        controller.on_write = lambda chunk: promised(loop, lambda: write(chunk, controller))
    if close is not None:
        controller.on_close = lambda: promised(loop, close)
    if abort is not None:
        controller.on_abort = lambda reason: promised(loop, lambda: abort(reason))
    controller.set_up()
    value = start(controller) if start is not None else UNDEFINED
    controller.start(promised(loop, lambda: value))


def writer_class(host: JsHost) -> JsValue:
    """``WritableStreamDefaultWriter``."""

    def construct(stream: JsValue = UNDEFINED, *_: JsValue) -> JsValue:
        if not isinstance(stream, WritableStream):
            throw_argument("stream", "an instance of WritableStream", stream)
        return StreamWriter(stream)

    del host
    return stream_class(StreamWriter, construct, length=1)
