"""What artifactctl prints: results on stdout, as text or as one JSON object; everything else on stderr."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TextIO

from schemas.error_text import error_lines, escaped
from schemas.errors import PlatformError


@dataclass(frozen=True, kw_only=True, slots=True)
class CommandResult:
    """What a command found or did: ``value`` for machines, ``lines`` for people."""

    value: Mapping[str, Any]
    lines: Sequence[str] = field(default=())
    exit_code: int = 0


class Output:
    """Prints results and errors in the form that was asked for."""

    def __init__(self, *, as_json: bool, stdout: TextIO | None = None, stderr: TextIO | None = None) -> None:
        self._as_json = as_json
        self._stdout = stdout if stdout is not None else sys.stdout
        self._stderr = stderr if stderr is not None else sys.stderr

    def result(self, result: CommandResult) -> None:
        """Print a command's result."""
        if self._as_json:
            self._print_json(result.value)
        else:
            for line in result.lines:
                print(escaped(line), file=self._stdout)
        self._stdout.flush()

    def error(self, error: PlatformError) -> None:
        """Print an error: with --json as ``{"error": {...}}`` on stdout, else on stderr."""
        if self._as_json:
            self._print_json({"error": error.to_json()})
        else:
            for line in error_lines(error):
                print(line, file=self._stderr)

    def usage_error(self, message: str) -> None:
        """Print that the command line is wrong."""
        if self._as_json:
            self._print_json({"error": {"code": "usage", "message": message, "hint": "see artifactctl --help"}})
        else:
            print(f"error: {message}\nsee artifactctl --help", file=self._stderr)

    def _print_json(self, value: Mapping[str, Any]) -> None:
        print(json.dumps(value, indent=2), file=self._stdout, flush=True)


def table(rows: Sequence[Sequence[str]], *, header: Sequence[str]) -> list[str]:
    """Rows as aligned columns under a header."""
    cells = [tuple(header), *(tuple(row) for row in rows)]
    widths = [max(len(row[column]) for row in cells) for column in range(len(header))]
    return ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in cells]


def size_text(size: int) -> str:
    """A size for people, in decimal units."""
    value = float(size)
    for unit in ("B", "kB", "MB"):
        if value < 1000:
            return f"{value:.0f} {unit}" if unit == "B" else f"{value:.1f} {unit}"
        value /= 1000
    return f"{value:.1f} GB"
