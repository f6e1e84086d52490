"""``make regrtest``: the parts of CPython's own regression tests that fit the guest, here and under node.

Prints a table of counts, keeps a record of all results up to date, and ends with exit status 1 where a test fails here
that passes under node. A test that crashes the interpreter is counted, left out, and its module is run again without
it. So is a test that hangs; one that hangs under node is left out here as well.
"""

from __future__ import annotations

import argparse
import json
import os
import select
import subprocess
import sys
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any, Final

from rich.console import Console
from rich.table import Table

from runtime_core.build.cache import BuildCache, default_cache_root
from runtime_core.build.tools import find_node
from runtime_core.engine.limits import Limits
from runtime_core.isolate import Isolate, IsolateOptions
from runtime_core.runtime import Runtime
from schemas.errors import PlatformError, PythonError
from tests.bench.node_package import unpack
from tests.regrtest.modules import MODULES, needs_of
from tests.regrtest.sources import TESTS_VERSION, test_package
from tests.support import releases

_HERE: Final = Path(__file__).parent
_CPU_SECONDS: Final = 300.0
"""For one module here."""
_TOGETHER: Final = 12
"""Modules that share an interpreter under node, which takes seconds to start."""
_QUIET_SECONDS: Final = 240.0
"""Under node, the time without a new test after which the last one counts as hanging."""
_MOST_CRASHES: Final = 12
_PREFIX: Final = "test: "
_LIMITS: Final = Limits(memory_bytes=2 << 30, cpu_seconds=_CPU_SECONDS, wait_seconds=60.0)

Report = dict[str, Any]
"""What the guest says of a module: ``run``, ``skips`` and ``failed``; or ``skipped`` and why."""


@dataclass(kw_only=True)
class Outcome:
    """The outcome of one module on one side."""

    run: int = 0
    skips: int = 0
    failed: list[str] = field(default_factory=list)
    crashed: list[str] = field(default_factory=list)
    hung: list[str] = field(default_factory=list)
    skipped: str = ""
    broken: str = ""
    is_complete: bool = False

    @property
    def passed(self) -> int:
        """How many tests ran and did not fail."""
        return self.run - self.skips - len(self.failed)

    @property
    def bad(self) -> set[str]:
        """The tests that did not pass."""
        return {*self.failed, *self.crashed, *self.hung}

    @property
    def dead(self) -> list[str]:
        """The tests that have to be left out."""
        return [*self.crashed, *self.hung]

    def take(self, report: Report) -> None:
        """Note that a module ran to its end."""
        self.is_complete = True
        self.skipped = report.get("skipped", "")
        self.run, self.skips = report.get("run", 0), report.get("skips", 0)
        self.failed = report.get("failed", [])

    def take_crash(self, crash: Crash) -> None:
        """Note the test that must be left out the next time."""
        if not str(crash) or str(crash) in self.dead or len(self.dead) == _MOST_CRASHES:
            self.is_complete = True
            self.broken = f"{crash} {crash.__cause__}"
        else:
            (self.hung if isinstance(crash, Hang) else self.crashed).append(str(crash))

    def summary(self) -> str:
        """One cell of the table."""
        if self.skipped or self.broken:
            return f"skipped: {self.skipped}"[:40] if self.skipped else f"broken: {self.broken}"[:40]
        return f"{self.passed} passed, {self.skips} skipped, {len(self.failed)} failed, {len(self.dead)} crashed"


Outcomes = dict[str, tuple[Outcome, Outcome]]
"""By module: under node, here."""
_SIDES: Final = ("node", "here")
_KEPT: Final = tuple(entry.name for entry in fields(Outcome))


class Crash(Exception):
    """The interpreter died while the named test ran."""


class Hang(Crash):
    """The named test does not end."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the modules named, or all; return the exit status."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("modules", nargs="*", help="modules of the test package, such as test_json (default: all)")
    parser.add_argument("--here-only", action="store_true", help="do not run node")
    parser.add_argument("--record", type=Path, default=Path("build/regrtest.json"), help="where the results go")
    parser.add_argument("--resume", action="store_true", help="leave out modules that are recorded there")
    options = parser.parse_args(arguments)
    outcomes = _recorded(options.record) if options.resume else {}
    names = [name for name in options.modules or MODULES if name not in outcomes]
    cache = BuildCache(default_cache_root())
    suite = test_package(cache)
    package = unpack(cache.root)
    runtime = releases.runtime()
    for start in range(0, len(names), _TOGETHER):
        together = names[start : start + _TOGETHER]
        under_node = {name: Outcome() for name in together}
        if not options.here_only:
            collect_under_node(under_node, package, suite)
        for name in together:
            node = under_node[name]
            here = Outcome(hung=[*node.hung])
            collect(here, lambda dead, n=name: run_here(n, dead, runtime, suite))
            outcomes[name] = (node, here)
            _record(outcomes, options.record)
            print(f"{name}: {node.summary()} | {here.summary()}", file=sys.stderr, flush=True)
    worse = {name: sorted(here.bad - node.bad) for name, (node, here) in outcomes.items()}
    _report(outcomes, worse)
    broken = any(
        (here.broken and not node.broken) or (here.skipped and not node.skipped) for node, here in outcomes.values()
    )
    return 1 if broken or (any(worse.values()) and not options.here_only) else 0


def collect(outcome: Outcome, attempt: Callable[[list[str]], Report]) -> None:
    """Run a module until no test of it crashes the interpreter."""
    while not outcome.is_complete:
        try:
            outcome.take(attempt(outcome.dead))
        except Crash as crash:
            outcome.take_crash(crash)


def collect_under_node(outcomes: dict[str, Outcome], package: Path, suite: Path) -> None:
    """Run modules in one interpreter, which is started again where one of them ends it."""
    while left := [name for name, outcome in outcomes.items() if not outcome.is_complete]:
        orders = [{"name": name, "needs": needs_of(name), "crashed": outcomes[name].dead} for name in left]
        lines, hangs, complaint = run_node(orders, package, suite)
        name, test = left[0], ""
        for line in lines:
            kind, _, text = line.partition(": ")
            if kind == "module":
                name, test = text, ""
            elif kind == "report":
                outcomes[name].take(json.loads(text))
            elif kind == "test":
                test = text.strip()
        if not outcomes[name].is_complete:
            crash = Hang(test) if hangs else Crash(test)
            crash.__cause__ = RuntimeError(complaint)
            outcomes[name].take_crash(crash)


def run_here(name: str, crashed: list[str], runtime: Runtime, suite: Path) -> Report:
    """Run a module in an isolate.

    Raises:
        Crash: the guest died.
    """
    printed = bytearray()
    options = IsolateOptions(limits=_LIMITS, stdout=printed.extend, stderr=lambda _: None)
    isolate = Isolate(runtime, options)
    try:
        isolate.run((_HERE / "guest.py").read_text())
        isolate.call("install", suite.read_bytes(), needs_of(name))
        report = isolate.call("run", name, crashed)
    except PythonError as error:
        return {"skipped": f"{type(error).__name__}: {error}"}
    except PlatformError as error:  # LimitError is a WorkerError, but a dead guest all the same
        raise Crash(_last_test(printed.decode("utf-8", "replace"))) from error
    finally:
        isolate.close()
    if not isinstance(report, dict):
        raise AssertionError(f"not a report: {report!r}")
    return report


def run_node(orders: list[dict[str, Any]], package: Path, suite: Path) -> tuple[list[str], bool, str]:
    """Run modules under node; the lines printed, whether it had to be killed, and the end of what it complained of."""
    command = [str(find_node().node), str(_HERE / "run_node.mjs"), str(package), str(suite), str(_HERE / "guest.py")]
    with tempfile.TemporaryFile() as errors:
        printed, hangs = _watch(subprocess.Popen([*command, json.dumps(orders)], stdout=subprocess.PIPE, stderr=errors))
        errors.seek(0)
        return printed.splitlines(), hangs, errors.read()[-300:].decode("utf-8", "replace")


def _watch(process: subprocess.Popen[bytes]) -> tuple[str, bool]:
    """What a process prints until it ends, or falls silent and is killed: then the second value is True."""
    assert process.stdout is not None
    printed = bytearray()
    with process:
        while True:
            ready, _, _ = select.select([process.stdout], [], [], _QUIET_SECONDS)
            if not ready:
                process.kill()
                return printed.decode("utf-8", "replace"), True
            data = os.read(process.stdout.fileno(), 1 << 16)
            if not data:
                return printed.decode("utf-8", "replace"), False
            printed += data


def _last_test(printed: str) -> str:
    names = [line.removeprefix(_PREFIX) for line in printed.splitlines() if line.startswith(_PREFIX)]
    return names[-1].strip() if names else ""


def _record(outcomes: Outcomes, path: Path) -> None:
    record = {
        name: {side: vars(found) | {"passed": found.passed} for side, found in zip(_SIDES, sides, strict=True)}
        for name, sides in outcomes.items()
    }
    path.parent.mkdir(exist_ok=True)
    path.write_text(json.dumps(record, indent=1) + "\n")


def _recorded(path: Path) -> Outcomes:
    if not path.exists():
        return {}
    found: Outcomes = {}
    for name, sides in json.loads(path.read_text()).items():
        node, here = (Outcome(**{key: sides[side][key] for key in _KEPT}) for side in _SIDES)
        if not node.broken and not here.broken:
            found[name] = (node, here)
    return found


def _report(outcomes: Outcomes, worse: dict[str, list[str]]) -> None:
    table = Table(title=f"CPython {TESTS_VERSION}'s tests")
    for heading in ("module", "node", "here", "worse here"):
        table.add_column(heading)
    for name, (node, here) in outcomes.items():
        table.add_row(name, node.summary(), here.summary(), str(len(worse[name]) or ""))
    totals = [sum(side.passed for side in sides) for sides in zip(*outcomes.values(), strict=True)]
    table.add_row("passed in all", str(totals[0]), str(totals[1]), str(sum(map(len, worse.values())) or ""))
    Console(width=200).print(table)
    for name, tests in worse.items():
        for test in tests:
            print(f"worse here: {name}: {test}")


if __name__ == "__main__":
    sys.exit(main())
