"""Async functions as members of host modules: the guest awaits what asyncio runs on the host."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path

import pytest

from runtime_core.engine.limits import Limits
from runtime_core.engine.stack import start_guest_thread
from runtime_core.isolate import Isolate, IsolateOptions, IsolateState
from runtime_core.objects import GuestObject
from schemas.errors import HostError, LimitError, PythonError, WorkerError
from tests.support import releases

pytestmark = pytest.mark.boot


class Service:
    """What the host offers; it notes what happens."""

    def __init__(self) -> None:
        self.log: list[object] = []
        self.isolate: Isolate | None = None

    async def double(self, value: int, seconds: float = 0.0) -> int:
        await asyncio.sleep(seconds)
        self.log.append(value)
        return 2 * value

    async def at_once(self) -> list[object]:
        return [1, {"a": b"bytes"}]

    async def fail(self) -> None:
        await asyncio.sleep(0)
        raise KeyError("missing")

    async def refuse(self) -> None:
        raise HostError("the host gives up")

    async def unsendable(self) -> object:
        return object()

    async def forever(self) -> None:
        try:
            await asyncio.sleep(3600)
        except asyncio.CancelledError:
            self.log.append("cancelled")
            raise

    async def cancel_itself(self) -> None:
        task = asyncio.current_task()
        assert task is not None
        task.cancel()
        await asyncio.sleep(0)

    async def call_back(self, function: Callable[..., object]) -> object:
        await asyncio.sleep(0)
        return function(20)

    async def call_isolate(self) -> object:
        assert self.isolate is not None
        await asyncio.sleep(0)
        return self.isolate.call("guest_function", 4)

    async def close_isolate(self) -> None:
        assert self.isolate is not None
        self.isolate.close()

    def lazily(self, value: int) -> Awaitable[int]:
        return self.double(value)

    def members(self) -> dict[str, object]:
        names = [name for name in vars(Service) if not name.startswith("_") and name != "members"]
        return {name: getattr(self, name) for name in names}


@pytest.fixture
def service() -> Service:
    return Service()


def boot(service: Service, limits: Limits | None = None) -> Isolate:
    options = IsolateOptions(modules={"service": service.members()}, limits=limits or Limits())
    service.isolate = Isolate(releases.runtime(), options)
    service.isolate.run("import asyncio, service\nfrom pyodide.ffi import run_sync")
    return service.isolate


@pytest.fixture
def isolate(service: Service) -> Iterator[Isolate]:
    with boot(service) as booted:
        yield booted


def call(isolate: Isolate, body: str) -> object:
    """Run the body of an async function in the guest."""
    isolate.run("async def main():\n" + "\n".join(f"    {line}" for line in body.splitlines()))
    return isolate.call("main")


def test_the_guest_awaits_the_result(isolate: Isolate) -> None:
    assert call(isolate, "return [await service.double(4), await service.double(5, 0.01)]") == [8, 10]
    assert call(isolate, "return await service.lazily(6)") == 12
    assert call(isolate, "return await service.at_once()") == [1, {"a": b"bytes"}]


def test_several_run_at_once(isolate: Isolate, service: Service) -> None:
    started = time.monotonic()
    source = "return list(await asyncio.gather(*(service.double(n, 0.3 - n / 10) for n in range(3))))"
    assert call(isolate, source) == [0, 2, 4]
    assert service.log == [2, 1, 0]
    assert time.monotonic() - started < 0.6


def test_they_go_on_while_the_guest_has_other_tasks(isolate: Isolate) -> None:
    source = """
count = 0
async def busy():
    nonlocal count
    while True:
        count += 1
        await asyncio.sleep(0)
task = asyncio.create_task(busy())
value = await service.double(4, 0.01)
task.cancel()
return [value, count > 0]
"""
    assert call(isolate, source) == [8, True]


def test_synchronous_code_waits_with_run_sync(isolate: Isolate) -> None:
    assert isolate.evaluate("run_sync(service.double(21, 0.01))") == 42
    assert isolate.evaluate("asyncio.run(asyncio.wait_for(service.double(1), 5))") == 2


@pytest.mark.parametrize(
    ("function", "error"),
    [
        ("fail", "KeyError: 'missing'"),
        ("unsendable", "TypeError: "),
        ("cancel_itself", "CancelledError: the host cancelled it"),
    ],
)
def test_exceptions_cross_with_type_and_message(isolate: Isolate, function: str, error: str) -> None:
    source = f"""
from pyodide.ffi import JsException
try:
    await service.{function}()
except JsException as error:
    return str(error)
"""
    found = call(isolate, source)
    assert isinstance(found, str)
    assert found.startswith(error)


def test_an_exception_that_the_guest_does_not_handle_reaches_the_host(isolate: Isolate) -> None:
    with pytest.raises(PythonError, match="KeyError: 'missing'"):
        call(isolate, "await service.fail()")
    assert isolate.evaluate("1 + 1") == 2


def test_errors_of_the_host_pass_through(isolate: Isolate) -> None:
    with pytest.raises(HostError, match="gives up"):
        call(isolate, "await service.refuse()")


def test_proxies_are_good_until_the_coroutine_ends(isolate: Isolate) -> None:
    assert call(isolate, "return await service.call_back(lambda value: value + 1)") == 21


def test_a_coroutine_may_call_the_isolate(isolate: Isolate) -> None:
    isolate.run("def guest_function(value): return value * 10")
    assert call(isolate, "return await service.call_isolate()") == 40


def test_a_coroutine_may_not_close_the_isolate(isolate: Isolate) -> None:
    with pytest.raises(HostError, match="cannot close"):
        call(isolate, "await service.close_isolate()")
    assert isolate.evaluate("1 + 1") == 2


def test_cancelling_the_guest_s_task_leaves_the_coroutine_alone(isolate: Isolate, service: Service) -> None:
    source = """
async def wait():
    return await service.double(7, 0.02)
task = asyncio.create_task(wait())
await asyncio.sleep(0)
task.cancel()
try:
    await task
except asyncio.CancelledError:
    await asyncio.sleep(0.1)
    return "cancelled"
"""
    assert call(isolate, source) == "cancelled"
    assert service.log == [7]


def test_dropping_the_isolate_cancels_what_runs(service: Service) -> None:
    with boot(service) as isolate:
        call(isolate, "asyncio.ensure_future(service.forever())\nawait asyncio.sleep(0.01)")
        assert service.log == []
    assert service.log == ["cancelled"]


def test_waiting_for_the_host_counts(service: Service) -> None:
    with boot(service, Limits(wait_seconds=0.05)) as isolate, pytest.raises(LimitError, match="waited too long"):
        call(isolate, "await service.forever()")
    assert service.log == ["cancelled"]


def test_a_coroutine_that_ends_the_isolate_is_cancelled(service: Service) -> None:
    with boot(service, Limits(cpu_seconds=0.3)) as isolate:
        isolate.run("def guest_function(value):\n    while True: pass")
        with pytest.raises(LimitError, match="CPU"):
            call(isolate, "asyncio.ensure_future(service.forever())\nawait service.call_isolate()")
        assert isolate.state is IsolateState.DEAD
    assert service.log == ["cancelled"]


def test_they_run_in_the_event_loop_that_awaits_the_guest(isolate: Isolate, service: Service) -> None:
    isolate.run("async def twice(): return await service.double(4, 0.01) + await service.double(1)")

    async def main() -> object:
        twice = isolate.get("twice")
        assert isinstance(twice, GuestObject)
        return await twice()

    assert asyncio.run(main()) == 10


def test_a_call_that_blocks_its_event_loop_is_refused(isolate: Isolate) -> None:
    isolate.run("async def main(): return await service.double(4, 0.01)")

    async def main() -> None:
        isolate.call("main")

    with pytest.raises(WorkerError, match="blocks their event loop"):
        asyncio.run(main())


def test_the_guide_s_example_prints_what_it_says(capsys: pytest.CaptureFixture[str]) -> None:
    guide = (Path(__file__).parents[2] / "docs/guides/isolates.md").read_text(encoding="utf-8")
    section = guide.partition("## Async functions of the host")[2]
    source = section.partition("```python\n")[2].partition("```")[0]
    exec(compile(source, "isolates.md", "exec"), {"runtime": releases.runtime()})
    assert capsys.readouterr().out == "6\n"


def test_in_another_thread_it_is_not(service: Service) -> None:
    results: list[object] = []

    def work() -> None:
        with boot(service) as isolate:
            results.append(call(isolate, "return await service.double(4, 0.01)"))

    async def main() -> None:
        thread = start_guest_thread(work)
        while thread.is_alive():
            await asyncio.sleep(0.01)

    asyncio.run(main())
    assert results == [8]
