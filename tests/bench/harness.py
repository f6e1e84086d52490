"""What a benchmark reports: samples in, one row out, a table for people and JSON for machines.

Names are stable from release to release: a figure can be followed over time by its name alone.
"""

from __future__ import annotations

import gc
import json
import statistics
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console
from rich.table import Table


@dataclass(frozen=True, kw_only=True, slots=True)
class Figure:
    """The distribution of one measured quantity."""

    name: str
    unit: str
    samples: tuple[float, ...]
    what: str

    @property
    def median(self) -> float:
        """The figure to quote."""
        return statistics.median(self.samples)

    def to_json(self) -> dict[str, object]:
        """One entry of build/bench.json."""
        return {
            "unit": self.unit,
            "n": len(self.samples),
            "min": min(self.samples),
            "median": self.median,
            "max": max(self.samples),
        }


def timed(action: Callable[[], object], *, repeat: int, warmup: int = 1) -> tuple[float, ...]:
    """Milliseconds that each of ``repeat`` calls took, after ``warmup`` calls that do not count."""
    for _ in range(warmup):
        action()
    samples = []
    for _ in range(repeat):
        start = time.perf_counter()
        action()
        samples.append((time.perf_counter() - start) * 1e3)
    return tuple(samples)


def settle() -> None:
    """Keep the collector away from what was loaded, as docs/guides/isolates.md advises for processes that serve: other
    benchmarks have left a lot, and whole collections would fall into some samples.
    """
    gc.collect()
    gc.freeze()


def report(figures: Sequence[Figure], path: Path) -> None:
    """Print the table and write ``{name: {unit, n, min, median, max}}``."""
    table = Table(title="make bench")
    for heading in ("name", "n", "min", "median", "max", "unit", "what"):
        table.add_column(
            heading, justify="left" if heading in {"name", "unit", "what"} else "right", no_wrap=heading != "what"
        )
    for figure in figures:
        table.add_row(
            figure.name,
            str(len(figure.samples)),
            f"{min(figure.samples):.3g}",
            f"{figure.median:.4g}",
            f"{max(figure.samples):.3g}",
            figure.unit,
            figure.what,
        )
    Console(width=150).print(table)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps({figure.name: figure.to_json() for figure in figures}, indent=2) + "\n")
