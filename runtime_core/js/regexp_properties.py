"""Unicode properties in regular expressions (``\\p{...}``): those that RE2 knows, and a few sets of characters."""

from __future__ import annotations

from functools import lru_cache
from typing import Final

Interval = tuple[int, int]
_CATEGORIES: Final = {
    "Cased_Letter": "",
    "Close_Punctuation": "Pe",
    "Connector_Punctuation": "Pc",
    "Control": "Cc",
    "Currency_Symbol": "Sc",
    "Dash_Punctuation": "Pd",
    "Decimal_Number": "Nd",
    "Enclosing_Mark": "Me",
    "Final_Punctuation": "Pf",
    "Format": "Cf",
    "Initial_Punctuation": "Pi",
    "Letter": "L",
    "Letter_Number": "Nl",
    "Line_Separator": "Zl",
    "Lowercase_Letter": "Ll",
    "Mark": "M",
    "Combining_Mark": "M",
    "Math_Symbol": "Sm",
    "Modifier_Letter": "Lm",
    "Modifier_Symbol": "Sk",
    "Nonspacing_Mark": "Mn",
    "Number": "N",
    "Open_Punctuation": "Ps",
    "Other": "C",
    "Other_Letter": "Lo",
    "Other_Number": "No",
    "Other_Punctuation": "Po",
    "Other_Symbol": "So",
    "Paragraph_Separator": "Zp",
    "Private_Use": "Co",
    "Punctuation": "P",
    "punct": "P",
    "digit": "Nd",
    "cntrl": "Cc",
    "Separator": "Z",
    "Space_Separator": "Zs",
    "Spacing_Mark": "Mc",
    "Symbol": "S",
    "Titlecase_Letter": "Lt",
    "Uppercase_Letter": "Lu",
}
_SHORT: Final = frozenset(name for name in _CATEGORIES.values() if name) | {"Cn", "Cs"}
_WHITE_SPACE: Final = (
    (0x09, 0x0D),
    (0x20, 0x20),
    (0x85, 0x85),
    (0xA0, 0xA0),
    (0x1680, 0x1680),
    (0x2000, 0x200A),
    (0x2028, 0x2029),
    (0x202F, 0x202F),
    (0x205F, 0x205F),
    (0x3000, 0x3000),
)
_SETS: Final[dict[str, tuple[Interval, ...]]] = {
    "Any": ((0, 0x10FFFF),),
    "ASCII": ((0, 0x7F),),
    "ASCII_Hex_Digit": ((0x30, 0x39), (0x41, 0x46), (0x61, 0x66)),
    "AHex": ((0x30, 0x39), (0x41, 0x46), (0x61, 0x66)),
    "White_Space": _WHITE_SPACE,
    "space": _WHITE_SPACE,
}
_SCRIPT_KEYS: Final = ("Script", "sc")
_CATEGORY_KEYS: Final = ("General_Category", "gc")


@lru_cache(maxsize=256)
def property_set(name: str) -> tuple[tuple[Interval, ...], str] | None:
    """The intervals, or RE2's name, of a property; None for what is no property or not known here."""
    key, separator, value = name.partition("=")
    if separator:
        if key in _CATEGORY_KEYS:
            return _category(value)
        return _script(value) if key in _SCRIPT_KEYS else None
    if name in _SETS:
        return _SETS[name], ""
    return _category(name)


def _category(name: str) -> tuple[tuple[Interval, ...], str] | None:
    short = _CATEGORIES.get(name) or (name if name in _SHORT else None)
    return None if short is None or not _is_known(short) else ((), f"\\p{{{short}}}")


def _script(name: str) -> tuple[tuple[Interval, ...], str] | None:
    if not name.replace("_", "").isalpha() or not name[0].isupper() or len(name) < 3 or not _is_known(name):
        return None
    return (), f"\\p{{{name}}}"


def _is_known(name: str) -> bool:
    from runtime_core.js.regexp_engine import compiles

    return compiles(f"\\p{{{name}}}")
