from __future__ import annotations

import json
import multiprocessing
import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from runtime_core.build.cache import BuildCache, CacheEntry, CacheKey, default_cache_root
from schemas.digest import Digest
from schemas.errors import FormatError, HostError

KEY = CacheKey.of("thing", source=Digest.of(b"source"), flags="-a -b")


def build_two(work: Path) -> None:
    (work / "one").write_bytes(b"first")
    (work / "two").write_bytes(b"second")


def must_not_run(_work: Path) -> None:
    raise AssertionError("built again")


def only_entry(cache: BuildCache) -> Path:
    (entry,) = (cache.root / "entries").iterdir()
    return entry


def test_builds_once_and_hands_out_verified_files(tmp_path: Path) -> None:
    cache = BuildCache(tmp_path / "cache")
    built = cache.get_or_build(KEY, build_two)
    assert not built.cached
    assert built.files["two"].digest == Digest.of(b"second")
    assert built.files["two"].size == 6
    again = cache.get_or_build(KEY, must_not_run)
    assert again.cached
    assert dict(again.files) == dict(built.files)
    assert not list((cache.root / "tmp").iterdir())


@pytest.mark.parametrize(
    ("other", "reason"),
    [
        (CacheKey.of("thing", source=Digest.of(b"source"), flags="-a -c"), "another value"),
        (CacheKey.of("thing", source=Digest.of(b"source")), "an input less"),
        (CacheKey.of("thing", source=Digest.of(b"source"), flags="-a -b", more=""), "an input more"),
        (CacheKey.of("thin", source=Digest.of(b"source"), flags="-a -b"), "another kind"),
    ],
)
def test_other_inputs_have_another_entry(other: CacheKey, reason: str) -> None:
    assert other.name != KEY.name, reason


def test_the_order_of_inputs_does_not_matter() -> None:
    assert CacheKey.of("thing", flags="-a -b", source=Digest.of(b"source")) == KEY


def flip(path: Path) -> None:
    data = bytearray(path.read_bytes())
    data[0] ^= 1
    path.write_bytes(data)


def rewrite(**changes: object) -> Callable[[Path], None]:
    def change(entry: Path) -> None:
        path = entry / "entry.json"
        path.write_text(json.dumps(json.loads(path.read_text()) | changes))

    return change


def replace_by_link(entry: Path) -> None:
    (entry / "elsewhere").write_bytes(b"first")
    (entry / "one").unlink()
    (entry / "one").symlink_to("elsewhere")


@pytest.mark.parametrize(
    ("damage", "reason"),
    [
        (lambda entry: flip(entry / "one"), "a flipped bit"),
        (lambda entry: (entry / "one").write_bytes(b"firs"), "a truncated file"),
        (lambda entry: (entry / "one").unlink(), "a missing file"),
        (replace_by_link, "a link in place of a file"),
        (lambda entry: (entry / "entry.json").unlink(), "a missing record"),
        (lambda entry: (entry / "entry.json").write_text("{"), "a truncated record"),
        (lambda entry: (entry / "entry.json").write_text("[]"), "a record of another shape"),
        (lambda entry: (entry / "entry.json").write_text("[" * 100_000), "a record nested too deeply"),
        (lambda entry: (entry / "entry.json").write_bytes(b"\xff"), "a record that is not text"),
        (rewrite(format=2), "a record of another format"),
        (rewrite(kind="other"), "a record of another kind"),
        (rewrite(inputs={}), "a record of other inputs"),
        (rewrite(files={"one": {"sha256": "zz", "size": 5}}), "a malformed digest"),
        (rewrite(files={"../one": {"sha256": "0" * 64, "size": 5}}), "a name that leaves the entry"),
        (rewrite(files={"one": {"sha256": "0" * 64, "size": "many"}}), "a malformed size"),
    ],
)
def test_a_corrupt_entry_is_built_again(tmp_path: Path, damage: Callable[[Path], None], reason: str) -> None:
    cache = BuildCache(tmp_path)
    cache.get_or_build(KEY, build_two)
    damage(only_entry(cache))
    mended = cache.get_or_build(KEY, build_two)
    assert not mended.cached, reason
    assert mended.files["one"].path.read_bytes() == b"first"
    assert cache.get_or_build(KEY, must_not_run).cached


def test_a_failed_build_leaves_nothing(tmp_path: Path) -> None:
    cache = BuildCache(tmp_path)
    error = FormatError("no good")

    def fail(work: Path) -> None:
        (work / "half").write_bytes(b"x")
        raise error

    with pytest.raises(FormatError) as caught:
        cache.get_or_build(KEY, fail)
    assert caught.value is error
    assert not list((tmp_path / "tmp").iterdir())
    assert not (tmp_path / "entries").exists()


@pytest.mark.parametrize(
    ("build", "reason"),
    [
        (lambda work: (work / "directory").mkdir(), "a directory"),
        (lambda work: (work / "link").symlink_to("/"), "a link"),
        (lambda work: (work / "entry.json").write_text("{}"), "the record's own name"),
    ],
)
def test_a_build_may_only_leave_plain_files(tmp_path: Path, build: Callable[[Path], None], reason: str) -> None:
    with pytest.raises(FormatError, match="plain files"):
        BuildCache(tmp_path).get_or_build(KEY, build)
    assert not (tmp_path / "entries").exists() or not list((tmp_path / "entries").iterdir()), reason


def _worker(root: str, log: str, started: float) -> None:
    def build(work: Path) -> None:
        time.sleep(0.3)
        (work / "one").write_bytes(b"first")
        with Path(log).open("a") as stream:
            stream.write(f"{os.getpid()}\n")

    time.sleep(max(0.0, started - time.time()))
    entry: CacheEntry = BuildCache(Path(root)).get_or_build(KEY, build)
    assert entry.files["one"].size == 5


def test_concurrent_processes_build_once(tmp_path: Path) -> None:
    context = multiprocessing.get_context("spawn")
    log = tmp_path / "log"
    arguments = (str(tmp_path / "cache"), str(log), time.time() + 0.5)
    workers = [context.Process(target=_worker, args=arguments) for _ in range(4)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join(60)
    assert [worker.exitcode for worker in workers] == [0] * 4
    assert len(log.read_text().splitlines()) == 1


def test_what_a_killed_build_left_is_removed(tmp_path: Path) -> None:
    script = """
import os, sys, signal
from pathlib import Path
from runtime_core.build.cache import BuildCache, CacheKey
from schemas.digest import Digest
def build(work):
    (work / "half").write_bytes(b"x")
    os.kill(os.getpid(), signal.SIGKILL)
BuildCache(Path(sys.argv[1])).get_or_build(CacheKey.of("thing", source=Digest.of(b"source"), flags="-a -b"), build)
"""
    done = subprocess.run([sys.executable, "-c", script, str(tmp_path)], check=False, env=_with_project_path())
    assert done.returncode == -9
    assert len(list((tmp_path / "tmp").iterdir())) == 1
    cache = BuildCache(tmp_path)
    assert not cache.get_or_build(KEY, build_two).cached
    assert not list((tmp_path / "tmp").iterdir())


def _with_project_path() -> dict[str, str]:
    return {**os.environ, "PYTHONPATH": str(Path(__file__).parents[4])}


def test_a_cache_that_cannot_be_written_says_so(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(HostError, match="RUNTIME_CORE_BUILD_CACHE"):
        BuildCache(tmp_path / "file" / "cache").get_or_build(KEY, build_two)


def test_the_cache_is_private(tmp_path: Path) -> None:
    cache = BuildCache(tmp_path / "cache")
    cache.get_or_build(KEY, build_two)
    assert cache.root.stat().st_mode & 0o077 == 0


def test_the_environment_names_the_root(tmp_path: Path) -> None:
    assert default_cache_root({"RUNTIME_CORE_BUILD_CACHE": str(tmp_path)}) == tmp_path
    assert default_cache_root({}).parts[-2:] == ("artifactd", "build")
