"""Controllers of readable streams: the queue between a source and a reader (Streams standard, section 4.6)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, ClassVar

from runtime_core.js.buffers import JsArrayBuffer, bytes_view, is_buffer, uint8_array
from runtime_core.js.coded_errors import throw_argument
from runtime_core.js.control import JsThrow
from runtime_core.js.eventloop import value_of
from runtime_core.js.promises import JsPromise
from runtime_core.js.stream_parts import (
    SizedQueue,
    callback,
    check_count,
    done,
    methods,
    promised,
    throw_state,
)
from runtime_core.js.stream_reader import ReadRequest
from runtime_core.js.values import UNDEFINED, JsObject, JsValue, PropertyKey
from runtime_core.js.web_class import WebObject

if TYPE_CHECKING:
    from runtime_core.js.web_stream import ReadableStream

_Algorithm = Callable[..., JsPromise]


class StreamController(WebObject):
    """Fills a stream. ``on_pull`` and ``on_cancel`` are the source's; they return promises."""

    __slots__ = (
        "_again",
        "_pulling",
        "closing",
        "mark",
        "on_cancel",
        "on_pull",
        "queue",
        "size_of",
        "started",
        "stream",
    )

    class_name: ClassVar[str] = "ReadableStreamDefaultController"
    type_tag: ClassVar[str] = "ReadableStreamDefaultController"

    def __init__(self, stream: ReadableStream, mark: float = 1) -> None:
        super().__init__(stream.host)
        self.stream = stream
        self.mark = mark
        self.queue = SizedQueue()
        self.size_of: Callable[[JsValue], JsValue] = lambda _chunk: 1
        self.on_pull: _Algorithm | None = None
        self.on_cancel: _Algorithm | None = None
        self.started = False
        self.closing = False
        self._pulling = False
        self._again = False

    def start(self, outcome: JsPromise) -> None:
        """Begin to pull when the source has started."""

        def begin(_value: JsValue) -> None:
            self.started = True
            self.pull_if_needed()

        outcome.subscribe(begin, self.fail)

    # ---- the source's side

    @property
    def can_continue(self) -> bool:
        """Whether it may be closed and given chunks."""
        return not self.closing and self.stream.state == "readable"

    def check_open(self) -> None:
        """Refuse what is not allowed after the end."""
        if not self.can_continue:
            throw_state("Controller is already closed")

    def desired_size(self) -> float | None:
        """How much more is wanted."""
        if self.stream.state == "errored":
            return None
        return 0 if self.stream.state == "closed" else self.mark - self.queue.total

    def enqueue(self, chunk: JsValue) -> None:
        """Give a chunk to the reader that waits, or keep it."""
        self.check_open()
        reader = self.stream.reader
        if reader is not None and reader.requests:
            reader.requests.popleft().on_chunk(chunk)
        else:
            try:
                self.queue.put(chunk, self.size_of(chunk))
            except (JsThrow, RecursionError) as error:
                self.fail(value_of(error))
                raise
        self.pull_if_needed()

    def close(self) -> None:
        """The end comes after the chunks that are kept."""
        self.check_open()
        self.closing = True
        if not self.queue:
            self._forget_source()
            self.stream.close()

    def fail(self, reason: JsValue) -> None:
        """Break the stream."""
        if self.stream.state == "readable":
            self.queue.clear()
            self._forget_source()
            self.stream.fail(reason)

    def _forget_source(self) -> None:
        self.on_pull = self.on_cancel = None

    def pull_if_needed(self) -> None:
        """Ask the source for more if there is room or somebody waits."""
        if not self._wants_more() or self.on_pull is None:
            return
        if self._pulling:
            self._again = True
            return
        self._pulling = True

        def pulled(_value: JsValue) -> None:
            self._pulling = False
            if self._again:
                self._again = False
                self.pull_if_needed()

        self.on_pull().subscribe(pulled, self.fail)

    def _wants_more(self) -> bool:
        if not self.can_continue or not self.started:
            return False
        reader = self.stream.reader
        return bool(reader is not None and reader.requests) or (self.desired_size() or 0) > 0

    # ---- the stream's side

    def pull(self, request: ReadRequest) -> None:
        """Answer a request from the queue, or let it wait."""
        if self.queue:
            chunk = self.queue.take()
            if self.closing and not self.queue:
                self._forget_source()
                self.stream.close()
            else:
                self.pull_if_needed()
            request.on_chunk(chunk)
            return
        reader = self.stream.reader
        if reader is not None:
            check_count(len(reader.requests))
            reader.requests.append(request)
        self.pull_if_needed()

    def cancel(self, reason: JsValue) -> JsPromise:
        """Tell the source that nobody reads."""
        self.queue.clear()
        action = self.on_cancel
        self._forget_source()
        return done(self.host.loop) if action is None else action(reason)

    def do(self, action: Callable[..., object], *args: JsValue) -> JsValue:
        """Call something that gives nothing."""
        action(*args)
        return UNDEFINED

    GETTERS: ClassVar[Mapping[PropertyKey, Callable[..., JsValue]]] = {"desiredSize": lambda this: this.desired_size()}
    METHODS: ClassVar[Mapping[PropertyKey, Callable[..., JsValue]]] = methods(
        class_name,
        {
            "close": lambda this: this.do(this.close),
            "enqueue": lambda this, chunk=UNDEFINED: this.do(this.enqueue, chunk),
            "error": lambda this, reason=UNDEFINED: this.do(this.fail, reason),
        },
    )
    ANY_RECEIVER: ClassVar[bool] = True


class ByteController(StreamController):
    """Fills a stream with bytes. Buffers of the reader (BYOB) are not offered: ``byobRequest`` is null."""

    __slots__ = ()

    class_name: ClassVar[str] = "ReadableByteStreamController"
    type_tag: ClassVar[str] = "ReadableByteStreamController"

    def __init__(self, stream: ReadableStream) -> None:
        super().__init__(stream, 0)
        self.size_of = lambda chunk: len(bytes_view(chunk))

    def enqueue(self, chunk: JsValue) -> None:
        """Give a chunk to the reader that waits, or keep it."""
        if not is_buffer(chunk) or isinstance(chunk, JsArrayBuffer):
            throw_argument("buffer", "an instance of Buffer, TypedArray, or DataView", chunk)
        if not len(bytes_view(chunk)):
            throw_state("chunk ArrayBuffer is zero-length or detached")
        super().enqueue(uint8_array(bytes(bytes_view(chunk))))  # the source keeps its buffer, and may write to it

    GETTERS: ClassVar[Mapping[PropertyKey, Callable[..., JsValue]]] = {
        "byobRequest": lambda this: None,
        "desiredSize": lambda this: this.desired_size(),
    }
    METHODS: ClassVar[Mapping[PropertyKey, Callable[..., JsValue]]] = methods(
        class_name,
        {
            "close": lambda this: this.do(this.close),
            "enqueue": lambda this, chunk: this.do(this.enqueue, chunk),
            "error": lambda this, reason=UNDEFINED: this.do(this.fail, reason),
        },
    )


def script_source(controller: StreamController, source: JsObject) -> None:
    """Let a script's source fill a stream."""
    loop = controller.host.loop
    start = callback(source, "source", "start")
    pull = callback(source, "source", "pull")
    cancel = callback(source, "source", "cancel")
    if pull is not None:
        controller.on_pull = lambda: promised(loop, lambda: pull(controller))
    if cancel is not None:
        controller.on_cancel = lambda reason: promised(loop, lambda: cancel(reason))
    value = start(controller) if start is not None else UNDEFINED
    controller.start(promised(loop, lambda: value))


def host_source(controller: StreamController, pull: _Algorithm, cancel: _Algorithm) -> None:
    """Let the host fill a stream: for what has no script behind it."""
    controller.on_pull, controller.on_cancel = pull, cancel
    controller.start(done(controller.host.loop))
