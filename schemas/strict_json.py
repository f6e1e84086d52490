"""JSON without the leniency of the standard library: no duplicate keys, no NaN, one error family.

Input comes from peers and from guests. Text is written as ``JSON.stringify`` of JavaScript writes it, so that formats
shared with JavaScript programs have the same bytes: no spaces, characters above ASCII as they are, surrogates without a
partner escaped.
"""

from __future__ import annotations

import json
import math
import re
from typing import Final, NoReturn

from schemas.errors import FormatError

MAX_DEPTH: Final = 100
"""Arrays and objects inside one another: whoever walks or shows a value may do so by recursion."""
_LONE_SURROGATE: Final = re.compile("[\ud800-\udfff]")


def loads(data: bytes | memoryview, *, what: str) -> object:
    """The value of a UTF-8 JSON text; ``what`` names it in errors, e.g. "snapshot metadata".

    Raises:
        FormatError: not UTF-8, not JSON, a duplicate key, a number that is not finite or has thousands of digits, or
            nesting deeper than MAX_DEPTH.
    """
    try:
        text = str(data, "utf-8")
        value = json.loads(
            text, object_pairs_hook=_unique, parse_constant=_refuse_constant, parse_float=_finite, strict=True
        )
    except UnicodeDecodeError as error:
        raise FormatError(f"{what} is not UTF-8", found=f"byte {error.start}: {error.reason}") from error
    except json.JSONDecodeError as error:
        raise FormatError(f"{what} is not JSON", found=f"{error.msg} at character {error.pos}") from error
    except RecursionError as error:
        raise FormatError(f"{what} is nested too deeply", expected=f"<= {MAX_DEPTH} levels") from error
    except ValueError as error:  # an integer longer than the interpreter converts
        raise FormatError(f"{what} holds a number that is too long") from error
    except FormatError as error:
        raise FormatError(f"{what}: {error.message}", expected=error.expected, found=error.found) from error
    _check_depth(value, what)
    return value


def dumps(value: object, *, what: str) -> str:
    """The JSON text of a value, in the order of its keys; always encodable as UTF-8.

    Raises:
        FormatError: a value JSON cannot represent (NaN and infinity among them), or nesting deeper than MAX_DEPTH.
    """
    try:
        text = json.dumps(value, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    except (TypeError, ValueError) as error:
        raise FormatError(f"{what} cannot be written as JSON", found=str(error)[:200]) from error
    except RecursionError as error:
        raise FormatError(f"{what} is nested too deeply", expected=f"<= {MAX_DEPTH} levels") from error
    _check_depth(value, what)
    if _LONE_SURROGATE.search(text) is None:
        return text
    # Two halves of a pair that Python keeps as two characters are one character to JavaScript.
    paired = text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "surrogatepass")
    return _LONE_SURROGATE.sub(lambda match: f"\\u{ord(match[0]):04x}", paired)


def _check_depth(value: object, what: str) -> None:
    level = [value]
    for _ in range(MAX_DEPTH + 1):
        containers = [item for item in level if isinstance(item, dict | list | tuple)]
        if not containers:
            return
        level = [child for item in containers for child in (item.values() if isinstance(item, dict) else item)]
    raise FormatError(f"{what} is nested too deeply", expected=f"<= {MAX_DEPTH} levels", found="more")


def _unique(pairs: list[tuple[str, object]]) -> dict[str, object]:
    result = dict(pairs)
    if len(result) != len(pairs):
        seen: set[str] = set()
        for key, _ in pairs:
            if key in seen:
                raise FormatError("duplicate key", found=ascii(key)[:80])
            seen.add(key)
    return result


def _refuse_constant(name: str) -> NoReturn:
    raise FormatError("not a JSON number", found=name)


def _finite(text: str) -> float:
    value = float(text)
    if not math.isfinite(value):
        raise FormatError("number out of range", found=text[:40])
    return value
