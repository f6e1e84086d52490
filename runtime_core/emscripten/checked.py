"""Values of captured state, checked while they are read: a snapshot is data from outside."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TypeVar

from schemas.errors import FormatError

T = TypeVar("T")


class MalformedError(ValueError):
    """A value of captured state that no capture writes; ``path`` leads to it."""

    def __init__(self, *, expected: str, found: object, path: str = "") -> None:
        super().__init__(expected)
        self.path = path
        self.expected = expected
        self.found = shown(found)

    def __str__(self) -> str:
        return f"{self.path}: expected {self.expected}, found {self.found}"


def shown(value: object) -> str:
    """A value as an error shows it: short, and no walk into a deep or large one."""
    if value is None or isinstance(value, str | float | bool):
        return ascii(value)[:80]
    if isinstance(value, int):
        return str(value) if value.bit_length() <= 128 else "a larger integer"
    return f"{type(value).__name__} of {len(value)}" if isinstance(value, list | dict) else type(value).__name__


def member(state: object, key: str, read: Callable[[object], T]) -> T:
    """A member of an object, read by ``read``.

    Raises:
        MalformedError: there is none, or ``read`` refuses it; the path names it.
    """
    if not isinstance(state, Mapping):
        raise MalformedError(expected=f"an object with {key}", found=state)
    if key not in state:
        raise MalformedError(expected="a value", found="nothing", path=key)
    return _at(key, state[key], read)


def elements(value: object, read: Callable[[object], T]) -> tuple[T, ...]:
    """The elements of a list.

    Raises:
        MalformedError: not a list, or ``read`` refuses an element; the path names it.
    """
    if not isinstance(value, list):
        raise MalformedError(expected="a list", found=value)
    return tuple(_at(str(index), item, read) for index, item in enumerate(value))


def fields(value: object, count: int) -> list[object]:
    """The elements of a list of known length.

    Raises:
        MalformedError: anything else.
    """
    if not isinstance(value, list) or len(value) != count:
        raise MalformedError(expected=f"a list of {count}", found=value)
    return value


def checked_string(value: object) -> str:
    """A string that the guest can be given: what is not Unicode stands for bytes (PEP 383).

    Raises:
        MalformedError: not a string, or one with a NUL or with lone surrogates of another kind.
    """
    if not isinstance(value, str) or "\0" in value:
        raise MalformedError(expected="a string without NUL", found=value)
    try:
        value.encode("utf-8", "surrogateescape")
    except UnicodeEncodeError as error:
        raise MalformedError(expected="a string that is Unicode or bytes", found=value) from error
    return value


def checked_integer(value: object, low: int, high: int) -> int:
    """An integer within bounds.

    Raises:
        MalformedError: anything else.
    """
    if not isinstance(value, int) or isinstance(value, bool) or not low <= value <= high:
        raise MalformedError(expected=f"an integer from {low} to {high}", found=value)
    return value


def _at(name: str, value: object, read: Callable[[object], T]) -> T:
    try:
        return read(value)
    except MalformedError as error:
        error.path = f"{name}.{error.path}" if error.path else name
        raise
    except FormatError as error:
        expected = error.expected if error.expected is not None else "what a capture writes"
        found = error.found if error.found is not None else shown(value)
        raise MalformedError(expected=str(expected), found=str(found), path=f"{name} ({error.message})") from error
