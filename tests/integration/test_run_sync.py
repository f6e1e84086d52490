"""run_sync without stack switching: what the differential suite cannot show - limits, depth, dead ends, interrupts."""

from __future__ import annotations

import signal
import sys
import threading
from collections.abc import Iterator

import pytest

from runtime_core.engine.limits import Limits
from runtime_core.isolate import Isolate, IsolateOptions, IsolateState
from runtime_core.js import refs
from runtime_core.js.nested import MAX_DEPTH
from runtime_core.js.pyproxy import PyProxy
from schemas.errors import LimitError, PythonError
from tests.support import releases
from tests.support.ffi_guest import FfiGuest

pytestmark = pytest.mark.boot

SETUP = """
import asyncio, js, time
from pyodide.ffi import can_run_sync, create_proxy, run_sync
async def nested(depth):
    await asyncio.sleep(0)
    return run_sync(nested(depth - 1)) + 1 if depth else 0
"""


@pytest.fixture(scope="module")
def guest() -> Iterator[FfiGuest]:
    booted = FfiGuest()
    booted.run(SETUP)
    yield booted
    booted.close()


def boot(limits: Limits | None = None, **members: object) -> Isolate:
    isolate = Isolate(releases.runtime(), IsolateOptions(limits=limits or Limits(), modules={"host": members}))
    isolate.run(SETUP)
    return isolate


def test_code_that_the_host_runs_or_calls_may_wait(guest: FfiGuest) -> None:
    assert guest.run("[can_run_sync(), run_sync(asyncio.sleep(0.001, 'waited'))]") == [True, "waited"]
    guest.run("def main(): return asyncio.run(asyncio.sleep(0, 'ran'))")
    main = guest.js.get_global("main")
    assert isinstance(main, PyProxy)
    assert guest.js.call(main) == "ran"


def test_waits_may_nest_and_end_at_a_limit(guest: FfiGuest) -> None:
    assert guest.run(f"run_sync(nested({MAX_DEPTH - 1}))") == MAX_DEPTH - 1
    with pytest.raises(PythonError) as error:
        guest.run(f"run_sync(nested({MAX_DEPTH}))")
    assert error.value.type_name == "RuntimeError"
    assert f"at most {MAX_DEPTH}" in error.value.message
    assert guest.js.waits == 0
    assert guest.run("run_sync(nested(2))") == 2


def test_a_wait_far_down_the_host_s_stack_is_refused(guest: FfiGuest) -> None:
    def descend(levels: int) -> object:
        return descend(levels - 1) if levels else guest.run("run_sync(asyncio.sleep(0))")

    frame, depth = sys._getframe(), 0
    while frame.f_back is not None:
        frame, depth = frame.f_back, depth + 1
    with pytest.raises(PythonError, match="too deeply to wait"):
        descend(sys.getrecursionlimit() - depth - 150)
    assert guest.run("run_sync(asyncio.sleep(0, 1))") == 1


@pytest.mark.parametrize(
    "dead_end", ["asyncio.Future()", "js.Promise.new(lambda *args: None)", "asyncio.Event().wait()"]
)
def test_a_wait_that_nothing_can_end_is_an_error(guest: FfiGuest, dead_end: str) -> None:
    with pytest.raises(PythonError, match="RuntimeError: run_sync: the awaited result can never arrive"):
        guest.run(f"run_sync({dead_end})")
    assert guest.js.waits == 0
    assert guest.run("run_sync(asyncio.sleep(0, 1))") == 1


def test_an_exception_is_the_same_though_others_were_raised_meanwhile(guest: FfiGuest) -> None:
    source = """
first = ValueError("first")
async def fail():
    await asyncio.sleep(0.01)
    raise first
async def wait_longer():
    await asyncio.sleep(0)
    run_sync(asyncio.sleep(0.03))
    try:
        run_sync(js.Promise.reject(js.Error.new("second")))
    except Exception:
        pass
async def main():
    other = asyncio.create_task(wait_longer())
    try:
        run_sync(fail())
    except ValueError as error:
        return error is first
run_sync(main())
"""
    assert guest.run(source) is True


def test_references_are_freed_while_it_waits(guest: FfiGuest, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(refs, "SWEEP_THRESHOLD", 500)
    guest.settle()
    before = guest.references()
    source = """
kept = js.Array.of(1, 2, 3)
async def churn():
    for turn in range(30):
        for _ in range(400):
            js.Object.new()
        await asyncio.sleep(0)
    return kept.length
lent = js.Object.new()
lent.value = "still there"
[asyncio.run(churn()), lent.value]
"""
    assert guest.run(source) == [3, "still there"]
    assert len(guest.js.refs) < 6_000
    guest.run("del kept, lent")
    guest.settle()
    assert guest.references() <= before + 2


def test_microtasks_and_timers_run_while_it_waits(guest: FfiGuest) -> None:
    source = """
seen = []
kept = create_proxy(seen.append)
js.queueMicrotask(create_proxy(lambda: seen.append("micro")))
js.setTimeout(kept, 1, "timer")
run_sync(asyncio.sleep(0.02))
kept.destroy()
seen
"""
    assert guest.run(source) == ["micro", "timer"]


def test_the_thread_state_of_the_caller_comes_back(guest: FfiGuest) -> None:
    source = """
import contextvars, sys
var = contextvars.ContextVar("var", default="none")
var.set("caller")
async def work():
    var.set("task")
    await asyncio.sleep(0)
try:
    1 / 0
except ZeroDivisionError:
    run_sync(work())
    found = [repr(sys.exception()), var.get()]
found
"""
    assert guest.run(source) == ["ZeroDivisionError('division by zero')", "caller"]


def test_cpu_time_is_limited_while_it_waits() -> None:
    with boot(Limits(cpu_seconds=0.3)) as isolate, pytest.raises(LimitError, match="CPU"):
        isolate.run("async def spin():\n    await asyncio.sleep(0)\n    while True: pass\nrun_sync(spin())")


@pytest.mark.parametrize("wait", ["run_sync(asyncio.sleep(60))", "time.sleep(60)", "asyncio.run(asyncio.sleep(60))"])
def test_waiting_time_is_limited(wait: str) -> None:
    isolate = boot(Limits(wait_seconds=0.05))
    with pytest.raises(LimitError, match="waited too long"):
        isolate.run(wait)
    assert isolate.state is IsolateState.DEAD


def test_interrupts_end_a_wait() -> None:
    isolate = boot()
    main_thread = threading.main_thread().ident
    assert main_thread is not None
    timer = threading.Timer(0.2, signal.pthread_kill, (main_thread, signal.SIGINT))
    timer.start()
    with pytest.raises(KeyboardInterrupt):
        isolate.run("run_sync(asyncio.sleep(60))")
    timer.join()
    assert isolate.state is IsolateState.DEAD


def test_a_host_function_that_calls_the_isolate_may_wait() -> None:
    isolates: list[Isolate] = []

    def call_back(value: int) -> object:
        return isolates[0].call("later", value)

    with boot(call_back=call_back) as isolate:
        isolates.append(isolate)
        isolate.run(
            "import host\n"
            "async def later(value):\n    await asyncio.sleep(0.001)\n    return value + 1\n"
            "async def main():\n    await asyncio.sleep(0)\n    return [host.call_back(1), run_sync(later(2))]"
        )
        assert isolate.call("main") == [2, 3]


def test_an_isolate_waits_inside_of_another() -> None:
    with boot() as inner, boot(wait=lambda: inner.evaluate("run_sync(asyncio.sleep(0.001, 'inner'))")) as outer:
        outer.run("import host\nasync def main():\n    await asyncio.sleep(0)\n    return host.wait()")
        assert outer.evaluate("run_sync(main())") == "inner"
