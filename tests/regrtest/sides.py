"""One run of test modules: of one in an isolate, or of several in Pyodide under node."""

from __future__ import annotations

import json
import os
import select
import subprocess
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from runtime_core.build.tools import find_node
from runtime_core.engine.limits import Limits
from runtime_core.isolate import Isolate, IsolateOptions
from runtime_core.runtime import Runtime
from schemas.errors import LimitError, PlatformError, PythonError
from tests.regrtest.modules import needs_of
from tests.regrtest.outcome import Ending, Run

_HERE: Final = Path(__file__).parent
_GUEST: Final = _HERE / "guest.py"
_COMPLAINT: Final = 300
_STACK_SWITCHING: Final = "--experimental-wasm-jspi"
_MODULE: Final = "\nmodule\n"
"""What run_node.mjs prints before each module."""
_PATIENCES: Final = 2
"""A run here may use the CPU time of this many tests that take too long."""


def run_here(name: str, left_out: list[str], runtime: Runtime, suite: Path, patience: float) -> Run:
    """Run a module in an isolate; a test is taken to hang when ``patience`` seconds bring no result."""
    printed, heard = bytearray(), time.monotonic()

    def hear(data: bytes) -> None:
        nonlocal heard
        printed.extend(data)
        heard = time.monotonic()

    limits = Limits(memory_bytes=2 << 30, cpu_seconds=_PATIENCES * patience, wait_seconds=_PATIENCES * patience)
    ending, complaint = Ending.BY_ITSELF, ""
    isolate = Isolate(runtime, IsolateOptions(limits=limits, stdout=hear, stderr=lambda _: None))
    try:
        isolate.run(_GUEST.read_text())
        isolate.call("install", suite.read_bytes(), needs_of(name))
        isolate.call("run", name, left_out)
    except LimitError as error:
        ending = Ending.SILENCE if time.monotonic() - heard > patience else Ending.TIME
        complaint = str(error)
    except (PlatformError, PythonError) as error:
        complaint = f"{type(error).__name__}: {error} {error.__cause__ or ''}"[-_COMPLAINT:]
    finally:
        isolate.close()
    return Run(printed=printed.decode("utf-8", "replace"), ending=ending, complaint=complaint)


def run_node(left_out: Mapping[str, list[str]], package: Path, suite: Path, patience: float) -> list[tuple[str, Run]]:
    """Run modules in one interpreter under node, which is killed when ``patience`` seconds bring no result.

    ``left_out`` holds the modules, and the tests of each to leave out. Returns the runs of the modules that it came to:
    all, or those up to the one that ended it.
    """
    orders = [{"name": name, "needs": needs_of(name), "leftOut": tests} for name, tests in left_out.items()]
    command = [
        str(find_node().node),
        _STACK_SWITCHING,
        str(_HERE / "run_node.mjs"),
        str(package),
        str(suite),
        str(_GUEST),
    ]
    with tempfile.TemporaryFile() as errors, tempfile.TemporaryFile() as standard_input:
        standard_input.write(json.dumps(orders).encode())
        standard_input.seek(0)
        process = subprocess.Popen(command, stdin=standard_input, stdout=subprocess.PIPE, stderr=errors)
        printed, ending = watch(process, patience)
        errors.seek(0)
        complaint = errors.read()[-_COMPLAINT:].decode("utf-8", "replace")
    parts = printed.split(_MODULE)[1 : len(orders) + 1] or [""]  # none where it died as it started
    return [
        (name, Run(printed=part, ending=ending if part is parts[-1] else Ending.BY_ITSELF, complaint=complaint))
        for name, part in zip(left_out, parts, strict=False)
    ]


def watch(process: subprocess.Popen[bytes], patience: float) -> tuple[str, Ending]:
    """What a process prints until it ends, or is silent for ``patience`` seconds. It is dead afterwards."""
    assert process.stdout is not None
    printed = bytearray()
    ending = Ending.BY_ITSELF
    with process:
        try:
            while True:
                ready, _, _ = select.select([process.stdout], [], [], patience)
                if not ready:
                    ending = Ending.SILENCE
                    break
                data = os.read(process.stdout.fileno(), 1 << 16)
                if not data:
                    break
                printed += data
        finally:
            process.kill()  # whatever ended the loop: it has nothing more to say
    return printed.decode("utf-8", "replace"), ending
