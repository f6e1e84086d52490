"""The clock of builds."""

from __future__ import annotations

import functools
import time

import pytest

from runtime_core.emscripten.clock import SteppingClock, SystemClock, loop_seconds, sleeper
from runtime_core.engine.limits import WaitBudget
from runtime_core.js.eventloop import EventLoop
from schemas.errors import LimitError


def test_readings_depend_on_nothing_outside() -> None:
    clock = SteppingClock(start_ns=5, step_ns=10)
    assert [clock.wall_ns(), clock.wall_ns()] == [5, 15]
    assert [clock.monotonic_ns(), clock.monotonic_ns()] == [0, 0]


@pytest.mark.parametrize(("seconds", "passed"), [(1.5, 1_500_000_000), (0.0, 1), (1e-12, 1), (1e-9, 1)])
def test_waiting_lets_time_pass(seconds: float, passed: int) -> None:
    clock = SteppingClock(start_ns=5, step_ns=10)
    clock.advance(seconds)
    assert clock.monotonic_ns() == passed
    assert clock.wall_ns() == 5 + passed


def test_a_loop_waits_in_no_time() -> None:
    clock = SteppingClock()
    loop = EventLoop(clock=loop_seconds(clock), sleep=WaitBudget(60.0, sleeper(clock)).sleep)
    ran: list[tuple[int, float]] = []

    def note(delay: float) -> None:
        ran.append((round(delay * 1000), clock.seconds()))

    for delay in (0.03, 0.01, 20.0, 0.0301, 1 / 3):
        loop.schedule(functools.partial(note, delay), delay)
    started = time.monotonic()
    while loop.run_one():
        pass
    assert time.monotonic() - started < 5
    assert [name for name, _ in ran] == [10, 30, 30, 333, 20000]
    assert ran[-1][1] == pytest.approx(20.0)


def test_the_budget_counts_the_time_that_passes() -> None:
    clock = SteppingClock()
    loop = EventLoop(clock=loop_seconds(clock), sleep=WaitBudget(1.0, sleeper(clock)).sleep)
    loop.schedule(lambda: None, 2.0)
    with pytest.raises(LimitError, match="waited too long"):
        loop.run_one()
    assert clock.seconds() == 1.0


def test_other_clocks_are_the_machines() -> None:
    assert loop_seconds(SystemClock()) is time.monotonic
    assert sleeper(SystemClock()) is time.sleep
