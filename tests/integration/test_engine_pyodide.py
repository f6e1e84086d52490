"""The engine with the real Pyodide: table layout, limits, and what an idle isolate costs."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

from runtime_core.build.pins import DEFAULT_VERSION
from runtime_core.engine.limits import Limits
from runtime_core.isolate import Isolate, IsolateOptions
from runtime_core.wasm.abi import abi_profile
from schemas.errors import GuestFault, LimitError
from tests.support import releases

pytestmark = pytest.mark.boot

ISOLATES = 20


def test_the_table_is_laid_out_as_emscripten_s_javascript_does_it() -> None:
    profile = abi_profile(DEFAULT_VERSION)
    with Isolate(releases.runtime()) as isolate:
        assert isolate._guest is not None
        instance = isolate._guest.instance
        assert instance.table_size() >= profile.trampoline_slot + 1
        assert str(instance.table_function(profile.trampoline_slot).signature) == "(i32, i32, i32, i32, i32) -> (i32)"
        first_empty = profile.trampoline_slot - profile.got_slots
        for slot in (0, first_empty, profile.trampoline_slot - 1):
            with pytest.raises(GuestFault):
                instance.table_function(slot)
        # The first exported function that is not in the module's own table, and the last.
        for slot in (8733, first_empty - 1):
            assert instance.table_function(slot)


def private_dirty_bytes() -> int:
    found = re.search(r"Private_Dirty:\s+(\d+) kB", Path("/proc/self/smaps_rollup").read_text())
    assert found is not None
    return int(found.group(1)) * 1024


def test_idle_isolates_share_their_memory() -> None:
    runtime = releases.runtime()
    Isolate(runtime).close()
    before = private_dirty_bytes()
    isolates = [Isolate(runtime) for _ in range(ISOLATES)]
    each = (private_dirty_bytes() - before) / ISOLATES
    for isolate in isolates:
        isolate.close()
    assert each <= 1 << 20


def test_memory_limit_is_a_memory_error_in_the_guest() -> None:
    options = IsolateOptions(limits=Limits(memory_bytes=64 << 20))
    with Isolate(releases.runtime(), options) as isolate:
        isolate.run(
            "def fill():\n"
            "    try:\n        return len(bytearray(1 << 28))\n"
            "    except MemoryError:\n        return 'refused'\n"
        )
        assert isolate.call("fill") == "refused"
        assert isolate.call("fill") == "refused"


def test_cpu_limit_ends_an_endless_loop() -> None:
    with Isolate(releases.runtime(), IsolateOptions(limits=Limits(cpu_seconds=0.3))) as isolate:
        with pytest.raises(LimitError, match="CPU time"):
            isolate.run("while True: pass")
        with pytest.raises(Exception, match="isolate is dead"):
            isolate.run("pass")


RECURSION = """
import sys
from runtime_core.engine.limits import Limits
from runtime_core.isolate import Isolate, IsolateOptions
from schemas.errors import LimitError, PythonError
from tests.support import releases

nested = "import json\\nx = []\\nfor _ in range(100_000): x = [x]\\n"
sources = {
    "python": "def f(): return f()\\nf()",
    "limit raised": "import sys\\nsys.setrecursionlimit(10**6)\\ndef f(): return f()\\nf()",
    "json": nested + "json.dumps(x)",
    "repr": nested + "repr(x)",
    "equality": nested + "y = []\\nfor _ in range(100_000): y = [y]\\nx == y",
    "through sorted": "class A:\\n  def __lt__(s, o): return sorted([A(), A()])\\nsorted([A(), A()])",
}
for name, source in sources.items():
    with Isolate(releases.runtime(), IsolateOptions(limits=Limits(cpu_seconds=3))) as isolate:
        try:
            isolate.run(source)
        except PythonError as error:
            print(name, error.type_name, file=sys.stderr)
        except LimitError:
            print(name, "LimitError", file=sys.stderr)
print("alive", len(sources), file=sys.stderr)
"""


def test_no_guest_recursion_crashes_the_host() -> None:
    """In a child process, on its main thread, because the failure to be excluded is SIGSEGV."""
    releases.runtime()
    done = subprocess.run(
        [sys.executable, "-c", RECURSION],
        cwd=Path(__file__).parents[2],
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert "alive 6" in done.stderr
    outcomes = [line.rsplit(" ", 1)[1] for line in done.stderr.splitlines() if line.endswith("Error")]
    assert len(outcomes) == 6
    assert set(outcomes) <= {"RecursionError", "LimitError"}
