"""ArrayBuffers: their budget, resizing, detaching, and the guest's memory as one."""

from __future__ import annotations

import contextlib
import gc
import threading
from collections.abc import Iterator
from typing import Any

import pytest

from runtime_core.js import array_buffer
from runtime_core.js.array_buffer import (
    ACTIVE,
    BufferBudget,
    HeapBuffer,
    JsArrayBuffer,
    JsSharedArrayBuffer,
    new_array_buffer,
)
from runtime_core.js.buffers import TYPED_ARRAYS, bytes_view, construct_typed_array
from runtime_core.js.control import JsThrow
from runtime_core.js.dataview import new_data_view
from runtime_core.js.operators import call_method
from runtime_core.js.values import UNDEFINED, JsObject


@pytest.fixture
def budget(monkeypatch: pytest.MonkeyPatch) -> Iterator[BufferBudget]:
    monkeypatch.setattr(array_buffer, "MAX_HELD_BYTES", 1 << 16)
    budget = BufferBudget()
    ACTIVE.budget = budget
    yield budget
    ACTIVE.budget = None


def resizable(length: int, maximum: int) -> JsArrayBuffer:
    return new_array_buffer(length, JsObject({"maxByteLength": maximum}))


def test_the_budget_counts_living_buffers(budget: BufferBudget) -> None:
    buffers = [new_array_buffer(1000) for _ in range(3)]
    held = budget.held
    assert held >= 3000
    del buffers[1:]
    gc.collect()
    assert budget.held < held / 2
    buffers.clear()
    assert budget.held == 0


@pytest.mark.parametrize(
    ("action", "reason"),
    [
        (lambda: [new_array_buffer(5000) for _ in range(20)], "many buffers"),
        (lambda: [new_array_buffer(0) for _ in range(1000)], "many empty buffers"),
        (lambda: call_method(resizable(0, 1 << 20), "resize", (1 << 19,)), "resizing"),
        (lambda: call_method(new_array_buffer(8), "transfer", (1 << 19,)), "transfer to a longer one"),
        (lambda: [call_method(new_array_buffer(1 << 15), "slice", ()) for _ in range(3)], "a slice"),
        (lambda: construct_typed_array("Float64Array", 1 << 14), "a typed array"),
    ],
)
def test_the_budget_bounds_what_an_isolate_holds(budget: BufferBudget, action: Any, reason: str) -> None:
    with pytest.raises(JsThrow, match="Array buffer allocation failed"):
        action()
    gc.collect()
    assert budget.held == 0, reason


def test_shrinking_and_detaching_give_memory_back(budget: BufferBudget) -> None:
    buffer = resizable(40000, 50000)
    call_method(buffer, "resize", (10,))
    assert budget.held < 1000
    call_method(buffer, "resize", (40000,))
    moved = call_method(buffer, "transfer", ())
    assert budget.held < 41000
    assert isinstance(moved, JsArrayBuffer)


def test_a_buffer_collected_in_another_thread_is_given_back(budget: BufferBudget) -> None:
    buffers = [new_array_buffer(1000)]
    thread = threading.Thread(target=buffers.clear)
    thread.start()
    thread.join()
    assert budget.held == 0


def test_a_view_that_was_taken_survives_resizing() -> None:
    buffer = resizable(8, 16)
    view = bytes_view(buffer)
    call_method(buffer, "resize", (2,))
    assert len(view) == 8  # of the old bytes, which nobody sees any more
    assert len(bytes_view(buffer)) == 2


def test_callbacks_that_resize_do_no_harm() -> None:
    from runtime_core.js.functions import NativeFunction

    buffer = resizable(8, 16)
    array = construct_typed_array("Uint8Array", buffer)

    def shrink(*args: object) -> object:
        call_method(buffer, "resize", (1,))
        return 7

    for method in ("map", "forEach", "filter", "find", "some", "reduce", "sort"):
        call_method(buffer, "resize", (8,))
        call_method(array, method, (NativeFunction(shrink),))
    index = JsObject({"valueOf": NativeFunction(shrink)})
    for method, args in (("fill", (1, index)), ("copyWithin", (index, 0)), ("set", ((), index)), ("slice", (index,))):
        call_method(buffer, "resize", (8,))
        given = (JsObject({"length": 0}), *args[1:]) if method == "set" else args
        with contextlib.suppress(JsThrow):  # some no longer fit
            call_method(array, method, given)
        assert buffer.get("byteLength") == 1
    view = new_data_view(buffer)
    call_method(buffer, "resize", (8,))
    with pytest.raises(JsThrow, match="outside the bounds"):
        call_method(view, "setInt32", (0, index))


class GrowingMemory:
    """Stands for a guest's memory."""

    def __init__(self) -> None:
        self.data = bytearray(16)

    @property
    def size(self) -> int:
        return len(self.data)

    def view(self, address: int, length: int) -> memoryview:
        return memoryview(self.data)[address : address + length]


def test_the_guests_memory_is_detached_when_it_grows() -> None:
    memory: Any = GrowingMemory()
    buffer = HeapBuffer(memory)
    array = TYPED_ARRAYS["Uint16Array"](buffer, 4, 2)
    array.store(0, 0x1234)
    assert memory.data[4:6] == b"\x34\x12"
    memory.data = bytearray(32)
    assert buffer.is_detached
    assert array.length == 0
    array.store(0, 1)
    assert not any(memory.data)
    with pytest.raises(JsThrow, match="detached"):
        bytes_view(array)
    with pytest.raises(JsThrow, match="not detachable"):
        call_method(HeapBuffer(memory), "transfer", ())


def test_clones_of_a_shared_buffer_share_its_bytes() -> None:
    buffer = JsSharedArrayBuffer(bytearray(4), 8)
    clone = buffer.share().share()
    bytes_view(clone)[0] = 9
    assert bytes_view(buffer)[0] == 9
    call_method(clone, "grow", (6,))
    assert buffer.get("byteLength") == 6
    assert clone.get("maxByteLength") == 8


@pytest.mark.parametrize("length", [-1, float("inf"), 1 << 53, 1 << 40])
def test_absurd_lengths_are_refused(length: float) -> None:
    with pytest.raises(JsThrow):
        new_array_buffer(length)
    with pytest.raises(JsThrow):
        new_array_buffer(0, JsObject({"maxByteLength": length}))
    with pytest.raises(JsThrow):
        construct_typed_array("Uint8Array", JsArrayBuffer(bytearray(8)), UNDEFINED, length)
