"""``TransformStream`` (Streams standard, section 6)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, ClassVar

from runtime_core.js.control import JsThrow
from runtime_core.js.eventloop import value_of
from runtime_core.js.promises import JsPromise
from runtime_core.js.stream_parts import (
    Callback,
    callback,
    high_water_mark,
    mapped,
    methods,
    options_of,
    promised,
    size_function,
    state_error,
    stream_class,
    throw_state,
    throw_value,
)
from runtime_core.js.stream_writable import WritableStream
from runtime_core.js.values import UNDEFINED, JsObject, JsValue, PropertyKey
from runtime_core.js.web_class import WebObject
from runtime_core.js.web_stream import ReadableStream

if TYPE_CHECKING:
    from runtime_core.js.host import JsHost


class TransformStream(WebObject):
    """A pair of streams: what is written to one is read from the other, transformed."""

    __slots__ = ("backpressure", "backpressure_change", "controller", "readable", "writable")

    class_name: ClassVar[str] = "TransformStream"
    type_tag: ClassVar[str] = "TransformStream"

    def __init__(self, host: JsHost) -> None:
        super().__init__(host)
        self.readable = ReadableStream(host)
        self.writable = WritableStream(host)
        self.backpressure = True
        self.backpressure_change = JsPromise(host.loop)
        self.controller = TransformController(self)

    def connect(self, started: JsPromise) -> None:
        """Join the ends; both begin when the transformer has started."""
        sink, source = self.writable.controller, self.readable.controller
        sink.on_write, sink.on_close, sink.on_abort = self._write, self._close, self._abort
        source.on_pull, source.on_cancel = self._pull, self._cancel
        sink.set_up()
        sink.start(started)
        source.start(started)

    def set_backpressure(self, *, present: bool) -> None:
        """Note whether the readable end wants chunks."""
        self.backpressure_change.resolve(UNDEFINED)
        self.backpressure_change = JsPromise(self.host.loop)
        self.backpressure = present

    def fail(self, reason: JsValue) -> None:
        """Break both ends."""
        self.readable.controller.fail(reason)
        self.fail_writable(reason)

    def fail_writable(self, reason: JsValue) -> None:
        """Break the writable end, and let nobody wait there."""
        self.controller.forget_transformer()
        self.writable.controller.fail_if_needed(reason)
        self.unblock_write()

    def unblock_write(self) -> None:
        """Let a write go on that waits for the readable end."""
        if self.backpressure:
            self.set_backpressure(present=False)

    # ---- the sink's algorithms

    def _write(self, chunk: JsValue) -> JsPromise:
        if not self.backpressure:
            return self.controller.perform(chunk)

        def go_on(_value: JsValue) -> JsValue:
            if self.writable.state == "erroring":
                raise JsThrow(self.writable.failure)
            return self.controller.perform(chunk)

        return mapped(self.backpressure_change, go_on)

    def _close(self) -> JsPromise:
        def flushed() -> None:
            if self.readable.controller.can_continue:
                self.readable.controller.close()

        return self.controller.finish(self.controller.flush, flushed, self.readable.controller.fail)

    def _abort(self, reason: JsValue) -> JsPromise:
        def cancelled() -> None:
            self.readable.controller.fail(reason)

        return self.controller.finish(
            lambda: self.controller.cancel(reason), cancelled, self.readable.controller.fail, of_readable=True
        )

    # ---- the source's algorithms

    def _pull(self) -> JsPromise:
        self.set_backpressure(present=False)
        return self.backpressure_change

    def _cancel(self, reason: JsValue) -> JsPromise:
        def cancelled() -> None:
            self.writable.controller.fail_if_needed(reason)
            self.unblock_write()

        def broken(error: JsValue) -> None:
            self.writable.controller.fail_if_needed(error)
            self.unblock_write()

        return self.controller.finish(lambda: self.controller.cancel(reason), cancelled, broken, of_readable=False)

    GETTERS: ClassVar[Mapping[PropertyKey, Callable[..., JsValue]]] = {
        "readable": lambda this: this.readable,
        "writable": lambda this: this.writable,
    }


class TransformController(WebObject):
    """What a transformer's functions get."""

    __slots__ = ("_cancel", "_finished", "_flush", "_stream", "_transform")

    class_name: ClassVar[str] = "TransformStreamDefaultController"
    type_tag: ClassVar[str] = "TransformStreamDefaultController"

    def __init__(self, stream: TransformStream) -> None:
        super().__init__(stream.host)
        self._stream = stream
        self._finished: JsPromise | None = None
        self._transform: Callback | None = None
        self._flush: Callback | None = None
        self._cancel: Callback | None = None

    def use(self, transformer: JsObject) -> Callback | None:
        """Take the functions of a transformer; returns ``start``."""
        start = callback(transformer, "transformer", "start")
        self._transform = callback(transformer, "transformer", "transform")
        self._flush = callback(transformer, "transformer", "flush")
        self._cancel = callback(transformer, "transformer", "cancel")
        return start

    def forget_transformer(self) -> None:
        """It is not called any more."""
        self._transform = self._flush = self._cancel = None

    def perform(self, chunk: JsValue) -> JsPromise:
        """Transform a chunk; without a transformer it passes as it is."""

        def action() -> JsValue:
            if self._transform is not None:
                return self._transform(chunk, self)
            self.enqueue(chunk)
            return UNDEFINED

        result = JsPromise(self.host.loop)

        def broken(reason: JsValue) -> None:
            self._stream.fail(reason)
            result.reject(reason)

        promised(self.host.loop, action).subscribe(lambda _: result.resolve(UNDEFINED), broken)
        return result

    def flush(self) -> JsValue:
        """Call the transformer's ``flush``."""
        return UNDEFINED if self._flush is None else self._flush(self)

    def cancel(self, reason: JsValue) -> JsValue:
        """Call the transformer's ``cancel``."""
        return UNDEFINED if self._cancel is None else self._cancel(reason)

    def finish(
        self,
        action: Callable[[], JsValue],
        after: Callable[[], None],
        broken: Callable[[JsValue], None],
        *,
        of_readable: bool | None = None,
    ) -> JsPromise:
        """End the transformer, once, with ``action``, and then the other end with ``after``.

        ``of_readable`` is which end may be broken meanwhile: the readable one when the writable one was aborted, the
        writable one when the readable one was cancelled.
        """
        if self._finished is not None:
            return self._finished
        stream = self._stream
        promise = self._finished = JsPromise(self.host.loop)
        outcome = promised(self.host.loop, action)
        self.forget_transformer()

        def ended(_value: JsValue) -> None:
            end = stream.writable if of_readable is False else stream.readable
            if end.state == "errored":
                promise.reject(end.failure)
                return
            try:
                after()
            except JsThrow as thrown:
                promise.reject(thrown.value)
                return
            promise.resolve(UNDEFINED)

        def not_ended(reason: JsValue) -> None:
            broken(reason)
            promise.reject(reason)

        outcome.subscribe(ended, not_ended)
        return promise

    def enqueue(self, chunk: JsValue) -> None:
        """Give a chunk to the readable end."""
        stream = self._stream
        source = stream.readable.controller
        if not source.can_continue:
            throw_state("Unable to enqueue")
        try:
            source.enqueue(chunk)
        except (JsThrow, RecursionError) as error:
            stream.fail_writable(value_of(error))
            raise JsThrow(stream.readable.failure) from error
        reader = stream.readable.reader
        waited_for = reader is not None and bool(reader.requests)
        backpressure = not waited_for and (source.desired_size() or 0) <= 0
        if backpressure and not stream.backpressure:
            stream.set_backpressure(present=True)

    def terminate(self) -> None:
        """End the readable end; writing fails from now on."""
        source = self._stream.readable.controller
        if source.can_continue:
            source.close()
        self._stream.fail_writable(state_error("TransformStream has been terminated"))

    def do(self, action: Callable[..., object], *args: JsValue) -> JsValue:
        """Call something that gives nothing."""
        action(*args)
        return UNDEFINED

    def fail(self, reason: JsValue) -> None:
        """Break both ends."""
        self._stream.fail(reason)

    GETTERS: ClassVar[Mapping[PropertyKey, Callable[..., JsValue]]] = {
        "desiredSize": lambda this: this._stream.readable.controller.desired_size()
    }
    METHODS: ClassVar[Mapping[PropertyKey, Callable[..., JsValue]]] = methods(
        class_name,
        {
            "enqueue": lambda this, chunk=UNDEFINED: this.do(this.enqueue, chunk),
            "error": lambda this, reason=UNDEFINED: this.do(this.fail, reason),
            "terminate": lambda this: this.do(this.terminate),
        },
    )
    ANY_RECEIVER: ClassVar[bool] = True


def transform_stream_class(host: JsHost) -> JsValue:
    """``TransformStream``."""

    def construct(
        transformer: JsValue = UNDEFINED, writable: JsValue = UNDEFINED, readable: JsValue = UNDEFINED, *_: JsValue
    ) -> JsValue:
        given = options_of(transformer, "transformer")
        in_options = options_of(writable, "writableStrategy")
        out_options = options_of(readable, "readableStrategy")
        for key in ("readableType", "writableType"):
            if given.get(key) is not UNDEFINED:
                throw_value(f"property 'transformer.{key}'", given.get(key))
        stream = TransformStream(host)
        source, sink = stream.readable.controller, stream.writable.controller
        source.mark, source.size_of = high_water_mark(out_options, 0), size_function(out_options)
        sink.mark, sink.size_of = high_water_mark(in_options, 1), size_function(in_options)
        started = JsPromise(host.loop)
        start = stream.controller.use(given)
        stream.connect(started)
        started.resolve(start(stream.controller) if start is not None else UNDEFINED)
        return stream

    return stream_class(TransformStream, construct)
