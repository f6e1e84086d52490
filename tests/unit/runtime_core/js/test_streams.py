"""Queues of streams; what scripts see of them is compared in tests/conformance/ffi/streams."""

from __future__ import annotations

import math

import pytest

from runtime_core.js import stream_parts
from runtime_core.js.abort import JsAbortSignal
from runtime_core.js.control import JsThrow
from runtime_core.js.errors import JsError
from runtime_core.js.stream_parts import SizedQueue, check_count, done, high_water_mark
from runtime_core.js.stream_pipe import pipe_to
from runtime_core.js.stream_writable import StreamWriter, WritableStream
from runtime_core.js.values import UNDEFINED, BigInt, JsObject
from runtime_core.js.web_stream import ReadableStream
from tests.support.fake_tables import fake_host


def test_a_queue_adds_up_its_sizes() -> None:
    queue = SizedQueue()
    queue.put("a", 2)
    queue.put("b", 0.5)
    assert (queue.total, queue.first(), len(queue)) == (2.5, "a", 2)
    assert (queue.take(), queue.total, queue.take(), queue.total) == ("a", 0.5, "b", 0)
    queue.put("c", 1)
    queue.clear()
    assert (len(queue), queue.total) == (0, 0)


@pytest.mark.parametrize("size", [-1, math.nan, math.inf, "x", UNDEFINED])
def test_sizes_that_are_none_are_refused(size: object) -> None:
    queue = SizedQueue()
    with pytest.raises(JsThrow) as caught:
        queue.put("a", size)
    assert isinstance(caught.value.value, JsError)
    assert caught.value.value.error_name == "RangeError"
    assert len(queue) == 0


def test_bigints_are_no_sizes() -> None:
    queue = SizedQueue()
    with pytest.raises(JsThrow, match="Cannot convert a BigInt value to a number"):
        queue.put("a", BigInt(10**400))
    queue.put("a", 0.5)
    assert queue.total == 0.5


def test_marks_that_are_no_numbers_are_refused() -> None:
    with pytest.raises(JsThrow, match="Cannot convert a BigInt value to a number"):
        high_water_mark(JsObject({"highWaterMark": BigInt(10**400)}), 1)
    assert high_water_mark(JsObject({"highWaterMark": "7"}), 1) == 7


def test_a_full_stream_can_be_closed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stream_parts, "MAX_WAITING", 1)
    js, _ = fake_host()
    stream = WritableStream(js)
    writer = StreamWriter(stream)
    stream.controller.set_up()
    written = writer.write("chunk")
    with pytest.raises(JsThrow, match="at most 1 chunks"):
        writer.write("another")
    closed = stream.close("closing")
    stream.controller.start(done(js.loop))
    js.loop.run_microtasks()
    assert (written.is_settled, closed.is_settled, stream.state) == (True, True, "closed")


def test_a_pipe_that_has_ended_does_not_stay_with_its_signal() -> None:
    js, _ = fake_host()
    signal = JsAbortSignal(js)
    source = ReadableStream(js)
    source.controller.start(done(js.loop))
    sink = WritableStream(js)
    sink.controller.set_up()
    sink.controller.start(done(js.loop))
    end = pipe_to(source, sink, JsObject({"signal": signal}))
    js.loop.run_microtasks()
    assert len(signal._actions) == 1
    source.controller.close()
    js.loop.run_microtasks()
    assert (end.is_settled, signal._actions) == (True, [])
    signal.abort("too late")
    assert sink.state == "closed"


def test_a_stream_holds_a_bounded_number_of_chunks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stream_parts, "MAX_WAITING", 3)
    queue = SizedQueue()
    for number in range(3):
        queue.put(number, 1)
    with pytest.raises(JsThrow, match="at most 3 chunks"):
        queue.put(3, 1)
    with pytest.raises(JsThrow, match="at most 3 chunks"):
        check_count(3)
    check_count(2)
