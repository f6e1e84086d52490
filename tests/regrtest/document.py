"""``python -m tests.regrtest.document``: put recorded results into docs/reference/cpython-tests.md.

Prints which modules are not recorded yet, and which tests are worse here than under node.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from tests.regrtest.modules import MODULES

_DOCUMENT: Final = Path("docs/reference/cpython-tests.md")
_HEADING: Final = "| module | node | here |\n|---|---|---|\n"
_REASON_CHARACTERS: Final = 50

Side = Mapping[str, Any]
Record = Mapping[str, Mapping[str, Side]]


def main(arguments: Sequence[str] | None = None) -> int:
    """Write the document; the exit status is 1 where a test is worse here."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("record", type=Path, nargs="?", default=Path("build/regrtest.json"))
    record: Record = json.loads(parser.parse_args(arguments).record.read_text())
    before, found, rest = _DOCUMENT.read_text().partition(_HEADING)
    if not found:
        raise SystemExit(f"{_DOCUMENT} has no table")
    lines = rest.splitlines(keepends=True)
    while lines and lines[0].startswith("|"):
        del lines[0]
    _DOCUMENT.write_text(before + _HEADING + table(record) + "".join(lines))
    print("not recorded:", *(name for name in MODULES if name not in record))
    worse = [f"{name}: {test}" for name, sides in record.items() for test in worse_here(sides)]
    print(*(f"worse here: {line}" for line in worse), sep="\n")
    return 1 if worse else 0


def table(record: Record) -> str:
    """The rows for the modules recorded, in the order of modules.py, and the sums."""
    names = [name for name in MODULES if name in record]
    rows = [f"| `{name}` | {_cell(record[name]['node'])} | {_cell(record[name]['here'])} |\n" for name in names]
    node, here = (sum(record[name][side]["passed"] for name in names) for side in ("node", "here"))
    return "".join(rows) + f"| passed in all | {node:,} | {here:,} |\n"


def worse_here(sides: Mapping[str, Side]) -> list[str]:
    """The tests that pass under node and do not pass here; none where node could not be brought to an end."""
    node, here = ({*sides[side]["failed"], *sides[side]["crashed"], *sides[side]["hung"]} for side in ("node", "here"))
    if sides["node"]["broken"]:
        return []
    fails = sides["here"]["broken"] or (sides["here"]["skipped"] and not sides["node"]["skipped"])
    return sorted(here - node) + (["the module as a whole"] if fails else [])


def _cell(side: Side) -> str:
    if side["skipped"]:
        return "skipped: " + str(side["skipped"]).replace("|", "/")[:_REASON_CHARACTERS]
    if side["broken"]:
        return f"given up after {len(side['crashed']) + len(side['hung'])} tests that end the interpreter"
    hung = f", {len(side['hung'])} hung" if side["hung"] else ""
    counts = f"{side['passed']} passed, {side['skips']} skipped, {len(side['failed'])} failed"
    return f"{counts}, {len(side['crashed'])} crashed{hung}"


if __name__ == "__main__":
    sys.exit(main())
