from __future__ import annotations

import stat
from pathlib import Path

import pytest

from runtime_core.build import translate
from runtime_core.build.cache import BuildCache, CachedFile, CacheKey
from runtime_core.build.npm import PackageFiles
from runtime_core.build.tools import Node
from runtime_core.build.translate import FLAGS, library_translation, translate_exceptions
from schemas.digest import Digest
from schemas.errors import DigestMismatchError, FormatError, HostError, PlatformError
from tests.support.packages import file_pin

SOURCE = b"\0asm legacy"
RESULT = b"\0asm standard"


@pytest.fixture
def cache(tmp_path: Path) -> BuildCache:
    return BuildCache(tmp_path / "cache")


@pytest.fixture
def module(cache: BuildCache) -> CachedFile:
    def build(work: Path) -> None:
        (work / "module.wasm").write_bytes(SOURCE)

    return cache.get_or_build(CacheKey.of("source"), build).files["module.wasm"]


def use_tool(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, script: str) -> Path:
    """Run a shell script in the place of node; it logs its arguments, and ``$out`` is where the result belongs."""
    node, log = tmp_path / "node", tmp_path / "log"
    node.write_text(f'#!/bin/sh\necho "$@" >> {log}\nfor out; do :; done\n{script}\n')
    node.chmod(node.stat().st_mode | stat.S_IXUSR)
    tool = CachedFile(path=tmp_path / "wasm-opt", digest=Digest.of(b""), size=0)
    package = PackageFiles(files={"wasm-opt": tool}, cached=True, seconds=0.0)
    monkeypatch.setattr(translate, "find_node", lambda: Node(node=node, npm=node))
    monkeypatch.setattr(translate, "fetch_binaryen", lambda _cache: package)
    return log


def test_the_tool_runs_once_per_input(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, cache: BuildCache, module: CachedFile
) -> None:
    log = use_tool(monkeypatch, tmp_path, "printf '\\0asm standard' > $out")
    first = translate_exceptions(cache, module, expected=file_pin(RESULT))
    second = translate_exceptions(cache, module, expected=file_pin(RESULT))
    assert (first.cached, second.cached) == (False, True)
    assert second.module.path.read_bytes() == RESULT
    assert second.source == Digest.of(SOURCE)
    assert second.tool == "binaryen@132.0.0"
    (arguments,) = log.read_text().splitlines()
    assert arguments.split()[:2] == ["--stack-size=8000", str(tmp_path / "wasm-opt")]
    assert " ".join(FLAGS) in arguments


def test_another_result_is_refused_and_not_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, cache: BuildCache, module: CachedFile
) -> None:
    use_tool(monkeypatch, tmp_path, "printf '\\0asm surprise' > $out")
    with pytest.raises(DigestMismatchError, match="not reproducible"):
        translate_exceptions(cache, module, expected=file_pin(RESULT))
    assert len(list((cache.root / "entries").iterdir())) == 1, "only the source"


def test_a_cached_result_is_held_against_the_expected_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, cache: BuildCache, module: CachedFile
) -> None:
    use_tool(monkeypatch, tmp_path, "printf '\\0asm standard' > $out")
    translate_exceptions(cache, module)
    with pytest.raises(DigestMismatchError):
        translate_exceptions(cache, module, expected=file_pin(b"another"))


@pytest.mark.parametrize(
    ("script", "words", "reason"),
    [
        ("echo 'Fatal: cannot parse' >&2; exit 1", "Fatal: cannot parse", "the tool refused the module"),
        ("kill -11 $$", "signal 11", "the tool crashed"),
        ("true", "left no result", "the tool said it succeeded and wrote nothing"),
    ],
)
def test_a_failing_tool_is_quoted(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    cache: BuildCache,
    module: CachedFile,
    script: str,
    words: str,
    reason: str,
) -> None:
    use_tool(monkeypatch, tmp_path, script)
    with pytest.raises(HostError) as caught:
        translate_exceptions(cache, module, expected=file_pin(RESULT))
    assert words in str(caught.value), reason


def test_a_tool_that_never_ends_is_stopped(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, cache: BuildCache, module: CachedFile
) -> None:
    monkeypatch.setattr(translate, "_TIMEOUT", 0.2)
    use_tool(monkeypatch, tmp_path, "exec sleep 30")
    with pytest.raises(HostError, match="no result in time"):
        translate_exceptions(cache, module, expected=file_pin(RESULT))


@pytest.mark.parametrize(
    ("script", "kind", "words", "reason"),
    [
        (
            "printf '[parse exception: popping from empty stack (at 0:41)]\\nFatal: error parsing wasm\\n' >&2; exit 1",
            FormatError,
            "popping from empty stack",
            "the code is malformed",
        ),
        ("kill -11 $$", HostError, "signal 11", "the tool crashed"),
    ],
)
def test_a_library_that_cannot_be_translated(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    cache: BuildCache,
    script: str,
    kind: type[PlatformError],
    words: str,
    reason: str,
) -> None:
    use_tool(monkeypatch, tmp_path, script)
    with pytest.raises(kind, match=words) as caught:
        library_translation(cache, SOURCE)
    assert type(caught.value) is kind, reason
    assert not list(cache.root.glob("entries/*"))
