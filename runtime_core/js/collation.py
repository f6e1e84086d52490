"""The order of ``localeCompare`` and ``Intl.Collator``: the root collation, as far as Latin text needs it.

Three levels, as in the Unicode Collation Algorithm: letters, then accents, then case (small before capital).
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from typing import Final

# Characters before the letters, in the order of the Unicode collation table (DUCET as CLDR tailors it).
_SYMBOLS: Final = "\t\n\v\f\r _-,;:!?.'\"()[]{}@*/\\&#%`^+<=>|~$0123456789"
_RANKS: Final = {char: rank for rank, char in enumerate(_SYMBOLS)}
_LETTERS: Final = len(_SYMBOLS)

_DIGITS: Final = re.compile("[0-9]+")
_FIRST_DIGIT: Final = _RANKS["0"]

Key = tuple[list[tuple[int, ...]], list[int], list[int]]


@dataclass(frozen=True, kw_only=True, slots=True)
class Collation:
    """The options of a comparison, by the names of ``Intl.Collator``.

    ``sensitivity`` is base, accent, case or variant; ``case_first`` is upper, lower or false.
    """

    numeric: bool = False
    case_first: str = "false"
    sensitivity: str = "variant"
    ignore_punctuation: bool = False


DEFAULT: Final = Collation()


def collation_key(text: str, options: Collation = DEFAULT) -> Key:
    """A key that sorts texts as the root collation does."""
    primary: list[tuple[int, ...]] = []
    secondary: list[int] = []
    tertiary: list[int] = []
    capital = -1 if options.case_first == "upper" else 1
    position = 0
    decomposed = unicodedata.normalize("NFD", text)
    while position < len(decomposed):
        char = decomposed[position]
        if options.numeric and (digits := _DIGITS.match(decomposed, position)):
            position = digits.end()
            number = digits.group().lstrip("0")
            primary.append((_FIRST_DIGIT, len(number), *map(ord, number)))
            secondary.append(0)
            tertiary.append(0)
            continue
        position += 1
        if unicodedata.combining(char):
            secondary.append(ord(char))
            continue
        if (char < " " and char not in _RANKS) or (options.ignore_punctuation and _is_punctuation(char)):
            continue  # control characters are ignored
        small = char.lower()
        secondary.append(0)
        tertiary.append(capital if small != char else 0)
        primary += ((_RANKS[part] if part in _RANKS else _LETTERS + ord(part),) for part in small)
    accents = options.sensitivity in ("accent", "variant")
    cases = options.sensitivity in ("case", "variant")
    return primary, secondary if accents else [], tertiary if cases else []


def _is_punctuation(char: str) -> bool:
    return char.isspace() or unicodedata.category(char).startswith("P")
