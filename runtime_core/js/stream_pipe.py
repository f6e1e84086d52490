"""Streams joined: ``pipeTo``, ``pipeThrough``, ``tee`` and ``ReadableStream.from`` (Streams standard, section 4.9)."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING

from runtime_core.js.abort import JsAbortSignal
from runtime_core.js.arrays import JsArray
from runtime_core.js.coded_errors import CodedError, throw_argument
from runtime_core.js.control import JsThrow
from runtime_core.js.errors import JsError, throw_type_error
from runtime_core.js.operators import call_method, get_property, has_method, to_boolean, to_display
from runtime_core.js.promises import JsPromise, rejected_promise, resolved_promise
from runtime_core.js.stream_parts import (
    done,
    ignore,
    mapped,
    options_of,
    promised,
    state_error,
    throw_state,
)
from runtime_core.js.stream_reader import ReadRequest, StreamReader
from runtime_core.js.stream_source import host_source
from runtime_core.js.stream_writable import StreamWriter, WritableStream
from runtime_core.js.values import SYMBOL_ASYNC_ITERATOR, SYMBOL_ITERATOR, UNDEFINED, JsObject, JsValue
from runtime_core.js.web_stream import ReadableStream

if TYPE_CHECKING:
    from runtime_core.js.host import JsHost


class _Pipe:
    """One pipe: its loop, and its end."""

    __slots__ = ("_dest", "_ended", "_last_write", "_prevents", "_promise", "_reader", "_signal", "_source", "_writer")

    def __init__(self, source: ReadableStream, dest: WritableStream, prevents: dict[str, bool]) -> None:
        self._source, self._dest, self._prevents = source, dest, prevents
        self._reader, self._writer = StreamReader(source), StreamWriter(dest)
        source.disturbed = True
        self._promise = JsPromise(source.host.loop)
        self._last_write = done(source.host.loop)
        self._ended = False
        self._signal: JsAbortSignal | None = None

    def run(self, signal: JsAbortSignal | None) -> JsPromise:
        """Begin; a promise of the end."""
        if signal is not None:
            if signal.aborted:
                self._abort(signal.reason)
                return self._promise
            self._signal = signal
            signal.when_aborted(self._aborted)
        for closed in (self._reader.closed, self._writer.closed):
            closed.subscribe(lambda _: self._look(), lambda _: self._look())
        if not self._look():
            self._step()
        return self._promise

    def _look(self) -> bool:
        """End the pipe if one of its ends has ended."""
        source, dest = self._source, self._dest
        if self._ended:
            return True
        if source.state == "errored":
            reason = source.failure
            self._shut_down(None if self._prevents["Abort"] else lambda: dest.abort(reason), (reason,))
        elif dest.state in ("erroring", "errored"):
            reason = dest.failure
            self._shut_down(None if self._prevents["Cancel"] else lambda: source.cancel(reason), (reason,))
        elif source.state == "closed":
            self._shut_down(None if self._prevents["Close"] else self._close, ())
        elif dest.is_closing or dest.state == "closed":
            error = state_error("Destination WritableStream is closed")
            self._shut_down(None if self._prevents["Cancel"] else lambda: source.cancel(error), (error,))
        return self._ended

    def _close(self) -> JsPromise:
        dest = self._dest
        if dest.is_closing or dest.state == "closed":
            return done(dest.host.loop)
        if dest.state == "errored":
            return rejected_promise(dest.host.loop, dest.failure)
        return dest.close("Failure to close WritableStream")

    def _step(self) -> None:
        """Read when the destination wants more."""

        def ready(_value: JsValue) -> None:
            if not self._look():
                self._source.read(ReadRequest(on_chunk=self._write, on_close=self._look, on_error=ignore))

        self._writer.ready.subscribe(ready, ignore)

    def _write(self, chunk: JsValue) -> None:
        loop = self._source.host.loop
        if self._writer.stream is None:
            return

        def write() -> None:
            if self._writer.stream is not None:
                self._last_write = promised(loop, lambda: self._writer.write(chunk))
                self._last_write.handled = True
            if not self._ended:
                self._step()

        write()

    def _aborted(self) -> None:
        if self._signal is not None:
            self._abort(self._signal.reason)

    def _abort(self, reason: JsValue) -> None:
        if self._ended:
            return
        source, dest = self._source, self._dest
        actions: list[JsPromise] = []

        def abort() -> JsPromise:
            if not self._prevents["Abort"] and dest.state == "writable":
                actions.append(dest.abort(reason))
            if not self._prevents["Cancel"] and source.state == "readable":
                actions.append(source.cancel(reason))
            return _all(actions, done(source.host.loop))

        self._shut_down(abort, (reason,))

    def _shut_down(self, action: Callable[[], JsPromise] | None, errors: tuple[JsValue, ...]) -> None:
        """End: what is being written is waited for, then ``action``."""
        self._ended = True

        def act(_value: JsValue = UNDEFINED) -> None:
            if action is None:
                self._finish(errors)
                return
            outcome = promised(self._source.host.loop, action)
            outcome.subscribe(lambda _: self._finish(errors), lambda reason: self._finish((reason,)))

        if self._dest.state == "writable" and not self._dest.is_closing:
            self._wait_for_writes(act)
        else:
            act()

    def _wait_for_writes(self, act: Callable[[], None]) -> None:
        last = self._last_write

        def written(_value: JsValue) -> None:
            if self._last_write is last:
                act()
            else:
                self._wait_for_writes(act)

        last.subscribe(written, written)

    def _finish(self, errors: tuple[JsValue, ...]) -> None:
        if self._signal is not None:
            self._signal.forget(self._aborted)
        self._writer.release()
        self._reader.release()
        if errors:
            self._promise.reject(errors[0])
        else:
            self._promise.resolve(UNDEFINED)


def _all(promises: list[JsPromise], after: JsPromise) -> JsPromise:
    """A promise that all have succeeded, after another one."""
    for promise in promises:
        promise.handled = True
        after = mapped(after, partial(_second, promise))
    return after


def _second(promise: JsPromise, _value: JsValue) -> JsValue:
    return promise


def _prevents(options: JsObject) -> tuple[dict[str, bool], JsAbortSignal | None]:
    signal = options.get("signal")
    if signal is not UNDEFINED and not isinstance(signal, JsAbortSignal):
        throw_argument("options.signal", "an instance of AbortSignal", signal)
    prevents = {name: to_boolean(options.get(f"prevent{name}")) for name in ("Abort", "Cancel", "Close")}
    return prevents, signal if isinstance(signal, JsAbortSignal) else None


def pipe_to(source: ReadableStream, target: JsValue, options: JsValue) -> JsPromise:
    """``source.pipeTo(target, options)``."""
    if not isinstance(target, WritableStream):
        throw_argument("transform.writable", "an instance of WritableStream", target)
    prevents, signal = _prevents(options_of(options, "options"))
    if source.locked:
        throw_state("The ReadableStream is locked")
    if target.locked:
        throw_state("The WritableStream is locked")
    return _Pipe(source, target, prevents).run(signal)


def pipe_through(source: ReadableStream, ends: JsValue, options: JsValue) -> JsValue:
    """``source.pipeThrough(ends, options)``."""
    readable = get_property(ends, "readable") if isinstance(ends, JsObject) else UNDEFINED
    if not isinstance(readable, ReadableStream):
        throw_argument("transform.readable", "an instance of ReadableStream", readable)
    writable = get_property(ends, "writable")
    if not isinstance(writable, WritableStream):
        throw_argument("transform.writable", "an instance of WritableStream", writable)
    prevents, signal = _prevents(options_of(options, "options"))
    if source.locked:
        throw_state("The ReadableStream is locked")
    if writable.locked:
        throw_state("The WritableStream is locked")
    _Pipe(source, writable, prevents).run(signal).handled = True
    return readable


class _Tee:
    """One stream read for two."""

    __slots__ = ("_again", "_cancelled", "_outcome", "_reader", "_reading", "_reasons", "_source", "branches")

    def __init__(self, source: ReadableStream) -> None:
        host = source.host
        self._source = source
        self._reader = StreamReader(source)
        self._reading = self._again = False
        self._cancelled = [False, False]
        self._reasons: list[JsValue] = [UNDEFINED, UNDEFINED]
        self._outcome = JsPromise(host.loop)
        self.branches = [ReadableStream(host), ReadableStream(host)]
        for index, branch in enumerate(self.branches):
            host_source(branch.controller, self._pull, partial(self._cancel, index))
        self._reader.closed.subscribe(ignore, self._fail)

    def _open(self) -> list[ReadableStream]:
        return [branch for branch, gone in zip(self.branches, self._cancelled, strict=True) if not gone]

    def _fail(self, reason: JsValue) -> None:
        for branch in self.branches:
            branch.controller.fail(reason)
        if not all(self._cancelled):
            self._outcome.resolve(UNDEFINED)

    def _pull(self) -> JsPromise:
        loop = self._source.host.loop
        if self._reading:
            self._again = True
        else:
            self._reading = True
            self._source.read(ReadRequest(on_chunk=self._split, on_close=self._close, on_error=self._broken))
        return done(loop)

    def _split(self, chunk: JsValue) -> None:
        def split() -> None:
            self._again = False
            for branch in self._open():
                if branch.controller.can_continue:
                    branch.controller.enqueue(chunk)
            self._reading = False
            if self._again:
                self._pull()

        self._source.host.loop.queue_microtask(split)

    def _close(self) -> None:
        self._reading = False
        for branch in self._open():
            if branch.controller.can_continue:
                branch.controller.close()
        if not all(self._cancelled):
            self._outcome.resolve(UNDEFINED)

    def _broken(self, _reason: JsValue) -> None:
        self._reading = False

    def _cancel(self, index: int, reason: JsValue) -> JsPromise:
        self._cancelled[index], self._reasons[index] = True, reason
        if all(self._cancelled):
            self._outcome.resolve(self._source.cancel(JsArray(self._reasons)))
        return self._outcome


def tee(source: ReadableStream) -> list[ReadableStream]:
    """Two streams of what is left of one.

    Raises:
        JsThrow: a TypeError: it is locked.
    """
    return _Tee(source).branches


def tee_array(source: ReadableStream) -> JsValue:
    """``source.tee()``."""
    return JsArray(tee(source))


def stream_from(host: JsHost, source: JsValue) -> JsValue:
    """``ReadableStream.from(source)``."""
    if source is None or source is UNDEFINED:
        shown = "null" if source is None else "undefined"
        throw_type_error(f"Cannot read properties of {shown} (reading 'Symbol(Symbol.asyncIterator)')")
    key = SYMBOL_ASYNC_ITERATOR if has_method(source, SYMBOL_ASYNC_ITERATOR) else SYMBOL_ITERATOR
    if not has_method(source, key):
        raise JsThrow(CodedError("TypeError", "ERR_ARG_NOT_ITERABLE", f"{to_display(source)} must be iterable"))
    iterator = call_method(source, key, ())
    loop = host.loop
    stream = ReadableStream(host)
    controller = stream.controller
    controller.mark = 0

    def take(result: JsValue) -> JsValue:
        if not isinstance(result, JsObject):
            raise JsThrow(
                JsError("TypeError", "The promise returned by the iterator.next() method must fulfill with an object")
            )
        if to_boolean(get_property(result, "done")):
            controller.close()
            return UNDEFINED

        def enqueue(value: JsValue) -> JsValue:
            controller.enqueue(value)
            return UNDEFINED

        return mapped(resolved_promise(loop, get_property(result, "value")), enqueue)

    def pull() -> JsPromise:
        return mapped(promised(loop, lambda: call_method(iterator, "next", ())), take)

    def cancel(reason: JsValue) -> JsPromise:
        if not has_method(iterator, "return"):
            return done(loop)
        return mapped(promised(loop, lambda: call_method(iterator, "return", (reason,))), lambda _: UNDEFINED)

    host_source(controller, pull, cancel)
    return stream
