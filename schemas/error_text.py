"""Errors as the commands show them to people."""

from __future__ import annotations

import re
from typing import Final

from schemas.errors import PlatformError

_ACTING: Final = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff]")


def error_lines(error: PlatformError) -> list[str]:
    """What, then expected and found, then what to do; fit for a terminal, wherever the parts came from."""
    lines = [f"error: {error.message}"]
    if error.expected is not None:
        lines.append(f"  expected: {error.expected}")
    if error.found is not None:
        lines.append(f"  found:    {error.found}")
    if error.hint:
        lines.append(f"  try:      {error.hint}")
    return [escaped(line) for line in lines]


def escaped(text: str) -> str:
    """Text as a terminal may get it: what would act on it is escaped, whoever the text is from."""
    return _ACTING.sub(lambda found: found[0].encode("unicode_escape").decode("ascii"), text)
