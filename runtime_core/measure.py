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
FIRST_LINE: Final = "x = 1"
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
    """Milliseconds from nothing to the end of a first line of Python; megabytes (10^6) of private dirty memory of an
    isolate that answered a call."""

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
    """Boot ``count`` isolates one after the other, each dropped after its first line of Python; then ``count`` more
    that answer a call and are all kept, to see what memory each takes.

    In each round one isolate is booted first: it pages in what all share, and is not counted.
    """
    options = IsolateOptions(stdout=_drop, stderr=_drop)
    boot_ms = [_boot_and_drop(runtime, options) for _ in range(count + 1)]
    return Measurement(boot_ms=tuple(boot_ms[1:]), private_mb=_memory_of_each(runtime, options, count))


def _boot_and_drop(runtime: Runtime, options: IsolateOptions) -> float:
    start = time.perf_counter()
    isolate = Isolate(runtime, options)
    try:
        isolate.run(FIRST_LINE)
        return (time.perf_counter() - start) * 1e3
    finally:
        isolate.close()


def _memory_of_each(runtime: Runtime, options: IsolateOptions, count: int) -> tuple[float, ...]:
    kept: list[Isolate] = []
    private: list[float] = []
    try:
        for _ in range(count + 1):
            before = private_dirty_bytes()
            isolate = Isolate(runtime, options)
            kept.append(isolate)
            isolate.run(PROBE_SOURCE)
            if isolate.call("probe", 1) != 2:
                raise HostError("the probe gave a wrong answer")
            private.append((private_dirty_bytes() - before) / 1e6)
    finally:
        for isolate in kept:
            isolate.close()
    return tuple(private[1:])


def _drop(_data: bytes) -> None:
    pass
