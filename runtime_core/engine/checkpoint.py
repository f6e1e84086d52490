"""Where host code that a guest keeps busy notices that the guest's CPU time is used up.

Compiled code looks at its budget at each tick of the epoch. Host code cannot be interrupted: loops whose length the
guest chooses, and calls of the functions it combines, pass through :func:`checkpoint`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TypeVar

from runtime_core.engine.current import CURRENT
from runtime_core.engine.limits import TICKS

_T = TypeVar("_T")


def checkpoint() -> None:
    """Look at the budget of the guest this thread works for, once for each tick.

    Raises:
        LimitError: it is used up; the guest is dead.
    """
    if CURRENT.tick != TICKS.count:
        _look()


def _look() -> None:
    CURRENT.tick = TICKS.count
    host = CURRENT.host
    instance = CURRENT.working if host is None else host.instance
    if instance is not None:
        instance.check_budget()


def checked(values: Iterable[_T]) -> Iterator[_T]:
    """The values, with a checkpoint before each."""
    for value in values:
        checkpoint()
        yield value
