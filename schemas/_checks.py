"""Checks that the constructors of manifest values share; each raises FormatError with the name of the field."""

from __future__ import annotations

import re
from typing import Final

from schemas.errors import FormatError

MAX_TEXT: Final = 1024


def matches(field: str, value: str, pattern: re.Pattern[str], expected: str) -> None:
    """The whole text follows a pattern."""
    if not isinstance(value, str) or pattern.fullmatch(value) is None:
        raise FormatError(f"{field} has the wrong form", expected=expected, found=ascii(value)[:80])


def printable(field: str, value: str, *, max_length: int = MAX_TEXT) -> None:
    """One line of printable text, so that showing it cannot do anything to a terminal."""
    if not isinstance(value, str) or not value.isprintable() or len(value) > max_length:
        raise FormatError(f"{field} is not one short printable line", found=ascii(value)[:80])


def in_range(field: str, value: int, low: int, high: int) -> None:
    """An integer between two bounds, both included."""
    if type(value) is not int or not low <= value <= high:
        raise FormatError(f"{field} is out of range", expected=f"{low} to {high}", found=ascii(value)[:80])


def at_most(field: str, count: int, limit: int) -> None:
    """A bound on the number of elements."""
    if count > limit:
        raise FormatError(f"{field} has too many elements", expected=f"<= {limit}", found=count)
