"""The order in which the native libraries of package sets are linked."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import pairwise

import pytest

from runtime_core.build.link import library_files
from schemas.python_packages import InstallDir, PackageFile, encode_packages
from tests.support.side_modules import side_module


def order(needs: Mapping[str, Sequence[str]]) -> list[str]:
    message = encode_packages(
        PackageFile(install_dir=InstallDir.DYNLIB, path=name, contents=side_module("(module)", needed=needed))
        for name, needed in needs.items()
    )
    return [file.name.removeprefix("/usr/lib/") for file in library_files([memoryview(message)], "3.14")]


@pytest.mark.parametrize(
    ("needs", "expected", "reason"),
    [
        ({"b.so": [], "a.so": []}, ["a.so", "b.so"], "by path"),
        ({"a.so": ["c.so", "b.so"], "b.so": [], "c.so": []}, ["c.so", "b.so", "a.so"], "what is needed, in its order"),
        (
            {"a.so": ["b.so", "c.so"], "b.so": ["d.so"], "c.so": ["d.so"], "d.so": []},
            ["d.so", "b.so", "c.so", "a.so"],
            "needed twice",
        ),
        ({"a.so": ["b.so"], "b.so": ["a.so"]}, ["b.so", "a.so"], "libraries that need each other"),
        ({"a.so": ["a.so", "gone.so"]}, ["a.so"], "itself, and one that is nowhere"),
    ],
)
def test_libraries_come_behind_what_they_need(
    needs: Mapping[str, Sequence[str]], expected: Sequence[str], reason: str
) -> None:
    assert order(needs) == expected, reason


def test_a_chain_of_libraries_may_be_long() -> None:
    names = [f"{index:05}.so" for index in range(3000)]
    needs = {name: [needed] for name, needed in pairwise(names)}
    assert order({**needs, names[-1]: []}) == names[::-1]
