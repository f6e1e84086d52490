"""Coroutines of host modules: awaitable for the guest, run by asyncio on the thread that waits for the guest.

They make progress while the guest waits. If the thread runs an asyncio event loop when the guest calls, they become
tasks of that loop, which goes on as long as its code awaits the guest; otherwise a loop of the isolate's own runs them
while a blocking call waits.
"""

from __future__ import annotations

import asyncio
import math
import time
from collections import deque
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any, Final, NoReturn

from runtime_core.js.promises import NeverSettledError

MAX_PENDING: Final = 1 << 14
_GRACE_SECONDS: Final = 5.0
"""How long cancelled coroutines may clean up when their isolate is dropped."""

Done = Callable[["asyncio.Task[Any]"], object]


@dataclass(frozen=True, slots=True)
class _Ended:
    task: asyncio.Task[Any]
    done: Done


class HostCoroutines:
    """The coroutines that run for one isolate (:class:`runtime_core.js.eventloop.Operations`).

    What waits for them is told between the turns of asyncio, never inside one: it enters the guest.
    """

    __slots__ = ("_ended", "_loop", "_tasks")

    def __init__(self) -> None:
        self._loop: asyncio.AbstractEventLoop | None = None
        self._tasks: set[asyncio.Task[Any]] = set()
        self._ended: deque[_Ended] = deque()

    @property
    def pending(self) -> bool:
        """Whether anything is under way."""
        return bool(self._tasks or self._ended)

    @property
    def is_full(self) -> bool:
        """Whether no more may be started."""
        return len(self._tasks) >= MAX_PENDING

    @property
    def is_running(self) -> bool:
        """Whether a coroutine is on the stack."""
        return self._loop is not None and self._loop.is_running()

    def start(self, awaitable: Awaitable[object], done: Done) -> None:
        """Run an awaitable; ``done`` gets its task when it has ended."""
        loop = _running_loop()
        if loop is None or loop is self._loop:
            loop = self._own_loop()
        task: asyncio.Task[Any] = loop.create_task(_wait_for(awaitable))
        self._tasks.add(task)
        task.add_done_callback(lambda ended: self._note(ended, done))

    def _own_loop(self) -> asyncio.AbstractEventLoop:
        if self._loop is None:
            self._loop = asyncio.new_event_loop()
        return self._loop

    def _note(self, task: asyncio.Task[Any], done: Done) -> None:
        if task in self._tasks:
            self._tasks.discard(task)
            self._ended.append(_Ended(task, done))
            if self._loop is not None and task.get_loop() is self._loop:
                self._loop.stop()  # somebody may wait for it

    def poll(self) -> None:
        """Let the coroutines go on without waiting for them, then tell who waits for those that ended.

        Raises:
            NeverSettledError: they cannot go on, because this thread has come to run another event loop.
        """
        loop = self._loop
        if loop is not None and self._has_own_tasks() and not loop.is_running():
            if _running_loop() is not None:
                self._refuse("they began outside of the event loop that runs now")
            loop.call_soon(loop.stop)
            self._run(loop, math.inf)
        self._tell()

    @staticmethod
    def _refuse(reason: str) -> NoReturn:
        raise NeverSettledError(
            f"the guest waits for async functions of the host that cannot go on: {reason}",
            hint="await the guest's object instead, or call the isolate in a thread of its own",
        )

    def _tell(self) -> None:
        while self._ended:
            ended = self._ended.popleft()
            ended.done(ended.task)

    def _has_own_tasks(self) -> bool:
        return any(task.get_loop() is self._loop for task in self._tasks)

    def wait(self, seconds: float) -> None:
        """Wait until a coroutine has ended, at most so many seconds (infinity = no limit).

        Raises:
            NeverSettledError: the coroutines cannot go on, because this thread's event loop is blocked by the wait.
        """
        if not self._ended:
            loop = self._loop
            if loop is not None and _running_loop() is None and self._has_own_tasks():
                self._run(loop, seconds)
            elif seconds < math.inf:
                time.sleep(seconds)
            else:
                self._refuse("the wait blocks their event loop")
        self._tell()

    def _run(self, loop: asyncio.AbstractEventLoop, seconds: float) -> None:
        timer = None if seconds == math.inf else loop.call_later(seconds, loop.stop)
        try:
            loop.run_forever()
        finally:
            if timer is not None:
                timer.cancel()
            if self._loop is not loop:  # a coroutine used the isolate, and that ended it
                _shut_down(loop)

    def close(self) -> None:
        """Cancel what is under way and let it clean up; nobody is told any more."""
        tasks, self._tasks = self._tasks, set()
        self._ended.clear()
        for task in tasks:
            task.cancel()
        loop, self._loop = self._loop, None
        if loop is None:
            return
        if loop.is_running():
            loop.stop()  # whoever runs it shuts it down
        else:
            _shut_down(loop)


def _shut_down(loop: asyncio.AbstractEventLoop) -> None:
    """Let cancelled tasks clean up, then close their loop."""
    tasks = asyncio.all_tasks(loop)
    if _running_loop() is None:
        if tasks:
            loop.run_until_complete(asyncio.wait(tasks, timeout=_GRACE_SECONDS))
        loop.run_until_complete(loop.shutdown_asyncgens())
    for task in tasks:
        if task.done() and not task.cancelled():
            task.exception()  # asked for, so that asyncio does not report it
    loop.close()


def _running_loop() -> asyncio.AbstractEventLoop | None:
    try:
        return asyncio.get_running_loop()
    except RuntimeError:
        return None


async def _wait_for(awaitable: Awaitable[object]) -> object:
    return await awaitable
