"""What isolates of a release cost on this machine: time to boot, memory each."""

from __future__ import annotations

import statistics
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from runtime_core.isolate import Isolate, IsolateOptions
from runtime_core.runtime import Runtime
from schemas.errors import HostError

_SMAPS: Final = Path("/proc/self/smaps_rollup")
PROBE_SOURCE: Final = "def probe(x): return x + 1"


@dataclass(frozen=True, kw_only=True, slots=True)
class Spread:
    """A distribution in one line."""

    n: int
    minimum: float
    median: float
    maximum: float

    @classmethod
    def of(cls, samples: Sequence[float]) -> Spread:
        """Of at least one sample."""
        return cls(n=len(samples), minimum=min(samples), median=statistics.median(samples), maximum=max(samples))

    def to_json(self) -> dict[str, float]:
        """For machines."""
        return {"n": self.n, "min": self.minimum, "median": self.median, "max": self.maximum}


@dataclass(frozen=True, kw_only=True, slots=True)
class Measurement:
    """Milliseconds from nothing to the answer of a first call, and megabytes (10^6) of private dirty memory."""

    boot_ms: tuple[float, ...]
    private_mb: tuple[float, ...]


def private_dirty_bytes() -> int:
    """Memory of this process that nobody shares and that differs from any file.

    Raises:
        HostError: this system does not tell.
    """
    try:
        text = _SMAPS.read_text()
    except OSError as error:
        raise HostError("this system does not report private memory", expected=str(_SMAPS)) from error
    for line in text.splitlines():
        if line.startswith("Private_Dirty:"):
            return int(line.split()[1]) * 1024
    raise HostError("no Private_Dirty in the memory report", found=text[:80])


def measure(runtime: Runtime, count: int) -> Measurement:
    """Boot ``count`` isolates, keep them all, and look at time and memory of each.

    One more is booted first: it pages in what all share, and is not counted.
    """
    options = IsolateOptions(stdout=_drop, stderr=_drop)
    kept = [_boot(runtime, options)]
    boot_ms: list[float] = []
    private_mb: list[float] = []
    try:
        before = private_dirty_bytes()
        for _ in range(count):
            start = time.perf_counter()
            kept.append(_boot(runtime, options))
            boot_ms.append((time.perf_counter() - start) * 1e3)
            after = private_dirty_bytes()
            private_mb.append((after - before) / 1e6)
            before = after
    finally:
        for isolate in kept:
            isolate.close()
    return Measurement(boot_ms=tuple(boot_ms), private_mb=tuple(private_mb))


def _boot(runtime: Runtime, options: IsolateOptions) -> Isolate:
    isolate = Isolate(runtime, options)
    isolate.run(PROBE_SOURCE)
    if isolate.call("probe", 1) != 2:
        raise HostError("the probe gave a wrong answer")
    return isolate


def _drop(_data: bytes) -> None:
    pass
