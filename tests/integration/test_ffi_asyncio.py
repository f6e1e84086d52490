"""asyncio on Pyodide's WebLoop over the host's event loop."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from runtime_core.js.promises import JsPromise
from runtime_core.js.pyproxy import PyProxy
from schemas.errors import PythonError, WorkerError
from tests.support.ffi_guest import FfiGuest

pytestmark = pytest.mark.boot


@pytest.fixture(scope="module")
def guest() -> Iterator[FfiGuest]:
    booted = FfiGuest()

    def later(value: int) -> object:
        promise = JsPromise(booted.js.loop)
        booted.js.loop.schedule(lambda: promise.resolve(value * 100), 0.005)
        return promise

    booted.js.add_module("hostmod", {"later": later})
    booted.run("import asyncio, hostmod, js\nfrom pyodide.ffi import JsException, create_proxy, run_sync, to_js")
    yield booted
    booted.close()


def call(guest: FfiGuest, source: str) -> object:
    """Define ``main`` and run it to its end."""
    guest.run(source)
    main = guest.js.get_global("main")
    assert isinstance(main, PyProxy)
    return guest.js.call(main)


def test_sleep_gather_and_tasks(guest: FfiGuest) -> None:
    source = """
async def part(n):
    await asyncio.sleep(0.001 * n)
    return n
async def main():
    task = asyncio.create_task(part(3))
    return [await asyncio.gather(*map(part, range(3))), await task]
"""
    assert call(guest, source) == [[0, 1, 2], 3]


def test_promises_of_the_host_are_awaited(guest: FfiGuest) -> None:
    assert call(guest, "async def main(): return await hostmod.later(5)") == 500


def test_promises_of_the_guest(guest: FfiGuest) -> None:
    source = """
async def main():
    both = await js.Promise.all(to_js([js.Promise.resolve(1), 2]))
    try:
        await js.Promise.reject(js.Error.new("no"))
    except JsException as error:
        return [both.to_py(), str(error)]
"""
    assert call(guest, source) == [[1, 2], "Error: no"]


def test_cancellation_and_timeouts(guest: FfiGuest) -> None:
    source = """
async def main():
    task = asyncio.create_task(asyncio.sleep(0.3))
    await asyncio.sleep(0)
    task.cancel()
    log = []
    try:
        await task
    except asyncio.CancelledError:
        log.append("cancelled")
    try:
        async with asyncio.timeout(0.005):
            await asyncio.sleep(0.3)
    except TimeoutError:
        log.append("timeout")
    return log
"""
    assert call(guest, source) == ["cancelled", "timeout"]


def test_an_exception_in_a_coroutine_surfaces(guest: FfiGuest) -> None:
    with pytest.raises(PythonError) as error:
        call(guest, "async def main():\n    await asyncio.sleep(0)\n    raise ValueError('late')")
    assert error.value.message == "ValueError: late"


def test_a_coroutine_that_waits_for_nothing_is_named(guest: FfiGuest) -> None:
    with pytest.raises(WorkerError, match="can never arrive"):
        call(guest, "async def main(): await asyncio.get_running_loop().create_future()")


def test_set_timeout_calls_a_kept_function(guest: FfiGuest) -> None:
    guest.run("seen = []\nkept = create_proxy(lambda: seen.append('called'))\ntimer = js.setTimeout(kept, 1)")
    while guest.js.loop.run_one():
        pass
    assert guest.run("kept.destroy()\nseen") == ["called"]


def test_microtasks_run_before_a_call_of_the_host_returns(guest: FfiGuest) -> None:
    guest.run("seen = []\nkept = create_proxy(lambda: seen.append(7))\njs.queueMicrotask(kept)\nassert seen == []")
    assert guest.run("kept.destroy()\nseen") == [7]


def test_an_error_in_a_callback_is_shown_and_goes_no_further(guest: FfiGuest) -> None:
    guest.run("kept = create_proxy(lambda: 1 / 0)\njs.setTimeout(kept, 1)")
    while guest.js.loop.run_one():
        pass
    assert b"ZeroDivisionError" in guest.stderr
    assert guest.run("kept.destroy()\n1 + 1") == 2
