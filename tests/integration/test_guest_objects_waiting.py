"""Objects of the guest that the host awaits: coroutines, asynchronous generators, tasks."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from typing import Any

import pytest

from runtime_core.isolate import Isolate
from schemas.errors import PythonError, WorkerError
from tests.support.guest_objects import boot

pytestmark = pytest.mark.boot


@pytest.fixture
def isolate() -> Iterator[Isolate]:
    with boot() as booted:
        yield booted


def test_wait(isolate: Isolate) -> None:
    work = isolate.get("later")(["done"], seconds=0.002)
    assert work.wait().to_python() == ["done"]
    assert work.wait().to_python() == ["done"]
    with pytest.raises(PythonError, match="later"):
        isolate.get("fail_later")().wait()
    with pytest.raises(WorkerError, match="never arrive"):
        isolate.evaluate("asyncio.get_event_loop().create_future()", keep=True).wait()


def test_await_lets_the_host_go_on(isolate: Isolate) -> None:
    async def main() -> tuple[list[object], list[str]]:
        ticks: list[str] = []

        async def tick() -> None:
            for _ in range(5):
                ticks.append("tick")
                await asyncio.sleep(0.002)

        async def one(value: int) -> object:
            return await isolate.get("later")(value, seconds=0.02)

        results = await asyncio.gather(one(1), tick(), one(2))
        return [results[0], results[2]], ticks

    found, ticks = asyncio.run(main())
    assert found == [1, 2]
    assert len(ticks) == 5


def test_awaiting_errors(isolate: Isolate) -> None:
    async def main() -> None:
        with pytest.raises(PythonError, match="later"):
            await isolate.get("fail_later")()
        with pytest.raises(WorkerError, match="never arrive"):
            await isolate.evaluate("asyncio.get_event_loop().create_future()", keep=True)
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.02):
                await isolate.get("later")(1, seconds=60)

    asyncio.run(main())


def test_async_iteration(isolate: Isolate) -> None:
    async def main() -> None:
        assert [item.to_python() async for item in isolate.get("steps")(3)] == [[0], [1], [2]]
        broken = aiter(isolate.get("broken_steps")())
        assert await anext(broken) == 1
        with pytest.raises(PythonError, match="step"):
            await anext(broken)
        with pytest.raises(StopAsyncIteration):
            await anext(broken)

    asyncio.run(main())


def test_callables_of_the_host_may_wait_for_the_guest() -> None:
    async def awaiting(function: Any) -> object:
        return await function(4)

    modules = {"hostmod": {"waiting": lambda coroutine: coroutine.wait(), "awaiting": awaiting}}
    with boot(modules) as isolate:
        isolate.run("import hostmod\nfound = hostmod.waiting(later(3, 0.002))")
        isolate.run("async def both(): return [found, await hostmod.awaiting(later)]")
        assert isolate.call("both") == [3, 4]


# ---- buffers
