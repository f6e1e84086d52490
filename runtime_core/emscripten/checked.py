"""Values of captured state, checked while they are read: a snapshot is data from outside."""

from __future__ import annotations


def checked_string(value: object) -> str:
    """A string that the guest can be given: what is not Unicode stands for bytes (PEP 383).

    Raises:
        TypeError: not a string.
        ValueError: a string with a NUL or with lone surrogates of another kind.
    """
    if not isinstance(value, str):
        raise TypeError(f"not a string: {value!r:.80}")
    if "\0" in value:
        raise ValueError(f"a string with a NUL: {value!r:.80}")
    value.encode("utf-8", "surrogateescape")
    return value


def checked_integer(value: object, low: int, high: int) -> int:
    """An integer within bounds.

    Raises:
        ValueError: anything else.
    """
    if not isinstance(value, int) or isinstance(value, bool) or not low <= value <= high:
        raise ValueError(f"not an integer from {low} to {high}: {value!r:.80}")
    return value
