"""Values that a hostile guest returns: none of them takes the host's memory, its time or its stack."""

from __future__ import annotations

import contextlib
import os
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from runtime_core.engine.limits import Limits
from runtime_core.isolate import Isolate, IsolateOptions, IsolateState
from schemas.errors import FatalIsolateError, LimitError, PythonError, UnserializableError, WorkerError
from tests.support import releases

pytestmark = pytest.mark.boot


SIZE = 2 << 20


def resident_bytes() -> int:
    return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")


@pytest.fixture
def isolate() -> Iterator[Isolate]:
    with Isolate(releases.runtime(), IsolateOptions(stdout=len, stderr=len)) as booted:
        yield booted


@pytest.mark.parametrize(
    ("source", "reason"),
    [
        ("a = []; a.append(a)", "a list in itself"),
        ("a = {'k': 1}; a['self'] = a", "a dict in itself, beside other entries"),
        ("a = {}; a[0] = a", "a dict in itself, under a key that is also an index"),
        ("a = {'k': [1]}; a['k'].append(a)", "a dict in its own list"),
        ("a = []; a.append({'a': a})", "a list in its own dict"),
        ("a = []\nfor _ in range(300): a = [a]", "too deep"),
        ("a = []\nfor _ in range(100_000): a = [a]", "much too deep"),
        ("a = {}\nfor _ in range(300): a = {'k': a}", "too deep, in dicts"),
    ],
)
def test_values_without_a_plain_form_are_refused(isolate: Isolate, source: str, reason: str) -> None:
    isolate.run(f"{source}\ndef make(): return a")
    with pytest.raises(UnserializableError):
        isolate.call("make")
    assert isolate.state is IsolateState.READY, reason


def test_values_shared_within_a_value_cross(isolate: Isolate) -> None:
    isolate.run("d = {'k': 1}\nl = [d, d]\ndef make(): return {'d': d, 'e': d, 'l': l, 'm': l}")
    d = {"k": 1}
    assert isolate.call("make") == {"d": d, "e": d, "l": [d, d], "m": [d, d]}


def test_a_small_value_that_stands_for_a_huge_one_costs_the_guests_time() -> None:
    options = IsolateOptions(limits=Limits(cpu_seconds=0.3), stdout=len, stderr=len)
    isolate = Isolate(releases.runtime(), options)
    isolate.run("a = [1]\nfor _ in range(60): a = [a, a]\ndef make(): return a")
    started = time.thread_time()
    with pytest.raises(LimitError, match="CPU time"):
        isolate.call("make")
    assert time.thread_time() - started < 3
    assert isolate.state is IsolateState.DEAD


def test_a_dict_whose_items_fail_is_the_guests_error(isolate: Isolate) -> None:
    isolate.run("class D(dict):\n    def items(self): raise ValueError('mine')\ndef make(): return D(a=1)")
    with pytest.raises(PythonError):
        isolate.call("make")


def test_large_values_that_crossed_are_let_go_between_calls() -> None:
    taken: list[int] = []
    modules = {"host": {"take": lambda data: taken.append(len(data)), "give": lambda: "y" * SIZE}}
    with Isolate(releases.runtime(), IsolateOptions(stdout=len, stderr=len, modules=modules)) as isolate:
        isolate.run(
            "import host\n"
            "def data(n): return bytes(n)\n"
            "def text(n): return 'x' * n\n"
            "def take(n): host.take(bytes(n)); host.take('x' * n)\n"
            "def give(): return len(host.give())\n"
        )

        def round_trip() -> None:
            assert isolate.call("data", SIZE) == bytes(SIZE)
            assert isolate.call("text", SIZE) == "x" * SIZE
            isolate.call("take", SIZE)
            assert isolate.call("give") == SIZE

        for _ in range(3):
            round_trip()
        before = resident_bytes()
        for _ in range(30):
            round_trip()
        assert resident_bytes() - before < 20 * SIZE
    assert taken == [SIZE] * 66


def test_buffers_of_the_host_are_bounded_within_a_call() -> None:
    options = IsolateOptions(limits=Limits(memory_bytes=64 << 20), stdout=len, stderr=len)
    isolate = Isolate(releases.runtime(), options)
    isolate.run("import js\ndef take(): return [js.ArrayBuffer.new(1 << 28) for _ in range(64)]")
    with pytest.raises(PythonError, match="Array buffer allocation failed"):
        isolate.call("take")
    isolate.run("js.ArrayBuffer.new(1 << 28)")  # those are gone
    isolate.close()


@pytest.mark.parametrize(
    ("action", "reason"),
    [("repr(a)", "recursion in C"), ("del a", "so is freeing"), ("import json; json.dumps(a)", "and an encoder")],
)
def test_recursion_in_c_beyond_the_stack_is_a_limit_not_a_crash(action: str, reason: str) -> None:
    isolate = Isolate(releases.runtime(), IsolateOptions(stdout=len, stderr=len))
    with pytest.raises(LimitError, match="stack"):
        isolate.run(f"import sys\nsys.setrecursionlimit(10**9)\na = []\nfor _ in range(200_000): a = [a]\n{action}")
    assert isolate.state is IsolateState.DEAD, reason


@pytest.mark.parametrize("seed", range(4))
def test_a_guest_that_overwrites_its_own_memory_hurts_nobody_else(seed: int) -> None:
    source = (
        "import ctypes, json, random\n"
        f"r = random.Random({seed})\n"
        "def go():\n"
        "    for step in range(300):\n"
        "        ctypes.memset(r.randrange(1024, 20 << 20), r.choice((0, 1, 255)), r.choice((4, 256, 65536)))\n"
        "        print(json.dumps([step, {'a': str(step)}]))\n"
        "    return [1, {'k': 2}]\n"
    )
    limits = Limits(memory_bytes=128 << 20, cpu_seconds=3)
    runtime = releases.runtime()
    with Isolate(runtime, IsolateOptions(limits=limits, stdout=len, stderr=len)) as hostile:
        hostile.run(source)
        with contextlib.suppress(FatalIsolateError, WorkerError):
            hostile.call("go")
    with Isolate(runtime, IsolateOptions(stdout=len, stderr=len)) as other:
        assert other.evaluate("sum(range(1000))") == 499500
