"""What becomes of one module on one side, collected over as many runs as it takes, and the file that keeps it."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum
from pathlib import Path
from typing import Any, Final

from tests.regrtest.modules import BY_CHANCE

_MOST_DEAD: Final = 60
"""Tests that end the interpreter, before a module is given up."""
_NO_TEST: Final = ("setUp", "tearDown")
"""How the ids of failures begin that belong to no test."""
_ADDRESS: Final = re.compile("0x[0-9a-f]+")


class Ending(Enum):
    """How a run of a module came to its end."""

    BY_ITSELF = "by itself"
    """With or without the last line: the process may have died."""
    SILENCE = "silence"
    """The last test took too long."""
    TIME = "time"
    """The time for the run was used up, by no test in particular."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Run:
    """One attempt at a module: what was printed (see guest.py), and how it ended."""

    printed: str
    ending: Ending
    complaint: str = ""


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
    """Why the module was given up; the counts are those of the tests until then."""
    complaint: str = ""
    """What the interpreter said when it died the last time."""
    is_complete: bool = False
    done: set[str] = field(default_factory=set)
    """The tests that ran to their ends. Not kept in files."""

    @property
    def passed(self) -> int:
        """How many tests ran and did not fail. A test several of whose parts fail is one."""
        failed = {test.partition(" ")[0] for test in self.failed if not test.startswith(_NO_TEST)}
        return self.run - self.skips - len(failed)

    @property
    def bad(self) -> set[str]:
        """The tests that did not pass, without the addresses that some names hold."""
        return {_ADDRESS.sub("0x", test) for test in (*self.failed, *self.crashed, *self.hung)}

    @property
    def left_out(self) -> list[str]:
        """The tests that the next run must leave out."""
        return sorted({*self.crashed, *self.hung, *self.done})

    def take(self, run: Run) -> None:
        """Note the results of a run, and the test that ended it."""
        before, current = len(self.done), ""
        for line in run.printed.splitlines():
            kind, colon, text = line.partition(": ")
            if not colon or kind not in ("test", "result", "end"):
                continue
            try:
                value = json.loads(text)
            except ValueError:  # a test printed this, or its end is missing
                continue
            if kind == "test":
                current = value
            elif kind == "result":
                current = ""
                self._take_result(value)
            else:
                self.is_complete, self.skipped = True, value
        if not self.is_complete:
            self._take_death(current, run, has_progress=len(self.done) > before)

    def give_up(self, why: str) -> None:
        """Run no more of the module."""
        self.is_complete, self.broken = True, why

    def _take_result(self, value: Mapping[str, Any]) -> None:
        self.failed = sorted({*self.failed, *value["failed"]})
        if value["test"] and value["test"] not in self.done:
            self.done.add(value["test"])
            self.run += 1
            self.skips += value["skipped"] and not value["failed"]

    def _take_death(self, test: str, run: Run, *, has_progress: bool) -> None:
        self.complaint = run.complaint or self.complaint
        if has_progress and (run.ending is Ending.TIME or not test):
            return  # the next run goes on from here
        if not test or test in self.left_out:
            self.give_up(run.complaint or f"ended by {run.ending.value}")
        elif len(self.crashed) + len(self.hung) == _MOST_DEAD:
            self.give_up(f"{_MOST_DEAD} tests end the interpreter")
        else:
            (self.crashed if run.ending is Ending.BY_ITSELF else self.hung).append(test)

    def summary(self) -> str:
        """One cell of a table."""
        if self.skipped:
            return "skipped: " + self.skipped.replace("|", "/")[:50]
        hung = f", {len(self.hung)} hung" if self.hung else ""
        broken = ", then given up" if self.broken else ""
        counts = f"{self.passed} passed, {self.skips} skipped, {len(self.failed)} failed"
        return f"{counts}, {len(self.crashed)} crashed{hung}{broken}"


@dataclass(frozen=True, kw_only=True, slots=True)
class Pair:
    """The outcomes of a module on both sides."""

    node: Outcome
    here: Outcome

    def worse(self) -> list[str]:
        """What does not pass here and passes under node; not what chance decides; nothing where node is given up."""
        if self.node.broken:
            return []
        whole = self.here.broken or (self.here.skipped and not self.node.skipped)
        return [*sorted(self.here.bad - self.node.bad - BY_CHANCE), *(["the module as a whole"] if whole else [])]


Record = dict[str, Pair]
"""By the names of the modules."""
_SIDES: Final = ("node", "here")
_KEPT: Final = ("run", "skips", "failed", "crashed", "hung", "skipped", "broken", "complaint", "is_complete")


def write_record(record: Record, path: Path) -> None:
    """Keep results in a file."""
    kept = {name: {side: _values(getattr(pair, side)) for side in _SIDES} for name, pair in record.items()}
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(kept, indent=1) + "\n")


def read_record(path: Path) -> Record:
    """The results that a file keeps, if it exists."""
    if not path.exists():
        return {}
    return {
        name: Pair(
            **{side: Outcome(**{key: sides[side][key] for key in _KEPT if key in sides[side]}) for side in _SIDES}
        )
        for name, sides in json.loads(path.read_text()).items()
    }


def totals(pairs: Sequence[Pair]) -> tuple[int, int]:
    """How many tests passed, under node and here."""
    return sum(pair.node.passed for pair in pairs), sum(pair.here.passed for pair in pairs)


def _values(outcome: Outcome) -> dict[str, Any]:
    return {key: getattr(outcome, key) for key in _KEPT} | {"passed": outcome.passed}
