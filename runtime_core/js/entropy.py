"""Randomness as JavaScript draws it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from runtime_core.js.errors import throw_error
from schemas.errors import EntropyDeniedError

if TYPE_CHECKING:
    from runtime_core.emscripten.entropy import EntropySource


def random_bytes(source: EntropySource, count: int) -> bytes:
    """Bytes from the isolate's entropy source.

    Raises:
        JsThrow: an Error, where a build denies them.
    """
    try:
        return source.read(count)
    except EntropyDeniedError as error:
        throw_error(error.message)
