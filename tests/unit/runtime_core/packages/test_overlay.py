"""Trees of package files."""

from __future__ import annotations

import pytest

from runtime_core.packages.overlay import build_trees
from schemas.errors import FormatError
from schemas.python_packages import InstallDir, PackageFile


def file(path: str, data: bytes = b"", install_dir: InstallDir = InstallDir.SITE) -> PackageFile:
    return PackageFile(install_dir=install_dir, path=path, contents=data)


def test_directories_merge_and_contents_are_not_copied() -> None:
    data = memoryview(b"shared")
    trees = build_trees(
        [
            file("pkg/a.py"),
            PackageFile(install_dir=InstallDir.STDLIB, path="pkg/b.so", contents=data),
            file("lib.so", b"lib", InstallDir.DYNLIB),
            file("native.so"),
        ]
    )
    assert trees.site == {"pkg": {"a.py": b"", "b.so": data}, "native.so": b""}
    directory = trees.site["pkg"]
    assert isinstance(directory, dict)
    assert directory["b.so"] is data
    assert trees.dynlib == {"lib.so": b"lib"}
    assert trees.libraries == ("pkg/b.so", "native.so")


@pytest.mark.parametrize(
    ("paths", "reason"),
    [
        (["a.py", "a.py"], "written by several packages"),
        (["a", "a/b.py"], "conflicts with a file"),
        (["a/b.py", "a"], "conflicts with a folder"),
    ],
)
def test_conflicts(paths: list[str], reason: str) -> None:
    with pytest.raises(FormatError, match=reason):
        build_trees([file(path) for path in paths])
