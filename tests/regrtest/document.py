"""``python -m tests.regrtest.document``: put recorded results into docs/reference/cpython-tests.md.

Prints which modules are not recorded yet, and which tests are worse here than under node.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from tests.regrtest.modules import MODULES
from tests.regrtest.outcome import Record, read_record, totals

_DOCUMENT: Final = Path("docs/reference/cpython-tests.md")
_HEADING: Final = "| module | node | here |\n|---|---|---|\n"


def main(arguments: Sequence[str] | None = None) -> int:
    """Write the document; the exit status is 1 where a test is worse here."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("record", type=Path, nargs="?", default=Path("build/regrtest.json"))
    record = read_record(parser.parse_args(arguments).record)
    before, found, rest = _DOCUMENT.read_text().partition(_HEADING)
    if not found:
        raise SystemExit(f"{_DOCUMENT} has no table")
    lines = rest.splitlines(keepends=True)
    while lines and lines[0].startswith("|"):
        del lines[0]
    _DOCUMENT.write_text(before + _HEADING + table(record) + "".join(lines))
    print("not recorded:", *(name for name in MODULES if name not in record))
    worse = [f"worse here: {name}: {test}" for name, pair in record.items() for test in pair.worse()]
    print(*worse, sep="\n")
    return 1 if worse else 0


def table(record: Record) -> str:
    """The rows for the modules recorded, in the order of modules.py, and the sums."""
    names = [name for name in MODULES if name in record]
    rows = [f"| `{name}` | {record[name].node.summary()} | {record[name].here.summary()} |\n" for name in names]
    node, here = totals([record[name] for name in names])
    return "".join(rows) + f"| passed in all | {node:,} | {here:,} |\n"


if __name__ == "__main__":
    sys.exit(main())
