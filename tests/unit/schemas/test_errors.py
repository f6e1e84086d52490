"""The error root."""

from __future__ import annotations

import re

import pytest

from schemas import errors
from schemas.errors import PlatformError

CLASSES = [cls for cls in vars(errors).values() if isinstance(cls, type) and issubclass(cls, PlatformError)]


def test_codes_are_unique_and_of_one_form() -> None:
    codes = [cls.code for cls in CLASSES]
    assert len(set(codes)) == len(codes)
    assert all(re.fullmatch(r"[a-z]+(-[a-z]+)*", code) for code in codes)


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        ({}, "it broke"),
        ({"expected": 1, "found": 2}, "it broke (expected 1, found 2)"),
        ({"found": 2}, "it broke (found 2)"),
        ({"expected": 0}, "it broke (expected 0)"),
        ({"hint": "try again"}, "it broke; try again"),
        ({"found": "x", "hint": "try again"}, "it broke (found x); try again"),
    ],
)
def test_text(arguments: dict[str, str], text: str) -> None:
    assert str(PlatformError("it broke", **arguments)) == text
