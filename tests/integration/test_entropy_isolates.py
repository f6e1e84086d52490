"""Isolates of one snapshot share no random state: a hundred of them, all different."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from runtime_core.build.cache import BuildCache, default_cache_root
from runtime_core.build.pins import DEFAULT_VERSION
from runtime_core.build.progress import Timeline
from runtime_core.build.release import build_release
from runtime_core.isolate import Isolate
from runtime_core.packages.bundle import WorkerBundle
from runtime_core.release import LocalRelease
from runtime_core.runtime import Runtime
from schemas.errors import EntropyDeniedError, PythonError

pytestmark = pytest.mark.boot

ISOLATES = 100

WORKER = """
import os, random, secrets, ssl, tempfile, uuid
from random import choice, randbytes as stored
from _cloudflare.allow_entropy import allow_bad_entropy_calls
from _cloudflare.import_patch_manager import register_before_first_request, register_exec_patch

@(lambda make: make())
def library():
    # A generator that a library makes when it is imported, under a patch of its own.
    with open("/tmp/library.py", "w") as file:
        file.write("import random\\ngenerator = random.Random()\\n")
    import sys
    sys.path.insert(0, "/tmp")
    register_exec_patch("library", lambda module: allow_bad_entropy_calls(10))
    register_before_first_request("library", lambda module: setattr(module, "token", os.urandom(8)))
    import library
    return library

seeded = random.Random(42)
made = tempfile.mkdtemp()

class Plain:
    pass

def draw():
    import js
    return {
        "random.random": random.random(),
        "stored function": stored(8),
        "stored choice": "".join(choice("abcdefghijklmnopqrstuvwxyz") for _ in range(16)),
        "random.gauss": random.gauss(),
        "new generator": random.Random().random(),
        "library's generator": library.generator.random(),
        "library's handler": library.token,
        "SystemRandom": random.SystemRandom().random(),
        "os.urandom": os.urandom(8),
        "/dev/urandom": open("/dev/urandom", "rb").read(8),
        "secrets": secrets.token_hex(8),
        "ssl": ssl.RAND_bytes(8),
        "uuid1": uuid.uuid1().hex,
        "uuid.getnode": uuid.getnode(),
        "uuid4": uuid.uuid4().hex,
        "uuid6": uuid.uuid6().hex,
        "uuid7": uuid.uuid7().hex,
        "mktemp": tempfile.mktemp(),
        "mkdtemp": tempfile.mkdtemp(),
        "TemporaryFile": tempfile.NamedTemporaryFile().name,
        "Math.random": js.Math.random(),
        "randomUUID": js.crypto.randomUUID(),
    }

def same():
    return [seeded.random(), hash("text"), made]
"""


def build(tmp_path: Path, source: str) -> Runtime:
    cache = BuildCache(default_cache_root())
    worker = WorkerBundle(main="worker.py", files={"worker.py": source.encode()})
    built = build_release(DEFAULT_VERSION, tmp_path / "release", cache=cache, timeline=Timeline(), worker=worker)
    return Runtime.load(LocalRelease.open(built.directory), state_directory=cache.root)


def test_a_hundred_isolates_draw_different_numbers(tmp_path: Path) -> None:
    runtime = build(tmp_path, WORKER)
    drawn: list[dict[str, Any]] = []
    same: list[list[Any]] = []
    for _ in range(ISOLATES):
        with Isolate(runtime) as isolate:
            isolate.run("import worker")
            drawn.append(isolate.evaluate("worker.draw()"))
            same.append(isolate.evaluate("worker.same()"))
    for source in drawn[0]:
        values = {repr(item[source]) for item in drawn}
        assert len(values) == ISOLATES, source
    assert {repr(item) for item in same} == {repr(same[0])}, "seeds of the worker and of hashes are the snapshot's"
    assert same[0][2] == "/tmp/tmpbaaaaaaa"


def test_numbers_at_the_top_level_end_the_build(tmp_path: Path) -> None:
    with pytest.raises(PythonError, match=r"Cannot use random\.random"):
        build(tmp_path, "import random\nvalue = random.random()")
    with pytest.raises(EntropyDeniedError, match="within global scope"):
        build(tmp_path, "import _random\nvalue = _random.Random()")
    assert not list(tmp_path.iterdir()), "nothing is left of a build that failed"
