"""Controllers of writable streams: the queue before an underlying sink (Streams standard, section 5.4)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, ClassVar, Final

from runtime_core.js.abort import JsAbortSignal
from runtime_core.js.control import JsThrow
from runtime_core.js.errors import DomError
from runtime_core.js.eventloop import value_of
from runtime_core.js.promises import JsPromise
from runtime_core.js.stream_parts import SizedQueue, done, methods
from runtime_core.js.values import UNDEFINED, JsObject, JsValue, PropertyKey
from runtime_core.js.web_class import WebObject

if TYPE_CHECKING:
    from runtime_core.js.stream_writable import WritableStream

_CLOSE: Final = JsObject()  # stands in a queue for the end

_Algorithm = Callable[..., JsPromise]


class SinkController(WebObject):
    """Gives a stream's chunks to its sink. The algorithms are the sink's; they return promises."""

    __slots__ = ("mark", "on_abort", "on_close", "on_write", "queue", "signal", "size_of", "started", "stream")

    class_name: ClassVar[str] = "WritableStreamDefaultController"
    type_tag: ClassVar[str] = "WritableStreamDefaultController"

    def __init__(self, stream: WritableStream) -> None:
        super().__init__(stream.host)
        loop = self.host.loop
        self.stream = stream
        self.mark: float = 1
        self.queue = SizedQueue()
        self.size_of: Callable[[JsValue], JsValue] | None = None
        self.on_write: _Algorithm = lambda _chunk: done(loop)
        self.on_close: _Algorithm = lambda: done(loop)
        self.on_abort: _Algorithm = lambda _reason: done(loop)
        self.signal = JsAbortSignal(stream.host)
        self.started = False

    @property
    def desired_size(self) -> float:
        """How much more fits before writers wait."""
        return self.mark - self.queue.total

    def set_up(self) -> None:
        """Say whether writers wait from the beginning."""
        self.stream.update_backpressure(present=self.desired_size <= 0)

    def start(self, outcome: JsPromise) -> None:
        """Begin when the sink has started."""

        def begin(_value: JsValue) -> None:
            self.started = True
            self.advance()

        def broken(reason: JsValue) -> None:
            self.started = True
            self.stream.fail(reason)

        outcome.subscribe(begin, broken)

    def chunk_size(self, chunk: JsValue) -> JsValue:
        """How large a chunk counts; a strategy that throws breaks the stream."""
        if self.size_of is None:
            return 1
        try:
            return self.size_of(chunk)
        except (JsThrow, RecursionError) as error:
            self.fail_if_needed(value_of(error))
            return 1

    def write(self, chunk: JsValue, size: JsValue) -> None:
        """Queue a chunk."""
        try:
            self.queue.put(chunk, size)
        except (JsThrow, RecursionError) as error:
            self.fail_if_needed(value_of(error))
            return
        stream = self.stream
        if not stream.is_closing and stream.state == "writable":
            stream.update_backpressure(present=self.desired_size <= 0)
        self.advance()

    def close(self) -> None:
        """Queue the end."""
        self.queue.put_end(_CLOSE)
        self.advance()

    def abort(self, reason: JsValue) -> JsPromise:
        """Tell the sink."""
        action = self.on_abort
        self._forget_sink()
        return action(reason)

    def abort_signal(self, reason: JsValue) -> None:
        """Tell what the sink does at the moment."""
        self.signal.abort(DomError("This operation was aborted", "AbortError") if reason is UNDEFINED else reason)

    def fail_if_needed(self, reason: JsValue) -> None:
        """Break the stream."""
        if self.stream.state == "writable":
            self.fail(reason)

    def fail(self, reason: JsValue) -> None:
        """Break a stream that is in order."""
        self._forget_sink()
        self.stream.start_erroring(reason)

    def _forget_sink(self) -> None:
        loop = self.host.loop
        self.on_write, self.on_abort = (lambda _chunk: done(loop)), (lambda _reason: done(loop))
        self.on_close = lambda: done(loop)
        self.size_of = None

    def advance(self) -> None:
        """Give the sink what is next, unless it is at work."""
        stream = self.stream
        if not self.started or stream.write_in_flight is not None:
            return
        if stream.state == "erroring":
            stream.finish_erroring()
        elif self.queue:
            chunk = self.queue.first()
            if chunk is _CLOSE:
                self._process_close()
            else:
                self._process_write(chunk)

    def _process_close(self) -> None:
        stream = self.stream
        stream.close_in_flight, stream.close_request = stream.close_request, None
        self.queue.take()
        closed = self.on_close()
        self._forget_sink()
        closed.subscribe(lambda _: stream.finish_closing(), stream.not_closed)

    def _process_write(self, chunk: JsValue) -> None:
        stream = self.stream
        stream.write_in_flight = stream.writes.popleft()

        def written(_value: JsValue) -> None:
            stream.written()
            self.queue.take()
            if not stream.is_closing and stream.state == "writable":
                stream.update_backpressure(present=self.desired_size <= 0)
            self.advance()

        def broken(reason: JsValue) -> None:
            if stream.state == "writable":
                self._forget_sink()
            stream.not_written(reason)

        self.on_write(chunk).subscribe(written, broken)

    def script_error(self, reason: JsValue) -> JsValue:
        """``error(reason)``."""
        self.fail_if_needed(reason)
        return UNDEFINED

    GETTERS: ClassVar[Mapping[PropertyKey, Callable[..., JsValue]]] = {"signal": lambda this: this.signal}
    METHODS: ClassVar[Mapping[PropertyKey, Callable[..., JsValue]]] = methods(
        class_name, {"error": lambda this, reason=UNDEFINED: this.script_error(reason)}
    )
    ANY_RECEIVER: ClassVar[bool] = True
