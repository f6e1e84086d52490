"""``ReadableStream`` with its default reader and controller (Streams standard), as far as bodies need it."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, ClassVar, Final

from runtime_core.js.buffers import uint8_array
from runtime_core.js.control import JsThrow
from runtime_core.js.errors import JsError, throw_type_error
from runtime_core.js.functions import JsFunction, NativeFunction
from runtime_core.js.iteration import iterator_result
from runtime_core.js.promises import JsPromise, resolved_promise
from runtime_core.js.values import SYMBOL_ASYNC_ITERATOR, UNDEFINED, JsObject, JsValue, PropertyKey
from runtime_core.js.web_class import WebClass, WebObject

if TYPE_CHECKING:
    from runtime_core.js.host import JsHost

CHUNK: Final = 65_536
"""Bytes of a chunk of a stream that the host makes."""
_MAX_QUEUE: Final = 1 << 20


class ReadableStream(WebObject):
    """A stream of chunks: of bytes that the host has, or of what a script's source gives."""

    __slots__ = ("_cancel", "_closing", "_failure", "_pull", "_pulling", "_queue", "_waiting", "disturbed", "locked")

    class_name: ClassVar[str] = "ReadableStream"
    type_tag: ClassVar[str] = "ReadableStream"

    def __init__(self, host: JsHost, data: bytes | None = None) -> None:
        super().__init__(host)
        self._queue: deque[JsValue] = deque()
        self._waiting: deque[JsPromise] = deque()
        self._failure: JsThrow | None = None
        self._closing = data is not None
        self._pull: Callable[[], JsValue] | None = None
        self._cancel: Callable[[JsValue], JsValue] | None = None
        self._pulling = False
        self.disturbed = False
        self.locked = False
        for start in range(0, len(data or b""), CHUNK):
            self._queue.append(uint8_array((data or b"")[start : start + CHUNK]))

    def attach(self, source: JsObject) -> None:
        """Let a script's source feed the stream."""
        controller = Controller(self)

        def method(name: str) -> Callable[..., JsValue] | None:
            function = source.get(name)
            return (lambda *args: function.call(source, args)) if isinstance(function, JsFunction) else None

        pull = method("pull")
        self._cancel = method("cancel")
        start = method("start")
        if start is not None:
            start(controller)
        if pull is not None:
            self._pull = lambda: pull(controller)

    # ---- what controllers do

    def enqueue(self, chunk: JsValue) -> None:
        """Add a chunk."""
        if self._closing or self._failure is not None:
            throw_type_error("Invalid state: Controller is already closed")
        if self._waiting:
            self._waiting.popleft().resolve(iterator_result(done=False, value=chunk))
        elif len(self._queue) >= _MAX_QUEUE:
            throw_type_error("the stream holds too many chunks")
        else:
            self._queue.append(chunk)

    def finish(self) -> None:
        """No more chunks will come."""
        self._closing = True
        while self._waiting and not self._queue:
            self._waiting.popleft().resolve(iterator_result(done=True, value=UNDEFINED))

    def fail(self, reason: JsValue) -> None:
        """Reading fails from now on."""
        self._queue.clear()
        self._failure = JsThrow(reason)
        while self._waiting:
            self._waiting.popleft().reject(reason)

    # ---- what readers do

    def read(self) -> JsPromise:
        """A promise of the next iterator result."""
        self.disturbed = True
        promise = JsPromise(self.host.loop)
        if self._failure is not None:
            promise.reject(self._failure.value)
        elif self._queue:
            promise.resolve(iterator_result(done=False, value=self._queue.popleft()))
        elif self._closing:
            promise.resolve(iterator_result(done=True, value=UNDEFINED))
        else:
            self._waiting.append(promise)
            self._ask()
        return promise

    def _ask(self) -> None:
        """Let the source make a chunk; again, as long as somebody waits."""
        if self._pull is None or self._pulling:
            return
        self._pulling = True

        def asked(_value: JsValue) -> JsValue:
            self._pulling = False
            if self._waiting and not self._closing:
                self._ask()
            return UNDEFINED

        def failed(reason: JsValue) -> JsValue:
            self.fail(reason)
            return UNDEFINED

        try:
            outcome = self._pull()
        except JsThrow as thrown:
            self.fail(thrown.value)
            return
        resolved_promise(self.host.loop, outcome).then(NativeFunction(asked), NativeFunction(failed))

    def cancel(self, reason: JsValue = UNDEFINED) -> JsPromise:
        """Lose interest."""
        self.disturbed = True
        self._queue.clear()
        self.finish()
        return resolved_promise(self.host.loop, self._cancel(reason) if self._cancel is not None else UNDEFINED)

    def get_reader(self) -> Reader:
        """``getReader()``."""
        return Reader(self)

    def cancel_unlocked(self, reason: JsValue) -> JsPromise:
        """``cancel(reason)``."""
        return _rejected(self.host, "Invalid state: ReadableStream is locked") if self.locked else self.cancel(reason)

    GETTERS: ClassVar[Mapping[PropertyKey, Callable[..., JsValue]]] = {"locked": lambda this: this.locked}
    METHODS: ClassVar[Mapping[PropertyKey, Callable[..., JsValue]]] = {
        "getReader": lambda this: this.get_reader(),
        "cancel": lambda this, reason: this.cancel_unlocked(reason),
        "values": lambda this: StreamIterator(this.get_reader()),
        SYMBOL_ASYNC_ITERATOR: lambda this: StreamIterator(this.get_reader()),
    }


def _rejected(host: JsHost, message: str) -> JsPromise:
    promise = JsPromise(host.loop)
    promise.reject(JsError("TypeError", message))
    return promise


class Controller(WebObject):
    """What a source's functions get."""

    __slots__ = ("_stream",)

    class_name: ClassVar[str] = "ReadableStreamDefaultController"
    type_tag: ClassVar[str] = "ReadableStreamDefaultController"

    def __init__(self, stream: ReadableStream) -> None:
        super().__init__(stream.host)
        self._stream = stream

    def _do(self, action: str, value: JsValue) -> JsValue:
        if action == "close":
            self._stream.finish()
        else:
            (self._stream.enqueue if action == "enqueue" else self._stream.fail)(value)
        return UNDEFINED

    METHODS: ClassVar[Mapping[PropertyKey, Callable[..., JsValue]]] = {
        "enqueue": lambda this, chunk: this._do("enqueue", chunk),
        "close": lambda this: this._do("close", UNDEFINED),
        "error": lambda this, reason: this._do("error", reason),
    }


class Reader(WebObject):
    """The one reader of a locked stream."""

    __slots__ = ("stream",)

    class_name: ClassVar[str] = "ReadableStreamDefaultReader"
    type_tag: ClassVar[str] = "ReadableStreamDefaultReader"

    def __init__(self, stream: ReadableStream) -> None:
        super().__init__(stream.host)
        if stream.locked:
            throw_type_error("Invalid state: ReadableStream is locked")
        stream.locked = True
        self.stream: ReadableStream | None = stream

    def read(self) -> JsPromise:
        """A promise of the next iterator result."""
        if self.stream is None:
            return _rejected(self.host, "Invalid state: The reader is not attached to a stream")
        return self.stream.read()

    def release(self) -> JsValue:
        """Unlock the stream."""
        if self.stream is not None:
            self.stream.locked = False
            self.stream = None
        return UNDEFINED

    def cancel(self, reason: JsValue) -> JsPromise:
        """Lose interest in the stream."""
        if self.stream is None:
            return _rejected(self.host, "Invalid state: The reader is not attached to a stream")
        return self.stream.cancel(reason)

    METHODS: ClassVar[Mapping[PropertyKey, Callable[..., JsValue]]] = {
        "read": lambda this: this.read(),
        "releaseLock": lambda this: this.release(),
        "cancel": lambda this, reason: this.cancel(reason),
    }


class StreamIterator(WebObject):
    """Async iteration of a stream."""

    __slots__ = ("_reader",)

    class_name: ClassVar[str] = "ReadableStreamAsyncIterator"
    type_tag: ClassVar[str] = "ReadableStreamAsyncIterator"

    def __init__(self, reader: Reader) -> None:
        super().__init__(reader.host)
        self._reader = reader

    def finish(self, value: JsValue) -> JsPromise:
        """``return``: the stream is cancelled."""
        stream = self._reader.stream
        if stream is not None:
            stream.cancel(value)
            self._reader.release()
        return resolved_promise(self.host.loop, iterator_result(done=True, value=value))

    METHODS: ClassVar[Mapping[PropertyKey, Callable[..., JsValue]]] = {
        "next": lambda this: this._reader.read(),
        "return": lambda this, value: this.finish(value),
        SYMBOL_ASYNC_ITERATOR: lambda this: this,
    }


def readable_stream_class(host: JsHost) -> JsValue:
    """``ReadableStream``."""

    def construct(source: JsValue = UNDEFINED, *_: JsValue) -> JsValue:
        stream = ReadableStream(host)
        if isinstance(source, JsObject):
            stream.attach(source)
        return stream

    return WebClass(ReadableStream, construct)
