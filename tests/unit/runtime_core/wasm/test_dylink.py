"""What a side module asks of whoever loads it."""

from __future__ import annotations

import pytest

from runtime_core.wasm.binary import parse
from runtime_core.wasm.dylink import MAX_NEEDED, MAX_RUNTIME_PATHS, read_dylink
from schemas.errors import FormatError
from tests.support.side_modules import side_module


def test_needed_libraries_and_runtime_paths() -> None:
    needed = tuple(f"lib{index}.so" for index in range(MAX_NEEDED))
    paths = tuple(f"$ORIGIN/{index}" for index in range(MAX_RUNTIME_PATHS))
    info = read_dylink(parse(side_module("(module)", needed=needed, paths=paths)))
    assert (info.needed, info.runtime_paths) == (needed, paths)


@pytest.mark.parametrize(
    ("needs", "reason"),
    [
        ({"needed": ["a.so"] * (MAX_NEEDED + 1)}, "too many needed libraries"),
        ({"paths": ["$ORIGIN"] * (MAX_RUNTIME_PATHS + 1)}, "too many runtime paths"),
    ],
)
def test_every_needed_library_is_looked_for_in_every_path(needs: dict[str, list[str]], reason: str) -> None:
    with pytest.raises(FormatError, match=reason):
        read_dylink(parse(side_module("(module)", **needs)))
