"""How often a call is made when the service cannot be reached."""

from __future__ import annotations

import random
import time
from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True, slots=True)
class RetryPolicy:
    """How often a call is made in all, and the pauses between: ``pause`` seconds, doubled up to ``max_pause``.

    The defaults outlast a restart of the service (about seven seconds), but a service that never answered is given up
    after ``first_attempts``, because then the address is probably wrong. Half of each pause is random, so that many
    clients of a restarted service do not come back at once.
    """

    attempts: int = 8
    first_attempts: int = 3
    pause: float = 0.1
    max_pause: float = 2.0

    def gives_up(self, failures: int, *, answered: bool) -> bool:
        """Whether this many failures in a row are enough; ``answered``: the service was there before."""
        return failures >= (self.attempts if answered else min(self.first_attempts, self.attempts))

    def wait(self, failures: int) -> None:
        """Sleep after the given number of failures in a row (1 or more)."""
        pause = min(self.pause * 2 ** (failures - 1), self.max_pause)
        time.sleep(pause * random.uniform(0.5, 1.0))  # noqa: S311 - not a secret
