"""Isolates: boot, memory, calls, and the peers that people use today, measured in the same run."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final

from runtime_core.build.tools import find_node
from runtime_core.isolate import Isolate, IsolateOptions
from runtime_core.measure import measure
from tests.bench.harness import Figure, timed
from tests.support.releases import built_directory, runtime

HERE: Final = Path(__file__).resolve().parent
ISOLATES: Final = 50
CALLS: Final = 2000
_SCRIPT: Final = "def f(x): return x + 1\n"
_GUEST_LOOP: Final = """\
import time
from bench_host import add
def host_calls(n):
    start = time.perf_counter()
    for _ in range(n):
        add(2, 3)
    return (time.perf_counter() - start) / n * 1e6
"""


def figures() -> Iterator[Figure]:
    """All figures of this module."""
    yield from _isolates()
    yield from _calls()
    yield _process()
    yield from _node()
    yield from _pyeryx()


def _isolates() -> Iterator[Figure]:
    ready = runtime()
    options = IsolateOptions(stdout=_drop, stderr=_drop)
    boot: list[float] = []
    restore: list[float] = []
    for index in range(ISOLATES + 5):
        start = time.perf_counter()
        isolate = Isolate(ready, options)
        restored = time.perf_counter()
        isolate.run("x = 1")
        end = time.perf_counter()
        isolate.close()
        if index >= 5:
            boot.append((end - start) * 1e3)
            restore.append((restored - start) * 1e3)
    yield Figure(
        name="boot_baseline_ms",
        unit="ms",
        samples=tuple(boot),
        what="instantiate + restore + first call, baseline, warm",
    )
    yield Figure(name="restore_baseline_ms", unit="ms", samples=tuple(restore), what="the same without the first call")
    measured = measure(ready, ISOLATES)
    yield Figure(
        name="idle_isolate_mb",
        unit="MB",
        samples=measured.private_mb,
        what="private dirty memory of each live isolate that answered a call",
    )


def _calls() -> Iterator[Figure]:
    options = IsolateOptions(
        stdout=_drop, stderr=_drop, modules={"bench_host": {"add": lambda left, right: left + right}}
    )
    with Isolate(runtime(), options) as isolate:
        isolate.run(_GUEST_LOOP + _SCRIPT)
        host = [float(str(isolate.call("host_calls", CALLS))) for _ in range(7)]
        guest = [sample / CALLS * 1e3 for sample in timed(_repeat(lambda: isolate.call("f", 1)), repeat=5)]
    yield Figure(
        name="host_call_us", unit="us", samples=tuple(host), what="guest Python calls a host function, add(2, 3)"
    )
    yield Figure(name="guest_call_us", unit="us", samples=tuple(guest), what="host calls a guest function by name")


def _repeat(action: Callable[[], object]) -> Callable[[], None]:
    def loop() -> None:
        for _ in range(CALLS):
            action()

    return loop


def _process() -> Figure:
    with _script("x = 1\n") as path:
        state = built_directory().parent / "test-state"
        command = [
            sys.executable,
            "-m",
            "runtime_core",
            "run",
            "--release",
            str(built_directory()),
            "--state",
            str(state),
        ]
        samples = timed(lambda: subprocess.run([*command, str(path)], check=True), repeat=7)
    return Figure(
        name="process_to_first_call_ms", unit="ms", samples=samples, what="new process, local release, run a file"
    )


@contextlib.contextmanager
def _script(source: str) -> Iterator[Path]:
    path = built_directory().parent / "bench-script.py"
    path.write_text(source)
    yield path
    path.unlink()


def _node() -> Iterator[Figure]:
    """The same Pyodide under node, from its npm package: cold, and from its own memory snapshot."""
    package = _node_package()
    command = [str(find_node().node), str(HERE / "peer_node.mjs"), str(package), "6"]
    answer = json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
    yield Figure(
        name="peer_node_restore_ms",
        unit="ms",
        samples=tuple(answer["restore"]),
        what="peer: Pyodide under node, own snapshot",
    )
    yield Figure(
        name="peer_node_cold_ms", unit="ms", samples=tuple(answer["cold"]), what="peer: Pyodide under node, cold"
    )


def _node_package() -> Path:
    from tests.bench.node_package import unpack

    return unpack(built_directory().parent)


def _pyeryx() -> Iterator[Figure]:
    """pyeryx needs Python 3.12 or newer; where there is none the peer is missing from the table, and that is said."""
    python = next(filter(None, (shutil.which(f"python3.{minor}") for minor in (12, 13, 14))), None)
    home = built_directory().parent / "peer-pyeryx"
    try:
        if python is None:
            raise OSError("no Python 3.12 or newer")
        if not (home / "bin" / "python").exists():
            subprocess.run([python, "-m", "venv", str(home)], check=True, capture_output=True)
            pip = [str(home / "bin" / "python"), "-m", "pip", "install", "-q", "pyeryx==0.11.0"]
            subprocess.run(pip, check=True, capture_output=True)
        command = [str(home / "bin" / "python"), str(HERE / "peer_pyeryx.py"), "30"]
        clean = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}
        answer = subprocess.run(command, check=True, capture_output=True, text=True, env=clean).stdout
    except (OSError, subprocess.CalledProcessError) as error:
        print(f"peer pyeryx not measured: {error}", file=sys.stderr)
        return
    yield Figure(
        name="peer_pyeryx_ms",
        unit="ms",
        samples=tuple(json.loads(answer)),
        what="peer: pyeryx 0.11.0, sandbox + first execution",
    )


def _drop(_data: bytes) -> None:
    pass
