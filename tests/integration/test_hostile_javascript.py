"""Guests that keep the host's side of the JavaScript interface busy: CPU time spent there is the guest's."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Final

import pytest

from runtime_core.engine.limits import Limits
from runtime_core.isolate import Isolate, IsolateOptions, IsolateState
from schemas.errors import LimitError, PythonError
from tests.support import releases

pytestmark = pytest.mark.boot

_PRELUDE = """
import asyncio, js
from pyodide.ffi import create_proxy, to_js

def endless(value):
    "An iterator without end of which no part is guest code."
    result = js.Object.new()
    result.done = False
    result.value = value
    iterator = js.Object.new()
    iterator.next = js.Object.bind(None, result)
    return iterator

def iterable(value):
    made = js.Object.new()
    js.Reflect.set(made, js.Symbol.iterator, js.Object.bind(None, endless(value)))
    return made

def stream(value=1):
    return getattr(js.ReadableStream, "from")(iterable(value))

def again(schedule):
    "A function that schedules itself."
    arguments = js.Array.new()
    function = js.Reflect.apply.bind(None, schedule, None, arguments)
    arguments.push(function)
    function()

def shared(levels=60):
    "An array that holds the next one twice, and so on."
    array = js.Array.new()
    for _ in range(levels):
        array = js.Array.of(array, array)
    return array

def thenable():
    "Resolves with itself, for ever."
    made = js.Object.new()
    made.then = js.Array.prototype.forEach.bind(js.Array.of(made))
    return made
"""

_ENDLESS = (
    ("js.Set.new(iterable(1))", "a set from an iterator without end"),
    ("js.Map.new(iterable(js.Array.of(1, 2)))", "a map from one"),
    ("js.Object.fromEntries(iterable(js.Array.of(1, 2)))", "an object from one"),
    ("js.WeakSet.new(iterable(js.Object.new()))", "a weak set from one"),
    ("js.Promise.race(iterable(1))", "promises from one"),
    ("js.Iterator.prototype.drop.call(endless(1), float('inf')).next()", "an iterator that drops all"),
    ("js.Iterator.prototype.some.call(endless(0), js.Boolean)", "a search without end"),
    ("js.Iterator.prototype.filter.call(endless(0), js.Boolean).next()", "a filter without end"),
    ("shared().flat(float('inf'))", "an array of exponentially many empty ones, flattened"),
    ("shared().toString()", "the same as a text"),
    ("js.JSON.stringify(shared())", "the same as JSON"),
    ('js.String.raw(js.JSON.parse(\'{"raw": {"length": 500000000}}\'))', "a text of very many empty pieces"),
    ("js.String.prototype.replaceAll.call('a' * 3000, 'a', '$$' * 100000)", "very many references in a replacement"),
)

_ENDLESS_TASKS = (
    ("again(js.queueMicrotask)", "a microtask that queues itself"),
    ("again(js.setTimeout)", "a timer that sets itself"),
    ("again(js.setImmediate)", "the same, at once"),
    ("js.Promise.resolve(thenable())", "a promise that follows itself"),
    ("stream().pipeTo(js.WritableStream.new())", "a pipe without end"),
    ("stream().pipeThrough(js.TransformStream.new()).pipeTo(js.WritableStream.new())", "one through a transform"),
    ("js.Response.new(stream(js.Uint8Array.new(0))).text()", "a body without end of empty chunks"),
    (
        "js.Promise.resolve(0).then(js.Object.fromEntries.bind(None, iterable(js.Array.of(1, 2))))",
        "a task without end",
    ),
)


def boot(cpu_seconds: float = 0.6) -> Isolate:
    limits = Limits(memory_bytes=128 << 20, cpu_seconds=cpu_seconds, wait_seconds=1)
    isolate = Isolate(releases.runtime(), IsolateOptions(limits=limits, stdout=len, stderr=len))
    isolate.run(_PRELUDE)
    return isolate


@pytest.mark.parametrize(("expression", "reason"), _ENDLESS)
def test_host_code_ends_with_the_guests_time(expression: str, reason: str) -> None:
    with boot() as isolate:
        with pytest.raises(LimitError, match="CPU time"):
            isolate.run(expression)
        assert isolate.state is IsolateState.DEAD


@pytest.mark.parametrize(("expression", "reason"), _ENDLESS_TASKS)
def test_tasks_end_with_the_guests_time(expression: str, reason: str) -> None:
    with boot() as isolate:
        isolate.run(f"async def main():\n    {expression}\n    await js.Promise.new(js.Boolean)")
        with pytest.raises(LimitError, match=r"CPU time|waited"):  # timers are set for the next millisecond
            isolate.call("main")
        assert isolate.state is IsolateState.DEAD


def test_tasks_after_a_call_end_with_the_guests_time() -> None:
    with boot() as isolate, pytest.raises(LimitError, match="CPU time"):
        isolate.run("again(js.queueMicrotask)")


@pytest.mark.parametrize(
    ("expression", "reason"),
    [
        ("js.Array.new(1000).fill(2**25).map(js.String.prototype.repeat.bind('x'))", "texts made by host code alone"),
        ("[js.Array.new(2**24) for _ in range(99)]", "arrays of holes"),
        ("list(map(js.Blob.new, [js.Array.of(js.ArrayBuffer.new(2**25))] * 99))", "blobs"),
    ],
)
def test_large_values_are_refused_before_they_fill_the_host(expression: str, reason: str) -> None:
    with boot(cpu_seconds=20) as isolate:
        with pytest.raises(PythonError, match="strings and arrays held take more than"):
            isolate.run(f"kept = {expression}")
        assert isolate.evaluate("1 + 1") == 2


def test_large_values_that_were_dropped_do_not_count() -> None:
    with boot(cpu_seconds=20) as isolate:
        isolate.run("js.Array.new(40).fill(2**25).forEach(js.String.prototype.repeat.bind('x'))")
        isolate.run("for _ in range(20): js.Array.new(2**23).length = 0")


@pytest.mark.parametrize("radix", [3, 10, 36])
def test_digits_that_take_minutes_are_refused(radix: int) -> None:
    with boot() as isolate, pytest.raises(PythonError, match="too big to be shown"):
        isolate.run(f"js.BigInt.prototype.toString.call(1 << 4_000_000, {radix})")


_SMALL: Final = (
    ("zeros(400_000).map(js.Object)", "objects"),
    ("zeros(400_000).map(js.Array.of.bind(None))", "arrays"),
    ("zeros(400_000).map(js.Promise.resolve.bind(js.Promise))", "promises"),
    ("zeros(400_000).map(js.Object.bind.bind(js.Object))", "bound functions"),
    ("zeros(600_000).map(js.Symbol)", "symbols"),
    ("js.Object.entries(zeros(400_000))", "entries of an array"),
    ("js.Map.new(js.Object.entries(zeros(200_000)))", "a map"),
    ("js.Set.new(js.Object.keys(zeros(600_000)))", "a set of texts"),
    ("js.JSON.parse('[' + '{},' * 400_000 + '1]')", "objects made of a text, before it is read to its end"),
    ("js.structuredClone(js.JSON.parse('[' + '[],' * 150_000 + '1]'))", "a clone"),
    ("zeros(400_000).fill(js.Boolean).forEach(js.queueMicrotask.bind(None, js.Boolean))", "microtasks"),
    ("js.Object.keys(zeros(300_000)).forEach(append(js.URLSearchParams.new()))", "parameters of a URL"),
    ("then(js.Promise.new(js.Boolean), 300_000)", "callbacks of a promise"),
    ("zeros(900_000).forEach(enqueue())", "chunks that nobody reads"),
    ("list(map(js.Array.new, range(7000, 8000)))", "arrays made one by one"),
)


@pytest.mark.parametrize(("expression", "reason"), _SMALL)
def test_small_values_are_counted_in_all(expression: str, reason: str) -> None:
    # In a process of its own: where other tests have left memory free, a process need not grow.
    command = [sys.executable, "-m", "tests.support.small_values", expression]
    root = Path(__file__).resolve().parents[2]
    result = subprocess.run(command, cwd=root, capture_output=True, text=True, timeout=300)
    assert result.returncode == 0, result.stderr[-2000:]
    assert int(result.stdout) < 256 << 20, "bytes that the process grew by"


def test_small_values_are_counted_without_a_limit_of_time() -> None:
    options = IsolateOptions(limits=Limits(memory_bytes=128 << 20, host_bytes=8 << 20), stdout=len, stderr=len)
    with Isolate(releases.runtime(), options) as isolate, pytest.raises(LimitError, match="values of the guest"):
        isolate.run(
            "import js\nkept = js.Array.new()\nwhile True: kept.push(js.Object.entries(js.Array.new(50).fill(0)))"
        )


def test_values_that_others_hold_do_not_count() -> None:
    limits = Limits(memory_bytes=256 << 20, cpu_seconds=60, host_bytes=8 << 20)
    others = IsolateOptions(limits=Limits(memory_bytes=256 << 20, cpu_seconds=60), stdout=len, stderr=len)
    with (
        Isolate(releases.runtime(), others) as large,
        Isolate(releases.runtime(), IsolateOptions(limits=limits, stdout=len, stderr=len)) as isolate,
    ):
        isolate.run("import js")
        large.run("import js\nkept = js.Object.entries(js.Array.new(250_000).fill(0))")
        isolate.run("large = [b'x' * 1000 for _ in range(60_000)]\nfor _ in range(10_000): js.Object.new()")
        assert isolate.evaluate("1 + 1") == 2
