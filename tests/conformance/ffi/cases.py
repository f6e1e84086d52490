"""Cases of the differential suite: small Python programs that must mean the same here and in Pyodide on node.

A case file holds many cases; each begins with a line ``#% name``. A line ``#%js`` begins the JavaScript that looks at
the result in node, a line ``#%host`` the Python that does the same in the test process.
"""

from __future__ import annotations

import json
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).parent
_MARK: Final = "#%"
_SECTIONS: Final = {"#%js": "javascript", "#%host": "host"}


class CaseError(ValueError):
    """A case file or the list of differences is not as it must be; says where."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Case:
    """One case. ``javascript`` and ``host`` are empty unless both are given."""

    id: str
    python: str
    javascript: str = ""
    host: str = ""

    @property
    def topic(self) -> str:
        """The directory the case is in."""
        return self.id.partition("/")[0]

    @property
    def needs_stack_switching(self) -> bool:
        """Whether node runs the case with stack switching, which changes the order of tasks a little."""
        return self.topic == "run_sync" or self.id.startswith("asyncio/run_sync")


@dataclass(frozen=True, kw_only=True, slots=True)
class Difference:
    """A case that must not give here what it gives in node.

    ``here`` is the rendered record of this runtime; ``entry`` is text of the table in docs/reference/differences.md.
    """

    reason: str
    here: str
    entry: str


def parse_cases(text: str, prefix: str) -> list[Case]:
    """The cases of one file; ``prefix`` is what their ids begin with.

    Raises:
        CaseError: text before the first case, a name given twice, or one of the two host sections without the other.
    """
    cases: dict[str, Case] = {}
    sections: dict[str, list[str]] = {}
    name: str | None = None
    current: list[str] | None = None

    def finish() -> None:
        if name is None:
            return
        source = {key: "\n".join(lines).strip("\n") + "\n" for key, lines in sections.items()}
        case = Case(id=f"{prefix}::{name}", **source)
        if bool(case.javascript) != bool(case.host):
            raise CaseError(f"{case.id}: #%js and #%host go together")
        if case.id in cases:
            raise CaseError(f"{case.id}: there are two cases of this name")
        cases[case.id] = case

    for number, line in enumerate(text.splitlines(), start=1):
        section = _SECTIONS.get(line.rstrip())
        if section is not None and name is not None and section not in sections:
            current = sections[section] = []
        elif section is not None:
            raise CaseError(f"{prefix}, line {number}: {line.strip()} is given twice, or before the first case")
        elif line.startswith(_MARK):
            finish()
            name = line.removeprefix(_MARK).strip()
            if not name:
                raise CaseError(f"{prefix}, line {number}: a case has no name")
            sections = {"python": []}
            current = sections["python"]
        elif current is not None:
            current.append(line)
        elif line.strip() and not line.startswith("#"):
            raise CaseError(f"{prefix}, line {number}: text before the first case")
    finish()
    return list(cases.values())


def read_file(path: Path) -> list[Case]:
    """The cases of a file below this directory; their ids begin with ``<topic>/<file>``."""
    return parse_cases(path.read_text(encoding="utf-8"), path.relative_to(ROOT).with_suffix("").as_posix())


def all_cases() -> list[Case]:
    """Every case, in the order of files and then of lines."""
    return [case for path in sorted(ROOT.glob("*/*.py")) for case in read_file(path)]


def select(words: Iterable[str]) -> list[Case]:
    """Cases by path of a file or directory, or by a part of their id."""
    chosen: dict[str, Case] = {}
    for word in words:
        path = Path(word).resolve()
        if path.is_file():
            found = read_file(path)
        else:
            below = path.is_dir() and path.is_relative_to(ROOT)
            start = path.relative_to(ROOT).as_posix() + "/" if below and path != ROOT else ""
            found = [case for case in all_cases() if (case.id.startswith(start) if below else word in case.id)]
        chosen.update((case.id, case) for case in found)
    return list(chosen.values())


def read_differences(path: Path = ROOT / "differences.toml") -> dict[str, Difference]:
    """The known differences by case id.

    Raises:
        CaseError: an entry without one of its keys.
    """
    found: dict[str, Difference] = {}
    for case_id, entry in tomllib.loads(path.read_text(encoding="utf-8")).items():
        if not isinstance(entry, dict) or set(entry) != {"reason", "here", "entry"}:
            raise CaseError(f"differences.toml: {case_id} must have the keys reason, here and entry")
        found[case_id] = Difference(**entry)
    return found


def render(record: Mapping[str, object]) -> str:
    """A record of either side as the text that is compared and shown."""
    lines = [f"{key}: {record[key]}" for key in ("value", "exception", "failure") if record.get(key) is not None]
    if record.get("stdout"):
        lines.append(f"stdout: {record['stdout']}")
    if "outside" in record:
        lines.append(f"outside: {json.dumps(_plain(record['outside']), sort_keys=True)}")
    return "\n".join(lines)


def _plain(value: object) -> object:
    """JSON has one kind of number: 1.0 is 1."""
    if isinstance(value, float) and value.is_integer():
        return int(value)
    if isinstance(value, dict):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    return value
