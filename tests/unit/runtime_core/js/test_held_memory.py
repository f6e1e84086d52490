"""What the values of an isolate take: which are counted, and when they are looked at."""

from __future__ import annotations

import functools
import itertools
import mmap
from collections import deque
from typing import Any, cast

import pytest

from runtime_core.js import held_memory
from runtime_core.js.arrays import JsArray
from runtime_core.js.functions import NativeFunction
from runtime_core.js.held_memory import STEP_BYTES, HeldMemory, measure, process_bytes
from runtime_core.js.values import JsObject, JsSymbol
from schemas.errors import LimitError

COUNT = 2000
LEAST = 40 * COUNT
PLENTY = 1 << 40


class Instance:
    """Remembers what it was ended for."""

    def exceed(self, error: LimitError) -> None:
        raise error


class Host:
    """Stands for a JsHost: whatever it refers to is held."""

    def __init__(self, held: object = None) -> None:
        self.held = held
        self.instance = Instance()


def size_of(held: object) -> int:
    return measure(cast("Any", Host(held)), PLENTY) - measure(cast("Any", Host()), PLENTY)


def _objects() -> list[object]:
    return [JsObject({"name": 1}) for _ in range(COUNT)]


def _closure(values: list[object]) -> NativeFunction:
    return NativeFunction(lambda: values)


@pytest.mark.parametrize(
    ("held", "reason"),
    [
        (JsArray(_objects()), "elements"),
        (JsObject({str(index): index for index in range(COUNT)}), "properties"),
        ([JsSymbol(f"a symbol {index}") for index in range(COUNT)], "symbols"),
        ([f"a text of some length {index}" for index in range(COUNT)], "texts"),
        (deque(_objects()), "a queue of the host"),
        (iter(_objects()), "what an iterator has yet to give"),
        (itertools.chain([], _objects()), "of the library, too"),
        (functools.partial(len, _objects()), "arguments that are bound"),
        ((item for item in _objects()), "variables of a generator"),
        ([[JsArray([index])] for index in range(COUNT)], "inside each other"),
    ],
)
def test_what_is_held_counts(held: object, reason: str) -> None:
    assert LEAST < size_of(held) < 20 * LEAST


def test_shared_values_count_once() -> None:
    text, array = "x" * 100_000, JsArray(_objects())
    assert size_of([text] * 50) < 150_000
    assert size_of([array] * 50) < 1.1 * size_of(array)


def test_circles_end() -> None:
    array = JsArray()
    array.items.append(array)
    assert 0 < size_of(array) < 1000


@pytest.mark.parametrize(
    ("held", "reason"),
    [
        (_closure(_objects()), "what functions of the embedder close over"),
        (pytest, "modules"),
        (JsObject, "classes"),
        (Host(_objects()), "another isolate's"),
    ],
)
def test_what_is_not_the_guests_does_not_count(held: object, reason: str) -> None:
    assert size_of(held) < 1000


def test_no_more_is_counted_than_needed() -> None:
    assert measure(cast("Any", Host(_objects())), 1000) < LEAST


def test_the_process_has_a_size() -> None:
    before = process_bytes()
    # Not from the allocator, which may have that much left of what other tests gave back.
    with mmap.mmap(-1, 64 << 20) as kept:
        kept.write(b"x" * len(kept))
        assert len(kept) <= process_bytes() - before < 2 * len(kept)


def test_values_are_measured_only_after_growth(monkeypatch: pytest.MonkeyPatch) -> None:
    sizes, held = [0], [0]
    measured: list[int] = []

    def measure(js: object, enough: int) -> int:
        measured.append(sizes[0])
        return held[0]

    monkeypatch.setattr(held_memory, "process_bytes", lambda: sizes[0])
    monkeypatch.setattr(held_memory, "measure", measure)
    limit = 4 * STEP_BYTES
    memory = HeldMemory(cast("Any", Host()), limit)

    def look(size: int) -> None:
        sizes[0] = size
        memory.look()

    look(limit)
    assert measured == []
    held[0] = limit - 1
    look(limit + 1)  # of which nearly all is ours
    look(limit + 1 + STEP_BYTES)
    assert measured == [limit + 1]
    look(limit)  # others gave back
    held[0] = limit + 1
    with pytest.raises(LimitError, match="take too much memory of the host"):
        look(limit + 1 + STEP_BYTES)
