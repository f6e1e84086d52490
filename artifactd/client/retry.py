"""Bounded retries with growing pauses, for calls that may be repeated."""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

from schemas.errors import ServiceUnavailableError

_Result = TypeVar("_Result")


@dataclass(frozen=True, kw_only=True, slots=True)
class RetryPolicy:
    """How often a call is made in all, and the pauses between: ``pause`` seconds, doubled up to ``max_pause``.

    Half of each pause is random, so that many clients of a restarted service do not come back at once.
    """

    attempts: int = 5
    pause: float = 0.1
    max_pause: float = 2.0

    def wait(self, failures: int) -> None:
        """Sleep after the given number of failures in a row (1 or more)."""
        pause = min(self.pause * 2 ** (failures - 1), self.max_pause)
        time.sleep(pause * random.uniform(0.5, 1.0))  # noqa: S311 - not a secret


def retry_unavailable(policy: RetryPolicy, call: Callable[[], _Result]) -> _Result:
    """Make a call that may be repeated, again while the service cannot be reached.

    Raises:
        ServiceUnavailableError: it could not be reached in any attempt.
    """
    failures = 0
    while True:
        try:
            return call()
        except ServiceUnavailableError:
            failures += 1
            if failures >= policy.attempts:
                raise
        policy.wait(failures)
