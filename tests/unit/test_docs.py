"""The documentation holds together: links lead somewhere, decisions are listed and shaped alike."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
LINK = re.compile(r"\]\(([^)\s#]+)(?:#[^)\s]*)?\)")
ADR_FILE = re.compile(r"\d{4}-[a-z0-9-]+\.md")
ADR_PARTS = ("Status: ", "## Context", "## Decision", "## Rejected options", "## Consequences")


def pages() -> list[Path]:
    return [ROOT / "README.md", ROOT / "CHANGELOG.md", *sorted((ROOT / "docs").rglob("*.md"))]


def local_links(page: Path) -> Iterator[str]:
    for target in LINK.findall(page.read_text(encoding="utf-8")):
        if "://" not in target:
            yield target


@pytest.mark.parametrize("page", pages(), ids=lambda page: str(page.relative_to(ROOT)))
def test_links_lead_to_files(page: Path) -> None:
    assert [target for target in local_links(page) if not (page.parent / target).exists()] == []


def decisions() -> list[Path]:
    return sorted(path for path in (ROOT / "docs/adr").iterdir() if path.name != "README.md")


@pytest.mark.parametrize("path", decisions(), ids=lambda path: path.stem)
def test_decisions_follow_the_template(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    assert ADR_FILE.fullmatch(path.name)
    number = "NNNN" if path.name.startswith("0000") else path.name[:4]
    assert text.startswith((f"# {number}. ", f"# {number.lstrip('0')}. "))
    positions = [text.find(part) for part in ADR_PARTS]
    assert -1 not in positions
    assert positions == sorted(positions)
    assert len(text.splitlines()) <= 45


def test_every_decision_is_listed() -> None:
    listed = list(local_links(ROOT / "docs/adr/README.md"))
    assert listed == [path.name for path in decisions()], "one link each, in order of their numbers"


def test_numbers_are_given_once() -> None:
    numbers = [path.name[:4] for path in decisions()]
    assert len(set(numbers)) == len(numbers)


def differences() -> list[list[str]]:
    """The cells of each row of the table of differences."""
    lines = (ROOT / "docs/reference/differences.md").read_text(encoding="utf-8").splitlines()
    rows = [line for line in lines if line.startswith("|")][2:]
    return [[cell.strip() for cell in line.strip("|").split(" | ")] for line in rows]


@pytest.mark.parametrize("row", differences(), ids=lambda row: row[0][:40])
def test_each_difference_is_asserted(row: list[str]) -> None:
    what, _, reason, asserted = row
    assert reason
    if asserted == "case":
        cases = tomllib.loads((ROOT / "tests/conformance/ffi/differences.toml").read_text(encoding="utf-8"))
        assert [name for name, known in cases.items() if known["entry"] in what], "no case names this row"
    else:
        path, _, name = asserted.strip("`").partition("::")
        assert f"def {name}(" in (ROOT / path).read_text(encoding="utf-8")


def test_each_case_that_differs_is_listed_once() -> None:
    cases = tomllib.loads((ROOT / "tests/conformance/ffi/differences.toml").read_text(encoding="utf-8"))
    rows = [row[0] for row in differences()]
    assert [name for name, known in cases.items() if sum(known["entry"] in what for what in rows) != 1] == []
