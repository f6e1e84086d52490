"""The tree of a regular expression."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

Interval = tuple[int, int]
LAST_CODE_POINT: Final = 0x10FFFF
DIGIT: Final[tuple[Interval, ...]] = ((0x30, 0x39),)
WORD: Final[tuple[Interval, ...]] = ((0x30, 0x39), (0x41, 0x5A), (0x5F, 0x5F), (0x61, 0x7A))
SPACE: Final[tuple[Interval, ...]] = (
    (0x09, 0x0D),
    (0x20, 0x20),
    (0xA0, 0xA0),
    (0x1680, 0x1680),
    (0x2000, 0x200A),
    (0x2028, 0x2029),
    (0x202F, 0x202F),
    (0x205F, 0x205F),
    (0x3000, 0x3000),
    (0xFEFF, 0xFEFF),
)


def inverted(intervals: tuple[Interval, ...]) -> tuple[Interval, ...]:
    """Everything that is not in the intervals."""
    result: list[Interval] = []
    start = 0
    for low, high in sorted(intervals):
        if low > start:
            result.append((start, low - 1))
        start = max(start, high + 1)
    if start <= LAST_CODE_POINT:
        result.append((start, LAST_CODE_POINT))
    return tuple(result)


@dataclass(frozen=True, slots=True)
class Char:
    """One character."""

    code: int


@dataclass(frozen=True, slots=True)
class Any:
    """The dot."""


@dataclass(frozen=True, slots=True)
class CharSet:
    """A class of characters; ``properties`` are RE2's names of Unicode properties."""

    intervals: tuple[Interval, ...]
    properties: tuple[str, ...] = ()
    negated: bool = False


@dataclass(frozen=True, slots=True)
class Assertion:
    """``^``, ``$``, ``b`` or ``B``."""

    kind: str


@dataclass(frozen=True, slots=True)
class Group:
    """A group; ``index`` 0 does not capture. ``on`` and ``off`` are flags that change inside."""

    node: Node
    index: int = 0
    on: str = ""
    off: str = ""


@dataclass(frozen=True, slots=True)
class Sequence:
    """One after the other."""

    nodes: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class Choice:
    """The first of several that leads to a match."""

    nodes: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class Repeat:
    """A quantifier; ``most`` is None without a bound."""

    node: Node
    least: int
    most: int | None
    greedy: bool


Node = Char | Any | CharSet | Assertion | Group | Sequence | Choice | Repeat


@dataclass(slots=True)
class Pattern:
    """A parsed pattern: its tree, how many groups capture, and the names of groups in their order."""

    node: Node
    groups: int
    names: dict[str, list[int]] = field(default_factory=dict)
