"""Readers of readable streams, and iteration over these (Streams standard, sections 4.2 and 4.3)."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from runtime_core.js.iteration import iterator_result
from runtime_core.js.promises import JsPromise, resolved_promise
from runtime_core.js.stream_parts import check_count, failed, mapped, methods, state_error, throw_state
from runtime_core.js.values import SYMBOL_ASYNC_ITERATOR, UNDEFINED, JsObject, JsValue, PropertyKey
from runtime_core.js.web_class import WebObject

if TYPE_CHECKING:
    from runtime_core.js.web_stream import ReadableStream


@dataclass(frozen=True, kw_only=True, slots=True)
class ReadRequest:
    """What to do with the next chunk, the end or the failure of a stream: one of them, once."""

    on_chunk: Callable[[JsValue], object]
    on_close: Callable[[], object]
    on_error: Callable[[JsValue], object]


class StreamReader(WebObject):
    """The one reader of a locked stream."""

    __slots__ = ("closed", "requests", "stream")

    class_name: ClassVar[str] = "ReadableStreamDefaultReader"
    type_tag: ClassVar[str] = "ReadableStreamDefaultReader"

    def __init__(self, stream: ReadableStream) -> None:
        super().__init__(stream.host)
        if stream.locked:
            throw_state("ReadableStream is locked")
        loop = self.host.loop
        self.stream: ReadableStream | None = stream
        self.requests: deque[ReadRequest] = deque()
        self.closed = JsPromise(loop)
        stream.reader = self
        if stream.state == "closed":
            self.closed.resolve(UNDEFINED)
        elif stream.state == "errored":
            self.closed = failed(loop, stream.failure)

    def take_requests(self) -> deque[ReadRequest]:
        """The requests that wait; none wait any more."""
        taken, self.requests = self.requests, deque()
        return taken

    def attached(self) -> ReadableStream:
        """The stream.

        Raises:
            JsThrow: a TypeError after the lock was released.
        """
        if self.stream is None:
            throw_state("The reader is not attached to a stream")
        return self.stream

    def read(self) -> JsPromise:
        """A promise of the next iterator result."""
        promise = JsPromise(self.host.loop)
        check_count(len(self.requests))
        self.attached().read(
            ReadRequest(
                on_chunk=lambda chunk: promise.resolve(iterator_result(done=False, value=chunk)),
                on_close=lambda: promise.resolve(iterator_result(done=True, value=UNDEFINED)),
                on_error=promise.reject,
            )
        )
        return promise

    def release(self) -> None:
        """Unlock the stream; what waits for it fails."""
        stream, self.stream = self.stream, None
        if stream is None:
            return
        error = state_error("Reader released")
        if stream.state == "readable":
            self.closed.handled = True
            self.closed.reject(error)
        else:
            self.closed = failed(self.host.loop, error)
        stream.reader = None
        for request in self.take_requests():
            request.on_error(state_error("Releasing reader"))

    def release_lock(self) -> JsValue:
        """``releaseLock()``."""
        self.release()
        return UNDEFINED

    GETTERS: ClassVar[Mapping[PropertyKey, Callable[..., JsValue]]] = {"closed": lambda this: this.closed}
    METHODS: ClassVar[Mapping[PropertyKey, Callable[..., JsValue]]] = methods(
        class_name,
        {
            "read": lambda this: this.read(),
            "releaseLock": lambda this: this.release_lock(),
            "cancel": lambda this, reason=UNDEFINED: this.attached().cancel(reason),
        },
        asynchronous=("read", "cancel"),
    )
    ANY_RECEIVER: ClassVar[bool] = True


class StreamIterator(JsObject):
    """Async iteration of a stream; requests are answered one after the other."""

    __slots__ = ("_finished", "_last", "_prevents_cancel", "_reader")

    class_name: ClassVar[str] = "ReadableStreamAsyncIterator"
    type_tag: ClassVar[str] = "ReadableStream AsyncIterator"

    def __init__(self, reader: StreamReader, *, prevents_cancel: bool = False) -> None:
        super().__init__()
        self._reader = reader
        self._prevents_cancel = prevents_cancel
        self._finished = False
        self._last: JsPromise | None = None

    def _queue(self, request: Callable[[], JsPromise]) -> JsPromise:
        """Start a request when the one before it is answered."""
        if self._last is None or self._last.is_settled:
            self._last = request()
            return self._last
        result = JsPromise(self._reader.host.loop)
        self._last.subscribe(lambda _: result.resolve(request()), lambda _: result.resolve(request()))
        self._last = result
        return result

    def next(self) -> JsPromise:
        """``next()``."""
        return self._queue(self._next)

    def _next(self) -> JsPromise:
        promise = JsPromise(self._reader.host.loop)

        def close() -> None:
            self._finish()
            promise.resolve(iterator_result(done=True, value=UNDEFINED))

        def fail(reason: JsValue) -> None:
            self._finish()
            promise.reject(reason)

        stream = self._reader.stream
        if self._finished or stream is None:
            close()
        else:
            stream.read(
                ReadRequest(
                    on_chunk=lambda chunk: promise.resolve(iterator_result(done=False, value=chunk)),
                    on_close=close,
                    on_error=fail,
                )
            )
        return promise

    def _finish(self) -> None:
        self._finished = True
        self._reader.release()

    def finish(self, value: JsValue) -> JsPromise:
        """``return``: the stream is cancelled."""
        return self._queue(lambda: self._return(value))

    def _return(self, value: JsValue) -> JsPromise:
        result = iterator_result(done=True, value=value)
        stream = self._reader.stream
        if self._finished or stream is None:
            return resolved_promise(self._reader.host.loop, result)
        if self._prevents_cancel:
            self._finish()
            return resolved_promise(self._reader.host.loop, result)
        cancelled = stream.cancel(value)
        self._finish()
        return mapped(cancelled, lambda _: result)

    METHODS: ClassVar[Mapping[PropertyKey, Callable[..., JsValue]]] = {
        "next": lambda this: this.next(),
        "return": lambda this, value: this.finish(value),
        SYMBOL_ASYNC_ITERATOR: lambda this: this,
    }
