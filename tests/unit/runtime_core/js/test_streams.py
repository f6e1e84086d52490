"""Queues of streams; what scripts see of them is compared in tests/conformance/ffi/streams."""

from __future__ import annotations

import math

import pytest

from runtime_core.js import stream_parts
from runtime_core.js.control import JsThrow
from runtime_core.js.errors import JsError
from runtime_core.js.stream_parts import SizedQueue, check_count
from runtime_core.js.values import UNDEFINED


def test_a_queue_adds_up_its_sizes() -> None:
    queue = SizedQueue()
    queue.put("a", 2)
    queue.put("b", 0.5)
    assert (queue.total, queue.first(), len(queue)) == (2.5, "a", 2)
    assert (queue.take(), queue.total, queue.take(), queue.total) == ("a", 0.5, "b", 0)
    queue.put("c", 1)
    queue.clear()
    assert (len(queue), queue.total) == (0, 0)


@pytest.mark.parametrize("size", [-1, math.nan, math.inf, "1", True, None, UNDEFINED])
def test_sizes_that_are_none_are_refused(size: object) -> None:
    queue = SizedQueue()
    with pytest.raises(JsThrow) as caught:
        queue.put("a", size)
    assert isinstance(caught.value.value, JsError)
    assert caught.value.value.error_name == "RangeError"
    assert len(queue) == 0


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
