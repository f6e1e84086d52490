"""``make regrtest``: the parts of CPython's own regression tests that fit the guest, here and under node.

Prints a table of counts, keeps a record of all results up to date, and ends with exit status 1 where a test fails here
that passes under node. Results are kept test by test: when a test ends the interpreter or does not end, it is counted,
and another run goes on with the tests that are left. A test that hangs under node is left out here as well.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Final

from rich.console import Console
from rich.table import Table

from runtime_core.build.cache import BuildCache, default_cache_root
from tests.bench.node_package import unpack
from tests.regrtest.modules import MODULES
from tests.regrtest.outcome import Outcome, Pair, Record, Run, read_record, totals, write_record
from tests.regrtest.sides import run_here, run_node
from tests.regrtest.sources import TESTS_VERSION, test_package
from tests.support import releases

_TOGETHER: Final = 6
"""Modules that share an interpreter under node, which takes seconds to start."""
_PATIENCE: Final = 120.0
_MOST_SECONDS: Final = 900.0


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the modules named, or all; return the exit status."""
    options = _parser().parse_args(arguments)
    record = read_record(options.record) if options.resume else {}
    cache = BuildCache(default_cache_root())
    suite = test_package(cache)
    package = unpack(cache.root)
    runtime = releases.runtime()
    patience, most = options.patience, options.most
    names = options.modules or [name for name in MODULES if name not in record]
    for start in range(0, len(names), _TOGETHER):
        under_node = {
            name: Outcome(hung=_known_to_hang(record, name), is_complete=options.here_only)
            for name in names[start : start + _TOGETHER]
        }
        collect_together(under_node, partial(run_node, package=package, suite=suite, patience=patience), most)
        for name, node in under_node.items():
            here = Outcome(hung=[*node.hung])
            collect(here, partial(run_here, name, runtime=runtime, suite=suite, patience=patience), most)
            record[name] = Pair(node=node, here=here)
            write_record(record, options.record)
            print(f"{name}: {node.summary()} | {here.summary()}", file=sys.stderr, flush=True)
    _report(record)
    return 1 if any(pair.worse() for pair in record.values()) and not options.here_only else 0


def collect(outcome: Outcome, attempt: Callable[[list[str]], Run], most_seconds: float) -> None:
    """Run a module as often as it takes; give it up after ``most_seconds``."""
    collect_together({"": outcome}, lambda left_out: [("", attempt(left_out[""]))], most_seconds)


def collect_together(
    outcomes: Mapping[str, Outcome],
    attempt: Callable[[dict[str, list[str]]], list[tuple[str, Run]]],
    most_seconds: float,
) -> None:
    """Run modules one after another, again from the one on that ended the interpreter.

    One is given up when the runs that it ended took more than ``most_seconds``.
    """
    spent: dict[str, float] = defaultdict(float)
    while left := {name: outcome.left_out for name, outcome in outcomes.items() if not outcome.is_complete}:
        started = time.monotonic()
        for name, run in attempt(left):
            outcomes[name].take(run)
        spent[name] += time.monotonic() - started
        if spent[name] > most_seconds and not outcomes[name].is_complete:
            outcomes[name].give_up(f"took more than {most_seconds:.0f} seconds")


def _known_to_hang(record: Record, name: str) -> list[str]:
    return [*record[name].node.hung] if name in record else []


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("modules", nargs="*", help="modules of the test package, such as test_json (default: all)")
    parser.add_argument("--here-only", action="store_true", help="do not run node")
    parser.add_argument("--record", type=Path, default=Path("build/regrtest.json"), help="where the results go")
    parser.add_argument(
        "--resume", action="store_true", help="keep the record's results, and run what is not in it or what is named"
    )
    parser.add_argument(
        "--patience", type=float, default=_PATIENCE, metavar="S", help="a test hangs that has not ended after S seconds"
    )
    parser.add_argument(
        "--most", type=float, default=_MOST_SECONDS, metavar="S", help="S seconds for a module on a side, over all runs"
    )
    return parser


def _report(record: Record) -> None:
    table = Table(title=f"CPython {TESTS_VERSION}'s tests")
    for heading in ("module", "node", "here", "worse here"):
        table.add_column(heading)
    for name, pair in record.items():
        table.add_row(name, pair.node.summary(), pair.here.summary(), str(len(pair.worse()) or ""))
    node, here = totals(list(record.values()))
    table.add_row("passed in all", str(node), str(here), str(sum(len(pair.worse()) for pair in record.values()) or ""))
    Console(width=200).print(table)
    for name, pair in record.items():
        for test in pair.worse():
            print(f"worse here: {name}: {test}")


if __name__ == "__main__":
    sys.exit(main())
