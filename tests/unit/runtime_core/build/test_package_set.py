"""Locks and wheels that a package set refuses, and how requirements are read."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

import pytest

from runtime_core.build.lock import read_requirements
from runtime_core.build.package_set import check_lock
from runtime_core.build.resolve import check_requirements, platform_arguments, read_report, run_pip
from runtime_core.wasm.abi import ABI_314_0_5
from schemas.digest import Digest
from schemas.errors import AbiMismatchError, ArtifactError, ConfigError, FormatError, MissingToolError
from schemas.package_lock import LockedPackage, PackageLockFile


def lock(file_name: str = "a-1.0-py3-none-any.whl", **changes: Any) -> PackageLockFile:
    package = LockedPackage(name="a", version="1.0", file_name=file_name, digest=Digest("0" * 64))
    made = PackageLockFile(python="3.14.2", abi="2026_0", platform="emscripten_5_0_3", packages=(package,))
    return dataclasses.replace(made, **changes)


@pytest.mark.parametrize(
    "file_name",
    [
        "a-1.0-py3-none-any.whl",
        "a-1.0-py2.py3-none-any.whl",
        "a-1.0-cp314-cp314-pyemscripten_2026_0_wasm32.whl",
        "a-1.0-cp313-abi3-pyemscripten_2026_0_wasm32.whl",
        "a-1.0-1-py3-none-any.whl",
        "a-1.0.tar.gz",
    ],
)
def test_wheels_for_this_runtime(file_name: str) -> None:
    check_lock(lock(file_name), ABI_314_0_5)


@pytest.mark.parametrize(
    ("made", "reason"),
    [
        (lock(python="3.13.2"), "for another runtime"),
        (lock(abi="2025_0"), "for another runtime"),
        (lock(arch="wasm64"), "for another runtime"),
        (lock("a-1.0-cp313-cp313-pyemscripten_2026_0_wasm32.whl"), "not for this runtime"),
        (lock("a-1.0-cp315-abi3-pyemscripten_2026_0_wasm32.whl"), "not for this runtime"),
        (lock("a-1.0-py2-none-any.whl"), "not for this runtime"),
        (lock("a-1.0-cp314-cp314-pyodide_2025_0_wasm32.whl"), "not for this runtime"),
        (lock("a-1.0-cp314-cp314-manylinux_2_17_x86_64.whl"), "not for this runtime"),
    ],
)
def test_locks_for_something_else(made: PackageLockFile, reason: str) -> None:
    with pytest.raises(AbiMismatchError, match=reason):
        check_lock(made, ABI_314_0_5)


@pytest.mark.parametrize(
    ("file_name", "reason"),
    [
        ("a.whl", "name of a wheel"),
        ("a-1.0-any.whl", "name of a wheel"),
        ("b-1.0-py3-none-any.whl", "another project's"),
    ],
)
def test_locks_with_odd_file_names(file_name: str, reason: str) -> None:
    with pytest.raises(FormatError, match=reason):
        check_lock(lock(file_name), ABI_314_0_5)


def test_a_lock_without_a_dependency() -> None:
    made = lock()
    package = dataclasses.replace(made.packages[0], depends=("A", "gone"))
    with pytest.raises(ArtifactError, match="gone"):
        check_lock(dataclasses.replace(made, packages=(package,)), ABI_314_0_5)


def test_requirements_are_names_and_versions() -> None:
    assert check_requirements(["pydantic", "fastapi>=0.100", "x[extra]==1"]) == [
        "pydantic",
        "fastapi>=0.100",
        "x[extra]==1",
    ]


@pytest.mark.parametrize(
    "bad", [[], ["--index-url=x"], ["x @ https://example.org/x.whl"], ["./wheel.whl"], ["git+https://x"], [""], ["a b"]]
)
def test_refused_requirements(bad: list[str]) -> None:
    with pytest.raises(ConfigError):
        check_requirements(bad)


def test_a_requirements_file(tmp_path: Path) -> None:
    path = tmp_path / "requirements.txt"
    path.write_text("# comment\npydantic  # trailing\n\njiter==1\n")
    assert read_requirements(path) == ["pydantic", "jiter==1"]
    path.write_text("-e .\n")
    with pytest.raises(ConfigError):
        read_requirements(path)
    with pytest.raises(ConfigError):
        read_requirements(tmp_path / "absent")


@pytest.mark.parametrize("url", ["https://x/a-1.0.tar.gz", "https://x/a-1.0-py3-none-any.whl"])
def test_a_report_without_hashed_wheels(url: str) -> None:
    item = {"metadata": {"name": "A", "version": "1.0"}, "download_info": {"url": url, "archive_info": {}}}
    with pytest.raises(ArtifactError, match="hashed wheel"):
        read_report({"install": [item]})


def test_pip_is_told_the_full_version_of_the_guests_python() -> None:
    """What a project requires of Python may name a micro version."""
    options = platform_arguments(ABI_314_0_5, python="3.14.2")
    assert options[options.index("--python-version") + 1] == "3.14.2"
    assert options[options.index("--platform") + 1] == "pyemscripten_2026_0_wasm32"


def test_a_python_without_pip(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(MissingToolError, match=r"resolve x: .*ensurepip"):
        run_pip(["--version"], profile=ABI_314_0_5, what="resolve x", work=tmp_path)
