"""Builds a release of each snapshot type from nothing but downloads, and prints the digests as JSON.

Arguments: the build cache to take downloads from, an empty directory, seconds that the clock is off by, and ``reverse``
to build something else first.
"""

from __future__ import annotations

import json
import os
import sys
import time
from pathlib import Path

from runtime_core.build.cache import BuildCache
from runtime_core.build.lock import lock_requirements
from runtime_core.build.pins import DEFAULT_VERSION
from runtime_core.build.progress import Timeline
from runtime_core.build.release import ReleaseOptions, build_release, build_release_on
from runtime_core.packages.bundle import WorkerBundle
from runtime_core.release import LocalRelease

MADE_AGAIN = ("code-image", "linked-image", "package-set", "baseline-snapshot", "stacked-snapshot", "worker-files")
REQUIREMENTS = ("pydantic==2.14.3", "jiter==0.19.0")
IMPORTS = ("pydantic.main", "pydantic.type_adapter", "jiter")
WORKER = """
import asyncio, collections, dataclasses, datetime, decimal, enum, functools, json, logging, random, re, tempfile, time
import js
import pydantic
from pyodide.ffi import JsException, to_js
started = [time.time(), time.monotonic(), time.perf_counter(), datetime.datetime.now().isoformat(), time.localtime()]
words = {f"word {number}" for number in range(500)}
table = {str(number): [number, number * 1.5, object()] for number in range(5000)}
ids = [id(item) for item in table.values()]
directory = tempfile.mkdtemp()
seeded = random.Random(7)
pattern = re.compile("(a|b)*c")
logging.basicConfig()

class Item(pydantic.BaseModel):
    name: str
    tags: list[str] = []

loaded = Item.model_validate_json('{"name": "x", "tags": ["y"]}')
del table

async def waiting():
    await asyncio.gather(*(asyncio.sleep(number / 500) for number in range(10)))

for _ in range(3):
    asyncio.get_event_loop().run_until_complete(waiting())
time.sleep(0.01)
for number in range(100):
    to_js({"a": [number, {"b": "c"}]}).to_py()
    try:
        js.JSON.parse("{")
    except JsException as error:
        message = str(error)

def total():
    return len(words)
"""


def shift_clock(seconds: float) -> None:
    """Make this process's clocks run off the machine's."""
    wall, wall_ns, monotonic, monotonic_ns = time.time, time.time_ns, time.monotonic, time.monotonic_ns
    time.time = lambda: wall() + seconds
    time.time_ns = lambda: wall_ns() + int(seconds * 1e9)
    time.monotonic = lambda: monotonic() + seconds
    time.monotonic_ns = lambda: monotonic_ns() + int(seconds * 1e9)


def fresh_cache(root: Path, downloads: Path) -> BuildCache:
    """A cache with the downloads, translations and native code of another one, but none of what is compared."""
    (root / "entries").mkdir(parents=True)
    for entry in (downloads / "entries").iterdir():
        if not entry.name.startswith(MADE_AGAIN):
            (root / "entries" / entry.name).symlink_to(entry)
    (root / "code").symlink_to(downloads / "code")
    return BuildCache(root)


def main(downloads: Path, directory: Path, offset: float, order: str) -> None:
    """Build and print."""
    shift_clock(offset)
    cache = fresh_cache(directory / "cache", downloads)
    timeline = Timeline()
    worker = WorkerBundle(main="worker.py", files={"worker.py": WORKER.encode(), "data/text.txt": b"text"})
    if order == "reverse":
        other = WorkerBundle(main="main.py", files={"main.py": b"import json, csv\nvalue = list(range(10_000))"})
        build_release(DEFAULT_VERSION, directory / "other", cache=cache, timeline=timeline, worker=other)
        os.environ["SOMETHING"] = "else"
    lock = lock_requirements(REQUIREMENTS, version=DEFAULT_VERSION, cache=cache, timeline=timeline)
    found = {}
    base = build_release(DEFAULT_VERSION, directory / "baseline", cache=cache, timeline=timeline, lock=lock)
    found["baseline"] = base.manifest_digest.hex
    for name, options in (
        ("package", ReleaseOptions(imports=IMPORTS)),
        ("dedicated", ReleaseOptions(worker=worker)),
    ):
        below = LocalRelease.open(base.directory)
        base = build_release_on(below, directory / name, cache=cache, timeline=timeline, options=options)
        found[name] = base.manifest_digest.hex
    print(json.dumps(found))


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]), float(sys.argv[3]), sys.argv[4])
