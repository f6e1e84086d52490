"""From the stable code of an error, as another process reports it, back to its class."""

from __future__ import annotations

from collections.abc import Iterator

from schemas.errors import PlatformError


def error_class(code: str, *families: type[PlatformError]) -> type[PlatformError] | None:
    """The class with this code among the given classes and what derives from them; None if there is none."""
    for family in families:
        for candidate in _with_descendants(family):
            if candidate.code == code:
                return candidate
    return None


def _with_descendants(root: type[PlatformError]) -> Iterator[type[PlatformError]]:
    yield root
    for child in root.__subclasses__():
        yield from _with_descendants(child)
