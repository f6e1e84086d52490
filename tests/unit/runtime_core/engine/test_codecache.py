"""Compiled code on disk: private, verified, written once."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from runtime_core.engine.capi import wat_to_wasm
from runtime_core.engine.codecache import CodeCache
from runtime_core.engine.engine import Engine
from schemas.digest import Digest
from schemas.errors import FormatError, HostError

WASM = wat_to_wasm('(module (func (export "f")))')
DIGEST = Digest.of(WASM)
FINGERPRINT = "f" * 64


@pytest.fixture
def cache(tmp_path: Path) -> CodeCache:
    return CodeCache(tmp_path / "cache")


def code_files(cache: CodeCache) -> list[Path]:
    return sorted(cache.directory.glob("*.cwasm"))


def make(cache: CodeCache, code: bytes = b"code") -> bytes:
    with cache.find_or_make(DIGEST, FINGERPRINT, lambda: code) as found:
        return Path(found.mappable_path).read_bytes()


def test_made_once(cache: CodeCache) -> None:
    assert make(cache) == b"code"
    assert make(cache, b"other") == b"code"
    assert cache.size_bytes() == 4
    assert cache.find(DIGEST, "0" * 64) is None
    assert not list(cache.directory.glob(".new-*"))


@pytest.mark.parametrize("mode", [0o755, 0o770, 0o701])
def test_a_directory_open_to_others_is_refused(tmp_path: Path, mode: int) -> None:
    tmp_path.chmod(mode)
    with pytest.raises(HostError, match="not private") as caught:
        CodeCache(tmp_path)
    assert "chmod 700" in str(caught.value)


def test_a_directory_of_somebody_else_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    tmp_path.chmod(0o700)
    monkeypatch.setattr(os, "geteuid", lambda: tmp_path.stat().st_uid + 1)
    with pytest.raises(HostError, match="not private"):
        CodeCache(tmp_path)


def test_a_file_in_the_way_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(HostError, match="cannot use the code cache"):
        CodeCache(tmp_path / "file")


def test_the_directory_is_made_private(cache: CodeCache) -> None:
    assert cache.directory.stat().st_mode & 0o777 == 0o700


@pytest.mark.parametrize("damage", [b"codd", b"cod", b"code+", b""])
def test_a_damaged_entry_is_made_again(cache: CodeCache, damage: bytes) -> None:
    make(cache)
    code_files(cache)[0].write_bytes(damage)
    assert cache.find(DIGEST, FINGERPRINT) is None
    assert make(cache, b"new") == b"new"


@pytest.mark.parametrize("content", [None, b"", b"0" * 64, b"\xff\xfe"])
def test_a_missing_or_damaged_sum_means_no_entry(cache: CodeCache, content: bytes | None) -> None:
    make(cache)
    path = code_files(cache)[0].with_suffix(".sha256")
    if content is None:
        path.unlink()
    else:
        path.write_bytes(content)
    assert cache.find(DIGEST, FINGERPRINT) is None


def test_a_link_is_not_followed(cache: CodeCache, tmp_path: Path) -> None:
    make(cache)
    path = code_files(cache)[0]
    path.rename(tmp_path / "elsewhere")
    path.symlink_to(tmp_path / "elsewhere")
    with pytest.raises(HostError, match="cannot read"):
        cache.find(DIGEST, FINGERPRINT)


def test_replacing_a_file_does_not_change_what_was_verified(cache: CodeCache) -> None:
    with cache.find_or_make(DIGEST, FINGERPRINT, lambda: b"code") as found:
        path = code_files(cache)[0]
        (cache.directory / "new").write_bytes(b"evil")
        (cache.directory / "new").rename(path)
        assert Path(found.mappable_path).read_bytes() == b"code"


def test_threads_make_it_once(cache: CodeCache) -> None:
    made: list[int] = []

    def compile_it() -> bytes:
        made.append(1)
        return b"code"

    def work() -> None:
        with cache.find_or_make(DIGEST, FINGERPRINT, compile_it):
            pass

    threads = [threading.Thread(target=work) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert len(made) == 1


PROCESS = """
import sys, time, pathlib
from runtime_core.engine.codecache import CodeCache
from schemas.digest import Digest

def make():
    print("made")
    time.sleep(0.3)
    return b"code"

CodeCache(pathlib.Path(sys.argv[1])).find_or_make(Digest("0" * 64), "f" * 64, make).close()
"""


def test_processes_make_it_once(tmp_path: Path) -> None:
    arguments = [sys.executable, "-c", PROCESS, str(tmp_path / "cache")]
    children = [
        subprocess.Popen(arguments, cwd=Path(__file__).parents[4], stdout=subprocess.PIPE, text=True) for _ in range(4)
    ]
    output = [child.communicate(timeout=60)[0] for child in children]
    assert [child.returncode for child in children] == [0] * 4
    assert "".join(output).split() == ["made"]


def test_a_failed_compilation_leaves_nothing(cache: CodeCache) -> None:
    def fail() -> bytes:
        raise FormatError("no module")

    with pytest.raises(FormatError):
        cache.find_or_make(DIGEST, FINGERPRINT, fail)
    assert not code_files(cache)
    assert make(cache) == b"code"


def test_a_full_disk_is_an_error_and_leaves_nothing(cache: CodeCache, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(HostError, match="No space left on device"):
        make(cache)
    monkeypatch.undo()
    assert not code_files(cache)
    assert not list(cache.directory.glob(".new-*"))


def test_the_engine_loads_by_digest(cache: CodeCache) -> None:
    engine = Engine()
    assert engine.load_by_digest(DIGEST, cache) is None
    assert engine.load(WASM, cache).digest == DIGEST
    found = engine.load_by_digest(DIGEST, cache)
    assert found is not None
    assert found.digest == DIGEST


def test_code_the_engine_cannot_run_is_compiled_again(cache: CodeCache) -> None:
    engine = Engine()
    with cache.find_or_make(DIGEST, engine.fingerprint, lambda: b"\x7fELF of another machine"):
        pass
    assert engine.load_by_digest(DIGEST, cache) is None
    assert engine.load(WASM, cache).imports == ()


@pytest.mark.parametrize("wasm", [b"", b"\0asm", b"\0asm\1\0\0\0\x01", WASM[:-1]])
def test_the_engine_refuses_what_is_no_module(cache: CodeCache, wasm: bytes) -> None:
    with pytest.raises(FormatError, match="not a valid WebAssembly module"):
        Engine().load(wasm, cache)
    assert not code_files(cache)
