"""How isolates end: closed from the wrong place, interrupted, refused while they are made."""

from __future__ import annotations

import gc
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from runtime_core.engine.limits import Limits
from runtime_core.engine.stack import start_guest_thread
from runtime_core.isolate import Isolate, IsolateOptions, IsolateState
from schemas.errors import ConfigError, FatalIsolateError, HostError, LimitError, PlatformError
from tests.support import releases

pytestmark = pytest.mark.boot


def boot(**functions: Callable[..., object]) -> Isolate:
    options = IsolateOptions(stdout=len, stderr=len, modules={"host": dict(functions)})
    isolate = Isolate(releases.runtime(), options)
    isolate.run("import host\ndef outer(name): return getattr(host, name)()\ndef inner(x): return 2 * x")
    return isolate


def open_maps() -> int:
    return len(Path("/proc/self/maps").read_text().splitlines())


def test_an_isolate_closed_by_its_own_host_function_goes_on() -> None:
    refused: list[str] = []

    def close() -> int:
        try:
            isolate.close()
        except HostError as error:
            refused.append(error.message)
        return 1

    with boot(close=close) as isolate:
        assert isolate.call("outer", "close") == 1
        assert refused == ["cannot close an isolate while it runs"]
        assert isolate.call("inner", 21) == 42
    assert isolate.state is IsolateState.CLOSED


def test_an_isolate_closed_by_another_thread_goes_on() -> None:
    inside, closed = threading.Event(), threading.Event()
    results: list[object] = []

    def wait() -> int:
        inside.set()
        return int(closed.wait(60))

    with boot(wait=wait) as isolate:
        thread = start_guest_thread(lambda: results.append(isolate.call("outer", "wait")))
        assert inside.wait(60)
        with pytest.raises(HostError, match="while it runs"):
            isolate.close()
        closed.set()
        thread.join(60)
        assert results == [1]
        assert isolate.call("inner", 4) == 8


def test_a_host_function_calls_the_isolate_it_is_called_from() -> None:
    with boot(again=lambda: isolate.call("inner", 21)) as isolate:
        assert isolate.call("outer", "again") == 42


@pytest.mark.parametrize(
    ("error", "reason"),
    [(KeyboardInterrupt, "Ctrl-C ends the program, not one function"), (SystemExit, "so does sys.exit()")],
)
def test_exceptions_that_end_the_program_pass_and_leave_the_guest_dead(error: type[BaseException], reason: str) -> None:
    def leave() -> None:
        raise error

    isolate = boot(leave=leave)
    with pytest.raises(error):
        isolate.call("outer", "leave")
    assert isolate.state is IsolateState.DEAD, reason
    isolate.close()
    assert isolate.state is IsolateState.DEAD


def test_a_trap_below_a_host_function_ends_the_whole_isolate() -> None:
    seen: list[PlatformError] = []

    def abort() -> int:
        try:
            isolate.run("import os; os.abort()")
        except FatalIsolateError as error:
            seen.append(error)
        return 1

    isolate = boot(abort=abort)
    with pytest.raises(FatalIsolateError):
        isolate.call("outer", "abort")
    assert len(seen) == 1
    assert isolate.state is IsolateState.DEAD


def test_what_is_refused_while_it_is_made_is_freed_at_once() -> None:
    ready = releases.runtime()
    gc.collect()
    gc.disable()
    try:
        before = open_maps()
        for _ in range(20):
            with pytest.raises(ConfigError):
                Isolate(ready, IsolateOptions(modules={"js": {}}))
        assert open_maps() <= before + 6
    finally:
        gc.enable()


@pytest.mark.parametrize("megabytes", [1, 29])
def test_a_limit_below_the_snapshots_memory_is_refused(megabytes: int) -> None:
    with pytest.raises(LimitError, match="does not fit"):
        Isolate(releases.runtime(), IsolateOptions(limits=Limits(memory_bytes=megabytes << 20)))


def test_booting_and_closing_keeps_nothing() -> None:
    def cycle() -> None:
        with boot() as isolate:
            isolate.call("inner", 1)

    cycle()
    gc.collect()
    before = open_maps(), len(gc.get_objects())
    for _ in range(200):
        cycle()
    gc.collect()
    assert open_maps() <= before[0] + 10
    assert len(gc.get_objects()) <= before[1] + 500
