"""The standard library on the Emscripten host: a guest does what a POSIX program expects, or is told why not."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from runtime_core.engine.limits import Limits
from runtime_core.isolate import Isolate, IsolateOptions
from tests.support import releases

pytestmark = pytest.mark.boot

WORKER = Path(__file__).parents[1] / "workers" / "emscripten" / "worker.py"


@pytest.fixture
def isolate() -> Iterator[Isolate]:
    with Isolate(releases.runtime(), IsolateOptions(limits=Limits(memory_bytes=256 << 20))) as booted:
        booted.run(WORKER.read_text(), filename=str(WORKER.name))
        yield booted


def facts(isolate: Isolate, name: str) -> Any:
    return isolate.call(name)


def test_files(isolate: Isolate) -> None:
    found = facts(isolate, "files")
    assert found == {
        "tree": ["a", "a/b", "a/b/text", "copy", "copy/b", "link", "moved", "z.zip"],
        "zip": "héllo\n",
        "link": ["copy", True, True],
        "sizes": [7, 4096],
        "modes": ["0o40700", "0o100666"],
        "gone": True,
        "unlinked": "lin",
    }


def test_errors(isolate: Isolate) -> None:
    assert facts(isolate, "errors") == {
        "missing": ["FileNotFoundError", "ENOENT"],
        "directory": ["IsADirectoryError", "EISDIR"],
        "not a directory": ["NotADirectoryError", "ENOTDIR"],
        "loop": ["OSError", "ELOOP"],
        "not empty": ["OSError", "ENOTEMPTY"],
        "exists": ["FileExistsError", "EEXIST"],
        "below itself": ["OSError", "EINVAL"],
        "long": ["OSError", "ENAMETOOLONG"],
        "stdlib write": ["OSError", "EROFS"],
        "stdlib remove": ["OSError", "EBUSY"],
        "sparse": ["OSError", "EFBIG"],
        "bad descriptor": ["OSError", "EBADF"],
        "device": ["PermissionError", "EPERM"],
        "too many files": ["OSError", "EMFILE"],
    }


def test_descriptors(isolate: Isolate) -> None:
    assert facts(isolate, "descriptors") == {
        "select": [[False, True, False], [True, True, False]],
        "pipe": ["through the pipe", ""],
        "mmap": "mapx",
        "poll": [5, 32],
        "scatter": [3, 3],
        "terminal": [False, ["OSError", "ENOTTY"]],
    }


def test_clocks(isolate: Isolate) -> None:
    found = facts(isolate, "clocks")
    assert abs(found.pop("now") - time.time()) < 60
    assert found == {
        "epoch": [1970, 1, 1, 0, 0, 0],
        "leap": True,
        "zone": [0, 0],
        "today": True,
        "monotonic": True,
        "strftime": "2000-02-29 12:34:56",
    }


def test_signals(isolate: Isolate) -> None:
    assert facts(isolate, "signals") == [10, 10]


def test_what_a_guest_cannot_do_fails_as_an_exception(isolate: Isolate) -> None:
    assert facts(isolate, "refusals") == {
        "process": "OSError",
        "fork": ["OSError", "ENOSYS"],
        "shell": True,
        "connect": ["OSError", "EHOSTUNREACH"],
        "name": "172.29.1.0",
        "thread": "RuntimeError",
        "library": "ImportError",
    }
    assert facts(isolate, "signals") == [10, 10], "the guest still runs"


def test_randomness_differs_between_isolates(isolate: Isolate) -> None:
    first = facts(isolate, "random_bytes")
    with Isolate(releases.runtime(), IsolateOptions()) as other:
        other.run(WORKER.read_text())
        second = facts(other, "random_bytes")
    assert all(one != two for one, two in zip(first, second, strict=True))


def test_databases(isolate: Isolate) -> None:
    assert facts(isolate, "databases") == 4950


def test_foreign_functions(isolate: Isolate) -> None:
    assert facts(isolate, "foreign_functions") == {
        "sorted": [1, 2, 3, 4, 5],
        "varargs": "-3 hey 1.50 1099511627776",
        "structure": [3, 2],
        "closure": -0.25,
        "narrow": -41,
        "datum": 0,
        "unknown": "AttributeError",
    }


def test_closures_are_bounded(isolate: Isolate) -> None:
    assert facts(isolate, "closures_without_end") == [True, 1]


def test_memory_runs_out_as_an_exception(isolate: Isolate) -> None:
    assert facts(isolate, "too_much_memory") == "MemoryError"
    assert facts(isolate, "signals") == [10, 10]


def test_files_do_not_leak_between_isolates(isolate: Isolate) -> None:
    isolate.run("open('/tmp/mine', 'w').write('secret'); import os; os.environ['HOME'] = '/x'")
    with Isolate(releases.runtime(), IsolateOptions()) as other:
        other.run("import os\ndef look(): return [os.path.exists('/tmp/mine'), os.environ['HOME']]")
        exists, home = other.call("look")
    assert not exists
    assert home != "/x"
