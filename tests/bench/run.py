"""``make bench``: measure everything in one run, print a table, write build/bench.json."""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from tests.bench import blobs, boot, dedicated, deltas, ffi, packages
from tests.bench.harness import report


def main() -> None:
    """Measure one thing after the other: two at once would disturb each other."""
    modules = (blobs, boot, ffi, packages, dedicated, deltas)
    figures = [figure for module in modules for figure in module.figures()]
    report(figures, Path(__file__).resolve().parents[2] / "build" / "bench.json")


if __name__ == "__main__":
    main()
