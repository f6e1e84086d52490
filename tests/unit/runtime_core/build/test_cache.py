from __future__ import annotations

import errno
import json
import multiprocessing
import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from runtime_core.build.cache import BuildCache, CacheEntry, CacheKey, default_cache_root
from schemas.digest import Digest
from schemas.errors import FormatError, HostError

KEY = CacheKey.of("thing", source=Digest.of(b"source"), flags="-a -b")


JSON_LEAVES = st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=5))


def _nest(children: st.SearchStrategy[object]) -> st.SearchStrategy[object]:
    names = st.sampled_from(["format", "kind", "inputs", "files", "one", "sha256", "size"])
    return st.one_of(st.lists(children, max_size=3), st.dictionaries(names, children, max_size=7))


def _as_json(value: object) -> bytes:
    return json.dumps(value).encode()


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
        (rewrite(files={"one": {"sha256": "0" * 64, "size": float("inf")}}), "an endless size"),
        (rewrite(files={"one": {"sha256": "0" * 64, "size": -1}}), "a negative size"),
        (rewrite(files={"\0": {"sha256": "0" * 64, "size": 5}}), "a name with a zero byte"),
        (rewrite(files={"\ud800": {"sha256": "0" * 64, "size": 5}}), "a name that is not text"),
        (rewrite(files={}), "a record that leaves files out"),
        (rewrite(files={"..": {"sha256": "0" * 64, "size": 5}}), "the directory above"),
        (rewrite(files={"": {"sha256": "0" * 64, "size": 5}}), "an empty name"),
        (rewrite(files={"n" * 300: {"sha256": "0" * 64, "size": 5}}), "a name too long for the file system"),
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


def test_a_full_disk_says_so_and_leaves_nothing(tmp_path: Path) -> None:
    def fill(work: Path) -> None:
        (work / "half").write_bytes(b"x")
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with pytest.raises(HostError, match="No space left on device") as caught:
        BuildCache(tmp_path).get_or_build(KEY, fill)
    assert "free some space" in str(caught.value)
    assert not list((tmp_path / "tmp").iterdir())


def test_the_longest_unused_entries_go_first(tmp_path: Path) -> None:
    def build(work: Path) -> None:
        (work / "data").write_bytes(bytes(1000))

    cache = BuildCache(tmp_path, max_bytes=4000)
    keys = [CacheKey.of("thing", number=number) for number in range(4)]
    for age, key in enumerate(keys[:3]):
        directory = cache.get_or_build(key, build).files["data"].path.parent
        os.utime(directory, (time.time() - 7200 + age,) * 2)
    cache.get_or_build(keys[0], must_not_run)  # used again just now
    cache.get_or_build(keys[3], build)
    left = {path.name for path in (tmp_path / "entries").iterdir()}
    assert left == {keys[0].name, keys[2].name, keys[3].name}


def test_entries_in_use_stay_even_above_the_bound(tmp_path: Path) -> None:
    cache = BuildCache(tmp_path, max_bytes=0)
    for number in range(3):
        cache.get_or_build(CacheKey.of("thing", number=number), build_two)
    assert len(list((tmp_path / "entries").iterdir())) == 3


@settings(max_examples=50, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.one_of(st.binary(max_size=200), st.recursive(JSON_LEAVES, _nest, max_leaves=8).map(_as_json)))
def test_any_record_is_used_or_rebuilt(tmp_path: Path, record: bytes) -> None:
    cache = BuildCache(tmp_path)
    cache.get_or_build(KEY, build_two)
    (only_entry(cache) / "entry.json").write_bytes(record)
    assert cache.get_or_build(KEY, build_two).files["one"].digest == Digest.of(b"first")


def test_the_cache_is_private(tmp_path: Path) -> None:
    cache = BuildCache(tmp_path / "cache")
    cache.get_or_build(KEY, build_two)
    assert cache.root.stat().st_mode & 0o077 == 0


def test_the_environment_names_the_root(tmp_path: Path) -> None:
    assert default_cache_root({"RUNTIME_CORE_BUILD_CACHE": str(tmp_path)}) == tmp_path
    assert default_cache_root({}).parts[-2:] == ("artifactd", "build")
