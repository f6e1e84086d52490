"""The order of ``localeCompare`` and ``Intl.Collator``: the root collation, as far as Latin text needs it.

Three levels, as in the Unicode Collation Algorithm: letters, then accents, then case (small before capital).
"""

from __future__ import annotations

import unicodedata
from typing import Final

# Characters before the letters, in the order of the Unicode collation table (DUCET as CLDR tailors it).
_SYMBOLS: Final = "\t\n\v\f\r _-,;:!?.'\"()[]{}@*/\\&#%`^+<=>|~$0123456789"
_RANKS: Final = {char: rank for rank, char in enumerate(_SYMBOLS)}
_LETTERS: Final = len(_SYMBOLS)

Key = tuple[list[int], list[int], list[bool]]


def collation_key(text: str) -> Key:
    """A key that sorts texts as the root collation does."""
    primary: list[int] = []
    secondary: list[int] = []
    tertiary: list[bool] = []
    for char in unicodedata.normalize("NFD", text):
        if unicodedata.combining(char):
            secondary.append(ord(char))
            continue
        if char < " " and char not in _RANKS:
            continue  # control characters are ignored
        small = char.lower()
        secondary.append(0)
        tertiary.append(small != char)
        primary += (_RANKS[part] if part in _RANKS else _LETTERS + ord(part) for part in small)
    return primary, secondary, tertiary
