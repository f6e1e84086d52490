"""Memory, CPU and stack limits: an error in the host's language, never a crash."""

from __future__ import annotations

import subprocess
import sys
import textwrap
import threading
import time
from pathlib import Path
from typing import Any

import pytest

from runtime_core.engine.engine import Engine, EngineConfig
from runtime_core.engine.limits import CpuBudget, EpochTicker, Limits
from runtime_core.engine.stack import GUEST_THREAD_STACK_BYTES, start_guest_thread, thread_stack_bytes
from schemas.errors import ConfigError, FatalIsolateError, HostError, LimitError
from tests.support.guests import GUEST_WAT, IMPORTS, Guests, host_of

PAGE = 65536


def test_memory_growth_stops_at_the_limit(guests: Guests) -> None:
    with guests.start(Limits(memory_bytes=2 * PAGE)) as guest:
        assert guest.call("grow", 1) == 1
        assert guest.call("grow", 1) == -1
        assert not guest.grow_memory(1)
        assert guest.memory.size == 2 * PAGE


def test_an_image_above_the_limit_is_refused(guests: Guests) -> None:
    with pytest.raises(LimitError):
        guests.start(Limits(memory_bytes=PAGE - 1))


def test_cpu_time_ends_an_endless_loop(guests: Guests) -> None:
    with guests.start(Limits(cpu_seconds=0.05)) as guest:
        started = time.thread_time()
        with pytest.raises(FatalIsolateError, match="too much CPU time") as caught:
            guest.call("spin")
        assert isinstance(caught.value.__cause__, LimitError)
        assert time.thread_time() - started < 1


def test_cpu_time_adds_up_over_calls_and_leaves_sleep_out(guests: Guests) -> None:
    with guests.start(Limits(cpu_seconds=0.2)) as guest:

        def doze(number: int) -> int:
            time.sleep(0.25)
            return number

        host_of(guest).action = doze
        assert guest.call("act", 1) == 1
        assert guest.call("act", 2) == 2

        def burn(number: int) -> int:
            end = time.thread_time() + 0.15
            while time.thread_time() < end:
                pass
            return number

        host_of(guest).action = burn
        guest.call("act", 1)
        with pytest.raises(FatalIsolateError, match="too much CPU time"):
            guest.call("spin")


def test_a_cpu_limit_needs_epochs(guests: Guests) -> None:
    from runtime_core.engine.capi import wat_to_wasm
    from tests.support.guests import MEMORY_WAT

    engine = Engine(EngineConfig(epoch_interruption=False))
    assert engine.fingerprint != guests.engine.fingerprint
    program = engine.link(engine.load(wat_to_wasm(GUEST_WAT), guests.cache), IMPORTS)
    memory = engine.load(wat_to_wasm(MEMORY_WAT), guests.cache)
    program.instantiate(memory).close()
    with pytest.raises(HostError, match="epoch interruption"):
        program.instantiate(memory, Limits(cpu_seconds=1))


def test_the_ticker_runs_only_while_it_is_needed() -> None:
    ticks = threading.Semaphore(0)
    ticker = EpochTicker(ticks.release)
    ticker.acquire()
    ticker.acquire()
    ticker.release()
    assert ticks.acquire(timeout=10)
    names = {thread.name for thread in threading.enumerate()}
    assert "guest-epochs" in names
    ticker.release()
    ticker.acquire()  # starts again
    assert ticks.acquire(timeout=10)
    ticker.release()


def test_cpu_budget_counts_only_inside() -> None:
    budget = CpuBudget(0.01)
    end = time.thread_time() + 0.02
    while time.thread_time() < end:
        pass
    assert not budget.exhausted
    budget.enter()
    end = time.thread_time() + 0.02
    while time.thread_time() < end:
        pass
    assert budget.exhausted
    budget.leave()
    assert budget.exhausted
    assert 0.02 <= budget.used() < 1


def test_guest_threads_get_the_large_stack() -> None:
    sizes: list[int] = []
    start_guest_thread(lambda: sizes.append(thread_stack_bytes())).join(10)
    assert sizes[0] >= GUEST_THREAD_STACK_BYTES - PAGE


def test_a_thread_with_a_small_stack_is_refused(guests: Guests) -> None:
    errors: list[Exception] = []

    def work() -> None:
        with guests.start() as guest:
            try:
                guest.call("nothing")
            except HostError as error:
                errors.append(error)

    before = threading.stack_size(1 << 20)
    try:
        thread = threading.Thread(target=work)
        thread.start()
    finally:
        threading.stack_size(before)
    thread.join(30)
    assert "stack is too small" in str(errors[0])
    assert "threading.stack_size" in str(errors[0])


RECURSION = """
import sys, pathlib
from runtime_core.engine.stack import start_guest_thread
from schemas.errors import FatalIsolateError, HostError
from tests.support.guests import Guests, host_of
sys.setrecursionlimit(30000)
guests = Guests(pathlib.Path(sys.argv[1]))

def root(error):
    while error.__cause__ is not None:
        error = error.__cause__
    return type(error).__name__

def attempt(kind):
    guest = guests.start()
    if kind == "guest":
        name, args = "recurse", (0,)
    elif kind == "through the host":
        host_of(guest).action = lambda number: guest.call("act", number + 1)
        name, args = "act", (0,)
    else:
        def other(number):
            inner = guests.start()
            host_of(inner).action = other
            return inner.call("descend", number, 100_000)
        host_of(guest).action = other
        name, args = "descend", (0, 100_000)
    try:
        guest.call(name, *args)
    except FatalIsolateError as error:
        print(root(error), flush=True)

def run():
    for kind in ("guest", "through the host", "through other isolates"):
        attempt(kind)

if sys.argv[2] == "main":
    run()
else:
    start_guest_thread(run).join()
"""


PYTHON_LIMIT = """
import sys, pathlib
from schemas.errors import FatalIsolateError
from tests.support.guests import Guests, host_of
guests = Guests(pathlib.Path(sys.argv[1]))

def deeper(frames, function):
    return deeper(frames - 1, function) if frames else function(1)

# Enter a guest at every distance from Python's recursion limit, with a host function that fails.
for frames in range(900, 1000):
    guest = guests.start()
    host_of(guest).action = lambda number: {}[number]
    function = guest.function("act")
    try:
        deeper(frames, function)
    except FatalIsolateError as error:
        assert isinstance(error.__cause__, (KeyError, RecursionError)), error.__cause__
    except RecursionError:
        pass
print("alive")
"""


def test_python_s_recursion_limit_never_reaches_a_callback(tmp_path: Path) -> None:
    """An exception that leaves a C callback would make the engine follow a wild pointer."""
    done = subprocess.run(
        [sys.executable, "-c", PYTHON_LIMIT, str(tmp_path / "cache")],
        cwd=Path(__file__).parents[4],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "alive\n", "")


INTERRUPT = """
import os, pathlib, signal, sys, threading, time
from schemas.errors import FatalIsolateError
from tests.support.guests import Guests, host_of
guests = Guests(pathlib.Path(sys.argv[1]))
for attempt in range(30):
    with guests.start() as guest:
        guest.call("nothing")
        threading.Timer(0.02, os.kill, (os.getpid(), signal.SIGINT)).start()
        try:
            while True:
                guest.call("descend", 0, 50)
                guest.call("call_host", 2000)
        except KeyboardInterrupt:
            pass
        assert guest.depth == 0
print("alive")
"""


def test_ctrl_c_never_reaches_a_callback(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", INTERRUPT, str(tmp_path / "cache")],
        cwd=Path(__file__).parents[4],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "alive\n", "")


@pytest.mark.parametrize("thread", ["main", "guest thread"])
def test_no_recursion_crashes_the_host(thread: str, tmp_path: Path) -> None:
    """In a child process, because the failure to be excluded is SIGSEGV."""
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(RECURSION), str(tmp_path / "cache"), thread],
        cwd=Path(__file__).parents[4],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    # Through the host, whichever limit is reached first: Python's or the guest's.
    assert done.stdout.split() in (
        ["LimitError", "LimitError", "HostError"],
        ["LimitError", "RecursionError", "HostError"],
    )
    assert not done.stderr


def test_time_spent_for_a_guest_outside_of_it_counts(guests: Guests) -> None:
    with guests.start(Limits(cpu_seconds=0.2)) as guest:
        guest.charge(0.15)
        assert guest.call("grow", 0) == 1
        with pytest.raises(LimitError, match="too much CPU time"):
            guest.charge(0.1)
        with pytest.raises(FatalIsolateError, match="too much CPU time") as caught:
            guest.call("grow", 0)
        assert isinstance(caught.value.__cause__, LimitError)


def test_time_without_a_limit_is_not_counted(guests: Guests) -> None:
    with guests.start() as guest:
        guest.charge(1e9)
        assert guest.call("grow", 0) == 1


@pytest.mark.parametrize(
    ("limits", "reason"),
    [
        ({"memory_bytes": 0}, "nothing runs in no memory"),
        ({"memory_bytes": -1}, "the engine reads a negative limit as none"),
        ({"cpu_seconds": 0}, "would be noticed a tick too late"),
        ({"cpu_seconds": -1.0}, "likewise"),
        ({"cpu_seconds": float("nan")}, "never exceeded"),
        ({"cpu_seconds": float("inf")}, "None means no limit"),
    ],
)
def test_limits_that_limit_nothing_are_refused(limits: dict[str, Any], reason: str) -> None:
    with pytest.raises(ConfigError, match="above 0"):
        Limits(**limits)
