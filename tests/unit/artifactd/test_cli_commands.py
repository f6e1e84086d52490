"""artifactctl's shape: every command teaches, speaks JSON and ends with a documented code."""

from __future__ import annotations

import argparse
import functools
import importlib
import inspect
import io
import json
import pkgutil
import re
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import artifactd
import runtime_core
import schemas.errors
from artifactd.cli import building
from artifactd.cli.__main__ import build_parser, main
from artifactd.cli.output import CommandResult, Output, size_text, table
from artifactd.cli.progress import Reporter
from schemas.errors import DigestMismatchError, MissingToolError, PlatformError
from schemas.exit_codes import ExitCode, exit_code_of

REFERENCE = Path(__file__).parents[3] / "docs" / "reference" / "cli.md"


def commands(parser: argparse.ArgumentParser) -> Iterator[argparse.ArgumentParser]:
    groups = [action for action in parser._actions if isinstance(action, argparse._SubParsersAction)]
    if not groups:
        yield parser
    for group in groups:
        for child in group.choices.values():
            yield from commands(child)


COMMANDS = list(commands(build_parser()))


@pytest.mark.parametrize("parser", COMMANDS, ids=lambda parser: parser.prog)
def test_every_command_teaches_and_speaks_json(parser: argparse.ArgumentParser) -> None:
    text = parser.format_help()
    assert "examples:" in text
    assert parser.prog in text.split("examples:")[1], "an example of this very command"
    assert "--json" in text
    name = parser.prog.removeprefix("artifactctl ")
    assert f"`{name}" in REFERENCE.read_text(), "it is in the reference"


def import_everything() -> None:
    """Subclasses show once their modules are imported; which ones other tests import is left to chance."""
    for package in (artifactd, runtime_core):
        for module in pkgutil.walk_packages(package.__path__, package.__name__ + "."):
            if ".guest" not in module.name and not module.name.endswith("__main__"):
                importlib.import_module(module.name)


def errors(root: type[PlatformError]) -> Iterator[type[PlatformError]]:
    yield root
    for child in root.__subclasses__():
        yield from errors(child)


import_everything()


@pytest.mark.parametrize("kind", sorted(set(errors(PlatformError)), key=str))
def test_every_error_has_an_exit_code(kind: type[PlatformError]) -> None:
    needed = [item for item in inspect.signature(kind).parameters.values() if item.default is item.empty]
    by_position = ["x" for item in needed if item.kind is not item.KEYWORD_ONLY]
    error = kind(*by_position, **{item.name: "x" for item in needed if item.kind is item.KEYWORD_ONLY})
    code = exit_code_of(error)
    if kind is PlatformError:
        assert code is ExitCode.INTERNAL
    else:
        assert code not in {ExitCode.OK, ExitCode.INTERNAL, ExitCode.USAGE}


def test_every_exit_code_is_documented() -> None:
    documented = {int(code) for code in re.findall(r"^\| (\d+) \|", REFERENCE.read_text(), re.MULTILINE)}
    assert documented == {int(code) for code in ExitCode}


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        ([], "no command"),
        (["frobnicate"], "unknown command"),
        (["release"], "half a command"),
        (["release", "frobnicate"], "unknown subcommand"),
        (["push"], "nothing to push"),
        (["pull", "-o", "x"], "nothing to pull"),
        (["pull", "a", "--channel", "b", "-o", "x"], "two things to pull"),
        (["release", "verify"], "nothing to verify"),
        (["channel", "promote", "stable"], "no release"),
        (["channel", "history", "stable", "--limit", "0"], "a limit of nothing"),
        (["release", "verify", "x", "--frobnicate"], "an option that does not exist"),
    ],
)
def test_wrong_usage_ends_with_2(arguments: list[str], reason: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([*arguments, "--json"]) == ExitCode.USAGE, reason
    assert json.loads(capsys.readouterr().out)["error"]["code"] == "usage"
    assert main(arguments) == ExitCode.USAGE
    assert "error:" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "exit_code", "code", "reason"),
    [
        (["release", "list"], ExitCode.CONFIG, "config", "no address"),
        (["release", "list", "--address", "here"], ExitCode.CONFIG, "config", "not an address"),
        (["release", "list", "--address", "127.0.0.1:1"], ExitCode.UNAVAILABLE, "service-unavailable", "nobody there"),
        (["release", "show", "a b", "--address", "127.0.0.1:1"], ExitCode.FORMAT, "format", "not a release id"),
        (["push", "/nowhere/file", "--address", "127.0.0.1:1"], ExitCode.CONFIG, "config", "no such file"),
        (["pull", "sha256:12", "-o", "x", "--address", "127.0.0.1:1"], ExitCode.FORMAT, "format", "not a digest"),
        (
            ["pull", "sha256:" + "0" * 64 + "/-1", "-o", "x", "--address", "127.0.0.1:1"],
            ExitCode.FORMAT,
            "format",
            "not a size",
        ),
        (["release", "publish", "/nowhere", "--address", "127.0.0.1:1"], ExitCode.CONFIG, "config", "no release there"),
        (
            ["channel", "show", "stable", "--root", "/nowhere/root.json", "--address", "127.0.0.1:1"],
            ExitCode.CONFIG,
            "config",
            "no root",
        ),
    ],
)
def test_errors_are_json_objects_with_documented_codes(
    arguments: list[str],
    exit_code: ExitCode,
    code: str,
    reason: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.delenv("ARTIFACTD_ADDRESS", raising=False)
    assert main([*arguments, "--json"]) == exit_code, reason
    error = json.loads(capsys.readouterr().out)["error"]
    assert error["code"] == code
    assert error["message"]
    assert error.get("hint") or error.get("expected"), "what to do"


def test_errors_for_people_say_what_was_expected_found_and_to_do() -> None:
    stderr = io.StringIO()
    Output(as_json=False, stderr=stderr).error(DigestMismatchError("other bytes", expected="a", found="b", hint="c"))
    assert stderr.getvalue().split() == ["error:", "other", "bytes", "expected:", "a", "found:", "b", "try:", "c"]


def test_a_bug_is_shown_and_ends_with_1(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    def broken(context: object) -> CommandResult:
        raise RuntimeError("unforeseen")

    monkeypatch.setattr("artifactd.cli.commands.cache.run_info", broken)
    assert main(["cache", "info"]) == ExitCode.INTERNAL
    assert "RuntimeError: unforeseen" in capsys.readouterr().err


def test_the_cache_commands(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    from artifactd.client import ArtifactCache
    from schemas.digest import Digest

    monkeypatch.setenv("ARTIFACTD_CACHE", str(tmp_path))
    cache = ArtifactCache(tmp_path)
    for data in (b"good", b"bad"):
        cache.get(Digest.of(data), size=len(data), fetch=functools.partial(list, [data])).close()
    with cache.find(Digest.of(b"bad")) or pytest.fail("gone") as blob:
        blob.path.chmod(0o644)
        blob.path.write_bytes(b"BAD")
    assert main(["cache", "info", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["blobs"] == 2
    assert main(["cache", "verify", "--json"]) == ExitCode.INTEGRITY
    assert [item["digest"] for item in json.loads(capsys.readouterr().out)["removed"]] == [str(Digest.of(b"bad"))]
    assert main(["cache", "clear"]) == 0
    assert "removed 1 blobs" in capsys.readouterr().out


def test_a_build_without_the_extra_says_what_to_install(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(building, "_NEEDED", ("no_such_module",))
    with pytest.raises(MissingToolError, match=r"artifactd\[build\]"):
        building.build_release(building.BuildOptions(output=tmp_path))


@pytest.mark.parametrize(
    ("program", "words", "reason"),
    [
        ("print('not json')", "no result", "a crash"),
        ("print('[]')", "no result", "another shape"),
        ('print(\'{"error": {"message": "node is missing"}}\'); raise SystemExit(1)', "node is missing", "an error"),
        ("print('{}'); raise SystemExit(3)", "exit status 3", "a failure without words"),
    ],
)
def test_a_failed_build_is_a_named_error(program: str, words: str, reason: str) -> None:
    with pytest.raises(building.BuildError, match=words):
        building._run([sys.executable, "-c", program])
    assert reason


@pytest.mark.parametrize(
    ("code", "kind"),
    [
        ("missing-tool", schemas.errors.MissingToolError),
        ("unsupported-version", schemas.errors.UnsupportedVersionError),
        ("digest-mismatch", DigestMismatchError),
        ("no-such-code", building.BuildError),
    ],
)
def test_the_error_of_the_build_keeps_its_class(code: str, kind: type[PlatformError]) -> None:
    answer = json.dumps({"error": {"code": code, "message": "what happened"}})
    with pytest.raises(kind, match="what happened") as raised:
        building._run([sys.executable, "-c", f"print({answer!r}); raise SystemExit(1)"])
    assert raised.type is kind


def test_the_child_says_what_it_built() -> None:
    assert building._run([sys.executable, "-c", 'print(\'{"release_id": "x"}\')']) == {"release_id": "x"}


def test_progress_on_a_pipe_is_plain_lines_after_a_second(monkeypatch: pytest.MonkeyPatch) -> None:
    now = [0.0]
    monkeypatch.setattr("artifactd.cli.progress.time.monotonic", lambda: now[0])
    stream = io.StringIO()
    with Reporter(stream=stream).transfer("uploading", 4_000_000) as advance:
        advance("a", 1_000_000)
        assert stream.getvalue() == ""
        now[0] = 1.5
        advance("b", 1_000_000)
        advance("b", 1_500_000)
    assert stream.getvalue() == "uploading: 2.0 MB of 4.0 MB\n"


def test_quiet_shows_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    stream = io.StringIO()
    reporter = Reporter(quiet=True, stream=stream)
    with reporter.transfer("x", 10) as advance, reporter.activity("y"):
        advance("a", 10)
    assert stream.getvalue() == ""


@pytest.mark.parametrize(
    ("size", "text"), [(0, "0 B"), (999, "999 B"), (1000, "1.0 kB"), (31_460_000, "31.5 MB"), (5 * 10**12, "5000.0 GB")]
)
def test_sizes_for_people(size: int, text: str) -> None:
    assert size_text(size) == text


def test_tables_are_aligned() -> None:
    assert table([("a", "1"), ("long", "2")], header=("name", "n")) == ["name  n", "a     1", "long  2"]
